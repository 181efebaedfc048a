/* Moving through a log that grows, is filtered and wraps. */
#include "tui/log_view.h"

#include "tui/screen.h"

#include <string.h>

enum { WORK_MS = 2, CONTEXT_PART = 3 /* a match is shown at a third of the pane */ };

void log_view_init(struct log_view *view)
{
    *view = (struct log_view){.is_following = true, .match = LOG_NO_LINE, .cols = 80, .rows = 1};
    log_file_init(&view->file);
}

void log_view_done(struct log_view *view)
{
    log_file_done(&view->file);
    log_scan_done(&view->filter);
    log_scan_done(&view->search);
    log_scan_done(&view->errors);
}

static void restart_scans(struct log_view *view)
{
    log_scan_restart(&view->filter);
    log_scan_restart(&view->search);
    log_scan_restart(&view->errors);
    view->due = NULL;
}

static void begin(struct log_view *view)
{
    restart_scans(view);
    view->match = LOG_NO_LINE;
    view->counted.cols = 0;
    view->top = (struct log_place){0, 0};
    view->left = 0;
    view->is_following = true;
}

void log_view_open(struct log_view *view, const char *path)
{
    log_file_open(&view->file, path);
    begin(view);
}

static const struct log_scan *filter_of(const struct log_view *view)
{
    return log_match_is_on(&view->filter.match) ? &view->filter : NULL;
}

/* ---- what is shown */
size_t log_view_count(const struct log_view *view)
{
    const struct log_scan *filter = filter_of(view);
    return filter == NULL ? view->file.lines : filter->count;
}

size_t log_view_new(const struct log_view *view)
{
    const struct log_scan *filter = filter_of(view);
    size_t seen = filter == NULL ? view->seen : log_scan_rank(filter, view->seen);
    size_t count = log_view_count(view);
    return count > seen ? count - seen : 0;
}

bool log_view_is_scanning(const struct log_view *view)
{
    const struct log_scan *filter = filter_of(view);
    return filter != NULL && filter->scanned < view->file.lines;
}

size_t log_view_next(const struct log_view *view, size_t line)
{
    const struct log_scan *filter = filter_of(view);
    if (filter != NULL) {
        return log_scan_next(filter, line);
    }
    return line < view->file.lines ? line : LOG_NO_LINE;
}

size_t log_view_previous(const struct log_view *view, size_t line)
{
    const struct log_scan *filter = filter_of(view);
    if (filter != NULL) {
        return log_scan_previous(filter, line);
    }
    line = line < view->file.lines ? line : view->file.lines;
    return line == 0 ? LOG_NO_LINE : line - 1;
}

struct log_line log_view_line(struct log_view *view, size_t line)
{
    return log_line_parse(log_file_line(&view->file, line));
}

int64_t log_view_hidden(struct log_view *view, size_t line)
{
    int64_t size = log_file_line_extent(&view->file, line).size;
    return size > LOG_LINE_MAX ? size - LOG_LINE_MAX : 0;
}

/* ---- rows */
size_t log_row_len(struct str text, int cols)
{
    size_t len = 0;
    int used = 0;
    while (len < text.len) {
        struct text_char c;
        size_t step = text_step((struct str){text.ptr + len, text.len - len}, &c);
        used += c.columns;
        if (used > cols) {
            return len > 0 ? len : step;
        }
        len += step;
    }
    return len;
}

/* A line that is cut has a row more, which says so. */
static size_t row_count(struct log_view *view, size_t line)
{
    if (!view->is_wrapped) {
        return 1;
    }
    if (view->counted.line == line && view->counted.cols == view->cols &&
        view->counted.size == view->file.size) {
        return view->counted.rows;
    }
    size_t count = log_view_hidden(view, line) > 0 ? 1 : 0;
    struct str rest = log_view_line(view, line).text;
    do {
        size_t len = log_row_len(rest, view->cols);
        rest = (struct str){rest.ptr + len, rest.len - len};
        count++;
    } while (rest.len > 0);
    view->counted.line = line;
    view->counted.rows = count;
    view->counted.cols = view->cols;
    view->counted.size = view->file.size;
    return count;
}

bool log_view_down(struct log_view *view, struct log_place *place)
{
    if (view->is_wrapped && place->row + 1 < row_count(view, place->line)) {
        place->row++;
        return true;
    }
    size_t line = log_view_next(view, place->line + 1);
    if (line != LOG_NO_LINE) {
        *place = (struct log_place){line, 0};
    }
    return line != LOG_NO_LINE;
}

bool log_view_up(struct log_view *view, struct log_place *place)
{
    if (place->row > 0) {
        place->row--;
        return true;
    }
    size_t line = log_view_previous(view, place->line);
    if (line != LOG_NO_LINE) {
        *place = (struct log_place){line, row_count(view, line) - 1};
    }
    return line != LOG_NO_LINE;
}

static bool is_before(const struct log_place *a, const struct log_place *b)
{
    return a->line < b->line || (a->line == b->line && a->row < b->row);
}

/* Where the last page begins; false: there are no lines. */
static bool last_top(struct log_view *view, struct log_place *out_place)
{
    struct log_place place = {log_view_previous(view, LOG_NO_LINE), 0};
    if (place.line == LOG_NO_LINE) {
        return false;
    }
    place.row = row_count(view, place.line) - 1;
    for (int i = 1; i < view->rows && log_view_up(view, &place); i++) {
    }
    *out_place = place;
    return true;
}

