/* Copying the lines of a log that match. */
#include "tui/log_save.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "tui/log_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 64 << 10, OUT_MAX = 4 * CHUNK };

void log_save_done(struct log_save *save)
{
    free(save->source);
    free(save->path);
    free(save->filter);
    *save = (struct log_save){.source = NULL};
}

struct copy {
    struct log_file file;
    struct log_scan scan;
    int fd;
    struct buf out;
};

static bool flush(struct copy *copy, struct error *err)
{
    bool is_good = file_write_all(copy->fd, buf_str(&copy->out), err);
    buf_reset(&copy->out);
    return is_good;
}

static bool copy_line(struct copy *copy, size_t line, struct error *err)
{
    struct log_extent extent = log_file_line_extent(&copy->file, line);
    while (extent.size > 0) {
        size_t wanted = extent.size < CHUNK ? (size_t)extent.size : CHUNK;
        struct str bytes = log_file_bytes(&copy->file, extent.start, wanted);
        if (bytes.len == 0) {
            break; /* the file has shrunk meanwhile */
        }
        buf_append_str(&copy->out, bytes);
        extent.start += (int64_t)bytes.len;
        extent.size -= (int64_t)bytes.len;
        if (copy->out.len > OUT_MAX - CHUNK - 1 && !flush(copy, err)) {
            return false;
        }
    }
    buf_append_char(&copy->out, '\n');
    return true;
}

static bool copy_lines(struct log_save *save, struct copy *copy, struct error *err)
{
    bool is_filtered = log_match_is_on(&copy->scan.match);
    for (size_t line = 0; line < copy->file.lines; line++) {
        line = is_filtered ? log_scan_next(&copy->scan, line) : line;
        if (line == LOG_NO_LINE) {
            break;
        }
        if (!copy_line(copy, line, err)) {
            return false;
        }
        save->lines++;
    }
    return flush(copy, err);
}

/* A log that grows is saved up to what it was. */
static bool read_source(struct log_save *save, struct copy *copy, struct error *err)
{
    log_file_open(&copy->file, save->source);
    while (log_file_grow(&copy->file).has_more) {
    }
    if (copy->file.fd < 0) {
        return error_set_errno(err, errno, "%s", save->source);
    }
    if (save->filter != NULL &&
        !log_match_set(&copy->scan.match, LOG_MATCH_FILTER, save->filter, err)) {
        return false;
    }
    while (log_match_is_on(&copy->scan.match) && log_scan_go(&copy->scan, &copy->file, NULL)) {
    }
    return true;
}

static bool put_in_place(const struct log_save *save, const char *temporary, struct error *err)
{
    unsigned flags = save->may_replace ? 0 : RENAME_NOREPLACE;
    int result = renameat2(AT_FDCWD, temporary, AT_FDCWD, save->path, flags);
    if (result != 0 && errno == EINVAL && file_is_absent(save->path)) {
        result = rename(temporary, save->path); /* a file system that cannot promise it */
    }
    if (result == 0) {
        return true;
    }
    return errno == EEXIST
               ? error_set(err, ERROR_PERMANENT, "exists", "%s is there already", save->path)
               : error_set_errno(err, errno, "%s", save->path);
}

bool log_save_write(struct log_save *save, struct error *err)
{
    struct copy copy = {.fd = -1};
    char *temporary = xasprintf("%s.XXXXXX", save->path);
    log_file_init(&copy.file);
    buf_init(&copy.out, OUT_MAX);
    save->lines = 0;
    bool is_good = read_source(save, &copy, err);
    if (is_good) {
        copy.fd = mkostemp(temporary, O_CLOEXEC); /* 0600 */
        is_good = copy.fd >= 0 || error_set_errno(err, errno, "%s", save->path);
    }
    is_good = is_good && copy_lines(save, &copy, err);
    if (is_good && fsync(copy.fd) != 0) {
        is_good = error_set_errno(err, errno, "%s", save->path);
    }
    is_good = is_good && put_in_place(save, temporary, err);
    if (copy.fd >= 0) {
        close(copy.fd);
        if (!is_good) {
            unlink(temporary);
        }
    }
    log_file_done(&copy.file);
    log_scan_done(&copy.scan);
    buf_done(&copy.out);
    free(temporary);
    return is_good;
}
