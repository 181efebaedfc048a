/* AWS on loopback, for the tests of everything in core/aws: a scripted server that checks each
 * request as AWS does - signature (recomputed from the description of AWS, sharing nothing with
 * core/aws), signed headers, body hash, token, date, content type - and answers what the test says.
 *
 *   struct fake_aws *aws = fake_aws_new(loop);
 *   struct aws_session *session = fake_aws_session(aws);
 *   fake_aws_expect(aws, (struct fake_exchange){.target = "SageMaker.StopTrainingJob",
 *                                               .body = "\"job-1\"",
 *                                               .answer = {.status = 200, .body = STR("{}")}});
 *   fake_aws_expect(aws, (struct fake_exchange){.method = "PUT", .path = "/bucket/key", .times = 2,
 *                                               .answer = {.status = 503}});
 *   ... run the client ...
 *   fake_aws_free(aws);      // fails the test: wrong requests, expectations not met, secrets
 * traced (free the session and the loop around it)
 *
 * The first expectation that matches a request and is not used up answers it. A request that is
 * badly signed, or that nothing expects, is a complaint, and is answered with an error. Keys that
 * are unknown or expired, and dates that are off, are refused in the words of the service, without
 * a complaint: that is what retries are for. */
#ifndef GATEHOUSE_TESTS_SUPPORT_FAKE_AWS_H
#define GATEHOUSE_TESTS_SUPPORT_FAKE_AWS_H

#include "core/aws/session.h"
#include "tests/support/fake_http.h"

#define FAKE_KEY_ID "AKIDEXAMPLE"
#define FAKE_SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

enum { FAKE_ALWAYS = -1 };

struct fake_exchange {
    /* what is expected; NULL: anything. The strings are borrowed until fake_aws_free. */
    const char *method, *path;
    const char *query;            /* exactly, as on the wire */
    const char *target;           /* X-Amz-Target */
    const char *body;             /* is somewhere in the body */
    const char *header;           /* "name: value" that must be there */
    const char *region, *service; /* of the signature's scope */
    bool is_unsigned;             /* no signature is asked for, and none may be there */
    int times;                    /* 0: once; FAKE_ALWAYS: any number, also none */
    /* what is answered; a Date is added */
    struct fake_answer answer;
    fake_handler_fn handle; /* makes the answer in place of it */
    void *context;
};

struct fake_aws;
struct fake_aws *fake_aws_new(struct loop *loop);
void fake_aws_free(struct fake_aws *aws);
const char *fake_aws_url(const struct fake_aws *aws);
void fake_aws_expect(struct fake_aws *aws, struct fake_exchange exchange);
/* What was asked so far, in order. */
size_t fake_aws_count(const struct fake_aws *aws);
const struct fake_request *fake_aws_request(const struct fake_aws *aws, size_t index);
struct fake_http *fake_aws_http(struct fake_aws *aws);
/* Further keys; token NULL: a long-term key. The first one is FAKE_KEY_ID with FAKE_SECRET. */
void fake_aws_add_key(struct fake_aws *aws, const char *key_id, const char *secret,
                      const char *token);
void fake_aws_expire_key(struct fake_aws *aws, const char *key_id);
/* Its clock runs this much ahead of the system's; more than 5 minutes are refused. */
void fake_aws_set_clock_ahead(struct fake_aws *aws, int64_t ahead_ms);
/* The complaints so far, which are then forgotten; gives memory for free(). */
char *fake_aws_take_complaints(struct fake_aws *aws);

/* A session that speaks to it: region us-east-1, the first key, no files, pauses between tries of
 * milliseconds. Its trace is kept. */
struct aws_session *fake_aws_session(struct fake_aws *aws);
/* The same with more or other variables ("AWS_RETRY_MODE=adaptive"), ended by NULL. */
struct aws_session *fake_aws_session_with(struct fake_aws *aws, const char *const *environment);
const char *fake_aws_trace(const struct fake_aws *aws);

#endif
