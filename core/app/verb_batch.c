/* gatehouse --batch: a new run or a resumed one, or the plan of it. */
#include "core/app/verbs.h"

#include "core/app/backend.h"
#include "core/app/face.h"
#include "core/app/plan_calls.h"
#include "core/app/prepare.h"
#include "core/app/runner.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_LIMIT = 64 << 10 };

/* ---- the plan */
static struct json *planned_stage(const struct dag *dag, size_t index, enum stage_state state)
{
    const struct stage_def *def = &dag->stages[index];
    struct json *stage = json_object(), *after = json_array();
    bool is_done = state == STAGE_SUCCESS || state == STAGE_SKIPPED;
    for (size_t i = 0; i < def->after_count; i++) {
        json_append(after, json_string(str_from(dag->stages[def->after[i]].name)));
    }
    json_set_text(stage, "name", def->name);
    json_set_text(stage, "kind", def->kind);
    json_set(stage, "after", after);
    json_set_text(stage, "action", is_done ? "keep" : "run");
    json_set_text(stage, "state", stage_state_name(state));
    json_set_int(stage, "tries_allowed", def->retries + 1);
    json_set_int(stage, "running_timeout_ms", def->running_timeout_ms);
    return stage;
}

static void print_planned(struct app *app, size_t number, const struct json *stage)
{
    struct buf after;
    buf_init(&after, LINE_LIMIT);
    const struct json *names = json_get(stage, "after");
    for (const struct json *n = json_first(names); n != NULL; n = json_next(n)) {
        const char *name = "";
        json_as_text(n, &name);
        buf_printf(&after, "%s%s", after.len == 0 ? "" : ", ", name);
    }
    printer_line(&app->out, "%3zu %-4s %-28s %-16s %lld tries, after: %s", number,
                 json_text_or(stage, "action", ""), json_text_or(stage, "name", ""),
                 json_text_or(stage, "kind", ""), (long long)json_int_or(stage, "tries_allowed", 1),
                 after.len == 0 ? "nothing" : buf_text(&after));
    buf_done(&after);
    const struct json *calls = json_get(stage, "calls");
    for (const struct json *c = json_first(calls); c != NULL; c = json_next(c)) {
        printer_line(&app->out, "      %s: %s: %s", json_text_or(c, "service", ""),
                     json_text_or(c, "operation", ""), json_text_or(c, "resource", ""));
    }
}

static void print_plan(struct app *app, const struct dag *dag, const struct run *run)
{
    struct json *plan = json_object(), *stages = json_array();
    for (size_t i = 0; i < dag->count; i++) {
        struct json *stage =
            planned_stage(dag, i, run == NULL ? STAGE_WAITING : run->stages[i].state);
        json_set(stage, "calls",
                 strcmp(json_text_or(stage, "action", ""), "run") == 0
                     ? plan_calls(app->config, dag, i, run == NULL ? NULL : run->id)
                     : json_array());
        json_append(stages, stage);
    }
    json_set_text(plan, "type", "plan");
    json_set_text(plan, "pipeline", dag->pipeline);
    json_set_text(plan, "run", run == NULL ? NULL : run->id);
    json_set_int(plan, "max_parallel", dag->max_parallel);
    json_set(plan, "stages", stages);
    struct json *cost = plan_cost(app, dag);
    if (cost != NULL) {
        json_set(plan, "training_cost", cost);
    }
    if (app_is_json(app)) {
        printer_json(&app->out, plan);
    } else {
        size_t number = 1;
        printer_line(&app->out, "plan of %s, %s, environment %s; nothing is changed",
                     run == NULL ? "a new run" : run->id, dag->pipeline,
                     config_text(app->config, CONFIG_pipeline_environment));
        for (const struct json *s = json_first(stages); s != NULL; s = json_next(s)) {
            print_planned(app, number++, s);
        }
        if (cost != NULL) {
            printer_line(&app->out, "cost of training: %s", json_text_or(cost, "text", ""));
        }
    }
    json_free(plan);
}

