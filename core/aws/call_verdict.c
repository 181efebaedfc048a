/* What the end of an exchange means for its call. */
#include "core/aws/call_error.h"
#include "core/aws/call_internal.h"
#include "core/aws/xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CLOCK_TOLERANCE_MS = 240 * 1000, /* a smaller difference is not the reason of a refusal */
    CLOCK_EXCHANGE_MS = 900 * 1000,  /* what took longer says nothing about the clock */
};

double caller_monotonic_s(const struct caller *caller)
{
    struct clock *clock = aws_session_clock(caller->session);
    return (double)clock->monotonic_ms(clock) / 1000;
}

static bool is_repeatable(const struct aws_call *call)
{
    return call->is_idempotent || strcmp(call->method, "GET") == 0 ||
           strcmp(call->method, "HEAD") == 0;
}

/* ---- no answer */

static enum call_verdict judge_loss(struct caller *caller, const struct error *loss, int *out_cost,
                                    struct error *out_err)
{
    bool was_timeout = error_is(loss, "connect_timeout") || error_is(loss, "stalled");
    bool may_retry = loss->error_class == ERROR_TRANSIENT &&
                     (!caller->http.has_sent_request || is_repeatable(caller->call));
    caller->call->may_be_done = caller->call->may_be_done || caller->http.has_sent_request;
    *out_err = *loss;
    *out_cost = was_timeout ? RETRY_COST_TIMEOUT : RETRY_COST;
    return may_retry ? CALL_MAY_RETRY : CALL_FAILED;
}

/* ---- a refusal */

static bool may_be_elsewhere(const struct caller *caller, unsigned meaning)
{
    const struct aws_call *call = caller->call;
    return (meaning & AWS_MEANS_OTHER_REGION) != 0 && call->service == AWS_S3 &&
           call->bucket != NULL && call->region == NULL &&
           strcmp(call->operation, "CreateBucket") != 0 && !caller->has_redirected;
}

