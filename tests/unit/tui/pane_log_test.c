/* The log pane: what is typed, and what is shown of which lines. */
#include "core/base/alloc.h"
#include "core/base/file.h"
#include "tests/support/cmocka.h"
#include "tests/support/folder.h"
#include "tests/support/ui_fixture.h"
#include "tui/control.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define LOG_NAME "runs/" FIXTURE_RUN_ID "/logs/check_lambda_connection.1.log"

struct with_log {
    struct ui_fixture ui;
    char *folder;
};

static void work(struct with_log *with)
{
    while (log_view_work(&with->ui.ui.log, clock_system()).has_more) {
    }
}

static void set_up(struct with_log *with, const char *log)
{
    ui_fixture_init(&with->ui);
    with->folder = test_folder_new();
    free(with->ui.app.state_folder);
    with->ui.app.state_folder = xstrdup(with->folder);
    test_file_write(with->folder, LOG_NAME, log, 0600);
    with->ui.ui.focus = FOCUS_LOG;
    control_refreshed(&with->ui.ui, &with->ui.client);
    work(with);
    ui_fixture_draw(&with->ui, 80, 24);
}

static void tear_down(struct with_log *with)
{
    ui_fixture_done(&with->ui);
    test_folder_free(with->folder);
}

static void press(struct with_log *with, uint32_t key)
{
    control_key(&with->ui.ui, &with->ui.client, key);
    work(with);
    ui_fixture_draw(&with->ui, 80, 24);
}

static void type(struct with_log *with, const char *text)
{
    for (; *text != '\0'; text++) {
        press(with, (uint32_t)(unsigned char)*text);
    }
}

static void set_up_mixed(struct with_log *with)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    for (int i = 0; i < 1234; i++) {
        buf_printf(&text, "2026-11-22T15:%02d:%02d.000Z ", i / 60 % 60, i % 60);
        if (i % 100 == 31) {
            buf_printf(&text, "error request %d was refused: connection reset\n", i);
        } else if (i % 100 == 33) {
            buf_printf(&text, "warn request %d took long\n", i);
        } else if (i % 100 == 32) {
            buf_printf(
                &text,
                "out %d a line that is long enough to be wrapped, with a \u6f22\u5b57 or two "
                "at its edge \u6f22\u6f22\u6f22\u6f22\u6f22 and a request of its own\n",
                i);
        } else {
            buf_printf(&text, "out row %d\n", i);
        }
    }
    set_up(with, buf_text(&text));
    buf_done(&text);
}

static void a_filter_shows_what_matches_and_of_how_much(void **state)
{
    struct with_log with;
    (void)state;
    set_up_mixed(&with);
    type(&with, "&>=WARN");
    press(&with, INPUT_ENTER);
    ui_fixture_assert_shows(&with.ui, "&>=WARN  26 of 1,234 lines");
    ui_fixture_assert_shows(&with.ui, "error request 1231 was refused");
    ui_fixture_assert_golden(&with.ui, "log_filter_80x24");
    press(&with, '&'); /* what was typed can be changed */
    type(&with, " !refused");
    press(&with, INPUT_ENTER);
    ui_fixture_assert_shows(&with.ui, "13 of 1,234 lines");
    ui_fixture_assert_hides(&with.ui, "refused:");
    press(&with, '&');
    press(&with, INPUT_CTRL('U'));
    type(&with, "nothing like this");
    press(&with, INPUT_ENTER);
    ui_fixture_assert_shows(&with.ui, "0 of 1,234 lines match");
    press(&with, INPUT_ESC);
    ui_fixture_assert_shows(&with.ui, "FOLLOW  1,234 lines");
    tear_down(&with);
}

static void a_bad_expression_is_told_in_the_footer(void **state)
{
    struct with_log with;
    (void)state;
    set_up_mixed(&with);
    type(&with, "&row (1");
    press(&with, INPUT_ENTER);
    ui_fixture_assert_shows(&with.ui, "a ( that no ) ends at character 5 of \"row (1\"");
    ui_fixture_assert_shows(&with.ui, "FOLLOW  1,234 lines");
    type(&with, "/~[z");
    press(&with, INPUT_ENTER);
    ui_fixture_assert_shows(&with.ui, "a [ that no ] ends");
    assert_true(with.ui.ui.is_alert);
    tear_down(&with);
}

static void long_lines_wrap_or_are_shifted(void **state)
{
    struct with_log with;
    (void)state;
    set_up_mixed(&with);
    type(&with, "/~own$");
    press(&with, INPUT_ENTER);
    ui_fixture_assert_golden(&with.ui, "log_shifted_80x24");
    press(&with, 'w');
    ui_fixture_assert_golden(&with.ui, "log_wrapped_80x24");
    press(&with, 't');
    ui_fixture_assert_hides(&with.ui, "15:20");
    press(&with, 'w');
    press(&with, 't');
    ui_fixture_assert_shows(&with.ui, "15:20");
    tear_down(&with);
}

