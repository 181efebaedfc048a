/* The command line: order, forms, mistakes; and that help shows what the tables hold. */
#include "core/app/help.h"
#include "core/app/options.h"
#include "tests/support/cmocka.h"

#include <string.h>

#define ARGUMENTS(...) ((const char *const[]){"gatehouse", __VA_ARGS__, NULL})

static bool parse(const char *const *argv, struct options *options, struct error *err)
{
    int argc = 0;
    while (argv[argc] != NULL) {
        argc++;
    }
    return options_parse(argc, argv, options, err);
}

static void expect_error(const char *const *argv, const char *part)
{
    struct options options;
    struct error err;
    assert_false(parse(argv, &options, &err));
    assert_true(error_is(&err, "usage"));
    if (strstr(err.message, part) == NULL) {
        print_error("%s\n", err.message);
    }
    assert_non_null(strstr(err.message, part));
}

static void global_options_stand_before_or_after_the_verb(void **state)
{
    (void)state;
    struct options options;
    struct error err;
    assert_true(parse(ARGUMENTS("--config", "a", "--set=x.y=1", "show", "latest", "--format=json",
                                "--set", "x.z=2"),
                      &options, &err));
    assert_int_equal(options.verb, VERB_SHOW);
    assert_string_equal(options.values[OPTION_CONFIG], "a");
    assert_string_equal(options.values[OPTION_FORMAT], "json");
    assert_int_equal(options.setting_count, 2);
    assert_string_equal(options.settings[0], "x.y=1");
    assert_string_equal(options.settings[1], "x.z=2");
    assert_string_equal(options.operands[0], "latest");
}

static void letters_may_be_put_together(void **state)
{
    (void)state;
    struct options options;
    struct error err;
    assert_true(parse(ARGUMENTS("logs", "-f", "1", "a"), &options, &err));
    assert_true(options.is_given[OPTION_FOLLOW]);
    assert_true(parse(ARGUMENTS("--batch", "-q"), &options, &err));
    assert_true(options.is_given[OPTION_QUIET] && options.is_given[OPTION_BATCH]);
    expect_error(ARGUMENTS("--batch", "-qv"), "exclude each other");
}

static void two_dashes_end_the_options(void **state)
{
    (void)state;
    struct options options;
    struct error err;
    assert_true(parse(ARGUMENTS("prepare", "--", "--sample"), &options, &err));
    assert_false(options.is_given[OPTION_SAMPLE]);
    assert_string_equal(options.operands[0], "--sample");
    assert_true(parse(ARGUMENTS("prepare", "-"), &options, &err));
    assert_string_equal(options.operands[0], "-");
}

static void mistakes_tell_what_was_probably_meant(void **state)
{
    (void)state;
    expect_error(ARGUMENTS("--bacth"), "did you mean \"--batch\"?");
    expect_error(ARGUMENTS("shwo", "1"), "did you mean \"show\"?");
    expect_error(ARGUMENTS("-x"), "unknown option \"-x\"");
    expect_error(ARGUMENTS("--format", "xml", "runs"), "--format must be one of text|json");
    expect_error(ARGUMENTS("--format"), "--format needs a value");
    expect_error(ARGUMENTS("--batch=1"), "--batch takes no value");
    expect_error(ARGUMENTS("show"), "gatehouse show needs RUN");
    expect_error(ARGUMENTS("show", "1", "2"), "one operand too many");
    expect_error(ARGUMENTS("config", "chekc"), "must be one of check|show|example");
    expect_error(ARGUMENTS("runs", "--follow"), "--follow is not an option of gatehouse runs");
    expect_error(ARGUMENTS(""), "unknown verb");
}

static void help_needs_no_operands(void **state)
{
    (void)state;
    struct options options;
    struct error err;
    assert_true(parse(ARGUMENTS("show", "--help"), &options, &err));
    assert_true(parse(ARGUMENTS("--version"), &options, &err));
}

/* The help of a verb with every run of blanks and line ends as one blank. */
static void print_unwrapped(enum verb verb, struct buf *out)
{
    struct buf help;
    buf_init(&help, 1 << 20);
    help_print(verb, &help);
    for (const char *at = buf_text(&help); *at != '\0'; at += strspn(at, " \n")) {
        size_t length = strcspn(at, " \n");
        buf_printf(out, "%.*s ", (int)length, at);
        at += length;
    }
    buf_done(&help);
}

static void every_option_is_in_its_help_the_man_page_and_the_completions(void **state)
{
    (void)state;
    struct buf man, bash, zsh, fish, help;
    buf_init(&man, 1 << 20);
    buf_init(&bash, 1 << 20);
    buf_init(&zsh, 1 << 20);
    buf_init(&fish, 1 << 20);
    help_print_man("1.0", &man);
    help_print_completion("bash", &bash);
    help_print_completion("zsh", &zsh);
    help_print_completion("fish", &fish);
    for (int v = 0; v < VERB_COUNT; v++) {
        const struct verb_spec *verb = option_verb((enum verb)v);
        bool is_internal = verb->sentence == NULL;
        assert_true(v == VERB_NONE || (strstr(buf_text(&bash), verb->name) == NULL) == is_internal);
        assert_true(v == VERB_NONE || (strstr(buf_text(&zsh), verb->name) == NULL) == is_internal);
        buf_init(&help, 1 << 20);
        print_unwrapped((enum verb)v, &help);
        for (int o = 0; o < OPTION_COUNT; o++) {
            const struct option_spec *option = option_spec((enum option)o);
            bool is_its = (option->verbs & (1u << v)) != 0;
            assert_true(!is_its || strstr(buf_text(&help), option->sentence) != NULL);
            assert_non_null(strstr(buf_text(&bash), option->name));
            assert_non_null(strstr(buf_text(&zsh), option->name));
            assert_non_null(strstr(buf_text(&fish), option->name));
        }
        buf_done(&help);
    }
    assert_non_null(strstr(buf_text(&man), ".B \\-\\-dry\\-run\n"));
    assert_non_null(strstr(buf_text(&man), ".B data.raw_bucket\n"));
    buf_done(&man);
    buf_done(&bash);
    buf_done(&zsh);
    buf_done(&fish);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(global_options_stand_before_or_after_the_verb),
        cmocka_unit_test(letters_may_be_put_together),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(mistakes_tell_what_was_probably_meant),
        cmocka_unit_test(help_needs_no_operands),
        cmocka_unit_test(every_option_is_in_its_help_the_man_page_and_the_completions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
