/* Local training jobs, with real supervisors: this program is its own supervisor program (see main)
 * and the trainers are shell scripts the tests write. */
#include "core/local/training_jobs.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/local/training_folder.h"
#include "core/local/training_supervisor.h"
#include "tests/support/cmocka.h"
#include "tests/support/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000, TICK_US = 2000 };

struct fixture {
    char *folder, *training, *lake, *model_program, self[4096];
    struct loop *loop;
    struct clock_manual clock;
    struct training_service *service;
    struct error err;
};

static void use_supervisor(struct fixture *fixture, const char *program, struct clock *clock)
{
    struct training_jobs_spec spec = {.folder = fixture->training,
                                      .lake = fixture->lake,
                                      .supervisor_program = program,
                                      .model_program = fixture->model_program,
                                      .clock = clock};
    training_service_free(fixture->service);
    fixture->service = training_jobs_new(fixture->loop, &spec, &fixture->err);
    assert_non_null(fixture->service);
}

static int set_up(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof(*fixture));
    ssize_t length = readlink("/proc/self/exe", fixture->self, sizeof(fixture->self) - 1);
    assert_true(length > 0);
    fixture->folder = test_folder_new();
    fixture->training = file_join(fixture->folder, "training");
    fixture->lake = file_join(fixture->folder, "lake");
    fixture->model_program = file_join(fixture->folder, "model-program");
    fixture->loop = loop_new();
    use_supervisor(fixture, fixture->self, clock_system());
    test_file_write(fixture->lake, "data-bucket/run/train/a.csv", "1,2\n", 0644);
    test_file_write(fixture->lake, "data-bucket/run/train/more/b.csv", "0,3\n", 0644);
    test_file_write(fixture->lake, "data-bucket/run/validation/v.csv", "1,1\n", 0644);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    training_service_free(fixture->service);
    loop_free(fixture->loop);
    test_folder_free(fixture->folder);
    free(fixture->training);
    free(fixture->lake);
    free(fixture->model_program);
    free(fixture);
    return 0;
}

/* `train` is shell text, run in the ml folder; packing copies the model file. */
static void trainer_is(struct fixture *fixture, const char *train)
{
    char *text = xasprintf("#!/bin/sh\nif [ \"$1\" = pack ]; then exec cp \"$2/xgboost-model\" "
                           "\"$3\"; fi\n%s\n",
                           train);
    test_file_write(fixture->folder, "model-program", text, 0755);
    free(text);
}

static struct json *make_request(const char *name)
{
    char *text = xasprintf(
        "{\"TrainingJobName\":\"%s\",\"HyperParameters\":{\"num_round\":\"100\",\"eta\":\"0.2\"},"
        "\"InputDataConfig\":["
        "{\"ChannelName\":\"train\",\"ContentType\":\"text/csv\",\"DataSource\":{\"S3DataSource\":"
        "{\"S3DataType\":\"S3Prefix\",\"S3Uri\":\"s3://data-bucket/run/train/\"}}},"
        "{\"ChannelName\":\"validation\",\"ContentType\":\"text/csv\",\"DataSource\":"
        "{\"S3DataSource\":{\"S3Uri\":\"s3://data-bucket/run/validation\"}}}],"
        "\"OutputDataConfig\":{\"S3OutputPath\":\"s3://models/artifacts/\"},"
        "\"StoppingCondition\":{\"MaxRuntimeInSeconds\":60},"
        "\"Environment\":{\"GATEHOUSE_INTENT\":\"run-4-1\",\"LANG\":\"xx\",\"bad name\":\"y\"}}",
        name);
    struct error err;
    struct json *request = json_parse(str_from(text), &err);
    assert_non_null(request);
    free(text);
    return request;
}

/* ---- straight-line calls */

static bool create(struct fixture *fixture, struct json *request)
{
    struct training_create req = {.request = request};
    training_create_start(fixture->service, &req);
    bool is_ok = loop_await(fixture->loop, &req.op, &fixture->err);
    json_free(request);
    return is_ok;
}

