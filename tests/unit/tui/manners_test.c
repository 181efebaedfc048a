/* Pointer reports, known terminals, texts in escape sequences. */
#include "tui/manners.h"

#include "tests/support/cmocka.h"

#include <string.h>

static bool take(const char *text, bool is_old, struct pointer *out_pointer)
{
    struct pointer_report report;
    bool is_whole = false;
    pointer_begin(&report, is_old);
    for (; *text != '\0' && report.kind != POINTER_REPORT_NONE; text++) {
        is_whole = pointer_take(&report, (unsigned char)*text, out_pointer);
    }
    assert_int_equal(report.kind, POINTER_REPORT_NONE);
    return is_whole;
}

static void assert_pointer(const char *text, bool is_old, int kind, int x, int y)
{
    struct pointer pointer;
    assert_true(take(text, is_old, &pointer));
    assert_int_equal(pointer.kind, kind);
    assert_int_equal(pointer.x, x);
    assert_int_equal(pointer.y, y);
}

static void reports_tell_what_and_where(void **state)
{
    (void)state;
    assert_pointer("0;12;5M", false, POINTER_PRESS, 11, 4);
    assert_pointer("0;12;5m", false, POINTER_OTHER, 11, 4);
    assert_pointer("4;1;1M", false, POINTER_PRESS, 0, 0); /* with Shift */
    assert_pointer("2;1;1M", false, POINTER_OTHER, 0, 0);
    assert_pointer("32;3;3M", false, POINTER_OTHER, 2, 2); /* it moves */
    assert_pointer("64;1;1M", false, POINTER_WHEEL_UP, 0, 0);
    assert_pointer("65;200;50M", false, POINTER_WHEEL_DOWN, 199, 49);
    assert_pointer(" !!", true, POINTER_PRESS, 0, 0);
    assert_pointer("`!!", true, POINTER_WHEEL_UP, 0, 0);
    assert_pointer("0;0;0M", false, POINTER_OTHER, -1, -1);
}

static void what_is_no_report_is_dropped(void **state)
{
    static const char *const wrong[] = {"M",
                                        ";;M",
                                        "1;2M",
                                        "1;2;3;4M",
                                        "a;2;3M",
                                        "-1;2;3M",
                                        "99999;99999;1M",
                                        "1;2;99999999999M",

                                        "0 ;12;5M",
                                        "1111111111111111111111111111111111"};
    struct pointer pointer;
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(take(wrong[i], false, &pointer));
    }
}

static void frames_are_for_terminals_that_are_known(void **state)
{
    (void)state;
    assert_true(manners_knows_frames("xterm-kitty", NULL));
    assert_true(manners_knows_frames("foot-extra", NULL));
    assert_true(manners_knows_frames("xterm-256color", "iTerm.app"));
    assert_false(manners_knows_frames("xterm-256color", "Apple_Terminal"));
    assert_false(manners_knows_frames(NULL, NULL));
}

static void texts_in_sequences_cannot_end_them(void **state)
{
    struct buf out;
    (void)state;
    buf_init(&out, 1000);
    manners_append_title(STR("a\a\033\\b"), &out);
    manners_append_notice(STR("\x9c"), &out);
    assert_string_equal(buf_text(&out), "\033]2;a\xef\xbf\xbd\xef\xbf\xbd\\b\a"
                                        "\033]9;\xef\xbf\xbd\a");
    buf_done(&out);
}

static void every_mode_can_be_left(void **state)
{
    (void)state;
    for (int i = 0; i < TERM_MODE_COUNT; i++) {
        const char *on = term_mode_bytes((enum term_mode)i, true);
        const char *off = term_mode_bytes((enum term_mode)i, false);
        assert_string_not_equal(on, off);
        for (const char *c = strstr(on, "?"); c != NULL; c = strstr(c + 1, "?")) {
            char number[8] = "";
            memcpy(number, c, strcspn(c, "h"));
            assert_non_null(strstr(off, number));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_tell_what_and_where),
        cmocka_unit_test(what_is_no_report_is_dropped),
        cmocka_unit_test(frames_are_for_terminals_that_are_known),
        cmocka_unit_test(texts_in_sequences_cannot_end_them),
        cmocka_unit_test(every_mode_can_be_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
