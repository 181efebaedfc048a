/* What follows from one input: a draft takes it in, then everything that can start starts, and when
 * nothing is left to do the run comes to rest. */
#include "core/run/run.h"

#include "core/base/alloc.h"
#include "core/base/backoff.h"
#include "core/base/buf.h"
#include "core/base/random.h"
#include "core/run/draft.h"
#include "core/run/moves.h"

#include <assert.h>
#include <stdlib.h>

enum { MESSAGE_MAX = 400, BACKOFF_GROWTH = 10 };

/* ---- the end of a try */

static int64_t retry_time_ms(const struct draft *draft, size_t stage)
{
    int64_t first_ms = draft->run->dag->stages[stage].retry_delay_ms;
    int failures = draft->run->stages[stage].failures + 1;
    if (first_ms == 0) {
        return draft->now_ms;
    }
    struct backoff backoff = {first_ms, first_ms * BACKOFF_GROWTH};
    return draft->now_ms + backoff_delay_ms(backoff, failures, random_mix(draft->random + stage));
}

static void fail(struct draft *draft, size_t stage, const struct error *err)
{
    bool has_budget = draft->run->stages[stage].failures < draft->run->dag->stages[stage].retries;
    struct json *details = draft_error(err);
    if (err->error_class == ERROR_TRANSIENT && has_budget) {
        json_set_int(details, "retry_at_ms", retry_time_ms(draft, stage));
        draft_move(draft, stage, STAGE_RETRYING, details);
    } else {
        draft_move(draft, stage, STAGE_FAILED, details);
    }
}

/* The work of a stopping stage has ended, however: what it was stopped for decides. why: of its
 * end, or NULL; only that the work may go on adds to that, and rules out another try. */
static void end_stopped(struct draft *draft, size_t stage, const struct error *why)
{
    const struct stage_run *at = &draft->run->stages[stage];
    bool may_go_on = why != NULL && error_is(why, RUN_CODE_NOT_STOPPED);
    struct error err = at->error;
    if (draft->state == RUN_STOPPING || at->after_stop == STAGE_CANCELLED) {
        draft_move(draft, stage, STAGE_CANCELLED, may_go_on ? draft_error(why) : NULL);
        return;
    }
    if (may_go_on) {
        error_set(&err, ERROR_PERMANENT, at->error.code, "%.400s; %.600s", at->error.message,
                  why->message);
    }
    fail(draft, stage, &err);
}

/* The try was lost with its runner: a new one, for which the retries are not used up. */
static void end_lost(struct draft *draft, size_t stage)
{
    struct error err;
    struct json *details = NULL;
    error_set(&err, ERROR_TRANSIENT, "interrupted", "the try was lost when its runner ended");
    if (draft->stages[stage].state == STAGE_STOPPING) {
        end_stopped(draft, stage, NULL);
        return;
    }
    details = draft_error(&err);
    if (draft->state == RUN_STOPPING) {
        draft_move(draft, stage, STAGE_CANCELLED, details);
        return;
    }
    json_set_text(details, "reason", REASON_INTERRUPTED);
    json_set_int(details, "retry_at_ms", draft->now_ms);
    draft_move(draft, stage, STAGE_RETRYING, details);
}

/* ---- the gate */

static enum verdict verdict_of(const struct run_input *input)
{
    enum verdict verdict = VERDICT_NONE;
    const struct json *gate = json_get(input->evaluation, "gate");
    const char *name = json_text_or(gate, "verdict", "");
    verdict_from_name(str_from(name), &verdict);
    return verdict;
}

/* Records what the gate saw; false when there is no verdict or it is not `expected`. */
static bool take_evaluation(struct draft *draft, const struct run_input *input,
                            enum verdict expected)
{
    if (!draft->run->dag->stages[input->stage].is_gate || verdict_of(input) != expected) {
        return false;
    }
    struct json *body = json_copy(input->evaluation);
    json_set_text(body, "stage", draft_name(draft, input->stage));
    json_set_int(body, "try", input->try_number);
    draft->stages[input->stage].verdict = expected;
    draft->evaluation = input->evaluation;
    draft_event(draft, EVENT_EVALUATION, body);
    return true;
}

/* Never passes what it cannot see: an outcome that does not agree with its verdict is a failure. */
static void fail_without_verdict(struct draft *draft, size_t stage)
{
    struct error err;
    error_set(&err, ERROR_BUG, "no_verdict",
              "the stage's outcome does not agree with the verdict it gave");
    fail(draft, stage, &err);
}

