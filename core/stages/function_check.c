/* function_check: is every function that the pipeline will call there, can it be called, and do its
 * time limit and the stages that wait for it go together? All that is wrong is told at once, a
 * misspelt name with the nearest one that exists. */
#include "core/base/alloc.h"
#include "core/base/utf8.h"
#include "core/ports/function_service.h"
#include "core/stages/function_fit.h"
#include "core/stages/kind.h"

#include <stdlib.h>
#include <string.h>

enum { FUNCTIONS_MAX = 100, PROBLEMS_SIZE = 900 };

struct function_check_stage {
    const struct json *names;
    size_t at;
    struct function_check check;
    struct function_list list;
    struct json *checked;
    const char *missing[FUNCTIONS_MAX];
    size_t missing_count;
    struct buf inactive; /* "name is Pending, ..." */
    struct buf misfits;  /* of time limits, in sentences */
    bool is_permanent;   /* one of the inactive ones will not become active by itself */
};

static const struct parameter function_check_parameters[] = {
    {.name = "functions",
     .type = PARAMETER_TEXTS,
     .is_required = true,
     .min = 1,
     .max = FUNCTIONS_MAX},
    {.name = "timeout_ms", .type = PARAMETER_INTEGER, .max = INT64_MAX}, /* asked of each */
};

static bool function_check_init(struct attempt *attempt, struct error *err)
{
    struct function_check_stage *stage = attempt->state;
    (void)err;
    stage->names = json_get(attempt->spec.parameters, "functions");
    stage->checked = json_array();
    buf_init(&stage->inactive, PROBLEMS_SIZE);
    buf_init(&stage->misfits, PROBLEMS_SIZE);
    return true;
}

static void function_check_done(struct attempt *attempt)
{
    struct function_check_stage *stage = attempt->state;
    json_free(stage->checked);
    buf_done(&stage->inactive);
    buf_done(&stage->misfits);
    function_list_done(&stage->list);
}

static void check_begin(struct attempt *attempt)
{
    struct function_check_stage *stage = attempt->state;
    stage->check = (struct function_check){0};
    json_as_text(json_at(stage->names, stage->at), &stage->check.name);
    attempt_await(attempt, &stage->check.op);
    function_check_start(attempt->spec.services->functions, &stage->check);
}

static enum step_next judge(struct attempt *attempt, struct error *err);

/* The list of all functions is wanted only for suggestions. */
static enum step_next check_next(struct attempt *attempt, struct error *err)
{
    struct function_check_stage *stage = attempt->state;
    stage->at++;
    if (stage->at < json_count(stage->names)) {
        return STEP_AGAIN;
    }
    return stage->missing_count > 0 ? STEP_NEXT : judge(attempt, err);
}

static enum step_next check_end(struct attempt *attempt, struct error *err)
{
    struct function_check_stage *stage = attempt->state;
    const struct function_check *check = &stage->check;
    struct json *fact = json_object();
    json_set_text(fact, "name", check->name);
    json_set_text(fact, "state", check->state);
    json_set_int(fact, "timeout_ms", check->timeout_ms);
    json_append(stage->checked, fact);
    /* https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html: Pending becomes Active;
     * Inactive wakes when it is called. */
    if (strcmp(check->state, "Active") != 0 && strcmp(check->state, "Inactive") != 0) {
        stage->is_permanent = stage->is_permanent || strcmp(check->state, "Pending") != 0;
        buf_printf(&stage->inactive, "%s%s is ", stage->inactive.len > 0 ? ", " : "", check->name);
        utf8_append_printable(&stage->inactive, str_from(check->state));
    }
    function_fits(check, attempt->spec.dag, json_int_or(attempt->spec.parameters, "timeout_ms", 0),
                  &stage->misfits);
    attempt_log(attempt, "info", "function=%s state=%s timeout_ms=%lld", check->name, check->state,
                (long long)check->timeout_ms);
    return check_next(attempt, err);
}

static enum step_next check_failed(struct attempt *attempt, struct error *err)
{
    struct function_check_stage *stage = attempt->state;
    if (!error_is(err, "not_found")) {
        if (strstr(err->message, stage->check.name) == NULL) {
            error_prefix(err, "%s", stage->check.name);
        }
        return STEP_FAIL;
    }
    attempt_log(attempt, "error", "function=%s state=missing", stage->check.name);
    stage->missing[stage->missing_count++] = stage->check.name;
    return check_next(attempt, err);
}

static void judge_begin(struct attempt *attempt)
{
    struct function_check_stage *stage = attempt->state;
    attempt_await(attempt, &stage->list.op);
    function_list_start(attempt->spec.services->functions, &stage->list);
}

static void describe_missing(const struct function_check_stage *stage, struct buf *out)
{
    const char *const *names = (const char *const *)stage->list.names;
    for (size_t i = 0; i < stage->missing_count; i++) {
        const char *nearest = str_nearest(str_from(stage->missing[i]), names, stage->list.count);
        buf_printf(out, "%s'%s'", i > 0 ? ", " : "", stage->missing[i]);
        if (nearest != NULL) {
            buf_append_text(out, " (did you mean '");
            utf8_append_printable(out, str_from(nearest));
            buf_append_text(out, "'?)");
        }
    }
}

static enum step_next fail_missing(const struct function_check_stage *stage, struct error *err)
{
    struct buf text;
    buf_init(&text, PROBLEMS_SIZE);
    describe_missing(stage, &text);
    error_set(err, ERROR_PERMANENT, "function_missing",
              "%s not found: %s%s%s; mend the section functions of the configuration, or make it "
              "by gatehouse functions deploy",
              stage->missing_count == 1 ? "function" : "functions", buf_text(&text),
              stage->inactive.len > 0 ? "; not active: " : "", buf_text(&stage->inactive));
    buf_done(&text);
    return STEP_FAIL;
}

static enum step_next judge(struct attempt *attempt, struct error *err)
{
    struct function_check_stage *stage = attempt->state;
    if (stage->missing_count > 0) {
        return fail_missing(stage, err);
    }
    if (stage->inactive.len > 0) {
        error_set(err, stage->is_permanent ? ERROR_PERMANENT : ERROR_TRANSIENT,
                  "function_not_active", "not active: %s", buf_text(&stage->inactive));
        return STEP_FAIL;
    }
    if (stage->misfits.len > 0) {
        error_set(err, ERROR_PERMANENT, "function_timeout", "%s", buf_text(&stage->misfits));
        return STEP_FAIL;
    }
    attempt->outputs = json_object();
    json_set_int(attempt->outputs, "functions", (int64_t)json_count(stage->checked));
    json_set(attempt->outputs, "checked", stage->checked);
    stage->checked = NULL;
    return STEP_DONE;
}

/* Without the list the answer stands, only without suggestions. */
static enum step_next judge_failed(struct attempt *attempt, struct error *err)
{
    attempt_log(attempt, "warn", "functions cannot be listed: %s", err->message);
    return judge(attempt, err);
}

static const struct step function_check_steps[] = {
    {.name = "check functions", .begin = check_begin, .end = check_end, .failed = check_failed},
    {.name = "compare names", .begin = judge_begin, .end = judge, .failed = judge_failed},
};

const struct stage_kind stage_kind_function_check = {
    .parameters = function_check_parameters,
    .parameter_count = sizeof(function_check_parameters) / sizeof(function_check_parameters[0]),
    .state_size = sizeof(struct function_check_stage),
    .init = function_check_init,
    .done = function_check_done,
    .steps = function_check_steps,
    .step_count = sizeof(function_check_steps) / sizeof(function_check_steps[0]),
};
