/* open, then read and take in turns, then compare. */
#include "core/stages/transfer.h"

#include "core/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void finish(struct transfer *transfer, const struct error *err)
{
    object_close(&transfer->reader);
    digest_free(transfer->digest);
    transfer->digest = NULL;
    if (err != NULL) {
        transfer->failure = *err;
        error_prefix(&transfer->failure, "s3://%s/%.300s", transfer->bucket, transfer->key);
    }
    op_finish(&transfer->op, err == NULL ? NULL : &transfer->failure);
}

static void finish_whole(struct transfer *transfer)
{
    struct error err;
    const char *wanted = transfer->sha256 == NULL ? "" : transfer->sha256;
    digest_finish_hex(transfer->digest, transfer->digest_hex);
    if (transfer->size_bytes != transfer->reader.info.size_bytes) {
        error_set(&err, ERROR_TRANSIENT, "truncated", "read %" PRIu64 " of %" PRIu64 " bytes",
                  transfer->size_bytes, transfer->reader.info.size_bytes);
    } else if (wanted[0] != '\0' && strcmp(wanted, transfer->digest_hex) != 0) {
        error_set(&err, ERROR_PERMANENT, "changed_under_us", "has sha256 %s, expected %.64s",
                  transfer->digest_hex, wanted);
    } else {
        finish(transfer, NULL);
        return;
    }
    finish(transfer, &err);
}

static bool is_over(struct transfer *transfer, const struct error *op_err)
{
    struct error err;
    if (op_err == NULL && transfer->is_cancelled) {
        error_set(&err, ERROR_CANCELLED, "cancelled", "cancelled");
        op_err = &err;
    }
    if (op_err != NULL) {
        finish(transfer, op_err);
    }
    return op_err != NULL;
}

static bool take_chunk(struct work *work, struct error *err)
{
    struct transfer *transfer = OP_CONTAINER(work, struct transfer, work);
    struct str chunk = transfer->reader.chunk;
    transfer->size_bytes += chunk.len;
    if (transfer->size_limit > 0 && transfer->size_bytes > transfer->size_limit) {
        return error_set(err, ERROR_PERMANENT, "too_large", "is larger than %" PRIu64 " bytes",
                         transfer->size_limit);
    }
    digest_update(transfer->digest, chunk.ptr, chunk.len);
    return transfer->take(transfer->take_context, chunk, err);
}

static void on_taken(struct op *op, const struct error *err)
{
    struct transfer *transfer = op->context;
    if (is_over(transfer, err)) {
        return;
    }
    if (transfer->reader.chunk.len == 0) {
        finish_whole(transfer);
    } else {
        object_read_start(&transfer->reader);
    }
}

static void on_read(struct op *op, const struct error *err)
{
    struct transfer *transfer = op->context;
    if (!is_over(transfer, err)) {
        transfer->work.op.done = on_taken;
        transfer->work.op.context = transfer;
        transfer->work.run = take_chunk;
        work_start(transfer->loop, &transfer->work);
    }
}

static void on_opened(struct op *op, const struct error *err)
{
    struct transfer *transfer = op->context;
    if (!is_over(transfer, err)) {
        transfer->reader.op.done = on_read;
        object_read_start(&transfer->reader);
    }
}

static void cancel(void *context)
{
    struct transfer *transfer = context;
    transfer->is_cancelled = true;
    op_cancel(&transfer->reader.op);
}

void transfer_start(struct loop *loop, struct transfer *transfer)
{
    op_begin(&transfer->op, loop);
    op_on_cancel(&transfer->op, cancel, transfer);
    transfer->loop = loop;
    transfer->size_bytes = 0;
    transfer->is_cancelled = false;
    transfer->digest = digest_new();
    transfer->reader = (struct object_reader){
        .op = {.done = on_opened, .context = transfer},
        .bucket = transfer->bucket,
        .key = transfer->key,
    };
    object_open_start(transfer->store, &transfer->reader);
}

bool file_sink_take(void *context, struct str chunk, struct error *err)
{
    struct file_sink *sink = context;
    if (!sink->is_open) {
        sink->fd = open(sink->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (sink->fd < 0) {
            return error_set_errno(err, errno, "cannot create %s", sink->path);
        }
        sink->is_open = true;
    }
    return file_write_all(sink->fd, chunk, err) || error_prefix(err, "%s", sink->path);
}

void file_sink_done(struct file_sink *sink)
{
    if (sink->is_open) {
        close(sink->fd);
        sink->is_open = false;
    }
}

bool buf_sink_take(void *context, struct str chunk, struct error *err)
{
    struct buf *buf = context;
    return buf_append_str(buf, chunk) ||
           error_set(err, ERROR_PERMANENT, "too_large", "is larger than %zu bytes", buf->limit);
}
