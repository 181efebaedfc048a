/* The metrics of a binary classifier, each computed in one pass over the rows or over the groups of
 * equal scores. */
#include "core/model/metrics.h"

#include "core/model/score_order.h"

#include <math.h>
#include <stdlib.h>

enum { NEWTON_STEPS = 50 };
static const double CLIP = 1e-7;
static const double SLOPE_LIMIT = 1e3; /* beyond it the classes are separated: no finite fit */

static const char *const metric_names[METRIC_COUNT] = {
#define X(name, text) [METRIC_##name] = text,
    METRICS(X)
#undef X
};

const char *metric_name(enum metric metric)
{
    return metric_names[metric];
}

static bool check_input(const float *predictions, const uint8_t *labels, size_t rows,
                        size_t *out_positives, struct error *err)
{
    size_t positives = 0;
    for (size_t i = 0; i < rows; i++) {
        positives += labels[i];
        if (!isfinite(predictions[i]) || predictions[i] < 0.0F || predictions[i] > 1.0F) {
            return error_set(err, ERROR_PERMANENT, "bad_prediction",
                             "row %zu: the prediction %g is not a probability", i + 1,
                             (double)predictions[i]);
        }
    }
    if (positives == 0 || positives == rows) {
        return error_set(err, ERROR_PERMANENT, "one_class",
                         "%zu rows, %zu of them positive: both classes are needed", rows,
                         positives);
    }
    *out_positives = positives;
    return true;
}

static void count_confusion(const float *predictions, const uint8_t *labels, struct metrics *out)
{
    for (size_t i = 0; i < out->rows; i++) {
        bool is_predicted = predictions[i] > 0.5F;
        out->true_positives += is_predicted && labels[i] == 1 ? 1 : 0;
        out->false_positives += is_predicted && labels[i] == 0 ? 1 : 0;
        out->true_negatives += !is_predicted && labels[i] == 0 ? 1 : 0;
        out->false_negatives += !is_predicted && labels[i] == 1 ? 1 : 0;
    }
    double rows = (double)out->rows;
    double accuracy = (double)(out->true_positives + out->true_negatives) / rows;
    out->values[METRIC_ACCURACY] =
        (struct metric_value){accuracy, sqrt(accuracy * (1 - accuracy) / rows)};
    size_t negatives = out->rows - out->positives;
    size_t majority = negatives > out->positives ? negatives : out->positives;
    out->baseline_accuracy = (double)majority / rows;
}

static double clipped(float prediction)
{
    return fmin(fmax((double)prediction, CLIP), 1 - CLIP);
}

static struct metric_value mean_with_error(double sum, double squares, double rows)
{
    double mean = sum / rows;
    double variance = fmax(squares / rows - mean * mean, 0) * rows / (rows - 1);
    return (struct metric_value){mean, sqrt(variance / rows)};
}

static void compute_means(const float *predictions, const uint8_t *labels, struct metrics *out)
{
    double loss = 0;
    double loss_squares = 0;
    double brier = 0;
    double brier_squares = 0;
    double expected = 0;
    for (size_t i = 0; i < out->rows; i++) {
        double p = clipped(predictions[i]);
        double row_loss = -log(labels[i] == 1 ? p : 1 - p);
        double error = (double)predictions[i] - labels[i];
        loss += row_loss;
        loss_squares += row_loss * row_loss;
        brier += error * error;
        brier_squares += error * error * error * error;
        expected += (double)predictions[i];
    }
    double rows = (double)out->rows;
    out->values[METRIC_LOG_LOSS] = mean_with_error(loss, loss_squares, rows);
    out->values[METRIC_BRIER] = mean_with_error(brier, brier_squares, rows);
    double ratio = expected > 0 ? (double)out->positives / expected : (double)NAN;
    double squares = 0;
    for (size_t i = 0; i < out->rows; i++) {
        double influence = labels[i] - ratio * (double)predictions[i];
        squares += influence * influence;
    }
    out->values[METRIC_OBSERVED_EXPECTED] =
        (struct metric_value){ratio, expected > 0 ? sqrt(squares) / expected : (double)NAN};
}

/* Each row's share of the AUC (DeLong's structural components): the part of the other class on the
 * right side of it, ties counting half. */
static void compute_auc(const uint32_t *order, struct metrics *out)
{
    double positives = (double)out->positives;
    double negatives = (double)(out->rows - out->positives);
    double sum = 0;
    double positive_squares = 0;
    double negative_squares = 0;
    for (struct tie_group group = {0}; tie_group_next(&group, order, out->rows);) {
        double below = (group.negatives_below + group.negatives / 2) / negatives;
        double above = 1 - (group.positives_below + group.positives / 2) / positives;
        sum += group.positives * below;
        positive_squares += group.positives * below * below;
        negative_squares += group.negatives * above * above;
    }
    double auc = sum / positives;
    double positive_variance = (positive_squares - positives * auc * auc) / (positives - 1);
    double negative_variance = (negative_squares - negatives * auc * auc) / (negatives - 1);
    double variance = positive_variance / positives + negative_variance / negatives;
    bool is_defined = positives > 1 && negatives > 1;
    double error = is_defined ? sqrt(fmax(variance, 0)) : (double)NAN;
    out->values[METRIC_AUC] = (struct metric_value){auc, error};
    out->values[METRIC_GINI] = (struct metric_value){2 * auc - 1, 2 * error};
}

