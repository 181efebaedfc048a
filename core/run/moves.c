/* State tables: names, groups and legal moves. */
#include "core/run/moves.h"

#include <string.h>

static const char *const stage_names[STAGE_STATE_COUNT] = {
#define X(name, text, word) [STAGE_##name] = text,
    STAGE_STATES(X)
#undef X
};
static const char *const stage_words[STAGE_STATE_COUNT] = {
#define X(name, text, word) [STAGE_##name] = word,
    STAGE_STATES(X)
#undef X
};
static const char *const run_names[RUN_STATE_COUNT] = {
#define X(name, text) [RUN_##name] = text,
    RUN_STATES(X)
#undef X
};
static const char *const verdict_names[VERDICT_COUNT] = {
#define X(name, text) [VERDICT_##name] = text,
    VERDICTS(X)
#undef X
};
static const char *const verb_names[COMMAND_VERB_COUNT] = {
#define X(name, text) [COMMAND_##name] = text,
    COMMAND_VERBS(X)
#undef X
};

#define BIT(state) (1u << (state))
enum {
    STAGE_ENDS = BIT(STAGE_SUCCESS) | BIT(STAGE_FAILED) | BIT(STAGE_REJECTED) |
                 BIT(STAGE_CANCELLED) | BIT(STAGE_RETRYING), /* how a live try can end */
    STAGE_AGAIN = BIT(STAGE_WAITING) | BIT(STAGE_SKIPPED),   /* what commands make of a bad end */
};

/* [from]: set of states it may move to. */
static const unsigned stage_moves[STAGE_STATE_COUNT] = {
    [STAGE_WAITING] = BIT(STAGE_QUEUED) | BIT(STAGE_RUNNING) | BIT(STAGE_SKIPPED) |
                      BIT(STAGE_CANCELLED) | BIT(STAGE_BLOCKED),
    [STAGE_QUEUED] = STAGE_ENDS | BIT(STAGE_RUNNING) | BIT(STAGE_STOPPING),
    [STAGE_RUNNING] = STAGE_ENDS | BIT(STAGE_STOPPING),
    [STAGE_RETRYING] = BIT(STAGE_QUEUED) | BIT(STAGE_RUNNING) | BIT(STAGE_CANCELLED) |
                       BIT(STAGE_BLOCKED) | STAGE_AGAIN,
    [STAGE_STOPPING] = STAGE_ENDS,
    [STAGE_SUCCESS] = BIT(STAGE_WAITING),
    [STAGE_FAILED] = STAGE_AGAIN,
    [STAGE_REJECTED] = STAGE_AGAIN,
    [STAGE_SKIPPED] = BIT(STAGE_WAITING),
    [STAGE_CANCELLED] = STAGE_AGAIN,
    [STAGE_BLOCKED] = STAGE_AGAIN,
};
static const unsigned run_moves[RUN_STATE_COUNT] = {
    [RUN_CREATED] = BIT(RUN_RUNNING) | BIT(RUN_STOPPING),
    [RUN_RUNNING] = BIT(RUN_STOPPING) | BIT(RUN_SUCCESS) | BIT(RUN_FAILED) | BIT(RUN_CANCELLED),
    [RUN_STOPPING] = BIT(RUN_CANCELLED),
    [RUN_SUCCESS] = BIT(RUN_RUNNING),
    [RUN_FAILED] = BIT(RUN_RUNNING),
    [RUN_CANCELLED] = BIT(RUN_RUNNING),
};

bool stage_move_is_legal(enum stage_state from, enum stage_state to)
{
    return (stage_moves[from] & BIT(to)) != 0;
}

bool run_move_is_legal(enum run_state from, enum run_state to)
{
    return (run_moves[from] & BIT(to)) != 0;
}

bool stage_move_starts_try(enum stage_state from, enum stage_state to)
{
    return !stage_state_is_active(from) && stage_state_is_active(to);
}

bool stage_move_voids_verdict(enum stage_state from, enum stage_state to)
{
    return stage_move_starts_try(from, to) || to == STAGE_WAITING || to == STAGE_SKIPPED;
}

bool stage_state_is_done(enum stage_state state)
{
    return state == STAGE_SUCCESS || state == STAGE_SKIPPED;
}

bool stage_state_is_bad(enum stage_state state)
{
    return stage_state_is_final(state) && !stage_state_is_done(state);
}

bool stage_state_is_active(enum stage_state state)
{
    return state == STAGE_QUEUED || state == STAGE_RUNNING || state == STAGE_STOPPING;
}

bool stage_state_is_final(enum stage_state state)
{
    return state >= STAGE_SUCCESS;
}

bool run_state_is_final(enum run_state state)
{
    return state >= RUN_SUCCESS;
}

enum verdict verdict_and(enum verdict all, enum verdict next)
{
    if (all == VERDICT_REJECTED || next == VERDICT_REJECTED) {
        return VERDICT_REJECTED;
    }
    return all == VERDICT_PASSED && next == VERDICT_PASSED ? VERDICT_PASSED : VERDICT_NONE;
}

bool run_is_sigterm(const char *user, const char *reason)
{
    return user == NULL && reason != NULL && strcmp(reason, RUN_REASON_SIGTERM) == 0;
}

