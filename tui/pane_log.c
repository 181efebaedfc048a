/* The log of the chosen stage: follows, scrolls, marks what was searched for. */
#include "tui/panes.h"

#include "core/base/clock.h"
#include "core/base/utf8.h"
#include "core/view/text.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 4 * LOG_LINE_SHOWN, TITLE_MAX = 512, STAMP_COLS = 9 };

/* A line is "<RFC 3339 time> <level> <text>"; what is not is shown as it is. */
struct log_line {
    int64_t ts_ms; /* 0: no time */
    enum role role;
    struct str text;
};

static struct log_line parse_line(struct str line)
{
    struct log_line parsed = {0, ROLE_TEXT, line};
    struct str rest = {NULL, 0}, text = {NULL, 0};
    struct str time = str_split(line, ' ', &rest);
    struct str level = str_split(rest, ' ', &text);
    if (!clock_parse_utc(time, &parsed.ts_ms)) {
        parsed.ts_ms = 0;
        return parsed;
    }
    parsed.text = text;
    parsed.role = str_eq(level, STR("error"))  ? ROLE_LOG_ERROR
                  : str_eq(level, STR("warn")) ? ROLE_LOG_WARN
                                               : ROLE_TEXT;
    return parsed;
}

static void mark_matches(const struct ui *ui, const struct area *area, int y, struct str text)
{
    const struct log_file *file = &ui->log.file;
    size_t done = 0;
    while (done < text.len && file->needle != NULL) {
        struct str rest = {text.ptr + done, text.len - done};
        size_t at = log_file_find(file, rest);
        if (at == rest.len) {
            return;
        }
        int start = text_columns((struct str){text.ptr, done + at}) - ui->log.left;
        int len = text_columns((struct str){rest.ptr + at, strlen(file->needle)});
        if (start + len > 0) {
            area_paint(area, start < 0 ? 0 : start, y, start < 0 ? start + len : len, ROLE_MATCH);
        }
        done += at + strlen(file->needle);
    }
}

static void draw_line(const struct ui *ui, const struct area *area, int y, size_t number)
{
    struct buf line, stamp;
    buf_init(&line, TEXT_MAX);
    buf_init(&stamp, TITLE_MAX);
    log_file_line(&ui->log.file, number, &line);
    struct log_line parsed = parse_line(buf_str(&line));
    struct area text = *area;
    if (parsed.ts_ms != 0 && area->cols > STAMP_COLS * 3) {
        text_clock(&stamp, parsed.ts_ms, ui->utc_offset_s);
        area_text(area, 0, y, ROLE_MUTED, buf_text(&stamp));
        text = area_sub(area, STAMP_COLS, 0, area->cols - STAMP_COLS, area->rows);
    }
    area_put(&text, -ui->log.left, y, parsed.role, parsed.text);
    mark_matches(ui, &text, y, parsed.text);
    buf_done(&line);
    buf_done(&stamp);
}

static void append_remark(const struct ui *ui, struct buf *out)
{
    const struct ui_log *log = &ui->log;
    const struct log_file *file = &log->file;
    size_t lines = log_file_lines(file);
    if (file->needle != NULL) {
        text_printable(out, file->needle);
        buf_printf(out, " [%zu/%zu%s]  ", file->match_count == 0 ? 0 : log->match + 1,
                   file->match_count, file->searched < lines ? "+" : "");
    }
    if (log->is_following) {
        buf_append_text(out, "FOLLOW  ");
    } else if (lines > log->seen) {
        buf_append_char(out, '+');
        text_count(out, (int64_t)(lines - log->seen));
        buf_append_text(out, " new  ");
    }
    if (log->left > 0) {
        buf_printf(out, "column %d  ", log->left + 1);
    }
    text_count(out, (int64_t)lines);
    buf_append_text(out, " lines");
}

void pane_log(struct ui *ui, const struct area *area)
{
    struct ui_log *log = &ui->log;
    const struct dag *dag = ui->client->view.run.dag;
    struct buf remark;
    char title[TITLE_MAX];
    if (area->rows == 0) {
        return;
    }
    int try_number = ui_shown_try(ui);
    size_t lines = log_file_lines(&log->file);
    log->page = area->rows > 1 ? (size_t)(area->rows - 1) : 1;
    size_t last_top = lines > log->page ? lines - log->page : 0;
    log->top = log->is_following || log->top > last_top ? last_top : log->top;
    buf_init(&remark, TITLE_MAX);
    append_remark(ui, &remark);
    snprintf(title, sizeof(title), "Log %zu %s%s", ui->stage + 1, dag->stages[ui->stage].name,
             ui->try_number > 0 ? " (older try)" : "");
    if (try_number > 1) {
        snprintf(title, sizeof(title), "Log %zu %s, try %d", ui->stage + 1,
                 dag->stages[ui->stage].name, try_number);
    }
    area_title(area, ui->focus == FOCUS_LOG, title, buf_text(&remark));
    buf_done(&remark);
    struct area body = area_sub(area, 0, 1, area->cols, area->rows - 1);
    if (lines == 0) {
        area_text(&body, 0, 0, ROLE_MUTED,
                  try_number == 0 ? "the stage has not started" : "nothing is logged yet");
    }
    for (int y = 0; y < body.rows && log->top + (size_t)y < lines; y++) {
        draw_line(ui, &body, y, log->top + (size_t)y);
    }
}
