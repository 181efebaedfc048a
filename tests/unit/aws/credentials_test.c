/* The chain and what is kept of it: who wins, who is refused, when keys are renewed, how many
 * searches many waiters cost. */
#include "core/aws/credentials.h"

#include "core/loop/timer.h"
#include "tests/support/aws_fixture.h"
#include "tests/support/cmocka.h"
#include "tests/support/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTE_MS = 60000 };

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

static void environment_keys(struct aws_fixture *fixture)
{
    aws_fixture_variable(fixture, "AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT00001");
    aws_fixture_variable(fixture, "AWS_SECRET_ACCESS_KEY", "environment/secret");
}

static void check_source(const struct aws_fixture *fixture, const char *part)
{
    if (strstr(fixture->get.credentials.source, part) == NULL) {
        fail_msg("%s", fixture->get.credentials.source);
    }
}

/* ---- environment */
static void keys_of_the_environment_come_first(void **state)
{
    struct aws_fixture *fixture = *state;
    environment_keys(fixture);
    aws_fixture_credentials(fixture, "[default]\naws_access_key_id = AKIAFILE\n"
                                     "aws_secret_access_key = s\n");
    aws_fixture_check_key(fixture, "AKIAENVIRONMENT00001");
    assert_string_equal(secret_reveal(&fixture->get.credentials.secret_key), "environment/secret");
    assert_false(secret_is_set(&fixture->get.credentials.session_token));
    assert_int_equal(fixture->get.credentials.expires_ms, 0);
    assert_string_equal(fixture->get.credentials.source, "environment");
}

static void the_environment_may_give_token_account_and_expiry(void **state)
{
    struct aws_fixture *fixture = *state;
    environment_keys(fixture);
    aws_fixture_variable(fixture, "AWS_SECURITY_TOKEN", "old-name");
    aws_fixture_variable(fixture, "AWS_ACCOUNT_ID", "123456789012");
    aws_fixture_variable(fixture, "AWS_CREDENTIAL_EXPIRATION", "2026-11-22T13:00:00+00:30");
    aws_fixture_check_key(fixture, "AKIAENVIRONMENT00001");
    assert_string_equal(secret_reveal(&fixture->get.credentials.session_token), "old-name");
    assert_string_equal(fixture->get.credentials.account, "123456789012");
    assert_int_equal(fixture->get.credentials.expires_ms, fixture->clock.wall_ms + 30 * MINUTE_MS);
    aws_fixture_variable(fixture, "AWS_SESSION_TOKEN", "token");
    aws_fixture_open(fixture);
    aws_fixture_check_key(fixture, "AKIAENVIRONMENT00001");
    assert_string_equal(secret_reveal(&fixture->get.credentials.session_token), "token");
}

static void half_a_pair_in_the_environment_is_refused(void **state)
{
    struct aws_fixture *fixture = *state;
    environment_keys(fixture);
    aws_fixture_variable(fixture, "AWS_SECRET_ACCESS_KEY", "");
    aws_fixture_credentials(fixture, "[default]\naws_access_key_id = AKIAFILE\n"
                                     "aws_secret_access_key = s\n");
    aws_fixture_check_error(fixture, "credentials_refused", "AWS_SECRET_ACCESS_KEY is not");
}

static void empty_variables_are_as_good_as_none(void **state)
{
    struct aws_fixture *fixture = *state;
    aws_fixture_variable(fixture, "AWS_ACCESS_KEY_ID", "");
    aws_fixture_credentials(fixture, "[default]\naws_access_key_id = AKIAFILE\n"
                                     "aws_secret_access_key = s\n");
    aws_fixture_check_key(fixture, "AKIAFILE");
}

static void a_profile_of_the_environment_does_not_hide_its_keys(void **state)
{
    struct aws_fixture *fixture = *state;
    environment_keys(fixture);
    aws_fixture_variable(fixture, "AWS_PROFILE", "ops");
    aws_fixture_credentials(fixture, "[ops]\naws_access_key_id = AKIAOPS\n"
                                     "aws_secret_access_key = s\n");
    aws_fixture_check_key(fixture, "AKIAENVIRONMENT00001");
    check_source(fixture, "come before profile ops");
    fixture->spec.profile = "ops"; /* asked for by name, it does */
    aws_fixture_open(fixture);
    aws_fixture_check_key(fixture, "AKIAOPS");
}

