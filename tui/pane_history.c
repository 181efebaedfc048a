/* The history of runs: how each ended, and where the accuracy is going. */
#include "tui/panes.h"

#include "core/base/clock.h"
#include "core/view/text.h"
#include "tui/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    TEXT_MAX = 4096,
    YEAR_COLS = 80,
    YEAR_LEN = 5,       /* "2026-" */
    MINUTE_LEN = 16,    /* of "2026-11-22 12:03:58": the seconds are left out */
    TREND_ROWS = 7,     /* with title and legend */
    TREND_RUNS_MIN = 2, /* one value has no trend */
    TABLE_ROWS_MIN = 6, /* the table comes first */
};

static enum role run_role(const struct run_summary *run)
{
    switch (run->state) {
    case RUN_SUCCESS:
        return ROLE_STATE_SUCCESS;
    case RUN_FAILED:
        return run->verdict == VERDICT_REJECTED ? ROLE_STATE_REJECTED : ROLE_STATE_FAILED;
    case RUN_CANCELLED:
        return ROLE_STATE_CANCELLED;
    case RUN_CREATED:
    case RUN_RUNNING:
        return ROLE_STATE_RUNNING;
    case RUN_STOPPING:
    case RUN_STATE_COUNT:
        break;
    }
    return ROLE_STATE_STOPPING;
}

/* ---- the table */
static void metric_text(double value, char out_text[16])
{
    snprintf(out_text, 16, isfinite(value) ? "%.4f" : "-", value);
}

/* A narrow table leaves the year out. */
static int date_columns(const struct area *area)
{
    return area->cols < YEAR_COLS ? MINUTE_LEN - YEAR_LEN : MINUTE_LEN;
}

static void put_run(const struct ui *ui, const struct area *area, int y,
                    const struct run_summary *run)
{
    struct buf when;
    char elapsed[CLOCK_TEXT_SIZE], accuracy[16], auc[16];
    bool is_shown = ui->client->has_run && strcmp(run->id, ui->client->view.run.id) == 0;
    if (run->ended_ms > 0) {
        clock_format_span(run->ended_ms - run->created_ms, elapsed);
    } else {
        clock_format_duration(-1, elapsed);
    }
    metric_text(run->accuracy, accuracy);
    metric_text(run->auc, auc);
    buf_init(&when, TEXT_MAX);
    text_date(&when, run->created_ms, ui->utc_offset_s);
    int x = area_printf(area, 0, y, ROLE_TEXT, "%s%04lld  %.*s  %8s  ", is_shown ? ">" : " ",
                        (long long)run->number, date_columns(area),
                        buf_text(&when) + MINUTE_LEN - date_columns(area), elapsed);
    area_text(area, x, y, run_role(run), run_state_name(run->state));
    area_cut(area, x + 10, y, run->verdict == VERDICT_REJECTED ? ROLE_ALERT : ROLE_TEXT, 9,
             run->verdict == VERDICT_NONE ? "-" : verdict_name(run->verdict));
    x = area_printf(area, x + 19, y, ROLE_TEXT, "%6s  %6s  ", accuracy, auc);
    area_printf(area, x, y, ROLE_MUTED, "%s %s", run->user, run->environment);
    buf_done(&when);
}

static void put_table(const struct ui *ui, const struct area *area, bool is_page)
{
    const struct client *client = ui->client;
    area_printf(area, 0, 0, ROLE_MUTED, " RUN   %-*s  %8s  %-9s %-8s %6s  %6s  %s",
                date_columns(area), "STARTED", "ELAPSED", "STATE", "VERDICT", "ACC", "AUC", "WHO");
    struct area body = area_sub(area, 0, 1, area->cols, area->rows - 1);
    size_t shown = (size_t)body.rows;
    size_t first = is_page && ui->run_row >= shown && shown > 0 ? ui->run_row - shown + 1 : 0;
    for (size_t i = 0; i < shown && first + i < client->run_count; i++) {
        put_run(ui, &body, (int)i, &client->runs[first + i]);
        area_target(&body, (int)i, 1, is_page ? TARGET_RUN : TARGET_NONE, first + i);
        if (is_page && first + i == ui->run_row) {
            area_select_row(&body, (int)i);
        }
    }
    if (client->run_count == 0) {
        area_text(&body, 1, 0, ROLE_MUTED, "no runs yet");
    }
}

