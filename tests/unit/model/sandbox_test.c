/* The walls hold: what a process inside can no longer do. Each check runs in a child. */
#include "core/model/sandbox.h"
#include "tests/support/cmocka.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

typedef bool check_fn(void);

static int run_inside(check_fn *check)
{
    pid_t child = fork();
    if (child == 0) {
        struct error err = {0};
        _exit(sandbox_enter(&err) && check() ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool has_no_network(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EACCES &&
           socket(AF_UNIX, SOCK_STREAM, 0) < 0 && errno == EACCES;
}

static bool cannot_start_programs(void)
{
    char *const arguments[] = {(char[]){"true"}, NULL};
    char *const environment[] = {NULL};
    execve("/bin/true", arguments, environment);
    return errno == EACCES;
}

static bool is_limited(void)
{
    struct rlimit core;
    struct rlimit processor;
    return getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 &&
           getrlimit(RLIMIT_CPU, &processor) == 0 && processor.rlim_cur <= 600;
}

static bool can_still_write_files(void)
{
    char path[] = "/tmp/sandbox-test-XXXXXX";
    int fd = mkstemp(path);
    bool is_written = fd >= 0 && write(fd, "x", 1) == 1;
    unlink(path);
    return is_written;
}

static void there_is_no_network(void **state)
{
    (void)state;
    assert_int_equal(run_inside(has_no_network), 0);
}

static void no_program_can_be_started(void **state)
{
    (void)state;
    assert_int_equal(run_inside(cannot_start_programs), 0);
}

static void limits_are_set(void **state)
{
    (void)state;
    assert_int_equal(run_inside(is_limited), 0);
}

static void files_can_be_written(void **state)
{
    (void)state;
    assert_int_equal(run_inside(can_still_write_files), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_no_network),
        cmocka_unit_test(no_program_can_be_started),
        cmocka_unit_test(limits_are_set),
        cmocka_unit_test(files_can_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
