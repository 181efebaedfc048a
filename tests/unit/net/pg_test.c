/* Sessions on a real server: results, errors, COPY both ways, and what happens when the server is
 * killed in the middle. */
#include "core/net/pg.h"

#include "core/base/alloc.h"
#include "core/loop/timer.h"
#include "tests/support/cluster.h"
#include "tests/support/cmocka.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { COPY_ROWS = 100000 };

struct fixture {
    struct test_cluster cluster;
    struct database *database;
    struct database_session session;
};

static struct database *database_at(struct fixture *fixture, const char *dsn)
{
    const struct pg_settings settings = {.dsn = dsn, .connect_timeout_ms = 3000};
    return pg_database_new(fixture->cluster.loop, &settings);
}

static int make_cluster(void **state)
{
    static struct fixture fixture;
    test_cluster_init(&fixture.cluster, "state");
    *state = &fixture;
    return 0;
}

static int destroy_cluster(void **state)
{
    struct fixture *fixture = *state;
    test_cluster_done(&fixture->cluster);
    return 0;
}

static int open_session(void **state)
{
    struct fixture *fixture = *state;
    char *dsn = test_cluster_dsn(&fixture->cluster);
    fixture->database = database_at(fixture, dsn);
    free(dsn);
    test_open(fixture->database, &fixture->session);
    return 0;
}

static int close_session(void **state)
{
    struct fixture *fixture = *state;
    database_close(&fixture->session);
    database_free(fixture->database);
    return 0;
}

/* ---- small words */

static bool await(struct database_session *session, struct error *err)
{
    return loop_await(session->database->loop, &session->op, err);
}

static void execute(struct database_session *session, const char *sql)
{
    struct error err;
    struct database_query query = {.sql = sql};
    if (!test_query(session, &query, &err)) {
        fail_msg("%s: %s", sql, err.message);
    }
    database_query_done(&query);
}

static void assert_value(struct database_session *session, const char *sql, const char *expected)
{
    char *value = test_query_value(session, sql);
    assert_string_equal(value, expected);
    free(value);
}

static struct error query_error(struct database_session *session, const char *sql)
{
    struct error err = {0};
    struct database_query query = {.sql = sql};
    assert_false(test_query(session, &query, &err));
    assert_int_equal(query.rows.row_count, 0);
    return err;
}

static struct error open_error(struct database *database)
{
    struct error err = {0};
    struct database_session session = {0};
    database_open_start(database, &session);
    assert_false(await(&session, &err));
    assert_null(session.handle);
    database_close(&session);
    database_free(database);
    return err;
}

static void begin_copy(struct database_session *session, bool is_in, const char *sql)
{
    struct error err;
    if (is_in) {
        database_copy_in_start(session, sql);
    } else {
        database_copy_out_start(session, sql);
    }
    if (!await(session, &err)) {
        fail_msg("%s: %s", sql, err.message);
    }
}

static bool read_chunk(struct database_session *session, struct error *err)
{
    database_copy_read_start(session);
    return await(session, err);
}

static bool write_chunk(struct database_session *session, struct str data, struct error *err)
{
    database_copy_write_start(session, data);
    return await(session, err);
}

static bool end_copy(struct database_session *session, struct error *err)
{
    database_copy_end_start(session);
    return await(session, err);
}

/* ---- opening */

static void missing_server_is_transient(void **state)
{
    struct error err = open_error(database_at(*state, "host=/nonexistent user=x dbname=y"));
    assert_string_equal(err.code, "connection_failed");
    assert_int_equal(err.error_class, ERROR_TRANSIENT);
    assert_non_null(strstr(err.message, "/nonexistent"));
    err = open_error(database_at(*state, "postgresql://u:hunter2@localhost:1/y"));
    assert_string_equal(err.code, "connection_failed");
    assert_non_null(strstr(err.message, "localhost"));
    assert_null(strstr(err.message, "hunter2"));
}

static void wrong_dsn_is_permanent(void **state)
{
    struct fixture *fixture = *state;
    struct error err = open_error(database_at(fixture, "nonsense"));
    assert_string_equal(err.code, "bad_dsn");
    assert_int_equal(err.error_class, ERROR_PERMANENT);
    err = open_error(database_at(fixture, "host=/tmp sslmode=perhaps"));
    assert_string_equal(err.code, "bad_dsn");
    err = open_error(database_at(fixture, "host=no-such-host.invalid"));
    assert_string_equal(err.code, "host_not_found");

    char *dsn = test_cluster_dsn(&fixture->cluster);
    char *other = xasprintf("%s dbname=nowhere password=hunter2", dsn);
    err = open_error(database_at(fixture, other));
    assert_string_equal(err.code, "3D000");
    assert_int_equal(err.error_class, ERROR_PERMANENT);
    assert_non_null(strstr(err.message, "nowhere"));
    assert_null(strstr(err.message, "hunter2"));
    free(other);
    other = xasprintf("%s user=stranger", dsn);
    err = open_error(database_at(fixture, other));
    assert_string_equal(err.code, "28000"); /* peer authentication: not this role */
    free(other);
    free(dsn);
}

