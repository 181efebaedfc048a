/* The table of the container's hyperparameters. */
#include "core/aws/sagemaker_hyperparameters.h"

#include "core/base/str.h"

#include <math.h>
#include <string.h>

enum kind { KIND_INTEGER, KIND_NUMBER, KIND_CHOICE, KIND_METRICS, KIND_TEXT };

struct rule {
    const char *name;
    enum kind kind;
    double min, max;
    bool is_open;        /* min itself is too small */
    const char *choices; /* "|a|b|" */
};

#define ANY (-HUGE_VAL), HUGE_VAL
#define OBJECTIVES                                                                                 \
    "|binary:logistic|binary:logitraw|binary:hinge|count:poisson|multi:softmax|multi:softprob|"    \
    "rank:pairwise|rank:ndcg|rank:map|reg:linear|reg:squarederror|reg:logistic|reg:gamma|"         \
    "reg:pseudohubererror|reg:squaredlogerror|reg:tweedie|reg:absoluteerror|survival:aft|"         \
    "survival:cox|"
#define METRICS                                                                                    \
    "|accuracy|aft-nloglik|auc|aucpr|balanced_accuracy|cox-nloglik|error|f1|f1_binary|f1_macro|"   \
    "gamma-deviance|gamma-nloglik|interval-regression-accuracy|logloss|mae|map|mape|merror|"       \
    "mlogloss|mphe|mse|ndcg|poisson-nloglik|precision|precision_macro|precision_micro|r2|recall|"  \
    "recall_macro|recall_micro|rmse|rmsle|tweedie-nloglik|"

static const struct rule rules[] = {
    {"num_round", KIND_INTEGER, 1, HUGE_VAL, false, NULL},
    {"num_class", KIND_INTEGER, 2, HUGE_VAL, false, NULL},
    {"max_depth", KIND_INTEGER, 0, HUGE_VAL, false, NULL},
    {"max_leaves", KIND_INTEGER, 0, HUGE_VAL, false, NULL},
    {"max_bin", KIND_INTEGER, 0, HUGE_VAL, false, NULL},
    {"early_stopping_rounds", KIND_INTEGER, 1, HUGE_VAL, false, NULL},
    {"num_parallel_tree", KIND_INTEGER, 1, HUGE_VAL, false, NULL},
    {"nthread", KIND_INTEGER, 1, HUGE_VAL, false, NULL},
    {"seed", KIND_INTEGER, ANY, false, NULL},
    {"verbosity", KIND_INTEGER, 0, 3, false, NULL},
    {"csv_weights", KIND_INTEGER, 0, 1, false, NULL},
    {"_kfold", KIND_INTEGER, 2, HUGE_VAL, false, NULL},
    {"_num_cv_round", KIND_INTEGER, 1, HUGE_VAL, false, NULL},
    {"eta", KIND_NUMBER, 0, 1, false, NULL},
    {"learning_rate", KIND_NUMBER, 0, 1, false, NULL},
    {"gamma", KIND_NUMBER, 0, HUGE_VAL, false, NULL},
    {"min_split_loss", KIND_NUMBER, 0, HUGE_VAL, false, NULL},
    {"min_child_weight", KIND_NUMBER, 0, HUGE_VAL, false, NULL},
    {"max_delta_step", KIND_NUMBER, 0, HUGE_VAL, false, NULL},
    {"subsample", KIND_NUMBER, 0, 1, true, NULL},
    {"colsample_bytree", KIND_NUMBER, 0, 1, true, NULL},
    {"colsample_bylevel", KIND_NUMBER, 0, 1, true, NULL},
    {"colsample_bynode", KIND_NUMBER, 0, 1, true, NULL},
    {"lambda", KIND_NUMBER, 0, HUGE_VAL, false, NULL},
    {"reg_lambda", KIND_NUMBER, 0, HUGE_VAL, false, NULL},
    {"alpha", KIND_NUMBER, 0, HUGE_VAL, false, NULL},
    {"reg_alpha", KIND_NUMBER, 0, HUGE_VAL, false, NULL},
    {"scale_pos_weight", KIND_NUMBER, 0, HUGE_VAL, true, NULL},
    {"base_score", KIND_NUMBER, ANY, false, NULL},
    {"tweedie_variance_power", KIND_NUMBER, 1, 2, true, NULL},
    {"booster", KIND_CHOICE, ANY, false, "|gbtree|gblinear|dart|"},
    {"tree_method", KIND_CHOICE, ANY, false, "|auto|exact|approx|hist|gpu_hist|"},
    {"grow_policy", KIND_CHOICE, ANY, false, "|depthwise|lossguide|"},
    {"objective", KIND_CHOICE, ANY, false, OBJECTIVES},
    {"deterministic_histogram", KIND_CHOICE, ANY, false, "|true|false|"},
    {"save_model_on_termination", KIND_CHOICE, ANY, false, "|true|false|"},
    {"eval_metric", KIND_METRICS, ANY, false, METRICS},
    {"monotone_constraints", KIND_TEXT, ANY, false, NULL},
    {"interaction_constraints", KIND_TEXT, ANY, false, NULL},
};
enum { RULE_COUNT = sizeof(rules) / sizeof(rules[0]) };

