/* Themes: built-in ones are whole, mistakes are told with file and line. */
#include "tui/theme.h"

#include "core/base/file.h"
#include "tests/support/cmocka.h"
#include "tests/support/folder.h"
#include "tui/theme_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void load(const char *name, struct theme *out_theme)
{
    struct problems warnings = {.count = 0};
    struct error err;
    if (!theme_load(name, NULL, out_theme, &warnings, &err)) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(warnings.count, 0);
}

static void read_text(const char *text, struct theme *out_theme)
{
    struct problems warnings = {.count = 0};
    struct error err;
    if (!theme_load_text("mine.toml", str_from(text), out_theme, &warnings, &err)) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(warnings.count, 0);
}

static void assert_finds(const char *text, const char *expected)
{
    struct theme theme;
    struct problems findings = {.count = 0};
    size_t unmeasured = 0;
    bool is_found = false;
    read_text(text, &theme);
    theme_check(&theme, &findings, &unmeasured);
    for (size_t i = 0; i < findings.count && i < PROBLEMS_MAX; i++) {
        is_found = is_found || strstr(findings.items[i].text, expected) != NULL;
    }
    if (!is_found) {
        fail_msg("nobody finds \"%s\"; first of %zu: %s", expected, findings.count,
                 findings.count == 0 ? "" : findings.items[0].text);
    }
    problems_done(&findings);
}

static void every_built_in_theme_passes_its_check(void **state)
{
    struct theme theme;
    size_t count = 0;
    (void)state;
    for (; theme_builtin_name(count) != NULL; count++) {
        struct problems findings = {.count = 0};
        size_t unmeasured = 0;
        load(theme_builtin_name(count), &theme);
        theme_check(&theme, &findings, &unmeasured);
        if (findings.count > 0) {
            fail_msg("%s: %s", theme_builtin_name(count), findings.items[0].text);
        }
    }
    assert_int_equal(count, 8);
}

/* The others must be readable whatever the terminal's own colours are. */
static void only_the_themes_of_the_terminal_leave_contrast_unmeasured(void **state)
{
    static const char *const measured[] = {"dark",        "light",          "high-contrast",
                                           "color-blind", "solarized-dark", "solarized-light"};
    (void)state;
    for (size_t i = 0; i < sizeof(measured) / sizeof(measured[0]); i++) {
        struct problems findings = {.count = 0};
        struct theme theme;
        size_t unmeasured = 1;
        load(measured[i], &theme);
        theme_check(&theme, &findings, &unmeasured);
        assert_int_equal(unmeasured, 0);
    }
}

static void monochrome_tells_every_state_by_an_attribute_of_its_own(void **state)
{
    struct theme theme;
    (void)state;
    load("mono", &theme);
    for (int i = 0; i < ROLE_COUNT; i++) {
        struct look look = theme_look(&theme, (enum role)i, COLOR_DEPTH_TRUE);
        assert_int_equal(look.foreground, COLOR_OF_TERMINAL);
        assert_int_equal(look.background, COLOR_OF_TERMINAL);
        assert_int_equal(look.attributes, theme.roles[i].mono);
        for (int j = ROLE_STATE_WAITING; j <= ROLE_STATE_BLOCKED && j < i; j++) {
            assert_true(i > ROLE_STATE_BLOCKED || theme.roles[j].mono != theme.roles[i].mono);
        }
    }
    assert_int_not_equal(theme.roles[ROLE_VERDICT_REJECTED].mono,
                         theme.roles[ROLE_VERDICT_PASSED].mono);
    assert_int_not_equal(theme.roles[ROLE_HEADER_PRODUCTION].mono, theme.roles[ROLE_HEADER].mono);
}

