/* Sentences about a run and its stages. */
#include "tui/plain_words.h"

#include "core/view/text.h"

#include <stdarg.h>
#include <stdlib.h>

enum { WIDTH = 80, TEXT_MAX = 1 << 16, MS_PER_SECOND = 1000 };

void words_say(struct buf *out, const char *format, ...)
{
    struct buf text;
    va_list args;
    buf_init(&text, TEXT_MAX);
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    text_wrapped(out, buf_text(&text), (struct text_shape){WIDTH, 0, 0});
    buf_done(&text);
}

/* ---- durations */
static void append_count_of(struct buf *out, int64_t count, const char *unit)
{
    buf_printf(out, "%lld %s%s", (long long)count, unit, count == 1 ? "" : "s");
}

/* The two greatest units say enough. */
void words_duration(struct buf *out, int64_t ms)
{
    static const struct {
        int64_t seconds;
        const char *name;
    } units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
    int64_t seconds = ms / MS_PER_SECOND;
    if (ms < MS_PER_SECOND) {
        buf_append_text(out, ms < 0 ? "unknown" : "less than a second");
        return;
    }
    size_t unit = 0;
    while (seconds < units[unit].seconds) {
        unit++;
    }
    append_count_of(out, seconds / units[unit].seconds, units[unit].name);
    seconds %= units[unit].seconds;
    bool is_last = units[unit].seconds == 1;
    if (!is_last && seconds >= units[unit + 1].seconds) {
        buf_append_char(out, ' ');
        append_count_of(out, seconds / units[unit + 1].seconds, units[unit + 1].name);
    }
}

/* ---- stages */
const char *words_state(enum stage_state state)
{
    static const char *const words[STAGE_STATE_COUNT] = {
        [STAGE_WAITING] = "waiting",   [STAGE_QUEUED] = "queued",
        [STAGE_RUNNING] = "running",   [STAGE_RETRYING] = "waiting for its next try",
        [STAGE_STOPPING] = "stopping", [STAGE_SUCCESS] = "succeeded",
        [STAGE_FAILED] = "failed",     [STAGE_REJECTED] = "rejected the model",
        [STAGE_SKIPPED] = "skipped",   [STAGE_CANCELLED] = "cancelled",
        [STAGE_BLOCKED] = "blocked",
    };
    return words[state];
}

static void append_progress(const struct view_row *row, struct buf *out)
{
    if (row->fraction >= 0 && stage_state_is_active(row->state)) {
        buf_printf(out, ", %d percent", (int)(row->fraction * 100));
    }
    if (row->eta_ms >= 0) {
        buf_append_text(out, ", about ");
        words_duration(out, row->eta_ms);
        buf_append_text(out, " left");
    }
}

void words_stage(const struct ui *ui, size_t stage, struct buf *out)
{
    const struct view *view = &ui->client->view;
    struct view_row row;
    struct buf text;
    view_row(view, stage, ui->now_ms, &row);
    buf_init(&text, TEXT_MAX);
    buf_printf(&text, "stage %zu of %zu, %s, %s", row.number, view->run.dag->count, row.name,
               words_state(row.state));
    if (row.try_number > 0) {
        buf_printf(&text, ", try %d of %d, ", row.try_number, row.tries_max);
        words_duration(&text, row.elapsed_ms);
    }
    append_progress(&row, &text);
    words_say(out, "%s", buf_text(&text));
    buf_done(&text);
}

/* What the row's detail says beyond percent and time left, which words_stage says. */
static void append_detail(const struct ui *ui, size_t stage, struct buf *out)
{
    struct view_row row;
    view_row(&ui->client->view, stage, ui->now_ms, &row);
    const struct json *progress = ui->client->view.stages[stage].progress;
    const char *step = json_text_or(progress, "step", "");
    const char *detail = json_text_or(progress, "detail", "");
    if (!stage_state_is_active(row.state)) {
        if (row.detail[0] != '\0') {
            words_say(out, "%s", row.detail);
        }
    } else if (step[0] != '\0') {
        words_say(out, "step %lld of %lld, %s%s%s",
                  (long long)json_int_or(progress, "step_number", 1),
                  (long long)json_int_or(progress, "step_count", 1), step,
                  detail[0] == '\0' ? "" : ": ", detail);
    }
}

void words_stage_news(const struct ui *ui, size_t stage, struct buf *out)
{
    words_stage(ui, stage, out);
    append_detail(ui, stage, out);
}

void words_stages(const struct ui *ui, struct buf *out)
{
    for (size_t i = 0; i < ui->client->view.run.dag->count; i++) {
        words_stage_news(ui, i, out);
    }
}

