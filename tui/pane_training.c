/* The training pane: job, status, round, metrics, and the metric by round with the gate's line. */
#include "tui/panes.h"

#include "core/base/clock.h"
#include "core/view/text.h"
#include "tui/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    TEXT_MAX = 2048,
    ROWS_OF_TRANSITIONS = 8, /* from here on there is a line for them */
    POLL_NEAR_S = 10,        /* from here on the next poll is told to the second */
    POLL_STEP_S = 5,
    POLL_DIGITS = 4, /* " 9s-" at the end of the title */
    MS_PER_S = 1000,
    MS_PER_HOUR = 3600000,
};

#define CENT 0.01

static const struct view_series *series_named(const struct view *view, const char *name)
{
    const struct view_training *training = &view->training;
    for (size_t i = 0; i < training->series_count; i++) {
        if (strcmp(training->series[i].metric, name) == 0) {
            return &training->series[i];
        }
    }
    return NULL;
}

/* The metric that the gate's first rule is about, or what stands first. */
static void choose_series(const struct view *view, const struct view_series **out_train,
                          const struct view_series **out_validation, const char **out_metric)
{
    static const char *const wanted[] = {"error", "logloss", "auc"};
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        char train[64], validation[64];
        snprintf(train, sizeof(train), "train-%s", wanted[i]);
        snprintf(validation, sizeof(validation), "validation-%s", wanted[i]);
        *out_train = series_named(view, train);
        *out_validation = series_named(view, validation);
        *out_metric = wanted[i];
        if (*out_train != NULL || *out_validation != NULL) {
            return;
        }
    }
    *out_train = view->training.series_count > 0 ? &view->training.series[0] : NULL;
    *out_metric = *out_train == NULL ? "" : (*out_train)->metric;
}

/* The gate asks for an accuracy: an error above 1 - accuracy would not pass. */
static bool limit_of(const struct view *view, const char *metric, double *out_limit)
{
    double minimum = 0;
    bool has_limit =
        strcmp(metric, "error") == 0 && ui_gate_minimum(view->run.dag, "accuracy", &minimum);
    *out_limit = has_limit ? 1 - minimum : 0;
    return has_limit;
}

static void take_series(struct plot *plot, const struct view_series *series)
{
    for (size_t i = 0; series != NULL && i < series->count; i++) {
        plot_take(plot, series->points[i].round, series->points[i].value);
    }
}

static void draw_series(const struct plot *plot, const struct view_series *series, enum role role,
                        enum glyph glyph)
{
    for (size_t i = 0; series != NULL && i < series->count; i++) {
        plot_point(plot, series->points[i].round, series->points[i].value, role,
                   screen_glyph(plot->body.screen, glyph));
    }
}

static void draw_legend(const struct plot *plot, const struct area *area, const char *metric,
                        bool has_limit)
{
    int y = area->rows - 1;
    int x = area_printf(area, PLOT_LABEL_COLS, y, ROLE_MUTED, "%s by round, %g to %g   ", metric,
                        plot->first, plot->last);
    x = area_printf(area, x, y, ROLE_PLOT_TRAIN, "%s train   ",
                    screen_glyph(area->screen, GLYPH_DOT));
    x = area_printf(area, x, y, ROLE_PLOT_VALIDATION, "%s validation   ",
                    screen_glyph(area->screen, GLYPH_BIG_DOT));
    if (has_limit) {
        area_text(area, x, y, ROLE_PLOT_LIMIT, "- gate");
    }
}

static void draw_plot(const struct view *view, const struct area *area)
{
    const struct view_series *train = NULL, *validation = NULL;
    const char *metric = "";
    double limit = 0;
    struct plot plot;
    struct area canvas = area_sub(area, 0, 0, area->cols, area->rows - 1);
    choose_series(view, &train, &validation, &metric);
    bool has_limit = limit_of(view, metric, &limit);
    plot_init(&plot);
    take_series(&plot, train);
    take_series(&plot, validation);
    plot_take_end(&plot,
                  json_number_or(view->stages[view->training.stage].progress, "total", 0) - 1);
    if (has_limit) {
        plot_take_level(&plot, limit);
    }
    if (!plot_open(&plot, &canvas)) {
        return;
    }
    if (has_limit) {
        plot_level(&plot, limit, ROLE_PLOT_LIMIT);
    }
    draw_series(&plot, train, ROLE_PLOT_TRAIN, GLYPH_DOT);
    draw_series(&plot, validation, ROLE_PLOT_VALIDATION, GLYPH_BIG_DOT);
    draw_legend(&plot, area, metric, has_limit);
}

