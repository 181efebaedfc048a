/* The schema that travels with data and model: what each column of the headerless table means.
 * Its JSON is {"features":["A",...],"label":"Y","digest":"..."}; the digest is an opaque word here,
 * made by whoever wrote the data. Pure; any thread. */
#ifndef GATEHOUSE_MODEL_MODEL_SCHEMA_H
#define GATEHOUSE_MODEL_MODEL_SCHEMA_H

#include "core/base/error.h"
#include "core/base/str.h"

#include <stdbool.h>
#include <stddef.h>

/* Owns its strings. */
struct model_schema {
    char **features; /* feature_count names in the order of the columns behind the label */
    size_t feature_count;
    char *label;
    char *digest;
};

/* Permanent "bad_schema": not that JSON, an empty, duplicate or overlong (256 bytes) name, more
 * features than a data set may have. Other members of the object are ignored. */
bool model_schema_parse(struct str text, struct model_schema *out_schema, struct error *err);
bool model_schema_read(const char *path, struct model_schema *out_schema, struct error *err);
void model_schema_done(struct model_schema *schema);

/* One line of JSON with exactly the three members; gives memory for free(). */
char *model_schema_print(const struct model_schema *schema);

/* False with "schema_mismatch", naming the first column that differs. The names are in messages:
 * "the model" and "the test data", say. */
bool model_schema_match(const struct model_schema *a, const char *a_name,
                        const struct model_schema *b, const char *b_name, struct error *err);

#endif
