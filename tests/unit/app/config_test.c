/* Layers, origins, every kind of mistake with its place, the default pipeline, the example. */
#include "core/app/config.h"

#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct config_request nothing = {.path = NULL};

static struct config *load(const struct config_request *request, const char *text)
{
    struct problems problems = {.count = 0};
    struct config *config = config_load_text(request, "c.toml", str_from(text), &problems);
    for (size_t i = 0; i < problems.count; i++) {
        print_error("%s\n", problems.items[i].text);
    }
    assert_int_equal(problems.count, 0);
    problems_done(&problems);
    return config;
}

/* Exactly these problems, in this order, each by a part of it. */
static void expect_problems(const struct config_request *request, const char *text,
                            const char *const *parts)
{
    struct problems problems = {.count = 0};
    struct config *config = config_load_text(request, "c.toml", str_from(text), &problems);
    size_t count = 0;
    for (; parts[count] != NULL; count++) {
        assert_true(count < problems.count);
        if (strstr(problems.items[count].text, parts[count]) == NULL) {
            print_error("expected: %s\nfound:    %s\n", parts[count], problems.items[count].text);
        }
        assert_non_null(strstr(problems.items[count].text, parts[count]));
    }
    if (problems.count > count) {
        print_error("not expected: %s\n", problems.items[count].text);
    }
    assert_int_equal(problems.count, count);
    problems_done(&problems);
    config_free(config);
}

static void expect_problem(const char *text, const char *part)
{
    expect_problems(&nothing, text, (const char *const[]){part, NULL});
}

static void no_file_gives_the_seeds_six_stages(void **state)
{
    (void)state;
    static const char *const names[] = {"check_lambda_connection",  "invoke_clean_s3_raw",
                                        "invoke_clean_rds",         "invoke_merge_cleaned_data",
                                        "start_sagemaker_training", "evaluate_model_performance"};
    struct config *config = load(&nothing, "");
    assert_int_equal(config->dag->count, 6);
    assert_string_equal(config->dag->pipeline, "credit_default_pipeline");
    for (size_t i = 0; i < 6; i++) {
        const struct stage_def *stage = &config->dag->stages[i];
        assert_string_equal(stage->name, names[i]);
        assert_int_equal(stage->retries, 1);
        assert_int_equal(stage->running_timeout_ms, 600000);
        assert_int_equal(stage->after_count, i == 0 ? 0 : 1);
        assert_true(i == 0 || stage->after[0] == i - 1);
    }
    assert_true(config->dag->stages[5].is_gate);
    assert_string_equal(config->stages_origin, "default");
    assert_string_equal(json_text_or(json_at(config->rules, 0), "metric", ""), "accuracy");
    config_free(config);
}

static void references_keep_the_type_of_the_value(void **state)
{
    (void)state;
    struct config *config =
        load(&nothing, "[training]\ninstance_type = \"ml.c5.large\"\nhyperparameters.eta = 0.3\n");
    const struct json *train = config->dag->stages[4].parameters;
    assert_string_equal(json_text_or(train, "instance_type", ""), "ml.c5.large");
    const struct json *hyperparameters = json_get(train, "hyperparameters");
    assert_true(json_number_or(hyperparameters, "eta", 0) == 0.3);
    assert_int_equal(json_int_or(hyperparameters, "max_depth", 0), 5);
    const char *bucket = NULL;
    assert_true(json_as_text(json_path(train, "output.bucket"), &bucket));
    assert_string_equal(bucket, "msecindustries-models");
    assert_int_equal(json_count(json_get(config->dag->stages[5].parameters, "rules")), 6);
    assert_string_equal(
        json_text_or(json_get(config->dag->stages[3].parameters, "payload"), "transactions", ""),
        "{{ stages.invoke_clean_s3_raw.outputs.cleaned }}");
    config_free(config);
}

static void without_a_split_the_training_asks_for_no_validation_set(void **state)
{
    (void)state;
    struct config *config = load(&nothing, "[split]\nenabled = false\n");
    const struct json *channels = json_get(config->dag->stages[4].parameters, "channels");
    assert_non_null(json_get(channels, "train"));
    assert_null(json_get(channels, "validation"));
    config_free(config);
}

