/* Functions as children: results, failures by class, deadline, environment. The programs are shell
 * scripts the tests write. */
#include "core/local/function_child.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "tests/support/cmocka.h"
#include "tests/support/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char dsn_text[] = "host=/run user=me password=hunter2";
static const char *const dsn_functions[] = {"wants-database", NULL};

struct fixture {
    char *folder, *program;
    struct loop *loop;
    struct secret dsn;
    struct function_service *service;
    struct error err;
    struct buf log;
};

static int set_up(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof(*fixture));
    fixture->folder = test_folder_new();
    fixture->program = file_join(fixture->folder, "program");
    fixture->loop = loop_new();
    secret_set(&fixture->dsn, str_from(dsn_text));
    struct function_child_spec spec = {.program = fixture->program,
                                       .lake = "/the/lake",
                                       .dsn = &fixture->dsn,
                                       .dsn_for = dsn_functions,
                                       .timeout_ms = 20000,
                                       .memory_limit_bytes = 1u << 30};
    fixture->service = function_child_new(fixture->loop, &spec);
    buf_init(&fixture->log, 1 << 20);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    function_service_free(fixture->service);
    loop_free(fixture->loop);
    secret_done(&fixture->dsn);
    test_folder_free(fixture->folder);
    buf_done(&fixture->log);
    free(fixture->program);
    free(fixture);
    return 0;
}

static void program_is(struct fixture *fixture, const char *script)
{
    char *text = xasprintf("#!/bin/sh\n%s\n", script);
    test_file_write(fixture->folder, "program", text, 0755);
    free(text);
}

static void on_line(void *context, struct str line)
{
    struct fixture *fixture = context;
    buf_append_str(&fixture->log, line);
    buf_append_char(&fixture->log, '|');
}

/* Calls `name` with the event; the result stays in req. */
static bool invoke(struct fixture *fixture, struct function_invoke *req, const char *event_text)
{
    struct json *event = json_parse(str_from(event_text), &fixture->err);
    assert_non_null(event);
    req->event = event;
    req->on_log_line = on_line;
    req->log_context = fixture;
    function_invoke_start(fixture->service, req);
    bool is_ok = loop_await(fixture->loop, &req->op, &fixture->err);
    assert_true(is_ok == (req->result != NULL));
    json_free(event);
    return is_ok;
}

static void expect_failure(struct fixture *fixture, const char *script,
                           enum error_class error_class, const char *code)
{
    struct function_invoke req = {.name = "f"};
    program_is(fixture, script);
    assert_false(invoke(fixture, &req, "{}"));
    assert_string_equal(fixture->err.code, code);
    assert_int_equal(fixture->err.error_class, error_class);
    assert_non_null(strstr(fixture->err.message, "f: "));
}

static void the_event_goes_in_and_the_result_comes_out(void **state)
{
    struct fixture *fixture = *state;
    struct function_invoke req = {.name = "echo-it"};
    program_is(fixture, "echo \"start name=$1\" >&2; printf 'unended' >&2; exec /bin/cat");
    assert_true(invoke(fixture, &req, "{\"rows\":[1,2,3],\"text\":\"\\u00e4\"}"));
    char *text = json_print(req.result);
    assert_string_equal(text, "{\"rows\":[1,2,3],\"text\":\"\xc3\xa4\"}");
    free(text);
    assert_string_equal(buf_text(&fixture->log), "start name=echo-it|unended|");
    function_invoke_done(&req);
}

static void the_environment_holds_only_what_is_needed(void **state)
{
    struct fixture *fixture = *state;
    struct function_invoke req = {.name = "f"};
    setenv("AWS_SECRET_ACCESS_KEY", "must not be seen", 1);
    program_is(fixture, "/usr/bin/tr '\\0' '\\n' < /proc/$$/environ >&2; echo {}");
    assert_true(invoke(fixture, &req, "{}"));
    assert_string_equal(buf_text(&fixture->log), "LANG=C.UTF-8|TZ=UTC|GATEHOUSE_LAKE=/the/lake|"
                                                 "GATEHOUSE_MEMORY_LIMIT=1073741824|");
    function_invoke_done(&req);
}

