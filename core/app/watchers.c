/* Presence files: {"user","run"}, flock'd by the console that made them. */
#include "core/app/watchers.h"

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/random.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_SIZE_MAX = 1024, NAMES_MAX = 1 << 16, JOIN_TRIES = 3 };

void watchers_init(struct watchers *watchers, const char *state_folder)
{
    *watchers = (struct watchers){.fd = -1};
    watchers->folder = file_join(state_folder, "watchers");
    watchers->names = xstrdup("");
}

void watchers_done(struct watchers *watchers)
{
    if (watchers->fd >= 0) {
        unlink(watchers->path);
        close(watchers->fd);
    }
    free(watchers->folder);
    free(watchers->path);
    free(watchers->names);
}

/* Gives a locked descriptor, or -1. Who tidies up may have removed the file before it was locked.
 */
static int make_locked(const char *path)
{
    struct stat status;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &status) == 0 &&
        status.st_nlink > 0) {
        return fd;
    }
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

static void join(struct watchers *watchers)
{
    if (mkdir(watchers->folder, 0700) != 0 && errno != EEXIST) {
        return;
    }
    for (int i = 0; i < JOIN_TRIES && watchers->fd < 0; i++) {
        free(watchers->path);
        watchers->path = xasprintf("%s/%d-%08x", watchers->folder, (int)getpid(),
                                   (unsigned)random_system_seed());
        watchers->fd = make_locked(watchers->path);
    }
}

void watchers_tell(struct watchers *watchers, const char *user, const char *run_id)
{
    struct error ignored;
    if (watchers->fd < 0) {
        join(watchers);
    }
    if (watchers->fd < 0) {
        return;
    }
    struct json *json = json_object();
    json_set_text(json, "user", user);
    json_set_text(json, "run", run_id == NULL ? "" : run_id);
    char *text = json_print(json);
    if (ftruncate(watchers->fd, 0) == 0 && lseek(watchers->fd, 0, SEEK_SET) == 0) {
        file_write_all(watchers->fd, str_from(text), &ignored);
    }
    free(text);
    json_free(json);
}

/* ---- looking */
static struct json *read_watcher(int fd)
{
    char text[TEXT_SIZE_MAX];
    struct error ignored;
    ssize_t len = pread(fd, text, sizeof(text), 0);
    return json_parse((struct str){text, len < 0 ? 0 : (size_t)len}, &ignored);
}

static void count_one(struct watchers *watchers, int fd, const char *run_id, struct buf *names)
{
    struct json *json = read_watcher(fd);
    if (strcmp(json_text_or(json, "run", ""), run_id) == 0) {
        buf_append_text(names, watchers->count == 0 ? "" : ", ");
        buf_append_text(names, json_text_or(json, "user", "?"));
        watchers->count++;
    }
    json_free(json);
}

static void look_at(struct watchers *watchers, const char *name, const char *run_id,
                    struct buf *names)
{
    char *path = file_join(watchers->folder, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    bool is_ours = watchers->path != NULL && strcmp(path, watchers->path) == 0;
    if (fd >= 0 && !is_ours) {
        if (flock(fd, LOCK_SH | LOCK_NB) == 0) {
            unlink(path); /* its console is gone */
        } else if (errno == EWOULDBLOCK) {
            count_one(watchers, fd, run_id, names);
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    free(path);
}

void watchers_look(struct watchers *watchers, const char *run_id)
{
    struct buf names;
    const struct dirent *entry;
    DIR *folder = opendir(watchers->folder);
    buf_init(&names, NAMES_MAX);
    watchers->count = 0;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.') {
            look_at(watchers, entry->d_name, run_id, &names);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    free(watchers->names);
    watchers->names = buf_take(&names);
}
