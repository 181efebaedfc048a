/* noop, and what every attempt promises. */
#include "tests/support/attempt_fixture.h"
#include "tests/support/cmocka.h"

#include <string.h>

static void noop_succeeds_with_the_given_outputs(void **state)
{
    (void)state;
    struct attempt_fixture *fixture = fixture_new("noop");
    fixture_run(fixture, "{\"sleep_ms\":5,\"outputs\":{\"a\":1}}");
    assert_int_equal(fixture->outcome, OUTCOME_SUCCESS);
    assert_int_equal(json_int_or(fixture->outputs, "a", 0), 1);
    fixture_free(fixture);
}

static void outputs_are_an_object_even_when_there_are_none(void **state)
{
    (void)state;
    struct attempt_fixture *fixture = fixture_new("noop");
    fixture_run(fixture, "{}");
    assert_int_equal(fixture->outcome, OUTCOME_SUCCESS);
    assert_true(json_is_object(fixture->outputs));
    assert_int_equal(fixture->reports, 0); /* a kind of one step has nothing to report */
    fixture_free(fixture);
}

static void cancel_ends_a_long_sleep_at_once(void **state)
{
    (void)state;
    struct attempt_fixture *fixture = fixture_new("noop");
    fixture_start(fixture, fixture_json("{\"sleep_ms\":3600000}"), false);
    attempt_cancel(fixture->attempt);
    attempt_cancel(fixture->attempt);
    loop_run(fixture->loop);
    assert_int_equal(fixture->finished, 1);
    assert_int_equal(fixture->outcome, OUTCOME_CANCELLED);
    assert_int_equal(fixture->error.error_class, ERROR_CANCELLED);
    assert_null(fixture->outputs);
    fixture_free(fixture);
}

static void kill_ends_it_too_and_wins_over_cancel(void **state)
{
    (void)state;
    struct attempt_fixture *fixture = fixture_new("noop");
    fixture_start(fixture, fixture_json("{\"sleep_ms\":3600000}"), false);
    attempt_kill(fixture->attempt);
    attempt_cancel(fixture->attempt);
    loop_run(fixture->loop);
    assert_int_equal(fixture->finished, 1);
    assert_int_equal(fixture->outcome, OUTCOME_CANCELLED);
    fixture_free(fixture);
}

static void bad_parameters_and_kinds_fail_permanently_through_finished(void **state)
{
    (void)state;
    struct attempt_fixture *fixture = fixture_new("noop");
    fixture_run(fixture, "{\"sleep\":1}");
    assert_int_equal(fixture->outcome, OUTCOME_FAILED);
    assert_int_equal(fixture->error.error_class, ERROR_PERMANENT);
    assert_string_equal(fixture->error.code, "bad_parameter");
    fixture_free(fixture);
    fixture = fixture_new("nonsense");
    fixture_run(fixture, "{}");
    assert_int_equal(fixture->outcome, OUTCOME_FAILED);
    assert_string_equal(fixture->error.code, "bad_kind");
    fixture_free(fixture);
}

static void an_attempt_that_never_started_can_be_freed(void **state)
{
    (void)state;
    struct attempt_fixture *fixture = fixture_new("noop");
    fixture->spec.parameters = json_object();
    struct attempt *attempt = attempt_new(&fixture->spec);
    assert_int_equal(attempt_try_number(attempt), 1);
    attempt_free(attempt);
    attempt_free(NULL);
    fixture_free(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noop_succeeds_with_the_given_outputs),
        cmocka_unit_test(outputs_are_an_object_even_when_there_are_none),
        cmocka_unit_test(cancel_ends_a_long_sleep_at_once),
        cmocka_unit_test(kill_ends_it_too_and_wins_over_cancel),
        cmocka_unit_test(bad_parameters_and_kinds_fail_permanently_through_finished),
        cmocka_unit_test(an_attempt_that_never_started_can_be_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
