/* The whole run as plain text for `show`. */
#include "core/view/view.h"

#include "core/base/clock.h"
#include "core/view/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 80, NAME_WIDTH_MIN = 5, NAME_WIDTH_MAX = 26, INDENT = 4, DATA_INDENT = 8 };

static void append_upper(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        buf_append_char(out, (char)toupper((unsigned char)*text));
    }
}

static void append_header(const struct view *view, int64_t now_ms, struct buf *out)
{
    const struct run *run = &view->run;
    char elapsed[CLOCK_TEXT_SIZE];
    const char *place = view->environment[0] != '\0' ? view->environment : view->backend;
    clock_format_duration(view_elapsed_ms(view, now_ms), elapsed);
    buf_printf(out, "run %lld  %s  ", (long long)run->number, run->id);
    text_printable(out, place);
    buf_printf(out, "%s%s\nstate ", place[0] == '\0' ? "" : "  ", run->dag->pipeline);
    append_upper(out, run_state_name(run->state));
    buf_append_text(out, "  verdict ");
    append_upper(out, verdict_name(run->verdict));
    buf_printf(out, "  %zu/%zu stages done\nstarted ", view_done_count(view), run->dag->count);
    text_date(out, run->created_ms, view->utc_offset_s);
    buf_printf(out, "  elapsed %s\n", elapsed);
    if (view->data[0] != '\0') {
        buf_append_text(out, "data    ");
        text_wrapped(out, view->data, (struct text_shape){WIDTH, DATA_INDENT, DATA_INDENT});
    }
    buf_append_char(out, '\n');
}

static size_t name_width(const struct dag *dag)
{
    size_t width = NAME_WIDTH_MIN;
    for (size_t i = 0; i < dag->count; i++) {
        size_t len = strlen(dag->stages[i].name);
        width = len > width ? len : width;
    }
    return width < NAME_WIDTH_MAX ? width : NAME_WIDTH_MAX;
}

static void format_tries(const struct view_row *row, char *out, size_t size)
{
    if (row->try_number == 0) {
        snprintf(out, size, "-/%d", row->tries_max);
    } else {
        snprintf(out, size, "%d/%d", row->try_number, row->tries_max);
    }
}

static void append_row(const struct view_row *row, size_t width, struct buf *out)
{
    char tries[32];
    char elapsed[CLOCK_TEXT_SIZE];
    char usual[CLOCK_TEXT_SIZE];
    format_tries(row, tries, sizeof(tries));
    clock_format_duration(row->elapsed_ms, elapsed);
    clock_format_duration(row->usual_ms > 0 ? row->usual_ms : -1, usual);
    size_t start = out->len;
    buf_printf(out, "%3zu ", row->number);
    text_column(out, row->name, width);
    buf_printf(out, " %-7s %4s %8s %8s  ", row->word, tries, elapsed, usual);
    size_t used = out->len - start; /* all ASCII up to here */
    if (row->detail[0] != '\0' && used < WIDTH) {
        size_t left = WIDTH - used;
        size_t detail_width = text_width(str_from(row->detail));
        text_column(out, row->detail, detail_width < left ? detail_width : left);
    }
    while (out->len > start && out->ptr[out->len - 1] == ' ') {
        out->len--;
        out->ptr[out->len] = '\0';
    }
    buf_append_char(out, '\n');
}

static void append_table(const struct view *view, int64_t now_ms, struct buf *out)
{
    size_t width = name_width(view->run.dag);
    buf_append_text(out, "  # ");
    text_column(out, "STAGE", width);
    buf_append_text(out, " STATE    TRY  ELAPSED    USUAL  DETAIL\n");
    for (size_t i = 0; i < view->run.dag->count; i++) {
        struct view_row row;
        view_row(view, i, now_ms, &row);
        append_row(&row, width, out);
    }
}

/* The table's details are cut: what went wrong is said in full below it. */
static void append_errors(const struct view *view, struct buf *out)
{
    for (size_t i = 0; i < view->run.dag->count; i++) {
        const struct stage_run *at = &view->run.stages[i];
        struct buf line;
        if (at->error.message[0] == '\0' || at->state == STAGE_REJECTED) {
            continue;
        }
        buf_init(&line, 1 << 13);
        buf_printf(&line, "%s, try %d: ", view->run.dag->stages[i].name, at->try_number);
        text_error(&line, &at->error);
        buf_printf(out, "\n%3zu ", i + 1);
        text_wrapped(out, buf_text(&line), (struct text_shape){WIDTH, INDENT, INDENT});
        buf_done(&line);
    }
}

static void append_training(const struct view *view, struct buf *out)
{
    const struct view_training *training = &view->training;
    if (training->try_number == 0) {
        return;
    }
    buf_append_text(out, "\ntraining ");
    text_printable(out, training->job_name[0] != '\0'
                            ? training->job_name
                            : view->run.dag->stages[training->stage].name);
    if (training->status[0] != '\0') {
        buf_append_text(out, "\n    ");
        text_printable(out, training->status);
        buf_append_char(out, '/');
        text_printable(out, training->secondary_status);
    }
    buf_append_char(out, '\n');
    for (size_t i = 0; i < training->series_count; i++) {
        const struct view_series *series = &training->series[i];
        if (series->count > 0) {
            const struct view_point *last = &series->points[series->count - 1];
            buf_append_text(out, "    ");
            text_column(out, series->metric, 24);
            buf_printf(out, " %.6g after round %.0f\n", last->value, last->round);
        }
    }
}

static void append_evaluation(const struct view *view, struct buf *out)
{
    const struct json *body = view->run.evaluation;
    if (body == NULL) {
        return;
    }
    size_t stage = dag_find(view->run.dag, str_from(json_text_or(body, "stage", "")));
    bool is_current = view->run.stages[stage].verdict != VERDICT_NONE;
    buf_append_char(out, '\n');
    text_gate(out, json_get(body, "gate"), is_current);
    text_measured(out, json_get(body, "evaluation"));
}

static void append_commands(const struct view *view, struct buf *out)
{
    if (view->command_count > 0) {
        buf_append_text(out, "\ncommands\n");
    }
    for (size_t i = 0; i < view->command_count; i++) {
        const struct view_command *command = &view->commands[i];
        struct buf line;
        buf_init(&line, 1 << 13);
        text_date(&line, command->ts_ms, view->utc_offset_s);
        buf_printf(&line, " %s %s%s%s%s", command->user[0] == '\0' ? "-" : command->user,
                   command->is_accepted ? "" : "refused: ", command->verb,
                   command->stage[0] == '\0' ? "" : " ", command->stage);
        if (command->reason[0] != '\0') {
            buf_printf(&line, " (reason: %s)", command->reason);
        }
        if (command->message[0] != '\0') {
            buf_printf(&line, ": %s", command->message);
        }
        buf_append_text(out, "    ");
        text_wrapped(out, buf_text(&line), (struct text_shape){WIDTH, INDENT, INDENT});
        buf_done(&line);
    }
}

void view_render_text(const struct view *view, int64_t now_ms, struct buf *out)
{
    if (view->run.dag == NULL) {
        buf_printf(out, "run %s has no events yet\n", view->run.id);
        return;
    }
    append_header(view, now_ms, out);
    append_table(view, now_ms, out);
    append_errors(view, out);
    append_training(view, out);
    append_evaluation(view, out);
    append_commands(view, out);
}
