/* Output that cannot be harmed from outside, nor harm a run. */
#include "core/app/printer.h"
#include "tests/support/cmocka.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void text_from_outside_cannot_reach_the_terminal(void **state)
{
    (void)state;
    int ends[2];
    char text[256] = {0};
    struct printer printer;
    assert_int_equal(pipe(ends), 0);
    printer_init(&printer, ends[1], "never");
    printer_line(&printer, "%s", "a\033[31mb\r\nc");
    close(ends[1]);
    assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
    assert_null(strpbrk(text, "\033\r"));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    close(ends[0]);
    printer_done(&printer);
}

static void a_reader_that_goes_away_is_no_error(void **state)
{
    (void)state;
    int ends[2];
    struct printer printer;
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    printer_init(&printer, ends[1], "never");
    printer_line(&printer, "x");
    assert_true(printer.is_gone);
    assert_true(printer_is_good(&printer));
    printer_line(&printer, "y");
    close(ends[1]);
    printer_done(&printer);
}

static void a_full_disk_is_an_error(void **state)
{
    (void)state;
    struct printer printer;
    FILE *full = fopen("/dev/full", "w");
    assert_non_null(full);
    printer_init(&printer, fileno(full), "never");
    printer_line(&printer, "x");
    assert_false(printer_is_good(&printer));
    printer_done(&printer);
    fclose(full);
}

static void colours_are_only_where_they_are_wanted(void **state)
{
    (void)state;
    struct printer printer;
    struct buf word;
    buf_init(&word, 64);
    printer_init(&printer, STDERR_FILENO, "always");
    printer_state_word(&printer, "OK", &word);
    assert_string_equal(buf_text(&word), "\033[32mOK     \033[0m");
    printer_done(&printer);
    buf_reset(&word);
    printer_init(&printer, STDERR_FILENO, "never");
    printer_state_word(&printer, "OK", &word);
    assert_string_equal(buf_text(&word), "OK     ");
    printer_done(&printer);
    buf_done(&word);
}

static void counts_are_grouped_by_thousands(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 64);
    printer_append_count(1234567, &out);
    buf_append_char(&out, ' ');
    printer_append_count(100, &out);
    buf_append_char(&out, ' ');
    printer_append_count(-100000, &out);
    assert_string_equal(buf_text(&out), "1,234,567 100 -100,000");
    buf_done(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_from_outside_cannot_reach_the_terminal),
        cmocka_unit_test(a_reader_that_goes_away_is_no_error),
        cmocka_unit_test(a_full_disk_is_an_error),
        cmocka_unit_test(colours_are_only_where_they_are_wanted),
        cmocka_unit_test(counts_are_grouped_by_thousands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
