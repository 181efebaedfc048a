/* The table of the built-in image's accounts, the completed request, the description read. */
#include "core/aws/sagemaker_message.h"

#include "core/aws/endpoint.h"
#include "core/aws/sagemaker_hyperparameters.h"
#include "core/base/alloc.h"
#include "core/base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MS_PER_S = 1000, DEFAULT_RUNTIME_S = 86400 };

/* The registries of the SageMaker Python SDK, image_uri_config/xgboost.json. */
static const struct {
    const char *region, *account;
} registries[] = {
    {"us-east-1", "683313688378"},       {"us-east-2", "257758044811"},
    {"us-west-1", "746614075791"},       {"us-west-2", "246618743249"},
    {"ca-central-1", "341280168497"},    {"ca-west-1", "190319476487"},
    {"sa-east-1", "737474898029"},       {"eu-west-1", "141502667606"},
    {"eu-west-2", "764974769150"},       {"eu-west-3", "659782779980"},
    {"eu-central-1", "492215442770"},    {"eu-central-2", "680994064768"},
    {"eu-north-1", "662702820516"},      {"eu-south-1", "978288397137"},
    {"eu-south-2", "104374241257"},      {"ap-northeast-1", "354813040037"},
    {"ap-northeast-2", "366743142698"},  {"ap-northeast-3", "867004704886"},
    {"ap-southeast-1", "121021644041"},  {"ap-southeast-2", "783357654285"},
    {"ap-southeast-3", "951798379941"},  {"ap-southeast-4", "106583098589"},
    {"ap-south-1", "720646828776"},      {"ap-south-2", "628508329040"},
    {"ap-east-1", "651117190479"},       {"af-south-1", "510948584623"},
    {"il-central-1", "898809789911"},    {"me-central-1", "272398656194"},
    {"me-south-1", "801668240914"},      {"cn-north-1", "450853457545"},
    {"cn-northwest-1", "451049120500"},  {"us-gov-east-1", "237065988967"},
    {"us-gov-west-1", "414596584902"},   {"us-iso-east-1", "833128469047"},
    {"us-isob-east-1", "281123927165"},  {"us-isof-east-1", "108575199400"},
    {"us-isof-south-1", "124985052026"},
};

static const struct {
    const char *region_start, *suffix;
} suffixes[] = {
    {"cn-", "amazonaws.com.cn"}, {"us-isob-", "sc2s.sgov.gov"}, {"us-isof-", "csp.hci.ic.gov"},
    {"us-iso-", "c2s.ic.gov"},   {"eusc-", "amazonaws.eu"},     {"", "amazonaws.com"},
};

static bool is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* Older ones write models as Python pickles, which are never loaded: a job would be paid in vain.
 */
static bool check_version(const char *version, struct error *err)
{
    static const char *const pickling[] = {"0.", "1.0-", "1.2-"};
    for (size_t i = 0; i < sizeof(pickling) / sizeof(pickling[0]); i++) {
        if (str_starts_with(str_from(version), str_from(pickling[i]))) {
            return error_set(err, ERROR_PERMANENT, "no_image",
                             "training.container_version \"%s\" writes models as Python pickles, "
                             "which are never loaded: set 1.3-1 or a newer one",
                             version);
        }
    }
    return true;
}

bool sagemaker_image_uri(const char *region, const char *version, struct buf *out_uri,
                         struct error *err)
{
    size_t suffix = 0;
    if (!check_version(version, err)) {
        return false;
    }
    while (strncmp(region, suffixes[suffix].region_start, strlen(suffixes[suffix].region_start)) !=
           0) {
        suffix++;
    }
    for (size_t i = 0; i < sizeof(registries) / sizeof(registries[0]); i++) {
        if (strcmp(registries[i].region, region) == 0) {
            return buf_printf(out_uri, "%s.dkr.ecr.%s.%s/sagemaker-xgboost:%s",
                              registries[i].account, region, suffixes[suffix].suffix, version);
        }
    }
    return error_set(err, ERROR_PERMANENT, "no_image",
                     "the account of SageMaker's XGBoost image in region '%.60s' is not known: set "
                     "training.image",
                     region);
}

/* ---- the request */

/* Of the container's channels; any other fails the job. */
static bool is_channel(const struct json *channel)
{
    const char *name = json_text_or(channel, "ChannelName", "");
    return strcmp(name, "train") == 0 || strcmp(name, "validation") == 0;
}

