/* The operations of Lambda, version 2015-03-31 (REST, JSON both ways). A function is named by its
 * name, NAME:QUALIFIER or an ARN. Loop thread only.
 * https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html */
#ifndef GATEHOUSE_AWS_LAMBDA_H
#define GATEHOUSE_AWS_LAMBDA_H

#include "core/aws/call.h"
#include "core/base/json.h"

/* X(id, operation, method, path, whether it may be sent again although it may have been done) */
#define LAMBDA_OPERATIONS(X)                                                                       \
    X(LIST, "ListFunctions", "GET", "/", true)                                                     \
    X(GET_CONFIGURATION, "GetFunctionConfiguration", "GET", "/{name}/configuration", true)         \
    X(CREATE, "CreateFunction", "POST", "", false)                                                 \
    X(UPDATE_CODE, "UpdateFunctionCode", "PUT", "/{name}/code", true)                              \
    X(UPDATE_CONFIGURATION, "UpdateFunctionConfiguration", "PUT", "/{name}/configuration", true)   \
    X(PUBLISH, "PublishVersion", "POST", "/{name}/versions", true)                                 \
    X(CREATE_ALIAS, "CreateAlias", "POST", "/{name}/aliases", false)                               \
    X(UPDATE_ALIAS, "UpdateAlias", "PUT", "/{name}/aliases/{alias}", true)

enum lambda_operation {
#define X(id, operation, method, path, is_idempotent) LAMBDA_##id,
    LAMBDA_OPERATIONS(X)
#undef X
        LAMBDA_OPERATION_COUNT
};

struct lambda_call {
    struct op op;
    /* in, borrowed until done */
    enum lambda_operation operation;
    const char *name;         /* of the function */
    const char *alias;        /* of those that name one */
    const char *marker;       /* LIST: NextMarker of the page before; NULL: the first page */
    const struct json *input; /* the body; NULL: none, or {} where one is needed */
    int64_t delay_ms;         /* before it is sent */
    /* result: the answer, an object; lambda_call_done releases it */
    struct json *response;
    /* private */
    struct aws_call call;
    char *path, *query, *body;
};
/* Errors: those of aws_call. */
void lambda_call_start(struct aws_session *session, struct lambda_call *call);
void lambda_call_cancel(struct lambda_call *call);
void lambda_call_done(struct lambda_call *call);

enum { LAMBDA_STATE_SIZE = 64, LAMBDA_REASON_SIZE = 256 };

struct lambda_state { /* what a function's configuration says of its readiness; all printable */
    char state[LAMBDA_STATE_SIZE];  /* Pending, Active, Inactive, Failed; absent counts as Active */
    char update[LAMBDA_STATE_SIZE]; /* InProgress, Successful, Failed; absent: Successful */
    char state_reason[LAMBDA_REASON_SIZE], update_reason[LAMBDA_REASON_SIZE];
    int64_t timeout_ms;
    uint64_t memory_bytes;
};
void lambda_state_read(const struct json *configuration, struct lambda_state *out_state);

/* Asks for the configuration until the function is neither Pending nor being updated. What it then
 * is, is the caller's to judge.
 * https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html */
struct lambda_wait {
    struct op op;
    const char *name;
    int64_t timeout_ms; /* > 0 */
    int64_t poll_ms;    /* 0: 1 s */
    /* results */
    struct lambda_state state;
    struct json *configuration; /* lambda_wait_done releases it */
    /* private */
    struct lambda_call call;
    struct aws_session *session;
    int64_t started_ms;
};
/* Errors: those of aws_call; "not_ready" (transient): not within timeout_ms. */
void lambda_wait_start(struct aws_session *session, struct lambda_wait *wait);
void lambda_wait_done(struct lambda_wait *wait);

/* A call of the function itself. Not idempotent: a function reads what its sources hold now and
 * writes to the places of its event, so a second one beside one that still runs could leave objects
 * of both there. It is sent again only after a throttle, or a 5xx that says that nothing was begun;
 * never after a lost answer or any other 5xx, when what came of it is not known. A stage's next try
 * writes to places of its own. */
struct lambda_invoke {
    struct op op;
    /* in, borrowed until done */
    const char *name;
    struct str payload;
    bool is_dry_run;    /* may we, and is it there: nothing is run */
    bool wants_log;     /* the last 4 KiB of its log */
    int64_t timeout_ms; /* over all tries; 0: as long as a function may run at most */
    /* results, valid until lambda_invoke_done */
    struct str response;       /* its result, or its failure as JSON; borrowed */
    struct str function_error; /* "Unhandled", "Handled"; empty: it succeeded; borrowed */
    struct buf log;
    /* private */
    struct aws_call call;
    struct http_header headers[3];
    char *path;
};
/* Errors: those of aws_call. A failure of the function itself is none: see function_error. */
void lambda_invoke_start(struct aws_session *session, struct lambda_invoke *invoke);
void lambda_invoke_cancel(struct lambda_invoke *invoke);
void lambda_invoke_done(struct lambda_invoke *invoke);

#endif
