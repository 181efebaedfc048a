/* The mirror of the audit trail: delivers the outbox to PostgreSQL, schema `gatehouse`. At least
 * once, by idempotent upserts, in order: so never twice and never lost. Loop thread only. */
#ifndef GATEHOUSE_STORE_MIRROR_H
#define GATEHOUSE_STORE_MIRROR_H

#include "core/loop/op.h"
#include "core/loop/timer.h"
#include "core/ports/database.h"
#include "core/store/store.h"

struct mirror_flush {
    struct op op; /* done: the outbox is empty; err: why not (database down, "deadline" ..): nothing
                   * is lost, the rest is delivered another time */
    /* set by the caller, borrowed until done */
    struct store *store;       /* opened for writing */
    struct database *database; /* NULL: there is no mirror; done at once */
    int64_t deadline_ms;       /* 0: none */
    /* result */
    int64_t delivered;
    /* private */
    struct database_session session;
    struct database_query query;
    const char *parameter; /* of the query */
    char *payload;
    struct outbox_list batch;
    size_t next_row; /* of the batch: those before it have arrived */
    bool is_schema_known;
    struct timer *timer;
    struct error stop_reason;
    bool is_stopped;
};

void mirror_flush_start(struct loop *loop, struct mirror_flush *flush);
void mirror_flush_cancel(struct mirror_flush *flush);

#endif
