/* Strict numbers, splitting, trimming and nearest spelling. */
#include "core/base/str.h"
#include "tests/support/cmocka.h"

static void whole_text_must_be_the_number(void **state)
{
    (void)state;
    int64_t value = 7;
    assert_true(str_to_i64(STR("-9223372036854775808"), &value));
    assert_true(value == INT64_MIN);
    value = 7;
    assert_false(str_to_i64(STR("9223372036854775808"), &value));
    assert_false(str_to_i64(STR("1 "), &value));
    assert_false(str_to_i64(STR("+1"), &value));
    assert_false(str_to_i64(STR(""), &value));
    assert_false(str_to_i64(STR("-"), &value));
    assert_int_equal(value, 7);
}

static void doubles_are_finite_decimals(void **state)
{
    (void)state;
    double value = 7;
    assert_true(str_to_double(STR("2.00E+05"), &value));
    assert_true(value == 200000.0);
    assert_false(str_to_double(STR("nan"), &value));
    assert_false(str_to_double(STR("0x10"), &value));
    assert_false(str_to_double(STR("1e999"), &value));
    assert_false(str_to_double(STR("1.5x"), &value));
    assert_true(value == 200000.0);
}

static void hex_digits_of_either_case_have_a_value_and_nothing_else_has(void **state)
{
    (void)state;
    static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
    int digits = 0;
    for (int i = 0; i < 16; i++) {
        assert_int_equal(str_hex_digit(lower[i]), i);
        assert_int_equal(str_hex_digit(upper[i]), i);
    }
    for (int c = -128; c < 128; c++) {
        digits += str_hex_digit((char)c) >= 0 ? 1 : 0;
    }
    assert_int_equal(digits, 22);
}

static void a_choice_is_a_whole_word_of_its_list(void **state)
{
    (void)state;
    assert_true(str_is_one_of(STR("b"), "a|b|cc"));
    assert_true(str_is_one_of(STR("cc"), "a|b|cc"));
    assert_false(str_is_one_of(STR("c"), "a|b|cc"));
    assert_false(str_is_one_of(STR("a|b"), "a|b|cc"));
    assert_false(str_is_one_of(STR(""), "a|b|cc"));
    assert_false(str_is_one_of(STR("a"), ""));
}

static void split_gives_head_and_rest(void **state)
{
    (void)state;
    struct str rest = STR("");
    struct str head = str_split(STR("a,b,c"), ',', &rest);
    assert_true(str_eq(head, STR("a")));
    assert_true(str_eq(rest, STR("b,c")));
    head = str_split(STR("abc"), ',', &rest);
    assert_true(str_eq(head, STR("abc")));
    assert_int_equal(rest.len, 0);
}

static void trim_removes_white_space_at_both_ends(void **state)
{
    (void)state;
    assert_true(str_eq(str_trim(STR(" \ta b\r\n")), STR("a b")));
    assert_int_equal(str_trim(STR(" \t ")).len, 0);
}

static void nearest_finds_a_misspelling_and_nothing_else(void **state)
{
    (void)state;
    static const char *const names[] = {"clean_s3_raw", "clean_rds", "merge"};
    assert_string_equal(str_nearest(STR("clean_rsd"), names, 3), "clean_rds");
    assert_null(str_nearest(STR("evaluate"), names, 3));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_text_must_be_the_number),
        cmocka_unit_test(doubles_are_finite_decimals),
        cmocka_unit_test(hex_digits_of_either_case_have_a_value_and_nothing_else_has),
        cmocka_unit_test(a_choice_is_a_whole_word_of_its_list),
        cmocka_unit_test(split_gives_head_and_rest),
        cmocka_unit_test(trim_removes_white_space_at_both_ends),
        cmocka_unit_test(nearest_finds_a_misspelling_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
