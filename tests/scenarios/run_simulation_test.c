/* The run machine against chance: random plans, outcomes, clocks, commands and crashes of the
 * runner, beside a small model of the work it starts. Each seed is one run of the machine; a
 * failure prints its seed, and GATEHOUSE_SIMULATION_SEED=<seed> replays that one alone.
 * GATEHOUSE_SIMULATION_RUNS=<n> sets how many seeds are tried. */
#include "core/run/run.h"
#include "core/view/view.h"

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/random.h"
#include "tests/support/cmocka.h"
#include "tests/support/run_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    STAGES_MAX = 12,
    STEPS_MAX = 60,       /* random inputs before the calm */
    CALM_STEPS_MAX = 500, /* after which a run without failures must have ended */
    CRASHES_MAX = 6,
    RUNS = 20000,
    BUDGET_MS = 10000, /* of CPU time, unless the number of runs is asked for */
    SEEDS_MIN = 500,   /* fewer in that time: something has become slow */
    VIEW_EVERY = 16,
};

struct work { /* what a try started outside; it exists whether a runner knows of it or not */
    char intent[RUN_INTENT_SIZE];
    size_t stage;
    bool is_remote; /* outlives its runner */
    bool has_ended;
    enum outcome outcome; /* when it has ended while no runner looked */
};

struct attempt { /* what the present runner knows of a live try */
    bool is_live;
    bool is_lost; /* adoption found nothing */
    bool is_cancelled;
    int try_number;
    struct work *work; /* NULL: lost */
};

struct facts { /* kept beside the run, from its events only */
    int64_t last_start_seq;
    int64_t passed_seq; /* of a gate's latest passed evaluation; 0 after a rejected one */
};

struct simulation {
    struct random random;
    struct run run;
    struct event_list log;
    int64_t now_ms;
    struct work works[512];
    size_t work_count;
    struct attempt attempts[STAGES_MAX];
    struct facts facts[STAGES_MAX];
    int crashes;
    int accepted_commands;
    bool is_calm;    /* no more failures, crashes and commands */
    uint64_t mishap; /* chance of a failure, in percent */
};

/* Not cmocka's: the simulation runs in a child of the test. */
static void broken(const char *what, const char *more)
{
    fprintf(stderr, "broken: %s%s\n", what, more);
    exit(EXIT_FAILURE);
}

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            broken(#condition, "");                                                                \
        }                                                                                          \
    } while (0)

static uint64_t below(struct simulation *simulation, uint64_t bound)
{
    return random_below(&simulation->random, bound);
}

static bool chance(struct simulation *simulation, uint64_t percent)
{
    return below(simulation, 100) < percent;
}

/* ---- a random plan */

static void append_stage(struct simulation *simulation, int index, struct buf *text)
{
    static const char *const kinds[] = {"work", "job", "gate"};
    const char *kind = kinds[below(simulation, 3)];
    buf_printf(text, "%s{\"name\":\"s%d\",\"kind\":\"%s\",\"after\":[", index == 0 ? "" : ",",
               index, kind);
    bool is_first = true;
    for (int i = 0; i < index; i++) {
        if (chance(simulation, 30)) {
            buf_printf(text, "%s\"s%d\"", is_first ? "" : ",", i);
            is_first = false;
        }
    }
    buf_printf(text, "],\"retries\":%d,\"retry_delay_ms\":%d", (int)below(simulation, 4),
               (int)below(simulation, 3) * 700);
    static const char *const clocks[] = {"queued", "running", "total"};
    for (size_t i = 0; i < 3; i++) {
        if (chance(simulation, 40)) {
            buf_printf(text, ",\"%s_timeout_ms\":%d", clocks[i],
                       1000 + (int)below(simulation, 20000));
        }
    }
    buf_append_char(text, '}');
}