static void expired_keys_of_the_environment_are_refused(void **state)
{
    struct aws_fixture *fixture = *state;
    environment_keys(fixture);
    aws_fixture_variable(fixture, "AWS_CREDENTIAL_EXPIRATION", AWS_FIXTURE_NOW);
    aws_fixture_check_error(fixture, "credentials_refused",
                            "AKIA...0001 has expired at 2026-11-22");
    aws_fixture_variable(fixture, "AWS_CREDENTIAL_EXPIRATION", "tomorrow");
    aws_fixture_open(fixture);
    aws_fixture_check_error(fixture, "credentials_refused", "AWS_CREDENTIAL_EXPIRATION");
}

static void keys_that_cannot_be_sent_are_refused_without_showing_them(void **state)
{
    struct aws_fixture *fixture = *state;
    environment_keys(fixture);
    aws_fixture_variable(fixture, "AWS_SECRET_ACCESS_KEY", "secretword\r\n");
    aws_fixture_check_error(fixture, "credentials_refused", "AKIA...0001");
    assert_null(strstr(fixture->err.message, "secretword"));
    assert_null(strstr(fixture->err.message, "ENVIRONMENT"));
}

static void a_temporary_key_needs_its_token(void **state)
{
    struct aws_fixture *fixture = *state;
    environment_keys(fixture);
    aws_fixture_variable(fixture, "AWS_ACCESS_KEY_ID", "ASIATEMPORARY0000001");
    aws_fixture_check_error(fixture, "credentials_refused", "session token is missing");
}

/* ---- profiles */
static void keys_of_both_files_are_merged(void **state)
{
    struct aws_fixture *fixture = *state;
    aws_fixture_config(fixture, "[profile ops]\naws_secret_access_key = from-config\n"
                                "aws_session_token = token\naws_account_id = 123456789012\n");
    aws_fixture_credentials(fixture, "[ops]\naws_access_key_id = AKIAOPS\n");
    fixture->spec.profile = "ops";
    aws_fixture_check_key(fixture, "AKIAOPS");
    assert_string_equal(secret_reveal(&fixture->get.credentials.secret_key), "from-config");
    assert_string_equal(secret_reveal(&fixture->get.credentials.session_token), "token");
    check_source(fixture, "profile ops (");
    check_source(fixture, "/.aws/credentials)");
}

static void keys_may_stand_in_the_config_file(void **state)
{
    struct aws_fixture *fixture = *state;
    aws_fixture_config(fixture, "[default]\naws_access_key_id = AKIACONFIG\n"
                                "aws_secret_access_key = s\n");
    aws_fixture_check_key(fixture, "AKIACONFIG");
    check_source(fixture, "/.aws/config)");
}

static void half_a_pair_in_a_file_is_refused_with_its_line(void **state)
{
    struct aws_fixture *fixture = *state;
    aws_fixture_credentials(fixture, "[default]\n\naws_access_key_id = AKIAFILE\n");
    aws_fixture_check_error(fixture, "credentials_refused", "/.aws/credentials:3: profile default");
}

static void who_was_asked_and_what_they_said_is_told(void **state)
{
    struct aws_fixture *fixture = *state;
    aws_fixture_check_error(fixture, "no_credentials",
                            "for profile default, environment: AWS_ACCESS_KEY_ID is not set; "
                            "role: no role_arn; web identity: no token file is set; "
                            "SSO: no sso_account_id; credentials file: no aws_access_key_id in ");
    static const char *const parts[] = {
        "/.aws/credentials; login: no login_session; credential_process: no command; "
        "config file: no aws_access_key_id in ",
        "/.aws/config; container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and ..._FULL_URI are not "
        "set; instance metadata: switched off by AWS_EC2_METADATA_DISABLED",
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (strstr(fixture->err.message, parts[i]) == NULL) {
            fail_msg("%s", fixture->err.message);
        }
    }
    assert_int_equal(fixture->err.error_class, ERROR_PERMANENT);
}

