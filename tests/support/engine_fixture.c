/* An engine for scenarios. */
#include "tests/support/engine_fixture.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/loop/timer.h"
#include "tests/support/cmocka.h"
#include "tests/support/folder.h"
#include "tests/support/run_fixture.h"
#include "tests/support/store_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUIET_TICKS = 8, DRIVE_STEPS = 400, REPORTS = 1000 };

static struct engine_fixture *current; /* attempt_ops have no context of their own */

/* ---- scripted attempts */
struct scripted {
    struct engine_fixture *fixture;
    struct attempt_spec spec;
    char intent[RUN_INTENT_SIZE];
    struct timer *timer;
    enum behaviour behaviour;
    bool is_job, is_gate, is_cancelled;
};

static struct scripted *of(struct attempt *attempt)
{
    return (struct scripted *)(void *)attempt;
}

static struct attempt *as_attempt(struct scripted *scripted)
{
    return (struct attempt *)(void *)scripted;
}

static bool pass_point(struct engine_fixture *fixture)
{
    fixture->activity++;
    if (fixture->is_dead) {
        return false;
    }
    if (++fixture->points == fixture->crash_at) {
        fixture->is_dead = true;
        loop_stop(fixture->loop);
    }
    return true;
}

static enum behaviour find_behaviour(const struct scripted *scripted)
{
    const struct script *script = scripted->fixture->scripts;
    for (; script != NULL && script->stage != NULL; script++) {
        if (strcmp(script->stage, scripted->spec.stage) == 0 &&
            (script->try_number == 0 || script->try_number == scripted->spec.try_number)) {
            return script->behaviour;
        }
    }
    return SUCCEED;
}

static size_t find_job(const struct engine_fixture *fixture, const char *intent)
{
    size_t i = 0;
    while (i < fixture->job_count && strcmp(fixture->jobs[i], intent) != 0) {
        i++;
    }
    return i;
}

static void end_job(struct scripted *scripted)
{
    size_t job = find_job(scripted->fixture, scripted->intent);
    if (scripted->is_job && job < scripted->fixture->job_count) {
        scripted->fixture->job_ended[job] = true;
    }
}

static void chatter(struct scripted *scripted)
{
    const struct attempt_hooks *hooks = scripted->spec.hooks;
    for (int i = 1; i <= REPORTS; i++) {
        struct json *body = json_object(), *rounds = json_array(), *round = json_array();
        json_append(round, json_int(i));
        json_append(rounds, round);
        json_set(body, "rounds", rounds);
        json_set_int(body, "done", i);
        if (i == 1) { /* the others know of no job */
            struct json *job = json_object();
            json_set_text(job, "name", "the-job");
            json_set(body, "job", job);
        }
        hooks->progress(hooks->context, as_attempt(scripted), body);
    }
    hooks->log(hooks->context, as_attempt(scripted), "out", STR("line \x1b[31mred\tend"));
}

static struct json *evaluation(bool is_passed)
{
    struct error err;
    return json_parse(is_passed ? STR("{\"evaluation\":{\"splits\":{\"test\":{\"accuracy\":"
                                      "{\"value\":0.82}}}},\"gate\":{\"verdict\":\"passed\"}}")
                                : STR("{\"evaluation\":{\"splits\":{\"test\":{\"accuracy\":"
                                      "{\"value\":0.7}}}},\"gate\":{\"verdict\":\"rejected\"}}"),
                      &err);
}

static void finish(struct scripted *scripted, enum outcome outcome, enum error_class error_class)
{
    struct error err = {0};
    const struct attempt_hooks *hooks = scripted->spec.hooks;
    bool is_success = outcome == OUTCOME_SUCCESS;
    bool is_judged = scripted->is_gate && (is_success || outcome == OUTCOME_REJECTED);
    struct json *outputs = json_object();
    struct json *judged = is_judged ? evaluation(is_success) : NULL;
    json_set_int(outputs, "value", scripted->spec.try_number);
    json_set_text(outputs, "job", scripted->intent);
    error_set(&err, error_class, "scripted", "as scripted");
    end_job(scripted);
    hooks->finished(hooks->context, as_attempt(scripted), outcome, is_success ? NULL : &err,
                    is_success ? outputs : NULL, judged);
    json_free(outputs);
    json_free(judged);
}

