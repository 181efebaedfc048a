/* A byte buffer that grows up to a limit set by its owner. */
#include "core/base/buf.h"

#include "core/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 64 };

void buf_init(struct buf *buf, size_t limit)
{
    *buf = (struct buf){.limit = limit};
}

void buf_done(struct buf *buf)
{
    free(buf->ptr);
    *buf = (struct buf){.limit = buf->limit};
}

void buf_wipe(struct buf *buf)
{
    if (buf->ptr != NULL) {
        explicit_bzero(buf->ptr, buf->cap);
    }
    buf_done(buf);
}

void buf_reset(struct buf *buf)
{
    buf->len = 0;
    buf->is_overflowed = false;
    if (buf->ptr != NULL) {
        buf->ptr[0] = '\0';
    }
}

bool buf_reserve(struct buf *buf, size_t extra)
{
    if (extra > buf->limit || buf->len > buf->limit - extra) {
        buf->is_overflowed = true;
        return false;
    }
    size_t needed = buf->len + extra + 1;
    if (needed <= buf->cap) {
        return true;
    }
    size_t first = needed > FIRST_CAPACITY ? needed : FIRST_CAPACITY; /* large: what is known of */
    size_t cap = buf->cap == 0 ? first : buf->cap;
    while (cap < needed) {
        cap *= 2;
    }
    buf->ptr = xrealloc(buf->ptr, cap);
    buf->cap = cap;
    return true;
}

bool buf_append(struct buf *buf, const void *ptr, size_t len)
{
    if (!buf_reserve(buf, len)) {
        return false;
    }
    if (len > 0) {
        memcpy(buf->ptr + buf->len, ptr, len);
    }
    buf->len += len;
    buf->ptr[buf->len] = '\0';
    return true;
}

bool buf_append_str(struct buf *buf, struct str s)
{
    return buf_append(buf, s.ptr, s.len);
}

bool buf_append_text(struct buf *buf, const char *text)
{
    return buf_append(buf, text, strlen(text));
}

bool buf_append_char(struct buf *buf, char c)
{
    return buf_append(buf, &c, 1);
}

bool buf_vprintf(struct buf *buf, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int needed = vsnprintf(NULL, 0, format, args);
    bool is_added = needed >= 0 && buf_reserve(buf, (size_t)needed);
    if (is_added) {
        vsnprintf(buf->ptr + buf->len, (size_t)needed + 1, format, again);
        buf->len += (size_t)needed;
    }
    va_end(again);
    return is_added;
}

bool buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool is_added = buf_vprintf(buf, format, args);
    va_end(args);
    return is_added;
}

void buf_consume(struct buf *buf, size_t count)
{
    if (count >= buf->len) {
        buf->len = 0;
    } else {
        memmove(buf->ptr, buf->ptr + count, buf->len - count);
        buf->len -= count;
    }
    if (buf->ptr != NULL) {
        buf->ptr[buf->len] = '\0';
    }
}

struct str buf_str(const struct buf *buf)
{
    return (struct str){buf_text(buf), buf->len};
}

const char *buf_text(const struct buf *buf)
{
    return buf->ptr == NULL ? "" : buf->ptr;
}

char *buf_take(struct buf *buf)
{
    char *ptr = buf->ptr == NULL ? xstrdup("") : buf->ptr;
    *buf = (struct buf){.limit = buf->limit};
    return ptr;
}
