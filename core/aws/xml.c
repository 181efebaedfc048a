/* One pass over the document with the path of the open element and the text of each level. */
#include "core/aws/xml.h"

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/utf8.h"

#include <stdlib.h>
#include <string.h>

struct level {
    size_t path_len; /* of the parent */
    size_t text_from;
};

struct reader {
    struct str rest;
    const char *start;
    struct buf path, text;
    struct level levels[XML_DEPTH_MAX];
    size_t depth;
    bool has_root;
    xml_element_fn element;
    void *context;
};

static bool fail(const struct reader *reader, struct error *err, const char *what)
{
    return error_set(err, ERROR_PERMANENT, "bad_xml", "XML, byte %zu: %s",
                     (size_t)(reader->rest.ptr - reader->start), what);
}

static void skip(struct reader *reader, size_t count)
{
    reader->rest.ptr += count;
    reader->rest.len -= count;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Behind the next `mark`; false when there is none. */
static bool skip_past(struct reader *reader, struct str mark)
{
    const char *found = memmem(reader->rest.ptr, reader->rest.len, mark.ptr, mark.len);
    if (found == NULL) {
        return false;
    }
    skip(reader, (size_t)(found - reader->rest.ptr) + mark.len);
    return true;
}

/* ---- text */

static bool append_number(struct buf *text, struct str digits)
{
    uint32_t value = 0;
    int base = 10;
    if (digits.len > 1 && (digits.ptr[0] == 'x' || digits.ptr[0] == 'X')) {
        base = 16;
        digits = (struct str){digits.ptr + 1, digits.len - 1};
    }
    for (size_t i = 0; i < digits.len; i++) {
        int digit = str_hex_digit(digits.ptr[i]);
        if (digit < 0 || digit >= base || value > 0x10ffff) {
            return false;
        }
        value = value * (uint32_t)base + (uint32_t)digit;
    }
    bool is_character =
        digits.len > 0 && value > 0 && value <= 0x10ffff && !(value >= 0xd800 && value <= 0xdfff);
    return is_character && utf8_append(text, value);
}

static bool append_entity(struct buf *text, struct str name)
{
    static const struct {
        const char *name;
        char value;
    } entities[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    if (name.len > 1 && name.ptr[0] == '#') {
        return append_number(text, (struct str){name.ptr + 1, name.len - 1});
    }
    for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
        if (str_eq(name, str_from(entities[i].name))) {
            return buf_append_char(text, entities[i].value);
        }
    }
    return false;
}

static bool read_text(struct reader *reader, struct error *err)
{
    while (reader->rest.len > 0 && reader->rest.ptr[0] != '<') {
        char c = reader->rest.ptr[0];
        if (reader->depth == 0 && !is_blank(c)) {
            return fail(reader, err, "text outside the root element");
        }
        if (c == '&') {
            enum { ENTITY_MAX = 10 };
            size_t most = reader->rest.len < ENTITY_MAX ? reader->rest.len : ENTITY_MAX;
            const char *end = memchr(reader->rest.ptr, ';', most);
            size_t len = end == NULL ? 0 : (size_t)(end - reader->rest.ptr);
            if (len < 2 ||
                !append_entity(&reader->text, (struct str){reader->rest.ptr + 1, len - 1})) {
                return fail(reader, err, "an entity that is not one of XML's own");
            }
            skip(reader, len + 1);
        } else {
            if (reader->depth > 0 && !buf_append_char(&reader->text, c)) {
                return fail(reader, err, "too much text");
            }
            skip(reader, 1);
        }
    }
    return true;
}

static bool read_cdata(struct reader *reader, struct error *err)
{
    skip(reader, strlen("<![CDATA["));
    struct str whole = reader->rest;
    if (reader->depth == 0 || !skip_past(reader, STR("]]>"))) {
        return fail(reader, err, "a CDATA section without end or outside the root element");
    }
    struct str inside = {whole.ptr, (size_t)(reader->rest.ptr - whole.ptr) - strlen("]]>")};
    return buf_append_str(&reader->text, inside) || fail(reader, err, "too much text");
}

/* ---- elements */

/* "ns:name" -> "name" */
static struct str local_name(struct str name)
{
    const char *colon = memrchr(name.ptr, ':', name.len);
    size_t prefix = colon == NULL ? 0 : (size_t)(colon - name.ptr) + 1;
    return (struct str){name.ptr + prefix, name.len - prefix};
}

static struct str take_name(struct reader *reader)
{
    size_t len = 0;
    while (len < reader->rest.len && !is_blank(reader->rest.ptr[len]) &&
           strchr("<>/=\"'&", reader->rest.ptr[len]) == NULL) {
        len++;
    }
    struct str name = {reader->rest.ptr, len};
    skip(reader, len);
    return local_name(name);
}

static bool open_level(struct reader *reader, struct str name, struct error *err)
{
    if (reader->depth == XML_DEPTH_MAX) {
        return fail(reader, err, "elements are nested too deeply");
    }
    if (reader->depth == 0 && reader->has_root) {
        return fail(reader, err, "a second root element");
    }
    reader->has_root = true;
    reader->levels[reader->depth++] = (struct level){reader->path.len, reader->text.len};
    bool fits = (reader->path.len == 0 || buf_append_char(&reader->path, '/')) &&
                buf_append_str(&reader->path, name);
    return fits || fail(reader, err, "names are too long");
}

static bool close_level(struct reader *reader, struct error *err)
{
    struct level level = reader->levels[--reader->depth];
    struct str text = {"", reader->text.len - level.text_from};
    if (text.len > 0) {
        text.ptr = reader->text.ptr + level.text_from;
    }
    if (!reader->element(reader->context, buf_text(&reader->path), text, err)) {
        return false;
    }
    reader->text.len = level.text_from;
    reader->path.len = level.path_len;
    if (reader->path.ptr != NULL) {
        reader->path.ptr[reader->path.len] = '\0';
    }
    return true;
}

/* Attributes: nothing of AWS's is in them. Quoted values may hold '>'. */
static bool skip_attributes(struct reader *reader, bool *out_is_empty, struct error *err)
{
    char last = '\0';
    while (reader->rest.len > 0 && reader->rest.ptr[0] != '>') {
        char c = reader->rest.ptr[0];
        skip(reader, 1);
        if (c == '<' || ((c == '"' || c == '\'') && !skip_past(reader, (struct str){&c, 1}))) {
            break;
        }
        last = c;
    }
    if (reader->rest.len == 0 || reader->rest.ptr[0] != '>') {
        return fail(reader, err, "a tag without end");
    }
    skip(reader, 1);
    *out_is_empty = last == '/';
    return true;
}

static bool read_start(struct reader *reader, struct error *err)
{
    bool is_empty = false;
    skip(reader, 1);
    struct str name = take_name(reader);
    if (name.len == 0) {
        return fail(reader, err, "a tag without name");
    }
    return open_level(reader, name, err) && skip_attributes(reader, &is_empty, err) &&
           (!is_empty || close_level(reader, err));
}

static bool read_end(struct reader *reader, struct error *err)
{
    skip(reader, 2);
    struct str name = take_name(reader);
    struct str path = buf_str(&reader->path);
    bool is_empty;
    if (reader->depth == 0) {
        return fail(reader, err, "an end without a beginning");
    }
    size_t from = reader->levels[reader->depth - 1].path_len;
    from += from > 0; /* the slash */
    struct str open = {path.ptr + from, path.len - from};
    if (!str_eq(open, name)) {
        return fail(reader, err, "the end of another element");
    }
    return skip_attributes(reader, &is_empty, err) && close_level(reader, err);
}

static bool read_markup(struct reader *reader, struct error *err)
{
    struct str rest = reader->rest;
    if (str_starts_with(rest, STR("<!--"))) {
        return skip_past(reader, STR("-->")) || fail(reader, err, "a comment without end");
    }
    if (str_starts_with(rest, STR("<![CDATA["))) {
        return read_cdata(reader, err);
    }
    if (str_starts_with(rest, STR("<?"))) {
        return skip_past(reader, STR("?>")) || fail(reader, err, "an instruction without end");
    }
    if (str_starts_with(rest, STR("<!"))) {
        return fail(reader, err, "a document type, which is refused");
    }
    return str_starts_with(rest, STR("</")) ? read_end(reader, err) : read_start(reader, err);
}

static void skip_byte_order_mark(struct reader *reader)
{
    if (str_starts_with(reader->rest, STR("\xef\xbb\xbf"))) {
        skip(reader, 3);
    }
}

static bool read_all(struct reader *reader, struct error *err)
{
    skip_byte_order_mark(reader);
    while (reader->rest.len > 0) {
        if (!read_text(reader, err) || (reader->rest.len > 0 && !read_markup(reader, err))) {
            return false;
        }
    }
    return (reader->has_root && reader->depth == 0) ||
           fail(reader, err, reader->has_root ? "the end is missing" : "no element");
}

bool xml_read(struct str document, xml_element_fn element, void *context, struct error *err)
{
    struct reader reader = {
        .rest = document, .start = document.ptr, .element = element, .context = context};
    buf_init(&reader.path, XML_PATH_SIZE);
    buf_init(&reader.text, XML_TEXT_MAX);
    bool is_read = read_all(&reader, err);
    buf_done(&reader.path);
    buf_done(&reader.text);
    return is_read;
}

/* ---- finding */

struct search {
    const char *path;
    char *found;
};

static bool take_first(void *context, const char *path, struct str text, struct error *err)
{
    struct search *search = context;
    if (strcmp(path, search->path) != 0) {
        return true;
    }
    search->found = xmemdup0(text.ptr, text.len);
    return error_set(err, ERROR_PERMANENT, "found", "found");
}

char *xml_find(struct str document, const char *path)
{
    struct search search = {.path = path};
    struct error ignored;
    xml_read(document, take_first, &search, &ignored);
    return search.found;
}

struct str xml_root(struct str document)
{
    struct reader reader = {.rest = document, .start = document.ptr};
    struct error ignored;
    skip_byte_order_mark(&reader);
    for (;;) {
        while (reader.rest.len > 0 && is_blank(reader.rest.ptr[0])) {
            skip(&reader, 1);
        }
        struct str rest = reader.rest;
        if (!str_starts_with(rest, STR("<?")) && !str_starts_with(rest, STR("<!--"))) {
            break;
        }
        if (!read_markup(&reader, &ignored)) {
            return (struct str){"", 0};
        }
    }
    if (reader.rest.len < 2 || reader.rest.ptr[0] != '<') {
        return (struct str){"", 0};
    }
    skip(&reader, 1);
    return take_name(&reader);
}
