/* gatehouse runs and gatehouse show RUN. */
#include "core/app/verbs.h"

#include "core/app/face.h"
#include "core/app/history.h"
#include "core/base/alloc.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/utf8.h"
#include "core/engine/engine.h"
#include "core/store/run_lock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS_DEFAULT = 20, RUNS_MAX = 1000000, LINE_LIMIT = 64 << 10, STAMP_LENGTH = 19 };

static void set_time(struct json *object, const char *name, int64_t ms)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format_utc(ms, text);
    json_set(object, name, ms > 0 ? json_string(str_from(text)) : json_null());
}

/* "2026-11-22 12:04:31" */
static void append_stamp(struct buf *line, int64_t ms)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format_utc(ms, text);
    text[STAMP_LENGTH] = '\0';
    text[10] = ' ';
    buf_append_text(line, text);
}

static void append_duration(struct buf *line, int64_t ms)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format_duration(ms, text);
    buf_printf(line, "%9s", text);
}

static void append_printable_padded(struct buf *line, const char *text, int width)
{
    size_t before = line->len;
    utf8_append_printable(line, str_from(text));
    int used = (int)(line->len - before);
    buf_printf(line, "%*s", used < width ? width - used : 0, "");
}

static void print_run_json(struct app *app, const struct run_summary *run)
{
    struct json *json = json_object();
    json_set_int(json, "number", run->number);
    json_set_text(json, "id", run->id);
    json_set_text(json, "pipeline", run->pipeline);
    json_set_text(json, "backend", run->backend);
    json_set_text(json, "environment", run->environment);
    json_set_text(json, "user", run->user);
    json_set_text(json, "state", run_state_name(run->state));
    json_set_text(json, "verdict", verdict_name(run->verdict));
    set_time(json, "created", run->created_ms);
    set_time(json, "ended", run->ended_ms);
    json_set_number(json, "accuracy", run->accuracy);
    json_set_number(json, "auc", run->auc);
    printer_json(&app->out, json);
    json_free(json);
}

static void append_metric(struct buf *line, double value)
{
    if (isnan(value)) {
        buf_append_text(line, "      -");
    } else {
        buf_printf(line, " %.4f", value);
    }
}

static void print_run_text(struct app *app, const struct run_summary *run)
{
    struct buf line;
    int64_t end_ms = run->ended_ms > 0 ? run->ended_ms : clock_system()->wall_ms(clock_system());
    buf_init(&line, LINE_LIMIT);
    buf_printf(&line, "%6lld %-22s ", (long long)run->number, run->id);
    append_stamp(&line, run->created_ms);
    append_duration(&line, end_ms - run->created_ms);
    buf_printf(&line, "  %-9s %-8s", run_state_name(run->state), verdict_name(run->verdict));
    append_metric(&line, run->accuracy);
    append_metric(&line, run->auc);
    buf_append_text(&line, "  ");
    append_printable_padded(&line, run->environment, 8);
    buf_append_char(&line, ' ');
    append_printable_padded(&line, run->user, 8);
    while (line.len > 0 && line.ptr[line.len - 1] == ' ') {
        line.len--;
    }
    buf_append_char(&line, '\n');
    printer_bytes(&app->out, buf_str(&line));
    buf_done(&line);
}

static bool print_run(void *context, const struct run_summary *run)
{
    struct app *app = context;
    if (app_is_json(app)) {
        print_run_json(app, run);
    } else {
        print_run_text(app, run);
    }
    return !app->out.is_gone;
}

int verb_runs(struct app *app)
{
    static const struct run_filter all = {.pipeline = NULL};
    struct error err;
    int64_t limit = RUNS_DEFAULT;
    int code = app_number(app, OPTION_LIMIT, 1, RUNS_MAX, &limit);
    code = code == EXIT_CODE_OK ? app_load(app) : code;
    if (code != EXIT_CODE_OK) {
        return code;
    }
    char *path = file_join(app->state_folder, "runs.db");
    bool has_runs = file_exists(path);
    free(path);
    code = has_runs ? app_open_store(app, STORE_READ) : EXIT_CODE_OK;
    if (code != EXIT_CODE_OK) {
        return code;
    }
    if (!app_is_json(app)) {
        printer_line(&app->out, "%6s %-22s %-19s %9s  %-9s %-8s %6s %6s  %-8s %s", "NUMBER", "RUN",
                     "STARTED (UTC)", "ELAPSED", "STATE", "VERDICT", "ACC", "AUC", "ENV", "USER");
    }
    if (has_runs && !store_list_runs(app->store, &all, (int)limit, print_run, app, &err)) {
        return app_fail(&err, "");
    }
    return EXIT_CODE_OK;
}

/* ---- show */
static const struct json *last_of(const struct json *array)
{
    size_t count = json_count(array);
    return count == 0 ? NULL : json_at(array, count - 1);
}

static void append_error(struct buf *line, const struct json *error)
{
    if (error != NULL) {
        utf8_append_printable(line, str_from(json_text_or(error, "code", "")));
        buf_append_text(line, ": ");
        utf8_append_printable(line, str_from(json_text_or(error, "message", "")));
    }
}

