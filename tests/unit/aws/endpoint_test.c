/* Hosts of services: the rules of botocore 1.43, region by region and variant by variant. */
#include "core/aws/endpoint.h"

#include "tests/support/cmocka.h"

#include <string.h>

struct expectation {
    enum aws_service service;
    const char *region;
    const char *hosts[4]; /* plain, FIPS, dual-stack, both; NULL: not looked at */
};

/* Made with botocore's EndpointProvider over its own rule sets. */
static const struct expectation expectations[] = {
    {AWS_S3,
     "us-east-1",
     {"s3.us-east-1.amazonaws.com", "s3-fips.us-east-1.amazonaws.com",
      "s3.dualstack.us-east-1.amazonaws.com", "s3-fips.dualstack.us-east-1.amazonaws.com"}},
    {AWS_S3,
     "cn-north-1",
     {"s3.cn-north-1.amazonaws.com.cn", NULL, "s3.dualstack.cn-north-1.amazonaws.com.cn", NULL}},
    {AWS_S3,
     "us-gov-east-1",
     {"s3.us-gov-east-1.amazonaws.com", "s3-fips.us-gov-east-1.amazonaws.com",
      "s3.dualstack.us-gov-east-1.amazonaws.com", "s3-fips.dualstack.us-gov-east-1.amazonaws.com"}},
    {AWS_S3,
     "eusc-de-east-1",
     {"s3.eusc-de-east-1.amazonaws.eu", "s3-fips.eusc-de-east-1.amazonaws.eu",
      "s3.dualstack.eusc-de-east-1.amazonaws.eu", "s3-fips.dualstack.eusc-de-east-1.amazonaws.eu"}},
    {AWS_LAMBDA,
     "eu-central-1",
     {"lambda.eu-central-1.amazonaws.com", "lambda-fips.eu-central-1.amazonaws.com",
      "lambda.eu-central-1.api.aws", "lambda-fips.eu-central-1.api.aws"}},
    {AWS_LAMBDA,
     "cn-north-1",
     {"lambda.cn-north-1.amazonaws.com.cn", "lambda-fips.cn-north-1.amazonaws.com.cn",
      "lambda.cn-north-1.api.amazonwebservices.com.cn",
      "lambda-fips.cn-north-1.api.amazonwebservices.com.cn"}},
    {AWS_SAGEMAKER,
     "us-east-1",
     {"api.sagemaker.us-east-1.amazonaws.com", "api-fips.sagemaker.us-east-1.amazonaws.com",
      "api.sagemaker.us-east-1.api.aws", "api.sagemaker-fips.us-east-1.api.aws"}},
    {AWS_SAGEMAKER,
     "us-gov-west-1",
     {"api.sagemaker.us-gov-west-1.amazonaws.com", "api-fips.sagemaker.us-gov-west-1.amazonaws.com",
      "api.sagemaker.us-gov-west-1.api.aws", "api.sagemaker-fips.us-gov-west-1.api.aws"}},
    {AWS_SAGEMAKER,
     "eusc-de-east-1",
     {"api.sagemaker.eusc-de-east-1.amazonaws.eu", "api.sagemaker-fips.eusc-de-east-1.amazonaws.eu",
      "api.sagemaker.eusc-de-east-1.api.amazonwebservices.eu",
      "api.sagemaker-fips.eusc-de-east-1.api.amazonwebservices.eu"}},
    {AWS_LOGS,
     "us-gov-west-1",
     {"logs.us-gov-west-1.amazonaws.com", "logs.us-gov-west-1.amazonaws.com",
      "logs.us-gov-west-1.api.aws", "logs-fips.us-gov-west-1.api.aws"}},
    {AWS_LOGS,
     "us-iso-east-1",
     {"logs.us-iso-east-1.c2s.ic.gov", "logs-fips.us-iso-east-1.c2s.ic.gov",
      "logs.us-iso-east-1.api.aws.ic.gov", "logs-fips.us-iso-east-1.api.aws.ic.gov"}},
    {AWS_STS,
     "eu-central-1",
     {"sts.eu-central-1.amazonaws.com", "sts-fips.eu-central-1.amazonaws.com",
      "sts.eu-central-1.api.aws", "sts-fips.eu-central-1.api.aws"}},
    {AWS_STS,
     "us-gov-east-1",
     {"sts.us-gov-east-1.amazonaws.com", "sts.us-gov-east-1.amazonaws.com",
      "sts.us-gov-east-1.api.aws", "sts-fips.us-gov-east-1.api.aws"}},
    {AWS_SECRETS_MANAGER,
     "us-east-1",
     {"secretsmanager.us-east-1.amazonaws.com", "secretsmanager-fips.us-east-1.amazonaws.com",
      "secretsmanager.us-east-1.amazonaws.com", "secretsmanager-fips.us-east-1.amazonaws.com"}},
    {AWS_SECRETS_MANAGER,
     "cn-north-1",
     {"secretsmanager.cn-north-1.amazonaws.com.cn",
      "secretsmanager-fips.cn-north-1.amazonaws.com.cn",
      "secretsmanager.cn-north-1.amazonaws.com.cn",
      "secretsmanager-fips.cn-north-1.api.amazonwebservices.com.cn"}},
    {AWS_SERVICE_QUOTAS,
     "us-isob-east-1",
     {"servicequotas.us-isob-east-1.sc2s.sgov.gov",
      "servicequotas-fips.us-isob-east-1.sc2s.sgov.gov",
      "servicequotas.us-isob-east-1.api.aws.scloud",
      "servicequotas-fips.us-isob-east-1.api.aws.scloud"}},
    {AWS_SERVICE_QUOTAS,
     "us-gov-west-1",
     {"servicequotas.us-gov-west-1.amazonaws.com", "servicequotas.us-gov-west-1.amazonaws.com",
      "servicequotas.us-gov-west-1.api.aws", "servicequotas-fips.us-gov-west-1.api.aws"}},
    {AWS_SSO,
     "us-east-1",
     {"portal.sso.us-east-1.amazonaws.com", "portal.sso-fips.us-east-1.amazonaws.com",
      "portal.sso.us-east-1.api.aws", "portal.sso-fips.us-east-1.api.aws"}},
    {AWS_SSO_OIDC,
     "us-gov-west-1",
     {"oidc.us-gov-west-1.amazonaws.com", "oidc.us-gov-west-1.amazonaws.com",
      "oidc.us-gov-west-1.api.aws", "oidc-fips.us-gov-west-1.api.aws"}},
};

