/* The run machine: a pure function from (run, input, now) to events and effects.
 * decide never mutates; apply never decides; a run is nothing but its events applied in order. The
 * events of a decision must be durable before its effects are carried out. */
#ifndef GATEHOUSE_RUN_RUN_H
#define GATEHOUSE_RUN_RUN_H

#include "core/run/dag.h"
#include "core/run/event.h"

#include <stdint.h>

enum { RUN_ID_SIZE = 32, RUN_INTENT_SIZE = 64 };

/* X(name, text in events, word that faces show) */
#define STAGE_STATES(X)                                                                            \
    X(WAITING, "waiting", "WAIT") /* for its upstream or a free slot */                            \
    X(QUEUED, "queued", "QUEUE")  /* the try started; remote work is being provisioned */          \
    X(RUNNING, "running", "RUN")                                                                   \
    X(RETRYING, "retrying", "RETRY") /* waits for the time of its next try */                      \
    X(STOPPING, "stopping", "STOP")  /* its work is being stopped: by an operator or a timeout */  \
    X(SUCCESS, "success", "OK")                                                                    \
    X(FAILED, "failed", "FAILED")                                                                  \
    X(REJECTED, "rejected", "REJECT") /* the gate's verdict on the model */                        \
    X(SKIPPED, "skipped", "SKIP")     /* by an operator: counts as done for what follows */        \
    X(CANCELLED, "cancelled", "CANCEL")                                                            \
    X(BLOCKED, "blocked", "BLOCKED") /* something upstream failed, was rejected or cancelled */
enum stage_state {
#define X(name, text, word) STAGE_##name,
    STAGE_STATES(X)
#undef X
        STAGE_STATE_COUNT
};
const char *stage_state_name(enum stage_state state);
const char *stage_state_word(enum stage_state state);
bool stage_state_from_name(struct str name, enum stage_state *out_state);
bool stage_state_is_active(enum stage_state state); /* QUEUED, RUNNING, STOPPING: a try is alive */
bool stage_state_is_final(enum stage_state state);  /* SUCCESS .. BLOCKED */

#define RUN_STATES(X)                                                                              \
    X(CREATED, "created")                                                                          \
    X(RUNNING, "running")                                                                          \
    X(STOPPING, "stopping")                                                                        \
    X(SUCCESS, "success")     /* all stages success or skipped, and every gate passed */           \
    X(FAILED, "failed")       /* a stage failed, or the gate rejected or was skipped */            \
    X(CANCELLED, "cancelled") /* stopped by an operator or a signal */
enum run_state {
#define X(name, text) RUN_##name,
    RUN_STATES(X)
#undef X
        RUN_STATE_COUNT
};
const char *run_state_name(enum run_state state);
bool run_state_from_name(struct str name, enum run_state *out_state);
bool run_state_is_final(enum run_state state);

#define VERDICTS(X)                                                                                \
    X(NONE, "none")                                                                                \
    X(PASSED, "passed")                                                                            \
    X(REJECTED, "rejected")
enum verdict {
#define X(name, text) VERDICT_##name,
    VERDICTS(X)
#undef X
        VERDICT_COUNT
};
const char *verdict_name(enum verdict verdict);
bool verdict_from_name(struct str name, enum verdict *out_verdict);

struct stage_run { /* state of one stage */
    enum stage_state state;
    int try_number; /* the latest try, 1..; 0: never started */
    int failures; /* transient failures since the first start or the last command: retry budget used
                   */
    int64_t started_ms;          /* of the latest try */
    int64_t running_since_ms;    /* of the latest try: when it left QUEUED; 0: not yet */
    int64_t ended_ms;            /* 0: not yet */
    int64_t retry_at_ms;         /* RETRYING: when */
    enum stage_state after_stop; /* STOPPING: FAILED (a timeout, may become a retry) or CANCELLED */
    struct error error;          /* why the latest try ended, when it was not a success */
    struct json *outputs; /* SUCCESS: an object. A stage that runs again loses them, else NULL */
    enum verdict verdict; /* of a gate; NONE again when the gate or anything upstream runs again */
    bool outlived_runner; /* the latest try was alive when a runner took over: it may be lost */
    char intent[RUN_INTENT_SIZE]; /* of the latest try */
};

struct run {
    char id[RUN_ID_SIZE];
    int64_t number;
    struct dag *dag; /* owned, from the first hello */
    enum run_state state;
    enum verdict verdict;     /* of all gates: REJECTED when one rejected, PASSED when all passed */
    struct stage_run *stages; /* dag->count */
    struct json *evaluation;  /* body of the latest evaluation event, or NULL */
    bool is_stop_wanted;
    bool is_terminated; /* its latest stop was a SIGTERM's, not an operator's or a SIGINT's */
    bool has_result;    /* its last event is its result ... */
    int result_code;    /* ... and the exit code that it tells */
    int64_t last_seq;
    int64_t last_ts_ms; /* time never goes back within a run */
    int64_t created_ms, ended_ms;
};

