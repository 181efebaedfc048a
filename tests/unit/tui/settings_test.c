/* The settings screen: what it shows, changes and writes. */
#include "tests/support/cmocka.h"
#include "tests/support/folder.h"
#include "tests/support/ui_fixture.h"

#include "core/base/alloc.h"
#include "tui/control.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

static void press(struct ui_fixture *fixture, const char *keys)
{
    for (; *keys != '\0'; keys++) {
        control_key(&fixture->ui, &fixture->client, (unsigned char)*keys);
    }
}

/* A console on a configuration file of a folder. */
static char *init_with_file(struct ui_fixture *fixture, const char *text)
{
    char *folder = test_folder_new();
    ui_fixture_init(fixture);
    test_file_write(folder, "config.toml", text, 0644);
    free(fixture->app.config->path);
    fixture->app.config->path = xasprintf("%s/config.toml", folder);
    return folder;
}

static void the_page_shows_values_and_where_they_come_from(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    press(&fixture, ",");
    ui_fixture_draw(&fixture, 80, 24);
    ui_fixture_assert_golden(&fixture, "settings_80x24");
    press(&fixture, "jj\r");
    ui_fixture_draw(&fixture, 80, 24);
    ui_fixture_assert_shows(&fixture, "> wrap long lines       yes                 changed");
    ui_fixture_draw(&fixture, 30, 8);
    ui_fixture_done(&fixture);
}

static void every_setting_turns_round_both_ways(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    for (int i = 0; i < SETTING_COUNT; i++) {
        for (int step = 0; step < 8; step++) { /* eight themes; the others have 2, 3 or 4 values */
            settings_turn(&fixture.ui.settings, (enum setting)i, false);
        }
        for (int step = 0; step < 8; step++) {
            settings_turn(&fixture.ui.settings, (enum setting)i, true);
        }
        assert_false(settings_is_changed(&fixture.ui.settings, (enum setting)i));
    }
    assert_true(fixture.ui.settings.is_due);
    ui_fixture_done(&fixture);
}

static void hidden_panes_leave_their_room_to_others(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    ui_fixture_train(&fixture);
    ui_fixture_draw(&fixture, 120, 40);
    ui_fixture_assert_shows(&fixture, "Training");
    ui_fixture_assert_shows(&fixture, "Timeline");
    settings_turn(&fixture.ui.settings, SETTING_pane_training, false);
    settings_turn(&fixture.ui.settings, SETTING_pane_timeline, false);
    ui_fixture_draw(&fixture, 120, 40);
    ui_fixture_assert_hides(&fixture, "Training credit");
    ui_fixture_assert_hides(&fixture, "Timeline");
    ui_fixture_done(&fixture);
}

static void only_what_changed_is_written_after_yes(void **state)
{
    struct ui_fixture fixture;
    char *folder = init_with_file(&fixture, "[console]\nwrap = false # so\n");
    (void)state;
    press(&fixture, ",jj\r");
    press(&fixture, "w\r"); /* Enter alone is No */
    char *text = test_file_read(folder, "config.toml");
    assert_string_equal(text, "[console]\nwrap = false # so\n");
    free(text);
    press(&fixture, "w");
    ui_fixture_draw(&fixture, 80, 24);
    ui_fixture_assert_shows(&fixture, "-    2  wrap = false # so");
    ui_fixture_assert_shows(&fixture, "+    2  wrap = true # so");
    press(&fixture, "\t\r");
    text = test_file_read(folder, "config.toml");
    assert_string_equal(text, "[console]\nwrap = true # so\n");
    assert_false(settings_is_changed(&fixture.ui.settings, SETTING_wrap));
    press(&fixture, "w");
    assert_non_null(strstr(fixture.ui.message, "nothing has changed"));
    free(text);
    ui_fixture_done(&fixture);
    test_folder_free(folder);
}

static void what_the_command_line_gives_is_not_written(void **state)
{
    struct ui_fixture fixture;
    char *folder = init_with_file(&fixture, "");
    (void)state;
    free(fixture.ui.settings.origins[SETTING_ascii]);
    fixture.ui.settings.origins[SETTING_ascii] = xstrdup("--set");
    press(&fixture, ",j\rw");
    assert_non_null(strstr(fixture.ui.message, "console.ascii is given by --set"));
    assert_int_equal(fixture.ui.dialog.kind, DIALOG_NONE);
    ui_fixture_done(&fixture);
    test_folder_free(folder);
}

