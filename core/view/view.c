/* Folding events into the view. The run machine's part is run_apply's; nothing here judges an
 * event. */
#include "core/view/view.h"

#include "core/base/alloc.h"
#include "core/view/text.h"

#include <stdlib.h>
#include <string.h>

void view_init(struct view *view, const char *run_id)
{
    *view = (struct view){0};
    run_init(&view->run, run_id);
    view->environment = xstrdup("");
    view->backend = xstrdup("");
    view->host = xstrdup("");
    view->user = xstrdup("");
    view->version = xstrdup("");
    view->data = xstrdup("");
}

static void training_done(struct view_training *training)
{
    for (size_t i = 0; i < training->series_count; i++) {
        free(training->series[i].metric);
        free(training->series[i].points);
    }
    free(training->series);
    *training = (struct view_training){0};
}

static void stage_done(struct view_stage *stage)
{
    for (size_t i = 0; i < stage->try_count; i++) {
        json_free(stage->tries[i].outputs);
    }
    free(stage->tries);
    json_free(stage->progress);
    free(stage->reason);
}

static void command_done(struct view_command *command)
{
    free(command->verb);
    free(command->stage);
    free(command->user);
    free(command->tty);
    free(command->reason);
    free(command->message);
}

void view_done(struct view *view)
{
    for (size_t i = 0; view->stages != NULL && i < view->run.dag->count; i++) {
        stage_done(&view->stages[i]);
    }
    for (size_t i = 0; i < view->command_count; i++) {
        command_done(&view->commands[i]);
    }
    training_done(&view->training);
    free(view->stages);
    free(view->commands);
    free(view->environment);
    free(view->backend);
    free(view->host);
    free(view->user);
    free(view->version);
    free(view->data);
    run_done(&view->run);
    *view = (struct view){0};
}

static void replace_text(char **text, const struct json *body, const char *name)
{
    const char *value = NULL;
    if (json_as_text(json_get(body, name), &value)) {
        free(*text);
        *text = xstrdup(value);
    }
}

static void fold_hello(struct view *view, const struct json *body)
{
    if (view->stages == NULL) {
        view->stages = xcalloc(view->run.dag->count, sizeof(view->stages[0]));
    }
    replace_text(&view->environment, body, "environment");
    replace_text(&view->backend, body, "backend");
    replace_text(&view->host, body, "host");
    replace_text(&view->user, body, "user");
    replace_text(&view->version, body, "version");
    replace_text(&view->data, body, "data");
    view->pid = json_int_or(body, "pid", view->pid);
}

/* ---- tries */

static void begin_try(struct view_stage *stage, const struct stage_run *at)
{
    stage->tries = xreallocarray(stage->tries, stage->try_count + 1, sizeof(stage->tries[0]));
    struct view_try *fresh = &stage->tries[stage->try_count++];
    *fresh = (struct view_try){.number = at->try_number, .started_ms = at->started_ms};
    memcpy(fresh->intent, at->intent, sizeof(fresh->intent));
    json_free(stage->progress);
    stage->progress = NULL;
}

static void end_try(struct view_try *latest, const struct stage_run *at, const struct json *body)
{
    latest->ended_ms = at->ended_ms;
    latest->is_interrupted =
        at->state == STAGE_RETRYING && strcmp(json_text_or(body, "reason", ""), "interrupted") == 0;
    latest->outputs = json_copy(at->outputs);
    latest->error = at->error;
}

static void fold_stage_state(struct view *view, const struct json *body)
{
    size_t index = dag_find(view->run.dag, str_from(json_text_or(body, "stage", "")));
    const struct stage_run *at = &view->run.stages[index];
    struct view_stage *stage = &view->stages[index];
    const char *reason = json_text_or(body, "reason", NULL);
    free(stage->reason);
    stage->reason = reason == NULL ? NULL : xstrdup(reason);
    if (at->try_number > (int)stage->try_count) {
        begin_try(stage, at);
    }
    if (stage->try_count == 0) {
        return;
    }
    struct view_try *latest = &stage->tries[stage->try_count - 1];
    if (latest->ended_ms != 0) { /* moves between tries are not the try's */
        return;
    }
    latest->state = at->state;
    latest->running_since_ms = at->running_since_ms;
    if (!stage_state_is_active(at->state)) {
        end_try(latest, at, body);
    }
}

/* ---- training: the job and its curves */

static struct view_series *find_series(struct view_training *training, const char *metric)
{
    for (size_t i = 0; i < training->series_count; i++) {
        if (strcmp(training->series[i].metric, metric) == 0) {
            return &training->series[i];
        }
    }
    if (training->series_count == VIEW_SERIES_MAX) {
        return NULL;
    }
    training->series =
        xreallocarray(training->series, training->series_count + 1, sizeof(training->series[0]));
    struct view_series *fresh = &training->series[training->series_count++];
    *fresh = (struct view_series){.metric = xstrdup(metric)};
    return fresh;
}

/* After an adoption the log is read again: known rounds come once more. */
static void add_point(struct view_series *series, double round, double value)
{
    bool is_new = series->count == 0 || series->points[series->count - 1].round < round;
    if (!is_new || series->count == VIEW_POINTS_MAX) {
        return;
    }
    if (series->count == series->capacity) {
        series->capacity = series->capacity == 0 ? 64 : series->capacity * 2;
        series->points = xreallocarray(series->points, series->capacity, sizeof(series->points[0]));
    }
    series->points[series->count++] = (struct view_point){round, value};
}

