/* Indexing a log as it grows, and reading lines of it. */
#include "tui/log_file.h"

#include "core/base/alloc.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BLOCK_LINES = 64,
    BLOCK_BYTES = 64 << 10,
    BLOCK_TEXT = BLOCK_BYTES + LOG_LINE_MAX,
    WINDOW = 256 << 10,
    WINDOWS_PER_GROWTH = 4,
    FIRST_CAPACITY = 64,
};

void log_file_init(struct log_file *file)
{
    *file = (struct log_file){.fd = -1, .limit = INT64_MAX};
}

/* Everything but the path and the memory. */
static void forget(struct log_file *file)
{
    if (file->fd >= 0) {
        close(file->fd);
    }
    file->fd = -1;
    file->block_count = 0;
    file->lines = 0;
    file->size = 0;
    file->is_line_open = false;
    file->head_len = 0;
    file->window_len = 0;
}

void log_file_done(struct log_file *file)
{
    forget(file);
    free(file->path);
    free(file->blocks);
    free(file->window);
    log_file_init(file);
}

void log_file_open(struct log_file *file, const char *path)
{
    log_file_done(file);
    file->path = path == NULL ? NULL : xstrdup(path);
}

/* ---- the window */
static void fill_window(struct log_file *file, int64_t start)
{
    if (file->window == NULL) {
        file->window = xmalloc(WINDOW);
    }
    ssize_t got = pread(file->fd, file->window, WINDOW, (off_t)start);
    file->window_start = start;
    file->window_len = got > 0 ? (size_t)got : 0;
}

struct str log_file_bytes(struct log_file *file, int64_t start, size_t len)
{
    int64_t end = file->window_start + (int64_t)file->window_len;
    if (start < file->window_start || start + (int64_t)len > end) {
        fill_window(file, start);
    }
    size_t skipped = (size_t)(start - file->window_start);
    size_t there = file->window_len - skipped;
    return (struct str){file->window + skipped, there < len ? there : len};
}

/* ---- growing */
static void begin_block(struct log_file *file, int64_t start)
{
    if (file->blocks == NULL || file->block_count == file->block_capacity) {
        file->block_capacity =
            file->block_capacity == 0 ? FIRST_CAPACITY : file->block_capacity * 2;
        file->blocks = xreallocarray(file->blocks, file->block_capacity, sizeof(*file->blocks));
    }
    file->blocks[file->block_count++] = (struct log_block){start, file->lines};
}

static void begin_line(struct log_file *file, int64_t start)
{
    const struct log_block *last =
        file->block_count == 0 ? NULL : &file->blocks[file->block_count - 1];
    if (last == NULL || file->lines - last->line == BLOCK_LINES ||
        start - last->start >= BLOCK_BYTES) {
        begin_block(file, start);
    }
    file->lines++;
    file->is_line_open = true;
}

static void index_bytes(struct log_file *file, struct str bytes)
{
    size_t at = 0;
    while (at < bytes.len) {
        if (!file->is_line_open) {
            begin_line(file, file->size + (int64_t)at);
        }
        const char *end = memchr(bytes.ptr + at, '\n', bytes.len - at);
        if (end == NULL) {
            break;
        }
        file->is_line_open = false;
        at = (size_t)(end - bytes.ptr) + 1;
    }
    file->size += (int64_t)bytes.len;
}

/* Shorter than before, or another file of the same name, or one that begins otherwise. */
static bool is_replaced(const struct log_file *file)
{
    struct stat status;
    char head[sizeof(file->head)];
    if (stat(file->path, &status) != 0) {
        return false; /* removed: what was read of it stays readable */
    }
    if (status.st_size < file->size || status.st_ino != file->inode) {
        return true;
    }
    return pread(file->fd, head, file->head_len, 0) != (ssize_t)file->head_len ||
           memcmp(head, file->head, file->head_len) != 0;
}

static bool open_file(struct log_file *file)
{
    struct stat status;
    file->fd = open(file->path, O_RDONLY | O_CLOEXEC);
    if (file->fd < 0 || fstat(file->fd, &status) != 0) {
        return false;
    }
    file->inode = status.st_ino;
    return true;
}

