/* The run as the sum of its events: apply checks that an event fits and then takes it over. What
 * happens next is decided in decide.c. */
#include "core/run/run.h"

#include "core/base/alloc.h"
#include "core/run/moves.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A stage.state event, read and checked. */
struct stage_change {
    size_t stage;
    int try_number;
    enum stage_state from, to;
    int64_t ts_ms;
    const struct json *body;
};

void run_init(struct run *run, const char *id)
{
    *run = (struct run){0};
    snprintf(run->id, sizeof(run->id), "%s", id);
}

void run_done(struct run *run)
{
    for (size_t i = 0; run->stages != NULL && i < run->dag->count; i++) {
        json_free(run->stages[i].outputs);
    }
    free(run->stages);
    dag_free(run->dag);
    json_free(run->evaluation);
    *run = (struct run){0};
}

void run_copy(struct run *out_run, const struct run *run)
{
    *out_run = *run;
    out_run->evaluation = json_copy(run->evaluation);
    if (run->dag == NULL) {
        return;
    }
    out_run->dag = dag_copy(run->dag);
    out_run->stages = xcalloc(run->dag->count, sizeof(run->stages[0]));
    for (size_t i = 0; i < run->dag->count; i++) {
        out_run->stages[i] = run->stages[i];
        out_run->stages[i].outputs = json_copy(run->stages[i].outputs);
    }
}

void run_intent(const struct run *run, size_t stage, int try_number, char out_text[RUN_INTENT_SIZE])
{
    snprintf(out_text, RUN_INTENT_SIZE, "%s-%zu-%d", run->id, stage + 1, try_number);
}

static bool damaged(struct error *err, const struct event *event, const char *what)
{
    return error_set(err, ERROR_PERMANENT, "damaged_log",
                     "event %lld (%s) does not fit the run: %s", (long long)event->seq,
                     event_type_name(event->type), what);
}

/* ---- one setter a machine */

static void combine_verdicts(struct run *run)
{
    bool has_gate = false;
    enum verdict all = VERDICT_PASSED;
    for (size_t i = 0; i < run->dag->count; i++) {
        if (run->dag->stages[i].is_gate) {
            all = verdict_and(all, run->stages[i].verdict);
            has_gate = true;
        }
    }
    run->verdict = has_gate ? all : VERDICT_NONE;
}

static void void_verdicts(struct run *run, size_t stage)
{
    for (size_t i = stage; i < run->dag->count; i++) {
        bool is_judged = run->dag->stages[i].is_gate && run->stages[i].verdict != VERDICT_NONE;
        if (is_judged && (i == stage || dag_is_upstream(run->dag, stage, i))) {
            run->stages[i].verdict = VERDICT_NONE;
        }
    }
    combine_verdicts(run);
}

static void begin_try(struct stage_run *stage, const struct stage_change *change)
{
    stage->try_number = change->try_number;
    stage->started_ms = change->ts_ms;
    stage->running_since_ms = 0;
    stage->ended_ms = 0;
    stage->outlived_runner = false;
    stage->error = (struct error){0};
    snprintf(stage->intent, sizeof(stage->intent), "%s", json_text_or(change->body, "intent", ""));
}

/* What the state needs beside its name. */
static void take_state_data(struct stage_run *stage, const struct stage_change *change)
{
    const struct json *body = change->body;
    const struct json *error = json_get(body, "error");
    if (error != NULL) {
        event_error_from_json(error, &stage->error);
    }
    stage->retry_at_ms = change->to == STAGE_RETRYING ? json_int_or(body, "retry_at_ms", 0) : 0;
    stage->after_stop = STAGE_WAITING;
    if (change->to == STAGE_RUNNING) {
        stage->running_since_ms = change->ts_ms;
    } else if (change->to == STAGE_STOPPING) {
        stage->after_stop = error != NULL ? STAGE_FAILED : STAGE_CANCELLED;
    } else if (change->to == STAGE_WAITING) {
        stage->failures = 0;
    } else if (change->to == STAGE_RETRYING) {
        bool is_free = strcmp(json_text_or(body, "reason", ""), REASON_INTERRUPTED) == 0;
        stage->failures += is_free ? 0 : 1;
    } else if (change->to == STAGE_SUCCESS) {
        const struct json *outputs = json_get(body, "outputs");
        stage->outputs = outputs == NULL ? json_object() : json_copy(outputs);
        stage->error = (struct error){0};
    }
}

