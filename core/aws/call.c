/* The life of a call: credentials, one exchange, a verdict, and perhaps a pause and another try.
 * How a request is built and signed is the matter of call_request.c; what a refusal means, of
 * call_error.c; how long to wait, of call_retry.c. */
#include "core/aws/call.h"

#include "core/aws/call_error.h"
#include "core/aws/call_internal.h"
#include "core/aws/call_request.h"
#include "core/aws/call_state.h"
#include "core/aws/call_trace.h"
#include "core/aws/xml.h"
#include "core/base/alloc.h"
#include "core/base/digest.h"
#include "core/loop/timer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RESPONSE_DEFAULT = 16 << 20,
    CLOCK_TOLERANCE_MS = 240 * 1000, /* a smaller difference is not the reason of a refusal */
    CLOCK_EXCHANGE_MS = 900 * 1000,  /* what took longer says nothing about the clock */
    INVOCATION_ID_SIZE = 37,
};

enum phase { PHASE_PAUSE, PHASE_IDENTITY, PHASE_EXCHANGE, PHASE_OVER, PHASE_COUNT };

struct caller {
    struct aws_session *session;
    struct aws_call_state *state;
    struct aws_call *call;
    call_read_fn read_success;
    enum phase phase;
    struct timer *pause, *deadline;
    struct aws_credentials_get identity;
    struct call_request request;
    struct http_request http; /* of the last try; its results are the call's */
    char body_sha256[DIGEST_HEX_SIZE];
    char invocation_id[INVOCATION_ID_SIZE];
    char region[AWS_REGION_SIZE]; /* "": the session's */
    int max_attempts, failures;
    int last_cost; /* retry tokens of the latest retry */
    int64_t sent_ms;
    bool must_renew, has_renewed, has_redirected, has_corrected_clock;
    bool is_ending; /* cancelled or out of time: what is active ends with this */
    struct error ending;
};

/* ---- phases */

static void set_phase(struct caller *caller, enum phase phase)
{
    static const unsigned legal[PHASE_COUNT] = {
        [PHASE_PAUSE] = 1U << PHASE_IDENTITY | 1U << PHASE_EXCHANGE | 1U << PHASE_OVER,
        [PHASE_IDENTITY] = 1U << PHASE_EXCHANGE | 1U << PHASE_OVER,
        [PHASE_EXCHANGE] = 1U << PHASE_PAUSE | 1U << PHASE_OVER,
    };
    assert((legal[caller->phase] & 1U << phase) != 0);
    caller->phase = phase;
}

static const char *region_of(const struct caller *caller)
{
    return caller->region[0] != '\0' ? caller->region : NULL;
}

/* "Operation: what (host, region, 3 tries)" */
static void tell_where(const struct caller *caller, struct error *err)
{
    const struct aws_call *call = caller->call;
    struct error told = *err;
    char where[CALL_HOST_SIZE + AWS_REGION_SIZE + 32] = "";
    if (caller->request.host[0] != '\0') {
        snprintf(where, sizeof(where), " (%s, %s, %d %s)", caller->request.host,
                 caller->request.region, call->attempts, call->attempts == 1 ? "try" : "tries");
    }
    error_set(err, told.error_class, told.code, "%s: %.600s%s", call->operation, told.message,
              where);
    err->os_errno = told.os_errno;
    err->http_status = told.http_status;
    memcpy(err->request_id, told.request_id, sizeof(err->request_id));
}

static void finish(struct caller *caller, struct error *err)
{
    struct aws_call *call = caller->call;
    if (err != NULL) {
        tell_where(caller, err);
    }
    set_phase(caller, PHASE_OVER);
    timer_free(caller->pause);
    timer_free(caller->deadline);
    call_request_done(&caller->request);
    op_finish(&call->op, err);
}

/* Ends what is active, at once or when it says so. */
static void end(struct caller *caller, const struct error *err)
{
    if (caller->is_ending || caller->phase == PHASE_OVER) {
        return;
    }
    caller->is_ending = true;
    caller->ending = *err;
    switch (caller->phase) {
    case PHASE_PAUSE:
        finish(caller, &caller->ending);
        break;
    case PHASE_IDENTITY:
        aws_credentials_get_cancel(&caller->identity);
        break;
    case PHASE_EXCHANGE:
        http_request_cancel(&caller->http);
        break;
    case PHASE_OVER:
    case PHASE_COUNT:
        break;
    }
}

static void on_deadline(void *context)
{
    struct caller *caller = context;
    struct error err;
    error_set(&err, ERROR_TRANSIENT, "timeout", "not done within %lld ms",
              (long long)caller->call->total_timeout_ms);
    end(caller, &err);
}

/* ---- one try */

