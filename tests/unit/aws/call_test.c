/* Calls against the fake AWS: what is sent, what is tried again, what is said when it fails. */
#include "core/aws/call.h"

#include "core/aws/call_state.h"
#include "core/base/alloc.h"
#include "core/base/json.h"
#include "core/loop/timer.h"
#include "tests/support/cmocka.h"
#include "tests/support/fake_aws.h"
#include "tests/support/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANY = -1 };

struct fixture {
    struct loop *loop;
    struct fake_aws *aws;
    struct aws_session *session;
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
    loop_free(f->loop); /* asserts that nothing is left */
    free(f);
    return 0;
}

static void use_session(struct fixture *f, const char *const *environment)
{
    aws_session_free(f->session);
    f->session = fake_aws_session_with(f->aws, environment);
}

static void expect(struct fixture *f, struct fake_exchange exchange)
{
    fake_aws_expect(f->aws, exchange);
}

static struct aws_call get_object(void)
{
    return (struct aws_call){.service = AWS_S3,
                             .operation = "GetObject",
                             .method = "GET",
                             .bucket = "bkt",
                             .path = "/a%20b"};
}

static struct aws_call invoke(void)
{
    return (struct aws_call){.service = AWS_LAMBDA,
                             .operation = "Invoke",
                             .method = "POST",
                             .path = "/2015-03-31/functions/f/invocations",
                             .body = STR("{}")};
}

static struct aws_call head_object(void)
{
    struct aws_call call = get_object();
    call.operation = "HeadObject";
    call.method = "HEAD";
    return call;
}

static bool run(struct fixture *f, struct aws_call *call, struct error *err)
{
    *err = (struct error){0};
    aws_call_start(f->session, call);
    assert_true(op_is_active(&call->op));
    return loop_await(f->loop, &call->op, err);
}

static void succeeds_after(struct fixture *f, struct aws_call call, int attempts)
{
    struct error err;
    if (!run(f, &call, &err)) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(call.status, 200);
    if (attempts != ANY) {
        assert_int_equal(call.attempts, attempts);
    }
    aws_call_done(&call);
}

static void fails_after(struct fixture *f, struct aws_call call, int attempts, const char *code,
                        enum error_class error_class)
{
    struct error err;
    assert_false(run(f, &call, &err));
    if (strcmp(err.code, code) != 0) {
        print_error("%s: %s\n", err.code, err.message);
    }
    assert_string_equal(err.code, code);
    assert_int_equal(err.error_class, error_class);
    assert_int_equal(call.attempts, attempts);
    aws_call_done(&call);
}

/* ---- what is sent */

static void a_bucket_is_in_the_path_of_a_custom_endpoint(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct http_header range = {"Range", "bytes=0-9"};
    struct aws_call call = get_object();
    call.query = "versionId=a%2Fb&x";
    call.headers = &range;
    call.header_count = 1;
    expect(f,
           (struct fake_exchange){.method = "GET",
                                  .path = "/bkt/a%20b",
                                  .query = "versionId=a%2Fb&x",
                                  .header = "Range: bytes=0-9",
                                  .service = "s3",
                                  .region = "us-east-1",
                                  .answer = {.headers = "ETag: \"e\"\r\n", .body = STR("body")}});
    assert_true(run(f, &call, &err));
    assert_true(str_eq(call.response, STR("body")));
    assert_true(str_eq(aws_call_header(&call, "etag"), STR("\"e\"")));
    aws_call_done(&call);
    aws_call_done(&call); /* twice is harmless */
    assert_int_equal(aws_call_header(&call, "etag").len, 0);
}

static void a_bucket_itself_has_no_final_slash(void **state)
{
    struct fixture *f = *state;
    struct aws_call call = get_object();
    call.path = "";
    expect(f, (struct fake_exchange){.path = "/bkt"});
    succeeds_after(f, call, 1);
    call.bucket = NULL;
    expect(f, (struct fake_exchange){.path = "/"});
    succeeds_after(f, call, 1);
}

static void a_session_token_is_sent_and_signed(void **state)
{
    struct fixture *f = *state;
    fake_aws_add_key(f->aws, "ASIATEMPORARY", "temporary-secret", "the/token+==");
    use_session(f, (const char *const[]){"AWS_ACCESS_KEY_ID=ASIATEMPORARY",
                                         "AWS_SECRET_ACCESS_KEY=temporary-secret",
                                         "AWS_SESSION_TOKEN=the/token+==", NULL});
    expect(f, (struct fake_exchange){.header = "x-amz-security-token: the/token+=="});
    succeeds_after(f, invoke(), 1);
    assert_non_null(strstr(fake_aws_trace(f->aws), "X-Amz-Security-Token=***"));
}

static void given_credentials_are_used_in_place_of_the_sessions(void **state)
{
    struct fixture *f = *state;
    struct aws_credentials credentials = {.key_id = "AKIDOTHER"};
    struct aws_call call = invoke();
    secret_set(&credentials.secret_key, STR("other"));
    fake_aws_add_key(f->aws, "AKIDOTHER", "other", NULL);
    call.credentials = &credentials;
    expect(f, (struct fake_exchange){0});
    succeeds_after(f, call, 1);
    assert_non_null(strstr(fake_request_header(fake_aws_request(f->aws, 0), "authorization"),
                           "Credential=AKIDOTHER/"));
    aws_credentials_done(&credentials);
}

static void an_unsigned_call_has_no_signature(void **state)
{
    struct fixture *f = *state;
    struct aws_call call = {.service = AWS_STS,
                            .operation = "AssumeRoleWithWebIdentity",
                            .method = "POST",
                            .is_unsigned = true,
                            .body = STR("Action=x")};
    expect(f, (struct fake_exchange){.path = "/", .is_unsigned = true});
    succeeds_after(f, call, 1);
    assert_null(fake_request_header(fake_aws_request(f->aws, 0), "authorization"));
}