/* ---- a stage in detail */
static void say_try(const struct ui *ui, const struct view_try *try, struct buf *out)
{
    struct buf text;
    int64_t end_ms = try->ended_ms != 0 ? try->ended_ms : ui->now_ms;
    buf_init(&text, TEXT_MAX);
    buf_printf(&text, "try %d, %s, began at ", try->number,
               try->is_interrupted ? "lost with its runner" : words_state(try->state));
    text_date(&text, try->started_ms, ui->utc_offset_s);
    buf_append_text(&text, try->ended_ms != 0 ? ", took " : ", it runs for ");
    words_duration(&text, end_ms - try->started_ms);
    if (try->error.message[0] != '\0') {
        buf_append_text(&text, ", because: ");
        text_error(&text, &try->error);
    }
    words_say(out, "%s", buf_text(&text));
    buf_done(&text);
}

static void say_json(const char *title, const struct json *json, struct buf *out)
{
    if (json_count(json) == 0) {
        return;
    }
    words_say(out, "%s:", title);
    for (const struct json *member = json_first(json); member != NULL; member = json_next(member)) {
        char *value = json_print(member);
        words_say(out, "%s is %s", json_name(member), value);
        free(value);
    }
}

static void say_settings(const struct view *view, const struct stage_def *def, struct buf *out)
{
    struct buf text;
    buf_init(&text, TEXT_MAX);
    buf_printf(&text, "kind %s, after ", def->kind);
    for (size_t i = 0; i < def->after_count; i++) {
        buf_printf(&text, "%s%s", i == 0 ? "" : " and ", view->run.dag->stages[def->after[i]].name);
    }
    buf_printf(&text, "%s, at most %d tries, the first retry after ",
               def->after_count == 0 ? "nothing" : "", def->retries + 1);
    words_duration(&text, def->retry_delay_ms);
    words_say(out, "%s", buf_text(&text));
    buf_done(&text);
}

void words_detail(const struct ui *ui, size_t stage, struct buf *out)
{
    const struct view *view = &ui->client->view;
    const struct stage_def *def = &view->run.dag->stages[stage];
    words_stage(ui, stage, out);
    append_detail(ui, stage, out);
    say_settings(view, def, out);
    for (size_t i = view->stages[stage].try_count; i-- > 0;) {
        say_try(ui, &view->stages[stage].tries[i], out);
    }
    say_json("outputs", view->run.stages[stage].outputs, out);
    say_json("parameters", def->parameters, out);
}

/* ---- the run */
static void say_run(const struct ui *ui, struct buf *out)
{
    const struct view *view = &ui->client->view;
    enum role role = ROLE_TEXT;
    struct buf text;
    buf_init(&text, TEXT_MAX);
    buf_printf(&text, "environment %s, run %lld of %s, %s, ", ui_environment(ui),
               (long long)view->run.number, view->run.dag->pipeline, ui_run_word(ui, &role));
    words_duration(&text, view_elapsed_ms(view, ui->now_ms));
    buf_printf(&text, ", %zu of %zu stages done", view_done_count(view), view->run.dag->count);
    words_say(out, "%s", buf_text(&text));
    buf_done(&text);
}

static void say_access(const struct ui *ui, struct buf *out)
{
    const struct client *client = ui->client;
    if (client->watchers.count > 0) {
        words_say(out, "also watched by %s", client->watchers.names);
    }
    if (client->replay != NULL) {
        struct buf position;
        buf_init(&position, TEXT_MAX);
        replay_append_position(client->replay, true, &position);
        words_say(out, "replay, at %s", buf_text(&position));
        buf_done(&position);
    } else if (client->is_read_only) {
        words_say(out, "read-only: no command reaches a run");
    } else {
        words_say(out, "commands are sent as %s", client->user);
    }
}

void words_status(const struct ui *ui, struct buf *out)
{
    const struct view *view = &ui->client->view;
    say_run(ui, out);
    for (size_t i = 0; i < view->run.dag->count; i++) {
        enum stage_state state = view->run.stages[i].state;
        bool is_bad = state == STAGE_FAILED || state == STAGE_REJECTED || state == STAGE_CANCELLED;
        if (stage_state_is_active(state) || state == STAGE_RETRYING || is_bad) {
            words_stage(ui, i, out);
            append_detail(ui, i, out);
        }
    }
    if (view->run.verdict != VERDICT_NONE) {
        words_say(out, "verdict of the gate: %s", verdict_name(view->run.verdict));
    }
    say_access(ui, out);
}

void words_training(const struct ui *ui, struct buf *out)
{
    const struct view_training *training = &ui->client->view.training;
    if (training->try_number == 0) {
        words_say(out, "no training has begun in this run");
        return;
    }
    words_stage(ui, training->stage, out);
    append_detail(ui, training->stage, out);
    if (training->job_name[0] != '\0') {
        words_say(out, "job %s, status %s%s%s", training->job_name, training->status,
                  training->secondary_status[0] == '\0' ? "" : ", ", training->secondary_status);
    }
    for (size_t i = 0; i < training->series_count; i++) {
        const struct view_series *series = &training->series[i];
        if (series->count > 0) {
            const struct view_point *first = &series->points[0];
            const struct view_point *last = &series->points[series->count - 1];
            words_say(out, "%s is %.4f after round %.0f, it was %.4f after round %.0f",
                      series->metric, last->value, last->round, first->value, first->round);
        }
    }
}
