/* Operations, await, timers, pool work and watches. */
#include "core/loop/loop.h"
#include "core/loop/op.h"
#include "core/loop/timer.h"
#include "core/loop/watch.h"
#include "core/loop/work.h"
#include "tests/support/cmocka.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct counter {
    struct op op;
    int calls;
    bool had_error;
    struct error err;
    struct loop *loop;
};

static void count_done(struct op *op, const struct error *err)
{
    struct counter *counter = op->context;
    counter->calls++;
    counter->had_error = err != NULL;
    if (err != NULL) {
        counter->err = *err;
    }
}

static void done_comes_once_and_only_from_a_later_turn(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct counter counter = {.op = {.done = count_done, .context = &counter}};
    op_begin(&counter.op, loop);
    op_finish(&counter.op, NULL);
    assert_int_equal(counter.calls, 0);
    assert_true(op_is_active(&counter.op));
    loop_run(loop);
    assert_int_equal(counter.calls, 1);
    assert_false(counter.had_error);
    loop_free(loop);
}

static void finish_cancelled(void *context)
{
    struct counter *counter = context;
    struct error err;
    error_set(&err, ERROR_CANCELLED, "cancelled", "cancelled");
    op_finish(&counter->op, &err);
}

static void a_cancel_is_heard_only_while_the_operation_is_under_way(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct counter counter = {.op = {.done = count_done, .context = &counter}};
    op_cancel(&counter.op);
    op_begin(&counter.op, loop);
    op_cancel(&counter.op); /* nobody says how */
    op_on_cancel(&counter.op, finish_cancelled, &counter);
    op_cancel(&counter.op);
    op_cancel(&counter.op); /* finished, not yet done */
    assert_int_equal(counter.calls, 0);
    loop_run(loop);
    op_cancel(&counter.op);
    assert_int_equal(counter.calls, 1);
    assert_int_equal(counter.err.error_class, ERROR_CANCELLED);
    op_begin(&counter.op, loop);
    op_cancel(&counter.op); /* another operation: nobody has said how yet */
    op_finish(&counter.op, NULL);
    loop_run(loop);
    assert_false(counter.had_error);
    loop_free(loop);
}

static void restart_in_done(struct op *op, const struct error *err)
{
    struct counter *counter = op->context;
    (void)err;
    counter->calls++;
    if (counter->calls < 3) {
        op_begin(op, counter->loop);
        op_finish(op, NULL);
    }
}

static void operation_may_be_started_again_inside_done(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct counter counter = {.op = {.done = restart_in_done, .context = &counter}, .loop = loop};
    op_begin(&counter.op, loop);
    op_finish(&counter.op, NULL);
    loop_run(loop);
    assert_int_equal(counter.calls, 3);
    loop_free(loop);
}

static void free_in_done(struct op *op, const struct error *err)
{
    int *calls = op->context;
    (void)err;
    (*calls)++;
    free(op);
}

static void request_may_be_freed_inside_done(void **state)
{
    (void)state;
    int calls = 0;
    struct loop *loop = loop_new();
    for (int i = 0; i < 3; i++) {
        struct op *op = calloc(1, sizeof(*op));
        op->done = free_in_done;
        op->context = &calls;
        op_begin(op, loop);
        op_finish(op, NULL);
    }
    loop_run(loop);
    assert_int_equal(calls, 3);
    loop_free(loop);
}

static bool fail_on_pool(struct work *work, struct error *err)
{
    (void)work;
    return error_set(err, ERROR_PERMANENT, "broken", "it broke");
}

static void await_gives_the_error_of_pool_work(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct work work = {.run = fail_on_pool};
    struct error err = {0};
    work_start(loop, &work);
    assert_false(loop_await(loop, &work.op, &err));
    assert_string_equal(err.code, "broken");
    loop_free(loop);
}

struct ticker {
    struct timer *timer;
    int fired;
};

static void tick(void *context)
{
    struct ticker *ticker = context;
    ticker->fired++;
    timer_free(ticker->timer);
}

static void timer_may_be_freed_in_its_own_callback(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct ticker ticker = {0};
    ticker.timer = timer_new(loop, tick, &ticker);
    timer_arm(ticker.timer, -5);
    assert_true(timer_is_armed(ticker.timer));
    loop_run(loop);
    assert_int_equal(ticker.fired, 1);
    loop_free(loop);
}

static void disarmed_timer_does_not_keep_the_loop(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct ticker ticker = {0};
    ticker.timer = timer_new(loop, tick, &ticker);
    timer_arm(ticker.timer, 60000);
    timer_disarm(ticker.timer);
    loop_run(loop);
    assert_int_equal(ticker.fired, 0);
    timer_free(ticker.timer);
    loop_free(loop);
}

struct seen {
    struct loop *loop;
    int signum;
    bool is_changed;
    bool is_readable;
};

static void on_signal(void *context, int signum)
{
    struct seen *seen = context;
    seen->signum = signum;
    loop_stop(seen->loop);
}

static void on_change(void *context)
{
    struct seen *seen = context;
    seen->is_changed = true;
    loop_stop(seen->loop);
}

static void raise_usr1(void *context)
{
    (void)context;
    raise(SIGUSR1);
}

static void signal_arrives_on_the_loop(void **state)
{
    (void)state;
    struct seen seen = {.loop = loop_new()};
    struct signal_watch *watch = signal_watch_new(seen.loop, SIGUSR1, on_signal, &seen);
    struct timer *timer = timer_new(seen.loop, raise_usr1, NULL);
    struct timer *guard = timer_new(seen.loop, on_change, &seen);
    timer_arm(timer, 0);
    timer_arm(guard, 5000);
    loop_run(seen.loop);
    assert_int_equal(seen.signum, SIGUSR1);
    signal_watch_free(watch);
    timer_free(timer);
    timer_free(guard);
    loop_free(seen.loop);
}

static void touch_file(void *context)
{
    int fd = open(context, O_WRONLY | O_APPEND);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
}

static void file_watch_tells_of_a_change(void **state)
{
    (void)state;
    struct error err;
    char path[] = "/tmp/gatehouse-watch-XXXXXX";
    close(mkstemp(path));
    struct seen seen = {.loop = loop_new()};
    struct file_watch *watch = file_watch_new(seen.loop, path, on_change, &seen, &err);
    assert_non_null(watch);
    struct timer *timer = timer_new(seen.loop, touch_file, path);
    timer_arm(timer, 1);
    loop_run(seen.loop);
    assert_true(seen.is_changed);
    file_watch_free(watch);
    timer_free(timer);
    unlink(path);
    loop_free(seen.loop);
}

static void file_watch_of_a_missing_file_is_an_error(void **state)
{
    (void)state;
    struct error err = {0};
    struct seen seen = {.loop = loop_new()};
    assert_null(file_watch_new(seen.loop, "/nonexistent/file", on_change, &seen, &err));
    assert_string_equal(err.code, "not_found");
    loop_free(seen.loop);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(done_comes_once_and_only_from_a_later_turn),
        cmocka_unit_test(a_cancel_is_heard_only_while_the_operation_is_under_way),
        cmocka_unit_test(operation_may_be_started_again_inside_done),
        cmocka_unit_test(request_may_be_freed_inside_done),
        cmocka_unit_test(await_gives_the_error_of_pool_work),
        cmocka_unit_test(timer_may_be_freed_in_its_own_callback),
        cmocka_unit_test(disarmed_timer_does_not_keep_the_loop),
        cmocka_unit_test(signal_arrives_on_the_loop),
        cmocka_unit_test(file_watch_tells_of_a_change),
        cmocka_unit_test(file_watch_of_a_missing_file_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
