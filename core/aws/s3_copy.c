/* Copying an object of S3 on the server's side: in one call as far as S3 does that, else in parts,
 * several at a time, all of the very object that was looked at. A copy that fails takes its parts
 * back, because they are billed.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html, UploadPartCopy */
#include "core/aws/s3_upload.h"

#include "core/base/alloc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COPY_STALL_MS = 300000 }; /* S3 answers when it has copied */

struct part { /* one that travels */
    struct copy *owner;
    struct aws_call call;
    struct s3_headers headers;
    struct buf query;
    char range[S3_RANGE_SIZE];
    int number; /* from 1; 0: none */
};

struct copy {
    struct s3_store *store;
    struct object_copy *req;
    char *from_path, *source;
    struct object_info info; /* of the source */
    struct aws_call look;    /* whose headers describe the source */
    struct aws_call call;    /* that copies it whole */
    struct s3_headers headers;
    struct s3_upload upload;              /* else */
    char *described[S3_DESCRIPTIONS_MAX]; /* of the source, for the target */
    struct part *parts;
    struct s3_part_tag *tags; /* [number - 1] */
    uint64_t part_bytes;
    int part_count, begun, active;
    struct error failure;
    bool has_failed, is_completing;
};

static void advance(struct copy *self);

static void free_copy(struct copy *self)
{
    for (int i = 0; i < self->store->parallel; i++) {
        aws_call_done(&self->parts[i].call);
        buf_done(&self->parts[i].query);
    }
    for (size_t i = 0; i < S3_DESCRIPTIONS_MAX; i++) {
        free(self->described[i]);
    }
    aws_call_done(&self->look);
    aws_call_done(&self->call);
    s3_upload_done(&self->upload);
    free(self->parts);
    free(self->tags);
    free(self->source);
    free(self->from_path);
    free(self);
}

static void end(struct copy *self, const struct error *err)
{
    struct op *op = &self->req->op;
    struct error failure;
    if (err != NULL) {
        failure = *err;
    }
    free_copy(self);
    op_finish(op, err == NULL ? NULL : &failure);
}

static void fail(struct copy *self, const struct error *err)
{
    if (self->has_failed) {
        return;
    }
    self->has_failed = true;
    self->failure = *err;
    s3_name_error(&self->failure, self->req->to_bucket, self->req->to_key);
    for (int i = 0; i < self->store->parallel; i++) {
        if (self->parts[i].number > 0) {
            aws_call_cancel(&self->parts[i].call);
        }
    }
}

/* ---- in one call */

static void whole_copied(struct op *op, const struct error *err)
{
    struct copy *self = op->context;
    if (err != NULL) {
        fail(self, err);
    }
    end(self, err == NULL ? NULL : &self->failure);
}

static void copy_whole(struct copy *self)
{
    s3_headers_add(&self->headers, "x-amz-copy-source", self->source);
    s3_headers_add_encryption(&self->headers, self->store);
    self->call = s3_upload_call(&self->upload, "CopyObject", "PUT");
    self->call.op = (struct op){.done = whole_copied, .context = self};
    self->call.headers = self->headers.list;
    self->call.header_count = self->headers.count;
    self->call.stall_timeout_ms = COPY_STALL_MS;
    self->call.success_root = "CopyObjectResult";
    aws_call_start(self->store->session, &self->call);
}

/* ---- the end of a copy in parts */

static void taken_back(struct op *op, const struct error *err)
{
    struct copy *self = op->context;
    (void)err;
    end(self, &self->failure);
}

static void take_back(struct copy *self)
{
    if (self->upload.id == NULL) {
        end(self, &self->failure);
        return;
    }
    self->upload.op = (struct op){.done = taken_back, .context = self};
    s3_upload_abort(&self->upload);
}

static void completed(struct op *op, const struct error *err)
{
    struct copy *self = op->context;
    if (err == NULL) {
        end(self, NULL);
        return;
    }
    fail(self, err);
    advance(self);
}

static void complete(struct copy *self)
{
    self->is_completing = true;
    self->upload.op = (struct op){.done = completed, .context = self};
    s3_upload_complete(&self->upload, self->tags, self->part_count, self->info.size_bytes);
}

/* ---- the parts */

static void part_copied(struct op *op, const struct error *err)
{
    struct part *part = op->context;
    struct copy *self = part->owner;
    struct error bad;
    if (err == NULL &&
        !s3_read_copied_etag(part->call.response, self->tags[part->number - 1].etag)) {
        error_set(&bad, ERROR_TRANSIENT, "bad_answer", "UploadPartCopy: the answer has no ETag");
        err = &bad;
    }
    part->number = 0;
    self->active--;
    if (err != NULL) {
        fail(self, err);
    }
    advance(self);
}

