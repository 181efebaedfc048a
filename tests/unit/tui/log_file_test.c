/* The log index: growing files, long lines, replaced files. */
#include "tui/log_file.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "tests/support/cmocka.h"
#include "tests/support/folder.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fixture {
    char *folder, *path;
    struct log_file file;
};

static void set_up(struct fixture *fixture)
{
    fixture->folder = test_folder_new();
    fixture->path = file_join(fixture->folder, "stage.1.log");
    log_file_init(&fixture->file);
    log_file_open(&fixture->file, fixture->path);
}

static void tear_down(struct fixture *fixture)
{
    log_file_done(&fixture->file);
    test_folder_free(fixture->folder);
    free(fixture->path);
}

static void append(const struct fixture *fixture, struct str text)
{
    struct error err;
    int fd = open(fixture->path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    assert_true(fd >= 0);
    assert_true(file_write_all(fd, text, &err));
    close(fd);
}

static struct log_growth grow(struct fixture *fixture)
{
    struct log_growth all = {.has_grown = false}, one;
    do {
        one = log_file_grow(&fixture->file);
        all.has_grown = all.has_grown || one.has_grown;
        all.is_replaced = all.is_replaced || one.is_replaced;
    } while (one.has_more);
    return all;
}

static void assert_line(struct fixture *fixture, size_t line, const char *expected)
{
    struct str text = log_file_line(&fixture->file, line);
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.ptr, expected, text.len);
}

static void a_file_that_is_not_there_yet_appears_later(void **state)
{
    struct fixture fixture;
    (void)state;
    set_up(&fixture);
    assert_false(grow(&fixture).has_grown);
    assert_int_equal(fixture.file.lines, 0);
    append(&fixture, STR("one\ntw"));
    assert_true(grow(&fixture).has_grown);
    assert_int_equal(fixture.file.lines, 2);
    assert_line(&fixture, 1, "tw");
    append(&fixture, STR("o\n\nfour"));
    grow(&fixture);
    assert_int_equal(fixture.file.lines, 4);
    assert_line(&fixture, 0, "one");
    assert_line(&fixture, 1, "two");
    assert_line(&fixture, 2, "");
    assert_line(&fixture, 3, "four");
    assert_false(grow(&fixture).has_grown);
    tear_down(&fixture);
}

static void a_long_line_is_cut_and_its_true_size_known(void **state)
{
    enum { LONG = 3 << 20 };
    struct fixture fixture;
    char *line = xmalloc(LONG);
    (void)state;
    memset(line, 'x', LONG);
    set_up(&fixture);
    append(&fixture, STR("first\n"));
    append(&fixture, (struct str){line, LONG});
    append(&fixture, STR("\nshort\n"));
    append(&fixture, (struct str){line, LONG});
    grow(&fixture);
    assert_int_equal(fixture.file.lines, 4);
    assert_int_equal(log_file_line(&fixture.file, 1).len, LOG_LINE_MAX);
    assert_int_equal(log_file_line_extent(&fixture.file, 1).size, LONG);
    assert_int_equal(log_file_line_extent(&fixture.file, 1).start, 6);
    assert_line(&fixture, 2, "short");
    assert_int_equal(log_file_line_extent(&fixture.file, 2).size, 5);
    assert_int_equal(log_file_line_extent(&fixture.file, 3).size, LONG); /* it has no end yet */
    append(&fixture, STR("\n"));
    grow(&fixture);
    assert_int_equal(log_file_line_extent(&fixture.file, 3).size, LONG);
    assert_line(&fixture, 0, "first");
    free(line);
    tear_down(&fixture);
}

static void a_file_that_became_shorter_is_read_anew(void **state)
{
    struct fixture fixture;
    (void)state;
    set_up(&fixture);
    append(&fixture, STR("a\nb\nc\n"));
    grow(&fixture);
    assert_int_equal(truncate(fixture.path, 0), 0);
    append(&fixture, STR("d\n"));
    assert_true(grow(&fixture).is_replaced);
    assert_int_equal(fixture.file.lines, 1);
    assert_line(&fixture, 0, "d");
    tear_down(&fixture);
}

