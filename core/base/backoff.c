/* Exponential backoff with jitter. */
#include "core/base/backoff.h"

int64_t backoff_delay_ms(struct backoff backoff, int failures, uint64_t random)
{
    int64_t delay = backoff.first_ms;
    for (int i = 1; i < failures && delay < backoff.max_ms; i++) {
        delay = delay > backoff.max_ms / 2 ? backoff.max_ms : delay * 2;
    }
    delay = delay < backoff.max_ms ? delay : backoff.max_ms;
    int64_t half = delay / 2;
    return delay - half + (int64_t)(random % ((uint64_t)half + 1));
}
