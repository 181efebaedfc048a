/* Preparing raw data: naming, numbering, splitting; values go out as they were written. */
#include "core/data/prepare.h"
#include "tests/support/cmocka.h"
#include "tests/support/collect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FEATURES                                                                                   \
    "LIMIT_BAL,SEX,EDUCATION,MARRIAGE,AGE,PAY_0,PAY_2,PAY_3,PAY_4,PAY_5,PAY_6,BILL_AMT1,"          \
    "BILL_AMT2,BILL_AMT3,BILL_AMT4,BILL_AMT5,BILL_AMT6,PAY_AMT1,PAY_AMT2,PAY_AMT3,PAY_AMT4,"       \
    "PAY_AMT5,PAY_AMT6,default.payment.next.month\n"
#define PROFILE_HEADER "CUSTOMER_ID,LIMIT_BAL,SEX,EDUCATION,MARRIAGE,AGE\n"
#define TRANSACTION_HEADER                                                                         \
    "CUSTOMER_ID,PAY_0,PAY_2,PAY_3,PAY_4,PAY_5,PAY_6,BILL_AMT1,BILL_AMT2,BILL_AMT3,BILL_AMT4,"     \
    "BILL_AMT5,BILL_AMT6,PAY_AMT1,PAY_AMT2,PAY_AMT3,PAY_AMT4,PAY_AMT5,PAY_AMT6,"                   \
    "DEFAULT_PAYMENT_NEXT_MONTH\n"
#define PROFILE     "20000,2,2,1,24"
#define TRANSACTION "2,2,-1,-1,-2,-2,3913,3102,689,0,0,0,0,689,0,0,0,0,1"
#define ROW         PROFILE "," TRANSACTION

struct fixture {
    struct buf transactions;
    struct buf profiles;
    struct buf quarantine;
    struct prepare *prepare;
    struct error err;
};

static bool run(struct fixture *f, const char *text)
{
    *f = (struct fixture){.prepare = NULL};
    buf_init(&f->transactions, 64u << 20);
    buf_init(&f->profiles, 64u << 20);
    buf_init(&f->quarantine, 64u << 20);
    struct prepare_sinks sinks = {collect_sink(&f->transactions), collect_sink(&f->profiles),
                                  collect_sink(&f->quarantine)};
    f->prepare = prepare_new(STR("raw.csv"), &sinks);
    return prepare_feed(f->prepare, str_from(text), &f->err) && prepare_finish(f->prepare, &f->err);
}

static void end(struct fixture *f)
{
    prepare_free(f->prepare);
    buf_done(&f->transactions);
    buf_done(&f->profiles);
    buf_done(&f->quarantine);
}

static void gives(const char *input, const char *profiles, const char *transactions)
{
    struct fixture f;
    bool is_good = run(&f, input);
    assert_string_equal(f.err.message, "");
    assert_true(is_good);
    assert_string_equal(buf_text(&f.profiles), profiles);
    assert_string_equal(buf_text(&f.transactions), transactions);
    end(&f);
}

static void rows_are_split_under_standard_names(void **state)
{
    (void)state;
    gives("ID," FEATURES "7," ROW "\n8," ROW "\n9," ROW "\n",
          PROFILE_HEADER "7," PROFILE "\n8," PROFILE "\n9," PROFILE "\n",
          TRANSACTION_HEADER "7," TRANSACTION "\n8," TRANSACTION "\n9," TRANSACTION "\n");
}

static void rows_without_an_id_are_numbered(void **state)
{
    struct fixture f;
    (void)state;
    gives(FEATURES ROW "\n\n" ROW "\n" ROW "\n",
          PROFILE_HEADER "1," PROFILE "\n2," PROFILE "\n3," PROFILE "\n",
          TRANSACTION_HEADER "1," TRANSACTION "\n2," TRANSACTION "\n3," TRANSACTION "\n");
    assert_true(run(&f, FEATURES ROW "\n"));
    assert_false(prepare_figures(f.prepare)->has_key);
    end(&f);
}

static void defects_and_text_forms_are_left_to_cleaning(void **state)
{
    (void)state;
    gives("ID," FEATURES "7.0,\"2,000\",x,,1,2e1," TRANSACTION "\n8," ROW "\n",
          PROFILE_HEADER "7,\"2,000\",x,,1,2e1\n8," PROFILE "\n",
          TRANSACTION_HEADER "7," TRANSACTION "\n8," TRANSACTION "\n");
}

