/* The table of the container's hyperparameters. */
#include "core/aws/sagemaker_hyperparameters.h"

#include "core/base/str.h"

#include <math.h>
#include <string.h>

enum kind { KIND_INTEGER, KIND_NUMBER, KIND_CHOICE, KIND_LIST, KIND_METRICS, KIND_TEXT };
enum bounds { CLOSED, OPEN_BELOW, OPEN }; /* which of min and max are too small, too large */
enum { VALUE_MAX = 2500 };

struct rule {
    const char *name;
    enum kind kind;
    double min, max;
    enum bounds bounds;
    const char *choices; /* "|a|b|" */
};

#define INTEGER(min, max) KIND_INTEGER, min, max, CLOSED, NULL
#define NUMBER(min, max)  KIND_NUMBER, min, max, CLOSED, NULL
#define CHOICE(words)     KIND_CHOICE, 0, 0, CLOSED, words
#define ANY               HUGE_VAL
#define SHARE             KIND_NUMBER, 0, 1, OPEN_BELOW, NULL
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
#define UPDATERS                                                                                   \
    "|grow_colmaker|distcol|grow_histmaker|grow_local_histmaker|grow_skmaker|sync|refresh|prune|"  \
    "shotgun|coord_descent|"

static const struct rule rules[] = {
    {"num_round", INTEGER(1, ANY)},
    {"num_class", INTEGER(2, ANY)},
    {"max_depth", INTEGER(0, ANY)},
    {"max_leaves", INTEGER(0, ANY)},
    {"max_bin", INTEGER(0, ANY)},
    {"early_stopping_rounds", INTEGER(1, ANY)},
    {"num_parallel_tree", INTEGER(1, ANY)},
    {"nthread", INTEGER(1, ANY)},
    {"seed", KIND_INTEGER, -2147483648.0, 2147483647.0, OPEN, NULL},
    {"verbosity", INTEGER(0, 3)},
    {"csv_weights", INTEGER(0, 1)},
    {"one_drop", INTEGER(0, 1)},
    {"refresh_leaf", INTEGER(0, 1)},
    {"prob_buffer_row", KIND_INTEGER, 1, ANY, OPEN_BELOW, NULL},
    {"_kfold", INTEGER(2, ANY)},
    {"_num_cv_round", INTEGER(1, ANY)},
    {"eta", NUMBER(0, 1)},
    {"learning_rate", NUMBER(0, 1)},
    {"gamma", NUMBER(0, ANY)},
    {"min_split_loss", NUMBER(0, ANY)},
    {"min_child_weight", NUMBER(0, ANY)},
    {"max_delta_step", NUMBER(0, ANY)},
    {"subsample", SHARE},
    {"colsample_bytree", SHARE},
    {"colsample_bylevel", SHARE},
    {"colsample_bynode", SHARE},
    {"lambda", NUMBER(0, ANY)},
    {"reg_lambda", NUMBER(0, ANY)},
    {"alpha", NUMBER(0, ANY)},
    {"reg_alpha", NUMBER(0, ANY)},
    {"lambda_bias", NUMBER(0, 1)},
    {"rate_drop", NUMBER(0, 1)},
    {"skip_drop", NUMBER(0, 1)},
    {"sketch_eps", KIND_NUMBER, 0, 1, OPEN, NULL},
    {"scale_pos_weight", KIND_NUMBER, 0, ANY, OPEN_BELOW, NULL},
    {"base_score", NUMBER(0, ANY)},
    {"tweedie_variance_power", KIND_NUMBER, 1, 2, OPEN, NULL},
    {"aft_loss_distribution_scale", NUMBER(0, ANY)},
    {"booster", CHOICE("|gbtree|gblinear|dart|")},
    {"tree_method", CHOICE("|auto|exact|approx|hist|gpu_hist|")},
    {"grow_policy", CHOICE("|depthwise|lossguide|")},
    {"objective", CHOICE(OBJECTIVES)},
    {"process_type", CHOICE("|default|update|")},
    {"predictor", CHOICE("|auto|cpu_predictor|gpu_predictor|")},
    {"dsplit", CHOICE("|row|col|")},
    {"sample_type", CHOICE("|uniform|weighted|")},
    {"normalize_type", CHOICE("|tree|forest|")},
    {"sampling_method", CHOICE("|uniform|gradient_based|")},
    {"aft_loss_distribution", CHOICE("|normal|logistic|extreme|")},
    {"single_precision_histogram", CHOICE("|true|false|")},
    {"deterministic_histogram", CHOICE("|true|false|")},
    {"save_model_on_termination", CHOICE("|true|false|")},
    {"use_dask_gpu_training", CHOICE("|true|false|")},
    {"updater", KIND_LIST, 0, 0, CLOSED, UPDATERS},
    {"eval_metric", KIND_METRICS, 0, 0, CLOSED, METRICS},
    {"monotone_constraints", KIND_TEXT, 0, 0, CLOSED, NULL},
    {"interaction_constraints", KIND_TEXT, 0, 0, CLOSED, NULL},
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

/* "error@0.3": three of them take a threshold. */
static bool is_metric(const char *metrics, struct str word)
{
    struct str threshold;
    struct str name = str_split(word, '@', &threshold);
    double value = 0;
    bool has_threshold = name.len < word.len;
    return has_threshold ? is_choice("|error|ndcg|map|", str_trim(name)) &&
                               str_to_double(str_trim(threshold), &value)
                         : is_choice(metrics, word);
}

/* Parted by commas alone: a blank behind one belongs to the word. */
static bool are_all(struct str list, const char *choices,
                    bool (*is_good)(const char *choices, struct str word))
{
    bool has_more = true;
    while (has_more) {
        struct str rest;
        struct str word = str_split(list, ',', &rest);
        if (!is_good(choices, word)) {
            return false;
        }
        has_more = word.len < list.len;
        list = rest;
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
    bool is_above = rule->bounds == CLOSED ? value >= rule->min : value > rule->min;
    bool is_below = rule->bounds == OPEN ? value < rule->max : value <= rule->max;
    return (is_above && is_below) ||
           error_set(err, ERROR_PERMANENT, "bad_hyperparameter",
                     "hyperparameter %s: %.80s is not in %c%.10g, %.10g%c", rule->name, text,
                     rule->bounds == CLOSED ? '[' : '(', rule->min, rule->max,
                     rule->bounds == OPEN ? ')' : ']');
}

static bool check_value(const struct rule *rule, const char *text, struct error *err)
{
    bool is_good = strlen(text) <= VALUE_MAX;
    switch (rule->kind) {
    case KIND_INTEGER:
    case KIND_NUMBER:
        return check_number(rule, text, err);
    case KIND_CHOICE:
        is_good = is_choice(rule->choices, str_from(text));
        break;
    case KIND_LIST:
        is_good = are_all(str_from(text), rule->choices, is_choice);
        break;
    case KIND_METRICS:
        is_good = are_all(str_from(text), rule->choices, is_metric);
        break;
    case KIND_TEXT:
        break;
    }
    return is_good ||
           error_set(err, ERROR_PERMANENT, "bad_hyperparameter",
                     "hyperparameter %s: the container does not take '%.80s'", rule->name, text);
}

static bool check_each(const struct json *hyperparameters, struct error *err)
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
    return true;
}

/* ---- what one asks of another */

struct need {
    const char *name, *word; /* when it is given; with this word in its list, if not NULL */
    const char *other;
    const char *starts; /* "|a|b|": the other one's value starts with one of these */
};

static const struct need needs[] = {
    {"monotone_constraints", NULL, "tree_method", "|exact|hist|"},
    {"interaction_constraints", NULL, "tree_method", "|exact|hist|approx|"},
    {"eval_metric", "auc", "objective", "|binary:|rank:|"},
    {"eval_metric", "aft-nloglik", "objective", "|survival:aft|"},
};

static bool has_word(struct str list, const char *word)
{
    while (word != NULL && list.len > 0) {
        if (str_eq(str_split(list, ',', &list), str_from(word))) {
            return true;
        }
    }
    return word == NULL;
}

static bool starts_with_one(struct str text, const char *starts)
{
    const char *at = starts + 1;
    while (*at != '\0') {
        size_t len = strcspn(at, "|");
        if (str_starts_with(text, (struct str){at, len})) {
            return true;
        }
        at += len + 1;
    }
    return false;
}

static bool check_needs(const struct json *hyperparameters, struct error *err)
{
    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
        const struct need *need = &needs[i];
        const char *text = json_text_or(hyperparameters, need->name, NULL);
        const char *other = json_text_or(hyperparameters, need->other, "");
        if (text != NULL && has_word(str_from(text), need->word) &&
            !starts_with_one(str_from(other), need->starts)) {
            return error_set(err, ERROR_PERMANENT, "bad_hyperparameter",
                             "hyperparameter %s%s%s asks %s to start with one of %s", need->name,
                             need->word == NULL ? "" : ": ", need->word == NULL ? "" : need->word,
                             need->other, need->starts);
        }
    }
    bool is_multi = strncmp(json_text_or(hyperparameters, "objective", ""), "multi:", 6) == 0;
    return !is_multi || json_get(hyperparameters, "num_class") != NULL ||
           error_set(err, ERROR_PERMANENT, "bad_hyperparameter",
                     "hyperparameter num_class is missing for a multi: objective");
}

bool sagemaker_is_xgboost(const char *image)
{
    return *image == '\0' || strstr(image, "/sagemaker-xgboost:") != NULL ||
           strstr(image, "/sagemaker-xgboost@") != NULL;
}

bool sagemaker_check_hyperparameters(const struct json *hyperparameters, struct error *err)
{
    if (!check_each(hyperparameters, err)) {
        return false;
    }
    if (json_get(hyperparameters, "num_round") == NULL) {
        return error_set(err, ERROR_PERMANENT, "bad_hyperparameter",
                         "hyperparameter num_round is missing");
    }
    return check_needs(hyperparameters, err);
}
