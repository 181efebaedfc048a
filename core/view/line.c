/* Events as lines of text, for batch output and `watch`. */
#include "core/view/view.h"

#include "core/base/clock.h"
#include "core/view/text.h"

#include <ctype.h>
#include <string.h>

enum { MOVE_WIDTH = 18 };

static bool is_state(const struct json *body, const char *member, enum stage_state state)
{
    return strcmp(json_text_or(body, member, ""), stage_state_name(state)) == 0;
}

static bool is_alert_state(const struct json *body)
{
    return is_state(body, "to", STAGE_FAILED) || is_state(body, "to", STAGE_REJECTED) ||
           is_state(body, "to", STAGE_RETRYING) || is_state(body, "to", STAGE_CANCELLED);
}

enum view_weight view_event_weight(const struct event *event)
{
    switch (event->type) {
    case EVENT_STAGE_PROGRESS:
        return VIEW_WEIGHT_DETAIL;
    case EVENT_STAGE_STATE:
        return is_alert_state(event->body) ? VIEW_WEIGHT_ALERT : VIEW_WEIGHT_NORMAL;
    case EVENT_EVALUATION:
    case EVENT_RESULT:
        return VIEW_WEIGHT_ALERT;
    case EVENT_HELLO:
    case EVENT_RUN_STATE:
    case EVENT_COMMAND:
    case EVENT_TYPE_COUNT:
        break;
    }
    return VIEW_WEIGHT_NORMAL;
}

static void append_prefix(const struct view *view, const struct event *event, struct buf *out)
{
    const char *name = json_text_or(event->body, "stage", NULL);
    text_clock(out, event->ts_ms, view->utc_offset_s);
    buf_append_char(out, ' ');
    if (name == NULL || event->type == EVENT_COMMAND) {
        return;
    }
    size_t stage = dag_find(view->run.dag, str_from(name));
    buf_printf(out, "[%zu/%zu] ", stage + 1, view->run.dag->count);
    text_column(out, name, text_name_width(view->run.dag));
    buf_append_text(out, "  ");
}

static void append_hello(const struct view *view, const struct event *event, struct buf *out)
{
    bool is_resumed = json_bool_or(event->body, "resumed", false);
    buf_printf(out, "run %lld (%s) of %s, %zu stages", (long long)view->run.number, view->run.id,
               view->run.dag->pipeline, view->run.dag->count);
    if (view->backend[0] != '\0') {
        buf_append_text(out, ", backend ");
        text_printable(out, view->backend);
    }
    if (view->data[0] != '\0') {
        buf_append_text(out, ", data: ");
        text_printable(out, view->data);
    }
    buf_append_text(out, is_resumed ? ", taken over\n" : "\n");
}

static void append_run_state(const struct event *event, struct buf *out)
{
    const char *reason = json_text_or(event->body, "reason", "");
    buf_append_text(out, "run  ");
    text_printable(out, json_text_or(event->body, "from", ""));
    buf_append_text(out, " -> ");
    text_printable(out, json_text_or(event->body, "to", ""));
    if (reason[0] != '\0') {
        buf_append_text(out, "  ");
        text_printable(out, reason);
    }
    buf_append_char(out, '\n');
}

static void append_error(const struct json *body, struct buf *out)
{
    struct error err;
    if (json_get(body, "error") == NULL) {
        return;
    }
    event_error_from_json(json_get(body, "error"), &err);
    buf_append_text(out, "  ");
    if (is_state(body, "to", STAGE_REJECTED)) { /* a judgement, not a fault of a class */
        text_printable(out, err.message);
    } else {
        text_error(out, &err);
    }
}

/* "running -> success", as wide as the usual moves, so that what follows stands in a column. */
static void append_move(const struct json *body, struct buf *out)
{
    size_t start = out->len;
    text_printable(out, json_text_or(body, "from", ""));
    buf_append_text(out, " -> ");
    text_printable(out, json_text_or(body, "to", ""));
    size_t used = out->len - start;
    if (json_get(body, "elapsed_ms") != NULL && used < MOVE_WIDTH) {
        buf_printf(out, "%*s", (int)(MOVE_WIDTH - used), "");
    }
}

static void append_stage_state(const struct event *event, struct buf *out)
{
    const struct json *body = event->body;
    int64_t elapsed_ms = 0;
    int64_t retry_at_ms = 0;
    const char *reason = json_text_or(body, "reason", "");
    if (json_int_or(body, "try", 0) > 0) {
        buf_printf(out, "try %lld  ", (long long)json_int_or(body, "try", 0));
    }
    append_move(body, out);
    if (json_as_int(json_get(body, "elapsed_ms"), &elapsed_ms)) {
        buf_append_text(out, "  ");
        text_span(out, elapsed_ms);
    }
    if (json_as_int(json_get(body, "retry_at_ms"), &retry_at_ms)) {
        buf_append_text(out, "  next try in ");
        text_span(out, retry_at_ms > event->ts_ms ? retry_at_ms - event->ts_ms : 0);
    }
    append_error(body, out);
    if (reason[0] != '\0') {
        buf_append_text(out, "  ");
        text_printable(out, reason);
    }
    if (json_count(json_get(body, "outputs")) > 0) {
        buf_append_text(out, "  ");
        text_outputs(out, json_get(body, "outputs"));
    }
    buf_append_char(out, '\n');
}

