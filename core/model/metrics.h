/* How good predicted probabilities are: pure functions on arrays, exact with ties, linear in rows.
 * Standard errors: the binomial one for accuracy, DeLong's for AUC (DeLong et al. 1988; fast form
 * of Sun & Xu 2014), the sample variance for the means, the inverse Hessian for calibration, and
 * the infinitesimal jackknife (Efron 1982) for KS, PR-AUC and observed/expected. A metric or
 * standard error that is not defined is NaN. Any thread. */
#ifndef GATEHOUSE_MODEL_METRICS_H
#define GATEHOUSE_MODEL_METRICS_H

#include "core/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Predicted class is 1 when the probability is above 0.5, as in XGBoost's `error`. Log loss and the
 * logit of the calibration clip probabilities to [1e-7, 1 - 1e-7]. PR-AUC is average precision.
 * KS is the largest distance of the two classes' score distributions; at ties whole groups count.
 * Calibration fits label ~ intercept + slope * logit(prediction) (Cox 1958): ideal is 1 and 0. */
#define METRICS(X)                                                                                 \
    X(ACCURACY, "accuracy")                                                                        \
    X(AUC, "auc")                                                                                  \
    X(KS, "ks")                                                                                    \
    X(GINI, "gini") /* 2 AUC - 1 */                                                                \
    X(PR_AUC, "pr_auc")                                                                            \
    X(LOG_LOSS, "log_loss")                                                                        \
    X(BRIER, "brier")                                                                              \
    X(CALIBRATION_SLOPE, "calibration_slope")                                                      \
    X(CALIBRATION_INTERCEPT, "calibration_intercept")                                              \
    X(OBSERVED_EXPECTED, "observed_expected") /* positives / sum of predictions */

enum metric {
#define X(name, text) METRIC_##name,
    METRICS(X)
#undef X
        METRIC_COUNT
};

struct metric_value {
    double value;
    double standard_error;
};

struct metrics {
    size_t rows;
    size_t positives;
    size_t true_positives;
    size_t false_positives;
    size_t true_negatives;
    size_t false_negatives;
    double baseline_accuracy; /* of always answering the more frequent class */
    struct metric_value values[METRIC_COUNT];
};

const char *metric_name(enum metric metric);

/* Fails (permanent) with "one_class" when a class is missing or there are no rows, "bad_prediction"
 * when a prediction is not finite or outside [0, 1]. Borrows both arrays of `rows` elements;
 * labels are 0 or 1. */
bool metrics_compute(const float *predictions, const uint8_t *labels, size_t rows,
                     struct metrics *out_metrics, struct error *err);

#endif