static void the_dsn_is_given_by_environment_to_those_that_need_it(void **state)
{
    struct fixture *fixture = *state;
    struct function_invoke req = {.name = "wants-database"};
    program_is(fixture, "echo \"$GATEHOUSE_DATABASE_DSN\" >&2; "
                        "/usr/bin/tr '\\0' ' ' < /proc/$$/cmdline >&2; echo {}");
    assert_true(invoke(fixture, &req, "{}"));
    char *expected = xasprintf("%s|/bin/sh %s wants-database |", dsn_text, fixture->program);
    assert_string_equal(buf_text(&fixture->log), expected);
    free(expected);
    function_invoke_done(&req);
}

/* An empty one would make libpq look elsewhere by itself. */
struct dsn_asked {
    struct loop *loop;
    int times;
    bool is_failing;
};

static void provide_dsn(void *context, struct pg_dsn_request *request)
{
    struct dsn_asked *asked = context;
    struct error err;
    asked->times++;
    op_begin(&request->op, asked->loop);
    secret_set(&request->dsn, STR("host=/provided"));
    error_set(&err, ERROR_TRANSIENT, "cluster_failed", "it does not start");
    op_finish(&request->op, asked->is_failing ? &err : NULL);
}

static struct function_service *service_that_asks(struct fixture *fixture, struct dsn_asked *asked)
{
    struct function_child_spec spec = {.program = fixture->program,
                                       .lake = "/the/lake",
                                       .provide_dsn = provide_dsn,
                                       .provider_context = asked,
                                       .dsn_for = dsn_functions,
                                       .timeout_ms = 20000};
    asked->loop = fixture->loop;
    return function_child_new(fixture->loop, &spec);
}

static void the_dsn_is_asked_for_before_each_call_that_needs_it(void **state)
{
    struct fixture *fixture = *state;
    struct dsn_asked asked = {0};
    struct function_service *service = service_that_asks(fixture, &asked);
    static const char *const names[] = {"wants-database", "wants-none", "wants-database"};
    program_is(fixture, "echo \"{\\\"dsn\\\":\\\"$GATEHOUSE_DATABASE_DSN\\\"}\"");
    for (size_t i = 0; i < 3; i++) {
        struct function_invoke req = {.name = names[i]};
        function_invoke_start(service, &req);
        assert_true(loop_await(fixture->loop, &req.op, &fixture->err));
        assert_string_equal(json_text_or(req.result, "dsn", "?"), i == 1 ? "" : "host=/provided");
        function_invoke_done(&req);
    }
    assert_int_equal(asked.times, 2);
    function_service_free(service);
}

static void a_dsn_that_is_not_provided_fails_the_call_without_a_child(void **state)
{
    struct fixture *fixture = *state;
    struct dsn_asked asked = {.is_failing = true};
    struct function_service *service = service_that_asks(fixture, &asked);
    struct function_invoke req = {.name = "wants-database"};
    program_is(fixture, "touch $0.was-run; echo {}");
    function_invoke_start(service, &req);
    assert_false(loop_await(fixture->loop, &req.op, &fixture->err));
    assert_string_equal(fixture->err.code, "cluster_failed");
    assert_int_equal(fixture->err.error_class, ERROR_TRANSIENT);
    char *trace = xasprintf("%s.was-run", fixture->program);
    assert_false(file_exists(trace));
    free(trace);
    function_service_free(service);
}

static void a_call_cancelled_while_it_asks_for_the_dsn_starts_no_child(void **state)
{
    struct fixture *fixture = *state;
    struct dsn_asked asked = {0};
    struct function_service *service = service_that_asks(fixture, &asked);
    struct function_invoke req = {.name = "wants-database"};
    program_is(fixture, "echo {}");
    function_invoke_start(service, &req);
    op_cancel(&req.op);
    assert_false(loop_await(fixture->loop, &req.op, &fixture->err));
    assert_int_equal(fixture->err.error_class, ERROR_CANCELLED);
    function_service_free(service);
}

static void an_empty_dsn_is_not_given(void **state)
{
    struct fixture *fixture = *state;
    struct function_invoke req = {.name = "wants-database"};
    struct secret empty = {0};
    secret_set(&empty, STR(""));
    struct function_child_spec spec = {
        .program = fixture->program, .lake = "/the/lake", .dsn = &empty, .timeout_ms = 20000};
    function_service_free(fixture->service);
    fixture->service = function_child_new(fixture->loop, &spec);
    program_is(fixture, "echo \"${GATEHOUSE_DATABASE_DSN-none}\" >&2; echo {}");
    assert_true(invoke(fixture, &req, "{}"));
    assert_string_equal(buf_text(&fixture->log), "none|");
    function_invoke_done(&req);
    secret_done(&empty);
}

