/* SageMaker: requests completed, descriptions read, the port against the fake AWS, logs followed.
 */
#include "core/aws/sagemaker_service.h"

#include "core/aws/poll_gate.h"
#include "core/base/alloc.h"
#include "core/base/file.h"
#include "tests/support/cmocka.h"
#include "tests/support/fake_aws.h"
#include "tests/support/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROLE "arn:aws:iam::123456789012:role/SageMakerRole"
#define JOB  "credit-20261122-1-5-1"
#define CHANNEL(name)                                                                              \
    "{\"ChannelName\":\"" name "\",\"DataSource\":{\"S3DataSource\":{\"S3Uri\":\"s3://b/" name     \
    "\",\"S3DataDistributionType\":\"FullyReplicated\"}}}"
#define REQUEST                                                                                    \
    "{\"TrainingJobName\":\"" JOB "\",\"HyperParameters\":{\"num_round\":\"100\"},"                \
    "\"AlgorithmSpecification\":{\"TrainingInputMode\":\"File\"},\"InputDataConfig\":[" CHANNEL(   \
        "train") "," CHANNEL("validation") "," CHANNEL("schema") "],"                              \
                                                                 "\"OutputDataConfig\":{"          \
                                                                 "\"S3OutputPath\":\"s3://m/"      \
                                                                 "p\"},\"ResourceConfig\":{"       \
                                                                 "\"InstanceType\":"               \
                                                                 "\"ml.m5.xlarge\"},"              \
                                                                 "\"StoppingCondition\":{"         \
                                                                 "\"MaxRuntimeInSeconds\":600},"   \
                                                                 "\"Tags\":[]}"

static struct json *parse(const char *text)
{
    struct error err;
    struct json *json = json_parse(str_from(text), &err);
    if (json == NULL) {
        fail_msg("%s", err.message);
    }
    return json;
}

/* ---- the request */

static const char *distribution(const struct json *request, size_t channel)
{
    const struct json *at = json_at(json_get(request, "InputDataConfig"), channel);
    return json_text_or(json_path(at, "DataSource.S3DataSource"), "S3DataDistributionType", "");
}

static void the_request_is_completed_for_the_container(void **state)
{
    (void)state;
    struct error err;
    struct json *request = parse(REQUEST);
    struct json *tags = parse("{\"team\":\"risk\"}"), *subnets = parse("[\"subnet-1\"]");
    struct json *groups = parse("[\"sg-1\"]");
    const char *group = "";
    struct sagemaker_settings settings = {.role_arn = ROLE,
                                          .volume_kms_key = "k1",
                                          .output_kms_key = "k2",
                                          .subnets = subnets,
                                          .security_groups = groups,
                                          .tags = tags,
                                          .is_sharded = true};
    struct json *whole = sagemaker_complete_request(request, &settings, "eu-central-1", &err);
    assert_non_null(whole);
    assert_string_equal(
        json_text_or(json_get(whole, "AlgorithmSpecification"), "TrainingImage", ""),
        "492215442770.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-xgboost:1.7-1");
    assert_string_equal(json_text_or(whole, "RoleArn", ""), ROLE);
    assert_int_equal(json_count(json_get(whole, "InputDataConfig")), 2); /* no schema channel */
    assert_string_equal(distribution(whole, 0), "ShardedByS3Key");
    assert_string_equal(distribution(whole, 1), "FullyReplicated"); /* each machine looks at it */
    assert_string_equal(json_text_or(json_get(whole, "ResourceConfig"), "VolumeKmsKeyId", ""),
                        "k1");
    assert_string_equal(json_text_or(json_get(whole, "OutputDataConfig"), "KmsKeyId", ""), "k2");
    assert_int_equal(json_count(json_path(whole, "VpcConfig.Subnets")), 1);
    assert_true(json_as_text(json_at(json_path(whole, "VpcConfig.SecurityGroupIds"), 0), &group));
    assert_string_equal(group, "sg-1");
    assert_string_equal(json_text_or(json_at(json_get(whole, "Tags"), 0), "Key", ""), "team");
    assert_string_equal(json_text_or(json_at(json_get(whole, "Tags"), 0), "Value", ""), "risk");
    assert_null(json_get(whole, "EnableManagedSpotTraining"));
    assert_null(json_path(whole, "StoppingCondition.MaxWaitTimeInSeconds"));
    json_free(whole);
    json_free(request);
    json_free(tags);
    json_free(subnets);
    json_free(groups);
}