/* S3 names the region of a bucket that is elsewhere; only once, and not against the caller. */
static bool follow_region(struct caller *caller, const struct aws_refusal *refusal,
                          unsigned meaning)
{
    const struct aws_call *call = caller->call;
    bool is_told =
        refusal->region[0] != '\0' && strcmp(refusal->region, caller->request.region) != 0;
    if (!is_told || !may_be_elsewhere(caller, meaning)) {
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
static int64_t clock_error_ms(const struct caller *caller, int64_t server_time_ms)
{
    struct clock *clock = aws_session_clock(caller->session);
    int64_t ahead_ms = server_time_ms - clock->wall_ms(clock) - caller->clock_offset_ms;
    bool is_far = ahead_ms >= CLOCK_TOLERANCE_MS || ahead_ms <= -CLOCK_TOLERANCE_MS;
    bool is_fresh = clock->monotonic_ms(clock) - caller->sent_ms < CLOCK_EXCHANGE_MS;
    return server_time_ms != 0 && is_far && is_fresh ? ahead_ms : 0;
}

/* As far as that may be the reason of a refusal. */
static int64_t blamed_error_ms(const struct caller *caller, const struct aws_refusal *refusal,
                               unsigned meaning)
{
    bool may_be_it = (meaning & AWS_MEANS_CLOCK) != 0;
    return may_be_it ? clock_error_ms(caller, refusal->server_time_ms) : 0;
}

/* Nobody looks at our clock when nothing is signed; but the keys that are given end by theirs. */
static void learn_clock(struct caller *caller)
{
    struct str headers = buf_str(&caller->http.headers_in);
    bool may_learn = caller->call->is_unsigned && aws_session_corrects_clock(caller->session);
    int64_t ahead_ms = may_learn ? clock_error_ms(caller, aws_server_time_ms(headers)) : 0;
    if (ahead_ms != 0) {
        caller->state->clock_offset_ms = caller->clock_offset_ms + ahead_ms;
    }
}

static bool correct_clock(struct caller *caller, const struct aws_refusal *refusal,
                          unsigned meaning)
{
    int64_t ahead_ms = blamed_error_ms(caller, refusal, meaning);
    if (ahead_ms == 0 || caller->has_corrected_clock ||
        !aws_session_corrects_clock(caller->session)) {
        return false;
    }
    caller->has_corrected_clock = true;
    caller->state->clock_offset_ms = caller->clock_offset_ms + ahead_ms;
    return true;
}

static void put_refusal(const struct caller *caller, const struct aws_refusal *refusal,
                        unsigned meaning, struct error *out)
{
    bool is_transient = (meaning & (AWS_MEANS_THROTTLED | AWS_MEANS_TRANSIENT)) != 0;
    bool has_text = refusal->text[0] != '\0';
    long long ahead_s = blamed_error_ms(caller, refusal, meaning) / 1000;
    char clock[96] = "";
    if (ahead_s != 0) {
        snprintf(clock, sizeof(clock), "; the clock of this machine is %lld s %s: set it",
                 llabs(ahead_s), ahead_s > 0 ? "slow" : "fast");
    }
    error_set(out, is_transient ? ERROR_TRANSIENT : ERROR_PERMANENT, refusal->code, "%s%s%s%s",
              refusal->code, has_text ? ": " : "", refusal->text, clock);
    out->http_status = caller->http.status;
    memcpy(out->request_id, refusal->request_id, sizeof(out->request_id));
}

/* A 5xx says that something went wrong, not that nothing was done; one of a proxy says still less.
 */
static bool leaves_it_open(int meant_status, unsigned meaning)
{
    return meant_status >= 500 && (meaning & (AWS_MEANS_THROTTLED | AWS_MEANS_NOT_BEGUN)) == 0;
}

/* meant_status: what the answer amounts to. */
static enum call_verdict judge_refusal(struct caller *caller, int meant_status,
                                       struct error *out_err)
{
    struct aws_refusal refusal;
    const struct http_request *http = &caller->http;
    aws_refusal_read(meant_status, buf_str(&http->headers_in), buf_str(&http->response), &refusal);
    unsigned meaning = aws_meaning_of(meant_status, refusal.code);
    bool is_throttled = (meaning & AWS_MEANS_THROTTLED) != 0;
    rate_learn(&caller->state->limiter, is_throttled, caller_monotonic_s(caller));
    if (follow_region(caller, &refusal, meaning) || renew_credentials(caller, meaning) ||
        correct_clock(caller, &refusal, meaning)) {
        return CALL_TRY_NOW;
    }
    put_refusal(caller, &refusal, meaning, out_err);
    if (question_is_due(caller, refusal.region[0] == '\0' && may_be_elsewhere(caller, meaning))) {
        question_ask(caller, out_err);
        return CALL_TRY_NOW;
    }
    bool is_open = leaves_it_open(meant_status, meaning);
    caller->call->may_be_done = caller->call->may_be_done || is_open;
    bool may_retry = out_err->error_class == ERROR_TRANSIENT;
    return may_retry && (!is_open || is_repeatable(caller->call)) ? CALL_MAY_RETRY : CALL_FAILED;
}

/* ---- a success, perhaps */

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

static enum call_verdict judge_success(struct caller *caller, struct error *out_err)
{
    struct aws_call *call = caller->call;
    rate_learn(&caller->state->limiter, false, caller_monotonic_s(caller));
    if (caller->read_success != NULL && !caller->read_success(call, out_err)) {
        out_err->error_class = ERROR_TRANSIENT;
        call->may_be_done = true;
        return is_repeatable(call) ? CALL_MAY_RETRY : CALL_FAILED;
    }
    learn_clock(caller);
    retry_give(&caller->state->retries, caller->last_cost);
    return CALL_SUCCEEDED;
}

/* What is granted to the GET, or fails by itself, explains nothing. */
static enum call_verdict judge_reason(struct caller *caller, const struct error *loss,
                                      struct error *out_err)
{
    int status = caller->http.status;
    bool is_refused = loss == NULL && status >= 300 && status != 416; /* an empty object's */
    enum call_verdict verdict = is_refused ? judge_refusal(caller, status, out_err) : CALL_FAILED;
    question_done(caller);
    if (!is_refused || verdict == CALL_MAY_RETRY) {
        *out_err = caller->unexplained;
        return CALL_FAILED;
    }
    return verdict;
}

enum call_verdict caller_judge(struct caller *caller, const struct error *loss, int *out_cost,
                               struct error *out_err)
{
    const struct aws_call *call = caller->call;
    *out_cost = RETRY_COST;
    if (caller->is_asking) {
        return judge_reason(caller, loss, out_err);
    }
    if (loss != NULL) {
        return judge_loss(caller, loss, out_cost, out_err);
    }
    if (call->status >= 300) {
        return judge_refusal(caller, call->status, out_err);
    }
    return is_late_failure(call) ? judge_refusal(caller, 500, out_err)
                                 : judge_success(caller, out_err);
}