static void stage_set_state(struct run *run, const struct stage_change *change)
{
    struct stage_run *stage = &run->stages[change->stage];
    assert(stage->state == change->from && stage_move_is_legal(change->from, change->to));
    if (stage_move_starts_try(change->from, change->to)) {
        begin_try(stage, change);
    }
    if (stage_state_is_active(change->from) && !stage_state_is_active(change->to)) {
        stage->ended_ms = change->ts_ms;
    }
    json_free(stage->outputs);
    stage->outputs = NULL;
    take_state_data(stage, change);
    stage->state = change->to;
    if (stage_move_voids_verdict(change->from, change->to)) {
        void_verdicts(run, change->stage);
    }
}

static void run_set_state(struct run *run, enum run_state to, int64_t ts_ms)
{
    assert(run_move_is_legal(run->state, to));
    run->state = to;
    run->ended_ms = run_state_is_final(to) ? ts_ms : 0;
    run->is_stop_wanted = to == RUN_STOPPING || (run->is_stop_wanted && to == RUN_CANCELLED);
}

/* ---- one function an event type */

static bool upstream_is_done(const struct run *run, size_t stage)
{
    const struct stage_def *def = &run->dag->stages[stage];
    for (size_t i = 0; i < def->after_count; i++) {
        if (!stage_state_is_done(run->stages[def->after[i]].state)) {
            return false;
        }
    }
    return true;
}

static bool has_unfinished_stage(const struct run *run)
{
    size_t i = 0;
    while (i < run->dag->count && stage_state_is_final(run->stages[i].state)) {
        i++;
    }
    return i < run->dag->count;
}

static bool apply_first_hello(struct run *run, const struct event *event, struct error *err)
{
    const struct json *dag_json = json_get(event->body, "dag");
    if (event->type != EVENT_HELLO || dag_json == NULL) {
        return damaged(err, event, "the first event must be a hello with the dag");
    }
    struct dag *dag = dag_from_json(dag_json, NULL, err);
    if (dag == NULL) {
        return error_prefix(err, "hello");
    }
    run->dag = dag;
    run->stages = xcalloc(dag->count, sizeof(run->stages[0]));
    run->number = json_int_or(event->body, "number", 0);
    run->created_ms = event->ts_ms;
    return true;
}

/* Another runner takes over: what was alive may have been lost with the one before. */
static void apply_later_hello(struct run *run)
{
    for (size_t i = 0; i < run->dag->count; i++) {
        struct stage_run *stage = &run->stages[i];
        stage->outlived_runner = stage->outlived_runner || stage_state_is_active(stage->state);
    }
}

static bool apply_run_state(struct run *run, const struct event *event, struct error *err)
{
    enum run_state from = RUN_CREATED;
    enum run_state to = RUN_CREATED;
    if (!run_state_from_name(str_from(json_text_or(event->body, "from", "")), &from) ||
        !run_state_from_name(str_from(json_text_or(event->body, "to", "")), &to)) {
        return damaged(err, event, "from and to must be states of a run");
    }
    if (from != run->state) {
        return damaged(err, event, "it starts from another state than the run is in");
    }
    if (!run_move_is_legal(from, to)) {
        return damaged(err, event, "no run moves between these states");
    }
    if (run_state_is_final(to) && has_unfinished_stage(run)) {
        return damaged(err, event, "the run ends before its stages");
    }
    run_set_state(run, to, event->ts_ms);
    return true;
}

/* The stage and try an event is about. */
static bool read_stage_and_try(const struct run *run, const struct event *event, size_t *out_stage,
                               int *out_try, struct error *err)
{
    int64_t try_number = -1;
    const char *name = json_text_or(event->body, "stage", "");
    size_t stage = dag_find(run->dag, str_from(name));
    if (stage == run->dag->count) {
        return damaged(err, event, "it names no stage of this run");
    }
    if (!json_as_int(json_get(event->body, "try"), &try_number) || try_number < 0 ||
        try_number > INT_MAX) {
        return damaged(err, event, "try is not a number");
    }
    *out_stage = stage;
    *out_try = (int)try_number;
    return true;
}

