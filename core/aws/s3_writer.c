/* Writing an object of S3: what fits into one part is put at once, the rest goes up in parts,
 * several at a time. Nothing is visible before commit; every way out that is not a commit takes the
 * parts back, because they are billed. */
#include "core/aws/s3_writer.h"

#include "core/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMPLETE_STALL_MS = 600000 };

static void free_writer(struct s3_writer *self)
{
    s3_parts_done(self);
    aws_call_done(&self->call);
    buf_done(&self->text);
    free(self->upload_id);
    free(self->path);
    free(self);
}

void s3_writer_fail(struct s3_writer *self, const struct error *err)
{
    if (!self->has_failed) {
        self->has_failed = true;
        self->failure = *err;
        s3_name_error(&self->failure, self->writer->bucket, self->writer->key);
    }
}

struct aws_call s3_writer_call(const struct s3_writer *self, const char *operation,
                               const char *method)
{
    return (struct aws_call){
        .service = AWS_S3,
        .operation = operation,
        .method = method,
        .bucket = self->writer->bucket,
        .path = self->path,
        .is_idempotent = true,
    };
}

/* The call that is not of a part; its query or body is in self->text. */
static void start_call(struct s3_writer *self, struct aws_call call, op_done_fn done)
{
    aws_call_done(&self->call);
    self->call = call;
    self->call.op = (struct op){.done = done, .context = self};
    self->call.headers = self->headers.list;
    self->call.header_count = self->headers.count;
    self->active++;
    aws_call_start(self->store->session, &self->call);
}

/* ---- the beginning */

static void begin_done(struct op *op, const struct error *err)
{
    struct s3_writer *self = op->context;
    struct error bad;
    self->active--;
    self->is_creating = false;
    if (err == NULL) {
        self->upload_id = s3_read_upload_id(self->call.response, &bad);
        err = self->upload_id == NULL ? &bad : NULL;
    }
    if (err != NULL) {
        s3_writer_fail(self, err);
    }
    s3_writer_advance(self);
}

static void begin_upload(struct s3_writer *self)
{
    struct aws_call call = s3_writer_call(self, "CreateMultipartUpload", "POST");
    self->is_creating = true;
    self->headers.count = 0;
    s3_headers_add_encryption(&self->headers, self->store);
    call.query = "uploads=";
    start_call(self, call, begin_done);
}

/* ---- the end */

static void finish(struct s3_writer *self, const struct error *err)
{
    struct op *op = &self->writer->op;
    self->wish = S3_WISH_NONE;
    op_finish(op, err);
}

static void finish_object(struct s3_writer *self)
{
    struct object_writer *writer = self->writer;
    struct object_info *info = &writer->info;
    s3_read_info(&self->call, writer->key, info);
    s3_read_completed_etag(self->call.response, info->etag);
    info->size_bytes = self->size_bytes;
    memcpy(info->sha256, self->sha256, sizeof(info->sha256));
    writer->handle = NULL;
    free_writer(self);
    op_finish(&writer->op, NULL);
}

static void put_done(struct op *op, const struct error *err)
{
    struct s3_writer *self = op->context;
    self->active--;
    self->is_completing = false;
    if (err == NULL) {
        finish_object(self);
        return;
    }
    s3_writer_fail(self, err);
    s3_writer_advance(self);
}

static void put_whole(struct s3_writer *self, struct s3_part *part)
{
    struct aws_call call = s3_writer_call(self, "PutObject", "PUT");
    self->is_completing = true;
    self->headers.count = 0;
    s3_headers_add_encryption(&self->headers, self->store);
    digest_finish_hex(part->digest, self->sha256);
    call.body = (struct str){part->body, part->len};
    call.body_sha256 = self->sha256;
    start_call(self, call, put_done);
}

/* The answer to the completion may have been lost: then the upload is gone and the object is there.
 */
static void check_completed(struct op *op, const struct error *err)
{
    struct s3_writer *self = op->context;
    struct object_info info;
    self->active--;
    self->is_completing = false;
    if (err == NULL) {
        s3_read_info(&self->call, self->writer->key, &info);
        if (info.size_bytes == self->size_bytes) {
            finish_object(self);
            return;
        }
        err = &self->failure;
    }
    s3_writer_fail(self, err);
    s3_writer_advance(self);
}

static void complete_done(struct op *op, const struct error *err)
{
    struct s3_writer *self = op->context;
    if (err != NULL && error_is(err, "NoSuchUpload") && self->call.attempts > 1) {
        self->active--;
        self->failure = *err;
        free(self->upload_id);
        self->upload_id = NULL;
        self->headers.count = 0;
        start_call(self, s3_writer_call(self, "HeadObject", "HEAD"), check_completed);
        return;
    }
    put_done(op, err);
}

