/* Bringing the functions on Lambda to what a plan says: looking, creating, updating, waiting in the
 * right order. Blocking. */
#ifndef GATEHOUSE_APP_FUNCTION_DEPLOY_H
#define GATEHOUSE_APP_FUNCTION_DEPLOY_H

#include "core/app/function_plan.h"
#include "core/app/package.h"
#include "core/aws/session.h"
#include "core/ports/object_store.h"

struct function_deploy { /* everything borrowed */
    struct aws_session *session;
    struct object_store *objects; /* S3: what a large package travels through */
    const char *bucket;           /* for it */
    const struct package *package;
    size_t direct_max; /* a larger package goes through S3; 0: 50 MB, as Lambda allows */
    int64_t pause_ms;  /* between two tries and two looks; 0: the default */
    void (*tell)(void *context, const char *name, const char *what); /* progress */
    void *tell_context;
};

/* Asks what there is and fills in what differs. */
bool function_deploy_look(const struct function_deploy *deploy, struct function_plan *plan,
                          struct error *err);
/* Does what the plan says. Errors: those of aws_call; "not_ready" (transient);
 * "function_not_active", "function_update_failed" (permanent) with Lambda's reason. */
bool function_deploy_apply(const struct function_deploy *deploy, const struct function_plan *plan,
                           struct error *err);

#endif
