/* The life of a call: credentials, one exchange, and perhaps a pause and another try. How a request
 * is built and signed is the matter of call_request.c; what its end means, of call_verdict.c; how
 * long to wait, of call_retry.c. */
#include "core/aws/call.h"

#include "core/aws/call_internal.h"
#include "core/aws/call_trace.h"
#include "core/base/alloc.h"
#include "core/base/digest.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RESPONSE_DEFAULT = 16 << 20,
    STOP_TURNS = 8, /* of the loop: an end is heard of from module to module, one turn for each */
};

/* ---- phases */

static void set_phase(struct caller *caller, enum call_phase phase)
{
    static const unsigned legal[CALL_PHASE_COUNT] = {
        [CALL_PAUSE] = 1U << CALL_IDENTITY | 1U << CALL_EXCHANGE | 1U << CALL_OVER,
        [CALL_IDENTITY] = 1U << CALL_EXCHANGE | 1U << CALL_OVER,
        [CALL_EXCHANGE] = 1U << CALL_PAUSE | 1U << CALL_OVER,
    };
    assert((legal[caller->phase] & 1U << phase) != 0);
    caller->phase = phase;
}

static const char *region_of(const struct caller *caller)
{
    return caller->region[0] != '\0' ? caller->region : NULL;
}

static const char tls_advice[] =
    "; install ca-certificates, or let AWS_CA_BUNDLE name the authority's certificates";

/* "Operation: what (host, region, 3 tries); what to do"; of a host that nobody knows, why it was
 * asked. */
static void tell_where(const struct caller *caller, struct error *err)
{
    const struct aws_call *call = caller->call;
    struct error told = *err;
    char origin[AWS_HOST_ORIGIN_SIZE] = "";
    char where[CALL_HOST_SIZE + AWS_REGION_SIZE + AWS_HOST_ORIGIN_SIZE + 128] = "";
    bool is_unknown = error_is(err, "host_not_found");
    if (is_unknown) {
        aws_session_tell_host(caller->session, call->service, caller->request.region, origin);
    }
    if (caller->request.host[0] != '\0') {
        snprintf(where, sizeof(where), " (%s, %s, %d %s%s%s)%s", caller->request.host,
                 caller->request.region, call->attempts, call->attempts == 1 ? "try" : "tries",
                 is_unknown ? "; " : "", origin, error_is(err, "tls_failed") ? tls_advice : "");
    }
    size_t room = ERROR_MESSAGE_SIZE - strlen(where) - strnlen(call->operation, 64) - 3;
    error_set(err, told.error_class, told.code, "%.64s: %.*s%s", call->operation, (int)room,
              told.message, where);
    err->os_errno = told.os_errno;
    err->http_status = told.http_status;
    memcpy(err->request_id, told.request_id, sizeof(err->request_id));
}

static void enlist(struct caller *caller)
{
    struct caller **first = &caller->state->first_active;
    caller->next_active = *first;
    if (*first != NULL) {
        (*first)->previous_active = caller;
    }
    *first = caller;
}

static void tell_if_idle(struct aws_call_state *state)
{
    if (state->first_active == NULL && state->is_awaited) {
        state->is_awaited = false;
        op_finish(&state->last_ended, NULL);
    }
}

static void strike_off(struct caller *caller)
{
    struct aws_call_state *state = caller->state;
    if (caller->previous_active != NULL) {
        caller->previous_active->next_active = caller->next_active;
    } else {
        state->first_active = caller->next_active;
    }
    if (caller->next_active != NULL) {
        caller->next_active->previous_active = caller->previous_active;
    }
    tell_if_idle(state);
}

static void finish(struct caller *caller, struct error *err)
{
    struct aws_call *call = caller->call;
    if (err != NULL) {
        tell_where(caller, err);
    }
    set_phase(caller, CALL_OVER);
    timer_free(caller->pause);
    timer_free(caller->deadline);
    call_request_done(&caller->request);
    op_finish(&call->op, err);
    strike_off(caller);
}