static void add_round(struct view_training *training, const struct json *entry)
{
    double round = 0;
    const struct json *metrics = json_at(entry, 1);
    if (!json_as_number(json_at(entry, 0), &round)) {
        return;
    }
    for (const struct json *metric = json_first(metrics); metric != NULL;
         metric = json_next(metric)) {
        double value = 0;
        struct view_series *series = find_series(training, json_name(metric));
        if (series != NULL && json_as_number(metric, &value)) {
            add_point(series, round, value);
        }
    }
}

static void fold_transition(struct view_training *training, int64_t ts_ms)
{
    size_t count = training->transition_count;
    const char *now = training->secondary_status;
    bool is_new = count == 0 || strcmp(training->transitions[count - 1].secondary_status, now) != 0;
    if (now[0] != '\0' && is_new && count < VIEW_TRANSITIONS_MAX) {
        struct view_transition *fresh = &training->transitions[training->transition_count++];
        memcpy(fresh->secondary_status, now, sizeof(fresh->secondary_status));
        fresh->since_ms = ts_ms;
    }
}

static void fold_job(struct view_training *training, const struct json *job, int64_t ts_ms)
{
    const struct {
        const char *name;
        char *place;
    } members[] = {{"name", training->job_name},
                   {"status", training->status},
                   {"secondary_status", training->secondary_status}};
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        const char *text = json_text_or(job, members[i].name, NULL);
        if (text != NULL) {
            text_copy(members[i].place, VIEW_JOB_SIZE, str_from(text));
        }
    }
    text_copy(training->message, sizeof(training->message),
              str_from(json_text_or(job, "message", "")));
    training->poll_interval_ms = json_int_or(job, "poll_interval_ms", 0);
    training->billable_ms = json_int_or(job, "billable_ms", training->billable_ms);
    training->polled_ms = ts_ms;
    fold_transition(training, ts_ms);
}

static void fold_training(struct view *view, size_t stage, int try_number,
                          const struct event *event)
{
    const struct json *body = event->body;
    const struct json *job = json_get(body, "job");
    const struct json *rounds = json_get(body, "rounds");
    struct view_training *training = &view->training;
    if (job == NULL && json_count(rounds) == 0) {
        return;
    }
    if (training->stage != stage || training->try_number != try_number) {
        training_done(training);
        training->stage = stage;
        training->try_number = try_number;
    }
    if (job != NULL) {
        fold_job(training, job, event->ts_ms);
    }
    for (const struct json *entry = json_first(rounds); entry != NULL; entry = json_next(entry)) {
        add_round(training, entry);
    }
}

static void fold_progress(struct view *view, const struct event *event)
{
    const struct json *body = event->body;
    size_t index = dag_find(view->run.dag, str_from(json_text_or(body, "stage", "")));
    int try_number = (int)json_int_or(body, "try", 0);
    struct view_stage *stage = &view->stages[index];
    if (try_number == 0 || try_number != view->run.stages[index].try_number) {
        return;
    }
    fold_training(view, index, try_number, event);
    json_free(stage->progress);
    stage->progress = json_copy_without(body, "rounds"); /* the series hold them */
    stage->progress_ms = event->ts_ms;
}

/* ---- commands */

static void fold_command(struct view *view, const struct event *event)
{
    if (view->command_count == view->command_capacity) {
        view->command_capacity = view->command_capacity == 0 ? 8 : view->command_capacity * 2;
        view->commands =
            xreallocarray(view->commands, view->command_capacity, sizeof(view->commands[0]));
    }
    view->commands[view->command_count++] = (struct view_command){
        .ts_ms = event->ts_ms,
        .id = json_int_or(event->body, "id", 0),
        .verb = xstrdup(json_text_or(event->body, "verb", "")),
        .stage = xstrdup(json_text_or(event->body, "stage", "")),
        .user = xstrdup(json_text_or(event->body, "user", "")),
        .tty = xstrdup(json_text_or(event->body, "tty", "")),
        .reason = xstrdup(json_text_or(event->body, "reason", "")),
        .message = xstrdup(json_text_or(event->body, "message", "")),
        .is_accepted = json_bool_or(event->body, "accepted", false),
    };
}

bool view_apply(struct view *view, const struct event *event, struct error *err)
{
    if (!run_apply(&view->run, event, err)) {
        return false;
    }
    switch (event->type) {
    case EVENT_HELLO:
        fold_hello(view, event->body);
        break;
    case EVENT_STAGE_STATE:
        fold_stage_state(view, event->body);
        break;
    case EVENT_STAGE_PROGRESS:
        fold_progress(view, event);
        break;
    case EVENT_COMMAND:
        fold_command(view, event);
        break;
    case EVENT_RUN_STATE:
    case EVENT_EVALUATION:
    case EVENT_RESULT:
    case EVENT_TYPE_COUNT:
        break;
    }
    return true;
}

void view_set_usual(struct view *view, const char *stage, int64_t usual_ms)
{
    size_t index = dag_find(view->run.dag, str_from(stage));
    if (index < view->run.dag->count) {
        view->stages[index].usual_ms = usual_ms;
    }
}
