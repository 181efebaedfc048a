/* Keys: what they change, and that nothing fires by mistake. */
#include "tui/control.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "tests/support/cmocka.h"
#include "tests/support/folder.h"
#include "tests/support/ui_fixture.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum act_wish press(struct ui_fixture *fixture, uint32_t key)
{
    return control_key(&fixture->ui, &fixture->client, key);
}

static void type(struct ui_fixture *fixture, const char *text)
{
    for (; *text != '\0'; text++) {
        press(fixture, (uint32_t)(unsigned char)*text);
    }
}

/* Every key in every place of every state: no crash, and at most a dialog. */
static void every_key_can_be_pressed_everywhere(void **state)
{
    static const enum ui_page pages[] = {PAGE_RUN,      PAGE_DETAIL,   PAGE_HISTORY,
                                         PAGE_VERDICT,  PAGE_HELP,     PAGE_AUDIT,
                                         PAGE_TIMELINE, PAGE_PIPELINE, PAGE_SETTINGS};
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    ui_fixture_judge(&fixture, false);
    for (size_t page = 0; page < sizeof(pages) / sizeof(pages[0]); page++) {
        for (uint32_t i = 0; i < 300; i++) {
            uint32_t key = i < 256 ? i : INPUT_FIRST_SPECIAL + i - 255;
            fixture.ui.page = pages[page];
            fixture.ui.focus = (enum ui_focus)(i % 3);
            fixture.client.is_read_only = true; /* there is no store behind this client */
            press(&fixture, key <= INPUT_UNKNOWN ? key : INPUT_UNKNOWN);
            ui_fixture_draw(&fixture, 80, 24);
            assert_int_equal(fixture.ui.dialog.kind, DIALOG_NONE);
            fixture.ui.prompt.kind = PROMPT_NONE;
        }
    }
    ui_fixture_done(&fixture);
}

static void read_only_opens_no_dialog_and_says_why(void **state)
{
    static const char keys[] = "rRsx";
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    fixture.client.is_read_only = true;
    for (const char *key = keys; *key != '\0'; key++) {
        fixture.ui.message[0] = '\0';
        type(&fixture, (char[]){*key, '\0'});
        assert_int_equal(fixture.ui.dialog.kind, DIALOG_NONE);
        assert_non_null(strstr(fixture.ui.message, "read-only"));
    }
    ui_fixture_draw(&fixture, 80, 24);
    ui_fixture_assert_shows(&fixture, "READ-ONLY");
    ui_fixture_assert_hides(&fixture, "r)etry");
    ui_fixture_done(&fixture);
}

static void a_dialog_shows_the_plan_and_enter_alone_says_no(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    ui_fixture_judge(&fixture, false);
    press(&fixture, '5');
    press(&fixture, 'R');
    assert_int_equal(fixture.ui.dialog.kind, DIALOG_COMMAND);
    ui_fixture_draw(&fixture, 80, 24);
    ui_fixture_assert_golden(&fixture, "dialog_rerun_80x24");
    ui_fixture_draw(&fixture, 30, 6);
    ui_fixture_draw(&fixture, 1, 1);
    assert_int_equal(dialog_key(&fixture.ui.dialog, INPUT_ENTER), DIALOG_NO);
    press(&fixture, INPUT_ENTER);
    assert_int_equal(fixture.ui.dialog.kind, DIALOG_NONE);
    assert_int_equal(fixture.client.command_id, 0);
    ui_fixture_done(&fixture);
}

