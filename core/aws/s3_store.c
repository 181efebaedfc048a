/* The S3 store's small operations, one call each; readers, writers and copies are files
 * of their own. */
#include "core/aws/s3_store.h"

#include "core/aws/s3_internal.h"
#include "core/base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum { LIST_PAGES_MAX = 1000 };

struct s3_store *s3_store_of(struct object_store *store)
{
    return (struct s3_store *)(void *)store;
}

void s3_orphan_ended(struct s3_store *store)
{
    if (--store->orphans == 0 && op_is_active(&store->drained)) {
        op_finish(&store->drained, NULL);
    }
}

void s3_headers_add(struct s3_headers *headers, const char *name, const char *value)
{
    headers->list[headers->count++] = (struct http_header){name, value};
}

void s3_headers_add_encryption(struct s3_headers *headers, const struct s3_store *store)
{
    if (store->encryption[0] != '\0') {
        s3_headers_add(headers, "x-amz-server-side-encryption", store->encryption);
    }
    if (store->kms_key_id[0] != '\0') {
        s3_headers_add(headers, "x-amz-server-side-encryption-aws-kms-key-id", store->kms_key_id);
    }
}

/* ---- one operation of the port, by one call or several in a row */

struct task {
    struct aws_call call;
    struct s3_headers headers;
    struct s3_store *store;
    struct op *op;            /* of the port */
    void *request;            /* of the port */
    const char *bucket, *key; /* for messages */
    char *path;
    struct buf text; /* query or body */
    struct s3_page page;
    int pages;
};

static void task_cancel(void *context)
{
    struct task *task = context;
    aws_call_cancel(&task->call);
}

static struct task *task_new(struct object_store *store, struct op *op, void *request,
                             const char *bucket, const char *key)
{
    struct task *task = xcalloc(1, sizeof(*task));
    op_begin(op, store->loop);
    op_on_cancel(op, task_cancel, task);
    task->store = s3_store_of(store);
    task->op = op;
    task->request = request;
    task->bucket = bucket;
    task->key = key;
    task->path = key == NULL ? xstrdup("") : s3_key_path(key);
    buf_init(&task->text, S3_QUERY_LIMIT);
    return task;
}

static void task_end(struct task *task, const struct error *err)
{
    struct op *op = task->op;
    struct error named;
    if (err != NULL) {
        named = *err;
        s3_name_error(&named, task->bucket, task->key);
    }
    aws_call_done(&task->call);
    s3_page_done(&task->page);
    buf_done(&task->text);
    free(task->path);
    free(task);
    op_finish(op, err == NULL ? NULL : &named);
}

static void task_call(struct task *task, const char *operation, const char *method, op_done_fn done)
{
    aws_call_done(&task->call);
    task->call = (struct aws_call){
        .op = {.done = done, .context = task},
        .service = AWS_S3,
        .operation = operation,
        .method = method,
        .bucket = task->bucket,
        .path = task->path,
        .headers = task->headers.list,
        .header_count = task->headers.count,
        .is_idempotent = true,
    };
}

static void task_start(struct task *task)
{
    aws_call_start(task->store->session, &task->call);
}

static void simple_done(struct op *op, const struct error *err)
{
    task_end(op->context, err);
}

/* ---- head, delete */

static void head_done(struct op *op, const struct error *err)
{
    struct task *task = op->context;
    struct object_head *req = task->request;
    if (err == NULL) {
        s3_read_info(&task->call, req->key, &req->info);
    }
    task_end(task, err);
}

static void s3_head(struct object_store *store, struct object_head *req)
{
    struct task *task = task_new(store, &req->op, req, req->bucket, req->key);
    task_call(task, "HeadObject", "HEAD", head_done);
    task_start(task);
}

static void s3_remove(struct object_store *store, struct object_delete *req)
{
    struct task *task = task_new(store, &req->op, req, req->bucket, req->key);
    task_call(task, "DeleteObject", "DELETE", simple_done);
    task_start(task);
}

/* ---- list */

static void list_page(struct task *task);

static void list_end(struct task *task, const struct error *err)
{
    struct object_list *req = task->request;
    if (err == NULL) {
        req->items = task->page.items;
        req->count = task->page.count;
        task->page.items = NULL;
        task->page.count = 0;
    }
    task_end(task, err);
}

