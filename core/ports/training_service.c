/* Dispatch to the adapter, and the one table of SageMaker's statuses. */
#include "core/ports/training_service.h"

/* https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html,
 * TrainingJobStatus */
static const struct {
    const char *status;
    enum training_state state;
} statuses[] = {
    {"InProgress", TRAINING_RUNNING},  {"Stopping", TRAINING_RUNNING},
    {"Completed", TRAINING_SUCCEEDED}, {"Failed", TRAINING_FAILED},
    {"Stopped", TRAINING_STOPPED},     {"Deleting", TRAINING_STOPPED},
};

bool training_state_from_status(struct str status, enum training_state *out_state)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (str_eq(status, str_from(statuses[i].status))) {
            *out_state = statuses[i].state;
            return true;
        }
    }
    return false;
}

void training_create_start(struct training_service *service, struct training_create *req)
{
    service->ops->create(service, req);
}

void training_describe_start(struct training_service *service, struct training_describe *req)
{
    service->ops->describe(service, req);
}

void training_stop_start(struct training_service *service, struct training_stop *req)
{
    service->ops->stop(service, req);
}

void training_logs_start(struct training_service *service, struct training_logs *req)
{
    service->ops->logs(service, req);
}

void training_logs_done(struct training_logs *req)
{
    buf_done(&req->text);
    if (req->handle != NULL) {
        req->free_handle(req->handle);
        req->handle = NULL;
    }
}

void training_service_free(struct training_service *service)
{
    if (service != NULL) {
        service->ops->free(service);
    }
}
