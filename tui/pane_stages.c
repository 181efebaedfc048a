/* The stages: one row each, in columns as wide as what stands in them, so that the words of the
 * detail get the rest. */
#include "tui/panes.h"

#include "core/base/alloc.h"
#include "core/base/clock.h"
#include "core/view/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAME_COLS = 28, /* at most, on a screen that is not wide */
    NAME_COLS_MIN = 5,
    WIDE_COLS = 100,      /* from here on: long names, whole headings */
    SMALL_COLS = 60,      /* below: names give way, no tries */
    SMALL_REST_COLS = 31, /* for the other columns then */
    USUAL_COLS = 72,      /* from here on: the usual time */
    HEAD_ROWS_MIN = 6,
    BAR_COLS = 9,
    BAR_ROOM = 22, /* the bar with share and ETA beside it */
    CELL_SIZE = 24,
    MS_PER_S = 1000,
    EXACT_MS = 9995, /* below: 0.53s instead of 00:00 */
};

struct stage_cells { /* the texts of a row, as they are shown */
    struct view_row row;
    char attempt[CELL_SIZE], elapsed[CLOCK_TEXT_SIZE], usual[CLOCK_TEXT_SIZE];
};

struct columns { /* where each column of the table starts, and its width; 0: it is not shown */
    int name, state, attempt, elapsed, usual, detail;
    int name_cols, elapsed_cols, usual_cols;
};

/* A stage that is over in a moment took more than 00:00. */
static void brief_duration(int64_t ms, bool is_over, char out_text[CLOCK_TEXT_SIZE])
{
    if (is_over && ms >= 0 && ms < EXACT_MS) {
        snprintf(out_text, CLOCK_TEXT_SIZE, "%.2fs", (double)ms / MS_PER_S);
    } else {
        clock_format_duration(ms, out_text);
    }
}

static void fill_cells(const struct ui *ui, size_t stage, struct stage_cells *cells)
{
    struct view_row *row = &cells->row;
    view_row(&ui->client->view, stage, ui->now_ms, row);
    if (row->try_number == 0) {
        snprintf(cells->attempt, sizeof(cells->attempt), "-/%d", row->tries_max);
    } else {
        snprintf(cells->attempt, sizeof(cells->attempt), "%d/%d", row->try_number, row->tries_max);
    }
    brief_duration(row->elapsed_ms, !stage_state_is_active(row->state), cells->elapsed);
    brief_duration(row->usual_ms > 0 ? row->usual_ms : -1, true, cells->usual);
}

static int wider(int cols, const char *text)
{
    int len = (int)strlen(text);
    return len > cols ? len : cols;
}

static int name_columns(int longest, int cols)
{
    int name_cols = longest > NAME_COLS && cols < WIDE_COLS ? NAME_COLS : longest;
    if (cols < SMALL_COLS && name_cols > cols - SMALL_REST_COLS) {
        name_cols = cols - SMALL_REST_COLS;
    }
    return name_cols < NAME_COLS_MIN ? NAME_COLS_MIN : name_cols;
}

static struct columns columns_for(const struct stage_cells *cells, size_t count, int cols)
{
    int longest = 0, state = 5, attempt = 3;
    struct columns at = {.name = 4, .elapsed_cols = cols < WIDE_COLS ? 5 : 7, .usual_cols = 5};
    for (size_t i = 0; i < count; i++) {
        longest = wider(longest, cells[i].row.name);
        state = wider(state, cells[i].row.word);
        attempt = wider(attempt, cells[i].attempt);
        at.elapsed_cols = wider(at.elapsed_cols, cells[i].elapsed);
        at.usual_cols = wider(at.usual_cols, cells[i].usual);
    }
    at.name_cols = name_columns(longest, cols);
    at.state = at.name + at.name_cols + 1;
    at.attempt = at.state + state + 1;
    at.elapsed = at.attempt + attempt + 1;
    if (cols < SMALL_COLS) {
        at.elapsed = at.attempt;
        at.attempt = 0;
    }
    at.detail = at.elapsed + at.elapsed_cols + 1;
    if (cols >= USUAL_COLS) {
        at.usual = at.detail;
        at.detail = at.usual + at.usual_cols + 1;
    }
    at.detail += cols < WIDE_COLS ? 0 : 1;
    return at;
}

static void draw_bar(const struct area *area, int x, int y, double fraction)
{
    int full = (int)(fraction * BAR_COLS + 0.5);
    for (int i = 0; i < BAR_COLS; i++) {
        area_text(area, x + i, y, i < full ? ROLE_STATE_RUNNING : ROLE_MUTED,
                  screen_glyph(area->screen, i < full ? GLYPH_BAR : GLYPH_BAR_REST));
    }
}

