/* The log of the chosen stage: its lines in rows, what was searched for marked, and in its title
 * what is shown of how much. */
#include "tui/panes.h"

#include "core/base/clock.h"
#include "core/base/utf8.h"
#include "core/view/text.h"

#include <stdio.h>
#include <string.h>

enum { TITLE_MAX = 512, STAMP_COLS = 9, PATTERN_COLS = 24, MARK_MARGIN = 256 };

/* ---- lines */
static enum role role_of(enum log_level level)
{
    static const enum role roles[LEVEL_COUNT] = {ROLE_MUTED, ROLE_TEXT, ROLE_LOG_WARN,
                                                 ROLE_LOG_ERROR};
    return roles[level];
}

/* Where a row begins: so many columns of its text are left of the pane. */
struct row {
    struct str text; /* of the whole line */
    size_t start;    /* first byte that is in sight, at most partly */
    int x;           /* its column, 0 or less */
    enum role role;
};

static struct row unwrapped_row(struct str text, enum role role, int left)
{
    struct row row = {text, 0, -left, role};
    while (row.start < text.len) {
        struct text_char c;
        size_t step = text_step((struct str){text.ptr + row.start, text.len - row.start}, &c);
        if (row.x + c.columns > 0) {
            break;
        }
        row.x += c.columns;
        row.start += step;
    }
    return row;
}

/* Bytes that a row of so many columns shows, at least in part. */
static size_t bytes_in_sight(const struct row *row, int cols)
{
    struct str rest = {row->text.ptr + row->start, row->text.len - row->start};
    size_t len = log_row_len(rest, cols - row->x);
    return len < rest.len ? len + 4 : len;
}

/* Draws text.start..end, the matches in it in their own role. Only what is near is looked at: a
 * line may be long. */
static int draw_marked(const struct ui *ui, const struct area *area, int y, const struct row *row,
                       size_t end)
{
    const struct log_match *match = &ui->log.search.match;
    struct text_span near = {row->start < MARK_MARGIN ? 0 : row->start - MARK_MARGIN,
                             end + MARK_MARGIN};
    size_t at = row->start;
    int x = row->x;
    struct text_span span;
    while (at < end && log_match_is_on(match) && log_match_find(match, row->text, near, &span) &&
           span.start < end) {
        size_t from = span.start < at ? at : span.start, to = span.end < end ? span.end : end;
        if (to > at) {
            x = area_put(area, x, y, row->role, (struct str){row->text.ptr + at, from - at});
            x = area_put(area, x, y, ROLE_MATCH, (struct str){row->text.ptr + from, to - from});
            at = to;
        }
        near.start = span.end;
    }
    return area_put(area, x, y, row->role, (struct str){row->text.ptr + at, end - at});
}

static void draw_unwrapped(const struct ui *ui, const struct area *area, int y,
                           const struct log_line *line)
{
    struct row row = unwrapped_row(line->text, role_of(line->level), ui->log.left);
    size_t end = row.start + bytes_in_sight(&row, area->cols);
    end = end < row.text.len ? end : row.text.len;
    draw_marked(ui, area, y, &row, end);
    struct str rest = {row.text.ptr + row.start, row.text.len - row.start};
    if (area->cols > 1 && log_row_len(rest, area->cols - row.x) < rest.len) {
        area_text(area, area->cols - 1, y, ROLE_MUTED, ">");
    }
}

/* The rows of a line from place->row on, as many as there is room for; gives the next y. */
static int draw_wrapped(struct ui *ui, const struct area *area, int y, struct log_place place)
{
    struct log_line line = log_view_line(&ui->log, place.line);
    struct row row = {line.text, 0, 0, role_of(line.level)};
    size_t number = 0;
    do {
        struct str rest = {row.text.ptr + row.start, row.text.len - row.start};
        size_t len = log_row_len(rest, area->cols);
        if (number++ >= place.row && y < area->rows) {
            draw_marked(ui, area, y++, &row, row.start + len);
        }
        row.start += len;
    } while (row.start < row.text.len && y < area->rows);
    return y;
}

static int draw_hidden(struct ui *ui, const struct area *area, int y, size_t line)
{
    struct buf count;
    int64_t hidden = log_view_hidden(&ui->log, line);
    if (hidden == 0 || y >= area->rows) {
        return y;
    }
    buf_init(&count, TITLE_MAX);
    text_count(&count, hidden);
    area_printf(area, 0, y, ROLE_MUTED, "... %s bytes more", buf_text(&count));
    buf_done(&count);
    return y + 1;
}

static void draw_stamp(const struct ui *ui, const struct area *area, int y, struct str time)
{
    struct buf stamp;
    int64_t ts_ms = 0;
    if (time.len == 0 || !clock_parse_utc(time, &ts_ms)) {
        return;
    }
    buf_init(&stamp, TITLE_MAX);
    text_clock(&stamp, ts_ms, ui->utc_offset_s);
    area_text(area, 0, y, ROLE_MUTED, buf_text(&stamp));
    buf_done(&stamp);
}

static void draw_lines(struct ui *ui, const struct area *body, const struct area *text)
{
    struct log_view *log = &ui->log;
    struct log_place place = log->top;
    for (int y = 0; y < body->rows;) {
        struct log_line line = log_view_line(log, place.line);
        int begun = y;
        if (text->x > body->x && place.row == 0) {
            draw_stamp(ui, body, y, line.time);
        }
        if (log->is_wrapped) {
            y = draw_wrapped(ui, text, y, place);
            y = draw_hidden(ui, text, y, place.line);
        } else {
            draw_unwrapped(ui, text, y++, &line);
        }
        for (int row = begun; place.line == log->match && row < y; row++) {
            area_select_row(body, row);
        }
        size_t next = log_view_next(log, place.line + 1);
        if (next == LOG_NO_LINE) {
            return;
        }
        place = (struct log_place){next, 0};
    }
}