static void all_who_were_asked_fit_whatever_the_names(void **state)
{
    enum { LONG = 500 };
    struct aws_fixture *fixture = *state;
    char name[LONG + 1] = "", path[LONG + 1] = "", config[LONG + 16];
    memset(name, 'n', LONG);
    for (size_t i = 0; i < LONG; i++) {
        path[i] = i % 8 == 0 ? '/' : 'p';
    }
    snprintf(config, sizeof(config), "[profile %s]\n", name);
    aws_fixture_config(fixture, config);
    aws_fixture_variable(fixture, "AWS_SHARED_CREDENTIALS_FILE", path);
    fixture->spec.profile = name;
    aws_fixture_check_error(fixture, "no_credentials", "; login: ");
    aws_fixture_check_error(fixture, "no_credentials", "switched off by AWS_EC2_METADATA_DISABLED");
}

/* ---- what is kept: keys by a command that counts how often it was asked */
static void helper(struct aws_fixture *fixture, const char *script)
{
    char config[4096];
    test_file_write(fixture->folder, "helper", script, 0700);
    snprintf(config, sizeof(config), "[default]\ncredential_process = %s/helper\n",
             fixture->folder);
    aws_fixture_config(fixture, config);
    aws_fixture_variable(fixture, "PATH", getenv("PATH"));
}

/* Each asking appends a line to `asked`; the keys hold until `until`, a file's content. */
static void counting_helper(struct aws_fixture *fixture, const char *until)
{
    helper(fixture,
           "#!/bin/sh\ncd \"$HOME\"; echo x >> asked; test ! -e broken || exit 3\n"
           "n=$(wc -l < asked)\n"
           "echo \"{\\\"Version\\\": 1, \\\"AccessKeyId\\\": \\\"AKIA$n\\\", "
           "\\\"SecretAccessKey\\\": \\\"s\\\", \\\"Expiration\\\": \\\"$(cat until)\\\"}\"\n");
    test_file_write(fixture->folder, "until", until, 0600);
}

static void break_helper(struct aws_fixture *fixture)
{
    test_file_write(fixture->folder, "broken", "", 0600);
}

static void check_asked(const struct aws_fixture *fixture, size_t count)
{
    char *text = test_file_read(fixture->folder, "asked");
    assert_int_equal(text == NULL ? 0 : strlen(text) / 2, count);
    free(text);
}

static void keys_are_kept_until_they_are_due(void **state)
{
    struct aws_fixture *fixture = *state;
    counting_helper(fixture, "2026-11-22T14:00:00Z");
    aws_fixture_check_key(fixture, "AKIA1");
    aws_fixture_check_key(fixture, "AKIA1");
    clock_manual_advance(&fixture->clock, 104 * MINUTE_MS);
    aws_fixture_check_key(fixture, "AKIA1");
    check_asked(fixture, 1);
    test_file_write(fixture->folder, "until", "2026-11-22T16:00:00Z", 0600);
    clock_manual_advance(&fixture->clock, 2 * MINUTE_MS);
    aws_fixture_check_key(fixture, "AKIA2");
    aws_fixture_check_key(fixture, "AKIA2");
    check_asked(fixture, 2);
}

static void a_renewal_ahead_of_time_may_fail_and_is_not_repeated_at_once(void **state)
{
    struct aws_fixture *fixture = *state;
    counting_helper(fixture, "2026-11-22T14:00:00Z");
    aws_fixture_check_key(fixture, "AKIA1");
    break_helper(fixture);
    clock_manual_advance(&fixture->clock, 106 * MINUTE_MS);
    aws_fixture_check_key(fixture, "AKIA1");
    aws_fixture_check_key(fixture, "AKIA1");
    check_asked(fixture, 2);
    clock_manual_advance(&fixture->clock, 2 * MINUTE_MS);
    aws_fixture_check_key(fixture, "AKIA1");
    check_asked(fixture, 3);
}

