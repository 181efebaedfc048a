/* Finds and signals the processes of a try. */
#include "core/stages/leftovers.h"

#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/base/str.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ENVIRONMENT_SIZE_MAX = 8 << 20 };

static bool is_ours(struct str variable, const char *const *intents, size_t count)
{
    struct str name = STR("GATEHOUSE_INTENT=");
    if (!str_starts_with(variable, name)) {
        return false;
    }
    struct str value = {variable.ptr + name.len, variable.len - name.len};
    for (size_t i = 0; i < count; i++) {
        if (str_eq(value, str_from(intents[i]))) {
            return true;
        }
    }
    return false;
}

static bool carries_intent(pid_t pid, const char *const *intents, size_t count)
{
    char path[64];
    struct buf environment;
    struct error ignored;
    bool is_found = false;
    snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    buf_init(&environment, ENVIRONMENT_SIZE_MAX);
    if (file_read(path, &environment, &ignored)) {
        struct str rest = buf_str(&environment);
        while (rest.len > 0 && !is_found) {
            is_found = is_ours(str_split(rest, '\0', &rest), intents, count);
        }
    }
    buf_done(&environment);
    return is_found;
}

static bool is_same_user(pid_t pid)
{
    char path[64];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%d", (int)pid);
    return stat(path, &status) == 0 && status.st_uid == geteuid();
}

/* The pidfd is taken before the look: the signal reaches the process that was looked at, not one
 * that got its number meanwhile. */
static bool signal_one(pid_t pid, const char *const *intents, size_t count, int signum)
{
    if (pid == getpid() || !is_same_user(pid)) {
        return false;
    }
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0) {
        return false;
    }
    bool is_one = carries_intent(pid, intents, count) &&
                  syscall(SYS_pidfd_send_signal, fd, signum, NULL, 0) == 0;
    close(fd);
    return is_one;
}

size_t leftovers_signal(const char *const *intents, size_t count, int signum)
{
    size_t found = 0;
    DIR *proc = opendir("/proc");
    if (proc == NULL) {
        return 0;
    }
    for (struct dirent *entry = readdir(proc); entry != NULL; entry = readdir(proc)) {
        int64_t pid = 0;
        if (str_to_i64(str_from(entry->d_name), &pid) &&
            signal_one((pid_t)pid, intents, count, signum)) {
            found++;
        }
    }
    closedir(proc);
    return found;
}
