/* The function service on AWS Lambda. Loop thread only.
 *
 * The list is that of all functions of account and region. A check waits a while for a function
 * that is Pending or being updated, and tries the right to call it by a DryRun. A call waits as
 * long as the function may run, and is never sent again once it may have arrived; cancelling it
 * only leaves it: Lambda has no way to stop a function. Log lines are those of the last 4 KiB of
 * its log, told when it has ended. */
#ifndef GATEHOUSE_AWS_LAMBDA_SERVICE_H
#define GATEHOUSE_AWS_LAMBDA_SERVICE_H

#include "core/aws/session.h"
#include "core/ports/function_service.h"

struct lambda_settings { /* 0: the default */
    int64_t poll_ms;     /* between two looks at a function that is not ready: 1 s */
    int64_t ready_ms;    /* how long a check waits for it: 60 s */
};

/* Gives the service (borrows the session), to be freed with function_service_free when no operation
 * is active. Errors beside those of the port: "not_found", "function_update_failed" (permanent),
 * "not_ready" (transient), and those of aws_call. */
struct function_service *lambda_service_new(struct aws_session *session,
                                            const struct lambda_settings *settings);

#endif
