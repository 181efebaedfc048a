/* Secrets in memory, and that memory not in a file. */
#include "core/base/secret.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the limit is in a child that began with `before` and then forbade core dumps. */
static rlim_t limit_after(rlim_t before)
{
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {before, before};
        bool is_good = setrlimit(RLIMIT_CORE, &limit) == 0 && secret_forbid_core_dumps() &&
                       getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur == limit.rlim_max;
        _exit(is_good ? (int)limit.rlim_cur : 100);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return (rlim_t)WEXITSTATUS(status);
}

static void core_dumps_are_forbidden_in_files_and_pipes(void **state)
{
    (void)state;
    assert_int_equal(limit_after(4096), 1);
    assert_int_equal(limit_after(1), 1);
}

static void a_limit_of_none_stays(void **state)
{
    (void)state;
    assert_int_equal(limit_after(0), 0);
}

static void a_secret_is_a_copy_that_can_be_replaced_and_released(void **state)
{
    (void)state;
    char text[] = "first";
    struct secret secret = {.ptr = NULL};
    assert_string_equal(secret_reveal(&secret), "");
    assert_false(secret_is_set(&secret));
    secret_set(&secret, str_from(text));
    text[0] = 'x';
    assert_string_equal(secret_reveal(&secret), "first");
    secret_set(&secret, STR("second"));
    assert_string_equal(secret_reveal(&secret), "second");
    secret_done(&secret);
    assert_false(secret_is_set(&secret));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(core_dumps_are_forbidden_in_files_and_pipes),
        cmocka_unit_test(a_limit_of_none_stays),
        cmocka_unit_test(a_secret_is_a_copy_that_can_be_replaced_and_released),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