static void errors_are_walked_through(void **state)
{
    struct with_log with;
    (void)state;
    set_up_mixed(&with);
    press(&with, 'g');
    press(&with, 'e');
    ui_fixture_assert_shows(&with.ui, "error request 31 was refused");
    press(&with, 'e');
    ui_fixture_assert_shows(&with.ui, "error request 131 was refused");
    press(&with, 'E');
    press(&with, 'E');
    ui_fixture_assert_shows(&with.ui, "error request 1231 was refused");
    type(&with, "&row");
    press(&with, INPUT_ENTER);
    press(&with, 'e');
    press(&with, 'e');
    ui_fixture_assert_shows(&with.ui, "no line that passes the filter is an error");
    tear_down(&with);
}

static void saving_asks_for_a_name_and_before_it_replaces(void **state)
{
    struct with_log with;
    (void)state;
    set_up_mixed(&with);
    char *path = file_join(with.folder, LOG_NAME);
    type(&with, "&refused");
    press(&with, INPUT_ENTER);
    press(&with, INPUT_CTRL('S'));
    ui_fixture_assert_shows(&with.ui, "save to: run-0147-check_lambda_connection.1.log");
    press(&with, INPUT_CTRL('U'));
    type(&with, path); /* it is there */
    press(&with, INPUT_ENTER);
    ui_fixture_assert_shows(&with.ui, "y replaces what is there already: ");
    press(&with, INPUT_ENTER);
    assert_null(with.ui.ui.save.path);
    assert_false(prompt_is_open(&with.ui.ui.prompt));
    press(&with, INPUT_CTRL('S'));
    press(&with, INPUT_CTRL('U'));
    type(&with, path);
    press(&with, INPUT_ENTER);
    type(&with, "y");
    assert_string_equal(with.ui.ui.save.path, path);
    assert_string_equal(with.ui.ui.save.filter, "refused");
    assert_true(with.ui.ui.save.may_replace);
    press(&with, INPUT_CTRL('S'));
    press(&with, INPUT_ENTER);
    ui_fixture_assert_shows(&with.ui, "a log is still being saved");
    free(path);
    tear_down(&with);
}

static void an_empty_log_is_not_saved(void **state)
{
    struct with_log with;
    (void)state;
    set_up(&with, "");
    press(&with, INPUT_CTRL('S'));
    ui_fixture_assert_shows(&with.ui, "nothing to save");
    press(&with, 'e');
    press(&with, 'w');
    press(&with, 'n');
    press(&with, 'G');
    tear_down(&with);
}

/* Whatever the bytes: what is drawn are whole characters inside the screen, and nothing of the
 * terminal's own language. */
static void no_line_leaves_its_pane(void **state)
{
    static const char *const pieces[] = {"a",
                                         "\xe6\xbc\xa2",
                                         "\x1b[31m",
                                         "\x1b]0;t\a",
                                         "\xff",
                                         "\r",
                                         "\x9b",
                                         "e\u0301\u0302\u0303\u0304",
                                         "\U0001f469\u200d\U0001f680",
                                         "\u2764\ufe0f",
                                         "\u202e",
                                         "\u2066",
                                         "\U0001f1e9",
                                         "\t",
                                         "\xe6",
                                         "needle",
                                         "\u05d0\u05d1",
                                         "\u200f",
                                         "\x7f",
                                         "\xc2\x85"};
    uint32_t seed = 21;
    (void)state;
    for (int round = 0; round < 40; round++) {
        struct with_log with;
        struct buf text;
        buf_init(&text, 1 << 20);
        for (int i = 0; i < 400; i++) {
            seed = seed * 1664525U + 1013904223U;
            buf_append_text(&text, i % 13 == 0 ? "\n" : pieces[(seed >> 16) % 20]);
        }
        set_up(&with, buf_text(&text));
        type(&with, "/needle");
        press(&with, INPUT_ENTER);
        for (int cols = 1; cols < 100; cols += 7) {
            with.ui.ui.log.is_wrapped = cols % 2 == 0;
            with.ui.ui.log.left = with.ui.ui.log.is_wrapped ? 0 : cols % 5;
            ui_fixture_draw(&with.ui, cols, 12 + cols % 9);
            const struct screen *screen = &with.ui.screen;
            for (int i = 0; i < screen->cols * screen->rows; i++) {
                uint32_t glyph = screen->cells[i].glyph;
                int x = i % screen->cols;
                assert_true(glyph == 0 ||
                            (glyph >= 0x20 && glyph != 0x7f && !(glyph >= 0x80 && glyph < 0xa0)));
                assert_true(glyph != 0 || x > 0);
                if (glyph != 0 && glyph != 0xfffd && wcwidth((wchar_t)glyph) == 2) {
                    assert_true(x + 1 < screen->cols && screen->cells[i + 1].glyph == 0);
                }
            }
        }
        buf_done(&text);
        tear_down(&with);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_filter_shows_what_matches_and_of_how_much),
        cmocka_unit_test(a_bad_expression_is_told_in_the_footer),
        cmocka_unit_test(long_lines_wrap_or_are_shifted),
        cmocka_unit_test(errors_are_walked_through),
        cmocka_unit_test(saving_asks_for_a_name_and_before_it_replaces),
        cmocka_unit_test(an_empty_log_is_not_saved),
        cmocka_unit_test(no_line_leaves_its_pane),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
