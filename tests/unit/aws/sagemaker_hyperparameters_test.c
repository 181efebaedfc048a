/* What SageMaker's XGBoost takes and what it refuses, as its own list says. */
#include "core/aws/sagemaker_hyperparameters.h"

#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

static struct json *parse(const char *text)
{
    struct error err;
    struct json *json = json_parse(str_from(text), &err);
    if (json == NULL) {
        fail_msg("%s", err.message);
    }
    return json;
}

static void expect_refused(const char *text, const char *part)
{
    struct error err = {0};
    struct json *json = parse(text);
    assert_false(sagemaker_check_hyperparameters(json, &err));
    assert_string_equal(err.code, "bad_hyperparameter");
    if (strstr(err.message, part) == NULL) {
        fail_msg("%s: \"%s\" lacks \"%s\"", text, err.message, part);
    }
    json_free(json);
}

static void expect_accepted(const char *text)
{
    struct error err;
    struct json *json = parse(text);
    if (!sagemaker_check_hyperparameters(json, &err)) {
        fail_msg("%s: %s", text, err.message);
    }
    json_free(json);
}

#define WITH(members) "{\"num_round\":\"100\"," members "}"

static void hyperparameters_are_checked_before_they_cost_money(void **state)
{
    (void)state;
    expect_accepted(WITH(
        "\"objective\":\"binary:logistic\",\"max_depth\":\"5\",\"eta\":\"0.2\","
        "\"gamma\":\"4\",\"min_child_weight\":\"6\",\"subsample\":\"0.8\",\"tree_method\":\"hist\","
        "\"eval_metric\":\"error,auc,logloss,error@0.3\",\"seed\":\"20\""));
    expect_refused("{}", "num_round is missing");
    expect_refused(WITH("\"etta\":\"1\""), "did you mean eta?");
    expect_refused(WITH("\"eta\":\"2.0\""), "2.0 is not in [0, 1]");
    expect_refused(WITH("\"subsample\":\"0\""), "is not in (0, 1]");
    expect_refused("{\"num_round\":\"0\"}", "is not in [1, inf]");
    expect_refused(WITH("\"max_depth\":\"1.0\""), "not a whole number");
    expect_refused("{\"num_round\":100}", "must be a string");
    expect_refused(WITH("\"objective\":\"binary\""), "does not take 'binary'");
    expect_refused(WITH("\"objective\":\"multi:softmax\""), "num_class");
}