static void expect_created(struct fixture *fixture, const char *name)
{
    assert_true(create(fixture, make_request(name)));
}

static bool describe(struct fixture *fixture, const char *name, struct training_job *out_job)
{
    struct training_describe req = {.name = name};
    training_describe_start(fixture->service, &req);
    bool is_ok = loop_await(fixture->loop, &req.op, &fixture->err);
    *out_job = req.job;
    return is_ok;
}

static bool stop(struct fixture *fixture, const char *name)
{
    struct training_stop req = {.name = name};
    training_stop_start(fixture->service, &req);
    return loop_await(fixture->loop, &req.op, &fixture->err);
}

static struct training_job wait_for_end(struct fixture *fixture, const char *name)
{
    struct training_job job = {0};
    struct clock *clock = clock_system();
    int64_t give_up_ms = clock->monotonic_ms(clock) + PATIENCE_MS;
    do {
        assert_true(describe(fixture, name, &job));
        assert_true(clock->monotonic_ms(clock) < give_up_ms);
        usleep(TICK_US);
    } while (job.state == TRAINING_RUNNING);
    return job;
}

static void expect_end(struct fixture *fixture, const char *name, const char *status,
                       const char *secondary, const char *reason)
{
    struct training_job job = wait_for_end(fixture, name);
    assert_string_equal(job.status, status);
    assert_string_equal(job.secondary_status, secondary);
    assert_string_equal(job.failure_reason, reason);
    assert_true(job.ended_ms >= job.created_ms);
}

/* The content of <job>/<name>, waited for; to be freed. */
static char *wait_for_file(struct fixture *fixture, const char *name)
{
    struct clock *clock = clock_system();
    int64_t give_up_ms = clock->monotonic_ms(clock) + PATIENCE_MS;
    for (;;) {
        char *content = test_file_read(fixture->training, name);
        if (content != NULL && *content != '\0') {
            return content;
        }
        free(content);
        assert_true(clock->monotonic_ms(clock) < give_up_ms);
        usleep(TICK_US);
    }
}

static void expect_file(struct fixture *fixture, const char *name, const char *expected)
{
    char *content = test_file_read(fixture->training, name);
    assert_non_null(content);
    assert_string_equal(content, expected);
    free(content);
}

static void wait_until_free(struct fixture *fixture, const char *job)
{
    char *folder = file_join(fixture->training, job);
    for (int i = 0; training_lock_holder(folder).is_held; i++) {
        assert_true(i < PATIENCE_MS * 1000 / TICK_US);
        usleep(TICK_US);
    }
    free(folder);
}

static void remove_file(struct fixture *fixture, const char *name)
{
    char *path = file_join(fixture->training, name);
    assert_int_equal(unlink(path), 0);
    free(path);
}

/* A job as a creator leaves it that is killed before it starts the supervisor. */
static void create_unstarted(struct fixture *fixture, const char *name)
{
    char *spawned = xasprintf("%s/spawned", name);
    use_supervisor(fixture, "/bin/true", clock_system());
    expect_created(fixture, name);
    remove_file(fixture, spawned);
    free(spawned);
    use_supervisor(fixture, fixture->self, clock_system());
}

/* ---- behaviours */

static const char good_trainer[] =
    "echo \"[0]#011train-error:0.2\"; echo warning >&2\n"
    "cat input/data/train/a.csv input/data/train/more/b.csv input/data/validation/v.csv > "
    "\"$GATEHOUSE_ML_ROOT/model/xgboost-model\"";