static void silent_server_times_out(void **state)
{
    struct fixture *fixture = *state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    char *dsn = xasprintf("host=127.0.0.1 port=%d user=x", ntohs(address.sin_port));
    const struct pg_settings settings = {.dsn = dsn, .connect_timeout_ms = 100};
    struct error err = open_error(pg_database_new(fixture->cluster.loop, &settings));
    assert_string_equal(err.code, "timeout");
    assert_int_equal(err.error_class, ERROR_TRANSIENT);
    close(listener);
    free(dsn);
}

static void provide_nothing(void *context, struct pg_dsn_request *req)
{
    struct error err;
    error_set(&err, ERROR_PERMANENT, "no_dsn", "nobody knows it");
    op_begin(&req->op, context);
    op_finish(&req->op, &err);
}

static void failure_of_the_provider_is_the_failure_to_open(void **state)
{
    struct fixture *fixture = *state;
    const struct pg_settings settings = {.provide_dsn = provide_nothing,
                                         .provider_context = fixture->cluster.loop};
    struct error err = open_error(pg_database_new(fixture->cluster.loop, &settings));
    assert_string_equal(err.code, "no_dsn");
}

static void opening_can_be_cancelled_while_the_dsn_is_asked_for(void **state)
{
    struct fixture *fixture = *state;
    const struct pg_settings settings = {.provide_dsn = provide_nothing,
                                         .provider_context = fixture->cluster.loop};
    struct database *database = pg_database_new(fixture->cluster.loop, &settings);
    struct database_session session = {0};
    struct error err;
    database_open_start(database, &session);
    database_cancel(&session);
    assert_false(await(&session, &err));
    assert_int_equal(err.error_class, ERROR_CANCELLED);
    database_free(database);
}

static void many_sessions_are_open_at_once(void **state)
{
    enum { SESSIONS = 8 };
    struct fixture *fixture = *state;
    struct database_session sessions[SESSIONS] = {0};
    struct error err;
    for (int i = 0; i < SESSIONS; i++) {
        database_open_start(fixture->database, &sessions[i]);
    }
    for (int i = 0; i < SESSIONS; i++) {
        assert_true(await(&sessions[i], &err));
    }
    assert_value(&fixture->session,
                 "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'gatehouse'", "9");
    for (int i = 0; i < SESSIONS; i++) {
        database_close(&sessions[i]);
    }
}

/* ---- queries */

static void parameters_and_nulls_go_both_ways(void **state)
{
    struct fixture *fixture = *state;
    struct error err;
    static const char *const parameters[] = {"it's; DROP", NULL, "", "7"};
    struct database_query query = {
        .sql = "SELECT $1::text AS a, $2::text AS b, $3::text AS c, $4::int * 6 AS d "
               "UNION ALL SELECT 'x', NULL, 'y', NULL",
        .parameters = parameters,
        .parameter_count = 4,
    };
    assert_true(test_query(&fixture->session, &query, &err));
    assert_int_equal(query.rows.row_count, 2);
    assert_int_equal(query.rows.column_count, 4);
    assert_string_equal(query.rows.columns[3], "d");
    assert_string_equal(query.rows.values[0], "it's; DROP");
    assert_null(query.rows.values[1]);
    assert_string_equal(query.rows.values[2], "");
    assert_string_equal(query.rows.values[3], "42");
    assert_null(query.rows.values[7]);
    database_query_done(&query);
}

static void affected_rows_are_counted(void **state)
{
    struct fixture *fixture = *state;
    struct error err;
    execute(&fixture->session, "CREATE TEMP TABLE t(a int)");
    struct database_query query = {.sql = "INSERT INTO t SELECT generate_series(1, 5)"};
    assert_true(test_query(&fixture->session, &query, &err));
    assert_true(query.rows.affected == 5);
    assert_int_equal(query.rows.row_count, 0);
    database_query_done(&query);
}

