/* The legal moves of the run's and the stages' state machines, and the words for states.
 * Only core/run uses this: faces read states, they never move them. */
#ifndef GATEHOUSE_RUN_MOVES_H
#define GATEHOUSE_RUN_MOVES_H

#include "core/run/run.h"

bool stage_move_is_legal(enum stage_state from, enum stage_state to);
bool run_move_is_legal(enum run_state from, enum run_state to);

/* A new try begins with this move. */
bool stage_move_starts_try(enum stage_state from, enum stage_state to);
/* What the stage gave before no longer counts: its gate's verdict and those that follow fall. */
bool stage_move_voids_verdict(enum stage_state from, enum stage_state to);

bool stage_state_is_done(enum stage_state state); /* SUCCESS, SKIPPED: what follows may start */
bool stage_state_is_bad(enum stage_state state);  /* FAILED .. BLOCKED: what follows is blocked */

/* Folds one more gate's verdict into that of the gates before it. */
enum verdict verdict_and(enum verdict all, enum verdict next);

/* What the failed stages of a run mean for its exit code; of several stages the last one of this
 * list counts. */
enum run_failure {
    RUN_FAILURE_NONE,
    RUN_FAILURE_TEMPORARY, /* a service refused for now, or could not be reached: 75 */
    RUN_FAILURE_STAGE,
    RUN_FAILURE_CONFIG,
    RUN_FAILURE_CREDENTIALS,
    RUN_FAILURE_NOT_STOPPED, /* the only one that counts for a stage that was cancelled */
};
/* Of a stage that failed with this error. */
enum run_failure run_failure_of(const struct error *err);
/* Folds in one more stage; own: of its latest try. */
enum run_failure run_failure_and(enum run_failure all, enum stage_state state,
                                 enum run_failure own);
int run_exit_code_of(enum run_state state, enum run_failure failure, enum verdict verdict,
                     bool is_terminated);
/* Whether these, of a stop command, are a SIGTERM's; both may be NULL. */
bool run_is_sigterm(const char *user, const char *reason);
/* When the live try's next clock runs out; INT64_MAX: never, or it is being stopped already. */
int64_t run_stage_timeout_ms(const struct run *run, size_t stage);

/* Reason in events of a try that ended because it was lost with its runner. */
#define REASON_INTERRUPTED "interrupted"

#endif