/* Ends what is active, at once or when it says so. */
static void end(struct caller *caller, const struct error *err)
{
    if (caller->is_ending || caller->phase == CALL_OVER) {
        return;
    }
    caller->is_ending = true;
    caller->ending = *err;
    switch (caller->phase) {
    case CALL_PAUSE:
        finish(caller, &caller->ending);
        break;
    case CALL_IDENTITY:
        aws_credentials_get_cancel(&caller->identity);
        break;
    case CALL_EXCHANGE:
        http_request_cancel(&caller->http);
        break;
    case CALL_OVER:
    case CALL_PHASE_COUNT:
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
    if (!aws_session_is_traced(caller->session)) {
        return;
    }
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

static const struct aws_call *what_to_send(const struct caller *caller)
{
    return caller->is_asking ? &caller->question : caller->call;
}

static bool make_request(struct caller *caller, const struct aws_credentials *credentials,
                         struct error *err)
{
    const struct aws_call *call = what_to_send(caller);
    struct clock *clock = aws_session_clock(caller->session);
    caller->clock_offset_ms = caller->state->clock_offset_ms;
    struct call_try attempt = {
        .session = caller->session,
        .call = call,
        .credentials = credentials,
        .key = &caller->state->keys[call->service],
        .region = region_of(caller),
        .body_sha256 = call->body_sha256 != NULL ? call->body_sha256 : caller->body_sha256,
        .invocation_id = caller->invocation_id,
        .attempt = caller->call->attempts + 1,
        .max_attempts = caller->max_attempts,
        .wall_ms = clock->wall_ms(clock) + caller->clock_offset_ms,
    };
    call_request_done(&caller->request);
    return call_request_make(&attempt, &caller->request, err);
}

static int64_t stall_timeout_ms(const struct caller *caller)
{
    int64_t wanted_ms = caller->call->stall_timeout_ms;
    int64_t most_ms = caller->state->stall_max_ms;
    wanted_ms = wanted_ms > 0 ? wanted_ms : AWS_CALL_STALL_MS;
    return most_ms > 0 && wanted_ms > most_ms ? most_ms : wanted_ms;
}

static void on_answer(struct op *op, const struct error *err);

static void send_request(struct caller *caller, const struct aws_credentials *credentials)
{
    struct aws_call *call = caller->call;
    struct clock *clock = aws_session_clock(caller->session);
    struct error err;
    set_phase(caller, CALL_EXCHANGE);
    if (!make_request(caller, credentials, &err)) {
        finish(caller, &err);
        return;
    }
    const struct aws_call *sent = what_to_send(caller);
    http_request_done(&caller->http);
    caller->http = (struct http_request){
        .op = {.done = on_answer, .context = caller},
        .method = sent->method,
        .url = caller->request.url,
        .headers = caller->request.headers,
        .header_count = caller->request.header_count,
        .body = sent->body,
        .response_limit_bytes =
            sent->response_limit_bytes > 0 ? sent->response_limit_bytes : RESPONSE_DEFAULT,
        .stall_timeout_ms = stall_timeout_ms(caller),
        /* Blanks that come before the work is done are slow, and are meant to be. */
        .low_speed = call->success_root == NULL ? AWS_CALL_LOW_SPEED : 0,
        .is_idempotent = call->is_idempotent && !call->counts_every_try,
        .memory = call->memory,
    };
    call->memory = (struct buf){.ptr = NULL};
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
    struct error err;
    if (caller->state->is_stopped) {
        error_set(&err, ERROR_CANCELLED, "cancelled", "cancelled");
        finish(caller, &err);
        return;
    }
    bool is_signed = !call->is_unsigned && aws_service_signing_name(call->service)[0] != '\0';
    if (!is_signed || call->credentials != NULL) {
        send_request(caller, is_signed ? call->credentials : NULL);
        return;
    }
    set_phase(caller, CALL_IDENTITY);
    caller->identity = (struct aws_credentials_get){
        .op = {.done = on_identity, .context = caller},
        .must_renew = caller->must_renew,
    };
    caller->must_renew = false;
    aws_credentials_get_start(caller->session, &caller->identity);
}

/* In phase PAUSE: after the delay, and when the rate limiter lets us. */
static void try_after(struct caller *caller, int64_t delay_ms)
{
    if (aws_session_retry_mode(caller->session) == AWS_RETRY_ADAPTIVE) {
        delay_ms += rate_acquire_ms(&caller->state->limiter,
                                    caller_monotonic_s(caller) + (double)delay_ms / 1000);
    }
    if (delay_ms > 0) {
        timer_arm(caller->pause, delay_ms);
    } else {
        begin_try(caller);
    }
}

/* ---- its end */

static bool take_retry(struct caller *caller, int cost)
{
    caller->failures++;
    if (caller->failures >= caller->max_attempts || !retry_take(&caller->state->retries, cost)) {
        return false;
    }
    caller->last_cost = cost;
    return true;
}

static int64_t retry_pause_ms(const struct caller *caller)
{
    struct clock *clock = aws_session_clock(caller->session);
    double unit = random_unit(aws_session_random(caller->session));
    int64_t delay_ms = retry_delay_ms(caller->failures, unit, caller->state->retry_unit_ms);
    return retry_delay_asked_ms(buf_str(&caller->http.headers_in), clock->wall_ms(clock), delay_ms);
}

static void act_on_answer(struct caller *caller, const struct error *loss)
{
    struct error err;
    int cost = 0;
    enum call_verdict verdict = caller_judge(caller, loss, &cost, &err);
    switch (verdict) {
    case CALL_SUCCEEDED:
        finish(caller, NULL);
        break;
    case CALL_TRY_NOW:
        set_phase(caller, CALL_PAUSE);
        try_after(caller, 0);
        break;
    case CALL_MAY_RETRY:
        if (take_retry(caller, cost)) {
            set_phase(caller, CALL_PAUSE);
            try_after(caller, retry_pause_ms(caller));
            break;
        }
        finish(caller, &err);
        break;
    case CALL_FAILED:
        finish(caller, &err);
        break;
    }
}

static void on_answer(struct op *op, const struct error *err)
{
    struct caller *caller = op->context;
    struct aws_call *call = caller->call;
    call->status = caller->http.status;
    call->response = buf_str(&caller->http.response);
    trace(caller, true, err);
    if (caller->is_ending) {
        call->may_be_done = call->may_be_done || caller->http.has_sent_request;
        finish(caller, &caller->ending);
    } else {
        act_on_answer(caller, err);
    }
}

/* ---- the caller's side */

/* A random UUID (RFC 9562, version 4): the same for all tries. */
static void make_invocation_id(struct random *random, char out_id[CALL_INVOCATION_ID_SIZE])
{
    uint64_t a = random_next(random), b = random_next(random);
    snprintf(out_id, CALL_INVOCATION_ID_SIZE, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(a >> 32),
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
    call->may_be_done = false;
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
    enlist(caller);
    if (call->total_timeout_ms > 0) {
        timer_arm(caller->deadline, call->total_timeout_ms);
    }
    try_after(caller, caller->state->is_stopped ? 0 : call->delay_ms);
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

static void await_end(struct aws_session *session, struct aws_call_state *state)
{
    struct error ignored;
    state->is_awaited = true;
    op_begin(&state->last_ended, aws_session_loop(session));
    tell_if_idle(state);
    loop_await(aws_session_loop(session), &state->last_ended, &ignored);
}

void aws_calls_stop(struct aws_session *session)
{
    struct aws_call_state *state = aws_call_state_of(session);
    struct caller *next = NULL;
    state->is_stopped = true;
    for (struct caller *caller = state->first_active; caller != NULL; caller = next) {
        next = caller->next_active;
        aws_call_cancel(caller->call);
    }
    for (int i = 0; i < STOP_TURNS; i++) {
        await_end(session, state);
    }
}

/* What these services answer is as good as a key. */
static bool answers_secrets(enum aws_service service)
{
    return service == AWS_STS || service == AWS_SSO || service == AWS_SSO_OIDC ||
           service == AWS_SECRETS_MANAGER;
}

void aws_call_done(struct aws_call *call)
{
    struct caller *caller = call->handle;
    buf_done(&call->memory);
    if (caller != NULL) {
        if (answers_secrets(call->service)) {
            buf_wipe(&caller->http.response);
        }
        http_request_done(&caller->http);
        question_done(caller);
        free(caller);
        call->handle = NULL;
        call->response = STR("");
    }
}

struct buf aws_call_take_memory(struct aws_call *call)
{
    struct caller *caller = call->handle;
    struct buf memory = call->memory;
    if (caller != NULL && memory.ptr == NULL) {
        memory = caller->http.response;
        caller->http.response = (struct buf){.ptr = NULL};
        call->response = STR("");
    }
    call->memory = (struct buf){.ptr = NULL};
    aws_call_done(call);
    return memory;
}

struct str aws_call_header(const struct aws_call *call, const char *name)
{
    const struct caller *caller = call->handle;
    return caller == NULL ? STR("") : http_response_header(&caller->http, name);
}
