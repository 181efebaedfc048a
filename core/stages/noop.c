/* noop: nothing, or a pause; for drills and benchmarks. */
#include "core/stages/kind.h"

struct noop {
    bool has_slept;
};

static const struct parameter noop_parameters[] = {
    {.name = "sleep_ms", .type = PARAMETER_INTEGER, .max = 86400000},
    {.name = "outputs", .type = PARAMETER_OBJECT},
};

static enum step_next sleep_end(struct attempt *attempt, struct error *err)
{
    struct noop *noop = attempt->state;
    (void)err;
    attempt->delay_ms = json_int_or(attempt->spec.parameters, "sleep_ms", 0);
    if (attempt->delay_ms > 0 && !noop->has_slept) {
        noop->has_slept = true;
        return STEP_REPEAT;
    }
    attempt->outputs = json_copy(json_get(attempt->spec.parameters, "outputs"));
    return STEP_DONE;
}

static const struct step noop_steps[] = {
    {.name = "do nothing", .end = sleep_end},
};

const struct stage_kind stage_kind_noop = {
    .parameters = noop_parameters,
    .parameter_count = sizeof(noop_parameters) / sizeof(noop_parameters[0]),
    .state_size = sizeof(struct noop),
    .steps = noop_steps,
    .step_count = sizeof(noop_steps) / sizeof(noop_steps[0]),
};