static struct json *random_dag(struct simulation *simulation)
{
    struct error err = {0};
    struct buf text;
    int stages = 1 + (int)below(simulation, STAGES_MAX);
    buf_init(&text, 1 << 16);
    buf_printf(&text, "{\"pipeline\":\"p\",\"max_parallel\":%d,\"stages\":[",
               1 + (int)below(simulation, 5));
    for (int i = 0; i < stages; i++) {
        append_stage(simulation, i, &text);
    }
    buf_append_text(&text, "]}");
    struct json *plan = json_parse(buf_str(&text), &err);
    struct dag *dag = dag_from_json(plan, fixture_traits(), &err);
    CHECK(dag != NULL);
    struct json *json = dag_to_json(dag);
    dag_free(dag);
    json_free(plan);
    buf_done(&text);
    return json;
}

/* ---- invariants */

static void check_start(struct simulation *simulation, size_t stage)
{
    const struct stage_def *def = &simulation->run.dag->stages[stage];
    for (size_t i = 0; i < def->after_count; i++) {
        enum stage_state upstream = simulation->run.stages[def->after[i]].state;
        CHECK(upstream == STAGE_SUCCESS || upstream == STAGE_SKIPPED);
    }
}

/* What the event says beside the run's own state, before it is applied. */
static void note(struct simulation *simulation, const struct event *event)
{
    const char *name = json_text_or(event->body, "stage", "");
    if (simulation->run.dag == NULL || event->type == EVENT_COMMAND || name[0] == '\0') {
        return;
    }
    size_t stage = dag_find(simulation->run.dag, str_from(name));
    if (event->type == EVENT_EVALUATION) {
        const char *verdict = json_text_or(json_get(event->body, "gate"), "verdict", "");
        bool passed = strcmp(verdict, "passed") == 0;
        simulation->facts[stage].passed_seq = passed ? event->seq : 0;
    } else if (event->type == EVENT_STAGE_STATE && json_get(event->body, "intent") != NULL) {
        check_start(simulation, stage);
        simulation->facts[stage].last_start_seq = event->seq;
    }
}

static bool gate_is_current(const struct simulation *simulation, size_t gate)
{
    int64_t passed_seq = simulation->facts[gate].passed_seq;
    for (size_t i = 0; i < gate; i++) {
        if (dag_is_upstream(simulation->run.dag, i, gate) &&
            simulation->facts[i].last_start_seq > passed_seq) {
            return false;
        }
    }
    return passed_seq > simulation->facts[gate].last_start_seq;
}

/* The run's end as this test understands it, from the stages alone. */
static enum run_state expected_end(const struct simulation *simulation)
{
    size_t counts[STAGE_STATE_COUNT] = {0};
    bool has_bad_gate = false;
    const struct run *run = &simulation->run;
    for (size_t i = 0; i < run->dag->count; i++) {
        counts[run->stages[i].state]++;
        if (run->dag->stages[i].is_gate) {
            has_bad_gate = has_bad_gate || run->stages[i].state != STAGE_SUCCESS ||
                           !gate_is_current(simulation, i);
        }
    }
    if (run->is_stop_wanted) {
        return RUN_CANCELLED;
    }
    if (counts[STAGE_FAILED] + counts[STAGE_REJECTED] > 0) {
        return RUN_FAILED;
    }
    if (counts[STAGE_CANCELLED] > 0) {
        return RUN_CANCELLED;
    }
    return has_bad_gate ? RUN_FAILED : RUN_SUCCESS;
}

static void check_result(struct simulation *simulation, const struct event *event)
{
    const struct run *run = &simulation->run;
    const char *state = json_text_or(event->body, "state", "");
    const char *verdict = json_text_or(event->body, "verdict", "");
    int64_t exit_code = json_int_or(event->body, "exit_code", -1);
    for (size_t i = 0; i < run->dag->count; i++) {
        CHECK(stage_state_is_final(run->stages[i].state));
    }
    CHECK(run->state == expected_end(simulation));
    CHECK(strcmp(state, run_state_name(run->state)) == 0);
    CHECK(strcmp(verdict, verdict_name(run->verdict)) == 0);
    struct run untold = *run; /* what the states say, without the word of the result */
    untold.has_result = false;
    CHECK(exit_code == run_exit_code(run));
    CHECK(exit_code == run_exit_code(&untold));
    CHECK((exit_code == 0) == (run->state == RUN_SUCCESS));
    CHECK(exit_code != 3 || run->verdict == VERDICT_REJECTED);
}

