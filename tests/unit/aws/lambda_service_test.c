/* The function service on a fake Lambda: lists by pages, checks, calls, every way a call can end.
 */
#include "core/aws/lambda_service.h"

#include "core/base/alloc.h"
#include "core/loop/timer.h"
#include "tests/support/cmocka.h"
#include "tests/support/fake_aws.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIGURATION "/2015-03-31/functions/f/configuration"
#define INVOCATIONS   "/2015-03-31/functions/f/invocations"
#define READY                                                                                      \
    "{\"State\":\"Active\",\"LastUpdateStatus\":\"Successful\",\"Timeout\":900,\"MemorySize\":"    \
    "512}"

struct fixture {
    struct loop *loop;
    struct fake_aws *aws;
    struct aws_session *session;
    struct function_service *service;
    struct error err;
    struct buf log;
};

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    struct lambda_settings settings = {.poll_ms = 2, .ready_ms = 60};
    f->loop = loop_new();
    f->aws = fake_aws_new(f->loop);
    f->session = fake_aws_session(f->aws);
    f->service = lambda_service_new(f->session, &settings);
    buf_init(&f->log, 1 << 20);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    function_service_free(f->service);
    aws_session_free(f->session);
    fake_aws_free(f->aws);
    loop_free(f->loop);
    buf_done(&f->log);
    free(f);
    return 0;
}

static void on_line(void *context, struct str line)
{
    struct fixture *f = context;
    buf_append_str(&f->log, line);
    buf_append_char(&f->log, '|');
}

/* ---- invoke */

static void answers(struct fixture *f, struct fake_answer answer)
{
    fake_aws_expect(f->aws,
                    (struct fake_exchange){.method = "POST",
                                           .path = INVOCATIONS,
                                           .service = "lambda",
                                           .header = "X-Amz-Invocation-Type: RequestResponse",
                                           .answer = answer});
}

static bool invoke(struct fixture *f, struct function_invoke *req)
{
    req->name = req->name == NULL ? "f" : req->name;
    function_invoke_start(f->service, req);
    bool is_ok = loop_await(f->loop, &req->op, &f->err);
    assert_true(is_ok == (req->result != NULL));
    return is_ok;
}

static void fails(struct fixture *f, struct function_invoke req, enum error_class error_class,
                  const char *code)
{
    assert_false(invoke(f, &req));
    if (strcmp(f->err.code, code) != 0) {
        print_error("%s: %s\n", f->err.code, f->err.message);
    }
    assert_string_equal(f->err.code, code);
    assert_int_equal(f->err.error_class, error_class);
    assert_non_null(strstr(f->err.message, "f: "));
}

static void fails_with(struct fixture *f, const char *body, enum error_class error_class,
                       const char *code)
{
    answers(f, (struct fake_answer){.headers = "X-Amz-Function-Error: Unhandled\r\n",
                                    .body = str_from(body)});
    fails(f, (struct function_invoke){0}, error_class, code);
}

static void the_event_goes_in_and_the_result_comes_out(void **state)
{
    struct fixture *f = *state;
    struct json *event = json_parse(STR("{\"rows\":[1,2],\"text\":\"\\u00e4\"}"), &f->err);
    struct function_invoke req = {.event = event};
    fake_aws_expect(f->aws, (struct fake_exchange){.path = INVOCATIONS,
                                                   .body = "{\"rows\":[1,2],\"text\":\"\xc3\xa4\"}",
                                                   .header = "Content-Type: application/json",
                                                   .answer = {.body = STR("{\"rows_out\":3}")}});
    assert_true(invoke(f, &req));
    assert_int_equal(json_int_or(req.result, "rows_out", 0), 3);
    assert_null(fake_request_header(fake_aws_request(f->aws, 0), "x-amz-log-type"));
    function_invoke_done(&req);
    json_free(event);
}

