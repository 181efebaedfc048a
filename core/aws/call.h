/* One call of an AWS service: signed, sent, judged, and tried again by the rules of the standard
 * (or adaptive) retry mode; the only place that sends signed requests. Loop thread only.
 *
 * Every try is signed anew with the present credentials and the corrected clock. Retried:
 * throttling, 500 502 503 504, lost connections. A call that is not is_idempotent is sent again
 * only when it certainly was not carried out: its request had not left, or the service refused it
 * (4xx, throttling, and the 5xx that say so); after a lost answer or any other 5xx, also of a
 * proxy, it may be running still. Expired credentials are renewed once; a wrong region of a bucket
 * is followed once; a clock that is off by 4 minutes or more is corrected once. S3 refuses a HEAD
 * without a word (400, 403): a GET of one byte, or of no names, then hears the reason, which counts
 * as if the HEAD had told it. A shared bucket of retry tokens stops storms.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html */
#ifndef GATEHOUSE_AWS_CALL_H
#define GATEHOUSE_AWS_CALL_H

#include "core/aws/session.h"

#include <stdint.h>

enum {
    AWS_CALL_STALL_MS = 60000,
    AWS_CALL_LOW_SPEED = 100, /* bytes a second: less, for as long as a stall lasts, is one, too */
};

struct aws_call {
    struct op op;
    /* in, borrowed until done */
    enum aws_service service;
    const char *operation; /* "CreateTrainingJob": begins every error message, and X-Amz-Target */
    const char *method;
    const char *bucket; /* S3 only, or NULL; becomes part of host or path */
    const char
        *path; /* encoded, begins with '/'; S3: the key's, "" for the bucket itself; NULL: "/" */
    const char *query; /* encoded, without '?', or NULL */
    const struct http_header
        *headers; /* of the operation: content-type, x-amz-target ... all are signed */
    size_t header_count;
    struct str body;
    const char *body_sha256; /* hex, when the caller knows it; NULL: computed for each call */
    const char *region;      /* NULL: the session's (and, for a bucket, the one learned) */
    bool is_idempotent;      /* may be sent again although it may have been done already */
    bool counts_every_try; /* `attempts` is how often it was sent, for sure: libcurl never sends it
                              again by itself */
    bool is_unsigned;      /* AssumeRoleWithWebIdentity, SSO: asks for no credentials */
    const struct aws_credentials
        *credentials; /* sign with these, never renewed (AssumeRole); NULL: the session's */
    size_t response_limit_bytes; /* 0: 16 MiB */
    int64_t stall_timeout_ms;    /* 0: AWS_CALL_STALL_MS */
    int64_t total_timeout_ms;    /* over all tries and waits; 0: none */
    int max_attempts;            /* 0: the session's */
    int64_t delay_ms;            /* before the first try */
    struct buf memory;           /* taken: see aws_call_take_memory; zeroed: none */
    /* S3 may begin to answer before it has done the work: with this root element expected, a body
     * that is an <Error>, empty or cut off is tried again like a 500 ("CopyObjectResult"). NULL:
     * the body is not looked at. */
    const char *success_root;
    /* results, valid until aws_call_done */
    int status;
    struct str response; /* the body of the last answer, also of a refusal; borrowed */
    int attempts;        /* how often it was sent */
    bool
        may_be_done; /* of a failure: the service may have carried it out, in this try or an earlier
                        one: an answer was lost, or it was a 5xx that does not say otherwise */
    void *handle;    /* private */
};

/* Success is a status below 300 (with the root element that was expected, and for JSON services a
 * body that is JSON). An error has the service's code ("ResourceInUse", "NoSuchKey"; one made of
 * the status when it says none: "NotFound"), http_status, request_id, and a message "Operation:
 * Code: what the service said (host, region, tries)". Classes: throttled, 5xx and network are
 * transient; the rest is permanent. Codes that mean "who are you" (ExpiredToken,
 * UnrecognizedClientException, InvalidAccessKeyId, SignatureDoesNotMatch, AccessDenied ...) keep
 * their code; aws_error_is_credentials tells them. */
void aws_call_start(struct aws_session *session, struct aws_call *call);
void aws_call_cancel(struct aws_call *call);
void aws_call_done(struct aws_call *call); /* releases the results */
/* As aws_call_done, but gives the memory of the answer for another call. */
struct buf aws_call_take_memory(struct aws_call *call);
/* Cancels all calls of the session and returns when they have ended and their callers have heard of
 * it; those that are begun later end as cancelled at once. For the end of a program that does not
 * wait for its work; never from inside a callback. */
void aws_calls_stop(struct aws_session *session);
/* A header of the last answer by its lower-case name, or an empty str; borrowed. */
struct str aws_call_header(const struct aws_call *call, const char *name);
/* Missing or refused credentials: exit code 4. */
bool aws_error_is_credentials(const struct error *err);
/* The words of the ports for what stages and runs go by: "credentials_refused", "not_found",
 * "throttled", "unavailable" (5xx and their like); the message keeps the service's own. */
void aws_error_name_for_port(struct error *err);
/* The same thing that is not there, in the words of each service (404, NoSuchKey, ResourceNotFound,
 * SageMaker's ValidationException "Requested resource not found"). */
bool aws_error_is_not_found(const struct error *err);

/* JSON 1.1 services (SageMaker, Logs, Secrets Manager): POST / with X-Amz-Target. The body is
 * printed and owned here. */
struct aws_json_call {
    struct aws_call call;       /* op in call.op; set is_idempotent, timeouts before start */
    const struct json *request; /* borrowed until done */
    struct json *response;      /* result */
    void *handle;               /* private */
};
/* target: "SageMaker.DescribeTrainingJob"; its last word is the operation. */
void aws_json_call_start(struct aws_session *session, struct aws_json_call *call,
                         enum aws_service service, const char *target);
void aws_json_call_done(struct aws_json_call *call);

#endif
