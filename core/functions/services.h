/* What the functions work with, made from the environment: objects in the folder GATEHOUSE_LAKE, or
 * in S3 when there is none; the database of GATEHOUSE_DATABASE_DSN, whose user and password may
 * come from GATEHOUSE_DATABASE_SECRET (name or ARN in Secrets Manager). One thread. */
#ifndef GATEHOUSE_FUNCTIONS_SERVICES_H
#define GATEHOUSE_FUNCTIONS_SERVICES_H

#include "core/functions/function.h"

struct aws_session;

struct function_services {
    struct loop *loop;
    struct aws_session *session; /* NULL: nothing is on AWS */
    struct object_store *objects;
    struct database *database; /* NULL: none is named */
};

/* environment: as main has it, borrowed until done; the DSN is not read again from it. False with
 * err; function_services_done is owed either way. */
bool function_services_init(struct function_services *services, const char *const *environment,
                            struct error *err);
void function_services_done(struct function_services *services);
/* One call; deadline_ms (wall clock): 0 for none. Gives the result, or NULL with err. */
struct json *function_call(struct function_services *services, const struct function *function,
                           const struct json *event, int64_t deadline_ms, struct error *err);

#endif
