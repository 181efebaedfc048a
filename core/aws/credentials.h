/* Who we are to AWS: the standard chain - environment, shared files with profiles and roles, web
 * identity, SSO, credential_process, container, instance metadata - asked once for many waiters,
 * kept, and renewed ahead of expiry. Loop thread only.
 * https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html */
#ifndef GATEHOUSE_AWS_CREDENTIALS_H
#define GATEHOUSE_AWS_CREDENTIALS_H

#include "core/base/secret.h"
#include "core/loop/op.h"

#include <stdint.h>

enum {
    AWS_KEY_ID_SIZE = 132,
    AWS_KEY_ID_SHORT_SIZE = 16,
    AWS_ACCOUNT_SIZE = 13,
    AWS_SOURCE_SIZE = 1024
};

/* A snapshot: key, secret and token that belong together. */
struct aws_credentials {
    char key_id[AWS_KEY_ID_SIZE];
    struct secret secret_key;
    struct secret session_token;    /* not set: a long-term key */
    int64_t expires_ms;             /* Unix time; 0: never */
    char account[AWS_ACCOUNT_SIZE]; /* empty when the provider does not say */
    char source[AWS_SOURCE_SIZE];   /* where from, for people: "environment", "profile dev
                                       (/home/ana/.aws/credentials)", "role arn:... by profile ops" */
};
void aws_credentials_done(struct aws_credentials *credentials); /* wipes */
void aws_credentials_copy(struct aws_credentials *to, const struct aws_credentials *from);
/* "AKIA...WXYZ": the form in which a key id may be shown. */
void aws_key_id_shorten(const char *key_id, char out_text[AWS_KEY_ID_SHORT_SIZE]);

struct aws_session;

struct aws_credentials_get {
    struct op op;
    bool must_renew;                    /* the service called the present ones expired */
    struct aws_credentials credentials; /* result; aws_credentials_done releases it */
    /* private: */
    struct aws_session *session;
    struct aws_credentials_get *next_waiter;
    bool is_cancelled;
};

/* Errors: code "no_credentials" (permanent; the message names every provider that was tried and
 * what each answered) and "credentials_refused" (permanent; a provider that applies has failed) end
 * a run with exit code 4; transient ones are those of the network. */
void aws_credentials_get_start(struct aws_session *session, struct aws_credentials_get *req);
void aws_credentials_get_cancel(struct aws_credentials_get *req);

#endif