static void print_stage(struct app *app, size_t number, const struct json *stage)
{
    struct buf line;
    const struct json *last = last_of(json_get(stage, "tries"));
    enum stage_state state = STAGE_WAITING;
    stage_state_from_name(str_from(json_text_or(stage, "state", "")), &state);
    buf_init(&line, LINE_LIMIT);
    buf_printf(&line, "%3zu ", number);
    append_printable_padded(&line, json_text_or(stage, "name", ""), 28);
    buf_append_char(&line, ' ');
    printer_state_word(&app->out, stage_state_word(state), &line);
    if (last == NULL) {
        buf_printf(&line, "   -/%lld     --:--", (long long)json_int_or(stage, "tries_allowed", 1));
    } else {
        buf_printf(&line, " %3lld/%lld ", (long long)json_int_or(last, "try", 0),
                   (long long)json_int_or(stage, "tries_allowed", 1));
        append_duration(&line, json_int_or(last, "elapsed_ms", -1));
        buf_append_text(&line, "  ");
        append_error(&line, json_get(last, "error"));
        face_describe_outputs(json_get(last, "outputs"), &line);
    }
    buf_append_char(&line, '\n');
    printer_bytes(&app->out, buf_str(&line));
    buf_done(&line);
}

static void print_gate(struct app *app, const struct json *report)
{
    const struct json *gate = json_get(report, "gate");
    const struct json *rules = json_get(gate, "rules");
    for (const struct json *rule = json_first(rules); rule != NULL; rule = json_next(rule)) {
        struct buf line;
        buf_init(&line, LINE_LIMIT);
        buf_append_text(&line, "gate ");
        printer_state_word(&app->out, json_bool_or(rule, "passed", false) ? "OK" : "REJECT", &line);
        buf_append_char(&line, ' ');
        face_describe_rule(rule, &line);
        buf_append_char(&line, '\n');
        printer_bytes(&app->out, buf_str(&line));
        buf_done(&line);
    }
    if (json_is_object(gate)) {
        printer_line(&app->out, "verdict %s: %s", json_text_or(report, "verdict", "none"),
                     json_text_or(gate, "message", ""));
    }
}

static void print_actions(struct app *app, const struct json *actions)
{
    for (const struct json *a = json_first(actions); a != NULL; a = json_next(a)) {
        printer_line(
            &app->out, "%s %s: %s %s, %s%s%s", json_text_or(a, "time", ""),
            json_text_or(a, "user", "signal"), json_text_or(a, "verb", ""),
            json_text_or(a, "stage", "the run"),
            json_bool_or(a, "accepted", false) ? "accepted" : "refused",
            json_get(a, "reason") == NULL ? "" : "; reason: ", json_text_or(a, "reason", ""));
    }
}

static void print_report(struct app *app, const struct json *report)
{
    printer_line(&app->out, "run %lld %s: %s on %s, %s, verdict %s",
                 (long long)json_int_or(report, "number", 0), json_text_or(report, "run", ""),
                 json_text_or(report, "pipeline", ""), json_text_or(report, "environment", ""),
                 json_text_or(report, "state", ""), json_text_or(report, "verdict", ""));
    printer_line(&app->out, "created %s by %s, ended %s", json_text_or(report, "created", "-"),
                 json_text_or(report, "user", "-"), json_text_or(report, "ended", "-"));
    if (json_get(report, "data") != NULL) {
        printer_line(&app->out, "data: %s", json_text_or(report, "data", ""));
    }
    const struct json *owner = json_get(report, "runner");
    if (owner != NULL && !json_is_null(owner)) {
        printer_line(&app->out, "runner: process %lld on %s",
                     (long long)json_int_or(owner, "pid", 0), json_text_or(owner, "host", ""));
    }
    printer_line(&app->out, "%3s %-28s %-7s %5s %9s  %s", "#", "STAGE", "STATE", "TRY", "ELAPSED",
                 "DETAIL");
    size_t number = 1;
    const struct json *stages = json_get(report, "stages");
    for (const struct json *s = json_first(stages); s != NULL; s = json_next(s)) {
        print_stage(app, number++, s);
    }
    print_gate(app, report);
    print_actions(app, json_get(report, "actions"));
}

static void add_owner(const struct app *app, const char *run_id, struct json *report)
{
    struct run_owner owner;
    char *folder = engine_run_folder_path(app->state_folder, run_id);
    if (run_lock_owner(folder, &owner)) {
        struct json *json = json_object();
        json_set_int(json, "pid", owner.pid);
        json_set_text(json, "host", owner.host);
        json_set(report, "runner", json);
    } else {
        json_set(report, "runner", json_null());
    }
    free(folder);
}

int verb_show(struct app *app)
{
    struct run_summary run;
    struct error err;
    int code = app_load(app);
    code = code == EXIT_CODE_OK ? app_open_store(app, STORE_READ) : code;
    code = code == EXIT_CODE_OK ? app_find_run(app, app->options->operands[0], &run) : code;
    if (code != EXIT_CODE_OK) {
        return code;
    }
    struct json *report = history_report(app->store, run.id, &err);
    if (report == NULL) {
        return app_fail(&err, "");
    }
    add_owner(app, run.id, report);
    if (app_is_json(app)) {
        printer_json(&app->out, report);
    } else {
        print_report(app, report);
    }
    json_free(report);
    return EXIT_CODE_OK;
}
