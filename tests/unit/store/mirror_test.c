/* The outbox and its delivery: only notable runs, in order, at least once, never lost. */
#include "core/store/mirror.h"

#include "core/base/alloc.h"
#include "core/store/mirror_schema.h"
#include "tests/support/cmocka.h"
#include "tests/support/store_fixture.h"

#include <stdlib.h>
#include <string.h>

#define RUN   "20261122-153928-a1b2c3"
#define OTHER "20261122-153928-a1ffff"

/* A database that keeps what it is sent; it can refuse, lose the answer, or say nothing. */
struct fake_mirror {
    struct database database;
    struct buf received; /* "table:json\n" */
    int rows;
    int fail_at;    /* this row (1..) is refused; 0: none */
    bool keeps_it;  /* .. after it was taken: the answer is lost */
    bool is_down;   /* open fails */
    bool is_silent; /* queries are not answered */
    int opened, closed;
    struct op *unanswered;
};

static struct fake_mirror *of(struct database *database)
{
    return (struct fake_mirror *)(void *)database;
}

static void fake_open(struct database *database, struct database_session *session)
{
    struct error err;
    op_begin(&session->op, database->loop);
    if (of(database)->is_down) {
        error_set(&err, ERROR_TRANSIENT, "connection_failed", "refused");
        op_finish(&session->op, &err);
        return;
    }
    of(database)->opened++;
    session->handle = database;
    op_finish(&session->op, NULL);
}

static void fake_close(struct database_session *session)
{
    assert_false(op_is_active(&session->op));
    of(session->database)->closed++;
}

static const char *table_of(const char *sql)
{
    static const char *const names[] = {"run", "stage_attempt", "evaluation", "operator_action"};
    for (size_t i = 0; i < OUTBOX_KIND_COUNT; i++) {
        if (strcmp(sql, mirror_upsert_sql((enum outbox_kind)i)) == 0) {
            return names[i];
        }
    }
    return "script";
}

static void fake_query(struct database_session *session, struct database_query *query)
{
    struct error err;
    struct fake_mirror *fake = of(session->database);
    op_begin(&query->op, session->database->loop);
    if (fake->is_silent) {
        fake->unanswered = &query->op;
        return;
    }
    bool is_row = query->parameter_count == 1;
    bool fails = is_row && ++fake->rows == fake->fail_at;
    if (is_row && (!fails || fake->keeps_it)) {
        buf_printf(&fake->received, "%s:%s\n", table_of(query->sql), query->parameters[0]);
    }
    error_set(&err, ERROR_TRANSIENT, "connection_lost", "gone");
    op_finish(&query->op, fails ? &err : NULL);
}

static void fake_cancel(struct database_session *session)
{
    struct error err;
    struct fake_mirror *fake = of(session->database);
    error_set(&err, ERROR_CANCELLED, "cancelled", "cancelled");
    if (fake->unanswered != NULL) {
        op_finish(fake->unanswered, &err);
    }
    fake->unanswered = NULL;
}

struct fixture {
    struct store_fixture on;
    struct loop *loop;
    struct fake_mirror fake;
};

static int set_up(void **state)
{
    static const struct database_ops ops = {
        .open = fake_open, .close = fake_close, .query = fake_query, .cancel = fake_cancel};
    static struct fixture fixture;
    fixture = (struct fixture){0};
    store_fixture_init(&fixture.on);
    store_fixture_run(fixture.on.store, RUN, "credit");
    fixture.loop = loop_new();
    fixture.fake.database = (struct database){&ops, fixture.loop};
    buf_init(&fixture.fake.received, 1 << 20);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(fixture->fake.opened, fixture->fake.closed);
    buf_done(&fixture->fake.received);
    loop_free(fixture->loop);
    store_fixture_done(&fixture->on);
    return 0;
}

static bool deliver(struct fixture *fixture, int64_t deadline_ms, struct error *err)
{
    struct mirror_flush flush = {.store = fixture->on.store,
                                 .database = &fixture->fake.database,
                                 .deadline_ms = deadline_ms};
    mirror_flush_start(fixture->loop, &flush);
    return loop_await(fixture->loop, &flush.op, err);
}

static int64_t waiting(struct fixture *fixture)
{
    struct error err = {0};
    int64_t count = -1;
    assert_true(store_outbox_count(fixture->on.store, &count, &err));
    return count;
}

static void add_history(struct store *store)
{
    store_fixture_must_append(store, RUN, EVENT_RUN_STATE,
                              "{\"from\":\"created\",\"to\":\"running\"}");
    store_fixture_must_append(store, RUN, EVENT_STAGE_STATE,
                              "{\"stage\":\"train\",\"try\":1,\"from\":\"waiting\","
                              "\"to\":\"running\"}");
    store_fixture_must_append(store, RUN, EVENT_STAGE_PROGRESS, "{\"stage\":\"train\",\"try\":1}");
    store_fixture_must_append(store, RUN, EVENT_STAGE_STATE,
                              "{\"stage\":\"train\",\"try\":1,\"from\":\"running\","
                              "\"to\":\"retrying\",\"elapsed_ms\":400,\"error\":{\"class\":"
                              "\"transient\",\"code\":\"throttled\",\"message\":\"slow down\"}}");
}

