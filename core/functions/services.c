/* The functions' own composition root. */
#include "core/functions/services.h"

#include "core/aws/s3_store.h"
#include "core/aws/session.h"
#include "core/base/environment.h"
#include "core/functions/database_secret.h"
#include "core/local/folder_store.h"
#include "core/net/pg.h"

#include <string.h>

/* Several objects are read and written at the same time: few parts each keep the memory small. */
enum { S3_PARTS_AT_A_TIME = 2 };

static bool make_session(struct function_services *services, const char *const *environment,
                         struct error *err)
{
    struct aws_session_spec spec = {.environment = environment};
    services->session = aws_session_new(services->loop, &spec, err);
    return services->session != NULL;
}

static bool make_objects(struct function_services *services, const char *const *environment,
                         struct error *err)
{
    const char *lake = environment_get(environment, "GATEHOUSE_LAKE");
    if (lake != NULL) {
        services->objects = folder_store_new(services->loop, lake, err);
        return services->objects != NULL;
    }
    if (environment_get(environment, "AWS_REGION") == NULL) {
        return error_set(err, ERROR_PERMANENT, "no_lake",
                         "neither GATEHOUSE_LAKE nor AWS_REGION says where the objects are");
    }
    struct s3_settings settings = {.parallel = S3_PARTS_AT_A_TIME};
    if (!make_session(services, environment, err)) {
        return false;
    }
    services->objects = s3_store_new(services->session, &settings);
    return true;
}

static bool make_database(struct function_services *services, const char *const *environment,
                          struct error *err)
{
    const char *dsn = environment_get(environment, "GATEHOUSE_DATABASE_DSN");
    const char *secret = environment_get(environment, "GATEHOUSE_DATABASE_SECRET");
    struct pg_settings settings = {.dsn = dsn};
    if (dsn == NULL) {
        return true;
    }
    if (secret != NULL) {
        if (services->session == NULL && !make_session(services, environment, err)) {
            return false;
        }
        settings.provide_dsn = database_secret_provide;
        settings.provider_context = database_secret_new(services->session, dsn, secret);
        settings.provider_free = database_secret_free;
    }
    services->database = pg_database_new(services->loop, &settings);
    return true;
}

bool function_services_init(struct function_services *services, const char *const *environment,
                            struct error *err)
{
    *services = (struct function_services){.loop = loop_new()};
    return make_objects(services, environment, err) && make_database(services, environment, err);
}

void function_services_done(struct function_services *services)
{
    database_free(services->database);
    object_store_free(services->objects);
    aws_session_free(services->session);
    loop_free(services->loop);
    *services = (struct function_services){0};
}

struct json *function_call(struct function_services *services, const struct function *function,
                           const struct json *event, int64_t deadline_ms, struct error *err)
{
    struct function_context context = {
        .loop = services->loop,
        .clock = clock_system(),
        .objects = services->objects,
        .database = function->needs_database ? services->database : NULL,
        .deadline_ms = deadline_ms,
    };
    if (!json_is_object(event)) {
        error_set(err, ERROR_PERMANENT, "bad_event", "the event is not a JSON object");
        return NULL;
    }
    return function->run(&context, event, err);
}
