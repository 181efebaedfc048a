/* Header names: the rule, the known spellings, errors that name what is wrong. */
#include "core/data/columns.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

static size_t split_names(const char *text, struct str *out)
{
    size_t count = 0;
    struct str rest = str_from(text);
    do {
        out[count++] = str_split(rest, ',', &rest);
    } while (rest.len > 0);
    return count;
}

static void means(const char *name, enum column column)
{
    enum column found = COLUMN_COUNT;
    assert_true(column_from_name(str_from(name), &found));
    assert_int_equal(found, column);
}

static void spellings_of_the_wild_are_known(void **state)
{
    enum column column;
    (void)state;
    means("default.payment.next.month", COLUMN_DEFAULT_PAYMENT_NEXT_MONTH);
    means("default payment next month", COLUMN_DEFAULT_PAYMENT_NEXT_MONTH);
    means("Y", COLUMN_DEFAULT_PAYMENT_NEXT_MONTH);
    means("PAY_1", COLUMN_PAY_0);
    means("pay_0", COLUMN_PAY_0);
    means(" Bill_Amt1 ", COLUMN_BILL_AMT1);
    means("ID", COLUMN_CUSTOMER_ID);
    means("customer id", COLUMN_CUSTOMER_ID);
    means("X1", COLUMN_LIMIT_BAL);
    means("X6", COLUMN_PAY_0);
    means("X23", COLUMN_PAY_AMT6);
    assert_false(column_from_name(STR("X24"), &column));
    assert_false(column_from_name(STR("X0"), &column));
    assert_false(column_from_name(STR("PAY_7"), &column));
    assert_false(column_from_name(STR(""), &column));
}

static void any_order_is_mapped(void **state)
{
    struct str names[COLUMN_COUNT];
    struct column_map map;
    struct error err;
    (void)state;
    size_t count = split_names("AGE,SEX,EDUCATION,ID,LIMIT_BAL,MARRIAGE", names);
    assert_true(column_map_build(names, count, &column_profiles, &map, &err));
    assert_int_equal(map.slot_of_field[0], 5);
    assert_int_equal(map.slot_of_field[3], 0);
    assert_false(map.is_in_order);
    assert_int_equal(map.renamed, 1);
    count = split_names("CUSTOMER_ID,LIMIT_BAL,SEX,EDUCATION,MARRIAGE,AGE", names);
    assert_true(column_map_build(names, count, &column_profiles, &map, &err));
    assert_true(map.is_in_order);
}

static void is_bad_header(const char *header, const struct column_set *set, const char *part)
{
    struct str names[COLUMN_COUNT + 2];
    struct column_map map;
    struct error err = {.message = ""};
    assert_false(column_map_build(names, split_names(header, names), set, &map, &err));
    assert_string_equal(err.code, "bad_header");
    if (strstr(err.message, part) == NULL) {
        assert_string_equal(err.message, part);
    }
}

static void every_fault_is_named(void **state)
{
    (void)state;
    is_bad_header("CUSTOMER_ID,LIMIT_BAL,SEX,EDUCATON,MARRIAGE,AGE", &column_profiles,
                  "unknown column 'EDUCATON' (nearest: EDUCATION); missing column EDUCATION");
    is_bad_header("CUSTOMER_ID,LIMIT_BAL,SEX,EDUCATION,MARRIAGE,AGE,ID", &column_profiles,
                  "column given twice: 'CUSTOMER_ID'; and 'ID'");
    is_bad_header("CUSTOMER_ID,LIMIT_BAL,SEX,EDUCATION,MARRIAGE,AGE,PAY_0", &column_profiles,
                  "column that does not belong here: 'PAY_0'");
    is_bad_header("LIMIT_BAL,SEX,EDUCATION,MARRIAGE,AGE", &column_profiles,
                  "missing column CUSTOMER_ID");
    is_bad_header("a\x1b[31m", &column_profiles, "unknown column 'a\xef\xbf\xbd[31m'");
}

static const char raw_header[] =
    "ID,LIMIT_BAL,SEX,EDUCATION,MARRIAGE,AGE,%s,PAY_2,PAY_3,PAY_4,PAY_5,PAY_6,"
    "BILL_AMT1,BILL_AMT2,BILL_AMT3,BILL_AMT4,BILL_AMT5,BILL_AMT6,PAY_AMT1,"
    "PAY_AMT2,PAY_AMT3,PAY_AMT4,PAY_AMT5,PAY_AMT6,Y";

static void pay_0_or_pay_1_but_not_both_or_neither(void **state)
{
    struct str names[COLUMN_COUNT + 2];
    struct column_map map;
    struct error err;
    char header[1024];
    (void)state;
    snprintf(header, sizeof(header), raw_header, "PAY_1");
    assert_true(column_map_build(names, split_names(header, names), &column_raw, &map, &err));
    snprintf(header, sizeof(header), raw_header, "PAY_0,PAY_1");
    is_bad_header(header, &column_raw, "column given twice: 'PAY_0'; and 'PAY_1'");
    snprintf(header, sizeof(header), raw_header, "PAY_2");
    is_bad_header(header, &column_raw, "missing column PAY_0");
}

static void an_unnamed_first_column_is_the_key_or_nothing(void **state)
{
    struct str names[COLUMN_COUNT];
    struct column_map map;
    struct error err;
    (void)state;
    size_t count = split_names(",LIMIT_BAL,SEX,EDUCATION,MARRIAGE,AGE", names);
    assert_true(column_map_build(names, count, &column_profiles, &map, &err));
    assert_int_equal(map.slot_of_field[0], 0);
    count = split_names(",LIMIT_BAL,SEX,EDUCATION,MARRIAGE,AGE,ID", names);
    assert_true(column_map_build(names, count, &column_profiles, &map, &err));
    assert_int_equal(map.slot_of_field[0], COLUMN_SLOT_IGNORED);
    assert_false(map.is_in_order);
}

static void headers_and_data_are_told_apart(void **state)
{
    struct str names[COLUMN_COUNT];
    (void)state;
    assert_true(column_is_header(names, split_names(",X1,X2,X3", names)));
    assert_true(column_is_header(names, split_names("ID,AGE", names)));
    assert_false(column_is_header(names, split_names("1,2,3", names)));
    assert_false(column_is_header(names, split_names("ID,7", names)));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(spellings_of_the_wild_are_known),
        cmocka_unit_test(any_order_is_mapped),
        cmocka_unit_test(every_fault_is_named),
        cmocka_unit_test(pay_0_or_pay_1_but_not_both_or_neither),
        cmocka_unit_test(an_unnamed_first_column_is_the_key_or_nothing),
        cmocka_unit_test(headers_and_data_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
