/* A run machine without engine and store: each input is decided, its events are applied and kept.
 * Assertions are cmocka's. */
#ifndef GATEHOUSE_TESTS_SUPPORT_RUN_FIXTURE_H
#define GATEHOUSE_TESTS_SUPPORT_RUN_FIXTURE_H

#include "core/run/run.h"

#define FIXTURE_RUN_ID "20261122-153928-a1b2c3"

struct fixture {
    struct run run;
    struct event_list log;    /* everything applied so far */
    struct decision decision; /* the latest; its events moved to the log, its effects are here */
    size_t first_of_decision; /* index in log */
    int64_t now_ms;
};

/* Kinds: work; job (starts queued, adoptable); gate. */
const struct stage_traits *fixture_traits(void);
/* A hello with this dag (dag_from_json's form) is applied; nothing is started. */
void fixture_init(struct fixture *fixture, const char *dag_text);
void fixture_done(struct fixture *fixture);

void fixture_hello(struct fixture *fixture); /* another runner takes over */
void fixture_decide(struct fixture *fixture, const struct run_input *input);
void fixture_give(struct fixture *fixture, enum run_input_kind kind); /* START, ATTACH, TICK */
void fixture_tick_at(struct fixture *fixture, int64_t now_ms);
/* An outcome of the stage's latest try. */
void fixture_end(struct fixture *fixture, const char *stage, enum outcome outcome);
void fixture_fail(struct fixture *fixture, const char *stage, enum error_class error_class);
void fixture_fail_with(struct fixture *fixture, const char *stage, enum error_class error_class,
                       const char *code);
/* A gate's success or rejection with accuracy 0.82 or 0.71. */
void fixture_judge(struct fixture *fixture, const char *stage, bool passes);
/* A stage.progress of the latest try, as an engine appends it; members: "\"round\":1". */
void fixture_progress(struct fixture *fixture, const char *stage, const char *members);
void fixture_running(struct fixture *fixture, const char *stage);
/* Gives true when the command was accepted. */
bool fixture_command(struct fixture *fixture, enum command_verb verb, const char *stage);

size_t fixture_stage(const struct fixture *fixture, const char *name);
const struct stage_run *fixture_at(const struct fixture *fixture, const char *name);
/* "a=success b=running": states of all stages, in order; borrows until the next call. */
void fixture_assert_states(const struct fixture *fixture, const char *expected);
/* "START a 1, CANCEL b 2" */
void fixture_assert_effects(const struct fixture *fixture, const char *expected);
/* The latest event of a type, or NULL. */
const struct event *fixture_latest(const struct fixture *fixture, enum event_type type);
/* Replays printed and parsed events into a fresh run (caller: run_done). */
void fixture_replay(const struct fixture *fixture, struct run *out_run);
/* Name of the first field that differs, or NULL. */
const char *fixture_difference(const struct run *a, const struct run *b);
void fixture_assert_same(const struct run *a, const struct run *b);

#endif
