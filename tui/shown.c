/* Cells compared with those that were sent last. */
#include "tui/shown.h"

#include "core/base/alloc.h"

#include <stdlib.h>
#include <string.h>

static size_t cell_count(const struct screen *screen)
{
    return (size_t)screen->cols * (size_t)screen->rows;
}

bool shown_fits(const struct shown *shown, const struct screen *screen)
{
    return shown->cells != NULL && shown->cols == screen->cols && shown->rows == screen->rows;
}

void shown_reset(struct shown *shown, const struct screen *screen)
{
    size_t count = cell_count(screen);
    free(shown->cells);
    *shown = (struct shown){
        .cells = xcalloc(count, sizeof(*shown->cells)), .cols = screen->cols, .rows = screen->rows};
    memset(shown->cells, 0xff, count * sizeof(*shown->cells));
}

void shown_forget(struct shown *shown)
{
    free(shown->cells);
    shown->cells = NULL;
}

static const struct cell *cell_of(const struct shown *shown, int x, int y)
{
    return &shown->cells[y * shown->cols + x];
}

static bool differs(const struct shown *shown, const struct screen *screen, int x, int y)
{
    const struct cell *a = cell_of(shown, x, y), *b = screen_cell(screen, x, y);
    return a->glyph != b->glyph || a->role != b->role || a->is_selected != b->is_selected ||
           memcmp(a->marks, b->marks, sizeof(a->marks)) != 0;
}

int shown_changed_rows(const struct shown *shown, const struct screen *screen)
{
    int count = 0;
    for (int y = 0; y < screen->rows; y++) {
        for (int x = 0; x < screen->cols; x++) {
            if (differs(shown, screen, x, y)) {
                count++;
                break;
            }
        }
    }
    return count;
}

bool shown_must_put(const struct shown *shown, const struct screen *screen, int x, int y)
{
    if (differs(shown, screen, x, y)) {
        return true;
    }
    bool is_wide = x + 1 < screen->cols && (screen_cell(screen, x + 1, y)->glyph == 0 ||
                                            cell_of(shown, x + 1, y)->glyph == 0);
    bool follows_wide = x > 0 && cell_of(shown, x, y)->glyph != 0;
    return (is_wide && differs(shown, screen, x + 1, y)) ||
           (follows_wide && differs(shown, screen, x - 1, y));
}

void shown_take(struct shown *shown, const struct screen *screen)
{
    memcpy(shown->cells, screen->cells, cell_count(screen) * sizeof(*shown->cells));
}
