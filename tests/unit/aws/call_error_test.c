/* Refusals in the words of each protocol, and what their codes mean. */
#include "core/aws/call_error.h"

#include "core/aws/call.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

static struct aws_refusal read_it(int status, const char *headers, const char *body)
{
    struct aws_refusal refusal;
    aws_refusal_read(status, str_from(headers), str_from(body), &refusal);
    return refusal;
}

static void expect(int status, const char *headers, const char *body, const char *code,
                   const char *text)
{
    struct aws_refusal refusal = read_it(status, headers, body);
    assert_string_equal(refusal.code, code);
    assert_string_equal(refusal.text, text);
}

static void reads_code_and_text_of_every_protocol(void **state)
{
    (void)state;
    expect(404, "",
           "<?xml version=\"1.0\"?>\n<Error><Code>NoSuchKey</Code><Message>no key"
           "</Message><RequestId>R</RequestId></Error>",
           "NoSuchKey", "no key");
    expect(403, "",
           "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>"
           "<Type>Sender</Type><Code>InvalidClientTokenId</Code><Message>bad &amp; token</Message>"
           "</Error><RequestId>R</RequestId></ErrorResponse>",
           "InvalidClientTokenId", "bad & token");
    expect(400, "", "{\"__type\":\"com.amazonaws.x#ResourceNotFoundException\",\"message\":\"m\"}",
           "ResourceNotFoundException", "m");
    expect(400, "", "{\"__type\":\"ThrottlingException\",\"Message\":null}", "ThrottlingException",
           "");
    expect(404, "x-amzn-errortype: ResourceNotFoundException:http://internal/\n",
           "{\"Type\":\"User\",\"Message\":\"Function not found\"}", "ResourceNotFoundException",
           "Function not found");
    expect(400, "", "{\"code\":\"BadThing\",\"message\":\"m\"}", "BadThing", "m");
    expect(400, "", "{\"error\":\"invalid_grant\",\"error_description\":\"d\"}", "invalid_grant",
           "d");
}

static void makes_a_code_of_the_status_when_nothing_says_one(void **state)
{
    (void)state;
    expect(404, "", "", "NotFound", "");
    expect(403, "", "", "Forbidden", "");
    expect(301, "", "", "PermanentRedirect", "");
    expect(412, "", "", "PreconditionFailed", "");
    expect(503, "", "<html><body>busy</body></html>", "ServiceUnavailable", "");
    expect(500, "", "{\"broken\":", "InternalError", "");
    expect(500, "", "[]", "InternalError", "");
    expect(418, "", "teapot", "HttpStatus418", "");
    expect(502, "", "{\"message\":\"upstream\"}", "BadGateway", "upstream");
    expect(503, "", "<Error><Code>SlowDown</Code><Mess", "SlowDown", "");
}

static void reads_request_ids_regions_and_times(void **state)
{
    (void)state;
    struct aws_refusal refusal =
        read_it(400, "x-amz-request-id: ID1\ndate: Sun, 06 Nov 1994 08:49:37 GMT\n",
                "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region>"
                "<RequestId>other</RequestId></Error>");
    assert_string_equal(refusal.request_id, "ID1");
    assert_string_equal(refusal.region, "eu-west-1");
    assert_int_equal(refusal.server_time_ms, 784111777000);
    refusal = read_it(403, "date: Sun, 06 Nov 1994 08:49:37 GMT\n",
                      "<Error><Code>RequestTimeTooSkewed</Code><RequestId>R2</RequestId>"
                      "<ServerTime>2015-08-30T12:36:00Z</ServerTime></Error>");
    assert_string_equal(refusal.request_id, "R2");
    assert_int_equal(refusal.server_time_ms, 1440938160000);
    refusal = read_it(403, "date: Sun, 06 Nov 1994 08:49:37 GMT\nage: 10\n", "");
    assert_int_equal(refusal.server_time_ms, 0);
    refusal = read_it(301, "x-amz-bucket-region: ap-southeast-2\nx-amzn-requestid: R3\n", "");
    assert_string_equal(refusal.region, "ap-southeast-2");
    assert_string_equal(refusal.request_id, "R3");
}

static void a_region_that_could_not_be_one_is_not_believed(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "evil.example.com",
                                      "a/b",
                                      "-a",
                                      "a-",
                                      "EU-west-1",
                                      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                      "aaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char headers[256];
        snprintf(headers, sizeof(headers), "x-amz-bucket-region: %s\n", bad[i]);
        assert_string_equal(read_it(301, headers, "").region, "");
    }
}

static void what_is_hostile_stays_short_and_printable(void **state)
{
    (void)state;
    char body[8192];
    size_t used =
        (size_t)snprintf(body, sizeof(body), "{\"__type\":\"A\\u001b[2J\",\"message\":\"");
    memset(body + used, 'x', 4000);
    strcpy(body + used + 4000, "\\u0007\"}");
    struct aws_refusal refusal = read_it(400, "", body);
    assert_string_equal(refusal.code, "A\xef\xbf\xbd[2J");
    assert_int_equal(strlen(refusal.text), AWS_REFUSAL_TEXT_SIZE - 1);
}

