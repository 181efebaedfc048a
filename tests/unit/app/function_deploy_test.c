/* A deployment against the fake AWS: what is compared, in which order things are done, what is
 * waited out and what is not. */
#include "core/app/function_deploy.h"

#include "core/aws/s3_store.h"
#include "core/base/alloc.h"
#include "tests/support/cmocka.h"
#include "tests/support/fake_aws.h"
#include "tests/support/fake_s3.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH   "/2015-03-31/functions"
#define NAME   "msecindustries-ingest-clean-s3-raw"
#define ROLE   "arn:aws:iam::123456789012:role/f"
#define SHA256 "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=" /* of "hello" */
#define ACTIVE "{\"State\":\"Active\",\"LastUpdateStatus\":\"Successful\"}"
#define BUSY   "{\"State\":\"Active\",\"LastUpdateStatus\":\"InProgress\"}"
#define LIKE_WANTED                                                                                \
    "\"Runtime\":\"provided.al2023\",\"Handler\":\"" NAME "\",\"Role\":\"" ROLE                    \
    "\",\"Timeout\":600,\"Architectures\":[\"x86_64\"],\"CodeSha256\":\"" SHA256 "\""

struct fixture {
    struct loop *loop;
    struct fake_aws *aws;
    struct aws_session *session;
    struct object_store *objects;
    struct config *config;
    struct package package;
    struct function_deploy deploy;
    struct function_plan plans[FUNCTION_PLAN_COUNT];
    struct buf told;
    struct error err;
};

static void tell(void *context, const char *name, const char *what)
{
    struct fixture *f = context;
    assert_string_equal(name, NAME);
    buf_printf(&f->told, "%s|", what);
}

static struct config *load(const char *const *settings, size_t count)
{
    struct config_request request = {.settings = settings, .setting_count = count};
    struct problems problems = {.count = 0};
    struct config *config = config_load_text(&request, "config.toml", STR(""), &problems);
    assert_int_equal(problems.count, 0);
    problems_done(&problems);
    return config;
}

static int set_up(void **state)
{
    static const char *const settings[] = {"functions.role=" ROLE,
                                           "functions.database_dsn=host=db password=hunter2"};
    struct fixture *f = xcalloc(1, sizeof(*f));
    struct s3_settings s3 = {0};
    f->loop = loop_new();
    f->aws = fake_aws_new(f->loop);
    f->session = fake_aws_session(f->aws);
    f->objects = s3_store_new(f->session, &s3);
    f->config = load(settings, 2);
    f->package.architecture = "x86_64";
    buf_init(&f->package.zip, 100);
    buf_append_text(&f->package.zip, "hello");
    digest_hex(STR("hello"), f->package.sha256);
    f->deploy = (struct function_deploy){.session = f->session,
                                         .objects = f->objects,
                                         .bucket = "models",
                                         .package = &f->package,
                                         .pause_ms = 2,
                                         .tell = tell,
                                         .tell_context = f};
    buf_init(&f->told, 1000);
    assert_true(function_plans_make(f->config, f->plans, &f->err));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    function_plans_done(f->plans);
    config_free(f->config);
    object_store_free(f->objects);
    aws_session_free(f->session);
    fake_aws_free(f->aws);
    loop_free(f->loop);
    package_done(&f->package);
    buf_done(&f->told);
    free(f);
    return 0;
}

/* ---- comparing */

static void is_on_lambda(struct fixture *f, const char *configuration)
{
    fake_aws_expect(f->aws, (struct fake_exchange){.method = "GET",
                                                   .path = PATH "/" NAME "/configuration",
                                                   .answer = {.body = str_from(configuration)}});
    assert_true(function_deploy_look(&f->deploy, &f->plans[0], &f->err));
}

static void is_not_on_lambda(struct fixture *f)
{
    fake_aws_expect(f->aws, (struct fake_exchange){
                                .method = "GET",
                                .path = PATH "/" NAME "/configuration",
                                .answer = {.status = 404,
                                           .body = STR("{\"Message\":\"Function not found\"}")}});
    assert_true(function_deploy_look(&f->deploy, &f->plans[0], &f->err));
}

