/* The parts of an upload. What the caller writes is copied and hashed in one pass by the pool, so
 * that the loop is free to send, and a part is sent as soon as it is full: its hash, which the
 * signature needs, is known by then. */
#include "core/aws/s3_writer.h"

#include "core/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK = 64 * 1024,  /* copied and hashed while it is in the processor's cache */
    AT_ONCE = 64 * 1024 /* less than this is taken without a turn of the pool */
};

static void begin_part(struct s3_writer *self, struct s3_part *part)
{
    size_t size = s3_part_size(self->store->part_bytes, ++self->part_count);
    if (size != part->size) {
        free(part->memory);
        part->memory = NULL;
        part->size = size;
    }
    if (part->digest == NULL) {
        part->digest = digest_new();
    }
    part->number = self->part_count;
    part->body = NULL;
    part->len = 0;
    part->state = S3_PART_FILLING;
    self->filling = part;
}

void s3_parts_init(struct s3_writer *self)
{
    self->part_capacity = (size_t)self->store->parallel + 1;
    self->parts = xcalloc(self->part_capacity, sizeof(*self->parts));
    for (size_t i = 0; i < self->part_capacity; i++) {
        self->parts[i].owner = self;
        buf_init(&self->parts[i].query, S3_QUERY_LIMIT);
    }
    begin_part(self, &self->parts[0]);
}

void s3_parts_done(struct s3_writer *self)
{
    for (size_t i = 0; i < self->part_capacity; i++) {
        struct s3_part *part = &self->parts[i];
        aws_call_done(&part->call);
        buf_done(&part->query);
        digest_free(part->digest);
        free(part->memory);
    }
    digest_free(self->whole);
    free(self->parts);
    free(self->tags);
}

/* ---- the digest of the whole: it goes on where the first part's ended */

static bool add_to_whole(struct work *work, struct error *err)
{
    struct s3_writer *self = OP_CONTAINER(work, struct s3_writer, hash_whole);
    (void)err;
    digest_update(self->whole, self->whole_piece.ptr, self->whole_piece.len);
    return true;
}

static void added_to_whole(struct op *op, const struct error *err)
{
    struct s3_writer *self = OP_CONTAINER(op, struct s3_writer, hash_whole.op);
    (void)err;
    self->active--;
    self->taking--;
    s3_writer_advance(self);
}

static void hash_whole(struct s3_writer *self, struct str data)
{
    if (data.len <= AT_ONCE) {
        digest_update(self->whole, data.ptr, data.len);
        return;
    }
    self->whole_piece = data;
    self->hash_whole = (struct work){.op = {.done = added_to_whole}, .run = add_to_whole};
    self->active++;
    self->taking++;
    work_start(self->store->base.loop, &self->hash_whole);
}

/* ---- taking */

static void take(struct s3_part *part)
{
    struct str left = part->piece;
    char *to = part->copy_to;
    while (left.len > 0) {
        size_t len = left.len < BLOCK ? left.len : BLOCK;
        if (to != NULL) {
            memcpy(to, left.ptr, len);
            to += len;
        }
        digest_update(part->digest, left.ptr, len);
        left = (struct str){left.ptr + len, left.len - len};
    }
}

static bool take_piece(struct work *work, struct error *err)
{
    (void)err;
    take(OP_CONTAINER(work, struct s3_part, take));
    return true;
}

static void piece_taken(struct op *op, const struct error *err)
{
    struct s3_part *part = OP_CONTAINER(op, struct s3_part, take.op);
    struct s3_writer *self = part->owner;
    (void)err;
    part->is_taking = false;
    self->active--;
    self->taking -= part->copy_to != NULL;
    s3_writer_advance(self);
}

static void start_taking(struct s3_writer *self, struct s3_part *part)
{
    part->is_taking = true;
    part->take = (struct work){.op = {.done = piece_taken}, .run = take_piece};
    self->active++;
    self->taking += part->copy_to != NULL;
    work_start(self->store->base.loop, &part->take);
}

/* Where the piece goes: nowhere, when it is a whole part that stays where it is. */
static char *place_of(const struct s3_writer *self, struct s3_part *part)
{
    if (part->len == 0 && self->writer->stays_in_place && self->data.len >= part->size) {
        part->body = self->data.ptr;
        return NULL;
    }
    if (part->memory == NULL) {
        part->memory = xmalloc(part->size);
    }
    part->body = part->memory;
    return part->memory + part->len;
}

