/* fork and exec with everything a child of ours must have set. Private to loop/. Blocking, short.
 */
#ifndef GATEHOUSE_LOOP_SPAWN_H
#define GATEHOUSE_LOOP_SPAWN_H

#include "core/base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct spawn {
    const char *const *argv;
    const char *const *env; /* NULL: empty */
    const char *folder;     /* NULL: as ours */
    int fds[3];             /* become 0, 1, 2; borrowed */
    uint64_t memory_limit_bytes;
    uid_t uid;
    gid_t gid;
    bool dies_with_parent;
    bool is_detached; /* double fork: not our child; out_pid is not set */
};

/* False with err (permanent: "not_found", "access_denied" ..) also when exec itself failed. */
bool spawn_run(const struct spawn *spec, pid_t *out_pid, struct error *err);

#endif
