/* Cleaning: every rule of the data contract, quarantine, repeated customers, objects, failures. */
#include "core/data/clean.h"
#include "tests/support/cmocka.h"
#include "tests/support/collect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROFILE_HEADER "CUSTOMER_ID,LIMIT_BAL,SEX,EDUCATION,MARRIAGE,AGE\n"
#define TRANSACTION_HEADER                                                                         \
    "CUSTOMER_ID,PAY_0,PAY_2,PAY_3,PAY_4,PAY_5,PAY_6,BILL_AMT1,BILL_AMT2,BILL_AMT3,BILL_AMT4,"     \
    "BILL_AMT5,BILL_AMT6,PAY_AMT1,PAY_AMT2,PAY_AMT3,PAY_AMT4,PAY_AMT5,PAY_AMT6,"                   \
    "DEFAULT_PAYMENT_NEXT_MONTH\n"
#define QUARANTINE_HEADER "object,line,customer_id,reason,column,value,row\n"

/* Long enough for the short path: the last line of an input always goes the careful way. */
#define PAD "1000001,20000,2,2,1,24\n1000002,20000,2,2,1,24\n"

struct fixture {
    struct buf cleaned;
    struct buf quarantine;
    struct clean *clean;
    bool needs_second_pass;
    struct error err;
};

static void begin(struct fixture *f, const struct clean_kind *kind)
{
    *f = (struct fixture){.clean = NULL};
    buf_init(&f->cleaned, 64u << 20);
    buf_init(&f->quarantine, 64u << 20);
    struct clean_sinks sinks = {collect_sink(&f->cleaned), collect_sink(&f->quarantine)};
    f->clean = clean_new(kind, &sinks);
}

static void end(struct fixture *f)
{
    clean_free(f->clean);
    buf_done(&f->cleaned);
    buf_done(&f->quarantine);
}

static bool feed_object(struct fixture *f, const char *name, const char *text)
{
    clean_begin_object(f->clean, str_from(name));
    return clean_feed(f->clean, str_from(text), &f->err) && clean_end_object(f->clean, &f->err);
}

static void feed_all(struct fixture *f, const char *text)
{
    bool is_good = feed_object(f, "source/a.csv", text) &&
                   clean_finish(f->clean, &f->needs_second_pass, &f->err);
    assert_string_equal(f->err.message, "");
    assert_true(is_good);
}

static void restart(struct fixture *f)
{
    struct clean_sinks sinks = {collect_sink(&f->cleaned), collect_sink(&f->quarantine)};
    assert_true(f->needs_second_pass);
    buf_reset(&f->cleaned);
    buf_reset(&f->quarantine);
    clean_restart(f->clean, &sinks);
}

/* Rows in, cleaned rows and quarantined rows out (headers left out), both passes when needed. */
static void cleans(const struct clean_kind *kind, const char *header, const char *rows,
                   const char *cleaned, const char *quarantined)
{
    struct fixture f;
    char *text = NULL;
    assert_true(asprintf(&text, "%s%s", header, rows) > 0);
    begin(&f, kind);
    feed_all(&f, text);
    if (f.needs_second_pass) {
        restart(&f);
        feed_all(&f, text);
        assert_false(f.needs_second_pass);
    }
    const char *out = strchr(buf_text(&f.cleaned), '\n') + 1;
    const struct report *report = clean_report(f.clean);
    assert_string_equal(out, cleaned);
    assert_string_equal(buf_text(&f.quarantine) + strlen(QUARANTINE_HEADER), quarantined);
    assert_int_equal(report->rows_in,
                     report->rows_out + report->rows_quarantined + report->rows_repeated);
    assert_int_equal(report->bytes_out, f.cleaned.len);
    assert_int_equal(clean_quarantine_bytes(f.clean), f.quarantine.len);
    free(text);
    end(&f);
}

static void undocumented_codes_are_mapped(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, &clean_profiles);
    feed_all(&f, PROFILE_HEADER
             "1,20000,2,0,1,24\n2,20000,2,5,0,24\n3,20000,2,6,0,24\n4,20000,1,4,3,24\n");
    assert_string_equal(buf_text(&f.cleaned), PROFILE_HEADER
                        "1,20000,2,4,1,24\n2,20000,2,4,3,24\n3,20000,2,4,3,24\n4,20000,1,4,3,24\n");
    const struct report *report = clean_report(f.clean);
    assert_int_equal(report->defects[DEFECT_EDUCATION_0], 1);
    assert_int_equal(report->defects[DEFECT_EDUCATION_5], 1);
    assert_int_equal(report->defects[DEFECT_EDUCATION_6], 1);
    assert_int_equal(report->defects[DEFECT_MARRIAGE_0], 2);
    end(&f);
}