static void a_job_runs_from_its_data_to_a_published_model(void **state)
{
    struct fixture *fixture = *state;
    trainer_is(fixture, good_trainer);
    expect_created(fixture, "job-1");
    struct training_job job = wait_for_end(fixture, "job-1");
    assert_string_equal(job.failure_reason, "");
    assert_int_equal(job.state, TRAINING_SUCCEEDED);
    assert_string_equal(job.status, "Completed");
    assert_string_equal(job.secondary_status, "Completed");
    assert_string_equal(job.name, "job-1");
    assert_string_equal(job.intent, "run-4-1");
    assert_string_equal(job.model_uri, "s3://models/artifacts/job-1/output/model.tar.gz");
    assert_true(job.has_begun);
    assert_true(job.created_ms > 0 && job.created_ms <= job.started_ms &&
                job.started_ms <= job.ended_ms);
    assert_int_equal(job.billable_ms, job.ended_ms - job.started_ms);
    char *model = test_file_read(fixture->lake, "models/artifacts/job-1/output/model.tar.gz");
    assert_string_equal(model, "1,2\n0,3\n1,1\n");
    free(model);
    wait_until_free(fixture, "job-1");
    assert_int_equal(test_folder_count(fixture->training, "job-1/ml/input"), 1);
    expect_file(fixture, "job-1/supervisor.log", "");
}

static void the_trainer_sees_the_containers_folder(void **state)
{
    struct fixture *fixture = *state;
    trainer_is(fixture,
               "cp -r input/config seen; env | sort > seen/env; touch model/xgboost-model");
    expect_created(fixture, "job-1");
    expect_end(fixture, "job-1", "Completed", "Completed", "");
    struct error err;
    struct json *parameters =
        training_folder_load(fixture->training, "job-1/ml/seen/hyperparameters.json", &err);
    assert_string_equal(json_text_or(parameters, "num_round", ""), "100");
    struct json *input =
        training_folder_load(fixture->training, "job-1/ml/seen/inputdataconfig.json", &err);
    assert_string_equal(json_text_or(json_get(input, "train"), "ContentType", ""), "text/csv");
    assert_int_equal(json_count(input), 2);
    struct json *resources =
        training_folder_load(fixture->training, "job-1/ml/seen/resourceconfig.json", &err);
    assert_string_equal(json_text_or(resources, "current_host", ""), "algo-1");
    char *environment = test_file_read(fixture->training, "job-1/ml/seen/env");
    assert_non_null(strstr(environment, "GATEHOUSE_INTENT=run-4-1\n"));
    assert_non_null(strstr(environment, "LANG=C.UTF-8\n"));
    assert_null(strstr(environment, "bad name"));
    assert_null(strstr(environment, "HOME="));
    free(environment);
    json_free(parameters);
    json_free(input);
    json_free(resources);
}

static void every_status_is_recorded_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct error err;
    static const char *const expected[] = {"Starting", "Downloading", "Training", "Uploading",
                                           "Completed"};
    trainer_is(fixture, good_trainer);
    expect_created(fixture, "job-1");
    expect_end(fixture, "job-1", "Completed", "Completed", "");
    struct json *status = training_folder_load(fixture->training, "job-1/status.json", &err);
    const struct json *transitions = json_get(status, "SecondaryStatusTransitions");
    assert_int_equal(json_count(transitions), 5);
    for (size_t i = 0; i < 5; i++) {
        const struct json *at = json_at(transitions, i);
        assert_string_equal(json_text_or(at, "Status", ""), expected[i]);
        assert_true(json_int_or(at, "StartTime", 0) > 0);
        assert_true((json_get(at, "EndTime") != NULL) == (i < 4));
    }
    json_free(status);
}

static void a_job_is_training_while_the_trainer_runs(void **state)
{
    struct fixture *fixture = *state;
    struct training_job job;
    trainer_is(fixture, "echo here > here; while [ ! -e go ]; do sleep 0.01; done; "
                        "touch model/xgboost-model");
    expect_created(fixture, "job-1");
    free(wait_for_file(fixture, "job-1/ml/here"));
    assert_true(describe(fixture, "job-1", &job));
    assert_string_equal(job.status, "InProgress");
    assert_string_equal(job.secondary_status, "Training");
    assert_int_equal(job.state, TRAINING_RUNNING);
    assert_true(job.has_begun);
    assert_string_equal(job.model_uri, "");
    test_file_write(fixture->training, "job-1/ml/go", "x", 0644);
    expect_end(fixture, "job-1", "Completed", "Completed", "");
}

