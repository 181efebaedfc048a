/* Port: training jobs with SageMaker's life cycle. Adapters: local/training_jobs, aws/sagemaker.
 * Loop thread only. A job lives on when its submitter dies; names are unique for ever; submitting a
 * taken name fails with code "name_taken" and changes nothing. */
#ifndef GATEHOUSE_PORTS_TRAINING_SERVICE_H
#define GATEHOUSE_PORTS_TRAINING_SERVICE_H

#include "core/base/buf.h"
#include "core/base/json.h"
#include "core/loop/op.h"

#include <stdint.h>

enum {
    TRAINING_NAME_SIZE = 64,
    TRAINING_STATUS_SIZE = 64,
    TRAINING_MESSAGE_SIZE = 256,
    TRAINING_URI_SIZE = 1200
};

/* DescribeTrainingJob's TrainingJobStatus, in our four words. An unknown status is an error (loud),
 * never a state. */
enum training_state {
    TRAINING_RUNNING,   /* InProgress, Stopping */
    TRAINING_SUCCEEDED, /* Completed */
    TRAINING_FAILED,    /* Failed */
    TRAINING_STOPPED,   /* Stopped, Deleting */
    TRAINING_STATE_COUNT
};
/* Maps SageMaker's word; false for an unknown one. */
bool training_state_from_status(struct str status, enum training_state *out_state);

struct training_job {
    char name[TRAINING_NAME_SIZE];
    enum training_state state;
    char status[TRAINING_STATUS_SIZE];           /* SageMaker's word: "InProgress" */
    char secondary_status[TRAINING_STATUS_SIZE]; /* "Starting", "Downloading", "Training" ... */
    char status_message[TRAINING_MESSAGE_SIZE];  /* what the service says of it; may be empty */
    bool has_begun;                              /* past provisioning: the training clock counts */
    char failure_reason[ERROR_MESSAGE_SIZE];
    char model_uri[TRAINING_URI_SIZE]; /* ModelArtifacts.S3ModelArtifacts; empty until uploaded */
    char intent[128];                  /* the `intent` it was submitted with; empty when unknown */
    int64_t created_ms, started_ms, ended_ms; /* 0: not yet */
    int64_t billable_ms;                      /* 0 when unknown */
};

/* Request members follow CreateTrainingJob: TrainingJobName, HyperParameters (strings),
 * AlgorithmSpecification, InputDataConfig [{ChannelName, ContentType, DataSource.S3DataSource.S3Uri
 * ...}], OutputDataConfig.S3OutputPath, ResourceConfig, StoppingCondition.MaxRuntimeInSeconds,
 * Environment.GATEHOUSE_INTENT (the intent), Tags. */
struct training_create {
    struct op op;
    const struct json *request;
    bool was_refused; /* result of a failure: it has certainly made no job */
};

struct training_describe { /* code "not_found" when there is no such job */
    struct op op;
    const char *name;
    struct training_job job; /* result */
};

/* Asks for it; a job that has ended is success. Poll describe for the end. */
struct training_stop {
    struct op op;
    const char *name;
};

struct training_logs { /* the next log lines; none yet is success with an empty text */
    struct op op;
    const char *name;
    char cursor[256]; /* in: where to go on ("" = start); result: where the next call goes on */
    struct buf text;  /* result: whole lines; the caller sets the limit, training_logs_done frees */
    /* private: what the adapter keeps from call to call, given up by training_logs_done */
    void *handle;
    void (*free_handle)(void *handle);
};

struct training_service {
    const struct training_service_ops *ops;
    struct loop *loop;
};

struct training_service_ops {
    void (*create)(struct training_service *service, struct training_create *req);
    void (*describe)(struct training_service *service, struct training_describe *req);
    void (*stop)(struct training_service *service, struct training_stop *req);
    void (*logs)(struct training_service *service, struct training_logs *req);
    void (*free)(struct training_service *service);
    /* A job is described after first_ms, then ever less often until max_ms, and again after
     * first_ms when its status has changed. */
    int64_t poll_first_ms, poll_max_ms;
    int64_t log_lag_ms; /* how long after the end of a job lines of its log may still arrive */
};

void training_create_start(struct training_service *service, struct training_create *req);
void training_describe_start(struct training_service *service, struct training_describe *req);
void training_stop_start(struct training_service *service, struct training_stop *req);
void training_logs_start(struct training_service *service, struct training_logs *req);
void training_logs_done(struct training_logs *req); /* a later read may begin at the start */
void training_service_free(struct training_service *service); /* accepts NULL */

#endif
