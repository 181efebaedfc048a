/* The timeline: when each try was queued, ran, or waited for the next one. Time in which nothing
 * happened at all is left out, so that a rerun of tomorrow does not make today a dot. */
#include "tui/panes.h"

#include "core/base/alloc.h"
#include "core/base/clock.h"
#include "core/view/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAME_COLS_MAX = 28,
    AXIS_COLS_MIN = 10,
    TICK_COLS = 10,  /* between two labels of the axis, at least */
    IDLE_SHARE = 10, /* idle time of more than this part of the whole is left out */
    LIVE_LENGTH_MS = 60000,
    LIVE_STEP_MS = 10000,
    ROWS_FIXED = 2, /* title, axis */
    LABEL_SIZE = CLOCK_TEXT_SIZE,
};

/* ---- which times matter */
struct span {
    int64_t start_ms, end_ms;
};
struct axis {
    struct span *spans; /* in which something happened; sorted, apart */
    size_t count;
    int64_t work_ms;   /* of all spans together */
    int64_t length_ms; /* of the axis, at least work_ms */
    int64_t step_ms;   /* between two labels */
    int cols;
};

static int64_t try_end_ms(const struct view_try *try, int64_t now_ms)
{
    int64_t alive_ms = now_ms > try->started_ms ? now_ms : try->started_ms;
    return try->ended_ms != 0 ? try->ended_ms : alive_ms;
}

/* A bar that grew each second would cost more bytes than the clock. */
static int64_t stepped_now_ms(const struct ui *ui)
{
    int64_t age_ms = ui->now_ms - ui->client->view.run.created_ms;
    return ui->client->has_runner ? ui->now_ms - age_ms % LIVE_STEP_MS : ui->now_ms;
}

/* When the wait after a try that is to be retried is over; its own end when there is none. */
static int64_t wait_end_ms(const struct view_stage *stage, size_t index, int64_t now_ms)
{
    const struct view_try *try = &stage->tries[index];
    if (try->ended_ms == 0 || try->state != STAGE_RETRYING) {
        return try_end_ms(try, now_ms);
    }
    return index + 1 < stage->try_count ? stage->tries[index + 1].started_ms : now_ms;
}

static int by_start(const void *a, const void *b)
{
    int64_t left = ((const struct span *)a)->start_ms, right = ((const struct span *)b)->start_ms;
    return left < right ? -1 : left > right ? 1 : 0;
}

static size_t count_tries(const struct view *view)
{
    size_t count = 0;
    for (size_t i = 0; i < view->run.dag->count; i++) {
        count += view->stages[i].try_count;
    }
    return count;
}

/* Joins spans that touch, or that only a short pause is between. */
static void join_spans(struct axis *axis)
{
    int64_t whole_ms = axis->spans[axis->count - 1].end_ms - axis->spans[0].start_ms;
    size_t last = 0;
    for (size_t i = 1; i < axis->count; i++) {
        struct span *before = &axis->spans[last];
        if (axis->spans[i].start_ms - before->end_ms <= whole_ms / IDLE_SHARE) {
            before->end_ms =
                axis->spans[i].end_ms > before->end_ms ? axis->spans[i].end_ms : before->end_ms;
        } else {
            axis->spans[++last] = axis->spans[i];
        }
    }
    axis->count = last + 1;
}

static void find_spans(const struct view *view, int64_t now_ms, struct axis *axis)
{
    axis->spans = xcalloc(count_tries(view) + 1, sizeof(*axis->spans));
    for (size_t i = 0; i < view->run.dag->count; i++) {
        const struct view_stage *stage = &view->stages[i];
        for (size_t j = 0; j < stage->try_count; j++) {
            axis->spans[axis->count++] =
                (struct span){stage->tries[j].started_ms, wait_end_ms(stage, j, now_ms)};
        }
    }
    if (axis->count > 0) {
        qsort(axis->spans, axis->count, sizeof(*axis->spans), by_start);
        join_spans(axis);
    }
    for (size_t i = 0; i < axis->count; i++) {
        axis->work_ms += axis->spans[i].end_ms - axis->spans[i].start_ms;
    }
}

/* While a run lives its axis reaches further than it does, and grows seldom: a new scale paints all
 * of it anew. */
static int64_t live_length_ms(int64_t work_ms)
{
    static const int64_t factors[] = {2, 5, 2, 3}; /* 1 min, 2, 10, 20, 1 h, 2 h .. */
    int64_t length_ms = LIVE_LENGTH_MS;
    for (size_t i = 0; length_ms <= work_ms; i++) {
        length_ms *= factors[i % (sizeof(factors) / sizeof(factors[0]))];
    }
    return length_ms;
}

