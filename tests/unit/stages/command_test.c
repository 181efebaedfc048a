/* Commands: environment, outputs, exit codes, cancelling. */
#include "tests/support/attempt_fixture.h"
#include "tests/support/cmocka.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct attempt_fixture *run_shell(const char *script, const char *more)
{
    struct attempt_fixture *fixture = fixture_new("command");
    struct json *parameters = fixture_json(more);
    struct json *argv = json_array();
    json_append(argv, json_string(STR("/bin/sh")));
    json_append(argv, json_string(STR("-c")));
    json_append(argv, json_string(str_from(script)));
    json_set(parameters, "argv", argv);
    fixture_start(fixture, parameters, false);
    loop_run(fixture->loop);
    assert_int_equal(fixture->finished, 1);
    return fixture;
}

static void the_last_line_is_the_outputs(void **state)
{
    (void)state;
    struct attempt_fixture *fixture =
        run_shell("echo hello; echo bad >&2; echo '{\"rows\":7}'; echo; echo '  '", "{}");
    assert_int_equal(fixture->outcome, OUTCOME_SUCCESS);
    assert_int_equal(json_int_or(fixture->outputs, "rows", 0), 7);
    assert_contains(buf_text(&fixture->log), "out hello\n");
    assert_contains(buf_text(&fixture->log), "out bad\n");
    fixture_free(fixture);
}

static void other_last_lines_are_just_text(void **state)
{
    (void)state;
    struct attempt_fixture *fixture = run_shell("echo '{\"a\":1}'; echo [1,2]", "{}");
    assert_int_equal(fixture->outcome, OUTCOME_SUCCESS);
    assert_int_equal(json_count(fixture->outputs), 0);
    fixture_free(fixture);
}

static void a_broken_object_is_a_permanent_error(void **state)
{
    (void)state;
    struct attempt_fixture *fixture = run_shell("echo '{\"rows\":'", "{}");
    assert_int_equal(fixture->outcome, OUTCOME_FAILED);
    assert_int_equal(fixture->error.error_class, ERROR_PERMANENT);
    assert_string_equal(fixture->error.code, "bad_json");
    assert_contains(fixture->error.message, "last line");
    fixture_free(fixture);
}

static void outputs_that_are_too_long_are_a_permanent_error(void **state)
{
    (void)state;
    struct attempt_fixture *fixture =
        run_shell("printf '{\"a\":\"'; head -c 3000000 /dev/zero | tr '\\0' x; echo '\"}'", "{}");
    assert_int_equal(fixture->outcome, OUTCOME_FAILED);
    assert_int_equal(fixture->error.error_class, ERROR_PERMANENT);
    assert_string_equal(fixture->error.code, "output_too_large");
    fixture_free(fixture);
    fixture = run_shell("head -c 3000000 /dev/zero | tr '\\0' '{'; echo; echo '{\"a\":1}'", "{}");
    assert_int_equal(fixture->outcome, OUTCOME_SUCCESS);
    assert_int_equal(json_int_or(fixture->outputs, "a", 0), 1);
    fixture_free(fixture);
}

static void exit_codes_say_whether_to_try_again(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        enum error_class error_class;
        const char *part;
    } cases[] = {
        {"echo first >&2; echo last words >&2; exit 3", ERROR_PERMANENT, "exit 3: last words"},
        {"exit 75", ERROR_TRANSIENT, "exit 75"},
        {"kill -9 $$", ERROR_TRANSIENT, "signal 9"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct attempt_fixture *fixture = run_shell(cases[i].script, "{}");
        assert_int_equal(fixture->outcome, OUTCOME_FAILED);
        assert_int_equal(fixture->error.error_class, cases[i].error_class);
        assert_contains(fixture->error.message, cases[i].part);
        assert_null(fixture->outputs);
        fixture_free(fixture);
    }
}

static void hostile_words_on_stderr_are_made_printable(void **state)
{
    (void)state;
    struct attempt_fixture *fixture = run_shell("printf '\\033[2Jx\\377' >&2; exit 1", "{}");
    assert_null(strchr(fixture->error.message, '\033'));
    assert_null(strchr(fixture->error.message, '\377'));
    fixture_free(fixture);
}

