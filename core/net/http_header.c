/* Headers of an answer, line by line. */
#include "core/net/http_header.h"

#include "core/base/utf8.h"

#include <string.h>

static bool is_token_char(char c)
{
    bool is_alphanumeric =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return is_alphanumeric || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!is_token_char(name.ptr[i])) {
            return false;
        }
    }
    return name.len > 0;
}

static bool append_lower(struct buf *out, struct str name)
{
    bool is_added = true;
    for (size_t i = 0; i < name.len && is_added; i++) {
        char c = name.ptr[i];
        is_added = buf_append_char(out, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
    }
    return is_added;
}

static bool unfold(struct buf *headers, struct str more)
{
    if (headers->len == 0 || more.len == 0) {
        return true;
    }
    headers->len--; /* over the newline */
    return buf_append_char(headers, ' ') && utf8_append_printable(headers, more) &&
           buf_append_char(headers, '\n');
}

bool http_header_take_line(struct buf *headers, struct str line)
{
    if (str_starts_with(line, STR("HTTP/"))) {
        buf_reset(headers);
        return true;
    }
    if (line.len > 0 && (line.ptr[0] == ' ' || line.ptr[0] == '\t')) {
        return unfold(headers, str_trim(line));
    }
    struct str value;
    struct str name = str_split(line, ':', &value);
    if (name.len == line.len || !is_token(name)) {
        return true;
    }
    return append_lower(headers, name) && buf_append_text(headers, ": ") &&
           utf8_append_printable(headers, str_trim(value)) && buf_append_char(headers, '\n');
}

struct str http_header_find(struct str headers, const char *name)
{
    struct str wanted = str_from(name);
    while (headers.len > 0) {
        struct str line = str_split(headers, '\n', &headers);
        bool is_it = str_starts_with(line, wanted) && line.len >= wanted.len + 2 &&
                     line.ptr[wanted.len] == ':';
        if (is_it) {
            return (struct str){line.ptr + wanted.len + 2, line.len - wanted.len - 2};
        }
    }
    return STR("");
}

bool http_header_is_sendable(const char *name, const char *value)
{
    for (const char *c = value; *c != '\0'; c++) {
        if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f) {
            return false;
        }
    }
    return is_token(str_from(name));
}
