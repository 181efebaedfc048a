/* The lock of a run: flock, and a line about its owner for people. */
#include "core/store/run_lock.h"

#include "core/base/alloc.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/json.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { OWNER_SIZE_MAX = 1024, LOOKS = 5, LOOK_INTERVAL_NS = 10000000 };

static bool read_owner(int fd, struct run_owner *out_owner)
{
    char text[OWNER_SIZE_MAX];
    struct error ignored;
    ssize_t len = pread(fd, text, sizeof text, 0);
    struct json *json = json_parse((struct str){text, len < 0 ? 0 : (size_t)len}, &ignored);
    *out_owner = (struct run_owner){.pid = json_int_or(json, "pid", 0),
                                    .since_ms = json_int_or(json, "since_ms", 0)};
    snprintf(out_owner->host, sizeof out_owner->host, "%s", json_text_or(json, "host", "?"));
    bool is_ok = json != NULL;
    json_free(json);
    return is_ok;
}

static bool write_owner(int fd, int64_t now_ms, struct error *err)
{
    char host[64] = "?";
    gethostname(host, sizeof host - 1);
    struct json *json = json_object();
    json_set_int(json, "pid", getpid());
    json_set_text(json, "host", host);
    json_set_int(json, "since_ms", now_ms);
    char *text = json_print(json);
    json_free(json);
    bool is_ok = ftruncate(fd, 0) == 0 || error_set_errno(err, errno, "lock file");
    is_ok = is_ok && lseek(fd, 0, SEEK_SET) == 0 && file_write_all(fd, str_from(text), err);
    free(text);
    return is_ok;
}

static bool fail_owned(int fd, const char *path, struct error *err)
{
    struct run_owner owner;
    if (!read_owner(fd, &owner)) {
        return error_set(err, ERROR_TRANSIENT, "run_owned",
                         "another runner owns this run (%s): wait for it, or stop it", path);
    }
    char since[CLOCK_TEXT_SIZE];
    clock_format_utc(owner.since_ms, since);
    return error_set(err, ERROR_TRANSIENT, "run_owned",
                     "another runner owns this run: pid %lld on %s since %s: wait for it, or stop "
                     "it",
                     (long long)owner.pid, owner.host, since);
}

/* Somebody who only looks holds the lock for a moment: look more than once. */
static bool lock_now(int fd)
{
    struct timespec pause = {0, LOOK_INTERVAL_NS};
    for (int i = 0; i < LOOKS; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
            return true;
        }
        nanosleep(&pause, NULL);
    }
    return false;
}

bool run_lock_take(struct run_lock *lock, const char *run_folder, int64_t now_ms, struct error *err)
{
    char *path = file_join(run_folder, "lock");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool is_ok = fd >= 0 || error_set_errno(err, errno, "run lock %s", path);
    is_ok = is_ok && (lock_now(fd) || fail_owned(fd, path, err));
    is_ok = is_ok && (write_owner(fd, now_ms, err) || error_prefix(err, "%s", path));
    if (is_ok) {
        lock->fd = fd;
    } else if (fd >= 0) {
        close(fd);
    }
    free(path);
    return is_ok;
}

void run_lock_release(struct run_lock *lock)
{
    if (lock->fd >= 0) {
        close(lock->fd);
    }
    lock->fd = -1;
}

bool run_lock_owner(const char *run_folder, struct run_owner *out_owner)
{
    char *path = file_join(run_folder, "lock");
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    free(path);
    if (fd < 0) {
        return false;
    }
    bool is_owned = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (is_owned) {
        read_owner(fd, out_owner);
    }
    close(fd);
    return is_owned;
}

bool run_lock_find_owned(const char *runs_folder, char *out_run, size_t size,
                         struct run_owner *out_owner)
{
    bool is_found = false;
    DIR *runs = opendir(runs_folder);
    const struct dirent *entry = runs == NULL ? NULL : readdir(runs);
    for (; entry != NULL && !is_found; entry = readdir(runs)) {
        char *folder = file_join(runs_folder, entry->d_name);
        is_found = entry->d_name[0] != '.' && run_lock_owner(folder, out_owner);
        free(folder);
        if (is_found) {
            snprintf(out_run, size, "%s", entry->d_name);
        }
    }
    if (runs != NULL) {
        closedir(runs);
    }
    return is_found;
}
