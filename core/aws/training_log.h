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
void training_log_free(struct training_log *log);   /* accepts NULL; no read may be active */
void training_log_cancel(struct training_log *log); /* of a read, if there is one */
/* The next lines for a request of the port, whose op is begun by the caller and finished here: what
 * came, or an empty text when there is nothing new; a log that does not exist yet is nothing new.
 */
void training_log_read(struct training_log *log, struct training_logs *req);

#endif