static void layers_stand_over_each_other_and_tell_where_a_value_came_from(void **state)
{
    (void)state;
    const char *environment[] = {"GATEHOUSE_PIPELINE_NAME=from_environment",
                                 "GATEHOUSE_PIPELINE_RETRIES=3", "GATEHOUSE_LAKE=/not/ours", NULL};
    const char *settings[] = {"pipeline.retries=7", "training.hyperparameters.eta=0.5",
                              "training.hyperparameters.objective=reg:squarederror"};
    struct config_request request = {
        .environment = environment, .settings = settings, .setting_count = 3};
    struct config *config =
        load(&request, "[pipeline]\nname = \"from_file\"\n\nmax_parallel = 2\nretries = 2\n");
    assert_string_equal(config_text(config, CONFIG_pipeline_name), "from_environment");
    assert_string_equal(config->values[CONFIG_pipeline_name].origin, "GATEHOUSE_PIPELINE_NAME");
    assert_int_equal(config_int(config, CONFIG_pipeline_max_parallel), 2);
    assert_string_equal(config->values[CONFIG_pipeline_max_parallel].origin, "c.toml:4");
    assert_int_equal(config_int(config, CONFIG_pipeline_retries), 7);
    assert_string_equal(config->values[CONFIG_pipeline_retries].origin, "--set");
    assert_string_equal(config->values[CONFIG_split_seed].origin, "default");
    const struct json *table = config->values[CONFIG_training_hyperparameters].value;
    assert_true(json_number_or(table, "eta", 0) == 0.5);
    assert_string_equal(json_text_or(table, "objective", ""), "reg:squarederror");
    assert_int_equal(json_int_or(table, "num_round", 0), 100);
    config_free(config);
}

static void one_word_chooses_the_backend_of_every_port(void **state)
{
    (void)state;
    const char *const environment[] = {"GATEHOUSE_BACKEND=local", NULL};
    const char *const settings[] = {"backend=aws", "backend.training_service=local",
                                    "database.dsn=host=db"};
    struct config_request request = {
        .environment = environment, .settings = settings, .setting_count = 3};
    struct config *config = load(&request, "backend = \"aws\"\n");
    assert_string_equal(config_text(config, CONFIG_backend_object_store), "aws");
    assert_string_equal(config_text(config, CONFIG_backend_database), "aws");
    assert_string_equal(config_text(config, CONFIG_backend_training_service), "local");
    assert_string_equal(config->values[CONFIG_backend_object_store].origin, "--set");
    config_free(config);
    request.setting_count = 0;
    config = load(&request, "backend = \"aws\"\n");
    assert_string_equal(config_text(config, CONFIG_backend_function_service), "local");
    config_free(config);
    request.environment = NULL;
    config = load(&request, "backend = \"aws\"\n[database]\ndsn = \"host=db\"\n");
    assert_string_equal(config->values[CONFIG_backend_function_service].origin, "c.toml:1");
    config_free(config);
}

static void every_mistake_is_told_with_its_place(void **state)
{
    (void)state;
    expect_problems(&nothing,
                    "[pipelin]\nname = 1\n[data]\nraw_buckt = \"x\"\nfinal_key = 3\n"
                    "[split]\nseed = -1\ntrain = \"much\"\n",
                    (const char *const[]){
                        "c.toml:1: pipelin: there is no such section; did you mean \"pipeline\"?",
                        "c.toml:4: data.raw_buckt: there is no such key; did you mean "
                        "\"raw_bucket\"?",
                        "c.toml:5: data.final_key must be a string of 1 to 1024 bytes, not 3",
                        "c.toml:7: split.seed must be a whole number from 0 to",
                        "c.toml:8: split.train must be a number from 0.01 to 1, not \"much\"",
                        NULL});
    expect_problem("[pipeline]\nname = \n", "c.toml:2: column");
    expect_problem("pipeline = 3\n", "c.toml:1: pipeline must be a section");
    expect_problem("[pipeline]\nrunning_timeout = \"ten minutes\"\n",
                   "c.toml:2: pipeline.running_timeout must be a duration such as");
    expect_problem(
        "[backend]\nobject_store = \"azure\"\n",
        "c.toml:2: backend.object_store must be one of \"local\", \"aws\", not \"azure\"");
    expect_problem("backend = \"azure\"\n", "c.toml:1: backend must be one of");
    expect_problem("backend = \"aws\"\n", "c.toml:1: backend.database is \"aws\", so database.dsn");
    expect_problem("backend = 3\n", "c.toml:1: backend must be a section");
    expect_problem("[pipeline]\nraw_bucket = \"x\"\n", "did you mean \"data.raw_bucket\"?");
}

