/* Tries with pauses between them. */
#include "core/aws/metadata_request.h"

#include "core/base/backoff.h"
#include "core/loop/timer.h"

enum { RESPONSE_LIMIT = 64 * 1024, PAUSE_FIRST_MS = 300, PAUSE_MOST_MS = 2000 };

static void finish(struct metadata_request *req, const struct error *err)
{
    timer_free(req->pause);
    req->pause = NULL;
    op_finish(&req->op, err);
}

static void finish_cancelled(struct metadata_request *req)
{
    struct error err;
    error_set(&err, ERROR_CANCELLED, "cancelled", "the question was cancelled");
    finish(req, &err);
}

static void release(struct metadata_request *req)
{
    buf_wipe(&req->http.response);
    http_request_done(&req->http);
}

static void on_answer(struct op *op, const struct error *err)
{
    struct metadata_request *req = op->context;
    bool may_pass = err != NULL ? err->error_class == ERROR_TRANSIENT
                                : req->http.status >= 500 || req->http.status == 429;
    if (req->is_cancelled) {
        finish_cancelled(req);
    } else if (may_pass && req->attempts < req->max_attempts) {
        struct backoff backoff = {PAUSE_FIRST_MS, PAUSE_MOST_MS};
        timer_arm(req->pause, backoff_delay_ms(backoff, req->attempts, UINT64_MAX));
    } else if (err != NULL) {
        struct error failure;
        error_set(&failure, err->error_class, err->code, "it does not answer (%s)", err->code);
        finish(req, &failure);
    } else {
        finish(req, NULL);
    }
}

static void try_once(void *context)
{
    struct metadata_request *req = context;
    release(req);
    req->attempts++;
    req->http = (struct http_request){
        .op = {.done = on_answer, .context = req},
        .method = req->method,
        .url = req->url,
        .headers = req->headers,
        .header_count = req->header_count,
        .response_limit_bytes = RESPONSE_LIMIT,
        .connect_timeout_ms = req->timeout_ms,
        .total_timeout_ms = req->timeout_ms,
        .allow_plain = true,
        .without_proxy = true,
        .is_idempotent = true,
    };
    http_request_start(aws_session_http(req->session), &req->http);
}

void metadata_request_start(struct aws_session *session, struct metadata_request *req)
{
    op_begin(&req->op, aws_session_loop(session));
    req->session = session;
    req->attempts = 0;
    req->is_cancelled = false;
    req->http = (struct http_request){.method = NULL};
    req->pause = timer_new(aws_session_loop(session), try_once, req);
    try_once(req);
}

void metadata_request_cancel(struct metadata_request *req)
{
    if (req->pause == NULL || req->is_cancelled) {
        return; /* its done is on the way */
    }
    req->is_cancelled = true;
    if (timer_is_armed(req->pause)) {
        finish_cancelled(req);
    } else {
        http_request_cancel(&req->http);
    }
}

void metadata_request_done(struct metadata_request *req)
{
    release(req);
}
