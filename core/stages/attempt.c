/* The driver of steps: one operation at a time, one phase setter, one place where the end is told.
 * It knows no kind; a kind's table says what happens. */
#include "core/stages/attempt.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/stages/kind.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A kill does not wait longer than this for an operation that cannot be ended at once. Work on this
 * machine outlives its time limit by the margin, so that the engine's own timeout speaks first. */
enum { KILL_PATIENCE_MS = 500, DEADLINE_MARGIN_MS = 5000, LOG_LINE_MAX = 4096 };

static const size_t NO_STEP = SIZE_MAX;

static void run_steps(struct attempt *attempt);
static void take_turn(void *context);

static void set_phase(struct attempt *attempt, enum attempt_phase phase)
{
    static const bool is_legal[][ATTEMPT_FINISHED + 1] = {
        [ATTEMPT_NEW] = {[ATTEMPT_WORKING] = true},
        [ATTEMPT_WORKING] = {[ATTEMPT_STOPPING] = true, [ATTEMPT_FINISHED] = true},
        [ATTEMPT_STOPPING] = {[ATTEMPT_FINISHED] = true},
        [ATTEMPT_FINISHED] = {false},
    };
    assert(is_legal[attempt->phase][phase]);
    attempt->phase = phase;
}

struct attempt *attempt_new(const struct attempt_spec *spec)
{
    struct attempt *attempt = xcalloc(1, sizeof(*attempt));
    attempt->spec = *spec;
    attempt->kind = stage_kind_find(spec->kind);
    attempt->random.state = random_system_seed();
    attempt->announced_step = NO_STEP;
    attempt->timer = timer_new(spec->loop, take_turn, attempt);
    if (attempt->kind != NULL) {
        attempt->state = xcalloc(1, attempt->kind->state_size + 1);
    }
    return attempt;
}

static void destroy(struct attempt *attempt)
{
    if (attempt->is_initialised && attempt->kind->done != NULL) {
        attempt->kind->done(attempt);
    }
    timer_free(attempt->timer);
    json_free(attempt->spec.parameters);
    json_free(attempt->outputs);
    json_free(attempt->evaluation);
    free(attempt->state);
    free(attempt);
}

void attempt_free(struct attempt *attempt)
{
    if (attempt == NULL) {
        return;
    }
    assert(attempt->phase == ATTEMPT_NEW || attempt->phase == ATTEMPT_FINISHED);
    if (attempt->op == NULL) {
        destroy(attempt);
    } else { /* killed while a port was busy: the request must live until its done */
        timer_disarm(attempt->timer);
        attempt->is_released = true;
    }
}

int attempt_try_number(const struct attempt *attempt)
{
    return attempt->spec.try_number;
}

static const struct step *current_step(const struct attempt *attempt)
{
    return attempt->phase == ATTEMPT_STOPPING ? &attempt->kind->stop
                                              : &attempt->kind->steps[attempt->step_index];
}

static void finish(struct attempt *attempt)
{
    bool is_success = attempt->outcome == OUTCOME_SUCCESS && attempt->wish == ATTEMPT_WISH_NONE;
    if (attempt->wish != ATTEMPT_WISH_NONE) {
        attempt->outcome = OUTCOME_CANCELLED;
        if (!attempt->is_not_stopped) {
            error_set(&attempt->error, ERROR_CANCELLED, "cancelled", "stopped on request");
        }
    }
    if (is_success && attempt->outputs == NULL) {
        attempt->outputs = json_object();
    }
    bool has_verdict = is_success || attempt->outcome == OUTCOME_REJECTED;
    timer_disarm(attempt->timer);
    set_phase(attempt, ATTEMPT_FINISHED);
    const struct attempt_hooks *hooks = attempt->spec.hooks;
    hooks->finished(hooks->context, attempt, attempt->outcome, is_success ? NULL : &attempt->error,
                    has_verdict ? attempt->outputs : NULL,
                    has_verdict ? attempt->evaluation : NULL);
}

/* The outcome is decided; what runs elsewhere is stopped before it is told. */
static void conclude(struct attempt *attempt)
{
    bool must_stop = attempt->phase == ATTEMPT_WORKING && attempt->has_remote_work &&
                     attempt->kind->stop.end != NULL && attempt->outcome != OUTCOME_SUCCESS;
    if (!must_stop || attempt->wish == ATTEMPT_WISH_KILL) {
        finish(attempt);
        return;
    }
    set_phase(attempt, ATTEMPT_STOPPING);
    attempt->announced_step = NO_STEP;
    run_steps(attempt);
}

static void conclude_cancelled(struct attempt *attempt)
{
    attempt->outcome = OUTCOME_CANCELLED;
    conclude(attempt);
}