/* ---- title */
static void append_pattern(struct buf *out, const char *sign, const char *typed)
{
    size_t len = log_row_len(str_from(typed), PATTERN_COLS);
    buf_append_text(out, sign);
    utf8_append_printable(out, (struct str){typed, len});
    buf_append_text(out, typed[len] != '\0' ? "~" : "");
}

/* The last ones are left out when there is no room. */
enum remark_word { WORD_STATE, WORD_SEARCH, WORD_FILTER, WORD_LINES, WORD_COLUMN, WORD_COUNT };

static void append_word(const struct ui *ui, enum remark_word word, struct buf *out)
{
    const struct log_view *log = &ui->log;
    size_t count = log_view_count(log);
    bool is_filtered = log_match_is_on(&log->filter.match);
    switch (word) {
    case WORD_STATE:
        if (log->is_following) {
            buf_append_text(out, "FOLLOW");
        } else if (log_view_new(log) > 0) {
            buf_append_char(out, '+');
            text_count(out, (int64_t)log_view_new(log));
            buf_append_text(out, " new");
        }
        break;
    case WORD_SEARCH:
        if (log_match_is_on(&log->search.match)) {
            size_t at = log_scan_has(&log->search, log->match)
                            ? log_scan_rank(&log->search, log->match) + 1
                            : 0;
            append_pattern(out, "/", log->search.match.typed);
            buf_printf(out, " [%zu/%zu%s]", at, log->search.count,
                       log->search.scanned < log->file.lines ? "+" : "");
        }
        break;
    case WORD_FILTER:
        if (is_filtered) {
            append_pattern(out, "&", log->filter.match.typed);
        }
        break;
    case WORD_LINES:
        text_count(out, (int64_t)count);
        if (is_filtered) {
            buf_append_text(out, log_view_is_scanning(log) ? "+ of " : " of ");
            text_count(out, (int64_t)log->file.lines);
        }
        buf_append_text(out, log->file.lines == 1 ? " line" : " lines");
        break;
    case WORD_COLUMN:
        if (log->is_wrapped) {
            buf_append_text(out, "wrap");
        } else if (log->left > 0) {
            buf_printf(out, "column %d", log->left + 1);
        }
        break;
    case WORD_COUNT:
        break;
    }
}

static void append_remark(const struct ui *ui, int room, struct buf *out)
{
    struct buf word;
    buf_init(&word, TITLE_MAX);
    for (int last = WORD_COUNT - 1; last >= 0; last--) {
        buf_reset(out);
        for (int i = 0; i <= last; i++) {
            buf_reset(&word);
            append_word(ui, (enum remark_word)i, &word);
            buf_append_text(out, out->len > 0 && word.len > 0 ? "  " : "");
            buf_append_str(out, buf_str(&word));
        }
        if (text_columns(buf_str(out)) <= room) {
            break;
        }
    }
    buf_done(&word);
}

static void draw_title(const struct ui *ui, const struct area *area)
{
    const char *stage = ui->client->view.run.dag->stages[ui->stage].name;
    int try_number = ui_shown_try(ui);
    struct buf remark;
    char title[TITLE_MAX];
    if (try_number > 1 || ui->try_number > 0) {
        snprintf(title, sizeof(title), "Log %zu %s, try %d", ui->stage + 1, stage, try_number);
    } else {
        snprintf(title, sizeof(title), "Log %zu %s", ui->stage + 1, stage);
    }
    buf_init(&remark, TITLE_MAX);
    append_remark(ui, area->cols - 4, &remark);
    area_title(area, ui->focus == FOCUS_LOG, title, buf_text(&remark));
    buf_done(&remark);
}

static void draw_nothing(const struct ui *ui, const struct area *body)
{
    const struct log_view *log = &ui->log;
    struct buf count;
    if (log->file.lines == 0) {
        area_text(body, 0, 0, ROLE_MUTED,
                  ui_shown_try(ui) == 0 ? "the stage has not started"
                  : ui->client->replay != NULL && !ui->client->has_logs ? "a stream has no logs"
                                                                        : "nothing is logged yet");
        return;
    }
    buf_init(&count, TITLE_MAX);
    text_count(&count, (int64_t)log->file.lines);
    area_printf(body, 0, 0, ROLE_MUTED, "0 of %s lines match%s", buf_text(&count),
                log_view_is_scanning(log) ? " so far" : "");
    buf_done(&count);
}

void pane_log(struct ui *ui, const struct area *area)
{
    struct log_view *log = &ui->log;
    if (area->rows == 0) {
        return;
    }
    struct area body = area_sub(area, 0, 1, area->cols, area->rows - 1), text = body;
    if (!log->hides_times && area->cols > STAMP_COLS * 3) {
        text = area_sub(&body, STAMP_COLS, 0, body.cols - STAMP_COLS, body.rows);
    }
    log_view_fit(log, text.cols, body.rows);
    draw_title(ui, area);
    if (log_view_next(log, log->top.line) == LOG_NO_LINE) {
        draw_nothing(ui, &body);
    } else {
        draw_lines(ui, &body, &text);
    }
}
