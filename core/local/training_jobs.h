/* Training service on one machine: a folder for each job (training_folder.h) and a supervisor
 * process that outlives its creator (training_supervisor.h). Job folders are never removed, so a
 * name is taken for ever. A later process finds a job by its name alone: it starts the supervisor
 * when the creator died before it could, and ends a job whose supervisor was killed. Loop thread
 * only; the file work runs on pool threads. */
#ifndef GATEHOUSE_LOCAL_TRAINING_JOBS_H
#define GATEHOUSE_LOCAL_TRAINING_JOBS_H

#include "core/base/clock.h"
#include "core/ports/training_service.h"

struct training_jobs_spec { /* all copied but clock */
    const char *folder;     /* training/ in the state folder; made when missing */
    const char *lake;       /* folder of the local lake */
    const char
        *supervisor_program;   /* run as: PROGRAM __training-supervisor JOB MODEL_PROGRAM LAKE */
    const char *model_program; /* path of gatehouse-model */
    struct clock *clock;
};

/* Gives the service, to be freed with training_service_free, or NULL with err. Paths of
 * programs must be absolute. */
struct training_service *training_jobs_new(struct loop *loop, const struct training_jobs_spec *spec,
                                           struct error *err);

#endif
