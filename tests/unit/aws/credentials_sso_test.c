/* SSO: the token cache of other tools, its renewal and writing back, the portal, and what to do
 * when the login is over. */
#include "core/aws/sso_token.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "tests/support/aws_fixture.h"
#include "tests/support/cmocka.h"
#include "tests/support/fake_aws.h"
#include "tests/support/folder.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* SHA-1 of "my-sso" and of the start URL: the names other tools give the files. */
#define SESSION_FILE ".aws/sso/cache/0ad374308c5a4e22f723adf10145eafad7c4031c.json"
#define SESSION_CONFIG                                                                             \
    "[profile ops]\nsso_session = my-sso\nsso_account_id = 123456789012\nsso_role_name = Ops\n"    \
    "[sso-session my-sso]\nsso_start_url = https://my.awsapps.com/start\n"                         \
    "sso_region = eu-north-1\n"
#define LEGACY_CONFIG                                                                              \
    "[profile ops]\nsso_start_url = https://my.awsapps.com/start\nsso_region = eu-north-1\n"       \
    "sso_account_id = 123456789012\nsso_role_name = Ops\n"
#define KEYS                                                                                       \
    "{\"roleCredentials\":{\"accessKeyId\":\"ASIASSO\",\"secretAccessKey\":\"sso/secret\","        \
    "\"sessionToken\":\"sso/token\",\"expiration\":4070908800000}}"
#define RENEWED                                                                                    \
    "{\"accessToken\":\"access-2\",\"expiresIn\":3600,\"refreshToken\":\"refresh-2\","             \
    "\"tokenType\":\"Bearer\"}"

struct sso {
    struct aws_fixture *aws;
    struct fake_aws *server;
};

/* Of the clock of the fixture. */
static void set_server_ahead(struct sso *sso, int64_t ahead_ms)
{
    struct clock *clock = clock_system();
    int64_t fixture_ahead_ms = sso->aws->clock.wall_ms - clock->wall_ms(clock);
    fake_aws_set_clock_ahead(sso->server, fixture_ahead_ms + ahead_ms);
}

static int set_up(void **state)
{
    struct sso *sso = xcalloc(1, sizeof(*sso));
    sso->aws = aws_fixture_new();
    sso->server = fake_aws_new(sso->aws->loop);
    set_server_ahead(sso, 0);
    sso->aws->spec.profile = "ops";
    aws_fixture_variable(sso->aws, "AWS_REGION", "eu-west-1");
    aws_fixture_variable(sso->aws, "AWS_ENDPOINT_URL", fake_aws_url(sso->server));
    aws_fixture_config(sso->aws, SESSION_CONFIG);
    *state = sso;
    return 0;
}

static int tear_down(void **state)
{
    struct sso *sso = *state;
    fake_aws_free(sso->server);
    aws_fixture_free(sso->aws);
    free(sso);
    return 0;
}

/* A cached token that holds until then; the fixture's clock stands at noon. */
static void token_until(struct sso *sso, const char *file, const char *until)
{
    char text[512];
    snprintf(text, sizeof(text),
             "{\"startUrl\":\"https://my.awsapps.com/start\",\"region\":\"eu-north-1\","
             "\"accessToken\":\"access-1\",\"expiresAt\":\"%s\",\"clientId\":\"client\","
             "\"clientSecret\":\"client-secret\",\"registrationExpiresAt\":"
             "\"2027-01-01T00:00:00Z\",\"refreshToken\":\"refresh-1\",\"other\":[1,2]}",
             until);
    test_file_write(sso->aws->folder, file, text, 0600);
}

static void expect_portal(struct sso *sso, const char *bearer)
{
    fake_aws_expect(sso->server, (struct fake_exchange){
                                     .method = "GET",
                                     .path = "/federation/credentials",
                                     .query = "role_name=Ops&account_id=123456789012",
                                     .header = bearer,
                                     .is_unsigned = true,
                                     .answer = {.body = STR(KEYS)},
                                 });
}

static void expect_renewal(struct sso *sso, int status, const char *answer)
{
    fake_aws_expect(sso->server,
                    (struct fake_exchange){
                        .method = "POST",
                        .path = "/token",
                        .body = "{\"clientId\":\"client\",\"clientSecret\":\"client-secret\","
                                "\"grantType\":\"refresh_token\",\"refreshToken\":\"refresh-1\"}",
                        .is_unsigned = true,
                        .answer = {.status = status, .body = str_from(answer)},
                    });
}

