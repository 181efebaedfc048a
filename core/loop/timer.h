/* One-shot timers on the loop's monotonic clock. */
#ifndef GATEHOUSE_LOOP_TIMER_H
#define GATEHOUSE_LOOP_TIMER_H

#include "core/loop/loop.h"

#include <stdint.h>

struct timer;
typedef void (*timer_fn)(void *context);

struct timer *timer_new(struct loop *loop, timer_fn fire, void *context);
void timer_free(struct timer *timer); /* accepts NULL; disarms; allowed inside its own callback */
void timer_arm(struct timer *timer,
               int64_t delay_ms); /* replaces an earlier arming; < 0 counts as 0 */
void timer_disarm(struct timer *timer);
bool timer_is_armed(const struct timer *timer);

#endif
