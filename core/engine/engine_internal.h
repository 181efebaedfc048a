/* Inside core/engine: the engine's state and what its files give one another.
 *   engine.c  life cycle, the wheel input -> decision -> durable -> applied -> effects, waking
 *   inputs.c  inputs kept until their turn
 *   tries.c   effects: attempts, their ears, logs, work folders, progress
 *   opening.c creating a run, taking one over, clearing up after a dead runner */
#ifndef GATEHOUSE_ENGINE_ENGINE_INTERNAL_H
#define GATEHOUSE_ENGINE_ENGINE_INTERNAL_H

#include "core/base/random.h"
#include "core/engine/engine.h"
#include "core/engine/try_log.h"
#include "core/loop/timer.h"
#include "core/loop/watch.h"
#include "core/store/mirror.h"
#include "core/store/run_lock.h"

enum {
    POLL_MS = 1000,               /* looks at the store this often when nobody told us to */
    PROGRESS_INTERVAL_MS = 250,   /* a stage's progress is stored at most this often */
    APPEND_PATIENCE_MS = 30000,   /* how long a run waits for a store that cannot be written */
    MIRROR_PATIENCE_MS = 2000,    /* how long a run at rest waits for the mirror */
    LEFTOVERS_LOOK_MS = 50,       /* how often we look whether a dead runner's children ended .. */
    LEFTOVERS_PATIENCE_MS = 1000, /* .. before they are killed .. */
    LEFTOVERS_DEADLINE_MS = 3000, /* .. and before we go on regardless */
    ENGINE_BUSY_TIMEOUT_MS = 250, /* longer waits for the store happen on the loop */
};

enum engine_phase {
    ENGINE_IDLE,     /* no run yet */
    ENGINE_READY,    /* has its run, not started */
    ENGINE_CLEARING, /* waits for a dead runner's children to end */
    ENGINE_RUNNING,
    ENGINE_STALLED, /* a decision waits for a store that cannot be written */
    ENGINE_RESTING, /* the run is at rest, the mirror is told */
    ENGINE_RESTED,
    ENGINE_HANDING_OVER, /* waits for killed attempts to end */
    ENGINE_HANDED_OVER,
    ENGINE_PHASE_COUNT
};

struct engine_input { /* owns what its input points to */
    struct run_input input;
    struct error error;
    struct command command;
    struct json *outputs, *evaluation;
    char *texts[4]; /* of the command */
    struct engine_input *next;
};

struct engine_try { /* the live try of a stage, if any; one for each stage of the dag */
    struct engine *engine;
    size_t stage;
    int try_number;
    struct attempt *attempt; /* NULL: none is alive */
    struct attempt_hooks hooks;
    char *work_folder;
    struct try_log log;
    bool is_log_failing;
    struct json *progress;         /* the latest report that waits to be stored; NULL: none */
    struct json *rounds, *metrics; /* gathered over the reports that wait */
    int64_t progress_due_ms;
};

struct engine {
    struct engine_spec spec;
    enum engine_phase phase;
    struct run run;
    struct engine_try *tries; /* run.dag->count */
    size_t live_count;
    char *run_folder;
    struct run_lock lock;
    struct timer *timer;
    struct file_watch *watch;
    struct random random;
    int64_t base_wall_ms, base_monotonic_ms; /* now = base_wall + time since */

    struct engine_input *first_input, *last_input;
    int64_t last_command_id; /* the newest that was taken from the store */
    bool must_read_commands;
    int64_t poll_at_ms;
    bool is_pumping;

    struct event_list untold; /* durable and applied before the start: the hello */
    struct decision waiting;  /* STALLED: what is to be stored */
    int64_t stalled_since_ms, append_at_ms;
    int append_failures;
    int64_t clearing_since_ms;
    struct error handover_error;
    bool has_handover_error;
    struct mirror_flush flush;
};

/* ---- engine.c */
int64_t engine_now_ms(const struct engine *engine);
void engine_set_phase(struct engine *engine, enum engine_phase phase);
void engine_pump(struct engine *engine); /* works off the inputs, then arms the timer */
void engine_rearm(struct engine *engine);
/* Lets go of the run; err NULL: on request. */
void engine_hand_over(struct engine *engine, const struct error *err);
void engine_notice(struct engine *engine, const struct error *err);

/* ---- inputs.c */
void engine_add_input(struct engine *engine, const struct run_input *input); /* copies */
/* Gives the oldest, or NULL. */
struct engine_input *engine_take_input(struct engine *engine);
void engine_input_free(struct engine_input *input);
/* Adds the commands of the store that are new. */
void engine_read_commands(struct engine *engine);

/* ---- tries.c */
void engine_make_tries(struct engine *engine);
void engine_free_tries(struct engine *engine);
void engine_carry_out(struct engine *engine, const struct run_effect *effect);
void engine_kill_tries(struct engine *engine);
/* Adds an event with what progress of the stage waits, if any. */
void engine_take_progress(struct engine *engine, size_t stage, struct event_list *list);
/* The same for each stage whose progress is due. */
void engine_take_due_progress(struct engine *engine, struct event_list *list);
int64_t engine_progress_due_ms(const struct engine *engine); /* INT64_MAX: none waits */

/* ---- opening.c */
/* Signals what a dead runner's tries left running; true when nothing is left (or never will be). */
bool engine_clear_leftovers(struct engine *engine);

#endif
