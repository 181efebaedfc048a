/* Pairs: growth, sort in place, search; digests of key sets; row hashes. */
#include "core/data/keys.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *x = a;
    const struct pair *y = b;
    return x->key < y->key ? -1 : x->key > y->key;
}

static void sort_agrees_with_qsort(void **state)
{
    static const uint64_t masks[] = {UINT64_MAX, 0xff, 0xffff0000ffff0000u, 0x7, 0, 0x3ffffff};
    (void)state;
    for (size_t m = 0; m < sizeof(masks) / sizeof(masks[0]); m++) {
        struct random random = {.state = m};
        struct pairs pairs;
        pairs_init(&pairs);
        for (size_t i = 0; i < 50000; i++) {
            uint64_t key = random_next(&random) & masks[m];
            pairs_push(&pairs, key, ~key);
        }
        assert_false(pairs.is_rising);
        struct pair *expected = malloc(pairs.count * sizeof(*expected));
        assert_non_null(expected);
        memcpy(expected, pairs.ptr, pairs.count * sizeof(*expected));
        qsort(expected, pairs.count, sizeof(*expected), compare_pairs);
        pairs_sort(&pairs);
        assert_memory_equal(expected, pairs.ptr, pairs.count * sizeof(*expected));
        free(expected);
        pairs_done(&pairs);
    }
}

static void rising_keys_are_known_to_be_sorted(void **state)
{
    struct pairs pairs;
    (void)state;
    pairs_init(&pairs);
    pairs_push(&pairs, 1, 0);
    pairs_push(&pairs, 2, 0);
    assert_true(pairs.is_rising);
    pairs_push(&pairs, 2, 0);
    assert_false(pairs.is_rising);
    pairs_done(&pairs);
}

static void search_finds_what_is_there_and_nothing_else(void **state)
{
    (void)state;
    for (uint64_t step = 1; step < 1u << 20; step = step * 5 + 1) {
        struct pairs pairs;
        pairs_init(&pairs);
        for (uint64_t i = 1; i <= 1000; i++) { /* dense, then thin: interpolation must cope */
            pairs_push(&pairs, i < 500 ? i * 2 : i * 2 + (i - 500) * (i - 500) * step * 2, i);
        }
        assert_true(pairs.is_rising);
        for (size_t i = 0; i < pairs.count; i++) {
            assert_int_equal(pairs_find(&pairs, pairs.ptr[i].key, i % 3 == 0 ? i : 7), i);
            assert_int_equal(pairs_find(&pairs, pairs.ptr[i].key + 1, i), pairs.count);
        }
        assert_int_equal(pairs_find(&pairs, 0, 0), pairs.count);
        assert_int_equal(pairs_find(&pairs, UINT64_MAX, pairs.count), pairs.count);
        pairs_done(&pairs);
    }
}

static void digest_ignores_order_and_sees_every_key(void **state)
{
    struct key_digest a = {0};
    struct key_digest b = {0};
    char a_text[KEY_DIGEST_TEXT_SIZE];
    char b_text[KEY_DIGEST_TEXT_SIZE];
    (void)state;
    for (uint64_t i = 1; i <= 100; i++) {
        key_digest_add(&a, i);
        key_digest_add(&b, 101 - i);
    }
    key_digest_text(&a, a_text);
    key_digest_text(&b, b_text);
    assert_string_equal(a_text, b_text);
    key_digest_add(&a, 101);
    key_digest_add(&b, 102);
    key_digest_text(&a, a_text);
    key_digest_text(&b, b_text);
    assert_string_not_equal(a_text, b_text);
}

static void row_hash_sees_values_and_places(void **state)
{
    struct row_hash hash;
    static const int64_t a[] = {1, 2, 3};
    static const int64_t b[] = {2, 1, 3};
    static const int64_t c[] = {1, 2, -3};
    (void)state;
    row_hash_init(&hash);
    assert_true(row_hash_of(&hash, a, 3) == row_hash_of(&hash, a, 3));
    assert_true(row_hash_of(&hash, a, 3) != row_hash_of(&hash, b, 3));
    assert_true(row_hash_of(&hash, a, 3) != row_hash_of(&hash, c, 3));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(sort_agrees_with_qsort),
        cmocka_unit_test(rising_keys_are_known_to_be_sorted),
        cmocka_unit_test(search_finds_what_is_there_and_nothing_else),
        cmocka_unit_test(digest_ignores_order_and_sees_every_key),
        cmocka_unit_test(row_hash_sees_values_and_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
