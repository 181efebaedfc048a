/* Classes by SQLSTATE and one-line messages of PostgreSQL's errors. */
#include "core/net/pg_error.h"
#include "tests/support/cmocka.h"

#include <string.h>

static void trouble_of_connection_resources_and_locks_may_pass(void **state)
{
    (void)state;
    static const char *const transient[] = {"40001", "40P01", "08006", "53300",
                                            "53100", "57P01", "57014"};
    static const char *const permanent[] = {"42P01", "22P02", "23505", "28P01",
                                            "3D000", "40000", "55P03", "XX000"};
    for (size_t i = 0; i < sizeof(transient) / sizeof(transient[0]); i++) {
        assert_int_equal(pg_error_class(transient[i]), ERROR_TRANSIENT);
    }
    for (size_t i = 0; i < sizeof(permanent) / sizeof(permanent[0]); i++) {
        assert_int_equal(pg_error_class(permanent[i]), ERROR_PERMANENT);
    }
}

static void refusal_keeps_the_sqlstate_and_loses_the_location(void **state)
{
    (void)state;
    struct error err;
    assert_false(
        pg_error_of_connect("connection to server at \"db\" (10.0.0.1), port 5432 failed: "
                            "FATAL:  28P01: password authentication failed for user \"a\"\n"
                            "LOCATION:  auth_failed, auth.c:335\n",
                            &err));
    assert_string_equal(err.code, "28P01");
    assert_int_equal(err.error_class, ERROR_PERMANENT);
    assert_non_null(strstr(err.message, "password authentication failed"));
    assert_null(strstr(err.message, "LOCATION"));
    assert_null(strchr(err.message, '\n'));
}

static void server_that_is_starting_up_may_be_tried_again(void **state)
{
    (void)state;
    struct error err;
    pg_error_of_connect("failed: FATAL:  57P03: the database system is starting up\n", &err);
    assert_string_equal(err.code, "57P03");
    assert_int_equal(err.error_class, ERROR_TRANSIENT);
}

static void unreachable_server_is_transient(void **state)
{
    (void)state;
    struct error err;
    pg_error_of_connect(
        "connection to server at \"db\", port 5432 failed: Connection refused\n\tIs "
        "the server running on that host and accepting TCP/IP connections?\n",
        &err);
    assert_string_equal(err.code, "connection_failed");
    assert_int_equal(err.error_class, ERROR_TRANSIENT);
    assert_non_null(strstr(err.message, "refused; Is the server"));
}

static void a_server_that_is_not_trusted_is_not_asked_again(void **state)
{
    (void)state;
    static const char *const messages[] = {
        "connection to server at \"db\", port 5432 failed: SSL error: certificate verify failed\n",
        "connection to server at \"db\", port 5432 failed: server certificate for \"other\" does "
        "not "
        "match host name \"db\"\n"};
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        struct error err;
        pg_error_of_connect(messages[i], &err);
        assert_string_equal(err.code, "tls_failed");
        assert_int_equal(err.error_class, ERROR_PERMANENT);
    }
}

static void server_error_tells_detail_context_and_state(void **state)
{
    (void)state;
    struct error err;
    const struct pg_server_error fields = {
        .sqlstate = "22P02",
        .primary = "invalid input syntax for type integer: \"\x1b[31mx\"",
        .context = "COPY t, line 3, column a: \"x\"",
    };
    assert_false(pg_error_of_server(&fields, &err));
    assert_string_equal(err.code, "22P02");
    assert_non_null(strstr(err.message, "COPY t, line 3, column a"));
    assert_non_null(strstr(err.message, "SQLSTATE 22P02"));
    assert_null(strchr(err.message, 0x1b));
}

static void endless_fields_keep_the_sqlstate(void **state)
{
    (void)state;
    struct error err;
    char text[4096];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    const struct pg_server_error fields = {
        .sqlstate = "23505", .primary = text, .detail = text, .context = text, .hint = text};
    pg_error_of_server(&fields, &err);
    assert_non_null(strstr(err.message, "(SQLSTATE 23505)"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(trouble_of_connection_resources_and_locks_may_pass),
        cmocka_unit_test(refusal_keeps_the_sqlstate_and_loses_the_location),
        cmocka_unit_test(server_that_is_starting_up_may_be_tried_again),
        cmocka_unit_test(unreachable_server_is_transient),
        cmocka_unit_test(a_server_that_is_not_trusted_is_not_asked_again),
        cmocka_unit_test(server_error_tells_detail_context_and_state),
        cmocka_unit_test(endless_fields_keep_the_sqlstate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
