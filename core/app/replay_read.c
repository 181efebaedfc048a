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
    return text[len] == '\0' && len < RUN_ID_SIZE;
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

static bool read_standard_input(struct buf *out, struct error *err)
{
    for (;;) {
        if (!buf_reserve(out, CHUNK)) {
            return error_set(err, ERROR_PERMANENT, "too_large", "standard input is too large");
        }
        ssize_t got = read(STDIN_FILENO, out->ptr + out->len, CHUNK);
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

bool replay_read_stream(const char *path, struct event_list *out_events,
                        char out_run_id[RUN_ID_SIZE], struct error *err)
{
    bool is_standard_input = strcmp(path, "-") == 0;
    struct buf text;
    buf_init(&text, REPLAY_STREAM_MAX);
    bool is_good =
        (is_standard_input ? read_standard_input(&text, err) : file_read(path, &text, err)) &&
        replay_parse_stream(buf_str(&text), is_standard_input ? "standard input" : path, out_events,
                            out_run_id, err);
    buf_done(&text);
    return is_good;
}

bool replay_read_store(struct store *store, const struct run_summary *run,
                       struct event_list *out_events, struct error *err)
{
    size_t before = 0;
    do {
        before = out_events->count;
        int64_t seq = before == 0 ? 0 : out_events->items[before - 1].seq;
        if (!store_read_events(store, run->id, seq, EVENTS_PER_READ, out_events, err)) {
            return false;
        }
    } while (out_events->count == before + EVENTS_PER_READ);
    return true;
}
