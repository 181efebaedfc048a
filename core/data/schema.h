/* The schema beside the final set: what its headerless columns are. Training puts it into the model
 * bundle, evaluation refuses a model whose schema disagrees. Pure; any thread. */
#ifndef GATEHOUSE_DATA_SCHEMA_H
#define GATEHOUSE_DATA_SCHEMA_H

#include "core/base/error.h"
#include "core/base/json.h"

#include <stdbool.h>
#include <stdint.h>

/* Gives {"version":1,"label":NAME,"features":[NAMES in order],"columns":24,"delimiter":",",
 * "header":false,"digest":HEX,"rows":N}. The digest is SHA-256 over "label\nfeature\n...\n". */
struct json *schema_json(uint64_t rows);
/* A schema as it should be: the digest fits the names. False with err (permanent, "bad_schema"). */
bool schema_check(const struct json *schema, struct error *err);
/* Both valid, same label, features, order, delimiter and header (rows may differ); else false with
 * err (permanent, "schema_mismatch") naming the first difference. `what` names `other` in errors.
 */
bool schema_check_same(const struct json *expected, const struct json *other, const char *what,
                       struct error *err);

#endif
