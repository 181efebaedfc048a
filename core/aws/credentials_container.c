/* Credentials of the container we run in: ECS task roles, EKS Pod Identity. The address is in the
 * environment; plain http only to the machine itself and to the link-local addresses of AWS.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html */
#include "core/aws/credentials_internal.h"
#include "core/aws/credentials_json.h"
#include "core/aws/metadata_request.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 2000, ATTEMPTS = 3, TOKEN_LIMIT = 64 * 1024, REASON_LIMIT = 200 };
#define CONTAINER_BASE "http://169.254.170.2"

struct container {
    struct credentials_query *query;
    char *url;
    struct secret token;
    struct http_header header;
    struct metadata_request request;
};

static void container_free(struct container *container)
{
    metadata_request_done(&container->request);
    secret_done(&container->token);
    free(container->url);
    free(container);
}

/* scheme://host of the url: its path is not shown. */
static struct str origin_of(const char *url)
{
    size_t scheme = (size_t)(strstr(url, "://") - url) + 3;
    return (struct str){url, scheme + strcspn(url + scheme, "/?#")};
}

static bool is_loopback_number(struct str host)
{
    uint64_t part = 0;
    int count = 0;
    bool is_good = str_starts_with(host, STR("127."));
    while (is_good && host.len > 0) {
        is_good = str_to_u64(str_split(host, '.', &host), &part) && part <= 255;
        count++;
    }
    return is_good && count == 4;
}

static bool may_be_plain(const char *url)
{
    static const char *const hosts[] = {"localhost", "169.254.170.2", "169.254.170.23", "[::1]",
                                        "[fd00:ec2::23]"};
    struct str origin = origin_of(url), rest;
    struct str authority = {origin.ptr + strlen("http://"), origin.len - strlen("http://")};
    const char *bracket = memchr(authority.ptr, ']', authority.len);
    struct str host = bracket != NULL
                          ? (struct str){authority.ptr, (size_t)(bracket - authority.ptr) + 1}
                          : str_split(authority, ':', &rest);
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        if (str_eq_ignoring_case(host, str_from(hosts[i]))) {
            return true;
        }
    }
    return is_loopback_number(host);
}

/* Gives the URL; NULL after the query was answered. */
static char *find_url(struct credentials_query *query)
{
    const char *relative =
        aws_session_variable(query->session, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = aws_session_variable(query->session, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (relative != NULL && relative[0] == '/') {
        return xasprintf(CONTAINER_BASE "%s", relative);
    }
    if (relative != NULL) {
        credentials_refuse(query, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must begin with a slash");
    } else if (full == NULL) {
        credentials_not_there(query, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and ..._FULL_URI are "
                                     "not set");
    } else if (str_starts_with(str_from(full), STR("http://"))
                   ? !may_be_plain(full)
                   : !str_starts_with(str_from(full), STR("https://"))) {
        credentials_refuse(query, "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or http to "
                                  "this machine, 169.254.170.2, 169.254.170.23 or [fd00:ec2::23]");
    } else {
        return xstrdup(full);
    }
    return NULL;
}

/* The token is sent as it is; a line break would let it speak as another header. */
static bool read_token(struct container *container, struct error *err)
{
    const struct aws_session *session = container->query->session;
    const char *path = aws_session_variable(session, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *given = aws_session_variable(session, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    struct buf text;
    buf_init(&text, TOKEN_LIMIT);
    bool is_read = path == NULL || file_read(path, &text, err);
    struct str token = path == NULL ? str_from(given) : buf_str(&text);
    if (is_read &&
        (memchr(token.ptr, '\n', token.len) != NULL || memchr(token.ptr, '\r', token.len) != NULL ||
         memchr(token.ptr, '\0', token.len) != NULL)) {
        is_read = error_set(err, ERROR_PERMANENT, "", "%s holds a line break",
                            path != NULL ? path : "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    }
    if (is_read && token.len > 0) {
        secret_set(&container->token, token);
    }
    buf_wipe(&text);
    return is_read;
}

/* What the service says about a refusal, if it says so in JSON. */
static void append_reason(struct str body, struct buf *out)
{
    struct error ignored;
    struct json *json = json_parse(body, &ignored);
    const char *reason = json_text_or(json, "message", json_text_or(json, "Message", ""));
    struct str text = str_from(reason);
    if (text.len > 0) {
        buf_append_text(out, ": ");
        utf8_append_printable(
            out, (struct str){text.ptr, text.len < REASON_LIMIT ? text.len : REASON_LIMIT});
    }
    json_free_wiped(json);
}

static bool judge(struct container *container, struct error *err)
{
    const struct http_request *http = &container->request.http;
    struct credentials_query *query = container->query;
    if (http->status != 200) {
        struct buf text;
        buf_init(&text, ERROR_MESSAGE_SIZE);
        buf_printf(&text, "it answers with HTTP status %d", http->status);
        append_reason(buf_str(&http->response), &text);
        error_set(err, http->status >= 500 ? ERROR_TRANSIENT : ERROR_PERMANENT, "container_failed",
                  "%s", buf_text(&text));
        err->http_status = http->status;
        buf_done(&text);
        return false;
    }
    struct json *json = credentials_json_parse(buf_str(&http->response), err);
    bool is_read = json != NULL && credentials_json_read(json, &credentials_json_of_metadata,
                                                         &query->credentials, err);
    json_free_wiped(json);
    return is_read;
}

static void on_answer(struct op *op, const struct error *err)
{
    struct container *container = op->context;
    struct credentials_query *query = container->query;
    struct str origin = origin_of(container->url);
    struct error failure;
    bool is_good = err == NULL;
    if (!is_good) {
        failure = *err;
    } else {
        is_good = judge(container, &failure);
    }
    if (is_good) {
        snprintf(query->credentials.source, sizeof(query->credentials.source),
                 "container (" STR_FMT ")", STR_ARG(origin));
        credentials_give(query);
    } else {
        error_prefix(&failure, STR_FMT, STR_ARG(origin));
        credentials_fail(query, &failure);
    }
    container_free(container);
}

static void start(struct credentials_query *query)
{
    struct error err;
    char *url = find_url(query);
    if (url == NULL) {
        return;
    }
    struct container *container = xcalloc(1, sizeof(*container));
    container->query = query;
    container->url = url;
    query->handle = container;
    if (!read_token(container, &err)) {
        credentials_fail(query, &err);
        container_free(container);
        return;
    }
    container->header = (struct http_header){"Authorization", secret_reveal(&container->token)};
    container->request = (struct metadata_request){
        .op = {.done = on_answer, .context = container},
        .method = "GET",
        .url = container->url,
        .headers = &container->header,
        .header_count = secret_is_set(&container->token) ? 1 : 0,
        .timeout_ms = TIMEOUT_MS,
        .max_attempts = ATTEMPTS,
    };
    metadata_request_start(query->session, &container->request);
}

static void cancel(struct credentials_query *query)
{
    struct container *container = query->handle;
    metadata_request_cancel(&container->request);
}

const struct credentials_provider credentials_container = {
    .name = "container",
    .start = start,
    .cancel = cancel,
};
