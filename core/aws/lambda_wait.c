/* Waiting for a function to be ready: ask, pause, ask again. */
#include "core/aws/lambda.h"

#include <string.h>

enum { POLL_MS = 1000 };

static int64_t now_ms(const struct lambda_wait *wait)
{
    struct clock *clock = aws_session_clock(wait->session);
    return clock->monotonic_ms(clock);
}

static void finish_late(struct lambda_wait *wait)
{
    struct error err;
    error_set(&err, ERROR_TRANSIENT, "not_ready",
              "%s: not ready within %lld s: its state is %s, its last update %s", wait->name,
              (long long)wait->timeout_ms / 1000, wait->state.state, wait->state.update);
    op_finish(&wait->op, &err);
}

static bool is_settled(const struct lambda_state *state)
{
    return strcmp(state->state, "Pending") != 0 && strcmp(state->update, "InProgress") != 0;
}

static void ask(struct lambda_wait *wait, int64_t delay_ms);

static void on_configuration(struct op *op, const struct error *err)
{
    struct lambda_wait *wait = op->context;
    if (err != NULL) {
        op_finish(&wait->op, err);
        return;
    }
    lambda_state_read(wait->call.response, &wait->state);
    if (is_settled(&wait->state)) {
        wait->configuration = wait->call.response;
        wait->call.response = NULL;
        op_finish(&wait->op, NULL);
    } else if (now_ms(wait) - wait->started_ms >= wait->timeout_ms) {
        finish_late(wait);
    } else {
        ask(wait, wait->poll_ms > 0 ? wait->poll_ms : POLL_MS);
    }
}

static void ask(struct lambda_wait *wait, int64_t delay_ms)
{
    lambda_call_done(&wait->call);
    wait->call = (struct lambda_call){
        .op = {.done = on_configuration, .context = wait},
        .operation = LAMBDA_GET_CONFIGURATION,
        .name = wait->name,
        .delay_ms = delay_ms,
    };
    lambda_call_start(wait->session, &wait->call);
}

void lambda_wait_start(struct aws_session *session, struct lambda_wait *wait)
{
    op_begin(&wait->op, aws_session_loop(session));
    wait->session = session;
    wait->configuration = NULL;
    wait->call = (struct lambda_call){.path = NULL};
    wait->started_ms = now_ms(wait);
    ask(wait, 0);
}

void lambda_wait_done(struct lambda_wait *wait)
{
    lambda_call_done(&wait->call);
    json_free(wait->configuration);
    wait->configuration = NULL;
}
