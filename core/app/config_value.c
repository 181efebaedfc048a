/* Types of configuration values: checks with sentences, durations and sizes, TOML out. */
#include "core/app/config_value.h"

#include "core/app/bindings.h"
#include "core/base/toml.h"
#include "core/base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *name;
    int64_t factor;
};

/* Longer names first among those that begin alike. */
static const struct unit duration_units[] = {{"ms", 1},    {"d", 86400000}, {"h", 3600000},
                                             {"m", 60000}, {"s", 1000},     {NULL, 0}};
static const struct unit size_units[] = {{"TiB", (int64_t)1 << 40},
                                         {"GiB", (int64_t)1 << 30},
                                         {"MiB", (int64_t)1 << 20},
                                         {"KiB", (int64_t)1 << 10},
                                         {"B", 1},
                                         {NULL, 0}};

enum { VALUE_TEXT_LIMIT = 1 << 16 };

/* A digit run and the unit behind it, taken off the front of *text. */
static bool take_quantity(struct str *text, const struct unit *units, int64_t *out_value)
{
    size_t digits = 0;
    while (digits < text->len && text->ptr[digits] >= '0' && text->ptr[digits] <= '9') {
        digits++;
    }
    int64_t count = 0;
    if (!str_to_i64((struct str){text->ptr, digits}, &count)) {
        return false;
    }
    struct str rest = {text->ptr + digits, text->len - digits};
    for (const struct unit *unit = units; unit->name != NULL; unit++) {
        struct str name = str_from(unit->name);
        if (str_starts_with(rest, name)) {
            *text = (struct str){rest.ptr + name.len, rest.len - name.len};
            return !__builtin_mul_overflow(count, unit->factor, out_value);
        }
    }
    return false;
}

bool config_parse_duration(struct str text, int64_t *out_ms)
{
    int64_t total = 0, seconds = 0;
    if (str_to_i64(text, &seconds)) {
        return seconds >= 0 && !__builtin_mul_overflow(seconds, 1000, out_ms);
    }
    while (text.len > 0) {
        int64_t part = 0;
        if (!take_quantity(&text, duration_units, &part) ||
            __builtin_add_overflow(total, part, &total)) {
            return false;
        }
        if (text.len == 0) {
            *out_ms = total;
            return true;
        }
    }
    return false;
}

void config_print_duration(int64_t ms, struct buf *out)
{
    static const struct unit down[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000},
                                       {"s", 1000},     {"ms", 1},      {NULL, 0}};
    if (ms <= 0) {
        buf_append_text(out, "0s");
        return;
    }
    for (const struct unit *unit = down; unit->name != NULL; unit++) {
        if (ms >= unit->factor) {
            buf_printf(out, "%lld%s", (long long)(ms / unit->factor), unit->name);
            ms %= unit->factor;
        }
    }
}

bool config_parse_size(struct str text, int64_t *out_bytes)
{
    int64_t bytes = 0;
    if (str_to_i64(text, &bytes)) {
        *out_bytes = bytes;
        return bytes >= 0;
    }
    struct str rest = text;
    if (!take_quantity(&rest, size_units, &bytes) || rest.len > 0) {
        return false;
    }
    *out_bytes = bytes;
    return true;
}

void config_print_size(int64_t bytes, struct buf *out)
{
    for (const struct unit *unit = size_units; unit->name != NULL; unit++) {
        if (bytes != 0 && bytes % unit->factor == 0) {
            buf_printf(out, "%lld%s", (long long)(bytes / unit->factor), unit->name);
            return;
        }
    }
    buf_append_text(out, "0B");
}

/* What the key allows, as a phrase: "a whole number from 1 to 64". */
static void describe_allowed(const struct config_key *key, struct buf *out)
{
    switch (key->type) {
    case CONFIG_TEXT:
    case CONFIG_SECRET:
        buf_printf(out, "a string of %.0f to %.0f bytes", key->min, key->max);
        break;
    case CONFIG_CHOICE:
        buf_append_text(out, "one of ");
        for (const char *c = key->choices; *c != '\0'; c++) {
            buf_append_text(out, c == key->choices ? "\"" : "");
            buf_append_text(out, *c == '|' ? "\", \"" : (char[]){*c, '\0'});
        }
        buf_append_text(out, "\"");
        break;
    case CONFIG_INTEGER:
        buf_printf(out, "a whole number from %.0f to %.0f", key->min, key->max);
        break;
    case CONFIG_NUMBER:
        buf_printf(out, "a number from %g to %g", key->min, key->max);
        break;
    case CONFIG_BOOLEAN:
        buf_append_text(out, "true or false");
        break;
    case CONFIG_DURATION:
        buf_append_text(out,
                        "a duration such as \"10m\" or \"1h30m\" (an integer is seconds) from ");
        config_print_duration((int64_t)key->min, out);
        buf_append_text(out, " to ");
        config_print_duration((int64_t)key->max, out);
        break;
    case CONFIG_SIZE:
        buf_append_text(out, "a size such as \"512MiB\" (an integer is bytes)");
        break;
    case CONFIG_TABLE:
        buf_append_text(out, "a table");
        break;
    case CONFIG_NAMES:
        buf_append_text(out, "a list of strings");
        break;
    case CONFIG_BINDINGS:
        buf_append_text(out, "a key such as \"x\", a list of keys, or \"none\"");
        break;
    case CONFIG_TYPE_COUNT:
        break;
    }
}