/* Where `next` leads; true when a step is to be begun now. */
static bool advance(struct attempt *attempt, enum step_next next, const struct error *err)
{
    switch (next) {
    case STEP_NEXT:
        attempt->step_index++;
        if (attempt->step_index < attempt->kind->step_count) {
            return true;
        }
        break;
    case STEP_AGAIN:
        return true;
    case STEP_REPEAT:
        timer_arm(attempt->timer, attempt->delay_ms);
        return false;
    case STEP_JUMP:
        attempt->step_index = attempt->jump_to;
        return true;
    case STEP_DONE:
        break;
    case STEP_REJECT:
    case STEP_FAIL:
        attempt->outcome = next == STEP_FAIL ? OUTCOME_FAILED : OUTCOME_REJECTED;
        attempt->error = *err;
        if (next == STEP_FAIL) {
            error_prefix(&attempt->error, "%s", current_step(attempt)->name);
        }
        conclude(attempt);
        return false;
    }
    attempt->outcome = OUTCOME_SUCCESS;
    conclude(attempt);
    return false;
}

/* What could not be stopped may still be running: another try would run beside it. */
static void tell_not_stopped(struct attempt *attempt, const struct error *err)
{
    struct error first = attempt->error;
    attempt->is_not_stopped = true;
    attempt_log(attempt, "error", "%s: %s", attempt->kind->stop.name, err->message);
    if (attempt->wish != ATTEMPT_WISH_NONE) {
        error_set(&attempt->error, ERROR_PERMANENT, RUN_CODE_NOT_STOPPED, "%s: %s",
                  attempt->kind->stop.name, err->message);
        return;
    }
    error_set(&attempt->error, ERROR_PERMANENT, first.code, "%.500s; %s: %.500s", first.message,
              attempt->kind->stop.name, err->message);
    attempt->error.http_status = first.http_status;
}

/* The stop step has no outcome of its own. */
static bool advance_stop(struct attempt *attempt, enum step_next next, const struct error *err)
{
    if (next == STEP_AGAIN) {
        return true;
    }
    if (next == STEP_REPEAT) {
        timer_arm(attempt->timer, attempt->delay_ms);
        return false;
    }
    if (next == STEP_FAIL) {
        tell_not_stopped(attempt, err);
    }
    finish(attempt);
    return false;
}

static bool go_on(struct attempt *attempt, enum step_next next, const struct error *err)
{
    return attempt->phase == ATTEMPT_STOPPING ? advance_stop(attempt, next, err)
                                              : advance(attempt, next, err);
}

static void announce(struct attempt *attempt)
{
    bool is_worth_it = attempt->kind->step_count > 1 || attempt->phase == ATTEMPT_STOPPING;
    size_t step =
        attempt->phase == ATTEMPT_STOPPING ? attempt->kind->step_count : attempt->step_index;
    if (is_worth_it && attempt->announced_step != step) {
        attempt->announced_step = step;
        attempt_report(attempt, NULL);
    }
}

static void run_steps(struct attempt *attempt)
{
    for (;;) {
        struct error err = {0};
        const struct step *step = current_step(attempt);
        announce(attempt);
        if (step->begin != NULL) {
            step->begin(attempt);
            assert(attempt->op != NULL);
            return;
        }
        if (!go_on(attempt, step->end(attempt, &err), &err)) {
            return;
        }
    }
}

static bool initialise(struct attempt *attempt, struct error *err)
{
    const struct stage_kind *kind = attempt->kind;
    if (kind == NULL) {
        return error_set(err, ERROR_PERMANENT, "bad_kind", "there is no stage kind '%.64s'",
                         attempt->spec.kind);
    }
    attempt->is_initialised = true;
    return parameters_check(kind->parameters, kind->parameter_count, attempt->spec.parameters,
                            false, err) &&
           (kind->check == NULL || kind->check(attempt->spec.parameters, err)) &&
           (kind->init == NULL || kind->init(attempt, err));
}

static bool is_cancelled(const struct attempt *attempt)
{
    return attempt->wish == ATTEMPT_WISH_KILL ||
           (attempt->wish == ATTEMPT_WISH_CANCEL && attempt->phase == ATTEMPT_WORKING);
}

/* The timer's turn: the start, the next round of a step, or the end of a kill's patience. */
static void take_turn(void *context)
{
    struct attempt *attempt = context;
    if (!attempt->is_initialised && !initialise(attempt, &attempt->error)) {
        attempt->outcome = OUTCOME_FAILED;
        attempt->has_remote_work = false;
        finish(attempt);
    } else if (is_cancelled(attempt)) {
        conclude_cancelled(attempt);
    } else {
        run_steps(attempt);
    }
}

