/* Model formats, and the round trip of a small model through XGBoost. */
#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/model/booster.h"
#include "tests/support/cmocka.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 200, FEATURES = 2 };

static void formats_are_told_by_their_first_bytes(void **state)
{
    (void)state;
    const struct {
        struct str head;
        enum model_format format;
    } good[] = {
        {STR("binf\x00\x00"), MODEL_FORMAT_BINARY},   {STR("{\"learner\":{}}"), MODEL_FORMAT_JSON},
        {STR("{\n  \"learner\""), MODEL_FORMAT_JSON}, {STR("{L\x00\x00\x00"), MODEL_FORMAT_UBJSON},
        {STR("{i\x07learner"), MODEL_FORMAT_UBJSON},
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        enum model_format format = MODEL_FORMAT_COUNT;
        struct error err = {0};
        assert_true(model_format_detect(good[i].head, &format, &err));
        assert_int_equal(format, good[i].format);
    }
}

static void what_is_no_model_is_refused(void **state)
{
    (void)state;
    const struct str bad[] = {STR(""),           STR("{"),        STR("{\x00"), STR("bin"),
                              STR("PK\x03\x04"), STR("\x80\x01"), STR("[1]"),   STR("{}")};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        enum model_format format = MODEL_FORMAT_COUNT;
        struct error err = {0};
        assert_false(model_format_detect(bad[i], &format, &err));
        assert_string_equal(err.code, "bad_model");
    }
}

static void a_pickle_is_refused_with_the_way_out(void **state)
{
    (void)state;
    for (char protocol = 2; protocol <= 5; protocol++) {
        const char bytes[] = {(char)0x80, protocol, 'c'};
        enum model_format format = MODEL_FORMAT_COUNT;
        struct error err = {0};
        assert_false(model_format_detect((struct str){bytes, 3}, &format, &err));
        assert_string_equal(err.code, "pickle");
        assert_non_null(strstr(err.message, "save_model"));
    }
}

static struct dataset small_set(void)
{
    struct dataset dataset;
    dataset_init(&dataset);
    dataset.rows = ROWS;
    dataset.features = FEATURES;
    dataset.values = xreallocarray(NULL, (size_t)ROWS * FEATURES, sizeof(float));
    dataset.labels = xmalloc(ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        dataset.values[2 * i] = (float)((i * 7919) % 100);
        dataset.values[2 * i + 1] = (float)((i * 104729) % 50);
        dataset.labels[i] = dataset.values[2 * i] > 50 ? 1 : 0;
    }
    return dataset;
}

static struct booster *trained(const struct dataset *dataset, struct matrix **out_matrix)
{
    struct error err = {0};
    *out_matrix = matrix_new(dataset, 1, &err);
    assert_non_null(*out_matrix);
    struct booster *booster = booster_new(out_matrix, 1, &err);
    assert_non_null(booster);
    assert_true(booster_set(booster, "objective", "binary:logistic", &err));
    assert_true(booster_set(booster, "nthread", "1", &err));
    for (int round = 0; round < 5; round++) {
        assert_true(booster_update(booster, round, *out_matrix, &err));
    }
    return booster;
}

static void a_model_survives_saving_and_loading(void **state)
{
    (void)state;
    struct error err = {0};
    struct dataset dataset = small_set();
    struct matrix *matrix = NULL;
    struct booster *booster = trained(&dataset, &matrix);
    char folder[] = "/tmp/booster-test-XXXXXX";
    struct buf bytes;
    float predictions[ROWS];
    enum model_format format = MODEL_FORMAT_COUNT;
    assert_non_null(mkdtemp(folder));
    char *path = file_join(folder, "xgboost-model");
    assert_true(booster_set_attribute(booster, "name", "value", &err));
    assert_true(booster_truncate(&booster, 3, &err));
    assert_true(booster_save(booster, path, &err));
    booster_free(booster);
    matrix_free(matrix);
    buf_init(&bytes, 1 << 20);
    assert_true(file_read(path, &bytes, &err));
    assert_true(model_format_detect(buf_str(&bytes), &format, &err));
    assert_int_equal(format, MODEL_FORMAT_BINARY);
    booster = booster_load(buf_str(&bytes), &err);
    assert_non_null(booster);
    struct booster_facts facts;
    assert_true(booster_facts(booster, &facts, &err));
    assert_int_equal(facts.features, FEATURES);
    assert_int_equal(facts.rounds, 3);
    assert_string_equal(facts.objective, "binary:logistic");
    assert_false(facts.is_multi_output);
    char *attribute = booster_attribute(booster, "name");
    assert_string_equal(attribute, "value");
    free(attribute);
    assert_null(booster_attribute(booster, "other"));
    matrix = matrix_new(&dataset, 1, &err);
    assert_non_null(matrix);
    assert_true(booster_predict(booster, matrix, ROWS, predictions, &err));
    matrix_free(matrix);
    for (size_t i = 0; i < ROWS; i++) {
        assert_true(isfinite(predictions[i]));
        assert_int_equal(predictions[i] > 0.5F, dataset.labels[i]);
    }
    booster_free(booster);
    buf_done(&bytes);
    dataset_done(&dataset);
    assert_true(file_remove_tree(folder, &err));
    free(path);
}

static void a_model_xgboost_refuses_is_an_error(void **state)
{
    (void)state;
    const struct str bad[] = {STR("binf"), STR("{\"learner\":{}}"), STR("{\"version\":[1,7,4]"),
                              STR("{\"learner\": 5, \"version\": [1,7,4]}")};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct error err = {0};
        assert_null(booster_load(bad[i], &err));
        assert_string_equal(err.code, "bad_model");
        assert_null(strstr(err.message, "Stack trace"));
        assert_null(strstr(err.message, ".cc:"));
    }
}

static void a_parameter_xgboost_refuses_is_an_error(void **state)
{
    (void)state;
    struct error err = {0};
    struct dataset dataset = small_set();
    struct matrix *matrix = NULL;
    struct booster *booster = trained(&dataset, &matrix);
    bool is_set =
        booster_set(booster, "max_depth", "deep", &err) && booster_update(booster, 5, matrix, &err);
    assert_false(is_set);
    assert_string_equal(err.code, "xgboost");
    assert_non_null(strstr(err.message, "max_depth"));
    booster_free(booster);
    matrix_free(matrix);
    dataset_done(&dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_are_told_by_their_first_bytes),
        cmocka_unit_test(what_is_no_model_is_refused),
        cmocka_unit_test(a_pickle_is_refused_with_the_way_out),
        cmocka_unit_test(a_model_survives_saving_and_loading),
        cmocka_unit_test(a_model_xgboost_refuses_is_an_error),
        cmocka_unit_test(a_parameter_xgboost_refuses_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
