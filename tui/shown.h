/* What a terminal shows, and where a screen differs from it. One thread. */
#ifndef GATEHOUSE_TUI_SHOWN_H
#define GATEHOUSE_TUI_SHOWN_H

#include "tui/screen.h"

struct shown {
    struct cell *cells; /* NULL: nothing is known of it */
    int cols, rows;
};

/* False when all has to be painted: nothing is known, or the size is another one. */
bool shown_fits(const struct shown *shown, const struct screen *screen);
/* It has the size of `screen` and shows nothing of it. */
void shown_reset(struct shown *shown, const struct screen *screen);
void shown_forget(struct shown *shown); /* also frees it */

/* The rest is for a screen that it fits. */
int shown_changed_rows(const struct shown *shown, const struct screen *screen);
/* A changed cell beside a wide character: both halves are put again. */
bool shown_must_put(const struct shown *shown, const struct screen *screen, int x, int y);
void shown_take(struct shown *shown, const struct screen *screen); /* it shows `screen` now */

#endif
