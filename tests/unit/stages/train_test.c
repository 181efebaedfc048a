/* A training stage from its data to its model, and every way it can go wrong. */
#include "core/base/alloc.h"
#include "tests/support/attempt_fixture.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>

#define BUCKET   "msecindustries-training"
#define JOB_NAME "credit-default-xgboost-" FIXTURE_INTENT

static const char schema_text[] =
    "{\"version\":1,\"label\":\"DEFAULT\",\"features\":[\"A\",\"B\"],\"columns\":3,"
    "\"delimiter\":\",\",\"header\":false}";

enum { ROWS = 150 };

struct world {
    struct attempt_fixture *fixture;
    struct fake_services *fake;
    struct json *parameters;
};

static void put_rows(struct fake_services *fake, const char *key, int rows)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    for (int i = 0; i < rows; i++) {
        buf_printf(&text, "%d,%d,-%d.5\n", i % 4 == 0 ? 1 : 0, i * 7 % 31, i * 3 % 17);
    }
    fake_put(fake, BUCKET, key, buf_str(&text));
    buf_done(&text);
}

static struct json *make_parameters(struct fake_services *fake)
{
    struct json *parameters = fixture_json(
        "{\"output\":{\"bucket\":\"msecindustries-models\",\"prefix\":\"xgboost-model-artifacts/"
        "\"},"
        "\"hyperparameters\":{\"num_round\":100,\"eta\":0.2,\"objective\":\"binary:logistic\","
        "\"eval_metric\":[\"error\",\"auc\"]},\"image\":\"\",\"role\":\"\"}");
    struct json *channels = json_object();
    json_set(channels, "train", fake_place(fake, BUCKET, "t/train/train.csv"));
    json_set(channels, "validation", fake_place(fake, BUCKET, "t/validation/validation.csv"));
    json_set(channels, "schema", fake_place(fake, BUCKET, "t/schema/schema.json"));
    json_set_int(json_get_mutable(channels, "train"), "rows", ROWS);
    json_set(parameters, "channels", channels);
    return parameters;
}

static struct world new_world(void)
{
    struct world world = {.fixture = fixture_new("train")};
    world.fake = world.fixture->fake;
    put_rows(world.fake, "t/train/train.csv", ROWS);
    put_rows(world.fake, "t/validation/validation.csv", 40);
    fake_put(world.fake, BUCKET, "t/schema/schema.json", str_from(schema_text));
    world.parameters = make_parameters(world.fake);
    return world;
}

static void run_world(struct world *world, bool is_adoption)
{
    fixture_start(world->fixture, json_copy(world->parameters), is_adoption);
    loop_run(world->fixture->loop);
    assert_int_equal(world->fixture->finished, 1);
}

static void free_world(struct world *world)
{
    json_free(world->parameters);
    fixture_free(world->fixture);
}

static bool is_job_running(struct fake_services *fake)
{
    const struct fake_job *job = fake_find_job(fake, JOB_NAME);
    enum training_state state = TRAINING_SUCCEEDED;
    return job != NULL &&
           training_state_from_status(str_from(job->script[job->at].status), &state) &&
           state == TRAINING_RUNNING;
}

static void assert_failed(const struct attempt_fixture *fixture, enum error_class error_class,
                          const char *code)
{
    assert_int_equal(fixture->outcome, OUTCOME_FAILED);
    assert_string_equal(fixture->error.code, code);
    assert_int_equal(fixture->error.error_class, error_class);
    assert_null(fixture->outputs);
}

/* ---- the good case */

static void trains_and_gives_the_models_place(void **state)
{
    (void)state;
    struct world world = new_world();
    struct attempt_fixture *fixture = world.fixture;
    run_world(&world, false);
    assert_int_equal(fixture->outcome, OUTCOME_SUCCESS);
    assert_int_equal(fixture->running, 1);
    assert_string_equal(
        buf_text(&fixture->steps),
        "look up channels;read schema;check data;submit job;wait for job;fetch outcome;");
    assert_string_equal(json_text_or(fixture->outputs, "training_job_name", ""), JOB_NAME);
    assert_contains(json_text_or(fixture->outputs, "model_uri", ""),
                    JOB_NAME "/output/model.tar.gz");
    assert_string_equal(json_text_or(json_get(fixture->outputs, "model"), "bucket", ""),
                        "msecindustries-models");
    assert_int_equal(json_int_or(fixture->outputs, "billable_ms", 0), 1200);
    assert_string_equal(json_text_or(json_get(fixture->outputs, "schema"), "key", ""),
                        "t/schema/schema.json");
    assert_int_equal(world.fake->counts[FAKE_TRAINING_CREATE], 1);
    assert_int_equal(world.fake->counts[FAKE_TRAINING_STOP], 0);
    free_world(&world);
}

