/* Operators' commands: when each is allowed, and what it does to the draft. */
#include "core/run/draft.h"

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/run/moves.h"

#include <stdlib.h>
#include <string.h>

static bool refuse(struct error *err, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static bool refuse(struct error *err, const char *code, const char *format, ...)
{
    struct buf text;
    va_list args;
    buf_init(&text, ERROR_MESSAGE_SIZE);
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    error_set(err, ERROR_PERMANENT, code, "%s", buf_text(&text));
    buf_done(&text);
    return false;
}

static bool find_stage(const struct draft *draft, const char *name, size_t *out_stage,
                       struct error *err)
{
    const struct dag *dag = draft->run->dag;
    size_t stage = dag_find(dag, str_from(name));
    if (stage < dag->count) {
        *out_stage = stage;
        return true;
    }
    const char **names = xcalloc(dag->count, sizeof(names[0]));
    for (size_t i = 0; i < dag->count; i++) {
        names[i] = dag->stages[i].name;
    }
    const char *nearest = str_nearest(str_from(name), names, dag->count);
    refuse(err, "unknown_stage", "there is no stage \"%.80s\"%s%s%s", name == NULL ? "" : name,
           nearest == NULL ? "" : "; did you mean \"", nearest == NULL ? "" : nearest,
           nearest == NULL ? "" : "\"?");
    free(names);
    return false;
}

/* A stage that works on what `stage` gave, alive now; or dag->count. */
static size_t find_active_follower(const struct draft *draft, size_t stage)
{
    const struct dag *dag = draft->run->dag;
    for (size_t i = stage + 1; i < dag->count; i++) {
        if (stage_state_is_active(draft->stages[i].state) && dag_is_upstream(dag, stage, i)) {
            return i;
        }
    }
    return dag->count;
}

/* Running again needs an upstream that is not bad, and nobody at work on the present outputs. */
static bool check_run_again(const struct draft *draft, size_t stage, struct error *err)
{
    size_t which = 0;
    const char *name = draft_name(draft, stage);
    enum stage_state state = draft->stages[stage].state;
    size_t follower = find_active_follower(draft, stage);
    if (stage_state_is_active(state)) {
        return refuse(err, "stage_active", "%s is %s: wait for its end or stop the run first", name,
                      stage_state_name(state));
    }
    if (state == STAGE_WAITING) {
        return refuse(err, "stage_waiting", "%s is waiting: it will run by itself", name);
    }
    if (follower < draft->run->dag->count) {
        return refuse(err, "stage_active",
                      "%s works on what %s gave and is %s: wait for its end or stop the run first",
                      draft_name(draft, follower), name,
                      stage_state_name(draft->stages[follower].state));
    }
    if (draft_upstream(draft, stage, &which) == UPSTREAM_BAD) {
        return refuse(err, "upstream", "%s waits for %s, which is %s: start again there", name,
                      draft_name(draft, which), stage_state_name(draft->stages[which].state));
    }
    return true;
}

static void reopen(struct draft *draft, const struct command *command)
{
    if (run_state_is_final(draft->state)) {
        char *reason = xasprintf("%s %s", command_verb_name(command->verb), command->stage);
        draft_move_run(draft, RUN_RUNNING, reason);
        free(reason);
    }
}

/* What nothing bad stands before any more waits again. */
static void unblock(struct draft *draft)
{
    for (size_t i = 0; i < draft->run->dag->count; i++) {
        if (draft->stages[i].state == STAGE_BLOCKED &&
            draft_upstream(draft, i, NULL) != UPSTREAM_BAD) {
            draft_move(draft, i, STAGE_WAITING, NULL);
        }
    }
}

static bool retry(struct draft *draft, const struct command *command, size_t stage,
                  struct error *err)
{
    if (draft->stages[stage].state == STAGE_RETRYING) {
        return refuse(err, "stage_retrying", "%s is retrying: its next try starts by itself",
                      draft_name(draft, stage));
    }
    if (!check_run_again(draft, stage, err)) {
        return false;
    }
    reopen(draft, command);
    draft_move(draft, stage, STAGE_WAITING, NULL);
    unblock(draft);
    return true;
}

static bool rerun(struct draft *draft, const struct command *command, size_t stage,
                  struct error *err)
{
    const struct dag *dag = draft->run->dag;
    if (!check_run_again(draft, stage, err)) {
        return false;
    }
    reopen(draft, command);
    draft_move(draft, stage, STAGE_WAITING, NULL);
    for (size_t i = stage + 1; i < dag->count; i++) {
        enum stage_state state = draft->stages[i].state;
        bool stays = state == STAGE_WAITING || state == STAGE_BLOCKED; /* unblock decides */
        if (!stays && dag_is_upstream(dag, stage, i)) {
            draft_move(draft, i, STAGE_WAITING, NULL);
        }
    }
    unblock(draft);
    return true;
}

static bool skip(struct draft *draft, const struct command *command, size_t stage,
                 struct error *err)
{
    enum stage_state state = draft->stages[stage].state;
    const char *name = draft_name(draft, stage);
    struct str reason = str_trim(str_from(command->reason));
    if (reason.len == 0) {
        return refuse(err, "reason_missing", "skip needs a reason: say why %s may be left out",
                      name);
    }
    if (stage_state_is_active(state)) {
        return refuse(err, "stage_active", "%s is %s: wait for its end or stop the run first", name,
                      stage_state_name(state));
    }
    if (stage_state_is_done(state)) {
        return refuse(err, "stage_done", "%s is %s already", name,
                      state == STAGE_SUCCESS ? "done" : "skipped");
    }
    reopen(draft, command);
    draft_move(draft, stage, STAGE_SKIPPED, draft_reason(command->reason));
    unblock(draft);
    return true;
}

static bool stop(struct draft *draft, const struct command *command, struct error *err)
{
    if (run_state_is_final(draft->state)) {
        return refuse(err, "run_at_rest", "the run is at rest: %s", run_state_name(draft->state));
    }
    if (draft->state == RUN_STOPPING) {
        return refuse(err, "run_stopping", "the run is being stopped already");
    }
    char *reason =
        command->user == NULL ? xstrdup("stopped") : xasprintf("stopped by %s", command->user);
    draft->is_terminated = run_is_sigterm(command->user, command->reason);
    draft_move_run(draft, RUN_STOPPING, reason);
    draft_stop_all(draft, reason);
    free(reason);
    return true;
}

bool draft_command(struct draft *draft, const struct command *command, struct error *err)
{
    size_t stage = 0;
    if (command->verb == COMMAND_STOP) {
        return stop(draft, command, err);
    }
    if (draft->state == RUN_STOPPING) {
        return refuse(err, "run_stopping", "the run is being stopped: wait until it is at rest");
    }
    if (!find_stage(draft, command->stage, &stage, err)) {
        return false;
    }
    switch (command->verb) {
    case COMMAND_RETRY:
        return retry(draft, command, stage, err);
    case COMMAND_RERUN:
        return rerun(draft, command, stage, err);
    case COMMAND_SKIP:
        return skip(draft, command, stage, err);
    case COMMAND_STOP:
    case COMMAND_VERB_COUNT:
        break;
    }
    return refuse(err, "unknown_command", "there is no such command");
}

bool run_plan_command(const struct run *run, const struct command *command, bool *out_will_run,
                      struct error *err)
{
    struct draft draft;
    draft_init(&draft, run, run->last_ts_ms, NULL);
    bool is_accepted = draft_command(&draft, command, err);
    if (is_accepted) {
        draft_block(&draft);
        for (size_t i = 0; i < run->dag->count; i++) {
            out_will_run[i] =
                draft.stages[i].state == STAGE_WAITING && run->stages[i].state != STAGE_WAITING;
        }
    }
    draft_done(&draft);
    return is_accepted;
}