/* Each in the form and at the limits of the container's own list. */
static void every_hyperparameter_of_the_container_is_known(void **state)
{
    (void)state;
    static const struct {
        const char *name, *good, *bad; /* values, parted by blanks */
    } all[] = {
        {"num_class", "2", "1 2.5"},
        {"max_depth", "0 6", "-1"},
        {"max_leaves", "0", "-1"},
        {"max_bin", "0 256", "-1"},
        {"early_stopping_rounds", "1", "0"},
        {"num_parallel_tree", "1", "0"},
        {"nthread", "1", "0"},
        {"seed", "-2147483647 0 2147483646", "-2147483648 2147483647"},
        {"verbosity", "0 3", "4"},
        {"csv_weights", "0 1", "2"},
        {"one_drop", "0 1", "2"},
        {"refresh_leaf", "0 1", "2"},
        {"prob_buffer_row", "2", "1"},
        {"_kfold", "2", "1"},
        {"_num_cv_round", "1", "0"},
        {"eta", "0 1", "-0.1 1.1"},
        {"learning_rate", "0 1", "1.1"},
        {"gamma", "0 4.5", "-1"},
        {"min_split_loss", "0", "-1"},
        {"min_child_weight", "0", "-1"},
        {"max_delta_step", "0", "-1"},
        {"subsample", "0.1 1", "0 1.1"},
        {"colsample_bytree", "1", "0"},
        {"colsample_bylevel", "1", "0"},
        {"colsample_bynode", "1", "0"},
        {"lambda", "0", "-1"},
        {"reg_lambda", "0", "-1"},
        {"alpha", "0", "-1"},
        {"reg_alpha", "0", "-1"},
        {"lambda_bias", "0 1", "2"},
        {"rate_drop", "0 1", "2"},
        {"skip_drop", "0 1", "2"},
        {"sketch_eps", "0.03", "0 1"},
        {"scale_pos_weight", "3.5", "0"},
        {"base_score", "0 0.5", "-0.1 nan"},
        {"tweedie_variance_power", "1.5", "1 2"},
        {"aft_loss_distribution_scale", "0", "-1"},
        {"booster", "gbtree gblinear dart", "tree"},
        {"tree_method", "auto exact approx hist gpu_hist", "fast"},
        {"grow_policy", "depthwise lossguide", "deep"},
        {"process_type", "default update", "new"},
        {"predictor", "auto cpu_predictor gpu_predictor", "cpu"},
        {"dsplit", "row col", "rows"},
        {"sample_type", "uniform weighted", "x"},
        {"normalize_type", "tree forest", "x"},
        {"sampling_method", "uniform gradient_based", "x"},
        {"aft_loss_distribution", "normal logistic extreme", "x"},
        {"single_precision_histogram", "true false", "1"},
        {"deterministic_histogram", "true false", "1"},
        {"save_model_on_termination", "true false", "yes"},
        {"use_dask_gpu_training", "true false", "yes"},
        {"updater", "prune grow_colmaker,prune", "x prune, prune,,sync"},
        {"eval_metric", "rmse map ndcg@5 error@0.3,logloss", "acu error, mae@1 error@ error@x"},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        for (int is_bad = 0; is_bad < 2; is_bad++) {
            struct str rest = str_from(is_bad ? all[i].bad : all[i].good);
            while (rest.len > 0) {
                char text[256];
                struct str value = str_split(rest, ' ', &rest);
                snprintf(text, sizeof(text), WITH("\"%s\":\"" STR_FMT "\""), all[i].name,
                         STR_ARG(value));
                if (is_bad) {
                    expect_refused(text, all[i].name);
                } else {
                    expect_accepted(text);
                }
            }
        }
    }
    expect_refused(WITH("\"eval_metric\":\"error, logloss\""), "does not take"); /* a blank */
    expect_refused(WITH("\"_tuning_objective_metric\":\"validation:auc\""), "is not one of");
}

static void what_one_hyperparameter_asks_of_another_is_checked(void **state)
{
    (void)state;
    expect_accepted(WITH("\"monotone_constraints\":\"(1,0)\",\"tree_method\":\"exact\""));
    expect_refused(WITH("\"monotone_constraints\":\"(1,0)\",\"tree_method\":\"auto\""),
                   "asks tree_method");
    expect_refused(WITH("\"monotone_constraints\":\"(1,0)\""), "asks tree_method");
    expect_accepted(WITH("\"interaction_constraints\":\"[[1,2]]\",\"tree_method\":\"approx\""));
    expect_refused(WITH("\"interaction_constraints\":\"[[1,2]]\""), "asks tree_method");
    expect_accepted(WITH("\"eval_metric\":\"aucpr,auc\",\"objective\":\"rank:map\""));
    expect_accepted(WITH("\"eval_metric\":\"aucpr\",\"objective\":\"reg:gamma\""));
    expect_refused(WITH("\"eval_metric\":\"rmse,auc\",\"objective\":\"reg:gamma\""),
                   "auc asks objective");
    expect_refused(WITH("\"eval_metric\":\"aft-nloglik\",\"objective\":\"survival:cox\""),
                   "survival:aft");
    expect_accepted(WITH("\"objective\":\"multi:softmax\",\"num_class\":\"3\""));
}

static void a_hyperparameter_longer_than_sagemaker_takes_is_refused(void **state)
{
    (void)state;
    char text[2600] = WITH("\"tree_method\":\"hist\",\"monotone_constraints\":\"");
    size_t begin = strlen(text) - 1; /* without the brace */
    memset(text + begin, '1', 2500);
    memcpy(text + begin + 2500, "\"}", 3);
    expect_accepted(text);
    memcpy(text + begin + 2500, "1\"}", 4);
    expect_refused(text, "monotone_constraints");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hyperparameters_are_checked_before_they_cost_money),
        cmocka_unit_test(every_hyperparameter_of_the_container_is_known),
        cmocka_unit_test(what_one_hyperparameter_asks_of_another_is_checked),
        cmocka_unit_test(a_hyperparameter_longer_than_sagemaker_takes_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
