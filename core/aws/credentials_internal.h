/* How a provider of credentials is asked and answers, and the search through all of them. */
#ifndef GATEHOUSE_AWS_CREDENTIALS_INTERNAL_H
#define GATEHOUSE_AWS_CREDENTIALS_INTERNAL_H

#include "core/aws/session_internal.h"
#include "core/base/buf.h"

/* Whom a search asks. */
enum credentials_scope {
    SCOPE_SESSION,     /* the whole chain */
    SCOPE_SOURCE,      /* what a source_profile says: its own keys first, and no environment */
    SCOPE_ENVIRONMENT, /* these three for credential_source */
    SCOPE_CONTAINER,
    SCOPE_INSTANCE,
};

struct credentials_query;

struct credentials_provider {
    const char *name; /* for people: "environment" */
    /* Ends in exactly one of the four answers below. */
    void (*start)(struct credentials_query *query);
    void (*cancel)(struct credentials_query *query); /* NULL: it answers at once */
    bool is_stable; /* its credentials may be used beyond their time while it gives no others */
};

/* One question to one provider. */
struct credentials_query {
    struct op op;
    struct aws_session *session;
    const char *profile;
    const struct credentials_search *search; /* which asks it; its parents tell who needs it */
    struct aws_credentials credentials;      /* the answer; credentials_query_done releases it */
    void *handle; /* the provider's own; only with one it is asked to cancel, before its answer */
};

/* The answers. */
void credentials_give(struct credentials_query *query); /* they are in query->credentials */
/* This provider does not apply, and why; the next one is asked. */
void credentials_not_there(struct credentials_query *query, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* It applies and has failed: the search ends. Permanent. */
void credentials_refuse(struct credentials_query *query, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void credentials_fail(struct credentials_query *query, const struct error *err);
bool credentials_is_not_there(const struct error *err);

struct credentials_search {
    struct op op;
    struct aws_session *session;
    const char *profile; /* borrowed until done */
    enum credentials_scope scope;
    const struct credentials_search *parent; /* the search that needs this one, or NULL */
    /* results */
    struct aws_credentials credentials;
    const struct credentials_provider *provider; /* that gave them */
    /* private: */
    struct credentials_query query;
    size_t at;
    struct buf answers;
    bool is_cancelled;
};

/* Errors: "no_credentials", "credentials_refused" (both permanent), those of the network. */
void credentials_search_start(struct credentials_search *search);
void credentials_search_cancel(struct credentials_search *search);
void credentials_search_done(struct credentials_search *search);

/* What a profile says, and where; false when it does not. */
bool credentials_setting(const struct credentials_query *query, const char *key,
                         struct shared_value *out_value);

/* In the order of the chain. */
extern const struct credentials_provider credentials_profile_keys; /* of both files */
extern const struct credentials_provider credentials_environment;
extern const struct credentials_provider credentials_role;
extern const struct credentials_provider credentials_web_identity;
extern const struct credentials_provider credentials_sso;
extern const struct credentials_provider credentials_credentials_file; /* keys of that file alone */
extern const struct credentials_provider credentials_login;
extern const struct credentials_provider credentials_process;
extern const struct credentials_provider credentials_config_file;
extern const struct credentials_provider credentials_container;
extern const struct credentials_provider credentials_instance;

#endif
