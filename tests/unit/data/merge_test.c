/* The join: rows out, unmatched keys, parts, figures, what is not a cleaned input. */
#include "core/data/merge.h"
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
#define MIDDLE "2,-1,0,0,0,9,3913,-31,689,0,0,0,0,689,0,0,0,5"

enum { OUT_FINAL, OUT_TRAIN, OUT_VALIDATION, OUT_TEST, OUT_QUARANTINE, OUT_COUNT };

struct fixture {
    struct buf outs[OUT_COUNT];
    struct merge *merge;
    struct error err;
};

static void begin(struct fixture *f, bool is_split)
{
    struct split_options split = split_default_options();
    *f = (struct fixture){.merge = NULL};
    split.is_enabled = is_split;
    for (int i = 0; i < OUT_COUNT; i++) {
        buf_init(&f->outs[i], 64u << 20);
    }
    struct merge_options options = {
        .final_set = collect_sink(&f->outs[OUT_FINAL]),
        .parts = {collect_sink(&f->outs[OUT_TRAIN]), collect_sink(&f->outs[OUT_VALIDATION]),
                  collect_sink(&f->outs[OUT_TEST])},
        .quarantine = collect_sink(&f->outs[OUT_QUARANTINE]),
        .profiles_name = "p.csv",
        .transactions_name = "t.csv",
    };
    assert_true(split_init(&options.split, &split, &f->err));
    f->merge = merge_new(&options);
}

static void end(struct fixture *f)
{
    merge_free(f->merge);
    for (int i = 0; i < OUT_COUNT; i++) {
        buf_done(&f->outs[i]);
    }
}

static bool run(struct fixture *f, const char *profiles, const char *transactions)
{
    return merge_feed_profiles(f->merge, str_from(profiles), &f->err) &&
           merge_end_profiles(f->merge, &f->err) &&
           merge_feed_transactions(f->merge, str_from(transactions), &f->err) &&
           merge_finish(f->merge, &f->err);
}

static void label_comes_first_and_the_key_is_gone(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, false);
    assert_true(run(&f, PROFILE_HEADER "7,1000000000000,2,4,3,120\n8,1,1,1,1,18\n",
                    TRANSACTION_HEADER "7," MIDDLE ",1\n8," MIDDLE ",0\n"));
    assert_string_equal(buf_text(&f.outs[OUT_FINAL]),
                        "1,1000000000000,2,4,3,120," MIDDLE "\n0,1,1,1,1,18," MIDDLE "\n");
    assert_string_equal(buf_text(&f.outs[OUT_TRAIN]), buf_text(&f.outs[OUT_FINAL]));
    assert_string_equal(buf_text(&f.outs[OUT_TEST]), buf_text(&f.outs[OUT_FINAL]));
    assert_int_equal(f.outs[OUT_VALIDATION].len, 0);
    assert_int_equal(merge_figures(f.merge)->bill_above_limit, 1);
    end(&f);
}

static void keys_of_one_side_only_are_quarantined(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, false);
    assert_true(run(&f, PROFILE_HEADER "9,20000,2,2,1,24\n1,50000,1,1,2,30\n",
                    TRANSACTION_HEADER "1," MIDDLE ",0\n5," MIDDLE ",1\n"));
    assert_string_equal(buf_text(&f.outs[OUT_FINAL]), "0,50000,1,1,2,30," MIDDLE "\n");
    assert_string_equal(buf_text(&f.outs[OUT_QUARANTINE]),
                        "object,line,customer_id,reason,column,value,row\n"
                        "t.csv,3,5,no_profile,,,\"5," MIDDLE ",1\"\n"
                        "p.csv,,9,no_transaction,,,\"9,20000,2,2,1,24\"\n");
    const struct merge_figures *figures = merge_figures(f.merge);
    assert_int_equal(figures->profiles_unmatched, 1);
    assert_int_equal(figures->transactions_unmatched, 1);
    assert_int_equal(figures->transactions_in, 2);
    struct figures expected = merge_expected_figures(figures);
    assert_true(expected.values[EXPECTED_ROWS] == 1);
    assert_true(expected.values[EXPECTED_UNMATCHED_SHARE] > 0.66 &&
                expected.values[EXPECTED_UNMATCHED_SHARE] < 0.67);
    end(&f);
}

