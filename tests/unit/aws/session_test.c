/* What a session makes of spec, environment and shared files: which wins, what is refused, where
 * services are, and keys from the environment and from profiles. */
#include "core/aws/session.h"

#include "tests/support/aws_fixture.h"
#include "tests/support/cmocka.h"
#include "tests/support/fake_tls.h"
#include "tests/support/folder.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int set_up(void **state)
{
    *state = aws_fixture_new();
    return 0;
}

static int tear_down(void **state)
{
    aws_fixture_free(*state);
    return 0;
}

static void check_refused(struct aws_fixture *fixture, const char *part)
{
    assert_false(aws_fixture_try_open(fixture));
    assert_string_equal(fixture->err.code, "bad_aws_config");
    assert_int_equal(fixture->err.error_class, ERROR_PERMANENT);
    if (strstr(fixture->err.message, part) == NULL) {
        fail_msg("%s", fixture->err.message);
    }
}

static void check_url(struct aws_fixture *fixture, enum aws_service service, const char *url)
{
    struct aws_endpoint endpoint;
    if (!aws_session_endpoint(fixture->session, service, NULL, &endpoint, &fixture->err)) {
        fail_msg("%s", fixture->err.message);
    }
    assert_string_equal(endpoint.url, url);
}

/* ---- region and profile */
static void the_region_comes_from_spec_then_variables_then_profile(void **state)
{
    struct aws_fixture *fixture = *state;
    aws_fixture_config(fixture, "[default]\nregion = eu-west-4\n");
    assert_string_equal(aws_session_region(aws_fixture_open(fixture)), "eu-west-4");
    aws_fixture_variable(fixture, "AWS_DEFAULT_REGION", "eu-west-3");
    assert_string_equal(aws_session_region(aws_fixture_open(fixture)), "eu-west-3");
    aws_fixture_variable(fixture, "AWS_REGION", "eu-west-2");
    assert_string_equal(aws_session_region(aws_fixture_open(fixture)), "eu-west-2");
    fixture->spec.region = "eu-west-1";
    assert_string_equal(aws_session_region(aws_fixture_open(fixture)), "eu-west-1");
}

static void without_a_region_a_session_opens_but_no_endpoint_does(void **state)
{
    struct aws_fixture *fixture = *state;
    struct aws_endpoint endpoint;
    assert_string_equal(aws_session_region(aws_fixture_open(fixture)), "");
    assert_false(aws_session_endpoint(fixture->session, AWS_S3, NULL, &endpoint, &fixture->err));
    assert_string_equal(fixture->err.code, "no_region");
    assert_true(
        aws_session_endpoint(fixture->session, AWS_S3, "eu-west-1", &endpoint, &fixture->err));
}

static void a_bad_region_is_told_with_its_place(void **state)
{
    struct aws_fixture *fixture = *state;
    aws_fixture_config(fixture, "[default]\n\nregion = EU West\n");
    check_refused(fixture, "config:3: region: \"EU West\"");
}

static void the_profile_comes_from_spec_then_variables(void **state)
{
    struct aws_fixture *fixture = *state;
    aws_fixture_config(fixture, "[profile a]\n[profile b]\n[profile 'c d']\n");
    assert_string_equal(aws_session_profile(aws_fixture_open(fixture)), "default");
    aws_fixture_variable(fixture, "AWS_DEFAULT_PROFILE", "a");
    assert_string_equal(aws_session_profile(aws_fixture_open(fixture)), "a");
    aws_fixture_variable(fixture, "AWS_PROFILE", "b");
    assert_string_equal(aws_session_profile(aws_fixture_open(fixture)), "b");
    fixture->spec.profile = "c d";
    assert_string_equal(aws_session_profile(aws_fixture_open(fixture)), "c d");
}

static void a_named_profile_must_exist(void **state)
{
    struct aws_fixture *fixture = *state;
    aws_fixture_config(fixture, "[ops]\nregion = eu-west-1\n[profiles ops]\n");
    fixture->spec.profile = "ops";
    check_refused(fixture, "there is no AWS profile \"ops\"");
}

