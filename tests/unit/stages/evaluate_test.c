/* Evaluating a model with a child that is played by a shell script. */
#include "core/base/alloc.h"
#include "core/base/file.h"
#include "tests/support/attempt_fixture.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BUCKET "msecindustries-training"
#define JOB    "credit-default-xgboost-20261122-153928-a1b2c3-5-1"

#define GOOD                                                                                       \
    "echo "                                                                                        \
    "'{\"splits\":{\"test\":{\"rows\":9,\"accuracy\":{\"value\":0.82,\"standard_error\":0.01},"    \
    "\"auc\":{\"value\":0.77,\"standard_error\":0.01}},\"train\":{\"accuracy\":{\"value\":0.84}}}" \
    ","                                                                                            \
    "\"model\":{\"sha256\":\"x\"}}'"

struct world {
    struct attempt_fixture *fixture;
    struct fake_services *fake;
    struct json *parameters;
    char *program;
};

static struct json *make_parameters(struct fake_services *fake)
{
    struct json *parameters = fixture_json(
        "{\"training_job_name\":\"" JOB "\",\"rules\":[{\"metric\":\"accuracy\",\"split\":\"test\","
        "\"min\":0.8},{\"metric\":\"auc\",\"split\":\"test\",\"min\":0.7,\"max\":0.85}]}");
    json_set(parameters, "test", fake_place(fake, BUCKET, "t/test/test.csv"));
    json_set(parameters, "train", fake_place(fake, BUCKET, "t/train/train.csv"));
    json_set(parameters, "schema", fake_place(fake, BUCKET, "t/schema/schema.json"));
    return parameters;
}

static struct world new_world(const char *script)
{
    struct world world = {.fixture = fixture_new("evaluate")};
    struct error err;
    world.fake = world.fixture->fake;
    fake_put(world.fake, BUCKET, "t/test/test.csv", STR("0,1,2\n1,2,3\n"));
    fake_put(world.fake, BUCKET, "t/train/train.csv", STR("1,1,2\n0,2,3\n"));
    fake_put(world.fake, BUCKET, "t/schema/schema.json", STR("{}"));
    fake_add_job(world.fake, JOB, "x", fake_job_completes + 4);
    world.parameters = make_parameters(world.fake);
    char *text = xasprintf("#!/bin/sh\n%s\n", script);
    world.program = xasprintf("%s.sh", world.fixture->folder);
    assert_true(file_write(world.program, str_from(text), 0755, &err));
    free(text);
    world.fake->services.model_program = world.program;
    return world;
}

static void run_world(struct world *world)
{
    fixture_start(world->fixture, json_copy(world->parameters), false);
    loop_run(world->fixture->loop);
    assert_int_equal(world->fixture->finished, 1);
}

static void free_world(struct world *world)
{
    remove(world->program);
    free(world->program);
    json_free(world->parameters);
    fixture_free(world->fixture);
}

static void assert_failed(const struct attempt_fixture *fixture, enum error_class error_class,
                          const char *code)
{
    assert_int_equal(fixture->outcome, OUTCOME_FAILED);
    assert_string_equal(fixture->error.code, code);
    assert_int_equal(fixture->error.error_class, error_class);
    assert_null(fixture->evaluation);
    assert_null(fixture->outputs);
}

static void a_good_model_passes_with_metrics_and_verdict(void **state)
{
    (void)state;
    struct world world = new_world(GOOD);
    struct attempt_fixture *fixture = world.fixture;
    run_world(&world);
    assert_int_equal(fixture->outcome, OUTCOME_SUCCESS);
    assert_string_equal(json_text_or(fixture->outputs, "verdict", ""), "passed");
    assert_true(json_number_or(json_get(fixture->outputs, "metrics"), "accuracy", 0) == 0.82);
    assert_true(json_number_or(json_get(fixture->outputs, "train_metrics"), "accuracy", 0) == 0.84);
    const struct json *evaluation = json_get(fixture->evaluation, "evaluation");
    assert_string_equal(json_text_or(evaluation, "training_job_name", ""), JOB);
    assert_non_null(json_path(evaluation, "splits.test.accuracy"));
    assert_string_equal(json_text_or(json_path(evaluation, "objects.model"), "bucket", ""),
                        "msecindustries-models");
    assert_true(json_equal(json_get(json_path(evaluation, "objects.test"), "sha256"),
                           json_get(json_get(world.parameters, "test"), "sha256")));
    assert_int_equal(json_count(json_path(fixture->evaluation, "gate.rules")), 2);
    assert_string_equal(buf_text(&fixture->steps),
                        "find model;fetch files;score model;judge model;");
    free_world(&world);
}

static void the_model_is_where_the_job_says(void **state)
{
    (void)state;
    struct world world = new_world(GOOD);
    world.fake->model_prefix = "elsewhere/";
    run_world(&world);
    assert_int_equal(world.fixture->outcome, OUTCOME_SUCCESS);
    const struct json *model =
        json_path(json_get(world.fixture->evaluation, "evaluation"), "objects.model");
    assert_string_equal(json_text_or(model, "key", ""), "elsewhere/" JOB "/output/model.tar.gz");
    free_world(&world);
}

