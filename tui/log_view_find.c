/* Searching, filtering, errors: what is asked for, and the slices of work that find it. */
#include "tui/log_view.h"

#include "tui/log_view_internal.h"
#include "tui/screen.h"

enum { WORK_MS = 1, CONTEXT_PART = 3 /* a match is shown at a third of the pane */ };

/* ---- search, filter, errors */
/* The row of a wrapped line where it matches; without wrapping the columns are brought into sight.
 */
static size_t show_column(struct log_view *view, size_t line)
{
    struct str text = log_view_line(view, line).text;
    struct text_span all = {0, text.len}, span;
    if (!log_match_is_on(&view->search.match) ||
        !log_match_find(&view->search.match, text, all, &span)) {
        return 0;
    }
    if (!view->is_wrapped) {
        int start = text_columns((struct str){text.ptr, span.start});
        int end = text_columns((struct str){text.ptr, span.end});
        int margin = view->cols / CONTEXT_PART;
        if (end > view->left + view->cols) {
            view->left = end + margin - view->cols;
        }
        if (start < view->left) {
            view->left = end <= view->cols ? 0 : start < margin ? 0 : start - margin;
        }
        return 0;
    }
    size_t row = 0, done = log_row_len(text, view->cols);
    while (done <= span.start && done < text.len) {
        done += log_row_len((struct str){text.ptr + done, text.len - done}, view->cols);
        row++;
    }
    return row;
}

static void show_match(struct log_view *view, size_t line)
{
    struct log_place place = {line, show_column(view, line)};
    view->match = line;
    view->due = NULL;
    log_view_pause(view);
    if (!log_view_is_in_sight(view, &place)) {
        view->top = place;
        for (int i = 0; i < view->rows / CONTEXT_PART && log_view_up(view, &view->top); i++) {
        }
    }
}

static bool is_complete(const struct log_view *view, const struct log_scan *scan)
{
    return scan->scanned == view->file.lines;
}

/* The match that is due, as far as the scan has come; it goes on at the other end. */
static size_t due_line(const struct log_view *view)
{
    const struct log_scan *scan = view->due;
    if (!view->is_due_back) {
        size_t line = log_scan_next(scan, view->due_from);
        return line == LOG_NO_LINE && is_complete(view, scan) ? log_scan_next(scan, 0) : line;
    }
    if (scan->scanned < view->due_from && !is_complete(view, scan)) {
        return LOG_NO_LINE; /* a nearer one may come */
    }
    size_t line = log_scan_previous(scan, view->due_from);
    return line == LOG_NO_LINE && is_complete(view, scan) ? log_scan_previous(scan, LOG_NO_LINE)
                                                          : line;
}

/* False: all lines were looked at, and none matches. */
static bool show_due(struct log_view *view)
{
    if (view->due == NULL) {
        return true;
    }
    size_t line = due_line(view);
    if (line != LOG_NO_LINE) {
        show_match(view, line);
        return true;
    }
    if (is_complete(view, view->due)) {
        view->due = NULL;
        return false;
    }
    return true;
}

static bool go_to(struct log_view *view, const struct log_scan *scan, bool is_back)
{
    size_t from = log_view_current(view);
    bool is_at_match = from == view->match && log_scan_has(scan, from);
    view->due = scan;
    view->is_due_back = is_back;
    view->due_from = from == LOG_NO_LINE ? 0 : is_at_match && !is_back ? from + 1 : from;
    return show_due(view);
}

bool log_view_search(struct log_view *view, const char *typed, struct error *err)
{
    if (!log_match_set(&view->search.match, LOG_MATCH_SEARCH, typed, err)) {
        return false;
    }
    log_scan_restart(&view->search);
    view->match = LOG_NO_LINE;
    view->due = NULL;
    if (log_match_is_on(&view->search.match)) {
        go_to(view, &view->search, false);
    }
    return true;
}

bool log_view_filter(struct log_view *view, const char *typed, struct error *err)
{
    if (!log_match_set(&view->filter.match, LOG_MATCH_FILTER, typed, err)) {
        return false;
    }
    log_view_restart_scans(view);
    return true;
}

bool log_view_next_match(struct log_view *view, bool is_back)
{
    return go_to(view, &view->search, is_back);
}

bool log_view_next_error(struct log_view *view, bool is_back)
{
    if (!log_match_is_on(&view->errors.match)) {
        log_match_errors(&view->errors.match);
    }
    return go_to(view, &view->errors, is_back);
}

/* ---- work */
/* True: there is more. */
static bool scan_more(struct log_view *view, struct log_scan *scan, const struct log_scan *within,
                      bool *out_has_news)
{
    size_t before = scan->scanned;
    bool has_more = log_match_is_on(&scan->match) && log_scan_go(scan, &view->file, within);
    *out_has_news = *out_has_news || scan->scanned != before;
    return has_more;
}

/* One step of everything. */
static void work_step(struct log_view *view, struct log_work *work)
{
    struct log_growth growth = log_file_grow(&view->file);
    if (growth.is_replaced) {
        log_view_begin(view);
    }
    const struct log_scan *filter = log_view_filter_scan(view);
    bool is_filtering = scan_more(view, &view->filter, NULL, &work->has_news);
    bool is_searching = scan_more(view, &view->search, filter, &work->has_news);
    bool is_judging = scan_more(view, &view->errors, filter, &work->has_news);
    work->is_in_vain = !show_due(view) || work->is_in_vain;
    work->has_news = work->has_news || growth.has_grown || growth.is_replaced || work->is_in_vain;
    work->has_more = growth.has_more || is_filtering || is_searching || is_judging;
}

struct log_work log_view_work(struct log_view *view, struct clock *clock)
{
    struct log_work work = {.has_news = false};
    int64_t end_ms = clock->monotonic_ms(clock) + WORK_MS;
    do {
        work_step(view, &work);
    } while (work.has_more && clock->monotonic_ms(clock) < end_ms);
    return work;
}
