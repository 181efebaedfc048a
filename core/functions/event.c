/* Events are input from outside: nothing of them is used unchecked. */
#include "core/functions/event.h"

#include "core/ports/object_store.h"

#include <math.h>
#include <string.h>

static bool text_member(const struct json *object, const char *owner, const char *name,
                        const char **out_text, struct error *err)
{
    if (!json_as_text(json_get(object, name), out_text)) {
        return error_set(err, ERROR_PERMANENT, "bad_event", "event: %s.%s must be a text", owner,
                         name);
    }
    return true;
}

static bool bad_member(struct error *err, const char *name)
{
    struct error cause = *err;
    return error_set(err, ERROR_PERMANENT, "bad_event", "event: %s: %s", name, cause.message);
}

bool event_place(const struct json *event, const char *name, struct event_place *out_place,
                 struct error *err)
{
    struct event_place place = {0};
    const struct json *object = json_get(event, name);
    if (!text_member(object, name, "bucket", &place.bucket, err) ||
        !text_member(object, name, "prefix", &place.prefix, err)) {
        return false;
    }
    if (!object_check_bucket(place.bucket, err)) {
        return bad_member(err, name);
    }
    struct str prefix = str_from(place.prefix);
    struct str folder = {prefix.ptr, prefix.len == 0 ? 0 : prefix.len - 1};
    char key[OBJECT_KEY_SIZE] = "";
    if (!str_ends_with(prefix, STR("/")) || folder.len >= sizeof(key)) {
        return error_set(err, ERROR_PERMANENT, "bad_event", "event: %s.prefix must end in '/'",
                         name);
    }
    memcpy(key, folder.ptr, folder.len);
    if (!object_check_key(key, err)) {
        return bad_member(err, name);
    }
    *out_place = place;
    return true;
}

static bool is_sha256(const char *text)
{
    return strlen(text) == DIGEST_HEX_SIZE - 1 &&
           strspn(text, "0123456789abcdef") == DIGEST_HEX_SIZE - 1;
}

bool event_object(const struct json *event, const char *name, struct event_object *out_object,
                  struct error *err)
{
    struct event_object wanted = {0};
    const struct json *object = json_get(event, name);
    if (!text_member(object, name, "bucket", &wanted.bucket, err) ||
        !text_member(object, name, "key", &wanted.key, err)) {
        return false;
    }
    if (!object_check_bucket(wanted.bucket, err) || !object_check_key(wanted.key, err)) {
        return bad_member(err, name);
    }
    if (json_get(object, "sha256") != NULL) {
        if (!text_member(object, name, "sha256", &wanted.sha256, err)) {
            return false;
        }
        if (!is_sha256(wanted.sha256)) {
            return error_set(err, ERROR_PERMANENT, "bad_event",
                             "event: %s.sha256 must be 64 lower-case hex digits", name);
        }
    }
    *out_object = wanted;
    return true;
}

bool event_table(const struct json *event, const char **out_table, struct error *err)
{
    const char *table = NULL;
    if (!text_member(json_get(event, "source"), "source", "table", &table, err)) {
        return false;
    }
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    size_t first = strspn(table, letters);
    size_t second = table[first] == '.' ? strspn(table + first + 1, letters) : 0;
    size_t whole = table[first] == '.' ? first + 1 + second : first;
    bool is_good = first > 0 && table[whole] == '\0' && (whole == first || second > 0);
    if (!is_good) {
        return error_set(
            err, ERROR_PERMANENT, "bad_event",
            "event: source.table must be TABLE or SCHEMA.TABLE of letters, digits and _");
    }
    *out_table = table;
    return true;
}

/* "rows_min": the limit of a figure, or NULL when there is no such figure. */
static double *find_limit(struct expectations *expectations, struct str name)
{
    bool is_min = str_ends_with(name, STR("_min"));
    if (!is_min && !str_ends_with(name, STR("_max"))) {
        return NULL;
    }
    struct str figure = {name.ptr, name.len - 4};
    for (size_t i = 0; i < EXPECTED_COUNT; i++) {
        if (str_eq(figure, str_from(expected_figure_name((enum expected_figure)i)))) {
            return is_min ? &expectations->min[i] : &expectations->max[i];
        }
    }
    return NULL;
}

bool event_expectations(const struct json *event, struct expectations *out_expectations,
                        struct error *err)
{
    struct expectations expectations = expectations_none();
    const struct json *member = json_first(json_get(event, "expectations"));
    for (; member != NULL; member = json_next(member)) {
        const char *name = json_name(member);
        double *limit = find_limit(&expectations, str_from(name));
        if (limit == NULL) {
            return error_set(err, ERROR_PERMANENT, "bad_event",
                             "event: expectations.%.60s is not known", name);
        }
        if (!json_is_null(member) && !json_as_number(member, limit)) {
            return error_set(err, ERROR_PERMANENT, "bad_event",
                             "event: expectations.%s must be a number", name);
        }
    }
    *out_expectations = expectations;
    return true;
}

bool event_split(const struct json *event, struct split *out_split, struct error *err)
{
    struct split_options options = split_default_options();
    const struct json *wanted = json_get(event, "split");
    options.is_enabled = json_bool_or(wanted, "enabled", options.is_enabled);
    options.seed = (uint64_t)json_int_or(wanted, "seed", (int64_t)options.seed);
    for (size_t part = 0; part < SPLIT_PART_COUNT; part++) {
        const char *name = split_part_name((enum split_part)part);
        options.fractions[part] = json_number_or(wanted, name, options.fractions[part]);
    }
    return split_init(out_split, &options, err) || bad_member(err, "split");
}
