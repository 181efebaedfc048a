/* The whole run as plain text for `show`. */
#include "core/view/view.h"

#include "core/base/clock.h"
#include "core/view/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 80, DETAIL_WIDTH_MIN = 20, INDENT = 4, DATA_INDENT = 8 };

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
    clock_format_span(view_elapsed_ms(view, now_ms), elapsed);
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

static bool is_told_below(const struct stage_run *at)
{
    return at->error.message[0] != '\0' && at->state != STAGE_REJECTED;
}

static void format_tries(const struct view_row *row, char *out, size_t size)
{
    if (row->try_number == 0) {
        snprintf(out, size, "-/%d", row->tries_max);
    } else {
        snprintf(out, size, "%d/%d", row->try_number, row->tries_max);
    }
}

/* A failure's detail is cut: append_errors says it in full. All others go on in the next line. */
static void append_detail(const struct view_row *row, bool is_told_below, size_t used,
                          struct buf *out)
{
    size_t left = used + DETAIL_WIDTH_MIN <= WIDTH ? WIDTH - used : 0;
    if (left == 0 || row->detail[0] == '\0') {
        buf_append_char(out, '\n');
    } else if (is_told_below && text_width(str_from(row->detail)) > left) {
        text_column(out, row->detail, left);
        buf_append_char(out, '\n');
    } else {
        text_wrapped(out, row->detail, (struct text_shape){WIDTH, used, used});
    }
}

/* USUAL tells how long a live stage may still take: a run at rest does not need it. */
static void append_row(const struct view *view, size_t stage, int64_t now_ms, struct buf *out)
{
    struct view_row row;
    char tries[32];
    char usual[CLOCK_TEXT_SIZE];
    char elapsed[CLOCK_TEXT_SIZE];
    size_t start = out->len;
    view_row(view, stage, now_ms, &row);
    format_tries(&row, tries, sizeof(tries));
    clock_format_span(row.elapsed_ms, elapsed);
    clock_format_span(row.usual_ms > 0 ? row.usual_ms : -1, usual);
    buf_printf(out, "%3zu ", row.number);
    text_column(out, row.name, text_name_width(view->run.dag));
    buf_printf(out, " %-7s %3s %7s", row.word, tries, elapsed);
    if (!run_state_is_final(view->run.state)) {
        buf_printf(out, " %6s", usual);
    }
    size_t used = out->len - start; /* all ASCII up to here */
    bool has_detail = row.detail[0] != '\0';
    buf_append_text(out, has_detail ? "  " : "");
    append_detail(&row, is_told_below(&view->run.stages[stage]), used + 2, out);
}

static void append_table(const struct view *view, int64_t now_ms, struct buf *out)
{
    buf_append_text(out, "  # ");
    text_column(out, "STAGE", text_name_width(view->run.dag));
    buf_printf(out, " STATE   TRY ELAPSED%s  DETAIL\n",
               run_state_is_final(view->run.state) ? "" : "  USUAL");
    for (size_t i = 0; i < view->run.dag->count; i++) {
        append_row(view, i, now_ms, out);
    }
}

/* The table's details are cut: what went wrong is said in full below it. */
static void append_errors(const struct view *view, struct buf *out)
{
    for (size_t i = 0; i < view->run.dag->count; i++) {
        const struct stage_run *at = &view->run.stages[i];
        struct buf line;
        if (!is_told_below(at)) {
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
    bool is_alive = stage_state_is_active(view->run.stages[training->stage].state);
    if (is_alive && training->status[0] != '\0') {
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
