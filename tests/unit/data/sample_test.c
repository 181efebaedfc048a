/* The sample: deterministic, a prefix of larger ones, resembling the real set after preparing,
 * cleaning and merging it like a real file. */
#include "core/base/digest.h"
#include "core/data/clean.h"
#include "core/data/merge.h"
#include "core/data/prepare.h"
#include "core/data/sample.h"
#include "tests/support/cmocka.h"
#include "tests/support/collect.h"

#include <string.h>

enum { ROWS = 30000 };

static void make(struct buf *out, uint64_t rows, uint64_t seed, uint64_t step)
{
    struct error err;
    struct sample_options options = {rows, seed};
    buf_init(out, 64u << 20);
    struct sample *sample = sample_new(&options, collect_sink(out));
    while (!sample_is_done(sample)) {
        assert_true(sample_run(sample, step, &err));
    }
    assert_int_equal(sample_bytes(sample), out->len);
    sample_free(sample);
}

static void same_seed_gives_the_same_bytes_in_any_steps(void **state)
{
    struct buf a;
    struct buf b;
    struct buf other;
    (void)state;
    make(&a, 2000, 5, 2000);
    make(&b, 2000, 5, 7);
    make(&other, 2000, 6, 2000);
    assert_string_equal(buf_text(&a), buf_text(&b));
    assert_string_not_equal(buf_text(&a), buf_text(&other));
    buf_done(&a);
    buf_done(&b);
    buf_done(&other);
}

static void a_small_sample_is_a_prefix_of_a_large_one(void **state)
{
    struct buf small;
    struct buf large;
    (void)state;
    make(&small, 100, 1, 100);
    make(&large, 3000, 1, 3000);
    assert_memory_equal(small.ptr, large.ptr, small.len);
    buf_done(&small);
    buf_done(&large);
}

static void bytes_never_change(void **state)
{
    char hex[DIGEST_HEX_SIZE];
    struct buf text;
    (void)state;
    make(&text, 1000, 1, 1000);
    digest_hex(buf_str(&text), hex);
    assert_string_equal(hex, "f640e374c80da3b95399ec021be6cda89d7a980a666d0b8dc69bef2cff4ec157");
    buf_done(&text);
}

static void a_failing_sink_ends_it(void **state)
{
    size_t left = 0;
    struct error err;
    struct sample_options options = {10, 1};
    (void)state;
    struct sample *sample = sample_new(&options, collect_failing_sink(&left));
    assert_false(sample_run(sample, 10, &err));
    assert_string_equal(err.code, "disk_full");
    sample_free(sample);
}

/* Everything a run does with the data, in memory. */
struct pipeline {
    struct buf raw;
    struct buf transactions;
    struct buf profiles;
    struct buf clean_transactions;
    struct buf clean_profiles;
    struct prepare *prepare;
    struct clean *transactions_clean;
    struct clean *profiles_clean;
    struct merge *merge;
};

static struct clean *clean_one(const struct clean_kind *kind, const struct buf *in, struct buf *out)
{
    bool needs_second_pass = true;
    struct error err = {.message = ""};
    struct clean_sinks sinks = {collect_sink(out), {NULL, NULL}};
    struct clean *clean = clean_new(kind, &sinks);
    clean_begin_object(clean, STR("object"));
    bool is_good = clean_feed(clean, buf_str(in), &err) && clean_end_object(clean, &err) &&
                   clean_finish(clean, &needs_second_pass, &err);
    assert_string_equal(err.message, "");
    assert_true(is_good);
    assert_false(needs_second_pass);
    return clean;
}

