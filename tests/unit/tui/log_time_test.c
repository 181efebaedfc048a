/* How much of a log was there at a time: like reading it line by line, whatever its lines are. */
#include "tui/log_time.h"

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "tests/support/cmocka.h"
#include "tests/support/folder.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_MS = 1000000, TEXT_MAX = 8 << 20 };

static int64_t size_at(const char *text, int64_t until_ms)
{
    char *folder = test_folder_new();
    char *path = file_join(folder, "log");
    test_file_write(folder, "log", text, 0600);
    int64_t size = log_time_size(path, until_ms);
    free(path);
    test_folder_free(folder);
    return size;
}

static void lines_up_to_the_time_count(void **state)
{
    (void)state;
    static const char text[] = "1970-01-01T00:16:40.000Z out a\n"
                               "1970-01-01T00:16:41.000Z out b\n"
                               "  more of b\n"
                               "1970-01-01T00:16:42.000Z out c\n";
    assert_int_equal(size_at(text, FIRST_MS - 1), 0);
    assert_int_equal(size_at(text, FIRST_MS), 31);
    assert_int_equal(size_at(text, FIRST_MS + 1999), 74);
    assert_int_equal(size_at(text, FIRST_MS + 2000), 105);
    assert_int_equal(size_at("", FIRST_MS), 0);
    assert_int_equal(size_at("no time at all\n", FIRST_MS), 15);
    assert_int_equal(log_time_size("/nowhere/log", FIRST_MS), 0);
}

/* Lines of up to some 200 KB, with and without times, in a log of a few MB. */
static void big_logs_with_long_lines_are_as_if_read_line_by_line(void **state)
{
    (void)state;
    struct buf text;
    int64_t ends[400], times[400];
    uint64_t random = 11;
    buf_init(&text, TEXT_MAX);
    for (int i = 0; i < 400; i++) {
        char stamp[CLOCK_TEXT_SIZE];
        random = random * 6364136223846793005U + 1442695040888963407U;
        times[i] = FIRST_MS + i * 10;
        ends[i] = (int64_t)text.len;
        clock_format_utc(times[i], stamp);
        buf_printf(&text, "%s out ", stamp);
        size_t len = i % 40 == 39 ? 200000 : (random >> 33) % 3000;
        while (len-- > 0) {
            buf_append_char(&text, 'x');
        }
        buf_append_text(&text, i % 7 == 0 ? "\nno time\n" : "\n");
    }
    char *folder = test_folder_new();
    char *path = file_join(folder, "log");
    test_file_write(folder, "log", buf_text(&text), 0600);
    for (int i = 0; i < 400; i++) {
        assert_int_equal(log_time_size(path, times[i] - 1), ends[i]);
    }
    assert_int_equal(log_time_size(path, INT64_MAX), text.len);
    free(path);
    test_folder_free(folder);
    buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_up_to_the_time_count),
        cmocka_unit_test(big_logs_with_long_lines_are_as_if_read_line_by_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