static void complete_channels(struct json *request, bool is_sharded)
{
    struct json *kept = json_array();
    const struct json *channels = json_get(request, "InputDataConfig");
    for (const struct json *at = json_first(channels); at != NULL; at = json_next(at)) {
        if (!is_channel(at)) {
            continue;
        }
        struct json *channel = json_copy(at);
        struct json *source =
            json_get_mutable(json_get_mutable(channel, "DataSource"), "S3DataSource");
        bool is_train = strcmp(json_text_or(at, "ChannelName", ""), "train") == 0;
        if (is_sharded && is_train && source != NULL) {
            json_set_text(source, "S3DataDistributionType", "ShardedByS3Key");
        }
        json_append(kept, channel);
    }
    json_set(request, "InputDataConfig", kept);
}

static bool complete_image(struct json *request, const struct sagemaker_settings *settings,
                           const char *region, struct error *err)
{
    struct json *algorithm = json_get_mutable(request, "AlgorithmSpecification");
    struct buf image;
    if (algorithm == NULL || is_given(json_text_or(algorithm, "TrainingImage", ""))) {
        return true;
    }
    if (is_given(settings->image)) {
        json_set_text(algorithm, "TrainingImage", settings->image);
        return true;
    }
    buf_init(&image, 512);
    bool is_known = sagemaker_image_uri(
        region, is_given(settings->version) ? settings->version : SAGEMAKER_XGBOOST_VERSION, &image,
        err);
    if (is_known) {
        json_set_text(algorithm, "TrainingImage", buf_text(&image));
    }
    buf_done(&image);
    return is_known;
}

static bool complete_role(struct json *request, const struct sagemaker_settings *settings,
                          struct error *err)
{
    if (is_given(json_text_or(request, "RoleArn", ""))) {
        return true;
    }
    if (!is_given(settings->role_arn)) {
        return error_set(err, ERROR_PERMANENT, "no_role",
                         "SageMaker needs a role: set training.role to its ARN");
    }
    json_set_text(request, "RoleArn", settings->role_arn);
    return true;
}

static void set_member_text(struct json *request, const char *member, const char *name,
                            const char *value)
{
    struct json *object = json_get_mutable(request, member);
    if (object != NULL && is_given(value)) {
        json_set_text(object, name, value);
    }
}

static void complete_network(struct json *request, const struct sagemaker_settings *settings)
{
    if (json_count(settings->subnets) == 0) {
        return;
    }
    struct json *vpc = json_object();
    json_set(vpc, "Subnets", json_copy(settings->subnets));
    json_set(vpc, "SecurityGroupIds",
             settings->security_groups == NULL ? json_array()
                                               : json_copy(settings->security_groups));
    json_set(request, "VpcConfig", vpc);
}

static void complete_tags(struct json *request, const struct json *tags)
{
    struct json *list = json_get_mutable(request, "Tags");
    const char *value = "";
    for (const struct json *at = json_first(tags); at != NULL && list != NULL; at = json_next(at)) {
        struct json *tag = json_object();
        json_as_text(at, &value);
        json_set_text(tag, "Key", json_name(at));
        json_set_text(tag, "Value", value);
        json_append(list, tag);
    }
}

/* MaxWaitTimeInSeconds is at least MaxRuntimeInSeconds, and only with spot. A checkpoint prefix of
 * its own keeps a job from going on where another one ended. */
static void complete_stopping(struct json *request, const struct sagemaker_settings *settings)
{
    struct json *stopping = json_get_mutable(request, "StoppingCondition");
    if (stopping == NULL) {
        json_set(request, "StoppingCondition", json_object());
        stopping = json_get_mutable(request, "StoppingCondition");
        json_set_int(stopping, "MaxRuntimeInSeconds", DEFAULT_RUNTIME_S);
    }
    int64_t runtime_s = json_int_or(stopping, "MaxRuntimeInSeconds", DEFAULT_RUNTIME_S);
    if (!settings->is_spot) {
        return;
    }
    int64_t wait_s = settings->max_wait_ms > 0 ? settings->max_wait_ms / MS_PER_S : 2 * runtime_s;
    json_set_int(stopping, "MaxWaitTimeInSeconds", wait_s > runtime_s ? wait_s : runtime_s);
    json_set_bool(request, "EnableManagedSpotTraining", true);
    if (is_given(settings->checkpoints)) {
        bool has_slash = str_ends_with(str_from(settings->checkpoints), STR("/"));
        char *uri = xasprintf("%s%s%s", settings->checkpoints, has_slash ? "" : "/",
                              json_text_or(request, "TrainingJobName", ""));
        struct json *checkpoints = json_object();
        json_set_text(checkpoints, "S3Uri", uri);
        json_set_text(checkpoints, "LocalPath", "/opt/ml/checkpoints");
        json_set(request, "CheckpointConfig", checkpoints);
        free(uri);
    }
}

