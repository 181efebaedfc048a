/* Lines of the batch face. A text line begins with the time in UTC, so that a log of it can be read
 * beside others. */
#include "core/app/face.h"

#include "core/base/clock.h"
#include "core/base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_LIMIT = 64 << 10, NAME_WIDTH = 28 };

/* "2026-11-22T12:04:31Z " */
static void begin_line(struct buf *line, int64_t ts_ms)
{
    char text[CLOCK_TEXT_SIZE];
    buf_init(line, LINE_LIMIT);
    clock_format_utc(ts_ms, text);
    buf_append(line, text, strcspn(text, "."));
    buf_append_text(line, "Z ");
}

static void end_line(struct face *face, struct buf *line)
{
    buf_append_char(line, '\n');
    printer_bytes(face->out, buf_str(line));
    buf_done(line);
}

static void append_printable(struct buf *line, const char *text)
{
    utf8_append_printable(line, str_from(text));
}

static void append_duration(struct buf *line, int64_t ms)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format_duration(ms, text);
    buf_append_text(line, text);
}

void face_append_count(int64_t count, struct buf *out)
{
    char digits[32];
    int len = snprintf(digits, sizeof(digits), "%lld", (long long)count);
    for (int i = 0; i < len; i++) {
        buf_append_char(out, digits[i]);
        int left = len - 1 - i;
        if (digits[i] != '-' && left > 0 && left % 3 == 0) {
            buf_append_char(out, ',');
        }
    }
}

/* ---- descriptions */
static void append_part(struct buf *out, size_t start, const char *before, int64_t count,
                        const char *what)
{
    buf_append_text(out, out->len > start ? ", " : "");
    buf_append_text(out, before);
    face_append_count(count, out);
    buf_printf(out, " %s", what);
}

static int64_t sum_of(const struct json *counts)
{
    int64_t sum = 0;
    for (const struct json *m = json_first(counts); m != NULL; m = json_next(m)) {
        int64_t count = 0;
        sum += json_as_int(m, &count) ? count : 0;
    }
    return sum;
}

static void append_metrics(const struct json *metrics, size_t start, struct buf *out)
{
    for (const struct json *m = json_first(metrics); m != NULL; m = json_next(m)) {
        double value = 0;
        if (json_as_number(m, &value)) {
            buf_append_text(out, out->len > start ? ", " : "");
            append_printable(out, json_name(m));
            buf_printf(out, " %.4f", value);
        }
    }
}

void face_describe_outputs(const struct json *outputs, struct buf *out)
{
    size_t start = out->len;
    if (json_is_number(json_get(outputs, "rows_out"))) {
        append_part(out, start, "", json_int_or(outputs, "rows_out", 0), "rows");
        append_part(out, start, "", sum_of(json_get(outputs, "quarantined")), "quarantined");
    }
    if (json_is_number(json_get(outputs, "functions"))) {
        append_part(out, start, "", json_int_or(outputs, "functions", 0), "functions reachable");
    }
    if (json_is_number(json_get(outputs, "rounds"))) {
        append_part(out, start, "", json_int_or(outputs, "rounds", 0), "rounds");
        append_metrics(json_get(outputs, "metrics"), start, out);
    }
}

void face_describe_rule(const struct json *rule, struct buf *out)
{
    append_printable(out, json_text_or(rule, "metric", "?"));
    double value = json_number_or(rule, "value", NAN);
    double error = json_number_or(rule, "standard_error", NAN);
    if (isnan(value)) {
        buf_append_text(out, " is missing");
    } else {
        buf_printf(out, " %.4f", value);
    }
    if (!isnan(error)) {
        buf_printf(out, " (se %.4f)", error);
    }
    double min = json_number_or(rule, "min", NAN), max = json_number_or(rule, "max", NAN);
    if (!isnan(min)) {
        buf_printf(out, " >= %g", min);
    }
    if (!isnan(max)) {
        buf_printf(out, "%s <= %g", isnan(min) ? "" : " and", max);
    }
    buf_append_text(out, " on ");
    append_printable(out, json_text_or(rule, "split", "test"));
    double margin = json_number_or(rule, "margin", NAN);
    if (!isnan(margin)) {
        buf_printf(out, ", margin %+.4f", margin);
    }
}

