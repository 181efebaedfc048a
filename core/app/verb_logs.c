/* gatehouse logs RUN STAGE and gatehouse watch RUN: following what others write. */
#include "core/app/verbs.h"

#include "core/app/face.h"
#include "core/base/clock.h"
#include "core/base/utf8.h"
#include "core/engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { POLL_MS = 100, TRIES_MAX = 1000000, CHUNK = 64 << 10, LOG_LINE_LIMIT = 1 << 20 };

static void sleep_ms(long ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* ---- logs */
struct log_reader {
    struct app *app;
    struct face *face;
    const struct run *run; /* of the face */
    size_t stage;
    int try_number;
    int fd;
    struct buf pending; /* a line that has no end yet */
};

static void print_log_line(struct log_reader *reader, struct str line)
{
    struct app *app = reader->app;
    if (!app_is_json(app)) {
        struct buf text;
        buf_init(&text, (size_t)LOG_LINE_LIMIT * 4);
        utf8_append_printable(&text, line);
        buf_append_char(&text, '\n');
        printer_bytes(&app->out, buf_str(&text));
        buf_done(&text);
        return;
    }
    struct str level = {NULL, 0}, text = {NULL, 0};
    struct str time = str_split(line, ' ', &level);
    level = str_split(level, ' ', &text);
    struct json *json = json_object();
    json_set_text(json, "run", reader->run->id);
    json_set_text(json, "stage", reader->run->dag->stages[reader->stage].name);
    json_set_int(json, "try", reader->try_number);
    json_set_str(json, "ts", time);
    json_set_str(json, "level", level);
    json_set_str(json, "text", text);
    printer_json(&app->out, json);
    json_free(json);
}

static void take_lines(struct log_reader *reader)
{
    struct buf *pending = &reader->pending;
    const char *end = NULL;
    size_t used = 0;
    while ((end = memchr(pending->ptr + used, '\n', pending->len - used)) != NULL) {
        size_t len = (size_t)(end - pending->ptr) - used;
        print_log_line(reader, (struct str){pending->ptr + used, len});
        used += len + 1;
    }
    buf_consume(pending, used);
}

/* All that the file holds now; false with err when it cannot be read. */
static bool read_log(struct log_reader *reader, struct error *err)
{
    for (;;) {
        if (!buf_reserve(&reader->pending, CHUNK)) { /* a line of this length is cut */
            print_log_line(reader, buf_str(&reader->pending));
            buf_reset(&reader->pending);
            continue;
        }
        ssize_t got = read(reader->fd, reader->pending.ptr + reader->pending.len, CHUNK);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return error_set_errno(err, errno, "log");
        }
        if (got == 0) {
            return true;
        }
        reader->pending.len += (size_t)got;
        take_lines(reader);
    }
}

static bool is_try_over(const struct log_reader *reader)
{
    const struct stage_run *stage = &reader->run->stages[reader->stage];
    return stage->try_number > reader->try_number || !stage_state_is_active(stage->state);
}

static bool follow_log(struct log_reader *reader, struct error *err)
{
    bool is_over = false;
    while (!reader->app->out.is_gone) {
        if (!read_log(reader, err)) {
            return false;
        }
        if (is_over) {
            break;
        }
        sleep_ms(POLL_MS);
        bool is_alive = engine_run_is_owned(reader->app->state_folder, reader->run->id);
        if (!face_follow(reader->face, reader->app->store, false, err)) {
            return false;
        }
        is_over = is_try_over(reader) || !is_alive; /* once more, for what came last */
    }
    return true;
}

static int print_log(struct log_reader *reader)
{
    struct app *app = reader->app;
    struct error err;
    const char *stage = reader->run->dag->stages[reader->stage].name;
    char *path = engine_log_path(app->state_folder, reader->run->id, stage, reader->try_number);
    reader->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (reader->fd < 0) {
        error_set_errno(&err, errno, "%s", path);
        free(path);
        return app_fail(&err, "no log");
    }
    free(path);
    buf_init(&reader->pending, LOG_LINE_LIMIT + CHUNK);
    bool is_good =
        app->options->is_given[OPTION_FOLLOW] ? follow_log(reader, &err) : read_log(reader, &err);
    if (is_good && reader->pending.len > 0) {
        print_log_line(reader, buf_str(&reader->pending));
    }
    buf_done(&reader->pending);
    close(reader->fd);
    return is_good ? EXIT_CODE_OK : app_fail(&err, "");
}

