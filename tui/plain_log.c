/* The log in plain mode: page by page, match by match, or as it comes. */
#include "core/base/clock.h"
#include "core/view/text.h"
#include "tui/plain_talk.h"
#include "tui/plain_words.h"

enum { LINE_MAX_BYTES = 4 * LOG_LINE_MAX };

/* Nobody waits for a key here: all of it at once. */
static void index_log(struct plain *plain)
{
    while (log_view_work(&plain->ui.log, clock_system()).has_more) {
    }
}

static void say_line(struct plain *plain, size_t number)
{
    struct log_view *view = &plain->ui.log;
    struct log_line line = log_view_line(view, number);
    int64_t ts_ms = 0;
    struct buf text;
    buf_init(&text, LINE_MAX_BYTES);
    if (!view->hides_times && clock_parse_utc(line.time, &ts_ms)) {
        text_clock(&text, ts_ms, plain->ui.utc_offset_s);
        buf_append_char(&text, ' ');
    }
    buf_append_str(&text, line.text);
    words_say(&plain->out, "%s", buf_text(&text));
    buf_done(&text);
}

static bool has_log(struct plain *plain)
{
    const struct ui *ui = &plain->ui;
    const struct client *client = plain->client;
    if (!client->has_run) {
        words_say(&plain->out, "there is no run yet");
        return false;
    }
    index_log(plain);
    if (log_view_count(&ui->log) > 0) {
        return true;
    }
    const char *name = client->view.run.dag->stages[ui->stage].name;
    bool is_filtered = log_match_is_on(&ui->log.filter.match);
    words_say(&plain->out, "stage %zu, %s: %s", ui->stage + 1, name,
              is_filtered                                   ? "no line passes the filter"
              : ui_shown_try(ui) == 0                       ? "it has not started"
              : client->replay != NULL && !client->has_logs ? "a stream has no logs"
                                                            : "nothing is logged yet");
    return false;
}

static void say_title(struct plain *plain)
{
    const struct ui *ui = &plain->ui;
    const char *filter = ui->log.filter.match.typed;
    words_say(&plain->out, "log of stage %zu, %s, try %d, %zu lines%s%s", ui->stage + 1,
              plain->client->view.run.dag->stages[ui->stage].name, ui_shown_try(ui),
              log_view_count(&ui->log), filter == NULL ? "" : " that pass the filter ",
              filter == NULL ? "" : filter);
}

void plain_log_page(struct plain *plain)
{
    struct log_view *view = &plain->ui.log;
    if (!has_log(plain)) {
        return;
    }
    log_view_fit(view, LOG_LINE_MAX, PLAIN_PAGE_LINES);
    struct log_place place = view->top;
    size_t first = place.line, last = first;
    say_title(plain);
    for (int i = 0; i < PLAIN_PAGE_LINES; i++) {
        last = place.line;
        say_line(plain, place.line);
        if (!log_view_down(view, &place)) {
            break;
        }
    }
    words_say(&plain->out, "these were lines %zu to %zu of %zu; page_up, page_down, first, last",
              first + 1, last + 1, view->file.lines);
}

void plain_log_match(struct plain *plain)
{
    struct log_view *view = &plain->ui.log;
    if (!has_log(plain)) {
        return;
    }
    log_view_fit(view, LOG_LINE_MAX, PLAIN_PAGE_LINES);
    index_log(plain);
    if (view->match == LOG_NO_LINE) {
        const char *typed = view->search.match.typed;
        words_say(&plain->out, "no line holds \"%s\"", typed == NULL ? "" : typed);
        return;
    }
    words_say(&plain->out, "line %zu of %zu:", view->match + 1, view->file.lines);
    say_line(plain, view->match);
}

/* The last line may still grow: it is said when it has its end. */
static size_t lines_to_say(const struct log_view *view)
{
    return view->file.is_line_open ? view->file.lines - 1 : view->file.lines;
}

void plain_log_news(struct plain *plain)
{
    struct log_view *view = &plain->ui.log;
    index_log(plain);
    if (plain->log_said > view->file.lines) { /* another log */
        plain->log_said = 0;
    }
    size_t end = lines_to_say(view);
    size_t line = log_view_next(view, plain->log_said);
    for (; line != LOG_NO_LINE && line < end; line = log_view_next(view, line + 1)) {
        say_line(plain, line);
    }
    plain->log_said = end;
}

void plain_log_follow(struct plain *plain)
{
    plain->is_following = !plain->is_following;
    if (!plain->is_following) {
        words_say(&plain->out, "the log is not followed any more");
        return;
    }
    log_view_follow(&plain->ui.log, true);
    words_say(&plain->out, "the log is followed; an empty line ends that");
    plain_log_page(plain);
    plain->log_said = lines_to_say(&plain->ui.log);
}