static void spot_brings_its_wait_and_checkpoints_of_its_own(void **state)
{
    (void)state;
    struct error err;
    struct json *request = parse(REQUEST);
    struct sagemaker_settings settings = {
        .role_arn = ROLE, .is_spot = true, .checkpoints = "s3://m/checkpoints"};
    struct json *whole = sagemaker_complete_request(request, &settings, "us-east-1", &err);
    assert_int_equal(json_int_or(json_get(whole, "StoppingCondition"), "MaxWaitTimeInSeconds", 0),
                     1200);
    assert_true(json_bool_or(whole, "EnableManagedSpotTraining", false));
    assert_string_equal(json_text_or(json_get(whole, "CheckpointConfig"), "S3Uri", ""),
                        "s3://m/checkpoints/" JOB);
    assert_string_equal(json_text_or(json_get(whole, "CheckpointConfig"), "LocalPath", ""),
                        "/opt/ml/checkpoints");
    json_free(whole);
    settings.max_wait_ms = 1000; /* less than the running time is refused by SageMaker */
    whole = sagemaker_complete_request(request, &settings, "us-east-1", &err);
    assert_int_equal(json_int_or(json_get(whole, "StoppingCondition"), "MaxWaitTimeInSeconds", 0),
                     600);
    json_free(whole);
    json_free(request);
}

static void hyperparameters_are_looked_at_where_they_are_known(void **state)
{
    (void)state;
    static const struct {
        const char *image;
        bool is_looked_at;
    } cases[] = {
        {"", true},
        {"683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1", true},
        {"683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost@sha256:1", true},
        {"123456789012.dkr.ecr.us-east-1.amazonaws.com/ours:1", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = {0};
        struct json *request = parse(REQUEST);
        struct sagemaker_settings settings = {.role_arn = ROLE, .image = cases[i].image};
        json_set_text(json_get_mutable(request, "HyperParameters"), "depth_of_ours", "3");
        struct json *whole = sagemaker_complete_request(request, &settings, "us-east-1", &err);
        assert_true((whole == NULL) == cases[i].is_looked_at);
        assert_string_equal(err.code, cases[i].is_looked_at ? "bad_hyperparameter" : "");
        json_free(whole);
        json_free(request);
    }
}

static void what_is_missing_is_named_with_its_key(void **state)
{
    (void)state;
    struct error err = {0};
    struct json *request = parse(REQUEST);
    struct sagemaker_settings settings = {.role_arn = NULL};
    assert_null(sagemaker_complete_request(request, &settings, "us-east-1", &err));
    assert_non_null(strstr(err.message, "training.role"));
    settings.role_arn = ROLE;
    assert_null(sagemaker_complete_request(request, &settings, "mx-central-1", &err));
    assert_non_null(strstr(err.message, "training.image"));
    settings.image = "1.dkr.ecr.mx-central-1.amazonaws.com/x:1";
    struct json *whole = sagemaker_complete_request(request, &settings, "mx-central-1", &err);
    assert_non_null(whole);
    json_free(whole);
    json_free(request);
}

/* By the SageMaker Python SDK, one for each of its regions. */
static void each_region_has_its_image(void **state)
{
    (void)state;
    static const char *const images[] = {
        "510948584623.dkr.ecr.af-south-1.amazonaws.com/sagemaker-xgboost:1.7-1",
        "651117190479.dkr.ecr.ap-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
        "354813040037.dkr.ecr.ap-northeast-1.amazonaws.com/sagemaker-xgboost:1.7-1",
        "366743142698.dkr.ecr.ap-northeast-2.amazonaws.com/sagemaker-xgboost:1.7-1",
        "867004704886.dkr.ecr.ap-northeast-3.amazonaws.com/sagemaker-xgboost:1.7-1",
        "720646828776.dkr.ecr.ap-south-1.amazonaws.com/sagemaker-xgboost:1.7-1",
        "628508329040.dkr.ecr.ap-south-2.amazonaws.com/sagemaker-xgboost:1.7-1",
        "121021644041.dkr.ecr.ap-southeast-1.amazonaws.com/sagemaker-xgboost:1.7-1",
        "783357654285.dkr.ecr.ap-southeast-2.amazonaws.com/sagemaker-xgboost:1.7-1",
        "951798379941.dkr.ecr.ap-southeast-3.amazonaws.com/sagemaker-xgboost:1.7-1",
        "106583098589.dkr.ecr.ap-southeast-4.amazonaws.com/sagemaker-xgboost:1.7-1",
        "341280168497.dkr.ecr.ca-central-1.amazonaws.com/sagemaker-xgboost:1.7-1",
        "190319476487.dkr.ecr.ca-west-1.amazonaws.com/sagemaker-xgboost:1.7-1",
        "450853457545.dkr.ecr.cn-north-1.amazonaws.com.cn/sagemaker-xgboost:1.7-1",
        "451049120500.dkr.ecr.cn-northwest-1.amazonaws.com.cn/sagemaker-xgboost:1.7-1",
        "492215442770.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-xgboost:1.7-1",
        "680994064768.dkr.ecr.eu-central-2.amazonaws.com/sagemaker-xgboost:1.7-1",
        "662702820516.dkr.ecr.eu-north-1.amazonaws.com/sagemaker-xgboost:1.7-1",
        "978288397137.dkr.ecr.eu-south-1.amazonaws.com/sagemaker-xgboost:1.7-1",
        "104374241257.dkr.ecr.eu-south-2.amazonaws.com/sagemaker-xgboost:1.7-1",
        "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.7-1",
        "764974769150.dkr.ecr.eu-west-2.amazonaws.com/sagemaker-xgboost:1.7-1",
        "659782779980.dkr.ecr.eu-west-3.amazonaws.com/sagemaker-xgboost:1.7-1",
        "898809789911.dkr.ecr.il-central-1.amazonaws.com/sagemaker-xgboost:1.7-1",
        "272398656194.dkr.ecr.me-central-1.amazonaws.com/sagemaker-xgboost:1.7-1",
        "801668240914.dkr.ecr.me-south-1.amazonaws.com/sagemaker-xgboost:1.7-1",
        "737474898029.dkr.ecr.sa-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
        "257758044811.dkr.ecr.us-east-2.amazonaws.com/sagemaker-xgboost:1.7-1",
        "237065988967.dkr.ecr.us-gov-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
        "414596584902.dkr.ecr.us-gov-west-1.amazonaws.com/sagemaker-xgboost:1.7-1",
        "833128469047.dkr.ecr.us-iso-east-1.c2s.ic.gov/sagemaker-xgboost:1.7-1",
        "281123927165.dkr.ecr.us-isob-east-1.sc2s.sgov.gov/sagemaker-xgboost:1.7-1",
        "108575199400.dkr.ecr.us-isof-east-1.csp.hci.ic.gov/sagemaker-xgboost:1.7-1",
        "124985052026.dkr.ecr.us-isof-south-1.csp.hci.ic.gov/sagemaker-xgboost:1.7-1",
        "746614075791.dkr.ecr.us-west-1.amazonaws.com/sagemaker-xgboost:1.7-1",
        "246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1",
    };
    struct error err;
    struct buf uri;
    buf_init(&uri, 512);
    for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
        char region[32];
        assert_int_equal(sscanf(images[i], "%*[0-9].dkr.ecr.%31[a-z0-9-]", region), 1);
        buf_reset(&uri);
        assert_true(sagemaker_image_uri(region, "1.7-1", &uri, &err));
        assert_string_equal(buf_text(&uri), images[i]);
    }
    buf_reset(&uri);
    assert_true(sagemaker_image_uri("us-east-1", "1.5-1", &uri, &err));
    assert_non_null(strstr(buf_text(&uri), "/sagemaker-xgboost:1.5-1"));
    assert_false(sagemaker_image_uri("ap-east-2", "1.7-1", &uri, &err));
    assert_string_equal(err.code, "no_image");
    static const char *const pickling[] = {"0.90-2", "1.0-1", "1.2-2"};
    for (size_t i = 0; i < sizeof(pickling) / sizeof(pickling[0]); i++) {
        assert_false(sagemaker_image_uri("us-east-1", pickling[i], &uri, &err));
        assert_non_null(strstr(err.message, "pickles"));
    }
    static const char *const readable[] = {"1.3-1", "1.5-1", "3.0-5", "3.2-0"};
    for (size_t i = 0; i < sizeof(readable) / sizeof(readable[0]); i++) {
        assert_true(sagemaker_image_uri("us-east-1", readable[i], &uri, &err));
    }
    buf_done(&uri);
}

