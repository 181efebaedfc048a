/* What roles by credentials and roles by web identity have in common: their settings. */
#ifndef GATEHOUSE_AWS_CREDENTIALS_ROLE_H
#define GATEHOUSE_AWS_CREDENTIALS_ROLE_H

#include "core/aws/credentials_internal.h"
#include "core/aws/sts.h"

enum { ROLE_SESSION_NAME_SIZE = 65, ROLE_PROFILE_SIZE = 256 };

struct role_settings {
    char arn[STS_ARN_SIZE];
    char session_name[ROLE_SESSION_NAME_SIZE];
    char source_profile[ROLE_PROFILE_SIZE];
    int64_t duration_seconds; /* 0: not given */
};

/* Each checks one setting and keeps it; where: for the message of an error (permanent, no code). */
bool role_settings_arn(struct role_settings *settings, const char *arn, const char *where,
                       struct error *err);
/* name NULL: "gatehouse-<seconds>". */
bool role_settings_name(struct role_settings *settings, const struct aws_session *session,
                        const char *name, const char *where, struct error *err);
bool role_settings_duration(struct role_settings *settings, const struct credentials_query *query,
                            struct error *err);
/* Where STS is asked: NULL is the session's region; that of the profile when it has none. */
const char *role_settings_region(const struct credentials_query *query);

#endif