static void the_environment_holds_what_the_contract_says_and_no_more(void **state)
{
    (void)state;
    setenv("SECRET_OF_OURS", "x", 1);
    struct attempt_fixture *fixture =
        run_shell("env", "{\"environment\":{\"A\":\"b c\",\"N\":7,\"T\":true,\"LANG\":\"C\"}}");
    unsetenv("SECRET_OF_OURS");
    const char *log = buf_text(&fixture->log);
    assert_int_equal(fixture->outcome, OUTCOME_SUCCESS);
    assert_contains(log, "out A=b c\n");
    assert_contains(log, "out LANG=C\n");
    assert_contains(log, "out N=7\n");
    assert_contains(log, "out T=true\n");
    assert_contains(log, "out PATH=");
    assert_contains(log, "out HOME=");
    assert_contains(log, "out GATEHOUSE_RUN_ID=20261122-153928-a1b2c3\n");
    assert_contains(log, "out GATEHOUSE_STAGE=stage_under_test\n");
    assert_contains(log, "out GATEHOUSE_TRY=1\n");
    assert_contains(log, "out GATEHOUSE_INTENT=" FIXTURE_INTENT "\n");
    assert_null(strstr(log, "SECRET_OF_OURS"));
    fixture_free(fixture);
}

static void it_works_in_the_private_folder_unless_told_otherwise(void **state)
{
    (void)state;
    struct attempt_fixture *fixture = run_shell("pwd", "{}");
    assert_contains(buf_text(&fixture->log), fixture->folder);
    fixture_free(fixture);
    fixture = run_shell("pwd", "{\"folder\":\"/\"}");
    assert_contains(buf_text(&fixture->log), "out /\n");
    fixture_free(fixture);
}

static void a_program_that_is_not_there_is_permanent(void **state)
{
    (void)state;
    struct attempt_fixture *fixture = fixture_new("command");
    fixture_run(fixture, "{\"argv\":[\"/nonexistent/program\"]}");
    assert_int_equal(fixture->outcome, OUTCOME_FAILED);
    assert_int_equal(fixture->error.error_class, ERROR_PERMANENT);
    assert_contains(fixture->error.message, "run command: ");
    fixture_free(fixture);
}

static void on_first_line_cancel(void *context, struct attempt *attempt, const char *level,
                                 struct str line)
{
    struct attempt_fixture *fixture = context;
    int64_t pid = 0;
    (void)level;
    if (str_to_i64(line, &pid)) {
        fixture->reports = (int)pid;
    }
    if (fixture->kill_at > 0) {
        attempt_kill(attempt);
    } else {
        attempt_cancel(attempt);
    }
}

static bool is_running(int pid)
{
    char path[64], state = 'Z';
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return false;
    }
    int found = fscanf(file, "%*d %*s %c", &state);
    fclose(file);
    return found == 1 && state != 'Z';
}

/* A signal that was sent takes its moment. */
static bool ends_soon(int pid)
{
    struct timespec pause = {.tv_nsec = 10000000};
    for (int i = 0; i < 50 && is_running(pid); i++) {
        nanosleep(&pause, NULL);
    }
    return !is_running(pid);
}

#define DAEMON       "setsid sh -c 'echo $$; trap \"\" TERM; exec sleep 1000' & sleep 0.1; "
#define IN_THE_GROUP "{\"argv\":[\"/bin/sh\",\"-c\",\"sleep 1000 & echo $!; wait; sleep 1000\"]}"
#define OUT_OF_THE_GROUP                                                                           \
    "{\"argv\":[\"/bin/sh\",\"-c\",\"setsid sh -c 'echo $$; exec sleep 1000' & sleep 1000\"]}"

/* The child that the script prints must be gone as well. */
static void check_stopping(int kill_at, const char *parameters)
{
    struct attempt_fixture *fixture = fixture_new("command");
    fixture->hooks.log = on_first_line_cancel;
    fixture->kill_at = kill_at;
    fixture_start(fixture, fixture_json(parameters), false);
    loop_run(fixture->loop);
    assert_int_equal(fixture->finished, 1);
    assert_int_equal(fixture->outcome, OUTCOME_CANCELLED);
    int pid = fixture->reports;
    assert_true(pid > 1);
    fixture_free(fixture);
    assert_true(ends_soon(pid));
}

