/* JSON over cJSON: the library's types stay in this file. */
#include "core/base/json.h"

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/utf8.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double INTEGER_MAX = 9007199254740992.0; /* 2^53 */

static cJSON *raw(struct json *json)
{
    return (cJSON *)json;
}

static const cJSON *raw_const(const struct json *json)
{
    return (const cJSON *)json;
}

static struct json *wrap(cJSON *item)
{
    assert(item != NULL); /* cJSON returns NULL only when memory runs out */
    return (struct json *)item;
}

struct json *json_parse(struct str text, struct error *err)
{
    const char *end = NULL;
    if (text.len > 0 && memchr(text.ptr, '\0', text.len) != NULL) {
        error_set(err, ERROR_PERMANENT, "bad_json", "JSON holds a NUL byte");
        return NULL;
    }
    cJSON *item = cJSON_ParseWithLengthOpts(text.ptr, text.len, &end, false);
    if (item == NULL) {
        size_t offset = end == NULL ? 0 : (size_t)(end - text.ptr);
        error_set(err, ERROR_PERMANENT, "bad_json", "not valid JSON at byte %zu", offset);
        return NULL;
    }
    size_t used = (size_t)(end - text.ptr);
    struct str rest = str_trim((struct str){text.ptr + used, text.len - used});
    if (rest.len > 0) {
        cJSON_Delete(item);
        error_set(err, ERROR_PERMANENT, "bad_json", "text follows the JSON value at byte %zu",
                  used);
        return NULL;
    }
    return wrap(item);
}

void json_free(struct json *json)
{
    cJSON_Delete(raw(json));
}

void json_wipe(struct json *json)
{
    cJSON *member = NULL;
    if (json == NULL) {
        return;
    }
    if (raw(json)->valuestring != NULL) {
        explicit_bzero(raw(json)->valuestring, strlen(raw(json)->valuestring));
    }
    cJSON_ArrayForEach(member, raw(json)) /* as deep as the parser lets a text be */
    {
        json_wipe(wrap(member));
    }
}

void json_free_wiped(struct json *json)
{
    json_wipe(json);
    json_free(json);
}

struct json *json_copy(const struct json *json)
{
    return json == NULL ? NULL : wrap(cJSON_Duplicate(raw_const(json), true));
}

struct json *json_copy_without(const struct json *object, const char *name)
{
    const cJSON *member = NULL;
    struct json *copy = json_object();
    cJSON_ArrayForEach(member, raw_const(object))
    {
        if (strcmp(member->string, name) != 0) { /* a copy has its name already */
            cJSON_AddItemToArray(raw(copy), raw(wrap(cJSON_Duplicate(member, true))));
        }
    }
    return copy;
}

bool json_equal(const struct json *a, const struct json *b)
{
    return cJSON_Compare(raw_const(a), raw_const(b), true);
}

struct json *json_object(void)
{
    return wrap(cJSON_CreateObject());
}

struct json *json_array(void)
{
    return wrap(cJSON_CreateArray());
}

struct json *json_string(struct str text)
{
    struct buf clean;
    buf_init(&clean, SIZE_MAX / 8);
    utf8_append_valid(&clean, text);
    struct json *json = wrap(cJSON_CreateString(buf_text(&clean)));
    buf_done(&clean);
    return json;
}

struct json *json_number(double value)
{
    return isfinite(value) ? wrap(cJSON_CreateNumber(value)) : json_null();
}

struct json *json_int(int64_t value)
{
    return json_number((double)value);
}

struct json *json_bool(bool value)
{
    return wrap(cJSON_CreateBool(value));
}

struct json *json_null(void)
{
    return wrap(cJSON_CreateNull());
}

void json_set(struct json *object, const char *name, struct json *value)
{
    assert(cJSON_IsObject(raw(object)));
    if (cJSON_GetObjectItemCaseSensitive(raw(object), name) != NULL) {
        cJSON_ReplaceItemInObjectCaseSensitive(raw(object), name, raw(value));
        return;
    }
    cJSON_AddItemToObject(raw(object), name, raw(value));
}

void json_set_str(struct json *object, const char *name, struct str text)
{
    json_set(object, name, json_string(text));
}

void json_set_text(struct json *object, const char *name, const char *text)
{
    json_set(object, name, text == NULL ? json_null() : json_string(str_from(text)));
}

void json_set_int(struct json *object, const char *name, int64_t value)
{
    json_set(object, name, json_int(value));
}

void json_set_number(struct json *object, const char *name, double value)
{
    json_set(object, name, json_number(value));
}

void json_set_time(struct json *object, const char *name, int64_t wall_ms)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format_utc(wall_ms, text);
    json_set_text(object, name, wall_ms == 0 ? NULL : text);
}

void json_set_bool(struct json *object, const char *name, bool value)
{
    json_set(object, name, json_bool(value));
}

void json_remove(struct json *object, const char *name)
{
    cJSON_DeleteItemFromObjectCaseSensitive(raw(object), name);
}

void json_append(struct json *array, struct json *value)
{
    assert(cJSON_IsArray(raw(array)));
    cJSON_AddItemToArray(raw(array), raw(value));
}

const struct json *json_get(const struct json *object, const char *name)
{
    if (!json_is_object(object)) {
        return NULL;
    }
    return (const struct json *)cJSON_GetObjectItemCaseSensitive(raw_const(object), name);
}