static void scale(struct axis *axis, int cols, bool is_live)
{
    static const int64_t steps_ms[] = {100,      200,      500,      1000,    2000,    5000,
                                       10000,    15000,    30000,    60000,   120000,  300000,
                                       600000,   900000,   1800000,  3600000, 7200000, 14400000,
                                       28800000, 86400000, 172800000};
    size_t count = sizeof(steps_ms) / sizeof(steps_ms[0]), at = 0;
    int64_t ticks = cols / TICK_COLS > 1 ? cols / TICK_COLS : 1;
    int64_t wanted_ms = is_live ? live_length_ms(axis->work_ms) : axis->work_ms;
    while (at + 1 < count && wanted_ms > steps_ms[at] * ticks) {
        at++;
    }
    axis->step_ms = steps_ms[at];
    axis->cols = cols;
    axis->length_ms = is_live ? wanted_ms : (wanted_ms / axis->step_ms + 1) * axis->step_ms;
}

static int64_t work_before(const struct axis *axis, int64_t ts_ms)
{
    int64_t work_ms = 0;
    for (size_t i = 0; i < axis->count; i++) {
        const struct span *span = &axis->spans[i];
        int64_t end_ms = ts_ms < span->end_ms ? ts_ms : span->end_ms;
        work_ms += end_ms > span->start_ms ? end_ms - span->start_ms : 0;
    }
    return work_ms;
}

static int column_of(const struct axis *axis, int64_t ts_ms)
{
    return (int)(work_before(axis, ts_ms) * axis->cols / axis->length_ms);
}

/* ---- drawing */
static void draw_axis(const struct area *area, const struct axis *axis)
{
    for (int64_t at_ms = 0; at_ms < axis->length_ms; at_ms += axis->step_ms) {
        char label[LABEL_SIZE];
        int x = (int)(at_ms * axis->cols / axis->length_ms);
        if (axis->step_ms < 1000) {
            snprintf(label, sizeof(label), "%.1fs", (double)at_ms / 1000);
        } else {
            clock_format_duration(at_ms, label);
        }
        if (x + (int)strlen(label) <= area->cols) {
            area_text(area, x, 0, ROLE_MUTED, label);
        }
    }
}

/* Where time was left out. */
static void draw_pauses(const struct area *area, const struct axis *axis)
{
    for (size_t i = 1; i < axis->count; i++) {
        area_text(area, column_of(axis, axis->spans[i].start_ms) - 1, 0, ROLE_NOTICE, ":");
    }
}

struct bar {
    int64_t start_ms, end_ms;
    enum role role;
    const char *sign;
};

/* At least one cell: a try that was over in a moment is still a try. */
static int draw_bar(const struct area *area, const struct axis *axis, const struct bar *bar)
{
    int from = column_of(axis, bar->start_ms), to = column_of(axis, bar->end_ms);
    to = to > from ? to : from + 1;
    for (int x = from; x < to; x++) {
        area_text(area, x, 0, bar->role, bar->sign);
    }
    return to;
}

/* Told by its sign, too, not by its colour alone. */
static struct bar bar_of(const struct view_try *try, const struct screen *screen)
{
    switch (try->state) {
    case STAGE_RETRYING:
    case STAGE_FAILED:
    case STAGE_REJECTED:
        return (struct bar){.role = ROLE_ALERT, .sign = "x"};
    case STAGE_CANCELLED:
        return (struct bar){.role = ROLE_STATE_CANCELLED, .sign = "x"};
    case STAGE_SUCCESS:
        return (struct bar){.role = ROLE_STATE_SUCCESS, .sign = screen_glyph(screen, GLYPH_BAR)};
    case STAGE_WAITING:
    case STAGE_QUEUED:
    case STAGE_RUNNING:
    case STAGE_STOPPING:
    case STAGE_SKIPPED:
    case STAGE_BLOCKED:
    case STAGE_STATE_COUNT:
        break;
    }
    return (struct bar){.role = ROLE_STATE_RUNNING, .sign = screen_glyph(screen, GLYPH_BAR)};
}

static int draw_try(const struct area *area, const struct axis *axis,
                    const struct view_stage *stage, size_t index, int64_t now_ms)
{
    const struct view_try *try = &stage->tries[index];
    int64_t end_ms = try_end_ms(try, now_ms), waited_ms = wait_end_ms(stage, index, now_ms);
    int64_t since_ms = try->running_since_ms != 0 ? try->running_since_ms : end_ms;
    struct bar queued = {try->started_ms, since_ms, ROLE_STATE_QUEUED,
                         screen_glyph(area->screen, GLYPH_BAR_REST)};
    struct bar work = bar_of(try, area->screen);
    struct bar wait = {end_ms, waited_ms, ROLE_STATE_RETRYING,
                       screen_glyph(area->screen, GLYPH_WAIT)};
    int x = queued.end_ms > queued.start_ms ? draw_bar(area, axis, &queued) : 0;
    work.start_ms = since_ms;
    work.end_ms = end_ms;
    x = try->running_since_ms != 0 ? draw_bar(area, axis, &work) : x;
    return wait.end_ms > wait.start_ms ? draw_bar(area, axis, &wait) : x;
}