enum run_failure run_failure_of(const struct error *err)
{
    /* The words of the ports for trouble that is not of the stage's own making. A time limit that
     * was reached, and work that was killed, are not among them: the same would happen again. */
    static const struct {
        const char *code;
        enum run_failure failure;
    } table[] = {
        {"throttled", RUN_FAILURE_TEMPORARY},
        {"unavailable", RUN_FAILURE_TEMPORARY},
        {"host_not_found", RUN_FAILURE_TEMPORARY},
        {"proxy_not_found", RUN_FAILURE_TEMPORARY},
        {"connection_failed", RUN_FAILURE_TEMPORARY},
        {"connect_timeout", RUN_FAILURE_TEMPORARY},
        {"connection_lost", RUN_FAILURE_TEMPORARY},
        {"stalled", RUN_FAILURE_TEMPORARY},
        {"not_ready", RUN_FAILURE_TEMPORARY},
        {"CapacityError", RUN_FAILURE_TEMPORARY},
        {"bad_aws_config", RUN_FAILURE_CONFIG},
        {"no_region", RUN_FAILURE_CONFIG},
        {"bad_region", RUN_FAILURE_CONFIG},
        {"bad_dsn", RUN_FAILURE_CONFIG},
        {"no_credentials", RUN_FAILURE_CREDENTIALS},
        {"credentials_refused", RUN_FAILURE_CREDENTIALS},
        {"no_password", RUN_FAILURE_CREDENTIALS}, /* PostgreSQL's, as its class 28 */
        {"28P01", RUN_FAILURE_CREDENTIALS},
        {"28000", RUN_FAILURE_CREDENTIALS},
        {RUN_CODE_NOT_STOPPED, RUN_FAILURE_NOT_STOPPED},
    };
    enum run_failure failure = RUN_FAILURE_STAGE;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (error_is(err, table[i].code)) {
            failure = table[i].failure;
        }
    }
    /* What may not be tried again by itself may not be by cron either. */
    bool is_final = failure == RUN_FAILURE_TEMPORARY && err->error_class != ERROR_TRANSIENT;
    return is_final ? RUN_FAILURE_STAGE : failure;
}

enum run_failure run_failure_and(enum run_failure all, enum stage_state state, enum run_failure own)
{
    bool counts =
        state == STAGE_FAILED || (state == STAGE_CANCELLED && own == RUN_FAILURE_NOT_STOPPED);
    return counts && own > all ? own : all;
}

int run_exit_code_of(enum run_state state, enum run_failure failure, enum verdict verdict,
                     bool is_terminated)
{
    static const int failed[] = {
        [RUN_FAILURE_NONE] = 1,    [RUN_FAILURE_TEMPORARY] = 75,  [RUN_FAILURE_STAGE] = 1,
        [RUN_FAILURE_CONFIG] = 78, [RUN_FAILURE_CREDENTIALS] = 4, [RUN_FAILURE_NOT_STOPPED] = 1,
    };
    if (state == RUN_SUCCESS) {
        return 0;
    }
    if (state == RUN_CANCELLED && failure != RUN_FAILURE_NOT_STOPPED) {
        return is_terminated ? 143 : 130;
    }
    if (verdict == VERDICT_REJECTED && failure <= RUN_FAILURE_TEMPORARY) {
        return failure == RUN_FAILURE_NONE ? 3 : 1; /* trying again gives the same model */
    }
    return failed[failure];
}

/* Index of `name` in a name table, or `count`. */
static int find_name(struct str name, const char *const *names, int count)
{
    int i = 0;
    while (i < count && !str_eq(name, str_from(names[i]))) {
        i++;
    }
    return i;
}

const char *stage_state_name(enum stage_state state)
{
    return stage_names[state];
}

const char *stage_state_word(enum stage_state state)
{
    return stage_words[state];
}

bool stage_state_from_name(struct str name, enum stage_state *out_state)
{
    int found = find_name(name, stage_names, STAGE_STATE_COUNT);
    if (found < STAGE_STATE_COUNT) {
        *out_state = (enum stage_state)found;
    }
    return found < STAGE_STATE_COUNT;
}

const char *run_state_name(enum run_state state)
{
    return run_names[state];
}

bool run_state_from_name(struct str name, enum run_state *out_state)
{
    int found = find_name(name, run_names, RUN_STATE_COUNT);
    if (found < RUN_STATE_COUNT) {
        *out_state = (enum run_state)found;
    }
    return found < RUN_STATE_COUNT;
}

const char *verdict_name(enum verdict verdict)
{
    return verdict_names[verdict];
}

bool verdict_from_name(struct str name, enum verdict *out_verdict)
{
    int found = find_name(name, verdict_names, VERDICT_COUNT);
    if (found < VERDICT_COUNT) {
        *out_verdict = (enum verdict)found;
    }
    return found < VERDICT_COUNT;
}

const char *command_verb_name(enum command_verb verb)
{
    return verb_names[verb];
}

bool command_verb_from_name(struct str name, enum command_verb *out_verb)
{
    int found = find_name(name, verb_names, COMMAND_VERB_COUNT);
    if (found < COMMAND_VERB_COUNT) {
        *out_verb = (enum command_verb)found;
    }
    return found < COMMAND_VERB_COUNT;
}
