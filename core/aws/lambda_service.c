/* The port of functions in the operations of Lambda, and what their answers mean. */
#include "core/aws/lambda_service.h"

#include "core/aws/lambda.h"
#include "core/base/alloc.h"
#include "core/base/utf8.h"
#include "core/ports/function_failure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { READY_MS = 60000, LIST_PAGES_MAX = 100 };

struct lambda_service {
    struct function_service base;
    struct aws_session *session;
    struct lambda_settings settings;
};

static struct lambda_service *service_of(struct function_service *service)
{
    return (struct lambda_service *)service;
}

static void put_failure(const char *name, const struct error *failure, struct error *out_err)
{
    *out_err = *failure;
    aws_error_name_for_port(out_err);
    error_prefix(out_err, "%.170s", name);
}

/* ---- list */

struct listing {
    struct lambda_service *service;
    struct function_list *req;
    struct lambda_call page;
    char *marker; /* of the page that is asked for; NULL: the first */
    int pages;
};

static void take_names(struct function_list *req, const struct json *page)
{
    const struct json *functions = json_get(page, "Functions");
    for (const struct json *function = json_first(functions); function != NULL;
         function = json_next(function)) {
        const char *name = json_text_or(function, "FunctionName", NULL);
        if (name != NULL) {
            req->names = xreallocarray(req->names, req->count + 1, sizeof(req->names[0]));
            req->names[req->count++] = xstrdup(name);
        }
    }
}

static void ask_page(struct listing *listing);

static void on_page(struct op *op, const struct error *err)
{
    struct listing *listing = op->context;
    if (err == NULL) {
        const char *marker = json_text_or(listing->page.response, "NextMarker", "");
        take_names(listing->req, listing->page.response);
        free(listing->marker);
        listing->marker = *marker == '\0' ? NULL : xstrdup(marker);
        lambda_call_done(&listing->page);
        if (listing->marker != NULL && ++listing->pages < LIST_PAGES_MAX) {
            ask_page(listing);
            return;
        }
    }
    struct function_list *req = listing->req;
    struct error failure;
    if (err != NULL) {
        failure = *err;
        aws_error_name_for_port(&failure);
    }
    lambda_call_done(&listing->page);
    free(listing->marker);
    free(listing);
    op_finish(&req->op, err == NULL ? NULL : &failure);
}

static void ask_page(struct listing *listing)
{
    listing->page = (struct lambda_call){
        .op = {.done = on_page, .context = listing},
        .operation = LAMBDA_LIST,
        .marker = listing->marker,
    };
    lambda_call_start(listing->service->session, &listing->page);
}

static void cancel_list(void *context)
{
    struct listing *listing = context;
    lambda_call_cancel(&listing->page);
}

static void service_list(struct function_service *service, struct function_list *req)
{
    struct listing *listing = xcalloc(1, sizeof(*listing));
    op_begin(&req->op, service->loop);
    op_on_cancel(&req->op, cancel_list, listing);
    listing->service = service_of(service);
    listing->req = req;
    ask_page(listing);
}

/* ---- check */

struct checking {
    struct lambda_service *service;
    struct function_check *req;
    struct lambda_wait wait;
    struct lambda_invoke dry_run;
};

static void finish_check(struct checking *checking, const struct error *err)
{
    struct function_check *req = checking->req;
    lambda_wait_done(&checking->wait);
    lambda_invoke_done(&checking->dry_run);
    free(checking);
    op_finish(&req->op, err);
}

static void on_dry_run(struct op *op, const struct error *err)
{
    struct checking *checking = op->context;
    struct error failure;
    if (err != NULL) {
        put_failure(checking->req->name, err, &failure);
    }
    finish_check(checking, err == NULL ? NULL : &failure);
}

static void take_state(struct function_check *req, const struct lambda_state *state)
{
    snprintf(req->state, sizeof(req->state), "%s", state->state);
    req->timeout_ms = state->timeout_ms;
    req->outlives_caller = true;
    req->memory_bytes = state->memory_bytes;
}

static bool judge_state(const struct function_check *req, const struct lambda_state *state,
                        struct error *err)
{
    if (strcmp(state->update, "Failed") == 0) {
        return error_set(err, ERROR_PERMANENT, "function_update_failed",
                         "%s: its last update failed: %s; deploy it again", req->name,
                         state->update_reason);
    }
    if (strcmp(state->state, "Failed") == 0) {
        return error_set(err, ERROR_PERMANENT, "function_not_active", "%s: it is Failed: %s",
                         req->name, state->state_reason);
    }
    return true;
}

static void on_state(struct op *op, const struct error *err)
{
    struct checking *checking = op->context;
    struct function_check *req = checking->req;
    struct error failure;
    if (err != NULL) {
        put_failure(req->name, err, &failure);
        finish_check(checking, &failure);
        return;
    }
    take_state(req, &checking->wait.state);
    if (!judge_state(req, &checking->wait.state, &failure)) {
        finish_check(checking, &failure);
        return;
    }
    checking->dry_run = (struct lambda_invoke){
        .op = {.done = on_dry_run, .context = checking},
        .name = req->name,
        .payload = STR("{}"),
        .is_dry_run = true,
    };
    lambda_invoke_start(checking->service->session, &checking->dry_run);
}

/* One of the two is active. */
static void cancel_check(void *context)
{
    struct checking *checking = context;
    lambda_call_cancel(&checking->wait.call);
    lambda_invoke_cancel(&checking->dry_run);
}

