/* function_invoke: one call of a function, then a look at every object it says it has written. An
 * invocation is never sent again from here: whether to try again is the engine's business. */
#include "core/ports/function_service.h"
#include "core/stages/kind.h"
#include "core/stages/object_check.h"

struct function_invoke_stage {
    struct function_invoke invoke;
    struct object_head head;
    const struct json *member; /* of the result: what is looked at */
    struct object_place place;
    int verified;
};

static const struct parameter function_invoke_parameters[] = {
    {.name = "function",
     .type = PARAMETER_TEXT,
     .is_required = true,
     .min = 1,
     .max = FUNCTION_NAME_SIZE - 1},
    {.name = "payload", .type = PARAMETER_OBJECT, .is_open = true},
};

static bool function_invoke_init(struct attempt *attempt, struct error *err)
{
    struct function_invoke_stage *stage = attempt->state;
    struct json *parameters = attempt->spec.parameters;
    (void)err;
    if (json_get(parameters, "payload") == NULL) {
        json_set(parameters, "payload", json_object());
    }
    stage->invoke = (struct function_invoke){
        .name = json_text_or(parameters, "function", ""),
        .event = json_get(parameters, "payload"),
        .timeout_ms = attempt_deadline_ms(attempt),
        .on_log_line = attempt_log_output,
        .log_context = attempt,
    };
    return true;
}

static void function_invoke_release(struct attempt *attempt)
{
    struct function_invoke_stage *stage = attempt->state;
    function_invoke_done(&stage->invoke);
}

static void invoke_begin(struct attempt *attempt)
{
    struct function_invoke_stage *stage = attempt->state;
    attempt_log(attempt, "info", "function=%s invoked", stage->invoke.name);
    attempt_await(attempt, &stage->invoke.op);
    function_invoke_start(attempt->spec.services->functions, &stage->invoke);
}

/* Moves on to the first member from `member` on that is a place. */
static bool find_place(struct function_invoke_stage *stage, const struct json *member)
{
    while (member != NULL && !object_place_read(member, &stage->place)) {
        member = json_next(member);
    }
    stage->member = member;
    return member != NULL;
}

static enum step_next finish_invocation(struct attempt *attempt)
{
    struct function_invoke_stage *stage = attempt->state;
    attempt->outputs = stage->invoke.result;
    stage->invoke.result = NULL;
    attempt_log(attempt, "info", "outputs_verified=%d", stage->verified);
    return STEP_DONE;
}

static enum step_next invoke_end(struct attempt *attempt, struct error *err)
{
    struct function_invoke_stage *stage = attempt->state;
    if (!json_is_object(stage->invoke.result)) {
        error_set(err, ERROR_PERMANENT, "bad_result", "function %s gave no JSON object",
                  stage->invoke.name);
        return STEP_FAIL;
    }
    bool has_places = find_place(stage, json_first(stage->invoke.result));
    return has_places ? STEP_NEXT : finish_invocation(attempt);
}

static void verify_begin(struct attempt *attempt)
{
    struct function_invoke_stage *stage = attempt->state;
    stage->head = (struct object_head){.bucket = stage->place.bucket, .key = stage->place.key};
    attempt_await(attempt, &stage->head.op);
    object_head_start(attempt->spec.services->objects, &stage->head);
}

static enum step_next verify_end(struct attempt *attempt, struct error *err)
{
    struct function_invoke_stage *stage = attempt->state;
    if (!object_check(&stage->place, &stage->head.info, attempt->started_wall_ms, err)) {
        error_prefix(err, "output '%.80s'", json_name(stage->member));
        return STEP_FAIL;
    }
    stage->verified++;
    return find_place(stage, json_next(stage->member)) ? STEP_AGAIN : finish_invocation(attempt);
}

static enum step_next verify_failed(struct attempt *attempt, struct error *err)
{
    struct function_invoke_stage *stage = attempt->state;
    if (error_is(err, "not_found")) {
        error_set(err, ERROR_PERMANENT, "output_missing",
                  "function %s says it wrote s3://%.64s/%.500s, but it is not there",
                  stage->invoke.name, stage->place.bucket, stage->place.key);
    }
    error_prefix(err, "output '%.80s'", json_name(stage->member));
    return STEP_FAIL;
}

static const struct step function_invoke_steps[] = {
    {.name = "invoke function", .begin = invoke_begin, .end = invoke_end},
    {.name = "verify outputs", .begin = verify_begin, .end = verify_end, .failed = verify_failed},
};

const struct stage_kind stage_kind_function_invoke = {
    .parameters = function_invoke_parameters,
    .parameter_count = sizeof(function_invoke_parameters) / sizeof(function_invoke_parameters[0]),
    .state_size = sizeof(struct function_invoke_stage),
    .init = function_invoke_init,
    .done = function_invoke_release,
    .steps = function_invoke_steps,
    .step_count = sizeof(function_invoke_steps) / sizeof(function_invoke_steps[0]),
};
