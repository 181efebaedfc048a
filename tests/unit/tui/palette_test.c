/* The palette: every action by name, completion, history. */
#include "tui/palette.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "tests/support/cmocka.h"
#include "tests/support/folder.h"
#include "tests/support/ui_fixture.h"
#include "tui/control.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static enum act_wish press(struct ui_fixture *fixture, uint32_t key)
{
    return control_key(&fixture->ui, &fixture->client, key);
}

static enum act_wish type(struct ui_fixture *fixture, const char *text)
{
    enum act_wish wish = ACT_STAY;
    for (; *text != '\0'; text++) {
        wish = press(fixture, (uint32_t)(unsigned char)*text);
    }
    return wish;
}

static enum act_wish run(struct ui_fixture *fixture, const char *line)
{
    press(fixture, ':');
    assert_true(fixture->ui.palette.is_open);
    type(fixture, line);
    return press(fixture, INPUT_ENTER);
}

static const char *line_of(const struct ui_fixture *fixture)
{
    return fixture->ui.palette.line.text;
}

static void every_action_can_be_run_by_its_name(void **state)
{
    (void)state;
    for (int i = 0; i < ACTION_COUNT; i++) {
        struct ui_fixture fixture;
        ui_fixture_init(&fixture);
        ui_fixture_judge(&fixture, false);
        fixture.client.is_read_only = true; /* there is no store behind this client */
        run(&fixture, action_spec((enum action)i)->name);
        if (strstr(fixture.ui.message, "there is no command") != NULL) {
            fail_msg("%s: %s", action_spec((enum action)i)->name, fixture.ui.message);
        }
        ui_fixture_draw(&fixture, 80, 24);
        ui_fixture_done(&fixture);
        ui_fixture_init_empty(&fixture);
        fixture.client.is_read_only = true;
        run(&fixture, action_spec((enum action)i)->name);
        ui_fixture_draw(&fixture, 80, 24);
        ui_fixture_done(&fixture);
    }
}

static void an_unambiguous_beginning_is_enough(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    assert_int_equal(run(&fixture, "q"), ACT_LEAVE);
    run(&fixture, "hist");
    assert_int_equal(fixture.ui.page, PAGE_HISTORY);
    run(&fixture, "previous");
    assert_non_null(strstr(fixture.ui.message, "may be previous_pane, previous_match"));
    run(&fixture, "next-pane");
    assert_int_equal(fixture.ui.page, PAGE_RUN); /* where it works */
    ui_fixture_done(&fixture);
}

static void a_misspelt_command_is_told_the_nearest_name(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    run(&fixture, "hsitory");
    assert_true(fixture.ui.is_alert);
    assert_non_null(strstr(fixture.ui.message, "did you mean \"history\"?"));
    run(&fixture, "zzzzzzzzzz");
    assert_non_null(strstr(fixture.ui.message, "there is no command \"zzzzzzzzzz\""));
    run(&fixture, "history 5");
    assert_non_null(strstr(fixture.ui.message, "usage: history"));
    run(&fixture, "   ");
    assert_string_equal(fixture.ui.message, "");
    ui_fixture_done(&fixture);
}

static void commands_take_a_stage_by_number_name_or_beginning(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    ui_fixture_judge(&fixture, false);
    run(&fixture, "rerun 5");
    assert_string_equal(fixture.ui.dialog.stage, "start_sagemaker_training");
    press(&fixture, INPUT_ENTER); /* No */
    assert_int_equal(fixture.ui.dialog.kind, DIALOG_NONE);
    run(&fixture, "rerun invoke_clean_rds");
    assert_string_equal(fixture.ui.dialog.stage, "invoke_clean_rds");
    press(&fixture, INPUT_ESC);
    run(&fixture, "rerun eval");
    assert_string_equal(fixture.ui.dialog.stage, "evaluate_model_performance");
    press(&fixture, INPUT_ESC);
    run(&fixture, "rerun invoke_clean_rdss");
    assert_int_equal(fixture.ui.dialog.kind, DIALOG_NONE);
    assert_non_null(strstr(fixture.ui.message, "did you mean \"invoke_clean_rds\"?"));
    run(&fixture, "rerun invoke");
    assert_non_null(strstr(fixture.ui.message, "there is no stage \"invoke\""));
    run(&fixture, "rerun 7");
    assert_non_null(strstr(fixture.ui.message, "there is no stage \"7\""));
    run(&fixture, "rerun 5 because");
    assert_int_equal(fixture.ui.dialog.kind, DIALOG_NONE);
    assert_non_null(strstr(fixture.ui.message, "rerun takes no reason"));
    run(&fixture, "stage 2");
    assert_int_equal(fixture.ui.stage, 1);
    run(&fixture, "stage");
    assert_non_null(strstr(fixture.ui.message, "usage: stage STAGE"));
    ui_fixture_done(&fixture);
}