/* ---- the description */

static struct training_job read_job(const char *text)
{
    struct training_job job;
    struct error err;
    struct json *json = parse(text);
    if (!sagemaker_read_job(json, &job, &err)) {
        fail_msg("%s", err.message);
    }
    json_free(json);
    return job;
}

static void a_description_is_read_in_whole(void **state)
{
    (void)state;
    struct training_job job = read_job(
        "{\"TrainingJobName\":\"j\",\"TrainingJobStatus\":\"Completed\",\"SecondaryStatus\":"
        "\"Completed\",\"CreationTime\":1.7953619681234E9,\"TrainingStartTime\":1795361970,"
        "\"TrainingEndTime\":1795362000.5,\"BillableTimeInSeconds\":31,\"ModelArtifacts\":{"
        "\"S3ModelArtifacts\":\"s3://m/p/j/output/model.tar.gz\"},\"Environment\":{"
        "\"GATEHOUSE_INTENT\":\"i-1\"},\"SecondaryStatusTransitions\":[{\"Status\":\"Starting\"},{"
        "\"Status\":\"Completed\",\"StatusMessage\":\"Training job completed\"}],\"New\":null}");
    assert_int_equal(job.state, TRAINING_SUCCEEDED);
    assert_int_equal(job.created_ms, 1795361968123);
    assert_int_equal(job.ended_ms, 1795362000500);
    assert_int_equal(job.billable_ms, 31000);
    assert_string_equal(job.model_uri, "s3://m/p/j/output/model.tar.gz");
    assert_string_equal(job.intent, "i-1");
    assert_string_equal(job.status_message, "Training job completed");
    assert_true(job.has_begun);
}