/* Columns of what stands before the last `separator` within `cols` columns. */
static int fitting_columns(struct str text, const char *separator, int cols)
{
    int fitting = 0;
    for (size_t i = 1; i < text.len; i++) {
        bool is_end =
            str_starts_with((struct str){text.ptr + i, text.len - i}, str_from(separator));
        int columns = is_end ? text_columns((struct str){text.ptr, i}) : 0;
        fitting = columns <= cols && columns > fitting ? columns : fitting;
    }
    return fitting;
}

/* What does not fit is left out from a comma or blank on when enough stands before it; else it is
 * cut, and shows it. */
static void draw_detail(const struct area *area, int x, int y, enum role role, const char *text)
{
    struct area cell = area_sub(area, x, y, area->cols - x, 1);
    struct str whole = str_from(text);
    int parts = fitting_columns(whole, ", ", cell.cols);
    int words = fitting_columns(whole, " ", cell.cols);
    if (text_columns(whole) > cell.cols && parts * 3 > cell.cols) {
        cell.cols = parts;
    } else if (text_columns(whole) > cell.cols && words * 5 >= cell.cols * 4) {
        cell.cols = words;
    } else {
        area_cut(&cell, 0, 0, role, cell.cols, text);
        return;
    }
    area_text(&cell, 0, 0, role, text);
}

static void draw_stage(const struct ui *ui, const struct area *area, int y,
                       const struct stage_cells *cells, const struct columns *at)
{
    const struct view_row *row = &cells->row;
    enum role role = row->state == STAGE_WAITING ? ROLE_MUTED : ROLE_TEXT;
    bool is_chosen = row->number == ui->stage + 1;
    int x = at->detail;
    area_text(area, 0, y, ROLE_KEY, is_chosen ? ">" : " ");
    area_printf(area, 1, y, role, "%2zu", row->number);
    area_cut(area, at->name, y, role, at->name_cols, row->name);
    area_text(area, at->state, y, ui_state_role(row->state), row->word);
    if (at->attempt > 0) {
        area_text(area, at->attempt, y, row->try_number > 1 ? ROLE_NOTICE : role, cells->attempt);
    }
    area_printf(area, at->elapsed, y, role, "%*s", at->elapsed_cols, cells->elapsed);
    if (at->usual > 0) {
        area_printf(area, at->usual, y, ROLE_MUTED, "%*s", at->usual_cols, cells->usual);
    }
    if (row->fraction >= 0 && stage_state_is_active(row->state) && area->cols - x > BAR_ROOM) {
        draw_bar(area, x, y, row->fraction);
        x += BAR_COLS + 1;
    }
    draw_detail(area, x, y, row->state == STAGE_FAILED ? ROLE_ALERT : role, row->detail);
    area_target(area, y, 1, TARGET_STAGE, row->number - 1);
    if (is_chosen && ui->focus == FOCUS_STAGES && ui->page == PAGE_RUN) {
        area_select_row(area, y);
    }
}

static void draw_head(const struct area *area, const struct columns *at)
{
    area_text(area, 2, 1, ROLE_MUTED, "#");
    area_text(area, at->name, 1, ROLE_MUTED, "STAGE");
    area_text(area, at->state, 1, ROLE_MUTED, "STATE");
    if (at->attempt > 0) {
        area_text(area, at->attempt, 1, ROLE_MUTED, "TRY");
    }
    area_printf(area, at->elapsed, 1, ROLE_MUTED, "%*s", at->elapsed_cols,
                at->elapsed_cols < 7 ? "TIME" : "ELAPSED");
    if (at->usual > 0) {
        area_printf(area, at->usual, 1, ROLE_MUTED, "%*s", at->usual_cols, "USUAL");
    }
    area_text(area, at->detail, 1, ROLE_MUTED, "DETAIL");
}

/* The chosen row stays in sight. */
static size_t first_shown(const struct ui *ui, size_t count, size_t shown)
{
    size_t first = ui->stage >= shown && shown > 0 ? ui->stage - shown + 1 : 0;
    return first < count ? first : 0;
}

void pane_stages(const struct ui *ui, const struct area *area)
{
    const struct view *view = &ui->client->view;
    char remark[64];
    if (area->rows == 0) {
        return;
    }
    size_t count = view->run.dag->count;
    struct stage_cells *cells = xcalloc(count, sizeof(*cells));
    for (size_t i = 0; i < count; i++) {
        fill_cells(ui, i, &cells[i]);
    }
    struct columns at = columns_for(cells, count, area->cols);
    snprintf(remark, sizeof(remark), "%zu/%zu done", view_done_count(view), count);
    area_title(area, ui->focus == FOCUS_STAGES, "Stages", remark);
    bool has_head = (size_t)area->rows >= count + 2 || area->rows > HEAD_ROWS_MIN;
    if (has_head) {
        draw_head(area, &at);
    }
    int top = has_head ? 2 : 1;
    size_t shown = area->rows > top ? (size_t)(area->rows - top) : 0;
    size_t first = first_shown(ui, count, shown);
    for (size_t i = 0; i < shown && first + i < count; i++) {
        draw_stage(ui, area, top + (int)i, &cells[first + i], &at);
    }
    free(cells);
}