static void values_outside_their_domain_are_quarantined_with_the_reason(void **state)
{
    static const struct {
        const char *row;
        const char *entry;
    } cases[] = {
        {"5,20000,3,2,1,24", "source/a.csv,2,5,unknown_code,SEX,3,\"5,20000,3,2,1,24\"\n"},
        {"5,20000,2,7,1,24", "source/a.csv,2,5,unknown_code,EDUCATION,7,\"5,20000,2,7,1,24\"\n"},
        {"5,20000,2,2,4,24", "source/a.csv,2,5,unknown_code,MARRIAGE,4,\"5,20000,2,2,4,24\"\n"},
        {"5,20000,2,2,1,17", "source/a.csv,2,5,outside_domain,AGE,17,\"5,20000,2,2,1,17\"\n"},
        {"5,20000,2,2,1,121", "source/a.csv,2,5,outside_domain,AGE,121,\"5,20000,2,2,1,121\"\n"},
        {"5,0,2,2,1,24", "source/a.csv,2,5,outside_domain,LIMIT_BAL,0,\"5,0,2,2,1,24\"\n"},
        {"5,,2,2,1,24", "source/a.csv,2,5,missing_value,LIMIT_BAL,,\"5,,2,2,1,24\"\n"},
        {"5,NA,2,2,1,24", "source/a.csv,2,5,missing_value,LIMIT_BAL,NA,\"5,NA,2,2,1,24\"\n"},
        {"5,x,2,2,1,24", "source/a.csv,2,5,not_a_number,LIMIT_BAL,x,\"5,x,2,2,1,24\"\n"},
        {"5,1.5,2,2,1,24", "source/a.csv,2,5,not_integer,LIMIT_BAL,1.5,\"5,1.5,2,2,1,24\"\n"},
        {"5,1e40,2,2,1,24", "source/a.csv,2,5,too_large,LIMIT_BAL,1e40,\"5,1e40,2,2,1,24\"\n"},
        {"0,20000,2,2,1,24",
         "source/a.csv,2,0,bad_customer_id,CUSTOMER_ID,0,\"0,20000,2,2,1,24\"\n"},
        {"-5,20000,2,2,1,24",
         "source/a.csv,2,-5,bad_customer_id,CUSTOMER_ID,-5,\"-5,20000,2,2,1,24\"\n"},
        {"A7,20000,2,2,1,24",
         "source/a.csv,2,A7,bad_customer_id,CUSTOMER_ID,A7,\"A7,20000,2,2,1,24\"\n"},
        {",20000,2,2,1,24", "source/a.csv,2,,bad_customer_id,CUSTOMER_ID,,\",20000,2,2,1,24\"\n"},
        {"5,20000,2,2,1", "source/a.csv,2,5,wrong_field_count,,,\"5,20000,2,2,1\"\n"},
        {"5,20000,2,2,1,24,9", "source/a.csv,2,5,wrong_field_count,,,\"5,20000,2,2,1,24,9\"\n"},
        {"5,\"20000\"0,2,2,1,24", "source/a.csv,2,5,bad_quoting,,,\"5,\"\"20000\"\"0,2,2,1,24\"\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char rows[256];
        snprintf(rows, sizeof(rows), "%s\n" PAD, cases[i].row);
        cleans(&clean_profiles, PROFILE_HEADER, rows, PAD, cases[i].entry);
    }
}

static void text_forms_are_normalised_and_counted(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, &clean_profiles);
    feed_all(&f,
             PROFILE_HEADER "1,2.00E+05,2,2,1,24\n2,\"1,000\", 2,2.0,1,+24\n\n3,20000,2,2,1,24");
    assert_string_equal(buf_text(&f.cleaned),
                        PROFILE_HEADER "1,200000,2,2,1,24\n2,1000,2,2,1,24\n3,20000,2,2,1,24\n");
    const struct report *report = clean_report(f.clean);
    assert_int_equal(report->forms[NUMBER_FORM_EXPONENT], 1);
    assert_int_equal(report->forms[NUMBER_FORM_THOUSANDS], 1);
    assert_int_equal(report->forms[NUMBER_FORM_BLANKS], 1);
    assert_int_equal(report->forms[NUMBER_FORM_DECIMALS], 2);
    assert_int_equal(report->forms[NUMBER_FORM_PLUS], 1);
    assert_int_equal(report->blank_lines, 1);
    end(&f);
}