static char *log_header(const char *log)
{
    size_t len = strlen(log);
    unsigned char *base64 = xmalloc(len * 2 + 8);
    EVP_EncodeBlock(base64, (const unsigned char *)log, (int)len);
    char *header = xasprintf("X-Amz-Log-Result: %s\r\n", (char *)base64);
    free(base64);
    return header;
}

static void check_log(struct fixture *f, const char *log, const char *expected)
{
    struct function_invoke req = {.on_log_line = on_line, .log_context = f};
    char *header = log_header(log);
    fake_aws_expect(f->aws,
                    (struct fake_exchange){.path = INVOCATIONS,
                                           .header = "X-Amz-Log-Type: Tail",
                                           .answer = {.headers = header, .body = STR("{}")}});
    buf_reset(&f->log);
    assert_true(invoke(f, &req));
    assert_string_equal(buf_text(&f->log), expected);
    function_invoke_done(&req);
    free(header);
}

static void the_end_of_its_log_is_told_line_by_line(void **state)
{
    struct fixture *f = *state;
    check_log(f, "START RequestId: 1\nrows=3\n\nEND RequestId: 1\n",
              "START RequestId: 1|rows=3|END RequestId: 1|");
    check_log(f, "a", "a|");
    check_log(f, "ab", "ab|");
    check_log(f, "abc", "abc|");
    check_log(f, "", "");
}

static void a_log_that_is_no_base64_is_not_told(void **state)
{
    struct fixture *f = *state;
    static const char *const logs[] = {"X-Amz-Log-Result: abc\r\n", "X-Amz-Log-Result: a!cd\r\n",
                                       "X-Amz-Log-Result: ====\r\n"};
    for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
        struct function_invoke req = {.on_log_line = on_line, .log_context = f};
        answers(f, (struct fake_answer){.headers = logs[i], .body = STR("{}")});
        assert_true(invoke(f, &req));
        function_invoke_done(&req);
    }
    assert_string_equal(buf_text(&f->log), "");
}

static void a_functions_own_failure_keeps_class_code_and_message(void **state)
{
    struct fixture *f = *state;
    fails_with(f,
               "{\"errorType\":\"permanent:expectation_failed\",\"errorMessage\":\"3 rows\","
               "\"stackTrace\":[]}",
               ERROR_PERMANENT, "expectation_failed");
    assert_string_equal(f->err.message, "f: 3 rows");
    fails_with(f, "{\"errorType\":\"transient:disk_full\",\"errorMessage\":\"x\"}", ERROR_TRANSIENT,
               "disk_full");
}

static void any_other_error_type_is_permanent(void **state)
{
    struct fixture *f = *state;
    static const char *const types[] = {"Runtime.InvalidEntrypoint", "cancelled:x", "bug:x",
                                        "Function.ResponseSizeTooLarge", "transient:"};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        char *body = xasprintf("{\"errorType\":\"%s\",\"errorMessage\":\"m\"}", types[i]);
        fails_with(f, body, ERROR_PERMANENT, types[i]);
        free(body);
    }
    fails_with(f, "{\"errorMessage\":\"m\"}", ERROR_PERMANENT, "function_failed");
    fails_with(f, "null", ERROR_PERMANENT, "function_failed");
    fails_with(f, "not JSON", ERROR_PERMANENT, "function_failed");
    fails_with(f, "", ERROR_PERMANENT, "function_failed");
}

static void a_function_that_lambda_ended_is_transient(void **state)
{
    struct fixture *f = *state;
    fails_with(f,
               "{\"errorMessage\":\"2026-11-22T20:00:00Z 1-2 Task timed out after 3.00 seconds\"}",
               ERROR_TRANSIENT, "timeout");
    fails_with(f,
               "{\"errorType\":\"Sandbox.Timedout\",\"errorMessage\":\"RequestId: 1 Error: Task "
               "timed out after 3.00 seconds\"}",
               ERROR_TRANSIENT, "timeout");
    fails_with(f,
               "{\"errorType\":\"Runtime.ExitError\",\"errorMessage\":\"RequestId: 1 Error: "
               "Runtime exited with error: signal: killed\"}",
               ERROR_TRANSIENT, "function_crashed");
    fails_with(f,
               "{\"errorType\":\"Runtime.OutOfMemory\",\"errorMessage\":\"RequestId: 1 Error: "
               "Runtime exited\"}",
               ERROR_TRANSIENT, "function_crashed");
    /* its own words do not make it a matter of Lambda's */
    fails_with(f, "{\"errorType\":\"permanent:x\",\"errorMessage\":\"Task timed out after 1\"}",
               ERROR_PERMANENT, "x");
}