static void append_error(struct buf *line, const struct json *error)
{
    if (error != NULL) {
        append_printable(line, json_text_or(error, "code", ""));
        buf_append_text(line, ": ");
        append_printable(line, json_text_or(error, "message", ""));
    }
}

/* ---- events */
static void print_hello(struct face *face, const struct run *run, const struct event *event)
{
    struct buf line;
    bool is_resumed = json_bool_or(event->body, "resumed", false);
    begin_line(&line, event->ts_ms);
    buf_printf(&line, "run %lld %s %s: ", (long long)run->number, run->id,
               is_resumed ? "goes on" : "starts");
    append_printable(&line, run->dag->pipeline);
    buf_printf(&line, ", %zu stages, environment ", run->dag->count);
    append_printable(&line, json_text_or(event->body, "environment", "?"));
    const char *data = json_text_or(event->body, "data", NULL);
    if (data != NULL) {
        buf_append_text(&line, ", data: ");
        append_printable(&line, data);
    }
    end_line(face, &line);
}

static bool is_trouble(enum stage_state state)
{
    return state == STAGE_FAILED || state == STAGE_REJECTED;
}

static void append_stage_detail(struct buf *line, const struct event *event, enum stage_state to)
{
    const struct json *body = event->body;
    const struct json *elapsed = json_get(body, "elapsed_ms");
    size_t before = line->len;
    if (elapsed != NULL) {
        append_duration(line, json_int_or(body, "elapsed_ms", 0));
        buf_append_text(line, "  ");
        before = line->len;
    }
    append_error(line, json_get(body, "error"));
    if (to == STAGE_RETRYING) {
        buf_append_text(line, line->len > before ? "; next try in " : "next try in ");
        append_duration(line, json_int_or(body, "retry_at_ms", 0) - event->ts_ms);
    }
    const char *reason = json_text_or(body, "reason", NULL);
    if (reason != NULL) {
        buf_append_text(line, line->len > before ? "; " : "");
        append_printable(line, reason);
    }
    if (to == STAGE_SUCCESS) {
        face_describe_outputs(json_get(body, "outputs"), line);
    }
}

static void trim_end(struct buf *line)
{
    while (line->len > 0 && line->ptr[line->len - 1] == ' ') {
        line->len--;
    }
}

static void print_stage(struct face *face, const struct run *run, const struct event *event)
{
    struct buf line;
    const char *name = json_text_or(event->body, "stage", "");
    size_t index = dag_find(run->dag, str_from(name));
    enum stage_state to = STAGE_WAITING;
    if (!stage_state_from_name(str_from(json_text_or(event->body, "to", "")), &to) ||
        index == run->dag->count || (face->is_quiet && !is_trouble(to))) {
        return;
    }
    begin_line(&line, event->ts_ms);
    buf_printf(&line, "%2zu ", index + 1);
    append_printable(&line, name);
    size_t used = strlen(name);
    buf_printf(&line, "%*s ", used < NAME_WIDTH ? (int)(NAME_WIDTH - used) : 0, "");
    printer_state_word(face->out, stage_state_word(to), &line);
    int64_t try_number = json_int_or(event->body, "try", 0);
    if (try_number > 0) {
        buf_printf(&line, " try %lld/%d  ", (long long)try_number,
                   run->dag->stages[index].retries + 1);
    } else {
        buf_append_char(&line, ' ');
    }
    append_stage_detail(&line, event, to);
    trim_end(&line);
    end_line(face, &line);
}