static void what_is_as_wanted_is_left_alone(void **state)
{
    struct fixture *f = *state;
    is_on_lambda(f, "{" LIKE_WANTED ",\"MemorySize\":1769,\"VpcConfig\":{\"SubnetIds\":[],"
                    "\"SecurityGroupIds\":[],\"VpcId\":\"\"},\"LastModified\":\"x\"}");
    assert_true(function_plan_is_done(&f->plans[0]));
    assert_string_equal(buf_text(&f->plans[0].changes), "");
    assert_true(function_deploy_apply(&f->deploy, &f->plans[0], &f->err));
    assert_int_equal(fake_aws_count(f->aws), 1);
}

static void each_difference_is_named_and_no_value_of_a_variable(void **state)
{
    struct fixture *f = *state;
    is_on_lambda(f, "{\"Runtime\":\"provided.al2\",\"Role\":\"r\\u001b\",\"Handler\":\"" NAME "\","
                    "\"MemorySize\":128,\"Timeout\":600,\"CodeSha256\":\"other\","
                    "\"Environment\":{\"Variables\":{\"TOKEN\":\"secret\"}},"
                    "\"VpcConfig\":{\"SubnetIds\":[\"s\"]}}");
    assert_string_equal(buf_text(&f->plans[0].changes),
                        "code, runtime provided.al2 -> provided.al2023, role r\xef\xbf\xbd -> " ROLE
                        ", memory 128 -> 1769, environment, VPC");
}

static void the_order_of_subnets_and_variables_does_not_matter(void **state)
{
    struct fixture *f = *state;
    static const char *const settings[] = {
        ("functions.role=" ROLE),          "functions.database_dsn=d",
        "functions.database_secret=s",     "functions.subnets=['a','b']",
        "functions.security_groups=['g']",
    };
    static const struct function_code code = {SHA256, "x86_64"};
    struct config *config = load(settings, 5);
    struct function_plan plans[FUNCTION_PLAN_COUNT];
    assert_true(function_plans_make(config, plans, &f->err));
    struct json *current = json_copy(plans[1].wanted);
    struct json *variables = json_object(), *environment = json_object();
    json_set_text(variables, "GATEHOUSE_DATABASE_SECRET", "s");
    json_set_text(variables, "GATEHOUSE_DATABASE_DSN", "d");
    json_set(environment, "Variables", variables);
    json_set(current, "Environment", environment);
    json_set(
        current, "VpcConfig",
        json_parse(STR("{\"SubnetIds\":[\"b\",\"a\"],\"SecurityGroupIds\":[\"g\"]}"), &f->err));
    json_set_text(current, "CodeSha256", SHA256);
    function_plan_compare(&plans[1], current, NULL, &code);
    assert_true(function_plan_is_done(&plans[1]));
    json_set(
        current, "VpcConfig",
        json_parse(STR("{\"SubnetIds\":[\"b\",\"a\"],\"SecurityGroupIds\":[\"h\"]}"), &f->err));
    function_plan_compare(&plans[1], current, NULL, &code); /* another group alone matters */
    assert_string_equal(buf_text(&plans[1].changes), "VPC");
    assert_false(function_plan_is_done(&plans[1]));
    json_free(current);
    function_plans_done(plans);
    config_free(config);
}

/* ---- creating */

static void create_answers(struct fixture *f, struct fake_answer answer)
{
    fake_aws_expect(f->aws, (struct fake_exchange){.method = "POST",
                                                   .path = PATH,
                                                   .body = "\"Code\":{\"ZipFile\":\"aGVsbG8=\"}",
                                                   .answer = answer});
}

static void state_is(struct fixture *f, const char *configuration)
{
    fake_aws_expect(f->aws, (struct fake_exchange){.method = "GET",
                                                   .path = PATH "/" NAME "/configuration",
                                                   .answer = {.body = str_from(configuration)}});
}