static void tries_share_an_id_and_are_counted(void **state)
{
    struct fixture *f = *state;
    expect(f, (struct fake_exchange){.times = 2, .answer = {.status = 429}});
    expect(f, (struct fake_exchange){0});
    succeeds_after(f, invoke(), 3);
    const char *id = fake_request_header(fake_aws_request(f->aws, 0), "amz-sdk-invocation-id");
    assert_int_equal(strlen(id), 36);
    assert_int_equal(id[14], '4');
    assert_string_equal(id,
                        fake_request_header(fake_aws_request(f->aws, 2), "amz-sdk-invocation-id"));
    assert_string_equal(fake_request_header(fake_aws_request(f->aws, 0), "amz-sdk-request"),
                        "attempt=1; max=3");
    assert_string_equal(fake_request_header(fake_aws_request(f->aws, 2), "amz-sdk-request"),
                        "attempt=3; max=3");
}

/* ---- JSON */

static void a_json_call_prints_its_request_and_parses_the_answer(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct aws_json_call call = {.request = json_object()};
    json_set_text((struct json *)(uintptr_t)call.request, "TrainingJobName", "j");
    expect(f, (struct fake_exchange){
                  .method = "POST",
                  .path = "/",
                  .target = "SageMaker.DescribeTrainingJob",
                  .body = "{\"TrainingJobName\":\"j\"}",
                  .header = "content-type: application/x-amz-json-1.1",
                  .service = "sagemaker",
                  .answer = {.body = STR("{\"TrainingJobStatus\":\"Completed\"}")}});
    aws_json_call_start(f->session, &call, AWS_SAGEMAKER, "SageMaker.DescribeTrainingJob");
    assert_true(loop_await(f->loop, &call.call.op, &err));
    assert_string_equal(json_text_or(call.response, "TrainingJobStatus", ""), "Completed");
    json_free((struct json *)(uintptr_t)call.request);
    aws_json_call_done(&call);
    aws_json_call_done(&call);
}

static void an_empty_json_answer_is_an_empty_object(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct aws_json_call call = {0};
    expect(f, (struct fake_exchange){.target = "SageMaker.StopTrainingJob", .body = "{}"});
    aws_json_call_start(f->session, &call, AWS_SAGEMAKER, "SageMaker.StopTrainingJob");
    assert_true(loop_await(f->loop, &call.call.op, &err));
    assert_true(json_is_object(call.response));
    assert_int_equal(json_count(call.response), 0);
    aws_json_call_done(&call);
}

static void an_answer_that_is_no_json_is_a_lost_one(void **state)
{
    struct fixture *f = *state;
    struct error err;
    for (int i = 0; i < 2; i++) {
        struct aws_json_call call = {.call = {.is_idempotent = i == 1}};
        expect(f,
               (struct fake_exchange){.times = i == 1 ? 3 : 1, .answer = {.body = STR("<html>")}});
        aws_json_call_start(f->session, &call, AWS_LOGS, "Logs_20140328.GetLogEvents");
        assert_false(loop_await(f->loop, &call.call.op, &err));
        assert_true(error_is(&err, "bad_json"));
        assert_int_equal(err.error_class, ERROR_TRANSIENT);
        assert_int_equal(call.call.attempts, i == 1 ? 3 : 1);
        assert_null(call.response);
        aws_json_call_done(&call);
    }
}

/* ---- refusals */

static void an_error_says_operation_code_text_host_region_and_tries(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct aws_json_call call = {0};
    char expected[256];
    expect(f, (struct fake_exchange){
                  .answer = {.status = 400,
                             .headers = "x-amzn-RequestId: 1234-abcd\r\n",
                             .body = STR("{\"__type\":\"com.amazonaws.sagemaker#ResourceInUse\","
                                         "\"message\":\"it exists\\u001b[1m\"}")}});
    aws_json_call_start(f->session, &call, AWS_SAGEMAKER, "SageMaker.CreateTrainingJob");
    assert_false(loop_await(f->loop, &call.call.op, &err));
    assert_true(error_is(&err, "ResourceInUse"));
    assert_int_equal(err.error_class, ERROR_PERMANENT);
    assert_int_equal(err.http_status, 400);
    assert_string_equal(err.request_id, "1234-abcd");
    snprintf(expected, sizeof(expected),
             "CreateTrainingJob: ResourceInUse: it exists\xef\xbf\xbd[1m (%s, us-east-1, 1 try)",
             fake_aws_url(f->aws) + strlen("http://"));
    assert_string_equal(err.message, expected);
    assert_int_equal(call.call.status, 400);
    aws_json_call_done(&call);
}

static void an_unknown_host_is_told_with_where_it_comes_from(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct aws_call call = invoke();
    const char *const environment[] = {"AWS_REGION=us-east-1",
                                       "AWS_ACCESS_KEY_ID=" FAKE_KEY_ID,
                                       "AWS_SECRET_ACCESS_KEY=" FAKE_SECRET,
                                       "AWS_MAX_ATTEMPTS=1",
                                       "AWS_ENDPOINT_URL_LAMBDA=https://lambda.invalid",
                                       NULL};
    aws_session_free(f->session);
    f->session =
        aws_session_new(f->loop, &(struct aws_session_spec){.environment = environment}, &err);
    assert_non_null(f->session);
    assert_false(run(f, &call, &err));
    assert_string_equal(err.code, "host_not_found");
    assert_int_equal(err.error_class, ERROR_TRANSIENT);
    assert_non_null(strstr(
        err.message, "(lambda.invalid, us-east-1, 1 try; the host is of AWS_ENDPOINT_URL_LAMBDA)"));
    aws_call_done(&call);
}

