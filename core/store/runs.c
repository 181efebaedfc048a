/* The runs of the store: their rows, how they are named and found. */
#include "core/store/store_internal.h"

#include "core/base/alloc.h"
#include "core/base/clock.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void store_make_run_id(int64_t wall_ms, uint64_t random, char out_id[RUN_ID_SIZE])
{
    char utc[CLOCK_TEXT_SIZE]; /* 2026-11-22T15:39:28.123Z */
    clock_format_utc(wall_ms, utc);
    snprintf(out_id, RUN_ID_SIZE, "%.4s%.2s%.2s-%.2s%.2s%.2s-%06x", utc, utc + 5, utc + 8, utc + 11,
             utc + 14, utc + 17, (unsigned)(random & 0xffffff));
}

static void copy_column(sqlite3_stmt *statement, int index, char *out_text, size_t size)
{
    snprintf(out_text, size, "%s", store_column_text(statement, index));
}

static double column_or_nan(sqlite3_stmt *statement, int index)
{
    bool is_null = sqlite3_column_type(statement, index) == SQLITE_NULL;
    return is_null ? (double)NAN : sqlite3_column_double(statement, index);
}

bool store_read_run_row(const struct store *store, sqlite3_stmt *statement,
                        struct store_run_row *out_row, struct error *err)
{
    struct run_summary run = {0};
    run.number = sqlite3_column_int64(statement, 0);
    copy_column(statement, 1, run.id, sizeof run.id);
    copy_column(statement, 2, run.pipeline, sizeof run.pipeline);
    copy_column(statement, 3, run.backend, sizeof run.backend);
    copy_column(statement, 4, run.environment, sizeof run.environment);
    copy_column(statement, 5, run.user, sizeof run.user);
    if (!run_state_from_name(str_from(store_column_text(statement, 6)), &run.state) ||
        !verdict_from_name(str_from(store_column_text(statement, 7)), &run.verdict)) {
        return store_damaged(store, err, "a run has an unknown state");
    }
    run.created_ms = sqlite3_column_int64(statement, 8);
    run.ended_ms = sqlite3_column_int64(statement, 9);
    run.accuracy = column_or_nan(statement, 10);
    run.auc = column_or_nan(statement, 11);
    run.last_seq = sqlite3_column_int64(statement, 12);
    *out_row = (struct store_run_row){run, sqlite3_column_int(statement, 13) != 0};
    return true;
}

/* Reads the single row of a bound statement; *out_found false when there is none. */
static bool read_one(struct store *store, sqlite3_stmt *statement, struct store_run_row *out_row,
                     bool *out_found, struct error *err)
{
    bool is_ok = store_step(store, statement, out_found, err);
    if (is_ok && *out_found) {
        is_ok = store_read_run_row(store, statement, out_row, err);
    }
    sqlite3_reset(statement);
    return is_ok;
}

bool store_load_run(struct store *store, const char *run_id, struct store_run_row *out_row,
                    struct error *err)
{
    sqlite3_stmt *statement = store_statement(store, STORE_SQL_RUN_BY_ID, err);
    if (statement == NULL) {
        return false;
    }
    store_bind_text(statement, 1, run_id);
    bool is_found = false;
    if (!read_one(store, statement, out_row, &is_found, err)) {
        return false;
    }
    return is_found || error_set(err, ERROR_PERMANENT, "not_found",
                                 "there is no run '%s' in %s: `gatehouse runs` lists them", run_id,
                                 store->path);
}

/* ---- creating */
static const char *hello_word(const struct event *hello, const char *name)
{
    return json_text_or(hello->body, name, "");
}

static bool insert_run(struct store *store, const char *run_id, const struct event *hello,
                       struct error *err)
{
    sqlite3_stmt *statement = store_statement(store, STORE_SQL_INSERT_RUN, err);
    if (statement == NULL) {
        return false;
    }
    store_bind_text(statement, 1, run_id);
    store_bind_text(statement, 2, hello_word(hello, "pipeline"));
    store_bind_text(statement, 3, hello_word(hello, "backend"));
    store_bind_text(statement, 4, hello_word(hello, "environment"));
    store_bind_text(statement, 5, hello_word(hello, "user"));
    sqlite3_bind_int64(statement, 6, hello->ts_ms);
    bool is_ok = store_execute(store, statement, err);
    if (!is_ok && sqlite3_extended_errcode(store->db) == SQLITE_CONSTRAINT_UNIQUE) {
        error_set(err, ERROR_PERMANENT, "exists", "there is a run '%s' already", run_id);
    }
    return is_ok;
}

bool store_create_run(struct store *store, const char *run_id, struct event *hello,
                      int64_t *out_number, struct error *err)
{
    if (!store_begin(store, err)) {
        return false;
    }
    if (!insert_run(store, run_id, hello, err)) {
        store_rollback(store);
        return false;
    }
    int64_t number = sqlite3_last_insert_rowid(store->db);
    json_set_int(hello->body, "number", number);
    if (!store_append_in_transaction(store, run_id, hello, 1, err)) {
        store_rollback(store);
        return false;
    }
    if (!store_commit(store, err)) {
        return false;
    }
    hello->seq = 1;
    *out_number = number;
    return true;
}

