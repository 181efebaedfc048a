/* Whether a function's time limit fits what the pipeline does with it. Pure; any thread. */
#ifndef GATEHOUSE_STAGES_FUNCTION_FIT_H
#define GATEHOUSE_STAGES_FUNCTION_FIT_H

#include "core/base/buf.h"
#include "core/ports/function_service.h"
#include "core/run/dag.h"

/* True when it does; else appends to out_text a sentence for each misfit, with the keys to change:
 * a deployed function that may run longer than a stage of dag waits for it (nothing could stop it
 * then), or not as long as asked_ms (0: nothing is asked). A function that ends with its caller
 * always fits. dag may be NULL. */
bool function_fits(const struct function_check *check, const struct dag *dag, int64_t asked_ms,
                   struct buf *out_text);

#endif