static void a_functions_own_failure_keeps_class_code_and_message(void **state)
{
    struct fixture *fixture = *state;
    expect_failure(fixture,
                   "echo '{\"errorType\":\"permanent:expectation_failed\",\"errorMessage\":"
                   "\"3 rows, 10 wanted\"}'; exit 1",
                   ERROR_PERMANENT, "expectation_failed");
    assert_string_equal(fixture->err.message, "f: 3 rows, 10 wanted");
    expect_failure(fixture,
                   "echo '{\"errorType\":\"transient:disk_full\",\"errorMessage\":\"x\"}'; exit 1",
                   ERROR_TRANSIENT, "disk_full");
}

static void any_other_error_type_is_permanent(void **state)
{
    struct fixture *fixture = *state;
    static const char *const types[] = {"Runtime.ExitError", "cancelled:x", "bug:x",
                                        "transient",         "transient:",  "TRANSIENT:x"};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        char *script = xasprintf("echo '{\"errorType\":\"%s\"}'; exit 1", types[i]);
        expect_failure(fixture, script, ERROR_PERMANENT, types[i]);
        free(script);
    }
    expect_failure(fixture, "echo '{\"errorType\":\"\"}'; exit 1", ERROR_PERMANENT,
                   "function_failed");
}

static void text_of_a_failure_is_made_printable(void **state)
{
    struct fixture *fixture = *state;
    expect_failure(
        fixture,
        "echo '{\"errorType\":\"permanent:a\",\"errorMessage\":\"x\\u001b[31m\\u0085y\"}'"
        "; exit 1",
        ERROR_PERMANENT, "a");
    assert_string_equal(fixture->err.message, "f: x\xef\xbf\xbd[31m\xef\xbf\xbdy");
}

static void an_exit_without_a_word_quotes_the_last_log_line(void **state)
{
    struct fixture *fixture = *state;
    expect_failure(fixture, "echo first >&2; echo 'cannot go on' >&2; exit 3", ERROR_PERMANENT,
                   "function_failed");
    assert_non_null(strstr(fixture->err.message, "exit 3"));
    assert_non_null(strstr(fixture->err.message, "cannot go on"));
}

static void a_result_that_is_no_json_object_is_permanent(void **state)
{
    struct fixture *fixture = *state;
    static const char *const scripts[] = {"echo oops", "echo '[1]'", ":", "echo '{} {}'",
                                          "printf '{\"a\":\\0}'"};
    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        expect_failure(fixture, scripts[i], ERROR_PERMANENT, "bad_result");
    }
}

static void a_killed_function_is_transient(void **state)
{
    struct fixture *fixture = *state;
    expect_failure(fixture, "kill -9 $$", ERROR_TRANSIENT, "function_crashed");
    assert_non_null(strstr(fixture->err.message, "signal 9"));
    expect_failure(fixture, "echo '{}'; kill -SEGV $$", ERROR_TRANSIENT, "function_crashed");
}

static void the_deadline_is_a_transient_timeout(void **state)
{
    struct fixture *fixture = *state;
    struct function_invoke req = {.name = "f", .timeout_ms = 50};
    program_is(fixture, "exec /bin/sleep 60");
    assert_false(invoke(fixture, &req, "{}"));
    assert_string_equal(fixture->err.code, "timeout");
    assert_int_equal(fixture->err.error_class, ERROR_TRANSIENT);
}

static void too_much_output_is_refused(void **state)
{
    struct fixture *fixture = *state;
    expect_failure(fixture, "exec /usr/bin/head -c 6291457 /dev/zero", ERROR_PERMANENT,
                   "output_too_large");
}

static void too_large_an_event_is_not_sent(void **state)
{
    struct fixture *fixture = *state;
    struct function_invoke req = {.name = "f"};
    char *text = xmalloc(FUNCTION_PAYLOAD_MAX + 100);
    memset(text, 'x', FUNCTION_PAYLOAD_MAX + 99);
    memcpy(text, "{\"a\":\"", 6);
    memcpy(text + FUNCTION_PAYLOAD_MAX + 97, "\"}", 3);
    program_is(fixture, "echo called > \"$0.called\"; echo {}");
    assert_false(invoke(fixture, &req, text));
    assert_string_equal(fixture->err.code, "event_too_large");
    assert_int_equal(test_folder_count(fixture->folder, "."), 1);
    free(text);
}

