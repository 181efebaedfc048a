/* How long to wait before the next try: exponential with full jitter on the upper half. Pure. */
#ifndef GATEHOUSE_BASE_BACKOFF_H
#define GATEHOUSE_BASE_BACKOFF_H

#include <stdint.h>

struct backoff {
    int64_t first_ms; /* before the second try, > 0 */
    int64_t max_ms;   /* >= first_ms */
};

/* failures: how many tries failed so far (>= 1). random: 64 random bits. The result lies in
 * [d/2, d] with d = min(max_ms, first_ms * 2^(failures - 1)). */
int64_t backoff_delay_ms(struct backoff backoff, int failures, uint64_t random);

#endif