static void a_renewal_that_is_due_must_succeed(void **state)
{
    struct aws_fixture *fixture = *state;
    counting_helper(fixture, "2026-11-22T14:00:00Z");
    aws_fixture_check_key(fixture, "AKIA1");
    break_helper(fixture);
    clock_manual_advance(&fixture->clock, 111 * MINUTE_MS);
    aws_fixture_check_error(fixture, "credentials_refused", "exit 3");
}

static void short_lived_keys_are_not_renewed_for_every_call(void **state)
{
    struct aws_fixture *fixture = *state;
    counting_helper(fixture, "2026-11-22T12:06:00Z");
    aws_fixture_check_key(fixture, "AKIA1");
    clock_manual_advance(&fixture->clock, 2 * MINUTE_MS);
    aws_fixture_check_key(fixture, "AKIA1");
    check_asked(fixture, 1);
    test_file_write(fixture->folder, "until", "2026-11-22T12:12:00Z", 0600);
    clock_manual_advance(&fixture->clock, 2 * MINUTE_MS);
    aws_fixture_check_key(fixture, "AKIA2");
}

static void keys_without_end_are_asked_for_once(void **state)
{
    struct aws_fixture *fixture = *state;
    helper(fixture, "#!/bin/sh\necho x >> \"$HOME/asked\"\n"
                    "echo '{\"Version\":1,\"AccessKeyId\":\"AKIA1\",\"SecretAccessKey\":\"s\"}'\n");
    aws_fixture_check_key(fixture, "AKIA1");
    clock_manual_advance(&fixture->clock, (int64_t)365 * 24 * 60 * MINUTE_MS);
    aws_fixture_check_key(fixture, "AKIA1");
    check_asked(fixture, 1);
}

static void a_forced_renewal_reads_the_files_anew(void **state)
{
    struct aws_fixture *fixture = *state;
    aws_fixture_credentials(fixture, "[default]\naws_access_key_id = AKIAOLD\n"
                                     "aws_secret_access_key = s\n");
    aws_fixture_check_key(fixture, "AKIAOLD");
    aws_fixture_credentials(fixture, "[default]\naws_access_key_id = AKIANEW\n"
                                     "aws_secret_access_key = s\n");
    aws_fixture_check_key(fixture, "AKIAOLD");
    assert_true(aws_fixture_get(fixture, true));
    assert_string_equal(fixture->get.credentials.key_id, "AKIANEW");
    aws_fixture_credentials(fixture, "nonsense\n");
    clock_manual_advance(&fixture->clock, MINUTE_MS);
    assert_false(aws_fixture_get(fixture, true));
    assert_string_equal(fixture->err.code, "bad_aws_config");
    aws_fixture_check_key(fixture, "AKIANEW");
}

static void calls_refused_together_renew_once(void **state)
{
    struct aws_fixture *fixture = *state;
    counting_helper(fixture, "2026-11-22T14:00:00Z");
    aws_fixture_check_key(fixture, "AKIA1");
    for (int i = 0; i < 3; i++) {
        assert_true(aws_fixture_get(fixture, true));
        assert_string_equal(fixture->get.credentials.key_id, "AKIA2");
    }
    clock_manual_advance(&fixture->clock, MINUTE_MS);
    assert_true(aws_fixture_get(fixture, true));
    assert_string_equal(fixture->get.credentials.key_id, "AKIA3");
}

/* ---- waiters */
static void one_search_serves_all_who_wait(void **state)
{
    struct aws_fixture *fixture = *state;
    struct aws_credentials_get waiters[5];
    counting_helper(fixture, "2026-11-22T14:00:00Z");
    aws_fixture_open(fixture);
    for (int i = 0; i < 5; i++) {
        waiters[i] = (struct aws_credentials_get){.must_renew = false};
        aws_credentials_get_start(fixture->session, &waiters[i]);
    }
    for (int i = 0; i < 5; i++) {
        assert_true(loop_await(fixture->loop, &waiters[i].op, &fixture->err));
        assert_string_equal(waiters[i].credentials.key_id, "AKIA1");
        aws_credentials_done(&waiters[i].credentials);
    }
    check_asked(fixture, 1);
}