static void every_status_has_its_meaning(void **state)
{
    (void)state;
    static const struct {
        const char *status, *secondary;
        enum training_state state;
        bool has_begun;
    } table[] = {
        {"InProgress", "Starting", TRAINING_RUNNING, false},
        {"InProgress", "Pending", TRAINING_RUNNING, false},
        {"InProgress", "Downloading", TRAINING_RUNNING, false},
        {"InProgress", "LaunchingMLInstances", TRAINING_RUNNING, false},
        {"InProgress", "PreparingTrainingStack", TRAINING_RUNNING, false},
        {"InProgress", "DownloadingTrainingImage", TRAINING_RUNNING, false},
        {"InProgress", "Training", TRAINING_RUNNING, true},
        {"InProgress", "Uploading", TRAINING_RUNNING, true},
        {"InProgress", "Interrupted", TRAINING_RUNNING, true},
        {"InProgress", "Restarting", TRAINING_RUNNING, true},
        {"InProgress", "Updating", TRAINING_RUNNING, true},
        {"InProgress", "ANewOne", TRAINING_RUNNING, true},
        {"Stopping", "Stopping", TRAINING_RUNNING, true},
        {"Stopped", "Stopped", TRAINING_STOPPED, true},
        {"Stopped", "MaxRuntimeExceeded", TRAINING_STOPPED, true},
        {"Stopped", "MaxWaitTimeExceeded", TRAINING_STOPPED, true},
        {"Deleting", "Stopped", TRAINING_STOPPED, true},
        {"Failed", "Failed", TRAINING_FAILED, true},
        {"Completed", "Completed", TRAINING_SUCCEEDED, true},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        char text[256];
        snprintf(text, sizeof(text),
                 "{\"TrainingJobName\":\"j\",\"TrainingJobStatus\":\"%s\",\"SecondaryStatus\":"
                 "\"%s\"}",
                 table[i].status, table[i].secondary);
        struct training_job job = read_job(text);
        assert_int_equal(job.state, table[i].state);
        assert_int_equal(job.has_begun, table[i].has_begun);
        assert_string_equal(job.secondary_status, table[i].secondary);
    }
}

static void what_a_description_says_is_made_printable(void **state)
{
    (void)state;
    struct error err;
    struct training_job job;
    struct json *answer =
        parse("{\"TrainingJobName\":\"" JOB "\",\"TrainingJobStatus\":\"In\\u001bProgress\"}");
    assert_false(sagemaker_read_job(answer, &job, &err));
    assert_null(strchr(err.message, '\033'));
    json_free(answer);
}

static void unknown_statuses_are_loud(void **state)
{
    (void)state;
    struct training_job job;
    struct error err = {0};
    struct json *json = parse("{\"TrainingJobName\":\"j\",\"TrainingJobStatus\":\"Dreaming\"}");
    assert_false(sagemaker_read_job(json, &job, &err));
    assert_string_equal(err.code, "unknown_status");
    assert_non_null(strstr(err.message, "Dreaming"));
    json_free(json);
    json = parse("{}");
    assert_false(sagemaker_read_job(json, &job, &err));
    assert_string_equal(err.code, "bad_answer");
    json_free(json);
}

/* ---- the port */

struct fixture {
    struct loop *loop;
    struct fake_aws *aws;
    struct aws_session *session;
    struct training_service *service;
    char *folder;
};

static int set_up(void **state)
{
    static const struct sagemaker_settings settings = {.role_arn = ROLE};
    struct fixture *f = xcalloc(1, sizeof(*f));
    f->folder = test_folder_new();
    f->loop = loop_new();
    f->aws = fake_aws_new(f->loop);
    f->session = fake_aws_session(f->aws);
    char *gate = file_join(f->folder, "gate");
    f->service = sagemaker_service_new(f->session, &settings, gate, 0);
    free(gate);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    training_service_free(f->service);
    aws_session_free(f->session);
    fake_aws_free(f->aws);
    loop_free(f->loop);
    test_folder_free(f->folder);
    free(f);
    return 0;
}

static void expect(struct fixture *f, const char *target, const char *body, int status,
                   const char *answer)
{
    fake_aws_expect(f->aws, (struct fake_exchange){
                                .target = target,
                                .body = body,
                                .service = strncmp(target, "Logs", 4) == 0 ? "logs" : "sagemaker",
                                .answer = {.status = status, .body = str_from(answer)}});
}

static bool create(struct fixture *f, struct error *err)
{
    struct json *request = parse(REQUEST);
    struct training_create req = {.request = request};
    training_create_start(f->service, &req);
    bool is_good = loop_await(f->loop, &req.op, err);
    json_free(request);
    return is_good;
}

static void a_taken_name_is_told_as_such(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    expect(f, "SageMaker.CreateTrainingJob", "\"num_round\":\"100\"", 200,
           "{\"TrainingJobArn\":\"a\"}");
    assert_true(create(f, &err));
    expect(f, "SageMaker.CreateTrainingJob", JOB, 400,
           "{\"__type\":\"ResourceInUse\",\"message\":\"exists\"}");
    assert_false(create(f, &err));
    assert_string_equal(err.code, "name_taken");
    assert_int_equal(err.error_class, ERROR_PERMANENT);
}

