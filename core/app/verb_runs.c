/* gatehouse runs and gatehouse show RUN. */
#include "core/app/verbs.h"

#include "core/app/face.h"
#include "core/base/alloc.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/utf8.h"
#include "core/engine/engine.h"
#include "core/store/run_lock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    RUNS_DEFAULT = 20,
    RUNS_MAX = 1000000,
    LINE_LIMIT = 64 << 10,
    TEXT_LIMIT = 16 << 20,
    STAMP_LENGTH = 19
};

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
    clock_format_span(ms, text);
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
    json_set_time(json, "created", run->created_ms);
    json_set_time(json, "ended", run->ended_ms);
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
    bool has_runs = !file_is_absent(path);
    free(path);
    code = has_runs ? app_open_store(app, STORE_READ) : EXIT_CODE_OK;
    if (code != EXIT_CODE_OK) {
        return code;
    }
    if (!app_is_json(app)) {
        printer_line(&app->out, "%6s %-22s %-19s %9s  %-9s %-8s %6s %6s  %-8s %s", "NUMBER", "RUN",
                     "STARTED (UTC)", "ELAPSED", "STATE", "VERDICT", "ACC", "AUC", "ENV", "USER");
    }
    if (!has_runs && !app_is_json(app)) {
        complain("there are no runs in %s yet", app->state_folder);
    }
    if (has_runs && !store_list_runs(app->store, &all, (int)limit, print_run, app, &err)) {
        return app_fail(&err, "");
    }
    return EXIT_CODE_OK;
}

/* ---- show */
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

static void print_owner(struct app *app, const char *run_id)
{
    struct run_owner owner;
    char *folder = engine_run_folder_path(app->state_folder, run_id);
    if (run_lock_owner(folder, &owner)) {
        printer_line(&app->out, "runner: process %lld on %s", (long long)owner.pid, owner.host);
    }
    free(folder);
}

static void print_view(struct app *app, struct face *face)
{
    int64_t now_ms = clock_system()->wall_ms(clock_system());
    face_load_usual(face, app->store);
    if (app_is_json(app)) {
        struct json *report = view_to_json(&face->view, now_ms);
        add_owner(app, face->view.run.id, report);
        printer_json(&app->out, report);
        json_free(report);
        return;
    }
    struct buf text;
    buf_init(&text, TEXT_LIMIT);
    view_render_text(&face->view, now_ms, &text);
    printer_bytes(&app->out, buf_str(&text));
    buf_done(&text);
    print_owner(app, face->view.run.id);
}

int verb_show(struct app *app)
{
    struct run_summary run;
    struct face face;
    struct error err;
    int code = app_load(app);
    code = code == EXIT_CODE_OK ? app_open_store(app, STORE_READ) : code;
    code = code == EXIT_CODE_OK ? app_find_run(app, app->options->operands[0], &run) : code;
    if (code != EXIT_CODE_OK) {
        return code;
    }
    face_init(&face, app, run.id);
    if (face_follow(&face, app->store, false, &err)) {
        print_view(app, &face);
    } else {
        code = app_fail(&err, "");
    }
    face_done(&face);
    return code;
}
