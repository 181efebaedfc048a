/* Inside core/store: the handle, its prepared statements, transactions and error mapping. */
#ifndef GATEHOUSE_STORE_STORE_INTERNAL_H
#define GATEHOUSE_STORE_STORE_INTERNAL_H

#include "core/store/store.h"

#include <sqlite3.h>

#define STORE_RUN_COLUMNS                                                                          \
    "number, id, pipeline, backend, environment, user, state, verdict, created_ms, ended_ms, "     \
    "accuracy, auc, last_seq, is_notable"
/* What of the events is mirrored. elapsed_ms comes only with the end of a try. */
#define STORE_MIRRORED                                                                             \
    "r.is_notable AND e.seq > r.mirrored_seq AND (e.type IN ('hello', 'evaluation', 'command', "   \
    "'result') OR e.type = 'stage.state' AND json_extract(e.body, '$.elapsed_ms') IS NOT NULL)"

/* Every statement the store keeps prepared. */
#define STORE_STATEMENTS(X)                                                                        \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                    \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    X(DATA_VERSION, "PRAGMA data_version")                                                         \
    X(INTEGRITY, "PRAGMA quick_check(1)")                                                          \
    X(INSERT_RUN, "INSERT INTO runs (id, pipeline, backend, environment, user, created_ms) "       \
                  "VALUES (?1, ?2, ?3, ?4, ?5, ?6)")                                               \
    X(UPDATE_RUN, "UPDATE runs SET state = ?2, verdict = ?3, ended_ms = ?4, accuracy = ?5, "       \
                  "auc = ?6, last_seq = ?7, is_notable = ?8 WHERE number = ?1")                    \
    X(RUN_BY_ID, "SELECT " STORE_RUN_COLUMNS " FROM runs WHERE id = ?1")                           \
    X(RUN_BY_NUMBER, "SELECT " STORE_RUN_COLUMNS " FROM runs WHERE number = ?1")                   \
    X(RUN_BY_PREFIX, "SELECT " STORE_RUN_COLUMNS " FROM runs WHERE substr(id, 1, length(?1)) = "   \
                     "?1 ORDER BY number DESC LIMIT 3")                                            \
    X(RUN_LIST, "SELECT " STORE_RUN_COLUMNS " FROM runs WHERE (?1 IS NULL OR pipeline = ?1) AND "  \
                "(?2 IS NULL OR state = ?2) AND number < ?3 ORDER BY number DESC LIMIT ?4")        \
    X(INSERT_EVENT,                                                                                \
      "INSERT INTO events (run, seq, ts_ms, type, body) VALUES (?1, ?2, ?3, ?4, ?5)")              \
    X(READ_EVENTS, "SELECT e.seq, e.ts_ms, e.type, e.body FROM events e JOIN runs r ON "           \
                   "r.number = e.run WHERE r.id = ?1 AND e.seq > ?2 ORDER BY e.seq LIMIT ?3")      \
    X(USUAL, "SELECT json_extract(e.body, '$.stage') AS stage, "                                   \
             "json_extract(e.body, '$.elapsed_ms') AS elapsed_ms FROM events e WHERE e.run IN "    \
             "(SELECT number FROM runs WHERE pipeline = ?1 AND (?2 = 0 OR number < ?2) ORDER BY "  \
             "number DESC LIMIT 20) AND "                                                          \
             "e.type = 'stage.state' AND json_extract(e.body, '$.to') = 'success' AND "            \
             "elapsed_ms IS NOT NULL ORDER BY stage, elapsed_ms")                                  \
    X(INSERT_COMMAND, "INSERT INTO commands (run, ts_ms, verb, stage, user, tty, reason) "         \
                      "SELECT number, ?2, ?3, ?4, ?5, ?6, ?7 FROM runs WHERE id = ?1")             \
    X(PENDING_COMMANDS, "SELECT c.id, c.verb, c.stage, c.user, c.tty, c.reason FROM commands c "   \
                        "JOIN runs r ON r.number = c.run WHERE r.id = ?1 AND c.answer_seq IS "     \
                        "NULL ORDER BY c.id")                                                      \
    X(ANSWER_COMMAND, "UPDATE commands SET answer_seq = ?3 WHERE id = ?1 AND run = ?2")            \
    X(COMMAND_ANSWER, "SELECT answer_seq FROM commands WHERE id = ?1")                             \
    X(SENT_COMMANDS, "SELECT c.id, c.verb, c.stage, c.user, c.tty, c.reason, c.ts_ms, "            \
                     "c.answer_seq FROM commands c JOIN runs r ON r.number = c.run WHERE r.id = "  \
                     "?1 ORDER BY c.id")                                                           \
    X(INSERT_DEED, "INSERT INTO operator_log (run, ts_ms, deed, until_ms, user, tty, reason) "     \
                   "VALUES ((SELECT number FROM runs WHERE id = ?1), ?2, ?3, ?4, ?5, ?6, ?7)")     \
    X(READ_DEEDS, "SELECT o.deed, o.ts_ms, o.until_ms, o.user, o.tty, o.reason FROM operator_log " \
                  "o JOIN runs r ON r.id = ?1 WHERE o.run = r.number OR (max(o.ts_ms, "            \
                  "o.until_ms) >= r.created_ms AND (r.ended_ms = 0 OR o.ts_ms <= r.ended_ms)) "    \
                  "ORDER BY o.id")                                                                 \
    X(OUTBOX_PENDING,                                                                              \
      "SELECT e.run, e.seq, e.ts_ms, e.type, e.body, r.id FROM runs r JOIN "                       \
      "events e ON e.run = r.number WHERE " STORE_MIRRORED " ORDER BY e.run, e.seq LIMIT ?1")      \
    X(OUTBOX_COUNT,                                                                                \
      "SELECT count(*) FROM runs r JOIN events e ON e.run = r.number WHERE " STORE_MIRRORED)       \
    X(OUTBOX_DELIVERED, "UPDATE runs SET mirrored_seq = max(mirrored_seq, ?2) WHERE number = ?1")