static void text_of_a_failure_is_made_printable(void **state)
{
    struct fixture *f = *state;
    fails_with(f, "{\"errorType\":\"permanent:a\",\"errorMessage\":\"x\\u001b[31my\"}",
               ERROR_PERMANENT, "a");
    assert_string_equal(f->err.message, "f: x\xef\xbf\xbd[31my");
}

static void a_failure_is_told_with_its_log_and_request_id(void **state)
{
    struct fixture *f = *state;
    char *log = log_header("last words\n");
    char *headers =
        xasprintf("X-Amz-Function-Error: Unhandled\r\nx-amzn-RequestId: id-1\r\n%s", log);
    answers(f, (struct fake_answer){.headers = headers,
                                    .body = STR("{\"errorType\":\"permanent:x\"}")});
    fails(f, (struct function_invoke){.on_log_line = on_line, .log_context = f}, ERROR_PERMANENT,
          "x");
    assert_string_equal(buf_text(&f->log), "last words|");
    assert_string_equal(f->err.request_id, "id-1");
    free(headers);
    free(log);
}

static void a_result_that_is_no_json_object_is_permanent(void **state)
{
    struct fixture *f = *state;
    static const char *const bodies[] = {"oops", "[1]", "", "{} {}", "null"};
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        answers(f, (struct fake_answer){.body = str_from(bodies[i])});
        fails(f, (struct function_invoke){0}, ERROR_PERMANENT, "bad_result");
    }
}

static void a_throttle_is_waited_out(void **state)
{
    struct fixture *f = *state;
    struct function_invoke req = {0};
    static const char body[] =
        "{\"Type\":\"User\",\"Reason\":\"ConcurrentInvocationLimitExceeded\","
        "\"message\":\"Rate Exceeded.\"}";
    for (int i = 0; i < 2; i++) {
        answers(f, (struct fake_answer){.status = 429,
                                        .headers = "x-amzn-ErrorType: TooManyRequestsException\r\n",
                                        .body = str_from(body)});
    }
    answers(f, (struct fake_answer){.body = STR("{}")});
    assert_true(invoke(f, &req));
    assert_int_equal(fake_aws_count(f->aws), 3);
    function_invoke_done(&req);
}

static void a_service_that_stays_busy_is_a_transient_error(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 3; i++) {
        answers(f, (struct fake_answer){
                       .status = 502,
                       .headers = "x-amzn-ErrorType: ResourceNotReadyException\r\n",
                       .body = STR("{\"Type\":\"Service\",\"Message\":\"it wakes up\"}")});
    }
    fails(f, (struct function_invoke){0}, ERROR_TRANSIENT, "unavailable");
    assert_non_null(strstr(f->err.message, "ResourceNotReadyException"));
    assert_non_null(strstr(f->err.message, "it wakes up"));
}

static void a_throttle_that_does_not_end_is_told_as_one(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 3; i++) {
        answers(f, (struct fake_answer){.status = 429,
                                        .headers = "x-amzn-ErrorType: TooManyRequestsException\r\n",
                                        .body = STR("{\"message\":\"Rate Exceeded.\"}")});
    }
    fails(f, (struct function_invoke){0}, ERROR_TRANSIENT, "throttled");
    assert_non_null(strstr(f->err.message, "TooManyRequestsException: Rate Exceeded."));
}

