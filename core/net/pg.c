/* PostgreSQL sessions: a state machine around libpq's non-blocking calls. How a DSN becomes
 * connection parameters is the matter of pg_params.c, errors that of pg_error.c. */
#include "core/net/pg.h"

#include "core/base/alloc.h"
#include "core/loop/timer.h"
#include "core/loop/watch.h"
#include "core/loop/work.h"
#include "core/net/pg_error.h"
#include "core/net/pg_params.h"

#include <assert.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECT_TIMEOUT_MS = 10000,
    GRACE_MS = 5000,         /* our own deadline comes this long after the server's */
    SLICE_SIZE = 128 * 1024, /* what libpq is given to send at a time bounds its buffer */
    VALUE_COST = 32,         /* memory of a value besides its bytes, about */
};

enum pg_state {
    OPENING,
    IDLE,
    QUERYING,
    COPY_OUT_BEGINNING,
    COPY_OUT,         /* between two reads */
    COPY_OUT_READING, /* a read is active */
    COPY_OUT_CLOSING, /* the last row has come, the server's word about it not yet */
    COPY_OUT_ENDED,   /* the last chunk is with the caller, its empty successor is due */
    COPY_IN_BEGINNING,
    COPY_IN, /* between two writes */
    COPY_IN_WRITING,
    COPY_IN_ENDING,
    BROKEN,
    STATE_COUNT
};

#define TO(state) (1U << (state))
static const unsigned legal_moves[STATE_COUNT] = {
    [OPENING] = TO(IDLE),
    [IDLE] = TO(QUERYING) | TO(COPY_OUT_BEGINNING) | TO(COPY_IN_BEGINNING),
    [QUERYING] = TO(IDLE) | TO(BROKEN),
    [COPY_OUT_BEGINNING] = TO(COPY_OUT) | TO(IDLE) | TO(BROKEN),
    [COPY_OUT] = TO(COPY_OUT_READING),
    [COPY_OUT_READING] = TO(COPY_OUT) | TO(COPY_OUT_CLOSING) | TO(IDLE) | TO(BROKEN),
    [COPY_OUT_CLOSING] = TO(COPY_OUT_ENDED) | TO(IDLE) | TO(BROKEN),
    [COPY_OUT_ENDED] = TO(COPY_OUT_READING),
    [COPY_IN_BEGINNING] = TO(COPY_IN) | TO(IDLE) | TO(BROKEN),
    [COPY_IN] = TO(COPY_IN_WRITING) | TO(COPY_IN_ENDING),
    [COPY_IN_WRITING] = TO(COPY_IN) | TO(BROKEN),
    [COPY_IN_ENDING] = TO(IDLE) | TO(BROKEN),
};

struct pg_database {
    struct database base;
    struct secret dsn;
    struct pg_settings settings; /* its dsn is not used */
    size_t session_count;
};

struct pg_session {
    struct pg_database *pg;
    struct loop *loop;
    struct database_session *session;
    enum pg_state state;
    struct op *active;            /* the operation that waits for us; NULL: none */
    struct database_query *query; /* its query, when QUERYING */
    PGconn *conn;
    struct fd_watch *watch;
    struct timer *deadline;
    struct pg_dsn_request dsn_request;
    struct work resolving;
    struct pg_params params;
    struct buf chunk;
    struct str unsent; /* of copy_write */
    bool is_end_sent;
    size_t values_capacity;
    size_t result_bytes;
    bool is_statement_over; /* the next result belongs to another statement */
    struct error failure;   /* the first one of the active operation */
    bool has_failed;
};

static void set_state(struct pg_session *pg, enum pg_state state)
{
    assert((legal_moves[pg->state] & TO(state)) != 0);
    pg->state = state;
}

static void note_failure(struct pg_session *pg, const struct error *err)
{
    if (!pg->has_failed) {
        pg->failure = *err;
        pg->has_failed = true;
    }
}