static int plan_resumed(struct app *app, const char *reference)
{
    struct run_summary summary;
    struct face face;
    struct error err;
    int code = app_open_store(app, STORE_READ);
    code = code == EXIT_CODE_OK ? app_find_run(app, reference, &summary) : code;
    if (code != EXIT_CODE_OK) {
        return code;
    }
    face_init(&face, app, summary.id);
    if (face_follow(&face, app->store, false, &err)) {
        print_plan(app, face.view.run.dag, &face.view.run);
    } else {
        code = app_fail(&err, "");
    }
    face_done(&face);
    return code;
}

static int dry_run(struct app *app)
{
    const char *reference = app->options->values[OPTION_RESUME];
    if (reference != NULL) {
        return plan_resumed(app, reference);
    }
    print_plan(app, app->config->dag, NULL);
    return EXIT_CODE_OK;
}

/* ---- the run */
static int prepare_sample(struct app *app, struct backend *backend)
{
    static const struct prepare_request sample = {
        .is_sample = true, .rows = PREPARE_SAMPLE_ROWS, .seed = PREPARE_SAMPLE_SEED};
    struct error err;
    bool is_there = false;
    if (!prepare_has_raw_data(backend, app->config, &is_there, &err)) {
        return app_fail(&err, "raw data");
    }
    if (is_there) {
        return EXIT_CODE_OK;
    }
    complain("there is no raw data yet: preparing the synthetic sample of %d rows (not real "
             "customers)",
             PREPARE_SAMPLE_ROWS);
    struct json *report = prepare_data(backend, app->config, &sample, &err);
    if (report == NULL) {
        return app_fail(&err, "sample");
    }
    json_free(report);
    return EXIT_CODE_OK;
}

/* Half of one set and half of another would train a model that means nothing. */
static int check_data(struct app *app, struct backend *backend)
{
    struct error err;
    const struct dag *dag = app->config->dag;
    bool needs_data = false;
    for (size_t i = 0; i < dag->count; i++) {
        needs_data = needs_data || strcmp(dag->stages[i].kind, "function_invoke") == 0;
    }
    return !needs_data || prepare_check_whole(backend, app->config, &err) ? EXIT_CODE_OK
                                                                          : app_fail(&err, "");
}

static int run_batch(struct app *app, const char *run_id)
{
    struct backend backend;
    struct error err;
    int code = EXIT_CODE_OK;
    if (!backend_init(&backend, app, &err)) {
        code = app_fail(&err, "");
    }
    if (code == EXIT_CODE_OK && app->options->is_given[OPTION_PREPARE_SAMPLE]) {
        code = prepare_sample(app, &backend);
    }
    if (code == EXIT_CODE_OK && run_id == NULL) {
        code = check_data(app, &backend);
    }
    if (code == EXIT_CODE_OK) {
        code = runner_run(app, &backend, run_id, NULL, NULL);
    }
    backend_done(&backend);
    return code;
}

/* What no single key can tell is wrong, before anything is spent. */
static int check_backend(const struct app *app)
{
    struct error err;
    if (backend_check_reach(app->config, &err) && backend_check_role(app->config, &err) &&
        backend_check_hyperparameters(app->config, &err)) {
        return EXIT_CODE_OK;
    }
    complain("%s", err.message);
    return EXIT_CODE_CONFIG;
}

int verb_batch(struct app *app)
{
    struct run_summary run;
    const char *reference = app->options->values[OPTION_RESUME];
    int code = app_load(app);
    code = code == EXIT_CODE_OK ? check_backend(app) : code;
    if (code == EXIT_CODE_OK && app->options->is_given[OPTION_DRY_RUN]) {
        return dry_run(app);
    }
    code = code == EXIT_CODE_OK ? app_open_store(app, STORE_WRITE) : code;
    if (code == EXIT_CODE_OK && reference != NULL) {
        code = app_find_run(app, reference, &run);
    }
    return code == EXIT_CODE_OK ? run_batch(app, reference == NULL ? NULL : run.id) : code;
}