static void check_always(struct simulation *simulation)
{
    const struct run *run = &simulation->run;
    int active = 0;
    for (size_t i = 0; i < run->dag->count; i++) {
        const struct stage_run *stage = &run->stages[i];
        int budget = (1 + run->dag->stages[i].retries) * (1 + simulation->accepted_commands);
        active += stage_state_is_active(stage->state) ? 1 : 0;
        CHECK(stage->try_number <= budget + simulation->crashes);
        CHECK(stage->outputs == NULL || stage->state == STAGE_SUCCESS);
        CHECK(!run_state_is_final(run->state) || stage_state_is_final(stage->state));
    }
    CHECK(active <= run->dag->max_parallel);
    bool is_under_way = run->state == RUN_RUNNING || run->state == RUN_STOPPING;
    CHECK(!is_under_way || active > 0 || run_next_deadline_ms(run) != INT64_MAX);
}

/* What the run thinks is alive is what the runner has, and what shall stop was told so. */
static void check_attempts(const struct simulation *simulation)
{
    for (size_t i = 0; i < simulation->run.dag->count; i++) {
        enum stage_state state = simulation->run.stages[i].state;
        const struct attempt *attempt = &simulation->attempts[i];
        CHECK(attempt->is_live == stage_state_is_active(state));
        CHECK(state != STAGE_STOPPING || attempt->is_cancelled);
    }
}

/* ---- the log */

/* Keeps the event as a reader of the log will see it: printed and parsed again. */
static void keep(struct simulation *simulation, const struct event *event)
{
    struct error err = {0};
    struct event parsed = {0};
    char *run_id = NULL;
    char *line = event_print(event, simulation->run.id);
    CHECK(event_parse(str_from(line), &parsed, &run_id, &err));
    CHECK(strcmp(run_id, simulation->run.id) == 0);
    event_list_add(&simulation->log, parsed.ts_ms, parsed.type, parsed.body);
    simulation->log.items[simulation->log.count - 1].seq = parsed.seq;
    free(run_id);
    free(line);
}

/* Takes body. */
static void append(struct simulation *simulation, int64_t ts_ms, enum event_type type,
                   struct json *body)
{
    struct error err = {0};
    struct event event = {simulation->run.last_seq + 1, ts_ms, type, body};
    note(simulation, &event);
    if (!run_apply(&simulation->run, &event, &err)) {
        broken("apply: ", err.message);
    }
    if (type == EVENT_RESULT) {
        check_result(simulation, &event);
    }
    keep(simulation, &event);
    event_done(&event);
}

static void hello(struct simulation *simulation, struct json *dag)
{
    int64_t last_ms = simulation->run.last_ts_ms;
    struct json *body = json_object();
    if (dag != NULL) {
        json_set(body, "dag", dag);
    }
    append(simulation, simulation->now_ms > last_ms ? simulation->now_ms : last_ms, EVENT_HELLO,
           body);
}

static void replay(struct simulation *simulation, struct run *out_run)
{
    run_init(out_run, simulation->run.id);
    for (size_t i = 0; i < simulation->log.count; i++) {
        struct error err = {0};
        CHECK(run_apply(out_run, &simulation->log.items[i], &err));
    }
}

static void check_replay(struct simulation *simulation)
{
    struct run replayed;
    replay(simulation, &replayed);
    const char *difference = fixture_difference(&simulation->run, &replayed);
    if (difference != NULL) {
        broken("replay differs in ", difference);
    }
    run_done(&simulation->run);
    simulation->run = replayed; /* from here on the run is the replayed one */
}

/* ---- work and runners */

static struct work *find_work(struct simulation *simulation, const char *intent)
{
    for (size_t i = 0; i < simulation->work_count; i++) {
        if (strcmp(simulation->works[i].intent, intent) == 0) {
            return &simulation->works[i];
        }
    }
    return NULL;
}