static void wrap_and_times_are_one_with_their_settings(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    press(&fixture, "wt");
    assert_true(fixture.ui.log.is_wrapped);
    assert_true(fixture.ui.log.hides_times);
    assert_true(config_bool(fixture.app.config, CONFIG_console_wrap));
    assert_false(config_bool(fixture.app.config, CONFIG_console_times));
    ui_fixture_done(&fixture);
}

/* ---- the pointer, and copies */
static void point(struct ui_fixture *fixture, int kind, int x, int y)
{
    ui_fixture_draw(fixture, 80, 24);
    control_point(&fixture->ui, &fixture->client, &fixture->screen, (struct pointer){kind, x, y});
}

static void a_press_chooses_and_a_second_one_opens(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    ui_fixture_train(&fixture);
    point(&fixture, POINTER_PRESS, 10, 4);
    assert_int_equal(fixture.ui.stage, 1);
    assert_int_equal(fixture.ui.page, PAGE_RUN);
    point(&fixture, POINTER_PRESS, 10, 4);
    assert_int_equal(fixture.ui.page, PAGE_DETAIL);
    ui_fixture_done(&fixture);
}

static void the_wheel_moves_through_stages(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    point(&fixture, POINTER_WHEEL_DOWN, 10, 4);
    assert_int_equal(fixture.ui.stage, 1);
    point(&fixture, POINTER_WHEEL_UP, 10, 4);
    assert_int_equal(fixture.ui.stage, 0);
    point(&fixture, POINTER_PRESS, 10, 20);
    assert_int_equal(fixture.ui.focus, FOCUS_LOG);
    ui_fixture_done(&fixture);
}

static void questions_want_keys(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    press(&fixture, "s");
    assert_int_not_equal(fixture.ui.dialog.kind, DIALOG_NONE);
    for (int y = 0; y < 24; y++) {
        for (int x = 0; x < 80; x += 5) {
            point(&fixture, POINTER_PRESS, x, y);
        }
    }
    assert_int_not_equal(fixture.ui.dialog.kind, DIALOG_NONE);
    ui_fixture_done(&fixture);
}

static void the_pointer_may_be_anywhere(void **state)
{
    static const int kinds[] = {POINTER_PRESS, POINTER_WHEEL_UP, POINTER_WHEEL_DOWN, POINTER_OTHER};
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    ui_fixture_judge(&fixture, true);
    for (int page = PAGE_RUN; page <= PAGE_SETTINGS; page++) {
        for (int at = -3; at < 90; at += 3) {
            fixture.ui.page = (enum ui_page)page;
            point(&fixture, kinds[(at + 3) % 4], at, at / 3);
        }
    }
    ui_fixture_done(&fixture);
}

static void each_place_has_its_copy(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    ui_fixture_judge(&fixture, false);
    fixture.ui.focus = FOCUS_STAGES;
    press(&fixture, "1y");
    assert_non_null(strstr(fixture.ui.copy, "check_lambda_connection OK"));
    press(&fixture, "Vy");
    assert_non_null(strstr(fixture.ui.copy, "REJECTED"));
    assert_null(strstr(fixture.ui.copy, "\n\n\n\n"));
    fixture.ui.page = PAGE_RUN;
    fixture.ui.focus = FOCUS_LOG;
    free(fixture.ui.copy);
    fixture.ui.copy = NULL;
    press(&fixture, "y");
    assert_null(fixture.ui.copy); /* the log is empty */
    assert_non_null(strstr(fixture.ui.message, "nothing to copy"));
    ui_fixture_done(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_shows_values_and_where_they_come_from),
        cmocka_unit_test(every_setting_turns_round_both_ways),
        cmocka_unit_test(hidden_panes_leave_their_room_to_others),
        cmocka_unit_test(only_what_changed_is_written_after_yes),
        cmocka_unit_test(what_the_command_line_gives_is_not_written),
        cmocka_unit_test(wrap_and_times_are_one_with_their_settings),
        cmocka_unit_test(a_press_chooses_and_a_second_one_opens),
        cmocka_unit_test(the_wheel_moves_through_stages),
        cmocka_unit_test(questions_want_keys),
        cmocka_unit_test(the_pointer_may_be_anywhere),
        cmocka_unit_test(each_place_has_its_copy),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
