/* Port: a PostgreSQL database, by sessions. Adapter: net/pg (libpq on the loop). Loop thread only.
 * A session does one operation at a time, in order. Connection trouble is transient, SQL errors are
 * permanent (code = SQLSTATE, message with the server's text); 40001, 40P01, 53*, 57*, 08* are
 * transient. */
#ifndef GATEHOUSE_PORTS_DATABASE_H
#define GATEHOUSE_PORTS_DATABASE_H

#include "core/base/buf.h"
#include "core/loop/op.h"

struct database_rows { /* text form; NULL pointers are SQL NULLs; valid until database_query_done */
    size_t row_count, column_count;
    char **columns;    /* column_count names */
    char **values;     /* [row * column_count + column] */
    uint64_t affected; /* rows inserted, updated, deleted, copied */
};

struct database_session {
    struct op op; /* of open, close and the copy operations */
    struct database *database;
    void *handle; /* private; NULL: not open */
    struct str
        chunk; /* result of copy_read; length 0 at the end; borrowed until the next operation */
    uint64_t copied; /* result of copy_end: rows */
};

struct database_query {
    struct op op;
    const char *sql;               /* one statement when there are parameters, else any number */
    const char *const *parameters; /* $1.. in text form; NULL element: SQL NULL */
    size_t parameter_count;
    struct database_rows rows; /* result: database_query_done frees */
    void *handle;              /* private */
};

struct database {
    const struct database_ops *ops;
    struct loop *loop;
};

struct database_ops {
    void (*open)(struct database *database, struct database_session *session);
    void (*close)(struct database_session
                      *session); /* at once: rolls back what is open; no operation active */
    void (*query)(struct database_session *session, struct database_query *query);
    void (*copy_out)(struct database_session *session, const char *sql); /* COPY ... TO STDOUT */
    void (*copy_read)(struct database_session *session);
    void (*copy_in)(struct database_session *session, const char *sql); /* COPY ... FROM STDIN */
    void (*copy_write)(struct database_session *session, struct str data);
    void (*copy_end)(
        struct database_session *session); /* of a copy_in: the server has taken all of it */
    void (*cancel)(struct database_session *session);
    void (*free)(struct database *database);
};

void database_open_start(struct database *database, struct database_session *session);
void database_close(struct database_session *session); /* accepts one that is not open */
void database_query_start(struct database_session *session, struct database_query *query);
void database_query_done(struct database_query *query);
void database_copy_out_start(struct database_session *session, const char *sql);
void database_copy_read_start(struct database_session *session);
void database_copy_in_start(struct database_session *session, const char *sql);
void database_copy_write_start(struct database_session *session, struct str data);
void database_copy_end_start(struct database_session *session);
/* The active operation, if any, ends soon (done still comes, class cancelled); whatever it was, the
 * session can then only be closed. */
void database_cancel(struct database_session *session);
void database_free(struct database *database); /* accepts NULL */
/* Appends an SQL identifier or literal, quoted by the rules of the PostgreSQL manual 4.1. */
void database_append_identifier(struct buf *sql, struct str name);
void database_append_literal(struct buf *sql, struct str value);

#endif