/* The maximising score is held fixed for the standard error, so KS is a difference of two
 * proportions. */
static void compute_ks(const uint32_t *order, struct metrics *out)
{
    double positives = (double)out->positives;
    double negatives = (double)(out->rows - out->positives);
    double best = 0;
    double variance = 0;
    for (struct tie_group group = {0}; tie_group_next(&group, order, out->rows);) {
        double p = (group.positives_below + group.positives) / positives;
        double n = (group.negatives_below + group.negatives) / negatives;
        if (fabs(n - p) > best) {
            best = fabs(n - p);
            variance = p * (1 - p) / positives + n * (1 - n) / negatives;
        }
    }
    out->values[METRIC_KS] = (struct metric_value){best, sqrt(variance)};
}

/* Average precision AP = sum over positives of TP/N at their score, divided by the positives. Its
 * derivative by the weight of a row collects, from every positive at or below that row, the change
 * of that positive's precision; one ascending pass keeps those sums. */
static void compute_pr_auc(const uint32_t *order, struct metrics *out)
{
    double positives = (double)out->positives;
    double rows = (double)out->rows;
    double sum = 0;
    for (struct tie_group group = {0}; tie_group_next(&group, order, out->rows);) {
        double above = rows - group.positives_below - group.negatives_below;
        sum += group.positives * (positives - group.positives_below) / above;
    }
    double average = sum / positives;
    double squares = 0;
    double gain = 0; /* sum of 1/N over positives so far */
    double loss = 0; /* sum of TP/N^2 */
    for (struct tie_group group = {0}; tie_group_next(&group, order, out->rows);) {
        double above = rows - group.positives_below - group.negatives_below;
        double precision = (positives - group.positives_below) / above;
        gain += group.positives / above;
        loss += group.positives * precision / above;
        double of_positive = (precision - average + gain - loss) / positives;
        double of_negative = -loss / positives;
        squares += group.positives * of_positive * of_positive +
                   group.negatives * of_negative * of_negative;
    }
    out->values[METRIC_PR_AUC] = (struct metric_value){average, sqrt(squares)};
}

/* Gradient and (negative) Hessian of the log likelihood of label ~ a + b * logit(p). */
struct newton {
    double ga, gb;
    double haa, hab, hbb;
};

static struct newton newton_terms(const float *predictions, const uint8_t *labels, size_t rows,
                                  double a, double b)
{
    struct newton terms = {0};
    for (size_t i = 0; i < rows; i++) {
        double p = clipped(predictions[i]);
        double x = log(p / (1 - p));
        double fitted = 1 / (1 + exp(-(a + b * x)));
        double weight = fitted * (1 - fitted);
        terms.ga += labels[i] - fitted;
        terms.gb += (labels[i] - fitted) * x;
        terms.haa += weight;
        terms.hab += weight * x;
        terms.hbb += weight * x * x;
    }
    return terms;
}

static void compute_calibration(const float *predictions, const uint8_t *labels,
                                struct metrics *out)
{
    struct metric_value *slope = &out->values[METRIC_CALIBRATION_SLOPE];
    struct metric_value *intercept = &out->values[METRIC_CALIBRATION_INTERCEPT];
    double a = 0;
    double b = 1;
    *slope = *intercept = (struct metric_value){(double)NAN, (double)NAN};
    for (int step = 0; step < NEWTON_STEPS; step++) {
        struct newton t = newton_terms(predictions, labels, out->rows, a, b);
        double determinant = t.haa * t.hbb - t.hab * t.hab;
        if (!(determinant > 1e-12 * t.haa * t.hbb) || !(fabs(b) < SLOPE_LIMIT)) {
            return; /* all scores alike, or classes separated: no single best line */
        }
        double da = (t.hbb * t.ga - t.hab * t.gb) / determinant;
        double db = (t.haa * t.gb - t.hab * t.ga) / determinant;
        a += da;
        b += db;
        if (fabs(da) + fabs(db) < 1e-9) {
            *slope = (struct metric_value){b, sqrt(t.haa / determinant)};
            *intercept = (struct metric_value){a, sqrt(t.hbb / determinant)};
            return;
        }
    }
}

bool metrics_compute(const float *predictions, const uint8_t *labels, size_t rows,
                     struct metrics *out_metrics, struct error *err)
{
    struct metrics metrics = {.rows = rows};
    if (!check_input(predictions, labels, rows, &metrics.positives, err)) {
        return false;
    }
    uint32_t *order = score_order_new(predictions, labels, rows);
    count_confusion(predictions, labels, &metrics);
    compute_means(predictions, labels, &metrics);
    compute_auc(order, &metrics);
    compute_ks(order, &metrics);
    compute_pr_auc(order, &metrics);
    compute_calibration(predictions, labels, &metrics);
    free(order);
    *out_metrics = metrics;
    return true;
}