static void a_file_that_cannot_be_read_is_told(void **state)
{
    struct aws_fixture *fixture = *state;
    aws_fixture_credentials(fixture, "[default]\nnonsense\n");
    check_refused(fixture, "credentials:2: expected");
    aws_fixture_variable(fixture, "AWS_SHARED_CREDENTIALS_FILE", fixture->folder);
    check_refused(fixture, fixture->folder);
}

static void absent_files_and_no_home_are_no_error(void **state)
{
    struct aws_fixture *fixture = *state;
    aws_fixture_variable(fixture, "HOME", NULL);
    aws_fixture_open(fixture);
}

static void files_may_be_elsewhere(void **state)
{
    struct aws_fixture *fixture = *state;
    test_file_write(fixture->folder, "elsewhere", "[default]\nregion = eu-north-1\n", 0600);
    aws_fixture_variable(fixture, "AWS_CONFIG_FILE", "~/elsewhere");
    assert_string_equal(aws_session_region(aws_fixture_open(fixture)), "eu-north-1");
}

static void the_credentials_file_wins_key_by_key(void **state)
{
    struct aws_fixture *fixture = *state;
    aws_fixture_config(fixture, "[profile default]\nregion = eu-west-1\nmax_attempts = 7\n"
                                "[default]\nregion = eu-west-2\n");
    assert_string_equal(aws_session_region(aws_fixture_open(fixture)), "eu-west-1");
    aws_fixture_credentials(fixture, "[default]\nREGION = eu-west-3\n");
    assert_string_equal(aws_session_region(aws_fixture_open(fixture)), "eu-west-3");
    assert_int_equal(aws_session_max_attempts(fixture->session), 7);
}

/* ---- retries */
static void retry_settings_are_read_and_checked(void **state)
{
    struct aws_fixture *fixture = *state;
    aws_fixture_open(fixture);
    assert_int_equal(aws_session_retry_mode(fixture->session), AWS_RETRY_STANDARD);
    assert_int_equal(aws_session_max_attempts(fixture->session), 3);
    aws_fixture_config(fixture, "[default]\nretry_mode = Adaptive\nmax_attempts = 5\n");
    aws_fixture_open(fixture);
    assert_int_equal(aws_session_retry_mode(fixture->session), AWS_RETRY_ADAPTIVE);
    assert_int_equal(aws_session_max_attempts(fixture->session), 5);
    aws_fixture_variable(fixture, "AWS_MAX_ATTEMPTS", "0");
    check_refused(fixture, "AWS_MAX_ATTEMPTS must be a whole number from 1");
}

static void an_unknown_retry_mode_is_told_with_its_place(void **state)
{
    struct aws_fixture *fixture = *state;
    aws_fixture_config(fixture, "[default]\nretry_mode = often\n");
    check_refused(fixture, "config:2: retry_mode must be standard, adaptive or legacy");
}

/* ---- endpoints */
static void endpoint_overrides_have_their_order(void **state)
{
    struct aws_fixture *fixture = *state;
    aws_fixture_config(fixture, "[default]\nregion = eu-west-1\nendpoint_url = http://profile\n"
                                "services = mine\n"
                                "[services mine]\ns3 =\n  endpoint_url = http://services-s3\n"
                                "cloudwatch_logs =\n  endpoint_url = http://services-logs\n");
    aws_fixture_open(fixture);
    check_url(fixture, AWS_STS, "http://profile");
    check_url(fixture, AWS_S3, "http://services-s3");
    check_url(fixture, AWS_LOGS, "http://services-logs");
    aws_fixture_variable(fixture, "AWS_ENDPOINT_URL", "http://variable");
    aws_fixture_open(fixture);
    check_url(fixture, AWS_S3, "http://variable");
    check_url(fixture, AWS_SSO_OIDC, "http://variable");
    aws_fixture_variable(fixture, "AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://variable-secrets");
    aws_fixture_open(fixture);
    check_url(fixture, AWS_SECRETS_MANAGER, "http://variable-secrets");
    check_url(fixture, AWS_S3, "http://variable");
    fixture->spec.endpoint_url = "http://spec";
    aws_fixture_open(fixture);
    check_url(fixture, AWS_SECRETS_MANAGER, "http://spec");
}

