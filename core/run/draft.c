/* The draft of a decision: moves are checked against the same table as in apply, and recorded. */
#include "core/run/draft.h"

#include "core/base/alloc.h"
#include "core/run/moves.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

void draft_init(struct draft *draft, const struct run *run, int64_t now_ms, struct decision *out)
{
    *draft = (struct draft){.run = run, .state = run->state, .out = out};
    draft->now_ms = now_ms > run->last_ts_ms ? now_ms : run->last_ts_ms;
    draft->evaluation = run->evaluation;
    draft->is_terminated = run->is_terminated;
    draft->stages = xcalloc(run->dag->count, sizeof(draft->stages[0]));
    for (size_t i = 0; i < run->dag->count; i++) {
        const struct stage_run *stage = &run->stages[i];
        struct draft_stage *at = &draft->stages[i];
        *at = (struct draft_stage){
            .state = stage->state,
            .verdict = stage->verdict,
            .try_number = stage->try_number,
            .retry_at_ms = stage->retry_at_ms,
            .failure = run_failure_of(&stage->error),
        };
        draft->active += stage_state_is_active(stage->state) ? 1 : 0;
    }
}

void draft_done(struct draft *draft)
{
    free(draft->stages);
    *draft = (struct draft){0};
}

const char *draft_name(const struct draft *draft, size_t stage)
{
    return draft->run->dag->stages[stage].name;
}

void draft_event(struct draft *draft, enum event_type type, struct json *body)
{
    if (draft->out == NULL) {
        json_free(body);
        return;
    }
    event_list_add(&draft->out->events, draft->now_ms, type, body);
}

void draft_effect(struct draft *draft, enum run_effect_kind kind, size_t stage)
{
    struct decision *out = draft->out;
    if (out == NULL) {
        return;
    }
    if (out->effect_count == out->effect_capacity) {
        out->effect_capacity = out->effect_capacity == 0 ? 4 : out->effect_capacity * 2;
        out->effects = xreallocarray(out->effects, out->effect_capacity, sizeof(out->effects[0]));
    }
    out->effects[out->effect_count++] =
        (struct run_effect){kind, stage, draft->stages[stage].try_number};
}

struct json *draft_reason(const char *reason)
{
    struct json *details = json_object();
    json_set_text(details, "reason", reason);
    return details;
}

struct json *draft_error(const struct error *err)
{
    struct json *details = json_object();
    json_set(details, "error", event_error_json(err));
    return details;
}

/* The same rule as in apply, on the draft. */
static void void_verdicts(struct draft *draft, size_t stage)
{
    const struct dag *dag = draft->run->dag;
    for (size_t i = stage; i < dag->count; i++) {
        bool is_judged = dag->stages[i].is_gate && draft->stages[i].verdict != VERDICT_NONE;
        if (is_judged && (i == stage || dag_is_upstream(dag, stage, i))) {
            draft->stages[i].verdict = VERDICT_NONE;
        }
    }
}

static void add_try_details(const struct draft *draft, size_t stage, bool is_start, bool is_end,
                            struct json *body)
{
    if (is_start) {
        char intent[RUN_INTENT_SIZE];
        run_intent(draft->run, stage, draft->stages[stage].try_number, intent);
        json_set_text(body, "intent", intent);
    }
    if (is_end) {
        json_set_int(body, "elapsed_ms", draft->now_ms - draft->run->stages[stage].started_ms);
    }
}

/* The same rule as in apply. */
static void take_failure(struct draft_stage *stage, bool is_start, const struct json *body)
{
    struct error err = {.code = ""};
    const struct json *error = json_get(body, "error");
    if (error != NULL) {
        event_error_from_json(error, &err);
    }
    if (error != NULL || is_start) {
        stage->failure = run_failure_of(&err);
    }
}

