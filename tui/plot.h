/* Values drawn by two numbers, with the labels of the vertical axis at the left: training curves,
 * accuracy by run. Take every value first, open, then draw. Pure. */
#ifndef GATEHOUSE_TUI_PLOT_H
#define GATEHOUSE_TUI_PLOT_H

#include "tui/screen.h"

enum { PLOT_LABEL_COLS = 9, PLOT_ROWS_MIN = 2 };

struct plot {
    struct area labels, body;
    double low, high, first, last; /* what is to be seen; infinite: nothing yet */
};

void plot_init(struct plot *plot);
void plot_take(struct plot *plot, double x, double y); /* what is not finite is left out */
void plot_take_end(struct plot *plot, double x);       /* values will come as far as this */
void plot_take_level(struct plot *plot, double y);     /* a horizontal line that is to be seen */
/* Draws the axis. False when there is nothing to be seen, or no room for it. */
bool plot_open(struct plot *plot, const struct area *area);
void plot_level(const struct plot *plot, double y, enum role role);
void plot_point(const struct plot *plot, double x, double y, enum role role, const char *sign);

#endif