static void a_long_text_leaves_room_for_where_it_was(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct aws_call call = invoke();
    char body[2048] = "{\"message\":\"";
    memset(body + strlen(body), 'x', 1500);
    strcat(body, "\"}");
    expect(f, (struct fake_exchange){.answer = {.status = 400, .body = str_from(body)}});
    assert_false(run(f, &call, &err));
    assert_non_null(strstr(err.message, "xxx ("));
    assert_non_null(strstr(err.message, ", us-east-1, 1 try)"));
    aws_call_done(&call);
}

static void unknown_keys_and_refusals_of_access_are_credentials_errors(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct aws_call call = get_object();
    use_session(f, (const char *const[]){"AWS_ACCESS_KEY_ID=AKIDUNKNOWN", NULL});
    assert_false(run(f, &call, &err));
    assert_true(error_is(&err, "InvalidAccessKeyId"));
    assert_true(aws_error_is_credentials(&err));
    assert_false(aws_error_is_not_found(&err));
    assert_int_equal(call.attempts, 1);
    aws_call_done(&call);
}

static void without_credentials_nothing_is_sent(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct aws_call call = get_object();
    use_session(f, (const char *const[]){"AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", NULL});
    assert_false(run(f, &call, &err));
    assert_true(error_is(&err, "no_credentials"));
    assert_true(aws_error_is_credentials(&err));
    assert_int_equal(call.attempts, 0);
    assert_int_equal(fake_aws_count(f->aws), 0);
    aws_call_done(&call);
}

static void a_header_that_cannot_be_sent_fails_at_once(void **state)
{
    struct fixture *f = *state;
    struct http_header bad = {"x-amz-meta-a", "b\r\nx-amz-acl: public-read"};
    struct aws_call call = get_object();
    call.headers = &bad;
    call.header_count = 1;
    fails_after(f, call, 1, "bad_header", ERROR_PERMANENT);
}

/* ---- retries */

static void throttled_twice_then_fine(void **state)
{
    struct fixture *f = *state;
    expect(f, (struct fake_exchange){.times = 2,
                                     .answer = {.status = 400,
                                                .body = STR("{\"__type\":\"ThrottlingException\","
                                                            "\"message\":null}")}});
    expect(f, (struct fake_exchange){0});
    succeeds_after(f, invoke(), 3);
    assert_int_equal(aws_call_state_of(f->session)->retries.tokens, RETRY_TOKENS - RETRY_COST);
}

static void gives_up_after_the_attempts_of_the_session_or_call(void **state)
{
    struct fixture *f = *state;
    struct aws_call call = get_object();
    expect(f, (struct fake_exchange){.times = 3, .answer = {.status = 500}});
    fails_after(f, call, 3, "InternalError", ERROR_TRANSIENT);
    call.max_attempts = 1;
    expect(f, (struct fake_exchange){.times = 1, .answer = {.status = 502}});
    fails_after(f, call, 1, "BadGateway", ERROR_TRANSIENT);
    use_session(f, (const char *const[]){"AWS_MAX_ATTEMPTS=5", NULL});
    call.max_attempts = 0;
    expect(f, (struct fake_exchange){.times = 5, .answer = {.status = 503, .body = STR("<html>")}});
    fails_after(f, call, 5, "ServiceUnavailable", ERROR_TRANSIENT);
}

static void an_empty_bucket_of_tokens_stops_retries(void **state)
{
    struct fixture *f = *state;
    aws_call_state_of(f->session)->retries.tokens = RETRY_COST + 1;
    expect(f, (struct fake_exchange){.times = 2, .answer = {.status = 500}});
    fails_after(f, get_object(), 2, "InternalError", ERROR_TRANSIENT);
    assert_int_equal(aws_call_state_of(f->session)->retries.tokens, 1);
    expect(f, (struct fake_exchange){0});
    succeeds_after(f, get_object(), 1);
    assert_int_equal(aws_call_state_of(f->session)->retries.tokens, 2);
}

static void waits_as_long_as_the_service_asks(void **state)
{
    struct fixture *f = *state;
    struct clock *clock = clock_system();
    int64_t before = clock->monotonic_ms(clock);
    expect(f, (struct fake_exchange){
                  .answer = {.status = 429, .headers = "x-amz-retry-after: 120\r\n"}});
    expect(f, (struct fake_exchange){0});
    succeeds_after(f, invoke(), 2);
    assert_true(clock->monotonic_ms(clock) - before >= 120);
}

static void lost_answers_are_asked_for_again_only_when_that_is_safe(void **state)
{
    struct fixture *f = *state;
    static const enum fake_fault faults[] = {FAKE_RESET, FAKE_CLOSE, FAKE_TRUNCATE, FAKE_GARBAGE};
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        struct aws_call call = invoke();
        struct fake_answer broken = {.fault = faults[i], .body = STR("0123456789")};
        expect(f, (struct fake_exchange){.answer = broken});
        fails_after(f, call, 1, "connection_lost", ERROR_TRANSIENT);
        call.is_idempotent = true;
        expect(f, (struct fake_exchange){.times = 2, .answer = broken});
        expect(f, (struct fake_exchange){0});
        succeeds_after(f, call, ANY); /* libcurl may have sent it again by itself */
        expect(f, (struct fake_exchange){.method = "GET", .answer = broken});
        expect(f, (struct fake_exchange){.method = "GET"});
        succeeds_after(f, get_object(), ANY);
    }
}

