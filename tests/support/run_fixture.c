/* The run machine under test. */
#include "tests/support/run_fixture.h"

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>

static const struct stage_traits traits[] = {
    {"work", false, false, false},
    {"job", true, true, false},
    {"gate", false, false, true},
    {NULL, false, false, false},
};

const struct stage_traits *fixture_traits(void)
{
    return traits;
}

static void append(struct fixture *fixture, int64_t ts_ms, enum event_type type, struct json *body)
{
    struct error err = {0};
    event_list_add(&fixture->log, ts_ms, type, body);
    struct event *event = &fixture->log.items[fixture->log.count - 1];
    event->seq = fixture->run.last_seq + 1;
    if (!run_apply(&fixture->run, event, &err)) {
        fail_msg("apply: %s", err.message);
    }
}

void fixture_init(struct fixture *fixture, const char *dag_text)
{
    struct error err = {0};
    *fixture = (struct fixture){.now_ms = 1000000};
    struct json *json = json_parse(str_from(dag_text), &err);
    struct dag *dag = json == NULL ? NULL : dag_from_json(json, traits, &err);
    if (dag == NULL) {
        fail_msg("dag: %s", err.message);
    }
    struct json *body = json_object();
    json_set_text(body, "pipeline", dag->pipeline);
    json_set_int(body, "number", 147);
    json_set(body, "dag", dag_to_json(dag));
    run_init(&fixture->run, FIXTURE_RUN_ID);
    append(fixture, fixture->now_ms, EVENT_HELLO, body);
    dag_free(dag);
    json_free(json);
}

void fixture_done(struct fixture *fixture)
{
    run_done(&fixture->run);
    event_list_done(&fixture->log);
    decision_done(&fixture->decision);
}

void fixture_hello(struct fixture *fixture)
{
    struct json *body = json_object();
    int64_t last_ms = fixture->run.last_ts_ms;
    json_set_bool(body, "resumed", true);
    append(fixture, fixture->now_ms > last_ms ? fixture->now_ms : last_ms, EVENT_HELLO, body);
}

void fixture_decide(struct fixture *fixture, const struct run_input *input)
{
    decision_done(&fixture->decision);
    fixture->first_of_decision = fixture->log.count;
    run_decide(&fixture->run, input, fixture->now_ms, &fixture->decision);
    for (size_t i = 0; i < fixture->decision.events.count; i++) {
        struct event *event = &fixture->decision.events.items[i];
        append(fixture, event->ts_ms, event->type, event->body);
        event->body = NULL;
    }
}

void fixture_give(struct fixture *fixture, enum run_input_kind kind)
{
    fixture_decide(fixture, &(struct run_input){.kind = kind});
}

void fixture_tick_at(struct fixture *fixture, int64_t now_ms)
{
    fixture->now_ms = now_ms;
    fixture_give(fixture, RUN_INPUT_TICK);
}

size_t fixture_stage(const struct fixture *fixture, const char *name)
{
    size_t stage = dag_find(fixture->run.dag, str_from(name));
    assert_true(stage < fixture->run.dag->count);
    return stage;
}

const struct stage_run *fixture_at(const struct fixture *fixture, const char *name)
{
    return &fixture->run.stages[fixture_stage(fixture, name)];
}

static struct run_input about(const struct fixture *fixture, const char *stage)
{
    size_t index = fixture_stage(fixture, stage);
    return (struct run_input){.stage = index, .try_number = fixture->run.stages[index].try_number};
}

void fixture_end(struct fixture *fixture, const char *stage, enum outcome outcome)
{
    struct run_input input = about(fixture, stage);
    struct json *outputs = json_object();
    json_set_int(outputs, "rows", 30000 + input.try_number);
    input.kind = RUN_INPUT_OUTCOME;
    input.outcome = outcome;
    input.outputs = outcome == OUTCOME_SUCCESS ? outputs : NULL;
    fixture_decide(fixture, &input);
    json_free(outputs);
}

void fixture_fail(struct fixture *fixture, const char *stage, enum error_class error_class)
{
    fixture_fail_with(fixture, stage, error_class, "broken");
}

void fixture_fail_with(struct fixture *fixture, const char *stage, enum error_class error_class,
                       const char *code)
{
    struct error err;
    struct run_input input = about(fixture, stage);
    error_set(&err, error_class, code, "%s broke", stage);
    input.kind = RUN_INPUT_OUTCOME;
    input.outcome = OUTCOME_FAILED;
    input.error = &err;
    fixture_decide(fixture, &input);
}

void fixture_judge(struct fixture *fixture, const char *stage, bool passes)
{
    struct error err = {0};
    struct run_input input = about(fixture, stage);
    char *text = xasprintf(
        "{\"evaluation\":{\"splits\":{\"test\":{\"rows\":4500,\"accuracy\":{\"value\":%s,"
        "\"standard_error\":0.006},\"auc\":{\"value\":0.77}}}},"
        "\"gate\":{\"verdict\":\"%s\",\"rules\":[{\"split\":\"test\",\"metric\":\"accuracy\","
        "\"min\":0.8,\"value\":%s,\"standard_error\":0.006,\"margin\":%s,\"passed\":%s}],"
        "\"message\":\"accuracy %s\"}}",
        passes ? "0.82" : "0.71", passes ? "passed" : "rejected", passes ? "0.82" : "0.71",
        passes ? "0.02" : "-0.09", passes ? "true" : "false", passes ? "0.82" : "0.71");
    struct json *evaluation = json_parse(str_from(text), &err);
    assert_non_null(evaluation);
    input.kind = RUN_INPUT_OUTCOME;
    input.outcome = passes ? OUTCOME_SUCCESS : OUTCOME_REJECTED;
    input.evaluation = evaluation;
    fixture_decide(fixture, &input);
    json_free(evaluation);
    free(text);
}

