/* Editing and drawing a line. */
#include "tui/line.h"

#include "core/app/keys.h"
#include "tests/support/cmocka.h"

#include <locale.h>
#include <string.h>

static void type(struct line *line, const uint32_t *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_true(line_key(line, keys[i]));
    }
}
#define TYPE(line, ...)                                                                            \
    type(line, (const uint32_t[]){__VA_ARGS__},                                                    \
         sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static void letters_go_where_the_cursor_is(void **state)
{
    struct line line = {.cursor = 0};
    (void)state;
    TYPE(&line, 'b', 'd', INPUT_LEFT_ARROW, 'c', INPUT_CTRL('a'), 'a', INPUT_CTRL('e'), 'e');
    assert_string_equal(line.text, "abcde");
    TYPE(&line, INPUT_TO_START, INPUT_DELETE, INPUT_TO_END, INPUT_RUBOUT);
    assert_string_equal(line.text, "bcd");
    TYPE(&line, INPUT_LEFT_ARROW, INPUT_LEFT_ARROW, INPUT_LEFT_ARROW, INPUT_LEFT_ARROW,
         INPUT_RUBOUT, INPUT_RIGHT_ARROW, INPUT_CTRL('k'));
    assert_string_equal(line.text, "b");
}

static void words_and_lines_are_erased(void **state)
{
    struct line line;
    (void)state;
    line_set(&line, "skip 3 too slow  ");
    TYPE(&line, INPUT_CTRL('w'));
    assert_string_equal(line.text, "skip 3 too ");
    TYPE(&line, INPUT_LEFT_ARROW, INPUT_CTRL('w'), INPUT_CTRL('w'), INPUT_CTRL('w'),
         INPUT_CTRL('w'));
    assert_string_equal(line.text, " ");
    line_set(&line, "abc");
    TYPE(&line, INPUT_LEFT_ARROW, INPUT_CTRL('u'));
    assert_string_equal(line.text, "c");
}

static void a_character_lives_and_dies_with_its_marks(void **state)
{
    struct line line = {.cursor = 0};
    (void)state;
    TYPE(&line, 'x', 0x6f22, 'e', 0x301); /* wide, and e with an acute as two code points */
    TYPE(&line, INPUT_RUBOUT);
    assert_string_equal(line.text, "x\xe6\xbc\xa2");
    TYPE(&line, INPUT_LEFT_ARROW, 'y');
    assert_string_equal(line.text, "xy\xe6\xbc\xa2");
}

static void no_more_is_taken_than_fits_and_no_control_bytes(void **state)
{
    struct line line = {.cursor = 0};
    (void)state;
    for (int i = 0; i < LINE_SIZE * 2; i++) {
        line_key(&line, 0x6f22);
    }
    assert_true(strlen(line.text) < LINE_SIZE);
    assert_int_equal(strlen(line.text) % 3, 0);
    line_set(&line, "a\x1b[2J\nb");
    assert_null(strchr(line.text, 0x1b));
    assert_null(strchr(line.text, '\n'));
    assert_false(line_key(&line, INPUT_F1));
    assert_false(line_key(&line, INPUT_TAB));
    assert_false(line_key(&line, 0x202e)); /* turns the direction of text */
    assert_false(line_key(&line, 'x' | INPUT_META));
}

static void the_cursor_stays_in_view(void **state)
{
    struct screen screen;
    struct line line;
    struct buf text;
    (void)state;
    screen_init(&screen, 10, 1, false);
    struct area area = area_of(&screen);
    line_set(&line, "0123456789abc");
    line_draw(&line, &area, 1, 0, ROLE_TEXT);
    assert_int_equal(screen_cell(&screen, 8, 0)->role, ROLE_BUTTON_FOCUS);
    buf_init(&text, 1000);
    screen_text(&screen, &text);
    assert_string_equal(buf_text(&text), " 6789abc\n");
    line_key(&line, INPUT_TO_START);
    screen_clear(&screen);
    line_draw(&line, &area, 1, 0, ROLE_TEXT);
    assert_int_equal(screen_cell(&screen, 1, 0)->role, ROLE_BUTTON_FOCUS);
    for (int cols = 1; cols < 6; cols++) {
        screen_resize(&screen, cols, 1);
        area = area_of(&screen);
        line_draw(&line, &area, 1, 0, ROLE_TEXT);
    }
    buf_done(&text);
    screen_done(&screen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_go_where_the_cursor_is),
        cmocka_unit_test(words_and_lines_are_erased),
        cmocka_unit_test(a_character_lives_and_dies_with_its_marks),
        cmocka_unit_test(no_more_is_taken_than_fits_and_no_control_bytes),
        cmocka_unit_test(the_cursor_stays_in_view),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