static void check_host_origin(struct aws_fixture *fixture, const char *region, const char *expected)
{
    char text[AWS_HOST_ORIGIN_SIZE];
    aws_fixture_open(fixture);
    aws_session_tell_host(fixture->session, AWS_S3, region, text);
    if (strstr(text, expected) == NULL) {
        fail_msg("%s", text);
    }
}

static void it_is_told_where_a_host_comes_from(void **state)
{
    struct aws_fixture *fixture = *state;
    aws_fixture_config(fixture, "[default]\nregion = eu-west-1\n[profile a]\n"
                                "endpoint_url = https://here\n");
    check_host_origin(fixture, "eu-west-1", "config:2: region");
    check_host_origin(fixture, "eu-west-2", "the host is that of region eu-west-2");
    aws_fixture_variable(fixture, "AWS_REGION", "eu-west-3");
    check_host_origin(fixture, "eu-west-3", "of region eu-west-3, of AWS_REGION");
    fixture->spec.region = "eu-west-4";
    check_host_origin(fixture, "eu-west-4", "of region eu-west-4, of aws.region");
    aws_fixture_variable(fixture, "AWS_PROFILE", "a");
    check_host_origin(fixture, "eu-west-4", "config:4: endpoint_url");
    aws_fixture_variable(fixture, "AWS_ENDPOINT_URL", "https://variable");
    check_host_origin(fixture, "eu-west-4", "the host is of AWS_ENDPOINT_URL");
    fixture->spec.endpoint_url = "https://spec";
    check_host_origin(fixture, "eu-west-4", "the host is of aws.endpoint_url");
}

static void configured_endpoints_can_be_ignored(void **state)
{
    struct aws_fixture *fixture = *state;
    aws_fixture_config(fixture, "[default]\nregion = eu-west-1\nendpoint_url = http://profile\n"
                                "ignore_configured_endpoint_urls = TRUE\n");
    aws_fixture_variable(fixture, "AWS_ENDPOINT_URL_S3", "http://variable");
    aws_fixture_open(fixture);
    check_url(fixture, AWS_S3, "https://s3.eu-west-1.amazonaws.com");
    fixture->spec.endpoint_url = "http://spec";
    aws_fixture_open(fixture);
    check_url(fixture, AWS_S3, "http://spec");
}

static void a_services_section_must_exist(void **state)
{
    struct aws_fixture *fixture = *state;
    struct aws_endpoint endpoint;
    aws_fixture_config(fixture, "[default]\nregion = eu-west-1\nservices = mine\n");
    aws_fixture_open(fixture);
    assert_false(aws_session_endpoint(fixture->session, AWS_S3, NULL, &endpoint, &fixture->err));
    assert_non_null(strstr(fixture->err.message, "config:3: there is no section [services mine]"));
}