static int find_stage(const struct run *run, const char *name, size_t *out_stage)
{
    const char *names[DAG_STAGES_MAX];
    for (size_t i = 0; i < run->dag->count; i++) {
        names[i] = run->dag->stages[i].name;
    }
    *out_stage = dag_find(run->dag, str_from(name));
    if (*out_stage < run->dag->count) {
        return EXIT_CODE_OK;
    }
    const char *near = str_nearest(str_from(name), names, run->dag->count);
    if (near != NULL) {
        complain("run %lld has no stage \"%s\"; did you mean \"%s\"?", (long long)run->number, name,
                 near);
    } else {
        complain("run %lld has no stage \"%s\"; gatehouse show %lld lists them",
                 (long long)run->number, name, (long long)run->number);
    }
    return EXIT_CODE_FAILED;
}

static int logs_of_run(struct app *app, struct face *face)
{
    const struct run *run = &face->view.run;
    struct log_reader reader = {.app = app, .face = face, .run = run, .fd = -1};
    int code = find_stage(run, app->options->operands[1], &reader.stage);
    if (code != EXIT_CODE_OK) {
        return code;
    }
    int64_t try_number = run->stages[reader.stage].try_number;
    int64_t latest = try_number;
    code = app_number(app, OPTION_TRY, 1, TRIES_MAX, &try_number);
    if (code != EXIT_CODE_OK) {
        return code;
    }
    if (try_number == 0 || try_number > latest) {
        complain("the latest try of stage %s of run %lld is %lld", app->options->operands[1],
                 (long long)run->number, (long long)latest);
        return EXIT_CODE_FAILED;
    }
    reader.try_number = (int)try_number;
    return print_log(&reader);
}

/* The run that the first operand names, taken in; face_done is owed if the code is OK. */
static int open_face(struct app *app, struct face *face)
{
    struct run_summary summary;
    int code = app_load(app);
    code = code == EXIT_CODE_OK ? app_open_store(app, STORE_READ) : code;
    code = code == EXIT_CODE_OK ? app_find_run(app, app->options->operands[0], &summary) : code;
    if (code == EXIT_CODE_OK) {
        face_init(face, app, summary.id);
    }
    return code;
}

int verb_logs(struct app *app)
{
    struct face face;
    struct error err;
    int code = open_face(app, &face);
    if (code != EXIT_CODE_OK) {
        return code;
    }
    code =
        face_follow(&face, app->store, false, &err) ? logs_of_run(app, &face) : app_fail(&err, "");
    face_done(&face);
    return code;
}

/* ---- watch */
static int watch_run(struct app *app, struct face *face)
{
    struct clock *clock = clock_system();
    const struct run *run = &face->view.run;
    struct error err;
    int64_t beat_ms = clock->monotonic_ms(clock) + FACE_HEARTBEAT_MS;
    while (!app->out.is_gone) {
        bool is_alive = engine_run_is_owned(app->state_folder, run->id);
        if (!face_follow(face, app->store, true, &err)) {
            return app_fail(&err, "");
        }
        if (!is_alive && run_state_is_final(run->state)) {
            return run_exit_code(run);
        }
        if (!is_alive) {
            complain("run %lld has no runner; go on with it by gatehouse --batch --resume %lld",
                     (long long)run->number, (long long)run->number);
            return EXIT_CODE_TEMPORARY;
        }
        if (clock->monotonic_ms(clock) >= beat_ms) {
            face_heartbeat(face, clock->wall_ms(clock));
            beat_ms += FACE_HEARTBEAT_MS;
        }
        sleep_ms(POLL_MS);
    }
    return EXIT_CODE_OK;
}

int verb_watch(struct app *app)
{
    struct face face;
    int code = open_face(app, &face);
    if (code != EXIT_CODE_OK) {
        return code;
    }
    code = watch_run(app, &face);
    face_done(&face);
    return code;
}
