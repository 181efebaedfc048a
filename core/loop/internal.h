/* What the files of loop/ and net/ share: the uv loop behind struct loop. */
#ifndef GATEHOUSE_LOOP_INTERNAL_H
#define GATEHOUSE_LOOP_INTERNAL_H

#include "core/loop/loop.h"

#include <uv.h>

struct loop {
    uv_loop_t uv;
    uv_idle_t finisher; /* active while finished operations wait for their done */
    struct op *first_finished;
    struct op *last_finished;
};

void loop_add_finished(struct loop *loop, struct op *op);

#endif
