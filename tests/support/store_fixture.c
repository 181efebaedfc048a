/* A run store for tests. */
#include "tests/support/store_fixture.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "tests/support/cmocka.h"
#include "tests/support/folder.h"

#include <stdlib.h>

static void must(bool is_ok, const struct error *err)
{
    if (!is_ok) {
        fail_msg("%s: %s", err->code, err->message);
    }
}

void store_fixture_init(struct store_fixture *fixture)
{
    fixture->folder = test_folder_new();
    fixture->path = file_join(fixture->folder, "runs.db");
    fixture->store = NULL;
    store_fixture_reopen(fixture);
}

void store_fixture_done(struct store_fixture *fixture)
{
    store_close(fixture->store);
    free(fixture->path);
    test_folder_free(fixture->folder);
}

int store_fixture_set_up(void **state)
{
    struct store_fixture *fixture = xcalloc(1, sizeof(*fixture));
    store_fixture_init(fixture);
    *state = fixture;
    return 0;
}

int store_fixture_tear_down(void **state)
{
    store_fixture_done(*state);
    free(*state);
    return 0;
}

void store_fixture_reopen(struct store_fixture *fixture)
{
    struct error err = {0};
    store_close(fixture->store);
    fixture->store = store_open(fixture->path, STORE_WRITE, &err);
    must(fixture->store != NULL, &err);
}

struct event store_fixture_event(enum event_type type, int64_t ts_ms, const char *body)
{
    struct error err = {0};
    struct event event = {.type = type, .ts_ms = ts_ms, .body = json_parse(str_from(body), &err)};
    must(event.body != NULL, &err);
    return event;
}

int64_t store_fixture_run(struct store *store, const char *run_id, const char *pipeline)
{
    struct error err = {0};
    int64_t number = 0;
    struct event hello = store_fixture_event(
        EVENT_HELLO, FIXTURE_TS,
        "{\"backend\":\"local\",\"environment\":\"test\",\"user\":\"ana\",\"host\":\"box\"}");
    json_set_text(hello.body, "pipeline", pipeline);
    must(store_create_run(store, run_id, &hello, &number, &err), &err);
    assert_int_equal(hello.seq, 1);
    assert_int_equal(json_int_or(hello.body, "number", 0), number);
    event_done(&hello);
    return number;
}

int64_t store_fixture_append(struct store *store, const char *run_id, enum event_type type,
                             const char *body, struct error *err)
{
    struct event event = store_fixture_event(type, FIXTURE_TS + 1000, body);
    bool is_ok = store_append(store, run_id, &event, 1, err);
    int64_t seq = event.seq;
    assert_int_equal(is_ok, seq != 0);
    event_done(&event);
    return seq;
}

void store_fixture_must_append(struct store *store, const char *run_id, enum event_type type,
                               const char *body)
{
    struct error err = {0};
    must(store_fixture_append(store, run_id, type, body, &err) != 0, &err);
}

struct run_summary store_fixture_find(struct store *store, const char *reference)
{
    struct error err = {0};
    struct run_summary run;
    must(store_find_run(store, reference, &run, &err), &err);
    return run;
}

int64_t store_fixture_check_seq(struct store *store, const char *run_id)
{
    struct error err = {0};
    struct event_list list = {0};
    must(store_read_events(store, run_id, 0, 1000000, &list, &err), &err);
    int64_t count = (int64_t)list.count;
    for (size_t i = 0; i < list.count; i++) {
        assert_int_equal(list.items[i].seq, i + 1);
    }
    event_list_done(&list);
    return count;
}
