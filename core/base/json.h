/* JSON values over cJSON, the only place that includes it. Trees are owned by their root.
 * Integers are exact up to 2^53 (RFC 8259 section 6); larger ones travel as strings. One thread a
 * tree. */
#ifndef GATEHOUSE_BASE_JSON_H
#define GATEHOUSE_BASE_JSON_H

#include "core/base/error.h"
#include "core/base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json; /* an object, array, string, number, boolean or null */

/* Parses the whole text (depth and NUL bytes are limited); gives the tree or NULL with err
 * (permanent, code "bad_json", message with the byte offset). */
struct json *json_parse(struct str text, struct error *err);
void json_free(struct json *json);               /* accepts NULL */
void json_wipe(struct json *json);               /* overwrites its texts; accepts NULL */
void json_free_wiped(struct json *json);         /* for what holds secrets; accepts NULL */
struct json *json_copy(const struct json *json); /* deep; NULL gives NULL */
/* A copy of an object without the member of this name. */
struct json *json_copy_without(const struct json *object, const char *name);
bool json_equal(const struct json *a, const struct json *b);

/* Building. json_set_* replace a member of the same name. */
struct json *json_object(void);
struct json *json_array(void);
struct json *json_string(struct str text); /* invalid UTF-8 and NUL bytes become U+FFFD */
struct json *json_number(double value);    /* not finite becomes null */
struct json *json_int(int64_t value);
struct json *json_bool(bool value);
struct json *json_null(void);
void json_set(struct json *object, const char *name, struct json *value); /* takes value */
void json_set_str(struct json *object, const char *name, struct str text);
void json_set_text(struct json *object, const char *name, const char *text); /* NULL: JSON null */
void json_set_int(struct json *object, const char *name, int64_t value);
void json_set_number(struct json *object, const char *name, double value);
/* As clock_format_utc writes it; 0: JSON null. */
void json_set_time(struct json *object, const char *name, int64_t wall_ms);
void json_set_bool(struct json *object, const char *name, bool value);
void json_remove(struct json *object, const char *name);
void json_append(struct json *array, struct json *value); /* takes value */

/* Looking. All accept NULL as "absent"; what is given is borrowed from the tree. */
const struct json *json_get(const struct json *object, const char *name);
struct json *json_get_mutable(struct json *object, const char *name);
/* By dots: json_path(event, "stage.outputs.rows"); names that hold dots cannot be reached this way.
 */
const struct json *json_path(const struct json *root, const char *path);
const struct json *json_at(const struct json *array, size_t index);
size_t json_count(const struct json *json); /* members or elements; 0 for others */
const struct json *json_first(
    const struct json *container); /* to walk an array or object in O(n) */
const struct json *json_next(const struct json *member);
const char *json_name(const struct json *member); /* its name in the object it is in */
bool json_is_object(const struct json *json);
bool json_is_array(const struct json *json);
bool json_is_string(const struct json *json);
bool json_is_number(const struct json *json);
bool json_is_bool(const struct json *json);
bool json_is_null(const struct json *json); /* absent counts as null */

/* The value itself; false (out untouched) when it is of another type or not representable. */
bool json_as_text(const struct json *json, const char **out_text); /* borrows, NUL-terminated */
bool json_as_int(const struct json *json, int64_t *out_value);     /* integral, |v| <= 2^53 */
bool json_as_number(const struct json *json, double *out_value);
bool json_as_bool(const struct json *json, bool *out_value);

/* A member's value, or the default when absent or of another type. */
const char *json_text_or(const struct json *object, const char *name, const char *otherwise);
int64_t json_int_or(const struct json *object, const char *name, int64_t otherwise);
double json_number_or(const struct json *object, const char *name, double otherwise);
bool json_bool_or(const struct json *object, const char *name, bool otherwise);

/* Text on one line / indented with a final newline; doubles with 15 to 17 digits, exact but
 * for the last place (2^-52 of the value). Gives memory for free(). */
char *json_print(const struct json *json);
char *json_print_pretty(const struct json *json);

#endif
