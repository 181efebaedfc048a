/* Delivers the outbox: opens a session, makes sure of the schema, sends row after row, and marks in
 * the store what has arrived. What is interrupted between the two is sent again: upserts make that
 * harmless. */
#include "core/store/mirror.h"

#include "core/base/alloc.h"
#include "core/store/mirror_schema.h"

#include <stdlib.h>

enum { BATCH = 100 };

/* ---- the end */
static void finish(struct mirror_flush *flush, const struct error *err)
{
    outbox_list_done(&flush->batch);
    database_close(&flush->session);
    timer_free(flush->timer);
    flush->timer = NULL;
    free(flush->payload);
    flush->payload = NULL;
    op_finish(&flush->op, err);
}

/* Rows arrive in order, so the latest one of a run stands for those before it. */
static bool mark_delivered(struct mirror_flush *flush, struct error *err)
{
    const struct outbox_list *batch = &flush->batch;
    for (size_t i = 0; i < flush->next_row; i++) {
        bool is_last_of_run =
            i + 1 == flush->next_row || batch->rows[i].run_number != batch->rows[i + 1].run_number;
        if (is_last_of_run && !store_outbox_delivered(flush->store, &batch->rows[i], err)) {
            return false;
        }
    }
    flush->delivered += (int64_t)flush->next_row;
    flush->next_row = 0;
    outbox_list_done(&flush->batch);
    return true;
}

static void fail(struct mirror_flush *flush, const struct error *err)
{
    struct error ignored;
    struct error why = flush->is_stopped ? flush->stop_reason : *err;
    error_prefix(&why, "mirror");
    mark_delivered(flush, &ignored);
    finish(flush, &why);
}

/* ---- steps */
static void query(struct mirror_flush *flush, const char *sql)
{
    flush->query.sql = sql;
    database_query_start(&flush->session, &flush->query);
}

static void send_row(struct mirror_flush *flush)
{
    const struct outbox_row *row = &flush->batch.rows[flush->next_row];
    free(flush->payload);
    flush->payload = json_print(row->payload);
    flush->parameter = flush->payload;
    flush->query.parameters = &flush->parameter;
    flush->query.parameter_count = 1;
    query(flush, mirror_upsert_sql(row->kind));
}

/* The next row; false with err when the store fails; *out_is_empty when there is none. */
static bool find_row(struct mirror_flush *flush, bool *out_is_empty, struct error *err)
{
    *out_is_empty = false;
    if (flush->next_row < flush->batch.count) {
        return true;
    }
    if (!mark_delivered(flush, err) ||
        !store_outbox_pending(flush->store, BATCH, &flush->batch, err)) {
        return false;
    }
    *out_is_empty = flush->batch.count == 0;
    return true;
}

static void send_next(struct mirror_flush *flush)
{
    struct error err;
    bool is_empty = false;
    if (!find_row(flush, &is_empty, &err)) {
        fail(flush, &err);
    } else if (is_empty) {
        finish(flush, NULL);
    } else {
        send_row(flush);
    }
}

static void on_answer(struct op *op, const struct error *err)
{
    struct mirror_flush *flush = op->context;
    database_query_done(&flush->query);
    if (err == NULL && flush->is_schema_known) {
        flush->next_row++;
    }
    flush->is_schema_known = true;
    if (err != NULL || flush->is_stopped) {
        fail(flush, err);
    } else {
        send_next(flush);
    }
}

static void on_open(struct op *op, const struct error *err)
{
    struct mirror_flush *flush = op->context;
    if (err != NULL || flush->is_stopped) {
        fail(flush, err);
        return;
    }
    flush->query = (struct database_query){.op = {.done = on_answer, .context = flush}};
    query(flush, mirror_schema_script());
}

/* ---- beginning, and ending early */
static void stop(struct mirror_flush *flush)
{
    flush->is_stopped = true;
    database_cancel(&flush->session);
}

static void deadline_passed(void *context)
{
    struct mirror_flush *flush = context;
    error_set(&flush->stop_reason, ERROR_TRANSIENT, "deadline",
              "the database did not take everything in time: the rest is delivered later");
    stop(flush);
}

void mirror_flush_cancel(struct mirror_flush *flush)
{
    if (!op_is_active(&flush->op) || flush->is_stopped) {
        return;
    }
    error_set(&flush->stop_reason, ERROR_CANCELLED, "cancelled",
              "stopped on request: the rest is delivered later");
    stop(flush);
}

static void begin(struct mirror_flush *flush, struct loop *loop)
{
    flush->session = (struct database_session){.op = {.done = on_open, .context = flush}};
    if (flush->deadline_ms > 0) {
        flush->timer = timer_new(loop, deadline_passed, flush);
        timer_arm(flush->timer, flush->deadline_ms);
    }
    database_open_start(flush->database, &flush->session);
}

void mirror_flush_start(struct loop *loop, struct mirror_flush *flush)
{
    struct error err;
    bool is_empty = true;
    op_begin(&flush->op, loop);
    flush->delivered = 0;
    flush->session = (struct database_session){0};
    flush->batch = (struct outbox_list){0};
    flush->next_row = 0;
    flush->is_schema_known = false;
    flush->timer = NULL;
    flush->payload = NULL;
    flush->is_stopped = false;
    if (flush->database != NULL && !find_row(flush, &is_empty, &err)) {
        fail(flush, &err);
    } else if (is_empty) {
        finish(flush, NULL);
    } else {
        begin(flush, loop);
    }
}
