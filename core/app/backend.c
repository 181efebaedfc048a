/* Which adapter stands behind which port. */
#include "core/app/backend.h"

#include "core/app/aws_session.h"
#include "core/aws/call.h"
#include "core/aws/lambda_service.h"
#include "core/aws/s3_store.h"
#include "core/aws/sagemaker_hyperparameters.h"
#include "core/aws/sagemaker_service.h"
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
#include "core/stages/train_request.h"

#include <stdlib.h>
#include <string.h>

/* A sanitized program reserves terabytes of addresses, so it cannot be limited by them. */
#ifdef __SANITIZE_ADDRESS__
enum { CAN_LIMIT_ADDRESSES = 0 };
#else
enum { CAN_LIMIT_ADDRESSES = 1 };
#endif

bool backend_is_aws(const struct config *config, enum config_id port)
{
    return strcmp(config_text(config, port), "aws") == 0;
}

bool backend_check_reach(const struct config *config, struct error *err)
{
    static const enum config_id followers[] = {CONFIG_backend_function_service,
                                               CONFIG_backend_training_service};
    const char *objects = config_text(config, CONFIG_backend_object_store);
    for (size_t i = 0; i < sizeof(followers) / sizeof(followers[0]); i++) {
        const char *backend = config_text(config, followers[i]);
        if (strcmp(backend, objects) != 0) {
            return error_set(err, ERROR_PERMANENT, "bad_backends",
                             "backend.%s is \"%s\" (%s) and cannot reach objects that are on "
                             "\"%s\" (backend.object_store, %s): choose the same for both",
                             config_key(followers[i])->name, backend,
                             config->values[followers[i]].origin, objects,
                             config->values[CONFIG_backend_object_store].origin);
        }
    }
    return true;
}

bool backend_check_role(const struct config *config, struct error *err)
{
    bool has_training = false;
    for (size_t i = 0; i < config->dag->count; i++) {
        has_training = has_training || strcmp(config->dag->stages[i].kind, "train") == 0;
    }
    return !has_training || !backend_is_aws(config, CONFIG_backend_training_service) ||
           *config_text(config, CONFIG_training_role) != '\0' ||
           error_set(err, ERROR_PERMANENT, "bad_config",
                     "training.role is empty: set the ARN of SageMaker's execution role, "
                     "arn:aws:iam::111122223333:role/NAME");
}

/* What comes from another stage is not known before the run. */
static bool are_known(const struct json *hyperparameters)
{
    bool is_known = json_is_object(hyperparameters);
    for (const struct json *at = json_first(hyperparameters); at != NULL; at = json_next(at)) {
        is_known = is_known && !parameters_is_reference(at);
    }
    return is_known;
}

static bool check_hyperparameters(const struct config *config, const struct stage_def *stage,
                                  struct error *err)
{
    const struct json *parameters = stage->parameters;
    const char *image = json_text_or(parameters, "image", "");
    image = *image == '\0' ? config_text(config, CONFIG_training_image) : image;
    if (!sagemaker_is_xgboost(image) || !are_known(json_get(parameters, "hyperparameters"))) {
        return true;
    }
    struct train_request request = {
        .parameters = parameters, .job_name = "", .intent = "", .run_id = "", .stage = stage->name};
    struct json *json = train_request_json(&request);
    bool is_good = sagemaker_check_hyperparameters(json_get(json, "HyperParameters"), err);
    json_free(json);
    return is_good || error_prefix(err, "stage %s", stage->name);
}

bool backend_check_hyperparameters(const struct config *config, struct error *err)
{
    bool is_good = true;
    if (!backend_is_aws(config, CONFIG_backend_training_service)) {
        return true;
    }
    for (size_t i = 0; i < config->dag->count && is_good; i++) {
        const struct stage_def *stage = &config->dag->stages[i];
        is_good = strcmp(stage->kind, "train") != 0 || check_hyperparameters(config, stage, err);
    }
    return is_good;
}

bool backend_trains_in(const struct config *config, const char *bucket)
{
    return backend_is_aws(config, CONFIG_backend_training_service) &&
           (strcmp(bucket, config_text(config, CONFIG_data_training_bucket)) == 0 ||
            strcmp(bucket, config_text(config, CONFIG_data_models_bucket)) == 0);
}