/* A proxy that has waited long enough says 504, Lambda in trouble 500: the function may run still.
 */
static void what_may_have_been_done_is_not_done_twice(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int status;
        const char *headers, *code;
    } open[] = {
        {500, "x-amzn-ErrorType: ServiceException\r\n", "ServiceException"},
        {502, "", "BadGateway"},
        {503, "", "ServiceUnavailable"},
        {504, "", "GatewayTimeout"},
    };
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        struct fake_answer answer = {.status = open[i].status, .headers = open[i].headers};
        struct aws_call call = invoke();
        struct error err;
        expect(f, (struct fake_exchange){.answer = answer});
        assert_false(run(f, &call, &err));
        assert_string_equal(err.code, open[i].code);
        assert_int_equal(err.error_class, ERROR_TRANSIENT);
        assert_int_equal(call.attempts, 1);
        assert_true(call.may_be_done);
        aws_call_done(&call);
        call = invoke();
        call.is_idempotent = true;
        expect(f, (struct fake_exchange){.answer = answer});
        expect(f, (struct fake_exchange){0});
        succeeds_after(f, call, 2);
    }
}

static void what_was_not_begun_is_sent_again(void **state)
{
    struct fixture *f = *state;
    static const struct fake_answer refusals[] = {
        {.status = 429, .headers = "x-amzn-ErrorType: TooManyRequestsException\r\n"},
        {.status = 502, .headers = "x-amzn-ErrorType: EC2ThrottledException\r\n"},
        {.status = 502, .headers = "x-amzn-ErrorType: EC2UnexpectedException\r\n"},
        {.status = 502, .headers = "x-amzn-ErrorType: ResourceNotReadyException\r\n"},
    };
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        expect(f, (struct fake_exchange){.answer = refusals[i]});
        expect(f, (struct fake_exchange){0});
        succeeds_after(f, invoke(), 2);
    }
}

static void what_never_left_is_sent_again_even_if_it_is_not_idempotent(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct aws_call call = invoke();
    static const char *const nobody[] = {"AWS_ENDPOINT_URL=http://127.0.0.1:1", NULL};
    struct aws_session_spec spec = {.environment = (const char *const[]){
                                        "HOME=/nonexistent", nobody[0], "AWS_REGION=us-east-1",
                                        "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", NULL}};
    struct aws_session *session = aws_session_new(f->loop, &spec, &err);
    assert_non_null(session);
    aws_call_state_of(session)->retry_unit_ms = 1;
    aws_call_start(session, &call);
    assert_false(loop_await(f->loop, &call.op, &err));
    assert_true(error_is(&err, "connection_failed"));
    assert_int_equal(call.attempts, 3);
    aws_call_done(&call);
    aws_session_free(session);
}

static void silence_is_no_reason_to_invoke_twice(void **state)
{
    struct fixture *f = *state;
    struct aws_call call = invoke();
    call.stall_timeout_ms = 50;
    expect(f, (struct fake_exchange){.answer = {.fault = FAKE_SILENT}});
    fails_after(f, call, 1, "stalled", ERROR_TRANSIENT);
    call.is_idempotent = true;
    expect(f, (struct fake_exchange){.answer = {.fault = FAKE_STALL, .body = STR("0123456789")}});
    expect(f, (struct fake_exchange){0});
    succeeds_after(f, call, 2);
    assert_int_equal(aws_call_state_of(f->session)->retries.tokens, RETRY_TOKENS);
}

/* What S3 sends before it has done the work may be slow. */
static void an_answer_that_only_drips_is_a_stall(void **state)
{
    struct fixture *f = *state;
    struct aws_call call = get_object();
    static const char blanks[] = "                    <CopyObjectResult/>";
    call.stall_timeout_ms = 400;
    call.max_attempts = 1;
    expect(f, (struct fake_exchange){.answer = {.fault = FAKE_DRIP, .body = str_from(blanks)}});
    fails_after(f, call, 1, "stalled", ERROR_TRANSIENT);
    call.success_root = "CopyObjectResult";
    expect(f, (struct fake_exchange){.answer = {.fault = FAKE_DRIP, .body = str_from(blanks)}});
    succeeds_after(f, call, 1);
}

static void a_retry_after_silence_costs_twice_as_much(void **state)
{
    struct fixture *f = *state;
    struct aws_call call = get_object();
    call.stall_timeout_ms = 20;
    expect(f, (struct fake_exchange){.times = 3, .answer = {.fault = FAKE_SILENT}});
    fails_after(f, call, 3, "stalled", ERROR_TRANSIENT);
    assert_int_equal(aws_call_state_of(f->session)->retries.tokens,
                     RETRY_TOKENS - 2 * RETRY_COST_TIMEOUT);
}

static void an_answer_too_large_is_not_asked_for_again(void **state)
{
    struct fixture *f = *state;
    struct aws_call call = get_object();
    call.response_limit_bytes = 4;
    expect(f, (struct fake_exchange){.answer = {.body = STR("12345")}});
    fails_after(f, call, 1, "response_too_large", ERROR_PERMANENT);
}

static void a_total_time_out_covers_tries_and_pauses(void **state)
{
    struct fixture *f = *state;
    struct aws_call call = get_object();
    call.total_timeout_ms = 60;
    expect(f, (struct fake_exchange){.answer = {.fault = FAKE_SILENT}});
    fails_after(f, call, 1, "timeout", ERROR_TRANSIENT);
    expect(f, (struct fake_exchange){.answer = {.status = 503, .headers = "Retry-After: 30\r\n"}});
    fails_after(f, call, 1, "timeout", ERROR_TRANSIENT);
}