static void mistakes_outside_the_file_are_told_too(void **state)
{
    (void)state;
    const char *environment[] = {"GATEHOUSE_SPLIT_SEDE=1", "GATEHOUSE_SPLIT_ENABLED=yes",
                                 "GATEHOUSE_STATE_DIR=/tmp", "GATEHOUSE_CONFIG=/x", NULL};
    const char *settings[] = {"split.seed", "split.sead=1", "split.seed=x"};
    struct config_request request = {
        .environment = environment, .settings = settings, .setting_count = 3};
    expect_problems(
        &request, "",
        (const char *const[]){
            "GATEHOUSE_SPLIT_ENABLED: split.enabled must be true or false, not yes",
            "GATEHOUSE_SPLIT_SEDE: there is no such key; did you mean \"GATEHOUSE_SPLIT_SEED\"?",
            "--set split.seed: it must be section.key=value",
            "--set: split.sead: there is no such key; did you mean \"seed\"?",
            "--set: split.seed must be a whole number", NULL});
}

static void values_that_do_not_fit_together_are_refused(void **state)
{
    (void)state;
    expect_problem("[split]\ntrain = 0.9\n", "add up to 1.2; they must add up to 1");
    expect_problem("[data]\nraw_key = \"elsewhere/x.csv\"\n", "is not under data.raw_prefix");
    expect_problem("[expectations]\nrows_min = 10\nrows_max = 5\n",
                   "c.toml:2: expectations.rows_min is above expectations.rows_max");
}

static void stages_of_the_file_replace_the_default_ones(void **state)
{
    (void)state;
    struct config *config =
        load(&nothing, "[pipeline]\nretries = 4\n[[stage]]\nname = \"a\"\nkind = \"noop\"\n"
                       "[[stage]]\nname = \"b\"\nkind = \"noop\"\nafter = [\"a\"]\nretries = 0\n"
                       "retry_delay = \"500ms\"\nrunning_timeout = 90\n");
    assert_int_equal(config->dag->count, 2);
    assert_int_equal(config->dag->stages[0].retries, 4);
    assert_int_equal(config->dag->stages[1].retries, 0);
    assert_int_equal(config->dag->stages[1].retry_delay_ms, 500);
    assert_int_equal(config->dag->stages[1].running_timeout_ms, 90000);
    assert_string_equal(config->stages_origin, "c.toml:3");
    config_free(config);
}

static void mistakes_in_stages_name_line_and_stage(void **state)
{
    (void)state;
    expect_problem("[[stage]]\nname = \"a\"\nkind = \"noop\"\nretires = 1\n",
                   "c.toml:4: [[stage]]: there is no key \"retires\"; did you mean \"retries\"?");
    expect_problem("\n[[stage]]\nname = \"a\"\n", "c.toml:2: [[stage]] needs a kind");
    expect_problem("[[stage]]\nname = \"a\"\nkind = \"nop\"\n", "nop");
    expect_problem("[[stage]]\nname = \"a\"\nkind = \"noop\"\n[stage.parameters]\nslep_ms = 1\n",
                   "c.toml:4: stage \"a\": ");
    expect_problem("[[stage]]\nname = \"a\"\nkind = \"noop\"\nafter = [\"b\"]\n"
                   "[[stage]]\nname = \"b\"\nkind = \"noop\"\nafter = [\"a\"]\n",
                   "c.toml:1: ");
    expect_problem("[[stage]]\nname = \"a\"\nkind = \"noop\"\nafter = 3\n",
                   "c.toml:4: [[stage]] after: must be a list of strings");
    expect_problem("stage = 3\n", "c.toml:1: stages are blocks of the form [[stage]]");
    expect_problem("[[stage]]\nname = \"a\"\nkind = \"noop\"\n[stage.parameters]\n"
                   "outputs.x = \"{{ config.data.nothing }}\"\n",
                   "{{ config.data.nothing }} names no key that a stage may use");
}