static struct fake_answer too_early(void)
{
    return (struct fake_answer){
        .status = 400,
        .headers = "x-amzn-ErrorType: InvalidParameterValueException\r\n",
        .body = STR("{\"Message\":\"The role defined for the function cannot be assumed by "
                    "Lambda.\"}"),
    };
}

static void a_new_function_is_created_and_waited_for(void **state)
{
    struct fixture *f = *state;
    is_not_on_lambda(f);
    assert_true(f->plans[0].is_new);
    create_answers(f, too_early());
    create_answers(f, too_early());
    create_answers(f, (struct fake_answer){.status = 201, .body = STR("{\"State\":\"Pending\"}")});
    state_is(f, "{\"State\":\"Pending\"}");
    state_is(f, ACTIVE);
    assert_true(function_deploy_apply(&f->deploy, &f->plans[0], &f->err));
    assert_string_equal(buf_text(&f->told), "created, waiting until it is active|");
}

static void a_function_that_fails_to_start_is_told_with_its_reason(void **state)
{
    struct fixture *f = *state;
    is_not_on_lambda(f);
    create_answers(f, (struct fake_answer){.status = 201, .body = STR("{}")});
    state_is(f, "{\"State\":\"Failed\",\"StateReason\":\"no such subnet\"}");
    assert_false(function_deploy_apply(&f->deploy, &f->plans[0], &f->err));
    assert_string_equal(f->err.code, "function_not_active");
    assert_non_null(strstr(f->err.message, "no such subnet"));
}

static void other_refusals_are_not_waited_out(void **state)
{
    struct fixture *f = *state;
    is_not_on_lambda(f);
    create_answers(
        f, (struct fake_answer){.status = 400,
                                .headers = "x-amzn-ErrorType: InvalidParameterValueException\r\n",
                                .body = STR("{\"Message\":\"Unzipped size must be smaller\"}")});
    assert_false(function_deploy_apply(&f->deploy, &f->plans[0], &f->err));
    assert_non_null(strstr(f->err.message, "Unzipped size"));
    create_answers(
        f, (struct fake_answer){.status = 409,
                                .headers = "x-amzn-ErrorType: ResourceConflictException\r\n",
                                .body = STR("{\"Message\":\"Function already exist\"}")});
    assert_false(function_deploy_apply(&f->deploy, &f->plans[0], &f->err));
    assert_string_equal(f->err.code, "ResourceConflictException");
}

static void a_creation_whose_answer_is_lost_is_not_sent_again(void **state)
{
    struct fixture *f = *state;
    is_not_on_lambda(f);
    create_answers(f, (struct fake_answer){.fault = FAKE_RESET});
    assert_false(function_deploy_apply(&f->deploy, &f->plans[0], &f->err));
    assert_int_equal(f->err.error_class, ERROR_TRANSIENT);
    assert_int_equal(fake_aws_count(f->aws), 2);
}

static void a_large_package_travels_through_s3_once(void **state)
{
    struct fixture *f = *state;
    struct fake_s3 *s3 = fake_s3_new(f->aws);
    fake_s3_add_bucket(s3, "models");
    f->deploy.direct_max = 4;
    char *key = xasprintf("gatehouse-functions/%s.zip", f->package.sha256);
    char *body = xasprintf("\"S3Bucket\":\"models\",\"S3Key\":\"%s\"", key);
    is_not_on_lambda(f);
    for (int i = 0; i < 2; i++) { /* the second one finds it there */
        fake_aws_expect(f->aws,
                        (struct fake_exchange){.method = "POST",
                                               .path = PATH,
                                               .body = body,
                                               .answer = {.status = 201, .body = STR("{}")}});
        state_is(f, ACTIVE);
        assert_true(function_deploy_apply(&f->deploy, &f->plans[0], &f->err));
        assert_true(str_eq(fake_s3_get(s3, "models", key), i == 0 ? STR("hello") : STR("kept")));
        fake_s3_put(s3, "models", key, STR("kept"));
    }
    assert_int_equal(fake_s3_object_count(s3), 1);
    free(key);
    free(body);
    fake_s3_free(s3);
}

/* ---- updating */