static void the_adaptive_mode_slows_down_after_throttling(void **state)
{
    struct fixture *f = *state;
    struct clock *clock = clock_system();
    use_session(f, (const char *const[]){"AWS_RETRY_MODE=adaptive", NULL});
    expect(f, (struct fake_exchange){.times = 2, .answer = {.status = 429}});
    expect(f, (struct fake_exchange){.times = FAKE_ALWAYS});
    struct rate_limiter *limiter = &aws_call_state_of(f->session)->limiter;
    limiter->measured_rate = 10;
    int64_t before = clock->monotonic_ms(clock);
    succeeds_after(f, get_object(), 3);
    assert_true(limiter->is_on);
    assert_true(clock->monotonic_ms(clock) - before >= 200); /* two tries at 7 and 4.9 a second */
}

/* ---- a 200 that is none */

static void an_error_behind_a_200_is_tried_again(void **state)
{
    struct fixture *f = *state;
    static const char *const bodies[] = {
        "\n\n  <?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code></Error>", "", "   \n",
        "<CompleteMultipartUploadResult><ETag>", "<Other/>"};
    struct aws_call call = {.service = AWS_S3,
                            .operation = "CompleteMultipartUpload",
                            .method = "POST",
                            .bucket = "bkt",
                            .path = "/k",
                            .is_idempotent = true,
                            .query = "uploadId=1",
                            .success_root = "CompleteMultipartUploadResult"};
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        expect(f, (struct fake_exchange){.answer = {.body = str_from(bodies[i])}});
        expect(f, (struct fake_exchange){
                      .answer = {.body = STR(" \n<CompleteMultipartUploadResult/>")}});
        succeeds_after(f, call, 2);
    }
    expect(f, (struct fake_exchange){.times = 3, .answer = {.body = str_from(bodies[0])}});
    fails_after(f, call, 3, "InternalError", ERROR_TRANSIENT);
    call.success_root = NULL;
    expect(f, (struct fake_exchange){.answer = {.body = str_from(bodies[0])}});
    succeeds_after(f, call, 1);
}

/* ---- regions */

static void a_bucket_elsewhere_is_followed_once_and_remembered(void **state)
{
    struct fixture *f = *state;
    const struct fake_answer redirects[] = {
        {.status = 301, .headers = "x-amz-bucket-region: eu-west-1\r\n"},
        {.status = 400,
         .body = STR("<Error><Code>AuthorizationHeaderMalformed</Code>"
                     "<Region>eu-west-1</Region></Error>")},
        {.status = 400, .headers = "x-amz-bucket-region: eu-west-1\r\n"},
        {.status = 307, .headers = "x-amz-bucket-region: eu-west-1\r\nLocation: http://x/\r\n"},
    };
    for (size_t i = 0; i < sizeof(redirects) / sizeof(redirects[0]); i++) {
        use_session(f, NULL);
        expect(f, (struct fake_exchange){.region = "us-east-1", .answer = redirects[i]});
        expect(f, (struct fake_exchange){.region = "eu-west-1", .times = 2});
        succeeds_after(f, get_object(), 2);
        succeeds_after(f, get_object(), 1);
        struct aws_call other = get_object();
        other.bucket = "other";
        expect(f, (struct fake_exchange){.region = "us-east-1"});
        succeeds_after(f, other, 1);
    }
}

static void where_a_bucket_is_that_is_elsewhere_is_asked_for(void **state)
{
    struct fixture *f = *state;
    const struct fake_answer refusals[] = {
        {.status = 301, .body = STR("<Error><Code>PermanentRedirect</Code></Error>")},
        {.status = 400,
         .body = STR("<Error><Code>IllegalLocationConstraintException</Code></Error>")},
    };
    struct http_header type = {"Content-Type", "text/csv"};
    struct aws_call put = {.service = AWS_S3,
                           .operation = "PutObject",
                           .method = "PUT",
                           .bucket = "bkt",
                           .path = "/a%20b",
                           .query = "partNumber=1",
                           .headers = &type,
                           .header_count = 1,
                           .body = STR("bytes")};
    for (size_t i = 0; i < 2; i++) {
        use_session(f, NULL);
        expect(f, (struct fake_exchange){
                      .method = "PUT", .region = "us-east-1", .answer = refusals[i]});
        expect(f, (struct fake_exchange){
                      .method = "HEAD",
                      .path = "/bkt",
                      .query = "",
                      .answer = {.status = 301, .headers = "x-amz-bucket-region: eu-west-1\r\n"}});
        expect(f, (struct fake_exchange){.method = "PUT",
                                         .path = "/bkt/a%20b",
                                         .query = "partNumber=1",
                                         .region = "eu-west-1",
                                         .header = "content-type: text/csv",
                                         .body = "bytes"});
        succeeds_after(f, put, 3);
        expect(f, (struct fake_exchange){.method = "GET", .region = "eu-west-1"});
        succeeds_after(f, get_object(), 1);
    }
    use_session(f, NULL);
    expect(f, (struct fake_exchange){.method = "PUT", .answer = refusals[0]});
    expect(f, (struct fake_exchange){.method = "HEAD", .answer = {.status = 301}});
    fails_after(f, put, 2, "PermanentRedirect", ERROR_PERMANENT);
}