static void start_work(struct simulation *simulation, const struct run_effect *effect)
{
    const struct stage_run *stage = &simulation->run.stages[effect->stage];
    for (size_t i = 0; i < simulation->work_count; i++) {
        const struct work *other = &simulation->works[i];
        CHECK(other->stage != effect->stage || other->has_ended);
    }
    CHECK(stage->try_number == effect->try_number);
    CHECK(find_work(simulation, stage->intent) == NULL);
    CHECK(!simulation->attempts[effect->stage].is_live);
    CHECK(simulation->work_count < sizeof(simulation->works) / sizeof(struct work));
    struct work *work = &simulation->works[simulation->work_count++];
    *work = (struct work){.stage = effect->stage};
    work->is_remote = simulation->run.dag->stages[effect->stage].is_adoptable;
    snprintf(work->intent, sizeof(work->intent), "%s", stage->intent);
    simulation->attempts[effect->stage] =
        (struct attempt){.is_live = true, .try_number = effect->try_number, .work = work};
}

static void carry_out(struct simulation *simulation, const struct run_effect *effect)
{
    struct attempt *attempt = &simulation->attempts[effect->stage];
    const struct stage_run *stage = &simulation->run.stages[effect->stage];
    CHECK(stage_state_is_active(stage->state));
    switch (effect->kind) {
    case RUN_EFFECT_START:
        start_work(simulation, effect);
        break;
    case RUN_EFFECT_ADOPT:
        CHECK(!attempt->is_live);
        CHECK(simulation->run.dag->stages[effect->stage].is_adoptable);
        *attempt = (struct attempt){.is_live = true, .try_number = effect->try_number};
        attempt->work = find_work(simulation, stage->intent);
        attempt->is_lost = attempt->work == NULL;
        break;
    case RUN_EFFECT_CANCEL:
        CHECK(attempt->is_live && attempt->try_number == effect->try_number);
        attempt->is_cancelled = true;
        break;
    }
}

static enum outcome random_outcome(struct simulation *simulation, size_t stage)
{
    bool is_gate = simulation->run.dag->stages[stage].is_gate;
    if (simulation->is_calm || !chance(simulation, simulation->mishap)) {
        return OUTCOME_SUCCESS;
    }
    if (is_gate && chance(simulation, 50)) {
        return OUTCOME_REJECTED;
    }
    static const enum outcome bad[] = {OUTCOME_FAILED, OUTCOME_FAILED, OUTCOME_FAILED,
                                       OUTCOME_CANCELLED, OUTCOME_INTERRUPTED};
    return bad[below(simulation, sizeof(bad) / sizeof(bad[0]))];
}

static void give(struct simulation *simulation, const struct run_input *input);

/* The runner dies: local work with it; remote work goes on and may end unseen. */
static void crash(struct simulation *simulation)
{
    simulation->crashes++;
    for (size_t i = 0; i < simulation->work_count; i++) {
        struct work *work = &simulation->works[i];
        if (!work->has_ended && (!work->is_remote || chance(simulation, 30))) {
            work->has_ended = true;
            work->outcome = random_outcome(simulation, work->stage);
        }
    }
    memset(simulation->attempts, 0, sizeof(simulation->attempts));
    check_replay(simulation);
    simulation->now_ms += (int64_t)below(simulation, 5000);
    hello(simulation, NULL);
    give(simulation, &(struct run_input){.kind = RUN_INPUT_ATTACH});
}

static bool wants_crash(struct simulation *simulation, uint64_t percent)
{
    return !simulation->is_calm && simulation->crashes < CRASHES_MAX && chance(simulation, percent);
}

/* Decide, store, apply, carry out; the runner may die before, between and after. */
static void give(struct simulation *simulation, const struct run_input *input)
{
    struct decision decision = {0};
    struct run_input seeded = *input;
    seeded.random = random_next(&simulation->random);
    run_decide(&simulation->run, &seeded, simulation->now_ms, &decision);
    bool has_died = wants_crash(simulation, 2); /* before anything was stored */
    for (size_t i = 0; i < decision.events.count && !has_died; i++) {
        struct event *event = &decision.events.items[i];
        append(simulation, event->ts_ms, event->type, event->body);
        event->body = NULL;
    }
    if (!has_died) {
        check_always(simulation);
    }
    for (size_t i = 0; i < decision.effect_count && !has_died; i++) {
        has_died = wants_crash(simulation, 4);
        if (!has_died) {
            carry_out(simulation, &decision.effects[i]);
        }
    }
    decision_done(&decision);
    if (has_died) {
        crash(simulation);
    } else {
        check_attempts(simulation);
    }
}

