/* S3 has no room in the answer to a HEAD for the reason of a refusal: an expired token, a wrong
 * clock and a missing right look alike. So the same is asked for by a GET, of which S3 says it. */
#include "core/aws/call_internal.h"

#include "core/base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum { REASON_LIMIT = 64 << 10 };

bool question_is_due(const struct caller *caller)
{
    const struct aws_call *call = caller->call;
    return !caller->is_asking && call->service == AWS_S3 && strcmp(call->method, "HEAD") == 0 &&
           (caller->http.status == 400 || caller->http.status == 403);
}

/* Of an object one byte, of a bucket no name: both need the same right as the HEAD. */
void question_ask(struct caller *caller, const struct error *unexplained)
{
    struct aws_call *question = &caller->question;
    const struct aws_call *call = caller->call;
    bool is_bucket = call->path == NULL || *call->path == '\0';
    question_done(caller);
    caller->is_asking = true;
    caller->unexplained = *unexplained;
    caller->question_headers = xcalloc(call->header_count + 1, sizeof(struct http_header));
    for (size_t i = 0; i < call->header_count; i++) {
        caller->question_headers[i] = call->headers[i];
    }
    *question = *call;
    question->method = "GET";
    question->headers = caller->question_headers;
    question->response_limit_bytes = REASON_LIMIT;
    if (is_bucket) {
        question->query = "list-type=2&max-keys=0";
    } else {
        caller->question_headers[question->header_count++] =
            (struct http_header){"Range", "bytes=0-0"};
    }
}

void question_done(struct caller *caller)
{
    free(caller->question_headers);
    caller->question_headers = NULL;
    caller->is_asking = false;
}
