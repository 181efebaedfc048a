/* Events: appended with everything that follows from them in one transaction, and read back. */
#include "core/store/store_internal.h"

#include "core/base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the run's row, folded from its events */
static void fold_run_state(struct store_run_row *row, const struct event *event)
{
    struct run_summary *run = &row->summary;
    bool was_at_rest = run_state_is_final(run->state);
    run_state_from_name(str_from(json_text_or(event->body, "to", "")), &run->state);
    if (was_at_rest && !run_state_is_final(run->state)) {
        run->verdict = VERDICT_NONE; /* the next result tells it anew */
    }
    run->ended_ms = run_state_is_final(run->state) ? event->ts_ms : 0;
    if (run->state == RUN_FAILED || run->state == RUN_CANCELLED) {
        row->is_notable = true;
    }
}

static double metric(const struct event *event, const char *path)
{
    double value = NAN;
    json_as_number(json_path(event->body, path), &value);
    return value;
}

static void fold_evaluation(struct store_run_row *row, const struct event *event)
{
    const char *verdict = json_text_or(json_get(event->body, "gate"), "verdict", "");
    verdict_from_name(str_from(verdict), &row->summary.verdict);
    row->summary.accuracy = metric(event, "evaluation.splits.test.accuracy.value");
    row->summary.auc = metric(event, "evaluation.splits.test.auc.value");
    row->is_notable = true;
}

static void fold_result(struct store_run_row *row, const struct event *event)
{
    run_state_from_name(str_from(json_text_or(event->body, "state", "")), &row->summary.state);
    verdict_from_name(str_from(json_text_or(event->body, "verdict", "")), &row->summary.verdict);
}

static void fold(struct store_run_row *row, const struct event *event)
{
    switch (event->type) {
    case EVENT_RUN_STATE:
        fold_run_state(row, event);
        break;
    case EVENT_EVALUATION:
        fold_evaluation(row, event);
        break;
    case EVENT_COMMAND:
        row->is_notable = true;
        break;
    case EVENT_RESULT:
        fold_result(row, event);
        break;
    case EVENT_HELLO:
    case EVENT_STAGE_STATE:
    case EVENT_STAGE_PROGRESS:
    case EVENT_TYPE_COUNT:
        break;
    }
}

static void bind_number_or_null(sqlite3_stmt *statement, int index, double value)
{
    if (isfinite(value)) {
        sqlite3_bind_double(statement, index, value);
    } else {
        sqlite3_bind_null(statement, index);
    }
}

static bool update_run(struct store *store, const struct store_run_row *row, struct error *err)
{
    sqlite3_stmt *statement = store_statement(store, STORE_SQL_UPDATE_RUN, err);
    if (statement == NULL) {
        return false;
    }
    sqlite3_bind_int64(statement, 1, row->summary.number);
    store_bind_text(statement, 2, run_state_name(row->summary.state));
    store_bind_text(statement, 3, verdict_name(row->summary.verdict));
    sqlite3_bind_int64(statement, 4, row->summary.ended_ms);
    bind_number_or_null(statement, 5, row->summary.accuracy);
    bind_number_or_null(statement, 6, row->summary.auc);
    sqlite3_bind_int64(statement, 7, row->summary.last_seq);
    sqlite3_bind_int(statement, 8, row->is_notable);
    return store_execute(store, statement, err);
}

/* ---- appending */
static bool insert_event(struct store *store, const struct store_run_row *row,
                         const struct event *event, struct error *err)
{
    sqlite3_stmt *statement = store_statement(store, STORE_SQL_INSERT_EVENT, err);
    if (statement == NULL) {
        return false;
    }
    sqlite3_bind_int64(statement, 1, row->summary.number);
    sqlite3_bind_int64(statement, 2, row->summary.last_seq);
    sqlite3_bind_int64(statement, 3, event->ts_ms);
    store_bind_text(statement, 4, event_type_name(event->type));
    sqlite3_bind_text(statement, 5, json_print(event->body), -1, free);
    return store_execute(store, statement, err);
}

static bool answer_command(struct store *store, const struct store_run_row *row,
                           const struct event *event, struct error *err)
{
    int64_t id = json_int_or(event->body, "id", 0);
    if (event->type != EVENT_COMMAND || id <= 0) {
        return true;
    }
    sqlite3_stmt *statement = store_statement(store, STORE_SQL_ANSWER_COMMAND, err);
    if (statement == NULL) {
        return false;
    }
    sqlite3_bind_int64(statement, 1, id);
    sqlite3_bind_int64(statement, 2, row->summary.number);
    sqlite3_bind_int64(statement, 3, row->summary.last_seq);
    return store_execute(store, statement, err);
}