static void hosts_are_those_of_botocore(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(expectations) / sizeof(expectations[0]); i++) {
        const struct expectation *expected = &expectations[i];
        for (int variant = 0; variant < 4; variant++) {
            struct aws_endpoint_options options = {.region = expected->region,
                                                   .use_fips = (variant & 1) != 0,
                                                   .use_dualstack = (variant & 2) != 0};
            struct aws_endpoint endpoint;
            struct error err;
            if (expected->hosts[variant] == NULL) {
                continue;
            }
            assert_true(aws_endpoint_resolve(expected->service, &options, &endpoint, &err));
            assert_true(strncmp(endpoint.url, "https://", 8) == 0);
            assert_string_equal(endpoint.url + 8, expected->hosts[variant]);
            assert_string_equal(endpoint.signing_region, expected->region);
            assert_false(endpoint.is_custom);
        }
    }
}

static void check_error(enum aws_service service, const struct aws_endpoint_options *options,
                        const char *code, const char *part)
{
    struct aws_endpoint endpoint = {.url = "untouched"};
    struct error err;
    assert_false(aws_endpoint_resolve(service, options, &endpoint, &err));
    assert_string_equal(err.code, code);
    assert_int_equal(err.error_class, ERROR_PERMANENT);
    assert_non_null(strstr(err.message, part));
    assert_string_equal(endpoint.url, "untouched");
}

static void a_region_is_needed_and_checked(void **state)
{
    (void)state;
    check_error(AWS_S3, &(struct aws_endpoint_options){.region = NULL}, "no_region", "AWS_REGION");
    check_error(AWS_S3, &(struct aws_endpoint_options){.region = ""}, "no_region", "AWS_REGION");
    check_error(AWS_S3, &(struct aws_endpoint_options){.region = "evil.example/"}, "bad_region",
                "evil.example/");
    static const char *const bad[] = {"-a", "a-", "EU-WEST-1", "eu west", "a\nb"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(aws_region_is_valid(bad[i]));
    }
    char longest[AWS_REGION_SIZE + 1];
    memset(longest, 'a', sizeof(longest));
    longest[AWS_REGION_SIZE] = '\0';
    assert_false(aws_region_is_valid(longest));
    longest[AWS_REGION_SIZE - 1] = '\0';
    assert_true(aws_region_is_valid(longest));
}

static void s3_in_china_has_no_fips(void **state)
{
    (void)state;
    struct aws_endpoint_options options = {.region = "cn-north-1", .use_fips = true};
    check_error(AWS_S3, &options, "bad_aws_config", "cn-north-1");
}

