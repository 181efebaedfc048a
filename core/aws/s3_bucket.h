/* Settings of a bucket that make it fit for data: default encryption, no public access. Loop thread
 * only. https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketEncryption.html
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutPublicAccessBlock.html */
#ifndef GATEHOUSE_AWS_S3_BUCKET_H
#define GATEHOUSE_AWS_S3_BUCKET_H

#include "core/aws/call.h"
#include "core/base/digest.h"

enum s3_bucket_action {
    S3_BUCKET_LOOK,           /* is it there, and ours? */
    S3_BUCKET_GET_ENCRYPTION, /* is its default encryption the one given, if one is? */
    S3_BUCKET_GET_BLOCK,      /* is all public access blocked? */
    S3_BUCKET_PUT_ENCRYPTION,
    S3_BUCKET_PUT_BLOCK,
    S3_BUCKET_ACTION_COUNT
};

struct s3_bucket {
    struct op op;
    /* in, borrowed until done */
    enum s3_bucket_action action;
    const char *bucket;
    const char *encryption; /* "AES256", "aws:kms" or "aws:kms:dsse"; "": any, to put: AES256 */
    const char *kms_key_id; /* "": AWS's own key */
    bool is_so;             /* result of the questions */
    char region[AWS_REGION_SIZE]; /* result of LOOK: where it is; "": not told */
    /* private */
    struct aws_call call;
    struct buf body;
    struct http_header headers[2];
    char checksum[DIGEST_BASE64_SIZE];
};
/* Errors: those of aws_call; what is not there is none. */
void s3_bucket_start(struct aws_session *session, struct s3_bucket *req);

#endif
