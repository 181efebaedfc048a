/* The cell screen: clipping, widths, harmless text. */
#include "tui/screen.h"

#include "core/base/utf8.h"
#include "tests/support/cmocka.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static char *text_of(const struct screen *screen)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    screen_text(screen, &out);
    return buf_take(&out);
}

static void assert_shows(const struct screen *screen, const char *expected)
{
    char *text = text_of(screen);
    assert_string_equal(text, expected);
    free(text);
}

static void text_stays_inside_its_area(void **state)
{
    struct screen screen;
    (void)state;
    screen_init(&screen, 8, 3, false);
    struct area all = area_of(&screen), inner = area_sub(&all, 2, 1, 4, 1);
    area_text(&inner, -2, 0, ROLE_TEXT, "abcdefghij");
    area_text(&inner, 0, 1, ROLE_TEXT, "below");
    area_text(&inner, 0, -1, ROLE_TEXT, "above");
    assert_shows(&screen, "\n  cdef\n\n");
    screen_done(&screen);
}

static void areas_are_clipped_to_their_parent(void **state)
{
    struct screen screen;
    (void)state;
    screen_init(&screen, 4, 2, false);
    struct area all = area_of(&screen);
    struct area outside = area_sub(&all, 9, 9, 5, 5), negative = area_sub(&all, 1, 1, -3, -3);
    assert_int_equal(outside.cols * outside.rows, 0);
    assert_int_equal(negative.cols * negative.rows, 0);
    area_text(&outside, 0, 0, ROLE_TEXT, "x");
    area_title(&outside, true, "title", "remark");
    area_cut(&negative, 0, 0, ROLE_TEXT, 4, "text");
    assert_shows(&screen, "\n\n");
    screen_done(&screen);
}

static void control_bytes_and_overrides_are_shown_harmlessly(void **state)
{
    struct screen screen;
    (void)state;
    screen_init(&screen, 12, 1, false);
    struct area all = area_of(&screen);
    area_text(&all, 0, 0, ROLE_TEXT, "a\x1b[2Jb\xe2\x80\xae\xff\tc");
    assert_shows(&screen, "a\xef\xbf\xbd[2Jb\xef\xbf\xbd\xef\xbf\xbd c\n");
    screen_done(&screen);
}

static void a_wide_character_is_never_cut_in_half(void **state)
{
    struct screen screen;
    (void)state;
    screen_init(&screen, 5, 2, false);
    struct area all = area_of(&screen);
    assert_int_equal(area_text(&all, 0, 0, ROLE_TEXT, "漢字漢"), 5);
    assert_shows(&screen, "漢字\n\n");
    area_text(&all, 1, 0, ROLE_TEXT, "x"); /* over the right half */
    assert_shows(&screen, " x字\n\n");
    area_text(&all, 1, 0, ROLE_TEXT, "漢"); /* over the left half of another */
    assert_shows(&screen, " 漢\n\n");
    assert_int_equal(screen_cell(&screen, 2, 0)->glyph, 0);
    assert_int_equal(screen_cell(&screen, 3, 0)->glyph, ' ');
    screen_done(&screen);
}

static void combining_characters_take_no_column(void **state)
{
    struct screen screen;
    (void)state;
    screen_init(&screen, 4, 1, false);
    struct area all = area_of(&screen);
    assert_int_equal(area_text(&all, 0, 0, ROLE_TEXT, "e\xcc\x81\xcc\x82\xcc\x83x"), 2);
    assert_shows(&screen, "e\xcc\x81\xcc\x82x\n");
    assert_int_equal(text_columns(STR("e\xcc\x81x")), 2);
    screen_done(&screen);
}

/* Some terminals draw these as one picture of two columns, others as several. */
static void what_terminals_join_differently_is_drawn_apart(void **state)
{
    struct screen screen;
    (void)state;
    screen_init(&screen, 12, 1, false);
    struct area all = area_of(&screen);
    assert_int_equal(area_text(&all, 0, 0, ROLE_TEXT, "\U0001f469\u200d\U0001f680x"), 5);
    assert_shows(&screen, "\U0001f469\U0001f680x\n");
    screen_clear(&screen);
    assert_int_equal(area_text(&all, 0, 0, ROLE_TEXT, "\u2764\ufe0f\U0001f44d\U0001f3fdx"), 4);
    assert_shows(&screen, "\u2764\U0001f44dx\n");
    screen_clear(&screen);
    assert_int_equal(area_text(&all, 0, 0, ROLE_TEXT, "\U0001f1e9\U0001f1ea co\u00adop"), 8);
    assert_shows(&screen, "DE co-op\n");
    screen_done(&screen);
}