static void trace(struct caller *caller, bool is_answer, const struct error *err)
{
    struct buf line;
    char who[128];
    struct clock *clock = aws_session_clock(caller->session);
    snprintf(who, sizeof(who), "%s %s", aws_service_id(caller->call->service),
             caller->call->operation);
    buf_init(&line, CALL_TRACE_MAX);
    if (is_answer) {
        int64_t took_ms = clock->monotonic_ms(clock) - caller->sent_ms;
        call_trace_answer(who, &caller->http, took_ms, err, &line);
    } else {
        call_trace_request(who, &caller->http, &line);
    }
    aws_session_trace(caller->session, buf_str(&line));
    buf_done(&line);
}

static int64_t corrected_wall_ms(const struct caller *caller)
{
    struct clock *clock = aws_session_clock(caller->session);
    return clock->wall_ms(clock) + caller->state->clock_offset_ms;
}

static bool is_repeatable(const struct aws_call *call)
{
    return call->is_idempotent || strcmp(call->method, "GET") == 0 ||
           strcmp(call->method, "HEAD") == 0;
}

static bool make_request(struct caller *caller, const struct aws_credentials *credentials,
                         struct error *err)
{
    const struct aws_call *call = caller->call;
    struct call_try attempt = {
        .session = caller->session,
        .call = call,
        .credentials = credentials,
        .key = &caller->state->keys[call->service],
        .region = region_of(caller),
        .body_sha256 = call->body_sha256 != NULL ? call->body_sha256 : caller->body_sha256,
        .invocation_id = caller->invocation_id,
        .attempt = call->attempts + 1,
        .max_attempts = caller->max_attempts,
        .wall_ms = corrected_wall_ms(caller),
    };
    call_request_done(&caller->request);
    return call_request_make(&attempt, &caller->request, err);
}

static void on_answer(struct op *op, const struct error *err);

static void send_request(struct caller *caller, const struct aws_credentials *credentials)
{
    struct aws_call *call = caller->call;
    struct clock *clock = aws_session_clock(caller->session);
    struct error err;
    set_phase(caller, PHASE_EXCHANGE);
    if (!make_request(caller, credentials, &err)) {
        finish(caller, &err);
        return;
    }
    http_request_done(&caller->http);
    caller->http = (struct http_request){
        .op = {.done = on_answer, .context = caller},
        .method = call->method,
        .url = caller->request.url,
        .headers = caller->request.headers,
        .header_count = caller->request.header_count,
        .body = call->body,
        .response_limit_bytes =
            call->response_limit_bytes > 0 ? call->response_limit_bytes : RESPONSE_DEFAULT,
        .stall_timeout_ms = call->stall_timeout_ms > 0 ? call->stall_timeout_ms : AWS_CALL_STALL_MS,
        .is_idempotent = call->is_idempotent,
    };
    call->attempts++;
    caller->sent_ms = clock->monotonic_ms(clock);
    trace(caller, false, NULL);
    http_request_start(aws_session_http(caller->session), &caller->http);
}

static void on_identity(struct op *op, const struct error *err)
{
    struct caller *caller = op->context;
    struct error copy;
    if (caller->is_ending) {
        finish(caller, &caller->ending);
    } else if (err != NULL) {
        copy = *err;
        finish(caller, &copy);
    } else {
        send_request(caller, &caller->identity.credentials);
    }
    aws_credentials_done(&caller->identity.credentials);
}

static void begin_try(void *context)
{
    struct caller *caller = context;
    const struct aws_call *call = caller->call;
    bool is_signed = !call->is_unsigned && aws_service_signing_name(call->service)[0] != '\0';
    if (!is_signed || call->credentials != NULL) {
        send_request(caller, is_signed ? call->credentials : NULL);
        return;
    }
    set_phase(caller, PHASE_IDENTITY);
    caller->identity = (struct aws_credentials_get){
        .op = {.done = on_identity, .context = caller},
        .must_renew = caller->must_renew,
    };
    caller->must_renew = false;
    aws_credentials_get_start(caller->session, &caller->identity);
}

static double monotonic_s(const struct caller *caller)
{
    struct clock *clock = aws_session_clock(caller->session);
    return (double)clock->monotonic_ms(clock) / 1000;
}

/* In phase PAUSE: after the delay, and when the rate limiter lets us. */
static void try_after(struct caller *caller, int64_t delay_ms)
{
    if (aws_session_retry_mode(caller->session) == AWS_RETRY_ADAPTIVE) {
        delay_ms +=
            rate_acquire_ms(&caller->state->limiter, monotonic_s(caller) + (double)delay_ms / 1000);
    }
    if (delay_ms > 0) {
        timer_arm(caller->pause, delay_ms);
    } else {
        begin_try(caller);
    }
}

/* ---- the verdict */

