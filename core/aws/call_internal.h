/* What the files of a call share: its state, and the verdict on an answer. */
#ifndef GATEHOUSE_AWS_CALL_INTERNAL_H
#define GATEHOUSE_AWS_CALL_INTERNAL_H

#include "core/aws/call.h"
#include "core/aws/call_request.h"
#include "core/aws/call_state.h"
#include "core/base/digest.h"
#include "core/loop/timer.h"

enum { CALL_INVOCATION_ID_SIZE = 37 };

/* Takes the body of a success apart before the call is done. False with err makes the answer a lost
 * one. */
typedef bool (*call_read_fn)(struct aws_call *call, struct error *err);
/* As aws_call_start; read_success may be NULL. */
void aws_call_start_reading(struct aws_session *session, struct aws_call *call,
                            call_read_fn read_success);

enum call_phase { CALL_PAUSE, CALL_IDENTITY, CALL_EXCHANGE, CALL_OVER, CALL_PHASE_COUNT };

struct caller {
    struct caller *next_active, *previous_active;
    struct aws_session *session;
    struct aws_call_state *state;
    struct aws_call *call;
    call_read_fn read_success;
    enum call_phase phase;
    struct timer *pause, *deadline;
    struct aws_credentials_get identity;
    struct call_request request;
    struct http_request http; /* of the last try; its results are the call's */
    char body_sha256[DIGEST_HEX_SIZE];
    char invocation_id[CALL_INVOCATION_ID_SIZE];
    char region[AWS_REGION_SIZE]; /* "": the session's */
    int max_attempts, failures;
    int last_cost;           /* retry tokens of the latest retry */
    int64_t sent_ms;         /* monotonic */
    int64_t clock_offset_ms; /* with which the last try was signed */
    bool must_renew, has_renewed, has_redirected, has_corrected_clock;
    bool is_asking; /* the try is a question about a refusal ... */
    struct aws_call question;
    struct http_header *question_headers;
    struct error unexplained; /* ... which is this */
    bool is_ending;           /* cancelled or out of time: what is active ends with this */
    struct error ending;
};

double caller_monotonic_s(const struct caller *caller);

enum call_verdict {
    CALL_SUCCEEDED,
    CALL_FAILED,
    CALL_MAY_RETRY, /* if tokens and attempts allow it */
    CALL_TRY_NOW,   /* what was wrong is mended: region, credentials, clock */
};

/* After a refusal of a HEAD that could not say why the next try is a GET that hears it; after one
 * of a bucket that is elsewhere and did not say where, a HEAD of the bucket. */
bool question_is_due(const struct caller *caller, bool is_elsewhere);
void question_ask(struct caller *caller, const struct error *unexplained);
void question_done(struct caller *caller); /* the next try is the call's own again */

/* What the exchange that is over means. loss: why it has no answer, or NULL. Notes in caller and
 * its shared state what was learned. out_err and out_cost (in retry tokens) are set for FAILED and
 * MAY_RETRY. */
enum call_verdict caller_judge(struct caller *caller, const struct error *loss, int *out_cost,
                               struct error *out_err);

#endif