/* ---- the end of an operation, and of a session */

static void release(struct pg_session *pg)
{
    fd_watch_free(pg->watch);
    timer_free(pg->deadline);
    PQfinish(pg->conn);
    secret_done(&pg->dsn_request.dsn);
    pg_params_done(&pg->params);
    buf_done(&pg->chunk);
    pg->pg->session_count--;
    free(pg);
}

static void finish(struct pg_session *pg, enum pg_state state)
{
    struct op *op = pg->active;
    set_state(pg, state);
    timer_disarm(pg->deadline);
    if (state == BROKEN) {
        fd_watch_free(pg->watch);
        pg->watch = NULL;
    } else {
        fd_watch_set(pg->watch, false, false);
    }
    if (pg->has_failed && pg->query != NULL) {
        database_query_done(pg->query);
    }
    pg->active = NULL;
    pg->query = NULL;
    op_finish(op, pg->has_failed ? &pg->failure : NULL);
}

/* A session that still runs something after a failure can only be dropped: PQcancel blocks. */
static void finish_failed(struct pg_session *pg)
{
    bool is_usable =
        PQstatus(pg->conn) == CONNECTION_OK && PQtransactionStatus(pg->conn) != PQTRANS_ACTIVE;
    finish(pg, is_usable ? IDLE : BROKEN);
}

static void fail_open(struct pg_session *pg, const struct error *err)
{
    struct database_session *session = pg->session;
    struct error told = *err; /* it may be in what is released */
    release(pg);
    session->handle = NULL;
    op_finish(&session->op, &told);
}

static void deadline_passed(void *context)
{
    struct pg_session *pg = context;
    struct error err;
    if (pg->state == OPENING) {
        error_set(&err, ERROR_TRANSIENT, "timeout", "PostgreSQL did not answer within %lld ms",
                  (long long)pg->pg->settings.connect_timeout_ms);
        fail_open(pg, &err);
        return;
    }
    error_set(&err, ERROR_TRANSIENT, "timeout",
              "PostgreSQL went silent: nothing came of a statement within %lld ms",
              (long long)pg->pg->settings.statement_timeout_ms + GRACE_MS);
    note_failure(pg, &err);
    finish(pg, BROKEN);
}

/* ---- results of statements */

static void take_error(struct pg_session *pg, const PGresult *result)
{
    struct error err;
    struct pg_server_error fields = {
        .sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE),
        .primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY),
        .detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL),
        .hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT),
        .context = PQresultErrorField(result, PG_DIAG_CONTEXT),
    };
    if (fields.sqlstate == NULL) { /* libpq's own: the connection broke */
        pg_error_of_loss(PQresultErrorMessage(result), &err);
    } else {
        pg_error_of_server(&fields, &err);
    }
    note_failure(pg, &err);
}

static void take_columns(struct database_rows *rows, const PGresult *result)
{
    rows->column_count = (size_t)PQnfields(result);
    rows->columns = xcalloc(rows->column_count + 1, sizeof(*rows->columns));
    for (int i = 0; i < PQnfields(result); i++) {
        rows->columns[i] = xstrdup(PQfname(result, i));
    }
}

static void take_row(struct pg_session *pg, const PGresult *result, int row)
{
    struct database_rows *rows = &pg->query->rows;
    size_t used = rows->row_count * rows->column_count;
    if (used + rows->column_count > pg->values_capacity) {
        pg->values_capacity = 2 * (used + rows->column_count) + 16;
        rows->values = xreallocarray(rows->values, pg->values_capacity, sizeof(*rows->values));
    }
    for (int i = 0; i < PQnfields(result); i++) {
        size_t length = (size_t)PQgetlength(result, row, i);
        bool is_null = PQgetisnull(result, row, i) == 1;
        rows->values[used++] = is_null ? NULL : xmemdup0(PQgetvalue(result, row, i), length);
        pg->result_bytes += length + VALUE_COST;
    }
    rows->row_count++;
}