static void try_again_now(struct caller *caller)
{
    set_phase(caller, PHASE_PAUSE);
    try_after(caller, 0);
}

static void fail_or_retry(struct caller *caller, struct error *err, bool may_retry, int cost)
{
    caller->failures++;
    if (!may_retry || caller->failures >= caller->max_attempts ||
        !retry_take(&caller->state->retries, cost)) {
        finish(caller, err);
        return;
    }
    struct clock *clock = aws_session_clock(caller->session);
    double unit = random_unit(aws_session_random(caller->session));
    int64_t delay_ms = retry_delay_ms(caller->failures, unit, caller->state->retry_unit_ms);
    caller->last_cost = cost;
    set_phase(caller, PHASE_PAUSE);
    try_after(caller, retry_delay_asked_ms(buf_str(&caller->http.headers_in), clock->wall_ms(clock),
                                           delay_ms));
}

static void judge_loss(struct caller *caller, const struct error *loss)
{
    struct error err = *loss;
    bool was_timeout = error_is(&err, "timeout") || error_is(&err, "stalled");
    bool may_retry = err.error_class == ERROR_TRANSIENT &&
                     (!caller->http.has_sent_request || is_repeatable(caller->call));
    fail_or_retry(caller, &err, may_retry, was_timeout ? RETRY_COST_TIMEOUT : RETRY_COST);
}

/* S3 names the region of a bucket that is elsewhere; only once, and not against the caller. */
static bool follow_region(struct caller *caller, const struct aws_refusal *refusal,
                          unsigned meaning)
{
    const struct aws_call *call = caller->call;
    bool is_elsewhere = (meaning & AWS_MEANS_OTHER_REGION) != 0 && refusal->region[0] != '\0' &&
                        strcmp(refusal->region, caller->request.region) != 0;
    bool is_ours = call->service == AWS_S3 && call->bucket != NULL && call->region == NULL &&
                   strcmp(call->operation, "CreateBucket") != 0;
    if (!is_elsewhere || !is_ours || caller->has_redirected) {
        return false;
    }
    caller->has_redirected = true;
    memcpy(caller->region, refusal->region, sizeof(caller->region));
    aws_call_state_learn_region(caller->state, call->bucket, refusal->region);
    return true;
}

static bool renew_credentials(struct caller *caller, unsigned meaning)
{
    bool may_renew = !caller->has_renewed && caller->call->credentials == NULL;
    if ((meaning & AWS_MEANS_EXPIRED) == 0 || !may_renew) {
        return false;
    }
    caller->has_renewed = true;
    caller->must_renew = true;
    return true;
}

/* How far the service is ahead of the clock we signed with; 0: near enough, or not known. */
static int64_t clock_error_ms(const struct caller *caller, const struct aws_refusal *refusal,
                              unsigned meaning)
{
    struct clock *clock = aws_session_clock(caller->session);
    int64_t ahead_ms = refusal->server_time_ms - corrected_wall_ms(caller);
    bool is_far = ahead_ms >= CLOCK_TOLERANCE_MS || ahead_ms <= -CLOCK_TOLERANCE_MS;
    bool is_fresh = clock->monotonic_ms(clock) - caller->sent_ms < CLOCK_EXCHANGE_MS;
    bool is_told = (meaning & AWS_MEANS_CLOCK) != 0 && refusal->server_time_ms != 0;
    return is_told && is_far && is_fresh ? ahead_ms : 0;
}

static void put_refusal(const struct aws_refusal *refusal, unsigned meaning, int status,
                        struct error *out)
{
    bool is_transient = (meaning & (AWS_MEANS_THROTTLED | AWS_MEANS_TRANSIENT)) != 0;
    bool has_text = refusal->text[0] != '\0';
    error_set(out, is_transient ? ERROR_TRANSIENT : ERROR_PERMANENT, refusal->code, "%s%s%s",
              refusal->code, has_text ? ": " : "", refusal->text);
    out->http_status = status;
    memcpy(out->request_id, refusal->request_id, sizeof(out->request_id));
}

/* meant_status: what the answer amounts to. */
static void judge_refusal(struct caller *caller, int meant_status)
{
    struct aws_refusal refusal;
    struct error err;
    const struct http_request *http = &caller->http;
    aws_refusal_read(meant_status, buf_str(&http->headers_in), buf_str(&http->response), &refusal);
    unsigned meaning = aws_meaning_of(meant_status, refusal.code);
    int64_t ahead_ms = clock_error_ms(caller, &refusal, meaning);
    rate_learn(&caller->state->limiter, (meaning & AWS_MEANS_THROTTLED) != 0, monotonic_s(caller));
    if (follow_region(caller, &refusal, meaning) || renew_credentials(caller, meaning)) {
        try_again_now(caller);
        return;
    }
    if (ahead_ms != 0 && !caller->has_corrected_clock) {
        caller->has_corrected_clock = true;
        caller->state->clock_offset_ms += ahead_ms;
        try_again_now(caller);
        return;
    }
    put_refusal(&refusal, meaning, http->status, &err);
    fail_or_retry(caller, &err, err.error_class == ERROR_TRANSIENT, RETRY_COST);
}

