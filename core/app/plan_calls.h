/* What a run would ask of AWS, stage by stage, and what its training would cost: for --dry-run.
 * Pure but for the look at the past runs. */
#ifndef GATEHOUSE_APP_PLAN_CALLS_H
#define GATEHOUSE_APP_PLAN_CALLS_H

#include "core/app/app.h"

/* The calls of a stage: [{"service","operation","resource"}], in their order; empty when it asks
 * nothing of AWS. run: its id, or NULL for one that is not there yet. Gives the array. */
struct json *plan_calls(const struct config *config, const struct dag *dag, size_t stage,
                        const char *run);
/* {"amount","currency","seconds","basis"} of all training jobs on AWS, amount null when it is not
 * known, and "text" that says it all; NULL when none trains there. Gives the object. */
struct json *plan_cost(const struct app *app, const struct dag *dag);

#endif