static void the_request_is_create_training_jobs(void **state)
{
    (void)state;
    struct world world = new_world();
    world.fixture->spec.running_timeout_ms = 600000;
    json_set_text(world.parameters, "image", "registry/xgboost:1.7-1");
    json_set_text(world.parameters, "role", "arn:aws:iam::1:role/r");
    run_world(&world, false);
    const struct json *request = world.fake->last_request;
    const struct json *train = json_at(json_get(request, "InputDataConfig"), 0);
    const struct json *texts = json_get(request, "HyperParameters");
    assert_string_equal(json_text_or(request, "TrainingJobName", ""), JOB_NAME);
    assert_string_equal(json_text_or(texts, "num_round", ""), "100");
    assert_string_equal(json_text_or(texts, "eta", ""), "0.2");
    assert_string_equal(json_text_or(texts, "eval_metric", ""), "error,auc");
    assert_int_equal(json_count(json_get(request, "InputDataConfig")), 3);
    assert_string_equal(json_text_or(train, "ChannelName", ""), "train");
    assert_string_equal(json_text_or(train, "ContentType", ""), "text/csv");
    assert_string_equal(json_text_or(json_path(train, "DataSource.S3DataSource"), "S3Uri", ""),
                        "s3://" BUCKET "/t/train/train.csv");
    assert_string_equal(json_text_or(json_get(request, "OutputDataConfig"), "S3OutputPath", ""),
                        "s3://msecindustries-models/xgboost-model-artifacts");
    assert_string_equal(json_text_or(json_get(request, "Environment"), "GATEHOUSE_INTENT", ""),
                        FIXTURE_INTENT);
    assert_string_equal(json_text_or(json_get(request, "ResourceConfig"), "InstanceType", ""),
                        "ml.m5.xlarge");
    assert_int_equal(json_int_or(json_get(request, "StoppingCondition"), "MaxRuntimeInSeconds", 0),
                     605);
    assert_string_equal(
        json_text_or(json_get(request, "AlgorithmSpecification"), "TrainingImage", ""),
        "registry/xgboost:1.7-1");
    assert_string_equal(json_text_or(request, "RoleArn", ""), "arn:aws:iam::1:role/r");
    free_world(&world);
}

static void rounds_of_the_log_become_progress_and_metrics(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "starting\n[0]#011train-error:0.19#011validation-error:0.2\n",
        "[1]\ttrain-error:0.18\tvalidation-error:0.19\n"
        "\033[31m[9]#011x:1\n[99999999999999]#011a:1\n[2]#011bad name:1\n[3]\n[4]#011:1\n",
        NULL,
    };
    struct world world = new_world();
    struct attempt_fixture *fixture = world.fixture;
    world.fake->log_texts = texts;
    run_world(&world, false);
    assert_int_equal(fixture->outcome, OUTCOME_SUCCESS);
    assert_int_equal(json_int_or(fixture->outputs, "rounds", 0), 2);
    const struct json *metrics = json_get(fixture->outputs, "metrics");
    assert_int_equal(json_count(metrics), 2);
    assert_true(json_number_or(metrics, "validation-error", 0) == 0.19);
    assert_contains(buf_text(&fixture->log), "out starting\n");
    free_world(&world);
}

static struct json *last_waiting;
static void keep_waiting(void *context, struct attempt *attempt, struct json *body)
{
    struct attempt_fixture *fixture = context;
    (void)attempt;
    fixture->reports++;
    if (json_get(body, "rounds") != NULL) {
        json_free(last_waiting);
        last_waiting = body;
    } else {
        json_free(body);
    }
}

static void progress_says_how_far_it_is_and_is_throttled(void **state)
{
    (void)state;
    static const char *const texts[] = {"[0]#011train-error:0.19\n", "[1]#011train-error:0.18\n",
                                        "[2]#011train-error:0.17\n", "",
                                        "[3]#011train-error:0.16\n", NULL};
    struct world world = new_world();
    world.fake->log_texts = texts;
    world.fixture->hooks.progress = keep_waiting;
    run_world(&world, false);
    assert_int_equal(json_int_or(last_waiting, "done", 0), 4);
    assert_int_equal(json_int_or(last_waiting, "total", 0), 100);
    assert_string_equal(json_text_or(last_waiting, "unit", ""), "rounds");
    assert_string_equal(json_text_or(last_waiting, "step", ""), "wait for job");
    assert_string_equal(json_text_or(last_waiting, "detail", ""), "Completed");
    assert_int_equal(json_count(json_get(last_waiting, "rounds")), 4); /* nothing was lost */
    assert_int_equal(world.fixture->reports, 7);                       /* six steps and one */
    json_free(last_waiting);
    last_waiting = NULL;
    free_world(&world);
}

static int64_t told_polls[16], told_billable_ms;
static size_t told_count;
static void keep_polls(void *context, struct attempt *attempt, struct json *body)
{
    struct attempt_fixture *fixture = context;
    const struct json *job = json_get(body, "job");
    int64_t poll_ms = json_int_or(job, "poll_interval_ms", 0);
    (void)attempt;
    fixture->reports++;
    told_billable_ms = json_int_or(job, "billable_ms", told_billable_ms);
    if (poll_ms > 0 && told_count < sizeof(told_polls) / sizeof(told_polls[0])) {
        told_polls[told_count++] = poll_ms;
    }
    json_free(body);
}

/* Who looks at a screen can count down to the next look, and sees what it has cost. */
static void looks_grow_rarer_until_the_status_changes_and_each_is_told(void **state)
{
    (void)state;
    static const struct fake_job_state script[] = {
        {"InProgress", "Starting", NULL},
        {"InProgress", "Training", NULL},
        {"InProgress", "Training", NULL},
        {"InProgress", "Training", NULL},
        {"InProgress", "Training", NULL},
        {"InProgress", "Training", NULL},
        {"InProgress", "Uploading", NULL},
        {"Completed", "Completed", NULL},
        {0},
    };
    static const int64_t most[] = {8, 8, 12, 18, 27, 40, 8};
    static const char *const texts[] = {NULL};
    struct world world = new_world();
    world.fake->log_texts = texts;
    world.fake->new_job_script = script;
    world.fake->training_ops.poll_first_ms = 8;
    world.fake->training_ops.poll_max_ms = 1000;
    world.fixture->hooks.progress = keep_polls;
    told_count = 0;
    run_world(&world, false);
    assert_int_equal(told_count, 7);
    size_t unshortened = 0;
    for (size_t i = 0; i < told_count; i++) {
        assert_in_range(told_polls[i], most[i] * 8 / 10 - 1, most[i]);
        unshortened += told_polls[i] == most[i] ? 1 : 0;
    }
    assert_true(unshortened < told_count); /* by chance, so that runs do not look all at once */
    assert_int_equal(told_billable_ms, 1200);
    free_world(&world);
}

