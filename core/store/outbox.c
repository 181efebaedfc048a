/* The outbox: the mirror's rows, made from the events that were not delivered yet. Rows:
 *   run              {run_id, number, pipeline, backend, environment, user, host, state, verdict,
 *                    accuracy, auc, created_at, ended_at}: as it is now, not as it was then
 *   stage_attempt    {run_id, stage, try, state, started_at, ended_at, elapsed_ms, error_class,
 *                    error_code, error_message, outputs}
 *   evaluation       {run_id, seq, stage, try, evaluated_at, verdict, evaluation, gate}
 *   operator_action  {run_id, seq, acted_at, verb, stage, user, tty, reason, accepted, message}
 * Times are RFC 3339 UTC; what does not apply is null. */
#include "core/store/store_internal.h"

#include "core/base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void outbox_list_done(struct outbox_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        json_free(list->rows[i].payload);
    }
    free(list->rows);
    *list = (struct outbox_list){0};
}

/* ---- one event's row */
struct source {
    const char *run_id;
    int64_t seq, ts_ms;
    const struct json *body; /* of the event */
};

static void copy_members(struct json *row, const struct json *body, const char *const *names)
{
    for (; *names != NULL; names++) {
        struct json *copy = json_copy(json_get(body, *names));
        json_set(row, *names, copy == NULL ? json_null() : copy);
    }
}

static struct json *attempt_row(const struct source *source)
{
    static const char *const names[] = {"stage", "try", "elapsed_ms", "outputs", NULL};
    const struct json *body = source->body;
    struct json *row = json_object();
    json_set_text(row, "run_id", source->run_id);
    copy_members(row, body, names);
    const char *to = json_text_or(body, "to", "");
    /* A try that will be tried again failed, whatever the stage does next. */
    json_set_text(row, "state", strcmp(to, "retrying") == 0 ? "failed" : to);
    json_set_time(row, "started_at", source->ts_ms - json_int_or(body, "elapsed_ms", 0));
    json_set_time(row, "ended_at", source->ts_ms);
    const struct json *error = json_get(body, "error");
    json_set_text(row, "error_class", json_text_or(error, "class", NULL));
    json_set_text(row, "error_code", json_text_or(error, "code", NULL));
    json_set_text(row, "error_message", json_text_or(error, "message", NULL));
    return row;
}

static struct json *evaluation_row(const struct source *source)
{
    static const char *const names[] = {"stage", "try", "evaluation", "gate", NULL};
    struct json *row = json_object();
    json_set_text(row, "run_id", source->run_id);
    json_set_int(row, "seq", source->seq);
    json_set_time(row, "evaluated_at", source->ts_ms);
    copy_members(row, source->body, names);
    const struct json *gate = json_get(source->body, "gate");
    json_set_text(row, "verdict", json_text_or(gate, "verdict", "none"));
    return row;
}

static struct json *action_row(const struct source *source)
{
    static const char *const names[] = {"verb",   "stage",    "user",    "tty",
                                        "reason", "accepted", "message", NULL};
    struct json *row = json_object();
    json_set_text(row, "run_id", source->run_id);
    json_set_int(row, "seq", source->seq);
    json_set_time(row, "acted_at", source->ts_ms);
    copy_members(row, source->body, names);
    return row;
}

static struct json *run_row(struct store *store, const struct source *source, struct error *err)
{
    struct store_run_row loaded;
    if (!store_load_run(store, source->run_id, &loaded, err)) {
        return NULL;
    }
    const struct run_summary *run = &loaded.summary;
    struct json *row = json_object();
    json_set_text(row, "run_id", run->id);
    json_set_int(row, "number", run->number);
    json_set_text(row, "pipeline", run->pipeline);
    json_set_text(row, "backend", run->backend);
    json_set_text(row, "environment", run->environment);
    json_set_text(row, "user", run->user);
    json_set_text(row, "host", json_text_or(source->body, "host", NULL));
    json_set_text(row, "state", run_state_name(run->state));
    json_set_text(row, "verdict", verdict_name(run->verdict));
    json_set_number(row, "accuracy", run->accuracy);
    json_set_number(row, "auc", run->auc);
    json_set_time(row, "created_at", run->created_ms);
    json_set_time(row, "ended_at", run->ended_ms);
    return row;
}