static void act(void *context)
{
    struct scripted *scripted = context;
    const struct attempt_hooks *hooks = scripted->spec.hooks;
    if (scripted->fixture->is_dead) {
        return;
    }
    scripted->fixture->activity++;
    if (scripted->is_cancelled) {
        finish(scripted, OUTCOME_CANCELLED, ERROR_CANCELLED);
        return;
    }
    if (scripted->is_job) {
        hooks->running(hooks->context, as_attempt(scripted));
    }
    switch (scripted->behaviour) {
    case CHATTER:
        chatter(scripted);
        finish(scripted, OUTCOME_SUCCESS, ERROR_BUG);
        break;
    case SUCCEED:
        finish(scripted, OUTCOME_SUCCESS, ERROR_BUG);
        break;
    case FAIL_TRANSIENT:
        finish(scripted, OUTCOME_FAILED, ERROR_TRANSIENT);
        break;
    case FAIL_PERMANENT:
        finish(scripted, OUTCOME_FAILED, ERROR_PERMANENT);
        break;
    case REJECT:
        finish(scripted, OUTCOME_REJECTED, ERROR_PERMANENT);
        break;
    case INTERRUPT:
        finish(scripted, OUTCOME_INTERRUPTED, ERROR_TRANSIENT);
        break;
    case HANG:
        break;
    }
}

static struct attempt *scripted_make(const struct attempt_spec *spec)
{
    struct scripted *scripted = xcalloc(1, sizeof *scripted);
    scripted->fixture = current;
    scripted->spec = *spec;
    snprintf(scripted->intent, sizeof scripted->intent, "%s", spec->intent);
    scripted->behaviour = find_behaviour(scripted);
    scripted->is_job = strcmp(spec->kind, "job") == 0;
    scripted->is_gate = strcmp(spec->kind, "gate") == 0;
    scripted->timer = timer_new(spec->loop, act, scripted);
    json_free(current->last_parameters);
    current->last_parameters = json_copy(spec->parameters);
    assert_true(file_exists(spec->work_folder));
    assert_true(current->live_count < WORLD_ATTEMPTS_MAX);
    current->live[current->live_count++] = scripted;
    if (current->live_count > current->live_max) {
        current->live_max = current->live_count;
    }
    return as_attempt(scripted);
}

static void scripted_free(struct attempt *attempt)
{
    struct scripted *scripted = of(attempt);
    struct engine_fixture *fixture = scripted->fixture;
    size_t at = 0;
    while (fixture->live[at] != scripted) {
        at++;
    }
    fixture->live[at] = fixture->live[--fixture->live_count];
    timer_free(scripted->timer);
    json_free(scripted->spec.parameters);
    free(scripted);
}

static void submit(struct scripted *scripted)
{
    struct engine_fixture *fixture = scripted->fixture;
    assert_int_equal(find_job(fixture, scripted->intent), fixture->job_count); /* never twice */
    assert_true(fixture->job_count < WORLD_JOBS_MAX);
    fixture->job_ended[fixture->job_count] = false;
    strcpy(fixture->jobs[fixture->job_count++], scripted->intent);
}

static void scripted_start(struct attempt *attempt)
{
    struct scripted *scripted = of(attempt);
    if (scripted->fixture->is_dead) {
        return;
    }
    if (scripted->is_job) {
        submit(scripted);
    }
    scripted->fixture->started++;
    timer_arm(scripted->timer, 0);
    pass_point(scripted->fixture);
}

static void scripted_adopt(struct attempt *attempt)
{
    struct scripted *scripted = of(attempt);
    assert_true(scripted->is_job);
    if (scripted->fixture->is_dead) {
        return;
    }
    if (find_job(scripted->fixture, scripted->intent) == scripted->fixture->job_count) {
        scripted->behaviour = INTERRUPT; /* the runner died before it submitted */
    }
    scripted->fixture->adopted++;
    timer_arm(scripted->timer, 0);
    pass_point(scripted->fixture);
}

static void scripted_cancel(struct attempt *attempt)
{
    struct scripted *scripted = of(attempt);
    if (!pass_point(scripted->fixture)) {
        return;
    }
    scripted->fixture->cancelled++;
    scripted->is_cancelled = true;
    timer_arm(scripted->timer, 0);
}

/* Work here ends, remote work does not. */
static void scripted_kill(struct attempt *attempt)
{
    struct scripted *scripted = of(attempt);
    if (scripted->fixture->is_dead) {
        return;
    }
    scripted->fixture->killed++;
    scripted->is_cancelled = true;
    scripted->is_job = false;
    timer_arm(scripted->timer, 0);
}

static const struct attempt_ops scripted_ops = {.make = scripted_make,
                                                .free = scripted_free,
                                                .start = scripted_start,
                                                .adopt = scripted_adopt,
                                                .cancel = scripted_cancel,
                                                .kill = scripted_kill};

/* ---- the listener */
static void hear_event(void *context, const struct event *event)
{
    struct engine_fixture *fixture = context;
    if (!pass_point(fixture)) {
        return;
    }
    fixture->events++;
    assert_int_equal(event->seq, engine_run(fixture->engine)->last_seq);
    if (fixture->on_event != NULL) {
        fixture->on_event(fixture, event);
    }
}