static void a_trainers_failure_file_is_the_reason(void **state)
{
    struct fixture *fixture = *state;
    trainer_is(fixture, "printf 'bad \\033 data\\n' > output/failure; exit 1");
    expect_created(fixture, "job-1");
    expect_end(fixture, "job-1", "Failed", "Failed", "AlgorithmError: bad \xef\xbf\xbd data");
    trainer_is(fixture, "echo 'ClientError: no label' > output/failure; exit 1");
    expect_created(fixture, "job-2");
    expect_end(fixture, "job-2", "Failed", "Failed", "ClientError: no label");
    trainer_is(fixture, "exit 3");
    expect_created(fixture, "job-3");
    expect_end(fixture, "job-3", "Failed", "Failed", "AlgorithmError: exit 3");
    assert_int_equal(test_folder_count(fixture->lake, "."), 2); /* no bucket for models */
}

static void a_killed_trainer_is_an_internal_error(void **state)
{
    struct fixture *fixture = *state;
    trainer_is(fixture, "kill -9 $$");
    expect_created(fixture, "job-1");
    expect_end(fixture, "job-1", "Failed", "Failed",
               "InternalServerError: the trainer was ended by signal 9 (Killed)");
}

static void a_model_that_cannot_be_packed_fails_the_job(void **state)
{
    struct fixture *fixture = *state;
    trainer_is(fixture, "exit 0"); /* no model: the packer's cp fails */
    expect_created(fixture, "job-1");
    struct training_job job = wait_for_end(fixture, "job-1");
    assert_int_equal(job.state, TRAINING_FAILED);
    assert_non_null(strstr(job.failure_reason, "AlgorithmError: the model could not be packed"));
    assert_string_equal(job.model_uri, "");
}

static void a_missing_model_program_fails_the_job(void **state)
{
    struct fixture *fixture = *state;
    expect_created(fixture, "job-1");
    struct training_job job = wait_for_end(fixture, "job-1");
    assert_int_equal(job.state, TRAINING_FAILED);
    assert_non_null(strstr(job.failure_reason, "ClientError: cannot start"));
}

static void a_channel_without_objects_is_a_client_error(void **state)
{
    struct fixture *fixture = *state;
    trainer_is(fixture, "echo must not run > ran");
    char *path = file_join(fixture->lake, "data-bucket/run/validation/v.csv");
    assert_int_equal(unlink(path), 0);
    free(path);
    expect_created(fixture, "job-1");
    expect_end(fixture, "job-1", "Failed", "Failed",
               "ClientError: no objects under s3://data-bucket/run/validation for channel "
               "validation");
    char *bucket = file_join(fixture->lake, "data-bucket");
    char *elsewhere = file_join(fixture->lake, "other");
    assert_int_equal(rename(bucket, elsewhere), 0);
    expect_created(fixture, "job-2");
    expect_end(fixture, "job-2", "Failed", "Failed",
               "ClientError: no objects under s3://data-bucket/run/train/ for channel train");
    free(bucket);
    free(elsewhere);
}

static void a_name_is_taken_for_ever(void **state)
{
    struct fixture *fixture = *state;
    trainer_is(fixture, good_trainer);
    expect_created(fixture, "job-1");
    expect_end(fixture, "job-1", "Completed", "Completed", "");
    char *before = test_file_read(fixture->training, "job-1/status.json");
    assert_false(create(fixture, make_request("job-1")));
    assert_string_equal(fixture->err.code, "name_taken");
    assert_int_equal(fixture->err.error_class, ERROR_PERMANENT);
    expect_file(fixture, "job-1/status.json", before);
    assert_int_equal(test_folder_count(fixture->training, ".new"), 0);
    free(before);
}