/* The rows of a script are those of its last statement. False: too much. */
static bool take_rows(struct pg_session *pg, PGresult *result)
{
    struct database_rows *rows = &pg->query->rows;
    if (pg->is_statement_over) {
        database_query_done(pg->query);
        pg->values_capacity = 0;
        pg->result_bytes = 0;
    }
    if (rows->columns == NULL) {
        take_columns(rows, result);
    }
    for (int i = 0; i < PQntuples(result); i++) {
        take_row(pg, result, i);
    }
    pg->is_statement_over = PQresultStatus(result) != PGRES_SINGLE_TUPLE;
    if (pg->is_statement_over) {
        uint64_t affected = 0;
        str_to_u64(str_from(PQcmdTuples(result)), &affected);
        rows->affected = affected;
    }
    struct error err;
    if (pg->result_bytes > PG_RESULT_MAX) {
        error_set(&err, ERROR_PERMANENT, "result_too_large",
                  "the result is larger than %d MiB: read it by COPY", PG_RESULT_MAX >> 20);
        note_failure(pg, &err);
        return false;
    }
    return true;
}

/* False: the operation is over, the statement is not. */
static bool take_copy_begin(struct pg_session *pg, ExecStatusType status)
{
    bool is_out = status == PGRES_COPY_OUT && pg->state == COPY_OUT_BEGINNING;
    bool is_in = status == PGRES_COPY_IN && pg->state == COPY_IN_BEGINNING;
    struct error err;
    if (!is_out && !is_in) {
        error_set(&err, ERROR_BUG, "wrong_copy",
                  "a COPY statement was sent by the wrong operation of the database port");
        note_failure(pg, &err);
    }
    return false;
}

static bool take_result(struct pg_session *pg, PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    switch (status) {
    case PGRES_SINGLE_TUPLE:
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
        if (pg->query != NULL) {
            return take_rows(pg, result);
        }
        str_to_u64(str_from(PQcmdTuples(result)), &pg->session->copied);
        return true;
    case PGRES_COPY_OUT:
    case PGRES_COPY_IN:
    case PGRES_COPY_BOTH:
        return take_copy_begin(pg, status);
    default:
        take_error(pg, result);
        return PQstatus(pg->conn) == CONNECTION_OK;
    }
}

/* ---- steps: what each state does when the socket is ready; true: the operation is over */

static bool receive(struct pg_session *pg)
{
    while (PQisBusy(pg->conn) == 0) {
        PGresult *result = PQgetResult(pg->conn);
        if (result == NULL) {
            return true;
        }
        bool goes_on = take_result(pg, result);
        PQclear(result);
        if (!goes_on) {
            return true;
        }
    }
    return false;
}

static bool step_query(struct pg_session *pg)
{
    if (!receive(pg)) {
        return false;
    }
    if (pg->has_failed) {
        finish_failed(pg);
    } else {
        finish(pg, IDLE);
    }
    return true;
}

static bool step_copy_begin(struct pg_session *pg)
{
    struct error err;
    if (!receive(pg)) {
        return false;
    }
    /* A statement that is not a COPY has ended by now. */
    if (!pg->has_failed && PQtransactionStatus(pg->conn) != PQTRANS_ACTIVE) {
        error_set(&err, ERROR_BUG, "not_a_copy",
                  "a statement that is not COPY was sent by a copy operation");
        note_failure(pg, &err);
    }
    if (pg->has_failed) {
        finish_failed(pg);
    } else {
        finish(pg, pg->state == COPY_OUT_BEGINNING ? COPY_OUT : COPY_IN);
    }
    return true;
}

static bool step_copy_out_close(struct pg_session *pg)
{
    if (!receive(pg)) {
        return false;
    }
    if (pg->has_failed) {
        finish_failed(pg);
        return true;
    }
    pg->session->chunk = buf_str(&pg->chunk);
    finish(pg, pg->chunk.len > 0 ? COPY_OUT_ENDED : IDLE);
    return true;
}

