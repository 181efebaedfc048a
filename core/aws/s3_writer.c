/* Writing an object of S3: what fits into one part is put at once, the rest goes up in parts,
 * several at a time. Nothing is visible before commit; every way out that is not a commit takes the
 * parts back, because they are billed. */
#include "core/aws/s3_writer.h"

#include "core/base/alloc.h"

#include <stdlib.h>
#include <string.h>

static void free_writer(struct s3_writer *self)
{
    s3_parts_done(self);
    s3_upload_done(&self->upload);
    aws_call_done(&self->put);
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

static void begun(struct op *op, const struct error *err)
{
    struct s3_writer *self = OP_CONTAINER(op, struct s3_writer, upload.op);
    self->active--;
    self->is_creating = false;
    if (err != NULL) {
        s3_writer_fail(self, err);
    }
    s3_writer_advance(self);
}

static void begin_upload(struct s3_writer *self)
{
    self->is_creating = true;
    self->active++;
    self->upload.op = (struct op){.done = begun};
    s3_upload_begin(&self->upload, NULL);
}

/* ---- the end */

static void finish(struct s3_writer *self, const struct error *err)
{
    struct op *op = &self->writer->op;
    self->wish = S3_WISH_NONE;
    op_finish(op, err);
}

static void end(struct s3_writer *self)
{
    struct object_writer *writer = self->writer;
    writer->handle = NULL;
    free_writer(self);
    op_finish(&writer->op, NULL);
}

/* By a put, or by the completion of an upload. */
static void object_is_there(struct s3_writer *self, const struct object_info *info,
                            const struct error *err)
{
    self->active--;
    self->is_completing = false;
    if (err != NULL) {
        s3_writer_fail(self, err);
        s3_writer_advance(self);
        return;
    }
    self->writer->info = *info;
    self->writer->info.size_bytes = self->size_bytes;
    memcpy(self->writer->info.sha256, self->sha256, sizeof(self->sha256));
    end(self);
}

static void put_done(struct op *op, const struct error *err)
{
    struct s3_writer *self = OP_CONTAINER(op, struct s3_writer, put.op);
    struct object_info info;
    s3_read_info(&self->put, self->writer->key, &info);
    object_is_there(self, &info, err);
}

static void put_whole(struct s3_writer *self, struct s3_part *part)
{
    s3_headers_add_encryption(&self->headers, self->store);
    digest_finish_hex(part->digest, self->sha256);
    self->put = s3_upload_call(&self->upload, "PutObject", "PUT");
    self->put.op = (struct op){.done = put_done};
    self->put.headers = self->headers.list;
    self->put.header_count = self->headers.count;
    self->put.body = (struct str){part->body, part->len};
    self->put.body_sha256 = self->sha256;
    self->is_completing = true;
    self->active++;
    aws_call_start(self->store->session, &self->put);
}

static void completed(struct op *op, const struct error *err)
{
    struct s3_writer *self = OP_CONTAINER(op, struct s3_writer, upload.op);
    object_is_there(self, &self->upload.info, err);
}

static void complete_upload(struct s3_writer *self)
{
    if (self->whole != NULL) {
        digest_finish_hex(self->whole, self->sha256);
    }
    self->is_completing = true;
    self->active++;
    self->upload.op = (struct op){.done = completed};
    s3_upload_complete(&self->upload, self->tags, self->part_count, self->size_bytes);
}

static void commit(struct s3_writer *self)
{
    bool is_single = self->part_count == 1;
    if (self->is_completing) {
        return;
    }
    if (is_single && !self->parts[0].is_taking) {
        put_whole(self, &self->parts[0]);
    } else if (self->upload.id != NULL && s3_parts_are_sent(self)) {
        complete_upload(self);
    }
}

static void aborted(struct op *op, const struct error *err)
{
    (void)err;
    end(OP_CONTAINER(op, struct s3_writer, upload.op));
}

static void take_back(struct s3_writer *self)
{
    if (self->upload.id == NULL) {
        end(self);
        return;
    }
    self->upload.op = (struct op){.done = aborted};
    s3_upload_abort(&self->upload);
}

/* Not before it is sure that there will be a second part. */
static bool must_begin_upload(const struct s3_writer *self)
{
    return self->upload.id == NULL && !self->is_creating && !self->is_completing &&
           !self->has_failed && self->part_count > 1;
}

void s3_writer_advance(struct s3_writer *self)
{
    if (self->wish == S3_WISH_ABORT) {
        if (self->active == 0) {
            take_back(self);
        }
        return;
    }
    s3_parts_take(self);
    if (must_begin_upload(self)) {
        begin_upload(self);
    }
    if (self->upload.id != NULL) {
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
    s3_upload_init(&self->upload, self->store, writer->bucket, writer->key);
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