static void lines_that_come_after_the_end_are_read(void **state)
{
    (void)state;
    static const char *const texts[] = {"[0]#011train-error:0.19\n", "",  "", "", "", "", "",
                                        "[1]#011train-error:0.18\n", NULL};
    struct world world = new_world();
    world.fake->log_texts = texts;
    world.fake->training_ops.log_lag_ms = 10;
    run_world(&world, false);
    assert_int_equal(json_int_or(world.fixture->outputs, "rounds", 0), 2);
    free_world(&world);
}

/* ---- data */

struct fault {
    const char *text, *part;
};

static void check_fault(const struct fault *fault)
{
    struct world world = new_world();
    fake_put(world.fake, BUCKET, "t/train/train.csv", str_from(fault->text));
    json_free(world.parameters);
    world.parameters = make_parameters(world.fake);
    json_remove(json_get_mutable(json_get_mutable(world.parameters, "channels"), "train"), "rows");
    run_world(&world, false);
    assert_failed(world.fixture, ERROR_PERMANENT, "bad_training_data");
    assert_contains(world.fixture->error.message, fault->part);
    assert_int_equal(world.fake->counts[FAKE_TRAINING_CREATE], 0);
    free_world(&world);
}

static void bad_rows_are_refused_before_money_is_spent(void **state)
{
    (void)state;
    static const struct fault faults[] = {
        {"DEFAULT,A,B\n1,2,3\n0,1,2\n", "header"},
        {"1,2,3\n2,1,2\n", "row 2, column 1 (label): '2' is not 0 or 1"},
        {"1,2,3\n0,x\033y,2\n", "row 2, column 2 (A)"},
        {"1,2,3\n0,,2\n", "not a finite number"},
        {"1,2,3\n0,nan,2\n", "not a finite number"},
        {"1,2,3\n0,1,1e999\n", "row 2, column 3 (B)"},
        {"1,2,3\n0,1,2,7\n", "row 2 has 4 columns, the schema says 3"},
        {"1,2,3\n0,1\n", "row 2 has 2 columns"},
        {"1,2,3\n\n0,1,2\n", "row 2, column 1"},
        {"1,2,3\r\n0,1,2\r\n", "not a finite number"},
        {"0,2,3\n0,1,2\n", "same label"},
        {"", "same label"},
    };
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        check_fault(&faults[i]);
    }
}

static void a_column_that_always_rises_is_an_id(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 1 << 20);
    for (int i = 0; i < 120; i++) {
        buf_printf(&text, "%d,%d,%d\n", i % 2, 1000 + 3 * i, i % 5);
    }
    struct fault fault = {buf_text(&text), "column 2 (A) rises in every one of 120 rows"};
    check_fault(&fault);
    buf_done(&text);
}

static void an_endless_row_is_refused(void **state)
{
    (void)state;
    char *row = xmalloc(2 << 20);
    memset(row, '1', (2 << 20) - 1);
    row[(2 << 20) - 1] = '\0';
    struct fault fault = {row, "row 1 is longer than"};
    check_fault(&fault);
    free(row);
}

static void wrong_counts_digests_and_absent_channels_are_refused(void **state)
{
    (void)state;
    static const char *const codes[] = {"bad_training_data", "output_mismatch", "changed_under_us",
                                        "not_found"};
    for (int i = 0; i < 4; i++) {
        struct world world = new_world();
        struct fake_object *object = fake_find(world.fake, BUCKET, "t/train/train.csv");
        if (i == 0) {
            json_set_int(json_get_mutable(json_get_mutable(world.parameters, "channels"), "train"),
                         "rows", ROWS + 1);
        } else if (i == 1) {
            buf_append_text(&object->data, "1,2,3\n");
        } else if (i == 2) {
            object->hides_sha256 = true; /* head cannot tell, only reading can */
            object->data.ptr[2] = object->data.ptr[2] == '9' ? '8' : '9';
        } else {
            fake_remove(world.fake, BUCKET, "t/validation/validation.csv");
        }
        run_world(&world, false);
        assert_failed(world.fixture, ERROR_PERMANENT, codes[i]);
        assert_int_equal(world.fake->counts[FAKE_TRAINING_CREATE], 0);
        free_world(&world);
    }
}

static void schemas_that_cannot_be_trusted_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{",
        "{}",
        "{\"label\":\"Y\",\"features\":[\"A\",\"customer_id\"]}",
        "{\"label\":\"Y\",\"features\":[\"A\",1]}",
        "{\"features\":[\"A\",\"B\"]}",
        "{\"label\":\"Y\",\"features\":[\"A\",\"B\"],\"columns\":4}",
        "{\"label\":\"Y\",\"features\":[\"A\",\"B\"],\"header\":true}",
        "{\"label\":\"Y\",\"features\":[\"A\",\"B\"],\"delimiter\":\";\"}",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct world world = new_world();
        fake_put(world.fake, BUCKET, "t/schema/schema.json", str_from(texts[i]));
        json_free(world.parameters);
        world.parameters = make_parameters(world.fake);
        run_world(&world, false);
        assert_failed(world.fixture, ERROR_PERMANENT, i == 0 ? "bad_json" : "bad_schema");
        assert_contains(world.fixture->error.message, "read schema: ");
        assert_int_equal(world.fake->counts[FAKE_TRAINING_CREATE], 0);
        free_world(&world);
    }
}

