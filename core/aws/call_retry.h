/* When and how soon a call is tried again: the arithmetic of the standard retry mode, and the rate
 * limiter of the adaptive one. Pure: time and chance are arguments. One thread.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html */
#ifndef GATEHOUSE_AWS_CALL_RETRY_H
#define GATEHOUSE_AWS_CALL_RETRY_H

#include "core/base/str.h"

#include <stdint.h>

enum {
    RETRY_TOKENS = 500,
    RETRY_COST = 5,
    RETRY_COST_TIMEOUT = 10,
    RETRY_UNIT_MS = 1000,
    RETRY_MAX_MS = 20000,  /* of our own waits, and of what Retry-After may ask */
    RETRY_EXTRA_MS = 5000, /* what x-amz-retry-after may add to them */
};

/* Tokens for retries, shared by all calls: when most fail, there are soon no more retries. */
struct retry_bucket {
    int tokens; /* RETRY_TOKENS at first */
};
bool retry_take(struct retry_bucket *bucket, int cost);
/* After a success: last_cost of the retry before it, 0 when it was the first try. */
void retry_give(struct retry_bucket *bucket, int last_cost);

/* failures >= 1: tries that failed so far; unit in [0, 1); unit_ms: RETRY_UNIT_MS. */
int64_t retry_delay_ms(int failures, double unit, int64_t unit_ms);
/* What the answer asks for (headers as struct http_request has them) laid over our own delay. */
int64_t retry_delay_asked_ms(struct str headers, int64_t now_wall_ms, int64_t delay_ms);

/* Adaptive mode: sending is slowed down after throttling and sped up again by a cubic curve. */
struct rate_limiter {
    bool is_on; /* from the first throttling on */
    double fill_rate, max_capacity, capacity;
    double filled_s; /* when it was last filled */
    double measured_rate, bucket_s, bucket_count;
    double last_max_rate, throttled_s, window_s;
};
/* Takes the right to send one request: gives how long to wait before. now_s: seconds, monotonic. */
int64_t rate_acquire_ms(struct rate_limiter *limiter, double now_s);
void rate_learn(struct rate_limiter *limiter, bool is_throttled, double now_s);

#endif
