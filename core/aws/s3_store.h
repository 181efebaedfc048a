/* The object store port on Amazon S3. Large objects travel in parts, several at a time, both ways,
 * so that memory stays bounded: (parallel + 1) * part_bytes for a reader or a writer, nothing for
 * whole parts that are written in place (object_writer.stays_in_place). Loop thread only. What is
 * sent is checked by its SHA-256, which is signed (x-amz-content-sha256) and which S3
 * compares with what arrived; x-amz-checksum-* would check the same bytes a second time, and older
 * servers refuse it. A copy is a look at its source and one call; of an object that is larger than
 * S3 copies in one, a call for each part.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
 */
#ifndef GATEHOUSE_AWS_S3_STORE_H
#define GATEHOUSE_AWS_S3_STORE_H

#include "core/aws/session.h"
#include "core/ports/object_store.h"

enum {
    S3_PART_BYTES = 8 << 20,
    S3_PART_BYTES_MIN = 5 << 20, /* S3's limit, for all parts but the last */
    S3_PARALLEL = 4,
    S3_PARALLEL_MAX = 16,
    S3_PARTS_MAX = 10000,
};
#define S3_COPY_LIMIT_BYTES (UINT64_C(5) << 30) /* S3's, for one copy and for a part of one */

struct s3_settings { /* copied */
    const char
        *encryption; /* "", "AES256", "aws:kms" or "aws:kms:dsse"; "": the bucket's default */
    const char *kms_key_id;    /* "": the account's key for S3 */
    size_t part_bytes;         /* 0: S3_PART_BYTES */
    int parallel;              /* parts at a time; 0: S3_PARALLEL */
    uint64_t copy_limit_bytes; /* larger objects are copied in parts; 0: S3_COPY_LIMIT_BYTES */
};

/* Gives the store; object_store_free releases it (it runs the loop until cancelled transfers are
 * gone, so not from a callback). session is borrowed. Codes of S3 keep their name, but for those
 * that the ports name themselves: "not_found", "precondition_failed" and those of
 * aws_error_name_for_port. */
struct object_store *s3_store_new(struct aws_session *session, const struct s3_settings *settings);

#endif
