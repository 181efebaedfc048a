/* What the package cannot be made of. */
#include "core/app/package.h"

#include "tests/support/cmocka.h"

#include <string.h>

static void missing_certificates_are_named_with_the_package_that_has_them(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct package package;
    struct error err;
    struct package_spec spec = {.function_program = "/bin/true",
                                .bootstrap_program = "/bin/true",
                                .ca_file = "/nonexistent/ca-certificates.crt",
                                .database_ca_file = ""};
    assert_false(package_make(loop, &spec, &package, &err));
    assert_non_null(strstr(err.message, "the package ca-certificates"));
    assert_non_null(strstr(err.message, "/nonexistent/ca-certificates.crt"));
    assert_int_equal(package.zip.len, 0);
    package_done(&package);
    loop_free(loop);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_certificates_are_named_with_the_package_that_has_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