static void update_answers(struct fixture *f, const char *what, struct fake_answer answer)
{
    fake_aws_expect(f->aws,
                    (struct fake_exchange){.method = "PUT", .path = what, .answer = answer});
}

#define CODE          PATH "/" NAME "/code"
#define CONFIGURATION PATH "/" NAME "/configuration"

static void old_function(struct fixture *f)
{
    is_on_lambda(f, "{\"Runtime\":\"provided.al2023\",\"Handler\":\"" NAME "\",\"Role\":\"" ROLE
                    "\",\"Timeout\":3,\"MemorySize\":1769,\"CodeSha256\":\"other\"}");
    assert_string_equal(buf_text(&f->plans[0].changes), "code, timeout 3 -> 600");
}

static void code_comes_first_and_each_step_is_waited_for(void **state)
{
    struct fixture *f = *state;
    static const char *const order[] = {"GET", "GET", "PUT", "GET", "GET", "PUT", "GET"};
    old_function(f);
    state_is(f, ACTIVE);
    update_answers(f, CODE, (struct fake_answer){.body = STR("{}")});
    state_is(f, BUSY);
    state_is(f, ACTIVE);
    update_answers(f, CONFIGURATION, (struct fake_answer){.body = STR("{}")});
    state_is(f, ACTIVE);
    assert_true(function_deploy_apply(&f->deploy, &f->plans[0], &f->err));
    assert_string_equal(buf_text(&f->told), "code updated|configuration updated|");
    assert_int_equal(fake_aws_count(f->aws), 7);
    for (size_t i = 0; i < 7; i++) {
        assert_string_equal(fake_aws_request(f->aws, i)->method, order[i]);
    }
    assert_string_equal(fake_aws_request(f->aws, 2)->path, CODE);
}

static void an_update_of_somebody_elses_is_waited_out(void **state)
{
    struct fixture *f = *state;
    old_function(f);
    state_is(f, ACTIVE);
    update_answers(
        f, CODE,
        (struct fake_answer){.status = 409,
                             .headers = "x-amzn-ErrorType: ResourceConflictException\r\n",
                             .body = STR("{\"Message\":\"in progress\"}")});
    state_is(f, BUSY);
    state_is(f, ACTIVE);
    update_answers(f, CODE, (struct fake_answer){.body = STR("{}")});
    state_is(f, ACTIVE);
    update_answers(f, CONFIGURATION, (struct fake_answer){.status = 429});
    update_answers(f, CONFIGURATION, (struct fake_answer){.body = STR("{}")});
    state_is(f, ACTIVE);
    assert_true(function_deploy_apply(&f->deploy, &f->plans[0], &f->err));
}

static void an_update_that_fails_stops_with_lambdas_reason(void **state)
{
    struct fixture *f = *state;
    old_function(f);
    state_is(f, "{\"LastUpdateStatus\":\"Failed\"}"); /* an earlier one: no reason not to try */
    update_answers(f, CODE, (struct fake_answer){.body = STR("{}")});
    state_is(f, "{\"LastUpdateStatus\":\"Failed\",\"LastUpdateStatusReason\":\"bad zip\"}");
    assert_false(function_deploy_apply(&f->deploy, &f->plans[0], &f->err));
    assert_string_equal(f->err.code, "function_update_failed");
    assert_non_null(strstr(f->err.message, "bad zip"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_as_wanted_is_left_alone),
        TEST(each_difference_is_named_and_no_value_of_a_variable),
        TEST(the_order_of_subnets_and_variables_does_not_matter),
        TEST(a_new_function_is_created_and_waited_for),
        TEST(a_function_that_fails_to_start_is_told_with_its_reason),
        TEST(other_refusals_are_not_waited_out),
        TEST(a_creation_whose_answer_is_lost_is_not_sent_again),
        TEST(a_large_package_travels_through_s3_once),
        TEST(code_comes_first_and_each_step_is_waited_for),
        TEST(an_update_of_somebody_elses_is_waited_out),
        TEST(an_update_that_fails_stops_with_lambdas_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
