/* Runs of the store: numbers, ids, rows kept up to date, and how they are found. */
#include "core/store/store.h"

#include "tests/support/cmocka.h"
#include "tests/support/store_fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST  "20261122-153928-a1b2c3"
#define SECOND "20261122-153928-a1ffff"
#define THIRD  "20261123-000000-000000"

static void ids_hold_time_and_chance(void **state)
{
    char id[RUN_ID_SIZE];
    (void)state;
    store_make_run_id(FIXTURE_TS, 0xffa1b2c3, id);
    assert_string_equal(id, FIRST);
}

static void numbers_count_up_and_ids_are_unique(void **state)
{
    struct store *store = ((struct store_fixture *)*state)->store;
    struct error err = {0};
    int64_t number = 99;
    assert_int_equal(store_fixture_run(store, FIRST, "credit"), 1);
    assert_int_equal(store_fixture_run(store, SECOND, "credit"), 2);
    struct event hello = store_fixture_event(EVENT_HELLO, FIXTURE_TS, "{\"pipeline\":\"x\"}");
    assert_false(store_create_run(store, FIRST, &hello, &number, &err));
    assert_string_equal(err.code, "exists");
    assert_int_equal(number, 99);
    assert_int_equal(hello.seq, 0);
    event_done(&hello);
    assert_int_equal(store_fixture_run(store, THIRD, "credit"), 3);
}

static void runs_are_found_by_latest_number_id_and_prefix(void **state)
{
    struct store *store = ((struct store_fixture *)*state)->store;
    store_fixture_run(store, FIRST, "credit");
    store_fixture_run(store, SECOND, "credit");
    store_fixture_run(store, THIRD, "credit");
    assert_string_equal(store_fixture_find(store, "latest").id, THIRD);
    assert_string_equal(store_fixture_find(store, "2").id, SECOND);
    assert_string_equal(store_fixture_find(store, FIRST).id, FIRST);
    assert_string_equal(store_fixture_find(store, "20261122-153928-a1b").id, FIRST);
    assert_string_equal(store_fixture_find(store, "20261123").id, THIRD);
}

static void what_is_not_found_or_ambiguous_is_said(void **state)
{
    struct store *store = ((struct store_fixture *)*state)->store;
    struct error err = {0};
    struct run_summary run;
    store_fixture_run(store, FIRST, "credit");
    store_fixture_run(store, SECOND, "credit");
    assert_false(store_find_run(store, "20261122", &run, &err));
    assert_string_equal(err.code, "ambiguous");
    assert_non_null(strstr(err.message, FIRST));
    assert_non_null(strstr(err.message, SECOND));
    static const char *const absent[] = {"3", "0", "-1", "20261124", "20261122-153928-a1b2c3a"};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        assert_false(store_find_run(store, absent[i], &run, &err));
        assert_string_equal(err.code, "not_found");
    }
    static const char *const bad[] = {"", "newest", "2026%", "../x", "\x1b[31m"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(store_find_run(store, bad[i], &run, &err));
        assert_string_equal(err.code, "bad_run");
    }
}

static void a_row_tells_the_runs_state(void **state)
{
    struct store *store = ((struct store_fixture *)*state)->store;
    store_fixture_run(store, FIRST, "credit");
    struct run_summary run = store_fixture_find(store, FIRST);
    assert_int_equal(run.state, RUN_CREATED);
    assert_int_equal(run.created_ms, FIXTURE_TS);
    assert_int_equal(run.ended_ms, 0);
    assert_true(isnan(run.accuracy));
    assert_string_equal(run.user, "ana");
    store_fixture_must_append(store, FIRST, EVENT_RUN_STATE,
                              "{\"from\":\"created\",\"to\":\"running\"}");
    assert_int_equal(store_fixture_find(store, FIRST).state, RUN_RUNNING);
    store_fixture_must_append(store, FIRST, EVENT_EVALUATION,
                              "{\"evaluation\":{\"splits\":{\"test\":{\"accuracy\":{\"value\":"
                              "0.8125},\"auc\":{\"value\":0.75}}}},"
                              "\"gate\":{\"verdict\":\"rejected\"}}");
    store_fixture_must_append(store, FIRST, EVENT_RUN_STATE,
                              "{\"from\":\"running\",\"to\":\"failed\"}");
    store_fixture_must_append(store, FIRST, EVENT_RESULT,
                              "{\"state\":\"failed\",\"verdict\":\"rejected\"}");
    run = store_fixture_find(store, FIRST);
    assert_int_equal(run.state, RUN_FAILED);
    assert_int_equal(run.verdict, VERDICT_REJECTED);
    assert_int_equal(run.ended_ms, FIXTURE_TS + 1000);
    assert_true(run.accuracy == 0.8125);
    assert_true(run.auc == 0.75);
    assert_int_equal(run.last_seq, 5);
    store_fixture_must_append(store, FIRST, EVENT_RUN_STATE,
                              "{\"from\":\"failed\",\"to\":\"running\"}");
    run = store_fixture_find(store, FIRST);
    assert_int_equal(run.ended_ms, 0);
    assert_int_equal(run.verdict, VERDICT_NONE);
}

struct seen {
    char text[256];
    int limit;
};

static bool see(void *context, const struct run_summary *run)
{
    struct seen *seen = context;
    char number[24];
    snprintf(number, sizeof number, "%lld ", (long long)run->number);
    strcat(seen->text, number);
    return --seen->limit > 0;
}

static void assert_listed(struct store *store, struct run_filter filter, int limit,
                          const char *expected)
{
    struct error err = {0};
    struct seen seen = {.limit = 100};
    assert_true(store_list_runs(store, &filter, limit, see, &seen, &err));
    assert_string_equal(seen.text, expected);
}

static void lists_are_newest_first_and_can_be_filtered(void **state)
{
    struct store *store = ((struct store_fixture *)*state)->store;
    store_fixture_run(store, FIRST, "credit");
    store_fixture_run(store, SECOND, "other");
    store_fixture_run(store, THIRD, "credit");
    store_fixture_must_append(store, THIRD, EVENT_RUN_STATE,
                              "{\"from\":\"created\",\"to\":\"running\"}");
    assert_listed(store, (struct run_filter){0}, 10, "3 2 1 ");
    assert_listed(store, (struct run_filter){0}, 2, "3 2 ");
    assert_listed(store, (struct run_filter){.before_number = 3}, 10, "2 1 ");
    assert_listed(store, (struct run_filter){.pipeline = "credit"}, 10, "3 1 ");
    assert_listed(store, (struct run_filter){.by_state = true, .state = RUN_CREATED}, 10, "2 1 ");
    struct seen seen = {.limit = 1};
    struct error err = {0};
    assert_true(store_list_runs(store, &(struct run_filter){0}, 10, see, &seen, &err));
    assert_string_equal(seen.text, "3 ");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, store_fixture_set_up, store_fixture_tear_down)
        TEST(ids_hold_time_and_chance),
        TEST(numbers_count_up_and_ids_are_unique),
        TEST(runs_are_found_by_latest_number_id_and_prefix),
        TEST(what_is_not_found_or_ambiguous_is_said),
        TEST(a_row_tells_the_runs_state),
        TEST(lists_are_newest_first_and_can_be_filtered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
