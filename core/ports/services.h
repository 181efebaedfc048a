/* The ports a run uses, put together by the composition root (core/app). */
#ifndef GATEHOUSE_PORTS_SERVICES_H
#define GATEHOUSE_PORTS_SERVICES_H

struct services {
    struct object_store *objects;
    struct function_service *functions;
    struct training_service *training;
    struct database *database;
    const char *model_program; /* path of gatehouse-model, for evaluation in a child */
};

#endif