void fixture_progress(struct fixture *fixture, const char *stage, const char *members)
{
    struct error err = {0};
    char *text = xasprintf("{\"stage\":\"%s\",\"try\":%d,%s}", stage,
                           fixture_at(fixture, stage)->try_number, members);
    struct json *body = json_parse(str_from(text), &err);
    assert_non_null(body);
    event_list_add(&fixture->log, fixture->now_ms, EVENT_STAGE_PROGRESS, body);
    struct event *event = &fixture->log.items[fixture->log.count - 1];
    event->seq = fixture->run.last_seq + 1;
    assert_true(run_apply(&fixture->run, event, &err));
    free(text);
}

void fixture_running(struct fixture *fixture, const char *stage)
{
    struct run_input input = about(fixture, stage);
    input.kind = RUN_INPUT_RUNNING;
    fixture_decide(fixture, &input);
}

bool fixture_command(struct fixture *fixture, enum command_verb verb, const char *stage)
{
    struct command command = {
        .id = 7, .verb = verb, .stage = stage, .user = "ana", .tty = "pts/1", .reason = "tested"};
    struct run_input input = {.kind = RUN_INPUT_COMMAND, .command = &command};
    fixture_decide(fixture, &input);
    const struct event *event = &fixture->log.items[fixture->first_of_decision];
    assert_int_equal(event->type, EVENT_COMMAND);
    return json_bool_or(event->body, "accepted", false);
}

void fixture_assert_states(const struct fixture *fixture, const char *expected)
{
    struct buf text;
    buf_init(&text, 1 << 16);
    for (size_t i = 0; i < fixture->run.dag->count; i++) {
        buf_printf(&text, "%s%s=%s", i == 0 ? "" : " ", fixture->run.dag->stages[i].name,
                   stage_state_name(fixture->run.stages[i].state));
    }
    assert_string_equal(buf_text(&text), expected);
    buf_done(&text);
}

void fixture_assert_effects(const struct fixture *fixture, const char *expected)
{
    static const char *const names[] = {"START", "ADOPT", "CANCEL"};
    struct buf text;
    buf_init(&text, 1 << 16);
    for (size_t i = 0; i < fixture->decision.effect_count; i++) {
        const struct run_effect *effect = &fixture->decision.effects[i];
        buf_printf(&text, "%s%s %s %d", i == 0 ? "" : ", ", names[effect->kind],
                   fixture->run.dag->stages[effect->stage].name, effect->try_number);
    }
    assert_string_equal(buf_text(&text), expected);
    buf_done(&text);
}

const struct event *fixture_latest(const struct fixture *fixture, enum event_type type)
{
    for (size_t i = fixture->log.count; i > 0; i--) {
        if (fixture->log.items[i - 1].type == type) {
            return &fixture->log.items[i - 1];
        }
    }
    return NULL;
}

void fixture_replay(const struct fixture *fixture, struct run *out_run)
{
    run_init(out_run, fixture->run.id);
    for (size_t i = 0; i < fixture->log.count; i++) {
        struct error err = {0};
        struct event event = {0};
        char *run_id = NULL;
        char *line = event_print(&fixture->log.items[i], fixture->run.id);
        if (!event_parse(str_from(line), &event, &run_id, &err) ||
            !run_apply(out_run, &event, &err)) {
            fail_msg("replay: %s: %s", err.message, line);
        }
        assert_string_equal(run_id, fixture->run.id);
        event_done(&event);
        free(run_id);
        free(line);
    }
}

static bool same_json(const struct json *a, const struct json *b)
{
    return (a == NULL) == (b == NULL) && (a == NULL || json_equal(a, b));
}

#define DIFFERS(field)                                                                             \
    if (a->field != b->field) {                                                                    \
        return #field;                                                                             \
    }
#define DIFFERS_TEXT(field)                                                                        \
    if (strcmp(a->field, b->field) != 0) {                                                         \
        return #field;                                                                             \
    }

static const char *stage_difference(const struct stage_run *a, const struct stage_run *b)
{
    DIFFERS(state)
    DIFFERS(try_number)
    DIFFERS(failures)
    DIFFERS(started_ms)
    DIFFERS(running_since_ms)
    DIFFERS(ended_ms)
    DIFFERS(retry_at_ms)
    DIFFERS(after_stop)
    DIFFERS(verdict)
    DIFFERS(outlived_runner)
    DIFFERS(error.error_class)
    DIFFERS_TEXT(error.code)
    DIFFERS_TEXT(error.message)
    DIFFERS_TEXT(intent)
    return same_json(a->outputs, b->outputs) ? NULL : "outputs";
}

const char *fixture_difference(const struct run *a, const struct run *b)
{
    DIFFERS_TEXT(id)
    DIFFERS(number)
    DIFFERS(state)
    DIFFERS(verdict)
    DIFFERS(is_stop_wanted)
    DIFFERS(is_terminated)
    DIFFERS(last_seq)
    DIFFERS(last_ts_ms)
    DIFFERS(created_ms)
    DIFFERS(ended_ms)
    DIFFERS(dag->count)
    for (size_t i = 0; i < a->dag->count; i++) {
        const char *difference = stage_difference(&a->stages[i], &b->stages[i]);
        if (difference != NULL) {
            return difference;
        }
    }
    return same_json(a->evaluation, b->evaluation) ? NULL : "evaluation";
}

void fixture_assert_same(const struct run *a, const struct run *b)
{
    const char *difference = fixture_difference(a, b);
    if (difference != NULL) {
        fail_msg("runs differ in %s", difference);
    }
}
