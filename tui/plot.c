/* The arithmetic of plots. */
#include "tui/plot.h"

#include <math.h>

enum { BODY_COLS_MIN = 10 };

void plot_init(struct plot *plot)
{
    *plot = (struct plot){.low = INFINITY, .high = -INFINITY, .first = INFINITY, .last = -INFINITY};
}

void plot_take(struct plot *plot, double x, double y)
{
    if (isfinite(x) && isfinite(y)) {
        plot->first = fmin(plot->first, x);
        plot->last = fmax(plot->last, x);
        plot->low = fmin(plot->low, y);
        plot->high = fmax(plot->high, y);
    }
}

void plot_take_end(struct plot *plot, double x)
{
    plot->last = fmax(plot->last, x);
}

void plot_take_level(struct plot *plot, double y)
{
    plot->low = fmin(plot->low, y);
    plot->high = fmax(plot->high, y);
}

/* To round numbers: while values come in, the picture stays where it is most of the time. */
static void round_levels(struct plot *plot)
{
    double range = plot->high > plot->low ? plot->high - plot->low : 1e-6;
    double step = pow(10, floor(log10(range))) / 2;
    plot->low = floor(plot->low / step + 1e-9) * step;
    plot->high = ceil(plot->high / step - 1e-9) * step;
}

bool plot_open(struct plot *plot, const struct area *area)
{
    if (area->rows < PLOT_ROWS_MIN || area->cols < PLOT_LABEL_COLS + BODY_COLS_MIN ||
        !isfinite(plot->first)) {
        return false;
    }
    round_levels(plot);
    plot->last = plot->last > plot->first ? plot->last : plot->first + 1;
    plot->labels = area_sub(area, 0, 0, PLOT_LABEL_COLS, area->rows);
    plot->body = area_sub(area, PLOT_LABEL_COLS, 0, area->cols - PLOT_LABEL_COLS - 1, area->rows);
    area_printf(&plot->labels, 0, 0, ROLE_MUTED, "%7.4f", plot->high);
    area_printf(&plot->labels, 0, area->rows - 1, ROLE_MUTED, "%7.4f", plot->low);
    return true;
}

static int row_of(const struct plot *plot, double y)
{
    double share = (plot->high - y) / (plot->high - plot->low);
    return (int)lround(share * (plot->body.rows - 1));
}

void plot_level(const struct plot *plot, double y, enum role role)
{
    int row = row_of(plot, y);
    for (int x = 0; x < plot->body.cols; x += 2) {
        area_text(&plot->body, x, row, role, "-");
    }
    area_printf(&plot->labels, 0, row, role, "%7.4f", y);
}

void plot_point(const struct plot *plot, double x, double y, enum role role, const char *sign)
{
    if (isfinite(x) && isfinite(y)) {
        double share = (x - plot->first) / (plot->last - plot->first);
        area_text(&plot->body, (int)lround(share * (plot->body.cols - 1)), row_of(plot, y), role,
                  sign);
    }
}