enum store_statement {
#define X(name, sql) STORE_SQL_##name,
    STORE_STATEMENTS(X)
#undef X
        STORE_SQL_COUNT
};

struct store {
    sqlite3 *db;
    sqlite3_stmt *statements[STORE_SQL_COUNT]; /* prepared at first use */
    char *path, *watch_path;
    int wal_frames; /* written and not yet in the main file, as of our last commit */
    int64_t data_version;
    int64_t version; /* of the tables, when it was opened */
    int step_errno;  /* errno after the latest step */
};

struct store_run_row {
    struct run_summary summary;
    bool is_notable;
};

/* Gives a statement ready for binding; NULL with err. The caller resets it when it is done. */
sqlite3_stmt *store_statement(struct store *store, enum store_statement which, struct error *err);
/* One step: true with *out_has_row; false with err, the statement reset. */
bool store_step(struct store *store, sqlite3_stmt *statement, bool *out_has_row, struct error *err);
/* Runs a statement that gives no rows and resets it. */
bool store_execute(struct store *store, sqlite3_stmt *statement, struct error *err);
void store_bind_text(sqlite3_stmt *statement, int index, const char *text); /* NULL: SQL NULL */
const char *store_column_text(sqlite3_stmt *statement, int index);          /* never NULL */

bool store_begin(struct store *store, struct error *err);
bool store_commit(struct store *store, struct error *err); /* rolls back when it fails */
void store_rollback(struct store *store);

/* Maps an SQLite result code; `doing` says what was tried: "append events". */
bool store_fail(const struct store *store, int result_code, const char *doing, struct error *err);
bool store_damaged(const struct store *store, struct error *err, const char *why);

bool store_prepare_schema(struct store *store, enum store_mode mode, struct error *err);

/* Code "not_found" when there is no such run. */
bool store_load_run(struct store *store, const char *run_id, struct store_run_row *out_row,
                    struct error *err);
/* store_append without its transaction and without giving the events their seq. */
bool store_append_in_transaction(struct store *store, const char *run_id,
                                 const struct event *events, size_t count, struct error *err);
/* Reads STORE_RUN_COLUMNS of the current row. */
bool store_read_run_row(const struct store *store, sqlite3_stmt *statement,
                        struct store_run_row *out_row, struct error *err);

#endif
