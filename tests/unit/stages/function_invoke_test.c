/* Invoking a function and not believing its words. */
#include "core/base/alloc.h"
#include "tests/support/attempt_fixture.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>

#define PARAMETERS "{\"function\":\"clean\",\"payload\":{\"source\":{\"table\":\"t\"}}}"

struct world {
    struct attempt_fixture *fixture;
    char *result;
};

/* A function whose result names two objects that are there. */
static struct world new_world(void)
{
    struct world world = {.fixture = fixture_new("function_invoke")};
    struct fake_services *fake = world.fixture->fake;
    struct json *result = json_object();
    fake_put(fake, "clean-bucket", "a/cleaned.csv", STR("1,2\n"));
    fake_put(fake, "clean-bucket", "a/report.json", STR("{}"));
    json_set_int(result, "rows_out", 1);
    json_set(result, "cleaned", fake_place(fake, "clean-bucket", "a/cleaned.csv"));
    json_set(result, "quarantined", json_object());
    json_set(result, "report", fake_place(fake, "clean-bucket", "a/report.json"));
    world.result = json_print(result);
    json_free(result);
    fake_add_function(fake, "clean", world.result)->log_lines = "rows_in=1\n\033]0;evil\007";
    return world;
}

static void free_world(struct world *world)
{
    fixture_free(world->fixture);
    free(world->result);
}

static void the_result_is_verified_and_given_on(void **state)
{
    (void)state;
    struct world world = new_world();
    struct attempt_fixture *fixture = world.fixture;
    fixture->spec.running_timeout_ms = 600000;
    fixture_run(fixture, PARAMETERS);
    assert_int_equal(fixture->outcome, OUTCOME_SUCCESS);
    assert_int_equal(json_int_or(fixture->outputs, "rows_out", 0), 1);
    assert_int_equal(fixture->fake->counts[FAKE_OBJECT_HEAD], 2);
    assert_int_equal(fixture->fake->counts[FAKE_FUNCTION_INVOKE], 1);
    assert_string_equal(json_text_or(json_path(fixture->fake->last_event, "source"), "table", ""),
                        "t");
    assert_true(fixture->fake->last_timeout_ms >= 600000);
    assert_contains(buf_text(&fixture->log), "out rows_in=1\n");
    assert_string_equal(buf_text(&fixture->steps), "invoke function;verify outputs;");
    free_world(&world);
}

static void objects_that_are_not_as_told_are_permanent_errors(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct world world = new_world();
        struct fake_services *fake = world.fixture->fake;
        struct fake_object *object = fake_find(fake, "clean-bucket", "a/report.json");
        static const char *const parts[] = {"not there", "has 3 bytes, expected 2", "has sha256",
                                            "older than this try"};
        if (i == 0) {
            fake_remove(fake, "clean-bucket", "a/report.json");
        } else if (i == 1) {
            buf_append_text(&object->data, "x");
        } else if (i == 2) {
            object->data.ptr[0] = 'x';
        } else {
            object->modified_ms -= 61000;
        }
        fixture_run(world.fixture, PARAMETERS);
        assert_int_equal(world.fixture->outcome, OUTCOME_FAILED);
        assert_int_equal(world.fixture->error.error_class, ERROR_PERMANENT);
        assert_contains(world.fixture->error.message, "output 'report'");
        assert_contains(world.fixture->error.message, parts[i]);
        assert_null(world.fixture->outputs);
        free_world(&world);
    }
}

static void small_differences_of_clocks_and_unknown_digests_are_accepted(void **state)
{
    (void)state;
    struct world world = new_world();
    struct fake_object *object = fake_find(world.fixture->fake, "clean-bucket", "a/report.json");
    object->modified_ms -= 59000;
    object->hides_sha256 = true;
    fixture_run(world.fixture, PARAMETERS);
    assert_int_equal(world.fixture->outcome, OUTCOME_SUCCESS);
    free_world(&world);
}

