/* The training service port on Amazon SageMaker: CreateTrainingJob, DescribeTrainingJob,
 * StopTrainingJob, and the job's log in CloudWatch. Loop thread only.
 * https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Operations_Amazon_SageMaker_Service.html
 */
#ifndef GATEHOUSE_AWS_SAGEMAKER_SERVICE_H
#define GATEHOUSE_AWS_SAGEMAKER_SERVICE_H

#include "core/aws/sagemaker_message.h"
#include "core/aws/session.h"

enum {
    SAGEMAKER_POLL_FIRST_MS = 5000, /* and up to six times as much */
    SAGEMAKER_LOG_LAG_MS = 15000,
    SAGEMAKER_STALL_MS = 20000,       /* its answers are small and come within a second or two */
    SAGEMAKER_GATE_INTERVAL_MS = 200, /* five descriptions a second, of all runs together */
    SAGEMAKER_GATE_BURST = 10,
};

/* gate_file: shared by all runners of this machine, see poll_gate.h; NULL: none. poll_first_ms: 0
 * for SAGEMAKER_POLL_FIRST_MS. session and what settings
 * point to are borrowed. training_service_free releases
 * it, when nothing is active. Errors keep SageMaker's code, but for the port's own: "name_taken",
 * "not_found". */
struct training_service *sagemaker_service_new(struct aws_session *session,
                                               const struct sagemaker_settings *settings,
                                               const char *gate_file, int64_t poll_first_ms);

#endif