static void a_lost_answer_is_never_asked_for_again(void **state)
{
    struct fixture *f = *state;
    static const enum fake_fault faults[] = {FAKE_RESET, FAKE_CLOSE, FAKE_TRUNCATE};
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        answers(f, (struct fake_answer){.body = STR("{\"a\":\"0123456789\"}"), .fault = faults[i]});
        fails(f, (struct function_invoke){0}, ERROR_TRANSIENT, "connection_lost");
        assert_int_equal(fake_aws_count(f->aws), i + 1);
    }
}

static void refusals_are_told_in_lambdas_words(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int status;
        const char *type, *code;
    } refusals[] = {
        {404, "ResourceNotFoundException", "not_found"},
        {403, "AccessDeniedException", "credentials_refused"},
        {400, "InvalidRequestContentException", "InvalidRequestContentException"},
        {413, "RequestTooLargeException", "RequestTooLargeException"},
        {409, "ResourceConflictException", "ResourceConflictException"},
    };
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        char *type = xasprintf("x-amzn-ErrorType: %s:http://x/\r\n", refusals[i].type);
        answers(f, (struct fake_answer){.status = refusals[i].status,
                                        .headers = type,
                                        .body = STR("{\"Type\":\"User\",\"Message\":\"why\"}")});
        fails(f, (struct function_invoke){0}, ERROR_PERMANENT, refusals[i].code);
        assert_non_null(strstr(f->err.message, "why"));
        free(type);
    }
}

static void the_deadline_is_a_transient_timeout(void **state)
{
    struct fixture *f = *state;
    answers(f, (struct fake_answer){.fault = FAKE_SILENT});
    fails(f, (struct function_invoke){.timeout_ms = 50}, ERROR_TRANSIENT, "timeout");
}

static void cancel_in_time(void *context)
{
    struct function_invoke *req = context;
    op_cancel(&req->op);
}

static void cancel_leaves_the_call(void **state)
{
    struct fixture *f = *state;
    struct function_invoke req = {.name = "f"};
    struct timer *timer = timer_new(f->loop, cancel_in_time, &req);
    answers(f, (struct fake_answer){.fault = FAKE_SILENT});
    timer_arm(timer, 30);
    assert_false(invoke(f, &req));
    assert_int_equal(f->err.error_class, ERROR_CANCELLED);
    op_cancel(&req.op); /* over: nothing happens */
    timer_free(timer);
}

static void cancel_op(void *context)
{
    op_cancel(context);
}

static void ends_when_cancelled(struct fixture *f, struct op *op)
{
    struct timer *timer = timer_new(f->loop, cancel_op, op);
    timer_arm(timer, 30);
    assert_false(loop_await(f->loop, op, &f->err));
    assert_int_equal(f->err.error_class, ERROR_CANCELLED);
    timer_free(timer);
}

static void a_check_or_a_list_that_hangs_ends_when_it_is_cancelled(void **state)
{
    struct fixture *f = *state;
    struct function_check check = {.name = "f"};
    struct function_list list = {.count = 0};
    struct fake_answer silence = {.fault = FAKE_SILENT};
    fake_aws_expect(f->aws, (struct fake_exchange){.method = "GET", .answer = silence});
    function_check_start(f->service, &check);
    ends_when_cancelled(f, &check.op);
    fake_aws_expect(f->aws, (struct fake_exchange){.method = "GET", .answer = {.body = STR("{}")}});
    fake_aws_expect(f->aws, (struct fake_exchange){.method = "POST", .answer = silence});
    function_check_start(f->service, &check);
    ends_when_cancelled(f, &check.op);
    fake_aws_expect(f->aws, (struct fake_exchange){.method = "GET", .answer = silence});
    function_list_start(f->service, &list);
    ends_when_cancelled(f, &list.op);
    function_list_done(&list);
}

