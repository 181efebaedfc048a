/* The three calls of STS: who am I, a role by credentials, a role by the token of an identity
 * provider. Query protocol, version 2011-06-15. Loop thread only.
 * https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html */
#ifndef GATEHOUSE_AWS_STS_H
#define GATEHOUSE_AWS_STS_H

#include "core/aws/call.h"

enum { STS_ARN_SIZE = 2049, STS_USER_ID_SIZE = 256, STS_WEB_TOKEN_MAX = 20000 };

struct sts_identity {
    struct op op;
    /* results */
    char account[AWS_ACCOUNT_SIZE];
    char arn[STS_ARN_SIZE];
    char user_id[STS_USER_ID_SIZE];
    struct aws_call call; /* private */
};
/* Errors: those of aws_call, and "bad_response". */
void sts_identity_start(struct aws_session *session, struct sts_identity *req);
void sts_identity_cancel(struct sts_identity *req);

struct sts_assume {
    struct op op;
    /* in, borrowed until done */
    const char *role_arn, *session_name;
    const char *external_id;              /* NULL: none */
    int64_t duration_seconds;             /* 900..43200; 0: what the role says */
    const char *region;                   /* NULL: the session's */
    const struct aws_credentials *source; /* AssumeRole is signed with these */
    struct str web_token; /* when there is no source: AssumeRoleWithWebIdentity, not signed */
    /* result: all but source; aws_credentials_done releases it */
    struct aws_credentials credentials;
    /* private: */
    struct aws_call call;
    struct buf body;
};
/* Errors: those of aws_call, and "bad_response". */
void sts_assume_start(struct aws_session *session, struct sts_assume *req);
void sts_assume_cancel(struct sts_assume *req);

#endif
