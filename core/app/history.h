/* A run of the store, replayed: its state now, and its story by tries. Blocking, short. */
#ifndef GATEHOUSE_APP_HISTORY_H
#define GATEHOUSE_APP_HISTORY_H

#include "core/base/json.h"
#include "core/run/run.h"
#include "core/store/store.h"

#include <stdbool.h>

/* Called for each event, with the run right after it. */
typedef void (*history_event_fn)(void *context, const struct run *run, const struct event *event);

/* Applies the events after run->last_seq to run (run_init'ed, or replayed before). */
bool history_follow(struct store *store, struct run *run, history_event_fn each, void *context,
                    struct error *err);
/* {"run","number","pipeline","backend","environment","data","user","state","verdict","created",
 * "ended","elapsed_ms","stages":[{"name","kind","state","tries":[{"try","state","start","running",
 * "end","elapsed_ms","intent","error","outputs"}]}],"evaluation","gate","actions":[..]}. Gives it,
 * or NULL with err. Times are RFC 3339, absent while there is none. */
struct json *history_report(struct store *store, const char *run_id, struct error *err);

#endif
