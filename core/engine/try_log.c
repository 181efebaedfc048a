/* Writes the log file of one try. */
#include "core/engine/try_log.h"

#include "core/base/alloc.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/random.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_EXTRA = 64 }; /* time, level, newline */

void try_log_init(struct try_log *log, const char *path, int64_t size_max)
{
    *log = (struct try_log){.path = xstrdup(path), .size_max = size_max, .fd = -1};
}

void try_log_done(struct try_log *log)
{
    if (log->path != NULL && log->fd >= 0) {
        close(log->fd);
    }
    free(log->path);
    free(log->held);
    *log = (struct try_log){.fd = -1};
}

/* ---- the lines of the runner before us */

struct try_log_line {
    uint64_t hash;
    int64_t left; /* how often it is still to come */
};

static uint64_t hash_of(struct str text)
{
    uint64_t hash = random_mix(text.len);
    for (size_t i = 0; i < text.len; i++) {
        hash = random_mix(hash ^ (unsigned char)text.ptr[i]);
    }
    return hash;
}

static int compare_lines(const void *left, const void *right)
{
    uint64_t a = ((const struct try_log_line *)left)->hash;
    uint64_t b = ((const struct try_log_line *)right)->hash;
    return (a > b) - (a < b);
}

static void hold(struct try_log *log, struct str text)
{
    size_t count = log->held_count;
    if ((count & (count - 1)) == 0) { /* full: the capacity is a power of two */
        log->held = xreallocarray(log->held, count == 0 ? 1 : count * 2, sizeof(*log->held));
    }
    log->held[log->held_count++] = (struct try_log_line){hash_of(text), 1};
}

static void fold_equal_lines(struct try_log *log)
{
    size_t count = 0;
    qsort(log->held, log->held_count, sizeof(*log->held), compare_lines);
    for (size_t i = 0; i < log->held_count; i++) {
        if (count > 0 && log->held[count - 1].hash == log->held[i].hash) {
            log->held[count - 1].left++;
        } else {
            log->held[count++] = log->held[i];
        }
    }
    log->held_count = count;
}

void try_log_adopt(struct try_log *log)
{
    size_t head = strlen("2026-11-22T15:39:28.123Z ");
    char *line = NULL;
    size_t size = 0;
    ssize_t len = 0;
    FILE *file = fopen(log->path, "re");
    while (file != NULL && (len = getline(&line, &size, file)) > 0) {
        struct str text = {line, (size_t)len - (line[len - 1] == '\n' ? 1 : 0)};
        struct str said = {line + head, text.len < head ? 0 : text.len - head};
        if (str_starts_with(said, STR("out "))) {
            hold(log, (struct str){said.ptr + strlen("out "), said.len - strlen("out ")});
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    free(line);
    if (log->held_count > 0) {
        fold_equal_lines(log);
    }
}

bool try_log_holds(struct try_log *log, const char *level, struct str printable)
{
    struct try_log_line wanted = {.left = 0};
    if (log->held_count == 0 || strcmp(level, "out") != 0) {
        return false;
    }
    wanted.hash = hash_of(printable);
    struct try_log_line *line =
        bsearch(&wanted, log->held, log->held_count, sizeof(*log->held), compare_lines);
    bool is_held = line != NULL && line->left > 0;
    if (is_held) {
        line->left--;
    }
    return is_held;
}

/* ---- writing */

static struct str cut_note(void)
{
    return STR("the log is full: what follows is not kept\n");
}

static bool ends_with_note(const struct try_log *log)
{
    char end[64];
    size_t len = cut_note().len;
    return log->size >= (int64_t)len &&
           pread(log->fd, end, len, (off_t)(log->size - (int64_t)len)) == (ssize_t)len &&
           str_eq((struct str){end, len}, cut_note());
}

/* An adopted try goes on with its log. */
static bool open_file(struct try_log *log, struct error *err)
{
    struct stat status;
    int fd = open(log->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return error_set_errno(err, errno, "log %s", log->path);
    }
    log->fd = fd;
    log->size = fstat(fd, &status) == 0 ? status.st_size : 0;
    log->is_cut = ends_with_note(log);
    return true;
}

static bool write_line(struct try_log *log, int64_t wall_ms, const char *level, struct str text,
                       struct error *err)
{
    char utc[CLOCK_TEXT_SIZE];
    struct buf line;
    clock_format_utc(wall_ms, utc);
    buf_init(&line, text.len + LINE_EXTRA);
    buf_printf(&line, "%s %s " STR_FMT "\n", utc, level, STR_ARG(text));
    bool is_ok = file_write_all(log->fd, buf_str(&line), err);
    if (is_ok) {
        log->size += (int64_t)line.len;
    }
    buf_done(&line);
    return is_ok || error_prefix(err, "log %s", log->path);
}

bool try_log_write(struct try_log *log, int64_t wall_ms, const char *level, struct str printable,
                   struct error *err)
{
    if (log->fd < 0 && !open_file(log, err)) {
        return false;
    }
    if (log->is_cut) {
        return true;
    }
    if (log->size + (int64_t)printable.len + LINE_EXTRA <= log->size_max) {
        return write_line(log, wall_ms, level, printable, err);
    }
    log->is_cut = true;
    struct str note = {cut_note().ptr, cut_note().len - 1};
    return write_line(log, wall_ms, "warn", note, err);
}
