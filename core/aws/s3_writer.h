/* What an upload is while it is on its way. Private to s3_writer.c, which begins and ends it, and
 * s3_parts.c, which takes its bytes and sends them; loop thread only but where it says pool. */
#ifndef GATEHOUSE_AWS_S3_WRITER_H
#define GATEHOUSE_AWS_S3_WRITER_H

#include "core/aws/s3_upload.h"
#include "core/base/digest.h"
#include "core/loop/work.h"

enum s3_part_state {
    S3_PART_EMPTY,
    S3_PART_FILLING,
    S3_PART_SEALED, /* sent as soon as its bytes are taken and the upload has begun */
    S3_PART_SENDING,
};

struct s3_part { /* one part on its way; its memory serves another one afterwards */
    struct s3_writer *owner;
    enum s3_part_state state;
    int number;       /* from 1 */
    char *memory;     /* of `size` bytes; NULL: not needed yet */
    const char *body; /* in memory, or where the caller keeps it */
    size_t size, len;
    struct digest *digest; /* of what was taken */
    char sha256[DIGEST_HEX_SIZE];
    struct work take; /* pool: hashes `piece`, and copies it to `copy_to` */
    struct str piece; /* of what the caller writes */
    char *copy_to;    /* NULL: it stays in place */
    bool is_taking;
    struct buf query;
    struct aws_call call;
};

enum s3_wish { S3_WISH_NONE, S3_WISH_WRITE, S3_WISH_COMMIT, S3_WISH_ABORT };

struct s3_writer {
    struct s3_store *store;
    struct object_writer *writer;
    struct s3_upload upload; /* once there is a second part */
    uint64_t size_bytes;
    struct s3_part *parts;
    size_t part_capacity;
    struct s3_part *filling;
    int part_count;           /* numbers given so far */
    struct s3_part_tag *tags; /* [number - 1] */
    int tag_capacity;
    struct digest *whole;   /* of the object, from its second part on, when it is asked for */
    struct work hash_whole; /* pool: adds `whole_piece` */
    struct str whole_piece;
    struct aws_call put; /* of an object of one part */
    struct s3_headers headers;
    char sha256[DIGEST_HEX_SIZE];
    int active; /* calls and pool work */
    int taking; /* pool work that a write waits for, because it reads what is only borrowed */
    bool is_creating, is_completing;
    enum s3_wish wish;
    struct str data; /* of the write that waits: what no part has taken yet */
    struct error failure;
    bool has_failed;
};

/* s3_writer.c, for s3_parts.c */
void s3_writer_advance(struct s3_writer *self); /* what can go on goes on; may free self */
void s3_writer_fail(struct s3_writer *self, const struct error *err); /* the first one stays */

/* s3_parts.c */
void s3_parts_init(struct s3_writer *self);
void s3_parts_done(struct s3_writer *self);
void s3_parts_write(struct s3_writer *self, struct str data); /* borrowed until it is taken */
void s3_parts_take(struct s3_writer *self); /* of the data what there is room for */
void s3_parts_seal_last(struct s3_writer *self);
void s3_parts_send(struct s3_writer *self);
void s3_parts_cancel(struct s3_writer *self);
bool s3_parts_are_sent(const struct s3_writer *self); /* and taken, and none is being filled */

#endif
