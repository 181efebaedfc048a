/* The buffer in front of a sink, and fields by RFC 4180. */
#include "core/data/writer.h"

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/utf8.h"

#include <stdlib.h>
#include <string.h>

void writer_init(struct writer *writer, struct sink sink)
{
    *writer = (struct writer){.sink = sink, .ptr = xmalloc(WRITER_CAPACITY)};
}

void writer_done(struct writer *writer)
{
    free(writer->ptr);
    *writer = (struct writer){.sink = {NULL, NULL}};
}

void writer_reset(struct writer *writer, struct sink sink)
{
    *writer = (struct writer){.sink = sink, .ptr = writer->ptr};
}

void writer_drain(struct writer *writer)
{
    struct str waiting = {writer->ptr, writer->len};
    writer->bytes += waiting.len;
    writer->len = 0;
    if (waiting.len > 0 && !writer->is_failed && writer->sink.write != NULL) {
        writer->is_failed = !writer->sink.write(writer->sink.context, waiting, &writer->failure);
    }
}

void writer_put(struct writer *writer, struct str bytes)
{
    while (bytes.len > 0) {
        size_t free_len = WRITER_CAPACITY - writer->len;
        size_t len = bytes.len < free_len ? bytes.len : free_len;
        memcpy(writer->ptr + writer->len, bytes.ptr, len);
        writer->len += len;
        bytes.ptr += len;
        bytes.len -= len;
        if (writer->len == WRITER_CAPACITY) {
            writer_drain(writer);
        }
    }
}

static bool is_plain(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < ' ' || c >= 0x7f || c == '"' || c == ',' || c == ';') {
            return false;
        }
    }
    return text.len == 0 || (text.ptr[0] != ' ' && text.ptr[text.len - 1] != ' ');
}

void writer_put_field(struct writer *writer, struct str text)
{
    if (is_plain(text)) {
        writer_put(writer, text);
        return;
    }
    struct buf valid;
    buf_init(&valid, SIZE_MAX / 8);
    utf8_append_valid(&valid, text);
    struct str rest = buf_str(&valid);
    writer_put(writer, STR("\""));
    while (rest.len > 0) {
        const char *quote = memchr(rest.ptr, '"', rest.len);
        size_t len = quote == NULL ? rest.len : (size_t)(quote - rest.ptr) + 1;
        writer_put(writer, (struct str){rest.ptr, len});
        if (quote != NULL) {
            writer_put(writer, STR("\""));
        }
        rest = (struct str){rest.ptr + len, rest.len - len};
    }
    writer_put(writer, STR("\""));
    buf_done(&valid);
}

bool writer_check(const struct writer *writer, struct error *err)
{
    if (writer->is_failed) {
        *err = writer->failure;
    }
    return !writer->is_failed;
}

bool writer_flush(struct writer *writer, struct error *err)
{
    writer_drain(writer);
    return writer_check(writer, err);
}

uint64_t writer_total(const struct writer *writer)
{
    return writer->bytes + writer->len;
}