static void regions_are_not_followed_in_a_circle_nor_against_the_caller(void **state)
{
    struct fixture *f = *state;
    struct aws_call call = get_object();
    expect(f, (struct fake_exchange){
                  .region = "us-east-1",
                  .answer = {.status = 301, .headers = "x-amz-bucket-region: eu-west-1\r\n"}});
    expect(f, (struct fake_exchange){
                  .region = "eu-west-1",
                  .answer = {.status = 301, .headers = "x-amz-bucket-region: us-west-2\r\n"}});
    fails_after(f, call, 2, "PermanentRedirect", ERROR_PERMANENT);
    call.region = "us-east-1";
    expect(f, (struct fake_exchange){
                  .region = "us-east-1",
                  .answer = {.status = 301, .headers = "x-amz-bucket-region: eu-west-1\r\n"}});
    fails_after(f, call, 1, "PermanentRedirect", ERROR_PERMANENT);
    call.region = NULL;
    call.bucket = "third";
    expect(f, (struct fake_exchange){
                  .times = 2, /* asked where it is, it says the same */
                  .answer = {.status = 301,
                             .headers = "x-amz-bucket-region: evil.example.com/x\r\n"}});
    fails_after(f, call, 2, "PermanentRedirect", ERROR_PERMANENT);
}

/* ---- the clock */

static void a_wrong_clock_is_corrected_once_and_remembered(void **state)
{
    struct fixture *f = *state;
    static const int64_t errors_ms[] = {20 * 60000, -3 * 3600000};
    for (size_t i = 0; i < 2; i++) {
        use_session(f, NULL);
        fake_aws_set_clock_ahead(f->aws, errors_ms[i]);
        expect(f, (struct fake_exchange){.times = 3});
        succeeds_after(f, get_object(), 2);
        succeeds_after(f, invoke(), 1);
        int64_t offset = aws_call_state_of(f->session)->clock_offset_ms;
        assert_true(offset > errors_ms[i] - 3000 && offset < errors_ms[i] + 3000);
        fake_aws_set_clock_ahead(f->aws, 0);
        succeeds_after(f, invoke(), 2);
    }
}

/* Its refusal has no body: only a GET hears that it is the clock. */
static void a_wrong_clock_is_corrected_for_a_head_too(void **state)
{
    struct fixture *f = *state;
    fake_aws_set_clock_ahead(f->aws, 3600000);
    expect(f, (struct fake_exchange){.method = "HEAD"});
    succeeds_after(f, head_object(), 3);
}

static void a_wrong_clock_stays_wrong_when_it_may_not_be_corrected(void **state)
{
    struct fixture *f = *state;
    use_session(f, (const char *const[]){"AWS_DISABLE_CLOCK_SKEW_CORRECTION=true", NULL});
    fake_aws_set_clock_ahead(f->aws, 3600000);
    fails_after(f, invoke(), 1, "InvalidSignatureException", ERROR_PERMANENT);
    assert_int_equal(aws_call_state_of(f->session)->clock_offset_ms, 0);
}

static void calls_that_were_under_way_profit_from_the_correction_of_one(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct aws_call calls[4];
    fake_aws_set_clock_ahead(f->aws, 3600000);
    expect(f, (struct fake_exchange){.times = 4});
    for (size_t i = 0; i < 4; i++) {
        calls[i] = invoke();
        aws_call_start(f->session, &calls[i]);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_true(loop_await(f->loop, &calls[i].op, &err));
        assert_int_equal(calls[i].attempts, 2);
        aws_call_done(&calls[i]);
    }
    int64_t offset = aws_call_state_of(f->session)->clock_offset_ms;
    assert_true(offset > 3597000 && offset < 3603000);
}

static void a_refused_signature_is_not_the_clocks_fault_when_it_is_right(void **state)
{
    struct fixture *f = *state;
    expect(f, (struct fake_exchange){
                  .answer = {.status = 403,
                             .body = STR("<Error><Code>SignatureDoesNotMatch</Code></Error>")}});
    fails_after(f, get_object(), 1, "SignatureDoesNotMatch", ERROR_PERMANENT);
    expect(f, (struct fake_exchange){
                  .answer = {.status = 403,
                             .headers = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nAge: 3\r\n",
                             .body = STR("<Error><Code>RequestTimeTooSkewed</Code></Error>")}});
    fails_after(f, get_object(), 1, "RequestTimeTooSkewed", ERROR_PERMANENT);
    assert_int_equal(aws_call_state_of(f->session)->clock_offset_ms, 0);
}

/* ---- why a HEAD is refused */

static void refuse_head(struct fixture *f, int status)
{
    expect(f, (struct fake_exchange){.method = "HEAD", .answer = {.status = status}});
}

static void a_head_refused_without_a_word_is_followed_by_a_get_that_hears_it(void **state)
{
    struct fixture *f = *state;
    struct error err;
    static const struct {
        int status;
        const char *code;
    } refusals[] = {{403, "AccessDenied"}, {403, "InvalidAccessKeyId"}, {400, "InvalidToken"}};
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct aws_call call = head_object();
        char body[128];
        snprintf(body, sizeof(body), "<Error><Code>%s</Code><Message>why</Message></Error>",
                 refusals[i].code);
        refuse_head(f, refusals[i].status);
        expect(f, (struct fake_exchange){
                      .method = "GET",
                      .path = "/bkt/a%20b",
                      .header = "Range: bytes=0-0",
                      .answer = {.status = refusals[i].status, .body = str_from(body)}});
        assert_false(run(f, &call, &err));
        assert_string_equal(err.code, refusals[i].code);
        assert_non_null(strstr(err.message, "HeadObject: "));
        assert_non_null(strstr(err.message, ": why (127.0.0.1"));
        assert_true(aws_error_is_credentials(&err));
        aws_call_done(&call);
    }
}

static void of_a_bucket_the_reason_is_asked_for_without_its_names(void **state)
{
    struct fixture *f = *state;
    struct aws_call call = head_object();
    call.path = "";
    refuse_head(f, 403);
    expect(f,
           (struct fake_exchange){
               .method = "GET",
               .path = "/bkt",
               .query = "list-type=2&max-keys=0",
               .answer = {.status = 403, .body = STR("<Error><Code>AccessDenied</Code></Error>")}});
    fails_after(f, call, 2, "AccessDenied", ERROR_PERMANENT);
}