static void the_token_of_a_session_is_changed_for_keys(void **state)
{
    struct sso *sso = *state;
    token_until(sso, SESSION_FILE, "2026-11-22T20:00:00Z");
    expect_portal(sso, "x-amz-sso_bearer_token: access-1");
    aws_fixture_check_key(sso->aws, "ASIASSO");
    const struct aws_credentials *credentials = &sso->aws->get.credentials;
    assert_string_equal(secret_reveal(&credentials->secret_key), "sso/secret");
    assert_string_equal(secret_reveal(&credentials->session_token), "sso/token");
    assert_int_equal(credentials->expires_ms, 4070908800000);
    assert_string_equal(credentials->account, "123456789012");
    assert_string_equal(credentials->source, "SSO (profile ops, role Ops in account 123456789012)");
}

static void keys_end_by_the_clock_of_the_portal(void **state)
{
    enum { HOUR_MS = 3600000 };
    struct sso *sso = *state;
    char keys[256];
    snprintf(keys, sizeof(keys),
             "{\"roleCredentials\":{\"accessKeyId\":\"ASIASSO\",\"secretAccessKey\":\"s\","
             "\"sessionToken\":\"t\",\"expiration\":%lld}}",
             (long long)sso->aws->clock.wall_ms - HOUR_MS);
    token_until(sso, SESSION_FILE, "2026-11-22T20:00:00Z");
    for (int is_forbidden = 0; is_forbidden < 2; is_forbidden++) {
        set_server_ahead(sso, (int64_t)-2 * HOUR_MS);
        fake_aws_expect(sso->server, (struct fake_exchange){.is_unsigned = true,
                                                            .answer = {.body = str_from(keys)}});
        if (is_forbidden) {
            aws_fixture_variable(sso->aws, "AWS_DISABLE_CLOCK_SKEW_CORRECTION", "true");
            aws_fixture_open(sso->aws);
            aws_fixture_check_error(sso->aws, "credentials_refused", "has expired");
        } else {
            aws_fixture_check_key(sso->aws, "ASIASSO");
        }
    }
}

static void the_older_form_works_too(void **state)
{
    struct sso *sso = *state;
    char *path = sso_token_path("", "https://my.awsapps.com/start");
    aws_fixture_config(sso->aws, LEGACY_CONFIG);
    token_until(sso, path + 1, "2026-11-22T20:00:00UTC");
    expect_portal(sso, "x-amz-sso_bearer_token: access-1");
    aws_fixture_check_key(sso->aws, "ASIASSO");
    free(path);
}

static void a_token_about_to_end_is_renewed_and_written_back(void **state)
{
    struct sso *sso = *state;
    struct error err;
    struct stat info;
    token_until(sso, SESSION_FILE, "2026-11-22T12:10:00Z");
    expect_renewal(sso, 200, RENEWED);
    expect_portal(sso, "x-amz-sso_bearer_token: access-2");
    aws_fixture_check_key(sso->aws, "ASIASSO");
    char *text = test_file_read(sso->aws->folder, SESSION_FILE);
    struct json *json = json_parse(str_from(text), &err);
    assert_string_equal(json_text_or(json, "accessToken", ""), "access-2");
    assert_string_equal(json_text_or(json, "refreshToken", ""), "refresh-2");
    assert_string_equal(json_text_or(json, "expiresAt", ""), "2026-11-22T13:00:00Z");
    assert_string_equal(json_text_or(json, "clientSecret", ""), "client-secret");
    assert_int_equal(json_count(json_get(json, "other")), 2);
    char *path = file_join(sso->aws->folder, SESSION_FILE);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(test_folder_count(sso->aws->folder, ".aws/sso/cache"), 1);
    json_free(json);
    free(path);
    free(text);
}

