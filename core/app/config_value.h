/* One configuration value: reading it from TOML or from text, and writing it as TOML. Pure. */
#ifndef GATEHOUSE_APP_CONFIG_VALUE_H
#define GATEHOUSE_APP_CONFIG_VALUE_H

#include "core/app/config_keys.h"
#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/json.h"

#include <stdint.h>

/* Gives the value as it is kept (see enum config_type), or NULL with err (code "bad_value") that
 * says what is allowed and what was found. */
struct json *config_value_from_json(const struct config_key *key, const struct json *json,
                                    struct error *err);
/* The same from the text of an environment variable or of --set; tables and lists are TOML. */
struct json *config_value_from_text(const struct config_key *key, struct str text,
                                    struct error *err);
/* Appends the value as TOML; a secret that is set as "***". Tables are written inline. */
void config_value_print(const struct config_key *key, const struct json *value, struct buf *out);
/* Any JSON value as TOML on one line. */
void config_print_toml(const struct json *value, struct buf *out);

/* "1h30m", "500ms", "0s": days, hours, minutes, seconds, milliseconds. */
bool config_parse_duration(struct str text, int64_t *out_ms);
void config_print_duration(int64_t ms, struct buf *out);
/* "512MiB", "2GiB", "1000": bytes, KiB, MiB, GiB, TiB. */
bool config_parse_size(struct str text, int64_t *out_bytes);
void config_print_size(int64_t bytes, struct buf *out);

#endif