static void hear_log(void *context, const char *stage, int try_number, const char *level,
                     struct str text)
{
    struct engine_fixture *fixture = context;
    buf_printf(&fixture->log, "%s.%d %s " STR_FMT "\n", stage, try_number, level, STR_ARG(text));
}

static void hear_notice(void *context, const struct error *err)
{
    struct engine_fixture *fixture = context;
    fixture->notices++;
    fixture->last_notice = *err;
}

static void hear_rest(void *context, int exit_code)
{
    struct engine_fixture *fixture = context;
    if (fixture->is_dead) {
        return;
    }
    fixture->rests++;
    fixture->exit_code = exit_code;
    loop_stop(fixture->loop);
}

static void hear_handover(void *context, const struct error *err)
{
    struct engine_fixture *fixture = context;
    fixture->handovers++;
    fixture->has_handover_error = err != NULL;
    if (err != NULL) {
        fixture->handover_error = *err;
    }
    loop_stop(fixture->loop);
}

/* ---- life */
/* In memory where that is possible: thousands of runs need not wait for a disk. */
static char *make_folder(void)
{
    char *folder = xstrdup("/dev/shm/gatehouse-test-XXXXXX");
    if (mkdtemp(folder) != NULL) {
        return folder;
    }
    free(folder);
    return test_folder_new();
}

void engine_fixture_init(struct engine_fixture *fixture, const struct script *scripts)
{
    struct error err = {0};
    *fixture = (struct engine_fixture){.scripts = scripts};
    current = fixture;
    fixture->loop = loop_new();
    clock_manual_init(&fixture->clock, FIXTURE_TS);
    fixture->folder = make_folder();
    buf_init(&fixture->log, 1 << 20);
    char *path = file_join(fixture->folder, "runs.db");
    fixture->store = store_open(path, STORE_WRITE, &err);
    free(path);
    assert_non_null(fixture->store);
}

void engine_fixture_done(struct engine_fixture *fixture)
{
    engine_free(fixture->engine);
    assert_int_equal(fixture->live_count, 0);
    json_free(fixture->last_parameters);
    buf_done(&fixture->log);
    store_close(fixture->store);
    loop_free(fixture->loop);
    test_folder_free(fixture->folder);
}

static void make_engine(struct engine_fixture *fixture)
{
    struct engine_spec spec = {
        .loop = fixture->loop,
        .clock = &fixture->clock.clock,
        .store = fixture->store,
        .services = &fixture->services,
        .state_folder = fixture->folder,
        .attempts = &scripted_ops,
        .listener = {.context = fixture,
                     .event = hear_event,
                     .log = hear_log,
                     .notice = hear_notice,
                     .rest = hear_rest,
                     .handed_over = hear_handover},
        .seed = 7,
    };
    fixture->engine = engine_new(&spec);
    fixture->rests = 0;
    fixture->handovers = 0;
    fixture->is_dead = false;
}

static void must(bool is_ok, const struct error *err)
{
    if (!is_ok) {
        fail_msg("%s: %s", err->code, err->message);
    }
}

void engine_fixture_create(struct engine_fixture *fixture, const char *dag_text)
{
    struct error err = {0};
    struct json *json = json_parse(str_from(dag_text), &err);
    struct dag *dag = dag_from_json(json, fixture_traits(), &err);
    struct json *hello = json_object();
    must(dag != NULL, &err);
    json_set_text(hello, "user", "ana");
    make_engine(fixture);
    must(engine_create_run(fixture->engine, dag, hello, &err), &err);
    json_free(hello);
    json_free(json);
    dag_free(dag);
    engine_start(fixture->engine);
}

void engine_fixture_resume(struct engine_fixture *fixture)
{
    struct error err = {0};
    struct json *hello = json_object();
    make_engine(fixture);
    must(engine_open_run(fixture->engine, "latest", hello, &err), &err);
    json_free(hello);
    engine_start(fixture->engine);
}

/* ---- time */
struct quiet {
    struct engine_fixture *fixture;
    struct timer *timer;
    int64_t seen;
    int ticks;
};

static void look(void *context)
{
    struct quiet *quiet = context;
    quiet->ticks = quiet->seen == quiet->fixture->activity ? quiet->ticks + 1 : 0;
    quiet->seen = quiet->fixture->activity;
    if (quiet->ticks >= QUIET_TICKS) {
        loop_stop(quiet->fixture->loop);
    } else {
        timer_arm(quiet->timer, 0);
    }
}

static bool is_over(const struct engine_fixture *fixture)
{
    return fixture->is_dead || fixture->rests > 0 || fixture->handovers > 0;
}

static void run_until_quiet(struct engine_fixture *fixture)
{
    struct quiet quiet = {.fixture = fixture, .seen = -1};
    quiet.timer = timer_new(fixture->loop, look, &quiet);
    timer_arm(quiet.timer, 0);
    loop_run(fixture->loop);
    timer_free(quiet.timer);
}