static struct json *refuse(const struct config_key *key, struct str found, struct error *err)
{
    struct buf allowed;
    buf_init(&allowed, 512);
    describe_allowed(key, &allowed);
    if (key->type == CONFIG_SECRET) {
        error_set(err, ERROR_PERMANENT, "bad_value", "must be %s", buf_text(&allowed));
    } else {
        int shown = found.len > 80 ? 80 : (int)found.len;
        error_set(err, ERROR_PERMANENT, "bad_value", "must be %s, not %.*s", buf_text(&allowed),
                  shown, found.ptr);
    }
    buf_done(&allowed);
    return NULL;
}

static bool are_strings(const struct json *array)
{
    for (const struct json *item = json_first(array); item != NULL; item = json_next(item)) {
        if (!json_is_string(item)) {
            return false;
        }
    }
    return json_is_array(array);
}

static struct json *checked_number(const struct config_key *key, double number)
{
    return number >= key->min && number <= key->max ? json_number(number) : NULL;
}

static struct json *checked_text(const struct config_key *key, const char *text)
{
    size_t len = strlen(text);
    int64_t quantity = 0;
    switch (key->type) {
    case CONFIG_TEXT:
    case CONFIG_SECRET:
        return (double)len >= key->min && (double)len <= key->max ? json_string(str_from(text))
                                                                  : NULL;
    case CONFIG_CHOICE:
        return str_is_one_of(str_from(text), key->choices) ? json_string(str_from(text)) : NULL;
    case CONFIG_DURATION:
        return config_parse_duration(str_from(text), &quantity)
                   ? checked_number(key, (double)quantity)
                   : NULL;
    case CONFIG_SIZE:
        return config_parse_size(str_from(text), &quantity) ? checked_number(key, (double)quantity)
                                                            : NULL;
    case CONFIG_INTEGER:
    case CONFIG_NUMBER:
    case CONFIG_BOOLEAN:
    case CONFIG_TABLE:
    case CONFIG_NAMES:
    case CONFIG_BINDINGS:
    case CONFIG_TYPE_COUNT:
        break;
    }
    return NULL;
}

static struct json *checked(const struct config_key *key, const struct json *json)
{
    const char *text = NULL;
    int64_t integer = 0;
    double number = 0;
    bool flag = false;
    if (json_as_text(json, &text)) {
        return checked_text(key, text);
    }
    switch (key->type) {
    case CONFIG_INTEGER:
    case CONFIG_SIZE:
        return json_as_int(json, &integer) ? checked_number(key, (double)integer) : NULL;
    case CONFIG_DURATION:
        return json_as_int(json, &integer) ? checked_number(key, (double)integer * 1000) : NULL;
    case CONFIG_NUMBER:
        return json_as_number(json, &number) ? checked_number(key, number) : NULL;
    case CONFIG_BOOLEAN:
        return json_as_bool(json, &flag) ? json_bool(flag) : NULL;
    case CONFIG_TABLE:
        return json_is_object(json) ? json_copy(json) : NULL;
    case CONFIG_NAMES:
        return are_strings(json) ? json_copy(json) : NULL;
    case CONFIG_TEXT:
    case CONFIG_SECRET:
    case CONFIG_CHOICE:
    case CONFIG_BINDINGS:
    case CONFIG_TYPE_COUNT:
        break;
    }
    return NULL;
}

struct json *config_value_from_json(const struct config_key *key, const struct json *json,
                                    struct error *err)
{
    if (key->type == CONFIG_BINDINGS) {
        return bindings_value(json, err);
    }
    struct json *value = checked(key, json);
    if (value == NULL) {
        struct buf found;
        buf_init(&found, VALUE_TEXT_LIMIT);
        config_print_toml(json, &found);
        refuse(key, buf_str(&found), err);
        buf_done(&found);
    }
    return value;
}