static void cancel_ends_the_whole_process_group(void **state)
{
    (void)state;
    check_stopping(0, IN_THE_GROUP);
}

static void cancel_ends_what_left_the_group(void **state)
{
    (void)state;
    check_stopping(0, OUT_OF_THE_GROUP);
}

static void kill_ends_the_whole_process_group(void **state)
{
    (void)state;
    check_stopping(1, IN_THE_GROUP);
}

static void kill_ends_what_left_the_group(void **state)
{
    (void)state;
    check_stopping(1, OUT_OF_THE_GROUP);
}

/* The log's only line is a process's number. */
static bool is_left_running(const char *script)
{
    struct attempt_fixture *fixture = run_shell(script, "{}");
    const char *number = strstr(buf_text(&fixture->log), "out ");
    assert_non_null(number);
    pid_t pid = (pid_t)atoi(number + strlen("out "));
    fixture_free(fixture);
    bool is_left = !ends_soon(pid);
    if (is_left) {
        kill(pid, SIGKILL);
    }
    return is_left;
}

static void a_failure_leaves_nothing_running_and_a_success_what_it_wants(void **state)
{
    (void)state;
    assert_false(is_left_running(DAEMON "exit 1"));
    assert_false(is_left_running(DAEMON "echo {"));
    assert_true(is_left_running(DAEMON "exit 0"));
}

static void the_time_limit_bounds_a_command_the_engine_forgot(void **state)
{
    (void)state;
    struct attempt_fixture *fixture = fixture_new("command");
    fixture->spec.running_timeout_ms = -4900; /* with the margin of 5 s: 100 ms */
    fixture_run(fixture, "{\"argv\":[\"/bin/sleep\",\"1000\"]}");
    assert_int_equal(fixture->outcome, OUTCOME_FAILED);
    assert_int_equal(fixture->error.error_class, ERROR_TRANSIENT);
    assert_string_equal(fixture->error.code, "deadline");
    fixture_free(fixture);
}

static void parameters_are_checked_when_the_configuration_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *parameters, *part;
    } cases[] = {
        {"{}", "'argv' is missing"},
        {"{\"argv\":[]}", "1 to 1000"},
        {"{\"argv\":\"ls\"}", "'argv' must be a list"},
        {"{\"argv\":[\"ls\",[3]]}", "must be a list of strings and numbers"},
        {"{\"argv\":[\"\"]}", "empty program name"},
        {"{\"argv\":[\"ls\"],\"environmnt\":{}}", "did you mean 'environment'"},
        {"{\"argv\":[\"ls\"],\"environment\":{\"a b\":\"c\"}}", "not a variable's name"},
        {"{\"argv\":[\"ls\"],\"environment\":{\"A\":{}}}", "'environment.A' must be a string or"},
        {"{\"argv\":[\"ls\"],\"environment\":{\"GATEHOUSE_TRY\":\"9\"}}", "set by gatehouse"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = {0};
        struct json *parameters = fixture_json(cases[i].parameters);
        assert_false(stage_kind_check("command", parameters, &err));
        assert_contains(err.message, cases[i].part);
        json_free(parameters);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_line_is_the_outputs),
        cmocka_unit_test(other_last_lines_are_just_text),
        cmocka_unit_test(a_broken_object_is_a_permanent_error),
        cmocka_unit_test(outputs_that_are_too_long_are_a_permanent_error),
        cmocka_unit_test(exit_codes_say_whether_to_try_again),
        cmocka_unit_test(hostile_words_on_stderr_are_made_printable),
        cmocka_unit_test(the_environment_holds_what_the_contract_says_and_no_more),
        cmocka_unit_test(it_works_in_the_private_folder_unless_told_otherwise),
        cmocka_unit_test(a_program_that_is_not_there_is_permanent),
        cmocka_unit_test(cancel_ends_the_whole_process_group),
        cmocka_unit_test(kill_ends_the_whole_process_group),
        cmocka_unit_test(cancel_ends_what_left_the_group),
        cmocka_unit_test(kill_ends_what_left_the_group),
        cmocka_unit_test(a_failure_leaves_nothing_running_and_a_success_what_it_wants),
        cmocka_unit_test(the_time_limit_bounds_a_command_the_engine_forgot),
        cmocka_unit_test(parameters_are_checked_when_the_configuration_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
