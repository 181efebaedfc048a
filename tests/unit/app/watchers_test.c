/* Who watches: counted while alive, by run, gone with the process. */
#include "core/app/watchers.h"

#include "tests/support/cmocka.h"
#include "tests/support/folder.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void others_on_the_same_run_are_counted_by_name(void **state)
{
    char *folder = test_folder_new();
    struct watchers ana, bo, cid;
    (void)state;
    watchers_init(&ana, folder);
    watchers_init(&bo, folder);
    watchers_init(&cid, folder);
    watchers_tell(&ana, "ana", "run-1");
    watchers_look(&ana, "run-1");
    assert_int_equal(ana.count, 0);
    assert_string_equal(ana.names, "");
    watchers_tell(&bo, "bo", "run-1");
    watchers_tell(&cid, "cid", "run-2");
    watchers_look(&ana, "run-1");
    assert_int_equal(ana.count, 1);
    assert_string_equal(ana.names, "bo");
    watchers_tell(&cid, "cid", "run-1"); /* turns to our run */
    watchers_look(&ana, "run-1");
    assert_int_equal(ana.count, 2);
    watchers_done(&bo);
    watchers_look(&ana, "run-1");
    assert_string_equal(ana.names, "cid");
    watchers_done(&ana);
    watchers_done(&cid);
    assert_int_equal(test_folder_count(folder, "watchers"), 0);
    test_folder_free(folder);
}

static void a_killed_console_is_not_counted(void **state)
{
    char *folder = test_folder_new();
    struct watchers ana;
    int told[2];
    char byte = 0;
    (void)state;
    assert_int_equal(pipe(told), 0);
    pid_t child = fork();
    if (child == 0) {
        struct watchers bo;
        watchers_init(&bo, folder);
        watchers_tell(&bo, "bo", "run-1");
        _exit(write(told[1], "x", 1) == 1 && pause() == 0 ? 0 : 1);
    }
    assert_int_equal(read(told[0], &byte, 1), 1);
    watchers_init(&ana, folder);
    watchers_look(&ana, "run-1");
    assert_int_equal(ana.count, 1);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    watchers_look(&ana, "run-1");
    assert_int_equal(ana.count, 0);
    assert_int_equal(test_folder_count(folder, "watchers"), 0); /* tidied up */
    watchers_done(&ana);
    close(told[0]);
    close(told[1]);
    test_folder_free(folder);
}

static void what_is_no_presence_file_hurts_nobody(void **state)
{
    char *folder = test_folder_new();
    struct watchers ana, bo;
    (void)state;
    test_file_write(folder, "watchers/junk", "not json", 0600);
    test_file_write(folder, "watchers/.hidden", "{}", 0600);
    watchers_init(&ana, folder);
    watchers_look(&ana, "run-1");
    assert_int_equal(ana.count, 0);
    watchers_init(&bo, "/proc/nowhere"); /* cannot be written: not seen */
    watchers_tell(&bo, "bo", "run-1");
    assert_int_equal(bo.fd, -1);
    watchers_done(&ana);
    watchers_done(&bo);
    test_folder_free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(others_on_the_same_run_are_counted_by_name),
        cmocka_unit_test(a_killed_console_is_not_counted),
        cmocka_unit_test(what_is_no_presence_file_hurts_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
