/* Writing an object of S3: what fits into one part is put at once, the rest goes up in parts,
 * several at a time. Nothing is visible before commit; every way out that is not a commit takes the
 * parts back, because they are billed. Hashing is pool work: of each part, for its signature, and
 * of the whole, part after part. */
#include "core/aws/s3_internal.h"

#include "core/base/alloc.h"
#include "core/base/digest.h"
#include "core/loop/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMPLETE_STALL_MS = 600000, PART_QUERY_SIZE = 64 };

enum slot_state {
    SLOT_EMPTY,
    SLOT_FILLING,
    SLOT_FULL,
    SLOT_HASHING,
    SLOT_HASHED, /* waits for the upload to begin */
    SLOT_SENDING,
    SLOT_SENT, /* waits to be part of the whole's digest */
};

enum feed_state { FEED_WAITS, FEED_ACTIVE, FEED_DONE };

struct slot { /* one part on its way */
    struct s3_writer *owner;
    enum slot_state state;
    int number; /* from 1 */
    char *bytes;
    size_t size, len;
    struct work hash, feed;
    enum feed_state fed; /* into the digest of the whole */
    char sha256[DIGEST_HEX_SIZE];
    struct buf query;
    struct aws_call call;
};

enum wish { WISH_NONE, WISH_WRITE, WISH_COMMIT, WISH_ABORT };

struct s3_writer {
    struct s3_store *store;
    struct object_writer *writer;
    char *path;
    struct digest *digest; /* of the whole object, when it has several parts; fed in order */
    uint64_t size_bytes;
    struct slot *slots;
    size_t slot_count;
    struct slot *filling;
    int parts, next_to_feed;
    struct s3_part_tag *tags; /* [number - 1] */
    int tag_capacity;
    char *upload_id;
    struct aws_call call; /* the one that is not of a part */
    struct s3_headers headers;
    struct buf text;
    char sha256[DIGEST_HEX_SIZE];
    int active; /* calls and pool work */
    bool is_creating, is_completing;
    enum wish wish;
    struct str data; /* of the write that waits */
    struct error failure;
    bool has_failed;
};

static void advance(struct s3_writer *self);

static void free_writer(struct s3_writer *self)
{
    for (size_t i = 0; i < self->slot_count; i++) {
        aws_call_done(&self->slots[i].call);
        buf_done(&self->slots[i].query);
        free(self->slots[i].bytes);
    }
    aws_call_done(&self->call);
    buf_done(&self->text);
    digest_free(self->digest);
    free(self->slots);
    free(self->tags);
    free(self->upload_id);
    free(self->path);
    free(self);
}

static void fail(struct s3_writer *self, const struct error *err)
{
    if (!self->has_failed) {
        self->has_failed = true;
        self->failure = *err;
        s3_name_error(&self->failure, self->writer->bucket, self->writer->key);
    }
}

static void cancel_parts(struct s3_writer *self)
{
    for (size_t i = 0; i < self->slot_count; i++) {
        if (self->slots[i].state == SLOT_SENDING) {
            aws_call_cancel(&self->slots[i].call);
        }
    }
}

