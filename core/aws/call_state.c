/* What all calls of a session share: retry tokens, the clock's offset, signing keys, and where
 * buckets are. */
#include "core/aws/call_state.h"

#include "core/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bucket_region {
    char *bucket;
    char region[AWS_REGION_SIZE];
};

struct aws_call_state *aws_call_state_of(struct aws_session *session)
{
    struct aws_call_state **state = aws_session_call_state(session);
    if (*state == NULL) {
        *state = xcalloc(1, sizeof(**state));
        (*state)->retries.tokens = RETRY_TOKENS;
        (*state)->retry_unit_ms = RETRY_UNIT_MS;
    }
    return *state;
}

void aws_call_state_free(struct aws_call_state *state)
{
    if (state == NULL) {
        return;
    }
    for (size_t i = 0; i < AWS_SERVICE_COUNT; i++) {
        sigv4_key_done(&state->keys[i]);
    }
    for (size_t i = 0; i < state->bucket_count; i++) {
        free(state->buckets[i].bucket);
    }
    free(state->buckets);
    free(state);
}

int64_t aws_call_state_now_ms(struct aws_session *session)
{
    const struct aws_call_state *state = *aws_session_call_state(session);
    struct clock *clock = aws_session_clock(session);
    return clock->wall_ms(clock) + (state == NULL ? 0 : state->clock_offset_ms);
}

static struct bucket_region *find(const struct aws_call_state *state, const char *bucket)
{
    for (size_t i = 0; i < state->bucket_count; i++) {
        if (strcmp(state->buckets[i].bucket, bucket) == 0) {
            return &state->buckets[i];
        }
    }
    return NULL;
}

const char *aws_call_state_region(const struct aws_call_state *state, const char *bucket)
{
    const struct bucket_region *known = find(state, bucket);
    return known == NULL ? NULL : known->region;
}

void aws_call_state_learn_region(struct aws_call_state *state, const char *bucket,
                                 const char *region)
{
    struct bucket_region *known = find(state, bucket);
    if (known == NULL) {
        state->buckets =
            xreallocarray(state->buckets, state->bucket_count + 1, sizeof(*state->buckets));
        known = &state->buckets[state->bucket_count++];
        known->bucket = xstrdup(bucket);
    }
    snprintf(known->region, sizeof(known->region), "%s", region);
}
