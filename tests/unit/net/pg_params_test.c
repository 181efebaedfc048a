/* DSNs taken apart: defaults, refusals that leak nothing, hosts with their addresses. */
#include "core/net/pg_params.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>

static void assert_param(const struct pg_params *params, const char *keyword, const char *value)
{
    const char *found = pg_params_get(params, keyword);
    assert_non_null(found);
    assert_string_equal(found, value);
}

static void defaults_are_added_and_the_dsn_wins(void **state)
{
    (void)state;
    struct pg_params params;
    struct error err;
    assert_true(pg_params_parse(&params, "host=/run/x user=u keepalives_idle=7", 0, &err));
    assert_param(&params, "fallback_application_name", "gatehouse");
    assert_param(&params, "gssencmode", "disable");
    assert_param(&params, "keepalives_idle", "7");
    assert_null(pg_params_get(&params, "options"));
    pg_params_done(&params);
}

static void statement_timeout_joins_the_options(void **state)
{
    (void)state;
    struct pg_params params;
    struct error err;
    assert_true(pg_params_parse(&params, "host=/x options='-c work_mem=1MB'", 1500, &err));
    assert_param(&params, "options", "-c statement_timeout=1500 -c work_mem=1MB");
    pg_params_done(&params);
}

static void certificates_that_are_not_there_are_no_trouble_of_the_network(void **state)
{
    (void)state;
    struct pg_params params;
    struct error err;
    assert_false(pg_params_parse(
        &params, "host=db sslmode=verify-full sslrootcert=/nonexistent.pem", 0, &err));
    assert_string_equal(err.code, "bad_dsn");
    assert_int_equal(err.error_class, ERROR_PERMANENT);
    assert_non_null(strstr(err.message, "/nonexistent.pem: No such file"));
    assert_non_null(strstr(err.message, "functions.database_ca_file"));
    setenv("PGSSLROOTCERT", "/nonexistent-either.pem", 1);
    assert_false(pg_params_parse(&params, "host=db sslmode=verify-ca", 0, &err));
    assert_non_null(strstr(err.message, "/nonexistent-either.pem"));
    assert_true(pg_params_parse(&params, "host=db sslmode=require", 0, &err));
    pg_params_done(&params);
    unsetenv("PGSSLROOTCERT");
    setenv("HOME", "/nonexistent-home", 1);
    assert_false(pg_params_parse(&params, "host=db sslmode=verify-full", 0, &err));
    assert_non_null(strstr(err.message, "/nonexistent-home/.postgresql/root.crt"));
    unsetenv("HOME"); /* as on Lambda */
    assert_false(pg_params_parse(&params, "host=db sslmode=verify-full", 0, &err));
    assert_non_null(strstr(err.message, " ~/.postgresql/root.crt: No such file"));
    assert_true(pg_params_parse(&params, "sslmode=verify-full sslrootcert=system", 0, &err));
    pg_params_done(&params);
}

static void refusals_never_show_the_password(void **state)
{
    (void)state;
    static const char *const dsns[] = {
        "postgresql://user:hunt@er2/sonic@db/x",
        "postgresql://user:hunt@er2:sonic@db:5432/x",
        "host=db password=hunt er2sonic",
        "host=db password='hunter2sonic",
        "password hunter2sonic",
        "postgresql://user:hunter2sonic%zz@db/x",
        "service=hunter2sonic",
        "postgresql://user:12/er2sonic@db/x",
    };
    for (size_t i = 0; i < sizeof(dsns) / sizeof(dsns[0]); i++) {
        struct pg_params params;
        struct error err;
        assert_false(pg_params_parse(&params, dsns[i], 0, &err));
        assert_string_equal(err.code, "bad_dsn");
        assert_int_equal(err.error_class, ERROR_PERMANENT);
        assert_null(strstr(err.message, "er2"));
        assert_null(strstr(err.message, "sonic"));
        assert_int_equal(params.count, 0);
    }
}

static void sockets_need_no_resolving(void **state)
{
    (void)state;
    static const char *const dsns[] = {"host=/run/x", "host=@abstract", "host=db hostaddr=10.0.0.1",
                                       "postgresql://%2Frun%2Fx/db"};
    for (size_t i = 0; i < sizeof(dsns) / sizeof(dsns[0]); i++) {
        struct pg_params params;
        struct error err;
        assert_true(pg_params_parse(&params, dsns[i], 0, &err));
        assert_false(pg_params_need_resolving(&params));
        pg_params_done(&params);
    }
}

static void each_address_keeps_its_host_and_port(void **state)
{
    (void)state;
    struct pg_params params;
    struct error err;
    assert_true(pg_params_parse(&params, "host=127.0.0.1,/run/x,127.0.0.2 port=1,2,3", 0, &err));
    assert_true(pg_params_need_resolving(&params));
    assert_true(pg_params_resolve(&params, &err));
    assert_param(&params, "host", "127.0.0.1,/run/x,127.0.0.2");
    assert_param(&params, "hostaddr", "127.0.0.1,,127.0.0.2");
    assert_param(&params, "port", "1,2,3");
    pg_params_done(&params);
}

static void one_port_serves_all_hosts(void **state)
{
    (void)state;
    struct pg_params params;
    struct error err;
    assert_true(pg_params_parse(&params, "host=127.0.0.1,127.0.0.2 port=7", 0, &err));
    assert_true(pg_params_resolve(&params, &err));
    assert_param(&params, "port", "7,7");
    pg_params_done(&params);
}

static void unknown_host_is_named(void **state)
{
    (void)state;
    struct pg_params params;
    struct error err;
    assert_true(pg_params_parse(&params, "host=no-such-host.invalid", 0, &err));
    assert_false(pg_params_resolve(&params, &err));
    assert_string_equal(err.code, "host_not_found");
    assert_non_null(strstr(err.message, "no-such-host.invalid"));
    pg_params_done(&params);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_added_and_the_dsn_wins),
        cmocka_unit_test(statement_timeout_joins_the_options),
        cmocka_unit_test(certificates_that_are_not_there_are_no_trouble_of_the_network),
        cmocka_unit_test(refusals_never_show_the_password),
        cmocka_unit_test(sockets_need_no_resolving),
        cmocka_unit_test(each_address_keeps_its_host_and_port),
        cmocka_unit_test(one_port_serves_all_hosts),
        cmocka_unit_test(unknown_host_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
