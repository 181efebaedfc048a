/* What the functions on Lambda should be by the configuration, and what differs from what they are.
 * Pure: what is there is told. */
#ifndef GATEHOUSE_APP_FUNCTION_PLAN_H
#define GATEHOUSE_APP_FUNCTION_PLAN_H

#include "core/app/config.h"

enum { FUNCTION_PLAN_COUNT = 3 };

struct function_code {        /* the package */
    const char *sha256;       /* of the zip, in base64 */
    const char *architecture; /* "x86_64", "arm64" */
};

struct function_plan {
    char *name;      /* without a qualifier */
    char *alias;     /* the qualifier of the configured name; NULL: it has none */
    char *qualified; /* name:alias; NULL without an alias */
    /* The input of CreateFunction but for Code; Architectures once compared. */
    struct json *wanted;
    /* what function_plan_compare found */
    bool is_new, has_new_code, has_new_configuration, has_new_alias, has_alias;
    struct buf changes; /* "timeout 3 -> 900, environment"; printable, no values of variables */
};

/* The plans of the three functions, nothing compared yet. False with err (permanent, code
 * "bad_config") when the configuration does not say enough; function_plans_done is owed either way.
 */
bool function_plans_make(const struct config *config,
                         struct function_plan plans[FUNCTION_PLAN_COUNT], struct error *err);
void function_plans_done(struct function_plan plans[FUNCTION_PLAN_COUNT]);

/* current: the function's configuration on Lambda, published: that of its alias; NULL: not there.
 */
void function_plan_compare(struct function_plan *plan, const struct json *current,
                           const struct json *published, const struct function_code *code);
bool function_plan_is_done(const struct function_plan *plan); /* nothing differs */
/* Inputs of the calls, given: UpdateFunctionConfiguration; and what UpdateFunctionCode takes beside
 * the code. */
struct json *function_plan_configuration(const struct function_plan *plan);
struct json *function_plan_code(const struct function_plan *plan);

#endif