static void a_plan_tells_what_is_used_from_what_goes_on_or_stays(void **state)
{
    static const char *const branches = "{\"pipeline\":\"p\",\"max_parallel\":4,\"stages\":["
                                        "{\"name\":\"done\",\"kind\":\"work\",\"after\":[]},"
                                        "{\"name\":\"bad\",\"kind\":\"work\",\"after\":[]},"
                                        "{\"name\":\"slow\",\"kind\":\"work\",\"after\":[]},"
                                        "{\"name\":\"worse\",\"kind\":\"work\",\"after\":[]}]}";
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init_dag(&fixture, branches);
    fixture_end(&fixture.run, "done", OUTCOME_SUCCESS);
    fixture_fail(&fixture.run, "bad", ERROR_PERMANENT);
    fixture_fail(&fixture.run, "worse", ERROR_PERMANENT);
    ui_fixture_follow(&fixture);
    press(&fixture, '2');
    press(&fixture, 'r');
    assert_int_equal(fixture.ui.dialog.kind, DIALOG_COMMAND);
    assert_string_equal(fixture.ui.dialog.plan,
                        "These stages run:\n   2 bad\n"
                        "These are going on and are left alone:\n   3 slow\n"
                        "These do not run, what they gave is used:\n   1 done\n"
                        "These do not run:\n   4 worse\n"
                        "No past run tells how long this takes.");
    ui_fixture_done(&fixture);
}

static void yes_is_chosen_by_y_or_by_tab_and_enter(void **state)
{
    struct dialog dialog = {.kind = DIALOG_COMMAND};
    (void)state;
    dialog_open(&dialog);
    assert_int_equal(dialog_key(&dialog, 'z'), DIALOG_STAYS);
    assert_int_equal(dialog_key(&dialog, INPUT_ESC), DIALOG_NO);
    assert_int_equal(dialog_key(&dialog, INPUT_TAB), DIALOG_STAYS);
    assert_int_equal(dialog_key(&dialog, INPUT_ENTER), DIALOG_YES);
    dialog_open(&dialog);
    assert_int_equal(dialog_key(&dialog, 'y'), DIALOG_YES);
}

static void a_skip_needs_a_reason(void **state)
{
    struct dialog dialog = {.kind = DIALOG_COMMAND, .verb = COMMAND_SKIP};
    (void)state;
    dialog_add_field(&dialog, "Reason", NULL);
    dialog_open(&dialog);
    assert_non_null(dialog_obstacle(&dialog));
    dialog_key(&dialog, ' ');
    assert_non_null(dialog_obstacle(&dialog)); /* blanks are no reason */
    dialog_key(&dialog, INPUT_TAB);
    dialog_key(&dialog, INPUT_TAB);
    assert_int_equal(dialog_key(&dialog, INPUT_ENTER), DIALOG_STAYS);
    dialog_key(&dialog, INPUT_TAB); /* round to the field */
    dialog_key(&dialog, 'y');       /* a letter here */
    dialog_key(&dialog, 0xe9);
    assert_string_equal(dialog.fields[0].line.text, " y\xc3\xa9");
    dialog_key(&dialog, INPUT_RUBOUT);
    assert_string_equal(dialog.fields[0].line.text, " y");
    assert_null(dialog_obstacle(&dialog));
    assert_int_equal(dialog_key(&dialog, INPUT_ENTER), DIALOG_STAYS); /* on to No */
    assert_int_equal(dialog_key(&dialog, INPUT_ENTER), DIALOG_NO);
}

static void a_field_takes_no_more_than_fits(void **state)
{
    struct dialog dialog = {.kind = DIALOG_COMMAND};
    (void)state;
    dialog_add_field(&dialog, "Reason", NULL);
    dialog_open(&dialog);
    for (int i = 0; i < 1000; i++) {
        dialog_key(&dialog, 0x6f22);
    }
    assert_true(strlen(dialog.fields[0].line.text) < LINE_SIZE);
    assert_int_equal(strlen(dialog.fields[0].line.text) % 3, 0);
    dialog_key(&dialog, INPUT_CTRL('U'));
    assert_string_equal(dialog.fields[0].line.text, "");
}

static void production_asks_for_its_name(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    free(fixture.client.view.environment);
    fixture.client.view.environment = xstrdup("prod");
    press(&fixture, 's');
    assert_int_equal(fixture.ui.dialog.kind, DIALOG_COMMAND);
    assert_non_null(dialog_obstacle(&fixture.ui.dialog));
    type(&fixture, "pro");
    assert_non_null(dialog_obstacle(&fixture.ui.dialog));
    type(&fixture, "d");
    assert_null(dialog_obstacle(&fixture.ui.dialog));
    press(&fixture, INPUT_ESC);
    assert_int_equal(fixture.ui.dialog.kind, DIALOG_NONE);
    ui_fixture_done(&fixture);
}

