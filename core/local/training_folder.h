/* What lies in the folder of a local training job, and the rules by which the service and the
 * supervisor share it. Blocking; any thread.
 *   request.json   CreateTrainingJob's request as it came; never changes
 *   status.json    DescribeTrainingJob's answer (times: Unix ms); replaced atomically
 *   job.lock       held by the supervisor as long as it lives; the kernel names its pid
 *   spawned        a byte for each time a supervisor was started
 *   started        made once, by the supervisor that runs the job: no other will run it again
 *   stop           somebody wants it to end
 *   training.log   what the trainer printed        supervisor.log  what the supervisor complains of
 *   ml/            the trainer's /opt/ml
 * Who may write status.json: who holds the lock. The status of a job that is final stays. */
#ifndef GATEHOUSE_LOCAL_TRAINING_FOLDER_H
#define GATEHOUSE_LOCAL_TRAINING_FOLDER_H

#include "core/base/error.h"
#include "core/base/json.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { TRAINING_LOG_MAX_READ = 1 << 20 };

/* "s3://bucket/some/prefix" taken apart: the prefix may be empty and may end in '/'. Outputs are
 * given (free()). Permanent, code "bad_request". */
bool training_parse_prefix(const char *uri, char **out_bucket, char **out_prefix,
                           struct error *err);

/* ---- request and status; gives a tree, or NULL with err */
struct json *training_folder_load(const char *folder, const char *name, struct error *err);
bool training_folder_save(const char *folder, const char *name, const struct json *json,
                          struct error *err);

struct json *training_status_new(const char *job_name, int64_t now_ms); /* InProgress, Starting */
bool training_status_is_final(const struct json *status);
/* Moves it on: TrainingJobStatus, SecondaryStatus and the list of transitions with their times. */
void training_status_set(struct json *status, const char *job_status, const char *secondary,
                         int64_t now_ms);
/* Failed, with a reason "AlgorithmError: ..." or "InternalServerError: ..."; made printable. */
void training_status_fail(struct json *status, const char *reason, int64_t now_ms);

/* ---- marks */
bool training_folder_has(const char *folder, const char *name);
bool training_folder_mark(const char *folder, const char *name, struct error *err);

/* ---- the lock */
struct training_holder {
    bool is_held;
    pid_t pid; /* > 0: a supervisor we can see */
};
struct training_holder training_lock_holder(const char *folder);
/* For a supervisor: by process (fcntl), so that its pid is known. False: it is held. The process
 * must never open job.lock again. */
bool training_lock_hold(const char *folder, int *out_fd);
/* For others, to write an end in a dead supervisor's place: by descriptor, released by close(). */
bool training_lock_borrow(const char *folder, int *out_fd);

#endif
