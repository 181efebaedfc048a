/* XML out and in, by the table of actions. */
#include "core/aws/s3_bucket.h"

#include "core/aws/xml.h"
#include "core/base/digest.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XMLNS "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""
#define RULE  "ServerSideEncryptionConfiguration/Rule/ApplyServerSideEncryptionByDefault/"

enum { BODY_LIMIT = 8192 };

static const char *const blocks[] = {"BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy",
                                     "RestrictPublicBuckets"};
enum { BLOCKS = sizeof(blocks) / sizeof(blocks[0]) };

/* ---- bodies */

static void append_escaped(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '&' || *text == '<' || *text == '>') {
            buf_printf(out, "&#%d;", *text);
        } else {
            buf_append_char(out, *text);
        }
    }
}

static void write_encryption(const struct s3_bucket *req, struct buf *out)
{
    buf_append_text(out, "<ServerSideEncryptionConfiguration " XMLNS
                         "><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>");
    append_escaped(out, *req->encryption == '\0' ? "AES256" : req->encryption);
    buf_append_text(out, "</SSEAlgorithm>");
    if (*req->kms_key_id != '\0') {
        buf_append_text(out, "<KMSMasterKeyID>");
        append_escaped(out, req->kms_key_id);
        buf_append_text(out, "</KMSMasterKeyID>");
    }
    buf_append_text(out, "</ApplyServerSideEncryptionByDefault></Rule>"
                         "</ServerSideEncryptionConfiguration>");
}

static void write_block(const struct s3_bucket *req, struct buf *out)
{
    (void)req;
    buf_append_text(out, "<PublicAccessBlockConfiguration " XMLNS ">");
    for (size_t i = 0; i < BLOCKS; i++) {
        buf_printf(out, "<%s>true</%s>", blocks[i], blocks[i]);
    }
    buf_append_text(out, "</PublicAccessBlockConfiguration>");
}

/* ---- answers */

static bool is_text(struct str document, const char *path, const char *expected)
{
    char *text = xml_find(document, path);
    bool is_same = text != NULL && strcmp(text, expected) == 0;
    free(text);
    return is_same;
}

static bool has_encryption(const struct s3_bucket *req)
{
    struct str answer = req->call.response;
    if (*req->encryption == '\0') { /* a stronger one than ours is not to be replaced */
        char *any = xml_find(answer, RULE "SSEAlgorithm");
        bool is_encrypted = any != NULL;
        free(any);
        return is_encrypted;
    }
    return is_text(answer, RULE "SSEAlgorithm", req->encryption) &&
           (*req->kms_key_id == '\0' || is_text(answer, RULE "KMSMasterKeyID", req->kms_key_id));
}

static bool has_block(const struct s3_bucket *req)
{
    bool is_blocked = true;
    for (size_t i = 0; i < BLOCKS; i++) {
        char path[XML_PATH_SIZE];
        snprintf(path, sizeof(path), "PublicAccessBlockConfiguration/%s", blocks[i]);
        is_blocked = is_blocked && is_text(req->call.response, path, "true");
    }
    return is_blocked;
}

static bool is_there(const struct s3_bucket *req)
{
    (void)req;
    return true;
}

/* ---- calls */

static const struct {
    const char *operation, *method, *query;
    void (*write)(const struct s3_bucket *req, struct buf *out);
    bool (*read)(const struct s3_bucket *req); /* NULL: no question */
} actions[S3_BUCKET_ACTION_COUNT] = {
    [S3_BUCKET_LOOK] = {"HeadBucket", "HEAD", NULL, NULL, is_there},
    [S3_BUCKET_GET_ENCRYPTION] = {"GetBucketEncryption", "GET", "encryption=", NULL,
                                  has_encryption},
    [S3_BUCKET_GET_BLOCK] = {"GetPublicAccessBlock", "GET", "publicAccessBlock=", NULL, has_block},
    [S3_BUCKET_PUT_ENCRYPTION] = {"PutBucketEncryption", "PUT", "encryption=", write_encryption,
                                  NULL},
    [S3_BUCKET_PUT_BLOCK] = {"PutPublicAccessBlock", "PUT", "publicAccessBlock=", write_block,
                             NULL},
};

static void on_answer(struct op *op, const struct error *err)
{
    struct s3_bucket *req = op->context;
    struct error failure;
    bool is_question = actions[req->action].read != NULL;
    req->is_so = err == NULL && is_question && actions[req->action].read(req);
    snprintf(req->region, sizeof(req->region), STR_FMT,
             STR_ARG(aws_call_header(&req->call, "x-amz-bucket-region")));
    if (err != NULL && is_question && err->http_status == 404) {
        err = NULL;
    } else if (err != NULL) {
        bool is_refused = req->action == S3_BUCKET_LOOK && err->http_status == 403;
        failure = *err;
        error_prefix(&failure, "bucket %s%s", req->bucket,
                     is_refused ? " is somebody else's, or we are not allowed s3:ListBucket" : "");
        err = &failure;
    }
    aws_call_done(&req->call);
    buf_done(&req->body);
    op_finish(&req->op, err);
}

void s3_bucket_start(struct aws_session *session, struct s3_bucket *req)
{
    assert(req->action < S3_BUCKET_ACTION_COUNT);
    bool has_body = actions[req->action].write != NULL;
    op_begin(&req->op, aws_session_loop(session));
    req->is_so = false;
    buf_init(&req->body, BODY_LIMIT);
    if (has_body) {
        actions[req->action].write(req, &req->body);
        digest_base64(buf_str(&req->body), req->checksum); /* S3 asks for one */
    }
    req->headers[0] = (struct http_header){"Content-Type", "application/xml"};
    req->headers[1] = (struct http_header){"x-amz-checksum-sha256", req->checksum};
    req->call = (struct aws_call){
        .op = {.done = on_answer, .context = req},
        .service = AWS_S3,
        .operation = actions[req->action].operation,
        .method = actions[req->action].method,
        .bucket = req->bucket,
        .path = "",
        .query = actions[req->action].query,
        .headers = req->headers,
        .header_count = has_body ? 2 : 0,
        .body = {buf_text(&req->body), req->body.len},
        .is_idempotent = true,
    };
    aws_call_start(session, &req->call);
}