/* The columns that are counted are those that are drawn, whatever the bytes. */
static void the_width_of_any_text_is_what_is_drawn(void **state)
{
    static const char *const pieces[] = {"a",          " ",      "漢",     "é",      "e\u0301",
                                         "\U0001f469", "\u200d", "\ufe0f", "\xff",   "\x1b",
                                         "\t",         "\u202e", "\u05d0", "\ue000", "\U0001f1e6"};
    uint32_t seed = 7;
    struct screen screen;
    (void)state;
    screen_init(&screen, 200, 1, false);
    struct area all = area_of(&screen);
    for (int round = 0; round < 2000; round++) {
        char text[256] = "";
        for (int i = 0; i < 40; i++) {
            seed = seed * 1664525U + 1013904223U;
            strcat(text, pieces[(seed >> 16) % (sizeof(pieces) / sizeof(pieces[0]))]);
        }
        int columns = text_columns(str_from(text)), drawn = 0;
        screen_clear(&screen);
        assert_int_equal(area_text(&all, 0, 0, ROLE_TEXT, text), columns);
        area_text(&all, columns, 0, ROLE_TEXT, "|");
        for (int x = 0; x < columns; x++) {
            uint32_t glyph = screen_cell(&screen, x, 0)->glyph;
            assert_true(glyph == 0 || wcwidth((wchar_t)glyph) > 0);
            drawn += glyph == 0 ? 0 : glyph == UTF8_REPLACEMENT ? 1 : wcwidth((wchar_t)glyph);
        }
        assert_int_equal(drawn, columns);
        assert_int_equal(screen_cell(&screen, columns, 0)->glyph, '|');
    }
    screen_done(&screen);
}

static void an_ascii_screen_keeps_the_widths(void **state)
{
    struct screen screen;
    (void)state;
    screen_init(&screen, 6, 1, true);
    struct area all = area_of(&screen);
    area_text(&all, 0, 0, ROLE_TEXT, "漢é|");
    assert_shows(&screen, "???|\n");
    area_title(&all, false, "", "");
    assert_shows(&screen, "------\n");
    screen_done(&screen);
}

static void a_cut_text_says_so(void **state)
{
    struct screen screen;
    (void)state;
    screen_init(&screen, 10, 2, true);
    struct area all = area_of(&screen);
    area_cut(&all, 0, 0, ROLE_TEXT, 5, "123456");
    area_cut(&all, 5, 0, ROLE_TEXT, 5, "12345");
    assert_shows(&screen, "1234~12345\n\n");
    screen_done(&screen);
}

static void lines_break_at_blanks_and_always_advance(void **state)
{
    (void)state;
    assert_int_equal(screen_line_len(STR("one two three"), 8), 7);
    assert_int_equal(screen_line_len(STR("longword"), 4), 4);
    assert_int_equal(screen_line_len(STR("漢"), 1), 3);
    assert_int_equal(screen_line_len(STR("ab"), 80), 2);
}

static void sizes_are_kept_within_reason(void **state)
{
    struct screen screen;
    (void)state;
    screen_init(&screen, 0, -5, false);
    assert_int_equal(screen.cols, 1);
    assert_int_equal(screen.rows, 1);
    screen_resize(&screen, 100000, 2);
    assert_int_equal(screen.cols, SCREEN_MAX);
    screen_done(&screen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_stays_inside_its_area),
        cmocka_unit_test(areas_are_clipped_to_their_parent),
        cmocka_unit_test(control_bytes_and_overrides_are_shown_harmlessly),
        cmocka_unit_test(a_wide_character_is_never_cut_in_half),
        cmocka_unit_test(combining_characters_take_no_column),
        cmocka_unit_test(what_terminals_join_differently_is_drawn_apart),
        cmocka_unit_test(the_width_of_any_text_is_what_is_drawn),
        cmocka_unit_test(an_ascii_screen_keeps_the_widths),
        cmocka_unit_test(a_cut_text_says_so),
        cmocka_unit_test(lines_break_at_blanks_and_always_advance),
        cmocka_unit_test(sizes_are_kept_within_reason),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
