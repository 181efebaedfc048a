/* Who am I: the question, its answer, and answers that are none. */
#include "core/aws/sts.h"

#include "core/base/alloc.h"
#include "tests/support/cmocka.h"
#include "tests/support/fake_aws.h"

#include <stdlib.h>
#include <string.h>

#define ANSWER(account, arn, user_id)                                                              \
    "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"              \
    "<GetCallerIdentityResult><Arn>" arn "</Arn><UserId>" user_id "</UserId><Account>" account     \
    "</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId>"               \
    "</ResponseMetadata></GetCallerIdentityResponse>"

struct fixture {
    struct loop *loop;
    struct fake_aws *aws;
    struct aws_session *session;
    struct sts_identity identity;
    struct error err;
};

static int set_up(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof(*fixture));
    fixture->loop = loop_new();
    fixture->aws = fake_aws_new(fixture->loop);
    fixture->session = fake_aws_session(fixture->aws);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    aws_session_free(fixture->session);
    fake_aws_free(fixture->aws);
    loop_free(fixture->loop);
    free(fixture);
    return 0;
}

static bool ask(struct fixture *fixture, int status, const char *answer)
{
    fake_aws_expect(fixture->aws,
                    (struct fake_exchange){
                        .method = "POST",
                        .path = "/",
                        .service = "sts",
                        .body = "Action=GetCallerIdentity&Version=2011-06-15",
                        .header = "content-type: application/x-www-form-urlencoded; charset=utf-8",
                        .answer = {.status = status, .body = str_from(answer)}});
    fixture->identity = (struct sts_identity){.op = {.done = NULL}};
    sts_identity_start(fixture->session, &fixture->identity);
    return loop_await(fixture->loop, &fixture->identity.op, &fixture->err);
}

static void an_identity_has_account_arn_and_user_id(void **state)
{
    struct fixture *fixture = *state;
    assert_true(ask(fixture, 200,
                    ANSWER("123456789012", "arn:aws:iam::123456789012:user/a&amp;b", "AIDAX")));
    assert_string_equal(fixture->identity.account, "123456789012");
    assert_string_equal(fixture->identity.arn, "arn:aws:iam::123456789012:user/a&b");
    assert_string_equal(fixture->identity.user_id, "AIDAX");
}

static void a_throttled_question_is_asked_again(void **state)
{
    struct fixture *fixture = *state;
    fake_aws_expect(
        fixture->aws,
        (struct fake_exchange){
            .answer = {.status = 400,
                       .body = STR("<ErrorResponse><Error><Code>Throttling</Code><Message>Rate "
                                   "exceeded</Message></Error></ErrorResponse>")}});
    assert_true(ask(fixture, 200, ANSWER("123456789012", "arn:x", "AIDAX")));
    assert_int_equal(fake_aws_count(fixture->aws), 2);
}

static void answers_that_are_none_are_refused(void **state)
{
    struct fixture *fixture = *state;
    static const char *const answers[] = {
        "",
        "<html></html>",
        "{}",
        ANSWER("", "arn:x", "AIDAX"),
        ANSWER("1234567890123", "arn:x", "AIDAX"),
        ANSWER("123456789012", "", "AIDAX"),
        ANSWER("123456789012", "arn:x", ""),
        ANSWER("123456789012", "arn:&#27;[2J", "AIDAX"),
        ANSWER("12345\n6789", "arn:x", "AIDAX"),
        "<!DOCTYPE x [<!ENTITY a \"b\">]>" ANSWER("123456789012", "arn:x", "AIDAX"),
    };
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        assert_false(ask(fixture, 200, answers[i]));
        assert_string_equal(fixture->err.code, "bad_response");
        assert_non_null(
            strstr(fixture->err.message, "GetCallerIdentity: the answer has no usable"));
    }
}

static void a_refusal_counts_as_one_of_credentials(void **state)
{
    struct fixture *fixture = *state;
    assert_false(ask(fixture, 403,
                     "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>no</Message>"
                     "</Error></ErrorResponse>"));
    assert_string_equal(fixture->err.code, "InvalidClientTokenId");
    assert_true(aws_error_is_credentials(&fixture->err));
}

static void the_question_can_be_cancelled(void **state)
{
    struct fixture *fixture = *state;
    sts_identity_start(fixture->session, &fixture->identity);
    sts_identity_cancel(&fixture->identity);
    assert_false(loop_await(fixture->loop, &fixture->identity.op, &fixture->err));
    assert_int_equal(fixture->err.error_class, ERROR_CANCELLED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_identity_has_account_arn_and_user_id), TEST(a_throttled_question_is_asked_again),
        TEST(answers_that_are_none_are_refused),       TEST(a_refusal_counts_as_one_of_credentials),
        TEST(the_question_can_be_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
