/* Fakes of the four ports, in memory: answers are scripted, any call can be made to fail or to
 * hang. Every call is answered in a later turn of the loop, as the real ones do. Loop thread only.
 */
#ifndef GATEHOUSE_TESTS_SUPPORT_FAKE_SERVICES_H
#define GATEHOUSE_TESTS_SUPPORT_FAKE_SERVICES_H

#include "core/base/clock.h"
#include "core/ports/database.h"
#include "core/ports/function_service.h"
#include "core/ports/object_store.h"
#include "core/ports/services.h"
#include "core/ports/training_service.h"

#define FAKE_CALLS(X)                                                                              \
    X(OBJECT_HEAD)                                                                                 \
    X(OBJECT_LIST)                                                                                 \
    X(OBJECT_OPEN)                                                                                 \
    X(OBJECT_READ)                                                                                 \
    X(OBJECT_CREATE)                                                                               \
    X(OBJECT_WRITE)                                                                                \
    X(OBJECT_COMMIT)                                                                               \
    X(OBJECT_ABORT)                                                                                \
    X(OBJECT_COPY)                                                                                 \
    X(OBJECT_DELETE)                                                                               \
    X(OBJECT_BUCKET)                                                                               \
    X(FUNCTION_LIST)                                                                               \
    X(FUNCTION_CHECK)                                                                              \
    X(FUNCTION_INVOKE)                                                                             \
    X(TRAINING_CREATE)                                                                             \
    X(TRAINING_DESCRIBE)                                                                           \
    X(TRAINING_STOP)                                                                               \
    X(TRAINING_LOGS)                                                                               \
    X(DATABASE_OPEN)                                                                               \
    X(DATABASE_QUERY)
enum fake_call {
#define X(name) FAKE_##name,
    FAKE_CALLS(X)
#undef X
        FAKE_CALL_COUNT
};

enum { FAKE_OBJECTS_MAX = 64, FAKE_FUNCTIONS_MAX = 16, FAKE_JOBS_MAX = 16, FAKE_FAILURES_MAX = 64 };

struct fake_object {
    char *bucket, *key;
    struct buf data;
    int64_t modified_ms;
    bool hides_sha256; /* the store does not know it */
};

struct fake_function {
    const char *name;
    const char *state;     /* "Active" */
    const char *result;    /* JSON text; NULL: error */
    struct error error;    /* when result is NULL */
    const char *log_lines; /* separated by \n; may be NULL */
};

struct fake_job_state { /* what one describe tells; the last of a script stays */
    const char *status, *secondary_status;
    const char *failure_reason; /* NULL: none */
};

struct fake_job {
    char name[TRAINING_NAME_SIZE];
    char intent[128];
    const struct fake_job_state *script; /* ends with a NULL status */
    size_t at;
    bool is_stopping;
};

struct fake_failure {
    enum fake_call call;
    int countdown; /* 1: the next such call */
    bool hangs;
    struct error error;
};

struct fake_services {
    struct services services; /* what the code under test gets */
    struct loop *loop;
    struct clock *clock;
    int counts[FAKE_CALL_COUNT];
    int total;   /* calls of all kinds */
    int fail_at; /* the call with this number fails with `fail_with`; 0: none */
    struct error fail_with;
    void (*on_call)(void *context, enum fake_call call); /* before the answer; may be NULL */
    void *on_call_context;
    struct op *hanging; /* a call left without an answer */
    bool is_deaf;       /* it does not end when it is cancelled */
    struct fake_failure failures[FAKE_FAILURES_MAX];
    size_t failure_count;
    struct fake_object objects[FAKE_OBJECTS_MAX];
    size_t object_count;
    size_t chunk_size; /* of reads; default 1000 */
    struct fake_function functions[FAKE_FUNCTIONS_MAX];
    size_t function_count;
    struct json *last_event; /* of the last invocation */
    int64_t last_timeout_ms;
    bool calls_outlive; /* functions run on when they are given up */
    struct fake_job jobs[FAKE_JOBS_MAX];
    size_t job_count;
    const struct fake_job_state *new_job_script; /* of created jobs */
    struct json *last_request;                   /* of the last create */
    bool create_is_lost;    /* failing creates have made the job all the same */
    bool create_is_refused; /* ... or certainly have not */
    bool makes_no_model, gives_no_model_uri;
    const char *model_prefix;     /* where jobs leave their models; NULL: where they are asked to */
    const char *const *log_texts; /* one for each call of logs, ends with NULL */
    size_t log_at;
    /* private: the ports */
    struct object_store object_store;
    struct function_service function_service;
    struct training_service training_service;
    struct database database;
    struct object_store_ops object_ops;
    struct function_service_ops function_ops;
    struct training_service_ops training_ops;
    struct database_ops database_ops;
};

struct fake_services *fake_services_new(struct loop *loop, struct clock *clock);
void fake_services_free(struct fake_services *fake);

/* The nth call of this kind from now on fails / is left unanswered until fake_answer_hanging. */
void fake_fail(struct fake_services *fake, enum fake_call call, int nth,
               enum error_class error_class, const char *code);
void fake_hang(struct fake_services *fake, enum fake_call call, int nth);
void fake_answer_hanging(struct fake_services *fake);

/* Copies data; replaces. modified_ms: now. */
struct fake_object *fake_put(struct fake_services *fake, const char *bucket, const char *key,
                             struct str data);
struct fake_object *fake_find(struct fake_services *fake, const char *bucket, const char *key);
void fake_remove(struct fake_services *fake, const char *bucket, const char *key);
/* {"bucket","key","sha256","size_bytes"} of an object that is there. */
struct json *fake_place(struct fake_services *fake, const char *bucket, const char *key);

struct fake_function *fake_add_function(struct fake_services *fake, const char *name,
                                        const char *result);
struct fake_job *fake_add_job(struct fake_services *fake, const char *name, const char *intent,
                              const struct fake_job_state *script);
struct fake_job *fake_find_job(struct fake_services *fake, const char *name);

/* Scripts of jobs. */
extern const struct fake_job_state fake_job_completes[], fake_job_fails_algorithm[],
    fake_job_fails_internal[], fake_job_runs[], fake_job_stopped[];

#endif
