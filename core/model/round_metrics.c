/* One plain loop for each metric. */
#include "core/model/round_metrics.h"

#include "core/model/score_order.h"

#include <math.h>
#include <stdlib.h>

static const char *const names[ROUND_METRIC_COUNT] = {
#define X(name, text) [ROUND_METRIC_##name] = text,
    ROUND_METRICS(X)
#undef X
};

const char *round_metric_name(enum round_metric metric)
{
    return names[metric];
}

bool round_metric_from_name(struct str name, enum round_metric *out_metric)
{
    for (int i = 0; i < ROUND_METRIC_COUNT; i++) {
        if (str_eq(name, str_from(names[i]))) {
            *out_metric = (enum round_metric)i;
            return true;
        }
    }
    return false;
}

bool round_metric_is_larger_better(enum round_metric metric)
{
    return metric == ROUND_METRIC_AUC;
}

static double area(const float *predictions, const uint8_t *labels, size_t rows)
{
    double positives = 0;
    double pairs = 0;
    uint32_t *order = score_order_new(predictions, labels, rows);
    for (struct tie_group group = {0}; tie_group_next(&group, order, rows);) {
        pairs += group.positives * (group.negatives_below + group.negatives / 2);
        positives += group.positives;
    }
    free(order);
    return pairs / positives / ((double)rows - positives);
}

/* Sixteen factors of at least 1e-16 stay within a double's range, so one logarithm serves them. */
static double log_loss(const float *predictions, const uint8_t *labels, size_t rows)
{
    enum { FACTORS = 16 };
    static const float least = 1e-16F; /* XGBoost's bound */
    double sum = 0;
    double product = 1;
    for (size_t i = 0; i < rows; i++) {
        float right = labels[i] == 1 ? predictions[i] : 1.0F - predictions[i];
        product *= (double)(right > least ? right : least);
        if (i % FACTORS == FACTORS - 1) {
            sum -= log(product);
            product = 1;
        }
    }
    return (sum - log(product)) / (double)rows;
}

static double error_share(const float *predictions, const uint8_t *labels, size_t rows)
{
    size_t wrong = 0;
    for (size_t i = 0; i < rows; i++) {
        wrong += (predictions[i] > 0.5F) != (labels[i] == 1) ? 1 : 0;
    }
    return (double)wrong / (double)rows;
}

static double mean_power(const float *predictions, const uint8_t *labels, size_t rows,
                         bool is_squared)
{
    double sum = 0;
    for (size_t i = 0; i < rows; i++) {
        double off = fabs((double)predictions[i] - labels[i]);
        sum += is_squared ? off * off : off;
    }
    return sum / (double)rows;
}

static bool are_probabilities(const float *predictions, size_t rows)
{
    size_t good = 0;
    for (size_t i = 0; i < rows; i++) {
        good += (predictions[i] >= 0.0F) & (predictions[i] <= 1.0F);
    }
    return good == rows;
}

double round_metric_compute(enum round_metric metric, const float *predictions,
                            const uint8_t *labels, size_t rows)
{
    if (!are_probabilities(predictions, rows)) {
        return (double)NAN;
    }
    switch (metric) {
    case ROUND_METRIC_ERROR:
        return error_share(predictions, labels, rows);
    case ROUND_METRIC_AUC:
        return area(predictions, labels, rows);
    case ROUND_METRIC_LOGLOSS:
        return log_loss(predictions, labels, rows);
    case ROUND_METRIC_RMSE:
        return sqrt(mean_power(predictions, labels, rows, true));
    case ROUND_METRIC_MAE:
        return mean_power(predictions, labels, rows, false);
    case ROUND_METRIC_COUNT:
        break;
    }
    return (double)NAN;
}
