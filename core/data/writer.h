/* Buffered output of the data plane: rows are formatted straight into a buffer that goes to a sink
 * when it is full. A sink's failure is kept and told once a chunk, so rows need no error checks.
 * One thread at a time. */
#ifndef GATEHOUSE_DATA_WRITER_H
#define GATEHOUSE_DATA_WRITER_H

#include "core/base/error.h"
#include "core/base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Takes all bytes (borrowed until it returns) or fails with err. */
typedef bool (*sink_fn)(void *context, struct str bytes, struct error *err);

/* write == NULL discards the bytes. */
struct sink {
    sink_fn write;
    void *context;
};

enum { WRITER_CAPACITY = 256 * 1024, WRITER_ROOM_MAX = 4096 };

struct writer {
    struct sink sink;
    char *ptr;      /* WRITER_CAPACITY bytes */
    size_t len;     /* bytes waiting */
    uint64_t bytes; /* bytes ever written, those waiting not included */
    bool is_failed;
    struct error failure;
};

void writer_init(struct writer *writer, struct sink sink);
void writer_done(struct writer *writer); /* does not flush */
/* Forgets what was written and goes on to another sink. */
void writer_reset(struct writer *writer, struct sink sink);
void writer_drain(struct writer *writer);
/* Bytes of any number. */
void writer_put(struct writer *writer, struct str bytes);
/* One field by RFC 4180: quoted only where it must be; NUL and invalid UTF-8 become U+FFFD. */
void writer_put_field(struct writer *writer, struct str text);
/* False with the sink's error once it has failed. */
bool writer_check(const struct writer *writer, struct error *err);
bool writer_flush(struct writer *writer, struct error *err);
uint64_t writer_total(const struct writer *writer); /* bytes, those waiting included */

/* Room for `size` <= WRITER_ROOM_MAX bytes; the caller writes and says where it stopped. */
static inline char *writer_room(struct writer *writer, size_t size)
{
    if (size > WRITER_CAPACITY - writer->len) {
        writer_drain(writer);
    }
    return writer->ptr + writer->len;
}

static inline void writer_advance(struct writer *writer, const char *end)
{
    writer->len = (size_t)(end - writer->ptr);
}

#endif