static void a_reason_goes_into_the_dialog_which_still_says_no(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    ui_fixture_judge(&fixture, false);
    run(&fixture, "skip 6   measured by hand");
    assert_int_equal(fixture.ui.dialog.kind, DIALOG_COMMAND);
    assert_int_equal(fixture.ui.dialog.verb, COMMAND_SKIP);
    assert_string_equal(fixture.ui.dialog.fields[0].line.text, "measured by hand");
    press(&fixture, INPUT_ENTER);
    press(&fixture, INPUT_ENTER);
    assert_int_equal(fixture.ui.dialog.kind, DIALOG_NONE);
    assert_int_equal(fixture.client.command_id, 0);
    ui_fixture_done(&fixture);
}

static void tab_completes_what_is_common_then_walks_through(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    press(&fixture, ':');
    type(&fixture, "prev");
    press(&fixture, INPUT_TAB);
    assert_string_equal(line_of(&fixture), "previous_");
    press(&fixture, INPUT_TAB);
    assert_string_equal(line_of(&fixture), "previous_match");
    press(&fixture, INPUT_TAB);
    assert_string_equal(line_of(&fixture), "previous_error");
    press(&fixture, INPUT_BACK_TAB);
    assert_string_equal(line_of(&fixture), "previous_match");
    ui_fixture_draw(&fixture, 80, 24);
    ui_fixture_assert_golden(&fixture, "palette_80x24");
    press(&fixture, INPUT_CTRL('u'));
    type(&fixture, "ret");
    press(&fixture, INPUT_TAB);
    assert_string_equal(line_of(&fixture), "retry ");
    type(&fixture, "start");
    press(&fixture, INPUT_TAB);
    assert_string_equal(line_of(&fixture), "retry start_sagemaker_training ");
    press(&fixture, INPUT_TAB); /* nothing more to complete */
    assert_string_equal(line_of(&fixture), "retry start_sagemaker_training ");
    press(&fixture, INPUT_CTRL('u'));
    type(&fixture, "theme hi");
    press(&fixture, INPUT_TAB);
    assert_string_equal(line_of(&fixture), "theme high-contrast ");
    press(&fixture, INPUT_CTRL('u'));
    type(&fixture, "nothing_like_this");
    press(&fixture, INPUT_TAB);
    assert_string_equal(line_of(&fixture), "nothing_like_this");
    ui_fixture_done(&fixture);
}

static void the_palette_fits_every_size(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    press(&fixture, ':');
    for (int cols = 1; cols < 100; cols += 3) {
        for (int rows = 1; rows < 30; rows += 2) {
            ui_fixture_draw(&fixture, cols, rows);
        }
    }
    type(&fixture, "hist");
    ui_fixture_draw(&fixture, 30, 4);
    ui_fixture_assert_shows(&fixture, ":hist");
    ui_fixture_done(&fixture);
}

static void esc_and_an_empty_rubout_close_it(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    press(&fixture, ':');
    type(&fixture, "quit");
    press(&fixture, INPUT_ESC);
    assert_false(fixture.ui.palette.is_open);
    press(&fixture, ':');
    press(&fixture, 'x');
    press(&fixture, INPUT_RUBOUT);
    assert_true(fixture.ui.palette.is_open);
    press(&fixture, INPUT_RUBOUT);
    assert_false(fixture.ui.palette.is_open);
    ui_fixture_done(&fixture);
}

static void pasted_text_is_one_line_and_no_keys(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    ui_fixture_judge(&fixture, false);
    press(&fixture, INPUT_PASTE_BEGIN); /* nothing takes text: nothing happens */
    type(&fixture, "R:q\r");
    press(&fixture, INPUT_PASTE_END);
    assert_int_equal(fixture.ui.dialog.kind, DIALOG_NONE);
    assert_false(fixture.ui.palette.is_open);
    press(&fixture, ':');
    press(&fixture, INPUT_PASTE_BEGIN);
    type(&fixture, "skip 6\rtoo\tslow");
    press(&fixture, 0x01);
    press(&fixture, INPUT_PASTE_END);
    assert_string_equal(line_of(&fixture), "skip 6 too slow");
    press(&fixture, INPUT_ESC);
    press(&fixture, '5');
    press(&fixture, 'R');
    press(&fixture, INPUT_PASTE_BEGIN);
    type(&fixture, "y");
    press(&fixture, INPUT_PASTE_END);
    assert_int_equal(fixture.ui.dialog.kind, DIALOG_COMMAND); /* a pasted y is no yes */
    ui_fixture_done(&fixture);
}

