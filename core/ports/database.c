/* Dispatch to the adapter, and quoting. */
#include "core/ports/database.h"

#include <stdlib.h>

void database_open_start(struct database *database, struct database_session *session)
{
    session->database = database;
    session->handle = NULL;
    database->ops->open(database, session);
}

void database_close(struct database_session *session)
{
    if (session->handle != NULL) {
        session->database->ops->close(session);
        session->handle = NULL;
    }
}

void database_query_start(struct database_session *session, struct database_query *query)
{
    query->rows = (struct database_rows){0};
    session->database->ops->query(session, query);
}

void database_query_done(struct database_query *query)
{
    struct database_rows *rows = &query->rows;
    for (size_t i = 0; i < rows->row_count * rows->column_count; i++) {
        free(rows->values[i]);
    }
    for (size_t i = 0; i < rows->column_count; i++) {
        free(rows->columns[i]);
    }
    free(rows->values);
    free(rows->columns);
    *rows = (struct database_rows){0};
}

void database_copy_out_start(struct database_session *session, const char *sql)
{
    session->database->ops->copy_out(session, sql);
}

void database_copy_read_start(struct database_session *session)
{
    session->database->ops->copy_read(session);
}

void database_copy_in_start(struct database_session *session, const char *sql)
{
    session->database->ops->copy_in(session, sql);
}

void database_copy_write_start(struct database_session *session, struct str data)
{
    session->database->ops->copy_write(session, data);
}

void database_copy_end_start(struct database_session *session)
{
    session->database->ops->copy_end(session);
}

void database_cancel(struct database_session *session)
{
    if (session->handle != NULL) {
        session->database->ops->cancel(session);
    }
}

void database_free(struct database *database)
{
    if (database != NULL) {
        database->ops->free(database);
    }
}

static void append_quoted(struct buf *sql, struct str text, char quote)
{
    buf_append_char(sql, quote);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == quote) {
            buf_append_char(sql, quote);
        }
        buf_append_char(sql, text.ptr[i]);
    }
    buf_append_char(sql, quote);
}

void database_append_identifier(struct buf *sql, struct str name)
{
    append_quoted(sql, name, '"');
}

/* With standard_conforming_strings on (the default since 9.1) a backslash is an ordinary byte. */
void database_append_literal(struct buf *sql, struct str value)
{
    append_quoted(sql, value, '\'');
}
