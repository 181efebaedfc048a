/* Lines, rows and scrolling. */
#include "tui/log_view.h"

#include "tui/log_view_internal.h"
#include "tui/screen.h"

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

void log_view_restart_scans(struct log_view *view)
{
    log_scan_restart(&view->filter);
    log_scan_restart(&view->search);
    log_scan_restart(&view->errors);
    view->due = NULL;
}

void log_view_begin(struct log_view *view)
{
    log_view_restart_scans(view);
    view->match = LOG_NO_LINE;
    view->counted.cols = 0;
    view->top = (struct log_place){0, 0};
    view->left = 0;
    view->is_following = true;
}

void log_view_open(struct log_view *view, const char *path)
{
    log_file_open(&view->file, path);
    log_view_begin(view);
}

const struct log_scan *log_view_filter_scan(const struct log_view *view)
{
    return log_match_is_on(&view->filter.match) ? &view->filter : NULL;
}

/* ---- what is shown */
size_t log_view_count(const struct log_view *view)
{
    const struct log_scan *filter = log_view_filter_scan(view);
    return filter == NULL ? view->file.lines : filter->count;
}

size_t log_view_new(const struct log_view *view)
{
    const struct log_scan *filter = log_view_filter_scan(view);
    size_t seen = filter == NULL ? view->seen : log_scan_rank(filter, view->seen);
    size_t count = log_view_count(view);
    return count > seen ? count - seen : 0;
}

bool log_view_is_scanning(const struct log_view *view)
{
    const struct log_scan *filter = log_view_filter_scan(view);
    return filter != NULL && filter->scanned < view->file.lines;
}

size_t log_view_next(const struct log_view *view, size_t line)
{
    const struct log_scan *filter = log_view_filter_scan(view);
    if (filter != NULL) {
        return log_scan_next(filter, line);
    }
    return line < view->file.lines ? line : LOG_NO_LINE;
}

size_t log_view_previous(const struct log_view *view, size_t line)
{
    const struct log_scan *filter = log_view_filter_scan(view);
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

bool log_view_is_in_sight(struct log_view *view, const struct log_place *wanted)
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
    const struct log_scan *filter = log_view_filter_scan(view);
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
void log_view_pause(struct log_view *view)
{
    if (view->is_following) {
        view->is_following = false;
        view->seen = view->file.lines;
    }
}

void log_view_follow(struct log_view *view, bool is_following)
{
    log_view_pause(view);
    view->is_following = is_following;
}

void log_view_scroll(struct log_view *view, long rows)
{
    struct log_place last;
    if (!last_top(view, &last)) {
        return;
    }
    log_view_pause(view);
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
    log_view_pause(view);
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
