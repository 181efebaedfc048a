/* Reading an object of S3 in ranges, several ahead of the consumer, in order. The first range also
 * tells what the object is; the later ones insist on that very object. */
#include "core/aws/s3_internal.h"

#include "core/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct range {
    struct aws_call call;
    struct s3_headers headers;
    char text[S3_RANGE_SIZE];
    struct s3_reader *owner;
    uint64_t length;
    struct error error;
    bool is_active, is_ended, has_failed;
};

struct s3_reader {
    struct s3_store *store;
    struct object_reader *reader; /* NULL: closed, and the calls are on their way out */
    char *path, *bucket, *if_match;
    uint64_t next, end;   /* the bytes that no range has asked for yet */
    struct aws_call head; /* of an object without bytes */
    struct range *ranges; /* a ring, the oldest first */
    size_t capacity, first, count;
    struct buf spare; /* memory of a range that was read, for the next one */
    int active;
    bool is_handed_out; /* the consumer has the first range's bytes */
    bool is_waited_for; /* a read waits for the first range */
};

static void free_reader(struct s3_reader *self)
{
    for (size_t i = 0; i < self->capacity; i++) {
        aws_call_done(&self->ranges[i].call);
    }
    aws_call_done(&self->head);
    buf_done(&self->spare);
    free(self->ranges);
    free(self->path);
    free(self->bucket);
    free(self->if_match);
    free(self);
}

static struct range *range_at(struct s3_reader *self, size_t index)
{
    return &self->ranges[(self->first + index) % self->capacity];
}

/* True: the reader was closed meanwhile, and may be gone now. */
static bool is_orphan(struct s3_reader *self)
{
    if (self->reader != NULL) {
        return false;
    }
    if (self->active == 0) {
        struct s3_store *store = self->store;
        free_reader(self);
        s3_orphan_ended(store);
    }
    return true;
}

static void start_range(struct s3_reader *self, op_done_fn done, uint64_t length)
{
    struct range *range = range_at(self, self->count++);
    aws_call_done(&range->call);
    *range = (struct range){.owner = self, .length = length, .is_active = true};
    s3_range(self->next, length, range->text);
    s3_headers_add(&range->headers, "range", range->text);
    if (self->if_match != NULL) {
        s3_headers_add(&range->headers, "if-match", self->if_match);
    }
    range->call = (struct aws_call){
        .op = {.done = done, .context = range},
        .service = AWS_S3,
        .operation = "GetObject",
        .method = "GET",
        .bucket = self->bucket,
        .path = self->path,
        .headers = range->headers.list,
        .header_count = range->headers.count,
        .is_idempotent = true,
        .response_limit_bytes = length + S3_BODY_LIMIT, /* or what an error says */
        .memory = self->spare,
    };
    self->spare = (struct buf){.ptr = NULL};
    self->next += length;
    self->active++;
    aws_call_start(self->store->session, &range->call);
}

static void take_result(struct range *range, const struct error *err)
{
    range->is_active = false;
    range->is_ended = true;
    range->has_failed = err != NULL;
    range->owner->active--;
    if (err != NULL) {
        range->error = *err;
        s3_name_error(&range->error, range->owner->bucket, range->owner->path + 1);
    }
}

/* ---- reading */

static void hand_out(struct s3_reader *self)
{
    struct range *range = range_at(self, 0);
    struct object_reader *reader = self->reader;
    self->is_waited_for = false;
    if (!range->has_failed && range->call.response.len != range->length) {
        range->has_failed = true;
        error_set(&range->error, ERROR_TRANSIENT, "truncated",
                  "GetObject: %zu bytes of %llu arrived", range->call.response.len,
                  (unsigned long long)range->length);
    }
    if (range->has_failed) {
        op_finish(&reader->op, &range->error);
        return;
    }
    self->is_handed_out = true;
    reader->chunk = range->call.response;
    op_finish(&reader->op, NULL);
}

static void range_done(struct op *op, const struct error *err)
{
    struct range *range = op->context;
    struct s3_reader *self = range->owner;
    take_result(range, err);
    if (!is_orphan(self) && self->is_waited_for && range == range_at(self, 0)) {
        hand_out(self);
    }
}

static void read_ahead(struct s3_reader *self)
{
    while (self->next < self->end && self->count < self->capacity) {
        uint64_t left = self->end - self->next;
        start_range(self, range_done,
                    left < self->store->part_bytes ? left : self->store->part_bytes);
    }
}

static void drop_first(struct s3_reader *self)
{
    buf_done(&self->spare);
    self->spare = aws_call_take_memory(&range_at(self, 0)->call);
    self->first = (self->first + 1) % self->capacity;
    self->count--;
    self->is_handed_out = false;
}

void s3_read(struct object_reader *reader)
{
    struct s3_reader *self = reader->handle;
    op_begin(&reader->op, reader->store->loop);
    if (self->is_handed_out) {
        drop_first(self);
    }
    read_ahead(self);
    reader->chunk = (struct str){NULL, 0};
    if (self->count == 0) {
        op_finish(&reader->op, NULL);
        return;
    }
    self->is_waited_for = true;
    if (range_at(self, 0)->is_ended) {
        hand_out(self);
    }
}