static void a_secret_cannot_be_referenced_nor_shown(void **state)
{
    (void)state;
    const char *settings[] = {"database.dsn=postgresql://me:hunter2@host/db"};
    struct config_request request = {.settings = settings, .setting_count = 1};
    struct buf text;
    struct config *config = load(&request, "");
    buf_init(&text, 1 << 20);
    config_print_text(config, &text);
    assert_null(strstr(buf_text(&text), "hunter2"));
    assert_non_null(strstr(buf_text(&text), "dsn = \"***\"  # --set"));
    struct json *json = config_print_json(config);
    char *printed = json_print(json);
    assert_null(strstr(printed, "hunter2"));
    free(printed);
    json_free(json);
    buf_done(&text);
    config_free(config);
    expect_problem("[[stage]]\nname = \"a\"\nkind = \"noop\"\n[stage.parameters]\n"
                   "outputs.x = \"{{ config.database.dsn }}\"\n",
                   "names no key that a stage may use");
    expect_problem("[database]\ndsn = 3\n", "database.dsn must be a string");
}

static void gate_rules_are_checked_and_replace_the_default_ones(void **state)
{
    (void)state;
    struct config *config =
        load(&nothing, "[[gate.rule]]\nmetric = \"auc\"\nsplit = \"train\"\nmin = 0.9\n");
    assert_int_equal(json_count(config->rules), 1);
    assert_string_equal(config->rules_origin, "c.toml:1");
    config_free(config);
    expect_problem("\n[[gate.rule]]\nmetric = \"auc\"\n",
                   "c.toml:2: [[gate.rule]]: auc needs min, max or both");
    expect_problem("[gate]\nrules = 3\n", "gate holds only blocks of the form [[gate.rule]]");
}

/* A line that begins with '#' and no blank is a setting. */
static char *uncommented(const char *example)
{
    struct buf out;
    struct str rest = str_from(example);
    buf_init(&out, 1 << 20);
    while (rest.len > 0) {
        struct str line = str_split(rest, '\n', &rest);
        if (line.len > 1 && line.ptr[0] == '#' && line.ptr[1] != ' ') {
            line = (struct str){line.ptr + 1, line.len - 1};
        }
        buf_append_str(&out, line);
        buf_append_char(&out, '\n');
    }
    return buf_take(&out);
}

static void the_example_with_all_comments_off_is_the_default(void **state)
{
    (void)state;
    struct buf example;
    buf_init(&example, 1 << 20);
    config_print_example(&example);
    struct config *commented = load(&nothing, buf_text(&example));
    char *text = uncommented(buf_text(&example));
    struct config *all = load(&nothing, text);
    for (int id = 0; id < CONFIG_KEY_COUNT; id++) {
        assert_true(json_equal(commented->values[id].value, all->values[id].value));
        assert_string_equal(commented->values[id].origin, "default");
        assert_string_not_equal(all->values[id].origin, "default");
    }
    assert_true(json_equal(commented->rules, all->rules));
    assert_true(json_equal(commented->stages, all->stages));
    assert_string_not_equal(all->stages_origin, "default");
    config_free(commented);
    config_free(all);
    free(text);
    buf_done(&example);
}

static void what_is_shown_reads_back_as_the_same_configuration(void **state)
{
    (void)state;
    struct buf text;
    struct config *config = load(&nothing, "[pipeline]\ntotal_timeout = \"1h30m\"\n"
                                           "[local]\nfunction_memory = \"1536MiB\"\n");
    buf_init(&text, 1 << 20);
    config_print_text(config, &text);
    struct config *again = load(&nothing, buf_text(&text));
    for (int id = 0; id < CONFIG_KEY_COUNT; id++) {
        assert_true(json_equal(config->values[id].value, again->values[id].value));
    }
    assert_true(json_equal(config->stages, again->stages));
    buf_done(&text);
    config_free(config);
    config_free(again);
}

