/* Time limits of deployed functions beside those of the stages that call them. */
#include "core/stages/function_fit.h"

#include <string.h>

static const char *gap(const struct buf *text)
{
    return text->len > 0 ? "; " : "";
}

/* The clock that ends the stage's wait for its function: 0: none does. */
static int64_t shorter_clock_ms(const struct stage_def *stage, const char **out_key)
{
    int64_t running_ms = stage->running_timeout_ms, total_ms = stage->total_timeout_ms;
    bool is_total = running_ms == 0 || (total_ms != 0 && total_ms < running_ms);
    *out_key = is_total ? "total_timeout" : "running_timeout";
    return is_total ? total_ms : running_ms;
}

static bool calls(const struct stage_def *stage, const char *name)
{
    return strcmp(stage->kind, "function_invoke") == 0 &&
           strcmp(json_text_or(stage->parameters, "function", ""), name) == 0;
}

static bool fits_stage(const struct function_check *check, const struct stage_def *stage,
                       struct buf *out_text)
{
    const char *key = NULL;
    int64_t limit_ms = shorter_clock_ms(stage, &key);
    if (!calls(stage, check->name) || limit_ms == 0 || check->timeout_ms <= limit_ms) {
        return true;
    }
    buf_printf(out_text,
               "%s%s may run %lld s as it is deployed, but stage %s waits %.15g s (%s) and cannot "
               "stop it then: raise its %s, or lower functions.timeout and run `gatehouse "
               "functions deploy`",
               gap(out_text), check->name, (long long)check->timeout_ms / 1000, stage->name,
               (double)limit_ms / 1000, key, key);
    return false;
}

bool function_fits(const struct function_check *check, const struct dag *dag, int64_t asked_ms,
                   struct buf *out_text)
{
    bool is_fit = true;
    if (!check->outlives_caller) {
        return true;
    }
    for (size_t i = 0; dag != NULL && i < dag->count; i++) {
        is_fit = fits_stage(check, &dag->stages[i], out_text) && is_fit;
    }
    if (check->timeout_ms < asked_ms) {
        buf_printf(out_text,
                   "%s%s may run only %lld s as it is deployed, functions.timeout asks for %.15g "
                   "s: run `gatehouse functions deploy`, or lower functions.timeout",
                   gap(out_text), check->name, (long long)check->timeout_ms / 1000,
                   (double)asked_ms / 1000);
        is_fit = false;
    }
    return is_fit;
}