static void fips_and_dualstack_come_from_variables_and_profile(void **state)
{
    struct aws_fixture *fixture = *state;
    aws_fixture_config(fixture, "[default]\nregion = us-east-1\nuse_fips_endpoint = true\n");
    aws_fixture_open(fixture);
    check_url(fixture, AWS_LAMBDA, "https://lambda-fips.us-east-1.amazonaws.com");
    aws_fixture_variable(fixture, "AWS_USE_FIPS_ENDPOINT", "False");
    aws_fixture_variable(fixture, "AWS_USE_DUALSTACK_ENDPOINT", "true");
    aws_fixture_open(fixture);
    check_url(fixture, AWS_LAMBDA, "https://lambda.us-east-1.api.aws");
    aws_fixture_variable(fixture, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "maybe");
    check_refused(fixture, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS must be true or false");
}

/* ---- S3 addressing */
static bool is_virtual(struct aws_fixture *fixture, const char *url, const char *bucket)
{
    struct aws_endpoint endpoint;
    fixture->spec.region = "eu-west-1";
    fixture->spec.endpoint_url = url;
    aws_fixture_open(fixture);
    assert_true(aws_session_endpoint(fixture->session, AWS_S3, NULL, &endpoint, &fixture->err));
    bool answer = aws_session_uses_virtual_host(fixture->session, &endpoint, bucket);
    return answer;
}

static void buckets_stand_in_the_host_where_that_works(void **state)
{
    struct aws_fixture *fixture = *state;
    assert_true(is_virtual(fixture, NULL, "my-bucket"));
    assert_false(is_virtual(fixture, NULL, "my.bucket"));
    assert_false(is_virtual(fixture, "http://minio.example", "my-bucket"));
    fixture->spec.force_virtual_host = true;
    assert_true(is_virtual(fixture, "http://minio.example", "my-bucket"));
    assert_false(is_virtual(fixture, "http://127.0.0.1:9000", "my-bucket"));
}

static void the_addressing_style_is_obeyed(void **state)
{
    struct aws_fixture *fixture = *state;
    aws_fixture_config(fixture, "[default]\ns3 =\n  addressing_style = path\n");
    assert_false(is_virtual(fixture, NULL, "my-bucket"));
    aws_fixture_config(fixture, "[default]\ns3 =\n  addressing_style = virtual\n");
    assert_true(is_virtual(fixture, "http://minio.example", "my-bucket"));
    aws_fixture_config(fixture, "[default]\naddressing_style = path\n");
    assert_true(is_virtual(fixture, NULL, "my-bucket"));
    aws_fixture_config(fixture, "[default]\ns3 =\n  addressing_style = fast\n");
    check_refused(fixture, "config:3: addressing_style must be");
}

/* ---- whom it trusts */
static bool trusts(struct aws_fixture *fixture, const char *url)
{
    struct http_request req = {
        .method = "GET", .url = url, .response_limit_bytes = 100, .total_timeout_ms = 10000};
    http_request_start(aws_session_http(aws_fixture_open(fixture)), &req);
    bool is_trusted = loop_await(fixture->loop, &req.op, &fixture->err);
    assert_true(is_trusted || error_is(&fixture->err, "tls_failed"));
    http_request_done(&req);
    return is_trusted;
}

static void the_authority_comes_from_the_variable_then_the_profile(void **state)
{
    struct aws_fixture *fixture = *state;
    struct fake_tls *server = fake_tls_new("127.0.0.1", 0);
    char config[512];
    assert_false(trusts(fixture, fake_tls_url(server)));
    snprintf(config, sizeof(config), "[default]\nca_bundle = %s\n", fake_tls_ca_file(server));
    aws_fixture_config(fixture, config);
    assert_true(trusts(fixture, fake_tls_url(server)));
    aws_fixture_variable(fixture, "AWS_CA_BUNDLE", "~/absent.pem");
    assert_false(trusts(fixture, fake_tls_url(server)));
    assert_non_null(strstr(fixture->err.message, "/absent.pem"));
    assert_null(strchr(fixture->err.message, '~'));
    aws_fixture_variable(fixture, "AWS_CA_BUNDLE", fake_tls_ca_file(server));
    assert_true(trusts(fixture, fake_tls_url(server)));
    fake_tls_free(server);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_region_comes_from_spec_then_variables_then_profile),
        TEST(without_a_region_a_session_opens_but_no_endpoint_does),
        TEST(a_bad_region_is_told_with_its_place),
        TEST(the_profile_comes_from_spec_then_variables),
        TEST(a_named_profile_must_exist),
        TEST(a_file_that_cannot_be_read_is_told),
        TEST(absent_files_and_no_home_are_no_error),
        TEST(files_may_be_elsewhere),
        TEST(the_credentials_file_wins_key_by_key),
        TEST(retry_settings_are_read_and_checked),
        TEST(an_unknown_retry_mode_is_told_with_its_place),
        TEST(endpoint_overrides_have_their_order),
        TEST(it_is_told_where_a_host_comes_from),
        TEST(configured_endpoints_can_be_ignored),
        TEST(a_services_section_must_exist),
        TEST(fips_and_dualstack_come_from_variables_and_profile),
        TEST(the_authority_comes_from_the_variable_then_the_profile),
        TEST(buckets_stand_in_the_host_where_that_works),
        TEST(the_addressing_style_is_obeyed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