static bool step_copy_out_end(struct pg_session *pg, int length)
{
    struct error err;
    if (length == -1) {
        set_state(pg, COPY_OUT_CLOSING);
        return step_copy_out_close(pg);
    }
    pg_error_of_loss(PQerrorMessage(pg->conn), &err);
    note_failure(pg, &err);
    finish(pg, BROKEN);
    return true;
}

static bool take_copy_row(struct pg_session *pg, const char *row, size_t length)
{
    struct error err;
    if (!buf_append(&pg->chunk, row, length)) {
        error_set(&err, ERROR_PERMANENT, "row_too_large", "a row is larger than %d MiB",
                  PG_ROW_MAX >> 20);
        note_failure(pg, &err);
        finish(pg, BROKEN);
        return true;
    }
    if (pg->chunk.len >= PG_CHUNK_SIZE) {
        pg->session->chunk = buf_str(&pg->chunk);
        finish(pg, COPY_OUT);
        return true;
    }
    return false;
}

/* Reads the socket again as long as that gives rows: cheaper than a turn of the loop for each 8
 * KiB. */
static bool step_copy_out_read(struct pg_session *pg)
{
    for (bool is_dry = false;;) {
        char *row = NULL;
        int length = PQgetCopyData(pg->conn, &row, 1);
        if (length < 0) {
            return step_copy_out_end(pg, length);
        }
        if (length == 0) {
            if (is_dry || PQconsumeInput(pg->conn) == 0) {
                return false;
            }
            is_dry = true;
            continue;
        }
        is_dry = false;
        bool is_over = take_copy_row(pg, row, (size_t)length);
        PQfreemem(row);
        if (is_over) {
            return true;
        }
    }
}

/* An error of the server is not looked for before copy_end: libpq keeps it until then, and the
 * server swallows what comes after it. */
static bool step_copy_in_write(struct pg_session *pg)
{
    while (PQstatus(pg->conn) == CONNECTION_OK && PQflush(pg->conn) == 0) {
        if (pg->unsent.len == 0) {
            finish(pg, COPY_IN);
            return true;
        }
        size_t size = pg->unsent.len < SLICE_SIZE ? pg->unsent.len : SLICE_SIZE;
        if (PQputCopyData(pg->conn, pg->unsent.ptr, (int)size) != 1) {
            return false;
        }
        pg->unsent.ptr += size;
        pg->unsent.len -= size;
    }
    return false;
}

static bool step_copy_in_end(struct pg_session *pg)
{
    if (!pg->is_end_sent) {
        pg->is_end_sent = PQputCopyEnd(pg->conn, NULL) == 1;
    }
    return pg->is_end_sent && PQflush(pg->conn) == 0 && step_query(pg);
}

static bool (*const steps[STATE_COUNT])(struct pg_session *) = {
    [QUERYING] = step_query,
    [COPY_OUT_BEGINNING] = step_copy_begin,
    [COPY_OUT_READING] = step_copy_out_read,
    [COPY_OUT_CLOSING] = step_copy_out_close,
    [COPY_IN_BEGINNING] = step_copy_begin,
    [COPY_IN_WRITING] = step_copy_in_write,
    [COPY_IN_ENDING] = step_copy_in_end,
};

static void advance(struct pg_session *pg)
{
    struct error err;
    PQflush(pg->conn);
    bool is_alive = PQconsumeInput(pg->conn) == 1;
    if (steps[pg->state](pg)) {
        return;
    }
    if (!is_alive || PQstatus(pg->conn) != CONNECTION_OK) {
        pg_error_of_loss(PQerrorMessage(pg->conn), &err);
        note_failure(pg, &err);
        finish(pg, BROKEN);
        return;
    }
    /* The socket may have become free since the step found it full: while there is more to send,
     * only its readiness for it brings us back here. */
    bool has_more =
        pg->state == COPY_IN_WRITING || (pg->state == COPY_IN_ENDING && !pg->is_end_sent);
    fd_watch_set(pg->watch, true, has_more || PQflush(pg->conn) == 1);
}

