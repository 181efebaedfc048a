/* Searches and filters as they are typed. */
#include "tui/log_match.h"

#include "core/base/alloc.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define AT "2026-11-22T15:39:28.123Z "

static bool matches(enum log_match_kind kind, const char *typed, const char *raw)
{
    struct log_match match = {.typed = NULL};
    struct error err;
    struct log_line line = log_line_parse(str_from(raw));
    if (!log_match_set(&match, kind, typed, &err)) {
        fail_msg("%s", err.message);
    }
    bool is_match = log_match_line(&match, &line);
    assert_true(!is_match || log_match_may(&match, str_from(raw)));
    log_match_done(&match);
    return is_match;
}

static bool searches(const char *typed, const char *raw)
{
    return matches(LOG_MATCH_SEARCH, typed, raw);
}

static bool passes(const char *typed, const char *raw)
{
    return matches(LOG_MATCH_FILTER, typed, raw);
}

static void a_search_is_text_unless_it_begins_with_a_tilde(void **state)
{
    (void)state;
    assert_true(searches("a.c", "x a.c x"));
    assert_false(searches("a.c", "abc"));
    assert_true(searches("~a.c", "abc"));
    assert_true(searches("~abc", "xABCx"));
    assert_true(searches("\\~abc", "~abc"));
    assert_false(searches("\\~abc", "abc"));
    assert_true(searches("~", "a ~ b"));
    assert_true(searches("漢", "x漢x"));
    assert_true(searches(" x", "a x"));
}

static void capitals_ask_for_themselves(void **state)
{
    (void)state;
    assert_true(searches("error", "an ERROR"));
    assert_false(searches("Error", "an ERROR"));
    assert_true(searches("Error", "an Error"));
    assert_true(searches("~err.r", "an ERROR"));
    assert_false(searches("~Err.r", "an ERROR"));
    assert_true(searches("~\\Wabc", "-ABC")); /* the W of the escape is none */
    assert_false(searches("\\W", "\\w"));
    assert_true(passes("\\S=é", "A=é"));
}

static void what_is_shown_is_what_is_searched(void **state)
{
    (void)state;
    assert_false(searches("2026", AT "info x"));
    assert_false(searches("info", AT "info x"));
    assert_true(searches("error", AT "error x"));
    assert_true(searches("~^error x$", AT "error x"));
    assert_true(searches("~^x$", AT "out x"));
}

static void a_filter_takes_a_level_and_an_expression(void **state)
{
    (void)state;
    assert_true(passes("rc=[12]$", AT "info rc=2"));
    assert_false(passes("rc=[12]$", AT "info rc=3"));
    assert_false(passes("!rc=[12]$", AT "info rc=2"));
    assert_true(passes("!rc", AT "info x"));
    assert_false(passes("!x", AT "info x"));
    assert_true(passes(">=WARN", AT "warn x"));
    assert_true(passes(">=warning", AT "error x"));
    assert_false(passes(">=ERROR", AT "warn x"));
    assert_false(passes(">=INFO", AT "debug x"));
    assert_true(passes(" >=WARN  disk ", AT "warn disk"));
    assert_false(passes(">=WARN disk", AT "info disk"));
    assert_false(passes(">=WARN disk", AT "warn net"));
    assert_true(passes(">=WARN !disk", AT "warn net"));
    assert_false(passes(">=WARN !disk", AT "info net"));
    assert_false(passes(">=WARN !disk", AT "warn disk"));
}

static void what_is_wrong_is_said_and_nothing_changes(void **state)
{
    static const struct {
        const char *typed, *what;
    } bad[] = {
        {"a(", "an expression is missing at character 3"},
        {">=LOUD x", "\"LOUD\" is no level"},
        {">=", "is no level"},
        {"!", "nothing follows the !"},
        {">=WARN *", "nothing to repeat"},
    };
    struct log_match match = {.typed = NULL};
    struct error err;
    (void)state;
    assert_true(log_match_set(&match, LOG_MATCH_FILTER, "before", &err));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(log_match_set(&match, LOG_MATCH_FILTER, bad[i].typed, &err));
        if (strstr(err.message, bad[i].what) == NULL) {
            fail_msg("%s: %s", bad[i].typed, err.message);
        }
        assert_string_equal(match.typed, "before");
    }
    assert_true(log_match_set(&match, LOG_MATCH_FILTER, "  ", &err));
    assert_false(log_match_is_on(&match));
    log_match_done(&match);
}

/* The text search finds the first place, as a search by hand does. */
static void text_is_found_where_it_is(void **state)
{
    static const char letters[] = "aAbB.e";
    uint32_t seed = 5;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        char text[24] = "", needle[4] = "";
        struct log_match match = {.typed = NULL};
        struct text_span span = {0, 0}, all = {0, SIZE_MAX};
        struct error err;
        for (size_t i = 0; i < sizeof(text) - 1; i++) {
            seed = seed * 1664525U + 1013904223U;
            text[i] = letters[(seed >> 16) % 6];
        }
        for (size_t i = 0; i < 1 + (size_t)round % 3; i++) {
            seed = seed * 1664525U + 1013904223U;
            needle[i] = letters[(seed >> 16) % 6];
        }
        const char *expected =
            strpbrk(needle, "AB") == NULL ? strcasestr(text, needle) : strstr(text, needle);
        assert_true(log_match_set(&match, LOG_MATCH_SEARCH, needle, &err));
        bool is_found = log_match_find(&match, str_from(text), all, &span);
        assert_int_equal(is_found, expected != NULL);
        if (expected != NULL) {
            assert_int_equal(span.start, expected - text);
            assert_int_equal(span.end - span.start, strlen(needle));
        }
        log_match_done(&match);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_search_is_text_unless_it_begins_with_a_tilde),
        cmocka_unit_test(capitals_ask_for_themselves),
        cmocka_unit_test(what_is_shown_is_what_is_searched),
        cmocka_unit_test(a_filter_takes_a_level_and_an_expression),
        cmocka_unit_test(what_is_wrong_is_said_and_nothing_changes),
        cmocka_unit_test(text_is_found_where_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
