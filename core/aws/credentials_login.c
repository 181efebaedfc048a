/* Profiles of `aws login`: their renewal needs keys bound to a device (DPoP), which we do not make.
 * They are refused with the way round, not passed over in silence. */
#include "core/aws/credentials_internal.h"

static void start(struct credentials_query *query)
{
    struct shared_value value;
    if (!credentials_setting(query, "login_session", &value)) {
        credentials_not_there(query, "no login_session");
        return;
    }
    credentials_refuse(query,
                       "%s:%d: profile %s signs in by `aws login`, which only the AWS CLI can use; "
                       "give another profile credential_process = aws configure "
                       "export-credentials --profile %s --format process",
                       value.path, value.line, query->profile, query->profile);
}

const struct credentials_provider credentials_login = {
    .name = "login",
    .start = start,
};