/* ---- words */

/* The latest value of every metric: "train-error 0.1688  validation-error 0.1841". */
static void append_metrics(const struct view *view, struct buf *out)
{
    const struct view_training *training = &view->training;
    for (size_t i = 0; i < training->series_count; i++) {
        const struct view_series *series = &training->series[i];
        if (series->count > 0) {
            buf_append_text(out, "  ");
            text_printable(out, series->metric);
            buf_printf(out, " %.4f", series->points[series->count - 1].value);
        }
    }
}

/* Rounds done: as told, or by the last one seen, which counts from 0. */
static int64_t rounds_done(const struct view *view)
{
    const struct view_training *training = &view->training;
    int64_t done = json_int_or(view->stages[training->stage].progress, "done", 0);
    done = json_int_or(view->run.stages[training->stage].outputs, "rounds", done);
    for (size_t i = 0; done == 0 && i < training->series_count; i++) {
        const struct view_series *series = &training->series[i];
        done = series->count > 0 ? (int64_t)series->points[series->count - 1].round + 1 : done;
    }
    return done;
}

static void append_round(const struct view *view, struct buf *out)
{
    int64_t total = json_int_or(view->stages[view->training.stage].progress, "total", 0);
    if (total > 0) {
        buf_printf(out, "round %lld/%lld", (long long)rounds_done(view), (long long)total);
    } else {
        text_count(out, rounds_done(view));
        buf_append_text(out, " rounds");
    }
}

/* Status first: the job's long name is what is cut. */
static void append_job(const struct view *view, struct buf *out)
{
    const struct view_training *training = &view->training;
    const struct stage_run *at = &view->run.stages[training->stage];
    buf_append_text(out, "Training ");
    if (training->status[0] != '\0') {
        text_printable(out, training->status);
        buf_append_char(out, '/');
        text_printable(out, training->secondary_status);
    } else {
        buf_append_text(out, stage_state_name(at->state));
    }
    buf_append_text(out, "  ");
    text_printable(out, training->job_name[0] != '\0' ? training->job_name : at->intent);
}

/* "poll 30s, next 15s": far from the next one in steps, so that it costs few bytes. */
static void append_poll(const struct ui *ui, struct buf *out)
{
    const struct view_training *training = &ui->client->view.training;
    const struct stage_run *at = &ui->client->view.run.stages[training->stage];
    int64_t left_ms = training->polled_ms + training->poll_interval_ms - ui->now_ms;
    int64_t left_s = left_ms < 0 ? 0 : (left_ms + MS_PER_S - 1) / MS_PER_S;
    if (left_s > POLL_NEAR_S) {
        left_s = (left_s + POLL_STEP_S - 1) / POLL_STEP_S * POLL_STEP_S;
    }
    if (training->poll_interval_ms > 0 && stage_state_is_active(at->state) &&
        ui->client->has_runner) {
        buf_printf(out, "poll %llds, next %2llds",
                   (long long)(training->poll_interval_ms / MS_PER_S), (long long)left_s);
    }
}

/* Billed, or about to be: from the moment it runs to the last look at it, so it does not tick. */
static int64_t billed_ms(const struct view *view, bool *out_is_estimate)
{
    const struct view_training *training = &view->training;
    const struct stage_run *at = &view->run.stages[training->stage];
    int64_t outputs_ms = json_int_or(at->outputs, "billable_ms", 0);
    int64_t told_ms = outputs_ms > 0 ? outputs_ms : training->billable_ms;
    *out_is_estimate = told_ms == 0;
    if (told_ms > 0 || at->running_since_ms == 0 || training->polled_ms < at->running_since_ms) {
        return told_ms;
    }
    return training->polled_ms - at->running_since_ms;
}

