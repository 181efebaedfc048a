/* What both cleaning functions share: outputs, the second pass, expectations, report and result. */
#ifndef GATEHOUSE_FUNCTIONS_CLEANING_H
#define GATEHOUSE_FUNCTIONS_CLEANING_H

#include "core/data/clean.h"
#include "core/functions/transfer.h"

struct cleaning {
    struct function_context *context;
    const struct clean_kind *kind;
    const char *cleaned_name; /* of the object made under the destination */
    struct event_place destination;
    struct expectations expectations;
    /* Feeds all input to clean_begin_object .. clean_end_object; called again for a second pass. */
    bool (*feed)(struct cleaning *cleaning, struct clean *clean, struct error *err);
    void *source;
};

/* Reads destination and expectations from the event. */
bool cleaning_init(struct cleaning *cleaning, const struct json *event, struct error *err);
/* Gives the function's result, or NULL with err. */
struct json *cleaning_run(struct cleaning *cleaning, struct error *err);

#endif
