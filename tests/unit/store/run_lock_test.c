/* One owner a run; the kernel frees the lock of a dead one. */
#include "core/store/run_lock.h"

#include "core/base/file.h"
#include "tests/support/cmocka.h"
#include "tests/support/folder.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void a_second_owner_is_told_who_owns_it(void **state)
{
    (void)state;
    char *folder = test_folder_new();
    char pid[32];
    struct error err = {0};
    struct run_owner owner = {0};
    struct run_lock first = {-1}, second = {-1};
    assert_false(run_lock_owner(folder, &owner));
    assert_true(run_lock_take(&first, folder, 1795361968123, &err));
    assert_false(run_lock_take(&second, folder, 1, &err));
    assert_int_equal(second.fd, -1);
    assert_string_equal(err.code, "run_owned");
    assert_int_equal(err.error_class, ERROR_TRANSIENT);
    snprintf(pid, sizeof pid, "pid %d ", (int)getpid());
    assert_non_null(strstr(err.message, pid));
    assert_non_null(strstr(err.message, "2026-11-22T"));
    assert_true(run_lock_owner(folder, &owner));
    assert_int_equal(owner.pid, getpid());
    assert_int_equal(owner.since_ms, 1795361968123);
    run_lock_release(&first);
    assert_false(run_lock_owner(folder, &owner));
    assert_true(run_lock_take(&second, folder, 2, &err));
    run_lock_release(&second);
    test_folder_free(folder);
}

static void a_killed_owner_owns_nothing(void **state)
{
    (void)state;
    int pipes[2];
    char byte;
    struct error err = {0};
    struct run_owner owner = {0};
    struct run_lock lock = {-1};
    char *folder = test_folder_new();
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        bool is_ok = run_lock_take(&lock, folder, 1, &err);
        is_ok = is_ok && write(pipes[1], "x", 1) == 1;
        for (;;) {
            pause();
        }
    }
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    assert_true(run_lock_owner(folder, &owner));
    assert_int_equal(owner.pid, child);
    assert_false(run_lock_take(&lock, folder, 2, &err));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_false(run_lock_owner(folder, &owner));
    assert_true(run_lock_take(&lock, folder, 2, &err));
    run_lock_release(&lock);
    close(pipes[0]);
    close(pipes[1]);
    test_folder_free(folder);
}

static void an_unreadable_owner_still_owns_the_run(void **state)
{
    (void)state;
    struct error err = {0};
    struct run_lock first = {-1}, second = {-1};
    char *folder = test_folder_new();
    assert_true(run_lock_take(&first, folder, 1, &err));
    assert_int_equal(pwrite(first.fd, "\x01", 1, 0), 1);
    assert_false(run_lock_take(&second, folder, 1, &err));
    assert_string_equal(err.code, "run_owned");
    run_lock_release(&first);
    test_folder_free(folder);
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    struct error err = {0};
    struct run_lock lock = {-1};
    struct run_owner owner;
    assert_false(run_lock_take(&lock, "/nonexistent/run", 1, &err));
    assert_non_null(strstr(err.message, "/nonexistent/run/lock"));
    assert_false(run_lock_owner("/nonexistent/run", &owner));
}

static void an_owned_run_is_found_among_others(void **state)
{
    (void)state;
    struct error err = {0};
    struct run_lock idle = {-1}, busy = {-1};
    struct run_owner owner = {0};
    char run[8] = "";
    char *runs = test_folder_new();
    char *first = file_join(runs, "a"), *second = file_join(runs, "b");
    assert_int_equal(mkdir(first, 0700) + mkdir(second, 0700), 0);
    assert_true(run_lock_take(&idle, first, 1, &err) && run_lock_take(&busy, second, 1, &err));
    run_lock_release(&idle);
    assert_true(run_lock_find_owned(runs, run, sizeof(run), &owner));
    assert_string_equal(run, "b");
    assert_int_equal(owner.pid, getpid());
    run_lock_release(&busy);
    assert_false(run_lock_find_owned(runs, run, sizeof(run), &owner));
    assert_false(run_lock_find_owned("/nonexistent", run, sizeof(run), &owner));
    free(first);
    free(second);
    test_folder_free(runs);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_owner_is_told_who_owns_it),
        cmocka_unit_test(a_killed_owner_owns_nothing),
        cmocka_unit_test(an_unreadable_owner_still_owns_the_run),
        cmocka_unit_test(a_folder_that_is_not_there_is_an_error),
        cmocka_unit_test(an_owned_run_is_found_among_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
