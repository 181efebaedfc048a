/* Where a call goes and what is signed. */
#include "core/aws/call_request.h"

#include "core/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { URL_MAX = 64 * 1024, AUTHORIZATION_MAX = 16 * 1024 };

/* ---- host and path */

struct place {
    struct str scheme;    /* "https" */
    struct str authority; /* "host[:port]" of the endpoint */
    struct str prefix;    /* path of the endpoint, "" or "/base" */
    bool is_virtual_host;
};

static bool find_place(const struct aws_endpoint *endpoint, struct place *out, struct error *err)
{
    struct str url = str_from(endpoint->url);
    const char *mark = strstr(endpoint->url, "://");
    if (mark == NULL) {
        return error_set(err, ERROR_PERMANENT, "bad_aws_config", "the endpoint %s is no URL",
                         endpoint->url);
    }
    out->scheme = (struct str){url.ptr, (size_t)(mark - url.ptr)};
    struct str rest = str_from(mark + 3);
    const char *slash = memchr(rest.ptr, '/', rest.len);
    size_t length = slash == NULL ? rest.len : (size_t)(slash - rest.ptr);
    out->authority = (struct str){rest.ptr, length};
    out->prefix = (struct str){rest.ptr + length, rest.len - length};
    return true;
}

/* Exactly the bytes that are signed: lower case, without the port that is usual. */
static bool set_host(const struct place *place, const char *bucket, char out[CALL_HOST_SIZE])
{
    struct str usual = str_eq(place->scheme, STR("https")) ? STR(":443") : STR(":80");
    struct str authority = place->authority;
    if (str_ends_with(authority, usual)) {
        authority.len -= usual.len;
    }
    bool has_label = place->is_virtual_host;
    int length = snprintf(out, CALL_HOST_SIZE, "%s%s" STR_FMT, has_label ? bucket : "",
                          has_label ? "." : "", STR_ARG(authority));
    for (char *c = out; *c != '\0'; c++) {
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    }
    return length > 0 && length < CALL_HOST_SIZE;
}

static bool append_path(const struct place *place, const struct aws_call *call, struct buf *out)
{
    size_t start = out->len;
    bool is_added = buf_append_str(out, place->prefix);
    if (call->bucket != NULL && !place->is_virtual_host) {
        is_added = is_added && buf_append_char(out, '/') && buf_append_text(out, call->bucket);
    }
    is_added = is_added && buf_append_text(out, call->path == NULL ? "/" : call->path);
    return is_added && (out->len > start || buf_append_char(out, '/'));
}

/* ---- headers */

static void add_header(struct call_request *request, const char *name, const char *value)
{
    request->headers[request->header_count++] = (struct http_header){name, value};
}

static bool sign(const struct call_try *attempt, const char *path, struct call_request *request,
                 struct error *err)
{
    const struct aws_call *call = attempt->call;
    struct sigv4_header signed_headers[SIGV4_HEADERS_MAX];
    struct sigv4_request to_sign = {
        .method = call->method,
        .path = path,
        .query = call->query,
        .headers = signed_headers,
        .header_count = request->header_count,
        .payload_hash = attempt->body_sha256,
        .region = request->region,
        .service = aws_service_signing_name(call->service),
        .is_s3 = call->service == AWS_S3,
    };
    memcpy(to_sign.date, request->date, sizeof(to_sign.date));
    for (size_t i = 0; i < request->header_count && i < SIGV4_HEADERS_MAX; i++) {
        signed_headers[i] =
            (struct sigv4_header){request->headers[i].name, request->headers[i].value};
    }
    if (request->header_count > SIGV4_HEADERS_MAX ||
        !sigv4_authorization(attempt->key, &to_sign, attempt->credentials,
                             &request->authorization)) {
        return error_set(err, ERROR_PERMANENT, "request_too_large",
                         "there are more or longer headers than can be signed");
    }
    add_header(request, "Authorization", buf_text(&request->authorization));
    return true;
}

static bool set_headers(const struct call_try *attempt, const char *path,
                        struct call_request *request, struct error *err)
{
    const struct aws_call *call = attempt->call;
    request->headers = xcalloc(call->header_count + CALL_OWN_HEADERS, sizeof(*request->headers));
    add_header(request, "Host", request->host);
    for (size_t i = 0; i < call->header_count; i++) {
        request->headers[request->header_count++] = call->headers[i];
    }
    if (attempt->credentials != NULL) {
        const struct secret *token = &attempt->credentials->session_token;
        sigv4_date(attempt->wall_ms, request->date);
        add_header(request, "X-Amz-Date", request->date);
        add_header(request, "X-Amz-Content-Sha256", attempt->body_sha256);
        if (secret_is_set(token)) {
            secret_set(&request->token, (struct str){secret_reveal(token), token->len});
            add_header(request, "X-Amz-Security-Token", secret_reveal(&request->token));
        }
        if (!sign(attempt, path, request, err)) {
            return false;
        }
    }
    snprintf(request->sdk_request, sizeof(request->sdk_request), "attempt=%d; max=%d",
             attempt->attempt, attempt->max_attempts);
    add_header(request, "amz-sdk-invocation-id", attempt->invocation_id);
    add_header(request, "amz-sdk-request", request->sdk_request);
    const char *trace_id = aws_session_trace_id(attempt->session);
    if (*trace_id != '\0') {
        add_header(request, "X-Amzn-Trace-Id", trace_id); /* proxies may change it: not signed */
    }
    return true;
}

/* ---- all of it */

static char *make_url(const struct place *place, const char *host, const char *path,
                      const char *query)
{
    bool has_query = query != NULL && query[0] != '\0';
    return xasprintf(STR_FMT "://%s%s%s%s", STR_ARG(place->scheme), host, path,
                     has_query ? "?" : "", has_query ? query : "");
}

bool call_request_make(const struct call_try *attempt, struct call_request *out_request,
                       struct error *err)
{
    const struct aws_call *call = attempt->call;
    struct aws_endpoint endpoint;
    struct place place = {0};
    struct buf path;
    *out_request = (struct call_request){0};
    buf_init(&out_request->authorization, AUTHORIZATION_MAX);
    if (!aws_session_endpoint(attempt->session, call->service, attempt->region, &endpoint, err) ||
        !find_place(&endpoint, &place, err)) {
        return false;
    }
    place.is_virtual_host = call->bucket != NULL && aws_session_uses_virtual_host(
                                                        attempt->session, &endpoint, call->bucket);
    snprintf(out_request->region, sizeof(out_request->region), "%s", endpoint.signing_region);
    buf_init(&path, URL_MAX);
    bool is_made =
        set_host(&place, call->bucket, out_request->host) && append_path(&place, call, &path);
    if (!is_made) {
        error_set(err, ERROR_PERMANENT, "request_too_large", "the host name or path is too long");
    } else {
        is_made = set_headers(attempt, buf_text(&path), out_request, err);
        out_request->url = make_url(&place, out_request->host, buf_text(&path), call->query);
    }
    buf_done(&path);
    return is_made;
}

void call_request_done(struct call_request *request)
{
    free(request->url);
    buf_done(&request->authorization);
    secret_done(&request->token);
    free(request->headers);
    *request = (struct call_request){0};
}
