/* Parsing and comparing column schemas. */
#include "core/model/model_schema.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/utf8.h"
#include "core/model/dataset.h"

#include <stdlib.h>
#include <string.h>

enum { SCHEMA_MAX_BYTES = 1 << 20, NAME_MAX_BYTES = 256 };

void model_schema_done(struct model_schema *schema)
{
    for (size_t i = 0; i < schema->feature_count; i++) {
        free(schema->features[i]);
    }
    free(schema->features);
    free(schema->label);
    free(schema->digest);
    *schema = (struct model_schema){0};
}

static bool bad_schema(struct error *err, const char *why)
{
    return error_set(err, ERROR_PERMANENT, "bad_schema", "schema: %s", why);
}

/* A name from outside ends up in messages: it must be one visible line as it is. */
static bool is_name(const char *text)
{
    struct buf shown;
    buf_init(&shown, (size_t)4 * NAME_MAX_BYTES);
    size_t len = strlen(text);
    bool is_good = len > 0 && len <= NAME_MAX_BYTES &&
                   utf8_append_printable(&shown, str_from(text)) &&
                   str_eq(buf_str(&shown), str_from(text));
    buf_done(&shown);
    return is_good;
}

static bool take_name(const struct json *value, char **out_name)
{
    const char *text = NULL;
    if (!json_as_text(value, &text) || !is_name(text)) {
        return false;
    }
    *out_name = xstrdup(text);
    return true;
}

static int by_text(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static bool has_duplicate(const struct model_schema *schema)
{
    bool is_found = false;
    char **sorted = xreallocarray(NULL, schema->feature_count, sizeof(*sorted));
    memcpy(sorted, schema->features, schema->feature_count * sizeof(*sorted));
    qsort(sorted, schema->feature_count, sizeof(*sorted), by_text);
    for (size_t i = 1; i < schema->feature_count; i++) {
        is_found = is_found || strcmp(sorted[i - 1], sorted[i]) == 0;
    }
    free(sorted);
    return is_found;
}

static bool fill(struct model_schema *schema, const struct json *root, struct error *err)
{
    const struct json *features = json_get(root, "features");
    size_t count = json_count(features);
    if (!json_is_array(features) || count == 0 || count > DATASET_MAX_COLUMNS) {
        return bad_schema(err, "\"features\" must be a list of 1 to 4096 names");
    }
    schema->features = xcalloc(count, sizeof(*schema->features));
    for (const struct json *at = json_first(features); at != NULL; at = json_next(at)) {
        if (!take_name(at, &schema->features[schema->feature_count])) {
            return bad_schema(err, "a feature's name must be 1 to 256 visible characters");
        }
        schema->feature_count++;
    }
    if (!take_name(json_get(root, "label"), &schema->label) ||
        !take_name(json_get(root, "digest"), &schema->digest)) {
        return bad_schema(err, "\"label\" and \"digest\" must be texts of 1 to 256 characters");
    }
    return !has_duplicate(schema) || bad_schema(err, "two features have the same name");
}

bool model_schema_parse(struct str text, struct model_schema *out_schema, struct error *err)
{
    struct model_schema schema = {0};
    struct json *root = json_parse(text, err);
    if (root == NULL) {
        return error_prefix(err, "schema");
    }
    bool is_good = fill(&schema, root, err);
    json_free(root);
    if (!is_good) {
        model_schema_done(&schema);
        return false;
    }
    *out_schema = schema;
    return true;
}

bool model_schema_read(const char *path, struct model_schema *out_schema, struct error *err)
{
    struct buf text;
    buf_init(&text, SCHEMA_MAX_BYTES);
    bool is_good = file_read(path, &text, err);
    if (is_good && !model_schema_parse(buf_str(&text), out_schema, err)) {
        is_good = error_prefix(err, "%s", path);
    }
    buf_done(&text);
    return is_good;
}

char *model_schema_print(const struct model_schema *schema)
{
    struct json *root = json_object();
    struct json *features = json_array();
    for (size_t i = 0; i < schema->feature_count; i++) {
        json_append(features, json_string(str_from(schema->features[i])));
    }
    json_set(root, "features", features);
    json_set_text(root, "label", schema->label);
    json_set_text(root, "digest", schema->digest);
    char *text = json_print(root);
    json_free(root);
    return text;
}

bool model_schema_match(const struct model_schema *a, const char *a_name,
                        const struct model_schema *b, const char *b_name, struct error *err)
{
    if (a->feature_count != b->feature_count) {
        return error_set(err, ERROR_PERMANENT, "schema_mismatch", "%s has %zu features, %s has %zu",
                         a_name, a->feature_count, b_name, b->feature_count);
    }
    for (size_t i = 0; i < a->feature_count; i++) {
        if (strcmp(a->features[i], b->features[i]) != 0) {
            return error_set(err, ERROR_PERMANENT, "schema_mismatch",
                             "feature %zu is %s in %s and %s in %s", i + 1, a->features[i], a_name,
                             b->features[i], b_name);
        }
    }
    if (strcmp(a->label, b->label) != 0 || strcmp(a->digest, b->digest) != 0) {
        return error_set(err, ERROR_PERMANENT, "schema_mismatch",
                         "schema of %s is label %s, digest %s; of %s label %s, digest %s", a_name,
                         a->label, a->digest, b_name, b->label, b->digest);
    }
    return true;
}
