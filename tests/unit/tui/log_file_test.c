/* The log index: growing files, long lines, replaced files, searches. */
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
    struct log_file log;
};

static void set_up(struct fixture *fixture)
{
    fixture->folder = test_folder_new();
    fixture->path = file_join(fixture->folder, "stage.1.log");
    log_file_init(&fixture->log);
    log_file_open(&fixture->log, fixture->path);
}

static void tear_down(struct fixture *fixture)
{
    log_file_done(&fixture->log);
    test_folder_free(fixture->folder);
    free(fixture->path);
}

static void append(const struct fixture *fixture, const char *text)
{
    struct error err;
    int fd = open(fixture->path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    assert_true(fd >= 0);
    assert_true(file_write_all(fd, str_from(text), &err));
    close(fd);
}

static void grow(struct fixture *fixture)
{
    bool has_more = true;
    while (has_more) {
        log_file_grow(&fixture->log, &has_more);
    }
}

static void assert_line(const struct fixture *fixture, size_t line, const char *expected)
{
    struct buf text;
    buf_init(&text, LOG_LINE_SHOWN);
    log_file_line(&fixture->log, line, &text);
    assert_string_equal(buf_text(&text), expected);
    buf_done(&text);
}

static void a_file_that_is_not_there_yet_appears_later(void **state)
{
    struct fixture fixture;
    (void)state;
    set_up(&fixture);
    grow(&fixture);
    assert_int_equal(log_file_lines(&fixture.log), 0);
    append(&fixture, "one\ntw");
    grow(&fixture);
    assert_int_equal(log_file_lines(&fixture.log), 2);
    assert_line(&fixture, 1, "tw");
    append(&fixture, "o\n\nfour");
    grow(&fixture);
    assert_int_equal(log_file_lines(&fixture.log), 4);
    assert_line(&fixture, 0, "one");
    assert_line(&fixture, 1, "two");
    assert_line(&fixture, 2, "");
    assert_line(&fixture, 3, "four");
    tear_down(&fixture);
}

static void a_long_line_is_shown_by_its_start(void **state)
{
    struct fixture fixture;
    char *line = xmalloc(2 << 20);
    (void)state;
    memset(line, 'x', (2 << 20) - 1);
    line[(2 << 20) - 1] = '\0';
    set_up(&fixture);
    append(&fixture, line);
    append(&fixture, "\nshort\n");
    grow(&fixture);
    assert_int_equal(log_file_lines(&fixture.log), 2);
    line[LOG_LINE_SHOWN] = '\0';
    assert_line(&fixture, 0, line);
    assert_line(&fixture, 1, "short");
    free(line);
    tear_down(&fixture);
}

static void a_file_that_became_shorter_is_read_anew(void **state)
{
    struct fixture fixture;
    (void)state;
    set_up(&fixture);
    append(&fixture, "a\nb\nc\n");
    grow(&fixture);
    assert_int_equal(truncate(fixture.path, 0), 0);
    append(&fixture, "d\n");
    grow(&fixture);
    assert_int_equal(log_file_lines(&fixture.log), 1);
    assert_line(&fixture, 0, "d");
    tear_down(&fixture);
}

static void a_search_without_capitals_matches_either_case(void **state)
{
    struct fixture fixture;
    (void)state;
    set_up(&fixture);
    append(&fixture, "Error one\nfine\nan error\n");
    grow(&fixture);
    log_file_search(&fixture.log, "error");
    grow(&fixture);
    assert_int_equal(fixture.log.match_count, 2);
    assert_int_equal(fixture.log.matches[1], 2);
    log_file_search(&fixture.log, "Error");
    grow(&fixture);
    assert_int_equal(fixture.log.match_count, 1);
    tear_down(&fixture);
}

static void new_lines_are_searched_once_they_are_complete(void **state)
{
    struct fixture fixture;
    (void)state;
    set_up(&fixture);
    log_file_search(&fixture.log, "late");
    append(&fixture, "la");
    grow(&fixture);
    append(&fixture, "te");
    grow(&fixture);
    assert_int_equal(fixture.log.match_count, 0);
    append(&fixture, "\n");
    grow(&fixture);
    assert_int_equal(fixture.log.match_count, 1);
    assert_int_equal(log_file_match_from(&fixture.log, 0), 0);
    assert_int_equal(log_file_match_from(&fixture.log, 1), 1);
    tear_down(&fixture);
}

static void many_lines_are_searched_piece_by_piece(void **state)
{
    struct fixture fixture;
    struct buf text;
    bool has_more = false;
    (void)state;
    buf_init(&text, 8 << 20);
    for (int i = 0; i < 120000; i++) {
        buf_printf(&text, "line %d\n", i);
    }
    set_up(&fixture);
    append(&fixture, buf_text(&text));
    grow(&fixture);
    log_file_search(&fixture.log, "line 119999");
    log_file_grow(&fixture.log, &has_more);
    assert_true(has_more);
    assert_int_equal(fixture.log.match_count, 0);
    grow(&fixture);
    assert_int_equal(fixture.log.match_count, 1);
    buf_done(&text);
    tear_down(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_is_not_there_yet_appears_later),
        cmocka_unit_test(a_long_line_is_shown_by_its_start),
        cmocka_unit_test(a_file_that_became_shorter_is_read_anew),
        cmocka_unit_test(a_search_without_capitals_matches_either_case),
        cmocka_unit_test(new_lines_are_searched_once_they_are_complete),
        cmocka_unit_test(many_lines_are_searched_piece_by_piece),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
