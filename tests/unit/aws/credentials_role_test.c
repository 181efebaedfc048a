/* Roles: by source_profile, by credential_source, by web identity, against an STS that checks the
 * signatures; and everything that is wrong before STS is asked. */
#include "core/aws/credentials.h"

#include "core/aws/sso_token.h"
#include "core/base/alloc.h"
#include "tests/support/aws_fixture.h"
#include "tests/support/cmocka.h"
#include "tests/support/fake_aws.h"
#include "tests/support/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARN "arn:aws:iam::123456789012:role/ops"
#define BASE_KEYS                                                                                  \
    "[base]\naws_access_key_id = " FAKE_KEY_ID "\naws_secret_access_key = " FAKE_SECRET "\n"
#define ANSWER(operation, key_id)                                                                  \
    "<" operation "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" operation       \
    "Result><AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/ops/x</Arn>"              \
    "</AssumedRoleUser><Credentials><AccessKeyId>" key_id "</AccessKeyId><SecretAccessKey>secret-" \
    "of-" key_id "</SecretAccessKey><SessionToken>token-of-" key_id                                \
    "</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></" operation       \
    "Result></" operation "Response>"

struct roles {
    struct aws_fixture *aws;
    struct fake_aws *sts;
};

static int set_up(void **state)
{
    struct roles *roles = xcalloc(1, sizeof(*roles));
    roles->aws = aws_fixture_new();
    roles->sts = fake_aws_new(roles->aws->loop);
    roles->aws->spec.clock = NULL; /* the server has the time of the system */
    roles->aws->spec.profile = "ops";
    aws_fixture_variable(roles->aws, "AWS_REGION", "eu-west-1");
    aws_fixture_variable(roles->aws, "AWS_ENDPOINT_URL", fake_aws_url(roles->sts));
    aws_fixture_credentials(roles->aws, BASE_KEYS);
    *state = roles;
    return 0;
}

static int tear_down(void **state)
{
    struct roles *roles = *state;
    fake_aws_free(roles->sts);
    aws_fixture_free(roles->aws);
    free(roles);
    return 0;
}

static void expect(struct roles *roles, const char *body, const char *answer)
{
    fake_aws_expect(roles->sts, (struct fake_exchange){.method = "POST",
                                                       .path = "/",
                                                       .service = "sts",
                                                       .region = "eu-west-1",
                                                       .body = body,
                                                       .answer = {.body = str_from(answer)}});
}

static void check_body(struct roles *roles, size_t index, const char *part)
{
    struct str body = fake_aws_request(roles->sts, index)->body;
    if (!str_contains(body, str_from(part))) {
        fail_msg(STR_FMT, STR_ARG(body));
    }
}

/* ---- by source_profile */
static void a_profile_assumes_its_role_with_the_keys_of_its_source(void **state)
{
    struct roles *roles = *state;
    aws_fixture_config(roles->aws, "[profile ops]\nrole_arn = " ARN "\nsource_profile = base\n");
    expect(roles, "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012",
           ANSWER("AssumeRole", "ASIAROLE"));
    aws_fixture_check_key(roles->aws, "ASIAROLE");
    const struct aws_credentials *credentials = &roles->aws->get.credentials;
    assert_string_equal(secret_reveal(&credentials->secret_key), "secret-of-ASIAROLE");
    assert_string_equal(secret_reveal(&credentials->session_token), "token-of-ASIAROLE");
    assert_string_equal(credentials->account, "123456789012");
    assert_true(credentials->expires_ms > 4000000000000);
    assert_non_null(strstr(credentials->source, "role " ARN " of profile ops, by profile base ("));
    check_body(roles, 0, "&RoleSessionName=gatehouse-");
    assert_null(strstr(credentials->source, "secret"));
}