/* A lost answer is asked for again: the name makes sure that there is one job. */
static void a_throttled_or_lost_creation_is_sent_again(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    expect(f, "SageMaker.CreateTrainingJob", NULL, 400,
           "{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}");
    fake_aws_expect(f->aws, (struct fake_exchange){.target = "SageMaker.CreateTrainingJob",
                                                   .answer = {.fault = FAKE_RESET}});
    expect(f, "SageMaker.CreateTrainingJob", NULL, 400, "{\"__type\":\"ResourceInUse\"}");
    assert_false(create(f, &err));
    assert_string_equal(err.code, "name_taken");
    assert_int_equal(fake_aws_count(f->aws), 3);
}

#define LOST                                                                                       \
    {                                                                                              \
        .fault = FAKE_TRUNCATE, .body = STR("0123456789")                                          \
    }
#define THROTTLE "{\"__type\":\"ThrottlingException\"}"
#define DENIAL   "{\"__type\":\"AccessDeniedException\"}"

/* What decides whether a job is looked for that nobody knows of. */
static void a_creation_says_whether_there_may_be_a_job(void **state)
{
    struct fixture *f = *state;
    const struct {
        struct fake_answer answers[3];
        bool was_refused;
    } cases[] = {
        {{{.status = 400, .body = STR(DENIAL)}}, true},
        {{{.status = 400, .body = STR(THROTTLE)},
          {.status = 400, .body = STR(THROTTLE)},
          {.status = 400, .body = STR(THROTTLE)}},
         true},
        {{{.status = 500}, {.status = 500}, {.status = 500}}, false},
        {{LOST, LOST, LOST}, false},
        {{LOST, {.status = 400, .body = STR(DENIAL)}}, false},
        {{{.status = 503},
          {.status = 400, .body = STR(THROTTLE)},
          {.status = 400, .body = STR(DENIAL)}},
         false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct json *request = parse(REQUEST);
        struct training_create req = {.request = request};
        struct error err = {0};
        for (size_t j = 0;
             j < 3 && (cases[i].answers[j].status != 0 || cases[i].answers[j].fault != FAKE_FINE);
             j++) {
            fake_aws_expect(f->aws, (struct fake_exchange){.target = "SageMaker.CreateTrainingJob",
                                                           .answer = cases[i].answers[j]});
        }
        training_create_start(f->service, &req);
        assert_false(loop_await(f->loop, &req.op, &err));
        assert_int_equal(req.was_refused, cases[i].was_refused);
        json_free(request);
    }
}

static void bad_hyperparameters_never_reach_sagemaker(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    struct json *request = parse("{\"TrainingJobName\":\"j\",\"HyperParameters\":{}}");
    struct training_create req = {.request = request};
    training_create_start(f->service, &req);
    assert_false(loop_await(f->loop, &req.op, &err));
    assert_string_equal(err.code, "bad_hyperparameter");
    assert_true(req.was_refused);
    assert_int_equal(fake_aws_count(f->aws), 0);
    json_free(request);
}

static void an_absent_job_is_not_found_in_either_wording(void **state)
{
    struct fixture *f = *state;
    static const char *const answers[] = {
        "{\"__type\":\"ValidationException\",\"message\":\"Requested resource not found.\"}",
        "{\"__type\":\"ResourceNotFound\",\"message\":\"no\"}"};
    for (size_t i = 0; i < 2; i++) {
        struct error err = {0};
        struct training_describe req = {.name = JOB};
        expect(f, "SageMaker.DescribeTrainingJob", JOB, 400, answers[i]);
        training_describe_start(f->service, &req);
        assert_false(loop_await(f->loop, &req.op, &err));
        assert_string_equal(err.code, "not_found");
    }
}

static bool stop(struct fixture *f, struct error *err)
{
    struct training_stop req = {.name = JOB};
    training_stop_start(f->service, &req);
    return loop_await(f->loop, &req.op, err);
}

static void stopping_a_job_that_has_ended_is_success(void **state)
{
    struct fixture *f = *state;
    struct error err = {0};
    static const char refusal[] =
        "{\"__type\":\"ValidationException\",\"message\":\"is in status Completed\"}";
    expect(f, "SageMaker.StopTrainingJob", JOB, 200, "");
    assert_true(stop(f, &err));
    expect(f, "SageMaker.StopTrainingJob", JOB, 400, refusal);
    expect(f, "SageMaker.DescribeTrainingJob", JOB, 200,
           "{\"TrainingJobName\":\"" JOB "\",\"TrainingJobStatus\":\"Completed\"}");
    assert_true(stop(f, &err));
    expect(f, "SageMaker.StopTrainingJob", JOB, 400, refusal);
    expect(f, "SageMaker.DescribeTrainingJob", JOB, 200,
           "{\"TrainingJobName\":\"" JOB "\",\"TrainingJobStatus\":\"InProgress\"}");
    assert_false(stop(f, &err));
    assert_string_equal(err.code, "ValidationException");
}

/* ---- logs */

static void expect_lines(struct fixture *f, struct training_logs *req, const char *lines)
{
    struct error err;
    buf_reset(&req->text);
    training_logs_start(f->service, req);
    if (!loop_await(f->loop, &req->op, &err)) {
        fail_msg("%s", err.message);
    }
    assert_string_equal(buf_text(&req->text), lines);
}

#define STREAMS(...) "{\"logStreams\":[" __VA_ARGS__ "]}"
#define STREAM(name) "{\"logStreamName\":\"" JOB "/" name "\"}"

static void a_log_is_followed_by_its_tokens(void **state)
{
    struct fixture *f = *state;
    struct training_logs req = {.name = JOB};
    buf_init(&req.text, 1 << 20);
    expect(f, "Logs_20140328.DescribeLogStreams", "\"logStreamNamePrefix\":\"" JOB "/\"", 400,
           "{\"__type\":\"ResourceNotFoundException\",\"message\":\"no group\"}");
    expect_lines(f, &req, ""); /* not there yet */
    expect(f, "Logs_20140328.DescribeLogStreams", NULL, 200, STREAMS(STREAM("algo-1-17")));
    expect(f, "Logs_20140328.GetLogEvents", "\"startFromHead\":true", 200,
           "{\"events\":[],\"nextForwardToken\":\"f/1\"}"); /* empty, and not the end */
    expect(f, "Logs_20140328.GetLogEvents", "\"nextToken\":\"f/1\"", 200,
           "{\"events\":[{\"timestamp\":5,\"message\":\"[0]#011train-error:0.1\"},{\"timestamp\":6,"
           "\"message\":\"two\\nlines\"}],\"nextForwardToken\":\"f/2\"}");
    expect_lines(f, &req, "[0]#011train-error:0.1\ntwo lines\n");
    expect(f, "Logs_20140328.GetLogEvents", "\"nextToken\":\"f/2\"", 200,
           "{\"events\":[],\"nextForwardToken\":\"f/2\"}");
    expect_lines(f, &req, "");
    expect(f, "Logs_20140328.DescribeLogStreams", NULL, 200,
           STREAMS(STREAM("algo-1-17") "," STREAM("algo-2-18")));
    expect(f, "Logs_20140328.GetLogEvents", "algo-1-17", 200,
           "{\"events\":[{\"timestamp\":7,\"message\":\"late\"}],\"nextForwardToken\":\"f/3\"}");
    expect_lines(f, &req, "algo-1 late\n");
    expect(f, "Logs_20140328.GetLogEvents", "f/3", 200,
           "{\"events\":[],\"nextForwardToken\":\"f/3\"}");
    expect(f, "Logs_20140328.GetLogEvents", "algo-2-18", 200,
           "{\"events\":[{\"timestamp\":7,\"message\":\"second\"}],\"nextForwardToken\":\"g/1\"}");
    expect_lines(f, &req, "algo-2 second\n");
    training_logs_done(&req);
}

static void a_page_that_does_not_fit_is_given_in_pieces(void **state)
{
    struct fixture *f = *state;
    struct training_logs req = {.name = JOB};
    buf_init(&req.text, 8);
    expect(f, "Logs_20140328.DescribeLogStreams", NULL, 200, STREAMS(STREAM("algo-1-17")));
    expect(
        f, "Logs_20140328.GetLogEvents", NULL, 200,
        "{\"events\":[{\"message\":\"one\"},{\"message\":\"two\"},{\"message\":\"three is long\"},"
        "{\"message\":\"4\"}],\"nextForwardToken\":\"f/1\"}");
    expect_lines(f, &req, "one\ntwo\n");
    expect_lines(f, &req, "three i\n");
    expect_lines(f, &req, "4\n");
    training_logs_done(&req);
}

/* A runner may follow thousands of jobs: what is kept of a log goes with its reader. */
static void a_log_is_given_up_with_its_request(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 3; i++) {
        struct training_logs req = {.name = JOB};
        buf_init(&req.text, 100);
        expect(f, "Logs_20140328.DescribeLogStreams", NULL, 200, STREAMS(STREAM("algo-1-17")));
        expect(f, "Logs_20140328.GetLogEvents", NULL, 200,
               "{\"events\":[{\"message\":\"one\"}],\"nextForwardToken\":\"f/1\"}");
        expect_lines(f, &req, "one\n"); /* from the start each time */
        assert_non_null(req.handle);
        training_logs_done(&req);
        assert_null(req.handle);
        training_logs_done(&req);
    }
}

