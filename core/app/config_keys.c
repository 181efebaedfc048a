/* The tables behind the configuration: keys, blocks, sections and the default pipeline. */
#include "core/app/config_keys.h"

#include <assert.h>

const struct config_key *config_key(enum config_id id)
{
    static const struct config_key keys[CONFIG_KEY_COUNT] = {
#define X(section, name, type, fallback, min, max, choices, sentence)                              \
    {#section, #name, CONFIG_##type, fallback, min, max, choices, sentence},
        CONFIG_KEYS(X)
#undef X
#define X(id, name, keys, places, group, operands, hint, sentence)                                 \
    {"keys", #name, CONFIG_BINDINGS, keys, 0, 0, NULL, sentence},
            ACTIONS(X)
#undef X
    };
    assert(id < CONFIG_KEY_COUNT);
    return &keys[id];
}

enum config_id config_key_of_action(enum action action)
{
    assert(action < ACTION_COUNT);
    return (enum config_id)(CONFIG_KEY_COUNT - (int)ACTION_COUNT + (int)action);
}

const struct config_key *config_stage_keys(void)
{
    static const struct config_key keys[] = {
        {NULL, "name", CONFIG_TEXT, NULL, 1, 64, NULL,
         "Unique name of a-z A-Z 0-9 _ - ; other stages and operators use it."},
        {NULL, "kind", CONFIG_TEXT, NULL, 1, 64, NULL,
         "function_check, function_invoke, train, evaluate, command or noop."},
        {NULL, "after", CONFIG_NAMES, NULL, 0, 0, NULL,
         "Names of the stages it waits for; none: it starts at once."},
        {NULL, "retries", CONFIG_INTEGER, NULL, 0, 100, NULL, "Instead of pipeline.retries."},
        {NULL, "retry_delay", CONFIG_DURATION, NULL, 1, CONFIG_DAY_MS, NULL,
         "Instead of pipeline.retry_delay."},
        {NULL, "queued_timeout", CONFIG_DURATION, NULL, 0, 7 * CONFIG_DAY_MS, NULL,
         "Instead of pipeline.queued_timeout."},
        {NULL, "running_timeout", CONFIG_DURATION, NULL, 0, 7 * CONFIG_DAY_MS, NULL,
         "Instead of pipeline.running_timeout."},
        {NULL, "total_timeout", CONFIG_DURATION, NULL, 0, 7 * CONFIG_DAY_MS, NULL,
         "Instead of pipeline.total_timeout."},
        {NULL, "parameters", CONFIG_TABLE, NULL, 0, 0, NULL, "What the kind needs."},
        {NULL, NULL, CONFIG_TYPE_COUNT, NULL, 0, 0, NULL, NULL},
    };
    return keys;
}

const struct config_key *config_rule_keys(void)
{
    static const struct config_key keys[] = {
        {NULL, "metric", CONFIG_TEXT, NULL, 1, 64, NULL,
         "accuracy, auc, ks, gini, pr_auc, log_loss, brier, calibration_slope, "
         "calibration_intercept or observed_expected."},
        {NULL, "split", CONFIG_CHOICE, "test", 0, 0, "test|train", "Rows it is measured on."},
        {NULL, "min", CONFIG_NUMBER, NULL, -1e9, 1e9, NULL, "Least value that passes."},
        {NULL, "max", CONFIG_NUMBER, NULL, -1e9, 1e9, NULL, "Largest value that passes."},
        {NULL, NULL, CONFIG_TYPE_COUNT, NULL, 0, 0, NULL, NULL},
    };
    return keys;
}

const struct config_section *config_sections(void)
{
    static const struct config_section sections[] = {
        {"pipeline", "The pipeline as a whole, and what its stages do when they do not say."},
        {"backend", "Who does the work, for each port. `backend = \"aws\"` above all sections, "
                    "--set backend=aws\n# and GATEHOUSE_BACKEND=aws set all four at once."},
        {"state", "Where gatehouse keeps what it knows."},
        {"data", "Places of the data."},
        {"functions", "Names of the data functions."},
        {"split", "How the final set is divided; the three shares add up to 1."},
        {"expectations", "What the data must look like; a broken expectation fails the stage."},
        {"database", "PostgreSQL: the customer profiles, and the mirror of the run store."},
        {"local", "The local backend."},
        {"aws", "The AWS account. What is empty here is found as by other AWS tools: in the "
                "environment, in ~/.aws/config and ~/.aws/credentials."},
        {"training", "The training job."},
        {"console", "How the console looks."},
        {"keys",
         "Keys of the console: one, a list of them, or \"none\"; C-x, M-x, PgUp, Space, F1 have "
         "names, \"g g\" is a chord."},
        {NULL, NULL},
    };
    return sections;
}

static const char default_rules[] = "[[gate.rule]]\n"
                                    "metric = \"accuracy\"\n"
                                    "min = 0.80\n"
                                    "\n"
                                    "[[gate.rule]]\n"
                                    "metric = \"auc\"\n"
                                    "min = 0.70\n"
                                    "max = 0.85\n"
                                    "\n"
                                    "[[gate.rule]]\n"
                                    "metric = \"ks\"\n"
                                    "min = 0.30\n"
                                    "\n"
                                    "[[gate.rule]]\n"
                                    "metric = \"brier\"\n"
                                    "max = 0.16\n"
                                    "\n"
                                    "[[gate.rule]]\n"
                                    "metric = \"calibration_slope\"\n"
                                    "min = 0.7\n"
                                    "max = 1.4\n"
                                    "\n"
                                    "[[gate.rule]]\n"
                                    "metric = \"observed_expected\"\n"
                                    "min = 0.85\n"
                                    "max = 1.15\n";

const char *config_default_rules(void)
{
    return default_rules;
}

static const char default_stages[] =
    "[[stage]]\n"
    "name = \"check_lambda_connection\"\n"
    "kind = \"function_check\"\n"
    "[stage.parameters]\n"
    "functions = [\n"
    "\"{{ config.functions.clean_transactions }}\",\n"
    "\"{{ config.functions.clean_profiles }}\",\n"
    "\"{{ config.functions.merge }}\",\n"
    "]\n"
    "timeout_ms = \"{{ config.functions.timeout }}\"\n"
    "\n"
    "[[stage]]\n"
    "name = \"invoke_clean_s3_raw\"\n"
    "kind = \"function_invoke\"\n"
    "after = [\"check_lambda_connection\"]\n"
    "[stage.parameters]\n"
    "function = \"{{ config.functions.clean_transactions }}\"\n"
    "[stage.parameters.payload]\n"
    "source.bucket = \"{{ config.data.raw_bucket }}\"\n"
    "source.prefix = \"{{ config.data.raw_prefix }}\"\n"
    "destination.bucket = \"{{ config.data.cleaned_bucket }}\"\n"
    "destination.prefix = \"cleaned-source1/{{ run.id }}/{{ stage.try }}/\"\n"
    "expectations = \"{{ config.expectations }}\"\n"
    "\n"
    "[[stage]]\n"
    "name = \"invoke_clean_rds\"\n"
    "kind = \"function_invoke\"\n"
    "after = [\"invoke_clean_s3_raw\"]\n"
    "[stage.parameters]\n"
    "function = \"{{ config.functions.clean_profiles }}\"\n"
    "[stage.parameters.payload]\n"
    "source.table = \"{{ config.data.profile_table }}\"\n"
    "destination.bucket = \"{{ config.data.cleaned_bucket }}\"\n"
    "destination.prefix = \"cleaned-source2/{{ run.id }}/{{ stage.try }}/\"\n"
    "expectations = \"{{ config.expectations }}\"\n"
    "\n"
    "[[stage]]\n"
    "name = \"invoke_merge_cleaned_data\"\n"
    "kind = \"function_invoke\"\n"
    "after = [\"invoke_clean_rds\"]\n"
    "[stage.parameters]\n"
    "function = \"{{ config.functions.merge }}\"\n"
    "[stage.parameters.payload]\n"
    "transactions = \"{{ stages.invoke_clean_s3_raw.outputs.cleaned }}\"\n"
    "profiles = \"{{ stages.invoke_clean_rds.outputs.cleaned }}\"\n"
    "destination.bucket = \"{{ config.data.training_bucket }}\"\n"
    "destination.prefix = \"final-dataset/{{ run.id }}/{{ stage.try }}/\"\n"
    "publish.bucket = \"{{ config.data.training_bucket }}\"\n"
    "publish.key = \"{{ config.data.final_key }}\"\n"
    "split = \"{{ config.split }}\"\n"
    "expectations = \"{{ config.expectations }}\"\n"
    "\n"
    "[[stage]]\n"
    "name = \"start_sagemaker_training\"\n"
    "kind = \"train\"\n"
    "after = [\"invoke_merge_cleaned_data\"]\n"
    "[stage.parameters]\n"
    "job_name_prefix = \"{{ config.training.job_name_prefix }}\"\n"
    "hyperparameters = \"{{ config.training.hyperparameters }}\"\n"
    "instance_type = \"{{ config.training.instance_type }}\"\n"
    "instance_count = \"{{ config.training.instance_count }}\"\n"
    "volume_size_gb = \"{{ config.training.volume_size_gb }}\"\n"
    "output.bucket = \"{{ config.data.models_bucket }}\"\n"
    "output.prefix = \"{{ config.data.models_prefix }}\"\n"
    "[stage.parameters.channels]\n"
    "train = \"{{ stages.invoke_merge_cleaned_data.outputs.train }}\"\n"
    "validation = \"{{ stages.invoke_merge_cleaned_data.outputs.validation }}\"\n"
    "schema = \"{{ stages.invoke_merge_cleaned_data.outputs.schema }}\"\n"
    "\n"
    "[[stage]]\n"
    "name = \"evaluate_model_performance\"\n"
    "kind = \"evaluate\"\n"
    "after = [\"start_sagemaker_training\"]\n"
    "[stage.parameters]\n"
    "training_job_name = \"{{ "
    "stages.start_sagemaker_training.outputs.training_job_name }}\"\n"
    "test = \"{{ stages.invoke_merge_cleaned_data.outputs.test }}\"\n"
    "train = \"{{ stages.invoke_merge_cleaned_data.outputs.train }}\"\n"
    "schema = \"{{ stages.invoke_merge_cleaned_data.outputs.schema }}\"\n"
    "rules = \"{{ config.gate.rule }}\"\n";

const char *config_default_stages(void)
{
    return default_stages;
}