static void a_region_that_only_the_get_tells_is_followed(void **state)
{
    struct fixture *f = *state;
    refuse_head(f, 400);
    expect(f, (struct fake_exchange){
                  .method = "GET",
                  .answer = {.status = 400,
                             .body = STR("<Error><Code>AuthorizationHeaderMalformed</Code>"
                                         "<Region>eu-west-1</Region></Error>")}});
    expect(f, (struct fake_exchange){.method = "HEAD", .region = "eu-west-1"});
    succeeds_after(f, head_object(), 3);
}

static void a_get_that_explains_nothing_leaves_the_refusal_as_it_is(void **state)
{
    struct fixture *f = *state;
    char *large = xcalloc(1, 128 << 10);
    const struct fake_answer answers[] = {
        {.status = 206, .body = STR("x")},
        {.status = 416, .body = STR("<Error><Code>InvalidRange</Code></Error>")},
        {.status = 200, .body = {large, 128 << 10}}, /* who does not know ranges */
        {.status = 503, .body = STR("<Error><Code>SlowDown</Code></Error>")},
        {.fault = FAKE_GARBAGE},
    };
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        refuse_head(f, 403);
        expect(f,
               (struct fake_exchange){.method = "GET", .times = FAKE_ALWAYS, .answer = answers[i]});
        fails_after(f, head_object(), 2, "Forbidden", ERROR_PERMANENT);
        use_session(f, NULL);
    }
    refuse_head(f, 404); /* says it all */
    fails_after(f, head_object(), 1, "NotFound", ERROR_PERMANENT);
    free(large);
}

/* ---- expired tokens */

static void write_keys(const char *folder, const char *key_id, const char *token)
{
    char text[512];
    snprintf(text, sizeof(text),
             "[default]\naws_access_key_id = %s\naws_secret_access_key = temporary-secret\n"
             "aws_session_token = %s\n",
             key_id, token);
    test_file_write(folder, "credentials", text, 0600);
}

/* asks: how often a try is needed to hear that the token has expired. */
static void check_renewal(struct fixture *f, struct aws_call call, int asks, const char *code)
{
    struct error err;
    char *folder = test_folder_new();
    char variable[512];
    snprintf(variable, sizeof(variable), "AWS_SHARED_CREDENTIALS_FILE=%s/credentials", folder);
    const char *environment[] = {variable, "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", NULL};
    write_keys(folder, "ASIAOLD", "old-token");
    use_session(f, environment);
    fails_after(f, call, 2 * asks, code, ERROR_PERMANENT); /* nobody has renewed it */
    use_session(f, environment);
    call.max_attempts = 1;
    aws_call_start(f->session, &call);
    write_keys(folder, "ASIANEW", "new-token"); /* somebody does, meanwhile */
    expect(f, (struct fake_exchange){.header = "x-amz-security-token: new-token"});
    assert_true(loop_await(f->loop, &call.op, &err));
    assert_int_equal(call.attempts, asks + 1);
    aws_call_done(&call);
    test_folder_free(folder);
}

static void expired_keys_are_renewed_once(void **state)
{
    struct fixture *f = *state;
    fake_aws_add_key(f->aws, "ASIAOLD", "temporary-secret", "old-token");
    fake_aws_add_key(f->aws, "ASIANEW", "temporary-secret", "new-token");
    fake_aws_expire_key(f->aws, "ASIAOLD");
    check_renewal(f, get_object(), 1, "ExpiredToken");
    check_renewal(f, invoke(), 1, "ExpiredTokenException");
    check_renewal(f, head_object(), 2, "ExpiredToken");
}

/* ---- cancelling */

static void cancel(void *context)
{
    aws_call_cancel(context);
    aws_call_cancel(context);
}

static void a_cancel_ends_a_call_in_any_phase(void **state)
{
    struct fixture *f = *state;
    struct error err;
    expect(f, (struct fake_exchange){.times = FAKE_ALWAYS,
                                     .method = "GET",
                                     .answer = {.fault = FAKE_STALL, .body = STR("0123456789")}});
    expect(f, (struct fake_exchange){.times = FAKE_ALWAYS,
                                     .method = "POST",
                                     .answer = {.status = 429, .headers = "Retry-After: 20\r\n"}});
    for (int delay_ms = -1; delay_ms < 16; delay_ms += 2) {
        for (int i = 0; i < 2; i++) {
            struct aws_call call = i == 0 ? get_object() : invoke();
            struct timer *timer = timer_new(f->loop, cancel, &call);
            aws_call_start(f->session, &call);
            if (delay_ms < 0) {
                cancel(&call);
            } else {
                timer_arm(timer, delay_ms);
            }
            assert_false(loop_await(f->loop, &call.op, &err));
            assert_int_equal(err.error_class, ERROR_CANCELLED);
            cancel(&call); /* after its end, too */
            aws_call_done(&call);
            cancel(&call);
            timer_free(timer);
        }
    }
}

/* ---- traces */

struct heard {
    int count;
    struct aws_session *session;
    struct aws_call next;
    bool begins_another;
};

static void hear(struct op *op, const struct error *err)
{
    struct heard *heard = op->context;
    assert_true(error_is(err, "cancelled"));
    heard->count++;
    if (heard->begins_another) {
        heard->begins_another = false;
        heard->next.op = (struct op){.done = hear, .context = heard};
        aws_call_start(heard->session, &heard->next);
    }
}

