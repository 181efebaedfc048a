/* The generic cell rate algorithm (ITU-T I.371): the file holds the theoretical arrival time. */
#include "core/aws/poll_gate.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

/* Longer than this nobody waits: the file is of before the last boot, or not ours. */
enum { WAIT_MAX_MS = 600000 };

static int64_t take(int fd, const struct poll_gate *gate, int64_t now_ms)
{
    int64_t due_ms = 0;
    int64_t slack_ms = gate->interval_ms * gate->burst;
    if (pread(fd, &due_ms, sizeof(due_ms), 0) != (ssize_t)sizeof(due_ms) || due_ms < now_ms ||
        due_ms > now_ms + slack_ms + WAIT_MAX_MS) {
        due_ms = now_ms;
    }
    int64_t wait_ms = due_ms + gate->interval_ms - slack_ms - now_ms;
    due_ms += gate->interval_ms;
    if (pwrite(fd, &due_ms, sizeof(due_ms), 0) != (ssize_t)sizeof(due_ms)) {
        return 0;
    }
    return wait_ms > 0 ? wait_ms : 0;
}

int64_t poll_gate_take(const struct poll_gate *gate, int64_t now_ms)
{
    int64_t wait_ms = 0;
    int fd =
        gate->path == NULL ? -1 : open(gate->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return 0;
    }
    if (flock(fd, LOCK_EX) == 0) {
        wait_ms = take(fd, gate, now_ms);
    }
    close(fd);
    return wait_ms;
}
