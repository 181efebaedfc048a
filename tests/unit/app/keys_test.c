/* Names of keys, and the bindings made of them. */
#include "core/app/bindings.h"

#include "tests/support/cmocka.h"

#include <string.h>

static bool parse(const char *text, struct key_chord *out_chord)
{
    struct error err;
    return key_chord_parse(str_from(text), out_chord, &err);
}

static void keys_have_names_that_read_back_as_themselves(void **state)
{
    static const struct {
        const char *text;
        uint32_t key;
        const char *shown;
    } rows[] = {
        {"g", 'g', "g"},
        {"[", '[', "["},
        {"-", '-', "-"},
        {"C", 'C', "C"},
        {"\xc3\xa9", 0xe9, "\xc3\xa9"},
        {"C-d", 0x04, "C-d"},
        {"C-D", 0x04, "C-d"},
        {"C-i", INPUT_TAB, "Tab"},
        {"C-m", INPUT_ENTER, "Enter"},
        {"C-]", 0x1d, "C-]"},
        {"M-x", 'x' | INPUT_META, "M-x"},
        {"M-Up", INPUT_UP_ARROW | INPUT_META, "M-Up"},
        {"Space", ' ', "Space"},
        {"pgup", INPUT_PAGE_UP, "PgUp"},
        {"F12", INPUT_F12, "F12"},
        {"Esc", INPUT_ESC, "Esc"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct key_chord chord;
        struct buf shown;
        assert_true(parse(rows[i].text, &chord));
        assert_int_equal(chord.count, 1);
        assert_int_equal(chord.keys[0], rows[i].key);
        buf_init(&shown, 100);
        key_chord_print(&chord, &shown);
        assert_string_equal(buf_text(&shown), rows[i].shown);
        buf_done(&shown);
    }
}

static void keys_in_a_row_are_a_chord(void **state)
{
    struct key_chord chord, begin, other;
    (void)state;
    assert_true(parse("C-x  C-s", &chord));
    assert_int_equal(chord.count, 2);
    assert_int_equal(chord.keys[1], 0x13);
    assert_true(parse("C-x", &begin));
    assert_true(parse("C-x s", &other));
    assert_true(key_chord_begins(&chord, &begin));
    assert_false(key_chord_begins(&begin, &chord));
    assert_false(key_chord_begins(&chord, &chord));
    assert_false(key_chord_begins(&other, &chord));
    assert_true(key_chord_eq(&chord, &chord));
    assert_false(key_chord_eq(&chord, &other));
}

static void what_names_no_key_is_refused_with_the_nearest_name(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"PgUpp", "did you mean \"PgUp\"?"},  {"Entr", "did you mean \"Enter\"?"},
        {"qqqqqq", "a key is a character"},   {"C-", "a key is a character"},
        {"C-====", "a key is a character"},   {"M-M-x", "a key is a character"},
        {"", "\"none\" takes all keys away"}, {"\x07", "a key is a character"},
        {"a b c d e", "more than 4 keys"},    {"g Esc", "Esc drops them"},
        {"\xff", "a key is a character"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct key_chord chord;
        struct error err;
        assert_false(key_chord_parse(str_from(rows[i].text), &chord, &err));
        if (strstr(err.message, rows[i].message) == NULL) {
            fail_msg("\"%s\": %s", rows[i].text, err.message);
        }
    }
}

/* ---- [keys] */
static struct config *load(const char *text, struct problems *problems)
{
    static const struct config_request request = {.path = NULL};
    *problems = (struct problems){.count = 0};
    return config_load_text(&request, "test.toml", str_from(text), problems);
}

static void assert_problem(const char *text, const char *message)
{
    struct problems problems;
    struct config *config = load(text, &problems);
    if (problems.count != 1 || strstr(problems.items[0].text, message) == NULL) {
        fail_msg("%zu problems; the first: %s", problems.count,
                 problems.count == 0 ? "none" : problems.items[0].text);
    }
    problems_done(&problems);
    config_free(config);
}

static void the_defaults_have_no_conflict_and_leave_keys_of_multiplexers_alone(void **state)
{
    static const uint32_t taken[] = {INPUT_CTRL('a'), INPUT_CTRL('b'), 0,
                                     INPUT_CTRL('h'), INPUT_CTRL('j'), INPUT_CTRL('k')};
    struct problems problems;
    struct config *config = load("", &problems);
    struct bindings bindings;
    (void)state;
    assert_int_equal(problems.count, 0);
    bindings_init(&bindings, config);
    assert_true(bindings.count > ACTION_COUNT / 2);
    for (size_t i = 0; i < bindings.count; i++) {
        for (size_t j = 0; j < sizeof(taken) / sizeof(taken[0]); j++) {
            assert_int_not_equal(bindings.items[i].chord.keys[0], taken[j]);
        }
    }
    bindings_done(&bindings);
    config_free(config);
}

