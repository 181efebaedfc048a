/* Replays a run from the store and folds its events into a report. */
#include "core/app/history.h"

#include "core/base/clock.h"

#include <stdio.h>
#include <string.h>

enum { PAGE = 1000 };

static bool apply_all(struct run *run, const struct event_list *list, history_event_fn each,
                      void *context, struct error *err)
{
    for (size_t i = 0; i < list->count; i++) {
        if (!run_apply(run, &list->items[i], err)) {
            return error_prefix(err, "run %s", run->id);
        }
        if (each != NULL) {
            each(context, run, &list->items[i]);
        }
    }
    return true;
}

bool history_follow(struct store *store, struct run *run, history_event_fn each, void *context,
                    struct error *err)
{
    for (;;) {
        struct event_list list = {.items = NULL};
        bool is_good = store_read_events(store, run->id, run->last_seq, PAGE, &list, err) &&
                       apply_all(run, &list, each, context, err);
        size_t count = list.count;
        event_list_done(&list);
        if (!is_good || count < PAGE) {
            return is_good;
        }
    }
}

static void set_time(struct json *object, const char *name, int64_t ms)
{
    char text[CLOCK_TEXT_SIZE];
    if (ms > 0) {
        clock_format_utc(ms, text);
        json_set_text(object, name, text);
    }
}

static void copy_members(struct json *to, const struct json *from, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (json_get(from, *names) != NULL) {
            json_set(to, *names, json_copy(json_get(from, *names)));
        }
    }
}

struct report {
    struct json *root;
    struct json *tries; /* {stage: {try: {..}}}, so that each is found by name */
};

static struct json *member_object(struct json *object, const char *name)
{
    struct json *member = json_get_mutable(object, name);
    if (member == NULL) {
        member = json_object();
        json_set(object, name, member);
    }
    return member;
}

static void add_stage_state(struct report *report, const struct event *event)
{
    static const char *const ends[] = {"elapsed_ms", "error", "outputs", "reason", NULL};
    const struct json *body = event->body;
    char number[24];
    int64_t try_number = json_int_or(body, "try", 0);
    enum stage_state from = STAGE_WAITING, to = STAGE_WAITING;
    stage_state_from_name(str_from(json_text_or(body, "from", "")), &from);
    stage_state_from_name(str_from(json_text_or(body, "to", "")), &to);
    if (try_number == 0 || (!stage_state_is_active(from) && !stage_state_is_active(to))) {
        return; /* nothing of a try: waiting, blocked, skipped */
    }
    snprintf(number, sizeof(number), "%lld", (long long)try_number);
    struct json *tries = member_object(report->tries, json_text_or(body, "stage", ""));
    struct json *entry = member_object(tries, number);
    json_set_int(entry, "try", try_number);
    json_set_text(entry, "state", stage_state_name(to == STAGE_RETRYING ? STAGE_FAILED : to));
    if (!stage_state_is_active(from)) {
        set_time(entry, "start", event->ts_ms);
        json_set_text(entry, "intent", json_text_or(body, "intent", ""));
    }
    if (to == STAGE_RUNNING) {
        set_time(entry, "running", event->ts_ms);
    }
    if (!stage_state_is_active(to)) {
        set_time(entry, "end", event->ts_ms);
    }
    copy_members(entry, body, ends);
}

static void add_event(void *context, const struct run *run, const struct event *event)
{
    struct report *report = context;
    static const char *const of_hello[] = {"pipeline", "backend", "environment", "data",
                                           "user",     "version", NULL};
    (void)run;
    if (event->type == EVENT_HELLO) {
        copy_members(report->root, event->body, of_hello);
    } else if (event->type == EVENT_STAGE_STATE) {
        add_stage_state(report, event);
    } else if (event->type == EVENT_COMMAND) {
        struct json *action = json_copy(event->body);
        set_time(action, "time", event->ts_ms);
        json_append(json_get_mutable(report->root, "actions"), action);
    }
}

static struct json *stage_json(const struct report *report, const struct run *run, size_t index)
{
    const struct stage_def *def = &run->dag->stages[index];
    struct json *stage = json_object();
    struct json *tries = json_array();
    const struct json *known = json_get(report->tries, def->name);
    json_set_text(stage, "name", def->name);
    json_set_text(stage, "kind", def->kind);
    json_set_text(stage, "state", stage_state_name(run->stages[index].state));
    json_set_int(stage, "tries_allowed", def->retries + 1);
    for (const struct json *entry = json_first(known); entry != NULL; entry = json_next(entry)) {
        json_append(tries, json_copy(entry));
    }
    json_set(stage, "tries", tries);
    return stage;
}

static void finish_report(const struct report *report, const struct run *run)
{
    struct json *root = report->root;
    struct json *stages = json_array();
    json_set_int(root, "number", run->number);
    json_set_text(root, "state", run_state_name(run->state));
    json_set_text(root, "verdict", verdict_name(run->verdict));
    set_time(root, "created", run->created_ms);
    set_time(root, "ended", run->ended_ms);
    if (run->ended_ms > 0) {
        json_set_int(root, "elapsed_ms", run->ended_ms - run->created_ms);
        json_set_int(root, "exit_code", run_exit_code(run));
    }
    for (size_t i = 0; i < run->dag->count; i++) {
        json_append(stages, stage_json(report, run, i));
    }
    json_set(root, "stages", stages);
    const struct json *evaluation = json_get(run->evaluation, "evaluation");
    const struct json *gate = json_get(run->evaluation, "gate");
    json_set(root, "evaluation", evaluation == NULL ? json_null() : json_copy(evaluation));
    json_set(root, "gate", gate == NULL ? json_null() : json_copy(gate));
}

struct json *history_report(struct store *store, const char *run_id, struct error *err)
{
    struct run run;
    struct report report = {json_object(), json_object()};
    run_init(&run, run_id);
    json_set_text(report.root, "run", run_id);
    json_set(report.root, "actions", json_array());
    bool is_good = history_follow(store, &run, add_event, &report, err);
    if (is_good && run.dag == NULL) {
        is_good = error_set(err, ERROR_PERMANENT, "store_damaged", "run %s has no events", run_id);
    }
    if (is_good) {
        finish_report(&report, &run);
    } else {
        json_free(report.root);
        report.root = NULL;
    }
    json_free(report.tries);
    run_done(&run);
    return report.root;
}
