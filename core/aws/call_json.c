/* Calls of JSON 1.1 services. https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html */
#include "core/aws/call_internal.h"
#include "core/base/alloc.h"
#include "core/base/json.h"

#include <stdlib.h>
#include <string.h>

struct json_parts {
    struct http_header headers[2];
    char *body;
};

static bool read_success(struct aws_call *call, struct error *err)
{
    struct aws_json_call *json_call = OP_CONTAINER(call, struct aws_json_call, call);
    bool is_empty = str_trim(call->response).len == 0;
    json_call->response = is_empty ? json_object() : json_parse(call->response, err);
    return json_call->response != NULL;
}

void aws_json_call_start(struct aws_session *session, struct aws_json_call *call,
                         enum aws_service service, const char *target)
{
    struct json_parts *parts = xcalloc(1, sizeof(*parts));
    const char *dot = strrchr(target, '.');
    parts->body = call->request == NULL ? xstrdup("{}") : json_print(call->request);
    parts->headers[0] = (struct http_header){"Content-Type", "application/x-amz-json-1.1"};
    parts->headers[1] = (struct http_header){"X-Amz-Target", target};
    call->handle = parts;
    call->response = NULL;
    call->call.service = service;
    call->call.operation = dot == NULL ? target : dot + 1;
    call->call.method = "POST";
    call->call.path = "/";
    call->call.headers = parts->headers;
    call->call.header_count = 2;
    call->call.body = str_from(parts->body);
    aws_call_start_reading(session, &call->call, read_success);
}

void aws_json_call_done(struct aws_json_call *call)
{
    struct json_parts *parts = call->handle;
    aws_call_done(&call->call);
    json_free(call->response);
    call->response = NULL;
    if (parts != NULL) {
        free(parts->body);
        free(parts);
        call->handle = NULL;
    }
}