static void script_gives_the_rows_of_its_last_statement(void **state)
{
    struct fixture *fixture = *state;
    struct error err;
    struct database_query query = {
        .sql = "SELECT 1 AS a, 2 AS b; CREATE TEMP TABLE s AS SELECT generate_series(1, 3) AS n; "
               "SELECT n FROM s ORDER BY n"};
    assert_true(test_query(&fixture->session, &query, &err));
    assert_int_equal(query.rows.column_count, 1);
    assert_int_equal(query.rows.row_count, 3);
    assert_string_equal(query.rows.values[2], "3");
    database_query_done(&query);
    query = (struct database_query){.sql = ""};
    assert_true(test_query(&fixture->session, &query, &err));
    assert_int_equal(query.rows.row_count, 0);
    database_query_done(&query);
}

static void sql_error_has_class_code_and_text_and_the_session_goes_on(void **state)
{
    struct fixture *fixture = *state;
    struct error err = query_error(&fixture->session, "SELECT * FROM no_such_table");
    assert_string_equal(err.code, "42P01");
    assert_int_equal(err.error_class, ERROR_PERMANENT);
    assert_non_null(strstr(err.message, "no_such_table"));
    assert_non_null(strstr(err.message, "42P01"));
    err = query_error(&fixture->session, "SELECT 1; SELECT 1/0; SELECT 2");
    assert_string_equal(err.code, "22012");
    err = query_error(&fixture->session,
                      "DO $$BEGIN RAISE EXCEPTION 'busy' USING ERRCODE = '40001'; END$$");
    assert_string_equal(err.code, "40001");
    assert_int_equal(err.error_class, ERROR_TRANSIENT);
    assert_value(&fixture->session, "SELECT 'still here'", "still here");
}

static void statement_timeout_is_transient(void **state)
{
    struct fixture *fixture = *state;
    struct database_session session;
    char *dsn = test_cluster_dsn(&fixture->cluster);
    const struct pg_settings settings = {.dsn = dsn, .statement_timeout_ms = 50};
    struct database *database = pg_database_new(fixture->cluster.loop, &settings);
    test_open(database, &session);
    struct error err = query_error(&session, "SELECT pg_sleep(30)");
    assert_string_equal(err.code, "57014");
    assert_int_equal(err.error_class, ERROR_TRANSIENT);
    database_close(&session);
    database_free(database);
    free(dsn);
}

static void result_too_large_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct error err = query_error(&fixture->session,
                                   "SELECT repeat('x', 1000000) FROM generate_series(1, 1000000)");
    assert_string_equal(err.code, "result_too_large");
    assert_int_equal(err.error_class, ERROR_PERMANENT);
    err = query_error(&fixture->session, "SELECT 1"); /* dropped: the server was still sending */
    assert_string_equal(err.code, "connection_lost");
}

static void close_rolls_back(void **state)
{
    struct fixture *fixture = *state;
    struct database_session other;
    execute(&fixture->session, "CREATE TABLE rolled(a int)");
    test_open(fixture->database, &other);
    execute(&other, "BEGIN; INSERT INTO rolled VALUES (1)");
    database_close(&other);
    /* LOCK waits for the other's locks, so its rollback is over then. */
    execute(&fixture->session, "BEGIN; LOCK TABLE rolled; COMMIT");
    assert_value(&fixture->session, "SELECT count(*) FROM rolled", "0");
    execute(&fixture->session, "DROP TABLE rolled");
}

static void cancel(void *context)
{
    database_cancel(context);
}

static void cancelled_query_ends_at_once_and_the_session_with_it(void **state)
{
    struct fixture *fixture = *state;
    struct timer *timer = timer_new(fixture->cluster.loop, cancel, &fixture->session);
    timer_arm(timer, 20);
    struct error err = query_error(&fixture->session, "SELECT pg_sleep(60)");
    assert_int_equal(err.error_class, ERROR_CANCELLED);
    err = query_error(&fixture->session, "SELECT 1");
    assert_string_equal(err.code, "connection_lost");
    timer_free(timer);
}

/* ---- COPY */