static void complete_upload(struct s3_writer *self)
{
    struct aws_call call = s3_writer_call(self, "CompleteMultipartUpload", "POST");
    struct error err;
    char *query = xasprintf("uploadId=%s", self->upload_id);
    size_t length = strlen(query) + 1;
    self->is_completing = true;
    self->headers.count = 0;
    if (self->whole != NULL) {
        digest_finish_hex(self->whole, self->sha256);
    }
    s3_headers_add(&self->headers, "content-type", "application/xml");
    buf_reset(&self->text);
    bool fits = buf_append(&self->text, query, length) &&
                s3_append_complete(self->tags, self->part_count, &self->text);
    free(query);
    if (!fits) {
        error_set(&err, ERROR_BUG, "too_large", "CompleteMultipartUpload: the list of parts");
        s3_writer_fail(self, &err);
        return;
    }
    call.query = buf_text(&self->text);
    call.body = (struct str){self->text.ptr + length, self->text.len - length};
    call.stall_timeout_ms = COMPLETE_STALL_MS;
    call.success_root = "CompleteMultipartUploadResult";
    call.counts_every_try = true; /* after a second one it may be done already */
    start_call(self, call, complete_done);
}

static void commit(struct s3_writer *self)
{
    bool is_single = self->part_count == 1 && self->upload_id == NULL && !self->is_creating;
    if (self->is_completing) {
        return;
    }
    if (is_single && !self->parts[0].is_taking) {
        put_whole(self, &self->parts[0]);
    } else if (self->upload_id != NULL && s3_parts_are_sent(self)) {
        complete_upload(self);
    }
}

static void end_aborted(struct s3_writer *self)
{
    struct object_writer *writer = self->writer;
    writer->handle = NULL;
    free_writer(self);
    op_finish(&writer->op, NULL);
}

static void abort_done(struct op *op, const struct error *err)
{
    (void)err; /* gone already, or left to the bucket's life cycle rule: nothing more can be done */
    end_aborted(op->context);
}

static void abort_upload(struct s3_writer *self)
{
    if (self->upload_id == NULL) {
        end_aborted(self);
        return;
    }
    struct aws_call call = s3_writer_call(self, "AbortMultipartUpload", "DELETE");
    buf_reset(&self->text);
    buf_printf(&self->text, "uploadId=%s", self->upload_id);
    free(self->upload_id);
    self->upload_id = NULL;
    self->headers.count = 0;
    call.query = buf_text(&self->text);
    start_call(self, call, abort_done);
}

/* Not before it is sure that there will be a second part. */
static bool must_begin_upload(const struct s3_writer *self)
{
    return self->upload_id == NULL && !self->is_creating && !self->has_failed &&
           self->part_count > 1;
}

void s3_writer_advance(struct s3_writer *self)
{
    if (self->wish == S3_WISH_ABORT) {
        if (self->active == 0) {
            abort_upload(self);
        }
        return;
    }
    s3_parts_take(self);
    if (must_begin_upload(self)) {
        begin_upload(self);
    }
    if (self->upload_id != NULL) {
        s3_parts_send(self);
    }
    if (self->wish == S3_WISH_COMMIT && !self->has_failed) {
        commit(self);
    }
    if (self->has_failed && self->wish != S3_WISH_NONE && self->active == 0) {
        finish(self, &self->failure);
    } else if (self->wish == S3_WISH_WRITE && self->data.len == 0 && self->taking == 0 &&
               !self->has_failed) {
        finish(self, NULL);
    }
}

/* ---- the port */

void s3_create(struct object_store *store, struct object_writer *writer)
{
    struct s3_writer *self = xcalloc(1, sizeof(*self));
    op_begin(&writer->op, store->loop);
    self->store = s3_store_of(store);
    self->writer = writer;
    self->path = s3_key_path(writer->key);
    buf_init(&self->text, S3_BODY_LIMIT);
    s3_parts_init(self);
    writer->handle = self;
    writer->store = store;
    op_finish(&writer->op, NULL);
}

static struct s3_writer *begin(struct object_writer *writer, enum s3_wish wish)
{
    struct s3_writer *self = writer->handle;
    op_begin(&writer->op, writer->store->loop);
    self->wish = wish;
    return self;
}

void s3_write(struct object_writer *writer, struct str data)
{
    struct s3_writer *self = begin(writer, S3_WISH_WRITE);
    s3_parts_write(self, data);
    s3_writer_advance(self);
}

void s3_commit(struct object_writer *writer)
{
    struct s3_writer *self = begin(writer, S3_WISH_COMMIT);
    s3_parts_seal_last(self);
    s3_writer_advance(self);
}

void s3_abort(struct object_writer *writer)
{
    struct s3_writer *self = begin(writer, S3_WISH_ABORT);
    s3_parts_cancel(self);
    s3_writer_advance(self);
}
