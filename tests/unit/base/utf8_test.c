/* Text from outside cannot steer a terminal. */
#include "core/base/utf8.h"
#include "tests/support/cmocka.h"

#define BAD "\xef\xbf\xbd"

static void check(struct str in, const char *expected)
{
    struct buf out;
    buf_init(&out, 1000);
    assert_true(utf8_append_printable(&out, in));
    assert_string_equal(buf_text(&out), expected);
    buf_done(&out);
}

static void control_bytes_become_visible(void **state)
{
    (void)state;
    check(STR("a\033[2Jb"), "a" BAD "[2Jb");
    check(STR("a\tb\r\n"), "a b" BAD BAD);
    check(STR("\xc2\x9b"
              "31m"),
          BAD "31m"); /* C1: CSI in one code point */
    check(STR("\x7f"), BAD);
    check(((struct str){"a\0b", 3}), "a" BAD "b");
}

static void direction_overrides_become_visible(void **state)
{
    (void)state;
    check(STR("\xe2\x80\xae"
              "abc"),
          BAD "abc");
    check(STR("\xe2\x81\xa6"
              "abc"),
          BAD "abc");
}

static void invalid_sequences_become_visible_byte_by_byte(void **state)
{
    (void)state;
    check(STR("\xff\xfe"), BAD BAD);
    check(STR("\xc0\xaf"), BAD BAD);         /* overlong */
    check(STR("\xed\xa0\x80"), BAD BAD BAD); /* surrogate */
    check(STR("\xe4\xb8"), BAD BAD);         /* cut */
    check(STR("\xf5\x80\x80\x80"), BAD BAD BAD BAD);
}

static void good_text_is_untouched(void **state)
{
    (void)state;
    check(STR("Zinss\xc3\xa4tze \xe4\xb8\xad\xe6\x96\x87 \xf0\x9f\x98\x80 e\xcc\x81"),
          "Zinss\xc3\xa4tze \xe4\xb8\xad\xe6\x96\x87 \xf0\x9f\x98\x80 e\xcc\x81");
    check(STR(""), "");
}

static void code_points_read_back(void **state)
{
    (void)state;
    static const uint32_t points[] = {0x24, 0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff};
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        struct buf out;
        uint32_t found = 0;
        buf_init(&out, 10);
        assert_true(utf8_append(&out, points[i]));
        assert_int_equal(utf8_decode(buf_str(&out), &found), out.len);
        assert_int_equal(found, points[i]);
        buf_done(&out);
    }
}

static void limit_of_the_buffer_is_kept(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 4);
    assert_false(utf8_append_printable(&out, STR("abcde")));
    assert_true(out.is_overflowed);
    buf_done(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_bytes_become_visible),
        cmocka_unit_test(direction_overrides_become_visible),
        cmocka_unit_test(invalid_sequences_become_visible_byte_by_byte),
        cmocka_unit_test(good_text_is_untouched),
        cmocka_unit_test(code_points_read_back),
        cmocka_unit_test(limit_of_the_buffer_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