/* ---- the trend: one column a run that was judged, the newest at the right */
static size_t judged_count(const struct client *client)
{
    size_t count = 0;
    for (size_t i = 0; i < client->run_count; i++) {
        count += isfinite(client->runs[i].accuracy) ? 1 : 0;
    }
    return count;
}

static const struct dag *dag_of(const struct client *client)
{
    return client->has_run ? client->view.run.dag : client->app->config->dag;
}

/* The newest `limit` runs that were judged. */
static void take_runs(struct plot *plot, const struct client *client, size_t limit, bool is_drawn)
{
    double age = 0;
    for (size_t i = 0; i < client->run_count && age < (double)limit; i++) {
        const struct run_summary *run = &client->runs[i];
        bool is_rejected = run->verdict == VERDICT_REJECTED;
        if (!isfinite(run->accuracy)) {
            continue;
        }
        if (is_drawn) {
            plot_point(plot, -age, run->accuracy,
                       is_rejected ? ROLE_STATE_REJECTED : ROLE_STATE_SUCCESS,
                       is_rejected ? "x" : screen_glyph(plot->body.screen, GLYPH_BIG_DOT));
        } else {
            plot_take(plot, -age, run->accuracy);
        }
        age++;
    }
}

static void put_legend(const struct area *area, int y, bool has_limit, double limit)
{
    int x = area_text(area, PLOT_LABEL_COLS, y, ROLE_MUTED,
                      "accuracy by run, the newest at the right  ");
    x = area_printf(area, x, y, ROLE_STATE_SUCCESS, "%s",
                    screen_glyph(area->screen, GLYPH_BIG_DOT));
    x = area_text(area, x, y, ROLE_MUTED, " passed  ");
    x = area_text(area, x, y, ROLE_STATE_REJECTED, "x");
    x = area_text(area, x, y, ROLE_MUTED, " rejected  ");
    if (has_limit) {
        area_printf(area, x, y, ROLE_PLOT_LIMIT, "- gate %g", limit);
    }
}

static void put_trend(const struct client *client, const struct area *area)
{
    struct plot plot;
    struct area canvas = area_sub(area, 0, 0, area->cols, area->rows - 1);
    double limit = 0;
    bool has_limit = ui_gate_minimum(dag_of(client), "accuracy", &limit);
    size_t most = area->cols > PLOT_LABEL_COLS + 1 ? (size_t)(area->cols - PLOT_LABEL_COLS - 1) : 0;
    plot_init(&plot);
    take_runs(&plot, client, most, false);
    if (has_limit) {
        plot_take_level(&plot, limit);
    }
    if (!plot_open(&plot, &canvas)) {
        return;
    }
    if (has_limit) {
        plot_level(&plot, limit, ROLE_PLOT_LIMIT);
    }
    take_runs(&plot, client, most, true);
    put_legend(area, area->rows - 1, has_limit, limit);
}

void pane_runs(const struct ui *ui, const struct area *area, bool is_page)
{
    const struct client *client = ui->client;
    char remark[64];
    if (area->rows == 0) {
        return;
    }
    snprintf(remark, sizeof(remark), "%zu run%s%s", client->run_count,
             client->run_count == 1 ? "" : "s",
             client->run_count == CLIENT_RUNS_MAX ? ", the newest" : "");
    area_title(area, is_page, is_page ? "History" : "History of runs", remark);
    int rows = area->rows - 1;
    bool has_trend = judged_count(client) >= TREND_RUNS_MIN && rows >= TABLE_ROWS_MIN + TREND_ROWS;
    int trend = has_trend ? TREND_ROWS : 0;
    struct area table = area_sub(area, 0, 1, area->cols, rows - trend);
    put_table(ui, &table, is_page);
    if (has_trend) {
        struct area below = area_sub(area, 0, 1 + rows - trend, area->cols, trend);
        put_trend(client, &below);
    }
}
