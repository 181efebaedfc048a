/* Moving through a log: following, wrapping, filters and searches, while it grows and is replaced.
 */
#include "tui/log_view.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "tests/support/cmocka.h"
#include "tests/support/folder.h"
#include "tui/screen.h"

#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COLS = 20, ROWS = 10 };

struct fixture {
    char *folder, *path;
    struct log_view view;
};

static void work(struct fixture *fixture)
{
    while (log_view_work(&fixture->view, clock_system()).has_more) {
    }
    log_view_fit(&fixture->view, COLS, ROWS);
}

static void append(struct fixture *fixture, const char *text)
{
    struct error err;
    int fd = open(fixture->path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    assert_true(fd >= 0 && file_write_all(fd, str_from(text), &err));
    close(fd);
    work(fixture);
}

static void set_up(struct fixture *fixture)
{
    *fixture = (struct fixture){.folder = test_folder_new()};
    fixture->path = file_join(fixture->folder, "a.log");
    log_view_init(&fixture->view);
    log_view_fit(&fixture->view, COLS, ROWS);
    log_view_open(&fixture->view, fixture->path);
}

/* "line 0" to "line <count-1>"; every tenth is an error. */
static void set_up_lines(struct fixture *fixture, int count)
{
    struct buf text;
    set_up(fixture);
    buf_init(&text, 16 << 20);
    for (int i = 0; i < count; i++) {
        buf_printf(&text, "2026-11-22T15:39:28.123Z %s line %d\n", i % 10 == 7 ? "error" : "info",
                   i);
    }
    append(fixture, buf_text(&text));
    buf_done(&text);
}

static void tear_down(struct fixture *fixture)
{
    log_view_done(&fixture->view);
    test_folder_free(fixture->folder);
    free(fixture->path);
}

static void filter(struct fixture *fixture, const char *typed)
{
    struct error err;
    assert_true(log_view_filter(&fixture->view, typed, &err));
    work(fixture);
}

static void search(struct fixture *fixture, const char *typed)
{
    struct error err;
    assert_true(log_view_search(&fixture->view, typed, &err));
    work(fixture);
}

static void assert_top(const struct fixture *fixture, size_t line, size_t row)
{
    assert_int_equal(fixture->view.top.line, line);
    assert_int_equal(fixture->view.top.row, row);
}

static void it_follows_pauses_and_follows_again_at_the_end(void **state)
{
    struct fixture fixture;
    struct log_view *view = &fixture.view;
    (void)state;
    set_up_lines(&fixture, 100);
    assert_true(view->is_following);
    assert_top(&fixture, 90, 0);
    append(&fixture, "more\n");
    assert_top(&fixture, 91, 0);
    log_view_scroll(view, -1);
    assert_false(view->is_following);
    append(&fixture, "new\nnewer\n");
    assert_top(&fixture, 90, 0);
    assert_int_equal(log_view_new(view), 2);
    log_view_scroll(view, 2);
    assert_false(view->is_following);
    log_view_scroll(view, 1);
    assert_true(view->is_following);
    log_view_first(view);
    log_view_fit(view, COLS, ROWS);
    assert_top(&fixture, 0, 0);
    log_view_scroll(view, 1000);
    assert_true(view->is_following);
    log_view_follow(view, false);
    append(&fixture, "newest\n");
    assert_int_equal(log_view_new(view), 1);
    log_view_follow(view, true);
    log_view_fit(view, COLS, ROWS);
    assert_top(&fixture, 94, 0);
    tear_down(&fixture);
}

static void a_short_log_begins_at_its_first_line(void **state)
{
    struct fixture fixture;
    (void)state;
    set_up(&fixture);
    log_view_scroll(&fixture.view, -3);
    log_view_scroll(&fixture.view, 3);
    append(&fixture, "a\nb\n");
    assert_top(&fixture, 0, 0);
    assert_int_equal(log_view_count(&fixture.view), 2);
    log_view_scroll(&fixture.view, -3);
    assert_top(&fixture, 0, 0);
    log_view_scroll(&fixture.view, 1);
    assert_true(fixture.view.is_following);
    tear_down(&fixture);
}

static void a_filter_leaves_the_lines_that_match(void **state)
{
    struct fixture fixture;
    struct log_view *view = &fixture.view;
    (void)state;
    set_up_lines(&fixture, 1000);
    filter(&fixture, ">=ERROR");
    assert_int_equal(log_view_count(view), 100);
    assert_top(&fixture, 907, 0); /* still following */
    log_view_scroll(view, -1);
    assert_top(&fixture, 897, 0);
    filter(&fixture, "");
    assert_top(&fixture, 897, 0); /* one stays where one was */
    filter(&fixture, "!line");
    assert_int_equal(log_view_count(view), 0);
    assert_int_equal(log_view_next(view, 0), LOG_NO_LINE);
    log_view_scroll(view, -1);
    log_view_scroll(view, 1);
    append(&fixture, "other\n");
    assert_int_equal(log_view_count(view), 1);
    assert_top(&fixture, 1000, 0);
    tear_down(&fixture);
}

static void new_lines_are_counted_as_the_filter_leaves_them(void **state)
{
    struct fixture fixture;
    (void)state;
    set_up_lines(&fixture, 100);
    log_view_scroll(&fixture.view, -5);
    append(&fixture, "x\ny\nx\n");
    assert_int_equal(log_view_new(&fixture.view), 3);
    filter(&fixture, "x");
    assert_int_equal(log_view_new(&fixture.view), 2);
    tear_down(&fixture);
}

static void a_search_goes_forward_from_what_is_shown_and_round(void **state)
{
    struct fixture fixture;
    struct log_view *view = &fixture.view;
    (void)state;
    set_up_lines(&fixture, 300);
    log_view_scroll(view, -50);
    search(&fixture, "line 25");
    assert_int_equal(view->match, 250); /* 25 and 250 to 259 hold it */
    assert_int_equal(log_scan_rank(&view->search, view->match), 1);
    assert_int_equal(view->search.count, 11);
    assert_false(view->is_following);
    for (int i = 0; i < 9; i++) {
        assert_true(log_view_next_match(view, false));
    }
    assert_int_equal(view->match, 259);
    assert_true(log_view_next_match(view, false)); /* round */
    log_view_fit(view, COLS, ROWS);
    assert_int_equal(view->match, 25);
    assert_top(&fixture, 22, 0); /* with context */
    assert_true(log_view_next_match(view, true));
    assert_int_equal(view->match, 259);
    search(&fixture, "nowhere");
    assert_false(log_view_next_match(view, false));
    assert_false(log_view_next_match(view, true));
    assert_int_equal(view->match, LOG_NO_LINE);
    tear_down(&fixture);
}

static void a_search_stays_within_the_filter(void **state)
{
    struct fixture fixture;
    struct log_view *view = &fixture.view;
    (void)state;
    set_up_lines(&fixture, 300);
    filter(&fixture, ">=ERROR");
    search(&fixture, "line 1");
    assert_int_equal(view->search.count, 11); /* 17, 107, 117, ... 197 */
    filter(&fixture, "");
    assert_int_equal(view->search.count, 111);
    tear_down(&fixture);
}

static void a_match_in_sight_does_not_move_the_page(void **state)
{
    struct fixture fixture;
    (void)state;
    set_up_lines(&fixture, 300);
    log_view_first(&fixture.view);
    search(&fixture, "line 8");
    assert_int_equal(fixture.view.match, 8);
    assert_top(&fixture, 0, 0);
    assert_int_equal(log_view_current(&fixture.view), 8);
    log_view_scroll(&fixture.view, 30);
    assert_int_equal(log_view_current(&fixture.view), 30);
    tear_down(&fixture);
}

static void a_match_far_to_the_right_is_brought_into_sight(void **state)
{
    struct fixture fixture;
    struct log_view *view = &fixture.view;
    struct buf text;
    (void)state;
    set_up_lines(&fixture, 30);
    buf_init(&text, 1 << 16);
    for (int i = 0; i < 500; i++) {
        buf_append_text(&text, "漢");
    }
    buf_append_text(&text, "needle\n");
    append(&fixture, buf_text(&text));
    log_view_first(view);
    search(&fixture, "needle");
    assert_true(view->left > 1000 - COLS && view->left <= 1000);
    log_view_wrap(view, false); /* as it is: nothing moves */
    assert_true(view->left > 0);
    log_view_wrap(view, true);
    assert_int_equal(view->left, 0);
    log_view_first(view);
    log_view_fit(view, COLS, ROWS);
    assert_true(log_view_next_match(view, false));
    log_view_fit(view, COLS, ROWS);
    assert_int_equal(view->top.line, 30); /* a hundred rows: the one of the needle is shown */
    assert_true(view->top.row + ROWS > 50);
    tear_down(&fixture);
    buf_done(&text);
}

static void errors_are_found_in_both_directions(void **state)
{
    struct fixture fixture;
    struct log_view *view = &fixture.view;
    (void)state;
    set_up_lines(&fixture, 100);
    log_view_first(view);
    log_view_fit(view, COLS, ROWS);
    assert_true(log_view_next_error(view, false));
    work(&fixture);
    assert_int_equal(view->match, 7);
    log_view_next_error(view, false);
    assert_int_equal(view->match, 17);
    log_view_next_error(view, true);
    assert_int_equal(view->match, 7);
    log_view_next_error(view, true);
    assert_int_equal(view->match, 97);
    filter(&fixture, "!9");
    log_view_next_error(view, true); /* the last one above the page */
    assert_int_equal(view->match, 77);
    filter(&fixture, "line 1$");
    log_view_next_error(view, false);
    work(&fixture);
    assert_false(log_view_next_error(view, false));
    tear_down(&fixture);
}

/* The first time one is asked for nothing is known yet: it is shown once it is. */
static void what_is_asked_for_before_it_is_known_is_shown_later(void **state)
{
    struct fixture fixture;
    struct log_view *view = &fixture.view;
    (void)state;
    set_up_lines(&fixture, 100);
    log_view_scroll(view, -20);
    assert_true(log_view_next_error(view, true));
    assert_int_equal(view->match, LOG_NO_LINE);
    work(&fixture);
    assert_int_equal(view->match, 67); /* the last one above line 70 */
    filter(&fixture, "line 1.$");
    assert_true(log_view_next_error(view, true));
    work(&fixture);
    assert_int_equal(view->match, 17);
    struct error err;
    assert_true(log_view_search(view, "nowhere", &err));
    assert_true(log_view_work(view, clock_system()).is_in_vain);
    assert_false(log_view_work(view, clock_system()).is_in_vain); /* said once */
    tear_down(&fixture);
}

static void a_replaced_log_is_shown_from_the_new_one(void **state)
{
    struct fixture fixture;
    struct log_view *view = &fixture.view;
    (void)state;
    set_up_lines(&fixture, 1000);
    filter(&fixture, "line");
    search(&fixture, "line 999");
    log_view_next_error(view, false);
    work(&fixture);
    assert_int_equal(truncate(fixture.path, 0), 0);
    append(&fixture, "line A\nother\n");
    assert_int_equal(view->file.lines, 2);
    assert_int_equal(log_view_count(view), 1);
    assert_int_equal(view->search.count, 0);
    assert_int_equal(view->match, LOG_NO_LINE);
    assert_true(view->is_following);
    assert_top(&fixture, 0, 0);
    log_view_open(view, NULL);
    work(&fixture);
    assert_int_equal(log_view_count(view), 0);
    assert_true(log_match_is_on(&view->filter.match)); /* it stays for the next log */
    tear_down(&fixture);
}

/* Every look at it takes ten milliseconds. */
struct hasty_clock {
    struct clock clock;
    int64_t now_ms;
};

static int64_t hasty_ms(struct clock *clock)
{
    struct hasty_clock *hasty = (struct hasty_clock *)(void *)clock;
    return hasty->now_ms += 10;
}

static void work_is_done_in_slices(void **state)
{
    struct hasty_clock hasty;
    struct fixture fixture;
    struct error err;
    size_t slices = 0;
    (void)state;
    set_up_lines(&fixture, 100000);
    assert_true(log_view_filter(&fixture.view, "line 9", &err));
    hasty = (struct hasty_clock){{hasty_ms, hasty_ms}, 0};
    while (log_view_work(&fixture.view, &hasty.clock).has_more) {
        slices++;
        assert_true(log_view_is_scanning(&fixture.view));
    }
    assert_true(slices > 10);
    assert_int_equal(log_view_count(&fixture.view), 11111);
    assert_false(log_view_work(&fixture.view, &hasty.clock).has_news);
    tear_down(&fixture);
}

/* Rows of any text: none is wider than the pane, together they are the text. */
static void rows_hold_the_whole_text_and_none_is_too_wide(void **state)
{
    static const char *const pieces[] = {
        "a",    " ",     "漢",   "e\u0301", "\U0001f469\u200d\U0001f680",
        "\xff", "\x1b",  "word", "\u202e",  "\U0001f1e9\U0001f1ea",
        "\t",   "\u0301"};
    uint32_t seed = 3;
    (void)state;
    for (int round = 0; round < 3000; round++) {
        char text[1024] = "";
        int cols = 1 + round % 30;
        for (int i = 0; i < 60; i++) {
            seed = seed * 1664525U + 1013904223U;
            strcat(text, pieces[(seed >> 16) % (sizeof(pieces) / sizeof(pieces[0]))]);
        }
        struct str rest = str_from(text);
        while (rest.len > 0) {
            size_t len = log_row_len(rest, cols);
            int columns = text_columns((struct str){rest.ptr, len});
            assert_true(len > 0 && len <= rest.len);
            assert_true(columns <= cols || cols == 1); /* a wide character in one column */
            if (len < rest.len && cols > 1) {
                assert_true(columns + 2 > cols); /* and it is full */
            }
            rest = (struct str){rest.ptr + len, rest.len - len};
        }
    }
}

/* However one moves, the page is full where there are rows enough, and the way back leads back. */
static void any_moves_keep_the_page_full(void **state)
{
    struct fixture fixture;
    struct log_view *view = &fixture.view;
    struct buf text;
    uint32_t seed = 9;
    (void)state;
    set_up(&fixture);
    buf_init(&text, 1 << 20);
    for (int i = 0; i < 200; i++) {
        seed = seed * 1664525U + 1013904223U;
        for (uint32_t at = 0; at < (seed >> 16) % 90; at++) {
            buf_append_text(&text, at % 7 == 0 ? "漢" : "x");
        }
        buf_append_char(&text, '\n');
    }
    append(&fixture, buf_text(&text));
    for (int round = 0; round < 3000; round++) {
        seed = seed * 1664525U + 1013904223U;
        uint32_t what = (seed >> 16) % 12;
        if (what == 0) {
            log_view_wrap(view, !view->is_wrapped);
        } else if (what == 1) {
            log_view_first(view);
        } else if (what == 2) {
            log_view_follow(view, true);
        } else if (what == 3) {
            filter(&fixture, (seed >> 20) % 2 == 0 ? "xxx" : "");
        } else {
            log_view_scroll(view, (long)((seed >> 20) % 60) - 30);
        }
        log_view_fit(view, 5 + (int)(seed >> 24) % 30, 1 + (int)(seed >> 28) % 12);
        struct log_place place = view->top, back;
        int rows = 1;
        while (rows < view->rows && log_view_down(view, &place)) {
            rows++;
        }
        assert_int_equal(rows, view->rows);
        back = place;
        while (--rows > 0) {
            assert_true(log_view_up(view, &back));
        }
        assert_int_equal(back.line, view->top.line);
        assert_int_equal(back.row, view->top.row);
    }
    buf_done(&text);
    tear_down(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_follows_pauses_and_follows_again_at_the_end),
        cmocka_unit_test(a_short_log_begins_at_its_first_line),
        cmocka_unit_test(a_filter_leaves_the_lines_that_match),
        cmocka_unit_test(new_lines_are_counted_as_the_filter_leaves_them),
        cmocka_unit_test(a_search_goes_forward_from_what_is_shown_and_round),
        cmocka_unit_test(a_search_stays_within_the_filter),
        cmocka_unit_test(a_match_in_sight_does_not_move_the_page),
        cmocka_unit_test(a_match_far_to_the_right_is_brought_into_sight),
        cmocka_unit_test(errors_are_found_in_both_directions),
        cmocka_unit_test(what_is_asked_for_before_it_is_known_is_shown_later),
        cmocka_unit_test(a_replaced_log_is_shown_from_the_new_one),
        cmocka_unit_test(work_is_done_in_slices),
        cmocka_unit_test(rows_hold_the_whole_text_and_none_is_too_wide),
        cmocka_unit_test(any_moves_keep_the_page_full),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