static void run_pipeline(struct pipeline *p)
{
    struct error err;
    struct split_options split = split_default_options();
    struct merge_options options = {.profiles_name = "p", .transactions_name = "t"};
    make(&p->raw, ROWS, 1, ROWS);
    buf_init(&p->transactions, 64u << 20);
    buf_init(&p->profiles, 64u << 20);
    buf_init(&p->clean_transactions, 64u << 20);
    buf_init(&p->clean_profiles, 64u << 20);
    struct prepare_sinks sinks = {
        collect_sink(&p->transactions), collect_sink(&p->profiles), {NULL, NULL}};
    p->prepare = prepare_new(STR("sample"), &sinks);
    assert_true(prepare_feed(p->prepare, buf_str(&p->raw), &err) &&
                prepare_finish(p->prepare, &err));
    p->transactions_clean =
        clean_one(&clean_transactions, &p->transactions, &p->clean_transactions);
    p->profiles_clean = clean_one(&clean_profiles, &p->profiles, &p->clean_profiles);
    assert_true(split_init(&options.split, &split, &err));
    p->merge = merge_new(&options);
    assert_true(merge_feed_profiles(p->merge, buf_str(&p->clean_profiles), &err) &&
                merge_end_profiles(p->merge, &err) &&
                merge_feed_transactions(p->merge, buf_str(&p->clean_transactions), &err) &&
                merge_finish(p->merge, &err));
}

static void end_pipeline(struct pipeline *p)
{
    prepare_free(p->prepare);
    clean_free(p->transactions_clean);
    clean_free(p->profiles_clean);
    merge_free(p->merge);
    buf_done(&p->raw);
    buf_done(&p->transactions);
    buf_done(&p->profiles);
    buf_done(&p->clean_transactions);
    buf_done(&p->clean_profiles);
}

static void defects_come_at_the_documented_rates(void **state)
{
    struct pipeline p;
    (void)state;
    run_pipeline(&p);
    const struct report *transactions = clean_report(p.transactions_clean);
    const struct report *profiles = clean_report(p.profiles_clean);
    const struct merge_figures *merged = merge_figures(p.merge);
    assert_int_equal(merged->final_set.rows, ROWS);
    assert_int_equal(transactions->rows_quarantined + profiles->rows_quarantined, 0);
    assert_in_range(merged->final_set.positives, 6300, 6950);                      /* 6,636 */
    assert_in_range(profiles->defects[DEFECT_EDUCATION_0], 4, 28);                 /* 14 */
    assert_in_range(profiles->defects[DEFECT_EDUCATION_5], 220, 340);              /* 280 */
    assert_in_range(profiles->defects[DEFECT_EDUCATION_6], 28, 75);                /* 51 */
    assert_in_range(profiles->defects[DEFECT_MARRIAGE_0], 30, 80);                 /* 54 */
    assert_in_range(transactions->defects[DEFECT_PAY_NO_CONSUMPTION], 2600, 2950); /* 2,759 */
    assert_in_range(transactions->defects[DEFECT_PAY_REVOLVING], 14300, 15500);    /* 14,737 */
    assert_in_range(transactions->defects[DEFECT_NEGATIVE_BILL], 1700, 2100);      /* 1,930 */
    assert_in_range(transactions->defects[DEFECT_INACTIVE], 700, 900);             /* 795 */
    assert_in_range(transactions->defects[DEFECT_INACTIVE_DEFAULT], 230, 360);     /* 299 */
    assert_in_range(merged->bill_above_limit, 1950, 2300);                         /* 2,115 */
    assert_in_range(merged->repeated_rows, 10, 80);                                /* 35 */
    assert_in_range(merged->conflicting_groups, 4, 50);                            /* 21 */
    assert_in_range(profiles->forms[NUMBER_FORM_EXPONENT], 3800, 4500);            /* 4,150 */
    end_pipeline(&p);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_seed_gives_the_same_bytes_in_any_steps),
        cmocka_unit_test(a_small_sample_is_a_prefix_of_a_large_one),
        cmocka_unit_test(bytes_never_change),
        cmocka_unit_test(a_failing_sink_ends_it),
        cmocka_unit_test(defects_come_at_the_documented_rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