static void a_refused_command_says_why_instead_of_a_dialog(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    ui_fixture_judge(&fixture, true);
    press(&fixture, 's'); /* it is over already */
    assert_int_equal(fixture.ui.dialog.kind, DIALOG_NONE);
    assert_true(fixture.ui.is_alert);
    assert_true(fixture.ui.message[0] != '\0');
    ui_fixture_done(&fixture);
}

/* ---- the log */
struct with_log {
    struct ui_fixture fixture;
    char *folder;
};

static void work(struct with_log *with)
{
    while (log_view_work(&with->fixture.ui.log, clock_system()).has_more) {
    }
}

static void set_up_log(struct with_log *with)
{
    struct buf text;
    ui_fixture_init(&with->fixture);
    with->folder = test_folder_new();
    free(with->fixture.app.state_folder);
    with->fixture.app.state_folder = xstrdup(with->folder);
    buf_init(&text, 1 << 20);
    for (int i = 0; i < 100; i++) {
        buf_printf(&text, "2026-11-22T15:39:%02d.000Z %s line %d%s\n", i % 60,
                   i == 41   ? "error"
                   : i == 40 ? "warn"
                             : "info",
                   i, i % 25 == 7 ? " Needle \x1b[31m\xe6\xbc\xa2" : "");
    }
    test_file_write(with->folder, "runs/" FIXTURE_RUN_ID "/logs/check_lambda_connection.1.log",
                    buf_text(&text), 0600);
    buf_done(&text);
    control_refreshed(&with->fixture.ui, &with->fixture.client);
    work(with);
    ui_fixture_draw(&with->fixture, 80, 24);
}

static void tear_down_log(struct with_log *with)
{
    ui_fixture_done(&with->fixture);
    test_folder_free(with->folder);
}

static void append_line(struct with_log *with)
{
    char *path =
        file_join(with->folder, "runs/" FIXTURE_RUN_ID "/logs/check_lambda_connection.1.log");
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    fputs("2026-11-22T15:41:00.000Z info fresh\n", file);
    fclose(file);
    free(path);
    work(with);
}

static void the_log_follows_until_it_is_scrolled(void **state)
{
    struct with_log with;
    (void)state;
    set_up_log(&with);
    ui_fixture_assert_shows(&with.fixture, "line 99");
    ui_fixture_assert_shows(&with.fixture, "FOLLOW");
    press(&with.fixture, INPUT_TAB);
    press(&with.fixture, 'k');
    append_line(&with);
    ui_fixture_draw(&with.fixture, 80, 24);
    ui_fixture_assert_shows(&with.fixture, "+1 new");
    ui_fixture_assert_hides(&with.fixture, "fresh");
    press(&with.fixture, 'G');
    ui_fixture_draw(&with.fixture, 80, 24);
    ui_fixture_assert_shows(&with.fixture, "fresh");
    ui_fixture_assert_shows(&with.fixture, "FOLLOW");
    press(&with.fixture, 'g');
    ui_fixture_draw(&with.fixture, 80, 24);
    ui_fixture_assert_shows(&with.fixture, "line 0");
    press(&with.fixture, 'l');
    ui_fixture_draw(&with.fixture, 80, 24);
    ui_fixture_assert_hides(&with.fixture, "line 0");
    tear_down_log(&with);
}

static void a_search_counts_and_walks_through_its_matches(void **state)
{
    struct with_log with;
    (void)state;
    set_up_log(&with);
    press(&with.fixture, INPUT_TAB);
    press(&with.fixture, 'g');
    press(&with.fixture, '/');
    type(&with.fixture, "needlx");
    press(&with.fixture, INPUT_RUBOUT);
    type(&with.fixture, "e");
    press(&with.fixture, INPUT_ENTER);
    work(&with);
    ui_fixture_draw(&with.fixture, 80, 24);
    ui_fixture_assert_shows(&with.fixture, "needle [1/4]");
    ui_fixture_assert_golden(&with.fixture, "search_80x24");
    press(&with.fixture, 'n');
    ui_fixture_draw(&with.fixture, 80, 24);
    ui_fixture_assert_shows(&with.fixture, "needle [2/4]");
    press(&with.fixture, 'N');
    press(&with.fixture, 'N');
    ui_fixture_draw(&with.fixture, 80, 24);
    ui_fixture_assert_shows(&with.fixture, "needle [4/4]");
    press(&with.fixture, INPUT_ESC);
    ui_fixture_draw(&with.fixture, 80, 24);
    ui_fixture_assert_hides(&with.fixture, "[4/4]");
    press(&with.fixture, 'n');
    assert_non_null(strstr(with.fixture.ui.message, "nothing is searched"));
    tear_down_log(&with);
}

