/* What is known about a cluster's server from its postmaster.pid and /proc. Blocking; any thread.
 */
#ifndef GATEHOUSE_LOCAL_CLUSTER_SERVER_H
#define GATEHOUSE_LOCAL_CLUSTER_SERVER_H

#include "core/local/cluster.h"

#include <stdint.h>

struct cluster_server {
    enum cluster_state state;
    pid_t pid;     /* 0: no server */
    bool is_stale; /* a postmaster.pid is there whose process is gone or somebody else's */
    char *sockets; /* folder of its socket, from postmaster.pid; NULL: no server */
    int port;
};

void cluster_server_inspect(struct cluster_server *server, const char *data);
void cluster_server_done(struct cluster_server *server);
/* True while process pid exists and has not ended (a zombie has). */
bool cluster_process_is_alive(pid_t pid);
/* Signals the server that was inspected and nobody else, whatever happened to its number since. */
bool cluster_server_signal(const struct cluster_server *server, const char *data, int signum,
                           struct error *err);
/* Gives the libpq words to reach it. */
char *cluster_server_dsn(const struct cluster_server *server);

#endif