static void while_one_renews_ahead_of_time_the_others_go_on(void **state)
{
    struct aws_fixture *fixture = *state;
    struct aws_credentials_get first = {.must_renew = false};
    counting_helper(fixture, "2026-11-22T14:00:00Z");
    aws_fixture_check_key(fixture, "AKIA1");
    clock_manual_advance(&fixture->clock, 106 * MINUTE_MS);
    test_file_write(fixture->folder, "until", "2026-11-22T16:00:00Z", 0600);
    aws_credentials_get_start(fixture->session, &first);
    aws_fixture_check_key(fixture, "AKIA1");
    assert_true(loop_await(fixture->loop, &first.op, &fixture->err));
    assert_string_equal(first.credentials.key_id, "AKIA2");
    aws_credentials_done(&first.credentials);
    check_asked(fixture, 2);
}

static void a_waiter_that_leaves_does_not_stop_the_others(void **state)
{
    struct aws_fixture *fixture = *state;
    struct aws_credentials_get leaver = {.must_renew = false}, stayer = {.must_renew = false};
    counting_helper(fixture, "2026-11-22T14:00:00Z");
    aws_fixture_open(fixture);
    aws_credentials_get_start(fixture->session, &leaver);
    aws_credentials_get_start(fixture->session, &stayer);
    aws_credentials_get_cancel(&leaver);
    aws_credentials_get_cancel(&leaver);
    assert_false(loop_await(fixture->loop, &leaver.op, &fixture->err));
    assert_int_equal(fixture->err.error_class, ERROR_CANCELLED);
    assert_true(loop_await(fixture->loop, &stayer.op, &fixture->err));
    assert_string_equal(stayer.credentials.key_id, "AKIA1");
    aws_credentials_get_cancel(&stayer); /* too late, and no harm */
    aws_credentials_done(&stayer.credentials);
}

struct wait {
    struct aws_fixture *fixture;
    struct timer *timer;
};

static void look_for_asked(void *context)
{
    struct wait *wait = context;
    char *text = test_file_read(wait->fixture->folder, "asked");
    if (text != NULL) {
        loop_stop(wait->fixture->loop);
    } else {
        timer_arm(wait->timer, 5);
    }
    free(text);
}

/* Runs the loop until the helper has begun. */
static void wait_until_asked(struct aws_fixture *fixture)
{
    struct wait wait = {.fixture = fixture};
    wait.timer = timer_new(fixture->loop, look_for_asked, &wait);
    timer_arm(wait.timer, 0);
    loop_run(fixture->loop);
    timer_free(wait.timer);
}

static void the_last_waiter_takes_the_search_with_it_but_not_the_next_ones(void **state)
{
    struct aws_fixture *fixture = *state;
    struct aws_credentials_get leaver = {.must_renew = false}, late = {.must_renew = false};
    helper(fixture, "#!/bin/sh\ncd \"$HOME\"; echo x >> asked\n"
                    "test $(wc -l < asked) -gt 1 || exec sleep 30\n"
                    "echo '{\"Version\":1,\"AccessKeyId\":\"AKIA2\",\"SecretAccessKey\":\"s\"}'\n");
    aws_fixture_open(fixture);
    aws_credentials_get_start(fixture->session, &leaver);
    aws_credentials_get_start(fixture->session, &late);
    aws_credentials_get_cancel(&late);
    assert_false(loop_await(fixture->loop, &late.op, &fixture->err));
    wait_until_asked(fixture);
    aws_credentials_get_cancel(&leaver);
    late = (struct aws_credentials_get){.must_renew = false};
    aws_credentials_get_start(fixture->session, &late);
    assert_false(loop_await(fixture->loop, &leaver.op, &fixture->err));
    assert_int_equal(fixture->err.error_class, ERROR_CANCELLED);
    assert_true(loop_await(fixture->loop, &late.op, &fixture->err));
    assert_string_equal(late.credentials.key_id, "AKIA2");
    aws_credentials_done(&late.credentials);
}

