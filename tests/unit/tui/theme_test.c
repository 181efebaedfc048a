/* Themes: built-in ones are whole, mistakes are told with file and line. */
#include "tui/theme.h"

#include "tests/support/cmocka.h"

#include <string.h>

static void every_built_in_theme_can_be_read(void **state)
{
    struct theme theme;
    struct error err;
    size_t count = 0;
    (void)state;
    for (; theme_builtin_name(count) != NULL; count++) {
        if (!theme_load(theme_builtin_name(count), &theme, &err)) {
            fail_msg("%s", err.message);
        }
    }
    assert_int_equal(count, 3);
}

static void the_monochrome_theme_has_no_colour_and_tells_bad_states_by_attribute(void **state)
{
    struct theme theme;
    struct error err;
    (void)state;
    assert_true(theme_load("mono", &theme, &err));
    for (int i = 0; i < ROLE_COUNT; i++) {
        assert_int_equal(theme.roles[i].foreground, COLOR_OF_TERMINAL);
        assert_int_equal(theme.roles[i].background, COLOR_OF_TERMINAL);
    }
    assert_int_not_equal(theme.roles[ROLE_STATE_FAILED].attributes, 0);
    assert_int_not_equal(theme.roles[ROLE_VERDICT_REJECTED].attributes,
                         theme.roles[ROLE_VERDICT_PASSED].attributes);
    assert_int_not_equal(theme.roles[ROLE_HEADER_PRODUCTION].attributes,
                         theme.roles[ROLE_HEADER].attributes);
}

static void a_theme_inherits_what_it_does_not_say(void **state)
{
    struct theme base, theme;
    struct error err;
    (void)state;
    assert_true(theme_load("terminal16", &base, &err));
    assert_true(theme_load_text("mine.toml",
                                STR("inherits = 'terminal16'\n[role]\n'title' = { fg = 'red' }\n"),
                                &theme, &err));
    assert_int_equal(theme.roles[ROLE_TITLE].foreground, 1);
    assert_int_equal(theme.roles[ROLE_KEY].attributes, base.roles[ROLE_KEY].attributes);
}

static void assert_refused(const char *text, const char *expected)
{
    struct theme theme = {.roles = {{.attributes = 42}}};
    struct error err;
    assert_false(theme_load_text("mine.toml", str_from(text), &theme, &err));
    if (strstr(err.message, expected) == NULL) {
        fail_msg("no \"%s\" in \"%s\"", expected, err.message);
    }
    assert_int_equal(theme.roles[0].attributes, 42); /* untouched */
}

static void mistakes_are_told_with_file_and_line(void **state)
{
    (void)state;
    assert_refused("[role]\n\n'titel' = {}\n", "mine.toml:3: unknown role \"titel\"; did you mean");
    assert_refused("[role]\n'title' = { fg = 'pink' }\n", "mine.toml:2: unknown colour \"pink\"");
    assert_refused("[role]\n'title' = { attributes = ['blink'] }\n", "unknown attribute \"blink\"");
    assert_refused("[role]\n'title' = { font = 'x' }\n", "unknown key \"font\"");
    assert_refused("[role]\n'title' = 3\n", "mine.toml:2: a role is a table");
    assert_refused("inherits = 'nothing'\n", "cannot inherit \"nothing\"");
    assert_refused("[role\n", "mine.toml");
}

static void an_unknown_name_names_those_there_are(void **state)
{
    struct theme theme;
    struct error err;
    (void)state;
    assert_false(theme_load("solar", &theme, &err));
    assert_non_null(strstr(err.message, "terminal16"));
    assert_false(theme_load("/nowhere/x.toml", &theme, &err));
    assert_non_null(strstr(err.message, "/nowhere/x.toml"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_built_in_theme_can_be_read),
        cmocka_unit_test(the_monochrome_theme_has_no_colour_and_tells_bad_states_by_attribute),
        cmocka_unit_test(a_theme_inherits_what_it_does_not_say),
        cmocka_unit_test(mistakes_are_told_with_file_and_line),
        cmocka_unit_test(an_unknown_name_names_those_there_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
