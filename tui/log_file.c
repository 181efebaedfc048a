/* Indexing a log as it grows, and searching it. */
#include "tui/log_file.h"

#include "core/base/alloc.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINES_PER_SEARCH = 50000, FIRST_CAPACITY = 256 };

void log_file_init(struct log_file *log)
{
    *log = (struct log_file){.fd = -1};
}

static void forget(struct log_file *log)
{
    if (log->fd >= 0) {
        close(log->fd);
    }
    free(log->path);
    free(log->starts);
    free(log->matches);
    log->path = NULL;
    log->starts = NULL;
    log->matches = NULL;
}

void log_file_done(struct log_file *log)
{
    forget(log);
    free(log->needle);
    log_file_init(log);
}

void log_file_open(struct log_file *log, const char *path)
{
    char *needle = log->needle;
    forget(log);
    *log = (struct log_file){.fd = -1, .needle = needle};
    log->path = path == NULL ? NULL : xstrdup(path);
}

static void add_line(struct log_file *log, int64_t start)
{
    if (log->count == log->capacity) {
        log->capacity = log->capacity == 0 ? FIRST_CAPACITY : log->capacity * 2;
        log->starts = xreallocarray(log->starts, log->capacity, sizeof(*log->starts));
    }
    log->starts[log->count++] = start;
}

static void add_piece(struct log_file *log, const char *ptr, size_t len)
{
    size_t at = 0;
    while (at < len) {
        if (!log->is_line_open) {
            add_line(log, log->size + (int64_t)at);
            log->is_line_open = true;
        }
        const char *end = memchr(ptr + at, '\n', len - at);
        if (end == NULL) {
            break;
        }
        log->is_line_open = false;
        at = (size_t)(end - ptr) + 1;
    }
    log->size += (int64_t)len;
}

/* A file that became shorter was replaced: it is read from its start. */
static void check_size(struct log_file *log)
{
    struct stat status;
    if (fstat(log->fd, &status) == 0 && status.st_size < log->size) {
        close(log->fd);
        log->fd = -1;
        log->count = 0;
        log->size = 0;
        log->is_line_open = false;
        log->match_count = 0;
        log->searched = 0;
    }
}

static bool read_piece(struct log_file *log, bool *out_is_full)
{
    if (log->path == NULL) {
        return false;
    }
    if (log->fd >= 0) {
        check_size(log);
    }
    if (log->fd < 0) {
        log->fd = open(log->path, O_RDONLY | O_CLOEXEC);
    }
    if (log->fd < 0) {
        return false;
    }
    char *piece = xmalloc(LOG_PIECE);
    ssize_t got = pread(log->fd, piece, LOG_PIECE, (off_t)log->size);
    if (got > 0) {
        add_piece(log, piece, (size_t)got);
    }
    free(piece);
    *out_is_full = got == LOG_PIECE;
    return got > 0;
}

static void add_match(struct log_file *log, size_t line)
{
    if (log->match_count == log->match_capacity) {
        log->match_capacity = log->match_capacity == 0 ? FIRST_CAPACITY : log->match_capacity * 2;
        log->matches = xreallocarray(log->matches, log->match_capacity, sizeof(*log->matches));
    }
    log->matches[log->match_count++] = line;
}

/* Lines that are complete can be searched; the open one is when it is. */
static bool search_piece(struct log_file *log, bool *out_has_more)
{
    size_t end = log->is_line_open ? log->count - 1 : log->count;
    size_t stop = end - log->searched > LINES_PER_SEARCH ? log->searched + LINES_PER_SEARCH : end;
    size_t before = log->match_count;
    struct buf text;
    if (log->needle == NULL || log->searched >= end) {
        return false;
    }
    buf_init(&text, LOG_LINE_SHOWN);
    for (; log->searched < stop; log->searched++) {
        buf_reset(&text);
        log_file_line(log, log->searched, &text);
        if (log_file_find(log, buf_str(&text)) < text.len) {
            add_match(log, log->searched);
        }
    }
    buf_done(&text);
    *out_has_more = *out_has_more || stop < end;
    return log->match_count > before;
}

bool log_file_grow(struct log_file *log, bool *out_has_more)
{
    bool is_full = false;
    bool has_grown = read_piece(log, &is_full);
    *out_has_more = is_full;
    return search_piece(log, out_has_more) || has_grown;
}

size_t log_file_lines(const struct log_file *log)
{
    return log->count;
}

void log_file_line(const struct log_file *log, size_t line, struct buf *out)
{
    int64_t end = line + 1 < log->count ? log->starts[line + 1] - 1 : log->size;
    int64_t len = end - log->starts[line];
    len = len > LOG_LINE_SHOWN ? LOG_LINE_SHOWN : len;
    if (len <= 0 || !buf_reserve(out, (size_t)len)) {
        return;
    }
    ssize_t got = pread(log->fd, out->ptr + out->len, (size_t)len, (off_t)log->starts[line]);
    size_t used = got > 0 ? (size_t)got : 0;
    while (used > 0 && out->ptr[out->len + used - 1] == '\n') {
        used--;
    }
    out->len += used;
    out->ptr[out->len] = '\0';
}

void log_file_search(struct log_file *log, const char *needle)
{
    free(log->needle);
    log->needle = *needle == '\0' ? NULL : xstrdup(needle);
    log->match_count = 0;
    log->searched = 0;
}

size_t log_file_match_from(const struct log_file *log, size_t line)
{
    size_t low = 0, high = log->match_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (log->matches[middle] < line) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool has_capitals(const char *text)
{
    while (*text != '\0' && !isupper((unsigned char)*text)) {
        text++;
    }
    return *text != '\0';
}

size_t log_file_find(const struct log_file *log, struct str text)
{
    size_t len = log->needle == NULL ? 0 : strlen(log->needle);
    if (len == 0 || len > text.len) {
        return text.len;
    }
    bool is_exact = has_capitals(log->needle);
    for (size_t i = 0; i + len <= text.len; i++) {
        int difference = is_exact ? memcmp(text.ptr + i, log->needle, len)
                                  : strncasecmp(text.ptr + i, log->needle, len);
        if (difference == 0) {
            return i;
        }
    }
    return text.len;
}