static void a_theme_inherits_what_it_does_not_say(void **state)
{
    struct theme base, theme;
    (void)state;
    load("terminal16", &base);
    read_text("inherits = 'terminal16'\n[role]\n'state.failed' = { fg = 'blue' }\n", &theme);
    assert_int_equal(theme_look(&theme, ROLE_STATE_FAILED, COLOR_DEPTH_16).foreground, 4);
    assert_int_equal(theme.roles[ROLE_STATE_FAILED].attributes, 0); /* the role is replaced */
    assert_int_equal(theme.roles[ROLE_STATE_FAILED].mono, base.roles[ROLE_STATE_FAILED].mono);
    assert_int_equal(theme.roles[ROLE_KEY].attributes, base.roles[ROLE_KEY].attributes);
}

static void another_palette_recolours_the_roles_that_are_inherited(void **state)
{
    struct theme theme;
    (void)state;
    read_text("inherits = 'dark'\n[palette]\ngood = '#010203'\nbackground = '#0a0b0c'\n", &theme);
    struct look look = theme_look(&theme, ROLE_STATE_SUCCESS, COLOR_DEPTH_TRUE);
    assert_int_equal(look.foreground, COLOR_RGB | 0x010203);
    assert_int_equal(look.background, COLOR_RGB | 0x0a0b0c);
}

static void a_colour_has_a_form_for_each_depth(void **state)
{
    struct theme theme;
    (void)state;
    read_text("[role]\n"
              "'title' = { fg = { truecolor = '#268bd2', 256 = 33, 16 = 'blue' } }\n"
              "'key' = { fg = { truecolor = '#ff0000' } }\n"
              "'muted' = { fg = { 16 = 'bright-blue' } }\n"
              "'notice' = { fg = 196 }\n",
              &theme);
    assert_int_equal(theme_look(&theme, ROLE_TITLE, COLOR_DEPTH_TRUE).foreground,
                     COLOR_RGB | 0x268bd2);
    assert_int_equal(theme_look(&theme, ROLE_TITLE, COLOR_DEPTH_256).foreground, 33);
    assert_int_equal(theme_look(&theme, ROLE_TITLE, COLOR_DEPTH_16).foreground, 4);
    assert_int_equal(theme_look(&theme, ROLE_KEY, COLOR_DEPTH_256).foreground, 196);
    assert_int_equal(theme_look(&theme, ROLE_KEY, COLOR_DEPTH_16).foreground, 9);
    assert_int_equal(theme_look(&theme, ROLE_MUTED, COLOR_DEPTH_TRUE).foreground, 12);
    assert_int_equal(theme_look(&theme, ROLE_NOTICE, COLOR_DEPTH_TRUE).foreground,
                     COLOR_RGB | 0xff0000);
}

static void eight_colours_show_bright_ones_as_bold(void **state)
{
    struct theme theme;
    (void)state;
    read_text("[role]\n'title' = { fg = 'bright-red', bg = 'blue' }\n"
              "'key' = { fg = 'bright-red', bg = 'red', mono = ['reverse'] }\n",
              &theme);
    struct look look = theme_look(&theme, ROLE_TITLE, COLOR_DEPTH_8);
    assert_int_equal(look.foreground, 1);
    assert_int_equal(look.background, 4);
    assert_int_equal(look.attributes, STYLE_BOLD);
    look = theme_look(&theme, ROLE_KEY, COLOR_DEPTH_8); /* red on red */
    assert_int_equal(look.foreground, COLOR_OF_TERMINAL);
    assert_int_equal(look.attributes, STYLE_REVERSE);
}

static void the_black_of_the_palette_is_never_bold(void **state)
{
    struct theme theme;
    (void)state;
    read_text("[role]\n'title' = { fg = 'black', bg = 'white', attributes = ['bold'] }\n"
              "'key' = { fg = '#000000', bg = 'white', attributes = ['bold', 'underline'] }\n",
              &theme);
    assert_int_equal(theme_look(&theme, ROLE_TITLE, COLOR_DEPTH_TRUE).attributes, 0);
    assert_int_equal(theme_look(&theme, ROLE_KEY, COLOR_DEPTH_16).attributes, STYLE_UNDERLINE);
    assert_int_equal(theme_look(&theme, ROLE_KEY, COLOR_DEPTH_TRUE).attributes,
                     STYLE_BOLD | STYLE_UNDERLINE);
}