void log_view_fit(struct log_view *view, int cols, int rows)
{
    struct log_place last;
    view->cols = cols < 1 ? 1 : cols;
    view->rows = rows < 1 ? 1 : rows;
    if (!last_top(view, &last)) {
        view->top.row = 0;
        return;
    }
    size_t line = log_view_next(view, view->top.line); /* the filter may hide it now */
    if (line != view->top.line) {
        view->top = line == LOG_NO_LINE ? last : (struct log_place){line, 0};
    } else if (view->top.row > 0) {
        size_t count = row_count(view, line);
        view->top.row = view->top.row < count ? view->top.row : count - 1;
    }
    if (view->is_following || is_before(&last, &view->top)) {
        view->top = last;
    }
}

static bool is_in_sight(struct log_view *view, const struct log_place *wanted)
{
    struct log_place place = view->top;
    for (int i = 0; i < view->rows; i++) {
        if (place.line == wanted->line && place.row == wanted->row) {
            return true;
        }
        if (!log_view_down(view, &place)) {
            return false;
        }
    }
    return false;
}

static size_t shown_before(const struct log_view *view, size_t line)
{
    const struct log_scan *filter = filter_of(view);
    return filter == NULL ? line : log_scan_rank(filter, line);
}

size_t log_view_current(const struct log_view *view)
{
    size_t match = view->match, top = view->top.line;
    bool is_in_page = match != LOG_NO_LINE && match >= top &&
                      shown_before(view, match) - shown_before(view, top) < (size_t)view->rows;
    return is_in_page ? match : log_view_next(view, top);
}

/* ---- scrolling */
static void pause(struct log_view *view)
{
    if (view->is_following) {
        view->is_following = false;
        view->seen = view->file.lines;
    }
}

void log_view_follow(struct log_view *view, bool is_following)
{
    pause(view);
    view->is_following = is_following;
}

void log_view_scroll(struct log_view *view, long rows)
{
    struct log_place last;
    if (!last_top(view, &last)) {
        return;
    }
    pause(view);
    for (; rows < 0 && log_view_up(view, &view->top); rows++) {
    }
    for (; rows > 0 && log_view_down(view, &view->top); rows--) {
        if (!is_before(&view->top, &last)) {
            view->is_following = true; /* back at the end: it follows again */
            return;
        }
    }
    view->is_following = rows > 0;
}

void log_view_first(struct log_view *view)
{
    pause(view);
    view->top = (struct log_place){0, 0};
}

void log_view_shift(struct log_view *view, int cols)
{
    int left = view->left + cols;
    view->left = view->is_wrapped || left < 0 ? 0 : left > LOG_LINE_MAX ? LOG_LINE_MAX : left;
}

void log_view_wrap(struct log_view *view, bool is_wrapped)
{
    if (view->is_wrapped != is_wrapped) {
        view->is_wrapped = is_wrapped;
        view->top.row = 0;
        view->left = 0;
    }
}

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
    pause(view);
    if (!is_in_sight(view, &place)) {
        view->top = place;
        for (int i = 0; i < view->rows / CONTEXT_PART && log_view_up(view, &view->top); i++) {
        }
    }
}

static bool is_complete(const struct log_view *view, const struct log_scan *scan)
{
    return scan->scanned == view->file.lines;
}

/* The match that was asked for, once the scan has come to it; true when it was found. */
static bool show_due(struct log_view *view)
{
    if (view->due == NULL) {
        return false;
    }
    size_t line = log_scan_next(view->due, view->due_from);
    if (line == LOG_NO_LINE && is_complete(view, view->due)) {
        line = log_scan_next(view->due, 0);
        view->due = NULL;
    }
    if (line != LOG_NO_LINE) {
        show_match(view, line);
    }
    return line != LOG_NO_LINE;
}

static bool go_to(struct log_view *view, const struct log_scan *scan, bool is_back)
{
    size_t from = log_view_current(view);
    bool is_match = from == view->match && log_scan_has(scan, from);
    if (!is_back) {
        view->due = scan;
        view->due_from = from == LOG_NO_LINE ? 0 : is_match ? from + 1 : from;
        return show_due(view) || view->due != NULL;
    }
    size_t line = log_scan_previous(scan, from);
    line = line == LOG_NO_LINE ? log_scan_previous(scan, LOG_NO_LINE) : line;
    if (line != LOG_NO_LINE) {
        show_match(view, line);
    }
    return line != LOG_NO_LINE || !is_complete(view, scan);
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
    restart_scans(view);
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

/* One step of everything; true: there is more. */
static bool work_step(struct log_view *view, bool *out_has_news)
{
    struct log_growth growth = log_file_grow(&view->file);
    if (growth.is_replaced) {
        begin(view);
    }
    *out_has_news = *out_has_news || growth.has_grown || growth.is_replaced;
    bool has_more = growth.has_more;
    has_more = scan_more(view, &view->filter, NULL, out_has_news) || has_more;
    has_more = scan_more(view, &view->search, filter_of(view), out_has_news) || has_more;
    has_more = scan_more(view, &view->errors, filter_of(view), out_has_news) || has_more;
    show_due(view);
    return has_more;
}

struct log_work log_view_work(struct log_view *view, struct clock *clock)
{
    struct log_work work = {.has_news = false};
    int64_t end_ms = clock->monotonic_ms(clock) + WORK_MS;
    do {
        work.has_more = work_step(view, &work.has_news);
    } while (work.has_more && clock->monotonic_ms(clock) < end_ms);
    return work;
}