static void a_bad_model_is_rejected_with_the_gates_words(void **state)
{
    (void)state;
    struct world world = new_world(
        "echo '{\"splits\":{\"test\":{\"accuracy\":{\"value\":0.7},\"auc\":{\"value\":0.77}}}}'");
    struct attempt_fixture *fixture = world.fixture;
    run_world(&world);
    assert_int_equal(fixture->outcome, OUTCOME_REJECTED);
    assert_int_equal(fixture->error.error_class, ERROR_PERMANENT);
    assert_string_equal(fixture->error.message,
                        json_text_or(json_get(fixture->evaluation, "gate"), "message", ""));
    assert_contains(fixture->error.message, "accuracy");
    assert_string_equal(json_text_or(fixture->outputs, "verdict", ""), "rejected");
    free_world(&world);
}

static void the_child_gets_the_files_and_an_empty_environment(void **state)
{
    (void)state;
    struct world world =
        new_world("echo \"$*\" >&2; /usr/bin/env >&2; /bin/cat \"$5\" \"$3\" >&2\n" GOOD);
    run_world(&world);
    const char *log = buf_text(&world.fixture->log);
    char *arguments = xasprintf("out evaluate --model %s/model.tar.gz --test %s/test.csv --train "
                                "%s/train.csv --schema %s/schema.json --work %s\n",
                                world.fixture->folder, world.fixture->folder, world.fixture->folder,
                                world.fixture->folder, world.fixture->folder);
    assert_contains(log, arguments);
    assert_contains(log, "out 0,1,2\nout 1,2,3\n");
    assert_contains(log, "a packed model");
    assert_null(strstr(log, "HOME="));
    free(arguments);
    free_world(&world);
}

static void train_may_be_absent(void **state)
{
    (void)state;
    struct world world = new_world("echo \"$*\" >&2\n" GOOD);
    json_remove(world.parameters, "train");
    run_world(&world);
    assert_int_equal(world.fixture->outcome, OUTCOME_SUCCESS);
    assert_null(strstr(buf_text(&world.fixture->log), "--train"));
    free_world(&world);
}

static void the_ends_of_the_child_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        enum error_class error_class;
        const char *code, *part;
    } cases[] = {
        {"echo '{\"error\":{\"class\":\"transient\",\"code\":\"pickle\",\"message\":\"a "
         "pickle\\u001b[1m\"}}'; exit 65",
         ERROR_PERMANENT, "pickle", "exit 65: a pickle"},
        {"echo '{\"error\":{\"class\":\"transient\",\"code\":\"disk_full\",\"message\":\"full\"}}';"
         "exit 1",
         ERROR_TRANSIENT, "disk_full", "full"},
        {"exit 64", ERROR_PERMANENT, "evaluation_failed", "exit 64: no reason"},
        {"kill -SEGV $$", ERROR_PERMANENT, "model_crashed", "signal 11"},
        {"kill -ABRT $$", ERROR_PERMANENT, "model_crashed", "signal 6"},
        {"kill -KILL $$", ERROR_TRANSIENT, "evaluation_killed", "signal 9"},
        {"echo nonsense", ERROR_PERMANENT, "bad_evaluation", "score model: "},
        {"echo '{\"splits\":{}}'", ERROR_PERMANENT, "bad_evaluation", "no evaluation"},
        {"while :; do echo 01234567890123456789012345678901234567890123456789; done",
         ERROR_PERMANENT, "output_too_large", "too large"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world world = new_world(cases[i].script);
        run_world(&world);
        assert_failed(world.fixture, cases[i].error_class, cases[i].code);
        assert_contains(world.fixture->error.message, cases[i].part);
        assert_null(strchr(world.fixture->error.message, '\033'));
        free_world(&world);
    }
}

static void objects_that_changed_or_are_gone_are_permanent_errors(void **state)
{
    (void)state;
    struct world world = new_world(GOOD);
    fake_find(world.fake, BUCKET, "t/test/test.csv")->data.ptr[0] = '1';
    run_world(&world);
    assert_failed(world.fixture, ERROR_PERMANENT, "changed_under_us");
    assert_contains(world.fixture->error.message, "fetch files: test.csv: s3://" BUCKET);
    free_world(&world);
    world = new_world(GOOD);
    fake_remove(world.fake, BUCKET, "t/schema/schema.json");
    run_world(&world);
    assert_failed(world.fixture, ERROR_PERMANENT, "not_found");
    free_world(&world);
}

