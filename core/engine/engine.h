/* The engine: owns one run and drives its machine on a loop. One direction: input -> run_decide ->
 * store_append (durable) -> run_apply -> listener -> effects (attempts started, adopted,
 * cancelled). It keeps the run's lock, logs and work folders under STATE/runs/<id>/. One engine,
 * one run, one runner process. Loop thread only. */
#ifndef GATEHOUSE_ENGINE_ENGINE_H
#define GATEHOUSE_ENGINE_ENGINE_H

#include "core/base/clock.h"
#include "core/loop/loop.h"
#include "core/ports/services.h"
#include "core/run/run.h"
#include "core/stages/attempt.h"
#include "core/store/store.h"

struct engine;

/* What the engine does with attempts; the functions of core/stages/attempt.h, or a test's. */
struct attempt_ops {
    struct attempt *(*make)(const struct attempt_spec *spec);
    void (*free)(struct attempt *attempt);
    void (*start)(struct attempt *attempt);
    void (*adopt)(struct attempt *attempt);
    void (*cancel)(struct attempt *attempt);
    void (*kill)(struct attempt *attempt);
};
extern const struct attempt_ops attempt_real_ops;

/* All called on the loop thread; any may be NULL. None may free the engine. */
struct engine_listener {
    void *context;
    /* It is durable and applied: engine_run() shows the state right after it. */
    void (*event)(void *context, const struct event *event);
    /* A line of a try's log, already printable. level: info, warn, error, out. */
    void (*log)(void *context, const char *stage, int try_number, const char *level,
                struct str text);
    /* What the engine itself has to say: trouble that does not end the run. */
    void (*notice)(void *context, const struct error *err);
    /* The run came to rest; its last event was a result. */
    void (*rest)(void *context, int exit_code);
    /* We let go of the run before it came to rest; it can be resumed. err NULL: engine_stop_now was
     * called; else why: class transient (exit 75) for a store that stayed locked or a disk that
     * stayed full. */
    void (*handed_over)(void *context, const struct error *err);
};

struct engine_spec { /* everything borrowed until engine_free */
    struct loop *loop;
    struct clock *clock;
    struct store *store; /* opened for writing */
    const struct services *services;
    struct database *mirror; /* where the audit trail is copied to; NULL: nowhere */
    const char *state_folder;
    const struct attempt_ops *attempts;
    struct engine_listener listener; /* copied */
    uint64_t seed;                   /* for jitter and the run id */
};

struct engine *engine_new(const struct engine_spec *spec);
/* Before engine_start, or after rest or handed_over, never inside a callback. Gives up the lock.
 * Accepts NULL. */
void engine_free(struct engine *engine);

/* hello: {version, backend, environment, host, pid, user, tty}; borrowed. The engine adds pipeline,
 * number, dag and resumed. */
bool engine_create_run(struct engine *engine, const struct dag *dag, const struct json *hello,
                       struct error *err);
/* Takes over a run of the store, whatever its state: loads it and introduces us as its runner.
 * Codes "run_owned" (transient; names the owner), "not_found", "store_damaged". */
bool engine_open_run(struct engine *engine, const char *run_id, const struct json *hello,
                     struct error *err);
/* Starts it, or goes on with it. A run that is already at rest rests again at once unless a command
 * waits in the store. Listeners are called from a later turn of the loop on. */
void engine_start(struct engine *engine);

const struct run *engine_run(const struct engine *engine); /* borrows; changes between callbacks */
const char *engine_run_folder(const struct engine *engine);

/* A command that does not come through the store (a signal); copied. */
void engine_command(struct engine *engine, const struct command *command);
/* Lets go at once: local children are killed, remote work goes on, the run can be resumed.
 * handed_over follows. */
void engine_stop_now(struct engine *engine);
/* Look at clock and store now: after a suspension (SIGCONT), and for tests with a manual clock. */
void engine_wake(struct engine *engine);

/* STATE/runs/<run id>/logs/<stage>.<try>.log; gives memory for free(). */
char *engine_log_path(const char *state_folder, const char *run_id, const char *stage,
                      int try_number);
char *engine_run_folder_path(const char *state_folder, const char *run_id);
/* Whether a live runner has the run. */
bool engine_run_is_owned(const char *state_folder, const char *run_id);

#endif
