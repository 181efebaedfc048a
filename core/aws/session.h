/* One AWS session: profile, region, endpoints, credentials, connections, and what all calls share
 * (retry tokens, clock offset, bucket regions). Everything of core/aws works on one. Loop thread
 * only. https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html */
#ifndef GATEHOUSE_AWS_SESSION_H
#define GATEHOUSE_AWS_SESSION_H

#include "core/aws/credentials.h"
#include "core/aws/endpoint.h"
#include "core/base/clock.h"
#include "core/base/random.h"
#include "core/net/http.h"

enum aws_retry_mode { AWS_RETRY_STANDARD, AWS_RETRY_ADAPTIVE, AWS_RETRY_MODE_COUNT };

struct aws_session_spec { /* copied; NULL and 0 leave it to environment, files and defaults */
    const char *const
        *environment; /* "NAME=value", ended by NULL; never our own environ behind it */
    const char *profile;
    const char *region;
    const char *endpoint_url; /* of all services */
    struct clock *clock;      /* borrowed; NULL: the system's */
    uint64_t random_seed;     /* of the jitter; 0: the kernel's */
    bool force_virtual_host;  /* S3 by virtual host even at a custom endpoint */
    /* One line for each request and answer, headers redacted, no bodies of credentials; NULL: none
     */
    void (*trace)(void *context, struct str line);
    void *trace_context;
};

/* Reads environment and files (~/.aws/config, ~/.aws/credentials). NULL with err (permanent, code
 * "bad_aws_config", file:line in the message) when they cannot be understood. No network. */
struct aws_session *aws_session_new(struct loop *loop, const struct aws_session_spec *spec,
                                    struct error *err);
void aws_session_free(struct aws_session *session); /* accepts NULL; nothing may be active */

struct loop *aws_session_loop(const struct aws_session *session);
struct http *aws_session_http(struct aws_session *session);
struct clock *aws_session_clock(const struct aws_session *session);
struct random *aws_session_random(struct aws_session *session);    /* for jitter and ids */
const char *aws_session_region(const struct aws_session *session); /* "" when none is configured */
const char *aws_session_profile(const struct aws_session *session);
enum aws_retry_mode aws_session_retry_mode(const struct aws_session *session);
bool aws_session_corrects_clock(const struct aws_session *session); /* by what services answer */
int aws_session_max_attempts(const struct aws_session *session);    /* tries in all, >= 1 */
/* Where a service is; region NULL: the session's. Errors: "no_region", "bad_region",
 * "bad_aws_config" (FIPS or dual-stack with a custom endpoint). */
bool aws_session_endpoint(const struct aws_session *session, enum aws_service service,
                          const char *region, struct aws_endpoint *out_endpoint, struct error *err);
/* Where the host of a service in a region (not NULL) comes from, for messages: "the host is of
 * AWS_ENDPOINT_URL", "the host is that of region eu-west-9, of aws.region". */
enum { AWS_HOST_ORIGIN_SIZE = 320 };
void aws_session_tell_host(const struct aws_session *session, enum aws_service service,
                           const char *region, char out_text[AWS_HOST_ORIGIN_SIZE]);
/* S3: how buckets are addressed. True: https://bucket.host/key, false: https://host/bucket/key. */
bool aws_session_uses_virtual_host(const struct aws_session *session,
                                   const struct aws_endpoint *endpoint, const char *bucket);
enum { AWS_TRACE_ID_SIZE = 512 };
/* The trace that the calls from now on belong to (X-Ray's X-Amzn-Trace-Id); "": none. Copied. */
void aws_session_join_trace(struct aws_session *session, const char *trace_id);
const char *aws_session_trace_id(const struct aws_session *session); /* "": none */
bool aws_session_is_traced(const struct aws_session *session);
void aws_session_trace(struct aws_session *session, struct str line);
/* What the calls share (core/aws/call_state.h); made on first use, freed with the session.
 */
struct aws_call_state;
struct aws_call_state **aws_session_call_state(struct aws_session *session);
void aws_call_state_free(struct aws_call_state *state); /* accepts NULL */

#endif