static void any_column_order_and_delimiter_come_out_canonical(void **state)
{
    (void)state;
    cleans(&clean_profiles, "AGE;MARRIAGE;EDUCATION;SEX;LIMIT_BAL;ID\r\n",
           "24;1;2;2;20000;1\r\n30;2;3;1;50000;2\r\n30;2;3;1;50000;3\r\n",
           "1,20000,2,2,1,24\n2,50000,1,3,2,30\n3,50000,1,3,2,30\n", "");
}

static void a_second_header_line_is_skipped_and_counted(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, &clean_profiles);
    feed_all(&f, ",X1,X2,X3,X4,X5\nID,LIMIT_BAL,SEX,EDUCATION,MARRIAGE,AGE\n1,20000,2,2,1,24\n");
    assert_string_equal(buf_text(&f.cleaned), PROFILE_HEADER "1,20000,2,2,1,24\n");
    assert_int_equal(clean_report(f.clean)->second_headers, 1);
    end(&f);
    begin(&f, &clean_profiles);
    assert_false(
        feed_object(&f, "a.csv", ",X1,X2,X3,X4,X5\nID,SEX,LIMIT_BAL,EDUCATION,MARRIAGE,AGE\n"));
    assert_string_equal(f.err.code, "bad_header");
    assert_non_null(strstr(f.err.message, "a.csv: line 2"));
    end(&f);
}

static void transactions_keep_their_oddities_and_count_them(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, &clean_transactions);
    feed_all(&f, TRANSACTION_HEADER "1,-2,-2,-2,-2,-2,-2,0,0,0,0,0,0,0,0,0,0,0,0,1\n"
                                    "2,-2,-2,-2,-2,-2,-2,0,0,0,0,0,0,0,0,0,0,0,0,0\n"
                                    "3,0,9,-1,0,0,0,-339603,-5,0,0,0,0,1,0,0,0,0,0,1\n"
                                    "4,0,0,0,0,0,0,5,0,0,0,0,-1,1,0,0,0,0,0,0\n");
    const struct report *report = clean_report(f.clean);
    assert_int_equal(report->rows_out, 4);
    assert_int_equal(report->positives, 2);
    assert_int_equal(report->defects[DEFECT_INACTIVE], 2);
    assert_int_equal(report->defects[DEFECT_INACTIVE_DEFAULT], 1);
    assert_int_equal(report->defects[DEFECT_NEGATIVE_BILL], 2);
    assert_int_equal(report->defects[DEFECT_PAY_NO_CONSUMPTION], 2);
    assert_int_equal(report->defects[DEFECT_PAY_REVOLVING], 2);
    struct figures figures = report_expected_figures(report);
    assert_true(figures.values[EXPECTED_LABEL_RATE] == 0.5);
    end(&f);
}

static void transaction_values_have_their_domains(void **state)
{
#define GOOD "7,0,0,0,0,0,0,1,1,1,1,1,1,1,1,1,1,1,1,0\n"
    (void)state;
    cleans(&clean_transactions, TRANSACTION_HEADER,
           "5,10,0,0,0,0,0,1,1,1,1,1,1,1,1,1,1,1,1,0\n" GOOD, GOOD,
           "source/a.csv,2,5,unknown_code,PAY_0,10,\"5,10,0,0,0,0,0,1,1,1,1,1,1,1,1,1,1,1,1,0\"\n");
    cleans(&clean_transactions, TRANSACTION_HEADER,
           "5,0,0,-3,0,0,0,1,1,1,1,1,1,1,1,1,1,1,1,0\n" GOOD, GOOD,
           "source/a.csv,2,5,unknown_code,PAY_3,-3,\"5,0,0,-3,0,0,0,1,1,1,1,1,1,1,1,1,1,1,1,0\"\n");
    cleans(&clean_transactions, TRANSACTION_HEADER,
           "5,0,0,0,0,0,0,1,1,1,1,1,1,1,-1,1,1,1,1,0\n" GOOD, GOOD,
           "source/"
           "a.csv,2,5,outside_domain,PAY_AMT2,-1,\"5,0,0,0,0,0,0,1,1,1,1,1,1,1,-1,1,1,1,1,0\"\n");
    cleans(&clean_transactions, TRANSACTION_HEADER,
           "5,0,0,0,0,0,0,1,1,1,1,1,1,1,1,1,1,1,1,2\n" GOOD, GOOD,
           "source/a.csv,2,5,bad_label,DEFAULT_PAYMENT_NEXT_MONTH,2,"
           "\"5,0,0,0,0,0,0,1,1,1,1,1,1,1,1,1,1,1,1,2\"\n");
    cleans(&clean_transactions, TRANSACTION_HEADER,
           "5,0,0,0,0,0,0,1,1,1,1,1,1,1,1,1,1,1,1,yes\n" GOOD, GOOD,
           "source/a.csv,2,5,bad_label,DEFAULT_PAYMENT_NEXT_MONTH,yes,"
           "\"5,0,0,0,0,0,0,1,1,1,1,1,1,1,1,1,1,1,1,yes\"\n");
}

