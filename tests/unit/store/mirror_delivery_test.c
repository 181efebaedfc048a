/* The way of the audit trail from the store into the columns of a real PostgreSQL; twice is once.
 */
#include "core/store/mirror_schema.h"

#include "core/net/pg.h"
#include "core/store/mirror.h"
#include "tests/support/cluster.h"
#include "tests/support/cmocka.h"
#include "tests/support/store_fixture.h"

#include <stdlib.h>
#include <string.h>

#define RUN "20261122-153928-a1b2c3"

struct fixture {
    struct test_cluster cluster;
    struct store_fixture on;
    struct database *database;
    struct database_session session;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    test_cluster_init(&fixture.cluster, "state");
    store_fixture_init(&fixture.on);
    char *dsn = test_cluster_dsn(&fixture.cluster);
    fixture.database = pg_database_new(fixture.cluster.loop, &(struct pg_settings){.dsn = dsn});
    free(dsn);
    test_open(fixture.database, &fixture.session);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    database_close(&fixture->session);
    database_free(fixture->database);
    store_fixture_done(&fixture->on);
    test_cluster_done(&fixture->cluster);
    return 0;
}

static void tell_a_run(struct store *store)
{
    store_fixture_run(store, RUN, "credit");
    store_fixture_must_append(store, RUN, EVENT_RUN_STATE,
                              "{\"from\":\"created\",\"to\":\"running\"}");
    store_fixture_must_append(
        store, RUN, EVENT_STAGE_STATE,
        "{\"stage\":\"train\",\"try\":1,\"from\":\"running\",\"to\":\"retrying\",\"elapsed_ms\":"
        "400,"
        "\"error\":{\"class\":\"transient\",\"code\":\"throttled\",\"message\":\"it's slow\"}}");
    store_fixture_must_append(store, RUN, EVENT_STAGE_STATE,
                              "{\"stage\":\"train\",\"try\":2,\"from\":\"running\",\"to\":"
                              "\"success\",\"elapsed_ms\":600,\"outputs\":{\"rounds\":100}}");
    store_fixture_must_append(store, RUN, EVENT_EVALUATION,
                              "{\"stage\":\"evaluate\",\"try\":1,\"evaluation\":{\"splits\":{"
                              "\"test\":{\"accuracy\":{\"value\":0.8125}}}},"
                              "\"gate\":{\"verdict\":\"passed\",\"rules\":[]}}");
    store_fixture_must_append(store, RUN, EVENT_COMMAND,
                              "{\"id\":0,\"verb\":\"stop\",\"user\":\"ana\",\"accepted\":false}");
}

static void deliver(struct fixture *fixture)
{
    struct error err = {0};
    struct mirror_flush flush = {.store = fixture->on.store, .database = fixture->database};
    mirror_flush_start(fixture->cluster.loop, &flush);
    if (!loop_await(fixture->cluster.loop, &flush.op, &err)) {
        fail_msg("%s: %s", err.code, err.message);
    }
}

static void assert_value(struct fixture *fixture, const char *sql, const char *expected)
{
    char *value = test_query_value(&fixture->session, sql);
    if (expected == NULL) {
        assert_null(value);
    } else {
        assert_string_equal(value, expected);
    }
    free(value);
}

static void assert_mirrored(struct fixture *fixture)
{
    assert_value(fixture, "SELECT count(*) FROM gatehouse.run", "1");
    assert_value(fixture, "SELECT pipeline || ' ' || \"user\" || ' ' || host FROM gatehouse.run",
                 "credit ana box");
    assert_value(fixture, "SELECT accuracy FROM gatehouse.run", "0.8125");
    assert_value(fixture,
                 "SELECT string_agg(stage || try || state, ' ' ORDER BY try) FROM "
                 "gatehouse.stage_attempt",
                 "train1failed train2success");
    assert_value(fixture, "SELECT error_message FROM gatehouse.stage_attempt WHERE try = 1",
                 "it's slow");
    assert_value(fixture, "SELECT outputs->>'rounds' FROM gatehouse.stage_attempt WHERE try = 2",
                 "100");
    assert_value(fixture,
                 "SELECT extract(epoch FROM ended_at - started_at)::numeric(9,3) FROM "
                 "gatehouse.stage_attempt WHERE try = 2",
                 "0.600");
    assert_value(fixture,
                 "SELECT verdict || (evaluation #>> '{splits,test,accuracy,value}') FROM "
                 "gatehouse.evaluation",
                 "passed0.8125");
    assert_value(fixture, "SELECT verb || accepted FROM gatehouse.operator_action", "stopfalse");
}

static void the_audit_trail_arrives_in_its_columns(void **state)
{
    struct fixture *fixture = *state;
    tell_a_run(fixture->on.store);
    deliver(fixture);
    assert_mirrored(fixture);
    assert_value(fixture, "SELECT state || verdict FROM gatehouse.run", "runningpassed");
    assert_value(fixture, "SELECT ended_at FROM gatehouse.run", NULL);
    store_fixture_must_append(fixture->on.store, RUN, EVENT_RUN_STATE,
                              "{\"from\":\"running\",\"to\":\"success\"}");
    store_fixture_must_append(fixture->on.store, RUN, EVENT_RESULT,
                              "{\"state\":\"success\",\"verdict\":\"passed\"}");
    deliver(fixture);
    assert_mirrored(fixture);
    assert_value(fixture, "SELECT state FROM gatehouse.run", "success");
    assert_value(fixture, "SELECT ended_at AT TIME ZONE 'UTC' FROM gatehouse.run",
                 "2026-11-22 15:39:29.123");
}

static void sending_everything_twice_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    struct outbox_list list = {0};
    tell_a_run(fixture->on.store);
    assert_true(store_outbox_pending(fixture->on.store, 100, &list, &err));
    assert_int_equal(list.count, 5);
    deliver(fixture);
    for (size_t i = 0; i < list.count; i++) {
        char *payload = json_print(list.rows[i].payload);
        const char *parameter = payload;
        struct database_query query = {.sql = mirror_upsert_sql(list.rows[i].kind),
                                       .parameters = &parameter,
                                       .parameter_count = 1};
        assert_true(test_query(&fixture->session, &query, &err));
        database_query_done(&query);
        free(payload);
    }
    outbox_list_done(&list);
    assert_mirrored(fixture);
    struct database_query script = {.sql = mirror_schema_script()};
    assert_true(test_query(&fixture->session, &script, &err));
    database_query_done(&script);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_audit_trail_arrives_in_its_columns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sending_everything_twice_changes_nothing, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
