/* Saving a log: what is written, and that nothing is lost or left behind. */
#include "tui/log_save.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "tests/support/cmocka.h"
#include "tests/support/folder.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
    char *folder;
    struct log_save save;
};

static void set_up(struct fixture *fixture, const char *log, const char *filter)
{
    fixture->folder = test_folder_new();
    test_file_write(fixture->folder, "a.log", log, 0600);
    fixture->save = (struct log_save){.source = file_join(fixture->folder, "a.log"),
                                      .path = file_join(fixture->folder, "out.log"),
                                      .filter = filter == NULL ? NULL : xstrdup(filter)};
}

static void tear_down(struct fixture *fixture)
{
    log_save_done(&fixture->save);
    test_folder_free(fixture->folder);
}

static void assert_saved(const struct fixture *fixture, const char *expected)
{
    struct buf content;
    struct error err;
    buf_init(&content, 32 << 20);
    if (!file_read(fixture->save.path, &content, &err)) {
        fail_msg("%s", err.message);
    }
    assert_string_equal(buf_text(&content), expected);
    buf_done(&content);
}

static size_t files_in(const char *folder)
{
    size_t count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        count += entry->d_name[0] != '.';
    }
    closedir(dir);
    return count;
}

static void all_lines_are_saved_for_the_owner_alone(void **state)
{
    struct fixture fixture;
    struct error err;
    struct stat status;
    (void)state;
    set_up(&fixture, "a\n\nlast without end", NULL);
    assert_true(log_save_write(&fixture.save, &err));
    assert_saved(&fixture, "a\n\nlast without end\n");
    assert_int_equal(fixture.save.lines, 3);
    assert_int_equal(stat(fixture.save.path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(files_in(fixture.folder), 2);
    tear_down(&fixture);
}

static void a_filter_decides_what_is_saved_and_long_lines_are_whole(void **state)
{
    enum { LONG = 3 << 20 };
    struct fixture fixture;
    struct error err;
    struct buf log, expected;
    (void)state;
    buf_init(&log, 32 << 20);
    buf_init(&expected, 32 << 20);
    for (int i = 0; i < 5000; i++) {
        buf_printf(&log, "line %d\n", i);
        if (i % 10 == 7) {
            buf_printf(&expected, "line %d\n", i);
        }
    }
    buf_append_text(&log, "7");
    buf_append_text(&expected, "7");
    for (int i = 0; i < LONG; i++) {
        buf_append_char(&log, (char)('a' + i % 26));
        buf_append_char(&expected, (char)('a' + i % 26));
    }
    buf_append_char(&log, '\n');
    buf_append_char(&expected, '\n');
    set_up(&fixture, buf_text(&log), "7$|^7");
    assert_true(log_save_write(&fixture.save, &err));
    assert_saved(&fixture, buf_text(&expected));
    assert_int_equal(fixture.save.lines, 501);
    tear_down(&fixture);
    buf_done(&log);
    buf_done(&expected);
}

static void a_file_that_is_there_is_replaced_only_when_asked(void **state)
{
    struct fixture fixture;
    struct error err;
    (void)state;
    set_up(&fixture, "new\n", NULL);
    test_file_write(fixture.folder, "out.log", "old\n", 0644);
    assert_false(log_save_write(&fixture.save, &err));
    assert_string_equal(err.code, "exists");
    assert_saved(&fixture, "old\n");
    assert_int_equal(files_in(fixture.folder), 2);
    fixture.save.may_replace = true;
    assert_true(log_save_write(&fixture.save, &err));
    assert_saved(&fixture, "new\n");
    assert_int_equal(files_in(fixture.folder), 2);
    tear_down(&fixture);
}

static void what_cannot_be_saved_says_why_and_leaves_nothing(void **state)
{
    struct fixture fixture;
    struct error err;
    (void)state;
    set_up(&fixture, "x\n", NULL);
    free(fixture.save.path);
    fixture.save.path = file_join(fixture.folder, "no/such/folder.log");
    assert_false(log_save_write(&fixture.save, &err));
    assert_non_null(strstr(err.message, "no/such/folder.log"));
    free(fixture.save.path);
    fixture.save.path = file_join(fixture.folder, "out.log");
    fixture.save.filter = xstrdup("a(");
    assert_false(log_save_write(&fixture.save, &err));
    free(fixture.save.source);
    fixture.save.source = file_join(fixture.folder, "gone.log");
    assert_false(log_save_write(&fixture.save, &err));
    assert_non_null(strstr(err.message, "gone.log"));
    assert_int_equal(files_in(fixture.folder), 1);
    tear_down(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_lines_are_saved_for_the_owner_alone),
        cmocka_unit_test(a_filter_decides_what_is_saved_and_long_lines_are_whole),
        cmocka_unit_test(a_file_that_is_there_is_replaced_only_when_asked),
        cmocka_unit_test(what_cannot_be_saved_says_why_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
