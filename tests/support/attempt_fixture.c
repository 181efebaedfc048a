/* See the header. */
#include "tests/support/attempt_fixture.h"

#include "core/base/alloc.h"
#include "core/base/file.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOW_MS = 1795361968 };

static void on_running(void *context, struct attempt *attempt)
{
    struct attempt_fixture *fixture = context;
    (void)attempt;
    assert(fixture->is_started);
    fixture->running++;
}

static void on_progress(void *context, struct attempt *attempt, struct json *body)
{
    struct attempt_fixture *fixture = context;
    (void)attempt;
    const char *step = json_text_or(body, "step", "?");
    assert(fixture->is_started);
    fixture->reports++;
    if (strcmp(step, json_text_or(fixture->last_report, "step", "")) != 0) {
        buf_printf(&fixture->steps, "%s;", step);
    }
    json_free(fixture->last_report);
    fixture->last_report = body;
}

static void on_log(void *context, struct attempt *attempt, const char *level, struct str line)
{
    struct attempt_fixture *fixture = context;
    (void)attempt;
    assert(fixture->is_started);
    buf_printf(&fixture->log, "%s ", level);
    buf_append_str(&fixture->log, line);
    buf_append_char(&fixture->log, '\n');
}

static void on_finished(void *context, struct attempt *attempt, enum outcome outcome,
                        const struct error *err, const struct json *outputs,
                        const struct json *evaluation)
{
    struct attempt_fixture *fixture = context;
    assert(fixture->is_started);
    fixture->finished++;
    fixture->outcome = outcome;
    if (err != NULL) {
        fixture->error = *err;
    }
    fixture->outputs = json_copy(outputs);
    fixture->evaluation = json_copy(evaluation);
    attempt_free(attempt); /* allowed from here on */
    fixture->attempt = NULL;
}

static void on_call(void *context, enum fake_call call)
{
    struct attempt_fixture *fixture = context;
    (void)call;
    if (fixture->attempt != NULL && fixture->fake->total == fixture->cancel_at) {
        attempt_cancel(fixture->attempt);
    }
    if (fixture->attempt != NULL && fixture->fake->total == fixture->kill_at) {
        attempt_kill(fixture->attempt);
    }
}

struct attempt_fixture *fixture_new(const char *kind)
{
    struct attempt_fixture *fixture = xcalloc(1, sizeof(*fixture));
    fixture->loop = loop_new();
    clock_manual_init(&fixture->clock, (int64_t)NOW_MS * 1000);
    fixture->fake = fake_services_new(fixture->loop, &fixture->clock.clock);
    fixture->fake->on_call = on_call;
    fixture->fake->on_call_context = fixture;
    snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/gatehouse-attempt-XXXXXX");
    char *made = mkdtemp(fixture->folder);
    assert(made != NULL);
    (void)made;
    buf_init(&fixture->steps, 1 << 16);
    buf_init(&fixture->log, 16 << 20);
    fixture->hooks = (struct attempt_hooks){.context = fixture,
                                            .running = on_running,
                                            .progress = on_progress,
                                            .log = on_log,
                                            .finished = on_finished};
    fixture->spec = (struct attempt_spec){
        .loop = fixture->loop,
        .clock = &fixture->clock.clock,
        .services = &fixture->fake->services,
        .hooks = &fixture->hooks,
        .run_id = "20261122-153928-a1b2c3",
        .kind = kind,
        .stage = "stage_under_test",
        .try_number = 1,
        .intent = FIXTURE_INTENT,
        .work_folder = fixture->folder,
    };
    return fixture;
}

struct json *fixture_json(const char *text)
{
    struct error err;
    struct json *json = json_parse(str_from(text), &err);
    if (json == NULL) {
        fprintf(stderr, "bad JSON in a test: %s: %s\n", err.message, text);
        abort();
    }
    return json;
}

void fixture_start(struct attempt_fixture *fixture, struct json *parameters, bool is_adoption)
{
    fixture->spec.parameters = parameters;
    fixture->attempt = attempt_new(&fixture->spec);
    if (is_adoption) {
        attempt_adopt(fixture->attempt);
    } else {
        attempt_start(fixture->attempt);
    }
    fixture->is_started = true;
}

static void run(struct attempt_fixture *fixture, const char *parameters, bool is_adoption)
{
    fixture_start(fixture, fixture_json(parameters), is_adoption);
    loop_run(fixture->loop);
    if (fixture->finished != 1) {
        fprintf(stderr, "the end was told %d times\n", fixture->finished);
        abort();
    }
}

void fixture_run(struct attempt_fixture *fixture, const char *parameters)
{
    run(fixture, parameters, false);
}

void fixture_adopt(struct attempt_fixture *fixture, const char *parameters)
{
    run(fixture, parameters, true);
}

void fixture_clear(struct attempt_fixture *fixture)
{
    struct error err;
    json_free(fixture->outputs);
    json_free(fixture->evaluation);
    json_free(fixture->last_report);
    fixture->outputs = fixture->evaluation = fixture->last_report = NULL;
    fixture->finished = fixture->running = fixture->reports = 0;
    fixture->is_started = false;
    fixture->error = (struct error){0};
    buf_reset(&fixture->steps);
    buf_reset(&fixture->log);
    file_remove_tree(fixture->folder, &err);
    file_make_folders(fixture->folder, 0700, &err);
}

void fixture_free(struct attempt_fixture *fixture)
{
    struct error err;
    fixture_clear(fixture);
    fake_services_free(fixture->fake);
    loop_free(fixture->loop);
    file_remove_tree(fixture->folder, &err);
    buf_done(&fixture->steps);
    buf_done(&fixture->log);
    free(fixture);
}
