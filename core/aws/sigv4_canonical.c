/* Paths, queries and headers in the one form that both ends sign. */
#include "core/aws/sigv4_canonical.h"

#include "core/base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum { FEW = 32 }; /* more query parameters than this take memory from the heap */

static bool is_unreserved(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool sigv4_encode(struct str text, bool keep_slash, struct buf *out)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t plain = 0; /* bytes before `i` that are not appended yet begin here */
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (is_unreserved(c) || (c == '/' && keep_slash)) {
            continue;
        }
        char triple[3] = {'%', digits[c >> 4], digits[c & 15]};
        if (!buf_append(out, text.ptr + plain, i - plain) || !buf_append(out, triple, 3)) {
            return false;
        }
        plain = i + 1;
    }
    return buf_append(out, text.ptr + plain, text.len - plain);
}

/* ---- path */

static size_t last_slash(const struct buf *out, size_t from)
{
    size_t end = out->len;
    while (end > from && out->ptr[end - 1] != '/') {
        end--;
    }
    return end > from ? end - 1 : from;
}

/* RFC 3986 section 5.2.4, and empty segments are dropped, too. */
static bool append_normalized(struct str path, struct buf *out)
{
    size_t start = out->len;
    bool has_final_slash = path.len > 0 && path.ptr[path.len - 1] == '/';
    while (path.len > 0) {
        struct str segment = str_split(path, '/', &path);
        if (segment.len == 0 || str_eq(segment, STR("."))) {
            continue;
        }
        if (str_eq(segment, STR(".."))) {
            out->len = last_slash(out, start);
        } else if (!buf_append_char(out, '/') || !sigv4_encode(segment, false, out)) {
            return false;
        }
    }
    return (!has_final_slash && out->len > start) || buf_append_char(out, '/');
}

bool sigv4_canonical_path(const struct sigv4_request *request, struct buf *out)
{
    struct str path = str_from(request->path);
    if (path.len == 0) {
        return buf_append_char(out, '/');
    }
    if (request->is_s3) {
        return buf_append_str(out, path);
    }
    return request->keep_path ? sigv4_encode(path, true, out) : append_normalized(path, out);
}

/* ---- query */

struct parameter {
    size_t name, name_len, value, value_len; /* in the text they are encoded into */
};

/* However it was encoded, it is now encoded as AWS does it. */
static bool recode(struct str text, struct buf *out)
{
    size_t plain = 0;
    for (size_t i = 0; i + 2 < text.len; i++) {
        int high = text.ptr[i] == '%' ? str_hex_digit(text.ptr[i + 1]) : -1;
        int low = high < 0 ? -1 : str_hex_digit(text.ptr[i + 2]);
        if (low < 0) {
            continue;
        }
        char c = (char)(high * 16 + low);
        if (!sigv4_encode((struct str){text.ptr + plain, i - plain}, false, out) ||
            !sigv4_encode((struct str){&c, 1}, false, out)) {
            return false;
        }
        i += 2;
        plain = i + 1;
    }
    return sigv4_encode((struct str){text.ptr + plain, text.len - plain}, false, out);
}

static bool take_parameter(struct str item, struct buf *text, struct parameter *out)
{
    struct str value;
    struct str name = str_split(item, '=', &value);
    out->name = text->len;
    if (!recode(name, text)) {
        return false;
    }
    out->name_len = text->len - out->name;
    out->value = text->len;
    bool is_taken = recode(value, text);
    out->value_len = text->len - out->value;
    return is_taken;
}

static int compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t shorter = a_len < b_len ? a_len : b_len;
    int order = shorter == 0 ? 0 : memcmp(a, b, shorter);
    return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

static int compare_parameters(const void *left, const void *right, void *context)
{
    const struct parameter *a = left, *b = right;
    const char *text = context;
    int order = compare_bytes(text + a->name, a->name_len, text + b->name, b->name_len);
    return order != 0 ? order
                      : compare_bytes(text + a->value, a->value_len, text + b->value, b->value_len);
}

static bool append_parameters(const struct parameter *all, size_t count, const char *text,
                              struct buf *out)
{
    bool is_added = true;
    for (size_t i = 0; i < count && is_added; i++) {
        is_added = (i == 0 || buf_append_char(out, '&')) &&
                   buf_append(out, text + all[i].name, all[i].name_len) &&
                   buf_append_char(out, '=') &&
                   buf_append(out, text + all[i].value, all[i].value_len);
    }
    return is_added;
}

bool sigv4_canonical_query(const char *query, struct buf *out)
{
    struct parameter few[FEW], *all = few;
    struct str rest = str_from(query);
    struct buf text;
    size_t most = 1, count = 0;
    bool is_good = true;
    for (size_t i = 0; i < rest.len; i++) {
        most += rest.ptr[i] == '&' ? 1U : 0U;
    }
    if (most > FEW) {
        all = xcalloc(most, sizeof(*all));
    }
    buf_init(&text, out->limit);
    while (rest.len > 0 && is_good) {
        struct str item = str_split(rest, '&', &rest);
        if (item.len > 0) {
            is_good = take_parameter(item, &text, &all[count++]);
        }
    }
    if (is_good && count > 0) {
        qsort_r(all, count, sizeof(*all), compare_parameters, text.ptr);
    }
    is_good = is_good && append_parameters(all, count, buf_text(&text), out);
    buf_done(&text);
    if (all != few) {
        free(all);
    }
    return is_good;
}