/* ---- random inputs */

static struct json *random_evaluation(struct simulation *simulation, enum outcome outcome)
{
    struct error err = {0};
    bool lies = !simulation->is_calm && chance(simulation, 3); /* a stage with a bug */
    bool passed = (outcome == OUTCOME_SUCCESS) != lies;
    return json_parse(passed ? STR("{\"evaluation\":{\"splits\":{\"test\":{\"accuracy\":"
                                   "{\"value\":0.82}}}},\"gate\":{\"verdict\":\"passed\"}}")
                             : STR("{\"evaluation\":{},\"gate\":{\"verdict\":\"rejected\","
                                   "\"message\":\"accuracy\"}}"),
                      &err);
}

static enum outcome attempt_outcome(struct simulation *simulation, size_t stage)
{
    const struct attempt *attempt = &simulation->attempts[stage];
    if (attempt->is_lost) {
        return OUTCOME_INTERRUPTED;
    }
    if (attempt->work->has_ended) {
        return attempt->work->outcome;
    }
    if (attempt->is_cancelled && (simulation->is_calm || chance(simulation, 85))) {
        return OUTCOME_CANCELLED;
    }
    return random_outcome(simulation, stage);
}

static void end_attempt(struct simulation *simulation, size_t stage)
{
    static const enum error_class classes[] = {ERROR_TRANSIENT, ERROR_TRANSIENT, ERROR_PERMANENT,
                                               ERROR_BUG};
    struct attempt *attempt = &simulation->attempts[stage];
    struct error err;
    enum outcome outcome = attempt_outcome(simulation, stage);
    bool is_gate = simulation->run.dag->stages[stage].is_gate;
    error_set(&err, classes[below(simulation, 4)], "chance", "s%zu broke", stage);
    struct json *outputs = json_object();
    struct json *evaluation = is_gate ? random_evaluation(simulation, outcome) : NULL;
    json_set_int(outputs, "rows", attempt->try_number);
    if (attempt->work != NULL) {
        attempt->work->has_ended = true;
        attempt->work->outcome = outcome;
    }
    attempt->is_live = false;
    give(simulation, &(struct run_input){.kind = RUN_INPUT_OUTCOME,
                                         .stage = stage,
                                         .try_number = attempt->try_number,
                                         .outcome = outcome,
                                         .error = outcome == OUTCOME_SUCCESS ? NULL : &err,
                                         .outputs = outputs,
                                         .evaluation = evaluation});
    json_free(outputs);
    json_free(evaluation);
}

/* A live attempt from `start` on, or dag->count. */
static size_t find_live(const struct simulation *simulation, size_t start)
{
    size_t count = simulation->run.dag->count;
    for (size_t i = 0; i < count; i++) {
        if (simulation->attempts[(start + i) % count].is_live) {
            return (start + i) % count;
        }
    }
    return count;
}

static void end_some_attempt(struct simulation *simulation)
{
    size_t count = simulation->run.dag->count;
    size_t stage = find_live(simulation, below(simulation, count));
    if (stage < count) {
        end_attempt(simulation, stage);
    }
}

static void report_running(struct simulation *simulation)
{
    size_t stage = find_live(simulation, below(simulation, simulation->run.dag->count));
    if (stage < simulation->run.dag->count && !simulation->attempts[stage].is_lost) {
        give(simulation, &(struct run_input){.kind = RUN_INPUT_RUNNING,
                                             .stage = stage,
                                             .try_number = simulation->attempts[stage].try_number});
    }
}

static void tick(struct simulation *simulation)
{
    int crashes = simulation->crashes;
    give(simulation, &(struct run_input){.kind = RUN_INPUT_TICK});
    const struct run *run = &simulation->run;
    int64_t now_ms = simulation->now_ms > run->last_ts_ms ? simulation->now_ms : run->last_ts_ms;
    bool is_under_way = run->state == RUN_RUNNING || run->state == RUN_STOPPING;
    /* else an engine that sleeps until the deadline would spin */
    CHECK(crashes != simulation->crashes || !is_under_way || run_next_deadline_ms(run) > now_ms);
}