static void service_check(struct function_service *service, struct function_check *req)
{
    const struct lambda_settings *settings = &service_of(service)->settings;
    struct error err;
    op_begin(&req->op, service->loop);
    if (!function_call_check(req->name, "{}", &err)) {
        op_finish(&req->op, &err);
        return;
    }
    struct checking *checking = xcalloc(1, sizeof(*checking));
    op_on_cancel(&req->op, cancel_check, checking);
    checking->service = service_of(service);
    checking->req = req;
    checking->wait = (struct lambda_wait){
        .op = {.done = on_state, .context = checking},
        .name = req->name,
        .timeout_ms = settings->ready_ms > 0 ? settings->ready_ms : READY_MS,
        .poll_ms = settings->poll_ms,
    };
    lambda_wait_start(checking->service->session, &checking->wait);
}

/* ---- invoke */

struct invocation {
    struct function_invoke *req;
    struct lambda_invoke invoke;
    char *event;
};

static void tell_log(const struct invocation *invocation)
{
    const struct function_invoke *req = invocation->req;
    struct str rest = buf_str(&invocation->invoke.log);
    while (rest.len > 0) {
        struct str line = str_split(rest, '\n', &rest);
        if (req->on_log_line != NULL && str_trim(line).len > 0) {
            req->on_log_line(req->log_context, line);
        }
    }
}

/* How Lambda tells that the function did not end by itself. The type came with newer runtimes; the
 * words have always been there.
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html, "Task timed out" */
static bool read_platform_failure(const char *name, const struct json *answer, struct error *err)
{
    struct str type = str_from(json_text_or(answer, "errorType", ""));
    struct str message = str_from(json_text_or(answer, "errorMessage", ""));
    bool is_late = str_eq(type, STR("Sandbox.Timedout")) ||
                   (type.len == 0 && str_contains(message, STR("Task timed out after")));
    bool has_crashed =
        str_eq(type, STR("Runtime.ExitError")) || str_eq(type, STR("Runtime.OutOfMemory"));
    function_failure_read(name, answer, err);
    if (is_late || has_crashed) {
        err->error_class = ERROR_TRANSIENT;
        snprintf(err->code, sizeof(err->code), is_late ? "timeout" : "function_crashed");
    }
    return false;
}

static bool judge_answer(struct invocation *invocation, struct error *err)
{
    struct function_invoke *req = invocation->req;
    struct error parse_err = {0};
    struct json *answer = json_parse(invocation->invoke.response, &parse_err);
    bool has_failed = invocation->invoke.function_error.len > 0;
    if (!has_failed && json_is_object(answer)) {
        req->result = answer;
        return true;
    }
    if (has_failed) {
        read_platform_failure(req->name, answer, err);
    } else {
        error_set(err, ERROR_PERMANENT, "bad_result", "%s: its result is not a JSON object%s%s",
                  req->name, answer == NULL ? ": " : "", parse_err.message);
    }
    json_free(answer);
    return false;
}

static void on_invoked(struct op *op, const struct error *err)
{
    struct invocation *invocation = op->context;
    struct function_invoke *req = invocation->req;
    struct error failure;
    bool is_ok = err == NULL;
    if (is_ok) {
        tell_log(invocation);
        is_ok = judge_answer(invocation, &failure);
        snprintf(failure.request_id, sizeof(failure.request_id), STR_FMT,
                 STR_ARG(aws_call_header(&invocation->invoke.call, "x-amzn-requestid")));
    } else {
        put_failure(req->name, err, &failure);
    }
    lambda_invoke_done(&invocation->invoke);
    free(invocation->event);
    free(invocation);
    op_finish(&req->op, is_ok ? NULL : &failure);
}

static void cancel_invoke(void *context)
{
    struct invocation *invocation = context;
    lambda_invoke_cancel(&invocation->invoke);
}

static void service_invoke(struct function_service *service, struct function_invoke *req)
{
    struct error err;
    char *event = req->event == NULL ? xstrdup("{}") : json_print(req->event);
    op_begin(&req->op, service->loop);
    if (!function_call_check(req->name, event, &err)) {
        free(event);
        op_finish(&req->op, &err);
        return;
    }
    struct invocation *invocation = xcalloc(1, sizeof(*invocation));
    invocation->req = req;
    invocation->event = event;
    invocation->invoke = (struct lambda_invoke){
        .op = {.done = on_invoked, .context = invocation},
        .name = req->name,
        .payload = str_from(event),
        .wants_log = req->on_log_line != NULL,
        .timeout_ms = req->timeout_ms,
    };
    op_on_cancel(&req->op, cancel_invoke, invocation);
    lambda_invoke_start(service_of(service)->session, &invocation->invoke);
}

static void service_free(struct function_service *service)
{
    free(service_of(service));
}

static const struct function_service_ops lambda_service_ops = {
    .list = service_list,
    .check = service_check,
    .invoke = service_invoke,
    .free = service_free,
};

struct function_service *lambda_service_new(struct aws_session *session,
                                            const struct lambda_settings *settings)
{
    struct lambda_service *service = xcalloc(1, sizeof(*service));
    service->base.ops = &lambda_service_ops;
    service->base.loop = aws_session_loop(session);
    service->session = session;
    service->settings = *settings;
    return &service->base;
}
