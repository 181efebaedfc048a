/* The life of an operation: begun, finished, done. */
#include "core/loop/op.h"

#include "core/loop/internal.h"

#include <assert.h>

bool op_is_active(const struct op *op)
{
    return op->is_active;
}

void op_begin(struct op *op, struct loop *loop)
{
    assert(!op->is_active);
    op->loop = loop;
    op->is_active = true;
    op->is_finished = false;
    op->has_failed = false;
    op->cancel = NULL;
}

void op_on_cancel(struct op *op, op_cancel_fn cancel, void *context)
{
    op->cancel = cancel;
    op->cancel_context = context;
}

void op_cancel(struct op *op)
{
    if (op->is_active && !op->is_finished && op->cancel != NULL) {
        op->cancel(op->cancel_context);
    }
}

void op_finish(struct op *op, const struct error *err)
{
    assert(op->is_active && !op->is_finished);
    op->is_finished = true;
    op->has_failed = err != NULL;
    if (err != NULL) {
        op->result = *err;
    }
    loop_add_finished(op->loop, op);
}
