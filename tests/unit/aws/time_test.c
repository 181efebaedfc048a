/* Moments as AWS and its tools write them. */
#include "core/aws/time.h"

#include "tests/support/cmocka.h"

static void check_time(const char *text, int64_t expected_ms)
{
    int64_t found_ms = 0;
    if (!aws_time_parse(str_from(text), &found_ms)) {
        fail_msg("%s", text);
    }
    assert_int_equal(found_ms, expected_ms);
}

static void all_their_forms_are_read(void **state)
{
    (void)state;
    check_time("2026-11-22T15:39:28Z", 1795361968000);
    check_time("2026-11-22T15:39:28.123456Z", 1795361968123);
    check_time("2026-11-22T15:39:28UTC", 1795361968000);
    check_time("2026-11-22T16:39:28+01:00", 1795361968000);
    check_time("2026-11-22T10:09:28.5-05:30", 1795361968500);
    check_time("1970-01-01T00:00:00Z", 0);
}

static void everything_else_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "Z",
                                      "soon",
                                      "2026-11-22T15:39:28",
                                      "2026-11-22",
                                      "2026-11-22T15:39:28+0100",
                                      "2026-11-22T15:39:28+24:00",
                                      "2026-11-22T15:39:28+01:60",
                                      "2026-11-22T15:39:28 Z",
                                      "2026-13-22T15:39:28Z",
                                      "1795361968",
                                      "2026-11-22T15:39:28.000000000000000000000000001Z"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t found_ms = 7;
        if (aws_time_parse(str_from(bad[i]), &found_ms)) {
            fail_msg("%s", bad[i]);
        }
        assert_int_equal(found_ms, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_their_forms_are_read),
        cmocka_unit_test(everything_else_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
