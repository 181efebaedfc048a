/* The data functions: an event in, a result out, everything else through ports. The same code runs
 * as a child of a runner and under Lambda. Straight-line: a function waits for its operations by
 * loop_await.
 *
 * Failures carry class and code; a caller sees them as errorType "<class>:<code>". Nothing a failed
 * function began to write becomes visible, but for the quarantine and the report of broken
 * expectations. */
#ifndef GATEHOUSE_FUNCTIONS_FUNCTION_H
#define GATEHOUSE_FUNCTIONS_FUNCTION_H

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/loop/loop.h"
#include "core/ports/database.h"
#include "core/ports/object_store.h"

struct function_context { /* borrowed by the function for one call */
    struct loop *loop;
    struct clock *clock;
    struct object_store *objects;
    struct database *database; /* NULL: this function was given none */
    int64_t deadline_ms; /* wall clock; 0: none. Shortly before it a function gives up by itself, so
                            that its caller hears why and nothing half-written stays */
};

/* Gives the result, or NULL with err. */
typedef struct json *(*function_fn)(struct function_context *context, const struct json *event,
                                    struct error *err);

struct function {
    const char *name;
    const char *summary;
    bool needs_database;
    function_fn run;
};

enum { FUNCTION_DEADLINE_MARGIN_MS = 2000 };
/* False (transient, "timeout") when the deadline is near; asked before each chunk. */
bool function_has_time(const struct function_context *context, struct error *err);

/* A failure as its caller is told it: {"errorType","errorMessage"}. */
struct json *function_error_json(const struct error *err);

/* By name, or NULL. The table ends with a NULL name. */
const struct function *function_find(const char *name);
const struct function *function_table(void);

struct json *function_clean_transactions(struct function_context *context, const struct json *event,
                                         struct error *err);
struct json *function_clean_profiles(struct function_context *context, const struct json *event,
                                     struct error *err);
struct json *function_merge(struct function_context *context, const struct json *event,
                            struct error *err);

#endif
