/* Changing keys of a configuration file: everything else stays as it is, byte for byte. */
#include "core/app/config_edit.h"

#include "core/app/config_value.h"
#include "core/base/alloc.h"
#include "core/base/toml.h"
#include "tests/support/cmocka.h"
#include "tests/support/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_MAX = 1 << 16 };

static char *edited(const char *text, enum config_id id, const char *value, struct error *err)
{
    struct json *json = config_value_from_text(config_key(id), str_from(value), err);
    struct config_change change = {id, json};
    struct buf out;
    buf_init(&out, TEXT_MAX);
    assert_non_null(json);
    bool is_good = config_edit_text(str_from(text), &change, 1, &out, err);
    char *result = is_good ? xstrdup(buf_text(&out)) : NULL;
    buf_done(&out);
    json_free(json);
    return result;
}

static void assert_edit(const char *text, const char *expected)
{
    struct error err;
    char *result = edited(text, CONFIG_console_theme, "dark", &err);
    if (result == NULL) {
        fail_msg("%s", err.message);
    }
    assert_string_equal(result, expected);
    free(result);
}

static void a_value_is_replaced_and_nothing_else(void **state)
{
    (void)state;
    assert_edit("# mine\n[console]\n  theme   = 'mono'   # as I like it\nascii = true\n",
                "# mine\n[console]\n  theme   = \"dark\"   # as I like it\nascii = true\n");
    assert_edit("[console]\r\ntheme = 'mono'\r\n", "[console]\r\ntheme = \"dark\"\r\n");
    assert_edit("console.theme='mono'", "console.theme=\"dark\"");
    assert_edit("[ 'console' ] # x\n\"theme\" = \"\"\"\nmo#no\"\"\"\n",
                "[ 'console' ] # x\n\"theme\" = \"dark\"\n");
}

static void what_looks_like_the_key_is_left_alone(void **state)
{
    (void)state;
    assert_edit("# theme = 'a'\n[pipeline]\nname = \"\"\"\n[console]\ntheme = 'b'\n\"\"\"\n"
                "[state]\nfolder = '[console]'\n[console]\ntheme = 'c' # theme = 'd'\n",
                "# theme = 'a'\n[pipeline]\nname = \"\"\"\n[console]\ntheme = 'b'\n\"\"\"\n"
                "[state]\nfolder = '[console]'\n[console]\ntheme = \"dark\" # theme = 'd'\n");
    assert_edit("[x]\nlist = [ # [console]\n  'theme = 1', ']',\n]\n[console]\ntheme = 'c'",
                "[x]\nlist = [ # [console]\n  'theme = 1', ']',\n]\n[console]\ntheme = \"dark\"");
}

static void a_missing_key_is_added_to_its_section(void **state)
{
    (void)state;
    assert_edit("[console]\n# a remark\n\n[state]\nfolder = '/x'\n",
                "[console]\ntheme = \"dark\"\n# a remark\n\n[state]\nfolder = '/x'\n");
    assert_edit("[console]\nascii = true # here\n\n[state]\n",
                "[console]\nascii = true # here\ntheme = \"dark\"\n\n[state]\n");
    assert_edit("[console]\nascii = true", "[console]\nascii = true\ntheme = \"dark\"\n");
    assert_edit("console.ascii = true\n[state]\nfolder = '/x'\n",
                "console.ascii = true\nconsole.theme = \"dark\"\n[state]\nfolder = '/x'\n");
}

static void a_missing_section_is_added_at_the_end(void **state)
{
    (void)state;
    assert_edit("", "[console]\ntheme = \"dark\"\n");
    assert_edit("[[stage]]\nname = 'a'", "[[stage]]\nname = 'a'\n\n[console]\ntheme = \"dark\"\n");
    assert_edit("\xef\xbb\xbf# x\r\n", "\xef\xbb\xbf# x\r\n\r\n[console]\r\ntheme = \"dark\"\r\n");
}

static void what_cannot_be_changed_safely_is_refused(void **state)
{
    struct error err;
    (void)state;
    assert_null(edited("console = { ascii = true }\n", CONFIG_console_theme, "dark", &err));
    assert_non_null(strstr(err.message, "by hand"));
    assert_null(edited("[[console]]\ntheme = 'x'\n", CONFIG_console_theme, "dark", &err));
    assert_null(edited("[console\n", CONFIG_console_theme, "dark", &err));
    assert_true(error_is(&err, "bad_toml"));
}

/* ---- any document */
struct dice {
    uint32_t state;
};

static uint32_t roll(struct dice *dice, uint32_t sides)
{
    dice->state = dice->state * 1664525U + 1013904223U;
    return (dice->state >> 8) % sides;
}

