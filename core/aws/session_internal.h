/* What the files of the session and its credentials share. */
#ifndef GATEHOUSE_AWS_SESSION_INTERNAL_H
#define GATEHOUSE_AWS_SESSION_INTERNAL_H

#include "core/aws/session.h"
#include "core/aws/settings.h"
#include "core/base/random.h"

struct credentials_search;
struct credentials_provider;

/* The credentials that are kept, and who waits for new ones. */
struct credentials_cache {
    struct aws_credentials present;
    bool has_present;
    const struct credentials_provider *provider; /* that gave them */
    /* Wall-clock times; 0: never. From advisory on the first who asks renews, and gets the present
     * ones if that fails; from mandatory on all wait, and a failure is theirs. */
    int64_t advisory_ms, mandatory_ms;
    /* Monotonic times. */
    int64_t quiet_until_ms;  /* no further advisory renewal before */
    int64_t forced_until_ms; /* no further forced renewal before */
    struct aws_credentials_get *first_waiter;
    struct credentials_search *search; /* NULL: nobody is being asked */
    bool is_forced;                    /* the search is to replace what a service refused */
};

struct aws_session {
    struct loop *loop;
    struct http *http;
    struct clock *clock;
    struct random random;
    char **environment; /* ended by NULL */
    struct shared_files *files;
    char *profile;
    bool is_profile_given; /* by the spec: the environment's keys do not count */
    char *endpoint_url;    /* of the spec, or NULL */
    bool force_virtual_host;
    struct aws_settings settings;
    struct credentials_cache credentials;
    int64_t sso_renewed_ms; /* monotonic: when a renewal of an SSO token was last tried; 0: never */
    struct aws_call_state *call_state;
    char trace_id[AWS_TRACE_ID_SIZE];
    void (*trace)(void *context, struct str line);
    void *trace_context;
};

struct aws_sources aws_session_sources(const struct aws_session *session, const char *profile);
/* A variable of its environment; NULL: not set or empty. */
const char *aws_session_variable(const struct aws_session *session, const char *name);
/* Reads the shared files anew; on failure the old ones stay. */
bool aws_session_reload(struct aws_session *session, struct error *err);
void credentials_cache_done(struct credentials_cache *cache);

#endif