static const struct rule *find_rule(const char *name)
{
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if (strcmp(rules[i].name, name) == 0) {
            return &rules[i];
        }
    }
    return NULL;
}

static bool fail_unknown(const char *name, struct error *err)
{
    const char *names[RULE_COUNT];
    for (size_t i = 0; i < RULE_COUNT; i++) {
        names[i] = rules[i].name;
    }
    const char *nearest = str_nearest(str_from(name), names, RULE_COUNT);
    return error_set(err, ERROR_PERMANENT, "bad_hyperparameter",
                     "hyperparameter %.80s is not one of SageMaker's XGBoost%s%s%s", name,
                     nearest == NULL ? "" : "; did you mean ", nearest == NULL ? "" : nearest,
                     nearest == NULL ? "" : "?");
}

static bool is_choice(const char *choices, struct str word)
{
    const char *at = choices + 1;
    while (*at != '\0') {
        size_t len = strcspn(at, "|");
        if (str_eq(word, (struct str){at, len})) {
            return true;
        }
        at += len + 1;
    }
    return false;
}

/* "error,auc@0.3": the part behind @ is the metric's own. */
static bool are_metrics(struct str list)
{
    while (list.len > 0) {
        struct str ignored;
        struct str word = str_split(str_split(list, ',', &list), '@', &ignored);
        if (!is_choice(METRICS, str_trim(word))) {
            return false;
        }
    }
    return true;
}

static bool check_number(const struct rule *rule, const char *text, struct error *err)
{
    double value = NAN;
    int64_t integer = 0;
    bool is_number = rule->kind == KIND_INTEGER ? str_to_i64(str_from(text), &integer)
                                                : str_to_double(str_from(text), &value);
    if (!is_number) {
        return error_set(err, ERROR_PERMANENT, "bad_hyperparameter",
                         "hyperparameter %s: '%.80s' is not %s", rule->name, text,
                         rule->kind == KIND_INTEGER ? "a whole number" : "a number");
    }
    value = rule->kind == KIND_INTEGER ? (double)integer : value;
    if (value < rule->min || value > rule->max || (rule->is_open && value == rule->min)) {
        return error_set(err, ERROR_PERMANENT, "bad_hyperparameter",
                         "hyperparameter %s: %.80s is not in %c%g, %g]", rule->name, text,
                         rule->is_open ? '(' : '[', rule->min, rule->max);
    }
    return true;
}

static bool check_value(const struct rule *rule, const char *text, struct error *err)
{
    bool is_good = true;
    switch (rule->kind) {
    case KIND_INTEGER:
    case KIND_NUMBER:
        return check_number(rule, text, err);
    case KIND_CHOICE:
        is_good = is_choice(rule->choices, str_from(text));
        break;
    case KIND_METRICS:
        is_good = text[0] != '\0' && are_metrics(str_from(text));
        break;
    case KIND_TEXT:
        break;
    }
    return is_good ||
           error_set(err, ERROR_PERMANENT, "bad_hyperparameter",
                     "hyperparameter %s: the container does not take '%.80s'", rule->name, text);
}

bool sagemaker_check_hyperparameters(const struct json *hyperparameters, struct error *err)
{
    for (const struct json *value = json_first(hyperparameters); value != NULL;
         value = json_next(value)) {
        const struct rule *rule = find_rule(json_name(value));
        const char *text = "";
        if (rule == NULL) {
            return fail_unknown(json_name(value), err);
        }
        if (!json_as_text(value, &text)) {
            return error_set(err, ERROR_PERMANENT, "bad_hyperparameter",
                             "hyperparameter %s must be a string", rule->name);
        }
        if (!check_value(rule, text, err)) {
            return false;
        }
    }
    if (json_get(hyperparameters, "num_round") == NULL) {
        return error_set(err, ERROR_PERMANENT, "bad_hyperparameter",
                         "hyperparameter num_round is missing");
    }
    bool is_multi = strncmp(json_text_or(hyperparameters, "objective", ""), "multi:", 6) == 0;
    return !is_multi || json_get(hyperparameters, "num_class") != NULL ||
           error_set(err, ERROR_PERMANENT, "bad_hyperparameter",
                     "hyperparameter num_class is missing for a multi: objective");
}
