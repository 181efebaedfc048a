/* Functions that are there, missing, misspelt or not ready. */
#include "tests/support/attempt_fixture.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

#define ALL "{\"functions\":[\"clean-raw\",\"clean-rds\",\"merge\"]}"

static struct attempt_fixture *with_functions(void)
{
    struct attempt_fixture *fixture = fixture_new("function_check");
    fake_add_function(fixture->fake, "clean-raw", "{}");
    fake_add_function(fixture->fake, "clean-rds", "{}");
    fake_add_function(fixture->fake, "merge", "{}");
    return fixture;
}

static void all_there_is_a_success_that_lists_them(void **state)
{
    (void)state;
    struct attempt_fixture *fixture = with_functions();
    fixture_run(fixture, ALL);
    assert_int_equal(fixture->outcome, OUTCOME_SUCCESS);
    assert_int_equal(json_int_or(fixture->outputs, "functions", 0), 3);
    const struct json *last = json_at(json_get(fixture->outputs, "checked"), 2);
    assert_string_equal(json_text_or(last, "name", ""), "merge");
    assert_string_equal(json_text_or(last, "state", ""), "Active");
    assert_int_equal(json_int_or(last, "timeout_ms", 0), 60000);
    assert_int_equal(fixture->fake->counts[FAKE_FUNCTION_LIST], 0);
    fixture_free(fixture);
}

static void missing_ones_are_told_at_once_with_the_nearest_name(void **state)
{
    (void)state;
    struct attempt_fixture *fixture = with_functions();
    fixture_run(fixture, "{\"functions\":[\"claen-raw\",\"clean-rds\",\"zzzzzzzz\"]}");
    assert_int_equal(fixture->outcome, OUTCOME_FAILED);
    assert_int_equal(fixture->error.error_class, ERROR_PERMANENT);
    assert_string_equal(fixture->error.code, "function_missing");
    assert_contains(fixture->error.message, "'claen-raw' (did you mean 'clean-raw'?), 'zzzzzzzz'");
    assert_null(strstr(fixture->error.message, "clean-rds"));
    assert_contains(fixture->error.message, "gatehouse functions deploy");
    fixture_free(fixture);
}

static void without_the_list_there_are_only_no_suggestions(void **state)
{
    (void)state;
    struct attempt_fixture *fixture = with_functions();
    fake_fail(fixture->fake, FAKE_FUNCTION_LIST, 1, ERROR_PERMANENT, "access_denied");
    fixture_run(fixture, "{\"functions\":[\"claen-raw\"]}");
    assert_string_equal(fixture->error.code, "function_missing");
    assert_null(strstr(fixture->error.message, "did you mean"));
    assert_contains(buf_text(&fixture->log), "warn functions cannot be listed");
    fixture_free(fixture);
}

static void pending_is_transient_and_failed_is_permanent(void **state)
{
    (void)state;
    struct attempt_fixture *fixture = with_functions();
    fixture->fake->functions[1].state = "Pending";
    fixture_run(fixture, ALL);
    assert_int_equal(fixture->outcome, OUTCOME_FAILED);
    assert_string_equal(fixture->error.code, "function_not_active");
    assert_int_equal(fixture->error.error_class, ERROR_TRANSIENT);
    assert_contains(fixture->error.message, "clean-rds is Pending");
    fixture_clear(fixture);
    fixture->fake->functions[2].state = "Failed";
    fixture_run(fixture, ALL);
    assert_int_equal(fixture->error.error_class, ERROR_PERMANENT);
    assert_contains(fixture->error.message, "clean-rds is Pending, merge is Failed");
    fixture_free(fixture);
}

static void an_inactive_function_wakes_when_it_is_called(void **state)
{
    (void)state;
    struct attempt_fixture *fixture = with_functions();
    fixture->fake->functions[1].state = "Inactive";
    fixture_run(fixture, ALL);
    assert_int_equal(fixture->outcome, OUTCOME_SUCCESS);
    assert_contains(buf_text(&fixture->log), "function=clean-rds state=Inactive");
    fixture_free(fixture);
}

