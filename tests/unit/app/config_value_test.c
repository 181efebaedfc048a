/* Durations, sizes, and values as TOML. */
#include "core/app/config_value.h"
#include "tests/support/cmocka.h"

#include <string.h>

static void durations_are_read_strictly(void **state)
{
    (void)state;
    int64_t ms = -7;
    assert_true(config_parse_duration(STR("1h30m"), &ms));
    assert_int_equal(ms, 5400000);
    assert_true(config_parse_duration(STR("500ms"), &ms));
    assert_int_equal(ms, 500);
    assert_true(config_parse_duration(STR("2d"), &ms));
    assert_int_equal(ms, 172800000);
    assert_true(config_parse_duration(STR("90"), &ms));
    assert_int_equal(ms, 90000);
    static const char *const bad[] = {
        "", "-1", "-1s", "1", "1.5h", "10 m", "1x", "m10", "1h ", "s1", "99999999999999999999d"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ms = -7;
        bool is_good = config_parse_duration(str_from(bad[i]), &ms);
        assert_true(is_good == (strcmp(bad[i], "1") == 0));
        assert_true(is_good || ms == -7);
    }
    assert_false(config_parse_duration(STR("9223372036854775807d"), &ms));
}

static void durations_are_printed_as_they_are_read(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {0, "0s"}, {500, "500ms"}, {90000, "1m30s"}, {600000, "10m"}, {90061001, "1d1h1m1s1ms"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out;
        int64_t back = -1;
        buf_init(&out, 64);
        config_print_duration(cases[i].ms, &out);
        assert_string_equal(buf_text(&out), cases[i].text);
        assert_true(config_parse_duration(buf_str(&out), &back));
        assert_int_equal(back, cases[i].ms);
        buf_done(&out);
    }
}

static void sizes_are_read_and_printed(void **state)
{
    (void)state;
    int64_t bytes = 0;
    struct buf out;
    assert_true(config_parse_size(STR("1536MiB"), &bytes));
    assert_int_equal(bytes, INT64_C(1536) << 20);
    assert_true(config_parse_size(STR("0"), &bytes));
    assert_int_equal(bytes, 0);
    assert_false(config_parse_size(STR("1GB"), &bytes));
    assert_false(config_parse_size(STR("-1"), &bytes));
    assert_false(config_parse_size(STR("9999999999GiB"), &bytes));
    buf_init(&out, 64);
    config_print_size(INT64_C(3) << 30, &out);
    assert_string_equal(buf_text(&out), "3GiB");
    buf_done(&out);
}

static void json_is_printed_as_toml(void **state)
{
    (void)state;
    struct error err;
    struct buf out;
    struct json *json = json_parse(STR("{\"a b\":[1,true,\"x\\\"\\n\"],\"c\":{\"d\":0.5}}"), &err);
    buf_init(&out, 256);
    config_print_toml(json, &out);
    assert_string_equal(buf_text(&out),
                        "{ \"a b\" = [1, true, \"x\\\"\\u000A\"], c = { d = 0.5 } }");
    buf_done(&out);
    json_free(json);
}

static void a_secret_is_not_quoted_in_errors(void **state)
{
    (void)state;
    struct error err;
    struct config_key key = {"database", "dsn", CONFIG_SECRET, "", 0, 3, NULL, ""};
    assert_null(config_value_from_text(&key, STR("hunter2"), &err));
    assert_null(strstr(err.message, "hunter2"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_read_strictly),
        cmocka_unit_test(durations_are_printed_as_they_are_read),
        cmocka_unit_test(sizes_are_read_and_printed),
        cmocka_unit_test(json_is_printed_as_toml),
        cmocka_unit_test(a_secret_is_not_quoted_in_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
