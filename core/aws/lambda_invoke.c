/* Invoke: one call of a function, with the end of its log. */
#include "core/aws/lambda.h"
#include "core/aws/lambda_path.h"
#include "core/base/base64.h"

#include <stdlib.h>

enum {
    /* A function may run 15 minutes, and nothing moves on the connection meanwhile. */
    INVOKE_STALL_MS = 16 * 60 * 1000,
    RESPONSE_LIMIT = (6 << 20) + (64 << 10), /* 6 MB is the limit of a result */
    LOG_LIMIT = 64 << 10,
};

static void on_answer(struct op *op, const struct error *err)
{
    struct lambda_invoke *invoke = op->context;
    if (err == NULL) {
        invoke->response = invoke->call.response;
        invoke->function_error = aws_call_header(&invoke->call, "x-amz-function-error");
        base64_decode(aws_call_header(&invoke->call, "x-amz-log-result"), &invoke->log);
    }
    op_finish(&invoke->op, err);
}

void lambda_invoke_start(struct aws_session *session, struct lambda_invoke *invoke)
{
    op_begin(&invoke->op, aws_session_loop(session));
    bool has_log = invoke->wants_log && !invoke->is_dry_run;
    const char *type = invoke->is_dry_run ? "DryRun" : "RequestResponse";
    invoke->headers[0] = (struct http_header){"Content-Type", "application/json"};
    invoke->headers[1] = (struct http_header){"X-Amz-Invocation-Type", type};
    invoke->headers[2] = (struct http_header){"X-Amz-Log-Type", "Tail"};
    invoke->response = STR("");
    invoke->function_error = STR("");
    invoke->path = lambda_path("/{name}/invocations", invoke->name, NULL);
    buf_init(&invoke->log, LOG_LIMIT);
    invoke->call = (struct aws_call){
        .op = {.done = on_answer, .context = invoke},
        .service = AWS_LAMBDA,
        .operation = "Invoke",
        .method = "POST",
        .path = invoke->path,
        .headers = invoke->headers,
        .header_count = has_log ? 3 : 2,
        .body = invoke->payload,
        .is_idempotent = invoke->is_dry_run,
        .response_limit_bytes = RESPONSE_LIMIT,
        .stall_timeout_ms = invoke->is_dry_run ? AWS_CALL_STALL_MS : INVOKE_STALL_MS,
        .total_timeout_ms = invoke->timeout_ms,
    };
    aws_call_start(session, &invoke->call);
}

void lambda_invoke_cancel(struct lambda_invoke *invoke)
{
    aws_call_cancel(&invoke->call);
}

void lambda_invoke_done(struct lambda_invoke *invoke)
{
    aws_call_done(&invoke->call);
    buf_done(&invoke->log);
    free(invoke->path);
    invoke->path = NULL;
    invoke->response = STR("");
    invoke->function_error = STR("");
}
