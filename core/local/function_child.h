/* Function service on one machine: each call is a `gatehouse-function NAME` child with the event on
 * its stdin, the result on its stdout (6 MiB each way, as on Lambda) and log lines on its stderr.
 * The child's environment holds only what it needs; the DSN travels there and nowhere else.
 * Loop thread only. */
#ifndef GATEHOUSE_LOCAL_FUNCTION_CHILD_H
#define GATEHOUSE_LOCAL_FUNCTION_CHILD_H

#include "core/base/secret.h"
#include "core/net/pg.h"
#include "core/ports/function_service.h"

struct function_child_spec {  /* all copied */
    const char *program;      /* path of gatehouse-function */
    const char *lake;         /* folder of the local lake */
    const struct secret *dsn; /* libpq DSN; NULL, not set or empty: there is none */
    pg_dsn_fn provide_dsn;    /* asked before each call that gets the DSN; NULL: dsn says it */
    void *provider_context;
    void (*provider_free)(void *context); /* called when the service is freed; may be NULL */
    const char *const *dsn_for;  /* NULL-terminated: the functions that get the DSN; NULL: all */
    int64_t timeout_ms;          /* of a call that names none; > 0 */
    uint64_t memory_limit_bytes; /* 0: unlimited */
};

/* Gives the service, to be freed with function_service_free when no call is active. */
struct function_service *function_child_new(struct loop *loop,
                                            const struct function_child_spec *spec);

#endif