static void all_calls_of_a_session_end_when_it_is_stopped(void **state)
{
    struct fixture *f = *state;
    struct heard heard = {.session = f->session, .next = get_object(), .begins_another = true};
    struct aws_call silent = get_object(), throttled = get_object(), delayed = get_object();
    struct aws_call *calls[] = {&silent, &throttled, &delayed};
    delayed.delay_ms = 3600000;
    expect(f, (struct fake_exchange){.answer = {.fault = FAKE_SILENT}});
    expect(f, (struct fake_exchange){.answer = {.status = 503, .headers = "Retry-After: 30\r\n"}});
    for (size_t i = 0; i < 3; i++) {
        calls[i]->op = (struct op){.done = hear, .context = &heard};
        aws_call_start(f->session, calls[i]);
    }
    while (fake_aws_count(f->aws) < 2) {
        struct aws_credentials_get turn = {.must_renew = false};
        struct error err;
        aws_credentials_get_start(f->session, &turn);
        assert_true(loop_await(f->loop, &turn.op, &err));
        aws_credentials_done(&turn.credentials);
    }
    aws_calls_stop(f->session);
    assert_int_equal(heard.count, 4);
    assert_int_equal(fake_aws_count(f->aws), 2);
    aws_calls_stop(f->session); /* of nothing */
    for (size_t i = 0; i < 3; i++) {
        aws_call_done(calls[i]);
    }
    aws_call_done(&heard.next);
}

static void the_trace_shows_requests_and_answers_without_secrets(void **state)
{
    struct fixture *f = *state;
    struct http_header secret = {"x-amz-server-side-encryption-customer-key", "c2VjcmV0"};
    struct aws_call call = get_object();
    struct error err;
    call.headers = &secret;
    call.header_count = 1;
    call.query = "X-Amz-Signature=abcd&X-Amz-Credential=k&partNumber=1";
    expect(f, (struct fake_exchange){.answer = {.headers = "Set-Cookie: a=b\r\nETag: \"e\"\r\n",
                                                .body = STR("body")}});
    assert_true(run(f, &call, &err));
    aws_call_done(&call);
    const char *trace = fake_aws_trace(f->aws);
    assert_non_null(strstr(trace, "s3 GetObject > GET http://127.0.0.1:"));
    assert_non_null(
        strstr(trace, "?X-Amz-Signature=***&X-Amz-Credential=***&partNumber=1 body=0 "));
    assert_non_null(strstr(trace, " Authorization=*** "));
    assert_non_null(strstr(trace, "customer-key=*** "));
    assert_non_null(strstr(trace, "s3 GetObject < 200 body=4 ms="));
    assert_non_null(strstr(trace, "set-cookie=***"));
    assert_non_null(strstr(trace, "etag=\"e\""));
    assert_null(strstr(trace, "c2VjcmV0"));
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_bucket_is_in_the_path_of_a_custom_endpoint),
        T(a_bucket_itself_has_no_final_slash),
        T(a_session_token_is_sent_and_signed),
        T(given_credentials_are_used_in_place_of_the_sessions),
        T(an_unsigned_call_has_no_signature),
        T(tries_share_an_id_and_are_counted),
        T(a_json_call_prints_its_request_and_parses_the_answer),
        T(an_empty_json_answer_is_an_empty_object),
        T(an_answer_that_is_no_json_is_a_lost_one),
        T(an_error_says_operation_code_text_host_region_and_tries),
        T(an_unknown_host_is_told_with_where_it_comes_from),
        T(a_long_text_leaves_room_for_where_it_was),
        T(unknown_keys_and_refusals_of_access_are_credentials_errors),
        T(without_credentials_nothing_is_sent),
        T(a_header_that_cannot_be_sent_fails_at_once),
        T(throttled_twice_then_fine),
        T(gives_up_after_the_attempts_of_the_session_or_call),
        T(an_empty_bucket_of_tokens_stops_retries),
        T(waits_as_long_as_the_service_asks),
        T(lost_answers_are_asked_for_again_only_when_that_is_safe),
        T(what_may_have_been_done_is_not_done_twice),
        T(what_was_not_begun_is_sent_again),
        T(what_never_left_is_sent_again_even_if_it_is_not_idempotent),
        T(silence_is_no_reason_to_invoke_twice),
        T(an_answer_that_only_drips_is_a_stall),
        T(a_retry_after_silence_costs_twice_as_much),
        T(an_answer_too_large_is_not_asked_for_again),
        T(a_total_time_out_covers_tries_and_pauses),
        T(the_adaptive_mode_slows_down_after_throttling),
        T(an_error_behind_a_200_is_tried_again),
        T(a_bucket_elsewhere_is_followed_once_and_remembered),
        T(where_a_bucket_is_that_is_elsewhere_is_asked_for),
        T(regions_are_not_followed_in_a_circle_nor_against_the_caller),
        T(a_wrong_clock_is_corrected_once_and_remembered),
        T(a_wrong_clock_is_corrected_for_a_head_too),
        T(a_wrong_clock_stays_wrong_when_it_may_not_be_corrected),
        T(a_head_refused_without_a_word_is_followed_by_a_get_that_hears_it),
        T(of_a_bucket_the_reason_is_asked_for_without_its_names),
        T(a_region_that_only_the_get_tells_is_followed),
        T(a_get_that_explains_nothing_leaves_the_refusal_as_it_is),
        T(calls_that_were_under_way_profit_from_the_correction_of_one),
        T(a_refused_signature_is_not_the_clocks_fault_when_it_is_right),
        T(expired_keys_are_renewed_once),
        T(a_cancel_ends_a_call_in_any_phase),
        T(all_calls_of_a_session_end_when_it_is_stopped),
        T(the_trace_shows_requests_and_answers_without_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
