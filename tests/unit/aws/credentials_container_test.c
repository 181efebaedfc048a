/* Credentials of a container, against a service of our own: where it is looked for, which addresses
 * are allowed, the token, failures. */
#include "core/aws/credentials.h"

#include "core/base/alloc.h"
#include "tests/support/aws_fixture.h"
#include "tests/support/cmocka.h"
#include "tests/support/fake_http.h"
#include "tests/support/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS                                                                                       \
    "{\"AccessKeyId\":\"ASIACONTAINER0000001\",\"SecretAccessKey\":\"container/secret\","          \
    "\"Token\":\"container/token\",\"Expiration\":\"2026-11-22T18:00:00Z\","                       \
    "\"AccountId\":\"123456789012\"}"

struct service {
    struct aws_fixture *aws;
    struct fake_http *http;
    struct fake_answer answers[4]; /* the last one stays */
    size_t count;
};

static void serve(void *context, const struct fake_request *request, struct fake_answer *out_answer)
{
    struct service *service = context;
    size_t index = fake_http_request_count(service->http) - 1;
    (void)request;
    *out_answer = service->answers[index < service->count ? index : service->count - 1];
}

static int set_up(void **state)
{
    struct service *service = xcalloc(1, sizeof(*service));
    service->aws = aws_fixture_new();
    service->http = fake_http_new(service->aws->loop, serve, service);
    service->answers[0] = (struct fake_answer){.body = STR(KEYS)};
    service->count = 1;
    char *url = xasprintf("%s/v2/credentials/guid", fake_http_url(service->http));
    aws_fixture_variable(service->aws, "AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
    free(url);
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

static void gives_keys_with_token_expiry_and_account(void **state)
{
    struct service *service = *state;
    aws_fixture_check_key(service->aws, "ASIACONTAINER0000001");
    const struct aws_credentials *credentials = &service->aws->get.credentials;
    assert_string_equal(secret_reveal(&credentials->secret_key), "container/secret");
    assert_string_equal(secret_reveal(&credentials->session_token), "container/token");
    assert_string_equal(credentials->account, "123456789012");
    assert_int_equal(credentials->expires_ms, service->aws->clock.wall_ms + 6 * 3600000);
    assert_non_null(strstr(credentials->source, "container (http://127.0.0.1:"));
    assert_null(strstr(credentials->source, "guid"));
    const struct fake_request *request = fake_http_request(service->http, 0);
    assert_string_equal(request->method, "GET");
    assert_string_equal(request->path, "/v2/credentials/guid");
    assert_null(fake_request_header(request, "authorization"));
}

static void sends_the_token_of_the_environment_as_it_is(void **state)
{
    struct service *service = *state;
    aws_fixture_variable(service->aws, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic abc=");
    aws_fixture_check_key(service->aws, "ASIACONTAINER0000001");
    assert_string_equal(fake_request_header(fake_http_request(service->http, 0), "authorization"),
                        "Basic abc=");
}

static void prefers_the_token_file_and_reads_it_each_time(void **state)
{
    struct service *service = *state;
    char *path = xasprintf("%s/token", service->aws->folder);
    test_file_write(service->aws->folder, "token", "first", 0600);
    aws_fixture_variable(service->aws, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "unused");
    aws_fixture_variable(service->aws, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path);
    assert_true(aws_fixture_get(service->aws, false));
    test_file_write(service->aws->folder, "token", "second", 0600);
    assert_true(aws_fixture_get(service->aws, true));
    assert_string_equal(fake_request_header(fake_http_request(service->http, 0), "authorization"),
                        "first");
    assert_string_equal(fake_request_header(fake_http_request(service->http, 1), "authorization"),
                        "second");
    free(path);
}

static void a_token_with_a_line_break_is_refused(void **state)
{
    struct service *service = *state;
    char *path = xasprintf("%s/token", service->aws->folder);
    test_file_write(service->aws->folder, "token", "abc\r\nx-evil: 1", 0600);
    aws_fixture_variable(service->aws, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path);
    aws_fixture_check_error(service->aws, "credentials_refused", "token holds a line break");
    aws_fixture_variable(service->aws, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/nowhere/token");
    aws_fixture_open(service->aws);
    aws_fixture_check_error(service->aws, "credentials_refused", "/nowhere/token");
    assert_int_equal(fake_http_request_count(service->http), 0);
    free(path);
}

static void check_address(struct service *service, const char *url, bool is_allowed)
{
    aws_fixture_variable(service->aws, "AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
    aws_fixture_open(service->aws);
    if (is_allowed) { /* nobody answers there, but it was asked */
        assert_false(aws_fixture_get(service->aws, false));
        assert_null(strstr(service->aws->err.message, "must be https"));
    } else {
        aws_fixture_check_error(service->aws, "credentials_refused", "must be https");
    }
}

static void plain_http_stays_on_this_machine(void **state)
{
    struct service *service = *state;
    static const char *const foreign[] = {"http://example.com/x",
                                          "http://169.254.169.254/x",
                                          "http://127.0.0.1.example.com/x",
                                          "http://localhost.evil.com/",
                                          "http://10.0.0.1/",
                                          "ftp://127.0.0.1/x",
                                          "http://127.0.0.1@evil.com/",
                                          "127.0.0.1/x",
                                          "http://127.0.0/x"};
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        check_address(service, foreign[i], false);
    }
    check_address(service, "http://LOCALHOST:1/x", true);
    check_address(service, "http://[::1]:1/x", true);
    check_address(service, "https://127.0.0.1:1/x", true);
}

static void a_relative_address_must_begin_with_a_slash(void **state)
{
    struct service *service = *state;
    aws_fixture_variable(service->aws, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@evil.example/x");
    aws_fixture_check_error(service->aws, "credentials_refused", "must begin with a slash");
}

static void a_service_that_stumbles_is_asked_again(void **state)
{
    struct service *service = *state;
    service->answers[0] = (struct fake_answer){.status = 503};
    service->answers[1] = (struct fake_answer){.fault = FAKE_RESET};
    service->answers[2] = (struct fake_answer){.body = STR(KEYS)};
    service->count = 3;
    aws_fixture_check_key(service->aws, "ASIACONTAINER0000001");
    assert_int_equal(fake_http_request_count(service->http), 3);
}

static void a_refusal_is_final_and_says_why(void **state)
{
    struct service *service = *state;
    service->answers[0] = (struct fake_answer){
        .status = 403, .body = STR("{\"code\":\"AccessDenied\",\"message\":\"not\\u001b you\"}")};
    aws_fixture_check_error(service->aws, "credentials_refused", "HTTP status 403: not");
    assert_null(strchr(service->aws->err.message, '\x1b'));
    assert_null(strstr(service->aws->err.message, "guid"));
    assert_int_equal(service->aws->err.http_status, 403);
    assert_int_equal(fake_http_request_count(service->http), 1);
}

static void a_service_that_stays_away_is_a_passing_error(void **state)
{
    struct service *service = *state;
    service->answers[0] = (struct fake_answer){.status = 500};
    assert_false(aws_fixture_get(service->aws, false));
    assert_int_equal(service->aws->err.error_class, ERROR_TRANSIENT);
    assert_int_equal(fake_http_request_count(service->http), 3);
}

static void half_an_answer_is_refused_and_not_shown(void **state)
{
    struct service *service = *state;
    static const char *const bodies[] = {
        "{\"AccessKeyId\":\"ASIAX\"}",
        "{\"AccessKeyId\":\"ASIAX\",\"SecretAccessKey\":\"hush\",\"Expiration\":\"soon\"}",
        "[\"hush\"]",
        "hush",
        "",
        "{\"AccessKeyId\":\"ASIAX\",\"SecretAccessKey\":\"hush\"}",
        "{\"AccessKeyId\":\"ASIAX\",\"SecretAccessKey\":\"hush\",\"Token\":\"a\\nb\"}",
    };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        service->answers[0].body = str_from(bodies[i]);
        aws_fixture_open(service->aws);
        aws_fixture_check_error(service->aws, "credentials_refused", "container");
        assert_null(strstr(service->aws->err.message, "hush"));
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(gives_keys_with_token_expiry_and_account),
        TEST(sends_the_token_of_the_environment_as_it_is),
        TEST(prefers_the_token_file_and_reads_it_each_time),
        TEST(a_token_with_a_line_break_is_refused),
        TEST(plain_http_stays_on_this_machine),
        TEST(a_relative_address_must_begin_with_a_slash),
        TEST(a_service_that_stumbles_is_asked_again),
        TEST(a_refusal_is_final_and_says_why),
        TEST(a_service_that_stays_away_is_a_passing_error),
        TEST(half_an_answer_is_refused_and_not_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
