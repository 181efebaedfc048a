/* The run store: one SQLite file (WAL, synchronous=FULL) that holds every run's events, the
 * operators' commands and how far the mirror is told. It is the only channel between runners and
 * consoles. Blocking, but short: a call costs at most one fsync. One thread a handle; any number of
 * processes.
 *
 * Error codes: "store_locked" (transient: another process holds the write lock longer than the busy
 * timeout), "disk_full" (transient), "store_io" (transient), "store_damaged" (permanent: not a
 * database, not ours, or corrupt; says what to do), "store_newer" (permanent: made by a newer
 * version), "no_access", "not_found", "ambiguous", "bad_run" (permanent). After a failure nothing
 * of the call is stored. */
#ifndef GATEHOUSE_STORE_STORE_H
#define GATEHOUSE_STORE_STORE_H

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/run/event.h"
#include "core/run/run.h"

#include <stdbool.h>
#include <stdint.h>

enum { STORE_WORD_SIZE = 64, STORE_BUSY_TIMEOUT_MS = 5000 };

struct store;

enum store_mode {
    STORE_READ,  /* the file must exist: else code "not_found" (there are no runs yet) */
    STORE_WRITE, /* makes the file (0600) and its tables when absent, and brings old ones up to date
                  */
};

struct store *store_open(const char *path, enum store_mode mode, struct error *err);
void store_close(struct store *store); /* accepts NULL */
/* How long a call may wait for another process's write; default STORE_BUSY_TIMEOUT_MS. */
void store_set_busy_timeout(struct store *store, int64_t timeout_ms);

/* Being told of changes: watch this file (core/loop/watch), and poll slowly as a fallback. It
 * exists as long as the store is open and is kept afterwards. Borrows. */
const char *store_watch_path(const struct store *store);
/* True when another connection changed the store since the last call (cheap; the first call is
 * true). */
bool store_has_changed(struct store *store);
/* Reads the whole file: false with "store_damaged" when its pages do not fit together. */
bool store_check_integrity(struct store *store, struct error *err);
const char *store_library_version(void); /* of SQLite, as it is loaded */
/* Moves what is written into the main file when it is worth while; call it when idle. Never fails a
 * run: trouble is left for the next time. */
void store_tidy(struct store *store);

/* ---- runs */
struct run_summary { /* a row of `runs`; kept up to date by store_append */
    int64_t number;
    char id[RUN_ID_SIZE];
    char pipeline[STORE_WORD_SIZE], backend[STORE_WORD_SIZE], environment[STORE_WORD_SIZE];
    char user[STORE_WORD_SIZE];
    enum run_state state;
    enum verdict verdict;
    int64_t created_ms;
    int64_t ended_ms; /* 0: not at rest */
    double accuracy;  /* of the latest evaluation (split test); NaN: none */
    double auc;
    int64_t last_seq;
};

struct run_filter { /* zero-initialised lets everything through; texts are borrowed */
    const char *pipeline;
    bool by_state;
    enum run_state state;
    int64_t before_number; /* only older ones; 0: from the latest */
};

/* "20261122-153928-a1b2c3": UTC time and six hex digits of `random`. */
void store_make_run_id(int64_t wall_ms, uint64_t random, char out_id[RUN_ID_SIZE]);
/* In one transaction: gives the run its number, sets it in the hello body ("number") and stores the
 * hello as event 1. Code "exists" when the id is taken. */
bool store_create_run(struct store *store, const char *run_id, struct event *hello,
                      int64_t *out_number, struct error *err);
/* "latest", a number, an id or a unique prefix of an id; the error names near or ambiguous runs. */
bool store_find_run(struct store *store, const char *reference, struct run_summary *out_run,
                    struct error *err);
/* Newest first; return false from `each` to stop early. */
typedef bool (*store_run_fn)(void *context, const struct run_summary *run);
bool store_list_runs(struct store *store, const struct run_filter *filter, int limit,
                     store_run_fn each, void *context, struct error *err);

/* ---- events */
/* One transaction, one fsync: gives the events their seq (gapless), updates the run's row and marks
 * the commands they answer as handled. Events are untouched on
 * failure. */
