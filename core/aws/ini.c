/* Line by line over one copy of the text, which is cut in place. */
#include "core/aws/ini.h"

#include "core/base/alloc.h"

#include <stdlib.h>
#include <string.h>

struct parsing {
    struct ini *ini;
    int line;
    bool has_parent; /* the latest key that is not nested has no value */
    size_t parent, parent_indent;
    struct error *err;
};

static bool refuse(const struct parsing *parsing, const char *what)
{
    return error_set(parsing->err, ERROR_PERMANENT, "bad_aws_config", "%s:%d: %s",
                     parsing->ini->path, parsing->line, what);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Up to a comment: # or ; after white space. */
static struct str without_comment(struct str text)
{
    for (size_t i = 1; i < text.len; i++) {
        if ((text.ptr[i] == '#' || text.ptr[i] == ';') && is_blank(text.ptr[i - 1])) {
            return (struct str){text.ptr, i};
        }
    }
    return text;
}

/* The view as a string of its own, ended where a separator, a blank or the end of the line was. */
static const char *cut(const struct parsing *parsing, struct str view)
{
    char *text = parsing->ini->text.ptr;
    size_t begin = (size_t)(view.ptr - text);
    text[begin + view.len] = '\0';
    return text + begin;
}

static void *grow(void *items, size_t *capacity, size_t size)
{
    *capacity = *capacity == 0 ? 32 : *capacity * 2;
    return xreallocarray(items, *capacity, size);
}

static bool add_section(struct parsing *parsing, struct str line)
{
    struct ini *ini = parsing->ini;
    const char *end = memchr(line.ptr, ']', line.len);
    if (end == NULL) {
        return refuse(parsing, "a section needs a closing bracket: [profile NAME]");
    }
    struct str name = str_trim((struct str){line.ptr + 1, (size_t)(end - line.ptr) - 1});
    struct str rest = str_trim((struct str){end + 1, line.len - (size_t)(end - line.ptr) - 1});
    if (name.len == 0) {
        return refuse(parsing, "a section needs a name: [profile NAME]");
    }
    if (rest.len > 0 && rest.ptr[0] != '#' && rest.ptr[0] != ';') {
        return refuse(parsing, "nothing but a comment may follow the closing bracket");
    }
    if (ini->section_count == ini->section_capacity) {
        ini->sections = grow(ini->sections, &ini->section_capacity, sizeof(*ini->sections));
    }
    ini->sections[ini->section_count++] =
        (struct ini_section){.name = cut(parsing, name), .line = parsing->line};
    parsing->has_parent = false;
    return true;
}

static bool add_entry(struct parsing *parsing, struct str line, size_t indent)
{
    struct ini *ini = parsing->ini;
    struct str value, key = str_trim(str_split(line, '=', &value));
    bool is_nested = parsing->has_parent && indent > parsing->parent_indent;
    if (memchr(line.ptr, '=', line.len) == NULL) {
        return refuse(parsing, "expected [section], key = value, or a comment");
    }
    if (key.len == 0) {
        return refuse(parsing, "there is no key before the equals sign");
    }
    if (ini->section_count == 0) {
        return refuse(parsing, "a key must stand in a section, such as [default]");
    }
    if (ini->entry_count == ini->entry_capacity) {
        ini->entries = grow(ini->entries, &ini->entry_capacity, sizeof(*ini->entries));
    }
    /* The blank in front of a comment is what makes it one: trimmed only afterwards. */
    value = str_trim(without_comment(value));
    struct ini_entry entry = {.section = ini->section_count - 1, .line = parsing->line};
    entry.value = value.len == 0 ? "" : cut(parsing, value);
    entry.key = is_nested ? ini->entries[parsing->parent].key : cut(parsing, key);
    entry.subkey = is_nested ? cut(parsing, key) : NULL;
    if (!is_nested) {
        parsing->has_parent = value.len == 0;
        parsing->parent = ini->entry_count;
        parsing->parent_indent = indent;
    }
    ini->entries[ini->entry_count++] = entry;
    return true;
}

static bool take_line(struct parsing *parsing, struct str line)
{
    size_t indent = 0;
    while (indent < line.len && is_blank(line.ptr[indent])) {
        indent++;
    }
    struct str content = str_trim(line);
    if (content.len == 0 || content.ptr[0] == '#' || content.ptr[0] == ';') {
        return true;
    }
    return content.ptr[0] == '[' ? add_section(parsing, content)
                                 : add_entry(parsing, content, indent);
}

static bool take_lines(struct parsing *parsing, struct str rest)
{
    if (str_starts_with(rest, STR("\xef\xbb\xbf"))) {
        rest.ptr += 3;
        rest.len -= 3;
    }
    while (rest.len > 0) {
        parsing->line++;
        struct str line = str_split(rest, '\n', &rest);
        if (memchr(line.ptr, '\0', line.len) != NULL) {
            return refuse(parsing, "a NUL byte is in the line: this is no text file");
        }
        if (!take_line(parsing, line)) {
            return false;
        }
    }
    return true;
}

struct ini *ini_parse(struct str text, const char *path, struct error *err)
{
    struct ini *ini = xcalloc(1, sizeof(*ini));
    struct parsing parsing = {.ini = ini, .err = err};
    ini->path = xstrdup(path);
    secret_set(&ini->text, text);
    if (!take_lines(&parsing, (struct str){ini->text.ptr, ini->text.len})) {
        ini_free(ini);
        return NULL;
    }
    return ini;
}

void ini_free(struct ini *ini)
{
    if (ini != NULL) {
        secret_done(&ini->text);
        free(ini->sections);
        free(ini->entries);
        free(ini->path);
        free(ini);
    }
}