static void an_override_keeps_its_path_and_the_signing_region(void **state)
{
    (void)state;
    struct aws_endpoint endpoint;
    struct error err;
    struct aws_endpoint_options options = {.region = "eu-west-1",
                                           .override_url = "http://127.0.0.1:5000/base//"};
    assert_true(aws_endpoint_resolve(AWS_S3, &options, &endpoint, &err));
    assert_string_equal(endpoint.url, "http://127.0.0.1:5000/base");
    assert_string_equal(endpoint.signing_region, "eu-west-1");
    assert_true(endpoint.is_custom);
}

static void an_override_excludes_fips_and_dualstack(void **state)
{
    (void)state;
    struct aws_endpoint_options fips = {"eu-west-1", "https://s3.example", true, false};
    struct aws_endpoint_options dualstack = {"eu-west-1", "https://s3.example", false, true};
    check_error(AWS_S3, &fips, "bad_aws_config", "use_fips_endpoint");
    check_error(AWS_S3, &dualstack, "bad_aws_config", "use_dualstack_endpoint");
}

static void an_override_must_be_a_base_url(void **state)
{
    (void)state;
    static const char *const bad[] = {"s3.example",
                                      "ftp://s3.example",
                                      "https://",
                                      "https:///path",
                                      "https://user:pass@s3.example",
                                      "https://s3.example/?a=b",
                                      "https://s3.example/#a",
                                      "https://s3 .example",
                                      "https://s3.example/\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct aws_endpoint_options options = {.region = "eu-west-1", .override_url = bad[i]};
        check_error(AWS_STS, &options, "bad_aws_config", "an endpoint must be");
    }
    char longest[AWS_ENDPOINT_URL_SIZE + 1];
    memset(longest, 'a', sizeof(longest));
    memcpy(longest, "https://", 8);
    longest[AWS_ENDPOINT_URL_SIZE] = '\0';
    struct aws_endpoint_options options = {.region = "eu-west-1", .override_url = longest};
    check_error(AWS_STS, &options, "bad_aws_config", "an endpoint must be");
}

static void partitions_follow_the_region(void **state)
{
    (void)state;
    assert_string_equal(aws_partition("eu-central-1"), "aws");
    assert_string_equal(aws_partition("xx-new-9"), "aws");
    assert_string_equal(aws_partition("cn-northwest-1"), "aws-cn");
    assert_string_equal(aws_partition("us-gov-west-1"), "aws-us-gov");
    assert_string_equal(aws_partition("eusc-de-east-1"), "aws-eusc");
    assert_string_equal(aws_partition("us-isob-east-1"), "aws-iso-b");
    assert_string_equal(aws_partition("eu-isoe-west-1"), "aws-iso-e");
}

static bool has_ip(const char *url)
{
    struct aws_endpoint endpoint;
    struct error err;
    struct aws_endpoint_options options = {.region = "eu-west-1", .override_url = url};
    assert_true(aws_endpoint_resolve(AWS_S3, &options, &endpoint, &err));
    return aws_endpoint_has_ip_host(&endpoint);
}

static void tells_addresses_from_names(void **state)
{
    (void)state;
    assert_true(has_ip("http://127.0.0.1:9000"));
    assert_true(has_ip("http://[::1]:9000/base"));
    assert_false(has_ip("http://localhost:9000"));
    assert_false(has_ip("https://1.example.org/1.2.3.4"));
}

static void tells_which_buckets_may_stand_in_a_host(void **state)
{
    (void)state;
    assert_true(aws_bucket_is_host_label("msecindustries-raw"));
    assert_true(aws_bucket_is_host_label("a1b"));
    static const char *const others[] = {"",    "ab",  "my.bucket", "Upper",
                                         "a_b", "-ab", "ab-",       "arn:aws:s3:::x"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_false(aws_bucket_is_host_label(others[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_are_those_of_botocore),
        cmocka_unit_test(a_region_is_needed_and_checked),
        cmocka_unit_test(s3_in_china_has_no_fips),
        cmocka_unit_test(an_override_keeps_its_path_and_the_signing_region),
        cmocka_unit_test(an_override_excludes_fips_and_dualstack),
        cmocka_unit_test(an_override_must_be_a_base_url),
        cmocka_unit_test(partitions_follow_the_region),
        cmocka_unit_test(tells_addresses_from_names),
        cmocka_unit_test(tells_which_buckets_may_stand_in_a_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
