/* The log of a training job in CloudWatch: the streams of all its machines, followed by their
 * forward tokens. Loop thread only.
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html */
#ifndef GATEHOUSE_AWS_TRAINING_LOG_H
#define GATEHOUSE_AWS_TRAINING_LOG_H

#include "core/aws/call.h"
#include "core/ports/training_service.h"

#define TRAINING_LOG_GROUP "/aws/sagemaker/TrainingJobs"

struct training_log; /* where the reading of one job's log stands */

struct training_log *training_log_new(struct aws_session *session, const char *job_name);
void training_log_free(struct training_log *log); /* accepts NULL; no read may be active */
const char *training_log_job(const struct training_log *log);
void training_log_cancel(struct training_log *log); /* of a read, if there is one */
/* The next lines for a request of the port, its op begun by the caller: done is called with what
 * came, or with an empty text when there is nothing new; a log that does not exist yet is nothing
 * new. */
typedef void (*training_log_done_fn)(struct training_logs *req, const struct error *err);
void training_log_read(struct training_log *log, struct training_logs *req,
                       training_log_done_fn done);

#endif
