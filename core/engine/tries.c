/* Effects carried out: attempts started, adopted, cancelled, killed; and what they tell: outcomes
 * become inputs, log lines go to the try's file, progress is gathered until it is due. */
#include "core/engine/engine_internal.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/utf8.h"
#include "core/run/template.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const struct attempt_ops attempt_real_ops = {
    .make = attempt_new,
    .free = attempt_free,
    .start = attempt_start,
    .adopt = attempt_adopt,
    .cancel = attempt_cancel,
    .kill = attempt_kill,
};

static const char *stage_name(const struct engine_try *try)
{
    return try->engine->run.dag->stages[try->stage].name;
}

/* ---- progress */
/* The latest report says it all, but for rounds, which add up, and metrics and the job, each of
 * which counts until it is told anew. */
static void gather_rounds(struct engine_try *try, const struct json *rounds)
{
    if (!json_is_array(rounds)) {
        return;
    }
    if (try->rounds == NULL) {
        try->rounds = json_array();
    }
    for (const struct json *round = json_first(rounds); round != NULL; round = json_next(round)) {
        json_append(try->rounds, json_copy(round));
    }
}

static void gather_metrics(struct engine_try *try, const struct json *metrics)
{
    if (!json_is_object(metrics)) {
        return;
    }
    if (try->metrics == NULL) {
        try->metrics = json_object();
    }
    for (const struct json *metric = json_first(metrics); metric != NULL;
         metric = json_next(metric)) {
        json_set(try->metrics, json_name(metric), json_copy(metric));
    }
}

static void keep_job(const struct engine_try *try, struct json *body)
{
    const struct json *job = json_get(try->progress, "job");
    if (job != NULL && json_get(body, "job") == NULL) {
        json_set(body, "job", json_copy(job));
    }
}

static void on_progress(void *context, struct attempt *attempt, struct json *body)
{
    struct engine_try *try = context;
    (void)attempt;
    gather_rounds(try, json_get(body, "rounds"));
    gather_metrics(try, json_get(body, "metrics"));
    keep_job(try, body);
    json_free(try->progress);
    try->progress = body;
    engine_rearm(try->engine);
}

void engine_take_progress(struct engine *engine, size_t stage, struct event_list *list)
{
    struct engine_try *try = &engine->tries[stage];
    struct json *body = try->progress;
    if (body == NULL) {
        return;
    }
    int64_t now_ms = engine_now_ms(engine);
    json_set_text(body, "stage", stage_name(try));
    json_set_int(body, "try", try->try_number);
    if (try->rounds != NULL) {
        json_set(body, "rounds", try->rounds);
    }
    if (try->metrics != NULL) {
        json_set(body, "metrics", try->metrics);
    }
    event_list_add(list, now_ms, EVENT_STAGE_PROGRESS, body);
    try->progress = try->rounds = try->metrics = NULL;
    try->progress_due_ms = now_ms + PROGRESS_INTERVAL_MS;
}

void engine_take_due_progress(struct engine *engine, struct event_list *list)
{
    int64_t now_ms = engine_now_ms(engine);
    for (size_t i = 0; i < engine->run.dag->count; i++) {
        if (engine->tries[i].progress_due_ms <= now_ms) {
            engine_take_progress(engine, i, list);
        }
    }
}

int64_t engine_progress_due_ms(const struct engine *engine)
{
    int64_t due_ms = INT64_MAX;
    if (engine->live_count == 0) {
        return due_ms;
    }
    for (size_t i = 0; i < engine->run.dag->count; i++) {
        const struct engine_try *try = &engine->tries[i];
        if (try->progress != NULL && try->progress_due_ms < due_ms) {
            due_ms = try->progress_due_ms;
        }
    }
    return due_ms;
}

/* ---- ears */
static void on_running(void *context, struct attempt *attempt)
{
    struct engine_try *try = context;
    (void)attempt;
    engine_add_input(try->engine, &(struct run_input){.kind = RUN_INPUT_RUNNING,
                                                      .stage = try->stage,
                                                      .try_number = try->try_number});
    engine_pump(try->engine);
}

/* A log that cannot be written is no reason to fail a run; it is said once. */
static void on_log(void *context, struct attempt *attempt, const char *level, struct str line)
{
    struct engine_try *try = context;
    struct engine *engine = try->engine;
    struct error err;
    struct buf text;
    (void)attempt;
    buf_init(&text, line.len * 3 + 1); /* U+FFFD takes three bytes */
    utf8_append_printable(&text, line);
    if (try_log_holds(&try->log, level, buf_str(&text))) {
        buf_done(&text);
        return;
    }
    bool is_ok = try_log_write(&try->log, engine_now_ms(engine), level, buf_str(&text), &err);
    if (!is_ok && !try->is_log_failing) {
        engine_notice(engine, &err);
    }
    try->is_log_failing = !is_ok;
    const struct engine_listener *listener = &engine->spec.listener;
    if (listener->log != NULL) {
        listener->log(listener->context, stage_name(try), try->try_number, level, buf_str(&text));
    }
    buf_done(&text);
}

static void end_try(struct engine_try *try)
{
    struct error err;
    struct engine *engine = try->engine;
    engine->spec.attempts->free(try->attempt);
    try->attempt = NULL;
    engine->live_count--;
    try_log_done(&try->log);
    if (!file_remove_tree(try->work_folder, &err)) {
        engine_notice(engine, &err);
    }
    free(try->work_folder);
    try->work_folder = NULL;
}

