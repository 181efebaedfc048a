/* struct buf: a growing byte buffer with a hard limit. Any thread, one at a time. */
#ifndef GATEHOUSE_BASE_BUF_H
#define GATEHOUSE_BASE_BUF_H

#include "core/base/str.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
    char *ptr;          /* NUL-terminated whenever not NULL; the NUL is not in len */
    size_t len;         /* bytes */
    size_t cap;         /* bytes allocated */
    size_t limit;       /* len never exceeds this */
    bool is_overflowed; /* something did not fit; stays set until buf_reset */
};

void buf_init(struct buf *buf, size_t limit);
void buf_done(struct buf *buf);
void buf_reset(struct buf *buf); /* empties, keeps the memory */
void buf_wipe(struct buf *buf);  /* buf_done for secrets: overwrites the memory first */

/* Append; false and is_overflowed when the limit is reached (then nothing of this call is added).
 */
bool buf_append(struct buf *buf, const void *ptr, size_t len);
bool buf_append_str(struct buf *buf, struct str s);
bool buf_append_text(struct buf *buf, const char *text);
bool buf_append_char(struct buf *buf, char c);
bool buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool buf_vprintf(struct buf *buf, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
/* Makes room for `extra` bytes behind len; false at the limit. The caller then writes and adds to
 * len. */
bool buf_reserve(struct buf *buf, size_t extra);
/* Drops the first `count` bytes. */
void buf_consume(struct buf *buf, size_t count);
struct str buf_str(const struct buf *buf);
const char *buf_text(const struct buf *buf); /* never NULL; borrows */
char *buf_take(struct buf *buf); /* gives the NUL-terminated memory; buf is empty again */

#endif
