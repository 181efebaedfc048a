/* Regular expressions: what matches and where, what is refused, and the C library's opinion. */
#include "tui/regex.h"

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "tests/support/cmocka.h"

#include <locale.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct regex *compile(const char *pattern, bool is_folded)
{
    struct error err;
    struct regex *regex = regex_new(str_from(pattern), is_folded, &err);
    if (regex == NULL) {
        fail_msg("%s", err.message);
    }
    return regex;
}

/* `place` stands where it matches in `text`; NULL: nowhere. */
static void assert_finds(const char *pattern, const char *text, const char *place)
{
    struct regex *regex = compile(pattern, false);
    struct text_span all = {0, SIZE_MAX}, span = {0, 0};
    bool is_found = regex_find(regex, str_from(text), all, &span);
    char *found = is_found ? xmemdup0(text + span.start, span.end - span.start) : NULL;
    if (regex_matches(regex, str_from(text)) != (place != NULL) || is_found != (place != NULL) ||
        (place != NULL && strcmp(found, place) != 0)) {
        fail_msg("%s in %s: %s", pattern, text, is_found ? found : "not found");
    }
    free(found);
    regex_free(regex);
}

static void the_leftmost_longest_place_is_found(void **state)
{
    (void)state;
    assert_finds("b+", "aabbbcb", "bbb");
    assert_finds("abcd|c", "abcd", "abcd");
    assert_finds("a|ab|abc", "xabcx", "abc");
    assert_finds("(ab|a)(bc)?", "abc", "abc");
    assert_finds("x.*y", "1x2y3y4", "x2y3y");
    assert_finds("rc=[1-3]$", "rc=12 rc=2", "rc=2");
    assert_finds("^rc", "src rc", NULL);
    assert_finds("^$", "x", NULL);
    assert_finds("a{2,3}", "a aa aaaa", "aa");
    assert_finds("(ab){2}", "ab abab", "abab");
    assert_finds("a{2,}b", "ab aaaab", "aaaab");
    assert_finds("x{0}y", "xy", "y");
    assert_finds("a?b", "aab", "ab");
    assert_finds("(^|,)b", "a,b", ",b");
    assert_finds("^^a|b$$", "ba", NULL);
    assert_finds("(^^a|b$$)", "ab", "a");
    assert_finds("a\\.b\\[c\\]", "axb a.b[c]", "a.b[c]");
    assert_finds("[]a-]+", "x-]a-", "-]a-");
    assert_finds("[^a-c]+", "abcxyzabc", "xyz");
    assert_finds("[[:digit:][:upper:]]+", "ab1Zc", "1Z");
    assert_finds("\\d+\\s\\w+", "a 12 b_3-", "12 b_3");
    assert_finds("\\D+", "12ab34", "ab");
    assert_finds("[\\d.]+", "v1.2.3x", "1.2.3");
    assert_finds("{\"a\": *{", "{\"a\":  {1}}", "{\"a\":  {"); /* no count: a sign like others */
    assert_finds("\\{2}", "{{", NULL);
}

static void characters_beyond_ascii_are_characters(void **state)
{
    (void)state;
    assert_finds("a.c", "a漢c", "a漢c");
    assert_finds("^.$", "漢", "漢");
    assert_finds("^..$", "漢", NULL);
    assert_finds("漢+", "x漢漢字", "漢漢");
    assert_finds("[éè]t", "été", "ét");
    assert_finds("[aé漢]+", "x漢aéz", "漢aé");
    assert_finds("[^a]b", "é漢b", "漢b");
    assert_finds("a.b",
                 "a\xff"
                 "b",
                 "a\xff"
                 "b");
    assert_finds("\\W", "aé", "é");
}

static void folded_letters_match_both_cases(void **state)
{
    struct regex *regex = compile("err[a-o]r [^x]", true);
    (void)state;
    assert_true(regex_matches(regex, STR("an ERROR y")));
    assert_false(regex_matches(regex, STR("an ERROR X")));
    assert_false(regex_matches(regex, STR("an ERRZR y")));
    regex_free(regex);
    regex = compile("Error", false);
    assert_false(regex_matches(regex, STR("error")));
    regex_free(regex);
}

static void a_place_is_looked_for_within_bounds(void **state)
{
    struct regex *regex = compile("^a|b$|aa", false);
    struct str text = STR("aaab");
    struct text_span span = {9, 9};
    (void)state;
    assert_true(regex_find(regex, text, (struct text_span){1, 4}, &span));
    assert_int_equal(span.start, 1);
    assert_int_equal(span.end, 3);
    assert_true(regex_find(regex, text, (struct text_span){3, 4}, &span));
    assert_int_equal(span.start, 3);
    assert_false(regex_find(regex, text, (struct text_span){2, 3}, &span));
    regex_free(regex);
}