static void pass_time(struct simulation *simulation)
{
    uint64_t kind = below(simulation, 20);
    if (kind == 0) {
        simulation->now_ms -= (int64_t)below(simulation, 100000);
    } else if (kind == 1) {
        simulation->now_ms += (int64_t)below(simulation, 100000);
    } else if (kind < 6 && run_next_deadline_ms(&simulation->run) != INT64_MAX) {
        simulation->now_ms = run_next_deadline_ms(&simulation->run); /* as an engine wakes up */
    } else {
        simulation->now_ms += (int64_t)below(simulation, 2000);
    }
    tick(simulation);
}

/* What an old try says now must not matter. */
static void report_late(struct simulation *simulation)
{
    size_t stage = below(simulation, simulation->run.dag->count);
    const struct stage_run *at = &simulation->run.stages[stage];
    int try_number = at->try_number - (stage_state_is_active(at->state) ? 1 : 0);
    struct decision decision = {0};
    struct run_input input = {.kind =
                                  chance(simulation, 20) ? RUN_INPUT_RUNNING : RUN_INPUT_OUTCOME,
                              .stage = stage,
                              .try_number = try_number,
                              .outcome = OUTCOME_SUCCESS};
    run_decide(&simulation->run, &input, simulation->now_ms, &decision);
    CHECK(decision.events.count == 0 && decision.effect_count == 0);
    decision_done(&decision);
}

static void check_plan(struct simulation *simulation, const enum stage_state *before,
                       const bool *will_run)
{
    for (size_t i = 0; i < simulation->run.dag->count; i++) {
        enum stage_state state = simulation->run.stages[i].state;
        bool will = state == STAGE_WAITING || stage_state_is_active(state);
        CHECK(!will_run[i] || will);
        CHECK(will_run[i] || !will || !stage_state_is_final(before[i]));
    }
}

static void command(struct simulation *simulation)
{
    struct error err = {0};
    char name[16];
    bool will_run[STAGES_MAX] = {false};
    enum stage_state before[STAGES_MAX];
    int crashes = simulation->crashes;
    static const enum command_verb verbs[] = {COMMAND_RETRY, COMMAND_RETRY, COMMAND_RERUN,
                                              COMMAND_SKIP, COMMAND_STOP};
    snprintf(name, sizeof(name), "s%d", (int)below(simulation, STAGES_MAX));
    struct command wish = {.verb = verbs[below(simulation, 5)], .stage = name, .reason = "chance"};
    for (size_t i = 0; i < simulation->run.dag->count; i++) {
        before[i] = simulation->run.stages[i].state;
    }
    bool is_accepted = run_plan_command(&simulation->run, &wish, will_run, &err);
    CHECK(is_accepted || err.message[0] != '\0');
    simulation->accepted_commands += is_accepted ? 1 : 0;
    give(simulation, &(struct run_input){.kind = RUN_INPUT_COMMAND, .command = &wish});
    if (crashes != simulation->crashes) {
        return;
    }
    for (size_t i = 0; !is_accepted && i < simulation->run.dag->count; i++) {
        CHECK(simulation->run.stages[i].state == before[i] || !stage_state_is_final(before[i]));
    }
    if (is_accepted && simulation->run.state != RUN_CREATED) {
        check_plan(simulation, before, will_run);
    }
}

static void random_step(struct simulation *simulation)
{
    uint64_t kind = below(simulation, 100);
    if (kind < 45) {
        end_some_attempt(simulation);
    } else if (kind < 60) {
        report_running(simulation);
    } else if (kind < 85) {
        pass_time(simulation);
    } else if (kind < 92) {
        report_late(simulation);
    } else if (kind < 98) {
        command(simulation);
    } else if (wants_crash(simulation, 100)) {
        crash(simulation);
    }
}

/* ---- one run */

