/* Credentials of an instance, against a metadata service of our own: both versions of the protocol,
 * what is no service, and what goes on while the service is out of order. */
#include "core/aws/credentials.h"

#include "core/base/alloc.h"
#include "tests/support/aws_fixture.h"
#include "tests/support/cmocka.h"
#include "tests/support/fake_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROLES "/latest/meta-data/iam/security-credentials/"
#define TOKEN "/latest/api/token"

enum { MINUTE_MS = 60000 };

struct service {
    struct aws_fixture *aws;
    struct fake_http *http;
    /* what it answers */
    int token_status, role_status, keys_status;
    enum fake_fault token_fault;
    const char *role;
    const char *keys;
    const char *expiration;
    int stale_tokens; /* so many questions get a 401 first */
    bool is_broken;
    struct aws_credentials_get *to_cancel; /* when the token is asked for */
    char body[512];
};

static void answer_keys(struct service *service, struct fake_answer *out_answer)
{
    snprintf(service->body, sizeof(service->body),
             "{\"Code\":\"Success\",\"Type\":\"AWS-HMAC\",\"AccessKeyId\":\"ASIAINSTANCE00000001\","
             "\"SecretAccessKey\":\"instance/secret\",\"Token\":\"instance/token\","
             "\"Expiration\":\"%s\"}",
             service->expiration);
    out_answer->status = service->keys_status;
    out_answer->body = str_from(service->keys != NULL ? service->keys : service->body);
}

static void serve(void *context, const struct fake_request *request, struct fake_answer *out_answer)
{
    struct service *service = context;
    if (service->is_broken) {
        out_answer->status = 500;
    } else if (strcmp(request->path, TOKEN) == 0) {
        assert_string_equal(request->method, "PUT");
        assert_string_equal(fake_request_header(request, "x-aws-ec2-metadata-token-ttl-seconds"),
                            "21600");
        out_answer->status = service->token_status;
        out_answer->fault = service->token_fault;
        out_answer->body = STR("the-token\n");
        if (service->to_cancel != NULL) {
            aws_credentials_get_cancel(service->to_cancel);
        }
    } else if (service->stale_tokens > 0) {
        service->stale_tokens--;
        out_answer->status = 401;
    } else if (strcmp(request->path, ROLES) == 0) {
        out_answer->status = service->role_status;
        out_answer->body = str_from(service->role);
    } else {
        answer_keys(service, out_answer);
    }
}

static int set_up(void **state)
{
    struct service *service = xcalloc(1, sizeof(*service));
    service->aws = aws_fixture_new();
    service->http = fake_http_new(service->aws->loop, serve, service);
    service->role = "the-role\nanother\n";
    service->expiration = "2026-11-22T18:00:00Z";
    aws_fixture_variable(service->aws, "AWS_EC2_METADATA_DISABLED", NULL);
    aws_fixture_variable(service->aws, "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                         fake_http_url(service->http));
    *state = service;
    return 0;
}

static int tear_down(void **state)
{
    struct service *service = *state;
    fake_http_free(service->http);
    aws_fixture_free(service->aws);
    free(service);
    return 0;
}

static const char *token_of(const struct service *service, size_t index)
{
    return fake_request_header(fake_http_request(service->http, index), "x-aws-ec2-metadata-token");
}

static void asks_with_a_session_token(void **state)
{
    struct service *service = *state;
    aws_fixture_check_key(service->aws, "ASIAINSTANCE00000001");
    const struct aws_credentials *credentials = &service->aws->get.credentials;
    assert_string_equal(secret_reveal(&credentials->secret_key), "instance/secret");
    assert_string_equal(secret_reveal(&credentials->session_token), "instance/token");
    assert_int_equal(credentials->expires_ms, service->aws->clock.wall_ms + 360 * MINUTE_MS);
    assert_string_equal(credentials->source, "instance metadata (role the-role)");
    assert_int_equal(fake_http_request_count(service->http), 3);
    assert_string_equal(token_of(service, 1), "the-token");
    assert_string_equal(token_of(service, 2), "the-token");
    assert_string_equal(fake_http_request(service->http, 2)->path, ROLES "the-role");
}

static void speaks_version_1_where_there_is_no_token(void **state)
{
    struct service *service = *state;
    static const int statuses[] = {403, 404, 405};
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        service->token_status = statuses[i];
        aws_fixture_open(service->aws);
        aws_fixture_check_key(service->aws, "ASIAINSTANCE00000001");
        assert_null(token_of(service, 3 * i + 1));
    }
}

