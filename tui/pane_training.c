/* The training pane: job, status, round, metrics, and the metric by round with the gate's line. */
#include "tui/panes.h"

#include "core/base/clock.h"
#include "core/view/text.h"
#include "tui/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 2048 };

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

static void append_round(const struct view *view, size_t stage, struct buf *out)
{
    const struct json *progress = view->stages[stage].progress;
    int64_t total = json_int_or(progress, "total", 0);
    const struct view_training *training = &view->training;
    double round = 0;
    for (size_t i = 0; i < training->series_count; i++) {
        const struct view_series *series = &training->series[i];
        round = series->count > 0 ? fmax(round, series->points[series->count - 1].round) : round;
    }
    buf_printf(out, "round %g", round);
    if (total > 0) {
        buf_printf(out, "/%lld", (long long)total);
    }
}

static void append_job(const struct view *view, size_t stage, struct buf *out)
{
    const struct stage_def *def = &view->run.dag->stages[stage];
    const struct stage_run *at = &view->run.stages[stage];
    const char *prefix = json_text_or(def->parameters, "job_name_prefix", "");
    buf_append_text(out, "Training ");
    text_printable(out, prefix);
    buf_printf(out, "%s%s: ", *prefix == '\0' ? "" : "-", at->intent);
    const char *status = json_text_or(view->stages[stage].progress, "detail", "");
    if (stage_state_is_active(at->state) && *status != '\0') {
        text_printable(out, status);
    } else {
        buf_append_text(out, stage_state_name(at->state));
    }
}

static void append_machine(const struct view *view, size_t stage, struct buf *out)
{
    const struct stage_def *def = &view->run.dag->stages[stage];
    int64_t billable_ms = 0;
    text_printable(out, json_text_or(def->parameters, "instance_type", ""));
    if (json_as_int(json_get(view->run.stages[stage].outputs, "billable_ms"), &billable_ms)) {
        buf_append_text(out, "  billed ");
        text_span(out, billable_ms);
    }
}

void pane_training(const struct ui *ui, const struct area *area)
{
    const struct view *view = &ui->client->view;
    struct buf title, words, machine;
    if (area->rows == 0) {
        return;
    }
    if (view->training.try_number == 0) {
        area_title(area, false, "Training", "");
        area_text(area, 2, 1, ROLE_MUTED, "no round is reported yet");
        return;
    }
    size_t stage = view->training.stage;
    buf_init(&title, TEXT_MAX);
    buf_init(&words, TEXT_MAX);
    buf_init(&machine, TEXT_MAX);
    append_job(view, stage, &title);
    append_machine(view, stage, &machine);
    append_round(view, stage, &words);
    append_metrics(view, &words);
    area_title(area, false, buf_text(&title), buf_text(&machine));
    area_cut(area, 2, 1, ROLE_TEXT, area->cols - 2, buf_text(&words));
    struct area plot = area_sub(area, 0, 2, area->cols, area->rows - 2);
    draw_plot(view, &plot);
    buf_done(&title);
    buf_done(&words);
    buf_done(&machine);
}
