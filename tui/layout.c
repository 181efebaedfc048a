/* The arithmetic of the layouts: one line, one pane, one column, two columns. */
#include "tui/layout.h"

enum {
    LINE_COLS = 40, /* below: one line */
    LINE_ROWS = 10,
    PANE_COLS = 60, /* below: one pane */
    PANE_ROWS = 15,
    WIDE_COLS = 160,
    WIDE_ROWS = 40,
    LOG_LEAST = 2,
    TRAINING_FULL = 12,
    TRAINING_LEAST = 2,
    TRAINING_SMALL = 5,
};

static int least(int a, int b)
{
    return a < b ? a : b;
}

static void one_pane(struct layout *layout, enum pane pane)
{
    layout->panes[pane] = layout->page;
}

/* Rows for the training pane out of those that stages and verdict leave. */
static int training_rows(const struct layout_wish *wish, int room)
{
    if (!wish->has_training) {
        return 0;
    }
    if (room >= TRAINING_FULL + 4) {
        return TRAINING_FULL;
    }
    if (wish->verdict_rows > 0) {
        return 0; /* the verdict matters more */
    }
    return room >= TRAINING_SMALL + 6   ? TRAINING_SMALL
           : room >= TRAINING_LEAST + 4 ? TRAINING_LEAST
                                        : 0;
}

static void one_column(struct layout *layout, const struct layout_wish *wish)
{
    const struct area *page = &layout->page;
    int verdict = least(wish->verdict_rows, page->rows - 4 - LOG_LEAST);
    int stages = least(wish->stages + 2, page->rows - verdict - LOG_LEAST);
    int training = training_rows(wish, page->rows - stages - verdict);
    int y = 0;
    layout->panes[PANE_STAGES] = area_sub(page, 0, y, page->cols, stages);
    y += stages;
    layout->panes[PANE_TRAINING] = area_sub(page, 0, y, page->cols, training);
    y += training;
    layout->panes[PANE_VERDICT] = area_sub(page, 0, y, page->cols, verdict);
    y += verdict;
    layout->panes[PANE_LOG] = area_sub(page, 0, y, page->cols, page->rows - y);
}

/* The log keeps the full width: beside another pane it would cost many times the bytes. */
static void two_columns(struct layout *layout, const struct layout_wish *wish)
{
    const struct area *page = &layout->page;
    int left = page->cols * 5 / 9, right = page->cols - left - 1;
    int upper = least(wish->stages + 2, page->rows / 2);
    int verdict = wish->verdict_rows > TRAINING_FULL ? wish->verdict_rows : TRAINING_FULL;
    int lower = least(verdict, page->rows - upper - LOG_LEAST);
    upper = upper < 8 ? 8 : upper;
    layout->panes[PANE_STAGES] = area_sub(page, 0, 0, left, upper);
    layout->panes[PANE_RUNS] = area_sub(page, left + 1, 0, right, upper);
    layout->panes[PANE_TRAINING] = area_sub(page, 0, upper, left, lower);
    layout->panes[PANE_VERDICT] = area_sub(page, left + 1, upper, right, lower);
    layout->panes[PANE_LOG] =
        area_sub(page, 0, upper + lower, page->cols, page->rows - upper - lower);
}

void layout_make(struct screen *screen, const struct layout_wish *wish, struct layout *out_layout)
{
    struct area all = area_of(screen);
    struct layout layout = {.area = all};
    for (int i = 0; i < PANE_COUNT; i++) {
        layout.panes[i] = area_sub(&all, 0, 0, 0, 0);
    }
    layout.is_line = all.cols < LINE_COLS || all.rows < LINE_ROWS;
    bool is_small = all.cols < PANE_COLS || all.rows < PANE_ROWS;
    layout.page = layout.is_line ? all : area_sub(&all, 0, 1, all.cols, all.rows - 3);
    if (!layout.is_line) {
        layout.panes[PANE_HEADER] = area_sub(&all, 0, 0, all.cols, 1);
        layout.panes[PANE_MESSAGE] = area_sub(&all, 0, all.rows - 2, all.cols, 1);
        layout.panes[PANE_HINTS] = area_sub(&all, 0, all.rows - 1, all.cols, 1);
        if (wish->only != PANE_COUNT || is_small) {
            one_pane(&layout, wish->only != PANE_COUNT ? wish->only : wish->focus);
        } else if (all.cols >= WIDE_COLS && all.rows >= WIDE_ROWS) {
            two_columns(&layout, wish);
        } else {
            one_column(&layout, wish);
        }
    }
    *out_layout = layout;
}
