/* The JSON in which processes, containers and instances give credentials. */
#ifndef GATEHOUSE_AWS_CREDENTIALS_JSON_H
#define GATEHOUSE_AWS_CREDENTIALS_JSON_H

#include "core/aws/credentials.h"
#include "core/base/json.h"

/* Where the members are. */
struct credentials_json_names {
    const char *key_id, *secret, *token;
    const char *expiration, *account; /* RFC 3339; 12 digits. NULL: it has none */
};
extern const struct credentials_json_names credentials_json_of_process;
extern const struct credentials_json_names credentials_json_of_metadata; /* container, instance */

/* Fills all but source. False with err (permanent, no code) that names what is missing or wrong,
 * and never shows a value. */
bool credentials_json_read(const struct json *json, const struct credentials_json_names *names,
                           struct aws_credentials *out_credentials, struct error *err);
/* The text is JSON and an object, or NULL with err; no message shows what it holds. json_free_wiped
 * releases it. */
struct json *credentials_json_parse(struct str text, struct error *err);

#endif
