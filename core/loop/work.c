/* Pool work. */
#include "core/loop/work.h"

#include "core/base/alloc.h"
#include "core/loop/internal.h"

#include <stdlib.h>

static void run_on_pool(uv_work_t *uv)
{
    struct work *work = uv->data;
    work->is_ok = work->run(work, &work->err);
}

static void after_run(uv_work_t *uv, int status)
{
    struct work *work = uv->data;
    (void)status; /* nothing here calls uv_cancel */
    work->handle = NULL;
    free(uv);
    op_finish(&work->op, work->is_ok ? NULL : &work->err);
}

void work_start(struct loop *loop, struct work *work)
{
    uv_work_t *uv = xcalloc(1, sizeof(*uv));
    op_begin(&work->op, loop);
    uv->data = work;
    work->handle = uv;
    uv_queue_work(&loop->uv, uv, run_on_pool, after_run);
}
