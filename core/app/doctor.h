/* What the checks of gatehouse doctor share. Blocking; one thread. */
#ifndef GATEHOUSE_APP_DOCTOR_H
#define GATEHOUSE_APP_DOCTOR_H

#include "core/app/backend.h"

#define CHECK_STATES(X)                                                                            \
    X(OK, "OK")                                                                                    \
    X(WARN, "WARN")                                                                                \
    X(FAIL, "FAILED")

enum check_state {
#define X(name, word) CHECK_##name,
    CHECK_STATES(X)
#undef X
};

struct doctor {
    struct app *app;
    struct backend backend;
    bool is_cluster_running; /* or another PostgreSQL is configured */
    int failures;
    struct json *checks;
};

/* advice: what to do; "" when there is nothing to do. Borrows. */
void doctor_tell(struct doctor *doctor, enum check_state state, const char *name,
                 const char *finding, const char *advice);

/* Account, credentials, clock, region, buckets, the role of training and the quota of its machines;
 * backend.aws is a session. False: nothing else on AWS is worth asking. */
bool doctor_check_aws(struct doctor *doctor);

#endif
