/* One table of what each kind of stage asks, and the price of machines. */
#include "core/app/plan_calls.h"

#include "core/app/backend.h"
#include "core/base/alloc.h"
#include "core/base/file.h"

#include <stdlib.h>
#include <string.h>

enum resource {                     /* what a call is about */
                RESOURCE_FUNCTIONS, /* each of the parameter functions */
                RESOURCE_FUNCTION,
                RESOURCE_DESTINATION, /* where a function writes */
                RESOURCE_DATA,        /* the sets that are trained and judged on */
                RESOURCE_JOB,
                RESOURCE_LOG,
                RESOURCE_MODEL,
};

static const struct {
    const char *kind;
    enum config_id port;
    const char *service, *operation;
    enum resource resource;
} calls[] = {
    {"function_check", CONFIG_backend_function_service, "Lambda",
     "GetFunctionConfiguration, Invoke (DryRun)", RESOURCE_FUNCTIONS},
    {"function_invoke", CONFIG_backend_function_service, "Lambda", "Invoke", RESOURCE_FUNCTION},
    {"function_invoke", CONFIG_backend_object_store, "S3", "HeadObject", RESOURCE_DESTINATION},
    {"train", CONFIG_backend_object_store, "S3", "HeadObject, GetObject", RESOURCE_DATA},
    {"train", CONFIG_backend_training_service, "SageMaker",
     "CreateTrainingJob, DescribeTrainingJob until it ends (StopTrainingJob to stop it)",
     RESOURCE_JOB},
    {"train", CONFIG_backend_training_service, "CloudWatch Logs",
     "DescribeLogStreams, GetLogEvents until it ends", RESOURCE_LOG},
    {"train", CONFIG_backend_object_store, "S3", "HeadObject", RESOURCE_MODEL},
    {"evaluate", CONFIG_backend_training_service, "SageMaker", "DescribeTrainingJob", RESOURCE_JOB},
    {"evaluate", CONFIG_backend_object_store, "S3", "HeadObject, GetObject", RESOURCE_MODEL},
    {"evaluate", CONFIG_backend_object_store, "S3", "HeadObject, GetObject", RESOURCE_DATA},
};

static bool is_train(const struct stage_def *def)
{
    return strcmp(def->kind, "train") == 0;
}

/* The stage whose job a stage is about: itself, or the one upstream that trains. */
static size_t training_stage(const struct dag *dag, size_t stage)
{
    for (size_t i = 0; i < dag->count; i++) {
        if (is_train(&dag->stages[i]) && (i == stage || dag_is_upstream(dag, i, stage))) {
            return i;
        }
    }
    return stage;
}

static char *job_name(const struct dag *dag, size_t stage, const char *run)
{
    size_t at = training_stage(dag, stage);
    return xasprintf("%s-%s-%zu-%s",
                     json_text_or(dag->stages[at].parameters, "job_name_prefix", "JOB"),
                     run == NULL ? "<run>" : run, at + 1, run == NULL ? "1" : "<try>");
}

static char *model_prefix(const struct dag *dag, size_t stage, const char *run)
{
    const struct json *output =
        json_get(dag->stages[training_stage(dag, stage)].parameters, "output");
    char *job = job_name(dag, stage, run);
    char *text = xasprintf("s3://%s/%s%s/output/model.tar.gz", json_text_or(output, "bucket", ""),
                           json_text_or(output, "prefix", ""), job);
    free(job);
    return text;
}

/* Gives memory for free(). */
static char *describe(const struct config *config, const struct dag *dag, size_t stage,
                      enum resource resource, const char *run)
{
    const struct json *parameters = dag->stages[stage].parameters;
    const struct json *place = json_get(json_get(parameters, "payload"), "destination");
    char *job = NULL, *text = NULL;
    switch (resource) {
    case RESOURCE_FUNCTIONS:
    case RESOURCE_FUNCTION:
        return xstrdup(json_text_or(parameters, "function", ""));
    case RESOURCE_DESTINATION:
        return xasprintf("s3://%s/", json_text_or(place, "bucket", ""));
    case RESOURCE_DATA:
        return xasprintf("s3://%s/", config_text(config, CONFIG_data_training_bucket));
    case RESOURCE_JOB:
        return job_name(dag, stage, run);
    case RESOURCE_LOG:
        job = job_name(dag, stage, run);
        text = xasprintf("/aws/sagemaker/TrainingJobs, %s/", job);
        free(job);
        return text;
    case RESOURCE_MODEL:
        return model_prefix(dag, stage, run);
    }
    return xstrdup("");
}

