/* An engine with a real store, scripted attempts, a manual clock, and a world around it that
 * outlives the runner: remote jobs go on when it crashes. Assertions are cmocka's. */
#ifndef GATEHOUSE_TESTS_SUPPORT_ENGINE_FIXTURE_H
#define GATEHOUSE_TESTS_SUPPORT_ENGINE_FIXTURE_H

#include "core/base/buf.h"
#include "core/engine/engine.h"

enum behaviour {
    SUCCEED,
    FAIL_TRANSIENT,
    FAIL_PERMANENT,
    REJECT,    /* a gate's verdict */
    HANG,      /* until it is cancelled or killed */
    INTERRUPT, /* says that its work is lost */
    CHATTER,   /* reports a lot, then succeeds */
};

enum { WORLD_JOBS_MAX = 400, WORLD_ATTEMPTS_MAX = 64 };

struct script { /* what a try does; the first that fits counts; unscripted tries succeed */
    const char *stage;
    int try_number; /* 0: every try */
    enum behaviour behaviour;
};

struct engine_fixture {
    struct loop *loop;
    struct clock_manual clock;
    char *folder;
    struct store *store;
    struct services services;
    struct engine *engine;
    const struct script *scripts; /* ends with a NULL stage; NULL: none */
    /* the world */
    char jobs[WORLD_JOBS_MAX][RUN_INTENT_SIZE]; /* every remote job ever submitted */
    bool job_ended[WORLD_JOBS_MAX];
    size_t job_count;
    void *live[WORLD_ATTEMPTS_MAX];
    size_t live_count, live_max;
    struct json *last_parameters; /* of the latest try */
    int started, adopted, cancelled, killed;
    /* the runner's life: it dies at this point (each event and each effect is one); 0: never */
    int crash_at, points;
    bool is_dead;
    /* what the listener heard */
    int events, rests, handovers, notices;
    int exit_code;
    bool has_handover_error;
    struct error handover_error, last_notice;
    struct buf log; /* "stage.try level text\n" */
    void (*on_event)(struct engine_fixture *fixture, const struct event *event);
    int64_t activity;
};

void engine_fixture_init(struct engine_fixture *fixture, const struct script *scripts);
void engine_fixture_done(struct engine_fixture *fixture);

/* Makes engine and run from a dag (dag_from_json's form) and starts it. */
void engine_fixture_create(struct engine_fixture *fixture, const char *dag_text);
/* Drops the engine as a crash would, or after its end. */
void engine_fixture_drop(struct engine_fixture *fixture);
/* A new runner takes over and starts. */
void engine_fixture_resume(struct engine_fixture *fixture);

/* Runs the loop until nothing happens any more without time passing. */
void engine_fixture_settle(struct engine_fixture *fixture);
void engine_fixture_advance(struct engine_fixture *fixture, int64_t ms); /* and settles */
/* Lets time pass until the run rests, is handed over, or the runner crashed. */
void engine_fixture_drive(struct engine_fixture *fixture);
/* Drives, and takes the run over again after each crash or hand-over, until it rests. */
void engine_fixture_drive_to_rest(struct engine_fixture *fixture);

void engine_fixture_command(struct engine_fixture *fixture, enum command_verb verb,
                            const char *stage);
/* The same through the store, as an operator's console does. */
void engine_fixture_store_command(struct engine_fixture *fixture, enum command_verb verb,
                                  const char *stage);

/* "a=success/1 b=failed/2": states and tries, in order. */
void engine_fixture_assert_states(const struct engine_fixture *fixture, const char *expected);
/* The run rests legally, the store tells the same story, nothing is left alive or lying about. */
void engine_fixture_check_rest(struct engine_fixture *fixture);
/* How many events of the type the store holds. */
int engine_fixture_count(struct engine_fixture *fixture, enum event_type type);

#endif