static void an_expired_token_goes_on_by_time(void **state)
{
    struct fixture *f = *state;
    struct training_logs req = {.name = JOB};
    buf_init(&req.text, 1 << 20);
    expect(f, "Logs_20140328.DescribeLogStreams", NULL, 200, STREAMS(STREAM("algo-1-17")));
    expect(f, "Logs_20140328.GetLogEvents", NULL, 200,
           "{\"events\":[{\"timestamp\":77,\"message\":\"a\"}],\"nextForwardToken\":\"f/1\"}");
    expect_lines(f, &req, "a\n");
    expect(f, "Logs_20140328.GetLogEvents", "f/1", 400,
           "{\"__type\":\"InvalidParameterException\",\"message\":\"expired\"}");
    expect(f, "Logs_20140328.GetLogEvents", "\"startTime\":78", 200,
           "{\"events\":[{\"timestamp\":90,\"message\":\"b\"}],\"nextForwardToken\":\"f/9\"}");
    expect_lines(f, &req, "b\n");
    training_logs_done(&req);
}

struct endless {
    int count;
    char text[256];
};

/* A log that never comes to its end must not keep its reader from asking after the job. */
static void answer_without_end(void *context, const struct fake_request *request,
                               struct fake_answer *out_answer)
{
    struct endless *endless = context;
    const char *target = fake_request_header(request, "X-Amz-Target");
    bool is_list = strstr(target, "DescribeLogStreams") != NULL;
    bool has_end = ++endless->count > 2000; /* of the test's patience */
    snprintf(endless->text, sizeof(endless->text), "{\"%s\":[%s],\"%s\":\"f/%d\"}",
             is_list ? "logStreams" : "events", is_list ? STREAM("algo-1-17") : "",
             !is_list  ? "nextForwardToken"
             : has_end ? "none"
                       : "nextToken",
             has_end ? 0 : endless->count);
    out_answer->body = str_from(endless->text);
}