static void a_token_that_still_holds_is_used_when_it_cannot_be_renewed(void **state)
{
    struct sso *sso = *state;
    token_until(sso, SESSION_FILE, "2026-11-22T12:10:00Z");
    char *before = test_file_read(sso->aws->folder, SESSION_FILE);
    expect_renewal(sso, 400, "{\"error\":\"invalid_grant\"}");
    expect_portal(sso, "x-amz-sso_bearer_token: access-1");
    aws_fixture_check_key(sso->aws, "ASIASSO");
    char *after = test_file_read(sso->aws->folder, SESSION_FILE);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void renewals_are_a_minute_apart(void **state)
{
    struct sso *sso = *state;
    clock_manual_advance(&sso->aws->clock, 1000);
    token_until(sso, SESSION_FILE, "2026-11-22T12:10:00Z");
    expect_renewal(sso, 400, "{\"error\":\"invalid_grant\"}");
    expect_portal(sso, NULL);
    expect_portal(sso, NULL);
    aws_fixture_check_key(sso->aws, "ASIASSO");
    assert_true(aws_fixture_get(sso->aws, true));
    assert_int_equal(fake_aws_count(sso->server), 3);
    clock_manual_advance(&sso->aws->clock, 61000);
    expect_renewal(sso, 200, RENEWED);
    expect_portal(sso, "x-amz-sso_bearer_token: access-2");
    assert_true(aws_fixture_get(sso->aws, true));
}

static void a_token_that_is_over_asks_for_a_login(void **state)
{
    struct sso *sso = *state;
    token_until(sso, SESSION_FILE, "2026-11-22T11:00:00Z");
    expect_renewal(sso, 400, "{\"error\":\"invalid_grant\"}");
    aws_fixture_check_error(sso->aws, "credentials_refused", "run `aws sso login --profile ops`");
    aws_fixture_config(sso->aws, LEGACY_CONFIG); /* the older form is not renewed */
    char *path = sso_token_path("", "https://my.awsapps.com/start");
    token_until(sso, path + 1, "2026-11-22T11:00:00Z");
    aws_fixture_open(sso->aws);
    aws_fixture_check_error(sso->aws, "credentials_refused", "run `aws sso login --profile ops`");
    assert_int_equal(fake_aws_count(sso->server), 1);
    free(path);
}

static void an_answer_without_token_changes_no_file(void **state)
{
    struct sso *sso = *state;
    static const char *const answers[] = {
        "{\"accessToken\":\"access-2\"}", "[]", "{\"accessToken\":[\"access-2\"],\"expiresIn\":60}",
        "{\"accessToken\":\"access-2\",\"expiresIn\":9007199254740992}",
        "{\"accessToken\":\"access-2\",\"expiresIn\":-1}"};
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        token_until(sso, SESSION_FILE, "2026-11-22T11:00:00Z");
        char *before = test_file_read(sso->aws->folder, SESSION_FILE);
        expect_renewal(sso, 200, answers[i]);
        aws_fixture_open(sso->aws); /* renewals are a minute apart */
        aws_fixture_check_error(sso->aws, "credentials_refused", "aws sso login");
        char *after = test_file_read(sso->aws->folder, SESSION_FILE);
        assert_string_equal(before, after);
        free(before);
        free(after);
    }
}