static void print_progress(struct face *face, const struct event *event)
{
    struct buf line;
    const struct json *body = event->body;
    if (!face->is_verbose) {
        return;
    }
    begin_line(&line, event->ts_ms);
    buf_append_text(&line, "   ");
    append_printable(&line, json_text_or(body, "stage", ""));
    buf_printf(&line, ": %lld/%lld ", (long long)json_int_or(body, "step_number", 0),
               (long long)json_int_or(body, "step_count", 0));
    append_printable(&line, json_text_or(body, "step", ""));
    if (json_is_number(json_get(body, "done"))) {
        buf_printf(&line, ", %lld", (long long)json_int_or(body, "done", 0));
        if (json_int_or(body, "total", 0) > 0) {
            buf_printf(&line, "/%lld", (long long)json_int_or(body, "total", 0));
        }
        buf_append_char(&line, ' ');
        append_printable(&line, json_text_or(body, "unit", ""));
    }
    const char *detail = json_text_or(body, "detail", NULL);
    if (detail != NULL) {
        buf_append_text(&line, ", ");
        append_printable(&line, detail);
    }
    trim_end(&line);
    end_line(face, &line);
}

static void print_rule(struct face *face, int64_t ts_ms, const struct json *rule)
{
    struct buf line;
    begin_line(&line, ts_ms);
    buf_append_text(&line, "   gate: ");
    printer_state_word(face->out, json_bool_or(rule, "passed", false) ? "OK" : "REJECT", &line);
    buf_append_char(&line, ' ');
    face_describe_rule(rule, &line);
    end_line(face, &line);
}

static void print_confusion(struct face *face, int64_t ts_ms, const struct json *evaluation)
{
    const struct json *test = json_path(evaluation, "splits.test");
    const struct json *confusion = json_get(test, "confusion");
    struct buf line;
    if (confusion == NULL) {
        return;
    }
    begin_line(&line, ts_ms);
    buf_append_text(&line, "   test: ");
    face_append_count(json_int_or(test, "rows", 0), &line);
    buf_printf(
        &line, " rows, tp %lld, fp %lld, tn %lld, fn %lld; always \"no default\" scores %.4f",
        (long long)json_int_or(confusion, "tp", 0), (long long)json_int_or(confusion, "fp", 0),
        (long long)json_int_or(confusion, "tn", 0), (long long)json_int_or(confusion, "fn", 0),
        json_number_or(test, "baseline_accuracy", NAN));
    end_line(face, &line);
}

static void print_evaluation(struct face *face, const struct event *event)
{
    const struct json *gate = json_get(event->body, "gate");
    struct buf line;
    const struct json *rules = json_get(gate, "rules");
    for (const struct json *rule = json_first(rules); rule != NULL; rule = json_next(rule)) {
        print_rule(face, event->ts_ms, rule);
    }
    print_confusion(face, event->ts_ms, json_get(event->body, "evaluation"));
    begin_line(&line, event->ts_ms);
    bool has_passed = strcmp(json_text_or(gate, "verdict", ""), "passed") == 0;
    buf_append_text(&line, "verdict ");
    printer_state_word(face->out, has_passed ? "PASSED" : "REJECTED", &line);
    buf_append_text(&line, " ");
    append_printable(&line, json_text_or(gate, "message", ""));
    trim_end(&line);
    end_line(face, &line);
}

static void print_command(struct face *face, const struct event *event)
{
    const struct json *body = event->body;
    const char *message = json_text_or(body, "message", NULL);
    const char *reason = json_text_or(body, "reason", NULL);
    struct buf line;
    begin_line(&line, event->ts_ms);
    append_printable(&line, json_text_or(body, "user", "signal"));
    buf_append_text(&line, ": ");
    append_printable(&line, json_text_or(body, "verb", ""));
    buf_append_char(&line, ' ');
    append_printable(&line, json_text_or(body, "stage", "the run"));
    buf_append_text(&line, json_bool_or(body, "accepted", false) ? ", accepted" : ", refused");
    if (message != NULL) {
        buf_append_text(&line, ": ");
        append_printable(&line, message);
    }
    if (reason != NULL) {
        buf_append_text(&line, " (reason: ");
        append_printable(&line, reason);
        buf_append_char(&line, ')');
    }
    end_line(face, &line);
}

