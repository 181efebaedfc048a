/* What all calls of a session share. Loop thread only. */
#ifndef GATEHOUSE_AWS_CALL_STATE_H
#define GATEHOUSE_AWS_CALL_STATE_H

#include "core/aws/call_retry.h"
#include "core/aws/session.h"
#include "core/aws/sigv4.h"

struct bucket_region;
struct caller;

struct aws_call_state {
    struct retry_bucket retries;
    struct rate_limiter limiter;
    int64_t retry_unit_ms;   /* RETRY_UNIT_MS; tests shorten it */
    int64_t stall_max_ms;    /* 0: what each call says holds; tests shorten it */
    int64_t clock_offset_ms; /* the services' clock less the session's, once it was found wrong */
    struct sigv4_key keys[AWS_SERVICE_COUNT];
    struct bucket_region *buckets; /* where each is, as S3 told */
    size_t bucket_count;
    struct caller *first_active; /* calls that have not ended */
    bool is_stopped;             /* none begins any more */
    bool is_awaited;             /* the end of the last one, by aws_calls_stop */
    struct op last_ended;
};

/* The session's; made on first use. */
struct aws_call_state *aws_call_state_of(struct aws_session *session);
/* Unix time by the services' clock, as far as it is known to differ from ours. */
int64_t aws_call_state_now_ms(struct aws_session *session);
/* NULL: not known. Borrowed until the next one is learned. */
const char *aws_call_state_region(const struct aws_call_state *state, const char *bucket);
void aws_call_state_learn_region(struct aws_call_state *state, const char *bucket,
                                 const char *region);

#endif
