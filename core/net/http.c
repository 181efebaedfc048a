/* Requests: begun, watched for stalls, and their end told. What is asked is put into words of
 * libcurl by http_easy.c; how libcurl gets its turns is the matter of http_multi.c. */
#include "core/net/http.h"

#include "core/base/alloc.h"
#include "core/base/clock.h"
#include "core/loop/timer.h"
#include "core/net/http_easy.h"
#include "core/net/http_error.h"
#include "core/net/http_header.h"
#include "core/net/http_multi.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    DEFAULT_CONNECTIONS = 32,
    RECEIVE_SIZE = 256 * 1024,
    SEND_SIZE = 256 * 1024,
    STALL_SAMPLES = 4,
};

struct http {
    struct loop *loop;
    struct http_multi *multi;
    char *ca_file;
    bool is_ca_folder;
    char *user_agent;
    size_t active_count;
};

struct transfer {
    struct http *http;
    struct http_request *req;
    CURL *easy;
    struct curl_slist *headers;
    struct timer *watchdog;
    int64_t started_ms, progress_ms; /* monotonic: of the start, of the last progress */
    curl_off_t bytes_seen;           /* then */
    bool is_too_large;
    char detail[CURL_ERROR_SIZE];
};

/* ---- the client */

char *http_find_ca_file(const char *root)
{
    /* Debian; Fedora and Amazon Linux; SUSE; Alpine */
    static const char *const usual[] = {
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    };
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        char *path = xasprintf("%s%s", root, usual[i]);
        if (access(path, R_OK) == 0) {
            return path;
        }
        free(path);
    }
    return xasprintf("%s%s", root,
                     usual[0]); /* https then fails with the name of the file that is missing */
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static void transfer_over(void *context, CURLcode code);

struct http *http_new(struct loop *loop, const struct http_settings *settings)
{
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT); /* counted, and safe in any thread */
    assert(code == CURLE_OK);
    (void)code;
    struct http *http = xcalloc(1, sizeof(*http));
    int connections = settings->max_connections;
    http->loop = loop;
    http->multi =
        http_multi_new(loop, connections > 0 ? connections : DEFAULT_CONNECTIONS, transfer_over);
    http->ca_file = settings->ca_file != NULL ? xstrdup(settings->ca_file) : http_find_ca_file("");
    http->is_ca_folder = is_folder(http->ca_file);
    http->user_agent = settings->user_agent == NULL ? NULL : xstrdup(settings->user_agent);
    return http;
}

void http_free(struct http *http)
{
    if (http != NULL) {
        assert(http->active_count == 0);
        http_multi_free(http->multi);
        free(http->ca_file);
        free(http->user_agent);
        free(http);
        curl_global_cleanup();
    }
}

/* ---- the end of a request */

static int64_t now_ms(void)
{
    struct clock *clock = clock_system();
    return clock->monotonic_ms(clock);
}

static bool has_left(const struct transfer *transfer)
{
    long request_bytes = 0;
    curl_off_t body_bytes = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
    curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_UPLOAD_T, &body_bytes);
    return request_bytes > 0 && body_bytes >= (curl_off_t)transfer->req->body.len;
}

static void transfer_free(struct transfer *transfer)
{
    transfer->http->active_count--;
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    timer_free(transfer->watchdog);
    free(transfer);
}

/* The handle is out of the multi. */
static void finish(struct transfer *transfer, struct error *err)
{
    struct http_request *req = transfer->req;
    char target[HTTP_TARGET_SIZE];
    long status = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    req->status = status >= 200 ? (int)status : 0;
    req->has_sent_request = req->status != 0 || has_left(transfer);
    transfer_free(transfer);
    req->handle = NULL;
    if (err != NULL) {
        http_error_target(req->method, req->url, target);
        error_prefix(err, "%s", target);
    }
    op_finish(&req->op, err);
}

static void transfer_over(void *context, CURLcode code)
{
    struct transfer *transfer = context;
    struct error err;
    if (code == CURLE_OK) {
        finish(transfer, NULL);
        return;
    }
    if (transfer->is_too_large) {
        error_set(&err, ERROR_PERMANENT, "response_too_large",
                  "the answer is larger than is allowed here");
    } else {
        http_error_of_curl(&err, code, transfer->detail);
    }
    finish(transfer, &err);
}

static void give_up(struct transfer *transfer, enum error_class error_class, const char *code,
                    const char *text)
{
    struct error err;
    error_set(&err, error_class, code, "%s", text);
    http_multi_remove(transfer->http->multi, transfer->easy);
    finish(transfer, &err);
}

/* ---- watching it */

/* What has to move before it counts as progress. */
static curl_off_t least_progress(const struct http_request *req)
{
    return req->stall_timeout_ms * req->low_speed / 1000;
}