static struct aws_call make_call(const struct s3_writer *self, const char *operation,
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

/* ---- the parts */

static bool hash_part(struct work *work, struct error *err)
{
    struct slot *slot = (struct slot *)(void *)((char *)work - offsetof(struct slot, hash));
    (void)err;
    digest_hex((struct str){slot->bytes, slot->len}, slot->sha256);
    return true;
}

static void hash_done(struct op *op, const struct error *err)
{
    struct slot *slot = OP_CONTAINER(op, struct slot, hash.op);
    struct s3_writer *self = slot->owner;
    (void)err;
    self->active--;
    slot->state = SLOT_HASHED;
    advance(self);
}

static void start_hash(struct s3_writer *self, struct slot *slot)
{
    slot->state = SLOT_HASHING;
    slot->hash = (struct work){.op = {.done = hash_done}, .run = hash_part};
    self->active++;
    work_start(self->store->base.loop, &slot->hash);
}

static bool feed_part(struct work *work, struct error *err)
{
    struct slot *slot = (struct slot *)(void *)((char *)work - offsetof(struct slot, feed));
    (void)err;
    digest_update(slot->owner->digest, slot->bytes, slot->len);
    return true;
}

static void empty_if_over(struct slot *slot)
{
    if (slot->state == SLOT_SENT && slot->fed == FEED_DONE) {
        slot->state = SLOT_EMPTY;
        slot->len = 0;
    }
}

static void feed_done(struct op *op, const struct error *err)
{
    struct slot *slot = OP_CONTAINER(op, struct slot, feed.op);
    struct s3_writer *self = slot->owner;
    (void)err;
    self->active--;
    self->next_to_feed++;
    slot->fed = FEED_DONE;
    empty_if_over(slot);
    advance(self);
}

static void start_feed(struct s3_writer *self, struct slot *slot)
{
    slot->fed = FEED_ACTIVE;
    slot->feed = (struct work){.op = {.done = feed_done}, .run = feed_part};
    self->active++;
    work_start(self->store->base.loop, &slot->feed);
}

static bool keep_tag(struct s3_writer *self, int number, struct str etag)
{
    if (number > self->tag_capacity) {
        self->tag_capacity = number * 2;
        self->tags = xrealloc(self->tags, (size_t)self->tag_capacity * sizeof(*self->tags));
    }
    char *kept = self->tags[number - 1].etag;
    snprintf(kept, OBJECT_ETAG_SIZE, STR_FMT, STR_ARG(etag));
    return etag.len > 0 && etag.len < OBJECT_ETAG_SIZE;
}

static void part_done(struct op *op, const struct error *err)
{
    struct slot *slot = op->context;
    struct s3_writer *self = slot->owner;
    struct error bad;
    self->active--;
    if (err == NULL && !keep_tag(self, slot->number, aws_call_header(&slot->call, "etag"))) {
        error_set(&bad, ERROR_TRANSIENT, "bad_answer", "UploadPart: the answer has no ETag");
        err = &bad;
    }
    if (err != NULL) {
        fail(self, err);
        cancel_parts(self);
    }
    aws_call_done(&slot->call);
    slot->state = SLOT_SENT;
    empty_if_over(slot);
    advance(self);
}

static void send_part(struct s3_writer *self, struct slot *slot)
{
    slot->state = SLOT_SENDING;
    buf_reset(&slot->query);
    buf_printf(&slot->query, "partNumber=%d&uploadId=%s", slot->number, self->upload_id);
    slot->call = make_call(self, "UploadPart", "PUT");
    slot->call.op = (struct op){.done = part_done, .context = slot};
    slot->call.query = buf_text(&slot->query);
    slot->call.body = (struct str){slot->bytes, slot->len};
    slot->call.body_sha256 = slot->sha256;
    self->active++;
    aws_call_start(self->store->session, &slot->call);
}

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
        fail(self, err);
    }
    advance(self);
}

static void begin_upload(struct s3_writer *self)
{
    struct aws_call call = make_call(self, "CreateMultipartUpload", "POST");
    self->is_creating = true;
    self->headers.count = 0;
    s3_headers_add_encryption(&self->headers, self->store);
    call.query = "uploads=";
    start_call(self, call, begin_done);
}

/* ---- filling */

static struct slot *next_slot(struct s3_writer *self)
{
    for (size_t i = 0; i < self->slot_count; i++) {
        struct slot *slot = &self->slots[i];
        if (slot->state == SLOT_EMPTY) {
            slot->number = ++self->parts;
            slot->state = SLOT_FILLING;
            slot->fed = FEED_WAITS;
            size_t size = s3_part_size(self->store->part_bytes, slot->number);
            if (size != slot->size) {
                free(slot->bytes);
                slot->bytes = xmalloc(size);
                slot->size = size;
            }
            return slot;
        }
    }
    return NULL;
}

static bool is_out_of_parts(struct s3_writer *self)
{
    struct error err;
    if (self->parts <= S3_PARTS_MAX) {
        return false;
    }
    error_set(&err, ERROR_PERMANENT, "too_large", "an object has at most %d parts", S3_PARTS_MAX);
    fail(self, &err);
    return true;
}

/* A full part stays with us until more comes: it may be the only one. */
static void fill(struct s3_writer *self)
{
    while (self->data.len > 0 && !self->has_failed) {
        if (self->filling != NULL && self->filling->len == self->filling->size) {
            self->filling->state = SLOT_FULL;
            self->filling = NULL;
        }
        if (self->filling == NULL) {
            self->filling = next_slot(self);
        }
        if (self->filling == NULL || is_out_of_parts(self)) {
            return;
        }
        struct slot *slot = self->filling;
        size_t room = slot->size - slot->len;
        size_t taken = self->data.len < room ? self->data.len : room;
        memcpy(slot->bytes + slot->len, self->data.ptr, taken);
        slot->len += taken;
        self->size_bytes += taken;
        self->data.ptr += taken;
        self->data.len -= taken;
    }
}

static void move_parts(struct s3_writer *self)
{
    for (size_t i = 0; i < self->slot_count && !self->has_failed; i++) {
        struct slot *slot = &self->slots[i];
        bool is_filled = slot->state > SLOT_FILLING;
        if (is_filled && slot->fed == FEED_WAITS && slot->number == self->next_to_feed &&
            self->parts > 1) {
            start_feed(self, slot);
        }
        if (slot->state == SLOT_FULL) {
            start_hash(self, slot);
        } else if (slot->state == SLOT_HASHED && self->upload_id != NULL) {
            send_part(self, slot);
        } else if (slot->state == SLOT_HASHED && !self->is_creating && self->wish != WISH_ABORT &&
                   (self->parts > 1 || self->wish != WISH_COMMIT)) {
            begin_upload(self);
        }
    }
}