static const char *const values[] = {
    "1",
    "true",
    "'a # b'",
    "\"\\\"x\\\\\"",
    "[1, 2,\n 3 # ]\n]",
    "{ a = 1, b = [ { c = '}' } ] }",
    "\"\"\"\ntheme = 1\n[console]\"\"\"",
    "'''\n\\''''",
    "1979-05-27",
    "\"\"\"a\"\"\"\"\"",
};
enum { VALUE_COUNT = sizeof(values) / sizeof(values[0]) };

static void random_document(struct dice *dice, struct buf *out)
{
    static const char *const spaces[] = {"", " ", "\t", "  "};
    static const char *const ends[] = {"\n", " # a = 1\n", "\r\n", "\n\n", " #\n# [console]\n"};
    static const char *const headers[] = {"[console]",        "[ \"console\" ]", "[pipeline]",
                                          "[console.nested]", "[[stage]]",       "[a.console]"};
    bool has_keys[4] = {false};
    for (uint32_t i = 0; i < 1 + roll(dice, 6); i++) {
        uint32_t header = roll(dice, 6);
        bool is_once = header < 2;
        if ((is_once && has_keys[0]) || (header == 2 && has_keys[1]) ||
            (header == 3 && has_keys[2]) || (header == 5 && has_keys[3])) {
            continue; /* a table is defined once */
        }
        has_keys[0] = has_keys[0] || is_once;
        has_keys[1] = has_keys[1] || header == 2;
        has_keys[2] = has_keys[2] || header == 3;
        has_keys[3] = has_keys[3] || header == 5;
        buf_printf(out, "%s%s%s", spaces[roll(dice, 4)], headers[header], ends[roll(dice, 5)]);
        for (uint32_t k = 0; k < roll(dice, 5); k++) {
            static const char *const names[] = {"theme", "ascii", "k0", "\"k.1\"", "k2.x"};
            buf_printf(out, "%s%s%s=%s%s%s", spaces[roll(dice, 4)], names[k], spaces[roll(dice, 4)],
                       spaces[roll(dice, 4)], values[roll(dice, VALUE_COUNT)], ends[roll(dice, 5)]);
        }
    }
}

/* What the old text has between the common begin and the common end is of one value, or nothing. */
static void assert_only_a_value_is_gone(struct str before, struct str after)
{
    size_t same = 0, end = 0;
    bool is_of_a_value = false;
    while (same < before.len && same < after.len && before.ptr[same] == after.ptr[same]) {
        same++;
    }
    while (end < before.len - same && end < after.len - same &&
           before.ptr[before.len - 1 - end] == after.ptr[after.len - 1 - end]) {
        end++;
    }
    struct str gone = {before.ptr + same, before.len - same - end};
    for (size_t i = 0; i < VALUE_COUNT; i++) {
        is_of_a_value = is_of_a_value || str_contains(str_from(values[i]), gone);
    }
    assert_true(is_of_a_value);
}

/* config_edit_text proves its own result, so what is asked here is that it need not refuse, and
 * that only the lines of the value change. */
static void random_documents_keep_all_other_bytes(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 3000; seed++) {
        struct dice dice = {seed};
        struct toml_document document;
        struct buf text;
        struct error err;
        int line = 0;
        buf_init(&text, TEXT_MAX);
        random_document(&dice, &text);
        if (!toml_parse(buf_str(&text), &document, &line, &err)) {
            fail_msg("seed %u is no TOML: %s\n%s", seed, err.message, buf_text(&text));
        }
        toml_document_done(&document);
        char *once = edited(buf_text(&text), CONFIG_console_theme, "dark", &err);
        if (once == NULL) {
            fail_msg("seed %u: %s\n%s", seed, err.message, buf_text(&text));
        }
        char *twice = edited(once, CONFIG_console_theme, "dark", &err);
        assert_string_equal(once, twice); /* found again where it was put */
        assert_only_a_value_is_gone(buf_str(&text), str_from(once));
        free(once);
        free(twice);
        buf_done(&text);
    }
}

static void several_keys_change_together(void **state)
{
    struct error err;
    struct buf out;
    struct config_change changes[] = {
        {CONFIG_console_theme, json_string(STR("light"))},
        {CONFIG_console_ascii, json_bool(true)},
    };
    (void)state;
    buf_init(&out, TEXT_MAX);
    assert_true(config_edit_text(STR("[console]\ntheme = 'x'\n"), changes, 2, &out, &err));
    assert_string_equal(buf_text(&out), "[console]\ntheme = \"light\"\nascii = true\n");
    json_free((struct json *)(uintptr_t)changes[0].value);
    json_free((struct json *)(uintptr_t)changes[1].value);
    buf_done(&out);
}

