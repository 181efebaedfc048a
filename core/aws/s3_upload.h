/* A multipart upload, whatever its parts are: the caller's bytes, or copies of another object's. It
 * is begun, then completed or taken back. Private to core/aws; loop thread only. */
#ifndef GATEHOUSE_AWS_S3_UPLOAD_H
#define GATEHOUSE_AWS_S3_UPLOAD_H

#include "core/aws/s3_internal.h"

struct s3_upload {
    struct op op; /* of what was started last; one operation at a time */
    struct s3_store *store;
    const char *bucket, *key; /* of the object to be; borrowed */
    char *path;               /* the key's */
    char *id;                 /* NULL: nothing is begun that would have to be taken back */
    struct object_info info;  /* result of completing: key, etag, time */
    /* private: */
    struct aws_call call;
    struct s3_headers headers;
    struct buf text;
    uint64_t size_bytes;
    struct error failure;
};

void s3_upload_init(struct s3_upload *upload, struct s3_store *store, const char *bucket,
                    const char *key);
void s3_upload_done(struct s3_upload *upload);
/* A call on the object to be; idempotent. */
struct aws_call s3_upload_call(const struct s3_upload *upload, const char *operation,
                               const char *method);

/* described: headers that tell what the object is, kept until the end of the call; or NULL. */
void s3_upload_begin(struct s3_upload *upload, const struct s3_headers *described);
/* tags: of the parts, in order. The answer may be lost: when the upload is gone then, and an object
 * of size_bytes is there, it has been completed. */
void s3_upload_complete(struct s3_upload *upload, const struct s3_part_tag *tags, int count,
                        uint64_t size_bytes);
void s3_upload_abort(struct s3_upload *upload); /* always succeeds */

#endif
