/* Lines for the trace of a session. */
#include "core/aws/call_trace.h"

#include "core/base/utf8.h"

#include <string.h>

/* Values of headers and query parameters whose names have one of these words in them. */
static bool is_secret(struct str name)
{
    static const char *const words[] = {"token",      "authorization", "signature",
                                        "credential", "cookie",        "customer-key",
                                        "secret",     "password",      "sso_bearer"};
    char lower[64];
    size_t len = name.len < sizeof(lower) - 1 ? name.len : sizeof(lower) - 1;
    for (size_t i = 0; i < len; i++) {
        char c = name.ptr[i];
        lower[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    lower[len] = '\0';
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strstr(lower, words[i]) != NULL) {
            return true;
        }
    }
    return name.len >= sizeof(lower); /* nobody knows */
}

static void put_pair(struct buf *out, char before, struct str name, struct str value)
{
    buf_append_char(out, before);
    utf8_append_printable(out, name);
    buf_append_char(out, '=');
    if (value.len > 0 && is_secret(name)) {
        buf_append_text(out, "***");
    } else {
        utf8_append_printable(out, value);
    }
}

static void put_url(struct buf *out, const char *url)
{
    struct str query;
    struct str base = str_split(str_from(url), '?', &query);
    char before = '?';
    utf8_append_printable(out, base);
    while (query.len > 0) {
        struct str value;
        struct str name = str_split(str_split(query, '&', &query), '=', &value);
        put_pair(out, before, name, value);
        before = '&';
    }
}

void call_trace_request(const char *who, const struct http_request *req, struct buf *out)
{
    buf_printf(out, "%s > %s ", who, req->method);
    put_url(out, req->url);
    buf_printf(out, " body=%zu", req->body.len);
    for (size_t i = 0; i < req->header_count; i++) {
        put_pair(out, ' ', str_from(req->headers[i].name), str_from(req->headers[i].value));
    }
}

void call_trace_answer(const char *who, const struct http_request *req, int64_t took_ms,
                       const struct error *err, struct buf *out)
{
    struct str headers = buf_str(&req->headers_in);
    buf_printf(out, "%s < %d body=%zu ms=%lld", who, req->status, req->response.len,
               (long long)took_ms);
    while (headers.len > 0) {
        struct str value;
        struct str name = str_split(str_split(headers, '\n', &headers), ':', &value);
        put_pair(out, ' ', name, str_trim(value));
    }
    if (err != NULL) {
        buf_printf(out, " failed=%s: %s", err->code, err->message);
    }
}
