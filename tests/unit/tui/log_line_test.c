/* What a line says: its time, its level and what is shown of it. */
#include "tui/log_line.h"

#include "tests/support/cmocka.h"

#include <string.h>

#define AT "2026-11-22T15:39:28.123Z "

static void assert_line(const char *raw, enum log_level level, const char *text)
{
    struct log_line line = log_line_parse(str_from(raw));
    if (line.level != level || !str_eq(line.text, str_from(text))) {
        fail_msg("%s: %s \"" STR_FMT "\"", raw, log_level_name(line.level), STR_ARG(line.text));
    }
}

static void a_stored_level_is_the_level(void **state)
{
    (void)state;
    assert_line(AT "info all is well: no ERROR", LEVEL_INFO, "all is well: no ERROR");
    assert_line(AT "error it broke", LEVEL_ERROR, "error it broke");
    assert_line(AT "warn it creaks", LEVEL_WARN, "warn it creaks");
    assert_line(AT "out plain", LEVEL_INFO, "plain");
    assert_line(AT "strange word", LEVEL_INFO, "strange word");
    assert_line(AT "info", LEVEL_INFO, "");
    assert_line("no time at all", LEVEL_INFO, "no time at all");
    assert_line("", LEVEL_INFO, "");
    assert_int_equal(log_line_parse(STR(AT "info x")).time.len, 24);
    assert_int_equal(log_line_parse(STR("x")).time.len, 0);
}

static void what_a_program_wrote_is_judged_by_its_words(void **state)
{
    static const struct {
        const char *text;
        enum log_level level;
    } cases[] = {
        {"ERROR: no such file", LEVEL_ERROR},
        {"12:00 [main] FATAL out of memory", LEVEL_ERROR},
        {"error: expected ;", LEVEL_ERROR},
        {"[warning] old", LEVEL_WARN},
        {"ts=1 level=error msg=x", LEVEL_ERROR},
        {"ts=1 level=warn msg=x", LEVEL_WARN},
        {"DEBUG state", LEVEL_DEBUG},
        {"ValueError: bad", LEVEL_ERROR},
        {"Traceback (most recent call last):", LEVEL_ERROR},
        {"[60] train-error:0.16903 validation-error:0.18362", LEVEL_INFO},
        {"0 errors, 0 warnings", LEVEL_INFO},
        {"no error was found", LEVEL_INFO},
        {"TERRORS and INFORMATION", LEVEL_INFO},
        {"MAX_ERROR=3", LEVEL_INFO},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char raw[128] = AT "out ";
        strcat(raw, cases[i].text);
        assert_line(raw, cases[i].level, cases[i].text);
        assert_line(cases[i].text, cases[i].level, cases[i].text);
    }
}

static void levels_have_names_in_any_case(void **state)
{
    enum log_level level = LEVEL_DEBUG;
    (void)state;
    assert_true(log_level_parse(STR("Warning"), &level));
    assert_int_equal(level, LEVEL_WARN);
    assert_true(log_level_parse(STR("ERROR"), &level));
    assert_string_equal(log_level_name(level), "ERROR");
    assert_false(log_level_parse(STR("loud"), &level));
    assert_false(log_level_parse(STR(""), &level));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stored_level_is_the_level),
        cmocka_unit_test(what_a_program_wrote_is_judged_by_its_words),
        cmocka_unit_test(levels_have_names_in_any_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
