/* A view of its own with the same content. */
#include "core/view/view.h"

#include "core/base/alloc.h"

#include <string.h>

static char *copy_text(const char *text)
{
    return text == NULL ? NULL : xstrdup(text);
}

static void copy_stage(struct view_stage *out, const struct view_stage *stage)
{
    *out = *stage;
    out->progress = json_copy(stage->progress);
    out->reason = copy_text(stage->reason);
    out->tries = NULL;
    if (stage->try_count > 0) {
        out->tries = xcalloc(stage->try_count, sizeof(stage->tries[0]));
    }
    for (size_t i = 0; i < stage->try_count; i++) {
        out->tries[i] = stage->tries[i];
        out->tries[i].outputs = json_copy(stage->tries[i].outputs);
    }
}

static void copy_series(struct view_series *out, const struct view_series *series)
{
    *out = (struct view_series){.metric = xstrdup(series->metric), .count = series->count};
    if (series->count > 0) {
        out->capacity = series->count;
        out->points = xcalloc(series->count, sizeof(series->points[0]));
        memcpy(out->points, series->points, series->count * sizeof(series->points[0]));
    }
}

static void copy_training(struct view_training *out, const struct view_training *training)
{
    *out = *training;
    out->series = NULL;
    if (training->series_count > 0) {
        out->series = xcalloc(training->series_count, sizeof(training->series[0]));
    }
    for (size_t i = 0; i < training->series_count; i++) {
        copy_series(&out->series[i], &training->series[i]);
    }
}

static void copy_command(struct view_command *out, const struct view_command *command)
{
    *out = *command;
    out->verb = xstrdup(command->verb);
    out->stage = xstrdup(command->stage);
    out->user = xstrdup(command->user);
    out->tty = xstrdup(command->tty);
    out->reason = xstrdup(command->reason);
    out->message = xstrdup(command->message);
}

static void copy_texts(struct view *out, const struct view *view)
{
    out->environment = xstrdup(view->environment);
    out->backend = xstrdup(view->backend);
    out->host = xstrdup(view->host);
    out->user = xstrdup(view->user);
    out->version = xstrdup(view->version);
    out->data = xstrdup(view->data);
}

void view_copy(struct view *out_view, const struct view *view)
{
    *out_view = *view;
    run_copy(&out_view->run, &view->run);
    copy_texts(out_view, view);
    copy_training(&out_view->training, &view->training);
    out_view->stages = NULL;
    if (view->stages != NULL) {
        out_view->stages = xcalloc(view->run.dag->count, sizeof(view->stages[0]));
    }
    for (size_t i = 0; view->stages != NULL && i < view->run.dag->count; i++) {
        copy_stage(&out_view->stages[i], &view->stages[i]);
    }
    out_view->commands = NULL;
    out_view->command_capacity = view->command_count;
    if (view->command_count > 0) {
        out_view->commands = xcalloc(view->command_count, sizeof(view->commands[0]));
    }
    for (size_t i = 0; i < view->command_count; i++) {
        copy_command(&out_view->commands[i], &view->commands[i]);
    }
}
