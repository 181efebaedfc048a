/* The pages that fill the screen: details of a stage, the plan when there is no run. */
#include "tui/panes.h"

#include "core/base/clock.h"
#include "core/view/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1 << 16 };

int page_line(struct page *page, enum role role, const char *format, ...)
{
    struct buf text;
    va_list args;
    buf_init(&text, TEXT_MAX);
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    area_cut(page->area, 0, page->y, role, page->area->cols, buf_text(&text));
    buf_done(&text);
    return page->y++;
}

void page_wrap(struct page *page, enum role role, int indent, const char *text)
{
    struct str rest = str_from(text);
    int cols = page->area->cols - indent;
    while (rest.len > 0 && cols > 0) {
        size_t len = screen_line_len(rest, cols);
        area_put(page->area, indent, page->y++, role, (struct str){rest.ptr, len});
        while (len < rest.len && rest.ptr[len] == ' ') {
            len++;
        }
        rest = (struct str){rest.ptr + len, rest.len - len};
    }
}

/* ---- details of a stage */
static void put_try(struct page *page, const struct ui *ui, const struct view_try *try)
{
    struct buf when;
    char elapsed[CLOCK_TEXT_SIZE];
    int64_t end_ms = try->ended_ms != 0 ? try->ended_ms : ui->now_ms;
    buf_init(&when, TEXT_MAX);
    text_date(&when, try->started_ms, ui->utc_offset_s);
    clock_format_duration(end_ms - try->started_ms, elapsed);
    int y = page_line(page, ROLE_TEXT, "  try %d  %-8s  %s  %s  %s", try->number,
                      try->is_interrupted ? "LOST" : stage_state_word(try->state), buf_text(&when),
                      elapsed, try->intent);
    area_paint(page->area, 9, y, 8, ui_state_role(try->state));
    if (try->error.message[0] != '\0') {
        buf_reset(&when);
        text_error(&when, &try->error);
        page_wrap(page, ROLE_ALERT, 9, buf_text(&when));
    }
    buf_done(&when);
}

static void put_json(struct page *page, const char *title, const struct json *json)
{
    if (json == NULL || json_count(json) == 0) {
        return;
    }
    char *text = json_print_pretty(json);
    struct str rest = str_from(text);
    page_line(page, ROLE_TEXT, "%s", "");
    page_line(page, ROLE_TITLE, "%s", title);
    while (rest.len > 0) {
        struct str line = str_split(rest, '\n', &rest);
        int indent = 2;
        while (line.len > 0 && (*line.ptr == '\t' || *line.ptr == ' ')) {
            indent += *line.ptr == '\t' ? 2 : 1;
            line = (struct str){line.ptr + 1, line.len - 1};
        }
        char *copy = malloc(line.len + 1);
        if (copy != NULL && line.len > 0) {
            memcpy(copy, line.ptr, line.len);
            copy[line.len] = '\0';
            page_wrap(page, ROLE_TEXT, indent, copy);
        }
        free(copy);
    }
    free(text);
}

static void put_settings(struct page *page, const struct view *view, const struct stage_def *def)
{
    char delay[CLOCK_TEXT_SIZE], queued[CLOCK_TEXT_SIZE], running[CLOCK_TEXT_SIZE];
    struct buf after;
    buf_init(&after, TEXT_MAX);
    for (size_t i = 0; i < def->after_count; i++) {
        buf_printf(&after, "%s%s", i == 0 ? "" : ", ", view->run.dag->stages[def->after[i]].name);
    }
    clock_format_duration(def->retry_delay_ms, delay);
    clock_format_duration(def->queued_timeout_ms, queued);
    clock_format_duration(def->running_timeout_ms, running);
    page_line(page, ROLE_TEXT, "  kind %s; after %s", def->kind,
              after.len == 0 ? "nothing" : buf_text(&after));
    page_line(page, ROLE_TEXT, "  %d tries, first retry after %s; limits: queued %s, running %s",
              def->retries + 1, delay, queued, running);
    buf_done(&after);
}

int pane_detail(const struct ui *ui, const struct area *area)
{
    const struct view *view = &ui->client->view;
    const struct stage_def *def = &view->run.dag->stages[ui->stage];
    const struct view_stage *stage = &view->stages[ui->stage];
    struct area body = area_sub(area, 0, 1, area->cols, area->rows - 1);
    struct page page = {&body, -ui->scroll};
    struct view_row row;
    char title[200];
    view_row(view, ui->stage, ui->now_ms, &row);
    snprintf(title, sizeof(title), "Stage %zu %s", ui->stage + 1, def->name);
    area_title(area, true, title, row.word);
    page_wrap(&page, row.state == STAGE_FAILED ? ROLE_ALERT : ROLE_TEXT, 2, row.detail);
    put_settings(&page, view, def);
    page_line(&page, ROLE_TEXT, "%s", "");
    page_line(&page, ROLE_TITLE, "Tries, the newest first");
    for (size_t i = stage->try_count; i-- > 0;) {
        put_try(&page, ui, &stage->tries[i]);
    }
    put_json(&page, "Outputs", view->run.stages[ui->stage].outputs);
    put_json(&page, "Parameters", def->parameters);
    return page.y + ui->scroll + 1;
}

/* ---- there is no run yet */
static const char *how_to_start(const struct client *client)
{
    if (client->awaited_number != 0) {
        return "A run is being started; it appears here. On first use the data are prepared "
               "before.";
    }
    return client->is_read_only
               ? "There is no run yet, and this console is read-only. The first run appears here "
                 "when it starts."
               : "There is no run yet. Press n to see what a run does and to start one; raw data "
                 "come from gatehouse prepare.";
}

void pane_plan(const struct ui *ui, const struct area *area)
{
    const struct dag *dag = ui->client->app->config->dag;
    struct area body = area_sub(area, 0, 1, area->cols, area->rows - 1);
    struct page page = {&body, 0};
    area_title(area, true, "Plan of the pipeline", "no run yet");
    page_line(&page, ROLE_TEXT, "%s", "");
    for (size_t i = 0; i < dag->count; i++) {
        page_line(&page, ROLE_TEXT, "  %2zu %-28s %-16s %d tries", i + 1, dag->stages[i].name,
                  dag->stages[i].kind, dag->stages[i].retries + 1);
    }
    page_line(&page, ROLE_TEXT, "%s", "");
    page_wrap(&page, ROLE_NOTICE, 2, how_to_start(ui->client));
}
