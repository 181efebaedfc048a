/* Expectations: broken ones are named with value and limit; unknown figures break nothing. */
#include "core/data/expectations.h"
#include "tests/support/cmocka.h"

static void limits_that_hold_pass(void **state)
{
    struct expectations limits = expectations_none();
    struct figures figures = figures_none();
    struct error err;
    (void)state;
    assert_true(expectations_check(&limits, &figures, &err));
    limits.min[EXPECTED_ROWS] = 10;
    limits.max[EXPECTED_ROWS] = 10;
    assert_true(expectations_check(&limits, &figures, &err)); /* rows are not known */
    figures.values[EXPECTED_ROWS] = 10;
    assert_true(expectations_check(&limits, &figures, &err));
}

static void every_broken_limit_is_named_with_its_figures(void **state)
{
    struct expectations limits = expectations_none();
    struct figures figures = figures_none();
    struct error err;
    (void)state;
    limits.min[EXPECTED_ROWS] = 30000;
    limits.max[EXPECTED_LABEL_RATE] = 0.3;
    limits.max[EXPECTED_QUARANTINED_SHARE] = 0.01;
    figures.values[EXPECTED_ROWS] = 12;
    figures.values[EXPECTED_LABEL_RATE] = 0.5;
    figures.values[EXPECTED_QUARANTINED_SHARE] = 0.001;
    assert_false(expectations_check(&limits, &figures, &err));
    assert_string_equal(err.code, "expectation_failed");
    assert_string_equal(
        err.message,
        "expectation not met: rows is 12, at least 30000; label_rate is 0.5, at most 0.3");
    struct json *broken = expectations_broken(&limits, &figures);
    assert_int_equal(json_count(broken), 2);
    assert_string_equal(json_text_or(json_at(broken, 1), "figure", ""), "label_rate");
    assert_true(json_number_or(json_at(broken, 1), "max", 0) == 0.3);
    json_free(broken);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_that_hold_pass),
        cmocka_unit_test(every_broken_limit_is_named_with_its_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
