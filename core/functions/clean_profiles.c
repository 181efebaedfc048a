/* msecindustries-ingest-clean-rds: the customer profiles of the database, streamed by COPY,
 * cleaned. */
#include "core/functions/cleaning.h"

#include <stdlib.h>

struct profile_source {
    const char *table;
};

/* A stable order makes the same table give the same bytes. */
static void build_copy(struct buf *sql, const char *table)
{
    struct str rest = str_from(table);
    buf_append_text(sql,
                    "COPY (SELECT customer_id, limit_bal, sex, education, marriage, age FROM ");
    for (bool is_first = true; rest.len > 0; is_first = false) {
        struct str part = str_split(rest, '.', &rest);
        buf_append_text(sql, is_first ? "" : ".");
        database_append_identifier(sql, part);
    }
    buf_append_text(sql, " ORDER BY 1, 2, 3, 4, 5, 6) TO STDOUT WITH (FORMAT csv, HEADER)");
}

static bool read_all(struct function_context *context, struct database_session *session,
                     struct clean *clean, struct error *err)
{
    for (;;) {
        database_copy_read_start(session);
        if (!loop_await(context->loop, &session->op, err) || !function_has_time(context, err)) {
            return false;
        }
        if (session->chunk.len == 0) {
            return true;
        }
        if (!clean_feed(clean, session->chunk, err)) {
            return false;
        }
    }
}

static bool copy_table(struct cleaning *cleaning, struct database_session *session,
                       struct clean *clean, struct error *err)
{
    struct profile_source *source = cleaning->source;
    struct buf sql;
    buf_init(&sql, 4096);
    build_copy(&sql, source->table);
    clean_begin_object(clean, str_from(source->table));
    database_copy_out_start(session, buf_text(&sql));
    bool is_read = loop_await(cleaning->context->loop, &session->op, err) &&
                   read_all(cleaning->context, session, clean, err) && clean_end_object(clean, err);
    buf_done(&sql);
    return is_read;
}

static bool feed_table(struct cleaning *cleaning, struct clean *clean, struct error *err)
{
    struct database_session session = {0};
    database_open_start(cleaning->context->database, &session);
    if (!loop_await(cleaning->context->loop, &session.op, err)) {
        return error_prefix(err, "profiles");
    }
    bool is_fed = copy_table(cleaning, &session, clean, err);
    database_close(&session);
    return is_fed || error_prefix(err, "profiles");
}

struct json *function_clean_profiles(struct function_context *context, const struct json *event,
                                     struct error *err)
{
    struct profile_source source = {0};
    struct cleaning cleaning = {
        .context = context,
        .kind = &clean_profiles,
        .cleaned_name = "credit_default_rds_cleaned.csv",
        .feed = feed_table,
        .source = &source,
    };
    if (context->database == NULL) {
        error_set(err, ERROR_PERMANENT, "no_database",
                  "no database is given: set GATEHOUSE_DATABASE_DSN");
        return NULL;
    }
    if (!event_table(event, &source.table, err) || !cleaning_init(&cleaning, event, err)) {
        return NULL;
    }
    return cleaning_run(&cleaning, err);
}
