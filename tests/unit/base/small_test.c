/* Clocks, backoff, randomness and secrets. */
#include "core/base/backoff.h"
#include "core/base/clock.h"
#include "core/base/random.h"
#include "core/base/secret.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>

static void times_read_back(void **state)
{
    (void)state;
    static const int64_t times[] = {0, 1, 1795361968123, -1, 253402300799999};
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        char text[CLOCK_TEXT_SIZE];
        int64_t found = 0;
        clock_format_utc(times[i], text);
        assert_true(clock_parse_utc(str_from(text), &found));
        assert_int_equal(found, times[i]);
    }
    char text[CLOCK_TEXT_SIZE];
    clock_format_utc(1795361968123, text);
    assert_string_equal(text, "2026-11-22T15:39:28.123Z");
    int64_t found = 7;
    assert_false(clock_parse_utc(STR("2026-11-22 15:39:28"), &found));
    assert_false(clock_parse_utc(STR("2026-11-22T15:39:28"), &found));
    assert_false(clock_parse_utc((struct str){NULL, 0}, &found));
    assert_false(clock_parse_http((struct str){NULL, 0}, &found));
    assert_int_equal(found, 7);
}

static void check_duration(int64_t ms, const char *expected)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format_duration(ms, text);
    assert_string_equal(text, expected);
}

static void durations_are_short_for_people(void **state)
{
    (void)state;
    check_duration(42000, "00:42");
    check_duration(849999, "14:09");
    check_duration(3723000, "1:02:03");
    check_duration(183840000, "2d 03:04");
    check_duration(-1, "--:--");
}

static void check_span(int64_t ms, const char *expected)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format_span(ms, text);
    assert_string_equal(text, expected);
}

static void spans_below_a_minute_show_fractions(void **state)
{
    (void)state;
    check_span(0, "0.00 s");
    check_span(725, "0.72 s");
    check_span(9999, "9.99 s");
    check_span(10000, "10.0 s");
    check_span(59999, "59.9 s");
    check_span(60000, "01:00");
    check_span(-1, "--:--");
}

static void backoff_doubles_within_its_bounds(void **state)
{
    (void)state;
    struct backoff backoff = {.first_ms = 1000, .max_ms = 10000};
    static const int64_t expected[] = {1000, 2000, 4000, 8000, 10000, 10000};
    struct random random = {1};
    for (int failures = 1; failures <= 6; failures++) {
        int64_t longest = expected[failures - 1];
        int64_t least = INT64_MAX, most = 0;
        for (int i = 0; i < 1000; i++) {
            int64_t delay = backoff_delay_ms(backoff, failures, random_next(&random));
            assert_in_range(delay, longest / 2, longest);
            least = delay < least ? delay : least;
            most = delay > most ? delay : most;
        }
        assert_true(most - least > longest / 3); /* there is jitter */
    }
    assert_in_range(backoff_delay_ms(backoff, 1000000, 0), 5000, 10000);
}

static void random_is_repeatable_and_spread(void **state)
{
    (void)state;
    struct random a = {42}, b = {42};
    double sum = 0;
    for (int i = 0; i < 10000; i++) {
        assert_true(random_next(&a) == random_next(&b));
        double unit = random_unit(&a);
        assert_true(unit >= 0 && unit < 1);
        random_unit(&b);
        assert_true(random_below(&a, 7) < 7);
        random_below(&b, 7);
        sum += unit;
    }
    assert_true(sum > 4800 && sum < 5200);
}

static void secret_is_copied_and_gone_after_done(void **state)
{
    (void)state;
    struct secret secret = {0};
    char value[] = "s3cret";
    assert_false(secret_is_set(&secret));
    assert_string_equal(secret_reveal(&secret), "");
    secret_set(&secret, str_from(value));
    value[0] = 'x';
    assert_string_equal(secret_reveal(&secret), "s3cret");
    secret_set(&secret, STR("other"));
    assert_string_equal(secret_reveal(&secret), "other");
    secret_done(&secret);
    assert_false(secret_is_set(&secret));
}

static void manual_clock_moves_only_when_told(void **state)
{
    (void)state;
    struct clock_manual manual;
    clock_manual_init(&manual, 1000);
    int64_t monotonic = manual.clock.monotonic_ms(&manual.clock);
    clock_manual_advance(&manual, 50);
    assert_int_equal(manual.clock.wall_ms(&manual.clock), 1050);
    assert_int_equal(manual.clock.monotonic_ms(&manual.clock) - monotonic, 50);
}

static void http_dates_are_read_strictly(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "Sun, 22 Nov 2026 15:39:28",
        "Sun, 22 Nov 2026 15:39:28 CET",
        "Sun, 22 Nov 2026 15:39:28 GMT+1",
        "Sun, 22 ovD 2026 15:39:28 GMT",
        "Sun, 32 Nov 2026 15:39:28 GMT",
        "Sun, 22 Nov 2026 24:39:28 GMT",
        "Sunday, 22-Nov-26 15:39:28 GMT",
        "Sun, 22 Nov 2026 15:39:28 GMT and much more than a date has",
    };
    int64_t ms = 0;
    assert_true(clock_parse_http(STR("Sun, 22 Nov 2026 15:39:28 GMT"), &ms));
    assert_int_equal(ms, 1795361968000);
    assert_true(clock_parse_http(STR("Thu, 01 Jan 1970 00:00:00 GMT"), &ms));
    assert_int_equal(ms, 0);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(clock_parse_http(str_from(wrong[i]), &ms));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_dates_are_read_strictly),
        cmocka_unit_test(times_read_back),
        cmocka_unit_test(durations_are_short_for_people),
        cmocka_unit_test(spans_below_a_minute_show_fractions),
        cmocka_unit_test(backoff_doubles_within_its_bounds),
        cmocka_unit_test(random_is_repeatable_and_spread),
        cmocka_unit_test(secret_is_copied_and_gone_after_done),
        cmocka_unit_test(manual_clock_moves_only_when_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
