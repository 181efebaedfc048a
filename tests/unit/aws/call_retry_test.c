/* Retry tokens, pauses, and the adaptive limiter, on times of the test's own. */
#include "core/aws/call_retry.h"

#include "tests/support/cmocka.h"

static void tokens_run_out_and_come_back(void **state)
{
    (void)state;
    struct retry_bucket bucket = {RETRY_TOKENS};
    int retries = 0;
    while (retry_take(&bucket, RETRY_COST)) {
        retries++;
    }
    assert_int_equal(retries, 100);
    assert_false(retry_take(&bucket, 1));
    retry_give(&bucket, 0);
    assert_int_equal(bucket.tokens, 1);
    retry_give(&bucket, RETRY_COST_TIMEOUT);
    assert_int_equal(bucket.tokens, 11);
    assert_true(retry_take(&bucket, RETRY_COST_TIMEOUT));
    bucket.tokens = RETRY_TOKENS;
    retry_give(&bucket, RETRY_COST);
    assert_int_equal(bucket.tokens, RETRY_TOKENS);
}

static void pauses_double_up_to_a_limit_with_full_jitter(void **state)
{
    (void)state;
    static const int64_t longest[] = {1000, 2000, 4000, 8000, 16000, 20000, 20000};
    for (int i = 0; i < 7; i++) {
        assert_int_equal(retry_delay_ms(i + 1, 0, RETRY_UNIT_MS), 0);
        assert_int_equal(retry_delay_ms(i + 1, 0.5, RETRY_UNIT_MS), longest[i] / 2);
        assert_true(retry_delay_ms(i + 1, 0.999, RETRY_UNIT_MS) < longest[i]);
    }
    assert_int_equal(retry_delay_ms(1000, 0.5, RETRY_UNIT_MS), 10000);
}

static int64_t asked(const char *headers, int64_t delay_ms)
{
    return retry_delay_asked_ms(str_from(headers), 784111777000, delay_ms);
}

static void what_the_service_asks_counts_within_limits(void **state)
{
    (void)state;
    assert_int_equal(asked("", 300), 300);
    assert_int_equal(asked("x-amz-retry-after: 1500\n", 300), 1500);
    assert_int_equal(asked("x-amz-retry-after: 100\n", 300), 300);
    assert_int_equal(asked("x-amz-retry-after: 999999999999\n", 300), 5300);
    assert_int_equal(asked("retry-after: 2\n", 300), 2000);
    assert_int_equal(asked("retry-after: 2\nx-amz-retry-after: 400\n", 300), 400);
    assert_int_equal(asked("retry-after: 18446744073709551615\n", 300), RETRY_MAX_MS);
    assert_int_equal(asked("retry-after: Sun, 06 Nov 1994 08:49:40 GMT\n", 300), 3000);
    assert_int_equal(asked("retry-after: Sun, 06 Nov 1994 09:49:40 GMT\n", 300), RETRY_MAX_MS);
    assert_int_equal(asked("retry-after: Sun, 06 Nov 1994 01:00:00 GMT\n", 300), 300);
    assert_int_equal(asked("retry-after: soon\n", 300), 300);
    assert_int_equal(asked("retry-after: -1\nx-amz-retry-after: x\n", 300), 300);
}

/* Sends as fast as it may for a while; a service that allows `allowed` a second throttles the rest.
 * Gives the sent ones a second in the last half. */
static double simulate(struct rate_limiter *limiter, double seconds, double allowed)
{
    double now = 1000, end = now + seconds, tokens = allowed, filled = now;
    int sent = 0;
    while (now < end) {
        now += (double)rate_acquire_ms(limiter, now) / 1000 + 0.01;
        tokens += (now - filled) * allowed;
        tokens = tokens > allowed ? allowed : tokens;
        filled = now;
        bool is_throttled = tokens < 1;
        tokens -= is_throttled ? 0 : 1;
        rate_learn(limiter, is_throttled, now);
        sent += now > end - seconds / 2 ? 1 : 0;
    }
    return sent / (seconds / 2);
}

static void the_limiter_is_off_until_the_first_throttling(void **state)
{
    (void)state;
    struct rate_limiter limiter = {0};
    for (int i = 0; i < 100; i++) {
        assert_int_equal(rate_acquire_ms(&limiter, 1000 + i * 0.001), 0);
        rate_learn(&limiter, false, 1000 + i * 0.001);
    }
    assert_false(limiter.is_on);
    rate_learn(&limiter, true, 1001);
    assert_true(limiter.is_on);
}

static void the_limiter_settles_near_what_is_allowed(void **state)
{
    (void)state;
    struct rate_limiter limiter = {0};
    double rate = simulate(&limiter, 120, 20);
    assert_true(rate > 12 && rate < 26);
}

static void the_limiter_never_stops_altogether(void **state)
{
    (void)state;
    struct rate_limiter limiter = {0};
    double now = 1000;
    for (int i = 0; i < 100; i++) {
        int64_t wait_ms = rate_acquire_ms(&limiter, now);
        assert_true(wait_ms <= 4000);
        now += (double)wait_ms / 1000;
        rate_learn(&limiter, true, now);
    }
    assert_true(limiter.fill_rate >= 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_run_out_and_come_back),
        cmocka_unit_test(pauses_double_up_to_a_limit_with_full_jitter),
        cmocka_unit_test(what_the_service_asks_counts_within_limits),
        cmocka_unit_test(the_limiter_is_off_until_the_first_throttling),
        cmocka_unit_test(the_limiter_settles_near_what_is_allowed),
        cmocka_unit_test(the_limiter_never_stops_altogether),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