static void remember_head(struct log_file *file, struct str bytes)
{
    if (file->size == 0) {
        file->head_len = bytes.len < sizeof(file->head) ? bytes.len : sizeof(file->head);
        memcpy(file->head, bytes.ptr, file->head_len);
    }
}

struct log_growth log_file_grow(struct log_file *file)
{
    struct log_growth growth = {.has_grown = false};
    if (file->path == NULL) {
        return growth;
    }
    if (file->fd >= 0 && (file->size > file->limit || is_replaced(file))) {
        forget(file);
        growth.is_replaced = true;
    }
    if (file->fd < 0 && !open_file(file)) {
        return growth;
    }
    for (int i = 0; i < WINDOWS_PER_GROWTH; i++) {
        fill_window(file, file->size);
        int64_t room = file->limit - file->size;
        bool is_cut = (int64_t)file->window_len > room;
        struct str bytes = {file->window, is_cut ? (size_t)room : file->window_len};
        remember_head(file, bytes);
        index_bytes(file, bytes);
        growth.has_grown = growth.has_grown || bytes.len > 0;
        growth.has_more = bytes.len == WINDOW;
        if (!growth.has_more) {
            break;
        }
    }
    return growth;
}

/* ---- reading */
size_t log_file_block_of(const struct log_file *file, size_t line)
{
    size_t low = 0, high = file->block_count - 1;
    while (low < high) {
        size_t middle = low + (high - low + 1) / 2;
        if (file->blocks[middle].line <= line) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

size_t log_file_block_lines(const struct log_file *file, size_t block)
{
    size_t end = block + 1 < file->block_count ? file->blocks[block + 1].line : file->lines;
    return end - file->blocks[block].line;
}

static int64_t block_end(const struct log_file *file, size_t block)
{
    return block + 1 < file->block_count ? file->blocks[block + 1].start : file->size;
}

struct str log_file_block_text(struct log_file *file, size_t block)
{
    int64_t start = file->blocks[block].start;
    int64_t len = block_end(file, block) - start;
    return log_file_bytes(file, start, len < BLOCK_TEXT ? (size_t)len : BLOCK_TEXT);
}

/* A line to its newline, or to the end of the bytes. */
static struct str whole_line(struct str *rest)
{
    const char *end = rest->len == 0 ? NULL : memchr(rest->ptr, '\n', rest->len);
    size_t len = end == NULL ? rest->len : (size_t)(end - rest->ptr);
    struct str line = {rest->ptr, len};
    size_t step = end == NULL ? len : len + 1;
    *rest = (struct str){rest->ptr + step, rest->len - step};
    return line;
}

struct str log_block_next(struct str *rest)
{
    struct str line = whole_line(rest);
    line.len = line.len < LOG_LINE_MAX ? line.len : LOG_LINE_MAX;
    return line;
}

struct str log_file_line(struct log_file *file, size_t line)
{
    size_t block = log_file_block_of(file, line);
    struct str rest = log_file_block_text(file, block);
    struct str text = log_block_next(&rest);
    for (size_t i = file->blocks[block].line; i < line; i++) {
        text = log_block_next(&rest);
    }
    return text;
}

struct log_extent log_file_line_extent(struct log_file *file, size_t line)
{
    size_t block = log_file_block_of(file, line);
    size_t after = file->blocks[block].line + log_file_block_lines(file, block);
    struct str text = log_file_block_text(file, block), rest = text;
    struct str found = whole_line(&rest);
    for (size_t i = file->blocks[block].line; i < line; i++) {
        found = whole_line(&rest);
    }
    int64_t start = file->blocks[block].start + (found.ptr - text.ptr);
    if (line + 1 < after) {
        return (struct log_extent){start, (int64_t)found.len};
    }
    bool is_ended = block + 1 < file->block_count || !file->is_line_open;
    return (struct log_extent){start, block_end(file, block) - (is_ended ? 1 : 0) - start};
}
