/* The strict CSV reader: what it takes, what it refuses, and where it says the fault is. */
#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/model/dataset.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file that is removed again; the name ends in "data.csv". */
static char *file_with(const char *content, size_t len)
{
    struct error err = {0};
    char *folder = xstrdup("/tmp/dataset-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    char *path = file_join(folder, "data.csv");
    assert_true(file_write(path, (struct str){content, len}, 0600, &err));
    free(folder);
    return path;
}

static void drop(char *path)
{
    struct error err = {0};
    *strrchr(path, '/') = '\0';
    assert_true(file_remove_tree(path, &err));
    free(path);
}

static void assert_refused(const char *content, const char *place, const char *why)
{
    struct dataset dataset;
    struct error err = {0};
    char *path = file_with(content, strlen(content));
    dataset_init(&dataset);
    bool is_read = dataset_add_file(&dataset, path, &err) && dataset_finish(&dataset, path, &err);
    dataset_done(&dataset);
    drop(path);
    if (is_read) {
        fail_msg("accepted: %s", content);
    }
    assert_int_equal(err.error_class, ERROR_PERMANENT);
    assert_string_equal(err.code, "bad_data");
    if (strstr(err.message, place) == NULL || strstr(err.message, why) == NULL) {
        fail_msg("\"%s\" names neither \"%s\" nor \"%s\"", err.message, place, why);
    }
}

static void reads_label_and_features(void **state)
{
    (void)state;
    const char content[] = "1,20000,-2,0.5,1e3\r\n0,-0.25,123456789012345678,.5,-0\n";
    struct dataset dataset;
    struct error err = {0};
    char hex[DIGEST_HEX_SIZE];
    char *path = file_with(content, strlen(content));
    dataset_init(&dataset);
    assert_true(dataset_add_file(&dataset, path, &err));
    assert_true(dataset_finish(&dataset, "data", &err));
    assert_int_equal(dataset.rows, 2);
    assert_int_equal(dataset.features, 4);
    assert_int_equal(dataset.positives, 1);
    assert_int_equal(dataset.labels[0], 1);
    const float expected[] = {20000.0F, -2.0F, 0.5F, 1000.0F, -0.25F, 123456789012345678.0F,
                              0.5F,     0};
    for (size_t i = 0; i < 8; i++) {
        assert_true(dataset.values[i] == expected[i]);
    }
    assert_int_equal(dataset.size_bytes, strlen(content));
    digest_hex(str_from(content), hex);
    assert_string_equal(dataset.sha256, hex);
    dataset_done(&dataset);
    drop(path);
}

static void decimals_are_the_nearest_float(void **state)
{
    (void)state;
    const char *const numbers[] = {
        "0.1",       "3.4028234e38",      "16777217",          "1.17549435e-38",
        "-1234.567", "99999999.99999999", "0.000000000000001", "7.7e-1"};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct dataset dataset;
        struct error err = {0};
        char *content = xasprintf("1,%s", numbers[i]);
        char *path = file_with(content, strlen(content));
        dataset_init(&dataset);
        assert_true(dataset_add_file(&dataset, path, &err));
        assert_true(dataset.values[0] == (float)strtod(numbers[i], NULL));
        dataset_done(&dataset);
        drop(path);
        free(content);
    }
}

static void several_files_are_one_set(void **state)
{
    (void)state;
    struct dataset dataset;
    struct error err = {0};
    char *first = file_with("1,2\n0,3", 7);
    char *second = file_with("1,4\n", 4);
    char *odd = file_with("1,4,5\n", 6);
    dataset_init(&dataset);
    assert_true(dataset_add_file(&dataset, first, &err));
    assert_true(dataset_add_file(&dataset, second, &err));
    assert_int_equal(dataset.rows, 3);
    assert_false(dataset_add_file(&dataset, odd, &err));
    assert_non_null(strstr(err.message, "data.csv:1: 3 or more columns, but 2 before it"));
    dataset_done(&dataset);
    drop(first);
    drop(second);
    drop(odd);
}