static void validation_may_be_absent(void **state)
{
    (void)state;
    struct world world = new_world();
    json_set(json_get_mutable(world.parameters, "channels"), "validation", json_null());
    run_world(&world, false);
    assert_int_equal(world.fixture->outcome, OUTCOME_SUCCESS);
    assert_int_equal(json_count(json_get(world.fake->last_request, "InputDataConfig")), 2);
    free_world(&world);
}

/* ---- adoption and name clashes */

static void adoption_goes_on_with_the_job_of_the_try(void **state)
{
    (void)state;
    static const struct {
        const struct fake_job_state *script;
        enum outcome outcome;
        const char *code;
    } cases[] = {
        {fake_job_completes, OUTCOME_SUCCESS, ""},
        {fake_job_completes + 4, OUTCOME_SUCCESS, ""}, /* Completed already */
        {fake_job_fails_algorithm + 1, OUTCOME_FAILED, "AlgorithmError"},
        {fake_job_stopped, OUTCOME_FAILED, "job_stopped"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world world = new_world();
        fake_add_job(world.fake, JOB_NAME, FIXTURE_INTENT, cases[i].script);
        run_world(&world, true);
        assert_int_equal(world.fixture->outcome, cases[i].outcome);
        assert_string_equal(world.fixture->error.code, cases[i].code);
        assert_int_equal(world.fake->counts[FAKE_TRAINING_CREATE], 0);
        assert_int_equal(world.fake->counts[FAKE_OBJECT_OPEN], 0);
        free_world(&world);
    }
}

static void adoption_of_a_job_never_submitted_starts_from_the_beginning(void **state)
{
    (void)state;
    struct world world = new_world();
    run_world(&world, true);
    assert_int_equal(world.fixture->outcome, OUTCOME_SUCCESS);
    assert_int_equal(world.fake->counts[FAKE_TRAINING_CREATE], 1);
    assert_int_equal(world.fake->counts[FAKE_OBJECT_OPEN], 3); /* the data is checked again */
    free_world(&world);
}

static void adoption_never_touches_somebody_elses_job(void **state)
{
    (void)state;
    struct world world = new_world();
    fake_add_job(world.fake, JOB_NAME, "somebody", fake_job_runs);
    run_world(&world, true);
    assert_failed(world.fixture, ERROR_PERMANENT, "name_clash");
    assert_int_equal(world.fake->counts[FAKE_TRAINING_STOP], 0);
    fixture_clear(world.fixture);
    world.fixture->cancel_at = world.fake->total + 1;
    run_world(&world, true);
    assert_int_equal(world.fixture->outcome, OUTCOME_CANCELLED);
    assert_int_equal(world.fake->counts[FAKE_TRAINING_STOP], 0);
    assert_true(is_job_running(world.fake));
    free_world(&world);
}

static void a_taken_name_is_looked_at(void **state)
{
    (void)state;
    static const struct {
        const char *intent;
        const struct fake_job_state *script;
        enum outcome outcome;
        const char *code;
        enum error_class error_class;
    } cases[] = {
        {FIXTURE_INTENT, fake_job_completes, OUTCOME_SUCCESS, "", ERROR_TRANSIENT},
        {FIXTURE_INTENT, fake_job_completes + 4, OUTCOME_SUCCESS, "", ERROR_TRANSIENT},
        {FIXTURE_INTENT, fake_job_fails_algorithm + 1, OUTCOME_FAILED, "previous_try",
         ERROR_TRANSIENT},
        {FIXTURE_INTENT, fake_job_stopped, OUTCOME_FAILED, "previous_try", ERROR_TRANSIENT},
        {"another", fake_job_runs, OUTCOME_FAILED, "name_clash", ERROR_PERMANENT},
        {"", fake_job_runs, OUTCOME_FAILED, "name_clash", ERROR_PERMANENT},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world world = new_world();
        fake_add_job(world.fake, JOB_NAME, cases[i].intent, cases[i].script);
        run_world(&world, false);
        assert_int_equal(world.fixture->outcome, cases[i].outcome);
        assert_string_equal(world.fixture->error.code, cases[i].code);
        assert_int_equal(world.fixture->error.error_class, cases[i].error_class);
        assert_int_equal(world.fake->counts[FAKE_TRAINING_STOP], 0);
        assert_int_equal(world.fake->job_count, 1);
        free_world(&world);
    }
}

static void an_answer_that_was_lost_does_not_lose_the_job(void **state)
{
    (void)state;
    struct world world = new_world();
    world.fake->create_is_lost = true;
    fake_fail(world.fake, FAKE_TRAINING_CREATE, 1, ERROR_TRANSIENT, "timeout");
    run_world(&world, false);
    assert_int_equal(world.fixture->outcome, OUTCOME_SUCCESS);
    assert_int_equal(world.fake->job_count, 1);
    free_world(&world);
    world = new_world();
    fake_fail(world.fake, FAKE_TRAINING_CREATE, 1, ERROR_TRANSIENT, "Throttling");
    run_world(&world, false);
    assert_failed(world.fixture, ERROR_TRANSIENT, "Throttling");
    assert_int_equal(world.fake->job_count, 0);
    free_world(&world);
}

static void a_refusal_after_a_lost_answer_does_not_lose_the_job_either(void **state)
{
    (void)state;
    struct world world = new_world();
    world.fake->create_is_lost = true;
    fake_fail(world.fake, FAKE_TRAINING_CREATE, 1, ERROR_PERMANENT, "credentials_refused");
    run_world(&world, false);
    assert_int_equal(world.fixture->outcome, OUTCOME_SUCCESS);
    assert_int_equal(world.fake->job_count, 1);
    free_world(&world);
}

static void what_was_refused_for_now_has_made_no_job_to_look_for(void **state)
{
    (void)state;
    struct world world = new_world();
    world.fake->create_is_refused = true;
    fake_fail(world.fake, FAKE_TRAINING_CREATE, 1, ERROR_TRANSIENT, "throttled");
    run_world(&world, false);
    assert_failed(world.fixture, ERROR_TRANSIENT, "throttled");
    assert_int_equal(world.fake->counts[FAKE_TRAINING_DESCRIBE], 0);
    assert_int_equal(world.fake->counts[FAKE_TRAINING_STOP], 0);
    free_world(&world);
}

/* A service does not know at once what it was told, and a request whose answer was lost may still
 * be on its way: a second job would be paid for, too. */
static void a_job_that_is_not_to_be_seen_yet_is_not_bought_again(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct world world = new_world();
        if (i == 0) {
            world.fake->create_is_lost = true;
            fake_fail(world.fake, FAKE_TRAINING_CREATE, 1, ERROR_TRANSIENT, "timeout");
        } else {
            fake_add_job(world.fake, JOB_NAME, FIXTURE_INTENT, fake_job_completes);
        }
        fake_fail(world.fake, FAKE_TRAINING_DESCRIBE, 1, ERROR_PERMANENT, "not_found");
        fake_fail(world.fake, FAKE_TRAINING_DESCRIBE, 2, ERROR_PERMANENT, "not_found");
        run_world(&world, false);
        assert_int_equal(world.fixture->outcome, OUTCOME_SUCCESS);
        assert_int_equal(world.fake->job_count, 1);
        free_world(&world);
    }
}

