/* Which lines match: counted, found forwards and backwards, while the file grows. */
#include "tui/log_scan.h"

#include "core/base/file.h"
#include "tests/support/cmocka.h"
#include "tests/support/folder.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct fixture {
    char *folder, *path;
    struct log_file file;
    struct log_scan scan;
};

static void set_up(struct fixture *fixture, const char *filter)
{
    struct error err;
    *fixture = (struct fixture){.folder = test_folder_new()};
    fixture->path = file_join(fixture->folder, "a.log");
    log_file_init(&fixture->file);
    log_file_open(&fixture->file, fixture->path);
    assert_true(log_match_set(&fixture->scan.match, LOG_MATCH_FILTER, filter, &err));
}

static void tear_down(struct fixture *fixture)
{
    log_file_done(&fixture->file);
    log_scan_done(&fixture->scan);
    test_folder_free(fixture->folder);
    free(fixture->path);
}

static void append(struct fixture *fixture, const char *text)
{
    struct error err;
    int fd = open(fixture->path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    assert_true(fd >= 0 && file_write_all(fd, str_from(text), &err));
    close(fd);
    while (log_file_grow(&fixture->file).has_more) {
    }
}

static void scan_all(struct fixture *fixture)
{
    while (log_scan_go(&fixture->scan, &fixture->file, NULL)) {
    }
}

/* Line i matches when i is a multiple of `every`. */
static void append_lines(struct fixture *fixture, size_t count, size_t every)
{
    struct buf text;
    buf_init(&text, 16 << 20);
    for (size_t i = 0; i < count; i++) {
        buf_printf(&text, "line %zu %s\n", i, i % every == 0 ? "hit" : "miss");
    }
    append(fixture, buf_text(&text));
    buf_done(&text);
}

static void matches_are_counted_and_found_in_both_directions(void **state)
{
    static const size_t everies[] = {1, 2, 63, 64, 65, 1000, 5000};
    enum { LINES = 3001 };
    (void)state;
    for (size_t e = 0; e < sizeof(everies) / sizeof(everies[0]); e++) {
        struct fixture fixture;
        size_t every = everies[e], count = (LINES + every - 1) / every;
        set_up(&fixture, "hit");
        append_lines(&fixture, LINES, every);
        scan_all(&fixture);
        assert_int_equal(fixture.scan.scanned, LINES);
        assert_int_equal(fixture.scan.count, count);
        for (size_t line = 0; line <= LINES + 70; line++) {
            size_t before = line < LINES ? (line + every - 1) / every : count;
            size_t next = before < count ? before * every : LOG_NO_LINE;
            assert_int_equal(log_scan_rank(&fixture.scan, line), before);
            assert_int_equal(log_scan_next(&fixture.scan, line), next);
            assert_int_equal(log_scan_previous(&fixture.scan, line),
                             before == 0 ? LOG_NO_LINE : (before - 1) * every);
            assert_int_equal(log_scan_has(&fixture.scan, line), line < LINES && line % every == 0);
        }
        assert_int_equal(log_scan_previous(&fixture.scan, LOG_NO_LINE), (count - 1) * every);
        tear_down(&fixture);
    }
}

static void nothing_is_found_before_anything_is_looked_at(void **state)
{
    struct fixture fixture;
    (void)state;
    set_up(&fixture, "hit");
    assert_false(log_scan_go(&fixture.scan, &fixture.file, NULL));
    assert_int_equal(log_scan_next(&fixture.scan, 0), LOG_NO_LINE);
    assert_int_equal(log_scan_previous(&fixture.scan, LOG_NO_LINE), LOG_NO_LINE);
    assert_int_equal(log_scan_rank(&fixture.scan, 7), 0);
    tear_down(&fixture);
}

static void many_lines_are_looked_at_slice_by_slice(void **state)
{
    struct fixture fixture;
    size_t slices = 1;
    (void)state;
    set_up(&fixture, "hit");
    append_lines(&fixture, 50000, 49999);
    while (log_scan_go(&fixture.scan, &fixture.file, NULL)) {
        assert_true(fixture.scan.scanned <= slices * 20000);
        slices++;
    }
    assert_true(slices > 3);
    assert_int_equal(fixture.scan.count, 2);
    tear_down(&fixture);
}

static void an_unfinished_line_is_looked_at_again_when_it_goes_on(void **state)
{
    struct fixture fixture;
    (void)state;
    set_up(&fixture, "!miss");
    append(&fixture, "hit\nhi");
    scan_all(&fixture);
    assert_int_equal(fixture.scan.count, 2);
    append(&fixture, "miss");
    scan_all(&fixture);
    assert_int_equal(fixture.scan.count, 1);
    assert_int_equal(fixture.scan.scanned, 2);
    append(&fixture, "\nhit\n");
    scan_all(&fixture);
    assert_int_equal(fixture.scan.count, 2);
    assert_int_equal(fixture.scan.scanned, 3);
    tear_down(&fixture);
}

static void a_scan_within_another_counts_what_both_match(void **state)
{
    struct fixture fixture;
    struct log_scan inner = {.scanned = 0};
    struct error err;
    (void)state;
    set_up(&fixture, "hit");
    append_lines(&fixture, 1000, 3);
    assert_true(log_match_set(&inner.match, LOG_MATCH_SEARCH, "~[05] ", &err));
    assert_false(log_scan_go(&inner, &fixture.file, &fixture.scan)); /* no further than that */
    assert_int_equal(inner.scanned, 0);
    scan_all(&fixture);
    while (log_scan_go(&inner, &fixture.file, &fixture.scan)) {
    }
    assert_int_equal(inner.scanned, 1000);
    assert_int_equal(inner.count, 67); /* multiples of 15 */
    assert_int_equal(log_scan_next(&inner, 1), 15);
    log_scan_done(&inner);
    tear_down(&fixture);
}

static void a_long_line_matches_within_its_first_64_kib(void **state)
{
    struct fixture fixture;
    struct buf text;
    (void)state;
    set_up(&fixture, "hit");
    buf_init(&text, 4 << 20);
    for (int part = 0; part < 2; part++) {
        for (int i = 0; i < (part == 0 ? LOG_LINE_MAX - 3 : LOG_LINE_MAX - 2); i++) {
            buf_append_char(&text, 'x');
        }
        buf_append_text(&text, "hit and more\n");
    }
    buf_append_text(&text, "hit\n");
    append(&fixture, buf_text(&text));
    scan_all(&fixture);
    assert_true(log_scan_has(&fixture.scan, 0));
    assert_false(log_scan_has(&fixture.scan, 1));
    assert_true(log_scan_has(&fixture.scan, 2));
    buf_done(&text);
    tear_down(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_are_counted_and_found_in_both_directions),
        cmocka_unit_test(nothing_is_found_before_anything_is_looked_at),
        cmocka_unit_test(many_lines_are_looked_at_slice_by_slice),
        cmocka_unit_test(an_unfinished_line_is_looked_at_again_when_it_goes_on),
        cmocka_unit_test(a_scan_within_another_counts_what_both_match),
        cmocka_unit_test(a_long_line_matches_within_its_first_64_kib),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