static void succeed(struct draft *draft, const struct run_input *input)
{
    bool is_gate = draft->run->dag->stages[input->stage].is_gate;
    if (is_gate && !take_evaluation(draft, input, VERDICT_PASSED)) {
        fail_without_verdict(draft, input->stage);
        return;
    }
    struct json *details = json_object();
    if (input->outputs != NULL) {
        json_set(details, "outputs", json_copy(input->outputs));
    }
    draft_move(draft, input->stage, STAGE_SUCCESS, details);
}

static void reject(struct draft *draft, const struct run_input *input)
{
    if (!take_evaluation(draft, input, VERDICT_REJECTED)) {
        fail_without_verdict(draft, input->stage);
        return;
    }
    struct error err;
    const struct json *gate = json_get(input->evaluation, "gate");
    error_set(&err, ERROR_PERMANENT, "rejected", "%s",
              json_text_or(gate, "message", "the gate rejected the model"));
    draft_move(draft, input->stage, STAGE_REJECTED, draft_error(&err));
}

/* ---- inputs */

static struct error error_of(const struct run_input *input)
{
    struct error err;
    if (input->error != NULL) {
        return *input->error;
    }
    error_set(&err, ERROR_BUG, "no_error", "the stage ended without saying why");
    return err;
}

static void end_interrupted(struct draft *draft, const struct run_input *input)
{
    /* Only once a takeover: else a stage that always says "interrupted" would run for ever. */
    if (draft->run->stages[input->stage].outlived_runner) {
        end_lost(draft, input->stage);
        return;
    }
    struct error err = error_of(input);
    err.error_class = ERROR_TRANSIENT;
    fail(draft, input->stage, &err);
}

static void on_outcome(struct draft *draft, const struct run_input *input)
{
    struct error err = error_of(input);
    bool is_stopping = draft->stages[input->stage].state == STAGE_STOPPING;
    if (is_stopping && input->outcome != OUTCOME_SUCCESS && input->outcome != OUTCOME_REJECTED) {
        end_stopped(draft, input->stage, input->error);
        return;
    }
    switch (input->outcome) {
    case OUTCOME_SUCCESS:
        succeed(draft, input);
        break;
    case OUTCOME_REJECTED:
        reject(draft, input);
        break;
    case OUTCOME_FAILED:
        fail(draft, input->stage, &err);
        break;
    case OUTCOME_CANCELLED:
        draft_move(draft, input->stage, STAGE_CANCELLED,
                   input->error == NULL ? NULL : draft_error(&err));
        break;
    case OUTCOME_INTERRUPTED:
        end_interrupted(draft, input);
        break;
    case OUTCOME_COUNT:
        assert(false);
    }
}

static void on_start(struct draft *draft)
{
    if (draft->state == RUN_CREATED) {
        draft_move_run(draft, RUN_RUNNING, NULL);
    }
}

static void on_attach(struct draft *draft)
{
    if (run_state_is_final(draft->state)) {
        return;
    }
    on_start(draft);
    for (size_t i = 0; i < draft->run->dag->count; i++) {
        enum stage_state state = draft->stages[i].state;
        if (!stage_state_is_active(state)) {
            continue;
        }
        if (!draft->run->dag->stages[i].is_adoptable) {
            end_lost(draft, i);
            continue;
        }
        draft_effect(draft, RUN_EFFECT_ADOPT, i);
        if (state == STAGE_STOPPING) {
            draft_effect(draft, RUN_EFFECT_CANCEL, i);
        }
    }
    if (draft->state == RUN_STOPPING) {
        draft_stop_all(draft, "the run is being stopped");
    }
}

static void time_out(struct draft *draft, size_t stage)
{
    const struct stage_def *def = &draft->run->dag->stages[stage];
    const struct stage_run *at = &draft->run->stages[stage];
    bool is_queued = at->state == STAGE_QUEUED;
    int64_t since_ms = is_queued ? at->started_ms : at->running_since_ms;
    int64_t limit_ms = is_queued ? def->queued_timeout_ms : def->running_timeout_ms;
    const char *clock_name = is_queued ? "queued" : "running";
    if (limit_ms == 0 || since_ms + limit_ms > draft->now_ms) {
        since_ms = at->started_ms;
        limit_ms = def->total_timeout_ms;
        clock_name = "total";
    }
    struct error err;
    error_set(&err, ERROR_TRANSIENT, "timeout",
              "stopped by the %s clock: %.1f s of %.1f s allowed (%s_timeout)", clock_name,
              (double)(draft->now_ms - since_ms) / 1000.0, (double)limit_ms / 1000.0, clock_name);
    draft_move(draft, stage, STAGE_STOPPING, draft_error(&err));
    draft_effect(draft, RUN_EFFECT_CANCEL, stage);
}