/* ---- the end */

static void finish(struct s3_writer *self, const struct error *err)
{
    struct op *op = &self->writer->op;
    self->wish = WISH_NONE;
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
    fail(self, err);
    advance(self);
}

static void put_whole(struct s3_writer *self, struct slot *slot)
{
    struct aws_call call = make_call(self, "PutObject", "PUT");
    self->is_completing = true;
    self->headers.count = 0;
    s3_headers_add_encryption(&self->headers, self->store);
    memcpy(self->sha256, slot->sha256, sizeof(self->sha256));
    call.body = (struct str){slot->bytes, slot->len};
    call.body_sha256 = slot->sha256;
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
    fail(self, err);
    advance(self);
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
        start_call(self, make_call(self, "HeadObject", "HEAD"), check_completed);
        return;
    }
    put_done(op, err);
}

static void complete_upload(struct s3_writer *self)
{
    struct aws_call call = make_call(self, "CompleteMultipartUpload", "POST");
    struct error err;
    char *query = xasprintf("uploadId=%s", self->upload_id);
    size_t length = strlen(query) + 1;
    digest_finish_hex(self->digest, self->sha256);
    self->is_completing = true;
    self->headers.count = 0;
    s3_headers_add(&self->headers, "content-type", "application/xml");
    buf_reset(&self->text);
    bool fits = buf_append(&self->text, query, length) &&
                s3_append_complete(self->tags, self->parts, &self->text);
    free(query);
    if (!fits) {
        error_set(&err, ERROR_BUG, "too_large", "CompleteMultipartUpload: the list of parts");
        fail(self, &err);
        return;
    }
    call.query = buf_text(&self->text);
    call.body = (struct str){self->text.ptr + length, self->text.len - length};
    call.stall_timeout_ms = COMPLETE_STALL_MS;
    call.success_root = "CompleteMultipartUploadResult";
    call.counts_every_try = true; /* after a second one it may be done already */
    start_call(self, call, complete_done);
}

static bool is_idle(const struct s3_writer *self)
{
    for (size_t i = 0; i < self->slot_count; i++) {
        if (self->slots[i].state != SLOT_EMPTY) {
            return false;
        }
    }
    return true;
}

static void commit(struct s3_writer *self)
{
    if (self->is_completing) {
        return;
    }
    if (self->filling != NULL) {
        self->filling->state = SLOT_FULL;
        self->filling = NULL;
        move_parts(self);
    }
    struct slot *only = &self->slots[0];
    if (self->parts == 1 && self->upload_id == NULL && !self->is_creating) {
        if (only->state == SLOT_HASHED) {
            put_whole(self, only);
        }
    } else if (self->upload_id != NULL && is_idle(self)) {
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
    struct aws_call call = make_call(self, "AbortMultipartUpload", "DELETE");
    buf_reset(&self->text);
    buf_printf(&self->text, "uploadId=%s", self->upload_id);
    free(self->upload_id);
    self->upload_id = NULL;
    self->headers.count = 0;
    call.query = buf_text(&self->text);
    start_call(self, call, abort_done);
}

/* What can go on goes on; called after every change. */
static void advance(struct s3_writer *self)
{
    if (self->wish == WISH_ABORT) {
        if (self->active == 0) {
            abort_upload(self);
        }
        return;
    }
    fill(self);
    move_parts(self);
    if (self->wish == WISH_COMMIT && !self->has_failed) {
        commit(self);
    }
    if (self->has_failed && self->wish != WISH_NONE && self->active == 0) {
        finish(self, &self->failure);
    } else if (self->wish == WISH_WRITE && self->data.len == 0 && !self->has_failed) {
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
    self->digest = digest_new();
    self->next_to_feed = 1;
    self->slot_count = (size_t)self->store->parallel + 1;
    self->slots = xcalloc(self->slot_count, sizeof(*self->slots));
    buf_init(&self->text, S3_BODY_LIMIT);
    for (size_t i = 0; i < self->slot_count; i++) {
        self->slots[i].owner = self;
        buf_init(&self->slots[i].query, S3_QUERY_LIMIT);
    }
    self->filling = next_slot(self);
    writer->handle = self;
    writer->store = store;
    op_finish(&writer->op, NULL);
}

static void begin(struct object_writer *writer, enum wish wish, struct str data)
{
    struct s3_writer *self = writer->handle;
    op_begin(&writer->op, writer->store->loop);
    self->wish = wish;
    self->data = data;
    if (wish == WISH_ABORT) {
        cancel_parts(self);
    }
    advance(self);
}

void s3_write(struct object_writer *writer, struct str data)
{
    begin(writer, WISH_WRITE, data);
}

void s3_commit(struct object_writer *writer)
{
    begin(writer, WISH_COMMIT, (struct str){NULL, 0});
}

void s3_abort(struct object_writer *writer)
{
    begin(writer, WISH_ABORT, (struct str){NULL, 0});
}
