/* The mirror's SQL on a real PostgreSQL: made once, also by two at once; each row once, however
 * often it is sent. */
#include "core/store/mirror_schema.h"

#include "core/base/alloc.h"
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
    struct database *database;
    struct database_session session;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    test_cluster_init(&fixture.cluster, "state");
    char *dsn = test_cluster_dsn(&fixture.cluster);
    const struct pg_settings settings = {.dsn = dsn};
    fixture.database = pg_database_new(fixture.cluster.loop, &settings);
    test_open(fixture.database, &fixture.session);
    free(dsn);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    database_close(&fixture->session);
    database_free(fixture->database);
    test_cluster_done(&fixture->cluster);
    return 0;
}

static void assert_value(struct fixture *fixture, const char *sql, const char *expected)
{
    char *value = test_query_value(&fixture->session, sql);
    assert_non_null(value);
    assert_string_equal(value, expected);
    free(value);
}

static void send(struct fixture *fixture, enum outbox_kind kind, const char *row)
{
    struct error err;
    struct database_query query = {
        .sql = mirror_upsert_sql(kind), .parameters = &row, .parameter_count = 1};
    if (!test_query(&fixture->session, &query, &err)) {
        fail_msg("%s: %s", row, err.message);
    }
    database_query_done(&query);
}

static void schema_is_made_by_several_at_once_and_again(void **state)
{
    enum { MAKERS = 4, TIMES = 3 };
    struct fixture *fixture = *state;
    struct database_session sessions[MAKERS];
    struct database_query queries[MAKERS];
    struct error err;
    for (int i = 0; i < MAKERS; i++) {
        test_open(fixture->database, &sessions[i]);
    }
    for (int time = 0; time < TIMES; time++) {
        for (int i = 0; i < MAKERS; i++) {
            queries[i] = (struct database_query){.sql = mirror_schema_script()};
            database_query_start(&sessions[i], &queries[i]);
        }
        for (int i = 0; i < MAKERS; i++) {
            if (!loop_await(fixture->cluster.loop, &queries[i].op, &err)) {
                fail_msg("%s", err.message);
            }
            database_query_done(&queries[i]);
        }
    }
    for (int i = 0; i < MAKERS; i++) {
        database_close(&sessions[i]);
    }
    assert_value(fixture, "SELECT max(version) FROM gatehouse.schema_version", "1");
    assert_value(fixture,
                 "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'gatehouse'",
                 "5");
}

static void a_run_sent_again_takes_its_newer_state(void **state)
{
    struct fixture *fixture = *state;
    static const char begun[] =
        "{\"run_id\":\"r1\",\"number\":1,\"pipeline\":\"credit\",\"backend\":\"local\","
        "\"environment\":\"\",\"user\":\"ana\",\"host\":\"h\",\"state\":\"running\",\"verdict\":"
        "\"none\",\"accuracy\":null,\"auc\":null,\"created_at\":\"2026-11-22T15:39:28.123Z\","
        "\"ended_at\":null,\"from_the_future\":[1]}";
    static const char ended[] =
        "{\"run_id\":\"r1\",\"number\":1,\"pipeline\":\"credit\",\"backend\":\"local\","
        "\"environment\":\"\",\"user\":\"ana\",\"host\":null,\"state\":\"success\",\"verdict\":"
        "\"passed\",\"accuracy\":0.8125,\"auc\":0.77,\"created_at\":\"2026-11-22T15:39:28.123Z\","
        "\"ended_at\":\"2026-11-22T15:40:00Z\"}";
    send(fixture, OUTBOX_RUN, begun);
    send(fixture, OUTBOX_RUN, begun);
    assert_value(fixture, "SELECT state FROM gatehouse.run WHERE run_id = 'r1'", "running");
    send(fixture, OUTBOX_RUN, ended);
    send(fixture, OUTBOX_RUN, ended);
    assert_value(fixture,
                 "SELECT concat_ws(' ', state, verdict, accuracy, host, ended_at - created_at) "
                 "FROM gatehouse.run WHERE run_id = 'r1'",
                 "success passed 0.8125 h 00:00:31.877");
}

