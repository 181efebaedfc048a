/* Events: what happened in a run, in order. The event log is the truth: the run, the view, the JSON
 * stream of --batch and the replay are all made from it. Pure.
 *
 * A line of the stream is {"v":"1.0","ts":"<RFC 3339 UTC>","run":"<id>","seq":N,"type":"<type>",
 * ...body}; seq starts at 1 and has no gaps. Members of a body that do not apply are absent.
 *
 * hello: {version, pipeline, number, dag, backend, environment, host, pid, user, tty, data,
 * resumed}. A runner introduces itself: first event of a run (dag is needed then), and again
 * whenever a runner takes the run over.
 *
 * run.state: {from, to, reason}.
 *
 * stage.state: {stage, try, from, to, elapsed_ms, intent, inputs, outputs, error:{class, code,
 * message}, reason, retry_at_ms}. elapsed_ms: of the try, when it ends. `intent`, the try's name
 * for remote work, is durable before money is spent. `outputs` come with success.
 *
 * stage.progress: {stage, try, step, step_number, step_count, done, total, unit, detail,
 * metrics:{..}, rounds:[[round, {metric:value}]..], job:{name, status, secondary_status,
 * message, poll_interval_ms, billable_ms}}. Never changes the run's state. poll_interval_ms: the
 * job is looked at again so long after this event.
 *
 * evaluation: {stage, try, evaluation:{..}, gate:{verdict, rules:[..], message}}.
 *
 * command: {id, verb, stage, user, tty, reason, accepted, message}. The answer to an operator's
 * command.
 *
 * result: {state, verdict, exit_code, metrics:{..}, elapsed_ms}. Last event when the run comes to
 * rest. */
#ifndef GATEHOUSE_RUN_EVENT_H
#define GATEHOUSE_RUN_EVENT_H

#include "core/base/error.h"
#include "core/base/json.h"

#include <stdint.h>

#define EVENT_STREAM_VERSION "1.0"

#define EVENT_TYPES(X)                                                                             \
    X(HELLO, "hello")                                                                              \
    X(RUN_STATE, "run.state")                                                                      \
    X(STAGE_STATE, "stage.state")                                                                  \
    X(STAGE_PROGRESS, "stage.progress")                                                            \
    X(EVALUATION, "evaluation")                                                                    \
    X(COMMAND, "command")                                                                          \
    X(RESULT, "result")
enum event_type {
#define X(name, text) EVENT_##name,
    EVENT_TYPES(X)
#undef X
        EVENT_TYPE_COUNT
};

struct event {
    int64_t seq; /* given when it is appended; 0 before */
    int64_t ts_ms;
    enum event_type type;
    struct json *body; /* owned; an object */
};

const char *event_type_name(enum event_type type);
bool event_type_from_name(struct str name, enum event_type *out_type);
void event_done(struct event *event);
/* One line of the stream, without newline; gives memory for free(). */
char *event_print(const struct event *event, const char *run_id);
/* A line of the stream back into an event and its run id (gives, free()). Checks v's major version.
 */
bool event_parse(struct str line, struct event *out_event, char **out_run_id, struct error *err);

struct event_list { /* owns its events; zero-initialised is empty */
    struct event *items;
    size_t count, capacity;
};
void event_list_add(struct event_list *list, int64_t ts_ms, enum event_type type,
                    struct json *body); /* takes body */
void event_list_done(struct event_list *list);

struct json *event_error_json(const struct error *err); /* {class, code, message} */
void event_error_from_json(const struct json *json, struct error *out_err);

#endif