static void a_taken_name_that_is_never_to_be_seen_buys_no_second_job(void **state)
{
    (void)state;
    struct world world = new_world();
    fake_add_job(world.fake, JOB_NAME, FIXTURE_INTENT, fake_job_runs);
    for (int i = 1; i <= 10; i++) {
        fake_fail(world.fake, FAKE_TRAINING_DESCRIBE, i, ERROR_PERMANENT, "not_found");
    }
    run_world(&world, false);
    assert_failed(world.fixture, ERROR_PERMANENT, "name_taken");
    assert_contains(world.fixture->error.message, "may be running and costing money");
    free_world(&world);
}

static void a_refused_request_is_permanent(void **state)
{
    (void)state;
    struct world world = new_world();
    fake_fail(world.fake, FAKE_TRAINING_CREATE, 1, ERROR_PERMANENT, "access_denied");
    run_world(&world, false);
    assert_failed(world.fixture, ERROR_PERMANENT, "access_denied");
    assert_contains(world.fixture->error.message, "submit job: ");
    assert_int_equal(world.fake->counts[FAKE_TRAINING_DESCRIBE], 0);
    free_world(&world);
}

/* ---- the job's end */

static void the_reason_of_a_failure_decides_about_its_class(void **state)
{
    (void)state;
    static const struct fake_job_state client[] = {{"Failed", "Failed", "ClientError: no data"},
                                                   {0}};
    static const struct fake_job_state capacity[] = {
        {"Failed", "Failed", "CapacityError: none left"}, {0}};
    static const struct fake_job_state unknown[] = {{"Failed", "Failed", NULL}, {0}};
    static const struct fake_job_state overrun[] = {
        {"InProgress", "Training", NULL}, {"Stopped", "MaxRuntimeExceeded", NULL}, {0}};
    static const struct {
        const struct fake_job_state *script;
        enum error_class error_class;
        const char *code;
        int running;
    } cases[] = {
        {fake_job_fails_algorithm, ERROR_PERMANENT, "AlgorithmError", 1},
        {fake_job_fails_internal, ERROR_TRANSIENT, "InternalServerError", 1},
        {client, ERROR_PERMANENT, "ClientError", 1},
        {capacity, ERROR_TRANSIENT, "CapacityError", 1},
        {unknown, ERROR_PERMANENT, "training_failed", 1},
        {overrun, ERROR_TRANSIENT, "timeout", 1},
        {fake_job_stopped, ERROR_PERMANENT, "job_stopped", 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world world = new_world();
        world.fake->new_job_script = cases[i].script;
        run_world(&world, false);
        assert_failed(world.fixture, cases[i].error_class, cases[i].code);
        assert_null(strchr(world.fixture->error.message, '\033'));
        assert_int_equal(world.fixture->running, cases[i].running);
        assert_int_equal(world.fake->counts[FAKE_TRAINING_STOP], 0); /* it has ended by itself */
        free_world(&world);
    }
}

static void a_model_that_is_not_there_is_no_success(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct world world = new_world();
        world.fake->gives_no_model_uri = i == 0;
        world.fake->makes_no_model = i == 1;
        if (i == 2) {
            fake_put(world.fake, "msecindustries-models",
                     "xgboost-model-artifacts/" JOB_NAME "/output/model.tar.gz", STR(""));
        }
        run_world(&world, false);
        assert_failed(world.fixture, ERROR_PERMANENT, "no_model");
        assert_int_equal(world.fake->counts[FAKE_TRAINING_STOP], 0);
        free_world(&world);
    }
}