/* ---- opening */

static void fail_open(struct s3_reader *self, const struct error *err)
{
    struct object_reader *reader = self->reader;
    struct error copy = *err;
    reader->handle = NULL;
    free_reader(self);
    op_finish(&reader->op, &copy);
}

/* There is nothing at and behind the offset: is the object shorter, or empty? */
static void head_done(struct op *op, const struct error *err)
{
    struct s3_reader *self = op->context;
    struct error copy;
    self->active--;
    if (is_orphan(self)) {
        return;
    }
    if (err != NULL) {
        copy = *err;
        s3_name_error(&copy, self->bucket, self->path + 1);
        fail_open(self, &copy);
        return;
    }
    s3_read_info(&self->head, self->reader->key, &self->reader->info);
    if (self->reader->info.size_bytes > self->reader->offset) {
        error_set(&copy, ERROR_TRANSIENT, "changed_under_us",
                  "GetObject: the object has changed while it was opened");
        fail_open(self, &copy);
        return;
    }
    op_finish(&self->reader->op, NULL);
}

static void ask_head(struct s3_reader *self)
{
    self->count = 0;
    self->end = self->next = self->reader->offset;
    self->active++;
    self->head = (struct aws_call){
        .op = {.done = head_done, .context = self},
        .service = AWS_S3,
        .operation = "HeadObject",
        .method = "HEAD",
        .bucket = self->bucket,
        .path = self->path,
        .is_idempotent = true,
    };
    aws_call_start(self->store->session, &self->head);
}

/* How large the object is. A server that knows no ranges answers with the object from its
 * beginning, which will only do when that was asked for. */
static bool read_total(const struct s3_reader *self, const struct range *range, uint64_t *out_total,
                       struct error *err)
{
    uint64_t first = 0, offset = self->reader->offset;
    struct str text = aws_call_header(&range->call, "content-range");
    *out_total = range->call.response.len;
    bool is_good = text.len == 0 ? offset == 0 && range->call.status == 200
                                 : s3_content_range_read(text, &first, out_total) &&
                                       first == offset && *out_total > offset;
    return is_good || error_set(err, ERROR_PERMANENT, "bad_answer",
                                "GetObject: the answer is not the range that was asked for");
}

/* From the answer to the first range: how large the object is, and which one it is. */
static bool learn(struct s3_reader *self, struct range *range, struct error *err)
{
    struct object_reader *reader = self->reader;
    uint64_t total = 0;
    if (!read_total(self, range, &total, err)) {
        return false;
    }
    s3_read_info(&range->call, reader->key, &reader->info);
    reader->info.size_bytes = total;
    if (self->if_match == NULL && reader->info.etag[0] != '\0') {
        self->if_match = xstrdup(reader->info.etag);
    }
    uint64_t end = reader->length > 0 && reader->length < total - reader->offset
                       ? reader->offset + reader->length
                       : total;
    range->length = end - reader->offset < range->length ? end - reader->offset : range->length;
    self->next = reader->offset + range->length;
    self->end = end;
    return true;
}

static void open_done(struct op *op, const struct error *err)
{
    struct range *range = op->context;
    struct s3_reader *self = range->owner;
    struct error bad;
    take_result(range, err);
    if (is_orphan(self)) {
        return;
    }
    if (err != NULL && err->http_status == 416) {
        ask_head(self);
    } else if (err != NULL) {
        fail_open(self, &range->error);
    } else if (!learn(self, range, &bad)) {
        s3_name_error(&bad, self->bucket, self->path + 1);
        fail_open(self, &bad);
    } else {
        op_finish(&self->reader->op, NULL);
    }
}

void s3_open(struct object_store *store, struct object_reader *reader)
{
    struct s3_store *s3 = s3_store_of(store);
    struct s3_reader *self = xcalloc(1, sizeof(*self));
    op_begin(&reader->op, store->loop);
    self->store = s3;
    self->reader = reader;
    self->bucket = xstrdup(reader->bucket);
    self->path = s3_key_path(reader->key);
    self->if_match = reader->if_match == NULL ? NULL : xstrdup(reader->if_match);
    self->capacity = (size_t)s3->parallel + 1;
    self->ranges = xcalloc(self->capacity, sizeof(*self->ranges));
    self->next = reader->offset;
    reader->handle = self;
    reader->store = store;
    uint64_t wanted = reader->length == 0 ? s3->part_bytes : reader->length;
    start_range(self, open_done, wanted < s3->part_bytes ? wanted : s3->part_bytes);
}

void s3_close(struct object_reader *reader)
{
    struct s3_reader *self = reader->handle;
    reader->handle = NULL;
    reader->chunk = (struct str){NULL, 0};
    self->reader = NULL;
    if (self->active == 0) {
        free_reader(self);
        return;
    }
    self->store->orphans++;
    for (size_t i = 0; i < self->count; i++) {
        struct range *range = range_at(self, i);
        if (range->is_active) {
            aws_call_cancel(&range->call);
        }
    }
}