static void on_op_done(struct op *op, const struct error *op_err)
{
    struct attempt *attempt = op->context;
    struct error err = {0};
    attempt->op = NULL;
    if (attempt->is_released) {
        destroy(attempt);
        return;
    }
    if (attempt->phase == ATTEMPT_FINISHED) {
        return;
    }
    const struct step *step = current_step(attempt);
    enum step_next next = STEP_FAIL;
    bool is_ours = is_cancelled(attempt) && op_err != NULL &&
                   op_err->error_class == ERROR_CANCELLED; /* tells the step nothing */
    if (op_err == NULL) {
        next = step->end(attempt, &err);
    } else if (!is_ours) {
        err = *op_err;
        next = step->failed == NULL ? STEP_FAIL : step->failed(attempt, &err);
    }
    if (is_cancelled(attempt)) {
        conclude_cancelled(attempt);
    } else if (go_on(attempt, next, &err)) {
        run_steps(attempt);
    }
}

void attempt_await(struct attempt *attempt, struct op *op)
{
    assert(attempt->op == NULL);
    op->done = on_op_done;
    op->context = attempt;
    attempt->op = op;
}

static void begin(struct attempt *attempt)
{
    attempt->started_wall_ms = attempt->spec.clock->wall_ms(attempt->spec.clock);
    set_phase(attempt, ATTEMPT_WORKING);
    timer_arm(attempt->timer, 0);
}

void attempt_start(struct attempt *attempt)
{
    begin(attempt);
}

void attempt_adopt(struct attempt *attempt)
{
    attempt->is_adopted = true;
    attempt->step_index = attempt->kind == NULL ? 0 : attempt->kind->adopt_step;
    attempt->has_remote_work = attempt->kind != NULL && attempt->kind->stop.end != NULL;
    begin(attempt);
}

/* A wish only grows: a cancel after a kill changes nothing. */
static void wish(struct attempt *attempt, enum attempt_wish wish)
{
    bool is_new = attempt->wish < wish && attempt->phase != ATTEMPT_FINISHED;
    if (!is_new) {
        return;
    }
    attempt->wish = wish;
    if (attempt->op == NULL) {
        timer_arm(attempt->timer, 0);
        return;
    }
    const struct step *step = current_step(attempt);
    if (step->cancel != NULL) {
        step->cancel(attempt, wish == ATTEMPT_WISH_KILL);
    } else if (is_cancelled(attempt)) {
        op_cancel(attempt->op);
    }
    if (wish == ATTEMPT_WISH_KILL) {
        timer_arm(attempt->timer, KILL_PATIENCE_MS);
    }
}

void attempt_cancel(struct attempt *attempt)
{
    wish(attempt, ATTEMPT_WISH_CANCEL);
}

void attempt_kill(struct attempt *attempt)
{
    wish(attempt, ATTEMPT_WISH_KILL);
}

void attempt_report(struct attempt *attempt, struct json *body)
{
    const struct attempt_hooks *hooks = attempt->spec.hooks;
    struct json *report = body == NULL ? json_object() : body;
    json_set_text(report, "step", current_step(attempt)->name);
    if (attempt->phase == ATTEMPT_WORKING) {
        json_set_int(report, "step_number", (int64_t)attempt->step_index + 1);
        json_set_int(report, "step_count", (int64_t)attempt->kind->step_count);
    }
    hooks->progress(hooks->context, attempt, report);
}

void attempt_log_line(struct attempt *attempt, const char *level, struct str line)
{
    const struct attempt_hooks *hooks = attempt->spec.hooks;
    hooks->log(hooks->context, attempt, level, line);
}

void attempt_log_output(void *context, struct str line)
{
    attempt_log_line(context, "out", line);
}

void attempt_log(struct attempt *attempt, const char *level, const char *format, ...)
{
    va_list args;
    char line[LOG_LINE_MAX];
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    attempt_log_line(attempt, level, str_from(line));
}

int64_t attempt_deadline_ms(const struct attempt *attempt)
{
    int64_t running_ms = attempt->spec.running_timeout_ms;
    int64_t total_ms = attempt->spec.total_timeout_ms;
    int64_t limit_ms = running_ms == 0                          ? total_ms
                       : total_ms == 0 || running_ms < total_ms ? running_ms
                                                                : total_ms;
    return limit_ms == 0 ? 0 : limit_ms + DEADLINE_MARGIN_MS;
}

char *attempt_path(const struct attempt *attempt, const char *name)
{
    return file_join(attempt->spec.work_folder, name);
}