static void too_large_an_event_is_not_sent(void **state)
{
    struct fixture *f = *state;
    char *text = xmalloc(FUNCTION_PAYLOAD_MAX + 1);
    struct json *event = json_object();
    memset(text, 'x', FUNCTION_PAYLOAD_MAX);
    json_set_str(event, "a", (struct str){text, FUNCTION_PAYLOAD_MAX});
    fails(f, (struct function_invoke){.event = event}, ERROR_PERMANENT, "event_too_large");
    assert_int_equal(fake_aws_count(f->aws), 0);
    json_free(event);
    free(text);
}

static void too_large_an_answer_is_refused(void **state)
{
    struct fixture *f = *state;
    size_t len = 7 << 20;
    char *text = xmalloc(len);
    memset(text, ' ', len);
    answers(f, (struct fake_answer){.body = {text, len}});
    fails(f, (struct function_invoke){0}, ERROR_PERMANENT, "response_too_large");
    free(text);
}

static void bad_names_are_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"", "--list"};
    for (size_t i = 0; i < 2; i++) {
        struct function_invoke req = {.name = names[i]};
        struct function_check check = {.name = names[i]};
        assert_false(invoke(f, &req));
        assert_string_equal(f->err.code, "bad_name");
        function_check_start(f->service, &check);
        assert_false(loop_await(f->loop, &check.op, &f->err));
        assert_string_equal(f->err.code, "bad_name");
    }
    assert_int_equal(fake_aws_count(f->aws), 0);
}

static void an_arn_with_a_qualifier_is_one_segment_of_the_path(void **state)
{
    struct fixture *f = *state;
    struct function_invoke req = {.name = "arn:aws:lambda:us-east-1:123456789012:function:f:live"};
    fake_aws_expect(
        f->aws, (struct fake_exchange){
                    .path = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%"
                            "3Afunction%3Af%3Alive/invocations",
                    .answer = {.body = STR("{}")}});
    assert_true(invoke(f, &req));
    function_invoke_done(&req);
}

/* ---- check */

static void has_configuration(struct fixture *f, const char *body)
{
    fake_aws_expect(f->aws, (struct fake_exchange){.method = "GET",
                                                   .path = CONFIGURATION,
                                                   .answer = {.body = str_from(body)}});
}

static void dry_run_answers(struct fixture *f, struct fake_answer answer)
{
    fake_aws_expect(f->aws, (struct fake_exchange){.method = "POST",
                                                   .path = INVOCATIONS,
                                                   .header = "X-Amz-Invocation-Type: DryRun",
                                                   .answer = answer});
}

static bool check(struct fixture *f, struct function_check *req)
{
    req->name = "f";
    function_check_start(f->service, req);
    return loop_await(f->loop, &req->op, &f->err);
}

static void check_fails(struct fixture *f, enum error_class error_class, const char *code,
                        const char *part)
{
    struct function_check req = {0};
    assert_false(check(f, &req));
    assert_string_equal(f->err.code, code);
    assert_int_equal(f->err.error_class, error_class);
    assert_non_null(strstr(f->err.message, part));
}

static void a_check_reads_the_configuration_and_tries_the_right_to_call(void **state)
{
    struct fixture *f = *state;
    struct function_check req = {0};
    has_configuration(f, READY);
    dry_run_answers(f, (struct fake_answer){.status = 204});
    assert_true(check(f, &req));
    assert_string_equal(req.state, "Active");
    assert_int_equal(req.timeout_ms, 900000);
    assert_int_equal(req.memory_bytes, 512 << 20);
}

static void numbers_that_cannot_be_are_not_known(void **state)
{
    struct fixture *f = *state;
    static const char *const bodies[] = {
        "{\"Timeout\":-1,\"MemorySize\":-512}",
        "{\"Timeout\":9007199254740992,\"MemorySize\":9007199254740992}",
        "{\"Timeout\":\"900\",\"MemorySize\":[]}",
        "{\"Timeout\":1e300,\"MemorySize\":0.5}",
    };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct function_check req = {0};
        has_configuration(f, bodies[i]);
        dry_run_answers(f, (struct fake_answer){.status = 204});
        assert_true(check(f, &req));
        assert_int_equal(req.timeout_ms, 0);
        assert_int_equal(req.memory_bytes, 0);
    }
}