static void without_a_completed_job_there_is_no_model(void **state)
{
    (void)state;
    static const struct fake_job_state *const scripts[] = {fake_job_runs, fake_job_stopped};
    for (size_t i = 0; i < 2; i++) {
        struct world world = new_world(GOOD);
        world.fake->jobs[0].script = scripts[i];
        run_world(&world);
        assert_failed(world.fixture, ERROR_PERMANENT, "no_model");
        free_world(&world);
    }
    struct world world = new_world(GOOD);
    json_set_text(world.parameters, "training_job_name", "other");
    run_world(&world);
    assert_failed(world.fixture, ERROR_PERMANENT, "not_found");
    assert_contains(world.fixture->error.message, "training job other");
    free_world(&world);
}

static void a_program_that_is_not_there_is_named(void **state)
{
    (void)state;
    struct world world = new_world(GOOD);
    world.fake->services.model_program = "/nonexistent/gatehouse-model";
    run_world(&world);
    assert_failed(world.fixture, ERROR_PERMANENT, "not_found");
    assert_contains(world.fixture->error.message, "/nonexistent/gatehouse-model");
    free_world(&world);
}

static void a_model_that_hangs_the_child_is_ended(void **state)
{
    (void)state;
    struct world world = new_world("exec /bin/sleep 1000");
    world.fixture->spec.running_timeout_ms = -4800; /* with the margin of 5 s: 200 ms */
    run_world(&world);
    assert_failed(world.fixture, ERROR_TRANSIENT, "deadline");
    free_world(&world);
}

static void cancel_and_kill_end_the_child(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct world world = new_world("exec /bin/sleep 1000");
        struct attempt_fixture *fixture = world.fixture;
        fixture_start(fixture, json_copy(world.parameters), false);
        while (fixture->finished == 0 && strstr(buf_text(&fixture->steps), "score") == NULL) {
            struct op idle = {0};
            op_begin(&idle, fixture->loop);
            op_finish(&idle, NULL);
            struct error err;
            loop_await(fixture->loop, &idle, &err);
        }
        if (i == 0) {
            attempt_cancel(fixture->attempt);
        } else {
            attempt_kill(fixture->attempt);
        }
        loop_run(fixture->loop);
        assert_int_equal(fixture->finished, 1);
        assert_int_equal(fixture->outcome, OUTCOME_CANCELLED);
        free_world(&world);
    }
}

static void every_call_may_fail_or_be_the_last_before_a_cancel(void **state)
{
    (void)state;
    bool was_hit = true;
    for (int call = 1; was_hit; call++) {
        struct world world = new_world(GOOD);
        world.fake->fail_at = call;
        run_world(&world);
        was_hit = world.fake->total >= call;
        assert_int_equal(world.fixture->outcome, was_hit ? OUTCOME_FAILED : OUTCOME_SUCCESS);
        free_world(&world);
        world = new_world(GOOD);
        world.fixture->cancel_at = call;
        run_world(&world);
        assert_int_equal(world.fixture->outcome, was_hit ? OUTCOME_CANCELLED : OUTCOME_SUCCESS);
        free_world(&world);
    }
}

static void parameters_are_checked_when_the_configuration_is_read(void **state)
{
    (void)state;
#define PLACES "\"training_job_name\":\"{{ a }}\",\"test\":\"{{ a }}\",\"schema\":\"{{ a }}\""
    static const struct {
        const char *parameters, *part;
    } cases[] = {
        {"{" PLACES ",\"rules\":[{\"metric\":\"auc\",\"min\":0.7}]}", NULL},
        {"{" PLACES ",\"rules\":\"{{ a }}\"}", NULL},
        {"{" PLACES "}", "'rules' is missing"},
        {"{" PLACES ",\"rules\":[]}", "'rules' must have a number of elements of 1 to 100"},
        {"{" PLACES ",\"rules\":[{\"metric\":\"auc\"}]}", "'rules'"},
        {"{" PLACES ",\"rule\":[1]}", "did you mean 'rules'"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = {0};
        struct json *parameters = fixture_json(cases[i].parameters);
        bool is_good = stage_kind_check("evaluate", parameters, &err);
        assert_true(is_good == (cases[i].part == NULL));
        if (cases[i].part != NULL) {
            assert_contains(err.message, cases[i].part);
        }
        json_free(parameters);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_model_passes_with_metrics_and_verdict),
        cmocka_unit_test(the_model_is_where_the_job_says),
        cmocka_unit_test(a_bad_model_is_rejected_with_the_gates_words),
        cmocka_unit_test(the_child_gets_the_files_and_an_empty_environment),
        cmocka_unit_test(train_may_be_absent),
        cmocka_unit_test(the_ends_of_the_child_are_told_apart),
        cmocka_unit_test(objects_that_changed_or_are_gone_are_permanent_errors),
        cmocka_unit_test(without_a_completed_job_there_is_no_model),
        cmocka_unit_test(a_program_that_is_not_there_is_named),
        cmocka_unit_test(a_model_that_hangs_the_child_is_ended),
        cmocka_unit_test(cancel_and_kill_end_the_child),
        cmocka_unit_test(every_call_may_fail_or_be_the_last_before_a_cancel),
        cmocka_unit_test(parameters_are_checked_when_the_configuration_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