static void many_rows_cross_the_chunks(void **state)
{
    (void)state;
    enum { ROWS = 60000 };
    struct dataset dataset;
    struct error err = {0};
    struct buf text;
    buf_init(&text, 8 << 20);
    for (int i = 0; i < ROWS; i++) {
        assert_true(buf_printf(&text, "%d,%d,%d.25\n", i % 3 == 0 ? 1 : 0, i, -i));
    }
    char *path = file_with(text.ptr, text.len);
    dataset_init(&dataset);
    assert_true(dataset_add_file(&dataset, path, &err));
    assert_int_equal(dataset.rows, ROWS);
    assert_int_equal(dataset.positives, ROWS / 3);
    for (size_t i = 0; i < ROWS; i++) {
        assert_true(dataset.values[2 * i] == (float)i);
        assert_true(dataset.values[2 * i + 1] == -(float)i - (i == 0 ? -0.25F : 0.25F));
    }
    dataset_done(&dataset);
    drop(path);
    buf_done(&text);
}

static void a_header_is_named_as_such(void **state)
{
    (void)state;
    assert_refused("Y,LIMIT_BAL\n1,2\n0,3\n", "data.csv:1: column 1: \"Y\"", "no header line");
}

static void faults_are_named_with_their_place(void **state)
{
    (void)state;
    assert_refused("1,2\n0,x\n", "data.csv:2: column 2: \"x\"", "not a finite number");
    assert_refused("1,2\n0,\n", "data.csv:2: column 2: \"\"", "empty");
    assert_refused("1,nan\n0,1\n", "data.csv:1: column 2: \"nan\"", "not a finite number");
    assert_refused("1,1e39\n0,1\n", "data.csv:1: column 2: \"1e39\"", "32-bit float");
    assert_refused("1, 2\n0,1\n", "data.csv:1: column 2", "not a finite number");
    assert_refused("1,0x10\n0,1\n", "data.csv:1: column 2", "not a finite number");
    assert_refused("2,2\n0,1\n", "data.csv:1: column 1: \"2\"", "label");
    assert_refused("1,2\n0.5,1\n", "data.csv:2: column 1: \"0.5\"", "label");
    assert_refused("1,2,3\n0,1\n", "data.csv:2", "2 columns, but 3 before it");
    assert_refused("1,2,3\n0,1,2,3\n", "data.csv:2", "columns, but 3 before it");
    assert_refused("1,2\n\n0,1\n", "data.csv:2", "empty");
    assert_refused("1\n0\n", "data.csv:1", "1 comma-separated columns");
    assert_refused("1;2\n0;1\n", "data.csv:1: column 1", "header");
    assert_refused("\xff\xfe\x01\n", "data.csv:1: column 1", "not a number");
    assert_refused("1,--2\n0,1\n", "data.csv:1: column 2", "not a finite number");
    assert_refused("1,-\n0,1\n", "data.csv:1: column 2", "not a finite number");
}

static void sets_without_rows_or_with_one_class_are_refused(void **state)
{
    (void)state;
    assert_refused("", "data.csv", "no rows");
    assert_refused("1,2\n1,3\n", "data.csv", "all 2 rows have the label 1");
    assert_refused("0,2\n", "data.csv", "all 1 rows have the label 0");
}

static void a_line_without_end_is_refused_early(void **state)
{
    (void)state;
    size_t len = (size_t)3 * DATASET_MAX_LINE;
    char *digits = xmalloc(len + 1);
    memset(digits, '1', len);
    digits[len] = '\0';
    assert_refused(digits, "data.csv:1", "a line of");
    free(digits);
}

static void too_many_columns_are_refused(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 1 << 20);
    for (int i = 0; i < DATASET_MAX_COLUMNS + 2; i++) {
        buf_append_text(&text, i == 0 ? "1" : ",1");
    }
    assert_refused(text.ptr, "data.csv:1: 4098 comma-separated columns", "4096");
    buf_done(&text);
}

static void a_missing_file_is_an_error(void **state)
{
    (void)state;
    struct dataset dataset;
    struct error err = {0};
    dataset_init(&dataset);
    assert_false(dataset_add_file(&dataset, "/nonexistent/data.csv", &err));
    assert_string_equal(err.code, "not_found");
    dataset_done(&dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_label_and_features),
        cmocka_unit_test(decimals_are_the_nearest_float),
        cmocka_unit_test(several_files_are_one_set),
        cmocka_unit_test(many_rows_cross_the_chunks),
        cmocka_unit_test(a_header_is_named_as_such),
        cmocka_unit_test(faults_are_named_with_their_place),
        cmocka_unit_test(sets_without_rows_or_with_one_class_are_refused),
        cmocka_unit_test(a_line_without_end_is_refused_early),
        cmocka_unit_test(too_many_columns_are_refused),
        cmocka_unit_test(a_missing_file_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