static void what_the_profile_asks_for_is_sent(void **state)
{
    struct roles *roles = *state;
    aws_fixture_config(roles->aws, "[profile ops]\nrole_arn = " ARN "\nsource_profile = base\n"
                                   "external_id = a+b/c =\nduration_seconds = 3600\n"
                                   "role_session_name = ana@example.com\n");
    expect(roles, "AssumeRole", ANSWER("AssumeRole", "ASIAROLE"));
    aws_fixture_check_key(roles->aws, "ASIAROLE");
    check_body(roles, 0, "&ExternalId=a%2Bb%2Fc%20%3D&DurationSeconds=3600");
    check_body(roles, 0, "&RoleSessionName=ana%40example.com&");
}

static void a_source_may_itself_assume_a_role(void **state)
{
    struct roles *roles = *state;
    aws_fixture_config(roles->aws,
                       "[profile ops]\nrole_arn = " ARN "\nsource_profile = middle\n"
                       "[profile middle]\nrole_arn = " ARN "-middle\nsource_profile = base\n");
    fake_aws_add_key(roles->sts, "ASIAMIDDLE", "secret-of-ASIAMIDDLE", "token-of-ASIAMIDDLE");
    expect(roles, "ops-middle", ANSWER("AssumeRole", "ASIAMIDDLE"));
    expect(roles, "AssumeRole", ANSWER("AssumeRole", "ASIAROLE"));
    aws_fixture_check_key(roles->aws, "ASIAROLE");
    assert_non_null(strstr(fake_request_header(fake_aws_request(roles->sts, 1), "authorization"),
                           "Credential=ASIAMIDDLE/"));
}

static void keys_of_a_source_come_before_its_role(void **state)
{
    struct roles *roles = *state;
    aws_fixture_config(roles->aws, "[profile ops]\nrole_arn = " ARN "\nsource_profile = base\n"
                                   "[profile base]\nrole_arn = " ARN "-base\n"
                                   "source_profile = ops\n");
    expect(roles, "AssumeRole", ANSWER("AssumeRole", "ASIAROLE"));
    aws_fixture_check_key(roles->aws, "ASIAROLE");
    assert_int_equal(fake_aws_count(roles->sts), 1);
}

static void a_profile_may_be_its_own_source(void **state)
{
    struct roles *roles = *state;
    aws_fixture_config(roles->aws, "[profile base]\nrole_arn = " ARN "\nsource_profile = base\n");
    roles->aws->spec.profile = "base";
    expect(roles, "AssumeRole", ANSWER("AssumeRole", "ASIAROLE"));
    aws_fixture_check_key(roles->aws, "ASIAROLE");
}

static void a_source_may_be_a_command(void **state)
{
    struct roles *roles = *state;
    char text[1024];
    snprintf(text, sizeof(text),
             "[profile ops]\nrole_arn = " ARN "\nsource_profile = tool\n[profile tool]\n"
             "credential_process = /bin/echo '{\"Version\":1,\"AccessKeyId\":\"%s\","
             "\"SecretAccessKey\":\"%s\"}'\n",
             FAKE_KEY_ID, FAKE_SECRET);
    aws_fixture_config(roles->aws, text);
    expect(roles, "AssumeRole", ANSWER("AssumeRole", "ASIAROLE"));
    aws_fixture_check_key(roles->aws, "ASIAROLE");
}

static void a_role_is_assumed_anew_when_its_keys_are_refused(void **state)
{
    struct roles *roles = *state;
    aws_fixture_config(roles->aws, "[profile ops]\nrole_arn = " ARN "\nsource_profile = base\n");
    expect(roles, "AssumeRole", ANSWER("AssumeRole", "ASIAROLE"));
    expect(roles, "AssumeRole", ANSWER("AssumeRole", "ASIANEXT"));
    aws_fixture_check_key(roles->aws, "ASIAROLE");
    aws_fixture_check_key(roles->aws, "ASIAROLE");
    assert_true(aws_fixture_get(roles->aws, true));
    assert_string_equal(roles->aws->get.credentials.key_id, "ASIANEXT");
}

/* Ours is two hours ahead of the services': their keys would seem to have expired when they come.
 */