static void a_log_without_end_is_left_after_a_while(void **state)
{
    struct fixture *f = *state;
    struct endless endless = {0};
    struct training_logs req = {.name = JOB};
    buf_init(&req.text, 1 << 20);
    fake_aws_expect(f->aws, (struct fake_exchange){.times = FAKE_ALWAYS,
                                                   .handle = answer_without_end,
                                                   .context = &endless});
    expect_lines(f, &req, "");
    expect_lines(f, &req, "");
    assert_in_range(endless.count, 4, 300);
    training_logs_done(&req);
}

static void a_token_of_the_list_that_has_expired_is_forgotten(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct training_logs req = {.name = JOB};
    buf_init(&req.text, 1 << 20);
    expect(f, "Logs_20140328.DescribeLogStreams", NULL, 200,
           "{\"logStreams\":[],\"nextToken\":\"t1\"}");
    expect(f, "Logs_20140328.DescribeLogStreams", "t1", 400,
           "{\"__type\":\"InvalidParameterException\",\"message\":\"expired\"}");
    training_logs_start(f->service, &req);
    assert_false(loop_await(f->loop, &req.op, &err));
    expect(f, "Logs_20140328.DescribeLogStreams", NULL, 200, STREAMS());
    expect_lines(f, &req, "");
    const struct fake_request *last = fake_aws_request(f->aws, fake_aws_count(f->aws) - 1);
    assert_false(str_contains(last->body, STR("t1")));
    training_logs_done(&req);
}

/* ---- the gate */

static void a_job_is_looked_at_from_5_to_30_seconds(void **state)
{
    const struct fixture *f = *state;
    assert_int_equal(f->service->ops->poll_first_ms, 5000);
    assert_int_equal(f->service->ops->poll_max_ms, 30000);
}

static void polls_of_all_runners_together_keep_a_pace(void **state)
{
    (void)state;
    char *folder = test_folder_new();
    char *path = file_join(folder, "gate");
    const struct poll_gate first = {.path = path, .interval_ms = 100, .burst = 3};
    const struct poll_gate second = first; /* as another process has it */
    int64_t now_ms = 1795361968000;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(poll_gate_take(i % 2 == 0 ? &first : &second, now_ms), 0);
    }
    assert_int_equal(poll_gate_take(&second, now_ms), 100);
    assert_int_equal(poll_gate_take(&first, now_ms), 200);
    assert_int_equal(poll_gate_take(&first, now_ms + 10000), 0); /* full again */
    assert_int_equal(poll_gate_take(&(struct poll_gate){.path = NULL}, now_ms), 0);
    assert_int_equal(
        poll_gate_take(&(struct poll_gate){.path = "/nonexistent/gate", .interval_ms = 1}, now_ms),
        0);
    free(path);
    test_folder_free(folder);
}

static void a_queue_of_any_length_keeps_the_pace(void **state)
{
    const struct fixture *f = *state;
    char *path = file_join(f->folder, "gate");
    const struct poll_gate gate = {.path = path, .interval_ms = 200, .burst = 10};
    const int64_t now_ms = 5000;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(poll_gate_take(&gate, now_ms), 0);
    }
    for (int i = 1; i <= 5000; i++) { /* which takes 1,000 s */
        assert_int_equal(poll_gate_take(&gate, now_ms), i * 200);
    }
    assert_int_equal(poll_gate_take(&gate, now_ms + 700000), 5001 * 200 - 700000);
    free(path);
}

