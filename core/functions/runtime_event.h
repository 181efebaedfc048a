/* One event as the Runtime API's `next` gives it: headers about the call, a body that is the event.
 * All of it is from outside. Pure; any thread. */
#ifndef GATEHOUSE_FUNCTIONS_RUNTIME_EVENT_H
#define GATEHOUSE_FUNCTIONS_RUNTIME_EVENT_H

#include "core/base/error.h"
#include "core/base/json.h"

struct runtime_event {
    char request_id[128]; /* letters, digits, '-' and '_': it becomes a part of a path */
    char trace_id[512];   /* may be empty */
    int64_t deadline_ms;  /* wall clock; 0: none was told */
};

/* headers: as core/net/http_header.h keeps them. False (permanent, "runtime_api") without a request
 * id that an answer could name. */
bool runtime_event_read(struct str headers, struct runtime_event *out_event, struct error *err);
/* The event, or NULL with err (permanent, "bad_json"). */
struct json *runtime_event_parse(struct str body, struct error *err);

#endif