bool store_append(struct store *store, const char *run_id, struct event *events, size_t count,
                  struct error *err);
/* Appends the events after after_seq, at most `limit`, to the list. */
bool store_read_events(struct store *store, const char *run_id, int64_t after_seq, int limit,
                       struct event_list *list, struct error *err);
/* USUAL: each stage with the median duration of its successes in the last 20 runs that the filter's
 * pipeline and before_number let through. */
typedef void (*store_usual_fn)(void *context, const char *stage, int64_t median_ms);
bool store_usual_durations(struct store *store, const struct run_filter *filter,
                           store_usual_fn each, void *context, struct error *err);

/* ---- commands: from operators to the runner that owns the run */
/* command->id is ignored; gives the new id. */
bool store_add_command(struct store *store, const char *run_id, const struct command *command,
                       int64_t now_ms, int64_t *out_id, struct error *err);
/* Those not yet answered by a stored event, oldest first. command is borrowed for the call; `each`
 * must not write to the store. */
typedef void (*store_command_fn)(void *context, const struct command *command);
bool store_pending_commands(struct store *store, const char *run_id, store_command_fn each,
                            void *context, struct error *err);
/* The seq of the event that answers a command; 0: not answered yet. */
bool store_command_answer(struct store *store, int64_t command_id, int64_t *out_seq,
                          struct error *err);

/* All commands to a run, oldest first, with when they were sent. answer_seq: see
 * store_command_answer. */
typedef void (*store_sent_fn)(void *context, const struct command *command, int64_t ts_ms,
                              int64_t answer_seq);
bool store_sent_commands(struct store *store, const char *run_id, store_sent_fn each, void *context,
                         struct error *err);

/* ---- operator log: what operators did with a console that is no command to a run */
#define OPERATOR_DEEDS(X)                                                                          \
    X(ELEVATED, "elevated")                                                                        \
    X(FELL_BACK, "fell_back")
enum operator_deed {
#define X(name, text) DEED_##name,
    OPERATOR_DEEDS(X)
#undef X
        DEED_COUNT
};
const char *operator_deed_name(enum operator_deed deed);

struct operator_entry { /* texts are borrowed, NULL when absent */
    enum operator_deed deed;
    int64_t ts_ms;
    int64_t until_ms; /* ELEVATED: when it ends by itself; else 0 */
    const char *user, *tty, *reason;
};
/* run_id: the run that was looked at; NULL: none. */
bool store_log_operator(struct store *store, const char *run_id, const struct operator_entry *entry,
                        struct error *err);
/* Those that were logged with the run, or fall into its life; oldest first. */
typedef void (*store_operator_fn)(void *context, const struct operator_entry *entry);
bool store_read_operator_log(struct store *store, const char *run_id, store_operator_fn each,
                             void *context, struct error *err);

/* ---- outbox: what is to be mirrored. The events themselves are the outbox: what one transaction
 * stored is due for delivery by the same transaction; a mark in the run's row tells how far it is
 * delivered. Only notable runs are mirrored: those that were evaluated, that did not succeed, or
 * that an operator touched. */
enum outbox_kind { /* also the mirror's tables */
                   OUTBOX_RUN,
                   OUTBOX_ATTEMPT,
                   OUTBOX_EVALUATION,
                   OUTBOX_ACTION,
                   OUTBOX_KIND_COUNT
};

struct outbox_row {
    int64_t run_number, seq; /* the event it comes from */
    enum outbox_kind kind;
    struct json *payload; /* owned; an object: the mirror's row, see outbox.c */
};
struct outbox_list { /* zero-initialised is empty */
    struct outbox_row *rows;
    size_t count, capacity;
};
/* The oldest rows that wait for delivery, by run, then in order. */
bool store_outbox_pending(struct store *store, int limit, struct outbox_list *out_list,
                          struct error *err);
void outbox_list_done(struct outbox_list *list);
/* This row, and all rows of its run before it, are delivered. */
bool store_outbox_delivered(struct store *store, const struct outbox_row *row, struct error *err);
bool store_outbox_count(struct store *store, int64_t *out_count, struct error *err);

#endif
