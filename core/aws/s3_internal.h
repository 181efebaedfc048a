/* What the files of the S3 store share. Private to core/aws; loop thread only. */
#ifndef GATEHOUSE_AWS_S3_INTERNAL_H
#define GATEHOUSE_AWS_S3_INTERNAL_H

#include "core/aws/call.h"
#include "core/aws/s3_message.h"
#include "core/aws/s3_store.h"

struct s3_store {
    struct object_store base;
    struct aws_session *session;
    char *encryption, *kms_key_id;
    size_t part_bytes;
    uint64_t copy_limit_bytes;
    int parallel;
    int orphans;       /* closed readers whose cancelled calls have not ended yet */
    struct op drained; /* active while object_store_free waits for them */
};

struct s3_store *s3_store_of(struct object_store *store);
void s3_orphan_ended(struct s3_store *store);

/* Headers of one call, kept as long as it. */
struct s3_headers {
    struct http_header list[S3_HEADERS_MAX];
    size_t count;
};
void s3_headers_add(struct s3_headers *headers, const char *name, const char *value);
/* Of requests that make an object. */
void s3_headers_add_encryption(struct s3_headers *headers, const struct s3_store *store);

/* s3_reader.c */
void s3_open(struct object_store *store, struct object_reader *reader);
void s3_read(struct object_reader *reader);
void s3_close(struct object_reader *reader);
/* s3_writer.c */
void s3_create(struct object_store *store, struct object_writer *writer);
void s3_write(struct object_writer *writer, struct str data);
void s3_commit(struct object_writer *writer);
void s3_abort(struct object_writer *writer);
/* s3_copy.c */
void s3_copy(struct object_store *store, struct object_copy *req);

#endif