bool store_append_in_transaction(struct store *store, const char *run_id,
                                 const struct event *events, size_t count, struct error *err)
{
    struct store_run_row row;
    if (!store_load_run(store, run_id, &row, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        row.summary.last_seq++;
        fold(&row, &events[i]);
        if (!insert_event(store, &row, &events[i], err) ||
            !answer_command(store, &row, &events[i], err)) {
            return false;
        }
    }
    return update_run(store, &row, err);
}

static bool read_last_seq(struct store *store, const char *run_id, int64_t *out_seq,
                          struct error *err)
{
    struct store_run_row row;
    if (!store_load_run(store, run_id, &row, err)) {
        return false;
    }
    *out_seq = row.summary.last_seq;
    return true;
}

bool store_append(struct store *store, const char *run_id, struct event *events, size_t count,
                  struct error *err)
{
    int64_t last_seq = 0;
    if (!store_begin(store, err)) {
        return false;
    }
    if (!read_last_seq(store, run_id, &last_seq, err) ||
        !store_append_in_transaction(store, run_id, events, count, err)) {
        store_rollback(store);
        return false;
    }
    if (!store_commit(store, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        events[i].seq = last_seq + 1 + (int64_t)i;
    }
    return true;
}

/* ---- reading */
static bool add_event(struct store *store, sqlite3_stmt *statement, struct event_list *list,
                      struct error *err)
{
    struct error why;
    enum event_type type;
    if (!event_type_from_name(str_from(store_column_text(statement, 2)), &type)) {
        return store_damaged(store, err, "an event has an unknown type");
    }
    const char *text = store_column_text(statement, 3);
    struct str body_text = {text, (size_t)sqlite3_column_bytes(statement, 3)};
    struct json *body = json_parse(body_text, &why);
    if (!json_is_object(body)) {
        json_free(body);
        return store_damaged(store, err, "an event is not a JSON object");
    }
    event_list_add(list, sqlite3_column_int64(statement, 1), type, body);
    list->items[list->count - 1].seq = sqlite3_column_int64(statement, 0);
    return true;
}

bool store_read_events(struct store *store, const char *run_id, int64_t after_seq, int limit,
                       struct event_list *list, struct error *err)
{
    sqlite3_stmt *statement = store_statement(store, STORE_SQL_READ_EVENTS, err);
    if (statement == NULL) {
        return false;
    }
    store_bind_text(statement, 1, run_id);
    sqlite3_bind_int64(statement, 2, after_seq);
    sqlite3_bind_int(statement, 3, limit);
    bool is_ok = true, has_row = false;
    while ((is_ok = store_step(store, statement, &has_row, err)) && has_row) {
        if (!(is_ok = add_event(store, statement, list, err))) {
            break;
        }
    }
    sqlite3_reset(statement);
    return is_ok;
}

/* ---- USUAL: rows come sorted by stage, then by duration */
struct durations {
    char stage[STAGE_NAME_MAX + 1];
    int64_t *items;
    size_t count, capacity;
    store_usual_fn each;
    void *context;
};

static void tell_median(struct durations *durations)
{
    if (durations->count > 0) {
        durations->each(durations->context, durations->stage,
                        durations->items[durations->count / 2]);
    }
    durations->count = 0;
}

static void add_duration(struct durations *durations, const char *stage, int64_t elapsed_ms)
{
    if (strcmp(stage, durations->stage) != 0) {
        tell_median(durations);
        strncpy(durations->stage, stage, sizeof durations->stage - 1);
    }
    if (durations->count == durations->capacity) {
        durations->capacity = durations->capacity ? durations->capacity * 2 : 32;
        durations->items =
            xreallocarray(durations->items, durations->capacity, sizeof *durations->items);
    }
    durations->items[durations->count++] = elapsed_ms;
}

bool store_usual_durations(struct store *store, const struct run_filter *filter,
                           store_usual_fn each, void *context, struct error *err)
{
    sqlite3_stmt *statement = store_statement(store, STORE_SQL_USUAL, err);
    if (statement == NULL) {
        return false;
    }
    store_bind_text(statement, 1, filter->pipeline);
    sqlite3_bind_int64(statement, 2, filter->before_number);
    struct durations durations = {.each = each, .context = context};
    bool is_ok = true, has_row = false;
    while ((is_ok = store_step(store, statement, &has_row, err)) && has_row) {
        add_duration(&durations, store_column_text(statement, 0),
                     sqlite3_column_int64(statement, 1));
    }
    if (is_ok) {
        tell_median(&durations);
    }
    sqlite3_reset(statement);
    free(durations.items);
    return is_ok;
}
