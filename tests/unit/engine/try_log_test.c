/* The log of a try: form, going on after a takeover, its size limit. */
#include "core/engine/try_log.h"

#include "core/base/file.h"
#include "tests/support/cmocka.h"
#include "tests/support/folder.h"

#include <stdlib.h>
#include <string.h>

#define TS 1795361968123

static void lines_carry_time_and_level_and_a_second_runner_goes_on(void **state)
{
    (void)state;
    struct error err = {0};
    struct try_log log;
    char *folder = test_folder_new();
    char *path = file_join(folder, "a.1.log");
    for (int i = 0; i < 2; i++) {
        try_log_init(&log, path, TRY_LOG_SIZE_MAX);
        assert_int_equal(file_exists(path), i == 1);
        assert_true(try_log_write(&log, TS, "info", STR("hello"), &err));
        try_log_done(&log);
    }
    char *text = test_file_read(folder, "a.1.log");
    assert_string_equal(text, "2026-11-22T15:39:28.123Z info hello\n"
                              "2026-11-22T15:39:28.123Z info hello\n");
    free(text);
    free(path);
    test_folder_free(folder);
}

/* Several machines' lines come in another order, and what is old may be kept no longer. */
static void adopted_output_is_known_by_its_text(void **state)
{
    (void)state;
    static const char *const first[] = {"a", "b", "", "b", "c"};
    static const char *const second[] = {"c", "b", "", "d", "b", "", "b"};
    static const char *const runs[] = {"d", "", "b"}; /* what is new of the second */
    struct error err = {0};
    struct try_log log;
    char *folder = test_folder_new();
    char *path = file_join(folder, "a.1.log");
    try_log_init(&log, path, TRY_LOG_SIZE_MAX);
    for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
        assert_true(try_log_write(&log, TS, "out", str_from(first[i]), &err));
    }
    try_log_done(&log);
    try_log_init(&log, path, TRY_LOG_SIZE_MAX);
    try_log_adopt(&log);
    size_t news = 0;
    for (size_t i = 0; i < sizeof(second) / sizeof(second[0]); i++) {
        if (!try_log_holds(&log, "out", str_from(second[i]))) {
            assert_true(news < 3);
            assert_string_equal(second[i], runs[news++]);
        }
    }
    assert_int_equal(news, 3);
    try_log_done(&log);
    free(path);
    test_folder_free(folder);
}

static void an_adopted_try_does_not_write_its_output_twice(void **state)
{
    (void)state;
    struct error err = {0};
    char *folder = test_folder_new();
    char *path = file_join(folder, "a.1.log");
    for (int lines = 2; lines <= 3; lines++) {
        struct try_log log;
        try_log_init(&log, path, TRY_LOG_SIZE_MAX);
        try_log_adopt(&log);
        assert_false(try_log_holds(&log, "info", STR("round")));
        assert_true(try_log_write(&log, TS, "info", STR("out of the way"), &err));
        for (int i = 0; i < lines; i++) {
            assert_true(try_log_holds(&log, "out", STR("round")) ||
                        try_log_write(&log, TS, "out", STR("round"), &err));
        }
        try_log_done(&log);
    }
    char *text = test_file_read(folder, "a.1.log");
    assert_string_equal(text, "2026-11-22T15:39:28.123Z info out of the way\n"
                              "2026-11-22T15:39:28.123Z out round\n"
                              "2026-11-22T15:39:28.123Z out round\n"
                              "2026-11-22T15:39:28.123Z info out of the way\n"
                              "2026-11-22T15:39:28.123Z out round\n");
    free(text);
    free(path);
    test_folder_free(folder);
}

static void a_full_log_says_so_once_and_stays_within_its_limit(void **state)
{
    (void)state;
    struct error err = {0};
    struct try_log log;
    char *folder = test_folder_new();
    char *path = file_join(folder, "a.1.log");
    for (int runner = 0; runner < 2; runner++) {
        try_log_init(&log, path, 400);
        for (int i = 0; i < 50; i++) {
            assert_true(try_log_write(&log, TS, "out", STR("a line of program output"), &err));
        }
        try_log_done(&log);
    }
    char *text = test_file_read(folder, "a.1.log");
    char *note = strstr(text, "the log is full");
    assert_non_null(note);
    assert_null(strstr(note + 1, "the log is full"));
    assert_true(strlen(text) <= 500);
    assert_int_equal(text[strlen(text) - 1], '\n');
    free(text);
    free(path);
    test_folder_free(folder);
}

static void a_log_that_cannot_be_written_is_an_error_that_names_it(void **state)
{
    (void)state;
    struct error err = {0};
    struct try_log log;
    try_log_init(&log, "/nonexistent/a.1.log", TRY_LOG_SIZE_MAX);
    assert_false(try_log_write(&log, TS, "info", STR("x"), &err));
    assert_non_null(strstr(err.message, "/nonexistent/a.1.log"));
    try_log_done(&log);
}

static void a_full_disk_is_told_and_the_next_line_tried_again(void **state)
{
    (void)state;
    struct error err = {0};
    struct try_log log;
    try_log_init(&log, "/dev/full", TRY_LOG_SIZE_MAX);
    for (int i = 0; i < 2; i++) {
        assert_false(try_log_write(&log, TS, "info", STR("x"), &err));
        assert_int_equal(err.error_class, ERROR_TRANSIENT);
    }
    try_log_done(&log);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_carry_time_and_level_and_a_second_runner_goes_on),
        cmocka_unit_test(an_adopted_try_does_not_write_its_output_twice),
        cmocka_unit_test(adopted_output_is_known_by_its_text),
        cmocka_unit_test(a_full_log_says_so_once_and_stays_within_its_limit),
        cmocka_unit_test(a_log_that_cannot_be_written_is_an_error_that_names_it),
        cmocka_unit_test(a_full_disk_is_told_and_the_next_line_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
