/* The generic cell rate algorithm (ITU-T I.371): the file holds the theoretical arrival time, and
 * the boot whose clock it is of, so that any length of the queue is believed. */
#include "core/aws/poll_gate.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { BOOT_SIZE = 40 };

struct record {
    char boot[BOOT_SIZE]; /* the kernel's boot_id, padded with zeros */
    int64_t due_ms;
};

/* https://docs.kernel.org/admin-guide/sysctl/kernel.html, "random" */
static void read_boot(char out_boot[BOOT_SIZE])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    memset(out_boot, 0, BOOT_SIZE);
    if (fd >= 0) {
        if (read(fd, out_boot, BOOT_SIZE) < 0) {
            memset(out_boot, 0, BOOT_SIZE);
        }
        close(fd);
    }
}

static int64_t take(int fd, const struct poll_gate *gate, int64_t now_ms)
{
    struct record record;
    char boot[BOOT_SIZE];
    int64_t slack_ms = gate->interval_ms * gate->burst;
    read_boot(boot);
    bool is_known = pread(fd, &record, sizeof(record), 0) == (ssize_t)sizeof(record) &&
                    memcmp(record.boot, boot, BOOT_SIZE) == 0;
    if (!is_known || record.due_ms < now_ms || record.due_ms > INT64_MAX / 2) {
        record.due_ms = now_ms;
    }
    int64_t wait_ms = record.due_ms + gate->interval_ms - slack_ms - now_ms;
    record.due_ms += gate->interval_ms;
    memcpy(record.boot, boot, BOOT_SIZE);
    if (pwrite(fd, &record, sizeof(record), 0) != (ssize_t)sizeof(record)) {
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