/* Behind the bar: how long the latest try took, or that it is alive. */
static void put_end(const struct area *bars, int x, const struct view *view, size_t index)
{
    const struct view_stage *stage = &view->stages[index];
    const struct view_try *latest = &stage->tries[stage->try_count - 1];
    enum stage_state state = view->run.stages[index].state;
    char text[CLOCK_TEXT_SIZE];
    if (latest->ended_ms != 0 && state != STAGE_RETRYING) {
        clock_format_span(latest->ended_ms - latest->started_ms, text);
    } else {
        snprintf(text, sizeof(text), "%s", stage_state_word(state));
    }
    if (x + (int)strlen(text) <= bars->cols) {
        area_text(bars, x, 0, latest->ended_ms != 0 ? ROLE_MUTED : ui_state_role(state), text);
    }
}

static void draw_row(const struct ui *ui, const struct area *area, int y, size_t index,
                     const struct axis *axis)
{
    const struct view *view = &ui->client->view;
    const struct view_stage *stage = &view->stages[index];
    int names = area->cols - axis->cols - 1, end = 0;
    struct area bars = area_sub(area, names + 1, y, axis->cols, 1);
    draw_pauses(&bars, axis);
    area_text(area, 0, y, ROLE_KEY, index == ui->stage ? ">" : " ");
    area_printf(area, 1, y, ROLE_TEXT, "%2zu", index + 1);
    area_cut(area, 4, y, ROLE_TEXT, names - 4, view->run.dag->stages[index].name);
    for (size_t i = 0; i < stage->try_count; i++) {
        end = draw_try(&bars, axis, stage, i, stepped_now_ms(ui));
    }
    if (stage->try_count > 0) {
        put_end(&bars, end + 1, view, index);
    }
}

static int name_columns(const struct view *view, int cols)
{
    size_t longest = 0;
    for (size_t i = 0; i < view->run.dag->count; i++) {
        size_t len = strlen(view->run.dag->stages[i].name);
        longest = len > longest ? len : longest;
    }
    int names = 4 + (longest > NAME_COLS_MAX ? NAME_COLS_MAX : (int)longest);
    return names > cols / 2 ? cols / 2 : names;
}

int pane_timeline_rows(const struct ui *ui)
{
    return (int)ui->client->view.run.dag->count + ROWS_FIXED;
}

static void draw_legend(const struct area *area, const struct axis *axis, char *out, size_t size)
{
    const struct screen *screen = area->screen;
    snprintf(out, size, "%s queued  %s running  x failed  %s waits to retry%s",
             screen_glyph(screen, GLYPH_BAR_REST), screen_glyph(screen, GLYPH_BAR),
             screen_glyph(screen, GLYPH_WAIT), axis->count > 1 ? "  : idle" : "");
}

void pane_timeline(const struct ui *ui, const struct area *area, bool is_page)
{
    const struct view *view = &ui->client->view;
    char legend[128];
    if (area->rows == 0) {
        return;
    }
    size_t count = view->run.dag->count;
    size_t shown = area->rows > ROWS_FIXED ? (size_t)(area->rows - ROWS_FIXED) : 0;
    int names = name_columns(view, area->cols), cols = area->cols - names - 1;
    struct axis axis = {.count = 0};
    find_spans(view, stepped_now_ms(ui), &axis);
    scale(&axis, cols > AXIS_COLS_MIN ? cols : AXIS_COLS_MIN, ui->client->has_runner);
    draw_legend(area, &axis, legend, sizeof(legend));
    area_title(area, is_page, "Timeline", legend);
    struct area top = area_sub(area, names + 1, 1, cols, 1);
    draw_axis(&top, &axis);
    size_t first = ui->stage >= shown && shown > 0 ? ui->stage - shown + 1 : 0;
    struct area body = area_sub(area, 0, ROWS_FIXED, area->cols, area->rows - ROWS_FIXED);
    for (size_t i = 0; i < shown && first + i < count; i++) {
        draw_row(ui, &body, (int)i, first + i, &axis);
        area_target(&body, (int)i, 1, is_page ? TARGET_STAGE : TARGET_NONE, first + i);
        if (is_page && first + i == ui->stage) {
            area_select_row(&body, (int)i);
        }
    }
    free(axis.spans);
}