static void keys_of_a_role_end_by_the_services_clock(void **state)
{
    enum { HOUR_MS = 3600000 };
    struct roles *roles = *state;
    struct clock *clock = clock_system();
    char until[CLOCK_TEXT_SIZE];
    clock_format_utc(clock->wall_ms(clock) - HOUR_MS, until);
    char *answer =
        xasprintf("<AssumeRoleResponse><AssumeRoleResult><Credentials>"
                  "<AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
                  "<SessionToken>t</SessionToken><Expiration>%s</Expiration></Credentials>"
                  "</AssumeRoleResult></AssumeRoleResponse>",
                  until);
    fake_aws_set_clock_ahead(roles->sts, (int64_t)-2 * HOUR_MS);
    aws_fixture_config(roles->aws, "[profile ops]\nrole_arn = " ARN "\nsource_profile = base\n");
    expect(roles, "AssumeRole", answer);
    aws_fixture_check_key(roles->aws, "ASIAROLE");
    aws_fixture_check_key(roles->aws, "ASIAROLE"); /* kept, so there is no second question */
    assert_int_equal(fake_aws_count(roles->sts), 2);
    free(answer);
}

/* ---- by credential_source */
static void a_role_by_the_keys_of_the_environment(void **state)
{
    struct roles *roles = *state;
    aws_fixture_config(roles->aws,
                       "[profile ops]\nrole_arn = " ARN "\ncredential_source = Environment\n");
    aws_fixture_variable(roles->aws, "AWS_ACCESS_KEY_ID", FAKE_KEY_ID);
    aws_fixture_variable(roles->aws, "AWS_SECRET_ACCESS_KEY", FAKE_SECRET);
    expect(roles, "AssumeRole", ANSWER("AssumeRole", "ASIAROLE"));
    aws_fixture_check_key(roles->aws, "ASIAROLE");
    assert_non_null(strstr(roles->aws->get.credentials.source, "of profile ops, by environment"));
}