static void identical_rows_of_a_customer_are_kept_once(void **state)
{
    struct fixture f;
    static const char text[] =
        PROFILE_HEADER "3,20000,2,2,1,24\n1,50000,1,1,2,30\n3,2.00E+04,2,2,1,24\n" PAD;
    (void)state;
    begin(&f, &clean_profiles);
    feed_all(&f, text);
    restart(&f);
    feed_all(&f, text);
    assert_string_equal(buf_text(&f.cleaned),
                        PROFILE_HEADER "3,20000,2,2,1,24\n1,50000,1,1,2,30\n" PAD);
    assert_int_equal(clean_report(f.clean)->rows_repeated, 1);
    assert_int_equal(clean_report(f.clean)->rows_in, 5);
    assert_int_equal(clean_report(f.clean)->object_count, 1);
    end(&f);
}

static void conflicting_rows_of_a_customer_are_all_quarantined(void **state)
{
    (void)state;
    cleans(&clean_profiles, PROFILE_HEADER,
           "3,20000,2,2,1,24\n1,50000,1,1,2,30\n3,20000,2,2,1,25\n3,20000,2,2,1,24\n" PAD,
           "1,50000,1,1,2,30\n" PAD,
           "source/a.csv,2,3,conflicting_duplicate,CUSTOMER_ID,3,\"3,20000,2,2,1,24\"\n"
           "source/a.csv,4,3,conflicting_duplicate,CUSTOMER_ID,3,\"3,20000,2,2,1,25\"\n"
           "source/a.csv,5,3,conflicting_duplicate,CUSTOMER_ID,3,\"3,20000,2,2,1,24\"\n");
}

static void unsorted_but_distinct_customers_need_one_pass(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, &clean_profiles);
    feed_all(&f, PROFILE_HEADER "9,20000,2,2,1,24\n1,50000,1,1,2,30\n");
    assert_false(f.needs_second_pass);
    end(&f);
}

static void repeated_customers_are_found_across_objects(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, &clean_profiles);
    for (int pass = 0; pass < 2; pass++) {
        assert_true(feed_object(&f, "a.csv", PROFILE_HEADER "1,20000,2,2,1,24\n"));
        assert_true(feed_object(&f, "b.csv",
                                "ID\tAGE\tSEX\tEDUCATION\tMARRIAGE\tLIMIT_BAL\n"
                                "2\t30\t1\t1\t1\t5\n1\t24\t2\t2\t1\t20000\n"));
        assert_true(clean_finish(f.clean, &f.needs_second_pass, &f.err));
        if (pass == 0) {
            restart(&f);
        }
    }
    const struct report *report = clean_report(f.clean);
    assert_string_equal(buf_text(&f.cleaned), PROFILE_HEADER "1,20000,2,2,1,24\n2,5,1,1,1,30\n");
    assert_int_equal(report->object_count, 2);
    assert_string_equal(report->objects[1].name, "b.csv");
    assert_int_equal(report->objects[1].rows_in, 2);
    assert_int_equal(report->objects[1].rows_out, 1);
    assert_int_equal(report->renamed_columns, 1);
    end(&f);
}

static void short_and_careful_path_agree_on_many_rows(void **state)
{
    struct buf plain;
    struct buf quoted;
    struct fixture f;
    (void)state;
    buf_init(&plain, 4u << 20);
    buf_init(&quoted, 8u << 20);
    buf_append_text(&plain, PROFILE_HEADER);
    buf_append_text(&quoted, PROFILE_HEADER);
    for (int i = 1; i < 20000; i++) {
        buf_printf(&plain, "%d,%d,%d,%d,%d,%d\n", i, i * 10, i % 2 + 1, i % 4 + 1, i % 3 + 1,
                   18 + i % 90);
        buf_printf(&quoted, "\"%d\",%d,%d,%d,%d,%d\r\n", i, i * 10, i % 2 + 1, i % 4 + 1, i % 3 + 1,
                   18 + i % 90);
    }
    begin(&f, &clean_profiles);
    feed_all(&f, buf_text(&plain));
    assert_string_equal(buf_text(&f.cleaned), buf_text(&plain));
    end(&f);
    begin(&f, &clean_profiles);
    feed_all(&f, buf_text(&quoted));
    assert_string_equal(buf_text(&f.cleaned), buf_text(&plain));
    end(&f);
    buf_done(&plain);
    buf_done(&quoted);
}

