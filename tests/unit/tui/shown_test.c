/* What has to be sent again when a screen changes. */
#include "tui/shown.h"

#include "tests/support/cmocka.h"

#include <locale.h>

static void draw(struct screen *screen, const char *text)
{
    struct area area = area_of(screen);
    screen_clear(screen);
    area_text(&area, 0, 0, ROLE_TEXT, text);
}

static void assert_puts(const struct shown *shown, const struct screen *screen, const char *which)
{
    for (int x = 0; x < screen->cols; x++) {
        assert_int_equal(shown_must_put(shown, screen, x, 0), which[x] == 'x');
    }
}

static void only_what_changed_is_put(void **state)
{
    struct shown shown = {0};
    struct screen screen;
    (void)state;
    screen_init(&screen, 5, 2, false);
    assert_false(shown_fits(&shown, &screen));
    shown_reset(&shown, &screen);
    assert_true(shown_fits(&shown, &screen));
    draw(&screen, "abcde");
    assert_puts(&shown, &screen, "xxxxx");
    assert_int_equal(shown_changed_rows(&shown, &screen), 2);
    shown_take(&shown, &screen);
    assert_puts(&shown, &screen, ".....");
    assert_int_equal(shown_changed_rows(&shown, &screen), 0);
    area_select_row(&(struct area){&screen, 0, 0, 1, 1}, 0);
    assert_puts(&shown, &screen, "xx..."); /* the next may be a half of it */
    assert_int_equal(shown_changed_rows(&shown, &screen), 1);
    screen_resize(&screen, 4, 2);
    assert_false(shown_fits(&shown, &screen));
    shown_forget(&shown);
    assert_false(shown_fits(&shown, &screen));
    screen_done(&screen);
}

static void both_halves_of_a_wide_character_are_put_again(void **state)
{
    struct shown shown = {0};
    struct screen screen;
    (void)state;
    screen_init(&screen, 5, 1, false);
    shown_reset(&shown, &screen);
    draw(&screen, "a\xe8\xa1\xa8"
                  "b");
    shown_take(&shown, &screen);
    draw(&screen, "a\xe6\xa8\xa1"
                  "b");
    assert_true(shown_must_put(&shown, &screen, 1, 0));
    assert_true(shown_must_put(&shown, &screen, 2, 0) || screen_cell(&screen, 2, 0)->glyph == 0);
    draw(&screen, "axyb");
    assert_true(shown_must_put(&shown, &screen, 1, 0));
    assert_true(shown_must_put(&shown, &screen, 2, 0));
    shown_forget(&shown);
    screen_done(&screen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_changed_is_put),
        cmocka_unit_test(both_halves_of_a_wide_character_are_put_again),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