static void copy_part(struct copy *self, struct part *part)
{
    uint64_t first = (uint64_t)self->begun * self->part_bytes;
    uint64_t left = self->info.size_bytes - first;
    part->number = ++self->begun;
    self->active++;
    s3_range(first, left < self->part_bytes ? left : self->part_bytes, part->range);
    buf_reset(&part->query);
    buf_printf(&part->query, "partNumber=%d&uploadId=%s", part->number, self->upload.id);
    part->headers.count = 0;
    s3_headers_add(&part->headers, "x-amz-copy-source", self->source);
    s3_headers_add(&part->headers, "x-amz-copy-source-if-match", self->info.etag);
    s3_headers_add(&part->headers, "x-amz-copy-source-range", part->range);
    aws_call_done(&part->call);
    part->call = s3_upload_call(&self->upload, "UploadPartCopy", "PUT");
    part->call.op = (struct op){.done = part_copied, .context = part};
    part->call.query = buf_text(&part->query);
    part->call.headers = part->headers.list;
    part->call.header_count = part->headers.count;
    part->call.stall_timeout_ms = COPY_STALL_MS;
    part->call.success_root = "CopyPartResult";
    aws_call_start(self->store->session, &part->call);
}

/* What can go on goes on; called after every change. */
static void advance(struct copy *self)
{
    for (int i = 0; i < self->store->parallel && !self->has_failed; i++) {
        if (self->parts[i].number == 0 && self->begun < self->part_count) {
            copy_part(self, &self->parts[i]);
        }
    }
    if (self->active > 0) {
        return;
    }
    if (self->has_failed) {
        take_back(self);
    } else if (!self->is_completing) {
        complete(self);
    }
}

static void upload_begun(struct op *op, const struct error *err)
{
    struct copy *self = op->context;
    if (err != NULL) {
        fail(self, err);
    }
    advance(self);
}

/* CopyObject takes over what is said of the source; an upload has to be told. */
static void describe_target(struct copy *self)
{
    for (size_t i = 0; i < S3_DESCRIPTIONS_MAX; i++) {
        struct str value = aws_call_header(&self->look, s3_descriptions[i]);
        if (value.len > 0) {
            self->described[i] = xmemdup0(value.ptr, value.len);
            s3_headers_add(&self->headers, s3_descriptions[i], self->described[i]);
        }
    }
}

static bool plan_parts(struct copy *self, struct error *err)
{
    uint64_t size = self->info.size_bytes, limit = self->store->copy_limit_bytes;
    self->part_bytes = s3_copy_part_bytes(size, limit);
    if (self->part_bytes > limit) {
        return error_set(err, ERROR_PERMANENT, "too_large",
                         "it has %" PRIu64 " bytes; S3 copies at most %d parts of %" PRIu64
                         " bytes",
                         size, S3_PARTS_MAX, limit);
    }
    if (self->info.etag[0] == '\0') {
        return error_set(err, ERROR_PERMANENT, "bad_answer", "HeadObject: the answer has no ETag");
    }
    self->part_count = (int)((size + self->part_bytes - 1) / self->part_bytes);
    self->tags = xcalloc((size_t)self->part_count, sizeof(*self->tags));
    return true;
}

static void begin_upload(struct copy *self)
{
    describe_target(self);
    self->upload.op = (struct op){.done = upload_begun, .context = self};
    s3_upload_begin(&self->upload, &self->headers);
}

/* ---- the beginning */

static void looked_at(struct op *op, const struct error *err)
{
    struct copy *self = op->context;
    struct error named;
    if (err == NULL) {
        s3_read_info(&self->look, self->req->key, &self->info);
        if (self->info.size_bytes <= self->store->copy_limit_bytes) {
            copy_whole(self);
            return;
        }
        err = plan_parts(self, &named) ? NULL : &named;
    }
    if (err == NULL) {
        begin_upload(self);
        return;
    }
    named = *err;
    s3_name_error(&named, self->req->bucket, self->req->key);
    end(self, &named);
}

void s3_copy(struct object_store *store, struct object_copy *req)
{
    struct copy *self = xcalloc(1, sizeof(*self));
    op_begin(&req->op, store->loop);
    self->store = s3_store_of(store);
    self->req = req;
    self->from_path = s3_key_path(req->key);
    self->source = xasprintf("/%s%s", req->bucket, self->from_path);
    s3_upload_init(&self->upload, self->store, req->to_bucket, req->to_key);
    self->parts = xcalloc((size_t)self->store->parallel, sizeof(*self->parts));
    for (int i = 0; i < self->store->parallel; i++) {
        self->parts[i].owner = self;
        buf_init(&self->parts[i].query, S3_QUERY_LIMIT);
    }
    self->look = (struct aws_call){
        .op = {.done = looked_at, .context = self},
        .service = AWS_S3,
        .operation = "HeadObject",
        .method = "HEAD",
        .bucket = req->bucket,
        .path = self->from_path,
        .is_idempotent = true,
    };
    aws_call_start(self->store->session, &self->look);
}