static void trouble_while_the_job_runs_is_waited_out(void **state)
{
    (void)state;
    struct world world = new_world();
    for (int i = 2; i <= 5; i++) {
        fake_fail(world.fake, FAKE_TRAINING_DESCRIBE, i, ERROR_TRANSIENT, "Throttling");
    }
    fake_fail(world.fake, FAKE_TRAINING_DESCRIBE, 1, ERROR_PERMANENT, "not_found");
    fake_fail(world.fake, FAKE_TRAINING_LOGS, 1, ERROR_PERMANENT, "access_denied");
    fake_fail(world.fake, FAKE_TRAINING_LOGS, 2, ERROR_PERMANENT, "access_denied");
    fake_fail(world.fake, FAKE_OBJECT_HEAD, 4, ERROR_TRANSIENT, "timeout");
    run_world(&world, false);
    assert_int_equal(world.fixture->outcome, OUTCOME_SUCCESS);
    assert_contains(buf_text(&world.fixture->log), "trouble=5 of 10");
    free_world(&world);
}

static void trouble_without_end_fails_and_stops_the_job(void **state)
{
    (void)state;
    struct world world = new_world();
    world.fake->new_job_script = fake_job_runs;
    for (int i = 1; i <= 10; i++) {
        fake_fail(world.fake, FAKE_TRAINING_DESCRIBE, i, ERROR_TRANSIENT, "Throttling");
    }
    run_world(&world, false);
    assert_failed(world.fixture, ERROR_TRANSIENT, "Throttling");
    assert_contains(world.fixture->error.message, "wait for job: ");
    assert_int_equal(world.fake->counts[FAKE_TRAINING_STOP], 1);
    assert_false(is_job_running(world.fake));
    free_world(&world);
}

static void an_unknown_status_is_loud_and_stops_the_job(void **state)
{
    (void)state;
    static const struct fake_job_state odd[] = {
        {"InProgress", "Training", NULL}, {"Paused", "Paused", NULL}, {0}};
    struct world world = new_world();
    world.fake->new_job_script = odd;
    run_world(&world, false);
    assert_failed(world.fixture, ERROR_PERMANENT, "unknown_status");
    assert_contains(buf_text(&world.fixture->log), "may still be running and costing money");
    free_world(&world);
}

/* ---- cancelling */

static int count_calls(void)
{
    struct world world = new_world();
    run_world(&world, false);
    int total = world.fake->total;
    free_world(&world);
    return total;
}

static void cancel_at_every_call_leaves_no_job_behind(void **state)
{
    (void)state;
    int total = count_calls();
    assert_true(total > 12);
    for (int call = 1; call <= total; call++) {
        struct world world = new_world();
        world.fixture->cancel_at = call;
        run_world(&world, false);
        assert_int_equal(world.fixture->outcome, OUTCOME_CANCELLED);
        assert_int_equal(world.fixture->error.error_class, ERROR_CANCELLED);
        assert_null(world.fixture->outputs);
        assert_false(is_job_running(world.fake));
        assert_true(world.fake->job_count <= 1);
        free_world(&world);
    }
}

static void cancel_stops_a_job_that_is_not_to_be_seen_yet(void **state)
{
    (void)state;
    int total = count_calls();
    for (int call = 1; call <= total; call++) {
        struct world world = new_world();
        world.fixture->cancel_at = call;
        fake_fail(world.fake, FAKE_TRAINING_DESCRIBE, 1, ERROR_PERMANENT, "not_found");
        fake_fail(world.fake, FAKE_TRAINING_DESCRIBE, 2, ERROR_PERMANENT, "not_found");
        run_world(&world, false);
        assert_int_equal(world.fixture->outcome, OUTCOME_CANCELLED);
        assert_false(is_job_running(world.fake));
        free_world(&world);
    }
}

/* The next try would be a second job beside one that may still be running. */
static void a_job_that_cannot_be_stopped_is_not_followed_by_another(void **state)
{
    (void)state;
    struct world world = new_world();
    world.fake->new_job_script = fake_job_runs;
    for (int i = 1; i <= 20; i++) {
        fake_fail(world.fake, FAKE_TRAINING_DESCRIBE, i, ERROR_TRANSIENT, "host_not_found");
    }
    run_world(&world, false);
    assert_failed(world.fixture, ERROR_PERMANENT, "host_not_found");
    assert_contains(world.fixture->error.message, "wait for job: ");
    assert_contains(world.fixture->error.message, "may still be running and costing money");
    free_world(&world);
}

static void cancel_waits_until_the_job_is_stopped(void **state)
{
    (void)state;
    struct world world = new_world();
    world.fake->new_job_script = fake_job_runs;
    fake_fail(world.fake, FAKE_TRAINING_STOP, 1, ERROR_TRANSIENT, "Throttling");
    fake_hang(world.fake, FAKE_TRAINING_LOGS, 1);
    fixture_start(world.fixture, json_copy(world.parameters), false);
    loop_run(world.fixture->loop);
    attempt_cancel(world.fixture->attempt);
    assert_int_equal(world.fixture->finished, 0);
    loop_run(world.fixture->loop);
    assert_int_equal(world.fixture->finished, 1);
    assert_int_equal(world.fixture->outcome, OUTCOME_CANCELLED);
    assert_int_equal(world.fake->counts[FAKE_TRAINING_STOP], 2);
    assert_contains(buf_text(&world.fixture->steps), "wait for job;stop job;");
    assert_contains(buf_text(&world.fixture->log), "status=Stopped");
    free_world(&world);
}

