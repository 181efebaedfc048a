/* The event loop (libuv) in our words. Everything here belongs to the thread that runs the loop,
 * unless it says otherwise. No header outside loop/ and net/ shows a libuv type. */
#ifndef GATEHOUSE_LOOP_LOOP_H
#define GATEHOUSE_LOOP_LOOP_H

#include "core/base/error.h"

#include <stdbool.h>

struct loop;
struct op;

const char *loop_library_version(void); /* of libuv, as it is loaded; any thread */
struct loop *loop_new(void);
/* Runs what is left of the closing handles and frees; asserts that nothing is still active (a leak
 * of ours). */
void loop_free(struct loop *loop);
void loop_run(struct loop *loop);  /* until loop_stop, or until nothing is active */
void loop_stop(struct loop *loop); /* makes loop_run return; may be called from any callback */
/* Runs the loop until op is done and gives its result: straight-line code for programs that do one
 * thing (functions, verbs). op must have been begun without a done callback. Never from inside a
 * callback. */
bool loop_await(struct loop *loop, struct op *op, struct error *err);

#endif
