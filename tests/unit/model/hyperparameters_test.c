/* Hyperparameters: the table's ranges, and errors that name parameter, value and range. */
#include "core/base/buf.h"
#include "core/model/hyperparameters.h"
#include "tests/support/cmocka.h"

#include <string.h>

static void assert_refused(const char *json, const char *message)
{
    struct hyperparameters parameters;
    struct error err = {0};
    if (hyperparameters_parse(str_from(json), &parameters, &err)) {
        hyperparameters_done(&parameters);
        fail_msg("accepted: %s", json);
    }
    assert_int_equal(err.error_class, ERROR_PERMANENT);
    if (strstr(err.message, message) == NULL) {
        fail_msg("\"%s\" does not hold \"%s\"", err.message, message);
    }
}

static const char *setting(const struct hyperparameters *parameters, const char *name, size_t nth)
{
    for (size_t i = 0; i < parameters->setting_count; i++) {
        if (strcmp(parameters->settings[i].name, name) == 0 && nth-- == 0) {
            return parameters->settings[i].value;
        }
    }
    return NULL;
}

static void takes_the_usual_set(void **state)
{
    (void)state;
    struct hyperparameters parameters;
    struct error err = {0};
    const char json[] =
        "{\"objective\":\"binary:logistic\",\"num_round\":\"100\",\"max_depth\":\"5\","
        "\"eta\":\"0.2\",\"gamma\":\"4\",\"min_child_weight\":\"6\",\"subsample\":\"0.8\","
        "\"tree_method\":\"hist\",\"eval_metric\":\"error,auc, logloss\",\"seed\":\"7\"}";
    assert_true(hyperparameters_parse(str_from(json), &parameters, &err));
    assert_int_equal(parameters.rounds, 100);
    assert_int_equal(parameters.threads, 0);
    assert_int_equal(parameters.early_stopping_rounds, 0);
    assert_string_equal(setting(&parameters, "objective", 0), "binary:logistic");
    assert_string_equal(setting(&parameters, "eta", 0), "0.2");
    assert_string_equal(setting(&parameters, "eval_metric", 0), "error");
    assert_string_equal(setting(&parameters, "eval_metric", 1), "auc");
    assert_string_equal(setting(&parameters, "eval_metric", 2), "logloss");
    assert_int_equal(parameters.metric_count, 3);
    assert_int_equal(parameters.metrics[0], ROUND_METRIC_ERROR);
    assert_int_equal(parameters.metrics[2], ROUND_METRIC_LOGLOSS);
    assert_null(setting(&parameters, "num_round", 0)); /* not the booster's */
    hyperparameters_done(&parameters);
}

#define BASE "{\"objective\":\"binary:logistic\",\"num_round\":\"1\","

static void values_out_of_range_name_value_and_range(void **state)
{
    (void)state;
    assert_refused(BASE "\"eta\":\"2.0\"}",
                   "Hyperparameter eta: \"2.0\" is not a number in [0, 1]");
    assert_refused(BASE "\"subsample\":\"0\"}", "subsample: \"0\" is not a number in (0, 1]");
    assert_refused(BASE "\"gamma\":\"-1\"}", "gamma: \"-1\" is not a number in [0, inf)");
    assert_refused(BASE "\"gamma\":\"inf\"}", "gamma: \"inf\" is not");
    assert_refused(BASE "\"max_depth\":\"1.0\"}",
                   "max_depth: \"1.0\" is not an integer in [0, 30]");
    assert_refused(BASE "\"max_depth\":\"\"}", "max_depth: \"\" is not an integer");
    assert_refused("{\"objective\":\"binary:logistic\",\"num_round\":\"0\"}",
                   "num_round: \"0\" is not an integer in [1, 100000]");
    assert_refused(BASE "\"tree_method\":\"gpu_hist\"}",
                   "tree_method: \"gpu_hist\" is not one of: auto exact approx hist");
    assert_refused(
        BASE "\"eval_metric\":\"error,nonsense\"}",
        "eval_metric: \"error,nonsense\" is not a comma list without repetition of: error auc");
    assert_refused(BASE "\"eval_metric\":\"\"}", "eval_metric: \"\" is not");
    assert_refused("{\"objective\":\"reg:squarederror\",\"num_round\":\"1\"}",
                   "objective: \"reg:squarederror\" is not one of: binary:logistic");
}

static void unknown_names_get_a_suggestion(void **state)
{
    (void)state;
    assert_refused(BASE "\"max_dept\":\"5\"}",
                   "Extraneous hyperparameter found: max_dept (did you mean max_depth?)");
    assert_refused(BASE "\"completely_else\":\"5\"}",
                   "Extraneous hyperparameter found: completely_else");
}

static void values_are_strings(void **state)
{
    (void)state;
    assert_refused(BASE "\"eta\":0.2}", "Hyperparameter eta: the value must be a JSON string");
    assert_refused("[]", "must be an object of strings");
    assert_refused("{\"num_round\":", "not valid JSON");
}

static void required_ones_must_be_there(void **state)
{
    (void)state;
    assert_refused("{\"objective\":\"binary:logistic\"}",
                   "Missing required hyperparameter: num_round");
    assert_refused("{\"num_round\":\"5\"}", "Missing required hyperparameter: objective");
    assert_refused(BASE "\"early_stopping_rounds\":\"5\"}", "needs eval_metric");
}

static void metrics_do_not_repeat(void **state)
{
    (void)state;
    assert_refused(BASE "\"eval_metric\":\"auc,error,auc\"}",
                   "a comma list without repetition of: error auc logloss rmse mae");
    assert_refused(BASE "\"eval_metric\":\"auc\",\"eval_metric\":\"auc\"}", "without repetition");
}

static void without_metrics_it_is_logloss(void **state)
{
    (void)state;
    struct hyperparameters parameters;
    struct error err = {0};
    const char json[] = "{\"objective\":\"binary:logistic\",\"num_round\":\"1\"}";
    assert_true(hyperparameters_parse(str_from(json), &parameters, &err));
    assert_int_equal(parameters.metric_count, 1);
    assert_int_equal(parameters.metrics[0], ROUND_METRIC_LOGLOSS);
    hyperparameters_done(&parameters);
}

static void endless_hyperparameters_end(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 4096);
    buf_append_text(&text, BASE "\"eta\":\"0.1\"");
    for (int i = 0; i < HYPERPARAMETERS_MAX; i++) {
        buf_append_text(&text, ",\"eta\":\"0.1\"");
    }
    buf_append_text(&text, "}");
    assert_refused(buf_text(&text), "more than 100");
    buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_usual_set),
        cmocka_unit_test(values_out_of_range_name_value_and_range),
        cmocka_unit_test(unknown_names_get_a_suggestion),
        cmocka_unit_test(values_are_strings),
        cmocka_unit_test(required_ones_must_be_there),
        cmocka_unit_test(metrics_do_not_repeat),
        cmocka_unit_test(without_metrics_it_is_logloss),
        cmocka_unit_test(endless_hyperparameters_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
