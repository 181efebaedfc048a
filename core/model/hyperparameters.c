/* One table says which hyperparameters there are and what values they take. */
#include "core/model/hyperparameters.h"

#include "core/base/alloc.h"
#include "core/base/json.h"
#include "core/base/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum kind { KIND_INTEGER, KIND_REAL, KIND_CHOICE, KIND_METRICS };

struct rule {
    const char *name;
    enum kind kind;
    double min, max;
    bool is_min_open;    /* min itself is not allowed */
    const char *choices; /* separated by blanks */
    bool is_ours;        /* steers the training loop; not a parameter of the booster */
};

static const struct rule rules[] = {
    {.name = "num_round", .kind = KIND_INTEGER, .min = 1, .max = 100000, .is_ours = true},
    {.name = "early_stopping_rounds",
     .kind = KIND_INTEGER,
     .min = 1,
     .max = 100000,
     .is_ours = true},
    {.name = "objective", .kind = KIND_CHOICE, .choices = "binary:logistic"},
    {.name = "eval_metric", .kind = KIND_METRICS},
    {.name = "booster", .kind = KIND_CHOICE, .choices = "gbtree dart"},
    {.name = "tree_method", .kind = KIND_CHOICE, .choices = "auto exact approx hist"},
    {.name = "grow_policy", .kind = KIND_CHOICE, .choices = "depthwise lossguide"},
    {.name = "max_depth", .kind = KIND_INTEGER, .min = 0, .max = 30},
    {.name = "max_leaves", .kind = KIND_INTEGER, .min = 0, .max = 1 << 20},
    {.name = "max_bin", .kind = KIND_INTEGER, .min = 2, .max = 65535},
    {.name = "eta", .kind = KIND_REAL, .min = 0, .max = 1},
    {.name = "learning_rate", .kind = KIND_REAL, .min = 0, .max = 1},
    {.name = "gamma", .kind = KIND_REAL, .min = 0, .max = INFINITY},
    {.name = "min_split_loss", .kind = KIND_REAL, .min = 0, .max = INFINITY},
    {.name = "min_child_weight", .kind = KIND_REAL, .min = 0, .max = INFINITY},
    {.name = "max_delta_step", .kind = KIND_REAL, .min = 0, .max = INFINITY},
    {.name = "subsample", .kind = KIND_REAL, .min = 0, .max = 1, .is_min_open = true},
    {.name = "colsample_bytree", .kind = KIND_REAL, .min = 0, .max = 1, .is_min_open = true},
    {.name = "colsample_bylevel", .kind = KIND_REAL, .min = 0, .max = 1, .is_min_open = true},
    {.name = "colsample_bynode", .kind = KIND_REAL, .min = 0, .max = 1, .is_min_open = true},
    {.name = "lambda", .kind = KIND_REAL, .min = 0, .max = INFINITY},
    {.name = "reg_lambda", .kind = KIND_REAL, .min = 0, .max = INFINITY},
    {.name = "alpha", .kind = KIND_REAL, .min = 0, .max = INFINITY},
    {.name = "reg_alpha", .kind = KIND_REAL, .min = 0, .max = INFINITY},
    {.name = "scale_pos_weight", .kind = KIND_REAL, .min = 0, .max = INFINITY, .is_min_open = true},
    {.name = "base_score", .kind = KIND_REAL, .min = 1e-6, .max = 1 - 1e-6},
    {.name = "seed", .kind = KIND_INTEGER, .min = 0, .max = 2147483647},
    {.name = "nthread", .kind = KIND_INTEGER, .min = 1, .max = 256},
    {.name = "verbosity", .kind = KIND_INTEGER, .min = 0, .max = 3},
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

static void append_shown(struct buf *out, const char *text)
{
    struct str s = str_from(text);
    utf8_append_printable(out, (struct str){s.ptr, s.len < 80 ? s.len : 80});
}

static bool unknown(const char *name, struct error *err)
{
    const char *names[RULE_COUNT];
    struct buf shown;
    for (size_t i = 0; i < RULE_COUNT; i++) {
        names[i] = rules[i].name;
    }
    buf_init(&shown, 1024);
    append_shown(&shown, name);
    const char *nearest = str_nearest(str_from(name), names, RULE_COUNT);
    error_set(err, ERROR_PERMANENT, "bad_hyperparameter",
              "Extraneous hyperparameter found: %s%s%s%s", buf_text(&shown),
              nearest == NULL ? "" : " (did you mean ", nearest == NULL ? "" : nearest,
              nearest == NULL ? "" : "?)");
    buf_done(&shown);
    return false;
}

static void append_allowed(struct buf *out, const struct rule *rule)
{
    switch (rule->kind) {
    case KIND_INTEGER:
        buf_printf(out, "an integer in [%.0f, %.0f]", rule->min, rule->max);
        break;
    case KIND_REAL:
        buf_printf(out, "a number in %s%g, %g%s", rule->is_min_open ? "(" : "[", rule->min,
                   rule->max, isinf(rule->max) ? ")" : "]");
        break;
    case KIND_CHOICE:
        buf_printf(out, "one of: %s", rule->choices);
        break;
    case KIND_METRICS:
        buf_append_text(out, "a comma list without repetition of:");
        for (int i = 0; i < ROUND_METRIC_COUNT; i++) {
            buf_printf(out, " %s", round_metric_name((enum round_metric)i));
        }
        break;
    }
}

static bool refuse(const struct rule *rule, const char *value, struct error *err)
{
    struct buf text;
    buf_init(&text, 1024);
    append_shown(&text, value);
    buf_append_text(&text, "\" is not ");
    append_allowed(&text, rule);
    error_set(err, ERROR_PERMANENT, "bad_hyperparameter", "Hyperparameter %s: \"%s", rule->name,
              buf_text(&text));
    buf_done(&text);
    return false;
}

static bool is_choice(const char *choices, struct str word)
{
    struct str rest = str_from(choices);
    bool is_found = false;
    while (!is_found && rest.len > 0) {
        is_found = str_eq(str_split(rest, ' ', &rest), word);
    }
    return is_found;
}

static bool is_in_range(const struct rule *rule, struct str value)
{
    double number = 0;
    int64_t integer = 0;
    if (rule->kind == KIND_INTEGER) {
        if (!str_to_i64(value, &integer)) {
            return false;
        }
        number = (double)integer;
    } else if (!str_to_double(value, &number)) {
        return false;
    }
    return number <= rule->max && (rule->is_min_open ? number > rule->min : number >= rule->min);
}

static bool add_setting(struct hyperparameters *parameters, const char *name, struct str value,
                        struct error *err)
{
    if (parameters->setting_count == HYPERPARAMETERS_MAX) {
        return error_set(err, ERROR_PERMANENT, "bad_hyperparameter",
                         "more than %d hyperparameters and metrics", HYPERPARAMETERS_MAX);
    }
    parameters->settings[parameters->setting_count++] =
        (struct hyperparameter_setting){name, xmemdup0(value.ptr, value.len)};
    return true;
}

static bool has_metric(const struct hyperparameters *parameters, enum round_metric metric)
{
    bool is_found = false;
    for (size_t i = 0; i < parameters->metric_count; i++) {
        is_found = is_found || parameters->metrics[i] == metric;
    }
    return is_found;
}

static bool add_metrics(struct hyperparameters *parameters, const struct rule *rule,
                        const char *value, struct error *err)
{
    struct str rest = str_from(value);
    do {
        struct str name = str_trim(str_split(rest, ',', &rest));
        enum round_metric metric = ROUND_METRIC_COUNT;
        if (!round_metric_from_name(name, &metric) || has_metric(parameters, metric)) {
            return refuse(rule, value, err);
        }
        if (!add_setting(parameters, rule->name, name, err)) {
            return false;
        }
        parameters->metrics[parameters->metric_count++] = metric;
    } while (rest.len > 0);
    parameters->is_metric_given = true;
    return true;
}

static void keep_own(struct hyperparameters *parameters, const char *name, const char *value)
{
    int64_t number = 0;
    if (!str_to_i64(str_from(value), &number)) {
        return;
    }
    if (strcmp(name, "num_round") == 0) {
        parameters->rounds = number;
    } else if (strcmp(name, "early_stopping_rounds") == 0) {
        parameters->early_stopping_rounds = number;
    } else if (strcmp(name, "nthread") == 0) {
        parameters->threads = number;
    }
}

static bool add(struct hyperparameters *parameters, const struct json *member, struct error *err)
{
    const char *value = NULL;
    const struct rule *rule = find_rule(json_name(member));
    if (rule == NULL) {
        return unknown(json_name(member), err);
    }
    if (!json_as_text(member, &value)) {
        return error_set(err, ERROR_PERMANENT, "bad_hyperparameter",
                         "Hyperparameter %s: the value must be a JSON string", rule->name);
    }
    if (rule->kind == KIND_METRICS) {
        return add_metrics(parameters, rule, value, err);
    }
    bool is_allowed = rule->kind == KIND_CHOICE ? is_choice(rule->choices, str_from(value))
                                                : is_in_range(rule, str_from(value));
    if (!is_allowed) {
        return refuse(rule, value, err);
    }
    keep_own(parameters, rule->name, value);
    return rule->is_ours || add_setting(parameters, rule->name, str_from(value), err);
}

static bool add_all(struct hyperparameters *parameters, const struct json *root, struct error *err)
{
    if (!json_is_object(root)) {
        return error_set(err, ERROR_PERMANENT, "bad_hyperparameter",
                         "hyperparameters.json must be an object of strings");
    }
    for (const struct json *at = json_first(root); at != NULL; at = json_next(at)) {
        if (!add(parameters, at, err)) {
            return false;
        }
    }
    if (parameters->rounds == 0) {
        return error_set(err, ERROR_PERMANENT, "bad_hyperparameter",
                         "Missing required hyperparameter: num_round");
    }
    if (parameters->early_stopping_rounds > 0 && !parameters->is_metric_given) {
        return error_set(err, ERROR_PERMANENT, "bad_hyperparameter",
                         "Hyperparameter early_stopping_rounds needs eval_metric");
    }
    if (!parameters->is_metric_given) {
        parameters->metrics[parameters->metric_count++] = ROUND_METRIC_LOGLOSS;
    }
    return json_get(root, "objective") != NULL ||
           error_set(err, ERROR_PERMANENT, "bad_hyperparameter",
                     "Missing required hyperparameter: objective (without it XGBoost makes a "
                     "regression); set it to binary:logistic");
}

bool hyperparameters_parse(struct str json_text, struct hyperparameters *out_parameters,
                           struct error *err)
{
    struct hyperparameters parameters = {0};
    struct json *root = json_parse(json_text, err);
    if (root == NULL) {
        return error_prefix(err, "hyperparameters.json");
    }
    bool is_good = add_all(&parameters, root, err);
    json_free(root);
    if (!is_good) {
        hyperparameters_done(&parameters);
        return false;
    }
    *out_parameters = parameters;
    return true;
}

void hyperparameters_done(struct hyperparameters *parameters)
{
    for (size_t i = 0; i < parameters->setting_count; i++) {
        free(parameters->settings[i].value);
    }
    *parameters = (struct hyperparameters){0};
}
