/* A request in the words of libcurl: the options of its handle. */
#include "core/net/http_easy.h"

#include "core/base/alloc.h"
#include "core/net/http_header.h"

#include <stdlib.h>
#include <string.h>

enum { KEEPALIVE_S = 60 }; /* a long Invoke is silent; routers forget silent connections */

static bool is_loopback_host(const char *host)
{
    return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == strlen(host));
}

/* By libcurl's own parser, so that we judge the host it will ask. */
static bool check_url(const struct http_request *req, bool *out_is_loopback, struct error *err)
{
    CURLU *url = curl_url();
    char *scheme = NULL, *host = NULL;
    bool is_parsed = curl_url_set(url, CURLUPART_URL, req->url,
                                  CURLU_DISALLOW_USER | CURLU_PATH_AS_IS) == CURLUE_OK &&
                     curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                     curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK;
    bool is_https = is_parsed && strcmp(scheme, "https") == 0;
    bool is_http = is_parsed && strcmp(scheme, "http") == 0;
    bool is_loopback = is_parsed && is_loopback_host(host);
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(url);
    *out_is_loopback = is_loopback;
    if (!is_https && !is_http) {
        return error_set(err, ERROR_PERMANENT, "bad_url",
                         "only https and http URLs without user and password are understood");
    }
    return is_https || is_loopback || req->allow_plain ||
           error_set(err, ERROR_PERMANENT, "bad_url",
                     "plain http is only for loopback addresses: use https");
}

static bool add_header(const struct http_header *header, struct curl_slist **list)
{
    if (!http_header_is_sendable(header->name, header->value)) {
        return false;
    }
    /* libcurl takes "Name:" for "do not send it" and "Name;" for an empty value. */
    char *line = header->value[0] == '\0' ? xasprintf("%s;", header->name)
                                          : xasprintf("%s: %s", header->name, header->value);
    *list = curl_slist_append(*list, line);
    free(line);
    return true;
}

static bool set_headers(CURL *easy, const struct http_request *req, struct curl_slist **list,
                        struct error *err)
{
    bool has_type = false;
    for (size_t i = 0; i < req->header_count; i++) {
        struct str name = str_from(req->headers[i].name);
        has_type = has_type || str_eq_ignoring_case(name, STR("content-type"));
        if (!add_header(&req->headers[i], list)) {
            return error_set(err, ERROR_PERMANENT, "bad_header",
                             "a header has a name or value that cannot be sent (line breaks or "
                             "other control bytes)");
        }
    }
    *list = curl_slist_append(*list, "Expect:");
    if (!has_type) {
        *list = curl_slist_append(*list, "Content-Type:");
    }
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, *list);
    return true;
}

static bool is_one_of(const char *method, const char *const *methods, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(method, methods[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void set_method(CURL *easy, const struct http_request *req)
{
    static const char *const with_body[] = {"POST", "PUT", "PATCH"};
    static const char *const safe[] = {"GET", "HEAD"};
    if (strcmp(req->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (req->body.len > 0 || is_one_of(req->method, with_body, 3)) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, req->body.len > 0 ? req->body.ptr : "");
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body.len);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, req->method);
    /* On a connection of its own a request is never sent a second time by libcurl. */
    bool is_repeatable = req->is_idempotent || is_one_of(req->method, safe, 2);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, is_repeatable ? 0L : 1L);
}

static void set_connection(CURL *easy, const struct http_request *req, bool is_loopback)
{
    int64_t connect_ms = req->connect_timeout_ms;
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https,http");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(connect_ms > 0 ? connect_ms : HTTP_CONNECT_TIMEOUT_MS));
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* a cancel does not wait for a slow resolver */
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_S);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_S);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (req->without_proxy || is_loopback) {
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    }
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

bool http_easy_set(CURL *easy, const struct http_request *req, struct curl_slist **headers,
                   struct error *err)
{
    bool is_loopback = false;
    if (!check_url(req, &is_loopback, err) || !set_headers(easy, req, headers, err)) {
        return false;
    }
    curl_easy_setopt(easy, CURLOPT_URL, req->url);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    set_method(easy, req);
    set_connection(easy, req, is_loopback);
    return true;
}
