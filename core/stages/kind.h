/* What a kind of stage is made of, and what an attempt offers to it. Private to core/stages.
 * A kind is a const table of steps, read from top to bottom. The driver (attempt.c) runs them, one
 * operation at a time, and knows nothing else of the kind. Loop thread only. */
#ifndef GATEHOUSE_STAGES_KIND_H
#define GATEHOUSE_STAGES_KIND_H

#include "core/base/random.h"
#include "core/loop/op.h"
#include "core/loop/timer.h"
#include "core/stages/attempt.h"
#include "core/stages/parameters.h"

enum step_next {
    STEP_NEXT,   /* the following step; behind the last one: the success of the attempt */
    STEP_AGAIN,  /* this step once more, at once */
    STEP_REPEAT, /* this step once more, after attempt->delay_ms */
    STEP_JUMP,   /* the step attempt->jump_to */
    STEP_DONE,   /* the success of the attempt (of the stop step: the work is stopped) */
    STEP_REJECT, /* the gate's no; err holds its message */
    STEP_FAIL,   /* the failure of the attempt; err is set */
};

typedef enum step_next (*step_end_fn)(struct attempt *attempt, struct error *err);

struct step {
    const char *name; /* what the operator sees: "wait for job" */
    /* Starts exactly one operation, announced by attempt_await. NULL: there is nothing to wait for.
     */
    void (*begin)(struct attempt *attempt);
    step_end_fn end; /* the operation succeeded; what next? */
    /* The operation failed with err; what next? NULL: the attempt fails with it. */
    step_end_fn failed;
    /* Makes the operation end soon. NULL: op_cancel does that. */
    void (*cancel)(struct attempt *attempt, bool is_kill);
};

struct stage_kind {                     /* its name and traits are in the table of kinds.c */
    const struct parameter *parameters; /* the table they are checked against */
    size_t parameter_count;
    /* What the table cannot say; values may still be references. May be NULL. */
    bool (*check)(const struct json *parameters, struct error *err);
    size_t state_size; /* attempt->state: zeroed, freed by the driver */
    bool (*init)(struct attempt *attempt,
                 struct error *err);       /* before the first step; may be NULL */
    void (*done)(struct attempt *attempt); /* frees what state holds; also after a failed init */
    const struct step *steps;
    size_t step_count;
    size_t adopt_step; /* where attempt_adopt begins */
    struct step stop;  /* run on cancel and on failure while has_remote_work; end NULL: none */
};

enum attempt_phase { ATTEMPT_NEW, ATTEMPT_WORKING, ATTEMPT_STOPPING, ATTEMPT_FINISHED };
enum attempt_wish { ATTEMPT_WISH_NONE, ATTEMPT_WISH_CANCEL, ATTEMPT_WISH_KILL };

struct attempt {
    struct attempt_spec spec;
    const struct stage_kind *kind;
    void *state;
    struct random random;
    int64_t started_wall_ms;
    bool is_adopted;
    /* set by the kind */
    bool has_remote_work; /* something outlives us unless the stop step ends it */
    int64_t delay_ms;     /* for STEP_REPEAT */
    size_t jump_to;       /* for STEP_JUMP */
    struct json *outputs, *evaluation;
    /* the driver's */
    enum attempt_phase phase;
    enum attempt_wish wish;
    size_t step_index;
    size_t announced_step;
    struct timer *timer; /* the next turn: start, repeat, the patience of a kill */
    struct op *op;       /* what the step waits for */
    bool is_released;    /* freed by its owner while op was still active */
    bool is_initialised;
    bool is_not_stopped;  /* the stop step has failed: what runs elsewhere may go on */
    enum outcome outcome; /* decided before a stop step runs */
    struct error error;
};

/* In begin: the step waits for this operation. Sets its done and context (the attempt). */
void attempt_await(struct attempt *attempt, struct op *op);
/* Body of a progress report with the step filled in; body is taken, NULL: the step alone. */
void attempt_report(struct attempt *attempt, struct json *body);
void attempt_log(struct attempt *attempt, const char *level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void attempt_log_line(struct attempt *attempt, const char *level, struct str line);
/* A process_line_fn (context: the attempt) that logs the line as program output. */
void attempt_log_output(void *context, struct str line);
/* How long local work of the try may take before it is ended even without us; 0: no limit. */
int64_t attempt_deadline_ms(const struct attempt *attempt);
/* A path in the private folder of the try; gives memory for free(). */
char *attempt_path(const struct attempt *attempt, const char *name);

/* X(name, starts queued, is adoptable, is a gate) */
#define STAGE_KINDS(X)                                                                             \
    X(function_check, false, false, false)                                                         \
    X(function_invoke, false, false, false)                                                        \
    X(train, true, true, false)                                                                    \
    X(evaluate, false, false, true)                                                                \
    X(command, false, false, false)                                                                \
    X(noop, false, false, false)
#define X(name, starts_queued, is_adoptable, is_gate)                                              \
    extern const struct stage_kind stage_kind_##name;
STAGE_KINDS(X)
#undef X

const struct stage_kind *stage_kind_find(const char *name); /* NULL: unknown */

#endif