static bool check_start(const struct run *run, const struct stage_change *change,
                        const struct event *event, struct error *err)
{
    const char *intent = json_text_or(change->body, "intent", "");
    if (intent[0] == '\0' || strlen(intent) >= RUN_INTENT_SIZE) {
        return damaged(err, event, "a try starts without an intent");
    }
    if (run->state != RUN_RUNNING) {
        return damaged(err, event, "a try starts while the run is not running");
    }
    if (!upstream_is_done(run, change->stage)) {
        return damaged(err, event, "a try starts before its upstream is done");
    }
    return true;
}

static bool check_end(const struct run *run, const struct stage_change *change,
                      const struct event *event, struct error *err)
{
    bool is_gate = run->dag->stages[change->stage].is_gate;
    enum verdict verdict = run->stages[change->stage].verdict;
    const struct json *outputs = json_get(change->body, "outputs");
    if (outputs != NULL && !json_is_object(outputs)) {
        return damaged(err, event, "outputs is not an object");
    }
    if (is_gate && change->to == STAGE_SUCCESS && verdict != VERDICT_PASSED) {
        return damaged(err, event, "a gate succeeds without having passed");
    }
    if (change->to == STAGE_REJECTED && (!is_gate || verdict != VERDICT_REJECTED)) {
        return damaged(err, event, "a stage is rejected without a gate's verdict");
    }
    return true;
}

static bool check_stage_change(const struct run *run, const struct stage_change *change,
                               const struct event *event, struct error *err)
{
    const struct stage_run *stage = &run->stages[change->stage];
    bool is_start = stage_move_starts_try(change->from, change->to);
    if (change->from != stage->state) {
        return damaged(err, event, "it starts from another state than the stage is in");
    }
    if (!stage_move_is_legal(change->from, change->to)) {
        return damaged(err, event, "no stage moves between these states");
    }
    if (change->try_number - (is_start ? 1 : 0) != stage->try_number) {
        return damaged(err, event, "the number of the try is not the next");
    }
    return is_start ? check_start(run, change, event, err) : check_end(run, change, event, err);
}

static bool apply_stage_state(struct run *run, const struct event *event, struct error *err)
{
    struct stage_change change = {.ts_ms = event->ts_ms, .body = event->body};
    if (!read_stage_and_try(run, event, &change.stage, &change.try_number, err)) {
        return false;
    }
    if (!stage_state_from_name(str_from(json_text_or(event->body, "from", "")), &change.from) ||
        !stage_state_from_name(str_from(json_text_or(event->body, "to", "")), &change.to)) {
        return damaged(err, event, "from and to must be states of a stage");
    }
    if (!check_stage_change(run, &change, event, err)) {
        return false;
    }
    stage_set_state(run, &change);
    return true;
}

static bool apply_evaluation(struct run *run, const struct event *event, struct error *err)
{
    size_t stage = 0;
    int try_number = 0;
    enum verdict verdict = VERDICT_NONE;
    const char *name = json_text_or(json_get(event->body, "gate"), "verdict", "");
    if (!read_stage_and_try(run, event, &stage, &try_number, err)) {
        return false;
    }
    const struct stage_run *of = &run->stages[stage];
    if (!run->dag->stages[stage].is_gate || !stage_state_is_active(of->state) ||
        of->try_number != try_number) {
        return damaged(err, event, "it is not about the live try of a gate");
    }
    if (!verdict_from_name(str_from(name), &verdict) || verdict == VERDICT_NONE) {
        return damaged(err, event, "the gate's verdict is neither passed nor rejected");
    }
    json_free(run->evaluation);
    run->evaluation = json_copy(event->body);
    run->stages[stage].verdict = verdict;
    combine_verdicts(run);
    return true;
}

static bool apply_progress(const struct run *run, const struct event *event, struct error *err)
{
    size_t stage = 0;
    int try_number = 0;
    return read_stage_and_try(run, event, &stage, &try_number, err);
}

