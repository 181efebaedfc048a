/* A decision in the making: the states as they will be once its events are applied, so that one
 * input's consequences can follow each other. Core/run only. The run itself is never touched. */
#ifndef GATEHOUSE_RUN_DRAFT_H
#define GATEHOUSE_RUN_DRAFT_H

#include "core/run/moves.h"
#include "core/run/run.h"

struct draft_stage {
    enum stage_state state;
    enum verdict verdict;
    int try_number;
    int64_t retry_at_ms;
    enum run_failure failure; /* of its latest try */
};

struct draft {
    const struct run *run;
    struct draft_stage *stages; /* run->dag->count */
    int active;                 /* tries alive */
    enum run_state state;
    bool is_terminated;
    const struct json *evaluation; /* latest, borrowed; or NULL */
    int64_t now_ms;
    uint64_t random;
    struct decision *out; /* NULL: only plan, give no events and effects */
};

enum upstream { UPSTREAM_DONE, UPSTREAM_PENDING, UPSTREAM_BAD };

void draft_init(struct draft *draft, const struct run *run, int64_t now_ms, struct decision *out);
void draft_done(struct draft *draft);

/* The setters. `details` (may be NULL, taken) are further members of the event's body. */
void draft_move(struct draft *draft, size_t stage, enum stage_state to, struct json *details);
void draft_move_run(struct draft *draft, enum run_state to, const char *reason);
void draft_event(struct draft *draft, enum event_type type, struct json *body); /* takes body */
void draft_effect(struct draft *draft, enum run_effect_kind kind, size_t stage);

/* {"reason": reason} / {"error": {..}} for draft_move. */
struct json *draft_reason(const char *reason);
struct json *draft_error(const struct error *err);

/* State of what a stage waits for; out_which (may be NULL): the stage that decides it. */
enum upstream draft_upstream(const struct draft *draft, size_t stage, size_t *out_which);
const char *draft_name(const struct draft *draft, size_t stage);
enum verdict draft_verdict(const struct draft *draft); /* of all gates */
int draft_exit_code(const struct draft *draft);

/* Everything alive is asked to stop, everything that waits is cancelled. */
void draft_stop_all(struct draft *draft, const char *reason);
void draft_block(struct draft *draft); /* what waits for something bad is blocked */

/* Carries out a command, or says in err why not; nothing is changed then. */
bool draft_command(struct draft *draft, const struct command *command, struct error *err);

#endif