static void a_file_that_begins_otherwise_is_another_one(void **state)
{
    struct fixture fixture;
    (void)state;
    set_up(&fixture);
    append(&fixture, STR("a\nb\n"));
    grow(&fixture);
    assert_int_equal(truncate(fixture.path, 0), 0);
    append(&fixture, STR("longer than before\nx\n"));
    assert_true(grow(&fixture).is_replaced);
    assert_int_equal(fixture.file.lines, 2);
    assert_line(&fixture, 0, "longer than before");
    assert_int_equal(unlink(fixture.path), 0);
    assert_false(grow(&fixture).is_replaced); /* gone: what is known of it stays */
    assert_line(&fixture, 1, "x");
    append(&fixture, STR("longer than before\nx\ny\n"));
    assert_true(grow(&fixture).is_replaced);
    assert_int_equal(fixture.file.lines, 3);
    tear_down(&fixture);
}

static void a_file_that_shrinks_between_index_and_reading_gives_less(void **state)
{
    struct fixture fixture;
    struct buf text;
    (void)state;
    set_up(&fixture);
    buf_init(&text, 4 << 20);
    for (int i = 0; i < 100000; i++) {
        buf_printf(&text, "line %d\n", i);
    }
    append(&fixture, buf_str(&text));
    grow(&fixture);
    assert_int_equal(truncate(fixture.path, 3), 0);
    assert_line(&fixture, 0, "lin");
    assert_line(&fixture, 50000, "");
    assert_int_equal(log_file_bytes(&fixture.file, 1000, 10).len, 0);
    buf_done(&text);
    tear_down(&fixture);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

/* Any lines, appended in any pieces: every line is found again, in memory that stays small. */
static void any_lines_in_any_pieces_are_found_again(void **state)
{
    enum { LINES = 3000 };
    struct fixture fixture;
    struct buf text;
    size_t starts[LINES + 1];
    uint32_t seed = 42;
    (void)state;
    set_up(&fixture);
    buf_init(&text, 64 << 20);
    for (size_t i = 0; i < LINES; i++) {
        uint32_t kind = next_random(&seed) % 100;
        size_t len = kind < 90   ? next_random(&seed) % 120
                     : kind < 99 ? next_random(&seed) % 9000
                                 : 200000;
        starts[i] = text.len;
        for (size_t at = 0; at < len; at++) {
            buf_append_char(&text, (char)('a' + (i + at) % 26));
        }
        buf_append_char(&text, '\n');
    }
    starts[LINES] = text.len;
    for (size_t at = 0; at < text.len;) {
        size_t piece = next_random(&seed) % 300000 + 1;
        piece = piece < text.len - at ? piece : text.len - at;
        append(&fixture, (struct str){text.ptr + at, piece});
        grow(&fixture);
        at += piece;
    }
    assert_int_equal(fixture.file.lines, LINES);
    for (size_t round = 0; round < 2 * LINES; round++) {
        size_t i = round < LINES ? round : next_random(&seed) % LINES;
        size_t size = starts[i + 1] - starts[i] - 1;
        struct str line = log_file_line(&fixture.file, i);
        assert_int_equal(line.len, size < LOG_LINE_MAX ? size : LOG_LINE_MAX);
        assert_memory_equal(line.ptr, text.ptr + starts[i], line.len);
        assert_int_equal(log_file_line_extent(&fixture.file, i).start, starts[i]);
        assert_int_equal(log_file_line_extent(&fixture.file, i).size, size);
    }
    assert_true(fixture.file.block_count < LINES / 4);
    buf_done(&text);
    tear_down(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_is_not_there_yet_appears_later),
        cmocka_unit_test(a_long_line_is_cut_and_its_true_size_known),
        cmocka_unit_test(a_file_that_became_shorter_is_read_anew),
        cmocka_unit_test(a_file_that_begins_otherwise_is_another_one),
        cmocka_unit_test(a_file_that_shrinks_between_index_and_reading_gives_less),
        cmocka_unit_test(any_lines_in_any_pieces_are_found_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
