/* The session and its surroundings. */
#include "tests/support/aws_fixture.h"

#include "core/base/alloc.h"
#include "tests/support/cmocka.h"
#include "tests/support/folder.h"

#include <stdlib.h>
#include <string.h>

struct aws_fixture *aws_fixture_new(void)
{
    struct aws_fixture *fixture = xcalloc(1, sizeof(*fixture));
    int64_t now_ms = 0;
    assert_true(clock_parse_utc(STR(AWS_FIXTURE_NOW), &now_ms));
    fixture->folder = test_folder_new();
    fixture->loop = loop_new();
    clock_manual_init(&fixture->clock, now_ms);
    fixture->spec.clock = &fixture->clock.clock;
    fixture->spec.random_seed = 20;
    aws_fixture_variable(fixture, "HOME", fixture->folder);
    aws_fixture_variable(fixture, "AWS_EC2_METADATA_DISABLED", "true");
    return fixture;
}

void aws_fixture_free(struct aws_fixture *fixture)
{
    aws_credentials_done(&fixture->get.credentials);
    aws_session_free(fixture->session);
    loop_free(fixture->loop);
    for (size_t i = 0; i < AWS_FIXTURE_VARIABLES; i++) {
        free(fixture->environment[i]);
    }
    test_folder_free(fixture->folder);
    free(fixture);
}

void aws_fixture_variable(struct aws_fixture *fixture, const char *name, const char *value)
{
    size_t length = strlen(name), at = 0, last = 0;
    while (fixture->environment[at] != NULL &&
           (strncmp(fixture->environment[at], name, length) != 0 ||
            fixture->environment[at][length] != '=')) {
        at++;
    }
    assert_true(at < AWS_FIXTURE_VARIABLES);
    free(fixture->environment[at]);
    fixture->environment[at] = value == NULL ? NULL : xasprintf("%s=%s", name, value);
    for (last = at; fixture->environment[last + 1] != NULL; last++) {
    }
    if (value == NULL) { /* the last one fills the gap */
        fixture->environment[at] = last == at ? NULL : fixture->environment[last];
        fixture->environment[last] = NULL;
    }
}

void aws_fixture_config(struct aws_fixture *fixture, const char *text)
{
    test_file_write(fixture->folder, ".aws/config", text, 0600);
}

void aws_fixture_credentials(struct aws_fixture *fixture, const char *text)
{
    test_file_write(fixture->folder, ".aws/credentials", text, 0600);
}

bool aws_fixture_try_open(struct aws_fixture *fixture)
{
    aws_session_free(fixture->session);
    fixture->spec.environment = (const char *const *)fixture->environment;
    fixture->session = aws_session_new(fixture->loop, &fixture->spec, &fixture->err);
    return fixture->session != NULL;
}

struct aws_session *aws_fixture_open(struct aws_fixture *fixture)
{
    if (!aws_fixture_try_open(fixture)) {
        fail_msg("%s", fixture->err.message);
    }
    return fixture->session;
}

bool aws_fixture_get(struct aws_fixture *fixture, bool must_renew)
{
    if (fixture->session == NULL) {
        aws_fixture_open(fixture);
    }
    aws_credentials_done(&fixture->get.credentials);
    fixture->get = (struct aws_credentials_get){.must_renew = must_renew};
    aws_credentials_get_start(fixture->session, &fixture->get);
    return loop_await(fixture->loop, &fixture->get.op, &fixture->err);
}

void aws_fixture_check_key(struct aws_fixture *fixture, const char *key_id)
{
    if (!aws_fixture_get(fixture, false)) {
        fail_msg("%s: %s", fixture->err.code, fixture->err.message);
    }
    assert_string_equal(fixture->get.credentials.key_id, key_id);
}

void aws_fixture_check_error(struct aws_fixture *fixture, const char *code, const char *part)
{
    assert_false(aws_fixture_get(fixture, false));
    if (!error_is(&fixture->err, code) || strstr(fixture->err.message, part) == NULL) {
        fail_msg("%s: %s", fixture->err.code, fixture->err.message);
    }
}