static void of_two_creators_at_once_one_wins(void **state)
{
    struct fixture *fixture = *state;
    struct error err;
    struct json *request = make_request("job-1");
    struct training_create both[2] = {{.request = request}, {.request = request}};
    trainer_is(fixture, "echo run >> runs; touch model/xgboost-model");
    training_create_start(fixture->service, &both[0]);
    training_create_start(fixture->service, &both[1]);
    bool is_first = loop_await(fixture->loop, &both[0].op, &err);
    bool is_second = loop_await(fixture->loop, &both[1].op, &fixture->err);
    assert_true(is_first != is_second);
    assert_true(error_is(is_first ? &fixture->err : &err, "name_taken"));
    json_free(request);
    expect_end(fixture, "job-1", "Completed", "Completed", "");
    expect_file(fixture, "job-1/ml/runs", "run\n");
}

static void bad_requests_are_refused_before_anything_exists(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"",
                                        "-a",
                                        "a-",
                                        "a_b",
                                        "a/b",
                                        "..",
                                        ".new",
                                        "0123456789012345678901234567890123456789"
                                        "012345678901234567890123"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_false(create(fixture, make_request(names[i])));
        assert_string_equal(fixture->err.code, "bad_request");
    }
    static const struct {
        const char *member, *value;
    } changes[] = {
        {"HyperParameters", "{\"eta\":0.2}"},
        {"InputDataConfig", "[]"},
        {"InputDataConfig", "[{\"ChannelName\":\"../x\"}]"},
        {"InputDataConfig", "[{\"ChannelName\":\"train\",\"DataSource\":{\"S3DataSource\":"
                            "{\"S3Uri\":\"s3://data-bucket/../etc/\"}}}]"},
        {"InputDataConfig",
         "[{\"ChannelName\":\"train\",\"DataSource\":{\"S3DataSource\":"
         "{\"S3Uri\":\"s3://data-bucket/a\",\"S3DataType\":\"ManifestFile\"}}}]"},
        {"OutputDataConfig", "{}"},
        {"OutputDataConfig", "{\"S3OutputPath\":\"/tmp\"}"},
        {"StoppingCondition", "{\"MaxRuntimeInSeconds\":0}"},
        {"StoppingCondition", "{\"MaxRuntimeInSeconds\":\"60\"}"},
    };
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        struct json *request = make_request("job-1");
        json_set(request, changes[i].member, json_parse(str_from(changes[i].value), &fixture->err));
        assert_false(create(fixture, request));
        assert_string_equal(fixture->err.code, "bad_request");
    }
    assert_int_equal(test_folder_count(fixture->training, "."), 1); /* .new */
    assert_int_equal(test_folder_count(fixture->training, ".new"), 0);
}

static void an_unknown_job_is_not_found(void **state)
{
    struct fixture *fixture = *state;
    struct training_job job;
    struct training_logs logs = {.name = "job-1"};
    assert_false(describe(fixture, "job-1", &job));
    assert_string_equal(fixture->err.code, "not_found");
    assert_false(stop(fixture, "job-1"));
    assert_string_equal(fixture->err.code, "not_found");
    buf_init(&logs.text, 1000);
    training_logs_start(fixture->service, &logs);
    assert_false(loop_await(fixture->loop, &logs.op, &fixture->err));
    assert_string_equal(fixture->err.code, "not_found");
    training_logs_done(&logs);
}

static void a_stopped_job_ends_its_trainer(void **state)
{
    struct fixture *fixture = *state;
    trainer_is(fixture, "trap 'echo got-term > term; exit 0' TERM; echo $$ > pid; "
                        "while :; do sleep 0.01; done");
    expect_created(fixture, "job-1");
    char *pid = wait_for_file(fixture, "job-1/ml/pid");
    assert_true(stop(fixture, "job-1"));
    expect_end(fixture, "job-1", "Stopped", "Stopped", "");
    expect_file(fixture, "job-1/ml/term", "got-term\n");
    assert_int_equal(kill(atoi(pid), 0), -1);
    assert_int_equal(errno, ESRCH);
    assert_true(stop(fixture, "job-1")); /* over: success */
    expect_end(fixture, "job-1", "Stopped", "Stopped", "");
    free(pid);
}

