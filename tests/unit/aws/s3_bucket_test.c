/* Buckets on a fake S3: made once however many make them, asked about their settings, and set. */
#include "core/aws/s3_bucket.h"

#include "core/aws/s3_store.h"
#include "core/base/alloc.h"
#include "tests/support/cmocka.h"
#include "tests/support/fake_aws.h"

#include <stdlib.h>
#include <string.h>

#define XML(root, inner) "<?xml version=\"1.0\"?>\n<" root ">" inner "</" root ">"
#define ENCRYPTION(inner)                                                                          \
    XML("ServerSideEncryptionConfiguration", "<Rule><ApplyServerSideEncryptionByDefault>" inner    \
                                             "</ApplyServerSideEncryptionByDefault></Rule>")
#define BLOCK(last)                                                                                \
    XML("PublicAccessBlockConfiguration",                                                          \
        "<BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls>"         \
        "<BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>" last                  \
        "</RestrictPublicBuckets>")

struct fixture {
    struct loop *loop;
    struct fake_aws *aws;
    struct aws_session *session;
    struct error err;
};

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    f->loop = loop_new();
    f->aws = fake_aws_new(f->loop);
    f->session = fake_aws_session(f->aws);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    aws_session_free(f->session);
    fake_aws_free(f->aws);
    loop_free(f->loop);
    free(f);
    return 0;
}

static void expect(struct fixture *f, const char *method, const char *body,
                   struct fake_answer answer)
{
    fake_aws_expect(
        f->aws,
        (struct fake_exchange){
            .method = method, .path = "/bkt", .service = "s3", .body = body, .answer = answer});
}

/* ---- making one */

static bool make(struct fixture *f)
{
    struct object_store *store = s3_store_new(f->session, &(struct s3_settings){0});
    struct object_bucket req = {.bucket = "bkt"};
    object_bucket_start(store, &req);
    bool is_made = loop_await(f->loop, &req.op, &f->err);
    object_store_free(store);
    return is_made;
}

static const struct fake_answer absent = {.status = 404};

static void a_bucket_is_made_where_the_session_is(void **state)
{
    struct fixture *f = *state;
    aws_session_free(f->session);
    f->session =
        fake_aws_session_with(f->aws, (const char *const[]){"AWS_REGION=eu-central-1", NULL});
    expect(f, "HEAD", NULL, absent);
    expect(f, "PUT", "<LocationConstraint>eu-central-1</LocationConstraint>",
           (struct fake_answer){0});
    assert_true(make(f));
}

static void a_bucket_that_somebody_of_us_makes_meanwhile_is_fine(void **state)
{
    struct fixture *f = *state;
    expect(f, "HEAD", NULL, absent);
    expect(f, "PUT", NULL,
           (struct fake_answer){.status = 409,
                                .body = STR(XML("Error", "<Code>BucketAlreadyOwnedByYou</Code>"))});
    assert_true(make(f));
}

static void a_creation_in_conflict_with_another_is_tried_again(void **state)
{
    struct fixture *f = *state;
    expect(f, "HEAD", NULL, absent);
    expect(f, "PUT", NULL,
           (struct fake_answer){.status = 409,
                                .body = STR(XML("Error", "<Code>OperationAborted</Code>"))});
    expect(f, "PUT", NULL, (struct fake_answer){0});
    assert_true(make(f));
}

static void a_bucket_is_not_made_in_another_region_than_asked(void **state)
{
    struct fixture *f = *state;
    expect(f, "HEAD", NULL, absent);
    expect(f, "PUT", NULL,
           (struct fake_answer){
               .status = 400,
               .headers = "x-amz-bucket-region: eu-south-1\r\n",
               .body = STR(XML("Error", "<Code>IllegalLocationConstraintException</Code>"))});
    assert_false(make(f));
    assert_string_equal(f->err.code, "IllegalLocationConstraintException");
    assert_int_equal(fake_aws_count(f->aws), 2);
}

static void a_bucket_of_somebody_else_is_refused(void **state)
{
    struct fixture *f = *state;
    expect(f, "HEAD", NULL, absent);
    expect(f, "PUT", NULL,
           (struct fake_answer){.status = 409,
                                .body = STR(XML("Error", "<Code>BucketAlreadyExists</Code>"))});
    assert_false(make(f));
    assert_string_equal(f->err.code, "BucketAlreadyExists");
    expect(f, "HEAD", NULL, (struct fake_answer){.status = 403});
    expect(f, "GET", NULL, /* which has room for the reason */
           (struct fake_answer){.status = 403,
                                .body = STR(XML("Error", "<Code>AccessDenied</Code>"))});
    assert_false(make(f));
    assert_string_equal(f->err.code, "credentials_refused");
}

