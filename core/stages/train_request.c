/* The request, member by member. A channel is the one object by its whole key: SageMaker trains on
 * every object whose key begins with what it is told. */
#include "core/stages/train_request.h"

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/stages/object_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PREFIX_MAX = 40,
    VALUE_MAX = 2500, /* SageMaker's limit of a hyperparameter */
    HYPERPARAMETERS_MAX = 100,
    DEFAULT_VOLUME_GB = 10,
    MS_PER_S = 1000,
};

static const char default_prefix[] = "credit-default-xgboost";

static const struct parameter channel_parameters[] = {
    PARAMETER_PLACE("train", true),
    PARAMETER_PLACE("validation", false),
    PARAMETER_PLACE("schema", true),
};

static const struct parameter output_parameters[] = {
    {.name = "bucket", .type = PARAMETER_TEXT, .is_required = true, .min = 3, .max = 63},
    {.name = "prefix", .type = PARAMETER_TEXT, .max = 900},
};

const struct parameter train_parameters[TRAIN_PARAMETER_COUNT] = {
    {.name = "job_name_prefix", .type = PARAMETER_TEXT, .min = 1, .max = PREFIX_MAX},
    {.name = "channels",
     .type = PARAMETER_OBJECT,
     .is_required = true,
     .members = channel_parameters,
     .member_count = sizeof(channel_parameters) / sizeof(channel_parameters[0])},
    {.name = "output",
     .type = PARAMETER_OBJECT,
     .is_required = true,
     .members = output_parameters,
     .member_count = sizeof(output_parameters) / sizeof(output_parameters[0])},
    {.name = "hyperparameters", .type = PARAMETER_OBJECT},
    {.name = "instance_type", .type = PARAMETER_TEXT, .min = 1, .max = 63},
    {.name = "instance_count", .type = PARAMETER_INTEGER, .min = 1, .max = 100},
    {.name = "volume_size_gb", .type = PARAMETER_INTEGER, .min = 1, .max = 16384},
    {.name = "image", .type = PARAMETER_TEXT, .max = 255},
    {.name = "role", .type = PARAMETER_TEXT, .max = 2048},
};

/* A list becomes "a,b", as the container wants eval_metric. Gives memory; NULL: no such form. */
static char *hyperparameter_text(const struct json *value)
{
    const char *text;
    if (json_as_text(value, &text)) {
        return xstrdup(text);
    }
    if (json_is_number(value) || json_is_bool(value)) {
        return json_print(value);
    }
    struct buf list;
    bool is_good = json_is_array(value) && json_count(value) > 0;
    buf_init(&list, VALUE_MAX);
    for (const struct json *item = json_first(value); item != NULL; item = json_next(item)) {
        is_good = is_good && json_as_text(item, &text) && strchr(text, ',') == NULL &&
                  buf_printf(&list, "%s%s", list.len > 0 ? "," : "", text);
    }
    char *joined = is_good ? buf_take(&list) : NULL;
    buf_done(&list);
    return joined;
}

static bool check_hyperparameter(const struct json *value, struct error *err)
{
    char *text = hyperparameter_text(value);
    bool is_good = text != NULL && strlen(text) <= VALUE_MAX;
    free(text);
    return is_good || error_set(err, ERROR_PERMANENT, "bad_parameter",
                                "parameter 'hyperparameters.%.80s' must be a string, a number, a "
                                "boolean or a list of strings, up to %d bytes",
                                json_name(value), VALUE_MAX);
}

static bool check_num_round(const struct json *parameters, struct error *err)
{
    const struct json *value = json_get(json_get(parameters, "hyperparameters"), "num_round");
    return value == NULL || parameters_is_reference(value) || train_num_round(parameters) > 0 ||
           error_set(err, ERROR_PERMANENT, "bad_parameter",
                     "parameter 'hyperparameters.num_round' must be a whole number from 1");
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

static bool is_job_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!is_name_char(name.ptr[i])) {
            return false;
        }
    }
    return name.len > 0 && name.len < TRAINING_NAME_SIZE && name.ptr[0] != '-' &&
           name.ptr[name.len - 1] != '-';
}

static bool fail_name(struct error *err, const char *name)
{
    return error_set(err, ERROR_PERMANENT, "bad_parameter",
                     "training job name '%.120s' must be 1 to %d of a-z A-Z 0-9 and -, not at the "
                     "ends; shorten or mend 'job_name_prefix'",
                     name, TRAINING_NAME_SIZE - 1);
}

bool train_check_parameters(const struct json *parameters, struct error *err)
{
    const struct json *values = json_get(parameters, "hyperparameters");
    const struct json *prefix = json_get(parameters, "job_name_prefix");
    const char *text;
    if (json_count(values) > HYPERPARAMETERS_MAX) {
        return error_set(err, ERROR_PERMANENT, "bad_parameter",
                         "parameter 'hyperparameters' has more than %d members",
                         HYPERPARAMETERS_MAX);
    }
    for (const struct json *value = json_first(values); value != NULL; value = json_next(value)) {
        if (!check_hyperparameter(value, err)) {
            return false;
        }
    }
    if (!parameters_is_reference(prefix) && json_as_text(prefix, &text) &&
        !is_job_name(str_from(text))) {
        return fail_name(err, text);
    }
    return check_num_round(parameters, err);
}

