/* Which adapter stands behind which port. */
#include "core/app/backend.h"

#include "core/app/app.h"
#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/secret.h"
#include "core/local/cluster_database.h"
#include "core/local/folder_store.h"
#include "core/local/function_child.h"
#include "core/local/training_jobs.h"
#include "core/net/pg.h"
#include "core/ports/database.h"
#include "core/ports/function_service.h"
#include "core/ports/object_store.h"
#include "core/ports/training_service.h"

#include <stdlib.h>

/* A sanitized program reserves terabytes of addresses, so it cannot be limited by them. */
#ifdef __SANITIZE_ADDRESS__
enum { CAN_LIMIT_ADDRESSES = 0 };
#else
enum { CAN_LIMIT_ADDRESSES = 1 };
#endif

bool backend_has_cluster(const struct config *config)
{
    return *config_text(config, CONFIG_database_dsn) == '\0';
}

struct cluster_settings backend_cluster_settings(const struct config *config,
                                                 const char *state_folder)
{
    const char *binaries = config_text(config, CONFIG_local_postgres_binaries);
    return (struct cluster_settings){
        .state_folder = state_folder,
        .bin_folder = *binaries == '\0' ? NULL : binaries,
    };
}

static struct database *make_database(struct backend *backend, const struct config *config,
                                      const char *state_folder)
{
    struct pg_settings settings = {
        .dsn = config_text(config, CONFIG_database_dsn),
        .statement_timeout_ms = config_int(config, CONFIG_database_statement_timeout),
    };
    if (!backend_has_cluster(config)) {
        return pg_database_new(backend->loop, &settings);
    }
    struct cluster_settings cluster = backend_cluster_settings(config, state_folder);
    return cluster_database_new(backend->loop, &cluster, &settings);
}

/* Only the function that reads the profiles is told how to reach them. */
static struct function_service *make_functions(struct backend *backend, const struct config *config,
                                               const char *state_folder)
{
    const char *const dsn_for[] = {config_text(config, CONFIG_functions_clean_profiles), NULL};
    int64_t memory = config_int(config, CONFIG_local_function_memory);
    struct cluster_settings cluster = backend_cluster_settings(config, state_folder);
    struct secret dsn = {.ptr = NULL};
    struct function_child_spec spec = {
        .program = backend->function_program,
        .lake = backend->lake,
        .dsn = &dsn,
        .dsn_for = dsn_for,
        .timeout_ms = config_int(config, CONFIG_local_function_timeout),
        .memory_limit_bytes = CAN_LIMIT_ADDRESSES ? (uint64_t)memory : 0,
    };
    if (backend_has_cluster(config)) {
        spec.provide_dsn = cluster_dsn_provide;
        spec.provider_context = cluster_dsn_new(backend->loop, &cluster);
        spec.provider_free = cluster_dsn_free;
    } else {
        secret_set(&dsn, str_from(config_text(config, CONFIG_database_dsn)));
    }
    struct function_service *functions = function_child_new(backend->loop, &spec);
    secret_done(&dsn);
    return functions;
}

static bool make_training(struct backend *backend, const char *state_folder, struct error *err)
{
    char *folder = file_join(state_folder, "training");
    char *self = app_program("", "gatehouse");
    struct training_jobs_spec spec = {
        .folder = folder,
        .lake = backend->lake,
        .supervisor_program = self,
        .model_program = backend->model_program,
        .clock = clock_system(),
    };
    backend->services.training = training_jobs_new(backend->loop, &spec, err);
    free(self);
    free(folder);
    return backend->services.training != NULL;
}

bool backend_init(struct backend *backend, const struct config *config, const char *state_folder,
                  struct error *err)
{
    *backend = (struct backend){
        .loop = loop_new(),
        .lake = file_join(state_folder, "lake"),
        .function_program =
            app_program(config_text(config, CONFIG_local_function_program), "gatehouse-function"),
        .model_program =
            app_program(config_text(config, CONFIG_local_model_program), "gatehouse-model"),
    };
    backend->services.model_program = backend->model_program;
    backend->services.objects = folder_store_new(backend->loop, backend->lake, err);
    if (backend->services.objects == NULL || !make_training(backend, state_folder, err)) {
        return false;
    }
    backend->services.functions = make_functions(backend, config, state_folder);
    backend->services.database = make_database(backend, config, state_folder);
    return true;
}

void backend_done(struct backend *backend)
{
    function_service_free(backend->services.functions);
    training_service_free(backend->services.training);
    database_free(backend->services.database);
    object_store_free(backend->services.objects);
    loop_free(backend->loop);
    free(backend->lake);
    free(backend->function_program);
    free(backend->model_program);
}