static void rows_survive_the_round_trip(void **state)
{
    struct fixture *fixture = *state;
    struct database_session *session = &fixture->session;
    struct error err;
    struct buf sent, received;
    buf_init(&sent, 64 << 20);
    buf_init(&received, 64 << 20);
    for (int i = 0; i < COPY_ROWS; i++) {
        buf_printf(&sent, "%d,\"na\"\"me, %d\",%d.5,\n", i, i % 7, i * 3);
    }
    execute(session, "CREATE TABLE trip(id int, name text, amount numeric, nothing text)");
    begin_copy(session, true, "COPY trip FROM STDIN (FORMAT csv)");
    struct str rest = buf_str(&sent);
    while (rest.len > 0) { /* cut anywhere, not at the ends of rows */
        size_t size = rest.len < 300001 ? rest.len : 300001;
        assert_true(write_chunk(session, (struct str){rest.ptr, size}, &err));
        rest.ptr += size;
        rest.len -= size;
    }
    assert_true(end_copy(session, &err));
    assert_true(session->copied == COPY_ROWS);

    begin_copy(session, false, "COPY (SELECT * FROM trip ORDER BY id) TO STDOUT (FORMAT csv)");
    size_t chunks = 0;
    do {
        assert_true(read_chunk(session, &err));
        buf_append_str(&received, session->chunk);
        chunks++;
    } while (session->chunk.len > 0);
    assert_in_range(chunks, 2, sent.len / PG_CHUNK_SIZE + 2);
    assert_true(session->copied == COPY_ROWS);
    assert_int_equal(received.len, sent.len);
    assert_memory_equal(received.ptr, sent.ptr, sent.len);
    execute(session, "DROP TABLE trip"); /* the session is free again */
    buf_done(&sent);
    buf_done(&received);
}

static void empty_copies_are_copies(void **state)
{
    struct fixture *fixture = *state;
    struct database_session *session = &fixture->session;
    struct error err;
    execute(session, "CREATE TEMP TABLE e(a int)");
    begin_copy(session, true, "COPY e FROM STDIN");
    assert_true(write_chunk(session, STR(""), &err));
    assert_true(end_copy(session, &err));
    assert_true(session->copied == 0);
    begin_copy(session, false, "COPY e TO STDOUT");
    assert_true(read_chunk(session, &err));
    assert_int_equal(session->chunk.len, 0);
    assert_value(session, "SELECT 1", "1");
}

static void bad_row_is_reported_at_the_end_with_its_line(void **state)
{
    struct fixture *fixture = *state;
    struct database_session *session = &fixture->session;
    struct error err;
    execute(session, "CREATE TEMP TABLE b(a int)");
    begin_copy(session, true, "COPY b FROM STDIN");
    assert_true(write_chunk(session, STR("1\n2\nthree\n"), &err));
    bool is_ok = true;
    for (int i = 0; is_ok && i < 100; i++) {
        is_ok = write_chunk(session, STR("4\n5\n6\n"), &err);
    }
    assert_false(is_ok && end_copy(session, &err));
    assert_string_equal(err.code, "22P02");
    assert_int_equal(err.error_class, ERROR_PERMANENT);
    assert_non_null(strstr(err.message, "line 3"));
    assert_value(session, "SELECT count(*) FROM b", "0");
}

static void copy_that_is_left_is_rolled_back(void **state)
{
    struct fixture *fixture = *state;
    struct database_session other;
    struct error err;
    execute(&fixture->session, "CREATE TABLE leaving(a int)");
    test_open(fixture->database, &other);
    begin_copy(&other, true, "COPY leaving FROM STDIN");
    assert_true(write_chunk(&other, STR("1\n2\n"), &err));
    database_close(&other);
    test_open(fixture->database, &other);
    begin_copy(&other, false, "COPY (SELECT generate_series(1, 10000000)) TO STDOUT");
    assert_true(read_chunk(&other, &err));
    database_close(&other);
    execute(&fixture->session, "BEGIN; LOCK TABLE leaving; COMMIT");
    assert_value(&fixture->session, "SELECT count(*) FROM leaving", "0");
    execute(&fixture->session, "DROP TABLE leaving");
}

static void operations_out_of_turn_are_our_bugs(void **state)
{
    struct fixture *fixture = *state;
    struct database_session *session = &fixture->session;
    struct database_session closed = {.database = fixture->database};
    struct error err;
    assert_false(read_chunk(session, &err));
    assert_string_equal(err.code, "wrong_state");
    begin_copy(session, false, "COPY (SELECT 1) TO STDOUT");
    err = query_error(session, "SELECT 1");
    assert_int_equal(err.error_class, ERROR_BUG);
    assert_true(read_chunk(session, &err)); /* it goes on nevertheless */
    assert_true(str_eq(session->chunk, STR("1\n")));
    assert_true(read_chunk(session, &err));
    database_copy_out_start(session, "SELECT 1");
    assert_false(await(session, &err));
    assert_string_equal(err.code, "not_a_copy");
    assert_value(session, "SELECT 1", "1");
    err = query_error(&closed, "SELECT 1");
    assert_string_equal(err.code, "not_open");
    err = query_error(session, "COPY (SELECT 1) TO STDOUT");
    assert_string_equal(err.code, "wrong_copy");
}

