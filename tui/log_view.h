/* What the log pane shows of a log, and where: following, scrolling, wrapping, search, filter. It
 * knows neither keys nor the screen. Positions are lines of the file, so that they hold while it
 * grows and while the filter changes. Loop thread only. */
#ifndef GATEHOUSE_TUI_LOG_VIEW_H
#define GATEHOUSE_TUI_LOG_VIEW_H

#include "core/base/clock.h"
#include "tui/log_scan.h"

/* A row of the pane: a line, or a part of one that is wrapped. */
struct log_place {
    size_t line;
    size_t row; /* of the wrapped line, from 0 */
};

struct log_view {
    struct log_file file;
    struct log_scan filter; /* off: all lines are shown */
    struct log_scan search; /* within the filter */
    struct log_scan errors; /* within the filter; from the first time one is asked for */
    struct log_place top;   /* first row shown, while not following */
    int left;               /* columns shifted, while not wrapped */
    bool is_following, is_wrapped, hides_times;
    size_t seen;                /* lines of the file when following stopped: "+N new" */
    size_t match;               /* line of the current match; LOG_NO_LINE */
    const struct log_scan *due; /* whose next match is to be shown once it is known; NULL: none */
    size_t due_from;            /* from this line on, or before it */
    bool is_due_back;
    int cols, rows; /* of the pane's text, by the latest drawing */
    struct {        /* private: the rows of a line that may be long */
        size_t line, rows;
        int cols;     /* at this width; 0: nothing is known */
        int64_t size; /* and this size of the file */
    } counted;
};

void log_view_init(struct log_view *view);
void log_view_done(struct log_view *view);
/* Another log; copies path, NULL: none. Search, filter and settings stay. */
void log_view_open(struct log_view *view, const char *path);
/* Indexes and searches for about a millisecond by this clock. */
struct log_work {
    bool has_news; /* there is something new to draw */
    bool has_more;
    bool is_in_vain; /* what was to be shown once it is found does not exist */
};
struct log_work log_view_work(struct log_view *view, struct clock *clock);

/* ---- what is shown */
size_t log_view_count(const struct log_view *view);     /* lines that pass the filter */
size_t log_view_new(const struct log_view *view);       /* of them have come since it was paused */
bool log_view_is_scanning(const struct log_view *view); /* the filter has not seen all lines yet */
/* The line itself if it is shown, else the next one shown; LOG_NO_LINE. */
size_t log_view_next(const struct log_view *view, size_t line);
size_t log_view_previous(const struct log_view *view, size_t line); /* shown, before a line */
/* Borrows until the next call on this view. */
struct log_line log_view_line(struct log_view *view, size_t line);
int64_t log_view_hidden(struct log_view *view, size_t line); /* bytes behind LOG_LINE_MAX */
/* Bytes of a text that one row holds, at least one character. */
size_t log_row_len(struct str text, int cols);
/* Says how large the pane's text is; sets top. Call it before drawing. */
void log_view_fit(struct log_view *view, int cols, int rows);
bool log_view_down(struct log_view *view, struct log_place *place); /* a row; false: the last */
bool log_view_up(struct log_view *view, struct log_place *place);
/* The line that the operator looks at: the current match when it is in sight, else the first. */
size_t log_view_current(const struct log_view *view); /* LOG_NO_LINE: there is none */

/* ---- what the operator does */
void log_view_scroll(struct log_view *view, long rows);
void log_view_first(struct log_view *view);
void log_view_follow(struct log_view *view, bool is_following);
void log_view_shift(struct log_view *view, int cols);
void log_view_wrap(struct log_view *view, bool is_wrapped);
/* See tui/log_match.h. Blank text ends the search or filter. */
bool log_view_search(struct log_view *view, const char *typed, struct error *err);
bool log_view_filter(struct log_view *view, const char *typed, struct error *err);
/* To a match of the search, or to an error line; goes on at the other end. What is not known yet is
 * shown when it is. False: there is none. */
bool log_view_next_match(struct log_view *view, bool is_back);
bool log_view_next_error(struct log_view *view, bool is_back);

#endif