static void on_tick(struct draft *draft)
{
    for (size_t i = 0; i < draft->run->dag->count; i++) {
        if (run_stage_timeout_ms(draft->run, i) <= draft->now_ms) {
            time_out(draft, i);
        }
    }
}

static void on_running(struct draft *draft, const struct run_input *input)
{
    if (draft->stages[input->stage].state == STAGE_QUEUED) {
        draft_move(draft, input->stage, STAGE_RUNNING, NULL);
    }
}

static char *describe_plan(const struct draft *draft, const bool *will_run)
{
    struct buf text;
    buf_init(&text, MESSAGE_MAX);
    for (size_t i = 0; i < draft->run->dag->count; i++) {
        if (will_run[i]) {
            buf_printf(&text, "%s%s", text.len == 0 ? "will run: " : ", ", draft_name(draft, i));
        }
    }
    if (text.is_overflowed) {
        char *cut = xasprintf("%s ...", buf_text(&text));
        buf_done(&text);
        return cut;
    }
    return buf_take(&text);
}

static void answer(struct draft *draft, const struct command *command, bool is_accepted,
                   const char *message)
{
    struct json *body = json_object();
    json_set_int(body, "id", command->id);
    json_set_text(body, "verb", command_verb_name(command->verb));
    const char *const names[] = {"stage", "user", "tty", "reason"};
    const char *const texts[] = {command->stage, command->user, command->tty, command->reason};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (texts[i] != NULL) {
            json_set_text(body, names[i], texts[i]);
        }
    }
    json_set_bool(body, "accepted", is_accepted);
    if (message != NULL && message[0] != '\0') {
        json_set_text(body, "message", message);
    }
    draft_event(draft, EVENT_COMMAND, body);
}

/* The answer comes first in the log, then the moves it led to. */
static void on_command(struct draft *draft, const struct command *command)
{
    struct error err = {0};
    bool *will_run = xcalloc(draft->run->dag->count, sizeof(will_run[0]));
    if (run_plan_command(draft->run, command, will_run, &err)) {
        char *message = describe_plan(draft, will_run);
        answer(draft, command, true, message);
        free(message);
        bool is_accepted = draft_command(draft, command, &err);
        assert(is_accepted);
    } else {
        answer(draft, command, false, err.message);
    }
    free(will_run);
}

/* ---- what follows */

static void start_ready(struct draft *draft)
{
    const struct dag *dag = draft->run->dag;
    for (size_t i = 0; i < dag->count && draft->active < dag->max_parallel; i++) {
        const struct draft_stage *at = &draft->stages[i];
        bool is_due = at->state == STAGE_WAITING ||
                      (at->state == STAGE_RETRYING && at->retry_at_ms <= draft->now_ms);
        if (is_due && draft_upstream(draft, i, NULL) == UPSTREAM_DONE) {
            draft_move(draft, i, dag->stages[i].starts_queued ? STAGE_QUEUED : STAGE_RUNNING, NULL);
            draft_effect(draft, RUN_EFFECT_START, i);
        }
    }
}

struct rest { /* the first stage of each kind that matters, or count */
    size_t alive, failed, rejected, cancelled, gate_skipped, gate_stale;
};

static void note_first(size_t *place, size_t none, size_t stage, bool matters)
{
    if (matters && *place == none) {
        *place = stage;
    }
}

static struct rest survey(const struct draft *draft)
{
    size_t none = draft->run->dag->count;
    struct rest rest = {none, none, none, none, none, none};
    for (size_t i = 0; i < none; i++) {
        const struct draft_stage *at = &draft->stages[i];
        bool is_gate = draft->run->dag->stages[i].is_gate;
        note_first(&rest.alive, none, i, !stage_state_is_final(at->state));
        note_first(&rest.failed, none, i, at->state == STAGE_FAILED);
        note_first(&rest.rejected, none, i, at->state == STAGE_REJECTED);
        note_first(&rest.cancelled, none, i, at->state == STAGE_CANCELLED);
        note_first(&rest.gate_skipped, none, i, is_gate && at->state == STAGE_SKIPPED);
        note_first(&rest.gate_stale, none, i,
                   is_gate && at->state == STAGE_SUCCESS && at->verdict != VERDICT_PASSED);
    }
    return rest;
}