static struct json *make_row(struct store *store, enum event_type type, const struct source *source,
                             enum outbox_kind *out_kind, struct error *err)
{
    switch (type) {
    case EVENT_STAGE_STATE:
        *out_kind = OUTBOX_ATTEMPT;
        return attempt_row(source);
    case EVENT_EVALUATION:
        *out_kind = OUTBOX_EVALUATION;
        return evaluation_row(source);
    case EVENT_COMMAND:
        *out_kind = OUTBOX_ACTION;
        return action_row(source);
    case EVENT_HELLO:
    case EVENT_RESULT:
    case EVENT_RUN_STATE:
    case EVENT_STAGE_PROGRESS:
    case EVENT_TYPE_COUNT:
        break;
    }
    *out_kind = OUTBOX_RUN;
    return run_row(store, source, err);
}

/* ---- the list */
static void add_row(struct outbox_list *list, struct outbox_row row)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 16;
        list->rows = xreallocarray(list->rows, list->capacity, sizeof *list->rows);
    }
    list->rows[list->count++] = row;
}

static bool read_row(struct store *store, sqlite3_stmt *statement, struct outbox_list *list,
                     struct error *err)
{
    enum event_type type;
    struct error why;
    const char *text = store_column_text(statement, 4);
    struct json *body =
        json_parse((struct str){text, (size_t)sqlite3_column_bytes(statement, 4)}, &why);
    if (body == NULL || !event_type_from_name(str_from(store_column_text(statement, 3)), &type)) {
        json_free(body);
        return store_damaged(store, err, "an event is not readable");
    }
    struct outbox_row row = {.run_number = sqlite3_column_int64(statement, 0),
                             .seq = sqlite3_column_int64(statement, 1)};
    struct source source = {store_column_text(statement, 5), row.seq,
                            sqlite3_column_int64(statement, 2), body};
    row.payload = make_row(store, type, &source, &row.kind, err);
    json_free(body);
    if (row.payload == NULL) {
        return false;
    }
    add_row(list, row);
    return true;
}

bool store_outbox_pending(struct store *store, int limit, struct outbox_list *out_list,
                          struct error *err)
{
    sqlite3_stmt *statement = store_statement(store, STORE_SQL_OUTBOX_PENDING, err);
    if (statement == NULL) {
        return false;
    }
    sqlite3_bind_int(statement, 1, limit);
    struct outbox_list list = {0};
    bool is_ok = true, has_row = false;
    while ((is_ok = store_step(store, statement, &has_row, err)) && has_row) {
        if (!(is_ok = read_row(store, statement, &list, err))) {
            break;
        }
    }
    sqlite3_reset(statement);
    if (is_ok) {
        *out_list = list;
    } else {
        outbox_list_done(&list);
    }
    return is_ok;
}

bool store_outbox_delivered(struct store *store, const struct outbox_row *row, struct error *err)
{
    sqlite3_stmt *statement = store_statement(store, STORE_SQL_OUTBOX_DELIVERED, err);
    if (statement == NULL) {
        return false;
    }
    sqlite3_bind_int64(statement, 1, row->run_number);
    sqlite3_bind_int64(statement, 2, row->seq);
    return store_execute(store, statement, err);
}

bool store_outbox_count(struct store *store, int64_t *out_count, struct error *err)
{
    sqlite3_stmt *statement = store_statement(store, STORE_SQL_OUTBOX_COUNT, err);
    bool has_row = false;
    if (statement == NULL || !store_step(store, statement, &has_row, err)) {
        return false;
    }
    *out_count = has_row ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    return true;
}