/* "x = <text>" as TOML. */
static struct json *parse_toml_value(struct str text)
{
    struct json *value = NULL;
    struct toml_document document = {NULL, NULL};
    struct buf line;
    buf_init(&line, VALUE_TEXT_LIMIT);
    int place = 0;
    struct error ignored;
    if (buf_append_text(&line, "x = ") && buf_append_str(&line, text) &&
        toml_parse(buf_str(&line), &document, &place, &ignored)) {
        value = json_copy(json_get(document.value, "x"));
        toml_document_done(&document);
    }
    buf_done(&line);
    return value;
}

/* A list is TOML; "[" alone is a key. */
static struct json *parse_bindings(struct str text)
{
    bool is_list = text.len > 1 && text.ptr[0] == '[' && text.ptr[text.len - 1] == ']';
    return is_list ? parse_toml_value(text) : json_string(text);
}

struct json *config_value_from_text(const struct config_key *key, struct str text,
                                    struct error *err)
{
    struct json *parsed = NULL;
    switch (key->type) {
    case CONFIG_TEXT:
    case CONFIG_SECRET:
    case CONFIG_CHOICE:
    case CONFIG_DURATION:
    case CONFIG_SIZE:
        parsed = json_string(text);
        break;
    case CONFIG_INTEGER:
    case CONFIG_NUMBER:
    case CONFIG_BOOLEAN:
    case CONFIG_TABLE:
    case CONFIG_NAMES:
        parsed = parse_toml_value(text);
        break;
    case CONFIG_BINDINGS:
        parsed = parse_bindings(text);
        break;
    case CONFIG_TYPE_COUNT:
        break;
    }
    if (parsed == NULL) {
        return refuse(key, text, err);
    }
    bool is_bindings = key->type == CONFIG_BINDINGS;
    struct json *value = is_bindings ? bindings_value(parsed, err) : checked(key, parsed);
    json_free(parsed);
    return value != NULL || is_bindings ? value : refuse(key, text, err);
}

static void print_string(const char *text, struct buf *out)
{
    buf_append_char(out, '"');
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            buf_append_char(out, '\\');
            buf_append_char(out, *c);
        } else if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            buf_printf(out, "\\u%04X", (unsigned char)*c);
        } else {
            buf_append_char(out, *c);
        }
    }
    buf_append_char(out, '"');
}

static bool is_bare_key(const char *name)
{
    return *name != '\0' && name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                              "0123456789_-")] == '\0';
}

static void print_container(const struct json *value, struct buf *out)
{
    bool is_object = json_is_object(value);
    buf_append_text(out, is_object ? "{" : "[");
    const struct json *first = json_first(value);
    for (const struct json *member = first; member != NULL; member = json_next(member)) {
        buf_append_text(out, member == first ? (is_object ? " " : "") : ", ");
        if (is_object && is_bare_key(json_name(member))) {
            buf_printf(out, "%s = ", json_name(member));
        } else if (is_object) {
            print_string(json_name(member), out);
            buf_append_text(out, " = ");
        }
        config_print_toml(member, out);
    }
    buf_append_text(out, is_object ? " }" : "]");
}

void config_print_toml(const struct json *value, struct buf *out)
{
    const char *text = NULL;
    if (json_as_text(value, &text)) {
        print_string(text, out);
    } else if (json_is_object(value) || json_is_array(value)) {
        print_container(value, out);
    } else {
        char *printed = json_print(value);
        buf_append_text(out, printed);
        free(printed);
    }
}

static void print_bindings(const struct json *value, struct buf *out)
{
    if (json_count(value) == 0) {
        buf_append_text(out, "\"none\"");
    } else {
        config_print_toml(json_count(value) == 1 ? json_first(value) : value, out);
    }
}

void config_value_print(const struct config_key *key, const struct json *value, struct buf *out)
{
    const char *text = "";
    int64_t quantity = 0;
    if (key->type == CONFIG_BINDINGS) {
        print_bindings(value, out);
    } else if (key->type == CONFIG_SECRET && json_as_text(value, &text) && *text != '\0') {
        buf_append_text(out, "\"***\"");
    } else if (key->type == CONFIG_DURATION && json_as_int(value, &quantity)) {
        buf_append_text(out, "\"");
        config_print_duration(quantity, out);
        buf_append_text(out, "\"");
    } else if (key->type == CONFIG_SIZE && json_as_int(value, &quantity)) {
        buf_append_text(out, "\"");
        config_print_size(quantity, out);
        buf_append_text(out, "\"");
    } else {
        config_print_toml(value, out);
    }
}
