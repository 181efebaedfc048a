/* The loop, and the queue through which every operation's done is called from a turn of its own. */
#include "core/loop/internal.h"

#include "core/base/alloc.h"
#include "core/loop/op.h"

#include <assert.h>
#include <stdlib.h>

/* Only what was queued when the turn began: what finishes meanwhile waits for the next turn. */
static void call_finished(uv_idle_t *idle)
{
    struct loop *loop = idle->data;
    struct op *op = loop->first_finished;
    loop->first_finished = NULL;
    loop->last_finished = NULL;
    uv_idle_stop(idle);
    while (op != NULL) {
        struct op *next = op->next_finished; /* op may be gone or started again after done */
        struct error result = op->result;
        bool has_failed = op->has_failed;
        op->is_active = false;
        if (op->done != NULL) {
            op->done(op, has_failed ? &result : NULL);
        }
        op = next;
    }
}

void loop_add_finished(struct loop *loop, struct op *op)
{
    op->next_finished = NULL;
    if (loop->last_finished == NULL) {
        loop->first_finished = op;
        uv_idle_start(&loop->finisher, call_finished);
    } else {
        loop->last_finished->next_finished = op;
    }
    loop->last_finished = op;
}

const char *loop_library_version(void)
{
    return uv_version_string();
}

struct loop *loop_new(void)
{
    struct loop *loop = xcalloc(1, sizeof(*loop));
    int status = uv_loop_init(&loop->uv);
    assert(status == 0);
    status = uv_idle_init(&loop->uv, &loop->finisher);
    assert(status == 0);
    (void)status;
    loop->finisher.data = loop;
    return loop;
}

void loop_free(struct loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT); /* pool work whose owner has lost interest ends here */
    uv_close((uv_handle_t *)&loop->finisher, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    int status = uv_loop_close(&loop->uv);
    assert(status == 0);
    (void)status;
    free(loop);
}

void loop_run(struct loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

bool loop_await(struct loop *loop, struct op *op, struct error *err)
{
    assert(op->done == NULL);
    while (op->is_active) {
        bool is_alive = uv_run(&loop->uv, UV_RUN_ONCE) != 0;
        assert(is_alive || !op->is_active);
        (void)is_alive;
    }
    if (op->has_failed) {
        *err = op->result;
    }
    return !op->has_failed;
}
