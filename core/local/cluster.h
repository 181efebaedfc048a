/* A private PostgreSQL cluster that belongs to a state folder: made on first use, started on
 * demand, kept between runs, Unix socket only. Loop thread only. Where it is: STATE/postgres; as
 * root, when the server's user cannot reach that, a folder below /var/lib/gatehouse named after the
 * state folder and recorded in STATE/postgres.folder. Who gets in: peer authentication, so the
 * kernel vouches for the user; root and the server's own user are mapped to the database role
 * `gatehouse`. This holds even where a folder's mode does not. STATE/postgres.lock is held by
 * whoever is making, starting or stopping it: the others wait. */
#ifndef GATEHOUSE_LOCAL_CLUSTER_H
#define GATEHOUSE_LOCAL_CLUSTER_H

#include "core/loop/op.h"

#include <sys/types.h>

#define CLUSTER_STATES(X)                                                                          \
    X(ABSENT, "absent") /* never made, or destroyed */                                             \
    X(STOPPED, "stopped")                                                                          \
    X(STARTING, "starting") /* recovering, too */                                                  \
    X(RUNNING, "running")                                                                          \
    X(STOPPING, "stopping")

enum cluster_state {
#define X(name, text) CLUSTER_##name,
    CLUSTER_STATES(X)
#undef X
        CLUSTER_STATE_COUNT
};
const char *cluster_state_name(enum cluster_state state);

struct cluster_settings {
    const char *state_folder;  /* created 0700 when absent */
    const char *bin_folder;    /* of initdb and postgres; NULL: Debian's, $PATH, pg_config */
    const char *os_user;       /* who runs it when we are root; NULL: postgres */
    const char *system_folder; /* NULL: /var/lib/gatehouse */
};

struct cluster_request {
    struct op op;
    const struct cluster_settings *settings; /* borrowed until done */
    /* results; cluster_request_done frees */
    enum cluster_state state; /* at the end */
    pid_t pid;                /* of the server; 0: none */
    bool was_made, was_started;
    char *folder; /* holds data/, with the server's log in data/log/, and start.log */
    char *dsn;    /* no secret in it; NULL when it does not run */
    void *handle; /* private */
};

/* Errors: "no_postgresql" (permanent: not installed), "access_denied", "not_private" (permanent: a
 * folder belongs to somebody else), "busy" (transient: somebody else holds the lock for a minute),
 * "cluster_failed" (transient; message ends with the server's own words). */
void cluster_start_start(struct loop *loop, struct cluster_request *req); /* success: it runs */
void cluster_stop_start(struct loop *loop, struct cluster_request *req);  /* fast: ends sessions */
void cluster_status_start(struct loop *loop, struct cluster_request *req);
void cluster_destroy_start(struct loop *loop, struct cluster_request *req); /* stops, removes all */
void cluster_request_done(struct cluster_request *req);

#endif
