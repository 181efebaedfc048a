/* The store's tables, and how older files are brought up to date. */
#include "core/store/store_internal.h"

#include "core/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "GTHS": marks a file as ours (SQLite's application_id). */
enum { STORE_APPLICATION_ID = 0x47544853 };

/* migrations[n] leads from user_version n to n + 1. */
static const char *const migrations[] = {
    /* A run's events lie side by side, in order: appending touches one page. */
    "CREATE TABLE runs ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT,"
    " id TEXT NOT NULL UNIQUE,"
    " pipeline TEXT NOT NULL, backend TEXT NOT NULL, environment TEXT NOT NULL,"
    " user TEXT NOT NULL,"
    " state TEXT NOT NULL DEFAULT 'created',"
    " verdict TEXT NOT NULL DEFAULT 'none',"
    " created_ms INTEGER NOT NULL,"
    " ended_ms INTEGER NOT NULL DEFAULT 0,"
    " accuracy REAL, auc REAL,"
    " last_seq INTEGER NOT NULL DEFAULT 0,"
    " is_notable INTEGER NOT NULL DEFAULT 0,"
    " mirrored_seq INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE TABLE events ("
    " run INTEGER NOT NULL REFERENCES runs (number),"
    " seq INTEGER NOT NULL,"
    " ts_ms INTEGER NOT NULL,"
    " type TEXT NOT NULL,"
    " body TEXT NOT NULL,"
    " PRIMARY KEY (run, seq)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE commands ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " run INTEGER NOT NULL REFERENCES runs (number),"
    " ts_ms INTEGER NOT NULL,"
    " verb TEXT NOT NULL,"
    " stage TEXT, user TEXT, tty TEXT, reason TEXT,"
    " answer_seq INTEGER) STRICT;"
    "CREATE INDEX commands_pending ON commands (run) WHERE answer_seq IS NULL;",
    "CREATE TABLE operator_log ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " run INTEGER REFERENCES runs (number)," /* the one that was looked at, if any */
    " ts_ms INTEGER NOT NULL,"
    " deed TEXT NOT NULL,"
    " until_ms INTEGER NOT NULL DEFAULT 0,"
    " user TEXT, tty TEXT, reason TEXT) STRICT;",
};
enum { STORE_VERSION = sizeof migrations / sizeof migrations[0] };

static bool read_pragma(struct store *store, const char *sql, int64_t *out_value, struct error *err)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
    if (rc != SQLITE_OK) {
        return store_fail(store, rc, "open", err);
    }
    bool has_row = false;
    bool is_ok = store_step(store, statement, &has_row, err);
    if (is_ok) {
        *out_value = has_row ? sqlite3_column_int64(statement, 0) : 0;
    }
    sqlite3_finalize(statement);
    return is_ok;
}

static bool check_identity(struct store *store, int64_t *out_version, struct error *err)
{
    int64_t application = 0, version = 0, tables = 0;
    if (!read_pragma(store, "PRAGMA application_id", &application, err) ||
        !read_pragma(store, "PRAGMA user_version", &version, err) ||
        !read_pragma(store, "SELECT count(*) FROM sqlite_schema", &tables, err)) {
        return false;
    }
    if (application != STORE_APPLICATION_ID && (tables > 0 || version != 0)) {
        return store_damaged(store, err, "it is another program's database");
    }
    if (version > STORE_VERSION) {
        return error_set(err, ERROR_PERMANENT, "store_newer",
                         "run store %s was made by a newer version of gatehouse (format %lld, this "
                         "one knows %d): use that version, or another state folder",
                         store->path, (long long)version, (int)STORE_VERSION);
    }
    *out_version = version;
    return true;
}

static bool migrate_from(struct store *store, int64_t version, struct error *err)
{
    for (int64_t v = version; v < STORE_VERSION; v++) {
        int rc = sqlite3_exec(store->db, migrations[v], NULL, NULL, NULL);
        if (rc != SQLITE_OK) {
            return store_fail(store, rc, "bring the tables up to date", err);
        }
    }
    char sql[96];
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             (int)STORE_APPLICATION_ID, (int)STORE_VERSION);
    int rc = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK || store_fail(store, rc, "bring the tables up to date", err);
}

/* Another process may have done it while we waited for the lock: look again inside. */
static bool migrate(struct store *store, struct error *err)
{
    int64_t version = 0;
    if (!store_begin(store, err)) {
        return false;
    }
    if (!check_identity(store, &version, err) || !migrate_from(store, version, err)) {
        store_rollback(store);
        return false;
    }
    store->version = STORE_VERSION;
    return store_commit(store, err);
}

/* All of it from one moment: between two reads another process may make the tables. */
static bool look_at(struct store *store, int64_t *out_version, struct error *err)
{
    int rc = sqlite3_exec(store->db, "BEGIN", NULL, NULL, NULL);
    if (rc != SQLITE_OK) {
        return store_fail(store, rc, "open", err);
    }
    bool is_ok = check_identity(store, out_version, err);
    sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL); /* nothing was written */
    return is_ok;
}

bool store_prepare_schema(struct store *store, enum store_mode mode, struct error *err)
{
    int64_t version = 0;
    if (!look_at(store, &version, err)) {
        return false;
    }
    store->version = version;
    if (mode == STORE_WRITE && version < STORE_VERSION) {
        return migrate(store, err);
    }
    if (version == 0) {
        return error_set(err, ERROR_PERMANENT, "not_found", "there are no runs yet (%s is new)",
                         store->path);
    }
    return true; /* what older files lack, a reader does without: see store->version */
}
