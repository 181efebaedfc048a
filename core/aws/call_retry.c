/* Retry tokens, delays, and the adaptive rate limiter. */
#include "core/aws/call_retry.h"

#include "core/base/clock.h"
#include "core/net/http_header.h"

#include <math.h>

/* ---- tokens */

bool retry_take(struct retry_bucket *bucket, int cost)
{
    if (bucket->tokens < cost) {
        return false;
    }
    bucket->tokens -= cost;
    return true;
}

void retry_give(struct retry_bucket *bucket, int last_cost)
{
    bucket->tokens += last_cost > 0 ? last_cost : 1;
    bucket->tokens = bucket->tokens < RETRY_TOKENS ? bucket->tokens : RETRY_TOKENS;
}

/* ---- delays */

static int64_t at_least(int64_t value, int64_t least)
{
    return value > least ? value : least;
}

static int64_t at_most(int64_t value, int64_t most)
{
    return value < most ? value : most;
}

int64_t retry_delay_ms(int failures, double unit, int64_t unit_ms)
{
    int64_t longest = unit_ms;
    for (int i = 1; i < failures && longest < RETRY_MAX_MS; i++) {
        longest *= 2;
    }
    return (int64_t)(unit * (double)at_most(longest, RETRY_MAX_MS));
}

/* Seconds, or a date. */
static bool parse_retry_after(struct str text, int64_t now_wall_ms, int64_t *out_ms)
{
    uint64_t seconds = 0;
    int64_t date_ms = 0;
    if (str_to_u64(text, &seconds)) {
        *out_ms = seconds < RETRY_MAX_MS ? (int64_t)seconds * 1000 : RETRY_MAX_MS;
        return true;
    }
    if (clock_parse_http(text, &date_ms)) {
        *out_ms = at_least(date_ms - now_wall_ms, 0);
        return true;
    }
    return false;
}

int64_t retry_delay_asked_ms(struct str headers, int64_t now_wall_ms, int64_t delay_ms)
{
    uint64_t exact_ms = 0;
    int64_t asked_ms = 0;
    if (str_to_u64(http_header_find(headers, "x-amz-retry-after"), &exact_ms)) {
        int64_t most_ms = delay_ms + RETRY_EXTRA_MS;
        asked_ms = exact_ms < (uint64_t)most_ms ? (int64_t)exact_ms : most_ms;
    } else if (parse_retry_after(http_header_find(headers, "retry-after"), now_wall_ms,
                                 &asked_ms)) {
        asked_ms = at_most(asked_ms, RETRY_MAX_MS);
    }
    return at_least(asked_ms, delay_ms);
}

/* ---- the rate limiter */

static const double rate_min = 0.5, capacity_min = 1, smoothing = 0.8, beta = 0.7,
                    cubic_scale = 0.4;

static void fill(struct rate_limiter *limiter, double now_s)
{
    if (limiter->filled_s > 0) {
        double more = (now_s - limiter->filled_s) * limiter->fill_rate;
        limiter->capacity = fmin(limiter->max_capacity, limiter->capacity + more);
    }
    limiter->filled_s = now_s;
}

int64_t rate_acquire_ms(struct rate_limiter *limiter, double now_s)
{
    if (!limiter->is_on) {
        return 0;
    }
    fill(limiter, now_s);
    limiter->capacity -= 1; /* below zero: the debt is waited for, by those that come later, too */
    return limiter->capacity >= 0 ? 0
                                  : (int64_t)ceil(-limiter->capacity / limiter->fill_rate * 1e3);
}

/* Requests a second, over half seconds, smoothed. */
static void measure(struct rate_limiter *limiter, double now_s)
{
    double bucket_s = floor(now_s * 2) / 2;
    limiter->bucket_count += 1;
    limiter->bucket_s = limiter->bucket_s > 0 ? limiter->bucket_s : bucket_s;
    if (bucket_s > limiter->bucket_s) {
        double rate = limiter->bucket_count / (bucket_s - limiter->bucket_s);
        limiter->measured_rate = rate * smoothing + limiter->measured_rate * (1 - smoothing);
        limiter->bucket_count = 0;
        limiter->bucket_s = bucket_s;
    }
}

static void set_rate(struct rate_limiter *limiter, double rate, double now_s)
{
    fill(limiter, now_s);
    limiter->fill_rate = fmax(rate, rate_min);
    limiter->max_capacity = fmax(rate, capacity_min);
    limiter->capacity = fmin(limiter->capacity, limiter->max_capacity);
}

void rate_learn(struct rate_limiter *limiter, bool is_throttled, double now_s)
{
    double rate = 0;
    measure(limiter, now_s);
    if (is_throttled) {
        double used = limiter->is_on ? fmin(limiter->measured_rate, limiter->fill_rate)
                                     : limiter->measured_rate;
        limiter->last_max_rate = used;
        limiter->throttled_s = now_s;
        limiter->is_on = true;
        rate = used * beta;
    } else {
        double since = now_s - limiter->throttled_s;
        rate = cubic_scale * pow(since - limiter->window_s, 3) + limiter->last_max_rate;
    }
    limiter->window_s = cbrt(limiter->last_max_rate * (1 - beta) / cubic_scale);
    set_rate(limiter, fmin(rate, 2 * limiter->measured_rate), now_s);
}