static void a_function_that_is_being_made_or_updated_is_waited_for(void **state)
{
    struct fixture *f = *state;
    struct function_check req = {0};
    has_configuration(f, "{\"State\":\"Pending\",\"StateReasonCode\":\"Creating\"}");
    has_configuration(f, "{\"State\":\"Active\",\"LastUpdateStatus\":\"InProgress\"}");
    has_configuration(f, READY);
    dry_run_answers(f, (struct fake_answer){.status = 204});
    assert_true(check(f, &req));
    assert_int_equal(fake_aws_count(f->aws), 4);
}

static void waiting_has_an_end(void **state)
{
    struct fixture *f = *state;
    fake_aws_expect(f->aws, (struct fake_exchange){.path = CONFIGURATION,
                                                   .times = FAKE_ALWAYS,
                                                   .answer = {.body = STR("{\"State\":"
                                                                          "\"Pending\"}")}});
    check_fails(f, ERROR_TRANSIENT, "not_ready", "its state is Pending");
}

static void an_inactive_function_is_callable(void **state)
{
    struct fixture *f = *state;
    struct function_check req = {0};
    has_configuration(f, "{\"State\":\"Inactive\",\"StateReasonCode\":\"Idle\"}");
    dry_run_answers(f, (struct fake_answer){.status = 204});
    assert_true(check(f, &req));
    assert_string_equal(req.state, "Inactive");
}

static void a_failed_function_or_update_is_refused_with_its_reason(void **state)
{
    struct fixture *f = *state;
    has_configuration(f, "{\"State\":\"Failed\",\"StateReason\":\"no subnet\\u001b\"}");
    check_fails(f, ERROR_PERMANENT, "function_not_active", "no subnet\xef\xbf\xbd");
    has_configuration(f, "{\"State\":\"Active\",\"LastUpdateStatus\":\"Failed\","
                         "\"LastUpdateStatusReason\":\"bad zip\"}");
    check_fails(f, ERROR_PERMANENT, "function_update_failed", "bad zip");
}

static void an_unknown_function_is_not_found(void **state)
{
    struct fixture *f = *state;
    fake_aws_expect(f->aws,
                    (struct fake_exchange){
                        .path = CONFIGURATION,
                        .answer = {.status = 404,
                                   .headers = "x-amzn-ErrorType: ResourceNotFoundException\r\n",
                                   .body = STR("{\"Type\":\"User\",\"Message\":\"Function not "
                                               "found: f\"}")}});
    check_fails(f, ERROR_PERMANENT, "not_found", "Function not found");
}

static void a_function_we_may_not_call_fails_the_check(void **state)
{
    struct fixture *f = *state;
    has_configuration(f, READY);
    dry_run_answers(f,
                    (struct fake_answer){.status = 403,
                                         .headers = "x-amzn-ErrorType: AccessDeniedException\r\n",
                                         .body = STR("{\"Message\":\"not authorized to perform: "
                                                     "lambda:InvokeFunction\"}")});
    check_fails(f, ERROR_PERMANENT, "credentials_refused", "lambda:InvokeFunction");
}

static void answers_that_make_no_sense_are_transient(void **state)
{
    struct fixture *f = *state;
    static const char *const bodies[] = {"<html>", "[]"};
    for (size_t i = 0; i < 2; i++) {
        fake_aws_expect(f->aws, (struct fake_exchange){.path = CONFIGURATION,
                                                       .times = 3,
                                                       .answer = {.body = str_from(bodies[i])}});
        check_fails(f, ERROR_TRANSIENT, "bad_json", "f: ");
    }
}

/* ---- list */