static void speaks_version_1_when_the_token_gets_lost(void **state)
{
    struct service *service = *state;
    service->token_fault = FAKE_SILENT;
    aws_fixture_check_key(service->aws, "ASIAINSTANCE00000001");
}

static void version_1_can_be_forbidden(void **state)
{
    struct service *service = *state;
    service->token_status = 403;
    aws_fixture_config(service->aws, "[default]\nec2_metadata_v1_disabled = true\n");
    aws_fixture_check_error(service->aws, "no_credentials", "version 1 is forbidden");
    aws_fixture_variable(service->aws, "AWS_EC2_METADATA_V1_DISABLED", "false");
    aws_fixture_open(service->aws);
    aws_fixture_check_key(service->aws, "ASIAINSTANCE00000001");
}

static void a_bad_request_is_an_error(void **state)
{
    struct service *service = *state;
    service->token_status = 400;
    aws_fixture_check_error(service->aws, "credentials_refused", "HTTP status 400");
}

static void a_token_that_is_too_old_is_renewed_once(void **state)
{
    struct service *service = *state;
    service->stale_tokens = 1;
    aws_fixture_check_key(service->aws, "ASIAINSTANCE00000001");
    assert_int_equal(fake_http_request_count(service->http), 5);
    service->stale_tokens = 9;
    aws_fixture_open(service->aws);
    aws_fixture_check_error(service->aws, "credentials_refused", "HTTP status 401");
    assert_int_equal(fake_http_request_count(service->http), 9);
}

static void an_instance_without_role_has_no_credentials(void **state)
{
    struct service *service = *state;
    service->role_status = 404;
    aws_fixture_check_error(service->aws, "no_credentials", "no role is attached");
    service->role_status = 200;
    service->role = "\n";
    aws_fixture_open(service->aws);
    aws_fixture_check_error(service->aws, "no_credentials", "no role is attached");
}