/* The fake's functions may run 60 s; `clocks` are those of the stage that calls clean-raw. */
static struct attempt_fixture *check_beside(const char *clocks, const char *parameters)
{
    struct error err;
    struct attempt_fixture *fixture = with_functions();
    char text[512];
    snprintf(text, sizeof(text),
             "{\"pipeline\":\"p\",\"max_parallel\":1,\"stages\":[{\"name\":\"raw\",\"kind\":"
             "\"function_invoke\",\"parameters\":{\"function\":\"clean-raw\"},%s}]}",
             clocks);
    struct json *json = fixture_json(text);
    struct dag *dag = dag_from_json(json, NULL, &err);
    assert_non_null(dag);
    fixture->spec.dag = dag;
    fixture->fake->calls_outlive = true;
    fixture_run(fixture, parameters);
    fixture->spec.dag = NULL;
    dag_free(dag);
    json_free(json);
    return fixture;
}

static void a_function_must_end_before_its_stage_gives_it_up(void **state)
{
    (void)state;
    static const struct {
        const char *clocks, *told;
    } cases[] = {
        {"\"running_timeout_ms\":60000", NULL},
        {"\"running_timeout_ms\":0,\"total_timeout_ms\":0", NULL},
        {"\"running_timeout_ms\":59500,\"total_timeout_ms\":60000",
         "clean-raw may run 60 s as it is deployed, but stage raw waits 59.5 s (running_timeout) "
         "and cannot stop it then: raise its running_timeout, or lower functions.timeout"},
        {"\"running_timeout_ms\":60000,\"total_timeout_ms\":30000",
         "stage raw waits 30 s (total_timeout)"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct attempt_fixture *fixture = check_beside(cases[i].clocks, ALL);
        if (cases[i].told == NULL) {
            assert_int_equal(fixture->outcome, OUTCOME_SUCCESS);
        } else {
            assert_int_equal(fixture->error.error_class, ERROR_PERMANENT);
            assert_string_equal(fixture->error.code, "function_timeout");
            assert_contains(fixture->error.message, cases[i].told);
        }
        fixture_free(fixture);
    }
}

static void a_function_must_be_given_the_time_that_is_asked_for_it(void **state)
{
    (void)state;
    struct attempt_fixture *fixture =
        check_beside("\"running_timeout_ms\":50000",
                     "{\"functions\":[\"clean-raw\",\"merge\"],\"timeout_ms\":90000}");
    assert_string_equal(fixture->error.code, "function_timeout");
    assert_contains(fixture->error.message, "stage raw waits 50 s");
    assert_contains(fixture->error.message,
                    "; merge may run only 60 s as it is deployed, functions.timeout asks for 90 s: "
                    "run `gatehouse functions deploy`");
    fixture_free(fixture);
    fixture = check_beside("\"running_timeout_ms\":60000",
                           "{\"functions\":[\"merge\"],\"timeout_ms\":60000}");
    assert_int_equal(fixture->outcome, OUTCOME_SUCCESS);
    fixture_free(fixture);
}

static void a_function_that_ends_with_its_caller_always_fits(void **state)
{
    (void)state;
    struct attempt_fixture *fixture = with_functions();
    fixture_run(fixture, "{\"functions\":[\"merge\"],\"timeout_ms\":90000}");
    assert_int_equal(fixture->outcome, OUTCOME_SUCCESS);
    fixture_free(fixture);
}

static void trouble_of_the_service_keeps_its_class(void **state)
{
    (void)state;
    struct attempt_fixture *fixture = with_functions();
    fake_fail(fixture->fake, FAKE_FUNCTION_CHECK, 2, ERROR_TRANSIENT, "Throttling");
    fixture_run(fixture, ALL);
    assert_int_equal(fixture->outcome, OUTCOME_FAILED);
    assert_int_equal(fixture->error.error_class, ERROR_TRANSIENT);
    assert_contains(fixture->error.message, "check functions: clean-rds: ");
    fixture_free(fixture);
}

static void cancel_at_any_call_ends_as_cancelled(void **state)
{
    (void)state;
    for (int call = 1; call <= 4; call++) {
        struct attempt_fixture *fixture = with_functions();
        fixture->cancel_at = call;
        fixture_run(fixture, "{\"functions\":[\"clean-raw\",\"clean-rds\",\"mrege\"]}");
        assert_int_equal(fixture->outcome, OUTCOME_CANCELLED);
        assert_int_equal(fixture->fake->total, call);
        fixture_free(fixture);
    }
}

static void a_cancel_ends_a_check_or_a_list_that_hangs(void **state)
{
    static const enum fake_call calls[] = {FAKE_FUNCTION_CHECK, FAKE_FUNCTION_LIST};
    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        struct attempt_fixture *fixture = with_functions();
        fake_hang(fixture->fake, calls[i], 1);
        fixture_start(fixture, fixture_json("{\"functions\":[\"clean-raw\",\"mrege\"]}"), false);
        loop_run(fixture->loop);
        assert_int_equal(fixture->finished, 0);
        attempt_cancel(fixture->attempt);
        loop_run(fixture->loop);
        assert_int_equal(fixture->outcome, OUTCOME_CANCELLED);
        fixture_free(fixture);
    }
}