/* False: a server without end, or one that goes round in a circle. */
static bool read_page(struct task *task, struct error *err)
{
    char *asked_for = task->page.next_token;
    task->page.next_token = NULL;
    bool is_read = s3_page_read(task->call.response, &task->page, err);
    const char *next = task->page.next_token;
    if (is_read && next != NULL &&
        (++task->pages >= LIST_PAGES_MAX || (asked_for != NULL && strcmp(asked_for, next) == 0))) {
        is_read = error_set(err, ERROR_PERMANENT, "bad_answer",
                            "ListObjectsV2: the list does not come to an end");
    }
    free(asked_for);
    return is_read;
}

static void list_done(struct op *op, const struct error *err)
{
    struct task *task = op->context;
    struct error bad;
    if (err == NULL && !read_page(task, &bad)) {
        err = &bad;
    }
    if (err == NULL && task->page.next_token != NULL) {
        list_page(task);
    } else {
        list_end(task, err);
    }
}

static void list_page(struct task *task)
{
    struct object_list *req = task->request;
    const char *token = task->page.next_token == NULL ? "" : task->page.next_token;
    struct error err;
    task_call(task, "ListObjectsV2", "GET", list_done);
    buf_reset(&task->text);
    if (!s3_append_list_query(req->prefix == NULL ? "" : req->prefix, token, &task->text)) {
        error_set(&err, ERROR_PERMANENT, "bad_key", "the prefix '%.200s...' is too long",
                  req->prefix);
        list_end(task, &err);
        return;
    }
    task->call.query = buf_text(&task->text);
    task->call.success_root = "ListBucketResult";
    task_start(task);
}

static void s3_list(struct object_store *store, struct object_list *req)
{
    list_page(task_new(store, &req->op, req, req->bucket, NULL));
}

/* ---- buckets: looked at before they are made, because few may make them */

static void bucket_made(struct op *op, const struct error *err)
{
    bool is_there = err == NULL || error_is(err, "BucketAlreadyOwnedByYou");
    task_end(op->context, is_there ? NULL : err);
}

static void bucket_looked_at(struct op *op, const struct error *err)
{
    struct task *task = op->context;
    if (err == NULL || err->http_status != 404) {
        task_end(task, err);
        return;
    }
    const char *region = aws_session_region(task->store->session);
    task_call(task, "CreateBucket", "PUT", bucket_made);
    if (strcmp(region, "us-east-1") != 0) { /* which may not be named */
        buf_printf(&task->text,
                   "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                   "<LocationConstraint>%s</LocationConstraint></CreateBucketConfiguration>",
                   region);
        task->call.body = buf_str(&task->text);
    }
    task_start(task);
}

static void s3_make_bucket(struct object_store *store, struct object_bucket *req)
{
    struct task *task = task_new(store, &req->op, req, req->bucket, NULL);
    task_call(task, "HeadBucket", "HEAD", bucket_looked_at);
    task_start(task);
}

/* ---- life */

static void s3_free(struct object_store *store)
{
    struct s3_store *s3 = s3_store_of(store);
    struct error ignored;
    if (s3->orphans > 0) {
        op_begin(&s3->drained, store->loop);
        loop_await(store->loop, &s3->drained, &ignored);
    }
    free(s3->encryption);
    free(s3->kms_key_id);
    free(s3);
}

static const struct object_store_ops s3_ops = {
    .head = s3_head,
    .list = s3_list,
    .open = s3_open,
    .read = s3_read,
    .close = s3_close,
    .create = s3_create,
    .write = s3_write,
    .commit = s3_commit,
    .abort = s3_abort,
    .copy = s3_copy,
    .remove = s3_remove,
    .make_bucket = s3_make_bucket,
    .free = s3_free,
};

static const char *text_or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

struct object_store *s3_store_new(struct aws_session *session, const struct s3_settings *settings)
{
    struct s3_store *s3 = xcalloc(1, sizeof(*s3));
    s3->base = (struct object_store){.ops = &s3_ops, .loop = aws_session_loop(session)};
    s3->session = session;
    s3->encryption = xstrdup(text_or_empty(settings->encryption));
    s3->kms_key_id = xstrdup(text_or_empty(settings->kms_key_id));
    s3->part_bytes = settings->part_bytes == 0 ? S3_PART_BYTES : settings->part_bytes;
    s3->copy_limit_bytes =
        settings->copy_limit_bytes == 0 ? S3_COPY_LIMIT_BYTES : settings->copy_limit_bytes;
    s3->parallel = settings->parallel == 0 ? S3_PARALLEL : settings->parallel;
    return &s3->base;
}