static void the_longest_run_time_ends_in_stopped(void **state)
{
    struct fixture *fixture = *state;
    struct json *request = make_request("job-1");
    struct json *condition = json_object();
    json_set_int(condition, "MaxRuntimeInSeconds", 1);
    json_set(request, "StoppingCondition", condition);
    trainer_is(fixture, "exec sleep 60");
    assert_true(create(fixture, request));
    expect_end(fixture, "job-1", "Stopped", "MaxRuntimeExceeded", "");
}

static void a_job_whose_creator_died_is_started_when_it_is_looked_at(void **state)
{
    struct fixture *fixture = *state;
    trainer_is(fixture, "echo run >> runs; touch model/xgboost-model");
    create_unstarted(fixture, "job-1");
    expect_end(fixture, "job-1", "Completed", "Completed", "");
    expect_file(fixture, "job-1/ml/runs", "run\n");
}

static void an_unstarted_job_can_be_stopped(void **state)
{
    struct fixture *fixture = *state;
    trainer_is(fixture, "echo run >> runs");
    create_unstarted(fixture, "job-1");
    assert_true(stop(fixture, "job-1"));
    expect_end(fixture, "job-1", "Stopped", "Stopped", "");
    assert_null(test_file_read(fixture->training, "job-1/ml/runs"));
}

static pid_t supervisor_of(struct fixture *fixture, const char *job)
{
    char *folder = file_join(fixture->training, job);
    struct training_holder holder = training_lock_holder(folder);
    free(folder);
    assert_true(holder.is_held && holder.pid > 0);
    return holder.pid;
}

static void a_killed_supervisor_takes_its_trainer_along_and_fails_the_job(void **state)
{
    struct fixture *fixture = *state;
    trainer_is(fixture, "echo $$ > pid; exec sleep 60");
    expect_created(fixture, "job-1");
    char *pid = wait_for_file(fixture, "job-1/ml/pid");
    kill(supervisor_of(fixture, "job-1"), SIGKILL);
    expect_end(fixture, "job-1", "Failed", "Failed",
               "InternalServerError: the job's supervisor was killed before the job had an end");
    for (int i = 0; kill(atoi(pid), 0) == 0; i++) {
        assert_true(i < 1000);
        usleep(TICK_US);
    }
    char *before = test_file_read(fixture->training, "job-1/status.json");
    struct training_job job;
    assert_true(describe(fixture, "job-1", &job)); /* finalised once: nothing changes any more */
    expect_file(fixture, "job-1/status.json", before);
    free(before);
    free(pid);
}

static void a_supervisor_told_to_end_by_others_fails_the_job(void **state)
{
    struct fixture *fixture = *state;
    trainer_is(fixture, "echo $$ > pid; exec sleep 60");
    expect_created(fixture, "job-1");
    free(wait_for_file(fixture, "job-1/ml/pid"));
    kill(supervisor_of(fixture, "job-1"), SIGTERM);
    struct training_job job = wait_for_end(fixture, "job-1");
    assert_int_equal(job.state, TRAINING_FAILED);
    assert_non_null(strstr(job.failure_reason, "InternalServerError: "));
}

static void a_second_supervisor_does_nothing(void **state)
{
    struct fixture *fixture = *state;
    trainer_is(fixture, "echo run >> runs; while [ ! -e go ]; do sleep 0.01; done; "
                        "touch model/xgboost-model");
    expect_created(fixture, "job-1");
    free(wait_for_file(fixture, "job-1/ml/runs"));
    char *folder = file_join(fixture->training, "job-1");
    char *command = xasprintf("%s " TRAINING_SUPERVISOR_VERB " %s %s %s", fixture->self, folder,
                              fixture->model_program, fixture->lake);
    assert_int_equal(system(command), 0);
    test_file_write(fixture->training, "job-1/ml/go", "x", 0644);
    expect_end(fixture, "job-1", "Completed", "Completed", "");
    wait_until_free(fixture, "job-1");
    char *before = test_file_read(fixture->training, "job-1/status.json");
    assert_int_equal(system(command), 0); /* after the end, too */
    expect_file(fixture, "job-1/status.json", before);
    expect_file(fixture, "job-1/ml/runs", "run\n");
    free(before);
    free(command);
    free(folder);
}