bool train_job_name(const struct json *parameters, const char *intent,
                    char out_name[TRAINING_NAME_SIZE], struct error *err)
{
    char *name =
        xasprintf("%s-%s", json_text_or(parameters, "job_name_prefix", default_prefix), intent);
    bool is_good = is_job_name(str_from(name)) || fail_name(err, name);
    if (is_good) {
        snprintf(out_name, TRAINING_NAME_SIZE, "%s", name);
    }
    free(name);
    return is_good;
}

int64_t train_num_round(const struct json *parameters)
{
    const struct json *value = json_get(json_get(parameters, "hyperparameters"), "num_round");
    const char *text;
    int64_t count = 0;
    if (json_as_text(value, &text)) {
        str_to_i64(str_from(text), &count);
    } else {
        json_as_int(value, &count);
    }
    return count > 0 ? count : 0;
}

static struct json *hyperparameters_json(const struct json *values)
{
    struct json *texts = json_object();
    for (const struct json *value = json_first(values); value != NULL; value = json_next(value)) {
        char *text = hyperparameter_text(value);
        json_set_text(texts, json_name(value), text);
        free(text);
    }
    return texts;
}

static struct json *channel_json(const char *name, const char *content_type,
                                 const struct object_place *place)
{
    struct json *channel = json_object();
    struct json *source = json_object();
    struct json *s3 = json_object();
    char *uri = xasprintf("s3://%s/%s", place->bucket, place->key);
    json_set_text(s3, "S3DataType", "S3Prefix");
    json_set_text(s3, "S3Uri", uri);
    json_set_text(s3, "S3DataDistributionType", "FullyReplicated");
    json_set(source, "S3DataSource", s3);
    json_set_text(channel, "ChannelName", name);
    json_set_text(channel, "ContentType", content_type);
    json_set_text(channel, "InputMode", "File");
    json_set(channel, "DataSource", source);
    free(uri);
    return channel;
}

static struct json *channels_json(const struct json *channels)
{
    static const struct {
        const char *name, *content_type;
    } table[] = {{"train", "text/csv"}, {"validation", "text/csv"}, {"schema", "application/json"}};
    struct json *list = json_array();
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct object_place place;
        if (object_place_read(json_get(channels, table[i].name), &place)) {
            json_append(list, channel_json(table[i].name, table[i].content_type, &place));
        }
    }
    return list;
}

static struct json *algorithm_json(const struct json *parameters)
{
    struct json *algorithm = json_object();
    const char *image = json_text_or(parameters, "image", "");
    if (image[0] != '\0') {
        json_set_text(algorithm, "TrainingImage", image);
    }
    json_set_text(algorithm, "TrainingInputMode", "File");
    return algorithm;
}

static struct json *output_json(const struct json *output)
{
    struct json *config = json_object();
    struct str prefix = str_from(json_text_or(output, "prefix", "xgboost-model-artifacts/"));
    while (prefix.len > 0 && prefix.ptr[prefix.len - 1] == '/') {
        prefix.len--;
    }
    char *uri = xasprintf("s3://%s%s" STR_FMT, json_text_or(output, "bucket", ""),
                          prefix.len > 0 ? "/" : "", STR_ARG(prefix));
    json_set_text(config, "S3OutputPath", uri);
    free(uri);
    return config;
}

static struct json *resource_json(const struct json *parameters)
{
    struct json *resource = json_object();
    json_set_text(resource, "InstanceType",
                  json_text_or(parameters, "instance_type", "ml.m5.xlarge"));
    json_set_int(resource, "InstanceCount", json_int_or(parameters, "instance_count", 1));
    json_set_int(resource, "VolumeSizeInGB",
                 json_int_or(parameters, "volume_size_gb", DEFAULT_VOLUME_GB));
    return resource;
}

static void append_tag(struct json *tags, const char *key, const char *value)
{
    struct json *tag = json_object();
    json_set_text(tag, "Key", key);
    json_set_text(tag, "Value", value);
    json_append(tags, tag);
}

static struct json *tags_json(const struct train_request *request)
{
    struct json *tags = json_array();
    append_tag(tags, "gatehouse:run", request->run_id);
    append_tag(tags, "gatehouse:stage", request->stage);
    append_tag(tags, "gatehouse:intent", request->intent);
    return tags;
}

/* Our own clock stops the job in time; this one is for a job whose runner is dead. */
static struct json *stopping_json(int64_t limit_ms)
{
    struct json *stopping = json_object();
    int64_t limit_s = (limit_ms + MS_PER_S - 1) / MS_PER_S;
    json_set_int(stopping, "MaxRuntimeInSeconds", limit_s);
    return stopping;
}

struct json *train_request_json(const struct train_request *request)
{
    const struct json *parameters = request->parameters;
    const char *role = json_text_or(parameters, "role", "");
    struct json *json = json_object();
    struct json *environment = json_object();
    json_set_text(environment, "GATEHOUSE_INTENT", request->intent);
    json_set_text(json, "TrainingJobName", request->job_name);
    json_set(json, "HyperParameters",
             hyperparameters_json(json_get(parameters, "hyperparameters")));
    json_set(json, "AlgorithmSpecification", algorithm_json(parameters));
    if (role[0] != '\0') {
        json_set_text(json, "RoleArn", role);
    }
    json_set(json, "InputDataConfig", channels_json(json_get(parameters, "channels")));
    json_set(json, "OutputDataConfig", output_json(json_get(parameters, "output")));
    json_set(json, "ResourceConfig", resource_json(parameters));
    if (request->limit_ms > 0) {
        json_set(json, "StoppingCondition", stopping_json(request->limit_ms));
    }
    json_set(json, "Environment", environment);
    json_set(json, "Tags", tags_json(request));
    return json;
}