/* A file of `count` customers from `first` in steps of `step` (mod a prime: any order). */
static char *many(bool is_profile, int count, int step)
{
    struct buf text;
    buf_init(&text, 64u << 20);
    buf_append_text(&text, is_profile ? PROFILE_HEADER : TRANSACTION_HEADER);
    for (int i = 1; i <= count; i++) {
        int key = (int)((long long)i * step % 10007);
        if (is_profile) {
            buf_printf(&text, "%d,%d,1,2,3,%d\n", key, key * 100, 20 + key % 50);
        } else {
            buf_printf(&text, "%d,0,0,0,0,0,0,%d,2,3,4,5,6,7,8,9,10,11,12,%d\n", key, key,
                       key % 4 == 0);
        }
    }
    return buf_take(&text);
}

static void order_of_the_inputs_does_not_matter(void **state)
{
    static const int steps[][2] = {{1, 1}, {1, 4999}, {4999, 1}, {17, 17}, {17, 9001}};
    char first_digest[KEY_DIGEST_TEXT_SIZE] = "";
    (void)state;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct fixture f;
        char digest[KEY_DIGEST_TEXT_SIZE];
        char *profiles = many(true, 10006, steps[i][0]);
        char *transactions = many(false, 10006, steps[i][1]);
        begin(&f, true);
        assert_true(run(&f, profiles, transactions));
        const struct merge_figures *figures = merge_figures(f.merge);
        assert_int_equal(figures->final_set.rows, 10006);
        assert_int_equal(figures->final_set.positives, 2501);
        assert_int_equal(figures->profiles_unmatched + figures->transactions_unmatched, 0);
        key_digest_text(&figures->matched_keys, digest);
        if (i == 0) {
            strcpy(first_digest, digest); // NOLINT(clang-analyzer-security.insecureAPI.strcpy)
        }
        assert_string_equal(digest, first_digest);
        end(&f);
        free(profiles);
        free(transactions);
    }
}

static void parts_hold_each_row_once_in_their_shares(void **state)
{
    struct fixture f;
    char *profiles = many(true, 10006, 1);
    char *transactions = many(false, 10006, 1);
    (void)state;
    begin(&f, true);
    assert_true(run(&f, profiles, transactions));
    const struct merge_figures *figures = merge_figures(f.merge);
    const struct merge_part *parts = figures->parts;
    assert_int_equal(
        parts[SPLIT_TRAIN].rows + parts[SPLIT_VALIDATION].rows + parts[SPLIT_TEST].rows, 10006);
    assert_in_range(parts[SPLIT_TRAIN].rows, 6850, 7150);
    assert_in_range(parts[SPLIT_VALIDATION].rows, 1400, 1600);
    assert_int_equal(f.outs[OUT_TRAIN].len + f.outs[OUT_VALIDATION].len + f.outs[OUT_TEST].len,
                     f.outs[OUT_FINAL].len);
    assert_int_equal(parts[SPLIT_TEST].bytes, f.outs[OUT_TEST].len);
    end(&f);
    free(profiles);
    free(transactions);
}

static void repeated_features_and_conflicting_labels_are_counted(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f, true);
    assert_true(run(&f,
                    PROFILE_HEADER
                    "1,5,1,1,1,20\n2,5,1,1,1,20\n3,5,1,1,1,20\n4,5,1,1,1,20\n5,5,1,1,1,21\n"
                    "6,5,1,1,1,21\n",
                    TRANSACTION_HEADER "1," MIDDLE ",0\n2," MIDDLE ",0\n3," MIDDLE ",1\n4," MIDDLE
                                       ",0\n5," MIDDLE ",1\n6," MIDDLE ",1\n"));
    assert_int_equal(merge_figures(f.merge)->repeated_rows, 3);
    assert_int_equal(merge_figures(f.merge)->conflicting_groups, 1);
    struct json *json = merge_report_json(merge_figures(f.merge));
    assert_int_equal(json_int_or(json, "repeated_rows", 0), 3);
    assert_int_equal(json_int_or(json_path(json, "final"), "rows", 0), 6);
    json_free(json);
    end(&f);
}

