/* All about one stage: its tries, what went wrong and why, what went in with the settings that
 * hold, what came out. */
#include "tui/panes.h"

#include "core/base/clock.h"
#include "core/run/template.h"
#include "core/view/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1 << 16, TRY_INDENT = 9, CAUSES_MAX = 8, CAUSE_STEP = 2, LIMIT_SIZE = 40 };

/* ---- errors */

/* Who passes an error on puts its context in front of it: "context: cause: cause of that". */
static void put_causes(struct page *page, const char *message)
{
    struct str rest = str_from(message);
    for (int depth = 0; rest.len > 0; depth++) {
        const char *colon = memmem(rest.ptr, rest.len, ": ", 2);
        size_t len = colon == NULL || depth == CAUSES_MAX ? rest.len : (size_t)(colon - rest.ptr);
        int indent = TRY_INDENT + depth * CAUSE_STEP;
        if (depth > 0) {
            area_text(page->area, indent - CAUSE_STEP, page->y, ROLE_MUTED, "-");
        }
        page_wrap_str(page, ROLE_ALERT, indent, (struct str){rest.ptr, len});
        len += len < rest.len ? 2 : 0;
        rest = (struct str){rest.ptr + len, rest.len - len};
    }
}

static void put_error(struct page *page, const struct error *error)
{
    struct buf kind;
    buf_init(&kind, TEXT_MAX);
    buf_printf(&kind, "%s, %s", error->code, error_class_name(error->error_class));
    if (error->error_class == ERROR_TRANSIENT) {
        buf_append_text(&kind, ": worth another try");
    }
    if (error->http_status != 0) {
        buf_printf(&kind, "; HTTP %d", error->http_status);
    }
    if (error->request_id[0] != '\0') {
        buf_printf(&kind, "; request %s", error->request_id);
    }
    page_wrap(page, ROLE_MUTED, TRY_INDENT, buf_text(&kind));
    put_causes(page, error->message);
    buf_done(&kind);
}

/* ---- tries */
static void put_try(struct page *page, const struct ui *ui, const struct view_try *try)
{
    struct buf when;
    int64_t end_ms = try->ended_ms != 0 ? try->ended_ms : ui->now_ms;
    buf_init(&when, TEXT_MAX);
    text_date(&when, try->started_ms, ui->utc_offset_s);
    buf_append_text(&when, "  ");
    if (try->running_since_ms > try->started_ms) {
        buf_append_text(&when, "queued ");
        text_span(&when, try->running_since_ms - try->started_ms);
        buf_append_text(&when, ", ran ");
        text_span(&when, end_ms - try->running_since_ms);
    } else {
        text_span(&when, end_ms - try->started_ms);
    }
    int y = page_line(page, ROLE_TEXT, "  try %d  %-8s  %s  %s", try->number,
                      try->is_interrupted ? "LOST" : stage_state_word(try->state), buf_text(&when),
                      try->intent);
    area_paint(page->area, TRY_INDENT, y, 8, ui_state_role(try->state));
    if (try->error.message[0] != '\0') {
        put_error(page, &try->error);
    }
    buf_done(&when);
}

/* ---- what goes in and out */
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
        page_wrap_str(page, ROLE_TEXT, indent, line);
    }
    free(text);
}

/* With every reference replaced, once what they name is there. */
static void put_parameters(struct page *page, const struct view *view, size_t stage)
{
    struct error ignored;
    int try_number = view->run.stages[stage].try_number;
    struct json *used =
        template_resolve(&view->run, stage, try_number > 0 ? try_number : 1, &ignored);
    if (used != NULL) {
        put_json(page, "Inputs and settings, as they are used", used);
    } else {
        put_json(page, "Inputs and settings; some are not known yet",
                 view->run.dag->stages[stage].parameters);
    }
    json_free(used);
}

static void limit_text(int64_t limit_ms, char out_text[LIMIT_SIZE])
{
    char text[CLOCK_TEXT_SIZE];
    clock_format_duration(limit_ms, text);
    snprintf(out_text, LIMIT_SIZE, "%s", limit_ms > 0 ? text : "none");
}

static void put_settings(struct page *page, const struct view *view, const struct stage_def *def)
{
    char delay[CLOCK_TEXT_SIZE], queued[LIMIT_SIZE], running[LIMIT_SIZE], total[LIMIT_SIZE];
    struct buf after;
    buf_init(&after, TEXT_MAX);
    for (size_t i = 0; i < def->after_count; i++) {
        buf_printf(&after, "%s%s", i == 0 ? "" : ", ", view->run.dag->stages[def->after[i]].name);
    }
    clock_format_span(def->retry_delay_ms, delay);
    limit_text(def->queued_timeout_ms, queued);
    limit_text(def->running_timeout_ms, running);
    limit_text(def->total_timeout_ms, total);
    page_line(page, ROLE_TEXT, "  kind %s; after %s", def->kind,
              after.len == 0 ? "nothing" : buf_text(&after));
    page_line(page, ROLE_TEXT, "  at most %d tries, the second after %s", def->retries + 1, delay);
    page_line(page, ROLE_TEXT, "  limits of a try: queued %s, running %s, in all %s", queued,
              running, total);
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
    if (stage->try_count == 0) {
        page_line(&page, ROLE_MUTED, "  none yet");
    }
    for (size_t i = stage->try_count; i-- > 0;) {
        put_try(&page, ui, &stage->tries[i]);
    }
    put_json(&page, "Outputs", view->run.stages[ui->stage].outputs);
    put_parameters(&page, view, ui->stage);
    return page.y + ui->scroll + 1;
}