static void the_check_tells_what_is_missing_or_unreadable(void **state)
{
    (void)state;
    assert_finds("", "title: the role is not set");
    assert_finds("[role]\n'state.failed' = { fg = 'red' }\n",
                 "state.failed: no attribute for monochrome");
    assert_finds("inherits = 'terminal16'\n[role]\n'state.success' = { mono = ['bold'] }\n",
                 "state.success: looks like state.running in monochrome (mono: bold)");
    assert_finds("inherits = 'dark'\n[palette]\nmuted = '#444444'\n",
                 "muted: contrast 1.75:1 is below 4.5:1 (#444444 on #1c1c1c, truecolour)");
    assert_finds(
        "inherits = 'dark'\n[palette]\nmuted = { truecolor = '#ffffff', 16 = 'blue' }\n",
        "muted: contrast 2.23:1 is below 4.5:1 (blue on black, 16 colours as xterm has them)");
}

static void assert_refused(const char *text, const char *expected)
{
    struct theme theme = {.roles = {{.attributes = 42}}};
    struct problems warnings = {.count = 0};
    struct error err = {.message = ""};
    assert_false(theme_load_text("mine.toml", str_from(text), &theme, &warnings, &err));
    if (strstr(err.message, expected) == NULL) {
        fail_msg("no \"%s\" in \"%s\"", expected, err.message);
    }
    assert_int_equal(theme.roles[0].attributes, 42); /* untouched */
    problems_done(&warnings);
}

static void mistakes_are_told_with_file_and_line(void **state)
{
    (void)state;
    assert_refused("[role]\n'title' = { fg = 'pink' }\n", "mine.toml:2: unknown colour \"pink\"");
    assert_refused("[palette]\nx = '#12'\n", "mine.toml:2: unknown colour \"#12\"");
    assert_refused("[palette]\nx = 256\n", "mine.toml:2: a colour is");
    assert_refused("[palette]\nx = { 17 = 'red' }\n", "mine.toml:2: a colour has the forms");
    assert_refused("[palette]\nx = { 16 = '#ffffff' }\n", "mine.toml:2: the form 256");
    assert_refused("[palette]\nx = { }\n", "mine.toml:2: a colour needs");
    assert_refused("[role]\n'title' = { attributes = ['blink'] }\n", "unknown attribute \"blink\"");
    assert_refused("[role]\n'title' = { font = 'x' }\n", "not \"font\"");
    assert_refused("[role]\n'title' = 3\n", "mine.toml:2: a role is a table");
    assert_refused("\n[roles]\n", "mine.toml:2: a theme has inherits");
    assert_refused("role = 3\n", "mine.toml:1: palette and role are sections");
    assert_refused("inherits = 'nothing'\n", "mine.toml:1: inherits: there is no theme");
    assert_refused("[role\n", "mine.toml:1");
}

static void an_unknown_role_is_told_and_the_rest_is_kept(void **state)
{
    struct theme theme;
    struct problems warnings = {.count = 0};
    struct error err;
    (void)state;
    assert_true(theme_load_text("mine.toml",
                                STR("[role]\n'titel' = {}\n'title' = { fg = 'red' }\n"), &theme,
                                &warnings, &err));
    assert_int_equal(warnings.count, 1);
    assert_string_equal(warnings.items[0].text,
                        "mine.toml:2: unknown role \"titel\"; did you mean \"title\"?");
    assert_int_equal(theme_look(&theme, ROLE_TITLE, COLOR_DEPTH_16).foreground, 1);
    problems_done(&warnings);
}

static void own_themes_are_found_by_name_and_may_inherit_each_other(void **state)
{
    struct theme theme;
    struct problems warnings = {.count = 0};
    struct error err;
    char *folder = test_folder_new();
    (void)state;
    test_file_write(folder, "one.toml", "inherits = 'two'\n[role]\n'key' = { fg = 'green' }\n",
                    0644);
    test_file_write(folder, "two.toml", "[role]\n'title' = { fg = 'red' }\n", 0644);
    test_file_write(folder, "self.toml", "inherits = 'self'\n", 0644);
    assert_true(theme_load("one", folder, &theme, &warnings, &err));
    assert_int_equal(theme_look(&theme, ROLE_TITLE, COLOR_DEPTH_16).foreground, 1);
    assert_int_equal(theme_look(&theme, ROLE_KEY, COLOR_DEPTH_16).foreground, 2);
    assert_false(theme_load("self", folder, &theme, &warnings, &err));
    assert_non_null(strstr(err.message, "has no end"));
    test_folder_free(folder);
}