static void is_refused(const char *profiles, const char *transactions, const char *code,
                       const char *part)
{
    struct fixture f;
    begin(&f, true);
    assert_false(run(&f, profiles, transactions));
    assert_string_equal(f.err.code, code);
    assert_non_null(strstr(f.err.message, part));
    end(&f);
}

static void inputs_that_were_not_cleaned_are_refused(void **state)
{
    static const char good_profile[] = PROFILE_HEADER "1,5,1,1,1,20\n";
    static const char good_transaction[] = TRANSACTION_HEADER "1," MIDDLE ",0\n";
    (void)state;
    is_refused(PROFILE_HEADER "1,5,1,5,1,20\n", good_transaction, "not_cleaned",
               "p.csv: line 2: EDUCATION");
    is_refused(PROFILE_HEADER "1,5.0,1,1,1,20\n", good_transaction, "not_cleaned",
               "p.csv: line 2: LIMIT_BAL");
    is_refused(PROFILE_HEADER "1,5,1,1,1\n", good_transaction, "not_cleaned",
               "p.csv: line 2: 5 fields, not 6");
    is_refused(PROFILE_HEADER "1,5,1,1,1,20\n1,5,1,1,1,20\n", good_transaction, "not_cleaned",
               "p.csv: CUSTOMER_ID 1 twice");
    is_refused(good_profile, TRANSACTION_HEADER "1," MIDDLE ",2\n", "not_cleaned",
               "t.csv: line 2: DEFAULT_PAYMENT_NEXT_MONTH");
    is_refused(good_profile, TRANSACTION_HEADER "1," MIDDLE ",0\n1," MIDDLE ",0\n", "not_cleaned",
               "t.csv: line 3: CUSTOMER_ID 1 a second time");
    is_refused(good_profile, TRANSACTION_HEADER "2," MIDDLE ",0\n", "no_rows",
               "share no CUSTOMER_ID");
    is_refused("", good_transaction, "empty_input", "p.csv");
    is_refused(good_profile, "", "empty_input", "t.csv");
}

static void a_failing_sink_ends_the_merge(void **state)
{
    (void)state;
    for (int failing = 0; failing < 3; failing++) {
        size_t left = 10;
        struct error err = {.message = ""};
        struct split_options split = split_default_options();
        struct merge_options options = {.profiles_name = "p.csv", .transactions_name = "t.csv"};
        struct sink *sinks[] = {&options.final_set, &options.parts[SPLIT_TRAIN],
                                &options.quarantine};
        *sinks[failing] = collect_failing_sink(&left);
        assert_true(split_init(&options.split, &split, &err));
        struct merge *merge = merge_new(&options);
        char *profiles = many(true, 10006, 1);
        char *transactions = many(false, 9000, 1);
        bool is_good = merge_feed_profiles(merge, str_from(profiles), &err) &&
                       merge_end_profiles(merge, &err) &&
                       merge_feed_transactions(merge, str_from(transactions), &err) &&
                       merge_finish(merge, &err);
        assert_false(is_good);
        assert_string_equal(err.code, "disk_full");
        merge_free(merge);
        free(profiles);
        free(transactions);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(label_comes_first_and_the_key_is_gone),
        cmocka_unit_test(keys_of_one_side_only_are_quarantined),
        cmocka_unit_test(order_of_the_inputs_does_not_matter),
        cmocka_unit_test(parts_hold_each_row_once_in_their_shares),
        cmocka_unit_test(repeated_features_and_conflicting_labels_are_counted),
        cmocka_unit_test(inputs_that_were_not_cleaned_are_refused),
        cmocka_unit_test(a_failing_sink_ends_the_merge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
