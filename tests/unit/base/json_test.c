/* JSON: strict in, exact out. */
#include "core/base/json.h"
#include "tests/support/cmocka.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void only_one_whole_value_is_json(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "{", "{} x", "[1,]", "nul", "\"a", "{\"a\":}"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct error err = {0};
        assert_null(json_parse(str_from(bad[i]), &err));
        assert_string_equal(err.code, "bad_json");
    }
    struct error err = {0};
    assert_null(json_parse((struct str){"1\0", 2}, &err));
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    char text[5000];
    struct error err;
    memset(text, '[', sizeof(text));
    assert_null(json_parse((struct str){text, sizeof(text)}, &err));
}

static void numbers_read_back_but_for_the_last_place(void **state)
{
    (void)state;
    struct error err;
    static const double values[] = {0.1, 1e-300, 0.8196123456789012, -2.5, 9007199254740991.0};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct json *number = json_number(values[i]);
        char *text = json_print(number);
        struct json *again = json_parse(str_from(text), &err);
        double value = 0;
        assert_true(json_as_number(again, &value));
        assert_true(fabs(value - values[i]) <= fabs(values[i]) * 0x1p-52);
        free(text);
        json_free(number);
        json_free(again);
    }
    struct json *none = json_number(NAN);
    assert_true(json_is_null(none));
    json_free(none);
}

static void integers_are_exact_or_refused(void **state)
{
    (void)state;
    struct error err;
    struct json *json = json_parse(STR("{\"a\":1.5,\"b\":1e30,\"c\":-3,\"d\":\"4\"}"), &err);
    int64_t value = 7;
    assert_false(json_as_int(json_get(json, "a"), &value));
    assert_false(json_as_int(json_get(json, "b"), &value));
    assert_false(json_as_int(json_get(json, "d"), &value));
    assert_int_equal(value, 7);
    assert_int_equal(json_int_or(json, "c", 0), -3);
    assert_int_equal(json_int_or(json, "none", 9), 9);
    json_free(json);
}

static void members_are_replaced_found_by_path_and_walked(void **state)
{
    (void)state;
    struct error err;
    struct json *json = json_parse(STR("{\"stage\":{\"rows\":[10,20]},\"Stage\":1}"), &err);
    json_set_int(json, "n", 1);
    json_set_int(json, "n", 2);
    assert_int_equal(json_int_or(json, "n", 0), 2);
    assert_int_equal(json_count(json), 3);
    assert_int_equal(json_count(json_path(json, "stage.rows")), 2);
    assert_null(json_path(json, "stage.none.rows"));
    int64_t sum = 0;
    const struct json *item = json_first(json_path(json, "stage.rows"));
    for (; item != NULL; item = json_next(item)) {
        int64_t value = 0;
        assert_true(json_as_int(item, &value));
        sum += value;
    }
    assert_int_equal(sum, 30);
    json_remove(json, "n");
    assert_null(json_get(json, "n"));
    json_free(json);
}

static void a_time_is_text_and_none_is_null(void **state)
{
    (void)state;
    struct json *json = json_object();
    json_set_time(json, "at", 1795361968123);
    json_set_time(json, "never", 0);
    assert_string_equal(json_text_or(json, "at", ""), "2026-11-22T15:39:28.123Z");
    assert_true(json_get(json, "never") != NULL && json_is_null(json_get(json, "never")));
    json_free(json);
}

static void texts_from_outside_become_valid_utf8(void **state)
{
    (void)state;
    struct json *json = json_string((struct str){"a\xff\0b", 4});
    const char *text = NULL;
    assert_true(json_as_text(json, &text));
    assert_string_equal(text, "a\xef\xbf\xbd\xef\xbf\xbd"
                              "b");
    json_free(json);
}

static void absent_is_like_null_everywhere(void **state)
{
    (void)state;
    assert_null(json_get(NULL, "a"));
    assert_null(json_at(NULL, 0));
    assert_int_equal(json_count(NULL), 0);
    assert_true(json_is_null(NULL));
    assert_string_equal(json_text_or(NULL, "a", "otherwise"), "otherwise");
    assert_string_equal(json_name(NULL), "");
    json_free(NULL);
}

static void printed_text_holds_no_control_bytes(void **state)
{
    (void)state;
    struct error err;
    struct json *json = json_parse(STR("[\"a\\u009b\\u0080\\u007f\\u001b\\u00a0\"]"), &err);
    assert_non_null(json);
    char *text = json_print(json);
    assert_string_equal(text, "[\"a\\u009b\\u0080\\u007f\\u001b\xc2\xa0\"]");
    struct json *again = json_parse(str_from(text), &err);
    const char *value = NULL;
    assert_true(json_as_text(json_at(again, 0), &value));
    assert_string_equal(value, "a\xc2\x9b\xc2\x80\x7f\x1b\xc2\xa0");
    json_free(again);
    json_free(json);
    free(text);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_one_whole_value_is_json),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(printed_text_holds_no_control_bytes),
        cmocka_unit_test(numbers_read_back_but_for_the_last_place),
        cmocka_unit_test(integers_are_exact_or_refused),
        cmocka_unit_test(members_are_replaced_found_by_path_and_walked),
        cmocka_unit_test(a_time_is_text_and_none_is_null),
        cmocka_unit_test(texts_from_outside_become_valid_utf8),
        cmocka_unit_test(absent_is_like_null_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
