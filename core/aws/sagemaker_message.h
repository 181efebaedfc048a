/* Requests of CreateTrainingJob completed, answers of DescribeTrainingJob read. Pure; any thread.
 * https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html */
#ifndef GATEHOUSE_AWS_SAGEMAKER_MESSAGE_H
#define GATEHOUSE_AWS_SAGEMAKER_MESSAGE_H

#include "core/base/buf.h"
#include "core/base/json.h"
#include "core/ports/training_service.h"

#define SAGEMAKER_XGBOOST_VERSION "1.7-1"

struct sagemaker_settings { /* texts and trees are borrowed; NULL and 0: not set */
    const char *role_arn;
    const char *image;   /* NULL or "": the built-in XGBoost of the region; hyperparameters of an
                            image that is not SageMaker's XGBoost are not looked at */
    const char *version; /* of the built-in XGBoost; NULL or "": SAGEMAKER_XGBOOST_VERSION */
    const char *volume_kms_key, *output_kms_key;
    const struct json *subnets, *security_groups; /* arrays of strings */
    const struct json *tags;                      /* {"key":"value"} */
    bool is_spot;
    int64_t max_wait_ms; /* spot: for capacity and training together; 0: twice the running time */
    const char *checkpoints; /* spot: "s3://bucket/prefix/"; the job's name is added */
    bool is_sharded; /* each machine gets its share of the training objects, and all validation */
};

/* "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"; false (permanent,
 * "no_image") for a region whose account is not known, or a version whose models cannot be read. */
bool sagemaker_image_uri(const char *region, const char *version, struct buf *out_uri,
                         struct error *err);

/* Gives the whole request: image, role, network, keys and spot added, channels that the container
 * refuses left out. Errors: "no_role", "no_image", "bad_hyperparameter" (permanent). */
struct json *sagemaker_complete_request(const struct json *request,
                                        const struct sagemaker_settings *settings,
                                        const char *region, struct error *err);

/* False (permanent) with "unknown_status" for a TrainingJobStatus that is in no table, "bad_answer"
 * for an answer that is none. */
bool sagemaker_read_job(const struct json *answer, struct training_job *out_job, struct error *err);

#endif