static void a_supervisor_that_does_not_start_fails_the_job_in_the_end(void **state)
{
    struct fixture *fixture = *state;
    struct training_job job;
    struct clock *real = clock_system();
    clock_manual_init(&fixture->clock, real->wall_ms(real) + 1000);
    use_supervisor(fixture, "/bin/false", &fixture->clock.clock);
    expect_created(fixture, "job-1");
    for (int i = 0; i < 5; i++) {
        assert_true(describe(fixture, "job-1", &job));
        assert_int_equal(job.state, TRAINING_RUNNING);
        clock_manual_advance(&fixture->clock, 60000);
    }
    assert_true(describe(fixture, "job-1", &job));
    assert_int_equal(job.state, TRAINING_FAILED);
    assert_non_null(
        strstr(job.failure_reason, "InternalServerError: the job could not be started"));
    expect_file(fixture, "job-1/spawned", ".....");
}

static void a_missing_supervisor_program_is_the_jobs_failure(void **state)
{
    struct fixture *fixture = *state;
    use_supervisor(fixture, "/no/such/program", clock_system());
    expect_created(fixture, "job-1");
    struct training_job job = wait_for_end(fixture, "job-1");
    assert_int_equal(job.state, TRAINING_FAILED);
    assert_non_null(strstr(job.failure_reason, "/no/such/program"));
}

static void a_damaged_status_brings_the_job_to_an_end(void **state)
{
    struct fixture *fixture = *state;
    trainer_is(fixture, "echo $$ > pid; exec sleep 60");
    expect_created(fixture, "job-1");
    free(wait_for_file(fixture, "job-1/ml/pid"));
    kill(supervisor_of(fixture, "job-1"), SIGKILL);
    wait_until_free(fixture, "job-1");
    test_file_write(fixture->training, "job-1/status.json", "{\"Training", 0600);
    struct training_job job = wait_for_end(fixture, "job-1");
    assert_int_equal(job.state, TRAINING_FAILED);
}

/* ---- logs */

static bool read_logs(struct fixture *fixture, struct training_logs *logs)
{
    training_logs_start(fixture->service, logs);
    return loop_await(fixture->loop, &logs->op, &fixture->err);
}

static void logs_are_given_by_whole_lines_and_once(void **state)
{
    struct fixture *fixture = *state;
    trainer_is(fixture, "touch model/xgboost-model");
    expect_created(fixture, "job-1");
    expect_end(fixture, "job-1", "Completed", "Completed", "");
    wait_until_free(fixture, "job-1");
    test_file_write(fixture->training, "job-1/training.log", "one\ntwo\nthr", 0600);
    struct training_logs logs = {.name = "job-1"};
    buf_init(&logs.text, 1000);
    assert_true(read_logs(fixture, &logs));
    assert_string_equal(buf_text(&logs.text), "one\ntwo\n");
    assert_string_equal(logs.cursor, "8");
    buf_reset(&logs.text);
    assert_true(read_logs(fixture, &logs));
    assert_int_equal(logs.text.len, 0);
    test_file_write(fixture->training, "job-1/training.log", "one\ntwo\nthree\n", 0600);
    assert_true(read_logs(fixture, &logs));
    assert_string_equal(buf_text(&logs.text), "three\n");
    snprintf(logs.cursor, sizeof(logs.cursor), "-1");
    assert_false(read_logs(fixture, &logs));
    assert_string_equal(fixture->err.code, "bad_cursor");
    training_logs_done(&logs);
}

