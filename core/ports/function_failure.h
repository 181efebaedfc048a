/* What every adapter of the function service must judge alike: which calls are sent at all, and
 * what a function's own failure means. Pure; any thread. */
#ifndef GATEHOUSE_PORTS_FUNCTION_FAILURE_H
#define GATEHOUSE_PORTS_FUNCTION_FAILURE_H

#include "core/ports/function_service.h"

/* False with err (permanent): "bad_name" (a name that begins with '-' would be taken for an
 * option), "event_too_large". event: as it will be sent. */
bool function_call_check(const char *name, const char *event, struct error *err);
/* {"errorType","errorMessage"} of the function as an error: errorType "<class>:<code>" with a class
 * that is transient or permanent is taken over, any other is permanent with the type as its code.
 * Always false. */
bool function_failure_read(const char *name, const struct json *answer, struct error *err);

#endif
