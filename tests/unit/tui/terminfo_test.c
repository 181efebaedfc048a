/* The bytes of a compiled description, against the layout of term(5). */
#include "tui/terminfo.h"

#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>

static void a_small_description_has_the_layout_of_the_manual(void **state)
{
    static const bool flags[] = {true, false, true};
    static const int numbers[] = {80, -1};
    static const char *const strings[] = {"ab", NULL, "\033["};
    struct terminfo_entry entry = {.name = "x",
                                   .flags = flags,
                                   .flag_count = 3,
                                   .numbers = numbers,
                                   .number_count = 2,
                                   .strings = strings,
                                   .string_count = 3,
                                   .has_rgb = true};
    struct buf out;
    (void)state;
    buf_init(&out, TERMINFO_LIMIT);
    assert_true(terminfo_print(&entry, &out));
    assert_string_equal(buf_text(&out), "hex:"
                                        "1e02" /* 01036 */
                                        "0200"
                                        "0300"
                                        "0200"
                                        "0300"
                                        "0600"
                                        "7800"   /* "x" */
                                        "010001" /* flags */
                                        "00"     /* to an even place */
                                        "50000000"
                                        "ffffffff"
                                        "0000"
                                        "ffff"
                                        "0300"
                                        "616200"
                                        "1b5b00"
                                        /* extended: 1 flag, 0 numbers, 0 strings, 1 name */
                                        "0100"
                                        "0000"
                                        "0000"
                                        "0100"
                                        "0400"
                                        "01"
                                        "00"
                                        "0000"
                                        "52474200");
    buf_done(&out);
}

static void direct_colours_replace_what_changes_the_palette(void **state)
{
    (void)state;
    assert_int_equal(terminfo_direct_number("colors", 256), TERMINFO_DIRECT_COLORS);
    assert_int_equal(terminfo_direct_number("cols", 80), 80);
    assert_true(terminfo_direct_number("ncv", 3) < 0);
    assert_false(terminfo_direct_flag("ccc", true));
    assert_true(terminfo_direct_flag("bce", true));
    assert_null(terminfo_direct_string("initc", "\033]4"));
    assert_non_null(strstr(terminfo_direct_string("setaf", NULL), "38;2;"));
    assert_string_equal(terminfo_direct_string("bel", "\a"), "\a");
}

static void what_is_too_large_is_told(void **state)
{
    char *text = malloc(TERMINFO_LIMIT);
    const char *strings[] = {text};
    struct terminfo_entry entry = {.name = "x", .strings = strings, .string_count = 1};
    struct buf out;
    (void)state;
    assert_non_null(text);
    memset(text, 'a', TERMINFO_LIMIT - 1);
    text[TERMINFO_LIMIT - 1] = '\0';
    buf_init(&out, TERMINFO_LIMIT);
    assert_false(terminfo_print(&entry, &out));
    buf_done(&out);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_description_has_the_layout_of_the_manual),
        cmocka_unit_test(direct_colours_replace_what_changes_the_palette),
        cmocka_unit_test(what_is_too_large_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
