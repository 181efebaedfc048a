/* The evaluation metrics logged after each round, with XGBoost's definitions. XGBoost's own
 * evaluation takes longer than its training on small data, so they are computed here.
 * Pure; any thread. */
#ifndef GATEHOUSE_MODEL_ROUND_METRICS_H
#define GATEHOUSE_MODEL_ROUND_METRICS_H

#include "core/base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROUND_METRICS(X)                                                                           \
    X(ERROR, "error") /* share of wrong classes; 1 is predicted above 0.5 */                       \
    X(AUC, "auc")                                                                                  \
    X(LOGLOSS, "logloss")                                                                          \
    X(RMSE, "rmse")                                                                                \
    X(MAE, "mae")

enum round_metric {
#define X(name, text) ROUND_METRIC_##name,
    ROUND_METRICS(X)
#undef X
        ROUND_METRIC_COUNT
};

const char *round_metric_name(enum round_metric metric);
bool round_metric_from_name(struct str name, enum round_metric *out_metric);
bool round_metric_is_larger_better(enum round_metric metric);

/* Borrows `rows` predictions and labels (0 or 1, both present). NaN when a prediction is not in
 * [0, 1]. */
double round_metric_compute(enum round_metric metric, const float *predictions,
                            const uint8_t *labels, size_t rows);

#endif
