/* Finding keys in the text of a TOML document, and replacing their values. */
#include "core/app/config_edit.h"

#include "core/app/config_value.h"
#include "core/base/toml.h"

#include <string.h>

enum { PART_MAX = 8, PART_SIZE = 64, EDIT_LIMIT = 8 << 20, VALUE_LIMIT = 1 << 16 };

/* "section.name", each part without its quotes; too many or too long parts make it incomparable. */
struct key_path {
    char parts[PART_MAX][PART_SIZE];
    size_t count;
    bool is_whole;
};

/* Walks the statements of a text that is known to be TOML. */
struct walk {
    struct str text;
    size_t at;
    struct key_path table; /* of the latest header */
    bool is_array;         /* [[table]] */
};

struct statement {
    bool is_header;
    struct key_path path; /* of the table, or of the key from the root */
    size_t value, value_end;
    size_t end; /* behind the line end */
    bool is_in_root;
};

static char peek(const struct walk *walk)
{
    return walk->at < walk->text.len ? walk->text.ptr[walk->at] : '\0';
}

static bool has_more(const struct walk *walk)
{
    return walk->at < walk->text.len;
}

static void skip_blanks(struct walk *walk)
{
    while (has_more(walk) && (peek(walk) == ' ' || peek(walk) == '\t')) {
        walk->at++;
    }
}

static void skip_line(struct walk *walk)
{
    while (has_more(walk) && peek(walk) != '\n') {
        walk->at++;
    }
    walk->at += has_more(walk) ? 1 : 0;
}

/* Line ends and comments between statements, or between the items of an array. */
static void skip_space(struct walk *walk)
{
    while (has_more(walk)) {
        char c = peek(walk);
        if (c == '#') {
            skip_line(walk);
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            walk->at++;
        } else {
            break;
        }
    }
}

static bool starts_triple(const struct walk *walk, char quote)
{
    const char *here = walk->text.ptr + walk->at;
    return walk->text.len - walk->at >= 3 && here[0] == quote && here[1] == quote &&
           here[2] == quote;
}

static void skip_string(struct walk *walk)
{
    char quote = peek(walk);
    bool is_long = starts_triple(walk, quote);
    walk->at += is_long ? 3 : 1;
    while (has_more(walk)) {
        if (peek(walk) == '\\' && quote == '"') {
            walk->at += 2;
        } else if (peek(walk) != quote) {
            walk->at++;
        } else if (!is_long || starts_triple(walk, quote)) {
            walk->at += is_long ? 3 : 1;
            break;
        } else {
            walk->at++;
        }
    }
    for (int extra = 0; is_long && extra < 2 && peek(walk) == quote; extra++) {
        walk->at++; /* """"" ends with quotes of its own */
    }
    walk->at = walk->at > walk->text.len ? walk->text.len : walk->at;
}

static void skip_value(struct walk *walk)
{
    size_t depth = 0;
    while (has_more(walk)) {
        char c = peek(walk);
        if (c == '"' || c == '\'') {
            skip_string(walk);
        } else if (c == '[' || c == '{') {
            depth++;
            walk->at++;
        } else if (depth > 0 && (c == ']' || c == '}')) {
            depth--;
            walk->at++;
        } else if (depth > 0 && (c == '#' || c == '\n')) {
            skip_space(walk);
        } else if (c == '#' || c == '\n') {
            break;
        } else {
            walk->at++;
        }
    }
}

/* A key of a header or of a statement, up to the ']' or '=' behind it. */
static void read_key(struct walk *walk, struct key_path *path)
{
    for (;;) {
        char *part = path->count < PART_MAX ? path->parts[path->count] : NULL;
        skip_blanks(walk);
        char quote = peek(walk) == '"' || peek(walk) == '\'' ? peek(walk) : '\0';
        size_t start = walk->at;
        if (quote != '\0') {
            skip_string(walk);
        } else {
            while (has_more(walk) && strchr(" \t.=]\r\n", peek(walk)) == NULL) {
                walk->at++;
            }
        }
        size_t len = walk->at - start - (quote != '\0' ? 2 : 0);
        const char *from = walk->text.ptr + start + (quote != '\0' ? 1 : 0);
        bool is_plain = part != NULL && len < PART_SIZE && memchr(from, '\\', len) == NULL;
        path->is_whole = path->is_whole && is_plain;
        if (is_plain) {
            memcpy(part, from, len);
            part[len] = '\0';
            path->count++;
        }
        skip_blanks(walk);
        if (peek(walk) != '.') {
            return;
        }
        walk->at++;
    }
}

static void read_header(struct walk *walk, struct statement *out)
{
    walk->at++;
    walk->is_array = peek(walk) == '[';
    walk->at += walk->is_array ? 1 : 0;
    walk->table = (struct key_path){.is_whole = true};
    read_key(walk, &walk->table);
    skip_line(walk);
    *out = (struct statement){.is_header = true, .path = walk->table, .end = walk->at};
    out->path.is_whole = out->path.is_whole && !walk->is_array;
}

static bool next_statement(struct walk *walk, struct statement *out)
{
    skip_space(walk);
    if (!has_more(walk)) {
        return false;
    }
    if (peek(walk) == '[') {
        read_header(walk, out);
        return true;
    }
    *out = (struct statement){.path = walk->table, .is_in_root = walk->table.count == 0};
    out->path.is_whole = out->path.is_whole && !walk->is_array;
    read_key(walk, &out->path);
    walk->at += has_more(walk) ? 1 : 0; /* '=' */
    skip_blanks(walk);
    out->value = walk->at;
    skip_value(walk);
    out->value_end = walk->at;
    while (out->value_end > out->value && strchr(" \t\r", walk->text.ptr[out->value_end - 1])) {
        out->value_end--;
    }
    skip_line(walk);
    out->end = walk->at;
    return true;
}