static void up_and_down_walk_through_the_history(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    run(&fixture, "stage 2");
    run(&fixture, "stage 3");
    run(&fixture, "stage 2"); /* moves to the end */
    press(&fixture, ':');
    type(&fixture, "dra");
    press(&fixture, INPUT_UP_ARROW);
    assert_string_equal(line_of(&fixture), "stage 2");
    press(&fixture, INPUT_UP_ARROW);
    assert_string_equal(line_of(&fixture), "stage 3");
    press(&fixture, INPUT_UP_ARROW);
    assert_string_equal(line_of(&fixture), "stage 3");
    press(&fixture, INPUT_DOWN_ARROW);
    press(&fixture, INPUT_DOWN_ARROW);
    assert_string_equal(line_of(&fixture), "dra");
    press(&fixture, INPUT_DOWN_ARROW);
    assert_string_equal(line_of(&fixture), "dra");
    ui_fixture_done(&fixture);
}

static void the_history_outlives_the_console_is_bounded_and_private(void **state)
{
    char *folder = test_folder_new();
    struct palette palette = {.is_open = false}, other = {.is_open = false};
    struct error err;
    struct stat status;
    (void)state;
    char *path = file_join(folder, "console_history");
    assert_true(palette_load_history(&palette, path, &err));
    assert_true(palette_remember(&other, path, "from another console", &err));
    for (int i = 0; i < PALETTE_HISTORY_MAX + 10; i++) {
        char *line = xasprintf(" stage %d ", i);
        assert_true(palette_remember(&palette, path, line, &err));
        free(line);
    }
    assert_true(palette_remember(&palette, path, "   ", &err));
    palette_done(&other);
    assert_true(palette_load_history(&other, path, &err));
    assert_int_equal(other.history_count, PALETTE_HISTORY_MAX);
    assert_string_equal(other.history[PALETTE_HISTORY_MAX - 1], "stage 209");
    assert_string_equal(other.history[0], "stage 10");
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    palette_done(&palette);
    palette_done(&other);
    free(path);
    test_folder_free(folder);
}

static void a_hostile_history_does_no_harm(void **state)
{
    char *folder = test_folder_new();
    struct ui_fixture fixture;
    struct error err;
    struct buf text;
    (void)state;
    char *path = file_join(folder, "console_history");
    buf_init(&text, 1 << 20);
    buf_append_text(&text, "a\x1b[2Jb\n\n");
    for (int i = 0; i < 3000; i++) {
        buf_append_char(&text, 'x');
    }
    assert_true(file_write(path, buf_str(&text), 0600, &err));
    buf_done(&text);
    ui_fixture_init(&fixture);
    assert_true(palette_load_history(&fixture.ui.palette, path, &err));
    assert_int_equal(fixture.ui.palette.history_count, 1);
    press(&fixture, ':');
    press(&fixture, INPUT_UP_ARROW);
    assert_null(strchr(line_of(&fixture), 0x1b));
    ui_fixture_done(&fixture);
    free(path);
    test_folder_free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_action_can_be_run_by_its_name),
        cmocka_unit_test(an_unambiguous_beginning_is_enough),
        cmocka_unit_test(a_misspelt_command_is_told_the_nearest_name),
        cmocka_unit_test(commands_take_a_stage_by_number_name_or_beginning),
        cmocka_unit_test(a_reason_goes_into_the_dialog_which_still_says_no),
        cmocka_unit_test(tab_completes_what_is_common_then_walks_through),
        cmocka_unit_test(the_palette_fits_every_size),
        cmocka_unit_test(esc_and_an_empty_rubout_close_it),
        cmocka_unit_test(pasted_text_is_one_line_and_no_keys),
        cmocka_unit_test(up_and_down_walk_through_the_history),
        cmocka_unit_test(the_history_outlives_the_console_is_bounded_and_private),
        cmocka_unit_test(a_hostile_history_does_no_harm),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
