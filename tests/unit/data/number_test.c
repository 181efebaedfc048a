/* Whole numbers: the canonical scan, the forms of the wild, what is refused and why, writing. */
#include "core/data/number.h"
#include "tests/support/cmocka.h"

#include <string.h>

static void is_number(const char *text, int64_t value, unsigned forms)
{
    struct number number = {0};
    assert_int_equal(number_parse(str_from(text), &number), NUMBER_OK);
    assert_true(number.value == value);
    assert_int_equal(number.forms, forms);
}

static void is_refused(const char *text, enum number_verdict verdict)
{
    struct number number = {.value = 77};
    assert_int_equal(number_parse(str_from(text), &number), verdict);
    assert_true(number.value == 77);
}

static void plain_numbers_need_no_normalising(void **state)
{
    (void)state;
    is_number("0", 0, 0);
    is_number("-339603", -339603, 0);
    is_number("9223372036854775807", INT64_MAX, 0);
    is_number("-9223372036854775808", INT64_MIN, 0);
}

static void forms_of_the_wild_are_normalised_and_told(void **state)
{
    (void)state;
    is_number("2.00E+05", 200000, 1u << NUMBER_FORM_EXPONENT | 1u << NUMBER_FORM_DECIMALS);
    is_number("5e2", 500, 1u << NUMBER_FORM_EXPONENT);
    is_number("1500e-2", 15, 1u << NUMBER_FORM_EXPONENT);
    is_number("3913.0", 3913, 1u << NUMBER_FORM_DECIMALS);
    is_number("-7.", -7, 1u << NUMBER_FORM_DECIMALS);
    is_number("1,000", 1000, 1u << NUMBER_FORM_THOUSANDS);
    is_number("-12,345,678", -12345678, 1u << NUMBER_FORM_THOUSANDS);
    is_number(" 24\t", 24, 1u << NUMBER_FORM_BLANKS);
    is_number("+2", 2, 1u << NUMBER_FORM_PLUS);
    is_number("007", 7, 1u << NUMBER_FORM_LEADING_ZEROS);
    is_number("-0", 0, 1u << NUMBER_FORM_NEGATIVE_ZERO);
    is_number("0e999999999999", 0, 1u << NUMBER_FORM_EXPONENT);
}

static void missing_values_are_recognised(void **state)
{
    static const char *const words[] = {"",    "  ",   "nan",  "NaN",  "NA",
                                        "N/A", "#N/A", "null", "None", "\\N"};
    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        is_refused(words[i], NUMBER_MISSING);
    }
}

static void what_is_ambiguous_or_wrong_is_refused_with_its_reason(void **state)
{
    static const char *const words[] = {"abc",
                                        "1,00",
                                        "1,0000",
                                        ",100",
                                        "1000,000",
                                        "1.2.3",
                                        "--1",
                                        "1e",
                                        "1e+",
                                        "e5",
                                        ".",
                                        "-",
                                        "inf",
                                        "0x10",
                                        "1 000",
                                        "12a",
                                        "1,000,",
                                        "+-1",
                                        "\xc2\xa0"
                                        "1"};
    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        is_refused(words[i], NUMBER_NOT_A_NUMBER);
    }
    is_refused("0.5", NUMBER_NOT_INTEGER);
    is_refused("1e-3", NUMBER_NOT_INTEGER);
    is_refused("9223372036854775808", NUMBER_TOO_LARGE);
    is_refused("-9223372036854775809", NUMBER_TOO_LARGE);
    is_refused("1e30", NUMBER_TOO_LARGE);
    is_refused("1e99999999999999999999", NUMBER_TOO_LARGE);
    is_refused("1111111111111111111111111111111111111111111111111111111111111111111111",
               NUMBER_NOT_A_NUMBER);
}

static void scan_takes_canonical_integers_only(void **state)
{
    static const struct {
        const char *text;
        int64_t value;
        int taken; /* -1: refused */
    } cases[] = {
        {"0,", 0, 1},
        {"7,", 7, 1},
        {"-2\n", -2, 2},
        {"12345678,", 12345678, 8},
        {"123456789,", 123456789, 9},
        {"-123456789012345678,", -123456789012345678, 19},
        {"1234567890123456789,", 0, -1},
        {"01,", 0, -1},
        {"-0,", 0, -1},
        {"-05,", 0, -1},
        {"00000000,", 0, -1},
        {",", 0, -1},
        {"-,", 0, -1},
        {"x", 0, -1},
        {"\xb0\xb1,", 0, -1},
        {" 1,", 0, -1},
        {"10000000,", 10000000, 8},
        {"99999999\r", 99999999, 8},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char padded[64] = {0};
        int64_t value = 0;
        memcpy(padded, cases[i].text, strlen(cases[i].text));
        const char *end = number_scan(padded, &value);
        assert_int_equal(end == NULL ? -1 : end - padded, cases[i].taken);
        if (end != NULL) {
            assert_true(value == cases[i].value);
        }
    }
}

static void written_numbers_read_back(void **state)
{
    static const int64_t values[] = {0,  9,   10,      99,        100,      12345,
                                     -1, -10, -339603, INT64_MAX, INT64_MIN};
    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char text[NUMBER_TEXT_MAX];
        int64_t back = 1;
        char *end = number_write(text, values[i]);
        assert_true(str_to_i64((struct str){text, (size_t)(end - text)}, &back));
        assert_true(back == values[i]);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_numbers_need_no_normalising),
        cmocka_unit_test(forms_of_the_wild_are_normalised_and_told),
        cmocka_unit_test(missing_values_are_recognised),
        cmocka_unit_test(what_is_ambiguous_or_wrong_is_refused_with_its_reason),
        cmocka_unit_test(scan_takes_canonical_integers_only),
        cmocka_unit_test(written_numbers_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
