/* One try of a call as the HTTP request that is sent: where to, with which headers, signed. */
#ifndef GATEHOUSE_AWS_CALL_REQUEST_H
#define GATEHOUSE_AWS_CALL_REQUEST_H

#include "core/aws/call.h"
#include "core/aws/sigv4.h"

struct call_try { /* borrowed */
    struct aws_session *session;
    const struct aws_call *call;
    const struct aws_credentials *credentials; /* NULL: not signed */
    struct sigv4_key *key;
    const char *region; /* NULL: the session's */
    const char *body_sha256;
    const char *invocation_id;
    int attempt, max_attempts;
    int64_t wall_ms; /* corrected */
};

enum { CALL_HOST_SIZE = 320, CALL_OWN_HEADERS = 8 };

struct call_request {
    char *url;
    char host[CALL_HOST_SIZE]; /* as signed and sent, with a port that is not the usual one */
    char region[AWS_REGION_SIZE];
    char date[SIGV4_DATE_SIZE];
    char sdk_request[48];
    struct buf authorization;
    struct secret token;
    struct http_header *headers;
    size_t header_count;
};

bool call_request_make(const struct call_try *attempt, struct call_request *out_request,
                       struct error *err);
void call_request_done(struct call_request *request); /* wipes; of a zeroed one, too */

#endif