static void append_machine(const struct ui *ui, struct buf *out)
{
    const struct view *view = &ui->client->view;
    const struct config *config = ui->client->app->config;
    double price = config_number(config, CONFIG_training_price_per_hour);
    bool is_estimate = false;
    int64_t billed = billed_ms(view, &is_estimate);
    text_printable(out, json_text_or(view->run.dag->stages[view->training.stage].parameters,
                                     "instance_type", ""));
    if (billed > 0) {
        buf_append_text(out, is_estimate ? "  billed ~" : "  billed ");
        text_span(out, billed);
    }
    if (billed > 0 && price > 0) {
        double cost = price * (double)billed / MS_PER_HOUR;
        buf_printf(out, cost < CENT ? "  <%.2f " : "  ~%.2f ", cost < CENT ? CENT : cost);
        text_printable(out, config_text(config, CONFIG_training_currency));
    }
}

/* "Starting 12.0 s > Downloading 31.0 s > Training: the service's words": each with the time it
 * took. */
static void append_transitions(const struct view *view, struct buf *out)
{
    const struct view_training *training = &view->training;
    for (size_t i = 0; i < training->transition_count; i++) {
        const struct view_transition *at = &training->transitions[i];
        bool is_last = i + 1 == training->transition_count;
        buf_append_text(out, i == 0 ? "" : " > ");
        text_printable(out, at->secondary_status);
        if (!is_last) {
            buf_append_char(out, ' ');
            text_span(out, training->transitions[i + 1].since_ms - at->since_ms);
        }
    }
    if (training->message[0] != '\0') {
        buf_append_text(out, ": ");
        text_printable(out, training->message);
    }
}

/* Left and right on one line; the right one stays whole. */
static void put_sides(const struct area *area, int y, const char *left, const char *right)
{
    int start = area->cols - text_columns(str_from(right)) - 1;
    bool has_right = *right != '\0' && start > 2;
    area_cut(area, 2, y, ROLE_TEXT, has_right ? start - 4 : area->cols - 2, left);
    if (has_right) {
        area_text(area, start, y, ROLE_MUTED, right);
    }
}

static void put_words(const struct ui *ui, const struct area *area)
{
    const struct view *view = &ui->client->view;
    struct buf title, poll, words, machine;
    buf_init(&title, TEXT_MAX);
    buf_init(&poll, TEXT_MAX);
    buf_init(&words, TEXT_MAX);
    buf_init(&machine, TEXT_MAX);
    append_job(view, &title);
    append_poll(ui, &poll);
    append_round(view, &words);
    append_metrics(view, &words);
    append_machine(ui, &machine);
    area_cut(area, 2, 1, ROLE_TEXT, area->cols - 2, buf_text(&words));
    if (area->rows >= ROWS_OF_TRANSITIONS) {
        buf_reset(&words);
        append_transitions(view, &words);
        put_sides(area, 2, buf_text(&words), buf_text(&machine));
    } else {
        buf_append_text(&machine, poll.len > 0 ? "  " : "");
        buf_append_str(&machine, buf_str(&poll));
    }
    area_title(area, false, buf_text(&title),
               buf_text(area->rows >= ROWS_OF_TRANSITIONS ? &poll : &machine));
    if (poll.len > 0) { /* plain: changing the colour would cost more than the digits */
        area_paint(area, area->cols - POLL_DIGITS, 0, POLL_DIGITS - 1, ROLE_TEXT);
    }
    buf_done(&title);
    buf_done(&poll);
    buf_done(&words);
    buf_done(&machine);
}

void pane_training(const struct ui *ui, const struct area *area)
{
    const struct view *view = &ui->client->view;
    if (area->rows == 0) {
        return;
    }
    if (view->training.try_number == 0) {
        area_title(area, false, "Training", "");
        area_text(area, 2, 1, ROLE_MUTED, "no job yet");
        return;
    }
    put_words(ui, area);
    int top = area->rows >= ROWS_OF_TRANSITIONS ? 3 : 2;
    struct area plot = area_sub(area, 0, top, area->cols, area->rows - top);
    draw_plot(view, &plot);
}