static void rows_made_from_events_are_written_once(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 2; i++) {
        send(fixture, OUTBOX_ATTEMPT,
             "{\"run_id\":\"r1\",\"stage\":\"train\",\"try\":1,\"state\":\"failed\","
             "\"started_at\":\"2026-11-22T15:39:28Z\",\"ended_at\":\"2026-11-22T15:39:29Z\","
             "\"elapsed_ms\":1000,\"error_class\":\"transient\",\"error_code\":\"throttled\","
             "\"error_message\":\"it's \\\"slow\\\" \\u00e4\",\"outputs\":null}");
        send(
            fixture, OUTBOX_EVALUATION,
            "{\"run_id\":\"r1\",\"seq\":7,\"stage\":\"evaluate\",\"try\":1,"
            "\"evaluated_at\":\"2026-11-22T15:39:30Z\",\"verdict\":\"passed\","
            "\"evaluation\":{\"training_job_name\":\"job-1\",\"model\":{\"sha256\":\"aa\"},"
            "\"splits\":{\"test\":{\"sha256\":\"bb\",\"accuracy\":{\"value\":0.81}}}},"
            "\"gate\":{\"verdict\":\"passed\",\"rules\":[{\"metric\":\"accuracy\",\"min\":0.8}]}}");
        send(fixture, OUTBOX_ACTION,
             "{\"run_id\":\"r1\",\"seq\":9,\"acted_at\":\"2026-11-22T15:39:31Z\",\"verb\":\"skip\","
             "\"stage\":\"train\",\"user\":\"ana\",\"tty\":\"pts/1\",\"reason\":\"because\","
             "\"accepted\":true,\"message\":null}");
    }
    assert_value(fixture, "SELECT count(*) FROM gatehouse.stage_attempt", "1");
    assert_value(fixture, "SELECT error_message FROM gatehouse.stage_attempt", "it's \"slow\" ä");
    assert_value(fixture,
                 "SELECT concat_ws(' ', training_job, model_sha256, test_sha256, "
                 "metrics #>> '{accuracy,value}', limits -> 0 ->> 'min') FROM gatehouse.evaluation",
                 "job-1 aa bb 0.81 0.8");
    assert_value(fixture,
                 "SELECT concat_ws(' ', verb, \"user\", tty, reason, accepted, message) "
                 "FROM gatehouse.operator_action",
                 "skip ana pts/1 because t");
}

static void add_history(struct store *store)
{
    store_fixture_must_append(store, RUN, EVENT_RUN_STATE,
                              "{\"from\":\"created\",\"to\":\"running\"}");
    store_fixture_must_append(store, RUN, EVENT_STAGE_STATE,
                              "{\"stage\":\"train\",\"try\":1,\"from\":\"waiting\","
                              "\"to\":\"running\"}");
    store_fixture_must_append(store, RUN, EVENT_STAGE_STATE,
                              "{\"stage\":\"train\",\"try\":1,\"from\":\"running\","
                              "\"to\":\"success\",\"elapsed_ms\":400,\"outputs\":{\"a\":1}}");
    store_fixture_must_append(store, RUN, EVENT_STAGE_STATE,
                              "{\"stage\":\"later\",\"try\":0,\"from\":\"waiting\","
                              "\"to\":\"skipped\",\"reason\":\"told so\"}");
    store_fixture_must_append(store, RUN, EVENT_EVALUATION,
                              "{\"stage\":\"evaluate\",\"try\":1,\"evaluation\":{\"splits\":{}},"
                              "\"gate\":{\"verdict\":\"rejected\",\"rules\":[]}}");
    store_fixture_must_append(store, RUN, EVENT_COMMAND,
                              "{\"id\":3,\"verb\":\"stop\",\"user\":\"ana\",\"accepted\":true}");
    store_fixture_must_append(store, RUN, EVENT_RUN_STATE,
                              "{\"from\":\"running\",\"to\":\"failed\"}");
}

static void the_outbox_of_a_real_store_arrives(void **state)
{
    struct fixture *fixture = *state;
    struct store_fixture on;
    struct error err;
    store_fixture_init(&on);
    store_fixture_run(on.store, RUN, "credit");
    add_history(on.store);
    struct mirror_flush flush = {.store = on.store, .database = fixture->database};
    mirror_flush_start(fixture->cluster.loop, &flush);
    if (!loop_await(fixture->cluster.loop, &flush.op, &err)) {
        fail_msg("%s", err.message);
    }
    assert_value(fixture, "SELECT state FROM gatehouse.run WHERE run_id = '" RUN "'", "failed");
    assert_value(fixture,
                 "SELECT outputs ->> 'a' FROM gatehouse.stage_attempt WHERE run_id = '" RUN
                 "' AND stage = 'train'",
                 "1");
    assert_value(fixture, "SELECT verdict FROM gatehouse.evaluation WHERE run_id = '" RUN "'",
                 "rejected");
    assert_value(fixture, "SELECT verb FROM gatehouse.operator_action WHERE run_id = '" RUN "'",
                 "stop");
    store_fixture_done(&on);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            schema_is_made_by_several_at_once_and_again), /* the first: it is made here */
        cmocka_unit_test(a_run_sent_again_takes_its_newer_state),
        cmocka_unit_test(rows_made_from_events_are_written_once),
        cmocka_unit_test(the_outbox_of_a_real_store_arrives),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