static void let_a_turn_pass(struct loop *loop)
{
    struct op turn = {.done = NULL};
    struct error ignored;
    op_begin(&turn, loop);
    op_finish(&turn, NULL);
    loop_await(loop, &turn, &ignored);
}

/* Between an answer and the turn in which it is told, its provider has nothing left to cancel. */
static void a_search_can_be_cancelled_when_an_answer_is_on_the_way(void **state)
{
    enum { TURNS_MAX = 16 };
    struct aws_fixture *fixture = *state;
    static const char *const configs[] = {
        "", /* nothing applies */
        "[default]\nsso_account_id = 1\n",
        "[default]\nrole_arn = arn:aws:iam::1:role/r\n",
        "[default]\nrole_arn = arn:aws:iam::1:role/r\nweb_identity_token_file = /nonexistent\n",
        "[default]\ncredential_process = 'open quote\n",
    };
    for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
        aws_fixture_config(fixture, configs[i]);
        for (int turns = 0; turns < TURNS_MAX; turns++) {
            struct aws_credentials_get get = {.must_renew = false};
            aws_fixture_open(fixture);
            aws_credentials_get_start(fixture->session, &get);
            for (int j = 0; j < turns; j++) {
                let_a_turn_pass(fixture->loop);
            }
            aws_credentials_get_cancel(&get);
            assert_false(loop_await(fixture->loop, &get.op, &fixture->err));
        }
    }
}

/* ---- pieces */
static void key_ids_are_shown_shortened(void **state)
{
    (void)state;
    char text[AWS_KEY_ID_SHORT_SIZE];
    aws_key_id_shorten("AKIAIOSFODNN7EXAMPLE", text);
    assert_string_equal(text, "AKIA...MPLE");
    aws_key_id_shorten("minioadmin", text);
    assert_string_equal(text, "mi...");
    aws_key_id_shorten("abc", text);
    assert_string_equal(text, "...");
}

static void a_copy_is_its_own(void **state)
{
    (void)state;
    struct aws_credentials from = {.key_id = "A"}, to = {.key_id = "B"};
    secret_set(&from.secret_key, STR("one"));
    secret_set(&to.session_token, STR("two"));
    aws_credentials_copy(&to, &from);
    aws_credentials_done(&from);
    assert_string_equal(to.key_id, "A");
    assert_string_equal(secret_reveal(&to.secret_key), "one");
    assert_false(secret_is_set(&to.session_token));
    aws_credentials_done(&to);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(keys_of_the_environment_come_first),
        TEST(the_environment_may_give_token_account_and_expiry),
        TEST(half_a_pair_in_the_environment_is_refused),
        TEST(empty_variables_are_as_good_as_none),
        TEST(a_profile_of_the_environment_does_not_hide_its_keys),
        TEST(expired_keys_of_the_environment_are_refused),
        TEST(keys_that_cannot_be_sent_are_refused_without_showing_them),
        TEST(a_temporary_key_needs_its_token),
        TEST(keys_of_both_files_are_merged),
        TEST(keys_may_stand_in_the_config_file),
        TEST(half_a_pair_in_a_file_is_refused_with_its_line),
        TEST(who_was_asked_and_what_they_said_is_told),
        TEST(all_who_were_asked_fit_whatever_the_names),
        TEST(keys_are_kept_until_they_are_due),
        TEST(a_renewal_ahead_of_time_may_fail_and_is_not_repeated_at_once),
        TEST(a_renewal_that_is_due_must_succeed),
        TEST(short_lived_keys_are_not_renewed_for_every_call),
        TEST(keys_without_end_are_asked_for_once),
        TEST(a_forced_renewal_reads_the_files_anew),
        TEST(calls_refused_together_renew_once),
        TEST(one_search_serves_all_who_wait),
        TEST(while_one_renews_ahead_of_time_the_others_go_on),
        TEST(a_waiter_that_leaves_does_not_stop_the_others),
        TEST(the_last_waiter_takes_the_search_with_it_but_not_the_next_ones),
        TEST(a_search_can_be_cancelled_when_an_answer_is_on_the_way),
        TEST(key_ids_are_shown_shortened),
        TEST(a_copy_is_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