static void print_result(struct face *face, const struct run *run, const struct event *event)
{
    const struct json *body = event->body;
    struct buf line;
    begin_line(&line, event->ts_ms);
    buf_printf(&line, "run %lld %s in ", (long long)run->number, json_text_or(body, "state", "?"));
    append_duration(&line, json_int_or(body, "elapsed_ms", 0));
    buf_printf(&line, ", verdict %s", json_text_or(body, "verdict", "none"));
    size_t before = line.len;
    buf_append_text(&line, ", ");
    size_t start = line.len;
    append_metrics(json_get(body, "metrics"), start, &line);
    if (line.len == start) {
        line.len = before;
    }
    buf_printf(&line, ", exit code %lld", (long long)json_int_or(body, "exit_code", 0));
    end_line(face, &line);
}

static void print_run_state(struct face *face, const struct run *run, const struct event *event)
{
    struct buf line;
    enum run_state to = RUN_CREATED;
    const char *reason = json_text_or(event->body, "reason", NULL);
    bool is_known = run_state_from_name(str_from(json_text_or(event->body, "to", "")), &to);
    if (!is_known || to != RUN_STOPPING || face->is_quiet) {
        return; /* the others are told by hello and result */
    }
    begin_line(&line, event->ts_ms);
    buf_printf(&line, "run %lld is being stopped", (long long)run->number);
    if (reason != NULL) {
        buf_append_text(&line, ": ");
        append_printable(&line, reason);
    }
    end_line(face, &line);
}

static void print_text(struct face *face, const struct run *run, const struct event *event)
{
    switch (event->type) {
    case EVENT_HELLO:
        if (!face->is_quiet) {
            print_hello(face, run, event);
        }
        break;
    case EVENT_RUN_STATE:
        print_run_state(face, run, event);
        break;
    case EVENT_STAGE_STATE:
        print_stage(face, run, event);
        break;
    case EVENT_STAGE_PROGRESS:
        print_progress(face, event);
        break;
    case EVENT_EVALUATION:
        print_evaluation(face, event);
        break;
    case EVENT_COMMAND:
        if (!face->is_quiet || !json_bool_or(event->body, "accepted", false)) {
            print_command(face, event);
        }
        break;
    case EVENT_RESULT:
        print_result(face, run, event);
        break;
    case EVENT_TYPE_COUNT:
        break;
    }
}

void face_event(struct face *face, const struct run *run, const struct event *event)
{
    if (!face->is_json) {
        print_text(face, run, event);
        return;
    }
    char *text = event_print(event, run->id);
    struct buf line;
    buf_init(&line, PRINTER_LINE_LIMIT);
    buf_append_text(&line, text);
    buf_append_char(&line, '\n');
    printer_bytes(face->out, buf_str(&line));
    buf_done(&line);
    free(text);
}

void face_log(struct face *face, int64_t now_ms, const char *stage, const char *level,
              struct str text)
{
    struct buf line;
    if (face->is_json || !face->is_verbose) {
        return;
    }
    begin_line(&line, now_ms);
    buf_append_text(&line, "   ");
    append_printable(&line, stage);
    buf_printf(&line, " [%s] ", level);
    utf8_append_printable(&line, text);
    end_line(face, &line);
}

void face_heartbeat(struct face *face, const struct run *run, int64_t now_ms)
{
    struct buf line;
    size_t done = 0;
    if (face->is_json || face->is_quiet) {
        return;
    }
    for (size_t i = 0; i < run->dag->count; i++) {
        done += stage_state_is_final(run->stages[i].state) ? 1 : 0;
    }
    begin_line(&line, now_ms);
    buf_printf(&line, "%zu/%zu done", done, run->dag->count);
    for (size_t i = 0; i < run->dag->count; i++) {
        const struct stage_run *stage = &run->stages[i];
        if (stage_state_is_active(stage->state) || stage->state == STAGE_RETRYING) {
            buf_printf(&line, ", %s %s ", run->dag->stages[i].name, stage_state_word(stage->state));
            append_duration(&line, now_ms - stage->started_ms);
        }
    }
    end_line(face, &line);
}