static void a_bad_expression_says_what_and_where(void **state)
{
    static const struct {
        const char *pattern, *what;
    } bad[] = {
        {"a(b", "a ( that no ) ends at character 2"},
        {"ab)", "a ) that no ( began at character 3"},
        {"漢[a", "a [ that no ] ends at character 2"},
        {"*a", "nothing to repeat at character 1"},
        {"a|*", "nothing to repeat at character 3"},
        {"a**", "a repetition of a repetition"},
        {"a||b", "an expression is missing at character 3"},
        {"()", "an expression is missing"},
        {"a\\", "nothing follows the \\"},
        {"(a)\\1", "back-references"},
        {"\\q", "no such escape"},
        {"[b-a]", "ends before it begins"},
        {"[é-z]", "ASCII"},
        {"[^é]", "ASCII"},
        {"[[:nope:]]", "no such class"},
        {"a{3", "no } ends"},
        {"a{3,2}", "more repetitions"},
        {"a{256}", "at most 255"},
        {"(.{100}){100}", "too large"},
        {"((((a{9}){9}){9}){9}){9}", "too large"},
        {"", "an expression is missing"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct error err = {.message = ""};
        assert_null(regex_new(str_from(bad[i].pattern), false, &err));
        if (strstr(err.message, bad[i].what) == NULL) {
            fail_msg("%s: %s", bad[i].pattern, err.message);
        }
    }
    char *pattern = xmalloc(REGEX_PATTERN_MAX + 2);
    struct error err;
    memset(pattern, 'a', REGEX_PATTERN_MAX + 1);
    assert_null(regex_new((struct str){pattern, REGEX_PATTERN_MAX + 1}, false, &err));
    memset(pattern, '(', REGEX_PATTERN_MAX);
    assert_null(regex_new((struct str){pattern, REGEX_PATTERN_MAX}, false, &err));
    free(pattern);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

static void append_random_atom(struct buf *out, uint32_t *seed, int depth)
{
    static const char *const atoms[] = {"a", "b", "c", ".", "[ab]", "[^a]", "ab"};
    uint32_t kind = next_random(seed) % 10;
    if (kind >= 7 && depth > 0) {
        buf_append_char(out, '(');
        append_random_atom(out, seed, depth - 1);
        buf_append_text(out, next_random(seed) % 2 == 0 ? "|" : "");
        append_random_atom(out, seed, depth - 1);
        buf_append_char(out, ')');
    } else {
        buf_append_text(out, atoms[kind % 7]);
    }
    static const char *const repeats[] = {"", "", "", "*", "+", "?", "{2}", "{1,3}", "{0,1}"};
    buf_append_text(out, repeats[next_random(seed) % 9]);
}

/* The C library's regcomp finds the same in many expressions and texts. Anchors stand at the ends
 * only: inside of repetitions its answers are not to be relied on. */
static void the_c_library_agrees(void **state)
{
    uint32_t seed = 11;
    struct buf pattern;
    size_t found = 0;
    (void)state;
    buf_init(&pattern, 1024);
    for (int round = 0; round < 3000; round++) {
        struct error err;
        char text[16];
        regex_t theirs;
        regmatch_t place;
        buf_reset(&pattern);
        buf_append_text(&pattern, next_random(&seed) % 4 == 0 ? "^" : "");
        append_random_atom(&pattern, &seed, 2);
        append_random_atom(&pattern, &seed, 2);
        buf_append_text(&pattern, next_random(&seed) % 4 == 0 ? "$" : "");
        struct regex *ours = regex_new(buf_str(&pattern), false, &err);
        assert_non_null(ours);
        assert_int_equal(regcomp(&theirs, buf_text(&pattern), REG_EXTENDED), 0);
        for (int i = 0; i < 20; i++) {
            size_t len = next_random(&seed) % (sizeof(text) - 1) + 1;
            for (size_t at = 0; at < len; at++) {
                text[at] = (char)('a' + next_random(&seed) % 4);
            }
            text[len] = '\0';
            struct text_span all = {0, len}, span = {0, 0};
            bool matches = regexec(&theirs, text, 1, &place, 0) == 0;
            bool has_place = regex_find(ours, (struct str){text, len}, all, &span);
            if (regex_matches(ours, (struct str){text, len}) != matches ||
                (matches && place.rm_eo > place.rm_so &&
                 (!has_place || (regoff_t)span.start != place.rm_so ||
                  (regoff_t)span.end != place.rm_eo))) {
                fail_msg("%s in \"%s\": %d %zu-%zu, theirs %d %d-%d", buf_text(&pattern), text,
                         has_place, span.start, span.end, matches, place.rm_so, place.rm_eo);
            }
            found += matches;
        }
        regfree(&theirs);
        regex_free(ours);
    }
    assert_true(found > 10000);
    buf_done(&pattern);
}

/* Expressions that keep a backtracking matcher, or one that remembers states, busy for ever. */
static void no_line_is_hostile(void **state)
{
    static const char *const patterns[] = {"(a|aa)+b", "(a*)*b", "a*a*a*a*a*a*a*b", ".*a.{60}x",
                                           "(.*.*.*.*){9}[bx]$"};
    enum { LONG = 64 << 10 };
    char *text = xmalloc(LONG);
    (void)state;
    memset(text, 'a', LONG);
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        struct regex *regex = compile(patterns[i], false);
        struct text_span span;
        assert_false(regex_matches(regex, (struct str){text, LONG}));
        assert_false(
            regex_find(regex, (struct str){text, LONG}, (struct text_span){0, 2000}, &span));
        regex_free(regex);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_leftmost_longest_place_is_found),
        cmocka_unit_test(characters_beyond_ascii_are_characters),
        cmocka_unit_test(folded_letters_match_both_cases),
        cmocka_unit_test(a_place_is_looked_for_within_bounds),
        cmocka_unit_test(a_bad_expression_says_what_and_where),
        cmocka_unit_test(the_c_library_agrees),
        cmocka_unit_test(no_line_is_hostile),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
