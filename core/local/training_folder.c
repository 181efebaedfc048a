/* Files of a local training job: documents, marks, lock. */
#include "core/local/training_folder.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/utf8.h"
#include "core/ports/object_store.h"
#include "core/ports/training_service.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DOCUMENT_MAX = 4 << 20, FILE_MODE = 0600, REASON_MAX = 900 };

static bool bad_uri(const char *uri, const char *why, struct error *err)
{
    return error_set(err, ERROR_PERMANENT, "bad_request", "'%.200s' is not s3://bucket/prefix: %s",
                     uri, why);
}

bool training_parse_prefix(const char *uri, char **out_bucket, char **out_prefix, struct error *err)
{
    struct error why;
    struct str rest = str_from(uri);
    struct str scheme = STR("s3://");
    if (!str_starts_with(rest, scheme)) {
        return bad_uri(uri == NULL ? "" : uri, "it does not begin with s3://", err);
    }
    rest = (struct str){rest.ptr + scheme.len, rest.len - scheme.len};
    struct str bucket = str_split(rest, '/', &rest);
    char *bucket_text = xmemdup0(bucket.ptr, bucket.len);
    char *prefix_text = rest.len == 0 ? xstrdup("") : xmemdup0(rest.ptr, rest.len);
    if (!object_check_prefix(bucket_text, prefix_text, &why)) {
        free(bucket_text);
        free(prefix_text);
        return bad_uri(uri, why.message, err);
    }
    *out_bucket = bucket_text;
    *out_prefix = prefix_text;
    return true;
}

/* ---- documents */

struct json *training_folder_load(const char *folder, const char *name, struct error *err)
{
    struct buf text;
    struct json *json = NULL;
    char *path = file_join(folder, name);
    buf_init(&text, DOCUMENT_MAX);
    if (file_read(path, &text, err)) {
        json = json_parse(buf_str(&text), err);
        if (json == NULL) {
            error_prefix(err, "%s", path);
        }
    }
    buf_done(&text);
    free(path);
    return json;
}

bool training_folder_save(const char *folder, const char *name, const struct json *json,
                          struct error *err)
{
    char *path = file_join(folder, name);
    char *text = json_print_pretty(json);
    bool is_saved = file_write(path, str_from(text), FILE_MODE, err);
    free(text);
    free(path);
    return is_saved;
}

/* ---- status */

struct json *training_status_new(const char *job_name, int64_t now_ms)
{
    struct json *status = json_object();
    json_set_text(status, "TrainingJobName", job_name);
    json_set_int(status, "CreationTime", now_ms);
    json_set(status, "SecondaryStatusTransitions", json_array());
    training_status_set(status, "InProgress", "Starting", now_ms);
    return status;
}

bool training_status_is_final(const struct json *status)
{
    enum training_state state = TRAINING_RUNNING;
    const char *word = json_text_or(status, "TrainingJobStatus", "");
    return training_state_from_status(str_from(word), &state) && state != TRAINING_RUNNING;
}

static void add_transition(struct json *status, const char *secondary, int64_t now_ms)
{
    struct json *transitions = json_get_mutable(status, "SecondaryStatusTransitions");
    if (!json_is_array(transitions)) {
        json_set(status, "SecondaryStatusTransitions", json_array());
        transitions = json_get_mutable(status, "SecondaryStatusTransitions");
    }
    struct json *last = NULL;
    for (const struct json *at = json_first(transitions); at != NULL; at = json_next(at)) {
        last = (struct json *)(uintptr_t)at; /* the tree is ours to change */
    }
    if (last != NULL) {
        json_set_int(last, "EndTime", now_ms);
    }
    struct json *next = json_object();
    json_set_text(next, "Status", secondary);
    json_set_int(next, "StartTime", now_ms);
    json_append(transitions, next);
}

void training_status_set(struct json *status, const char *job_status, const char *secondary,
                         int64_t now_ms)
{
    json_set_text(status, "TrainingJobStatus", job_status);
    json_set_text(status, "SecondaryStatus", secondary);
    json_set_int(status, "LastModifiedTime", now_ms);
    add_transition(status, secondary, now_ms);
    if (strcmp(secondary, "Training") == 0) {
        json_set_int(status, "TrainingStartTime", now_ms);
    }
    if (training_status_is_final(status)) {
        json_set_int(status, "TrainingEndTime", now_ms);
    }
}

void training_status_fail(struct json *status, const char *reason, int64_t now_ms)
{
    struct buf printable;
    buf_init(&printable, REASON_MAX);
    struct str text = str_trim(str_from(reason));
    while (!utf8_append_printable(&printable, text)) { /* too long: the beginning says most */
        buf_reset(&printable);
        text.len = text.len * 3 / 4;
    }
    json_set_str(status, "FailureReason", buf_str(&printable));
    buf_done(&printable);
    training_status_set(status, "Failed", "Failed", now_ms);
}

/* ---- marks */

bool training_folder_has(const char *folder, const char *name)
{
    char *path = file_join(folder, name);
    bool is_there = file_exists(path);
    free(path);
    return is_there;
}

bool training_folder_mark(const char *folder, const char *name, struct error *err)
{
    char *path = file_join(folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, FILE_MODE);
    bool is_made = fd >= 0 || error_set_errno(err, errno, "cannot create %s", path);
    if (fd >= 0) {
        close(fd);
    }
    free(path);
    return is_made;
}

/* ---- lock */

static int open_lock(const char *folder)
{
    char *path = file_join(folder, "job.lock");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    free(path);
    return fd;
}

static const struct flock whole_file = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

struct training_holder training_lock_holder(const char *folder)
{
    struct flock lock = whole_file;
    int fd = open_lock(folder);
    bool is_held = fd < 0 || fcntl(fd, F_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
    bool is_known = fd >= 0 && is_held;
    if (fd >= 0) {
        close(fd);
    }
    return (struct training_holder){.is_held = is_held, .pid = is_known ? lock.l_pid : 0};
}

static bool take_lock(const char *folder, int command, int *out_fd)
{
    struct flock lock = whole_file;
    int fd = open_lock(folder);
    if (fd < 0) {
        return false;
    }
    if (fcntl(fd, command, &lock) != 0) {
        close(fd);
        return false;
    }
    *out_fd = fd;
    return true;
}

bool training_lock_hold(const char *folder, int *out_fd)
{
    return take_lock(folder, F_SETLK, out_fd);
}

bool training_lock_borrow(const char *folder, int *out_fd)
{
    return take_lock(folder, F_OFD_SETLK, out_fd);
}