/* The moves it led to are events of their own. */
static void apply_command(struct run *run, const struct event *event)
{
    if (json_bool_or(event->body, "accepted", false) &&
        strcmp(json_text_or(event->body, "verb", ""), command_verb_name(COMMAND_STOP)) == 0) {
        run->is_terminated = run_is_sigterm(json_text_or(event->body, "user", NULL),
                                            json_text_or(event->body, "reason", NULL));
    }
}

static bool apply_body(struct run *run, const struct event *event, struct error *err)
{
    if (run->dag == NULL) {
        return apply_first_hello(run, event, err);
    }
    switch (event->type) {
    case EVENT_HELLO:
        apply_later_hello(run);
        return true;
    case EVENT_RUN_STATE:
        return apply_run_state(run, event, err);
    case EVENT_STAGE_STATE:
        return apply_stage_state(run, event, err);
    case EVENT_STAGE_PROGRESS:
        return apply_progress(run, event, err);
    case EVENT_EVALUATION:
        return apply_evaluation(run, event, err);
    case EVENT_COMMAND:
        apply_command(run, event);
        return true;
    case EVENT_RESULT:
    case EVENT_TYPE_COUNT:
        break;
    }
    return true;
}

/* -1: none that a program can end with. */
static int result_code_of(const struct event *event)
{
    int64_t code = json_int_or(event->body, "exit_code", -1);
    return code >= 0 && code <= 255 ? (int)code : -1;
}

bool run_apply(struct run *run, const struct event *event, struct error *err)
{
    if (event->seq != run->last_seq + 1) {
        return damaged(err, event, "the sequence number is not the next");
    }
    if (event->ts_ms < run->last_ts_ms) {
        return damaged(err, event, "its time is before that of the event before it");
    }
    if (!apply_body(run, event, err)) {
        return false;
    }
    run->has_result = event->type == EVENT_RESULT;
    if (run->has_result) {
        run->result_code = result_code_of(event);
    }
    run->last_seq = event->seq;
    run->last_ts_ms = event->ts_ms;
    return true;
}

/* ---- what a face asks */

int run_exit_code(const struct run *run)
{
    enum run_failure failure = RUN_FAILURE_NONE;
    if (run->has_result && run->result_code >= 0) {
        return run->result_code;
    }
    for (size_t i = 0; i < run->dag->count; i++) {
        const struct stage_run *stage = &run->stages[i];
        failure = run_failure_and(failure, stage->state, run_failure_of(&stage->error));
    }
    return run_exit_code_of(run->state, failure, run->verdict, run->is_terminated);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t clock_end(int64_t since_ms, int64_t limit_ms)
{
    return limit_ms == 0 ? INT64_MAX : since_ms + limit_ms;
}

int64_t run_stage_timeout_ms(const struct run *run, size_t stage)
{
    const struct stage_def *def = &run->dag->stages[stage];
    const struct stage_run *at = &run->stages[stage];
    int64_t state_end = INT64_MAX;
    if (at->state == STAGE_QUEUED) {
        state_end = clock_end(at->started_ms, def->queued_timeout_ms);
    } else if (at->state == STAGE_RUNNING) {
        state_end = clock_end(at->running_since_ms, def->running_timeout_ms);
    } else {
        return INT64_MAX;
    }
    return earlier(state_end, clock_end(at->started_ms, def->total_timeout_ms));
}

/* A retry that only waits for a slot or its upstream needs no clock: their end is an input. */
int64_t run_next_deadline_ms(const struct run *run)
{
    int64_t timeout = INT64_MAX;
    int64_t retry = INT64_MAX;
    int active = 0;
    if (run->dag == NULL) {
        return INT64_MAX;
    }
    for (size_t i = 0; i < run->dag->count; i++) {
        const struct stage_run *stage = &run->stages[i];
        if (stage_state_is_active(stage->state)) {
            active++;
            timeout = earlier(timeout, run_stage_timeout_ms(run, i));
        } else if (stage->state == STAGE_RETRYING && upstream_is_done(run, i)) {
            retry = earlier(retry, stage->retry_at_ms);
        }
    }
    return active < run->dag->max_parallel ? earlier(timeout, retry) : timeout;
}
