/* What the refusal of a service means: its code and words in whichever protocol it speaks, and what
 * to do about it. Pure; any thread. */
#ifndef GATEHOUSE_AWS_CALL_ERROR_H
#define GATEHOUSE_AWS_CALL_ERROR_H

#include "core/aws/endpoint.h"
#include "core/base/error.h"

#include <stdint.h>

enum { AWS_REFUSAL_TEXT_SIZE = 512 };

struct aws_refusal {
    char code[ERROR_CODE_SIZE];       /* never empty: made of the status when nothing says it */
    char text[AWS_REFUSAL_TEXT_SIZE]; /* printable, may be empty */
    char request_id[ERROR_REQUEST_ID_SIZE];
    char region[AWS_REGION_SIZE]; /* where the bucket is, when S3 says so; a valid name */
    int64_t server_time_ms;       /* Unix time; 0: not known, or told by a cache */
};

/* By content, not by Content-Type: rest-xml, query, rest-json and JSON 1.1; an empty or foreign
 * body gives what status and headers say. headers: as struct http_request has them. */
void aws_refusal_read(int status, struct str headers, struct str body,
                      struct aws_refusal *out_refusal);

/* By the headers of any answer; 0: not known, or told by a cache. */
int64_t aws_server_time_ms(struct str headers);

/* What a code or, failing that, a status means; any of them may be together. */
enum aws_meaning {
    AWS_MEANS_THROTTLED = 1 << 0,
    AWS_MEANS_TRANSIENT = 1 << 1,
    AWS_MEANS_EXPIRED = 1 << 2, /* the session token */
    AWS_MEANS_CLOCK = 1 << 3,   /* perhaps ours is wrong */
    AWS_MEANS_CREDENTIALS = 1 << 4,
    AWS_MEANS_NOT_FOUND = 1 << 5,
    AWS_MEANS_OTHER_REGION = 1 << 6,
    AWS_MEANS_NOT_BEGUN = 1 << 7, /* a 5xx, but certainly nothing was carried out */
};
unsigned aws_meaning_of(int status, const char *code);

#endif