static void a_cancel_ends_whatever_hangs_before_there_is_a_job(void **state)
{
    static const enum fake_call calls[] = {FAKE_OBJECT_HEAD, FAKE_OBJECT_OPEN, FAKE_OBJECT_READ};
    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        for (int nth = 1; nth <= 2; nth++) {
            struct world world = new_world();
            fake_hang(world.fake, calls[i], nth);
            fixture_start(world.fixture, json_copy(world.parameters), false);
            loop_run(world.fixture->loop);
            assert_int_equal(world.fixture->finished, 0);
            attempt_cancel(world.fixture->attempt);
            loop_run(world.fixture->loop);
            assert_int_equal(world.fixture->finished, 1);
            assert_int_equal(world.fixture->outcome, OUTCOME_CANCELLED);
            assert_int_equal(world.fake->counts[FAKE_TRAINING_CREATE], 0);
            free_world(&world);
        }
    }
}

/* Whether there is a job decides what has to be stopped. */
static void a_cancel_waits_for_the_answer_to_a_submission(void **state)
{
    (void)state;
    struct world world = new_world();
    world.fake->is_deaf = true;
    fake_hang(world.fake, FAKE_TRAINING_CREATE, 1);
    world.fake->new_job_script = fake_job_runs;
    fixture_start(world.fixture, json_copy(world.parameters), false);
    loop_run(world.fixture->loop);
    attempt_cancel(world.fixture->attempt);
    loop_run(world.fixture->loop);
    assert_int_equal(world.fixture->finished, 0);
    fake_answer_hanging(world.fake);
    loop_run(world.fixture->loop);
    assert_int_equal(world.fixture->outcome, OUTCOME_CANCELLED);
    assert_contains(buf_text(&world.fixture->steps), "submit job;stop job;");
    free_world(&world);
}

/* Nobody would look for a job that is called stopped. */
static void a_job_that_a_cancel_cannot_stop_is_told(void **state)
{
    (void)state;
    struct world world = new_world();
    world.fake->new_job_script = fake_job_runs;
    fake_hang(world.fake, FAKE_TRAINING_LOGS, 1);
    fake_fail(world.fake, FAKE_TRAINING_STOP, 1, ERROR_PERMANENT, "credentials_refused");
    fixture_start(world.fixture, json_copy(world.parameters), false);
    loop_run(world.fixture->loop);
    attempt_cancel(world.fixture->attempt);
    loop_run(world.fixture->loop);
    assert_int_equal(world.fixture->outcome, OUTCOME_CANCELLED);
    assert_string_equal(world.fixture->error.code, RUN_CODE_NOT_STOPPED);
    assert_int_equal(world.fixture->error.error_class, ERROR_PERMANENT);
    assert_contains(world.fixture->error.message, "stop job: training job " JOB_NAME " may still");
    assert_contains(buf_text(&world.fixture->log), "may still be running and costing money");
    free_world(&world);
}

static void kill_does_not_wait_for_remote_work(void **state)
{
    (void)state;
    struct world world = new_world();
    world.fake->new_job_script = fake_job_runs;
    fake_hang(world.fake, FAKE_TRAINING_DESCRIBE, 2);
    world.fake->is_deaf = true;
    fixture_start(world.fixture, json_copy(world.parameters), false);
    loop_run(world.fixture->loop);
    attempt_cancel(world.fixture->attempt);
    attempt_kill(world.fixture->attempt);
    loop_run(world.fixture->loop);
    assert_int_equal(world.fixture->finished, 1);
    assert_int_equal(world.fixture->outcome, OUTCOME_CANCELLED);
    assert_int_equal(world.fake->counts[FAKE_TRAINING_STOP], 0);
    fake_answer_hanging(world.fake);
    loop_run(world.fixture->loop);
    free_world(&world);
}

static void kill_at_every_call_ends_at_once(void **state)
{
    (void)state;
    int total = count_calls();
    for (int call = 1; call <= total; call++) {
        struct world world = new_world();
        world.fixture->kill_at = call;
        run_world(&world, false);
        assert_int_equal(world.fixture->outcome, OUTCOME_CANCELLED);
        assert_true(world.fake->total <= call);
        free_world(&world);
    }
}

/* ---- torture */

static void whatever_call_fails_the_end_is_legal_and_no_job_is_left(void **state)
{
    (void)state;
    static const enum error_class classes[] = {ERROR_TRANSIENT, ERROR_PERMANENT};
    for (int i = 0; i < 4; i++) {
        bool was_hit = true;
        for (int call = 1; was_hit; call++) {
            struct world world = new_world();
            world.fake->fail_with.error_class = classes[i % 2];
            world.fake->fail_at = call;
            run_world(&world, i >= 2);
            was_hit = world.fake->total >= call;
            assert_true(world.fixture->outcome == OUTCOME_SUCCESS ||
                        (was_hit && world.fixture->outcome == OUTCOME_FAILED));
            assert_false(is_job_running(world.fake));
            assert_true(world.fake->job_count <= 1);
            free_world(&world);
        }
    }
}

/* ---- parameters */