static void uci_sheet_with_two_header_lines_and_semicolons_is_understood(void **state)
{
    struct fixture f;
    char input[4096] =
        ";X1;X2;X3;X4;X5;X6;X7;X8;X9;X10;X11;X12;X13;X14;X15;X16;X17;X18;X19;X20;X21;"
        "X22;X23;Y\r\nID," FEATURES "7," ROW "\r\n";
    (void)state;
    for (char *c = input; *c != '\0'; c++) {
        *c = *c == ',' ? ';' : *c;
    }
    assert_true(run(&f, input));
    assert_string_equal(buf_text(&f.profiles), PROFILE_HEADER "7," PROFILE "\n");
    assert_string_equal(buf_text(&f.transactions), TRANSACTION_HEADER "7," TRANSACTION "\n");
    assert_int_equal(prepare_figures(f.prepare)->second_headers, 1);
    end(&f);
}

static void rows_that_cannot_be_split_are_quarantined(void **state)
{
    struct fixture f;
    (void)state;
    assert_true(
        run(&f, "ID," FEATURES "7," ROW "\nA," ROW "\n0," ROW "\n8," PROFILE "\n9," ROW "\n"));
    const struct prepare_figures *figures = prepare_figures(f.prepare);
    assert_int_equal(figures->rows_in, 5);
    assert_int_equal(figures->rows_out, 2);
    assert_int_equal(figures->reasons[REASON_CUSTOMER_ID], 2);
    assert_int_equal(figures->reasons[REASON_FIELD_COUNT], 1);
    assert_string_equal(buf_text(&f.quarantine),
                        "object,line,customer_id,reason,column,value,row\n"
                        "raw.csv,3,A,bad_customer_id,CUSTOMER_ID,A,\"A," ROW "\"\n"
                        "raw.csv,4,0,bad_customer_id,CUSTOMER_ID,0,\"0," ROW "\"\n"
                        "raw.csv,5,8,wrong_field_count,,,\"8," PROFILE "\"\n");
    struct json *json = prepare_report_json(figures);
    assert_int_equal(json_int_or(json_get(json, "quarantined"), "bad_customer_id", 0), 2);
    json_free(json);
    end(&f);
}

static void bytes_postgresql_would_refuse_become_replacement_characters(void **state)
{
    (void)state;
    gives("ID," FEATURES "7,\xff,2,2,1,24," TRANSACTION "\n",
          PROFILE_HEADER "7,\"\xef\xbf\xbd\",2,2,1,24\n", TRANSACTION_HEADER "7," TRANSACTION "\n");
}

static void is_refused(const char *input, const char *code, const char *part)
{
    struct fixture f;
    assert_false(run(&f, input));
    assert_string_equal(f.err.code, code);
    assert_non_null(strstr(f.err.message, part));
    end(&f);
}

static void unusable_inputs_fail_with_a_reason(void **state)
{
    (void)state;
    is_refused("ID," FEATURES "7," ROW "\n8," PROFILE, "truncated", "line 3");
    is_refused("", "empty_input", "raw.csv");
    is_refused("ID," FEATURES, "no_rows", "raw.csv: a header line and no data row");
    is_refused("ID," FEATURES "x," ROW "\n", "no_rows", "no usable data row");
    is_refused("ID,LIMIT_BAL\n1,2\n", "bad_header", "missing column SEX");
    is_refused("7," ROW "\n", "bad_header", "numbers where the header line must be");
    is_refused("PK\x03\x04"
               "0123456789abcdef",
               "not_csv", "raw.csv: not CSV");
}

static void a_failing_sink_ends_it(void **state)
{
    size_t left = 5;
    struct error err;
    (void)state;
    struct prepare_sinks sinks = {{NULL, NULL}, collect_failing_sink(&left), {NULL, NULL}};
    struct prepare *prepare = prepare_new(STR("raw.csv"), &sinks);
    assert_true(prepare_feed(prepare, STR("ID," FEATURES "7," ROW "\n"), &err));
    assert_false(prepare_finish(prepare, &err));
    assert_string_equal(err.code, "disk_full");
    prepare_free(prepare);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_split_under_standard_names),
        cmocka_unit_test(rows_without_an_id_are_numbered),
        cmocka_unit_test(defects_and_text_forms_are_left_to_cleaning),
        cmocka_unit_test(uci_sheet_with_two_header_lines_and_semicolons_is_understood),
        cmocka_unit_test(rows_that_cannot_be_split_are_quarantined),
        cmocka_unit_test(bytes_postgresql_would_refuse_become_replacement_characters),
        cmocka_unit_test(unusable_inputs_fail_with_a_reason),
        cmocka_unit_test(a_failing_sink_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
