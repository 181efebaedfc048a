/* The hyperparameters of SageMaker's built-in XGBoost, of which the ones that make a binary
 * probability model on one machine are known here. Source: the container's validation code and
 * docs.aws.amazon.com/sagemaker/latest/dg/xgboost_hyperparameters.html. Pure; any thread. */
#ifndef GATEHOUSE_MODEL_HYPERPARAMETERS_H
#define GATEHOUSE_MODEL_HYPERPARAMETERS_H

#include "core/base/error.h"
#include "core/base/str.h"
#include "core/model/round_metrics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HYPERPARAMETERS_MAX = 100 };

/* One setting as XGBoost takes it; eval_metric comes once for each metric of its list. */
struct hyperparameter_setting {
    const char *name; /* static */
    char *value;      /* owned */
};

struct hyperparameters {
    int64_t rounds;
    int64_t early_stopping_rounds;                 /* 0: none */
    int64_t threads;                               /* 0: not given */
    enum round_metric metrics[ROUND_METRIC_COUNT]; /* in the order given; early stopping looks at
                                                      the last */
    size_t metric_count;                           /* at least 1: logloss unless given */
    bool is_metric_given;
    struct hyperparameter_setting settings[HYPERPARAMETERS_MAX];
    size_t setting_count;
};

/* Parses hyperparameters.json, an object whose values are all strings. Permanent
 * "bad_hyperparameter" names the parameter, its value and what is allowed. */
bool hyperparameters_parse(struct str json_text, struct hyperparameters *out_parameters,
                           struct error *err);
void hyperparameters_done(struct hyperparameters *parameters);

#endif