void draft_move(struct draft *draft, size_t stage, enum stage_state to, struct json *details)
{
    struct draft_stage *at = &draft->stages[stage];
    enum stage_state from = at->state;
    assert(stage_move_is_legal(from, to));
    bool is_start = stage_move_starts_try(from, to);
    bool is_end = stage_state_is_active(from) && !stage_state_is_active(to);
    struct json *body = details == NULL ? json_object() : details;
    at->state = to;
    at->try_number += is_start ? 1 : 0;
    at->retry_at_ms = to == STAGE_RETRYING ? json_int_or(body, "retry_at_ms", 0) : 0;
    draft->active += (is_start ? 1 : 0) - (is_end ? 1 : 0);
    take_failure(at, is_start, body);
    if (stage_move_voids_verdict(from, to)) {
        void_verdicts(draft, stage);
    }
    json_set_text(body, "stage", draft_name(draft, stage));
    json_set_int(body, "try", at->try_number);
    json_set_text(body, "from", stage_state_name(from));
    json_set_text(body, "to", stage_state_name(to));
    add_try_details(draft, stage, is_start, is_end, body);
    draft_event(draft, EVENT_STAGE_STATE, body);
}

void draft_move_run(struct draft *draft, enum run_state to, const char *reason)
{
    assert(run_move_is_legal(draft->state, to));
    struct json *body = json_object();
    json_set_text(body, "from", run_state_name(draft->state));
    json_set_text(body, "to", run_state_name(to));
    if (reason != NULL) {
        json_set_text(body, "reason", reason);
    }
    draft->state = to;
    draft_event(draft, EVENT_RUN_STATE, body);
}

enum upstream draft_upstream(const struct draft *draft, size_t stage, size_t *out_which)
{
    const struct stage_def *def = &draft->run->dag->stages[stage];
    enum upstream worst = UPSTREAM_DONE;
    size_t which = stage;
    for (size_t i = 0; i < def->after_count && worst != UPSTREAM_BAD; i++) {
        enum stage_state state = draft->stages[def->after[i]].state;
        if (stage_state_is_bad(state)) {
            worst = UPSTREAM_BAD;
            which = def->after[i];
        } else if (!stage_state_is_done(state)) {
            worst = UPSTREAM_PENDING;
            which = def->after[i];
        }
    }
    if (out_which != NULL) {
        *out_which = which;
    }
    return worst;
}

int draft_exit_code(const struct draft *draft)
{
    enum run_failure failure = RUN_FAILURE_NONE;
    for (size_t i = 0; i < draft->run->dag->count; i++) {
        failure = run_failure_and(failure, draft->stages[i].state, draft->stages[i].failure);
    }
    return run_exit_code_of(draft->state, failure, draft_verdict(draft), draft->is_terminated);
}

enum verdict draft_verdict(const struct draft *draft)
{
    bool has_gate = false;
    enum verdict all = VERDICT_PASSED;
    for (size_t i = 0; i < draft->run->dag->count; i++) {
        if (draft->run->dag->stages[i].is_gate) {
            all = verdict_and(all, draft->stages[i].verdict);
            has_gate = true;
        }
    }
    return has_gate ? all : VERDICT_NONE;
}

void draft_stop_all(struct draft *draft, const char *reason)
{
    for (size_t i = 0; i < draft->run->dag->count; i++) {
        enum stage_state state = draft->stages[i].state;
        if (state == STAGE_QUEUED || state == STAGE_RUNNING) {
            draft_move(draft, i, STAGE_STOPPING, draft_reason(reason));
            draft_effect(draft, RUN_EFFECT_CANCEL, i);
        } else if (state == STAGE_WAITING || state == STAGE_RETRYING) {
            draft_move(draft, i, STAGE_CANCELLED, draft_reason(reason));
        }
    }
}

void draft_block(struct draft *draft)
{
    for (size_t i = 0; i < draft->run->dag->count; i++) {
        size_t which = 0;
        enum stage_state state = draft->stages[i].state;
        bool waits = state == STAGE_WAITING || state == STAGE_RETRYING;
        if (waits && draft_upstream(draft, i, &which) == UPSTREAM_BAD) {
            char *reason = xasprintf("waits for %s, which is %s", draft_name(draft, which),
                                     stage_state_name(draft->stages[which].state));
            draft_move(draft, i, STAGE_BLOCKED, draft_reason(reason));
            free(reason);
        }
    }
}