/* What an image of somebody else's takes is not ours to say. */
static bool check_hyperparameters(const struct json *request, struct error *err)
{
    const struct json *algorithm = json_get(request, "AlgorithmSpecification");
    return !sagemaker_is_xgboost(json_text_or(algorithm, "TrainingImage", "")) ||
           sagemaker_check_hyperparameters(json_get(request, "HyperParameters"), err);
}

struct json *sagemaker_complete_request(const struct json *request,
                                        const struct sagemaker_settings *settings,
                                        const char *region, struct error *err)
{
    struct json *whole = json_copy(request);
    if (!complete_role(whole, settings, err) || !complete_image(whole, settings, region, err) ||
        !check_hyperparameters(whole, err)) {
        json_free(whole);
        return NULL;
    }
    complete_channels(whole, settings->is_sharded);
    complete_network(whole, settings);
    complete_tags(whole, settings->tags);
    complete_stopping(whole, settings);
    set_member_text(whole, "ResourceConfig", "VolumeKmsKeyId", settings->volume_kms_key);
    set_member_text(whole, "OutputDataConfig", "KmsKeyId", settings->output_kms_key);
    return whole;
}

/* ---- the description */

static void copy_text(const struct json *object, const char *name, char *to, size_t size)
{
    utf8_copy_printable(str_from(json_text_or(object, name, "")), to, size);
}

/* Seconds since 1970, with a fraction. */
static int64_t time_ms(const struct json *object, const char *name)
{
    double seconds = json_number_or(object, name, 0);
    return seconds > 0 && seconds < 1e12 ? (int64_t)llround(seconds * MS_PER_S) : 0;
}

static bool is_past_provisioning(const struct training_job *job)
{
    static const char *const before[] = {
        "",        "Starting",    "LaunchingMLInstances",     "PreparingTrainingStack",
        "Pending", "Downloading", "DownloadingTrainingImage",
    };
    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
        if (strcmp(job->secondary_status, before[i]) == 0) {
            return job->started_ms > 0;
        }
    }
    return true;
}

bool sagemaker_read_job(const struct json *answer, struct training_job *out_job, struct error *err)
{
    struct training_job job = {0};
    const struct json *transitions = json_get(answer, "SecondaryStatusTransitions");
    const struct json *last =
        json_count(transitions) == 0 ? NULL : json_at(transitions, json_count(transitions) - 1);
    copy_text(answer, "TrainingJobName", job.name, sizeof(job.name));
    copy_text(answer, "TrainingJobStatus", job.status, sizeof(job.status));
    copy_text(answer, "SecondaryStatus", job.secondary_status, sizeof(job.secondary_status));
    copy_text(last, "StatusMessage", job.status_message, sizeof(job.status_message));
    copy_text(answer, "FailureReason", job.failure_reason, sizeof(job.failure_reason));
    copy_text(json_get(answer, "ModelArtifacts"), "S3ModelArtifacts", job.model_uri,
              sizeof(job.model_uri));
    copy_text(json_get(answer, "Environment"), "GATEHOUSE_INTENT", job.intent, sizeof(job.intent));
    if (job.name[0] == '\0' || job.status[0] == '\0') {
        return error_set(err, ERROR_PERMANENT, "bad_answer",
                         "DescribeTrainingJob: the answer names no job or no status");
    }
    if (!training_state_from_status(str_from(job.status), &job.state)) {
        return error_set(err, ERROR_PERMANENT, "unknown_status",
                         "training job %s has the unknown status '%s'", job.name, job.status);
    }
    job.created_ms = time_ms(answer, "CreationTime");
    job.started_ms = time_ms(answer, "TrainingStartTime");
    job.ended_ms = time_ms(answer, "TrainingEndTime");
    job.billable_ms = time_ms(answer, "BillableTimeInSeconds");
    job.has_begun = is_past_provisioning(&job);
    *out_job = job;
    return true;
}
