/* Blocking work on a pool thread. `run` must touch only what the request owns. */
#ifndef GATEHOUSE_LOOP_WORK_H
#define GATEHOUSE_LOOP_WORK_H

#include "core/loop/op.h"

struct work;
/* On a pool thread. Returns false with err on failure; that err becomes the operation's. */
typedef bool (*work_fn)(struct work *work, struct error *err);

struct work {
    struct op op;
    work_fn run;
    /* private: */
    struct error err;
    bool is_ok;
    void *handle;
};

void work_start(struct loop *loop, struct work *work); /* cannot be cancelled once it runs */

#endif