/* Code of the error of a try that was to be stopped, and whose work could not be: another one would
 * run beside it, and it may cost money. */
#define RUN_CODE_NOT_STOPPED "not_stopped"

/* The reason of a stop that a SIGTERM wants; it has no user. */
#define RUN_REASON_SIGTERM "SIGTERM"

void run_init(struct run *run, const char *id);
void run_done(struct run *run);
void run_copy(struct run *out_run, const struct run *run); /* deep; out_run is not initialised */
/* event->seq must be last_seq + 1 and its move legal; else false: the log is damaged. */
bool run_apply(struct run *run, const struct event *event, struct error *err);

#define COMMAND_VERBS(X)                                                                           \
    X(RETRY, "retry") /* exactly one stage once more; what it blocked waits again */               \
    X(RERUN, "rerun") /* a stage and everything that follows it */                                 \
    X(STOP, "stop")   /* the whole run */                                                          \
    X(SKIP, "skip")   /* one stage, with a reason; what it blocked waits again */
enum command_verb {
#define X(name, text) COMMAND_##name,
    COMMAND_VERBS(X)
#undef X
        COMMAND_VERB_COUNT
};
const char *command_verb_name(enum command_verb verb);
bool command_verb_from_name(struct str name, enum command_verb *out_verb);

struct command { /* an operator's wish; texts are borrowed, NULL when absent */
    int64_t id;  /* of the store; 0: from a signal */
    enum command_verb verb;
    const char *stage;
    const char *user, *tty, *reason;
};

enum outcome {
    OUTCOME_SUCCESS,
    OUTCOME_FAILED,
    OUTCOME_REJECTED,
    OUTCOME_CANCELLED,   /* with RUN_CODE_NOT_STOPPED: its work may go on */
    OUTCOME_INTERRUPTED, /* lost with its runner: tried again without using up the retries */
    OUTCOME_COUNT,
};

enum run_input_kind {
    RUN_INPUT_START,  /* a new run, after its hello */
    RUN_INPUT_ATTACH, /* a runner took the run over: every live try is adopted or was interrupted */
    RUN_INPUT_TICK,   /* time passed */
    RUN_INPUT_RUNNING, /* stage, try_number: provisioning is over */
    RUN_INPUT_OUTCOME, /* stage, try_number, outcome, error / outputs / evaluation */
    RUN_INPUT_COMMAND,
};

struct run_input { /* everything borrowed */
    enum run_input_kind kind;
    size_t stage;
    int try_number;
    enum outcome outcome;
    const struct error *error;
    const struct json *outputs;
    const struct json *evaluation; /* {evaluation, gate}, from a gate stage */
    const struct command *command;
    uint64_t random; /* 64 random bits for jitter */
};

enum run_effect_kind {
    RUN_EFFECT_START,  /* start this try */
    RUN_EFFECT_ADOPT,  /* find this try's remote work again and go on with it */
    RUN_EFFECT_CANCEL, /* stop this try, wait until its work is stopped, then report the outcome */
};
struct run_effect {
    enum run_effect_kind kind;
    size_t stage;
    int try_number;
};
struct decision { /* zero-initialised is empty */
    struct event_list events;
    struct run_effect *effects;
    size_t effect_count, effect_capacity;
};

/* Fills an empty decision; inputs that come too late (a try that is not the latest or not alive)
 * decide nothing. now_ms earlier than run->last_ts_ms counts as last_ts_ms. */
void run_decide(const struct run *run, const struct run_input *input, int64_t now_ms,
                struct decision *out_decision);
void decision_done(struct decision *decision);
/* When TICK is next needed (timeouts, retry times); INT64_MAX: never. */
int64_t run_next_deadline_ms(const struct run *run);
/* A try's name for its remote work, unique for ever: "<run id>-<stage number>-<try>". */
void run_intent(const struct run *run, size_t stage, int try_number,
                char out_text[RUN_INTENT_SIZE]);
/* Exit code for a run at rest (README, "Exit codes"): the one its result tells, so that a run keeps
 * the code it ended with, whatever later versions make of its errors. */
int run_exit_code(const struct run *run);
/* What a command would do: which stages would run; or why it is refused (err). out_will_run:
 * [dag->count]. */
bool run_plan_command(const struct run *run, const struct command *command, bool *out_will_run,
                      struct error *err);

#endif
