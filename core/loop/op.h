/* struct op: one asynchronous operation, embedded in the request struct of a module.
 *   x_start(..., req)   returns nothing; even a bad argument arrives through done.
 *   done(op, err)       is called exactly once, on the loop thread, from a later turn of the loop,
 * never from inside x_start; err is NULL on success and borrowed for the call. op_cancel(op) is a
 * wish; done still comes (often with class cancelled). The caller owns the request and keeps it,
 * and the inputs it borrows, until done. When done is called the module holds nothing of the
 * request any more: it may be freed or started again inside done. */
#ifndef GATEHOUSE_LOOP_OP_H
#define GATEHOUSE_LOOP_OP_H

#include "core/base/error.h"
#include "core/loop/loop.h"

#include <stdbool.h>
#include <stddef.h>

struct op;
typedef void (*op_done_fn)(struct op *op, const struct error *err);
typedef void (*op_cancel_fn)(void *context);

struct op {
    op_done_fn done; /* the caller sets both before x_start; NULL is for loop_await */
    void *context;   /* the caller's, untouched */
    /* private: */
    struct loop *loop;
    struct op *next_finished;
    struct error result;
    op_cancel_fn cancel; /* NULL: it ends when it ends */
    void *cancel_context;
    bool is_active;   /* between op_begin and done */
    bool is_finished; /* op_finish was called, done is due */
    bool has_failed;
};

/* For the caller. */
bool op_is_active(const struct op *op);
/* Accepts one that is not active. What cannot be cancelled ends when it ends: it is short, or its
 * answer must be known (a job that was created costs money). */
void op_cancel(struct op *op);

/* For the module that implements the operation. */
void op_begin(struct op *op, struct loop *loop); /* first thing in x_start; asserts not active */
/* cancel is called when the caller wants the end, perhaps more than once, until op_finish. */
void op_on_cancel(struct op *op, op_cancel_fn cancel, void *context);
void op_finish(struct op *op,
               const struct error *err); /* once; done follows in a later turn; copies err */
/* From a struct op pointer to the request it is embedded in. */
#define OP_CONTAINER(op_ptr, type, member)                                                         \
    ((type *)(void *)((char *)(op_ptr)-offsetof(type, member)))

#endif