static void panes_and_pages_open_and_close(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    press(&fixture, INPUT_TAB);
    assert_int_equal(fixture.ui.focus, FOCUS_LOG); /* there is no verdict yet */
    press(&fixture, INPUT_BACK_TAB);
    assert_int_equal(fixture.ui.focus, FOCUS_STAGES);
    press(&fixture, 'j');
    assert_int_equal(fixture.ui.stage, 1);
    press(&fixture, INPUT_ENTER);
    assert_int_equal(fixture.ui.page, PAGE_DETAIL);
    press(&fixture, INPUT_ESC);
    assert_int_equal(fixture.ui.page, PAGE_RUN);
    press(&fixture, 'L');
    assert_true(fixture.ui.is_zoomed && fixture.ui.focus == FOCUS_LOG);
    press(&fixture, 'L');
    assert_false(fixture.ui.is_zoomed);
    press(&fixture, '?');
    assert_int_equal(fixture.ui.page, PAGE_HELP);
    press(&fixture, '?');
    assert_int_equal(fixture.ui.page, PAGE_RUN);
    assert_int_equal(press(&fixture, 'q'), ACT_LEAVE);
    assert_int_equal(press(&fixture, INPUT_CTRL('Z')), ACT_SUSPEND);
    assert_int_equal(press(&fixture, INPUT_CTRL('L')), ACT_REPAINT);
    ui_fixture_done(&fixture);
}

static void the_console_is_left_from_its_first_view_at_once_by_d_and_by_c_twice(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    press(&fixture, '?');
    assert_int_equal(press(&fixture, 'q'), ACT_STAY);
    assert_int_equal(fixture.ui.page, PAGE_RUN);
    press(&fixture, 'Z');
    assert_int_equal(press(&fixture, 'q'), ACT_STAY);
    assert_int_equal(press(&fixture, 'q'), ACT_LEAVE);
    press(&fixture, '?');
    assert_int_equal(press(&fixture, 'D'), ACT_LEAVE);
    assert_int_equal(press(&fixture, INPUT_CTRL('c')), ACT_STAY);
    assert_non_null(strstr(fixture.ui.message, "leave the console?"));
    press(&fixture, 'j'); /* that is no answer */
    assert_int_equal(press(&fixture, INPUT_CTRL('c')), ACT_STAY);
    assert_int_equal(press(&fixture, INPUT_CTRL('c')), ACT_LEAVE);
    ui_fixture_done(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_can_be_pressed_everywhere),
        cmocka_unit_test(read_only_opens_no_dialog_and_says_why),
        cmocka_unit_test(a_dialog_shows_the_plan_and_enter_alone_says_no),
        cmocka_unit_test(a_plan_tells_what_is_used_from_what_goes_on_or_stays),
        cmocka_unit_test(yes_is_chosen_by_y_or_by_tab_and_enter),
        cmocka_unit_test(a_skip_needs_a_reason),
        cmocka_unit_test(a_field_takes_no_more_than_fits),
        cmocka_unit_test(production_asks_for_its_name),
        cmocka_unit_test(a_refused_command_says_why_instead_of_a_dialog),
        cmocka_unit_test(the_log_follows_until_it_is_scrolled),
        cmocka_unit_test(a_search_counts_and_walks_through_its_matches),
        cmocka_unit_test(panes_and_pages_open_and_close),
        cmocka_unit_test(the_console_is_left_from_its_first_view_at_once_by_d_and_by_c_twice),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
