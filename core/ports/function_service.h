/* Port: named functions that take a JSON event and give a JSON result (Lambda's model). Adapters:
 * local/function_child, aws/lambda. Loop thread only. */
#ifndef GATEHOUSE_PORTS_FUNCTION_SERVICE_H
#define GATEHOUSE_PORTS_FUNCTION_SERVICE_H

#include "core/base/json.h"
#include "core/loop/op.h"

#include <stdint.h>

enum {
    FUNCTION_NAME_SIZE = 171, /* an ARN with a qualifier, as the Lambda API allows */
    FUNCTION_STATE_SIZE = 64,
    FUNCTION_PAYLOAD_MAX = 6 << 20, /* each way; docs.aws.amazon.com/lambda, "Lambda quotas" */
};

struct function_list { /* all function names */
    struct op op;
    char **names; /* result: function_list_done frees */
    size_t count;
};

struct function_check { /* does it exist and can it be called? Changes nothing. */
    struct op op;
    const char *name;
    char state[FUNCTION_STATE_SIZE]; /* result: "Active" when callable; "Inactive" wakes when called
                                      */
    int64_t timeout_ms;              /* result: how long it may run at most */
    bool outlives_caller;  /* result: a call that is given up runs on until its timeout_ms */
    uint64_t memory_bytes; /* result: 0 when unlimited */
};

/* A call. It is never run twice by itself: only what certainly did not begin is sent again. The
 * function's own failure is an error whose class and
 * code are what the function said: its errorType is "<class>:<code>"
 * ("permanent:expectation_failed"); any other errorType is permanent. Killed by the deadline:
 * transient, code "timeout". Killed by the memory limit or a signal: transient, code
 * "function_crashed". */
struct function_invoke {
    struct op op;
    const char *name;
    const struct json *event;
    int64_t timeout_ms;                                  /* deadline; 0: the service's own */
    void (*on_log_line)(void *context, struct str line); /* may be NULL; called while it runs */
    void *log_context;
    struct json *result; /* result: function_invoke_done frees; NULL on failure */
};

struct function_service {
    const struct function_service_ops *ops;
    struct loop *loop;
};

struct function_service_ops {
    void (*list)(struct function_service *service, struct function_list *req);
    void (*check)(struct function_service *service, struct function_check *req);
    void (*invoke)(struct function_service *service, struct function_invoke *req);
    void (*free)(struct function_service *service);
};

void function_list_start(struct function_service *service, struct function_list *req);
void function_list_done(struct function_list *req);
void function_check_start(struct function_service *service, struct function_check *req);
void function_invoke_start(struct function_service *service, struct function_invoke *req);
void function_invoke_done(struct function_invoke *req);
void function_service_free(struct function_service *service); /* accepts NULL */

#endif