static void come_to_rest(struct simulation *simulation)
{
    struct run *run = &simulation->run;
    simulation->is_calm = true;
    for (int i = 0; i < CALM_STEPS_MAX && !run_state_is_final(run->state); i++) {
        size_t stage = find_live(simulation, 0);
        if (stage < run->dag->count) {
            end_attempt(simulation, stage);
            continue;
        }
        int64_t deadline_ms = run_next_deadline_ms(run);
        CHECK(deadline_ms != INT64_MAX);
        simulation->now_ms = deadline_ms;
        tick(simulation);
    }
    CHECK(run_state_is_final(run->state));
    CHECK(run_next_deadline_ms(run) == INT64_MAX);
    CHECK(find_live(simulation, 0) == run->dag->count);
}

static void check_view(struct simulation *simulation)
{
    struct view view;
    struct error err = {0};
    struct buf text;
    view_init(&view, simulation->run.id);
    buf_init(&text, 1 << 22);
    for (size_t i = 0; i < simulation->log.count; i++) {
        CHECK(view_apply(&view, &simulation->log.items[i], &err));
        view_event_text(&view, &simulation->log.items[i], &text);
    }
    view_render_text(&view, simulation->now_ms, &text);
    for (size_t i = 0; i < view.run.dag->count; i++) {
        CHECK((int)view.stages[i].try_count == simulation->run.stages[i].try_number);
        for (size_t k = 0; k < view.stages[i].try_count; k++) {
            CHECK(view.stages[i].tries[k].ended_ms != 0);
        }
    }
    json_free(view_to_json(&view, simulation->now_ms));
    buf_done(&text);
    view_done(&view);
}

static void simulate(struct simulation *simulation, uint64_t seed)
{
    *simulation = (struct simulation){.now_ms = 1795361968000};
    simulation->random.state = random_mix(seed);
    simulation->mishap = below(simulation, 60);
    run_init(&simulation->run, FIXTURE_RUN_ID);
    hello(simulation, random_dag(simulation));
    give(simulation, &(struct run_input){.kind = RUN_INPUT_START});
    uint64_t steps = below(simulation, STEPS_MAX + 1);
    for (uint64_t i = 0; i < steps; i++) {
        random_step(simulation);
    }
    come_to_rest(simulation);
    check_replay(simulation);
    if (seed % VIEW_EVERY == 0) {
        check_view(simulation);
    }
    run_done(&simulation->run);
    event_list_done(&simulation->log);
}

static int64_t cpu_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static uint64_t number_from_environment(const char *name, uint64_t otherwise)
{
    str_to_u64(str_from(getenv(name)), &otherwise);
    return otherwise;
}

/* Gives the number of seeds done. out_seed is told before each. */
static uint64_t simulate_many(uint64_t runs, volatile uint64_t *out_seed)
{
    struct simulation *simulation = xmalloc(sizeof(*simulation));
    int64_t start_ms = cpu_ms();
    uint64_t limit = runs > 0 ? runs : RUNS;
    uint64_t done = 0;
    while (done < limit && (runs > 0 || cpu_ms() - start_ms < BUDGET_MS)) {
        *out_seed = done + 1;
        simulate(simulation, ++done);
    }
    printf("simulated %llu runs in %lld ms\n", (unsigned long long)done,
           (long long)(cpu_ms() - start_ms));
    free(simulation);
    return done;
}

static void random_schedules_keep_every_promise(void **state)
{
    (void)state;
    int status = 0;
    uint64_t runs = number_from_environment("GATEHOUSE_SIMULATION_RUNS", 0);
    volatile uint64_t *seed =
        mmap(NULL, sizeof(*seed), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(seed != MAP_FAILED);
    fflush(NULL);
    /* In a child, so that the seed is known even after an assert or a sanitizer's report. */
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        exit(simulate_many(runs, seed) >= SEEDS_MIN || runs > 0 ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (status != 0) {
        fail_msg("seed %llu: replay it with GATEHOUSE_SIMULATION_SEED=%llu",
                 (unsigned long long)*seed, (unsigned long long)*seed);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_schedules_keep_every_promise),
    };
    uint64_t seed = number_from_environment("GATEHOUSE_SIMULATION_SEED", 0);
    if (seed > 0) {
        struct simulation *simulation = xmalloc(sizeof(*simulation));
        simulate(simulation, seed);
        free(simulation);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