static void every_code_has_its_meaning(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *code;
        unsigned meaning;
    } cases[] = {
        {400, "Throttling", AWS_MEANS_THROTTLED},
        {400, "ThrottlingException", AWS_MEANS_THROTTLED},
        {400, "ThrottledException", AWS_MEANS_THROTTLED},
        {400, "RequestThrottled", AWS_MEANS_THROTTLED},
        {400, "RequestThrottledException", AWS_MEANS_THROTTLED},
        {400, "TooManyRequestsException", AWS_MEANS_THROTTLED},
        {400, "ProvisionedThroughputExceededException", AWS_MEANS_THROTTLED},
        {400, "TransactionInProgressException", AWS_MEANS_THROTTLED},
        {400, "RequestLimitExceeded", AWS_MEANS_THROTTLED},
        {400, "BandwidthLimitExceeded", AWS_MEANS_THROTTLED},
        {400, "LimitExceededException", AWS_MEANS_THROTTLED},
        {400, "PriorRequestNotComplete", AWS_MEANS_THROTTLED},
        {400, "EC2ThrottledException", AWS_MEANS_THROTTLED},
        {503, "SlowDown", AWS_MEANS_THROTTLED | AWS_MEANS_TRANSIENT},
        {429, "Anything", AWS_MEANS_THROTTLED},
        {400, "RequestTimeout", AWS_MEANS_TRANSIENT},
        {400, "RequestTimeoutException", AWS_MEANS_TRANSIENT},
        {400, "IDPCommunicationError", AWS_MEANS_TRANSIENT},
        {409, "OperationAborted", AWS_MEANS_TRANSIENT},
        {409, "ConditionalRequestConflict", AWS_MEANS_TRANSIENT},
        {502, "Anything", AWS_MEANS_TRANSIENT},
        {503, "Anything", AWS_MEANS_TRANSIENT},
        {500, "Anything", AWS_MEANS_TRANSIENT},
        {504, "", AWS_MEANS_TRANSIENT},
        {400, "ExpiredToken", AWS_MEANS_EXPIRED | AWS_MEANS_CREDENTIALS},
        {403, "RequestTimeTooSkewed", AWS_MEANS_CLOCK},
        {403, "RequestExpired", AWS_MEANS_CLOCK},
        {403, "RequestInTheFuture", AWS_MEANS_CLOCK},
        {403, "SignatureDoesNotMatch", AWS_MEANS_CLOCK | AWS_MEANS_CREDENTIALS},
        {403, "InvalidSignatureException", AWS_MEANS_CLOCK | AWS_MEANS_CREDENTIALS},
        {401, "AuthFailure", AWS_MEANS_CLOCK | AWS_MEANS_CREDENTIALS},
        {400, "ValidationException", 0},
        {409, "ResourceInUse", 0},
        {501, "NotImplemented", 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(aws_meaning_of(cases[i].status, cases[i].code), cases[i].meaning);
    }
}

static void missing_things_are_told_in_every_dialect(void **state)
{
    (void)state;
    struct error err;
    error_set(&err, ERROR_PERMANENT, "NoSuchKey", "x");
    assert_true(aws_error_is_not_found(&err));
    error_set(&err, ERROR_PERMANENT, "Whatever", "x");
    err.http_status = 404;
    assert_true(aws_error_is_not_found(&err));
    error_set(&err, ERROR_PERMANENT, "ValidationException",
              "DescribeTrainingJob: ValidationException: Requested resource not found. (h)");
    assert_true(aws_error_is_not_found(&err));
    error_set(&err, ERROR_PERMANENT, "ValidationException", "1 validation error detected");
    assert_false(aws_error_is_not_found(&err));
    error_set(&err, ERROR_PERMANENT, "ResourceInUse", "Requested resource not found");
    assert_false(aws_error_is_not_found(&err));
}

static void who_are_you_is_told_from_other_refusals(void **state)
{
    (void)state;
    static const char *const codes[] = {"no_credentials",
                                        "credentials_refused",
                                        "ExpiredToken",
                                        "ExpiredTokenException",
                                        "UnrecognizedClientException",
                                        "InvalidAccessKeyId",
                                        "SignatureDoesNotMatch",
                                        "AccessDenied",
                                        "AccessDeniedException",
                                        "InvalidClientTokenId",
                                        "Forbidden"};
    struct error err;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        error_set(&err, ERROR_PERMANENT, codes[i], "x");
        assert_true(aws_error_is_credentials(&err));
    }
    error_set(&err, ERROR_PERMANENT, "NoSuchKey", "x");
    assert_false(aws_error_is_credentials(&err));
}

static void ports_have_words_of_their_own(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *code, *word;
    } cases[] = {
        {400, "ExpiredToken", "credentials_refused"},
        {0, "no_credentials", "no_credentials"},
        {404, "NoSuchKey", "not_found"},
        {400, "ThrottlingException", "throttled"},
        {503, "SlowDown", "throttled"},
        {429, "TooManyRequestsException", "throttled"},
        {500, "ServiceException", "unavailable"},
        {503, "ServiceUnavailable", "unavailable"},
        {400, "RequestTimeout", "unavailable"},
        {200, "InternalError", "unavailable"},
        {0, "connection_lost", "connection_lost"},
        {0, "timeout", "timeout"},
        {400, "ValidationException", "ValidationException"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err;
        error_set(&err, ERROR_PERMANENT, cases[i].code, "%s: why", cases[i].code);
        err.http_status = cases[i].status;
        aws_error_name_for_port(&err);
        assert_string_equal(err.code, cases[i].word);
        assert_non_null(strstr(err.message, "why"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_code_and_text_of_every_protocol),
        cmocka_unit_test(makes_a_code_of_the_status_when_nothing_says_one),
        cmocka_unit_test(reads_request_ids_regions_and_times),
        cmocka_unit_test(a_region_that_could_not_be_one_is_not_believed),
        cmocka_unit_test(what_is_hostile_stays_short_and_printable),
        cmocka_unit_test(every_code_has_its_meaning),
        cmocka_unit_test(missing_things_are_told_in_every_dialect),
        cmocka_unit_test(who_are_you_is_told_from_other_refusals),
        cmocka_unit_test(ports_have_words_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