static void append_progress(const struct event *event, struct buf *out)
{
    const struct json *body = event->body;
    const char *detail = json_text_or(body, "detail", "");
    double done = 0;
    double total = 0;
    int64_t step_count = json_int_or(body, "step_count", 0);
    if (step_count > 1) {
        buf_printf(out, "%lld/%lld ", (long long)json_int_or(body, "step_number", 0),
                   (long long)step_count);
    }
    text_printable(out, json_text_or(body, "step", ""));
    if (json_as_number(json_get(body, "done"), &done) &&
        json_as_number(json_get(body, "total"), &total)) {
        buf_printf(out, "  %.15g of %.15g ", done, total);
        text_printable(out, json_text_or(body, "unit", ""));
    }
    if (detail[0] != '\0') {
        buf_append_text(out, "  ");
        text_printable(out, detail);
    }
    if (json_count(json_get(body, "metrics")) > 0) {
        buf_append_text(out, "  ");
        text_metrics(out, json_get(body, "metrics"));
    }
    buf_append_char(out, '\n');
}

static void append_command(const struct event *event, struct buf *out)
{
    static const struct {
        const char *name, *before, *after;
    } parts[] = {{"verb", "command ", ""},
                 {"stage", " ", ""},
                 {"user", " by ", ""},
                 {"tty", " on ", ""},
                 {"reason", " (reason: ", ")"}};
    const char *message = json_text_or(event->body, "message", "");
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        const char *text = json_text_or(event->body, parts[i].name, "");
        if (text[0] != '\0') {
            buf_append_text(out, parts[i].before);
            text_printable(out, text);
            buf_append_text(out, parts[i].after);
        }
    }
    buf_append_text(out, json_bool_or(event->body, "accepted", false) ? ": accepted" : ": REFUSED");
    if (message[0] != '\0') {
        buf_append_text(out, ", ");
        text_printable(out, message);
    }
    buf_append_char(out, '\n');
}

static void append_evaluation(const struct event *event, struct buf *out)
{
    const struct json *gate = json_get(event->body, "gate");
    text_printable(out, json_text_or(gate, "verdict", ""));
    buf_append_char(out, '\n');
    text_gate(out, gate, true);
    text_measured(out, json_get(event->body, "evaluation"));
}

static void append_result(const struct view *view, const struct event *event, struct buf *out)
{
    const char *state = json_text_or(event->body, "state", "");
    buf_printf(out, "run %lld ", (long long)view->run.number);
    for (const char *at = state; *at != '\0'; at++) {
        int c = (unsigned char)*at;
        buf_append_char(out, isalpha(c) ? (char)toupper(c) : '?');
    }
    buf_append_text(out, "  verdict ");
    text_printable(out, json_text_or(event->body, "verdict", ""));
    if (json_count(json_get(event->body, "metrics")) > 0) {
        buf_append_text(out, "  ");
        text_metrics(out, json_get(event->body, "metrics"));
    }
    buf_append_text(out, "  ");
    text_span(out, json_int_or(event->body, "elapsed_ms", 0));
    buf_printf(out, "  exit code %lld\n", (long long)json_int_or(event->body, "exit_code", 0));
}

void view_event_text(const struct view *view, const struct event *event, struct buf *out)
{
    append_prefix(view, event, out);
    switch (event->type) {
    case EVENT_HELLO:
        append_hello(view, event, out);
        break;
    case EVENT_RUN_STATE:
        append_run_state(event, out);
        break;
    case EVENT_STAGE_STATE:
        append_stage_state(event, out);
        break;
    case EVENT_STAGE_PROGRESS:
        append_progress(event, out);
        break;
    case EVENT_EVALUATION:
        append_evaluation(event, out);
        break;
    case EVENT_COMMAND:
        append_command(event, out);
        break;
    case EVENT_RESULT:
        append_result(view, event, out);
        break;
    case EVENT_TYPE_COUNT:
        break;
    }
}

void view_heartbeat_text(const struct view *view, int64_t now_ms, struct buf *out)
{
    size_t shown = 0;
    text_clock(out, now_ms, view->utc_offset_s);
    buf_printf(out, " %zu/%zu done", view_done_count(view), view->run.dag->count);
    for (size_t i = 0; i < view->run.dag->count; i++) {
        struct view_row row;
        char elapsed[CLOCK_TEXT_SIZE];
        if (!stage_state_is_active(view->run.stages[i].state)) {
            continue;
        }
        view_row(view, i, now_ms, &row);
        clock_format_duration(row.elapsed_ms, elapsed);
        buf_printf(out, "%s %s %s %s", shown++ == 0 ? ":" : ";", row.name,
                   stage_state_name(row.state), elapsed);
        if (row.detail[0] != '\0') {
            buf_printf(out, " (%s)", row.detail);
        }
    }
    buf_append_text(out, shown == 0 ? ": nothing runs\n" : "\n");
}
