/* Command lines in words: what a POSIX shell would make of quotes, and nothing else of a shell. */
#include "core/aws/command_words.h"

#include "tests/support/cmocka.h"

#include <string.h>

static void check_words(const char *text, const char *joined)
{
    struct error err;
    char found[256] = "";
    char **words = command_words_split(str_from(text), &err);
    if (words == NULL) {
        fail_msg("%s: %s", text, err.message);
    }
    for (char **at = words; *at != NULL; at++) {
        strcat(found, *at);
        strcat(found, "|");
    }
    assert_string_equal(found, joined);
    command_words_free(words);
}

static void blanks_part_words_and_quotes_keep_them_together(void **state)
{
    (void)state;
    check_words("tool", "tool|");
    check_words("  /opt/tool\t--x  y ", "/opt/tool|--x|y|");
    check_words("'a b' \"c d\"", "a b|c d|");
    check_words("a'b c'd\"e f\"", "ab cde f|");
    check_words("'' \"\" x", "||x|");
}

static void backslashes_mean_what_they_mean_where_they_are(void **state)
{
    (void)state;
    check_words("a\\ b \\'c \\\\", "a b|'c|\\|");
    check_words("'a\\b'", "a\\b|");
    check_words("\"a\\\"b \\\\ \\n \\$\"", "a\"b \\ \\n \\$|");
}

static void nothing_else_of_a_shell_means_anything(void **state)
{
    (void)state;
    check_words("a $HOME `id` $(id) > f; b & * ~ #c", "a|$HOME|`id`|$(id)|>|f;|b|&|*|~|#c|");
}

static void check_refused(struct str text, const char *part)
{
    struct error err;
    assert_null(command_words_split(text, &err));
    assert_string_equal(err.code, "bad_command");
    assert_non_null(strstr(err.message, part));
}

static void what_is_not_finished_is_refused(void **state)
{
    (void)state;
    check_refused(STR(""), "no command");
    check_refused(STR(" \t "), "no command");
    check_refused(STR("a 'b"), "a quote is not closed");
    check_refused(STR("a \"b\\\""), "a quote is not closed");
    check_refused(STR("a b\\"), "a backslash ends it");
    check_refused(STR("a\0b"), "a NUL byte");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blanks_part_words_and_quotes_keep_them_together),
        cmocka_unit_test(backslashes_mean_what_they_mean_where_they_are),
        cmocka_unit_test(nothing_else_of_a_shell_means_anything),
        cmocka_unit_test(what_is_not_finished_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
