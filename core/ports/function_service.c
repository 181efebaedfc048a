/* Dispatch to the adapter. */
#include "core/ports/function_service.h"

#include <stdlib.h>

void function_list_start(struct function_service *service, struct function_list *req)
{
    req->names = NULL;
    req->count = 0;
    service->ops->list(service, req);
}

void function_list_done(struct function_list *req)
{
    for (size_t i = 0; i < req->count; i++) {
        free(req->names[i]);
    }
    free(req->names);
    req->names = NULL;
    req->count = 0;
}

void function_check_start(struct function_service *service, struct function_check *req)
{
    service->ops->check(service, req);
}

void function_invoke_start(struct function_service *service, struct function_invoke *req)
{
    req->result = NULL;
    service->ops->invoke(service, req);
}

void function_invoke_done(struct function_invoke *req)
{
    json_free(req->result);
    req->result = NULL;
}

void function_service_free(struct function_service *service)
{
    if (service != NULL) {
        service->ops->free(service);
    }
}
