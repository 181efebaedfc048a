/* CreateMultipartUpload, CompleteMultipartUpload, AbortMultipartUpload. What is begun is billed
 * until it is completed or aborted.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html */
#include "core/aws/s3_upload.h"

#include "core/base/alloc.h"

#include <stdlib.h>

enum { COMPLETE_STALL_MS = 600000 };

void s3_upload_init(struct s3_upload *upload, struct s3_store *store, const char *bucket,
                    const char *key)
{
    upload->store = store;
    upload->bucket = bucket;
    upload->key = key;
    upload->path = s3_key_path(key);
    buf_init(&upload->text, S3_BODY_LIMIT);
}

void s3_upload_done(struct s3_upload *upload)
{
    aws_call_done(&upload->call);
    buf_done(&upload->text);
    free(upload->id);
    free(upload->path);
}

struct aws_call s3_upload_call(const struct s3_upload *upload, const char *operation,
                               const char *method)
{
    return (struct aws_call){
        .service = AWS_S3,
        .operation = operation,
        .method = method,
        .bucket = upload->bucket,
        .path = upload->path,
        .is_idempotent = true,
    };
}

static void start(struct s3_upload *upload, struct aws_call call, op_done_fn done)
{
    aws_call_done(&upload->call);
    upload->call = call;
    upload->call.op = (struct op){.done = done, .context = upload};
    upload->call.headers = upload->headers.list;
    upload->call.header_count = upload->headers.count;
    aws_call_start(upload->store->session, &upload->call);
}

static void forget_id(struct s3_upload *upload)
{
    free(upload->id);
    upload->id = NULL;
}

/* ---- the beginning */

static void begun(struct op *op, const struct error *err)
{
    struct s3_upload *upload = op->context;
    struct error bad;
    if (err == NULL) {
        upload->id = s3_read_upload_id(upload->call.response, &bad);
        err = upload->id == NULL ? &bad : NULL;
    }
    op_finish(&upload->op, err);
}

void s3_upload_begin(struct s3_upload *upload, const struct s3_headers *described)
{
    struct aws_call call = s3_upload_call(upload, "CreateMultipartUpload", "POST");
    op_begin(&upload->op, upload->store->base.loop);
    upload->headers.count = 0;
    if (described != NULL) {
        upload->headers = *described;
    }
    s3_headers_add_encryption(&upload->headers, upload->store);
    call.query = "uploads=";
    start(upload, call, begun);
}

/* ---- the end */

static void checked(struct op *op, const struct error *err)
{
    struct s3_upload *upload = op->context;
    s3_read_info(&upload->call, upload->key, &upload->info);
    bool is_there = err == NULL && upload->info.size_bytes == upload->size_bytes;
    op_finish(&upload->op, is_there ? NULL : &upload->failure);
}

static void completed(struct op *op, const struct error *err)
{
    struct s3_upload *upload = op->context;
    if (err == NULL) {
        forget_id(upload);
        s3_read_info(&upload->call, upload->key, &upload->info);
        s3_read_completed_etag(upload->call.response, upload->info.etag);
        upload->info.size_bytes = upload->size_bytes;
    } else if (error_is(err, "NoSuchUpload") && upload->call.attempts > 1) {
        forget_id(upload);
        upload->failure = *err;
        upload->headers.count = 0;
        start(upload, s3_upload_call(upload, "HeadObject", "HEAD"), checked);
        return;
    }
    op_finish(&upload->op, err);
}

void s3_upload_complete(struct s3_upload *upload, const struct s3_part_tag *tags, int count,
                        uint64_t size_bytes)
{
    struct aws_call call = s3_upload_call(upload, "CompleteMultipartUpload", "POST");
    struct error err;
    op_begin(&upload->op, upload->store->base.loop);
    upload->size_bytes = size_bytes;
    upload->headers.count = 0;
    s3_headers_add(&upload->headers, "content-type", "application/xml");
    buf_reset(&upload->text);
    buf_printf(&upload->text, "uploadId=%s", upload->id);
    size_t body = upload->text.len + 1;
    if (!buf_append_char(&upload->text, '\0') || !s3_append_complete(tags, count, &upload->text)) {
        error_set(&err, ERROR_BUG, "too_large", "CompleteMultipartUpload: the list of parts");
        op_finish(&upload->op, &err);
        return;
    }
    call.query = buf_text(&upload->text);
    call.body = (struct str){upload->text.ptr + body, upload->text.len - body};
    call.stall_timeout_ms = COMPLETE_STALL_MS;
    call.success_root = "CompleteMultipartUploadResult";
    call.counts_every_try = true; /* after a second one it may be done already */
    start(upload, call, completed);
}

static void aborted(struct op *op, const struct error *err)
{
    struct s3_upload *upload = op->context;
    (void)err; /* gone already, or left to the bucket's life cycle rule: nothing more can be done */
    forget_id(upload);
    op_finish(&upload->op, NULL);
}

void s3_upload_abort(struct s3_upload *upload)
{
    struct aws_call call = s3_upload_call(upload, "AbortMultipartUpload", "DELETE");
    op_begin(&upload->op, upload->store->base.loop);
    upload->headers.count = 0;
    buf_reset(&upload->text);
    buf_printf(&upload->text, "uploadId=%s", upload->id);
    call.query = buf_text(&upload->text);
    start(upload, call, aborted);
}
