/* The token that `aws sso login` leaves in ~/.aws/sso/cache, as other tools write it; and its
 * renewal, written back whole or not at all, readable by its owner only.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html */
#ifndef GATEHOUSE_AWS_SSO_TOKEN_H
#define GATEHOUSE_AWS_SSO_TOKEN_H

#include "core/aws/call.h"
#include "core/base/json.h"

struct sso_token {
    char *path;
    struct json *json;        /* as the file has it; wiped */
    const char *access_token; /* borrowed from json */
    int64_t expires_ms;
};

/* name: of the sso-session, or the start URL of the legacy form. */
char *sso_token_path(const char *home, const char *name); /* gives */
/* Takes the path. False with err (permanent, no code), which says what to do. sso_token_done is
 * owed either way. */
bool sso_token_read(struct sso_token *token, char *path, struct error *err);
void sso_token_done(struct sso_token *token);
/* It has what a renewal needs: refresh token and a client registration that still holds. */
bool sso_token_is_renewable(const struct sso_token *token, int64_t now_ms);

struct sso_renewal {
    struct op op;
    struct sso_token *token; /* in, borrowed: renewed in place on success, and written back */
    const char *region;
    /* private: */
    struct aws_session *session;
    struct aws_call call;
    struct secret body;
};
/* Errors: those of aws_call, "bad_response". A file that cannot be written is traced, no error: the
 * renewed token is good for this process. */
void sso_renewal_start(struct aws_session *session, struct sso_renewal *req);
void sso_renewal_cancel(struct sso_renewal *req);

#endif