static void take_next_piece(struct s3_writer *self, struct s3_part *part)
{
    size_t room = part->size - part->len;
    size_t len = self->data.len < room ? self->data.len : room;
    part->copy_to = place_of(self, part);
    part->piece = (struct str){self->data.ptr, len};
    part->len += len;
    self->size_bytes += len;
    self->data = (struct str){self->data.ptr + len, self->data.len - len};
    if (len <= AT_ONCE) {
        take(part);
    } else {
        start_taking(self, part);
    }
}

static struct s3_part *empty_part(struct s3_writer *self)
{
    for (size_t i = 0; i < self->part_capacity; i++) {
        if (self->parts[i].state == S3_PART_EMPTY) {
            return &self->parts[i];
        }
    }
    return NULL;
}

/* The part after the full one, as soon as there is memory for it. */
static bool go_to_next_part(struct s3_writer *self)
{
    struct s3_part *full = self->filling, *next = empty_part(self);
    struct error err;
    if (self->part_count == S3_PARTS_MAX) {
        error_set(&err, ERROR_PERMANENT, "too_large", "an object has at most %d parts",
                  S3_PARTS_MAX);
        s3_writer_fail(self, &err);
        return false;
    }
    bool begins_whole = full->number == 1 && self->writer->needs_sha256;
    if (next == NULL || (begins_whole && full->is_taking)) {
        return false;
    }
    if (begins_whole) {
        self->whole = digest_copy(full->digest);
        hash_whole(self, self->data);
    }
    full->state = S3_PART_SEALED;
    begin_part(self, next);
    return true;
}

/* A full part is sealed only when more comes: it may be the only one. */
void s3_parts_take(struct s3_writer *self)
{
    while (self->data.len > 0 && !self->has_failed) {
        bool is_full = self->filling->len == self->filling->size;
        if (is_full && !go_to_next_part(self)) {
            return;
        }
        take_next_piece(self, self->filling);
    }
}

void s3_parts_write(struct s3_writer *self, struct str data)
{
    self->data = data;
    if (self->whole != NULL) {
        hash_whole(self, data);
    }
}

void s3_parts_seal_last(struct s3_writer *self)
{
    if (self->filling != NULL) {
        self->filling->state = S3_PART_SEALED;
        self->filling = NULL;
    }
}

/* ---- sending */

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

static void part_sent(struct op *op, const struct error *err)
{
    struct s3_part *part = op->context;
    struct s3_writer *self = part->owner;
    struct error bad;
    self->active--;
    if (err == NULL && !keep_tag(self, part->number, aws_call_header(&part->call, "etag"))) {
        error_set(&bad, ERROR_TRANSIENT, "bad_answer", "UploadPart: the answer has no ETag");
        err = &bad;
    }
    if (err != NULL) {
        s3_writer_fail(self, err);
        s3_parts_cancel(self);
    }
    aws_call_done(&part->call);
    part->state = S3_PART_EMPTY;
    s3_writer_advance(self);
}

static void send_part(struct s3_writer *self, struct s3_part *part)
{
    part->state = S3_PART_SENDING;
    digest_finish_hex(part->digest, part->sha256);
    buf_reset(&part->query);
    buf_printf(&part->query, "partNumber=%d&uploadId=%s", part->number, self->upload.id);
    part->call = s3_upload_call(&self->upload, "UploadPart", "PUT");
    part->call.op = (struct op){.done = part_sent, .context = part};
    part->call.query = buf_text(&part->query);
    part->call.body = (struct str){part->body, part->len};
    part->call.body_sha256 = part->sha256;
    self->active++;
    aws_call_start(self->store->session, &part->call);
}

void s3_parts_send(struct s3_writer *self)
{
    for (size_t i = 0; i < self->part_capacity && !self->has_failed; i++) {
        struct s3_part *part = &self->parts[i];
        if (part->state == S3_PART_SEALED && !part->is_taking) {
            send_part(self, part);
        }
    }
}

void s3_parts_cancel(struct s3_writer *self)
{
    for (size_t i = 0; i < self->part_capacity; i++) {
        if (self->parts[i].state == S3_PART_SENDING) {
            aws_call_cancel(&self->parts[i].call);
        }
    }
}

bool s3_parts_are_sent(const struct s3_writer *self)
{
    for (size_t i = 0; i < self->part_capacity; i++) {
        if (self->parts[i].state != S3_PART_EMPTY) {
            return false;
        }
    }
    return true;
}