static void add_evaluation(struct store *store)
{
    store_fixture_must_append(store, RUN, EVENT_EVALUATION,
                              "{\"stage\":\"evaluate\",\"try\":1,\"evaluation\":{\"x\":1},"
                              "\"gate\":{\"verdict\":\"passed\"}}");
}

static void only_notable_runs_are_told_and_then_from_the_beginning(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    add_history(fixture->on.store);
    assert_int_equal(waiting(fixture), 0);
    assert_true(deliver(fixture, 0, &err));
    assert_int_equal(fixture->fake.opened, 0);
    add_evaluation(fixture->on.store);
    assert_int_equal(waiting(fixture), 3); /* hello, the failed try, the evaluation */
    assert_true(deliver(fixture, 0, &err));
    assert_int_equal(fixture->fake.rows, 3);
    assert_int_equal(waiting(fixture), 0);
    assert_true(deliver(fixture, 0, &err));
    assert_int_equal(fixture->fake.rows, 3);
    const char *text = buf_text(&fixture->fake.received);
    assert_non_null(strstr(text, "run:{\"run_id\":\"" RUN "\",\"number\":1,"));
    assert_non_null(
        strstr(text, "\"state\":\"failed\",\"started_at\":\"2026-11-22T15:39:28.723Z\""));
    assert_non_null(strstr(text, "\"error_code\":\"throttled\""));
    assert_non_null(strstr(text, "evaluation:{\"run_id\":\"" RUN "\",\"seq\":6,"));
}

static void failures_and_operators_make_a_run_notable(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    store_fixture_must_append(fixture->on.store, RUN, EVENT_RUN_STATE,
                              "{\"from\":\"running\",\"to\":\"failed\"}");
    assert_int_equal(waiting(fixture), 1);
    store_fixture_run(fixture->on.store, OTHER, "credit");
    store_fixture_must_append(fixture->on.store, OTHER, EVENT_COMMAND,
                              "{\"id\":0,\"verb\":\"stop\",\"user\":\"ana\",\"accepted\":true}");
    assert_int_equal(waiting(fixture), 3);
    assert_true(deliver(fixture, 0, &err));
    assert_non_null(strstr(buf_text(&fixture->fake.received),
                           "operator_action:{\"run_id\":\"" OTHER "\",\"seq\":2,"));
}

static void nothing_is_lost_while_the_database_is_down(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    add_evaluation(fixture->on.store);
    fixture->fake.is_down = true;
    assert_false(deliver(fixture, 0, &err));
    assert_string_equal(err.code, "connection_failed");
    assert_int_equal(waiting(fixture), 2);
    fixture->fake.is_down = false;
    assert_true(deliver(fixture, 0, &err));
    assert_int_equal(waiting(fixture), 0);
}

static void a_failure_at_any_row_is_made_up_for(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    for (int keeps = 0; keeps < 2; keeps++) {
        for (int at = 1; at <= 2; at++) {
            add_evaluation(fixture->on.store);
            add_evaluation(fixture->on.store);
            int64_t before = waiting(fixture);
            fixture->fake.rows = 0;
            fixture->fake.fail_at = at;
            fixture->fake.keeps_it = keeps == 1;
            assert_false(deliver(fixture, 0, &err));
            assert_int_equal(waiting(fixture), before - (at - 1)); /* what arrived is not resent */
            fixture->fake.fail_at = 0;
            assert_true(deliver(fixture, 0, &err));
            assert_int_equal(waiting(fixture), 0);
        }
    }
}

static void a_silent_database_delays_no_longer_than_allowed(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    add_evaluation(fixture->on.store);
    fixture->fake.is_silent = true;
    assert_false(deliver(fixture, 30, &err));
    assert_string_equal(err.code, "deadline");
    assert_int_equal(err.error_class, ERROR_TRANSIENT);
    assert_int_equal(waiting(fixture), 2);
}

static void delivery_can_be_cancelled(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    add_evaluation(fixture->on.store);
    fixture->fake.is_silent = true;
    struct mirror_flush flush = {.store = fixture->on.store, .database = &fixture->fake.database};
    mirror_flush_start(fixture->loop, &flush);
    mirror_flush_cancel(&flush);
    mirror_flush_cancel(&flush);
    assert_false(loop_await(fixture->loop, &flush.op, &err));
    assert_int_equal(err.error_class, ERROR_CANCELLED);
    mirror_flush_cancel(&flush);
    assert_int_equal(waiting(fixture), 2);
}

static void without_a_database_there_is_nothing_to_do(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    add_evaluation(fixture->on.store);
    struct mirror_flush flush = {.store = fixture->on.store};
    mirror_flush_start(fixture->loop, &flush);
    assert_true(loop_await(fixture->loop, &flush.op, &err));
}

static void more_than_a_batch_arrives_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    for (int i = 0; i < 250; i++) {
        add_evaluation(fixture->on.store);
    }
    assert_true(deliver(fixture, 0, &err));
    assert_int_equal(fixture->fake.rows, 251);
    assert_int_equal(waiting(fixture), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(only_notable_runs_are_told_and_then_from_the_beginning),
        TEST(failures_and_operators_make_a_run_notable),
        TEST(nothing_is_lost_while_the_database_is_down),
        TEST(a_failure_at_any_row_is_made_up_for),
        TEST(a_silent_database_delays_no_longer_than_allowed),
        TEST(delivery_can_be_cancelled),
        TEST(without_a_database_there_is_nothing_to_do),
        TEST(more_than_a_batch_arrives_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
