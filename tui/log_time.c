/* Halving the file until what is left is read line by line. */
#include "tui/log_time.h"

#include "core/base/alloc.h"
#include "core/base/clock.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 64 << 10 };

struct reading {
    int fd;
    char *piece; /* [PIECE] */
    int64_t start;
    size_t len;
};

static void read_piece(struct reading *reading, int64_t start)
{
    ssize_t got = pread(reading->fd, reading->piece, PIECE, (off_t)start);
    reading->start = start;
    reading->len = got > 0 ? (size_t)got : 0;
}

/* The first line of the piece from `at` on that has a time; false: there is none. at moves behind
 * it, out_start is its offset. */
static bool next_stamp(const struct reading *reading, size_t *at, int64_t *out_start,
                       int64_t *out_ms)
{
    while (*at < reading->len) {
        struct str rest = {reading->piece + *at, reading->len - *at};
        const char *end = memchr(rest.ptr, '\n', rest.len);
        struct str line = str_split(rest, '\n', &rest);
        struct str behind;
        size_t start = *at;
        *at = end == NULL ? reading->len : (size_t)(end - reading->piece) + 1;
        if (clock_parse_utc(str_split(line, ' ', &behind), out_ms)) {
            *out_start = reading->start + (int64_t)start;
            return true;
        }
    }
    return false;
}

/* Behind the first newline at or after an offset there is a line; of the first such line with a
 * time within a piece. */
static bool stamp_after(struct reading *reading, int64_t offset, int64_t *out_start,
                        int64_t *out_ms)
{
    read_piece(reading, offset);
    const char *end = memchr(reading->piece, '\n', reading->len);
    size_t at = end == NULL ? reading->len : (size_t)(end - reading->piece) + 1;
    return next_stamp(reading, &at, out_start, out_ms);
}

/* An offset of a line not far before the first that is too late. */
static int64_t halve(struct reading *reading, int64_t size, int64_t until_ms)
{
    int64_t low = 0, high = size;
    while (high - low > PIECE) {
        int64_t middle = low + (high - low) / 2, start = 0, ts_ms = 0;
        if (!stamp_after(reading, middle, &start, &ts_ms) || ts_ms > until_ms) {
            high = middle;
        } else {
            low = start;
        }
    }
    return low;
}

/* Lines that are longer than a piece end where the next piece finds a newline. */
static int64_t first_too_late(struct reading *reading, int64_t from, int64_t size, int64_t until_ms)
{
    size_t at = 0;
    while (from < size) {
        int64_t start = 0, ts_ms = 0;
        read_piece(reading, from);
        at = 0;
        while (next_stamp(reading, &at, &start, &ts_ms)) {
            if (ts_ms > until_ms) {
                return start;
            }
        }
        if (reading->len == 0) {
            break;
        }
        const char *end = memrchr(reading->piece, '\n', reading->len);
        from += end == NULL || (size_t)(end - reading->piece) + 1 == reading->len
                    ? (int64_t)reading->len
                    : end - reading->piece + 1;
    }
    return size;
}

int64_t log_time_size(const char *path, int64_t until_ms)
{
    struct reading reading = {.fd = open(path, O_RDONLY | O_CLOEXEC)};
    struct stat status;
    int64_t found = 0;
    if (reading.fd < 0) {
        return 0;
    }
    if (fstat(reading.fd, &status) == 0) {
        reading.piece = xmalloc(PIECE);
        int64_t from = halve(&reading, status.st_size, until_ms);
        found = first_too_late(&reading, from, status.st_size, until_ms);
        free(reading.piece);
    }
    close(reading.fd);
    return found;
}