static void on_finished(void *context, struct attempt *attempt, enum outcome outcome,
                        const struct error *err, const struct json *outputs,
                        const struct json *evaluation)
{
    struct engine_try *try = context;
    struct engine *engine = try->engine;
    assert(try->attempt == attempt);
    engine_add_input(engine, &(struct run_input){.kind = RUN_INPUT_OUTCOME,
                                                 .stage = try->stage,
                                                 .try_number = try->try_number,
                                                 .outcome = outcome,
                                                 .error = err,
                                                 .outputs = outputs,
                                                 .evaluation = evaluation});
    end_try(try);
    engine_pump(engine);
}

/* ---- starting */
static char *try_path(const char *run_folder, const char *folder, const char *stage, int try_number)
{
    return xasprintf("%s/%s/%s.%d", run_folder, folder, stage, try_number);
}

char *engine_log_path(const char *state_folder, const char *run_id, const char *stage,
                      int try_number)
{
    char *run_folder = engine_run_folder_path(state_folder, run_id);
    char *path = xasprintf("%s/logs/%s.%d.log", run_folder, stage, try_number);
    free(run_folder);
    return path;
}

static bool prepare_folders(struct engine_try *try, struct error *err)
{
    struct engine *engine = try->engine;
    char *log = engine_log_path(engine->spec.state_folder, engine->run.id, stage_name(try),
                                try->try_number);
    try_log_init(&try->log, log, TRY_LOG_SIZE_MAX);
    free(log);
    try->is_log_failing = false;
    try->work_folder = try_path(engine->run_folder, "work", stage_name(try), try->try_number);
    return file_remove_tree(try->work_folder, err) &&
           file_make_folders(try->work_folder, 0700, err);
}

static struct attempt *make_attempt(struct engine_try *try, struct json *parameters)
{
    struct engine *engine = try->engine;
    const struct stage_def *def = &engine->run.dag->stages[try->stage];
    struct attempt_spec spec = {
        .loop = engine->spec.loop,
        .clock = engine->spec.clock,
        .services = engine->spec.services,
        .hooks = &try->hooks,
        .dag = engine->run.dag,
        .run_id = engine->run.id,
        .kind = def->kind,
        .stage = def->name,
        .try_number = try->try_number,
        .intent = engine->run.stages[try->stage].intent,
        .work_folder = try->work_folder,
        .parameters = parameters,
        .total_timeout_ms = def->total_timeout_ms,
        .running_timeout_ms = def->running_timeout_ms,
    };
    return engine->spec.attempts->make(&spec);
}

/* A try that cannot even begin ends like any other. */
static void fail_try(struct engine_try *try, const struct error *err)
{
    free(try->work_folder);
    try->work_folder = NULL;
    try_log_done(&try->log);
    engine_add_input(try->engine, &(struct run_input){.kind = RUN_INPUT_OUTCOME,
                                                      .stage = try->stage,
                                                      .try_number = try->try_number,
                                                      .outcome = OUTCOME_FAILED,
                                                      .error = err});
}

static void begin_try(struct engine_try *try, const struct run_effect *effect)
{
    struct error err = {0};
    struct engine *engine = try->engine;
    assert(try->attempt == NULL);
    try->try_number = effect->try_number;
    /* A try that is over soon stores its progress with its end. */
    try->progress_due_ms = engine_now_ms(engine) + PROGRESS_INTERVAL_MS;
    struct json *parameters = template_resolve(&engine->run, try->stage, effect->try_number, &err);
    if (parameters == NULL || !prepare_folders(try, &err)) {
        json_free(parameters);
        fail_try(try, &err);
        return;
    }
    try->attempt = make_attempt(try, parameters);
    engine->live_count++;
    if (effect->kind == RUN_EFFECT_ADOPT) {
        try_log_adopt(&try->log);
        engine->spec.attempts->adopt(try->attempt);
    } else {
        engine->spec.attempts->start(try->attempt);
    }
}

void engine_carry_out(struct engine *engine, const struct run_effect *effect)
{
    struct engine_try *try = &engine->tries[effect->stage];
    switch (effect->kind) {
    case RUN_EFFECT_START:
    case RUN_EFFECT_ADOPT:
        begin_try(try, effect);
        break;
    case RUN_EFFECT_CANCEL:
        if (try->attempt != NULL && try->try_number == effect->try_number) {
            engine->spec.attempts->cancel(try->attempt);
        }
        break;
    }
}

void engine_kill_tries(struct engine *engine)
{
    for (size_t i = 0; engine->tries != NULL && i < engine->run.dag->count; i++) {
        if (engine->tries[i].attempt != NULL) {
            engine->spec.attempts->kill(engine->tries[i].attempt);
        }
    }
}

/* ---- storage */
void engine_make_tries(struct engine *engine)
{
    engine->tries = xcalloc(engine->run.dag->count, sizeof *engine->tries);
    for (size_t i = 0; i < engine->run.dag->count; i++) {
        struct engine_try *try = &engine->tries[i];
        try->engine = engine;
        try->stage = i;
        try->log.fd = -1;
        try->hooks = (struct attempt_hooks){.context = try,
                                            .running = on_running,
                                            .progress = on_progress,
                                            .log = on_log,
                                            .finished = on_finished};
    }
}

void engine_free_tries(struct engine *engine)
{
    for (size_t i = 0; engine->tries != NULL && i < engine->run.dag->count; i++) {
        struct engine_try *try = &engine->tries[i];
        json_free(try->progress);
        json_free(try->rounds);
        json_free(try->metrics);
        if (try->attempt != NULL) {
            engine->spec.attempts->free(try->attempt);
        }
        try_log_done(&try->log);
        free(try->work_folder);
    }
    free(engine->tries);
}
