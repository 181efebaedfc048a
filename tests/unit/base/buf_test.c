/* The limit of a buffer holds, whatever is added. */
#include "core/base/buf.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>

static void nothing_is_added_beyond_the_limit(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 5);
    assert_true(buf_append_text(&buf, "abc"));
    assert_false(buf_append_text(&buf, "def"));
    assert_true(buf.is_overflowed);
    assert_string_equal(buf_text(&buf), "abc");
    assert_true(buf_append_text(&buf, "de"));
    assert_false(buf_append_char(&buf, 'f'));
    assert_string_equal(buf_text(&buf), "abcde");
    buf_reset(&buf);
    assert_false(buf.is_overflowed);
    assert_false(buf_printf(&buf, "%d", 1234567));
    assert_int_equal(buf.len, 0);
    buf_done(&buf);
}

static void consume_drops_from_the_front(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 100);
    buf_printf(&buf, "%s-%d", "abc", 42);
    buf_consume(&buf, 4);
    assert_string_equal(buf_text(&buf), "42");
    buf_consume(&buf, 10);
    assert_string_equal(buf_text(&buf), "");
    buf_done(&buf);
}

static void take_gives_the_text_and_empties(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 100);
    char *empty = buf_take(&buf);
    assert_string_equal(empty, "");
    free(empty);
    buf_append_text(&buf, "abc");
    char *text = buf_take(&buf);
    assert_string_equal(text, "abc");
    assert_int_equal(buf.len, 0);
    assert_string_equal(buf_text(&buf), "");
    free(text);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_added_beyond_the_limit),
        cmocka_unit_test(consume_drops_from_the_front),
        cmocka_unit_test(take_gives_the_text_and_empties),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