static void the_functions_own_failure_keeps_class_and_code(void **state)
{
    (void)state;
    struct world world = new_world();
    struct fake_function *function = &world.fixture->fake->functions[0];
    function->result = NULL;
    error_set(&function->error, ERROR_PERMANENT, "expectation_failed", "rows 3, expected 30000");
    fixture_run(world.fixture, PARAMETERS);
    assert_int_equal(world.fixture->outcome, OUTCOME_FAILED);
    assert_string_equal(world.fixture->error.code, "expectation_failed");
    assert_contains(world.fixture->error.message, "rows 3, expected 30000");
    free_world(&world);
}

static void a_result_that_is_no_object_is_refused(void **state)
{
    (void)state;
    struct world world = new_world();
    world.fixture->fake->functions[0].result = "[1]";
    fixture_run(world.fixture, PARAMETERS);
    assert_string_equal(world.fixture->error.code, "bad_result");
    free_world(&world);
}

static void a_result_without_objects_is_fine(void **state)
{
    (void)state;
    struct world world = new_world();
    world.fixture->fake->functions[0].result = "{\"x\":{\"bucket\":1,\"key\":\"k\"}}";
    fixture_run(world.fixture, "{\"function\":\"clean\"}");
    assert_int_equal(world.fixture->outcome, OUTCOME_SUCCESS);
    assert_int_equal(world.fixture->fake->counts[FAKE_OBJECT_HEAD], 0);
    assert_true(json_is_object(world.fixture->fake->last_event));
    free_world(&world);
}

static void cancel_ends_a_function_or_a_look_that_hangs(void **state)
{
    (void)state;
    for (int call = FAKE_OBJECT_HEAD; call <= FAKE_FUNCTION_INVOKE;
         call += FAKE_FUNCTION_INVOKE - FAKE_OBJECT_HEAD) {
        struct world world = new_world();
        fake_hang(world.fixture->fake, (enum fake_call)call, 1);
        fixture_start(world.fixture, fixture_json(PARAMETERS), false);
        loop_run(world.fixture->loop); /* nothing moves: it hangs */
        assert_int_equal(world.fixture->finished, 0);
        attempt_cancel(world.fixture->attempt);
        loop_run(world.fixture->loop);
        assert_int_equal(world.fixture->finished, 1);
        assert_int_equal(world.fixture->outcome, OUTCOME_CANCELLED);
        free_world(&world);
    }
}

static void every_call_that_fails_fails_the_attempt(void **state)
{
    (void)state;
    int call = 1;
    for (; call < 100; call++) {
        struct world world = new_world();
        world.fixture->fake->fail_at = call;
        fixture_run(world.fixture, PARAMETERS);
        bool was_hit = world.fixture->fake->total >= call;
        assert_int_equal(world.fixture->outcome, was_hit ? OUTCOME_FAILED : OUTCOME_SUCCESS);
        assert_true(!was_hit || world.fixture->error.error_class == ERROR_TRANSIENT);
        free_world(&world);
        if (!was_hit) {
            break;
        }
    }
    assert_int_equal(call, 4);
}

static void cancel_at_every_call_ends_as_cancelled(void **state)
{
    (void)state;
    for (int call = 1; call <= 3; call++) {
        struct world world = new_world();
        world.fixture->cancel_at = call;
        fixture_run(world.fixture, PARAMETERS);
        assert_int_equal(world.fixture->outcome, OUTCOME_CANCELLED);
        assert_int_equal(world.fixture->fake->total, call);
        free_world(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_result_is_verified_and_given_on),
        cmocka_unit_test(objects_that_are_not_as_told_are_permanent_errors),
        cmocka_unit_test(small_differences_of_clocks_and_unknown_digests_are_accepted),
        cmocka_unit_test(the_functions_own_failure_keeps_class_and_code),
        cmocka_unit_test(a_result_that_is_no_object_is_refused),
        cmocka_unit_test(a_result_without_objects_is_fine),
        cmocka_unit_test(cancel_ends_a_function_or_a_look_that_hangs),
        cmocka_unit_test(every_call_that_fails_fails_the_attempt),
        cmocka_unit_test(cancel_at_every_call_ends_as_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
