/* The naming rules every object store keeps, and s3:// addresses. */
#include "core/ports/object_store.h"

#include "core/base/alloc.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>

static void buckets_follow_the_rules_of_s3(void **state)
{
    (void)state;
    struct error err;
    static const char *const good[] = {
        "abc", "msecindustries-raw", "a.b-c.9", "0ab",
        "012345678901234567890123456789012345678901234567890123456789012"};
    static const char *const bad[] = {
        "",
        "ab",
        "Abc",
        "a_b",
        "a b",
        "a/b",
        ".abc",
        "-abc",
        "abc-",
        "abc.",
        "a..b",
        "...",
        "abc\n",
        "\xc3\xa4"
        "bc",
        "0123456789012345678901234567890123456789012345678901234567890123",
        NULL};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(object_check_bucket(good[i], &err));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(object_check_bucket(bad[i], &err));
        assert_string_equal(err.code, "bad_key");
        assert_int_equal(err.error_class, ERROR_PERMANENT);
    }
}

static void keys_are_plain_relative_paths(void **state)
{
    (void)state;
    struct error err;
    static const char *const good[] = {"k",   "a/b/c.csv",  "a b",     "..a",
                                       "a..", ".hidden",    "a/.../b", "a'b\"c\\",
                                       "~",   "\xc3\xa4/x", "%2e%2e/x"};
    static const char *const bad[] = {"",      "/",    "/a",    "a/",   "a//b", ".",
                                      "..",    "./a",  "../a",  "a/.",  "a/..", "a/../b",
                                      "a/./b", "a\nb", "a\x1b", "\x7f", NULL};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(object_check_key(good[i], &err));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(object_check_key(bad[i], &err));
        assert_string_equal(err.code, "bad_key");
    }
}

static void a_key_has_at_most_1024_bytes(void **state)
{
    (void)state;
    struct error err;
    char key[OBJECT_KEY_SIZE + 1];
    memset(key, 'k', sizeof(key));
    key[OBJECT_KEY_SIZE - 1] = '\0';
    assert_true(object_check_key(key, &err));
    key[OBJECT_KEY_SIZE - 1] = 'k';
    key[OBJECT_KEY_SIZE] = '\0';
    assert_false(object_check_key(key, &err));
}

static void an_address_is_taken_apart(void **state)
{
    (void)state;
    struct error err;
    char *bucket = NULL;
    char *key = NULL;
    assert_true(object_parse_uri(STR("s3://raw-data/a/b c.csv"), &bucket, &key, &err));
    assert_string_equal(bucket, "raw-data");
    assert_string_equal(key, "a/b c.csv");
    free(bucket);
    free(key);
}

static void a_bad_address_is_refused_and_outputs_stay(void **state)
{
    (void)state;
    static const struct str bad[] = {
        {"", 0},
        {NULL, 0},
        {"s3:/raw/k", 9},
        {"S3://raw/k", 10},
        {"https://raw/k", 13},
        {"s3://", 5},
        {"s3://raw", 8},
        {"s3://raw/", 9},
        {"s3:///k", 7},
        {"s3://RAW/k", 10},
        {"s3://raw/../k", 13},
        {"s3://raw//k", 11},
        {"s3://raw/a\0/../../k", 19}, /* a NUL must not hide what follows it */
        {"s3://ra\0w/k", 11},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct error err;
        char *bucket = NULL;
        char *key = NULL;
        assert_false(object_parse_uri(bad[i], &bucket, &key, &err));
        assert_string_equal(err.code, "bad_key");
        assert_null(bucket);
        assert_null(key);
    }
}

/* The view is not NUL-terminated: its memory ends where it ends. */
static void an_address_is_read_no_further_than_its_end(void **state)
{
    (void)state;
    struct error err;
    char *bucket = NULL;
    char *key = NULL;
    char *text = xmalloc(6);
    memcpy(text, "http:/", 6);
    assert_false(object_parse_uri((struct str){text, 6}, &bucket, &key, &err));
    assert_non_null(strstr(err.message, "'http:/'"));
    free(text);
}

static void a_prefix_may_be_empty_or_end_in_a_slash(void **state)
{
    (void)state;
    static const char *const good[] = {"", "a", "a/", "a/b/"};
    static const char *const bad[] = {"/", "/a/", "a//", "../", "a/../"};
    struct error err;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(object_check_prefix("bucket", good[i], &err));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(object_check_prefix("bucket", bad[i], &err));
        assert_string_equal(err.code, "bad_key");
    }
    assert_false(object_check_prefix("No", "a/", &err));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(buckets_follow_the_rules_of_s3),
        cmocka_unit_test(keys_are_plain_relative_paths),
        cmocka_unit_test(a_key_has_at_most_1024_bytes),
        cmocka_unit_test(an_address_is_taken_apart),
        cmocka_unit_test(a_bad_address_is_refused_and_outputs_stay),
        cmocka_unit_test(an_address_is_read_no_further_than_its_end),
        cmocka_unit_test(a_prefix_may_be_empty_or_end_in_a_slash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