static void a_credential_source_that_has_nothing_is_told(void **state)
{
    struct roles *roles = *state;
    static const char *const names[] = {"Environment", "EcsContainer", "Ec2InstanceMetadata"};
    static const char *const answers[] = {"AWS_ACCESS_KEY_ID is not set",
                                          "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "switched off"};
    for (size_t i = 0; i < 3; i++) {
        char text[256];
        snprintf(text, sizeof(text), "[profile ops]\nrole_arn = " ARN "\ncredential_source = %s\n",
                 names[i]);
        aws_fixture_config(roles->aws, text);
        aws_fixture_open(roles->aws);
        aws_fixture_check_error(roles->aws, "credentials_refused", answers[i]);
    }
}

/* ---- the order of all */

struct provider {
    const char *key_id; /* whose keys are found when nobody before it has any */
    const char *config; /* lines of [default] */
    const char *credentials;
    const char *variables[4]; /* names and values; {url} and {home} are put in */
    const char *method, *path, *answer;
};

#define JSON_KEYS(id)                                                                              \
    "{\"Version\":1,\"Code\":\"Success\",\"AccessKeyId\":\"" id                                    \
    "\",\"SecretAccessKey\":\"s\",\"Token\":\"t\"}"

static const struct provider providers[] = {
    {.key_id = "AKIAENV",
     .variables = {"AWS_ACCESS_KEY_ID", "AKIAENV", "AWS_SECRET_ACCESS_KEY", "s"}},
    {.key_id = "ASIAROLE",
     .config = "role_arn = " ARN "\nsource_profile = base\n",
     .method = "POST",
     .path = "/",
     .answer = ANSWER("AssumeRole", "ASIAROLE")},
    {.key_id = "ASIAWEB",
     .variables = {"AWS_WEB_IDENTITY_TOKEN_FILE", "{home}/.aws/config", "AWS_ROLE_ARN", ARN},
     .method = "POST",
     .path = "/",
     .answer = ANSWER("AssumeRoleWithWebIdentity", "ASIAWEB")},
    {.key_id = "ASIASSO",
     .config = "sso_account_id = 123456789012\nsso_role_name = r\nsso_region = eu-west-1\n"
               "sso_start_url = https://x\n",
     .method = "GET",
     .path = "/federation/credentials",
     .answer = "{\"roleCredentials\":{\"accessKeyId\":\"ASIASSO\",\"secretAccessKey\":\"s\","
               "\"sessionToken\":\"t\",\"expiration\":4070908800000}}"},
    {.key_id = "AKIAFILE",
     .credentials = "aws_access_key_id = AKIAFILE\naws_secret_access_key = s\n"},
    {.key_id = "AKIATOOL",
     .config = "credential_process = /bin/echo '" JSON_KEYS("AKIATOOL") "'\n"},
    {.key_id = "AKIACONFIG",
     .config = "aws_access_key_id = AKIACONFIG\naws_secret_access_key = s\n"},
    {.key_id = "ASIACONTAINER",
     .variables = {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "{url}/container"},
     .method = "GET",
     .path = "/container",
     .answer = JSON_KEYS("ASIACONTAINER")},
    {.key_id = "ASIAINSTANCE",
     .variables = {"AWS_EC2_METADATA_DISABLED", "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                   "{url}"},
     .method = "GET",
     .path = "/latest/meta-data/iam/security-credentials/r",
     .answer = JSON_KEYS("ASIAINSTANCE")},
};
enum { PROVIDER_COUNT = sizeof(providers) / sizeof(providers[0]) };

static void set_variable(struct roles *roles, const char *name, const char *value)
{
    const char *rest = strchr(value, '}');
    const char *place = value[1] == 'u' ? fake_aws_url(roles->sts) : roles->aws->folder;
    char *full = rest == NULL ? xstrdup(value) : xasprintf("%s%s", place, rest + 1);
    aws_fixture_variable(roles->aws, name, full);
    free(full);
}

/* This provider and those after it have keys, those before it have none. */
static void set_providers(struct roles *roles, size_t first)
{
    char config[2048] = "[default]\n", keys[512] = BASE_KEYS "[default]\n";
    for (size_t i = 0; i < PROVIDER_COUNT; i++) {
        const struct provider *provider = &providers[i];
        for (size_t j = 0; j < 4 && provider->variables[j] != NULL; j += 2) {
            aws_fixture_variable(roles->aws, provider->variables[j], NULL);
            if (i >= first) {
                set_variable(roles, provider->variables[j], provider->variables[j + 1]);
            }
        }
        strcat(config, i >= first && provider->config != NULL ? provider->config : "");
        strcat(keys, i >= first && provider->credentials != NULL ? provider->credentials : "");
    }
    aws_fixture_config(roles->aws, config);
    aws_fixture_credentials(roles->aws, keys);
}

static void expect_unsigned(struct roles *roles, const char *method, const char *path,
                            const char *answer)
{
    fake_aws_expect(roles->sts, (struct fake_exchange){.method = method,
                                                       .path = path,
                                                       .is_unsigned = true,
                                                       .answer = {.body = str_from(answer)}});
}

static void the_first_that_applies_wins(void **state)
{
    struct roles *roles = *state;
    roles->aws->spec.profile = NULL;
    char *cache = sso_token_path("", "https://x");
    test_file_write(roles->aws->folder, cache + 1,
                    "{\"accessToken\":\"a\",\"expiresAt\":\"2099-01-01T00:00:00Z\"}", 0600);
    free(cache);
    for (size_t i = 0; i < PROVIDER_COUNT; i++) {
        const struct provider *provider = &providers[i];
        set_providers(roles, i);
        if (strcmp(provider->key_id, "ASIAROLE") == 0) {
            expect(roles, "Action=AssumeRole&", provider->answer);
        } else if (provider->path != NULL) {
            if (i == PROVIDER_COUNT - 1) {
                expect_unsigned(roles, "PUT", "/latest/api/token", "token");
                expect_unsigned(roles, "GET", "/latest/meta-data/iam/security-credentials/", "r");
            }
            expect_unsigned(roles, provider->method, provider->path, provider->answer);
        }
        aws_fixture_open(roles->aws);
        aws_fixture_check_key(roles->aws, provider->key_id);
    }
}

/* ---- what is wrong */
static void settings_that_cannot_be_are_told_with_their_line(void **state)
{
    struct roles *roles = *state;
    static const struct {
        const char *settings, *message;
    } cases[] = {
        {"role_arn = " ARN "\n", "config:2: a role needs source_profile or credential_source"},
        {"role_arn = " ARN "\nsource_profile = base\ncredential_source = Environment\n",
         "config:2: a role has source_profile or credential_source, not both"},
        {"role_arn = " ARN "\nsource_profile = nobody\n",
         "config:3: there is no profile \"nobody\""},
        {"role_arn = " ARN "\ncredential_source = environment\n",
         "config:3: credential_source must be Environment, EcsContainer or Ec2InstanceMetadata"},
        {"role_arn = ops\nsource_profile = base\n", "config:2: \"ops\" is no role"},
        {"role_arn = " ARN "\nsource_profile = base\nduration_seconds = 60\n",
         "config:4: duration_seconds must be a whole number from 900 to 43200"},
        {"role_arn = " ARN "\nsource_profile = base\nrole_session_name = a b\n",
         "config:4: a role session name has"},
        {"role_arn = " ARN "\nsource_profile = base\nmfa_serial = arn:aws:iam::1:mfa/ana\n",
         "config:4: the role asks for the code of an MFA device"},
        {"role_arn = " ARN "\nsource_profile = ops\n",
         "config:3: source_profile goes round in a circle"},
        {"role_arn = " ARN "\nsource_profile = other\n[profile other]\nrole_arn = " ARN "\n"
         "source_profile = ops\n",
         "config:6: source_profile goes round in a circle back to \"ops\""},
        {"role_arn = " ARN "\nsource_profile = other\n[profile other]\nregion = eu-west-1\n",
         "source_profile other: no credentials there: keys of the profile: no aws_access_key_id; "
         "role: "},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[512];
        snprintf(text, sizeof(text), "[profile ops]\n%s", cases[i].settings);
        aws_fixture_config(roles->aws, text);
        aws_fixture_open(roles->aws);
        aws_fixture_check_error(roles->aws, "credentials_refused", cases[i].message);
    }
    assert_int_equal(fake_aws_count(roles->sts), 0);
}

static void a_refusal_of_sts_is_told_in_its_words(void **state)
{
    struct roles *roles = *state;
    aws_fixture_config(roles->aws, "[profile ops]\nrole_arn = " ARN "\nsource_profile = base\n");
    fake_aws_expect(
        roles->sts,
        (struct fake_exchange){
            .body = "AssumeRole",
            .answer = {.status = 403,
                       .body = STR("<ErrorResponse><Error><Type>Sender</Type>"
                                   "<Code>AccessDenied</Code><Message>User ana is not authorized"
                                   "</Message></Error><RequestId>r-1</RequestId>"
                                   "</ErrorResponse>")}});
    aws_fixture_check_error(
        roles->aws, "credentials_refused",
        "AWS credentials, role: profile ops: AssumeRole: AccessDenied: User ana "
        "is not authorized");
    assert_int_equal(roles->aws->err.error_class, ERROR_PERMANENT);
    assert_int_equal(roles->aws->err.http_status, 403);
    assert_null(strstr(roles->aws->err.message, FAKE_SECRET));
}

static void an_sts_that_is_away_is_a_passing_error(void **state)
{
    struct roles *roles = *state;
    aws_fixture_config(roles->aws, "[profile ops]\nrole_arn = " ARN "\nsource_profile = base\n");
    aws_fixture_variable(roles->aws, "AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    aws_fixture_variable(roles->aws, "AWS_MAX_ATTEMPTS", "1");
    assert_false(aws_fixture_get(roles->aws, false));
    assert_int_equal(roles->aws->err.error_class, ERROR_TRANSIENT);
}

static void half_an_answer_of_sts_is_refused(void **state)
{
    struct roles *roles = *state;
    aws_fixture_config(roles->aws, "[profile ops]\nrole_arn = " ARN "\nsource_profile = base\n");
    expect(roles, "AssumeRole",
           "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAX</AccessKeyId>"
           "<SecretAccessKey>hush</SecretAccessKey></Credentials></AssumeRoleResult>"
           "</AssumeRoleResponse>");
    aws_fixture_check_error(roles->aws, "credentials_refused",
                            "AssumeRole: the answer has no usable SessionToken");
    assert_null(strstr(roles->aws->err.message, "hush"));
}

static void without_a_region_of_the_session_that_of_the_profile_is_used(void **state)
{
    struct roles *roles = *state;
    aws_fixture_variable(roles->aws, "AWS_REGION", NULL);
    aws_fixture_config(roles->aws, "[profile ops]\nrole_arn = " ARN "\nsource_profile = base\n");
    aws_fixture_check_error(roles->aws, "credentials_refused", "no AWS region is configured");
}

static void cancel_and_be_silent(void *context, const struct fake_request *request,
                                 struct fake_answer *out_answer)
{
    (void)request;
    out_answer->fault = FAKE_SILENT;
    aws_credentials_get_cancel(context);
}

static void a_search_can_be_cancelled_while_sts_is_silent(void **state)
{
    struct roles *roles = *state;
    struct aws_credentials_get get = {.must_renew = false};
    aws_fixture_config(roles->aws, "[profile ops]\nrole_arn = " ARN "\nsource_profile = base\n");
    fake_aws_expect(roles->sts,
                    (struct fake_exchange){.handle = cancel_and_be_silent, .context = &get});
    aws_credentials_get_start(aws_fixture_open(roles->aws), &get);
    assert_false(loop_await(roles->aws->loop, &get.op, &roles->aws->err));
    assert_int_equal(roles->aws->err.error_class, ERROR_CANCELLED);
}

/* ---- by web identity */
static void expect_web(struct roles *roles, const char *body, const char *key_answer)
{
    fake_aws_expect(roles->sts, (struct fake_exchange){.method = "POST",
                                                       .body = body,
                                                       .is_unsigned = true,
                                                       .answer = {.body = str_from(key_answer)}});
}

static void web_identity(struct roles *roles, const char *token)
{
    char *path = xasprintf("%s/token", roles->aws->folder);
    test_file_write(roles->aws->folder, "token", token, 0600);
    aws_fixture_variable(roles->aws, "AWS_WEB_IDENTITY_TOKEN_FILE", path);
    roles->aws->spec.profile = NULL;
    free(path);
}

static void a_role_by_the_token_of_the_environment(void **state)
{
    struct roles *roles = *state;
    web_identity(roles, "header.pay+load/.signature=\n");
    aws_fixture_variable(roles->aws, "AWS_ROLE_ARN", ARN);
    aws_fixture_variable(roles->aws, "AWS_ROLE_SESSION_NAME", "pod-1");
    expect_web(roles, "Action=AssumeRoleWithWebIdentity&",
               ANSWER("AssumeRoleWithWebIdentity", "ASIAWEB"));
    aws_fixture_check_key(roles->aws, "ASIAWEB");
    check_body(roles, 0,
               "&RoleSessionName=pod-1&WebIdentityToken=header.pay%2Bload%2F.signature%3D");
    assert_null(fake_request_header(fake_aws_request(roles->sts, 0), "authorization"));
    assert_non_null(strstr(roles->aws->get.credentials.source, "role " ARN " by web identity ("));
}

static void the_token_file_is_read_each_time(void **state)
{
    struct roles *roles = *state;
    web_identity(roles, "first-token");
    aws_fixture_variable(roles->aws, "AWS_ROLE_ARN", ARN);
    expect_web(roles, "WebIdentityToken=first-token",
               ANSWER("AssumeRoleWithWebIdentity", "ASIAFIRST"));
    expect_web(roles, "WebIdentityToken=second-token",
               ANSWER("AssumeRoleWithWebIdentity", "ASIASECOND"));
    aws_fixture_check_key(roles->aws, "ASIAFIRST");
    test_file_write(roles->aws->folder, "token", "second-token", 0600);
    assert_true(aws_fixture_get(roles->aws, true));
    assert_string_equal(roles->aws->get.credentials.key_id, "ASIASECOND");
}

static void a_profile_may_fill_in_for_the_environment_and_the_environment_wins(void **state)
{
    struct roles *roles = *state;
    aws_fixture_config(roles->aws, "[default]\nrole_arn = " ARN "\nrole_session_name = profile\n");
    web_identity(roles, "the-token");
    aws_fixture_variable(roles->aws, "AWS_ROLE_SESSION_NAME", "variable");
    expect_web(roles, "role%2Fops&RoleSessionName=variable",
               ANSWER("AssumeRoleWithWebIdentity", "ASIAWEB"));
    aws_fixture_check_key(roles->aws, "ASIAWEB");
}

static void a_profile_named_by_us_does_not_look_at_the_environment(void **state)
{
    struct roles *roles = *state;
    char *text = xasprintf("[profile ops]\nrole_arn = " ARN "\n"
                           "web_identity_token_file = %s/other\n",
                           roles->aws->folder);
    aws_fixture_config(roles->aws, text);
    free(text);
    web_identity(roles, "not-this-one");
    test_file_write(roles->aws->folder, "other", "this-one", 0600);
    aws_fixture_variable(roles->aws, "AWS_ROLE_ARN", "arn:aws:iam::1:role/not-this-one");
    roles->aws->spec.profile = "ops";
    expect_web(roles, "WebIdentityToken=this-one", ANSWER("AssumeRoleWithWebIdentity", "ASIAWEB"));
    aws_fixture_check_key(roles->aws, "ASIAWEB");
}

static void a_token_without_role_or_a_bad_file_is_told(void **state)
{
    struct roles *roles = *state;
    web_identity(roles, "token");
    aws_fixture_check_error(roles->aws, "credentials_refused", "neither AWS_ROLE_ARN nor role_arn");
    aws_fixture_variable(roles->aws, "AWS_ROLE_ARN", ARN);
    web_identity(roles, "abc\n");
    aws_fixture_open(roles->aws);
    aws_fixture_check_error(roles->aws, "credentials_refused", "token: a token has 4 to 20000");
    aws_fixture_variable(roles->aws, "AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere");
    aws_fixture_open(roles->aws);
    aws_fixture_check_error(roles->aws, "credentials_refused", "cannot open /nowhere");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_profile_assumes_its_role_with_the_keys_of_its_source),
        TEST(what_the_profile_asks_for_is_sent),
        TEST(a_source_may_itself_assume_a_role),
        TEST(keys_of_a_source_come_before_its_role),
        TEST(a_profile_may_be_its_own_source),
        TEST(a_source_may_be_a_command),
        TEST(a_role_is_assumed_anew_when_its_keys_are_refused),
        TEST(keys_of_a_role_end_by_the_services_clock),
        TEST(a_role_by_the_keys_of_the_environment),
        TEST(a_credential_source_that_has_nothing_is_told),
        TEST(the_first_that_applies_wins),
        TEST(settings_that_cannot_be_are_told_with_their_line),
        TEST(a_refusal_of_sts_is_told_in_its_words),
        TEST(an_sts_that_is_away_is_a_passing_error),
        TEST(half_an_answer_of_sts_is_refused),
        TEST(without_a_region_of_the_session_that_of_the_profile_is_used),
        TEST(a_search_can_be_cancelled_while_sts_is_silent),
        TEST(a_role_by_the_token_of_the_environment),
        TEST(the_token_file_is_read_each_time),
        TEST(a_profile_may_fill_in_for_the_environment_and_the_environment_wins),
        TEST(a_profile_named_by_us_does_not_look_at_the_environment),
        TEST(a_token_without_role_or_a_bad_file_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
