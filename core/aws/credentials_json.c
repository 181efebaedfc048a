/* Reading members strictly. */
#include "core/aws/credentials_json.h"

#include "core/aws/time.h"

#include <stdio.h>
#include <string.h>

const struct credentials_json_names credentials_json_of_process = {
    "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "AccountId"};
const struct credentials_json_names credentials_json_of_metadata = {
    "AccessKeyId", "SecretAccessKey", "Token", "Expiration", "AccountId"};

struct json *credentials_json_parse(struct str text, struct error *err)
{
    struct json *json = json_parse(text, err);
    if (json != NULL && !json_is_object(json)) {
        error_set(err, ERROR_PERMANENT, "", "the answer is no JSON object");
        json_free_wiped(json);
        return NULL;
    }
    return json;
}

/* "" when it is absent, null or not a text. */
static const char *text_of(const struct json *json, const char *name)
{
    return name == NULL ? "" : json_text_or(json, name, "");
}

bool credentials_json_read(const struct json *json, const struct credentials_json_names *names,
                           struct aws_credentials *out_credentials, struct error *err)
{
    const char *key_id = text_of(json, names->key_id);
    const char *secret = text_of(json, names->secret);
    const char *token = text_of(json, names->token);
    const char *expiration = text_of(json, names->expiration);
    int64_t expires_ms = 0;
    if (*key_id == '\0' || *secret == '\0') {
        return error_set(err, ERROR_PERMANENT, "", "the answer has no %s",
                         *key_id == '\0' ? names->key_id : names->secret);
    }
    if (strlen(key_id) >= AWS_KEY_ID_SIZE) {
        return error_set(err, ERROR_PERMANENT, "", "%s is longer than %d bytes", names->key_id,
                         AWS_KEY_ID_SIZE - 1);
    }
    if (names->expiration != NULL && !json_is_null(json_get(json, names->expiration)) &&
        !aws_time_parse(str_from(expiration), &expires_ms)) {
        return error_set(err, ERROR_PERMANENT, "", "%s is no time like 2026-11-22T15:39:28Z",
                         names->expiration);
    }
    snprintf(out_credentials->key_id, sizeof(out_credentials->key_id), "%s", key_id);
    secret_set(&out_credentials->secret_key, str_from(secret));
    if (*token != '\0') {
        secret_set(&out_credentials->session_token, str_from(token));
    }
    out_credentials->expires_ms = expires_ms;
    snprintf(out_credentials->account, sizeof(out_credentials->account), "%s",
             text_of(json, names->account));
    return true;
}
