/* Keys in the environment. AWS_ACCESS_KEY_ID selects it; a key without its secret is an error. */
#include "core/aws/credentials_internal.h"

#include "core/aws/time.h"

#include <stdio.h>
#include <string.h>

static bool read_expiration(const struct aws_session *session, int64_t *out_ms)
{
    const char *text = aws_session_variable(session, "AWS_CREDENTIAL_EXPIRATION");
    return text == NULL || aws_time_parse(str_from(text), out_ms);
}

/* A profile named by the environment does not come before keys of the environment: said, since
 * tools differ here. */
static void describe_source(const struct aws_session *session, struct aws_credentials *credentials)
{
    const char *profile = aws_session_variable(session, "AWS_PROFILE");
    if (profile == NULL) {
        snprintf(credentials->source, sizeof(credentials->source), "environment");
    } else {
        snprintf(credentials->source, sizeof(credentials->source),
                 "environment (its keys come before profile %s of AWS_PROFILE)", profile);
    }
}

static void start(struct credentials_query *query)
{
    const struct aws_session *session = query->session;
    struct aws_credentials *credentials = &query->credentials;
    const char *key_id = aws_session_variable(session, "AWS_ACCESS_KEY_ID");
    const char *secret = aws_session_variable(session, "AWS_SECRET_ACCESS_KEY");
    const char *token = aws_session_variable(session, "AWS_SESSION_TOKEN");
    const char *account = aws_session_variable(session, "AWS_ACCOUNT_ID");
    if (token == NULL) {
        token = aws_session_variable(session, "AWS_SECURITY_TOKEN");
    }
    if (key_id == NULL) {
        credentials_not_there(query, "AWS_ACCESS_KEY_ID is not set");
        return;
    }
    if (secret == NULL) {
        credentials_refuse(query, "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not");
        return;
    }
    if (strlen(key_id) >= sizeof(credentials->key_id)) {
        credentials_refuse(query, "AWS_ACCESS_KEY_ID is longer than %d bytes", AWS_KEY_ID_SIZE - 1);
        return;
    }
    if (!read_expiration(session, &credentials->expires_ms)) {
        credentials_refuse(query, "AWS_CREDENTIAL_EXPIRATION is no time like 2026-11-22T15:39:28Z");
        return;
    }
    snprintf(credentials->key_id, sizeof(credentials->key_id), "%s", key_id);
    secret_set(&credentials->secret_key, str_from(secret));
    if (token != NULL) {
        secret_set(&credentials->session_token, str_from(token));
    }
    snprintf(credentials->account, sizeof(credentials->account), "%s",
             account == NULL ? "" : account);
    describe_source(session, credentials);
    credentials_give(query);
}

const struct credentials_provider credentials_environment = {
    .name = "environment",
    .start = start,
};