static void an_unknown_name_names_those_there_are(void **state)
{
    struct theme theme;
    struct problems warnings = {.count = 0};
    struct error err;
    (void)state;
    assert_false(theme_load("solar", NULL, &theme, &warnings, &err));
    assert_non_null(strstr(err.message, "solarized-light"));
    assert_false(theme_load("/nowhere/x.toml", NULL, &theme, &warnings, &err));
    assert_non_null(strstr(err.message, "/nowhere/x.toml"));
}

/* Every role of every built-in theme, as each depth shows it. */
static void print_look(const struct theme *theme, enum role role, enum color_depth depth,
                       struct buf *out)
{
    struct look look = theme_look(theme, role, depth);
    char foreground[24], background[24];
    color_print(look.foreground, foreground);
    color_print(look.background, background);
    buf_printf(out, "  %-15s %s on %s, ", color_depth_name(depth), foreground, background);
    theme_print_attributes(look.attributes, out);
    buf_append_char(out, '\n');
}

static void the_pictures_of_the_built_in_themes(void **state)
{
    (void)state;
    for (size_t i = 0; theme_builtin_name(i) != NULL; i++) {
        struct theme theme;
        struct buf drawn, kept;
        struct error err;
        char path[200];
        buf_init(&drawn, 1 << 20);
        buf_init(&kept, 1 << 20);
        load(theme_builtin_name(i), &theme);
        for (int role = 0; role < ROLE_COUNT; role++) {
            buf_printf(&drawn, "%s\n", role_name((enum role)role));
            for (int depth = 0; depth < COLOR_DEPTH_COUNT; depth++) {
                print_look(&theme, (enum role)role, (enum color_depth)depth, &drawn);
            }
        }
        snprintf(path, sizeof(path), "tests/unit/tui/golden/theme_%s.txt", theme_builtin_name(i));
        const char *mode = getenv("GATEHOUSE_GOLDEN");
        if (mode != NULL && strcmp(mode, "write") == 0) {
            assert_true(file_write(path, buf_str(&drawn), 0644, &err));
        }
        if (!file_read(path, &kept, &err)) {
            fail_msg("%s", err.message);
        }
        if (strcmp(buf_text(&kept), buf_text(&drawn)) != 0) {
            fail_msg("%s is not what is drawn now (GATEHOUSE_GOLDEN=write replaces it)", path);
        }
        buf_done(&drawn);
        buf_done(&kept);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_built_in_theme_passes_its_check),
        cmocka_unit_test(only_the_themes_of_the_terminal_leave_contrast_unmeasured),
        cmocka_unit_test(monochrome_tells_every_state_by_an_attribute_of_its_own),
        cmocka_unit_test(a_theme_inherits_what_it_does_not_say),
        cmocka_unit_test(another_palette_recolours_the_roles_that_are_inherited),
        cmocka_unit_test(a_colour_has_a_form_for_each_depth),
        cmocka_unit_test(eight_colours_show_bright_ones_as_bold),
        cmocka_unit_test(the_black_of_the_palette_is_never_bold),
        cmocka_unit_test(the_check_tells_what_is_missing_or_unreadable),
        cmocka_unit_test(mistakes_are_told_with_file_and_line),
        cmocka_unit_test(an_unknown_role_is_told_and_the_rest_is_kept),
        cmocka_unit_test(own_themes_are_found_by_name_and_may_inherit_each_other),
        cmocka_unit_test(an_unknown_name_names_those_there_are),
        cmocka_unit_test(the_pictures_of_the_built_in_themes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