static void append(struct json *list, size_t call, const char *resource)
{
    struct json *json = json_object();
    json_set_text(json, "service", calls[call].service);
    json_set_text(json, "operation", calls[call].operation);
    json_set_text(json, "resource", resource);
    json_append(list, json);
}

static void append_each(struct json *list, size_t call, const struct json *names)
{
    for (const struct json *at = json_first(names); at != NULL; at = json_next(at)) {
        const char *name = "";
        json_as_text(at, &name);
        append(list, call, name);
    }
}

struct json *plan_calls(const struct config *config, const struct dag *dag, size_t stage,
                        const char *run)
{
    const struct stage_def *def = &dag->stages[stage];
    struct json *list = json_array();
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if (strcmp(calls[i].kind, def->kind) != 0 || !backend_is_aws(config, calls[i].port)) {
            continue;
        }
        if (calls[i].resource == RESOURCE_FUNCTIONS) {
            append_each(list, i, json_get(def->parameters, "functions"));
            continue;
        }
        char *resource = describe(config, dag, stage, calls[i].resource, run);
        append(list, i, resource);
        free(resource);
    }
    return list;
}

/* ---- cost */

struct estimate {
    const struct dag *dag;
    int64_t usual_ms; /* of all training stages; 0: not known */
    int64_t limit_ms; /* what their clocks allow; 0: no limit */
};

static void take_usual(void *context, const char *stage, int64_t median_ms)
{
    struct estimate *estimate = context;
    size_t at = dag_find(estimate->dag, str_from(stage));
    if (at < estimate->dag->count && is_train(&estimate->dag->stages[at])) {
        estimate->usual_ms += median_ms;
    }
}

static void read_usual(const struct app *app, struct estimate *estimate)
{
    struct error ignored; /* without past runs the limit is told */
    struct run_filter filter = {.pipeline = estimate->dag->pipeline, .before_number = INT64_MAX};
    char *path = file_join(app->state_folder, "runs.db");
    struct store *store = file_is_absent(path) ? NULL : store_open(path, STORE_READ, &ignored);
    if (store != NULL) {
        store_usual_durations(store, &filter, take_usual, estimate, &ignored);
    }
    store_close(store);
    free(path);
}

static struct json *cost_json(const struct config *config, const struct estimate *estimate)
{
    const char *currency = config_text(config, CONFIG_training_currency);
    const char *machine = config_text(config, CONFIG_training_instance_type);
    int64_t count = config_int(config, CONFIG_training_instance_count);
    int64_t ms = estimate->usual_ms > 0 ? estimate->usual_ms : estimate->limit_ms;
    double price = config_number(config, CONFIG_training_price_per_hour);
    double amount = price * (double)count * (double)ms / 3600000.0;
    const char *basis = estimate->usual_ms > 0 ? "usual" : ms > 0 ? "limit" : "none";
    struct json *json = json_object();
    bool is_known = price > 0 && ms > 0;
    char *text =
        is_known ? xasprintf("%s %.4f %s: %lld x %s, %.0f s (%s), %g %s an hour",
                             estimate->usual_ms > 0 ? "about" : "at most", amount, currency,
                             (long long)count, machine, (double)ms / 1000.0,
                             estimate->usual_ms > 0 ? "usual time of past runs"
                                                    : "the running timeout; there is no past run",
                             price, currency)
                 : xasprintf("not known: %s",
                             price > 0 ? "there is neither a past run nor a running timeout"
                                       : "training.price_per_hour is not set");
    json_set(json, "amount", is_known ? json_number(amount) : json_null());
    json_set_text(json, "currency", currency);
    json_set_int(json, "seconds", ms / 1000);
    json_set_text(json, "basis", basis);
    json_set_text(json, "text", text);
    free(text);
    return json;
}

struct json *plan_cost(const struct app *app, const struct dag *dag)
{
    struct estimate estimate = {.dag = dag};
    bool has_training = false;
    for (size_t i = 0; i < dag->count; i++) {
        if (is_train(&dag->stages[i])) {
            has_training = true;
            estimate.limit_ms += dag->stages[i].running_timeout_ms;
        }
    }
    if (!has_training || !backend_is_aws(app->config, CONFIG_backend_training_service)) {
        return NULL;
    }
    read_usual(app, &estimate);
    return cost_json(app->config, &estimate);
}
