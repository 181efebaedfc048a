/* Which functions there are. */
#include "core/functions/function.h"

#include <stdio.h>
#include <string.h>

static const struct function functions[] = {
    {"msecindustries-ingest-clean-s3-raw", "cleans the raw transaction objects", false,
     function_clean_transactions},
    {"msecindustries-ingest-clean-rds", "cleans the customer profiles of the database", true,
     function_clean_profiles},
    {"msecindustries-merge-prep-train-data", "merges the cleaned sources into the training set",
     false, function_merge},
    {NULL, NULL, false, NULL},
};

const struct function *function_table(void)
{
    return functions;
}

const struct function *function_find(const char *name)
{
    for (const struct function *function = functions; function->name != NULL; function++) {
        if (strcmp(function->name, name) == 0) {
            return function;
        }
    }
    return NULL;
}

struct json *function_error_json(const struct error *err)
{
    struct json *json = json_object();
    char type[ERROR_CODE_SIZE + 16];
    snprintf(type, sizeof(type), "%s:%s", error_class_name(err->error_class), err->code);
    json_set_text(json, "errorType", type); /* what the caller's retry goes by */
    json_set_text(json, "errorMessage", err->message);
    return json;
}

bool function_has_time(const struct function_context *context, struct error *err)
{
    int64_t now_ms = context->clock->wall_ms(context->clock);
    return context->deadline_ms == 0 ||
           now_ms < context->deadline_ms - FUNCTION_DEADLINE_MARGIN_MS ||
           error_set(err, ERROR_TRANSIENT, "timeout",
                     "the function's time is up: give it a longer timeout or more memory");
}