/* ---- headers */

/* What proxies and libraries rewrite on the way, and what is added after signing. */
static bool is_never_signed(const char *name)
{
    static const char *const never[] = {
        "accept",
        "accept-encoding",
        "authorization",
        "connection",
        "expect",
        "keep-alive",
        "content-length",
        "proxy-authorization",
        "proxy-authenticate",
        "proxy-connection",
        "te",
        "trailer",
        "upgrade",
        "transfer-encoding",
        "user-agent",
        "x-amzn-trace-id",
        "amz-sdk-request",
        "amz-sdk-invocation-id",
    };
    struct str wanted = str_from(name);
    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
        if (lower(never[i][0]) == lower(name[0]) &&
            str_eq_ignoring_case(wanted, str_from(never[i]))) {
            return true;
        }
    }
    return false;
}

static int compare_names(const char *a, const char *b)
{
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return (int)lower(*a) - (int)lower(*b);
}

/* By name; what has the same name stays in the order it is sent. */
static bool sort_headers(const struct sigv4_request *request,
                         const struct sigv4_header *out[SIGV4_HEADERS_MAX], size_t *out_count)
{
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++) {
        const struct sigv4_header *header = &request->headers[i];
        if (is_never_signed(header->name)) {
            continue;
        }
        if (count == SIGV4_HEADERS_MAX) {
            return false;
        }
        size_t at = count++;
        for (; at > 0 && compare_names(out[at - 1]->name, header->name) > 0; at--) {
            out[at] = out[at - 1];
        }
        out[at] = header;
    }
    *out_count = count;
    return true;
}

static bool append_lower(const char *name, struct buf *out)
{
    size_t length = strlen(name);
    if (!buf_reserve(out, length)) {
        return false;
    }
    char *to = out->ptr + out->len;
    for (size_t i = 0; i < length; i++) {
        to[i] = (char)lower(name[i]);
    }
    to[length] = '\0';
    out->len += length;
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Trimmed, each run of white space one blank, inside quotes, too. */
static bool append_folded(const char *value, struct buf *out)
{
    size_t length = strlen(value);
    if (!buf_reserve(out, length)) {
        return false;
    }
    char *start = out->ptr + out->len, *to = start;
    bool is_blank_due = false;
    for (size_t i = 0; i < length; i++) {
        if (is_blank(value[i])) {
            is_blank_due = to > start;
            continue;
        }
        if (is_blank_due) {
            *to++ = ' ';
            is_blank_due = false;
        }
        *to++ = value[i];
    }
    *to = '\0';
    out->len += (size_t)(to - start);
    return true;
}

bool sigv4_canonical_headers(const struct sigv4_request *request, struct buf *out_text,
                             struct buf *out_names)
{
    const struct sigv4_header *sorted[SIGV4_HEADERS_MAX];
    size_t count = 0;
    bool is_added = sort_headers(request, sorted, &count);
    for (size_t i = 0; i < count && is_added; i++) {
        bool is_again = i > 0 && compare_names(sorted[i - 1]->name, sorted[i]->name) == 0;
        bool has_more = i + 1 < count && compare_names(sorted[i + 1]->name, sorted[i]->name) == 0;
        if (!is_again) {
            is_added = (i == 0 || buf_append_char(out_names, ';')) &&
                       append_lower(sorted[i]->name, out_names);
        }
        if (out_text == NULL) {
            continue;
        }
        is_added = is_added && (is_again || append_lower(sorted[i]->name, out_text)) &&
                   buf_append_char(out_text, is_again ? ',' : ':') &&
                   append_folded(sorted[i]->value, out_text) &&
                   (has_more || buf_append_char(out_text, '\n'));
    }
    return is_added;
}

/* ---- all of it */

bool sigv4_canonical_request(const struct sigv4_request *request, struct buf *out_text,
                             struct buf *out_signed_headers)
{
    size_t names = out_signed_headers->len;
    return buf_append_text(out_text, request->method) && buf_append_char(out_text, '\n') &&
           sigv4_canonical_path(request, out_text) && buf_append_char(out_text, '\n') &&
           sigv4_canonical_query(request->query, out_text) && buf_append_char(out_text, '\n') &&
           sigv4_canonical_headers(request, out_text, out_signed_headers) &&
           buf_append_char(out_text, '\n') &&
           buf_append(out_text, out_signed_headers->ptr + names, out_signed_headers->len - names) &&
           buf_append_char(out_text, '\n') && buf_append_text(out_text, request->payload_hash);
}
