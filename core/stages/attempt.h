/* One try of a stage, driven through the named steps of its kind. Loop thread only.
 * The engine owns the attempt and hears of it through callbacks; a kind sees only the attempt. */
#ifndef GATEHOUSE_STAGES_ATTEMPT_H
#define GATEHOUSE_STAGES_ATTEMPT_H

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/loop/loop.h"
#include "core/ports/services.h"
#include "core/run/run.h"

struct attempt;

struct attempt_hooks { /* the engine's ears; all called on the loop thread, never from inside
                          attempt_start */
    void *context;
    /* Provisioning is over (kinds that start queued). */
    void (*running)(void *context, struct attempt *attempt);
    /* Body of a stage.progress event (without stage and try); takes body. At most a few a second.
     */
    void (*progress)(void *context, struct attempt *attempt, struct json *body);
    /* A line for the try's log; level is "info", "warn", "error" or "out" (program output). Text is
     * raw. */
    void (*log)(void *context, struct attempt *attempt, const char *level, struct str line);
    /* The end, exactly once. evaluation: only from a gate. The attempt may be freed from here on.
     */
    void (*finished)(void *context, struct attempt *attempt, enum outcome outcome,
                     const struct error *err, const struct json *outputs,
                     const struct json *evaluation);
};

struct attempt_spec { /* everything borrowed until the attempt is freed, but parameters: taken */
    struct loop *loop;
    struct clock *clock;
    const struct services *services;
    const struct attempt_hooks *hooks;
    const struct dag *dag; /* whose stage it is; NULL: not known */
    const char *run_id;
    const char *kind;
    const char *stage;
    int try_number;
    const char *intent;      /* the try's unique name, durable before attempt_start */
    const char *work_folder; /* private to the try, exists, empty at start; the engine removes it */
    struct json *parameters; /* resolved; taken */
    int64_t total_timeout_ms; /* 0: none; the kind passes it on so that an orphan is bounded */
    int64_t running_timeout_ms;
};

struct attempt *attempt_new(const struct attempt_spec *spec);
void attempt_free(struct attempt *attempt); /* accepts NULL; only before start or after finished */
void attempt_start(struct attempt *attempt);
void attempt_adopt(struct attempt *attempt); /* instead of start: begins at the kind's adopt step */
void attempt_cancel(
    struct attempt *attempt); /* runs the kind's stop step; finished comes when it is stopped */
void attempt_kill(
    struct attempt *attempt); /* stop now: kills local children, does not wait for remote work */
int attempt_try_number(const struct attempt *attempt);

/* The kinds, as traits for the dag; ends with a NULL kind. */
const struct stage_traits *stage_kinds(void);
/* At configuration time: are these parameters right for the kind (names, types, ranges)? err names
 * the key. */
bool stage_kind_check(const char *kind, const struct json *parameters, struct error *err);

#endif