static void a_killed_attempt_may_be_freed_before_the_port_answers(void **state)
{
    (void)state;
    struct attempt_fixture *fixture = with_functions();
    fake_hang(fixture->fake, FAKE_FUNCTION_CHECK, 1);
    fixture->fake->is_deaf = true;
    fixture->kill_at = 1;
    fixture_run(fixture, ALL);
    assert_int_equal(fixture->outcome, OUTCOME_CANCELLED);
    assert_null(fixture->attempt);
    fake_answer_hanging(fixture->fake);
    loop_run(fixture->loop);
    assert_int_equal(fixture->finished, 1);
    fixture_free(fixture);
}

static void parameters_are_checked(void **state)
{
    (void)state;
    struct error err = {0};
    struct json *parameters = fixture_json("{\"function\":[\"a\"]}");
    assert_false(stage_kind_check("function_check", parameters, &err));
    assert_contains(err.message, "did you mean 'functions'");
    json_free(parameters);
    parameters = fixture_json("{\"functions\":\"{{ stages.a.outputs.names }}\"}");
    assert_true(stage_kind_check("function_check", parameters, &err));
    json_free(parameters);
    assert_false(stage_kind_check("function_chek", NULL, &err));
    assert_contains(err.message, "did you mean 'function_check'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_there_is_a_success_that_lists_them),
        cmocka_unit_test(missing_ones_are_told_at_once_with_the_nearest_name),
        cmocka_unit_test(without_the_list_there_are_only_no_suggestions),
        cmocka_unit_test(pending_is_transient_and_failed_is_permanent),
        cmocka_unit_test(an_inactive_function_wakes_when_it_is_called),
        cmocka_unit_test(a_function_must_end_before_its_stage_gives_it_up),
        cmocka_unit_test(a_function_must_be_given_the_time_that_is_asked_for_it),
        cmocka_unit_test(a_function_that_ends_with_its_caller_always_fits),
        cmocka_unit_test(trouble_of_the_service_keeps_its_class),
        cmocka_unit_test(cancel_at_any_call_ends_as_cancelled),
        cmocka_unit_test(a_cancel_ends_a_check_or_a_list_that_hangs),
        cmocka_unit_test(a_killed_attempt_may_be_freed_before_the_port_answers),
        cmocka_unit_test(parameters_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
