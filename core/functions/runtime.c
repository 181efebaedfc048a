/* The loop of the Runtime API: next, then response or error. */
#include "core/functions/runtime.h"

#include "core/aws/session.h"
#include "core/base/alloc.h"
#include "core/functions/runtime_event.h"
#include "core/functions/services.h"
#include "core/net/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EXIT_RUNTIME = 1,
    EVENT_SIZE_MAX = 8 << 20,                /* Lambda's own limit is 6 MB */
    RESULT_SIZE_MAX = 6 * 1024 * 1024 + 100, /* what Lambda takes back */
    ANSWER_SIZE_MAX = 64 << 10,
    URL_SIZE = 512,
    ANSWER_TIMEOUT_MS = 30000,
};

struct runtime {
    const char *api;
    const struct function *function;
    struct loop *loop;
    struct http *http;
    struct function_services services;
    struct runtime_event event; /* the one that is served, or was last */
};

static void log_failure(const struct runtime *runtime, const struct error *err)
{
    fprintf(stderr, "request=%s error=%s:%s message=\"%s\"\n", runtime->event.request_id,
            error_class_name(err->error_class), err->code, err->message);
}

static bool check_status(const struct http_request *req, const char *what, struct error *err)
{
    if (req->status >= 200 && req->status < 300) {
        return true;
    }
    err->http_status = 0;
    error_set(err, ERROR_PERMANENT, req->status == 413 ? "response_too_large" : "runtime_api",
              "Runtime API: %s was answered with status %d", what, req->status);
    err->http_status = req->status;
    return false;
}

/* ---- sending */

static bool send(struct runtime *runtime, const char *path, struct str body, bool is_error,
                 struct error *err)
{
    char url[URL_SIZE];
    const struct http_header headers[] = {
        {"Content-Type", "application/json"},
        {"Lambda-Runtime-Function-Error-Type",
         runtime->function == NULL ? "Runtime.NoSuchHandler" : "Function.Failed"},
    };
    snprintf(url, sizeof(url), "http://%s/2018-06-01/runtime/%s", runtime->api, path);
    struct http_request req = {
        .method = "POST",
        .url = url,
        .headers = headers,
        .header_count = is_error ? 2 : 1,
        .body = body,
        .response_limit_bytes = ANSWER_SIZE_MAX,
        .total_timeout_ms = ANSWER_TIMEOUT_MS,
        .allow_plain = true,
        .without_proxy = true,
    };
    http_request_start(runtime->http, &req);
    bool is_sent = loop_await(runtime->loop, &req.op, err) && check_status(&req, path, err);
    http_request_done(&req);
    return is_sent;
}

static bool send_error(struct runtime *runtime, const char *path, const struct error *failure,
                       struct error *err)
{
    struct json *json = function_error_json(failure);
    json_set(json, "stackTrace", json_array());
    char *text = json_print(json);
    bool is_sent = send(runtime, path, str_from(text), true, err);
    free(text);
    json_free(json);
    return is_sent;
}

/* ---- one event */

/* Waits as long as it takes: Lambda freezes the sandbox meanwhile. */
static bool next_event(struct runtime *runtime, struct http_request *req, struct error *err)
{
    char url[URL_SIZE];
    snprintf(url, sizeof(url), "http://%s/2018-06-01/runtime/invocation/next", runtime->api);
    *req = (struct http_request){
        .method = "GET",
        .url = url,
        .response_limit_bytes = EVENT_SIZE_MAX,
        .allow_plain = true,
        .without_proxy = true,
    };
    http_request_start(runtime->http, req);
    if (!loop_await(runtime->loop, &req->op, err) || !check_status(req, "next", err) ||
        !runtime_event_read(buf_str(&req->headers_in), &runtime->event, err)) {
        return false;
    }
    if (runtime->services.session != NULL) {
        aws_session_join_trace(runtime->services.session, runtime->event.trace_id);
    }
    return true;
}

static struct json *run(struct runtime *runtime, struct str event_text, struct error *err)
{
    struct json *event = runtime_event_parse(event_text, err);
    struct json *result = event == NULL ? NULL
                                        : function_call(&runtime->services, runtime->function,
                                                        event, runtime->event.deadline_ms, err);
    json_free(event);
    return result;
}

static bool answer(struct runtime *runtime, struct str event_text, struct error *err)
{
    char path[URL_SIZE / 2];
    struct error failure = {0};
    struct json *result = run(runtime, event_text, &failure);
    char *text = result == NULL ? NULL : json_print(result);
    json_free(result);
    if (text != NULL && strlen(text) > RESULT_SIZE_MAX) {
        free(text);
        text = NULL;
        error_set(&failure, ERROR_PERMANENT, "response_too_large",
                  "the result is larger than the %d bytes that Lambda takes", RESULT_SIZE_MAX);
    }
    if (text == NULL) {
        log_failure(runtime, &failure);
        snprintf(path, sizeof(path), "invocation/%s/error", runtime->event.request_id);
        return send_error(runtime, path, &failure, err);
    }
    snprintf(path, sizeof(path), "invocation/%s/response", runtime->event.request_id);
    bool is_sent = send(runtime, path, str_from(text), false, err);
    free(text);
    return is_sent;
}

static bool serve_one(struct runtime *runtime, struct error *err)
{
    struct http_request req;
    bool is_served = next_event(runtime, &req, err) && answer(runtime, buf_str(&req.response), err);
    http_request_done(&req);
    return is_served;
}

/* ---- life */

static bool init(struct runtime *runtime, const char *handler, const char *const *environment,
                 struct error *err)
{
    runtime->function = function_find(handler);
    if (runtime->function == NULL) {
        return error_set(err, ERROR_PERMANENT, "no_such_handler",
                         "no function is called '%.140s': the handler must be one of "
                         "`gatehouse-function --list`",
                         handler);
    }
    return function_services_init(&runtime->services, environment, err);
}

int runtime_run(const char *api, const char *handler, const char *const *environment)
{
    struct runtime runtime = {.api = api, .loop = loop_new(), .event = {.request_id = "-"}};
    struct error err = {0};
    struct error ignored;
    runtime.http = http_new(runtime.loop, &(struct http_settings){.user_agent = "gatehouse"});
    if (init(&runtime, handler, environment, &err)) {
        while (serve_one(&runtime, &err)) {
        }
        log_failure(&runtime, &err);
    } else {
        log_failure(&runtime, &err);
        send_error(&runtime, "init/error", &err, &ignored);
    }
    if (runtime.services.loop != NULL) {
        function_services_done(&runtime.services);
    }
    http_free(runtime.http);
    loop_free(runtime.loop);
    return EXIT_RUNTIME;
}