static void what_was_due_before_the_last_boot_is_forgotten(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct buf record;
    char *path = file_join(f->folder, "gate");
    const struct poll_gate gate = {.path = path, .interval_ms = 200, .burst = 1};
    buf_init(&record, 4096);
    poll_gate_take(&gate, 5000);
    assert_int_equal(poll_gate_take(&gate, 5000), 200);
    assert_true(file_read(path, &record, &err));
    record.ptr[0] = (char)(record.ptr[0] == '0' ? '1' : '0'); /* the boot's name comes first */
    assert_true(file_write(path, buf_str(&record), 0600, &err));
    assert_int_equal(poll_gate_take(&gate, 1000), 0);
    assert_int_equal(poll_gate_take(&gate, 1000), 200);
    buf_done(&record);
    free(path);
}

static void a_clock_that_was_set_back_keeps_nobody_waiting(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct clock *clock = clock_system();
    int64_t due_ms = clock->wall_ms(clock) + 10000; /* asked before it was set back */
    char text[sizeof(due_ms)];
    memcpy(text, &due_ms, sizeof(due_ms));
    char *path = file_join(f->folder, "gate");
    assert_true(file_write(path, (struct str){text, sizeof(text)}, 0600, &err));
    free(path);
    struct training_describe req = {.name = JOB};
    int64_t before_ms = clock->monotonic_ms(clock);
    expect(f, "SageMaker.DescribeTrainingJob", JOB, 200,
           "{\"TrainingJobName\":\"" JOB "\",\"TrainingJobStatus\":\"Completed\"}");
    training_describe_start(f->service, &req);
    assert_true(loop_await(f->loop, &req.op, &err));
    assert_true(clock->monotonic_ms(clock) - before_ms < 4000);
}

static void an_answer_about_another_job_is_refused(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct training_describe req = {.name = JOB};
    expect(f, "SageMaker.DescribeTrainingJob", JOB, 200,
           "{\"TrainingJobName\":\"" JOB "-2\",\"TrainingJobStatus\":\"Completed\"}");
    training_describe_start(f->service, &req);
    assert_false(loop_await(f->loop, &req.op, &err));
    assert_string_equal(err.code, "bad_answer");
    assert_non_null(strstr(err.message, "answered with " JOB "-2"));
}

static void a_look_waits_for_its_turn(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct clock *clock = clock_system();
    char *path = file_join(f->folder, "gate");
    const struct poll_gate gate = {
        .path = path, .interval_ms = SAGEMAKER_GATE_INTERVAL_MS, .burst = SAGEMAKER_GATE_BURST};
    struct training_describe req = {.name = JOB};
    int64_t before_ms = clock->monotonic_ms(clock);
    while (poll_gate_take(&gate, before_ms) == 0) { /* by other runners */
    }
    expect(f, "SageMaker.DescribeTrainingJob", JOB, 200,
           "{\"TrainingJobName\":\"" JOB "\",\"TrainingJobStatus\":\"Completed\"}");
    training_describe_start(f->service, &req);
    assert_true(loop_await(f->loop, &req.op, &err));
    assert_true(clock->monotonic_ms(clock) - before_ms >= SAGEMAKER_GATE_INTERVAL_MS);
    free(path);
}

#define behaviour(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request_is_completed_for_the_container),
        cmocka_unit_test(spot_brings_its_wait_and_checkpoints_of_its_own),
        cmocka_unit_test(hyperparameters_are_looked_at_where_they_are_known),
        cmocka_unit_test(what_is_missing_is_named_with_its_key),
        cmocka_unit_test(each_region_has_its_image),
        cmocka_unit_test(a_description_is_read_in_whole),
        cmocka_unit_test(every_status_has_its_meaning),
        cmocka_unit_test(unknown_statuses_are_loud),
        cmocka_unit_test(what_a_description_says_is_made_printable),
        behaviour(a_taken_name_is_told_as_such),
        behaviour(a_throttled_or_lost_creation_is_sent_again),
        behaviour(a_creation_says_whether_there_may_be_a_job),
        behaviour(bad_hyperparameters_never_reach_sagemaker),
        behaviour(an_absent_job_is_not_found_in_either_wording),
        behaviour(stopping_a_job_that_has_ended_is_success),
        behaviour(a_job_is_looked_at_from_5_to_30_seconds),
        behaviour(an_answer_about_another_job_is_refused),
        behaviour(a_look_waits_for_its_turn),
        behaviour(a_queue_of_any_length_keeps_the_pace),
        behaviour(what_was_due_before_the_last_boot_is_forgotten),
        behaviour(a_clock_that_was_set_back_keeps_nobody_waiting),
        behaviour(a_log_is_followed_by_its_tokens),
        behaviour(a_page_that_does_not_fit_is_given_in_pieces),
        behaviour(a_log_is_given_up_with_its_request),
        behaviour(an_expired_token_goes_on_by_time),
        behaviour(a_log_without_end_is_left_after_a_while),
        behaviour(a_token_of_the_list_that_has_expired_is_forgotten),
        cmocka_unit_test(polls_of_all_runners_together_keep_a_pace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
