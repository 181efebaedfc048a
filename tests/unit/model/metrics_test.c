/* Metrics against values worked out by hand and by scikit-learn. */
#include "core/model/metrics.h"
#include "tests/support/cmocka.h"

#include <math.h>
#include <string.h>

enum { MANY = 1000 };

static void assert_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance)) {
        fail_msg("%.15g is not within %g of %.15g", value, tolerance, expected);
    }
}

static struct metrics computed(const float *predictions, const uint8_t *labels, size_t rows)
{
    struct metrics metrics = {0};
    struct error err = {0};
    if (!metrics_compute(predictions, labels, rows, &metrics, &err)) {
        fail_msg("%s", err.message);
    }
    return metrics;
}

static void assert_value(const struct metrics *metrics, enum metric metric, double expected)
{
    assert_near(metrics->values[metric].value, expected, 1e-7);
}

static void assert_error(const struct metrics *metrics, enum metric metric, double expected)
{
    assert_near(metrics->values[metric].standard_error, expected, 1e-7);
}

/* Positives 0.9 and 0.4, negatives 0.6 and 0.1: of four pairs one is the wrong way round. */
static void four_rows_by_hand(void **state)
{
    (void)state;
    const float predictions[] = {0.9F, 0.6F, 0.4F, 0.1F};
    const uint8_t labels[] = {1, 0, 1, 0};
    struct metrics metrics = computed(predictions, labels, 4);
    assert_int_equal(metrics.true_positives, 1);
    assert_int_equal(metrics.false_positives, 1);
    assert_int_equal(metrics.true_negatives, 1);
    assert_int_equal(metrics.false_negatives, 1);
    assert_value(&metrics, METRIC_ACCURACY, 0.5);
    assert_error(&metrics, METRIC_ACCURACY, 0.25);
    assert_value(&metrics, METRIC_AUC, 0.75);
    assert_value(&metrics, METRIC_GINI, 0.5);
    assert_value(&metrics, METRIC_KS, 0.5);
    assert_value(&metrics, METRIC_PR_AUC, (1.0 + 2.0 / 3.0) / 2);
    assert_value(&metrics, METRIC_BRIER, (0.01 + 0.36 + 0.36 + 0.01) / 4);
    assert_value(&metrics, METRIC_LOG_LOSS, -(log(0.9) + log(0.4)) / 2);
    assert_value(&metrics, METRIC_OBSERVED_EXPECTED, 1.0);
    assert_near(metrics.baseline_accuracy, 0.5, 0);
}

/* 97 different scores on 1,000 rows, so most are tied. */
static void fill_many(float *predictions, uint8_t *labels)
{
    uint64_t x = 12345;
    for (size_t i = 0; i < MANY; i++) {
        x = (x * 1103515245 + 12345) & 0x7fffffff;
        double a = (double)((x >> 8) % 97) / 100 + 0.01;
        x = (x * 1103515245 + 12345) & 0x7fffffff;
        predictions[i] = (float)a;
        labels[i] = (double)((x >> 8) % 1000) / 1000 < a * 0.7 ? 1 : 0;
    }
}

/* Reference: scikit-learn 1.9.1 (roc_auc_score, average_precision_score, roc_curve, log_loss,
 * brier_score_loss, LogisticRegression without penalty); the standard errors by numpy from their
 * definitions over all pairs (DeLong) or by numeric derivatives (jackknife). */
static void tied_scores_agree_with_scikit_learn(void **state)
{
    (void)state;
    float predictions[MANY];
    uint8_t labels[MANY];
    fill_many(predictions, labels);
    struct metrics metrics = computed(predictions, labels, MANY);
    assert_int_equal(metrics.positives, 347);
    assert_int_equal(metrics.true_negatives, 408);
    assert_int_equal(metrics.false_positives, 245);
    assert_int_equal(metrics.false_negatives, 88);
    assert_int_equal(metrics.true_positives, 259);
    assert_value(&metrics, METRIC_ACCURACY, 0.667);
    assert_value(&metrics, METRIC_AUC, 0.753317651627823);
    assert_value(&metrics, METRIC_PR_AUC, 0.572226370552814);
    assert_value(&metrics, METRIC_KS, 0.397129630038263);
    assert_value(&metrics, METRIC_LOG_LOSS, 0.629561562376683);
    assert_value(&metrics, METRIC_BRIER, 0.215145600269386);
    assert_value(&metrics, METRIC_CALIBRATION_SLOPE, 0.686503942578);
    assert_value(&metrics, METRIC_CALIBRATION_INTERCEPT, -0.750431082577);
    assert_value(&metrics, METRIC_OBSERVED_EXPECTED, 0.699878983901750);
    assert_error(&metrics, METRIC_AUC, 0.015451238108168);
    assert_error(&metrics, METRIC_GINI, 2 * 0.015451238108168);
    assert_error(&metrics, METRIC_PR_AUC, 0.028614958726);
    assert_error(&metrics, METRIC_LOG_LOSS, 0.019402746984440);
    assert_error(&metrics, METRIC_BRIER, 0.007383487823574);
    assert_error(&metrics, METRIC_CALIBRATION_SLOPE, 0.057948009904);
    assert_error(&metrics, METRIC_CALIBRATION_INTERCEPT, 0.075970549810);
    assert_error(&metrics, METRIC_OBSERVED_EXPECTED, 0.027582296627749);
    /* a bootstrap of 2,000 samples gives 0.0273; the fixed threshold is a little wider */
    assert_near(metrics.values[METRIC_KS].standard_error, 0.0273, 0.004);
}