bool backend_has_cluster(const struct config *config)
{
    return !backend_is_aws(config, CONFIG_backend_database) &&
           *config_text(config, CONFIG_database_dsn) == '\0';
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
static struct function_service *make_children(struct backend *backend, const struct config *config,
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

static struct function_service *make_functions(struct backend *backend, const struct config *config,
                                               const char *state_folder)
{
    struct lambda_settings defaults = {0};
    return backend_is_aws(config, CONFIG_backend_function_service)
               ? lambda_service_new(backend->aws, &defaults)
               : make_children(backend, config, state_folder);
}

static void make_sagemaker(struct backend *backend, const struct config *config,
                           const char *state_folder)
{
    struct sagemaker_settings settings = {
        .role_arn = config_text(config, CONFIG_training_role),
        .image = config_text(config, CONFIG_training_image),
        .version = config_text(config, CONFIG_training_container_version),
        .volume_kms_key = config_text(config, CONFIG_training_volume_kms_key),
        .output_kms_key = config_text(config, CONFIG_training_output_kms_key),
        .subnets = config->values[CONFIG_training_subnets].value,
        .security_groups = config->values[CONFIG_training_security_groups].value,
        .tags = config->values[CONFIG_training_tags].value,
        .is_spot = config_bool(config, CONFIG_training_spot),
        .max_wait_ms = config_int(config, CONFIG_training_spot_wait),
        .checkpoints = config_text(config, CONFIG_training_checkpoints),
        .is_sharded = config_bool(config, CONFIG_training_sharded),
    };
    char *gate = file_join(state_folder, "sagemaker-polls");
    backend->services.training = sagemaker_service_new(
        backend->aws, &settings, gate, config_int(config, CONFIG_training_poll_interval));
    free(gate);
}

static bool make_training(struct backend *backend, const struct config *config,
                          const char *state_folder, struct error *err)
{
    if (backend_is_aws(config, CONFIG_backend_training_service)) {
        make_sagemaker(backend, config, state_folder);
        return true;
    }
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

static bool make_objects(struct backend *backend, const struct config *config, struct error *err)
{
    if (!backend_is_aws(config, CONFIG_backend_object_store)) {
        backend->services.objects = folder_store_new(backend->loop, backend->lake, err);
        return backend->services.objects != NULL;
    }
    struct s3_settings settings = {
        .encryption = config_text(config, CONFIG_aws_s3_encryption),
        .kms_key_id = config_text(config, CONFIG_aws_s3_kms_key),
    };
    backend->services.objects = s3_store_new(backend->aws, &settings);
    return true;
}

static bool make_session(struct backend *backend, const struct app *app, struct error *err)
{
    static const enum config_id ports[] = {CONFIG_backend_object_store,
                                           CONFIG_backend_function_service,
                                           CONFIG_backend_training_service};
    bool is_needed = false;
    for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
        is_needed = is_needed || backend_is_aws(app->config, ports[i]);
    }
    if (is_needed) {
        backend->aws =
            aws_session_of_config(app->config, app->request.environment, backend->loop, err);
    }
    return !is_needed || backend->aws != NULL;
}

bool backend_init(struct backend *backend, const struct app *app, struct error *err)
{
    const struct config *config = app->config;
    *backend = (struct backend){
        .loop = loop_new(),
        .lake = file_join(app->state_folder, "lake"),
        .function_program =
            app_program(config_text(config, CONFIG_local_function_program), "gatehouse-function"),
        .model_program =
            app_program(config_text(config, CONFIG_local_model_program), "gatehouse-model"),
    };
    backend->services.model_program = backend->model_program;
    if (!make_session(backend, app, err) || !make_objects(backend, config, err) ||
        !make_training(backend, config, app->state_folder, err)) {
        return false;
    }
    backend->services.functions = make_functions(backend, config, app->state_folder);
    backend->services.database = make_database(backend, config, app->state_folder);
    return true;
}

/* A run that was let go of may leave calls under way. */
void backend_done(struct backend *backend)
{
    if (backend->aws != NULL) {
        aws_calls_stop(backend->aws);
    }
    function_service_free(backend->services.functions);
    training_service_free(backend->services.training);
    database_free(backend->services.database);
    object_store_free(backend->services.objects);
    aws_session_free(backend->aws);
    loop_free(backend->loop);
    free(backend->lake);
    free(backend->function_program);
    free(backend->model_program);
}
