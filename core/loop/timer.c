/* One-shot timers. */
#include "core/loop/timer.h"

#include "core/base/alloc.h"
#include "core/loop/internal.h"

#include <stdlib.h>

struct timer {
    uv_timer_t uv;
    timer_fn fire;
    void *context;
};

static void on_fire(uv_timer_t *uv)
{
    struct timer *timer = uv->data;
    timer->fire(timer->context);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

struct timer *timer_new(struct loop *loop, timer_fn fire, void *context)
{
    struct timer *timer = xcalloc(1, sizeof(*timer));
    uv_timer_init(&loop->uv, &timer->uv);
    timer->uv.data = timer;
    timer->fire = fire;
    timer->context = context;
    return timer;
}

void timer_free(struct timer *timer)
{
    if (timer != NULL) {
        uv_close((uv_handle_t *)&timer->uv, on_closed);
    }
}

void timer_arm(struct timer *timer, int64_t delay_ms)
{
    uv_update_time(timer->uv.loop); /* the loop's cached time may be old after long work */
    uv_timer_start(&timer->uv, on_fire, delay_ms < 0 ? 0 : (uint64_t)delay_ms, 0);
}

void timer_disarm(struct timer *timer)
{
    uv_timer_stop(&timer->uv);
}

bool timer_is_armed(const struct timer *timer)
{
    return uv_is_active((const uv_handle_t *)&timer->uv) != 0;
}