/* ---- files */
static bool plan(const char *path, struct config_edit *out_edit, struct error *err)
{
    struct json *value = json_string(STR("dark"));
    struct config_change change = {CONFIG_console_theme, value};
    bool is_good = config_edit_plan(path, &change, 1, out_edit, err);
    json_free(value);
    return is_good;
}

static void a_file_keeps_its_mode_and_a_link_stays_a_link(void **state)
{
    char *folder = test_folder_new();
    char *link = xasprintf("%s/link.toml", folder);
    struct config_edit edit;
    struct error err;
    struct stat status;
    (void)state;
    test_file_write(folder, "real.toml", "[console]\ntheme = 'mono'\n", 0640);
    assert_int_equal(symlink("real.toml", link), 0);
    assert_true(plan(link, &edit, &err));
    assert_true(config_edit_write(&edit, &err));
    char *text = test_file_read(folder, "real.toml");
    assert_string_equal(text, "[console]\ntheme = \"dark\"\n");
    assert_int_equal(stat(link, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
    assert_int_equal(lstat(link, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    config_edit_done(&edit);
    free(text);
    free(link);
    test_folder_free(folder);
}

static void a_new_file_is_private(void **state)
{
    char *folder = test_folder_new();
    char *path = xasprintf("%s/deep/config.toml", folder);
    struct config_edit edit;
    struct error err;
    struct stat status;
    (void)state;
    assert_true(plan(path, &edit, &err));
    assert_true(edit.is_new);
    assert_true(config_edit_write(&edit, &err));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    config_edit_done(&edit);
    free(path);
    test_folder_free(folder);
}

static void a_file_that_changed_meanwhile_is_left_alone(void **state)
{
    char *folder = test_folder_new();
    char *path = xasprintf("%s/config.toml", folder);
    struct config_edit edit;
    struct error err;
    (void)state;
    test_file_write(folder, "config.toml", "", 0644);
    assert_true(plan(path, &edit, &err));
    test_file_write(folder, "config.toml", "# new\n", 0644);
    assert_false(config_edit_write(&edit, &err));
    assert_non_null(strstr(err.message, "changed meanwhile"));
    char *text = test_file_read(folder, "config.toml");
    assert_string_equal(text, "# new\n");
    assert_int_equal(test_folder_count(folder, "."), 1); /* and nothing beside it */
    config_edit_done(&edit);
    free(text);
    free(path);
    test_folder_free(folder);
}

static void an_unreadable_file_is_refused(void **state)
{
    char *folder = test_folder_new();
    struct config_edit edit;
    struct error err;
    (void)state;
    assert_false(plan(folder, &edit, &err)); /* a folder is no file */
    test_folder_free(folder);
}

static void assert_lines(const char *before, const char *after, const char *expected)
{
    struct config_edit edit = {.before = xstrdup(before), .after = xstrdup(after)};
    struct buf out;
    buf_init(&out, TEXT_MAX);
    config_edit_print_lines(&edit, &out);
    assert_string_equal(buf_text(&out), expected);
    buf_done(&out);
    config_edit_done(&edit);
}

static void only_lines_that_differ_are_shown(void **state)
{
    (void)state;
    assert_lines("a\nb\nc\n", "a\nB\nc\n", "-    2  b\n+    2  B\n");
    assert_lines("a\nc\n", "a\nb\nc\n", "+    2  b\n");
    assert_lines("a\nb\nc\n", "a\nB\nc\nd\n", "-    2  b\n+    2  B\n+    4  d\n");
    assert_lines("", "[x]\ny\n", "+    1  [x]\n+    2  y\n");
    assert_lines("a", "a\nb\n", "+    2  b\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_replaced_and_nothing_else),
        cmocka_unit_test(what_looks_like_the_key_is_left_alone),
        cmocka_unit_test(a_missing_key_is_added_to_its_section),
        cmocka_unit_test(a_missing_section_is_added_at_the_end),
        cmocka_unit_test(what_cannot_be_changed_safely_is_refused),
        cmocka_unit_test(random_documents_keep_all_other_bytes),
        cmocka_unit_test(several_keys_change_together),
        cmocka_unit_test(a_file_keeps_its_mode_and_a_link_stays_a_link),
        cmocka_unit_test(a_new_file_is_private),
        cmocka_unit_test(a_file_that_changed_meanwhile_is_left_alone),
        cmocka_unit_test(an_unreadable_file_is_refused),
        cmocka_unit_test(only_lines_that_differ_are_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
