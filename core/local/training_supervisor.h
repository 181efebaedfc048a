/* The process that carries one local training job from its folder to the published model. It runs
 * `gatehouse-model train` in a process group that dies with it. Started twice for a job, the second
 * ends at once. Straight-line and blocking: it is a program of its own. */
#ifndef GATEHOUSE_LOCAL_TRAINING_SUPERVISOR_H
#define GATEHOUSE_LOCAL_TRAINING_SUPERVISOR_H

#include "core/base/clock.h"

#define TRAINING_SUPERVISOR_VERB "__training-supervisor"

struct training_supervisor_spec { /* borrowed */
    const char *job_folder;
    const char *model_program;
    const char *lake;
    struct clock *clock;
};

/* Gives the exit code: 0 when the job has an end (whatever it is) or another supervisor has it, 1
 * when not even that could be recorded; then stderr says why. */
int training_supervisor_run(const struct training_supervisor_spec *spec);

#endif