/* ---- the server dies */

static void killed_in_the_middle_of_a_query_then_reconnects(void **state)
{
    struct fixture *fixture = *state;
    struct error err;
    struct database_query query = {.sql = "SELECT pg_sleep(60)"};
    struct database_session *session = &fixture->session;
    database_query_start(session, &query);
    test_cluster_kill(&fixture->cluster); /* runs the loop, too */
    assert_false(loop_await(fixture->cluster.loop, &query.op, &err));
    assert_int_equal(err.error_class, ERROR_TRANSIENT);
    database_close(session);
    free(test_cluster_dsn(&fixture->cluster)); /* up again, at the same place */
    test_open(fixture->database, session);
    assert_value(session, "SELECT 1", "1");
}

static void killed_in_the_middle_of_copy_out(void **state)
{
    struct fixture *fixture = *state;
    struct database_session *session = &fixture->session;
    struct error err;
    begin_copy(session, false, "COPY (SELECT generate_series(1, 100000000)) TO STDOUT");
    assert_true(read_chunk(session, &err));
    test_cluster_kill(&fixture->cluster);
    while (read_chunk(session, &err)) {
        assert_true(session->chunk.len > 0);
    }
    assert_int_equal(err.error_class, ERROR_TRANSIENT);
    assert_false(read_chunk(session, &err));
    assert_string_equal(err.code, "connection_lost");
}

static void killed_in_the_middle_of_copy_in(void **state)
{
    struct fixture *fixture = *state;
    struct database_session *session = &fixture->session;
    struct error err;
    char *row = xmalloc(100001);
    memset(row, 'x', 100000);
    row[100000] = '\n';
    execute(session, "CREATE TEMP TABLE k(a text)");
    begin_copy(session, true, "COPY k FROM STDIN");
    assert_true(write_chunk(session, (struct str){row, 100001}, &err));
    test_cluster_kill(&fixture->cluster);
    bool is_ok = true;
    for (int i = 0; is_ok && i < 100000; i++) {
        is_ok = write_chunk(session, (struct str){row, 100001}, &err);
    }
    assert_false(is_ok);
    assert_int_equal(err.error_class, ERROR_TRANSIENT);
    assert_string_equal(err.code, "connection_lost");
    free(row);
}

static void killed_while_idle_is_noticed_by_what_follows(void **state)
{
    struct fixture *fixture = *state;
    test_cluster_kill(&fixture->cluster);
    struct error err = test_query_until_lost(&fixture->session);
    assert_int_equal(err.error_class, ERROR_TRANSIENT);
}

#define WITH_SESSION(test) cmocka_unit_test_setup_teardown(test, open_session, close_session)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_server_is_transient),
        cmocka_unit_test(wrong_dsn_is_permanent),
        cmocka_unit_test(silent_server_times_out),
        cmocka_unit_test(failure_of_the_provider_is_the_failure_to_open),
        cmocka_unit_test(opening_can_be_cancelled_while_the_dsn_is_asked_for),
        WITH_SESSION(many_sessions_are_open_at_once),
        WITH_SESSION(parameters_and_nulls_go_both_ways),
        WITH_SESSION(affected_rows_are_counted),
        WITH_SESSION(script_gives_the_rows_of_its_last_statement),
        WITH_SESSION(sql_error_has_class_code_and_text_and_the_session_goes_on),
        WITH_SESSION(statement_timeout_is_transient),
        WITH_SESSION(result_too_large_is_refused),
        WITH_SESSION(close_rolls_back),
        WITH_SESSION(cancelled_query_ends_at_once_and_the_session_with_it),
        WITH_SESSION(rows_survive_the_round_trip),
        WITH_SESSION(empty_copies_are_copies),
        WITH_SESSION(bad_row_is_reported_at_the_end_with_its_line),
        WITH_SESSION(copy_that_is_left_is_rolled_back),
        WITH_SESSION(operations_out_of_turn_are_our_bugs),
        WITH_SESSION(killed_in_the_middle_of_a_query_then_reconnects),
        WITH_SESSION(killed_in_the_middle_of_copy_out),
        WITH_SESSION(killed_in_the_middle_of_copy_in),
        WITH_SESSION(killed_while_idle_is_noticed_by_what_follows),
    };
    return cmocka_run_group_tests(tests, make_cluster, destroy_cluster);
}