static void order_of_the_rows_does_not_matter(void **state)
{
    (void)state;
    float predictions[MANY];
    float reversed[MANY];
    uint8_t labels[MANY];
    uint8_t reversed_labels[MANY];
    fill_many(predictions, labels);
    for (size_t i = 0; i < MANY; i++) {
        reversed[i] = predictions[MANY - 1 - i];
        reversed_labels[i] = labels[MANY - 1 - i];
    }
    struct metrics a = computed(predictions, labels, MANY);
    struct metrics b = computed(reversed, reversed_labels, MANY);
    for (int i = 0; i < METRIC_COUNT; i++) {
        assert_near(a.values[i].value, b.values[i].value, 1e-9);
        assert_near(a.values[i].standard_error, b.values[i].standard_error, 1e-9);
    }
}

static void equal_scores_tell_nothing(void **state)
{
    (void)state;
    const float predictions[] = {0.25F, 0.25F, 0.25F, 0.25F};
    const uint8_t labels[] = {1, 0, 0, 0};
    struct metrics metrics = computed(predictions, labels, 4);
    assert_value(&metrics, METRIC_AUC, 0.5);
    assert_value(&metrics, METRIC_KS, 0);
    assert_value(&metrics, METRIC_PR_AUC, 0.25);
    assert_value(&metrics, METRIC_OBSERVED_EXPECTED, 1);
    assert_true(isnan(metrics.values[METRIC_CALIBRATION_SLOPE].value));
    assert_true(isnan(metrics.values[METRIC_AUC].standard_error)); /* one positive */
}

static void separated_classes_have_no_calibration_line(void **state)
{
    (void)state;
    const float predictions[] = {0.1F, 0.2F, 0.7F, 1.0F};
    const uint8_t labels[] = {0, 0, 1, 1};
    struct metrics metrics = computed(predictions, labels, 4);
    assert_value(&metrics, METRIC_AUC, 1);
    assert_error(&metrics, METRIC_AUC, 0);
    assert_value(&metrics, METRIC_KS, 1);
    assert_value(&metrics, METRIC_PR_AUC, 1);
    assert_true(isnan(metrics.values[METRIC_CALIBRATION_SLOPE].value));
    assert_true(isnan(metrics.values[METRIC_CALIBRATION_INTERCEPT].standard_error));
}

static void certain_but_wrong_predictions_stay_finite(void **state)
{
    (void)state;
    const float predictions[] = {0.0F, 1.0F, 0.0F, 1.0F};
    const uint8_t labels[] = {1, 0, 0, 1};
    struct metrics metrics = computed(predictions, labels, 4);
    assert_value(&metrics, METRIC_LOG_LOSS, -(log(1e-7) + log(1 - 1e-7)) / 2);
    assert_value(&metrics, METRIC_BRIER, 0.5);
}

static void exactly_one_half_is_class_0(void **state)
{
    (void)state;
    const float predictions[] = {0.5F, 0.5F};
    const uint8_t labels[] = {1, 0};
    struct metrics metrics = computed(predictions, labels, 2);
    assert_int_equal(metrics.true_negatives, 1);
    assert_int_equal(metrics.false_negatives, 1);
}

static void predictions_must_be_probabilities(void **state)
{
    (void)state;
    const float bad[] = {NAN, INFINITY, -0.01F, 1.01F};
    const uint8_t labels[] = {1, 0};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct metrics metrics = {.rows = 77};
        struct error err = {0};
        float predictions[] = {0.5F, bad[i]};
        assert_false(metrics_compute(predictions, labels, 2, &metrics, &err));
        assert_string_equal(err.code, "bad_prediction");
        assert_non_null(strstr(err.message, "row 2"));
        assert_int_equal(metrics.rows, 77);
    }
}

static void both_classes_are_needed(void **state)
{
    (void)state;
    const float predictions[] = {0.5F, 0.6F};
    const uint8_t ones[] = {1, 1};
    const uint8_t zeros[] = {0, 0};
    struct metrics metrics = {0};
    struct error err = {0};
    assert_false(metrics_compute(predictions, ones, 2, &metrics, &err));
    assert_string_equal(err.code, "one_class");
    assert_false(metrics_compute(predictions, zeros, 2, &metrics, &err));
    assert_false(metrics_compute(predictions, zeros, 0, &metrics, &err));
    assert_string_equal(err.code, "one_class");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_rows_by_hand),
        cmocka_unit_test(tied_scores_agree_with_scikit_learn),
        cmocka_unit_test(order_of_the_rows_does_not_matter),
        cmocka_unit_test(equal_scores_tell_nothing),
        cmocka_unit_test(separated_classes_have_no_calibration_line),
        cmocka_unit_test(certain_but_wrong_predictions_stay_finite),
        cmocka_unit_test(exactly_one_half_is_class_0),
        cmocka_unit_test(predictions_must_be_probabilities),
        cmocka_unit_test(both_classes_are_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
