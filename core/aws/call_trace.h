/* Requests and answers as lines that may be shown: no body, no credential. */
#ifndef GATEHOUSE_AWS_CALL_TRACE_H
#define GATEHOUSE_AWS_CALL_TRACE_H

#include "core/base/buf.h"
#include "core/net/http.h"

enum { CALL_TRACE_MAX = 16 * 1024 };

/* "S3 PutObject > PUT https://host/key?partNumber=1 body=5 host=... authorization=***" */
void call_trace_request(const char *who, const struct http_request *req, struct buf *out);
/* "S3 PutObject < 200 body=0 ms=12 etag=..." , or the error in place of the status. */
void call_trace_answer(const char *who, const struct http_request *req, int64_t took_ms,
                       const struct error *err, struct buf *out);

#endif