static void judge_success(struct caller *caller)
{
    struct aws_call *call = caller->call;
    struct error err;
    rate_learn(&caller->state->limiter, false, monotonic_s(caller));
    if (caller->read_success != NULL && !caller->read_success(call, &err)) {
        err.error_class = ERROR_TRANSIENT;
        fail_or_retry(caller, &err, is_repeatable(call), RETRY_COST);
        return;
    }
    retry_give(&caller->state->retries, caller->last_cost);
    finish(caller, NULL);
}

static bool pass_over(void *context, const char *path, struct str text, struct error *err)
{
    (void)context;
    (void)path;
    (void)text;
    (void)err;
    return true;
}

/* An answer that began before its work was done. */
static bool is_late_failure(const struct aws_call *call)
{
    struct error err;
    return call->success_root != NULL &&
           (!str_eq(xml_root(call->response), str_from(call->success_root)) ||
            !xml_read(call->response, pass_over, NULL, &err));
}

static void on_answer(struct op *op, const struct error *err)
{
    struct caller *caller = op->context;
    struct aws_call *call = caller->call;
    call->status = caller->http.status;
    call->response = buf_str(&caller->http.response);
    trace(caller, true, err);
    if (caller->is_ending) {
        finish(caller, &caller->ending);
    } else if (err != NULL) {
        judge_loss(caller, err);
    } else if (call->status >= 300) {
        judge_refusal(caller, call->status);
    } else if (is_late_failure(call)) {
        judge_refusal(caller, 500);
    } else {
        judge_success(caller);
    }
}

/* ---- the caller's side */

/* A random UUID (RFC 9562, version 4): the same for all tries. */
static void make_invocation_id(struct random *random, char out_id[INVOCATION_ID_SIZE])
{
    uint64_t a = random_next(random), b = random_next(random);
    snprintf(out_id, INVOCATION_ID_SIZE, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(a >> 32),
             (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff),
             (unsigned)(b >> 48 & 0x3fff) | 0x8000U, (unsigned long long)(b & 0xffffffffffffULL));
}

static void choose_region(struct caller *caller)
{
    const struct aws_call *call = caller->call;
    const char *region = call->region;
    if (region == NULL && call->bucket != NULL) {
        region = aws_call_state_region(caller->state, call->bucket);
    }
    snprintf(caller->region, sizeof(caller->region), "%s", region == NULL ? "" : region);
}

void aws_call_start_reading(struct aws_session *session, struct aws_call *call,
                            call_read_fn read_success)
{
    struct loop *loop = aws_session_loop(session);
    struct caller *caller = xcalloc(1, sizeof(*caller));
    op_begin(&call->op, loop);
    call->handle = caller;
    call->status = 0;
    call->response = STR("");
    call->attempts = 0;
    caller->session = session;
    caller->state = aws_call_state_of(session);
    caller->call = call;
    caller->read_success = read_success;
    caller->max_attempts =
        call->max_attempts > 0 ? call->max_attempts : aws_session_max_attempts(session);
    caller->pause = timer_new(loop, begin_try, caller);
    caller->deadline = timer_new(loop, on_deadline, caller);
    if (call->body_sha256 == NULL) {
        digest_hex(call->body, caller->body_sha256);
    }
    make_invocation_id(aws_session_random(session), caller->invocation_id);
    choose_region(caller);
    if (call->total_timeout_ms > 0) {
        timer_arm(caller->deadline, call->total_timeout_ms);
    }
    try_after(caller, 0);
}

void aws_call_start(struct aws_session *session, struct aws_call *call)
{
    aws_call_start_reading(session, call, NULL);
}

void aws_call_cancel(struct aws_call *call)
{
    struct error err;
    if (call->op.is_active && call->handle != NULL) {
        error_set(&err, ERROR_CANCELLED, "cancelled", "cancelled");
        end(call->handle, &err);
    }
}

void aws_call_done(struct aws_call *call)
{
    struct caller *caller = call->handle;
    if (caller != NULL) {
        http_request_done(&caller->http);
        free(caller);
        call->handle = NULL;
        call->response = STR("");
    }
}

struct str aws_call_header(const struct aws_call *call, const char *name)
{
    const struct caller *caller = call->handle;
    return caller == NULL ? STR("") : http_response_header(&caller->http, name);
}