/* ---- its settings */

static bool ask(struct fixture *f, struct s3_bucket *req)
{
    req->bucket = "bkt";
    s3_bucket_start(f->session, req);
    return loop_await(f->loop, &req->op, &f->err);
}

static void check(struct fixture *f, enum s3_bucket_action action, const char *kms_key_id,
                  struct fake_answer answer, bool is_so)
{
    struct s3_bucket req = {.action = action,
                            .encryption = *kms_key_id == '\0' ? "AES256" : "aws:kms",
                            .kms_key_id = kms_key_id};
    expect(f, action == S3_BUCKET_LOOK ? "HEAD" : "GET", NULL, answer);
    assert_true(ask(f, &req));
    assert_int_equal(req.is_so, is_so);
}

static void what_a_bucket_is_like_is_read(void **state)
{
    struct fixture *f = *state;
    static const char aes[] = ENCRYPTION("<SSEAlgorithm>AES256</SSEAlgorithm>");
    static const char kms[] =
        ENCRYPTION("<SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>arn:a</KMSMasterKeyID>");
    const struct fake_answer is_aes = {.body = str_from(aes)}, is_kms = {.body = str_from(kms)};
    check(f, S3_BUCKET_LOOK, "", (struct fake_answer){0}, true);
    check(f, S3_BUCKET_LOOK, "", absent, false);
    check(f, S3_BUCKET_GET_ENCRYPTION, "", is_aes, true);
    check(f, S3_BUCKET_GET_ENCRYPTION, "", is_kms, false);
    check(f, S3_BUCKET_GET_ENCRYPTION, "arn:a", is_kms, true);
    check(f, S3_BUCKET_GET_ENCRYPTION, "arn:b", is_kms, false);
    check(f, S3_BUCKET_GET_ENCRYPTION, "", absent, false);
    check(f, S3_BUCKET_GET_BLOCK, "", (struct fake_answer){.body = STR(BLOCK("true"))}, true);
    check(f, S3_BUCKET_GET_BLOCK, "", (struct fake_answer){.body = STR(BLOCK("false"))}, false);
    check(f, S3_BUCKET_GET_BLOCK, "", absent, false);
}

static void what_a_bucket_is_to_be_like_is_sent_with_its_checksum(void **state)
{
    struct fixture *f = *state;
    char expected[DIGEST_BASE64_SIZE];
    struct s3_bucket req = {
        .action = S3_BUCKET_PUT_ENCRYPTION, .encryption = "aws:kms", .kms_key_id = "a&<b>"};
    expect(f, "PUT",
           "<SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>a&#38;&#60;b&#62;</KMSMasterKeyID>",
           (struct fake_answer){0});
    assert_true(ask(f, &req));
    const struct fake_request *seen = fake_aws_request(f->aws, 0);
    digest_base64(seen->body, expected);
    assert_string_equal(seen->query, "encryption=");
    assert_string_equal(fake_request_header(seen, "x-amz-checksum-sha256"), expected);
    assert_string_equal(fake_request_header(seen, "content-type"), "application/xml");
    req = (struct s3_bucket){.action = S3_BUCKET_PUT_BLOCK};
    expect(f, "PUT", "<RestrictPublicBuckets>true</RestrictPublicBuckets>",
           (struct fake_answer){0});
    assert_true(ask(f, &req));
    assert_string_equal(fake_aws_request(f->aws, 1)->query, "publicAccessBlock=");
}

static void a_refusal_names_the_bucket(void **state)
{
    struct fixture *f = *state;
    struct s3_bucket req = {.action = S3_BUCKET_PUT_BLOCK};
    expect(f, "PUT", NULL,
           (struct fake_answer){.status = 403,
                                .body = STR(XML("Error", "<Code>AccessDenied</Code>"))});
    assert_false(ask(f, &req));
    assert_non_null(strstr(f->err.message, "bucket bkt: PutPublicAccessBlock: AccessDenied"));
}

#define behaviour(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        behaviour(a_bucket_is_made_where_the_session_is),
        behaviour(a_bucket_that_somebody_of_us_makes_meanwhile_is_fine),
        behaviour(a_creation_in_conflict_with_another_is_tried_again),
        behaviour(a_bucket_is_not_made_in_another_region_than_asked),
        behaviour(a_bucket_of_somebody_else_is_refused),
        behaviour(what_a_bucket_is_like_is_read),
        behaviour(what_a_bucket_is_to_be_like_is_sent_with_its_checksum),
        behaviour(a_refusal_names_the_bucket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
