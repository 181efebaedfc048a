/* What a refusal of S3 leaves open is asked for. In the answer to a HEAD there is no room for the
 * reason: an expired token, a wrong clock and a missing right look alike; the same by a GET is
 * told. Where a bucket is, if not here, is told of a HEAD of the bucket at the latest. */
#include "core/aws/call_internal.h"

#include "core/base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum { REASON_LIMIT = 64 << 10 };

static bool is_unexplained_head(const struct caller *caller)
{
    return caller->call->service == AWS_S3 && strcmp(caller->call->method, "HEAD") == 0 &&
           (caller->http.status == 400 || caller->http.status == 403);
}

bool question_is_due(const struct caller *caller, bool is_elsewhere)
{
    return !caller->is_asking && (is_elsewhere || is_unexplained_head(caller));
}

static void ask_where(struct aws_call *question)
{
    question->method = "HEAD";
    question->path = "";
    question->query = NULL;
    question->header_count = 0;
    question->body = (struct str){NULL, 0};
    question->body_sha256 = SIGV4_EMPTY_SHA256;
}

/* Of an object one byte, of a bucket no name: both need the same right as the HEAD. */
static void ask_why(struct caller *caller, struct aws_call *question)
{
    const struct aws_call *call = caller->call;
    bool is_bucket = call->path == NULL || *call->path == '\0';
    caller->question_headers = xcalloc(call->header_count + 1, sizeof(struct http_header));
    for (size_t i = 0; i < call->header_count; i++) {
        caller->question_headers[i] = call->headers[i];
    }
    question->method = "GET";
    question->headers = caller->question_headers;
    if (is_bucket) {
        question->query = "list-type=2&max-keys=0";
    } else {
        caller->question_headers[question->header_count++] =
            (struct http_header){"Range", "bytes=0-0"};
    }
}

void question_ask(struct caller *caller, const struct error *unexplained)
{
    struct aws_call *question = &caller->question;
    question_done(caller);
    caller->is_asking = true;
    caller->unexplained = *unexplained;
    *question = *caller->call;
    question->response_limit_bytes = REASON_LIMIT;
    if (is_unexplained_head(caller)) {
        ask_why(caller, question);
    } else {
        ask_where(question);
    }
}

void question_done(struct caller *caller)
{
    free(caller->question_headers);
    caller->question_headers = NULL;
    caller->is_asking = false;
}
