/* Building and comparing schemas. */
#include "core/data/schema.h"

#include "core/base/buf.h"
#include "core/base/digest.h"
#include "core/data/columns.h"

#include <string.h>

enum { SCHEMA_VERSION = 1, FEATURES_MAX = 1000, NAMES_LIMIT = 256 * 1024 };

static void digest_names(const struct json *schema, char out_hex[DIGEST_HEX_SIZE])
{
    struct buf names;
    const char *name = NULL;
    buf_init(&names, NAMES_LIMIT);
    buf_printf(&names, "%s\n", json_text_or(schema, "label", ""));
    const struct json *features = json_get(schema, "features");
    for (const struct json *at = json_first(features); at != NULL; at = json_next(at)) {
        buf_printf(&names, "%s\n", json_as_text(at, &name) ? name : "");
    }
    digest_hex(buf_str(&names), out_hex);
    buf_done(&names);
}

struct json *schema_json(uint64_t rows)
{
    char hex[DIGEST_HEX_SIZE];
    struct json *schema = json_object();
    struct json *features = json_array();
    for (size_t i = 0; i < column_features.count; i++) {
        json_append(features, json_string(str_from(column_name(column_features.columns[i]))));
    }
    json_set_int(schema, "version", SCHEMA_VERSION);
    json_set_text(schema, "label", column_name(COLUMN_DEFAULT_PAYMENT_NEXT_MONTH));
    json_set(schema, "features", features);
    json_set_int(schema, "columns", (int64_t)column_features.count + 1);
    json_set_text(schema, "delimiter", ",");
    json_set_bool(schema, "header", false);
    digest_names(schema, hex);
    json_set_text(schema, "digest", hex);
    json_set_int(schema, "rows", (int64_t)rows);
    return schema;
}

static bool fail_schema(struct error *err, const char *what)
{
    return error_set(err, ERROR_PERMANENT, "bad_schema", "schema: %s", what);
}

bool schema_check(const struct json *schema, struct error *err)
{
    char hex[DIGEST_HEX_SIZE];
    const struct json *features = json_get(schema, "features");
    if (json_int_or(schema, "version", 0) != SCHEMA_VERSION) {
        return fail_schema(err, "its version is not 1");
    }
    if (!json_is_array(features) || json_count(features) == 0 ||
        json_count(features) > FEATURES_MAX) {
        return fail_schema(err, "features must be a list of 1 to 1000 names");
    }
    for (const struct json *at = json_first(features); at != NULL; at = json_next(at)) {
        if (!json_is_string(at)) {
            return fail_schema(err, "a feature's name is not a string");
        }
    }
    if (!json_is_string(json_get(schema, "label"))) {
        return fail_schema(err, "the label's name is missing");
    }
    if (json_int_or(schema, "columns", 0) != (int64_t)json_count(features) + 1) {
        return fail_schema(err, "columns is not the number of features and the label");
    }
    digest_names(schema, hex);
    if (strcmp(hex, json_text_or(schema, "digest", "")) != 0) {
        return fail_schema(err, "the digest does not fit the names");
    }
    return true;
}

static bool fail_features(const struct json *expected, const struct json *other, const char *what,
                          struct error *err)
{
    const struct json *a = json_first(json_get(expected, "features"));
    const struct json *b = json_first(json_get(other, "features"));
    const char *a_name = "none";
    const char *b_name = "none";
    size_t index = 0;
    while (a != NULL && b != NULL && json_equal(a, b)) {
        a = json_next(a);
        b = json_next(b);
        index++;
    }
    (void)(a != NULL && json_as_text(a, &a_name));
    (void)(b != NULL && json_as_text(b, &b_name));
    return error_set(
        err, ERROR_PERMANENT, "schema_mismatch",
        "%s has another schema: feature %zu is %s, expected %s (%zu features, expected "
        "%zu)",
        what, index, b_name, a_name, json_count(json_get(other, "features")),
        json_count(json_get(expected, "features")));
}

bool schema_check_same(const struct json *expected, const struct json *other, const char *what,
                       struct error *err)
{
    static const char *const members[] = {"label", "delimiter", "header"};
    if (!schema_check(expected, err)) {
        return error_prefix(err, "expected");
    }
    if (!schema_check(other, err)) {
        return error_prefix(err, "%s", what);
    }
    if (!json_equal(json_get(expected, "features"), json_get(other, "features"))) {
        return fail_features(expected, other, what, err);
    }
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (!json_equal(json_get(expected, members[i]), json_get(other, members[i]))) {
            return error_set(err, ERROR_PERMANENT, "schema_mismatch",
                             "%s has another schema: its %s differs", what, members[i]);
        }
    }
    return true;
}
