/* The arithmetic of the layouts: one line, one pane, one column, two columns. */
#include "tui/layout.h"

enum {
    LINE_COLS = 40, /* below: one line */
    LINE_ROWS = 10,
    PANE_COLS = 60, /* below: one pane */
    PANE_ROWS = 15,
    WIDE_COLS = 160,
    WIDE_ROWS = 45,
    LOG_LEAST = 2,
    LOG_GOOD = 8,
    TRAINING_FULL = 13,
    TRAINING_LEAST = 2,
    TRAINING_SMALL = 5,
    UPPER_LEAST = 8,
    MESSAGE_ROOM = 20, /* from here on: a message of several rows */
};

static int least(int a, int b)
{
    return a < b ? a : b;
}

static int most(int a, int b)
{
    return a > b ? a : b;
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

/* The next pane of a column, below those it has. */
static void stack(struct layout *layout, enum pane pane, int rows, int *y)
{
    layout->panes[pane] = area_sub(&layout->page, 0, *y, layout->page.cols, rows);
    *y += rows;
}

static void one_column(struct layout *layout, const struct layout_wish *wish)
{
    const struct area *page = &layout->page;
    int verdict = least(wish->verdict_rows, page->rows - 4 - LOG_LEAST);
    int stages = least(wish->stages + 2, page->rows - verdict - LOG_LEAST);
    int training = training_rows(wish, page->rows - stages - verdict);
    int left = page->rows - stages - verdict - training;
    int timeline = left >= wish->timeline_rows + LOG_GOOD ? wish->timeline_rows : 0;
    int y = 0;
    stack(layout, PANE_STAGES, stages, &y);
    stack(layout, PANE_TRAINING, training, &y);
    stack(layout, PANE_VERDICT, verdict, &y);
    stack(layout, PANE_TIMELINE, timeline, &y);
    stack(layout, PANE_LOG, page->rows - y, &y);
}

struct pair {
    enum pane left, right;
};

/* Two panes beside each other, with a blank column between them. */
static void stack_pair(struct layout *layout, struct pair pair, int rows, int *y)
{
    const struct area *page = &layout->page;
    int left = page->cols * 5 / 9;
    layout->panes[pair.left] = area_sub(page, 0, *y, left, rows);
    layout->panes[pair.right] = area_sub(page, left + 1, *y, page->cols - left - 1, rows);
    *y += rows;
}

static int wanted_rows(enum pane pane, const struct layout_wish *wish, int rows)
{
    switch ((int)pane) {
    case PANE_TRAINING:
        return most(TRAINING_FULL, rows / 4);
    case PANE_VERDICT:
        return most(wish->verdict_rows, UPPER_LEAST);
    case PANE_TIMELINE:
        return wish->timeline_rows;
    default:
        return rows / 3;
    }
}

/* The log keeps the full width: beside another pane it would cost many times the bytes. */
static void two_columns(struct layout *layout, const struct layout_wish *wish)
{
    enum pane panes[4];
    size_t count = 0;
    int rows = layout->page.rows, y = 0;
    panes[count] = PANE_TRAINING;
    count += wish->trains ? 1 : 0;
    panes[count] = PANE_VERDICT;
    count += wish->judges ? 1 : 0;
    panes[count++] = PANE_TIMELINE;
    panes[count] = PANE_GRAPH;
    count += wish->has_graph ? 1 : 0;
    stack_pair(layout, (struct pair){PANE_STAGES, PANE_RUNS},
               most(least(wish->stages + 2, rows / 4), UPPER_LEAST), &y);
    for (size_t i = 0; i < count; i += 2) {
        bool is_alone = i + 1 == count;
        int wanted = most(wanted_rows(panes[i], wish, rows),
                          is_alone ? 0 : wanted_rows(panes[i + 1], wish, rows));
        wanted = least(wanted, rows - y - LOG_GOOD);
        if (is_alone) {
            stack(layout, panes[i], wanted, &y);
        } else {
            stack_pair(layout, (struct pair){panes[i], panes[i + 1]}, wanted, &y);
        }
    }
    stack(layout, PANE_LOG, rows - y, &y);
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
    int said = all.rows >= MESSAGE_ROOM ? most(wish->message_rows, 1) : 1;
    layout.page = layout.is_line ? all : area_sub(&all, 0, 1, all.cols, all.rows - 2 - said);
    if (!layout.is_line) {
        layout.panes[PANE_HEADER] = area_sub(&all, 0, 0, all.cols, 1);
        layout.panes[PANE_MESSAGE] = area_sub(&all, 0, all.rows - 1 - said, all.cols, said);
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
