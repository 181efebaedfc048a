/* Headers and body of `next`, read with distrust. */
#include "core/functions/runtime_event.h"

#include "core/net/http_header.h"

#include <stdio.h>
#include <string.h>

static bool is_request_id(struct str text)
{
    static const char allowed[] =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
    for (size_t i = 0; i < text.len; i++) {
        if (memchr(allowed, text.ptr[i], sizeof(allowed) - 1) == NULL) {
            return false;
        }
    }
    return text.len > 0 && text.len < sizeof(((struct runtime_event *)NULL)->request_id);
}

bool runtime_event_read(struct str headers, struct runtime_event *out_event, struct error *err)
{
    struct str id = http_header_find(headers, "lambda-runtime-aws-request-id");
    struct str trace = http_header_find(headers, "lambda-runtime-trace-id");
    struct str deadline = http_header_find(headers, "lambda-runtime-deadline-ms");
    struct runtime_event event = {.deadline_ms = 0};
    if (!is_request_id(id)) {
        return error_set(err, ERROR_PERMANENT, "runtime_api",
                         "Runtime API: an event without a request id");
    }
    snprintf(event.request_id, sizeof(event.request_id), STR_FMT, STR_ARG(id));
    snprintf(event.trace_id, sizeof(event.trace_id), STR_FMT, STR_ARG(trace));
    if (!str_to_i64(deadline, &event.deadline_ms) || event.deadline_ms < 0) {
        event.deadline_ms = 0;
    }
    *out_event = event;
    return true;
}

struct json *runtime_event_parse(struct str body, struct error *err)
{
    struct json *event = json_parse(body, err);
    if (event == NULL) {
        error_prefix(err, "the event");
    }
    return event;
}