static struct walk walk_of(struct str text)
{
    struct walk walk = {.text = text, .table = {.is_whole = true}};
    walk.at = str_starts_with(text, STR("\xef\xbb\xbf")) ? 3 : 0;
    return walk;
}

/* ---- one change */
static bool is_in_section(const struct key_path *path, const char *section)
{
    return path->is_whole && path->count >= 1 && strcmp(path->parts[0], section) == 0;
}

/* Where a key is, or where it may be added. */
struct spot {
    bool is_found;
    size_t value, value_end; /* found */
    size_t end;              /* else: the place of a new line; 0: there is no such section */
    bool is_dotted;          /* the section is written as section.key at the root */
};

static struct spot find_spot(struct str text, const struct config_key *key)
{
    struct walk walk = walk_of(text);
    struct statement statement;
    struct spot spot = {.is_found = false};
    while (!spot.is_found && next_statement(&walk, &statement)) {
        const struct key_path *path = &statement.path;
        bool is_header = statement.is_header && path->count == 1;
        bool is_key = !statement.is_header && path->count == 2;
        if (!is_in_section(path, key->section) || (!is_header && !is_key)) {
            continue;
        }
        spot.end = statement.end;
        spot.is_dotted = is_key && statement.is_in_root;
        if (is_key && strcmp(path->parts[1], key->name) == 0) {
            spot = (struct spot){true, statement.value, statement.value_end, 0, false};
        }
    }
    return spot;
}

static void append_line_end(struct str text, struct buf *out)
{
    buf_append_text(out, str_contains(text, STR("\r\n")) ? "\r\n" : "\n");
}

static void change_one(struct str text, const struct config_change *change, struct buf *out)
{
    const struct config_key *key = config_key(change->id);
    struct spot spot = find_spot(text, key);
    struct buf value;
    buf_init(&value, VALUE_LIMIT);
    config_value_print(key, change->value, &value);
    size_t cut = spot.is_found ? spot.value : spot.end > 0 ? spot.end : text.len;
    buf_append(out, text.ptr, cut);
    if (spot.is_found) {
        buf_append_str(out, buf_str(&value));
        cut = spot.value_end;
    } else {
        if (cut > 0 && text.ptr[cut - 1] != '\n') {
            append_line_end(text, out);
        }
        if (spot.end == 0) {
            if (cut > 0) {
                append_line_end(text, out);
            }
            buf_printf(out, "[%s]", key->section);
            append_line_end(text, out);
        }
        buf_printf(out, "%s%s%s = ", spot.is_dotted ? key->section : "", spot.is_dotted ? "." : "",
                   key->name);
        buf_append_str(out, buf_str(&value));
        append_line_end(text, out);
    }
    buf_append(out, text.ptr + cut, text.len - cut);
    buf_done(&value);
}

/* ---- the proof */
static bool parse(struct str text, struct json **out_value, struct error *err)
{
    struct toml_document document;
    int line = 0;
    if (!toml_parse(text, &document, &line, err)) {
        return false;
    }
    *out_value = json_copy(document.value);
    toml_document_done(&document);
    return true;
}

/* The old document with the changed keys as they must be. */
static bool expect(struct json *document, const struct config_change *change, struct error *err)
{
    const struct config_key *key = config_key(change->id);
    struct json *value = NULL;
    struct buf text;
    buf_init(&text, VALUE_LIMIT);
    buf_append_text(&text, "value = ");
    config_value_print(key, change->value, &text);
    bool is_good = parse(buf_str(&text), &value, err);
    buf_done(&text);
    if (!is_good) {
        return false;
    }
    if (!json_is_object(json_get(document, key->section))) {
        json_set(document, key->section, json_object());
    }
    json_set(json_get_mutable(document, key->section), key->name,
             json_copy(json_get(value, "value")));
    json_free(value);
    return true;
}

static bool prove(struct str before, struct str after, const struct config_change *changes,
                  size_t count, struct error *err)
{
    struct json *expected = NULL, *found = NULL;
    struct error ignored;
    if (!parse(before, &expected, err)) {
        return false;
    }
    bool is_good = true;
    for (size_t i = 0; is_good && i < count; i++) {
        is_good = expect(expected, &changes[i], err);
    }
    if (is_good && (!parse(after, &found, &ignored) || !json_equal(expected, found))) {
        is_good = error_set(err, ERROR_PERMANENT, "bad_edit",
                            "the file is written in a way that cannot be changed key by key (is "
                            "[%s] an inline table?): please edit it by hand",
                            config_key(changes[0].id)->section);
    }
    json_free(expected);
    json_free(found);
    return is_good;
}

bool config_edit_text(struct str text, const struct config_change *changes, size_t count,
                      struct buf *out, struct error *err)
{
    struct buf now, next;
    struct json *document = NULL;
    if (!parse(text, &document, err)) { /* the walk trusts that it is TOML */
        return false;
    }
    json_free(document);
    buf_init(&now, EDIT_LIMIT);
    buf_append_str(&now, text);
    for (size_t i = 0; i < count; i++) {
        buf_init(&next, EDIT_LIMIT);
        change_one(buf_str(&now), &changes[i], &next);
        buf_done(&now);
        now = next;
    }
    bool is_good = prove(text, buf_str(&now), changes, count, err);
    if (is_good) {
        buf_append_str(out, buf_str(&now));
    }
    buf_done(&now);
    return is_good;
}