void engine_fixture_settle(struct engine_fixture *fixture)
{
    if (!is_over(fixture)) {
        run_until_quiet(fixture);
    }
}

/* What a dead runner has under way with the loop must not outlive it here. */
void engine_fixture_drop(struct engine_fixture *fixture)
{
    run_until_quiet(fixture);
    engine_free(fixture->engine);
    fixture->engine = NULL;
}

void engine_fixture_advance(struct engine_fixture *fixture, int64_t ms)
{
    clock_manual_advance(&fixture->clock, ms);
    engine_wake(fixture->engine);
    engine_fixture_settle(fixture);
}

void engine_fixture_drive(struct engine_fixture *fixture)
{
    engine_fixture_settle(fixture);
    for (int i = 0; i < DRIVE_STEPS && !is_over(fixture); i++) {
        engine_fixture_advance(fixture, 1000);
    }
    assert_true(is_over(fixture));
}

void engine_fixture_drive_to_rest(struct engine_fixture *fixture)
{
    engine_fixture_drive(fixture);
    while (fixture->rests == 0) {
        engine_fixture_drop(fixture);
        engine_fixture_resume(fixture);
        engine_fixture_drive(fixture);
    }
}

/* ---- commands */
void engine_fixture_command(struct engine_fixture *fixture, enum command_verb verb,
                            const char *stage)
{
    struct command command = {.verb = verb, .stage = stage, .user = "ana", .reason = "because"};
    engine_command(fixture->engine, &command);
}

void engine_fixture_store_command(struct engine_fixture *fixture, enum command_verb verb,
                                  const char *stage)
{
    struct error err = {0};
    int64_t id = 0;
    struct command command = {.verb = verb, .stage = stage, .user = "ben", .reason = "because"};
    char *path = file_join(fixture->folder, "runs.db");
    struct store *console = store_open(path, STORE_WRITE, &err);
    struct run_summary run = store_fixture_find(console, "latest");
    must(store_add_command(console, run.id, &command, run.created_ms, &id, &err), &err);
    store_close(console);
    free(path);
}

/* ---- checks */
void engine_fixture_assert_states(const struct engine_fixture *fixture, const char *expected)
{
    struct buf text;
    const struct run *run = engine_run(fixture->engine);
    buf_init(&text, 1 << 16);
    for (size_t i = 0; i < run->dag->count; i++) {
        buf_printf(&text, "%s%s=%s/%d", i == 0 ? "" : " ", run->dag->stages[i].name,
                   stage_state_name(run->stages[i].state), run->stages[i].try_number);
    }
    assert_string_equal(buf_text(&text), expected);
    buf_done(&text);
}

static void replay(struct engine_fixture *fixture, struct run *run)
{
    struct error err = {0};
    struct event_list list = {0};
    run_init(run, engine_run(fixture->engine)->id);
    must(store_read_events(fixture->store, run->id, 0, 1000000, &list, &err), &err);
    for (size_t i = 0; i < list.count; i++) {
        must(run_apply(run, &list.items[i], &err), &err);
    }
    event_list_done(&list);
}

void engine_fixture_check_rest(struct engine_fixture *fixture)
{
    struct run told;
    const struct run *run = engine_run(fixture->engine);
    replay(fixture, &told);
    fixture_assert_same(&told, run);
    run_done(&told);
    assert_true(run_state_is_final(run->state));
    assert_int_equal(fixture->exit_code, run_exit_code(run));
    for (size_t i = 0; i < run->dag->count; i++) {
        assert_true(stage_state_is_final(run->stages[i].state));
    }
    struct run_summary row = store_fixture_find(fixture->store, "latest");
    assert_int_equal(row.state, run->state);
    assert_int_equal(row.verdict, run->verdict);
    assert_int_equal(row.ended_ms, run->ended_ms);
    assert_int_equal(row.last_seq, run->last_seq);
    assert_int_equal(fixture->live_count, 0);
    for (size_t i = 0; i < fixture->job_count; i++) {
        assert_true(fixture->job_ended[i]);
    }
    char *work = file_join(engine_run_folder(fixture->engine), "work");
    assert_true(!file_exists(work) || test_folder_count(work, ".") == 0);
    free(work);
}

int engine_fixture_count(struct engine_fixture *fixture, enum event_type type)
{
    int count = 0;
    struct error err = {0};
    struct event_list list = {0};
    must(
        store_read_events(fixture->store, engine_run(fixture->engine)->id, 0, 1000000, &list, &err),
        &err);
    for (size_t i = 0; i < list.count; i++) {
        count += list.items[i].type == type;
    }
    event_list_done(&list);
    return count;
}
