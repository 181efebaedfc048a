/* The certificates of the package are told by variables, and only those that are there. */
#include "core/functions/task_root.h"

#include "core/app/package.h"
#include "core/base/file.h"
#include "tests/support/cmocka.h"
#include "tests/support/folder.h"

#include <stdlib.h>

static char *set_up_root(void)
{
    struct error err;
    char *root = test_folder_new();
    char *etc = file_join(root, "etc");
    assert_true(file_make_folders(etc, 0755, &err));
    free(etc);
    setenv("LAMBDA_TASK_ROOT", root, 1);
    unsetenv("AWS_CA_BUNDLE");
    unsetenv("PGSSLROOTCERT");
    return root;
}

static void check_variable(const char *name, const char *root, const char *file)
{
    char *path = file_join(root, file);
    assert_non_null(getenv(name));
    assert_string_equal(getenv(name), path);
    free(path);
}

static void what_is_in_the_package_is_told(void **state)
{
    char *root = set_up_root();
    (void)state;
    test_file_write(root, PACKAGE_CA_FOLDER, "x", 0644);
    task_root_apply();
    check_variable("AWS_CA_BUNDLE", root, PACKAGE_CA_FOLDER);
    assert_null(getenv("PGSSLROOTCERT"));
    test_file_write(root, PACKAGE_DATABASE_CA_FILE, "x", 0644);
    task_root_apply();
    check_variable("PGSSLROOTCERT", root, PACKAGE_DATABASE_CA_FILE);
    test_folder_free(root);
}

static void what_the_operator_has_set_stays(void **state)
{
    char *root = set_up_root();
    (void)state;
    test_file_write(root, PACKAGE_CA_FOLDER, "x", 0644);
    setenv("AWS_CA_BUNDLE", "/mine.pem", 1);
    task_root_apply();
    assert_string_equal(getenv("AWS_CA_BUNDLE"), "/mine.pem");
    test_folder_free(root);
}

static void outside_of_lambda_nothing_is_set(void **state)
{
    char *root = set_up_root();
    (void)state;
    test_file_write(root, PACKAGE_CA_FOLDER, "x", 0644);
    unsetenv("LAMBDA_TASK_ROOT");
    task_root_apply();
    assert_null(getenv("AWS_CA_BUNDLE"));
    test_folder_free(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_in_the_package_is_told),
        cmocka_unit_test(what_the_operator_has_set_stays),
        cmocka_unit_test(outside_of_lambda_nothing_is_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
