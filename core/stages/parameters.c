/* Tables against JSON: unknown, missing, wrong type, out of range. */
#include "core/stages/parameters.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PATH_SIZE = 200, SHA256_HEX_LENGTH = 64, BUCKET_MAX = 63, KEY_MAX = 1024, TABLE_MAX = 32 };

#define NUMBER_MAX 9007199254740992 /* 2^53: the largest exact integer of JSON */

const struct parameter parameters_place[PARAMETERS_PLACE_COUNT] = {
    {.name = "bucket", .type = PARAMETER_TEXT, .is_required = true, .min = 3, .max = BUCKET_MAX},
    {.name = "key", .type = PARAMETER_TEXT, .is_required = true, .min = 1, .max = KEY_MAX},
    {.name = "sha256", .type = PARAMETER_TEXT, .min = SHA256_HEX_LENGTH, .max = SHA256_HEX_LENGTH},
    {.name = "size_bytes", .type = PARAMETER_INTEGER, .max = NUMBER_MAX},
    {.name = "rows", .type = PARAMETER_INTEGER, .max = NUMBER_MAX},
};

static const char *const type_words[] = {
    [PARAMETER_TEXT] = "a string",           [PARAMETER_INTEGER] = "an integer",
    [PARAMETER_TEXTS] = "a list of strings", [PARAMETER_LIST] = "a list",
    [PARAMETER_OBJECT] = "a table",
};

struct place { /* where in the parameters we are: "channels.train" */
    char path[PATH_SIZE];
    bool may_refer;
};

bool parameters_is_reference(const struct json *value)
{
    const char *text;
    return json_as_text(value, &text) && strstr(text, "{{") != NULL;
}

static struct place place_of(const struct place *parent, const char *name)
{
    struct place place = {.may_refer = parent->may_refer};
    snprintf(place.path, sizeof(place.path), "%.120s%s%.70s", parent->path,
             parent->path[0] == '\0' ? "" : ".", name);
    return place;
}

static bool fail_range(const struct parameter *parameter, const struct place *place,
                       struct error *err)
{
    const char *what = parameter->type == PARAMETER_INTEGER ? "must be"
                       : parameter->type == PARAMETER_TEXT  ? "must have a length of"
                                                            : "must have a number of elements of";
    if (parameter->max == 0) {
        return error_set(err, ERROR_PERMANENT, "bad_parameter",
                         "parameter '%s' %s at least %" PRId64, place->path, what, parameter->min);
    }
    return error_set(err, ERROR_PERMANENT, "bad_parameter",
                     "parameter '%s' %s %" PRId64 " to %" PRId64, place->path, what, parameter->min,
                     parameter->max);
}

static bool fail_type(const struct parameter *parameter, const struct place *place,
                      struct error *err)
{
    return error_set(err, ERROR_PERMANENT, "bad_parameter", "parameter '%s' must be %s",
                     place->path, type_words[parameter->type]);
}

static bool is_list_of_texts(const struct json *value)
{
    for (const struct json *item = json_first(value); item != NULL; item = json_next(item)) {
        if (!json_is_string(item)) {
            return false;
        }
    }
    return json_is_array(value);
}

static bool has_type(const struct parameter *parameter, const struct json *value,
                     int64_t *out_measure)
{
    const char *text;
    switch (parameter->type) {
    case PARAMETER_TEXT:
        *out_measure = json_as_text(value, &text) ? (int64_t)strlen(text) : 0;
        return json_is_string(value);
    case PARAMETER_INTEGER:
        return json_as_int(value, out_measure);
    case PARAMETER_TEXTS:
        *out_measure = (int64_t)json_count(value);
        return is_list_of_texts(value);
    case PARAMETER_LIST:
        *out_measure = (int64_t)json_count(value);
        return json_is_array(value);
    case PARAMETER_OBJECT:
        return json_is_object(value);
    }
    return false;
}

static bool check_members(const struct parameter *owner, const struct json *object,
                          const struct place *place, struct error *err);

static bool check_value(const struct parameter *parameter, const struct json *value,
                        const struct place *place, struct error *err)
{
    int64_t measure = parameter->min;
    bool has_limits = parameter->min != 0 || parameter->max != 0;
    if (place->may_refer && parameters_is_reference(value)) {
        return true;
    }
    if (!has_type(parameter, value, &measure)) {
        return fail_type(parameter, place, err);
    }
    if (has_limits &&
        (measure < parameter->min || (parameter->max != 0 && measure > parameter->max))) {
        return fail_range(parameter, place, err);
    }
    return parameter->members == NULL || check_members(parameter, value, place, err);
}

static const struct parameter *find(const struct parameter *owner, const char *name)
{
    for (size_t i = 0; i < owner->member_count; i++) {
        if (strcmp(owner->members[i].name, name) == 0) {
            return &owner->members[i];
        }
    }
    return NULL;
}

static bool fail_unknown(const struct parameter *owner, const struct place *place, const char *name,
                         struct error *err)
{
    const char *names[TABLE_MAX];
    size_t count = owner->member_count < TABLE_MAX ? owner->member_count : TABLE_MAX;
    for (size_t i = 0; i < count; i++) {
        names[i] = owner->members[i].name;
    }
    const char *nearest = str_nearest(str_from(name), names, count);
    if (nearest == NULL) {
        return error_set(err, ERROR_PERMANENT, "bad_parameter", "parameter '%s' is unknown",
                         place->path);
    }
    return error_set(err, ERROR_PERMANENT, "bad_parameter",
                     "parameter '%s' is unknown; did you mean '%s'?", place->path, nearest);
}

static bool check_members(const struct parameter *owner, const struct json *object,
                          const struct place *place, struct error *err)
{
    for (const struct json *value = json_first(object); value != NULL; value = json_next(value)) {
        const char *name = json_name(value);
        struct place inner = place_of(place, name);
        const struct parameter *parameter = find(owner, name);
        if (parameter == NULL && !owner->is_open) {
            return fail_unknown(owner, &inner, name, err);
        }
        if (parameter != NULL && !json_is_null(value) &&
            !check_value(parameter, value, &inner, err)) {
            return false;
        }
    }
    for (size_t i = 0; i < owner->member_count; i++) {
        const struct parameter *member = &owner->members[i];
        if (member->is_required && json_is_null(json_get(object, member->name))) {
            struct place inner = place_of(place, member->name);
            return error_set(err, ERROR_PERMANENT, "bad_parameter", "parameter '%s' is missing",
                             inner.path);
        }
    }
    return true;
}

bool parameters_check(const struct parameter *table, size_t count, const struct json *object,
                      bool may_refer, struct error *err)
{
    const struct parameter owner = {.members = table, .member_count = count};
    struct place root = {.may_refer = may_refer};
    if (object != NULL && !json_is_object(object)) {
        return error_set(err, ERROR_PERMANENT, "bad_parameter", "parameters must be a table");
    }
    return check_members(&owner, object, &root, err);
}