static void the_state_folder_is_found_in_order(void **state)
{
    (void)state;
    const char *environment[] = {"HOME=/home/a", "XDG_STATE_HOME=/xdg", "GATEHOUSE_STATE_DIR=/dir",
                                 NULL};
    struct config_request request = {.environment = environment, .state_folder = "/option"};
    struct error err;
    struct config *config = load(&request, "");
    char *folder = config_state_folder(config, &request, &err);
    assert_string_equal(folder, "/option");
    free(folder);
    request.state_folder = NULL;
    folder = config_state_folder(config, &request, &err);
    assert_string_equal(folder, "/dir");
    free(folder);
    environment[2] = NULL;
    folder = config_state_folder(config, &request, &err);
    assert_string_equal(folder, "/xdg/gatehouse");
    free(folder);
    environment[1] = NULL;
    folder = config_state_folder(config, &request, &err);
    assert_string_equal(folder, "/home/a/.local/state/gatehouse");
    free(folder);
    environment[0] = NULL;
    assert_null(config_state_folder(config, &request, &err));
    config_free(config);
}

static void a_named_file_that_is_missing_is_a_problem(void **state)
{
    (void)state;
    struct problems problems = {.count = 0};
    struct config_request request = {.path = "/no/such/file.toml"};
    struct config *config = config_load(&request, &problems);
    assert_int_equal(problems.count, 1);
    assert_non_null(strstr(problems.items[0].text, "/no/such/file.toml"));
    config_free(config);
    problems_done(&problems);
    request.path = NULL; /* nobody named one: there need not be any */
    config = config_load(&request, &problems);
    assert_int_equal(problems.count, 0);
    config_free(config);
    problems_done(&problems);
}

static void what_aws_would_refuse_is_found_at_once(void **state)
{
    (void)state;
    static const char *const buckets[] = {"Upper", "under_score", "-begin", "end.", "two..dots"};
    for (size_t i = 0; i < sizeof(buckets) / sizeof(buckets[0]); i++) {
        char text[200];
        snprintf(text, sizeof(text), "[backend]\nobject_store = 'aws'\n[data]\nraw_bucket = '%s'",
                 buckets[i]);
        expect_problem(text, "c.toml:4: data.raw_bucket");
    }
    expect_problem("[training]\nrole = 'gatehouse-training'",
                   "c.toml:2: training.role \"gatehouse-training\" is not the ARN of a role");
    expect_problem("[functions]\nrole = 'arn:aws:iam::1:user/x'", "c.toml:2: functions.role");
    config_free(load(&nothing, "[data]\nraw_bucket = 'a_folder'\n[training]\n"
                               "role = 'arn:aws-cn:iam::111122223333:role/path/x'"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_file_gives_the_seeds_six_stages),
        cmocka_unit_test(references_keep_the_type_of_the_value),
        cmocka_unit_test(without_a_split_the_training_asks_for_no_validation_set),
        cmocka_unit_test(layers_stand_over_each_other_and_tell_where_a_value_came_from),
        cmocka_unit_test(one_word_chooses_the_backend_of_every_port),
        cmocka_unit_test(every_mistake_is_told_with_its_place),
        cmocka_unit_test(mistakes_outside_the_file_are_told_too),
        cmocka_unit_test(values_that_do_not_fit_together_are_refused),
        cmocka_unit_test(stages_of_the_file_replace_the_default_ones),
        cmocka_unit_test(mistakes_in_stages_name_line_and_stage),
        cmocka_unit_test(a_secret_cannot_be_referenced_nor_shown),
        cmocka_unit_test(gate_rules_are_checked_and_replace_the_default_ones),
        cmocka_unit_test(the_example_with_all_comments_off_is_the_default),
        cmocka_unit_test(what_is_shown_reads_back_as_the_same_configuration),
        cmocka_unit_test(the_state_folder_is_found_in_order),
        cmocka_unit_test(what_aws_would_refuse_is_found_at_once),
        cmocka_unit_test(a_named_file_that_is_missing_is_a_problem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