struct json *json_get_mutable(struct json *object, const char *name)
{
    if (!json_is_object(object)) {
        return NULL;
    }
    return (struct json *)cJSON_GetObjectItemCaseSensitive(raw(object), name);
}

const struct json *json_path(const struct json *root, const char *path)
{
    struct str rest = str_from(path);
    while (root != NULL && rest.len > 0) {
        struct str part = str_split(rest, '.', &rest);
        char *name = xmemdup0(part.ptr, part.len);
        root = json_get(root, name);
        free(name);
    }
    return root;
}

const struct json *json_at(const struct json *array, size_t index)
{
    if (!json_is_array(array) || index > INT32_MAX) {
        return NULL;
    }
    return (const struct json *)cJSON_GetArrayItem(raw_const(array), (int)index);
}

size_t json_count(const struct json *json)
{
    bool is_container = json_is_object(json) || json_is_array(json);
    return is_container ? (size_t)cJSON_GetArraySize(raw_const(json)) : 0;
}

const struct json *json_first(const struct json *container)
{
    bool is_container = json_is_object(container) || json_is_array(container);
    return is_container ? (const struct json *)raw_const(container)->child : NULL;
}

const struct json *json_next(const struct json *member)
{
    return member == NULL ? NULL : (const struct json *)raw_const(member)->next;
}

const char *json_name(const struct json *member)
{
    const char *name = member == NULL ? NULL : raw_const(member)->string;
    return name == NULL ? "" : name;
}

bool json_is_object(const struct json *json)
{
    return cJSON_IsObject(raw_const(json));
}

bool json_is_array(const struct json *json)
{
    return cJSON_IsArray(raw_const(json));
}

bool json_is_string(const struct json *json)
{
    return cJSON_IsString(raw_const(json));
}

bool json_is_number(const struct json *json)
{
    return cJSON_IsNumber(raw_const(json));
}

bool json_is_bool(const struct json *json)
{
    return cJSON_IsBool(raw_const(json));
}

bool json_is_null(const struct json *json)
{
    return json == NULL || cJSON_IsNull(raw_const(json));
}

bool json_as_text(const struct json *json, const char **out_text)
{
    if (!json_is_string(json)) {
        return false;
    }
    *out_text = raw_const(json)->valuestring;
    return true;
}

bool json_as_int(const struct json *json, int64_t *out_value)
{
    double value = 0;
    if (!json_as_number(json, &value) || fabs(value) > INTEGER_MAX || trunc(value) != value) {
        return false;
    }
    *out_value = (int64_t)value;
    return true;
}

bool json_as_number(const struct json *json, double *out_value)
{
    if (!json_is_number(json) || !isfinite(raw_const(json)->valuedouble)) {
        return false;
    }
    *out_value = raw_const(json)->valuedouble;
    return true;
}

bool json_as_bool(const struct json *json, bool *out_value)
{
    if (!json_is_bool(json)) {
        return false;
    }
    *out_value = cJSON_IsTrue(raw_const(json));
    return true;
}

const char *json_text_or(const struct json *object, const char *name, const char *otherwise)
{
    json_as_text(json_get(object, name), &otherwise);
    return otherwise;
}

int64_t json_int_or(const struct json *object, const char *name, int64_t otherwise)
{
    json_as_int(json_get(object, name), &otherwise);
    return otherwise;
}

double json_number_or(const struct json *object, const char *name, double otherwise)
{
    json_as_number(json_get(object, name), &otherwise);
    return otherwise;
}

bool json_bool_or(const struct json *object, const char *name, bool otherwise)
{
    json_as_bool(json_get(object, name), &otherwise);
    return otherwise;
}

static bool is_c1(const char *at)
{
    const unsigned char *byte = (const unsigned char *)at;
    return byte[0] == 0xc2 && byte[1] >= 0x80 && byte[1] < 0xa0;
}

/* JSON lets DEL and the C1 controls (U+0080 to U+009F, C2 80 to C2 9F in UTF-8) stand as they are,
 * but a terminal obeys them. They can only be inside strings, where an escape means the same.
 * Takes text. */
static char *escape_controls(char *text)
{
    enum { ESCAPE_SIZE = 6 };
    size_t count = 0;
    for (const char *at = text; *at != '\0'; at++) {
        count += *at == 0x7f || is_c1(at) ? 1 : 0;
    }
    if (count == 0) {
        return text;
    }
    char *safe = xmalloc(strlen(text) + ESCAPE_SIZE * count + 1), *to = safe;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == 0x7f || is_c1(at)) {
            at += is_c1(at) ? 1 : 0;
            to += sprintf(to, "\\u%04x", (unsigned)(unsigned char)*at);
        } else {
            *to++ = *at;
        }
    }
    *to = '\0';
    free(text);
    return safe;
}

char *json_print(const struct json *json)
{
    char *text = cJSON_PrintUnformatted(raw_const(json));
    assert(text != NULL);
    return escape_controls(text);
}

/* cJSON's own indented form puts arrays on one line and uses tabs: compact and familiar enough. */
char *json_print_pretty(const struct json *json)
{
    char *text = cJSON_Print(raw_const(json));
    assert(text != NULL);
    text = escape_controls(text);
    char *line = xasprintf("%s\n", text);
    free(text);
    return line;
}