static void parameters_are_checked_when_the_configuration_is_read(void **state)
{
    (void)state;
#define REST     "\"output\":{\"bucket\":\"bbb\"}"
#define CHANNELS "\"channels\":{\"train\":\"{{ a }}\",\"schema\":\"{{ b }}\"}"
    static const struct {
        const char *parameters, *part; /* NULL: good */
    } cases[] = {
        {"{" CHANNELS "," REST "}", NULL},
        {"{" REST "}", "'channels' is missing"},
        {"{" CHANNELS "}", "'output' is missing"},
        {"{\"channels\":{\"train\":\"x\",\"schema\":\"{{ b }}\"}," REST "}",
         "'channels.train' must be a table"},
        {"{\"channels\":{\"train\":{\"bucket\":\"bbb\"},\"schema\":\"{{ b }}\"}," REST "}",
         "'channels.train.key' is missing"},
        {"{\"channels\":{\"trian\":\"{{ a }}\"}," REST "}",
         "'channels.trian' is unknown; did you mean 'train'?"},
        {"{" CHANNELS ",\"output\":{\"bucket\":\"b\"}}", "'output.bucket' must have a length of 3"},
        {"{" CHANNELS "," REST ",\"job_name_prefix\":\"a_b\"}", "'a_b' must be 1 to 63"},
        {"{" CHANNELS "," REST ",\"job_name_prefix\":\"-a\"}", "'-a' must be"},
        {"{" CHANNELS "," REST ",\"instance_count\":0}", "'instance_count' must be 1 to 100"},
        {"{" CHANNELS "," REST ",\"hyperparameters\":{\"eta\":{}}}", "'hyperparameters.eta'"},
        {"{" CHANNELS "," REST ",\"hyperparameters\":{\"num_round\":0}}", "num_round"},
        {"{" CHANNELS "," REST ",\"hyperparameters\":{\"num_round\":\"ten\"}}", "num_round"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = {0};
        struct json *parameters = fixture_json(cases[i].parameters);
        assert_true(stage_kind_check("train", parameters, &err) == (cases[i].part == NULL));
        if (cases[i].part != NULL) {
            assert_contains(err.message, cases[i].part);
        }
        json_free(parameters);
    }
}

static void a_name_that_would_be_too_long_is_refused(void **state)
{
    (void)state;
    struct world world = new_world();
    json_set_text(world.parameters, "job_name_prefix", "p123456789p123456789p123456789p1234567");
    run_world(&world, false);
    assert_failed(world.fixture, ERROR_PERMANENT, "bad_parameter");
    assert_int_equal(world.fake->total, 0);
    free_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trains_and_gives_the_models_place),
        cmocka_unit_test(the_request_is_create_training_jobs),
        cmocka_unit_test(rounds_of_the_log_become_progress_and_metrics),
        cmocka_unit_test(progress_says_how_far_it_is_and_is_throttled),
        cmocka_unit_test(looks_grow_rarer_until_the_status_changes_and_each_is_told),
        cmocka_unit_test(lines_that_come_after_the_end_are_read),
        cmocka_unit_test(bad_rows_are_refused_before_money_is_spent),
        cmocka_unit_test(a_column_that_always_rises_is_an_id),
        cmocka_unit_test(an_endless_row_is_refused),
        cmocka_unit_test(wrong_counts_digests_and_absent_channels_are_refused),
        cmocka_unit_test(schemas_that_cannot_be_trusted_are_refused),
        cmocka_unit_test(validation_may_be_absent),
        cmocka_unit_test(adoption_goes_on_with_the_job_of_the_try),
        cmocka_unit_test(adoption_of_a_job_never_submitted_starts_from_the_beginning),
        cmocka_unit_test(adoption_never_touches_somebody_elses_job),
        cmocka_unit_test(a_taken_name_is_looked_at),
        cmocka_unit_test(an_answer_that_was_lost_does_not_lose_the_job),
        cmocka_unit_test(a_refusal_after_a_lost_answer_does_not_lose_the_job_either),
        cmocka_unit_test(what_was_refused_for_now_has_made_no_job_to_look_for),
        cmocka_unit_test(a_job_that_is_not_to_be_seen_yet_is_not_bought_again),
        cmocka_unit_test(a_taken_name_that_is_never_to_be_seen_buys_no_second_job),
        cmocka_unit_test(cancel_stops_a_job_that_is_not_to_be_seen_yet),
        cmocka_unit_test(a_job_that_cannot_be_stopped_is_not_followed_by_another),
        cmocka_unit_test(a_refused_request_is_permanent),
        cmocka_unit_test(the_reason_of_a_failure_decides_about_its_class),
        cmocka_unit_test(a_model_that_is_not_there_is_no_success),
        cmocka_unit_test(trouble_while_the_job_runs_is_waited_out),
        cmocka_unit_test(trouble_without_end_fails_and_stops_the_job),
        cmocka_unit_test(an_unknown_status_is_loud_and_stops_the_job),
        cmocka_unit_test(cancel_at_every_call_leaves_no_job_behind),
        cmocka_unit_test(cancel_waits_until_the_job_is_stopped),
        cmocka_unit_test(a_cancel_ends_whatever_hangs_before_there_is_a_job),
        cmocka_unit_test(a_cancel_waits_for_the_answer_to_a_submission),
        cmocka_unit_test(a_job_that_a_cancel_cannot_stop_is_told),
        cmocka_unit_test(kill_does_not_wait_for_remote_work),
        cmocka_unit_test(kill_at_every_call_ends_at_once),
        cmocka_unit_test(whatever_call_fails_the_end_is_legal_and_no_job_is_left),
        cmocka_unit_test(parameters_are_checked_when_the_configuration_is_read),
        cmocka_unit_test(a_name_that_would_be_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