static void where_nobody_listens_there_are_no_credentials(void **state)
{
    struct service *service = *state;
    aws_fixture_variable(service->aws, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1/");
    aws_fixture_check_error(service->aws, "no_credentials",
                            "instance metadata: http://127.0.0.1:1: it does not answer");
}

static void the_switch_works_in_any_case_of_letters(void **state)
{
    struct service *service = *state;
    aws_fixture_variable(service->aws, "AWS_EC2_METADATA_DISABLED", "True");
    aws_fixture_check_error(service->aws, "no_credentials", "switched off");
    assert_int_equal(fake_http_request_count(service->http), 0);
}

static void strange_answers_are_refused(void **state)
{
    struct service *service = *state;
    service->role = "../../evil";
    aws_fixture_check_error(service->aws, "credentials_refused", "names a role that cannot be one");
    service->role = "the-role";
    service->keys = "{\"Code\":\"AssumeRoleUnauthorizedAccess\"}";
    aws_fixture_open(service->aws);
    aws_fixture_check_error(service->aws, "credentials_refused", "AssumeRoleUnauthorizedAccess");
    service->keys = "{\"Code\":\"\\u001b[2Jx\\n\"}";
    aws_fixture_open(service->aws);
    aws_fixture_check_error(service->aws, "credentials_refused", "\xef\xbf\xbd[2Jx");
    assert_null(strpbrk(service->aws->err.message, "\033\n"));
    service->keys = "{\"AccessKeyId\":\"AKIA\\r\\nX-Evil: 1\",\"SecretAccessKey\":\"s\"}";
    aws_fixture_open(service->aws);
    aws_fixture_check_error(service->aws, "credentials_refused", "access key ID");
    service->keys =
        "{\"AccessKeyId\":\"AKIA\",\"SecretAccessKey\":\"s\",\"Token\":\"t\\nX-Evil: 1\"}";
    aws_fixture_open(service->aws);
    aws_fixture_check_error(service->aws, "credentials_refused", "session token");
    assert_null(strstr(service->aws->err.message, "Evil"));
    service->keys = "<html>hush</html>";
    aws_fixture_open(service->aws);
    aws_fixture_check_error(service->aws, "credentials_refused", "not valid JSON");
    assert_null(strstr(service->aws->err.message, "hush"));
}

static void settings_are_checked(void **state)
{
    struct service *service = *state;
    aws_fixture_variable(service->aws, "AWS_METADATA_SERVICE_TIMEOUT", "soon");
    aws_fixture_check_error(service->aws, "credentials_refused", "AWS_METADATA_SERVICE_TIMEOUT");
    aws_fixture_variable(service->aws, "AWS_METADATA_SERVICE_TIMEOUT", NULL);
    aws_fixture_variable(service->aws, "AWS_EC2_METADATA_SERVICE_ENDPOINT", NULL);
    aws_fixture_variable(service->aws, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv5");
    aws_fixture_open(service->aws);
    aws_fixture_check_error(service->aws, "credentials_refused", "must be IPv4 or IPv6");
}

static void tries_as_often_as_told(void **state)
{
    struct service *service = *state;
    service->is_broken = true;
    aws_fixture_variable(service->aws, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "2");
    assert_false(aws_fixture_get(service->aws, false));
    assert_int_equal(service->aws->err.error_class, ERROR_TRANSIENT);
    assert_int_equal(fake_http_request_count(service->http), 2);
}

/* ---- static stability */
static void keys_go_on_beyond_their_time_while_the_service_is_out_of_order(void **state)
{
    struct service *service = *state;
    aws_fixture_check_key(service->aws, "ASIAINSTANCE00000001");
    service->is_broken = true;
    clock_manual_advance(&service->aws->clock, 400 * MINUTE_MS);
    aws_fixture_check_key(service->aws, "ASIAINSTANCE00000001");
    size_t asked = fake_http_request_count(service->http);
    clock_manual_advance(&service->aws->clock, 16 * MINUTE_MS);
    aws_fixture_check_key(service->aws, "ASIAINSTANCE00000001");
    assert_int_equal(fake_http_request_count(service->http), asked);
    clock_manual_advance(&service->aws->clock, 10 * MINUTE_MS);
    aws_fixture_check_key(service->aws, "ASIAINSTANCE00000001");
    assert_true(fake_http_request_count(service->http) > asked);
    service->is_broken = false;
    service->expiration = "2026-11-23T18:00:00Z";
    clock_manual_advance(&service->aws->clock, 30 * MINUTE_MS);
    aws_fixture_check_key(service->aws, "ASIAINSTANCE00000001");
    assert_int_equal(service->aws->get.credentials.expires_ms,
                     service->aws->clock.wall_ms + (30 * 60 - 456) * (int64_t)MINUTE_MS);
}

static void overdue_keys_of_the_service_itself_are_used(void **state)
{
    struct service *service = *state;
    service->expiration = "2026-11-22T11:00:00Z";
    aws_fixture_check_key(service->aws, "ASIAINSTANCE00000001");
    size_t asked = fake_http_request_count(service->http);
    aws_fixture_check_key(service->aws, "ASIAINSTANCE00000001");
    assert_int_equal(fake_http_request_count(service->http), asked);
}

static void what_a_service_refuses_is_not_used_for_stability(void **state)
{
    struct service *service = *state;
    aws_fixture_check_key(service->aws, "ASIAINSTANCE00000001");
    service->is_broken = true;
    assert_false(aws_fixture_get(service->aws, true));
}

static void a_search_can_be_cancelled_while_the_service_is_silent(void **state)
{
    struct service *service = *state;
    struct aws_credentials_get get = {.must_renew = false};
    service->token_fault = FAKE_SILENT;
    aws_fixture_variable(service->aws, "AWS_METADATA_SERVICE_TIMEOUT", "60");
    service->to_cancel = &get;
    aws_credentials_get_start(aws_fixture_open(service->aws), &get);
    assert_false(loop_await(service->aws->loop, &get.op, &service->aws->err));
    assert_int_equal(service->aws->err.error_class, ERROR_CANCELLED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(asks_with_a_session_token),
        TEST(speaks_version_1_where_there_is_no_token),
        TEST(speaks_version_1_when_the_token_gets_lost),
        TEST(version_1_can_be_forbidden),
        TEST(a_bad_request_is_an_error),
        TEST(a_token_that_is_too_old_is_renewed_once),
        TEST(an_instance_without_role_has_no_credentials),
        TEST(where_nobody_listens_there_are_no_credentials),
        TEST(the_switch_works_in_any_case_of_letters),
        TEST(strange_answers_are_refused),
        TEST(settings_are_checked),
        TEST(tries_as_often_as_told),
        TEST(keys_go_on_beyond_their_time_while_the_service_is_out_of_order),
        TEST(overdue_keys_of_the_service_itself_are_used),
        TEST(what_a_service_refuses_is_not_used_for_stability),
        TEST(a_search_can_be_cancelled_while_the_service_is_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
