/* A train stage's parameters turned into CreateTrainingJob's request. Pure; any thread.
 * https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html */
#ifndef GATEHOUSE_STAGES_TRAIN_REQUEST_H
#define GATEHOUSE_STAGES_TRAIN_REQUEST_H

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/ports/training_service.h"
#include "core/stages/parameters.h"

enum { TRAIN_PARAMETER_COUNT = 9 };
extern const struct parameter train_parameters[TRAIN_PARAMETER_COUNT];

/* What the table cannot say; values may still be references. */
bool train_check_parameters(const struct json *parameters, struct error *err);

struct train_request { /* borrowed */
    const struct json *parameters;
    const char *job_name, *intent, *run_id, *stage;
    int64_t limit_ms; /* of the job's running time; 0: the service's own */
};

/* "<prefix>-<intent>"; false when it is not a name SageMaker takes (1 to 63 of a-z A-Z 0-9 -). */
bool train_job_name(const struct json *parameters, const char *intent,
                    char out_name[TRAINING_NAME_SIZE], struct error *err);
struct json *train_request_json(const struct train_request *request);
/* Hyperparameter num_round as a number, 0 when there is none. */
int64_t train_num_round(const struct json *parameters);

#endif