static void a_log_line_longer_than_the_room_comes_in_pieces(void **state)
{
    struct fixture *fixture = *state;
    trainer_is(fixture, "echo 0123456789abc; echo end; touch model/xgboost-model");
    expect_created(fixture, "job-1");
    expect_end(fixture, "job-1", "Completed", "Completed", "");
    struct training_logs logs = {.name = "job-1"};
    char *all = xstrdup("");
    for (int i = 0; i < 4; i++) {
        buf_init(&logs.text, 8);
        assert_true(read_logs(fixture, &logs));
        char *more = xasprintf("%s%s", all, buf_text(&logs.text));
        free(all);
        all = more;
        training_logs_done(&logs);
    }
    assert_string_equal(all, "0123456\n789abc\nend\n");
    free(all);
}

static void both_outputs_of_the_trainer_are_logged(void **state)
{
    struct fixture *fixture = *state;
    trainer_is(fixture, good_trainer);
    expect_created(fixture, "job-1");
    expect_end(fixture, "job-1", "Completed", "Completed", "");
    char *log = test_file_read(fixture->training, "job-1/training.log");
    assert_non_null(strstr(log, "[0]#011train-error:0.2\n"));
    assert_non_null(strstr(log, "warning\n"));
    free(log);
}

static void only_old_unfinished_folders_are_swept(void **state)
{
    struct fixture *fixture = *state;
    trainer_is(fixture, good_trainer);
    test_file_write(fixture->training, ".new/old/request.json", "{}", 0600);
    test_file_write(fixture->training, ".new/young/request.json", "{}", 0600);
    char *old = file_join(fixture->training, ".new/old");
    struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    assert_int_equal(utimensat(AT_FDCWD, old, times, 0), 0);
    expect_created(fixture, "job-1");
    assert_false(file_exists(old));
    assert_int_equal(test_folder_count(fixture->training, ".new"), 1);
    expect_end(fixture, "job-1", "Completed", "Completed", "");
    free(old);
}

#define behaviour(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static int run_all(void)
{
    static const struct CMUnitTest tests[] = {
        behaviour(a_job_runs_from_its_data_to_a_published_model),
        behaviour(the_trainer_sees_the_containers_folder),
        behaviour(every_status_is_recorded_in_order),
        behaviour(a_job_is_training_while_the_trainer_runs),
        behaviour(a_trainers_failure_file_is_the_reason),
        behaviour(a_killed_trainer_is_an_internal_error),
        behaviour(a_model_that_cannot_be_packed_fails_the_job),
        behaviour(a_missing_model_program_fails_the_job),
        behaviour(a_channel_without_objects_is_a_client_error),
        behaviour(a_name_is_taken_for_ever),
        behaviour(of_two_creators_at_once_one_wins),
        behaviour(bad_requests_are_refused_before_anything_exists),
        behaviour(an_unknown_job_is_not_found),
        behaviour(a_stopped_job_ends_its_trainer),
        behaviour(the_longest_run_time_ends_in_stopped),
        behaviour(a_job_whose_creator_died_is_started_when_it_is_looked_at),
        behaviour(an_unstarted_job_can_be_stopped),
        behaviour(a_killed_supervisor_takes_its_trainer_along_and_fails_the_job),
        behaviour(a_supervisor_told_to_end_by_others_fails_the_job),
        behaviour(a_second_supervisor_does_nothing),
        behaviour(a_supervisor_that_does_not_start_fails_the_job_in_the_end),
        behaviour(a_missing_supervisor_program_is_the_jobs_failure),
        behaviour(a_damaged_status_brings_the_job_to_an_end),
        behaviour(logs_are_given_by_whole_lines_and_once),
        behaviour(a_log_line_longer_than_the_room_comes_in_pieces),
        behaviour(both_outputs_of_the_trainer_are_logged),
        behaviour(only_old_unfinished_folders_are_swept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], TRAINING_SUPERVISOR_VERB) == 0) {
        struct training_supervisor_spec spec = {.job_folder = argv[2],
                                                .model_program = argv[3],
                                                .lake = argv[4],
                                                .clock = clock_system()};
        return training_supervisor_run(&spec);
    }
    return run_all();
}
