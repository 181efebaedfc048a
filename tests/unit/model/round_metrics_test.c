/* Sorting scores, and the metrics of a training round. */
#include "core/model/metrics.h"
#include "core/model/round_metrics.h"
#include "core/model/score_order.h"
#include "tests/support/cmocka.h"

#include "core/base/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 5000 };

static void assert_near(double value, double expected)
{
    if (!(fabs(value - expected) < 1e-6)) {
        fail_msg("%.15g instead of %.15g", value, expected);
    }
}

static void groups_are_ascending_and_complete(void **state)
{
    (void)state;
    const float predictions[] = {1.0F, 0.5F, -0.0F, 0.5F, 0.0F, 1e-30F, 0.99999994F};
    const uint8_t labels[] = {1, 0, 1, 1, 0, 1, 0};
    const struct tie_group expected[] = {
        {2, 1, 1, 0, 0}, {3, 1, 0, 1, 1}, {5, 1, 1, 2, 1}, {6, 0, 1, 3, 2}, {7, 1, 0, 3, 3}};
    uint32_t *order = score_order_new(predictions, labels, 7);
    struct tie_group group = {0};
    for (size_t i = 0; i < 5; i++) {
        assert_true(tie_group_next(&group, order, 7));
        assert_memory_equal(&group, &expected[i], sizeof(group));
    }
    assert_false(tie_group_next(&group, order, 7));
    free(order);
}

static void fill(float *predictions, uint8_t *labels)
{
    struct random random = {42};
    for (size_t i = 0; i < ROWS; i++) {
        predictions[i] = (float)random_unit(&random);
        labels[i] = random_unit(&random) < (double)predictions[i] ? 1 : 0;
    }
}

static void agree_with_the_evaluation(void **state)
{
    (void)state;
    static float predictions[ROWS];
    static uint8_t labels[ROWS];
    struct metrics metrics;
    struct error err = {0};
    fill(predictions, labels);
    assert_true(metrics_compute(predictions, labels, ROWS, &metrics, &err));
    assert_near(round_metric_compute(ROUND_METRIC_ERROR, predictions, labels, ROWS),
                1 - metrics.values[METRIC_ACCURACY].value);
    assert_near(round_metric_compute(ROUND_METRIC_AUC, predictions, labels, ROWS),
                metrics.values[METRIC_AUC].value);
    assert_near(round_metric_compute(ROUND_METRIC_LOGLOSS, predictions, labels, ROWS),
                metrics.values[METRIC_LOG_LOSS].value);
    assert_near(round_metric_compute(ROUND_METRIC_RMSE, predictions, labels, ROWS),
                sqrt(metrics.values[METRIC_BRIER].value));
}

static void small_cases_by_hand(void **state)
{
    (void)state;
    const float predictions[] = {0.9F, 0.6F, 0.4F, 0.1F};
    const uint8_t labels[] = {1, 0, 1, 0};
    assert_near(round_metric_compute(ROUND_METRIC_AUC, predictions, labels, 4), 0.75);
    assert_near(round_metric_compute(ROUND_METRIC_ERROR, predictions, labels, 4), 0.5);
    assert_near(round_metric_compute(ROUND_METRIC_MAE, predictions, labels, 4), 0.35);
}

static void what_is_no_probability_gives_nan(void **state)
{
    (void)state;
    const float predictions[] = {0.9F, NAN};
    const uint8_t labels[] = {1, 0};
    for (int i = 0; i < ROUND_METRIC_COUNT; i++) {
        enum round_metric metric = (enum round_metric)i;
        assert_true(isnan(round_metric_compute(metric, predictions, labels, 2)));
    }
}

static void names_read_back(void **state)
{
    (void)state;
    enum round_metric metric = ROUND_METRIC_COUNT;
    for (int i = 0; i < ROUND_METRIC_COUNT; i++) {
        const char *name = round_metric_name((enum round_metric)i);
        assert_true(round_metric_from_name(str_from(name), &metric));
        assert_int_equal(metric, i);
        assert_int_equal(round_metric_is_larger_better(metric), strcmp(name, "auc") == 0);
    }
    assert_false(round_metric_from_name(STR("aucpr"), &metric));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_are_ascending_and_complete),
        cmocka_unit_test(agree_with_the_evaluation),
        cmocka_unit_test(small_cases_by_hand),
        cmocka_unit_test(what_is_no_probability_gives_nan),
        cmocka_unit_test(names_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