static void is_bad_object(const char *text, const char *code, const char *part)
{
    struct fixture f;
    begin(&f, &clean_profiles);
    bool is_good = feed_object(&f, "source/a.csv", text) &&
                   clean_finish(f.clean, &f.needs_second_pass, &f.err);
    assert_false(is_good);
    assert_string_equal(f.err.code, code);
    assert_non_null(strstr(f.err.message, part));
    end(&f);
}

static void unusable_objects_fail_with_name_and_place(void **state)
{
    (void)state;
    is_bad_object("", "empty_input", "source/a.csv: the input is empty");
    is_bad_object(PROFILE_HEADER, "no_rows", "no data rows in 1 objects");
    is_bad_object("1,20000,2,2,1,24\n2,20000,2,2,1,24\n", "bad_header",
                  "line 1: numbers where the header");
    is_bad_object("CUSTOMER_ID,LIMIT_BAL\n1,2\n", "bad_header", "missing column SEX");
    is_bad_object(PROFILE_HEADER "1,20000,2,2,1,24\n2,\"20000,2,2,1,24\n", "truncated",
                  "source/a.csv: line 3");
}

static void a_failing_sink_ends_the_cleaning(void **state)
{
    struct error err = {.message = ""};
    (void)state;
    for (size_t space = 0; space < 700000; space += 300000) {
        size_t left = space;
        bool needs_second_pass = false;
        struct clean_sinks sinks = {collect_failing_sink(&left), {NULL, NULL}};
        struct clean *clean = clean_new(&clean_profiles, &sinks);
        char rows[50000];
        size_t len = 0;
        while (len < sizeof(rows) - 64) {
            len += (size_t)snprintf(rows + len, sizeof(rows) - len, "1,20000,2,2,1,24\n");
        }
        clean_begin_object(clean, STR("a.csv"));
        bool is_good = clean_feed(clean, STR(PROFILE_HEADER), &err);
        for (int i = 0; is_good && i < 100; i++) {
            is_good = clean_feed(clean, (struct str){rows, len}, &err);
        }
        is_good = is_good && clean_end_object(clean, &err) &&
                  clean_finish(clean, &needs_second_pass, &err);
        assert_false(is_good);
        assert_string_equal(err.code, "disk_full");
        clean_free(clean);
    }
}

static void the_report_reads_as_json(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, &clean_profiles);
    feed_all(&f, PROFILE_HEADER "1,2e4,2,0,1,24\n2,x,2,5,0,24\n");
    struct json *json = report_json(clean_report(f.clean));
    assert_string_equal(json_text_or(json, "kind", ""), "clean_profiles");
    assert_int_equal(json_int_or(json, "rows_in", 0), 2);
    assert_int_equal(json_int_or(json_get(json, "quarantined"), "not_a_number", 0), 1);
    assert_int_equal(json_int_or(json_get(json, "normalised"), "exponent", 0), 1);
    assert_int_equal(json_int_or(json_get(json, "defects"), "education_0_to_4", 0), 1);
    assert_null(json_get(json_get(json, "defects"), "education_5_to_4"));
    assert_null(json_get(json, "positives"));
    assert_string_equal(json_text_or(json_at(json_get(json, "objects"), 0), "name", ""),
                        "source/a.csv");
    json_free(json);
    end(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(undocumented_codes_are_mapped),
        cmocka_unit_test(values_outside_their_domain_are_quarantined_with_the_reason),
        cmocka_unit_test(text_forms_are_normalised_and_counted),
        cmocka_unit_test(any_column_order_and_delimiter_come_out_canonical),
        cmocka_unit_test(a_second_header_line_is_skipped_and_counted),
        cmocka_unit_test(transactions_keep_their_oddities_and_count_them),
        cmocka_unit_test(transaction_values_have_their_domains),
        cmocka_unit_test(identical_rows_of_a_customer_are_kept_once),
        cmocka_unit_test(conflicting_rows_of_a_customer_are_all_quarantined),
        cmocka_unit_test(unsorted_but_distinct_customers_need_one_pass),
        cmocka_unit_test(repeated_customers_are_found_across_objects),
        cmocka_unit_test(short_and_careful_path_agree_on_many_rows),
        cmocka_unit_test(unusable_objects_fail_with_name_and_place),
        cmocka_unit_test(a_failing_sink_ends_the_cleaning),
        cmocka_unit_test(the_report_reads_as_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