static void all_pages_are_listed(void **state)
{
    struct fixture *f = *state;
    struct function_list list = {0};
    fake_aws_expect(f->aws,
                    (struct fake_exchange){.method = "GET",
                                           .path = "/2015-03-31/functions/",
                                           .query = "MaxItems=50",
                                           .answer = {.body = STR("{\"Functions\":[{"
                                                                  "\"FunctionName\":\"a\"},{}],"
                                                                  "\"NextMarker\":\"m/1=\"}")}});
    fake_aws_expect(f->aws, (struct fake_exchange){
                                .path = "/2015-03-31/functions/",
                                .query = "Marker=m%2F1%3D&MaxItems=50",
                                .answer = {.body = STR("{\"Functions\":[{\"FunctionName\":\"b\"}]"
                                                       ",\"NextMarker\":null}")}});
    function_list_start(f->service, &list);
    assert_true(loop_await(f->loop, &list.op, &f->err));
    assert_int_equal(list.count, 2);
    assert_string_equal(list.names[0], "a");
    assert_string_equal(list.names[1], "b");
    function_list_done(&list);
}

static void a_list_that_never_ends_is_cut(void **state)
{
    struct fixture *f = *state;
    struct function_list list = {0};
    fake_aws_expect(f->aws, (struct fake_exchange){
                                .times = FAKE_ALWAYS,
                                .answer = {.body = STR("{\"Functions\":[{\"FunctionName\":\"a\"}],"
                                                       "\"NextMarker\":\"again\"}")}});
    function_list_start(f->service, &list);
    assert_true(loop_await(f->loop, &list.op, &f->err));
    assert_int_equal(list.count, 100);
    function_list_done(&list);
}

static void a_list_that_is_refused_is_told(void **state)
{
    struct fixture *f = *state;
    struct function_list list = {0};
    fake_aws_expect(
        f->aws, (struct fake_exchange){
                    .answer = {.status = 403, .body = STR("{\"Message\":\"no ListFunctions\"}")}});
    function_list_start(f->service, &list);
    assert_false(loop_await(f->loop, &list.op, &f->err));
    assert_non_null(strstr(f->err.message, "no ListFunctions"));
    function_list_done(&list);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_event_goes_in_and_the_result_comes_out),
        TEST(the_end_of_its_log_is_told_line_by_line),
        TEST(a_log_that_is_no_base64_is_not_told),
        TEST(a_functions_own_failure_keeps_class_code_and_message),
        TEST(any_other_error_type_is_permanent),
        TEST(a_function_that_lambda_ended_is_transient),
        TEST(text_of_a_failure_is_made_printable),
        TEST(a_failure_is_told_with_its_log_and_request_id),
        TEST(a_result_that_is_no_json_object_is_permanent),
        TEST(a_throttle_is_waited_out),
        TEST(a_service_that_stays_busy_is_a_transient_error),
        TEST(a_throttle_that_does_not_end_is_told_as_one),
        TEST(a_lost_answer_is_never_asked_for_again),
        TEST(refusals_are_told_in_lambdas_words),
        TEST(the_deadline_is_a_transient_timeout),
        TEST(cancel_leaves_the_call),
        TEST(a_check_or_a_list_that_hangs_ends_when_it_is_cancelled),
        TEST(too_large_an_event_is_not_sent),
        TEST(too_large_an_answer_is_refused),
        TEST(bad_names_are_refused),
        TEST(an_arn_with_a_qualifier_is_one_segment_of_the_path),
        TEST(a_check_reads_the_configuration_and_tries_the_right_to_call),
        TEST(numbers_that_cannot_be_are_not_known),
        TEST(a_function_that_is_being_made_or_updated_is_waited_for),
        TEST(waiting_has_an_end),
        TEST(an_inactive_function_is_callable),
        TEST(a_failed_function_or_update_is_refused_with_its_reason),
        TEST(an_unknown_function_is_not_found),
        TEST(a_function_we_may_not_call_fails_the_check),
        TEST(answers_that_make_no_sense_are_transient),
        TEST(all_pages_are_listed),
        TEST(a_list_that_never_ends_is_cut),
        TEST(a_list_that_is_refused_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