static void bad_names_are_refused_and_a_missing_program_is_said(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"", "--list", NULL};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct function_invoke req = {.name = names[i]};
        assert_false(invoke(fixture, &req, "{}"));
        assert_string_equal(fixture->err.code, "bad_name");
    }
    struct function_invoke req = {.name = "f"};
    assert_false(invoke(fixture, &req, "{}")); /* no program was written */
    assert_non_null(strstr(fixture->err.message, fixture->program));
    assert_int_equal(fixture->err.error_class, ERROR_PERMANENT);
    struct function_check check = {.name = "f"};
    function_check_start(fixture->service, &check);
    assert_false(loop_await(fixture->loop, &check.op, &fixture->err));
    assert_string_equal(fixture->err.code, "function_list_failed"); /* f itself may well exist */
    assert_non_null(strstr(fixture->err.message, fixture->program));
}

static void cancel_ends_the_call(void **state)
{
    struct fixture *fixture = *state;
    struct function_invoke req = {.name = "f"};
    program_is(fixture, "exec /bin/sleep 60");
    function_invoke_start(fixture->service, &req);
    op_cancel(&req.op);
    assert_false(loop_await(fixture->loop, &req.op, &fixture->err));
    assert_int_equal(fixture->err.error_class, ERROR_CANCELLED);
    op_cancel(&req.op); /* over: nothing happens */
}

static void list_and_check_ask_the_program(void **state)
{
    struct fixture *fixture = *state;
    struct function_list list = {0};
    struct function_check check = {.name = "two"};
    struct function_check missing = {.name = "tw"};
    program_is(fixture, "[ \"$1\" = --list ] && printf 'one\\ntwo\\r\\n\\nthree'");
    function_list_start(fixture->service, &list);
    function_check_start(fixture->service, &check);
    function_check_start(fixture->service, &missing);
    assert_true(loop_await(fixture->loop, &list.op, &fixture->err));
    assert_int_equal(list.count, 3);
    assert_string_equal(list.names[1], "two");
    assert_string_equal(list.names[2], "three");
    function_list_done(&list);
    assert_true(loop_await(fixture->loop, &check.op, &fixture->err));
    assert_string_equal(check.state, "Active");
    assert_int_equal(check.timeout_ms, 20000);
    assert_int_equal(check.memory_bytes, 1u << 30);
    assert_false(loop_await(fixture->loop, &missing.op, &fixture->err));
    assert_string_equal(fixture->err.code, "not_found");
}

static void a_list_that_fails_is_an_error(void **state)
{
    struct fixture *fixture = *state;
    struct function_list list = {0};
    program_is(fixture, "exit 2");
    function_list_start(fixture->service, &list);
    assert_false(loop_await(fixture->loop, &list.op, &fixture->err));
    assert_string_equal(fixture->err.code, "function_list_failed");
    assert_int_equal(list.count, 0);
    assert_int_equal(chmod(fixture->program, 0644), 0);
    function_list_start(fixture->service, &list);
    assert_false(loop_await(fixture->loop, &list.op, &fixture->err));
    assert_string_equal(fixture->err.code, "function_list_failed");
}

#define behaviour(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        behaviour(the_event_goes_in_and_the_result_comes_out),
        behaviour(the_environment_holds_only_what_is_needed),
        behaviour(the_dsn_is_given_by_environment_to_those_that_need_it),
        behaviour(the_dsn_is_asked_for_before_each_call_that_needs_it),
        behaviour(a_dsn_that_is_not_provided_fails_the_call_without_a_child),
        behaviour(a_call_cancelled_while_it_asks_for_the_dsn_starts_no_child),
        behaviour(an_empty_dsn_is_not_given),
        behaviour(a_functions_own_failure_keeps_class_code_and_message),
        behaviour(any_other_error_type_is_permanent),
        behaviour(text_of_a_failure_is_made_printable),
        behaviour(an_exit_without_a_word_quotes_the_last_log_line),
        behaviour(a_result_that_is_no_json_object_is_permanent),
        behaviour(a_killed_function_is_transient),
        behaviour(the_deadline_is_a_transient_timeout),
        behaviour(too_much_output_is_refused),
        behaviour(too_large_an_event_is_not_sent),
        behaviour(bad_names_are_refused_and_a_missing_program_is_said),
        behaviour(cancel_ends_the_call),
        behaviour(list_and_check_ask_the_program),
        behaviour(a_list_that_fails_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
