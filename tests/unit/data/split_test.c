/* The split is stable for ever, follows its fractions, and refuses nonsense. */
#include "core/data/split.h"
#include "tests/support/cmocka.h"

#include <math.h>

static void parts_of_known_customers_never_change(void **state)
{
    struct split_options options = split_default_options();
    struct split split;
    struct error err;
    unsigned long long signature = 0;
    (void)state;
    assert_true(split_init(&split, &options, &err));
    for (uint64_t id = 1; id <= 30; id++) {
        signature = signature * 3 + split_part(&split, id);
    }
    assert_true(signature == 49456814458212u);
}

static void seed_changes_the_parts(void **state)
{
    struct split_options options = split_default_options();
    struct split a;
    struct split b;
    struct error err;
    int different = 0;
    (void)state;
    assert_true(split_init(&a, &options, &err));
    options.seed = 1;
    assert_true(split_init(&b, &options, &err));
    for (uint64_t id = 1; id <= 1000; id++) {
        different += split_part(&a, id) != split_part(&b, id);
    }
    assert_in_range(different, 350, 600);
}

static void fractions_are_kept(void **state)
{
    struct split_options options = {true, 5, {0.5, 0.0, 0.5}};
    struct split split;
    struct error err;
    int counts[SPLIT_PART_COUNT] = {0};
    (void)state;
    assert_true(split_init(&split, &options, &err));
    for (uint64_t id = 1; id <= 100000; id++) {
        counts[split_part(&split, id)]++;
    }
    assert_int_equal(counts[SPLIT_VALIDATION], 0);
    assert_in_range(counts[SPLIT_TRAIN], 49000, 51000);
}

static void is_bad(double train, double validation, double test)
{
    struct split_options options = {true, 0, {train, validation, test}};
    struct split split;
    struct error err;
    assert_false(split_init(&split, &options, &err));
    assert_string_equal(err.code, "bad_split");
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    is_bad(0.7, 0.2, 0.2);
    is_bad(1.0, 0.0, 0.0);
    is_bad(0.0, 0.5, 0.5);
    is_bad(0.7, -0.1, 0.4);
    is_bad(NAN, 0.5, 0.5);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_of_known_customers_never_change),
        cmocka_unit_test(seed_changes_the_parts),
        cmocka_unit_test(fractions_are_kept),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