/* libcurl's own limits are in whole seconds and forget transfers that wait for a connection. */
static void look_for_progress(struct transfer *transfer, int64_t now)
{
    curl_off_t sent = 0, received = 0, ready_us = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_DOWNLOAD_T, &received);
    curl_easy_getinfo(transfer->easy, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
    curl_off_t bytes = sent + received + (curl_off_t)transfer->req->headers_in.len;
    curl_off_t moved = bytes - transfer->bytes_seen; /* below 0: libcurl has begun again */
    bool is_enough = moved < 0 || (moved > 0 && moved >= least_progress(transfer->req));
    if (is_enough || ready_us == 0) { /* before: the connect time-out's */
        transfer->bytes_seen = bytes;
        transfer->progress_ms = now;
    }
}

static void arm_watchdog(struct transfer *transfer, int64_t now)
{
    const struct http_request *req = transfer->req;
    int64_t wait_ms = INT64_MAX;
    if (req->stall_timeout_ms > 0) {
        wait_ms = req->stall_timeout_ms / STALL_SAMPLES + 1;
    }
    if (req->total_timeout_ms > 0) {
        int64_t left_ms = transfer->started_ms + req->total_timeout_ms - now;
        wait_ms = left_ms < wait_ms ? left_ms : wait_ms;
    }
    if (wait_ms != INT64_MAX) {
        timer_arm(transfer->watchdog, wait_ms);
    }
}

static void on_watchdog(void *context)
{
    struct transfer *transfer = context;
    const struct http_request *req = transfer->req;
    int64_t now = now_ms();
    look_for_progress(transfer, now);
    if (req->total_timeout_ms > 0 && now - transfer->started_ms >= req->total_timeout_ms) {
        give_up(transfer, ERROR_TRANSIENT, "timeout", "no whole answer within the time allowed");
    } else if (req->stall_timeout_ms > 0 && now - transfer->progress_ms >= req->stall_timeout_ms) {
        give_up(transfer, ERROR_TRANSIENT, "stalled", "the connection went silent, or nearly so");
    } else {
        arm_watchdog(transfer, now);
    }
}

static size_t take_header(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    if (!http_header_take_line(&transfer->req->headers_in, (struct str){bytes, size * count})) {
        transfer->is_too_large = true;
        return 0;
    }
    return size * count;
}

/* One allocation for a body whose length is announced. */
static void make_room(struct transfer *transfer)
{
    struct buf *body = &transfer->req->response;
    curl_off_t announced = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    if (announced > 0 && (uint64_t)announced <= body->limit) {
        buf_reserve(body, (size_t)announced);
    }
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    struct buf *body = &transfer->req->response;
    if (body->len == 0) {
        make_room(transfer);
    }
    if (!buf_append(body, bytes, size * count)) {
        transfer->is_too_large = true;
        return 0;
    }
    return size * count;
}

/* ---- the beginning of a request */

static void set_exchange(struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    const struct http *http = transfer->http;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->detail);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, http->user_agent);
    /* the one or the other alone says who is trusted */
    curl_easy_setopt(easy, CURLOPT_CAINFO, http->is_ca_folder ? NULL : http->ca_file);
    curl_easy_setopt(easy, CURLOPT_CAPATH, http->is_ca_folder ? http->ca_file : NULL);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_SIZE);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)SEND_SIZE);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
}

static struct transfer *transfer_new(struct http *http, struct http_request *req)
{
    struct transfer *transfer = xcalloc(1, sizeof(*transfer));
    transfer->http = http;
    transfer->req = req;
    transfer->easy = curl_easy_init();
    assert(transfer->easy != NULL);
    transfer->watchdog = timer_new(http->loop, on_watchdog, transfer);
    http->active_count++;
    return transfer;
}

void http_request_start(struct http *http, struct http_request *req)
{
    struct error err;
    op_begin(&req->op, http->loop);
    req->status = 0;
    req->has_sent_request = false;
    buf_init(&req->headers_in, HTTP_HEADERS_MAX);
    req->response = req->memory;
    req->response.limit = req->response_limit_bytes;
    buf_reset(&req->response);
    req->memory = (struct buf){.ptr = NULL};
    struct transfer *transfer = transfer_new(http, req);
    req->handle = transfer;
    if (!http_easy_set(transfer->easy, req, &transfer->headers, &err)) {
        finish(transfer, &err);
        return;
    }
    set_exchange(transfer);
    transfer->started_ms = now_ms();
    transfer->progress_ms = transfer->started_ms;
    arm_watchdog(transfer, transfer->started_ms);
    http_multi_add(http->multi, transfer->easy);
}

void http_request_cancel(struct http_request *req)
{
    if (req->op.is_active && req->handle != NULL) {
        give_up(req->handle, ERROR_CANCELLED, "cancelled", "cancelled");
    }
}

void http_request_done(struct http_request *req)
{
    buf_done(&req->headers_in);
    buf_done(&req->response);
}

struct str http_response_header(const struct http_request *req, const char *name)
{
    return http_header_find(buf_str(&req->headers_in), name);
}