/* Also for root, whom no permission stops. */
static void limit_file_size(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_disk_that_cannot_be_written_does_not_stop_us_and_leaves_nothing_half(void **state)
{
    struct sso *sso = *state;
    token_until(sso, SESSION_FILE, "2026-11-22T11:00:00Z");
    char *before = test_file_read(sso->aws->folder, SESSION_FILE);
    expect_renewal(sso, 200, RENEWED);
    expect_portal(sso, "x-amz-sso_bearer_token: access-2");
    aws_fixture_open(sso->aws);
    signal(SIGXFSZ, SIG_IGN);
    limit_file_size(10);
    bool is_found = aws_fixture_get(sso->aws, false);
    limit_file_size(RLIM_INFINITY);
    assert_true(is_found);
    char *after = test_file_read(sso->aws->folder, SESSION_FILE);
    assert_string_equal(before, after);
    assert_int_equal(test_folder_count(sso->aws->folder, ".aws/sso/cache"), 1);
    free(before);
    free(after);
}

static void a_portal_that_refuses_asks_for_a_login(void **state)
{
    struct sso *sso = *state;
    token_until(sso, SESSION_FILE, "2026-11-22T20:00:00Z");
    fake_aws_expect(sso->server,
                    (struct fake_exchange){
                        .is_unsigned = true,
                        .answer = {.status = 401,
                                   .headers = "x-amzn-ErrorType: UnauthorizedException\r\n",
                                   .body = STR("{\"message\":\"Session token not found\"}")}});
    aws_fixture_check_error(sso->aws, "credentials_refused", "run `aws sso login --profile ops`");
}

static void a_portal_that_forbids_the_role_is_told_in_its_words(void **state)
{
    struct sso *sso = *state;
    token_until(sso, SESSION_FILE, "2026-11-22T20:00:00Z");
    fake_aws_expect(
        sso->server,
        (struct fake_exchange){.is_unsigned = true,
                               .answer = {.status = 403,
                                          .headers = "x-amzn-ErrorType: ForbiddenException\r\n",
                                          .body = STR("{\"message\":\"No access\"}")}});
    aws_fixture_check_error(sso->aws, "credentials_refused", "ForbiddenException: No access");
    assert_null(strstr(sso->aws->err.message, "access-1"));
}

static void settings_that_cannot_be_are_told(void **state)
{
    struct sso *sso = *state;
    static const struct {
        const char *config, *message;
    } cases[] = {
        {"[profile ops]\nsso_account_id = 1\n", "sso_role_name is not set"},
        {"[profile ops]\nsso_account_id = 1\nsso_role_name = r\n", "sso_start_url is not set"},
        {"[profile ops]\nsso_account_id = 1\nsso_role_name = r\nsso_session = x\n",
         "there is no section [sso-session x]"},
        {"[profile ops]\nsso_account_id = 1\nsso_role_name = r\nsso_session = x\n"
         "[sso-session x]\nsso_region = eu-north-1\n",
         "sso_start_url is not set in [sso-session x]"},
        {"[profile ops]\nsso_account_id = 1\nsso_role_name = r\nsso_session = x\n"
         "sso_region = eu-west-1\n[sso-session x]\nsso_region = eu-north-1\n"
         "sso_start_url = https://x\n",
         "sso_region is not what [sso-session x] says"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        aws_fixture_config(sso->aws, cases[i].config);
        aws_fixture_open(sso->aws);
        aws_fixture_check_error(sso->aws, "credentials_refused", cases[i].message);
    }
}

static void a_missing_or_broken_cache_asks_for_a_login(void **state)
{
    struct sso *sso = *state;
    aws_fixture_check_error(sso->aws, "credentials_refused", "nobody has logged in yet");
    test_file_write(sso->aws->folder, SESSION_FILE, "{\"accessToken\": hush", 0600);
    aws_fixture_open(sso->aws);
    aws_fixture_check_error(sso->aws, "credentials_refused", "not valid JSON");
    assert_null(strstr(sso->aws->err.message, "hush"));
    test_file_write(sso->aws->folder, SESSION_FILE, "{\"accessToken\": \"hush\"}", 0600);
    aws_fixture_open(sso->aws);
    aws_fixture_check_error(sso->aws, "credentials_refused", "no usable accessToken and expiresAt");
    assert_null(strstr(sso->aws->err.message, "hush"));
}

static void a_login_session_is_refused_with_the_way_round(void **state)
{
    struct sso *sso = *state;
    aws_fixture_config(sso->aws, "[profile ops]\nlogin_session = arn:aws:iam::1:user/ana\n");
    aws_fixture_check_error(sso->aws, "credentials_refused", "export-credentials --profile ops");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_token_of_a_session_is_changed_for_keys),
        TEST(keys_end_by_the_clock_of_the_portal),
        TEST(the_older_form_works_too),
        TEST(a_token_about_to_end_is_renewed_and_written_back),
        TEST(a_token_that_still_holds_is_used_when_it_cannot_be_renewed),
        TEST(renewals_are_a_minute_apart),
        TEST(a_token_that_is_over_asks_for_a_login),
        TEST(an_answer_without_token_changes_no_file),
        TEST(a_disk_that_cannot_be_written_does_not_stop_us_and_leaves_nothing_half),
        TEST(a_portal_that_refuses_asks_for_a_login),
        TEST(a_portal_that_forbids_the_role_is_told_in_its_words),
        TEST(settings_that_cannot_be_are_told),
        TEST(a_missing_or_broken_cache_asks_for_a_login),
        TEST(a_login_session_is_refused_with_the_way_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
