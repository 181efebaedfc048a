/* Reading streams strictly: a line that does not fit is told by its number. */
#include "core/app/replay_read.h"

#include "core/base/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EVENTS_PER_READ = 1000, CHUNK = 64 << 10 };

struct reading {
    const char *name;
    size_t line; /* from 1 */
    struct event_list *events;
    char *run_id; /* [RUN_ID_SIZE] */
};

static bool bad(const struct reading *reading, struct error *err, const char *what)
{
    return error_set(err, ERROR_PERMANENT, "bad_stream", "%s:%zu: %s", reading->name, reading->line,
                     what);
}

/* Its id is shown, and names folders. */
static bool is_id(const char *text)
{
    size_t len = strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_");
    return len < RUN_ID_SIZE && text[len] == '\0';
}

static bool check_run(struct reading *reading, const char *run_id, struct error *err)
{
    if (!is_id(run_id)) {
        return bad(reading, err,
                   "\"run\" is not the id of a run: expected letters, digits and -, less than 32");
    }
    if (reading->events->count == 1) {
        snprintf(reading->run_id, RUN_ID_SIZE, "%s", run_id);
        return true;
    }
    if (strcmp(reading->run_id, run_id) != 0) {
        return error_set(err, ERROR_PERMANENT, "bad_stream",
                         "%s:%zu: the line is of run %.40s, those before are of run %s; a replay "
                         "is of one run",
                         reading->name, reading->line, run_id, reading->run_id);
    }
    return true;
}

static bool check_order(const struct reading *reading, struct error *err)
{
    const struct event *items = reading->events->items;
    size_t count = reading->events->count;
    const struct event *event = &items[count - 1];
    if (count == 1 && event->seq > 1) {
        return error_set(err, ERROR_PERMANENT, "bad_stream",
                         "%s:%zu: the stream begins with seq %lld, expected 1: a resumed runner "
                         "prints only what is new; gatehouse watch RUN --format json prints all of "
                         "a run",
                         reading->name, reading->line, (long long)event->seq);
    }
    if (event->seq != (int64_t)count) {
        return error_set(err, ERROR_PERMANENT, "bad_stream",
                         "%s:%zu: seq is %lld, expected %zu: lines are missing or out of order",
                         reading->name, reading->line, (long long)event->seq, count);
    }
    return true;
}

static bool take_line(struct reading *reading, struct str line, struct error *err)
{
    struct event event = {0};
    char *run_id = NULL;
    if (line.len > REPLAY_LINE_MAX) {
        return bad(reading, err, "the line is longer than 4 MiB");
    }
    if (!event_parse(line, &event, &run_id, err)) {
        return error_prefix(err, "%s:%zu", reading->name, reading->line);
    }
    event_list_add(reading->events, event.ts_ms, event.type, event.body);
    reading->events->items[reading->events->count - 1].seq = event.seq;
    bool is_good = check_run(reading, run_id, err) && check_order(reading, err);
    free(run_id);
    return is_good;
}

bool replay_parse_stream(struct str text, const char *name, struct event_list *out_events,
                         char out_run_id[RUN_ID_SIZE], struct error *err)
{
    struct reading reading = {.name = name, .events = out_events, .run_id = out_run_id};
    struct str rest = text;
    while (rest.len > 0) {
        bool is_last = memchr(rest.ptr, '\n', rest.len) == NULL;
        struct str line = str_split(rest, '\n', &rest);
        reading.line++;
        if (take_line(&reading, line, err)) {
            continue;
        }
        if (is_last && error_is(err, "bad_json")) {
            return bad(&reading, err,
                       "the line is cut off: the file was copied in part, or is still being "
                       "written; without this line what came before can be replayed");
        }
        return false;
    }
    if (out_events->count == 0) {
        return error_set(err, ERROR_PERMANENT, "bad_stream",
                         "%s: the stream is empty, expected the lines of gatehouse --batch "
                         "--format json",
                         name);
    }
    return true;
}

/* ---- the operand */
static bool read_descriptor(int fd, struct buf *out, struct error *err)
{
    for (;;) {
        if (!buf_reserve(out, CHUNK)) {
            return error_set(err, ERROR_PERMANENT, "too_large",
                             "standard input is larger than 64 MiB");
        }
        ssize_t got = read(fd, out->ptr + out->len, CHUNK);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return error_set_errno(err, errno, "standard input");
        }
        if (got == 0) {
            return true;
        }
        out->len += (size_t)got;
    }
}

static bool read_stream(struct replay_source *source, const char *path, int fd, struct error *err)
{
    bool is_descriptor = strcmp(path, "-") == 0;
    struct buf text;
    buf_init(&text, REPLAY_STREAM_MAX);
    source->name = is_descriptor ? "standard input" : path;
    bool is_good =
        (is_descriptor ? read_descriptor(fd, &text, err) : file_read(path, &text, err)) &&
        replay_parse_stream(buf_str(&text), source->name, &source->events, source->run_id, err);
    buf_done(&text);
    return is_good;
}

static bool read_events(struct replay_source *source, struct store *store, struct error *err)
{
    struct event_list *events = &source->events;
    size_t before = 0;
    do {
        before = events->count;
        int64_t seq = before == 0 ? 0 : events->items[before - 1].seq;
        if (!store_read_events(store, source->run_id, seq, EVENTS_PER_READ, events, err)) {
            return false;
        }
    } while (events->count == before + EVENTS_PER_READ);
    return true;
}

static bool read_run(struct replay_source *source, struct app *app, struct error *err)
{
    struct run_summary run;
    char *path = file_join(app->state_folder, "runs.db");
    struct store *store = store_open(path, STORE_READ, err);
    free(path);
    bool is_good = store != NULL && store_find_run(store, app->options->operands[0], &run, err);
    if (is_good) {
        source->is_stored = true;
        memcpy(source->run_id, run.id, sizeof(source->run_id));
        is_good = read_events(source, store, err);
    }
    store_close(store);
    return is_good;
}

bool replay_source_read(struct replay_source *source, struct app *app, struct error *err)
{
    const char *operand = app->options->operands[0];
    *source = (struct replay_source){.is_stored = false};
    if (strcmp(operand, "-") == 0 || file_exists(operand)) {
        return read_stream(source, operand, app->in, err);
    }
    if (strchr(operand, '/') != NULL) {
        return error_set(err, ERROR_PERMANENT, "not_found", "%s: there is no such file", operand);
    }
    return read_run(source, app, err);
}

void replay_source_done(struct replay_source *source)
{
    event_list_done(&source->events);
}

bool replay_source_open(struct replay_source *source, struct replay *replay, struct view *view,
                        struct error *err)
{
    size_t bad = 0;
    if (replay_init(replay, &source->events, source->run_id, view, &bad, err)) {
        return true;
    }
    return source->is_stored ? error_prefix(err, "run %s", source->run_id)
                             : error_prefix(err, "%s:%zu", source->name, bad);
}