static size_t count_of(const char *text, enum action action)
{
    struct problems problems;
    struct config *config = load(text, &problems);
    struct bindings bindings;
    size_t count = 0;
    if (problems.count > 0) {
        fail_msg("%s", problems.items[0].text);
    }
    bindings_init(&bindings, config);
    for (size_t i = 0; i < bindings.count; i++) {
        count += bindings.items[i].action == action ? 1 : 0;
    }
    bindings_done(&bindings);
    config_free(config);
    return count;
}

static void an_action_has_one_key_several_or_none(void **state)
{
    (void)state;
    assert_int_equal(count_of("[keys]\nretry = \"F5\"\n", ACTION_RETRY), 1);
    assert_int_equal(count_of("[keys]\nretry = [\"F5\", \"C-x r\"]\n", ACTION_RETRY), 2);
    assert_int_equal(count_of("[keys]\nretry = \"none\"\n", ACTION_RETRY), 0);
    assert_int_equal(count_of("[keys]\nretry = []\n", ACTION_RETRY), 0);
}

static void what_is_wrong_is_told_with_its_line(void **state)
{
    (void)state;
    assert_problem("[keys]\nretri = \"F5\"\n",
                   "test.toml:2: keys.retri: there is no such key; did you mean \"retry\"?");
    assert_problem("[keys]\n\nretry = \"Entr\"\n",
                   "test.toml:3: keys.retry names no key: \"Entr\"; did you mean \"Enter\"?");
    assert_problem("[keys]\nretry = 5\n", "test.toml:2: keys.retry must be a key");
    assert_problem("[keys]\nretry = [\"F5\", true]\n", "test.toml:2: keys.retry must be a key");
    assert_problem("[keys]\nquit = \"none\"\ndetach = \"none\"\nleave = \"none\"\n",
                   "test.toml:2: keys.quit: the console could not be");
    assert_problem("[keys]\nretry = [\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"i\",\"m\",\"o\",\"p\","
                   "\"t\",\"u\",\"v\",\"z\",\"A\",\"B\",\"C\"]\n",
                   "has more than 16 keys");
}

static void two_actions_of_a_view_cannot_share_a_key(void **state)
{
    (void)state;
    assert_problem("[keys]\nretry = \"x\"\n",
                   "test.toml:2: keys.retry: \"x\" is also keys.skip = \"x\" (default) in the view "
                   "\"stages\"");
    assert_problem("[keys]\nretry = \"F5\"\nrerun = \"F5\"\n",
                   "test.toml:2: keys.retry: \"F5\" is also keys.rerun = \"F5\" (test.toml:3)");
    /* n is the next match in the log and a new run elsewhere */
    assert_int_equal(count_of("[keys]\nnext_match = \"n\"\n", ACTION_NEXT_MATCH), 1);
}

static void a_chord_cannot_begin_with_a_key_that_acts(void **state)
{
    (void)state;
    assert_problem("[keys]\nretry = \"g r\"\n",
                   "test.toml:2: keys.retry: \"g r\" would never be reached: its beginning is "
                   "keys.first = \"g\" (default)");
    assert_problem("[keys]\nretry = \"C-x\"\nrerun = \"C-x C-r\"\n",
                   "would keep a longer one from being reached");
    assert_int_equal(
        count_of("[keys]\nfirst = [\"g g\", \"Home\"]\nretry = \"g r\"\n", ACTION_FIRST), 2);
}

static void the_environment_and_set_bind_keys_too(void **state)
{
    static const char *const environment[] = {"GATEHOUSE_KEYS_RETRY=['F5', 'F6']",
                                              "GATEHOUSE_KEYS_OLDER_TRY=[", NULL};
    static const char *const settings[] = {"keys.rerun=C-x C-r"};
    struct config_request request = {
        .environment = environment, .settings = settings, .setting_count = 1};
    struct problems problems = {.count = 0};
    struct config *config = config_load_text(&request, "test.toml", STR(""), &problems);
    struct buf text;
    (void)state;
    assert_int_equal(problems.count, 0);
    buf_init(&text, 1 << 20);
    config_print_text(config, &text);
    assert_non_null(strstr(buf_text(&text), "retry = [\"F5\", \"F6\"]  # GATEHOUSE_KEYS_RETRY"));
    assert_non_null(strstr(buf_text(&text), "rerun = \"C-x C-r\"  # --set"));
    assert_non_null(strstr(buf_text(&text), "older_try = \"[\"  # GATEHOUSE_KEYS_OLDER_TRY"));
    buf_done(&text);
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_have_names_that_read_back_as_themselves),
        cmocka_unit_test(keys_in_a_row_are_a_chord),
        cmocka_unit_test(what_names_no_key_is_refused_with_the_nearest_name),
        cmocka_unit_test(the_defaults_have_no_conflict_and_leave_keys_of_multiplexers_alone),
        cmocka_unit_test(an_action_has_one_key_several_or_none),
        cmocka_unit_test(what_is_wrong_is_told_with_its_line),
        cmocka_unit_test(two_actions_of_a_view_cannot_share_a_key),
        cmocka_unit_test(a_chord_cannot_begin_with_a_key_that_acts),
        cmocka_unit_test(the_environment_and_set_bind_keys_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
