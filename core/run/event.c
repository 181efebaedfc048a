/* Events as lines of the stream, and lists of them. What an event means is decided in run.c. */
#include "core/run/event.h"

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/clock.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const type_names[EVENT_TYPE_COUNT] = {
#define X(name, text) [EVENT_##name] = text,
    EVENT_TYPES(X)
#undef X
};

/* Members of a line that are not part of the body. */
static const char *const envelope_names[] = {"v", "ts", "run", "seq", "type"};

const char *event_type_name(enum event_type type)
{
    return type_names[type];
}

bool event_type_from_name(struct str name, enum event_type *out_type)
{
    for (int i = 0; i < EVENT_TYPE_COUNT; i++) {
        if (str_eq(name, str_from(type_names[i]))) {
            *out_type = (enum event_type)i;
            return true;
        }
    }
    return false;
}

void event_done(struct event *event)
{
    json_free(event->body);
    *event = (struct event){0};
}

char *event_print(const struct event *event, const char *run_id)
{
    char ts[CLOCK_TEXT_SIZE];
    clock_format_utc(event->ts_ms, ts);
    struct json *id = json_string(str_from(run_id));
    char *id_text = json_print(id);
    char *body = json_print(event->body);
    assert(body[0] == '{');
    const char *members = body + 1; /* the body's members follow the envelope's */
    char *line =
        xasprintf("{\"v\":\"%s\",\"ts\":\"%s\",\"run\":%s,\"seq\":%lld,\"type\":\"%s\"%s%s",
                  EVENT_STREAM_VERSION, ts, id_text, (long long)event->seq,
                  event_type_name(event->type), members[0] == '}' ? "" : ",", members);
    free(body);
    free(id_text);
    json_free(id);
    return line;
}

static bool bad_event(struct error *err, const char *what)
{
    return error_set(err, ERROR_PERMANENT, "bad_event", "event: %s", what);
}

static bool check_version(const struct json *line, struct error *err)
{
    const char *version = json_text_or(line, "v", "");
    const char *dot = strchr(EVENT_STREAM_VERSION, '.');
    size_t major_len = (size_t)(dot - EVENT_STREAM_VERSION) + 1;
    if (strncmp(version, EVENT_STREAM_VERSION, major_len) == 0) {
        return true;
    }
    return error_set(err, ERROR_PERMANENT, "bad_event",
                     "event: stream version \"%.20s\" is not understood, only %s is", version,
                     EVENT_STREAM_VERSION);
}

static bool read_envelope(const struct json *line, struct event *event, const char **out_run_id,
                          struct error *err)
{
    const char *ts = json_text_or(line, "ts", "");
    if (!check_version(line, err)) {
        return false;
    }
    if (!clock_parse_utc(str_from(ts), &event->ts_ms)) {
        return bad_event(err, "\"ts\" is not a time like 2026-11-22T15:39:28.123Z");
    }
    if (!json_as_int(json_get(line, "seq"), &event->seq) || event->seq < 1) {
        return bad_event(err, "\"seq\" is not a positive integer");
    }
    if (!event_type_from_name(str_from(json_text_or(line, "type", "")), &event->type)) {
        return bad_event(err, "\"type\" is not a known type");
    }
    if (!json_as_text(json_get(line, "run"), out_run_id) || (*out_run_id)[0] == '\0') {
        return bad_event(err, "\"run\" is not the id of a run");
    }
    return true;
}

bool event_parse(struct str line, struct event *out_event, char **out_run_id, struct error *err)
{
    const char *run_id = NULL;
    struct event event = {0};
    struct json *body = json_parse(line, err);
    if (body == NULL) {
        return error_prefix(err, "event");
    }
    if (!json_is_object(body)) {
        json_free(body);
        return bad_event(err, "the line is not a JSON object");
    }
    if (!read_envelope(body, &event, &run_id, err)) {
        json_free(body);
        return false;
    }
    *out_run_id = xstrdup(run_id);
    for (size_t i = 0; i < sizeof(envelope_names) / sizeof(envelope_names[0]); i++) {
        json_remove(body, envelope_names[i]);
    }
    event.body = body;
    *out_event = event;
    return true;
}

void event_list_add(struct event_list *list, int64_t ts_ms, enum event_type type, struct json *body)
{
    assert(json_is_object(body));
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 8 : list->capacity * 2;
        list->items = xreallocarray(list->items, list->capacity, sizeof(list->items[0]));
    }
    list->items[list->count++] = (struct event){.ts_ms = ts_ms, .type = type, .body = body};
}

void event_list_done(struct event_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        event_done(&list->items[i]);
    }
    free(list->items);
    *list = (struct event_list){0};
}

struct json *event_error_json(const struct error *err)
{
    struct json *json = json_object();
    json_set_text(json, "class", error_class_name(err->error_class));
    json_set_text(json, "code", err->code);
    json_set_text(json, "message", err->message);
    return json;
}

void event_error_from_json(const struct json *json, struct error *out_err)
{
    enum error_class error_class = ERROR_PERMANENT;
    const char *class_name = json_text_or(json, "class", "");
    error_class_from_name(str_from(class_name), &error_class);
    error_set(out_err, error_class, json_text_or(json, "code", ""), "%s",
              json_text_or(json, "message", ""));
}