static void socket_ready(void *context, bool is_readable, bool is_writable)
{
    (void)is_readable;
    (void)is_writable;
    struct pg_session *pg = context;
    if (pg->active != NULL) {
        advance(pg);
    }
}

/* ---- opening */

static void discard_notice(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

static void opened(struct pg_session *pg)
{
    PQsetnonblocking(pg->conn, 1);
    PQsetErrorVerbosity(pg->conn, PQERRORS_DEFAULT);
    pg->watch = fd_watch_new(pg->loop, PQsocket(pg->conn), socket_ready, pg);
    pg->active = &pg->session->op;
    finish(pg, IDLE);
}

static void fail_connect(struct pg_session *pg)
{
    struct error err;
    const char *message = PQerrorMessage(pg->conn);
    if (strncmp(message, "invalid ", strlen("invalid ")) == 0) {
        error_set(&err, ERROR_PERMANENT, "bad_dsn", "the database DSN: %s", message);
    } else if (PQconnectionNeedsPassword(pg->conn) == 1) {
        error_set(&err, ERROR_PERMANENT, "no_password",
                  "PostgreSQL on %s port %s wants a password, and the database DSN has none",
                  PQhost(pg->conn), PQport(pg->conn));
    } else {
        pg_error_of_connect(message, &err);
    }
    const char *host = PQhost(pg->conn); /* libpq tells the address alone when it is given one */
    if (host != NULL && strstr(err.message, host) == NULL) {
        error_prefix(&err, "host %s", host);
    }
    fail_open(pg, &err);
}

static void poll_connection(void *context, bool is_readable, bool is_writable)
{
    (void)is_readable;
    (void)is_writable;
    struct pg_session *pg = context;
    /* PQconnectPoll may close its socket and open another. */
    fd_watch_free(pg->watch);
    pg->watch = NULL;
    PostgresPollingStatusType status = PQconnectPoll(pg->conn);
    if (status == PGRES_POLLING_OK) {
        opened(pg);
    } else if (status == PGRES_POLLING_FAILED) {
        fail_connect(pg);
    } else {
        pg->watch = fd_watch_new(pg->loop, PQsocket(pg->conn), poll_connection, pg);
        fd_watch_set(pg->watch, status == PGRES_POLLING_READING, status != PGRES_POLLING_READING);
    }
}

static void connect_session(struct pg_session *pg)
{
    pg->conn = PQconnectStartParams(pg->params.keywords, (const char *const *)pg->params.values, 0);
    pg_params_done(&pg->params);
    PQsetNoticeReceiver(pg->conn, discard_notice, NULL);
    PQsetErrorVerbosity(pg->conn, PQERRORS_VERBOSE); /* the only way to a refusal's SQLSTATE */
    if (PQstatus(pg->conn) == CONNECTION_BAD) {
        fail_connect(pg);
        return;
    }
    timer_arm(pg->deadline, pg->pg->settings.connect_timeout_ms);
    pg->watch = fd_watch_new(pg->loop, PQsocket(pg->conn), poll_connection, pg);
    fd_watch_set(pg->watch, false, true);
}

static bool resolve(struct work *work, struct error *err)
{
    struct pg_session *pg = OP_CONTAINER(work, struct pg_session, resolving);
    return pg_params_resolve(&pg->params, err);
}

static void resolved(struct op *op, const struct error *err)
{
    struct pg_session *pg = op->context;
    if (err != NULL || pg->has_failed) {
        fail_open(pg, pg->has_failed ? &pg->failure : err);
        return;
    }
    connect_session(pg);
}

static void open_with(struct pg_session *pg, const char *dsn)
{
    struct error err;
    if (!pg_params_parse(&pg->params, dsn, pg->pg->settings.statement_timeout_ms, &err)) {
        fail_open(pg, &err);
        return;
    }
    if (!pg_params_need_resolving(&pg->params)) {
        connect_session(pg);
        return;
    }
    pg->resolving = (struct work){.op = {.done = resolved, .context = pg}, .run = resolve};
    work_start(pg->loop, &pg->resolving);
}

static void dsn_provided(struct op *op, const struct error *err)
{
    struct pg_session *pg = op->context;
    if (err != NULL || pg->has_failed) {
        fail_open(pg, pg->has_failed ? &pg->failure : err);
        return;
    }
    open_with(pg, secret_reveal(&pg->dsn_request.dsn));
}

static void pg_open(struct database *database, struct database_session *session)
{
    struct pg_database *owner = OP_CONTAINER(database, struct pg_database, base);
    struct pg_session *pg = xcalloc(1, sizeof(*pg));
    op_begin(&session->op, database->loop);
    *pg = (struct pg_session){.pg = owner, .loop = database->loop, .session = session};
    pg->deadline = timer_new(pg->loop, deadline_passed, pg);
    buf_init(&pg->chunk, PG_CHUNK_SIZE + PG_ROW_MAX);
    owner->session_count++;
    session->handle = pg;
    if (owner->settings.provide_dsn == NULL) {
        open_with(pg, secret_reveal(&owner->dsn));
        return;
    }
    pg->dsn_request.op = (struct op){.done = dsn_provided, .context = pg};
    owner->settings.provide_dsn(owner->settings.provider_context, &pg->dsn_request);
}

/* PQfinish does not wait on a non-blocking connection; a server that hears the end in the middle of
 * a statement rolls back. */
static void pg_close(struct database_session *session)
{
    struct pg_session *pg = session->handle;
    assert(pg->active == NULL && !op_is_active(&session->op));
    release(pg);
}

/* The server is not told: PQcancel blocks. It notices when it next writes to the closed connection.
 */
static void pg_cancel(struct database_session *session)
{
    struct error err;
    struct pg_session *pg = session->handle;
    bool is_asking = op_is_active(&pg->dsn_request.op) || op_is_active(&pg->resolving.op);
    error_set(&err, ERROR_CANCELLED, "cancelled", "the database operation was stopped on request");
    if (pg->state == OPENING) {
        note_failure(pg, &err);
        if (!is_asking) {
            fail_open(pg, &err);
        }
    } else if (pg->active != NULL) {
        note_failure(pg, &err);
        finish(pg, BROKEN);
    }
}

/* ---- beginning an operation */

static void refuse(struct op *op, const struct pg_session *pg)
{
    struct error err;
    if (pg == NULL) {
        error_set(&err, ERROR_BUG, "not_open", "the database session is not open");
    } else if (pg->state == BROKEN) {
        error_set(&err, ERROR_TRANSIENT, "connection_lost",
                  "the PostgreSQL session was lost earlier: open another");
    } else {
        error_set(&err, ERROR_BUG, "wrong_state",
                  "the database session is in the middle of another operation");
    }
    op_finish(op, &err);
}

/* Gives the session, or NULL after refusing op because its state is not `from`. */
static struct pg_session *begin(struct database_session *session, struct op *op, enum pg_state from,
                                enum pg_state to)
{
    struct pg_session *pg = session->handle;
    op_begin(op, session->database->loop);
    if (pg == NULL || pg->active != NULL || pg->state != from) {
        refuse(op, pg);
        return NULL;
    }
    set_state(pg, to);
    pg->active = op;
    pg->has_failed = false;
    if (pg->pg->settings.statement_timeout_ms > 0) {
        timer_arm(pg->deadline, pg->pg->settings.statement_timeout_ms + GRACE_MS);
    }
    return pg;
}

static void sent(struct pg_session *pg, int is_sent)
{
    struct error err;
    if (is_sent == 1) {
        advance(pg);
        return;
    }
    pg_error_of_loss(PQerrorMessage(pg->conn), &err);
    note_failure(pg, &err);
    finish(pg, BROKEN);
}

static void pg_query(struct database_session *session, struct database_query *query)
{
    struct pg_session *pg = begin(session, &query->op, IDLE, QUERYING);
    if (pg == NULL) {
        return;
    }
    pg->query = query;
    pg->values_capacity = 0;
    pg->result_bytes = 0;
    pg->is_statement_over = false;
    int is_sent = query->parameter_count == 0
                      ? PQsendQuery(pg->conn, query->sql)
                      : PQsendQueryParams(pg->conn, query->sql, (int)query->parameter_count, NULL,
                                          query->parameters, NULL, NULL, 0);
    PQsetSingleRowMode(pg->conn); /* so that a result too large is noticed before it is in memory */
    sent(pg, is_sent);
}

static void pg_copy_out(struct database_session *session, const char *sql)
{
    struct pg_session *pg = begin(session, &session->op, IDLE, COPY_OUT_BEGINNING);
    if (pg != NULL) {
        session->copied = 0;
        sent(pg, PQsendQuery(pg->conn, sql));
    }
}

static void pg_copy_read(struct database_session *session)
{
    struct pg_session *pg = session->handle;
    bool has_ended = pg != NULL && pg->state == COPY_OUT_ENDED;
    pg = begin(session, &session->op, has_ended ? COPY_OUT_ENDED : COPY_OUT, COPY_OUT_READING);
    session->chunk = STR("");
    if (pg == NULL) {
        return;
    }
    buf_reset(&pg->chunk);
    if (has_ended) {
        finish(pg, IDLE);
    } else {
        advance(pg);
    }
}

static void pg_copy_in(struct database_session *session, const char *sql)
{
    struct pg_session *pg = begin(session, &session->op, IDLE, COPY_IN_BEGINNING);
    if (pg != NULL) {
        session->copied = 0;
        sent(pg, PQsendQuery(pg->conn, sql));
    }
}

static void pg_copy_write(struct database_session *session, struct str data)
{
    struct pg_session *pg = begin(session, &session->op, COPY_IN, COPY_IN_WRITING);
    if (pg != NULL) {
        pg->unsent = data;
        advance(pg);
    }
}

static void pg_copy_end(struct database_session *session)
{
    struct pg_session *pg = begin(session, &session->op, COPY_IN, COPY_IN_ENDING);
    if (pg != NULL) {
        pg->is_end_sent = false;
        advance(pg);
    }
}

static void pg_free(struct database *database)
{
    struct pg_database *pg = OP_CONTAINER(database, struct pg_database, base);
    assert(pg->session_count == 0);
    if (pg->settings.provider_free != NULL) {
        pg->settings.provider_free(pg->settings.provider_context);
    }
    secret_done(&pg->dsn);
    free(pg);
}

struct database *pg_database_new(struct loop *loop, const struct pg_settings *settings)
{
    static const struct database_ops ops = {
        .open = pg_open,
        .close = pg_close,
        .query = pg_query,
        .copy_out = pg_copy_out,
        .copy_read = pg_copy_read,
        .copy_in = pg_copy_in,
        .copy_write = pg_copy_write,
        .copy_end = pg_copy_end,
        .cancel = pg_cancel,
        .free = pg_free,
    };
    struct pg_database *pg = xcalloc(1, sizeof(*pg));
    pg->base = (struct database){.ops = &ops, .loop = loop};
    pg->settings = *settings;
    pg->settings.dsn = NULL;
    if (pg->settings.connect_timeout_ms == 0) {
        pg->settings.connect_timeout_ms = CONNECT_TIMEOUT_MS;
    }
    secret_set(&pg->dsn, str_from(settings->dsn));
    return &pg->base;
}

int pg_library_version(void)
{
    return PQlibVersion();
}