/* The state at rest, and why, when it is not a success. */
static enum run_state judge_rest(const struct draft *draft, const struct rest *rest,
                                 struct buf *reason)
{
    const struct {
        size_t stage;
        enum run_state state;
        const char *before, *after;
    } cases[] = {
        {rest->failed, RUN_FAILED, "", " failed"},
        {rest->rejected, RUN_FAILED, "the gate ", " rejected the model"},
        {rest->cancelled, RUN_CANCELLED, "", " was cancelled"},
        {rest->gate_skipped, RUN_FAILED, "the gate ", " was skipped: there is no verdict"},
        {rest->gate_stale, RUN_FAILED, "the gate ", " judged older results: run it again"},
    };
    if (draft->state == RUN_STOPPING) {
        buf_append_text(reason, "stopped");
        return RUN_CANCELLED;
    }
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (cases[i].stage < draft->run->dag->count) {
            buf_printf(reason, "%s%s%s", cases[i].before, draft_name(draft, cases[i].stage),
                       cases[i].after);
            return cases[i].state;
        }
    }
    return RUN_SUCCESS;
}

static void add_metric(const struct draft *draft, const char *name, struct json *metrics)
{
    double value = 0;
    const struct json *test = json_path(draft->evaluation, "evaluation.splits.test");
    if (json_as_number(json_get(json_get(test, name), "value"), &value)) {
        json_set_number(metrics, name, value);
    }
}

static void add_result(struct draft *draft)
{
    enum verdict verdict = draft_verdict(draft);
    struct json *metrics = json_object();
    if (verdict != VERDICT_NONE) {
        add_metric(draft, "accuracy", metrics);
        add_metric(draft, "auc", metrics);
    }
    struct json *body = json_object();
    json_set_text(body, "state", run_state_name(draft->state));
    json_set_text(body, "verdict", verdict_name(verdict));
    json_set_int(body, "exit_code", draft_exit_code(draft));
    json_set(body, "metrics", metrics);
    int64_t end_ms = run_state_is_final(draft->run->state) ? draft->run->ended_ms : draft->now_ms;
    json_set_int(body, "elapsed_ms", end_ms - draft->run->created_ms);
    draft_event(draft, EVENT_RESULT, body);
}

static void come_to_rest(struct draft *draft)
{
    struct buf reason;
    struct rest rest = survey(draft);
    if (rest.alive < draft->run->dag->count) {
        return;
    }
    buf_init(&reason, MESSAGE_MAX);
    enum run_state final = judge_rest(draft, &rest, &reason);
    draft_move_run(draft, final, reason.len == 0 ? NULL : buf_text(&reason));
    buf_done(&reason);
    add_result(draft);
}

/* Something was said after the result of a run at rest (a hello, a refused command): a result ends
 * it again. */
static void repeat_result(struct draft *draft)
{
    if (run_state_is_final(draft->run->state) && !draft->run->has_result) {
        add_result(draft);
    }
}

static void follow_up(struct draft *draft)
{
    if (draft->state == RUN_RUNNING) {
        draft_block(draft);
        start_ready(draft);
    }
    if (draft->state == RUN_RUNNING || draft->state == RUN_STOPPING) {
        come_to_rest(draft);
    }
}

/* Inputs about a try must be about the latest, and it must be alive. */
static bool is_too_late(const struct run *run, const struct run_input *input)
{
    if (input->kind != RUN_INPUT_RUNNING && input->kind != RUN_INPUT_OUTCOME) {
        return false;
    }
    assert(input->stage < run->dag->count);
    const struct stage_run *stage = &run->stages[input->stage];
    return !stage_state_is_active(stage->state) || stage->try_number != input->try_number;
}

static void take_in(struct draft *draft, const struct run_input *input)
{
    switch (input->kind) {
    case RUN_INPUT_START:
        on_start(draft);
        break;
    case RUN_INPUT_ATTACH:
        on_attach(draft);
        break;
    case RUN_INPUT_TICK:
        on_tick(draft);
        repeat_result(draft);
        break;
    case RUN_INPUT_RUNNING:
        on_running(draft, input);
        break;
    case RUN_INPUT_OUTCOME:
        on_outcome(draft, input);
        break;
    case RUN_INPUT_COMMAND:
        on_command(draft, input->command);
        break;
    }
}

void run_decide(const struct run *run, const struct run_input *input, int64_t now_ms,
                struct decision *out_decision)
{
    struct draft draft;
    assert(run->dag != NULL && out_decision->events.count == 0);
    if (is_too_late(run, input)) {
        return;
    }
    draft_init(&draft, run, now_ms, out_decision);
    draft.random = input->random;
    take_in(&draft, input);
    follow_up(&draft);
    draft_done(&draft);
}

void decision_done(struct decision *decision)
{
    event_list_done(&decision->events);
    free(decision->effects);
    *decision = (struct decision){0};
}
