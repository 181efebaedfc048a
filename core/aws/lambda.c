/* The calls that look after functions, from the table of operations. */
#include "core/aws/lambda.h"

#include "core/aws/call_internal.h"
#include "core/aws/lambda_path.h"
#include "core/aws/sigv4.h"
#include "core/base/alloc.h"
#include "core/base/utf8.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_LIMIT = 4096, RESPONSE_LIMIT = 4 << 20, LIST_PAGE = 50 };
enum { TIMEOUT_MAX_S = 86400, MEMORY_MAX_MIB = 1 << 20 }; /* far beyond what Lambda gives */

static const struct http_header json_header = {"Content-Type", "application/json"};

char *lambda_path(const char *form, const char *name, const char *alias)
{
    struct buf path;
    buf_init(&path, PATH_LIMIT);
    buf_append_text(&path, "/2015-03-31/functions");
    while (*form != '\0') {
        if (*form == '{') {
            sigv4_encode(str_from(form[1] == 'n' ? name : alias), false, &path);
            form = strchr(form, '}') + 1;
        } else {
            buf_append_char(&path, *form++);
        }
    }
    return buf_take(&path);
}

static char *list_query(const char *marker)
{
    struct buf query;
    buf_init(&query, PATH_LIMIT);
    if (marker != NULL) {
        buf_append_text(&query, "Marker=");
        sigv4_encode(str_from(marker), false, &query);
        buf_append_char(&query, '&');
    }
    buf_printf(&query, "MaxItems=%d", LIST_PAGE);
    return buf_take(&query);
}

static bool read_response(struct aws_call *call, struct error *err)
{
    struct lambda_call *lambda = OP_CONTAINER(call, struct lambda_call, call);
    lambda->response = json_parse(call->response, err);
    if (lambda->response != NULL && !json_is_object(lambda->response)) {
        json_free(lambda->response);
        lambda->response = NULL;
        error_set(err, ERROR_TRANSIENT, "bad_json", "the answer is not a JSON object");
    }
    return lambda->response != NULL;
}

static void on_answer(struct op *op, const struct error *err)
{
    struct lambda_call *lambda = op->context;
    op_finish(&lambda->op, err);
}

void lambda_call_start(struct aws_session *session, struct lambda_call *call)
{
    static const struct {
        const char *operation, *method, *path;
        bool is_idempotent;
    } operations[LAMBDA_OPERATION_COUNT] = {
#define X(id, operation, method, path, is_idempotent) {operation, method, path, is_idempotent},
        LAMBDA_OPERATIONS(X)
#undef X
    };
    assert(call->operation < LAMBDA_OPERATION_COUNT);
    bool has_body = strcmp(operations[call->operation].method, "GET") != 0;
    op_begin(&call->op, aws_session_loop(session));
    call->response = NULL;
    call->path = lambda_path(operations[call->operation].path, call->name, call->alias);
    call->query = call->operation == LAMBDA_LIST ? list_query(call->marker) : NULL;
    call->body = call->input != NULL ? json_print(call->input) : xstrdup(has_body ? "{}" : "");
    call->call = (struct aws_call){
        .op = {.done = on_answer, .context = call},
        .service = AWS_LAMBDA,
        .operation = operations[call->operation].operation,
        .method = operations[call->operation].method,
        .path = call->path,
        .query = call->query,
        .headers = &json_header,
        .header_count = has_body ? 1 : 0,
        .body = str_from(call->body),
        .is_idempotent = operations[call->operation].is_idempotent,
        .response_limit_bytes = RESPONSE_LIMIT,
        .delay_ms = call->delay_ms,
    };
    aws_call_start_reading(session, &call->call, read_response);
}

void lambda_call_cancel(struct lambda_call *call)
{
    aws_call_cancel(&call->call);
}

void lambda_call_done(struct lambda_call *call)
{
    aws_call_done(&call->call);
    json_free(call->response);
    free(call->path);
    free(call->query);
    free(call->body);
    call->response = NULL;
    call->path = NULL;
    call->query = NULL;
    call->body = NULL;
}

/* ---- what a configuration says */

static void put(const struct json *configuration, const char *name, const char *otherwise,
                char *out_text, size_t size)
{
    utf8_copy_printable(str_from(json_text_or(configuration, name, otherwise)), out_text, size);
}

/* 0: not told, or nothing that can be. */
static int64_t number_within(const struct json *configuration, const char *name, int64_t most)
{
    int64_t value = json_int_or(configuration, name, 0);
    return value > 0 && value <= most ? value : 0;
}

void lambda_state_read(const struct json *configuration, struct lambda_state *out_state)
{
    struct lambda_state *state = out_state;
    put(configuration, "State", "Active", state->state, sizeof(state->state));
    put(configuration, "LastUpdateStatus", "Successful", state->update, sizeof(state->update));
    put(configuration, "StateReason", "", state->state_reason, sizeof(state->state_reason));
    put(configuration, "LastUpdateStatusReason", "", state->update_reason,
        sizeof(state->update_reason));
    state->timeout_ms = number_within(configuration, "Timeout", TIMEOUT_MAX_S) * 1000;
    state->memory_bytes = (uint64_t)number_within(configuration, "MemorySize", MEMORY_MAX_MIB)
                          << 20;
}
