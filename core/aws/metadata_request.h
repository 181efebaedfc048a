/* One question to a metadata service of the machine we run on (container, instance): over plain
 * HTTP, never through a proxy, asked again after network errors, 429 and 5xx. Loop thread only. */
#ifndef GATEHOUSE_AWS_METADATA_REQUEST_H
#define GATEHOUSE_AWS_METADATA_REQUEST_H

#include "core/aws/session.h"

struct timer;

struct metadata_request {
    struct op op;
    /* in, borrowed until done */
    const char *method;
    const char *url;
    const struct http_header *headers;
    size_t header_count;
    int64_t timeout_ms; /* of each try */
    int max_attempts;
    /* results, valid until metadata_request_done */
    struct http_request http; /* status (any) and body; read these only */
    /* private: */
    struct aws_session *session;
    struct timer *pause;
    int attempts;
    bool is_cancelled;
};

/* Errors: those of core/net/http. No message shows the path: some are as good as a password. */
void metadata_request_start(struct aws_session *session, struct metadata_request *req);
void metadata_request_cancel(struct metadata_request *req);
void metadata_request_done(struct metadata_request *req); /* wipes; may be started again */

#endif