/* ---- listing and finding */
bool store_list_runs(struct store *store, const struct run_filter *filter, int limit,
                     store_run_fn each, void *context, struct error *err)
{
    sqlite3_stmt *statement = store_statement(store, STORE_SQL_RUN_LIST, err);
    if (statement == NULL) {
        return false;
    }
    store_bind_text(statement, 1, filter->pipeline);
    store_bind_text(statement, 2, filter->by_state ? run_state_name(filter->state) : NULL);
    sqlite3_bind_int64(statement, 3, filter->before_number ? filter->before_number : INT64_MAX);
    sqlite3_bind_int(statement, 4, limit);
    bool is_ok = true, has_row = false;
    while ((is_ok = store_step(store, statement, &has_row, err)) && has_row) {
        struct store_run_row row;
        if (!(is_ok = store_read_run_row(store, statement, &row, err)) ||
            !each(context, &row.summary)) {
            break;
        }
    }
    sqlite3_reset(statement);
    return is_ok;
}

struct latest {
    struct run_summary *out_run;
    bool is_found;
};

static bool take_latest(void *context, const struct run_summary *run)
{
    struct latest *latest = context;
    *latest->out_run = *run;
    latest->is_found = true;
    return false;
}

static bool find_latest(struct store *store, struct run_summary *out_run, struct error *err)
{
    struct latest latest = {out_run, false};
    if (!store_list_runs(store, &(struct run_filter){0}, 1, take_latest, &latest, err)) {
        return false;
    }
    return latest.is_found ||
           error_set(err, ERROR_PERMANENT, "not_found", "there are no runs yet in %s", store->path);
}

static bool find_number(struct store *store, int64_t number, struct run_summary *out_run,
                        bool *out_found, struct error *err)
{
    sqlite3_stmt *statement = store_statement(store, STORE_SQL_RUN_BY_NUMBER, err);
    if (statement == NULL) {
        return false;
    }
    sqlite3_bind_int64(statement, 1, number);
    struct store_run_row row;
    if (!read_one(store, statement, &row, out_found, err)) {
        return false;
    }
    if (*out_found) {
        *out_run = row.summary;
    }
    return true;
}

static bool fail_ambiguous(const char *reference, const struct store_run_row *rows, int count,
                           struct error *err)
{
    return error_set(err, ERROR_PERMANENT, "ambiguous",
                     "'%s' may be run %s, %s%s: give more of the id, or the run's number",
                     reference, rows[0].summary.id, rows[1].summary.id,
                     count > 2 ? " and others" : "");
}

/* The whole id counts as its own prefix: no other id is that long. */
static bool find_prefix(struct store *store, const char *reference, struct run_summary *out_run,
                        struct error *err)
{
    sqlite3_stmt *statement = store_statement(store, STORE_SQL_RUN_BY_PREFIX, err);
    if (statement == NULL) {
        return false;
    }
    store_bind_text(statement, 1, reference);
    struct store_run_row rows[3];
    int count = 0;
    bool is_ok = true, has_row = false;
    while (count < 3 && (is_ok = store_step(store, statement, &has_row, err)) && has_row &&
           (is_ok = store_read_run_row(store, statement, &rows[count], err))) {
        count++;
    }
    sqlite3_reset(statement);
    if (!is_ok) {
        return false;
    }
    if (count > 1) {
        return fail_ambiguous(reference, rows, count, err);
    }
    if (count == 0) {
        return error_set(err, ERROR_PERMANENT, "not_found",
                         "there is no run '%s' in %s: give latest, a number, an id or the "
                         "beginning of one; `gatehouse runs` lists them",
                         reference, store->path);
    }
    *out_run = rows[0].summary;
    return true;
}

static bool is_well_formed(const char *reference)
{
    size_t len = strlen(reference);
    for (size_t i = 0; i < len; i++) {
        if (!isxdigit((unsigned char)reference[i]) && reference[i] != '-') {
            return false;
        }
    }
    return len > 0 && len < RUN_ID_SIZE;
}

bool store_find_run(struct store *store, const char *reference, struct run_summary *out_run,
                    struct error *err)
{
    if (strcmp(reference, "latest") == 0) {
        return find_latest(store, out_run, err);
    }
    if (!is_well_formed(reference)) {
        return error_set(err, ERROR_PERMANENT, "bad_run",
                         "'%.64s' is not a run: give latest, a number, an id such as "
                         "20261122-153928-a1b2c3 or the beginning of one",
                         reference);
    }
    int64_t number = 0;
    bool is_found = false;
    if (str_to_i64(str_from(reference), &number) &&
        (!find_number(store, number, out_run, &is_found, err) || is_found)) {
        return is_found;
    }
    return find_prefix(store, reference, out_run, err);
}
