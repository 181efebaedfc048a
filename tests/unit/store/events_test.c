/* Events and commands: gapless, together or not at all, by several processes at once. */
#include "core/store/store.h"

#include "tests/support/cmocka.h"
#include "tests/support/failing_disk.h"
#include "tests/support/store_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUN   "20261122-153928-a1b2c3"
#define OTHER "20261122-153928-a1ffff"

static struct store *store_of(void **state)
{
    return ((struct store_fixture *)*state)->store;
}

static int set_up(void **state)
{
    store_fixture_set_up(state);
    store_fixture_run(store_of(state), RUN, "credit");
    return 0;
}

static void events_come_back_as_they_went_in(void **state)
{
    struct error err = {0};
    struct event_list list = {0};
    struct event events[] = {
        store_fixture_event(EVENT_RUN_STATE, FIXTURE_TS + 1,
                            "{\"from\":\"created\",\"to\":\"running\"}"),
        store_fixture_event(EVENT_STAGE_PROGRESS, FIXTURE_TS + 2,
                            "{\"detail\":\"\\u0001 \\\"quoted\\\" \\u00e9\",\"done\":0.1}"),
    };
    assert_true(store_append(store_of(state), RUN, events, 2, &err));
    assert_int_equal(events[0].seq, 2);
    assert_int_equal(events[1].seq, 3);
    assert_true(store_read_events(store_of(state), RUN, 1, 10, &list, &err));
    assert_int_equal(list.count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(list.items[i].seq, events[i].seq);
        assert_int_equal(list.items[i].ts_ms, events[i].ts_ms);
        assert_int_equal(list.items[i].type, events[i].type);
        assert_true(json_equal(list.items[i].body, events[i].body));
        event_done(&events[i]);
    }
    event_list_done(&list);
}

static void reading_goes_on_after_a_seq_up_to_a_limit(void **state)
{
    struct error err = {0};
    struct event_list list = {0};
    for (int i = 0; i < 5; i++) {
        store_fixture_must_append(store_of(state), RUN, EVENT_STAGE_PROGRESS, "{}");
    }
    assert_true(store_read_events(store_of(state), RUN, 2, 3, &list, &err));
    assert_int_equal(list.count, 3);
    assert_int_equal(list.items[0].seq, 3);
    assert_true(store_read_events(store_of(state), RUN, 6, 3, &list, &err));
    assert_int_equal(list.count, 3);
    event_list_done(&list);
}

static void appending_to_no_run_stores_nothing(void **state)
{
    struct error err = {0};
    assert_int_equal(store_fixture_append(store_of(state), OTHER, EVENT_STAGE_PROGRESS, "{}", &err),
                     0);
    assert_string_equal(err.code, "not_found");
}

/* ---- commands */
struct seen {
    int count;
    int64_t last_id;
    enum command_verb verb;
    char text[256];
};

static void see(void *context, const struct command *command)
{
    struct seen *seen = context;
    seen->count++;
    seen->last_id = command->id;
    seen->verb = command->verb;
    snprintf(seen->text, sizeof seen->text, "%s %s %s %s", command->stage ? command->stage : "-",
             command->user ? command->user : "-", command->tty ? command->tty : "-",
             command->reason ? command->reason : "-");
}

static struct seen pending(struct store *store, const char *run_id)
{
    struct error err = {0};
    struct seen seen = {0};
    assert_true(store_pending_commands(store, run_id, see, &seen, &err));
    return seen;
}

static int64_t add(struct store *store, const char *run_id, enum command_verb verb)
{
    struct error err = {0};
    int64_t id = 0;
    struct command command = {.verb = verb, .stage = "train", .user = "ana", .reason = "throttled"};
    assert_true(store_add_command(store, run_id, &command, FIXTURE_TS, &id, &err));
    return id;
}

static void a_command_waits_until_an_event_answers_it(void **state)
{
    struct store *store = store_of(state);
    struct error err = {0};
    int64_t seq = 99;
    char answer[64];
    assert_int_equal(pending(store, RUN).count, 0);
    int64_t first = add(store, RUN, COMMAND_RETRY);
    int64_t second = add(store, RUN, COMMAND_STOP);
    struct seen seen = pending(store, RUN);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.last_id, second);
    assert_int_equal(seen.verb, COMMAND_STOP);
    assert_string_equal(seen.text, "train ana - throttled");
    assert_true(store_command_answer(store, first, &seq, &err));
    assert_int_equal(seq, 0);
    snprintf(answer, sizeof answer, "{\"id\":%lld,\"accepted\":true}", (long long)first);
    store_fixture_must_append(store, RUN, EVENT_COMMAND, answer);
    assert_int_equal(pending(store, RUN).count, 1);
    assert_true(store_command_answer(store, first, &seq, &err));
    assert_int_equal(seq, 2);
    assert_false(store_command_answer(store, 4711, &seq, &err));
    assert_string_equal(err.code, "not_found");
}

static void commands_belong_to_their_run(void **state)
{
    struct store *store = store_of(state);
    struct error err = {0};
    char answer[64];
    int64_t id = 0;
    store_fixture_run(store, OTHER, "credit");
    int64_t ours = add(store, RUN, COMMAND_STOP);
    assert_int_equal(pending(store, OTHER).count, 0);
    snprintf(answer, sizeof answer, "{\"id\":%lld}", (long long)ours);
    store_fixture_must_append(store, OTHER, EVENT_COMMAND, answer);
    assert_int_equal(pending(store, RUN).count, 1);
    assert_false(store_add_command(store, "20990101-000000-000000",
                                   &(struct command){.verb = COMMAND_STOP}, FIXTURE_TS, &id, &err));
    assert_string_equal(err.code, "not_found");
}

/* ---- USUAL */
static void keep_usual(void *context, const char *stage, int64_t median_ms)
{
    char *text = context;
    sprintf(text + strlen(text), "%s=%lld ", stage, (long long)median_ms);
}

static void add_duration(struct store *store, const char *run, const char *stage, int elapsed_ms)
{
    char body[128];
    snprintf(body, sizeof body, "{\"stage\":\"%s\",\"to\":\"success\",\"elapsed_ms\":%d}", stage,
             elapsed_ms);
    store_fixture_must_append(store, run, EVENT_STAGE_STATE, body);
}

static void usual_is_the_median_of_successes_in_recent_runs_of_the_pipeline(void **state)
{
    struct store *store = store_of(state);
    struct error err = {0};
    char text[256] = "", id[RUN_ID_SIZE];
    add_duration(store, RUN, "train", 999999); /* the 21st run from the end */
    for (int i = 0; i < 20; i++) {
        store_make_run_id(FIXTURE_TS, (uint64_t)i, id);
        store_fixture_run(store, id, "credit");
        add_duration(store, id, "train", 100 + i);
    }
    add_duration(store, id, "clean", 7);
    store_fixture_must_append(store, id, EVENT_STAGE_STATE,
                              "{\"stage\":\"clean\",\"to\":\"failed\",\"elapsed_ms\":90000}");
    struct run_filter filter = {.pipeline = "credit"};
    assert_true(store_usual_durations(store, &filter, keep_usual, text, &err));
    assert_string_equal(text, "clean=7 train=110 ");
    text[0] = '\0';
    filter.before_number = 3; /* a run's past is what was before it */
    assert_true(store_usual_durations(store, &filter, keep_usual, text, &err));
    assert_string_equal(text, "train=999999 ");
    text[0] = '\0';
    filter = (struct run_filter){.pipeline = "unknown"};
    assert_true(store_usual_durations(store, &filter, keep_usual, text, &err));
    assert_string_equal(text, "");
}

/* ---- trouble */
static void a_failing_disk_stores_all_events_of_an_append_or_none(void **state)
{
    struct store_fixture *fixture = *state;
    static const enum failing_disk_way ways[] = {DISK_FULL, DISK_IO_ERROR, DISK_SYNC_ERROR};
    failing_disk_install();
    for (size_t way = 0; way < sizeof ways / sizeof ways[0]; way++) {
        bool has_failed = true;
        for (int call = 1; has_failed; call++) {
            struct error err = {0};
            store_fixture_reopen(fixture);
            int64_t before = store_fixture_check_seq(fixture->store, RUN);
            struct event events[] = {
                store_fixture_event(EVENT_STAGE_PROGRESS, FIXTURE_TS, "{}"),
                store_fixture_event(EVENT_STAGE_PROGRESS, FIXTURE_TS, "{}"),
            };
            failing_disk_arm(ways[way], call, 1);
            has_failed = !store_append(fixture->store, RUN, events, 2, &err);
            failing_disk_arm(ways[way], 0, 0);
            int64_t stored = store_fixture_check_seq(fixture->store, RUN) - before;
            assert_int_equal(stored, has_failed ? 0 : 2);
            assert_int_equal(store_fixture_find(fixture->store, RUN).last_seq, before + stored);
            if (has_failed) {
                assert_int_equal(err.error_class, ERROR_TRANSIENT);
                assert_string_equal(err.code, ways[way] == DISK_FULL ? "disk_full" : "store_io");
                assert_int_equal(events[0].seq, 0);
                assert_true(store_append(fixture->store, RUN, events, 2, &err));
            }
            event_done(&events[0]);
            event_done(&events[1]);
        }
    }
    failing_disk_remove();
}

static void a_file_size_limit_is_a_full_disk(void **state)
{
    struct store_fixture *fixture = *state;
    char body[20000] = "{\"x\":\"";
    memset(body + 6, 'a', sizeof body - 9);
    strcpy(body + sizeof body - 3, "\"}");
    pid_t child = fork();
    if (child == 0) {
        struct error err = {0};
        struct rlimit limit = {60000, 60000};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        struct store *store = store_open(fixture->path, STORE_WRITE, &err);
        bool is_ok = store != NULL;
        for (int i = 0; i < 10 && is_ok; i++) {
            struct event event = store_fixture_event(EVENT_STAGE_PROGRESS, FIXTURE_TS, body);
            is_ok = store_append(store, RUN, &event, 1, &err);
        }
        _exit(!is_ok && error_is(&err, "disk_full") ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    store_fixture_check_seq(fixture->store, RUN);
    store_fixture_must_append(fixture->store, RUN, EVENT_STAGE_PROGRESS, body);
}

/* ---- several processes */
enum { WRITERS = 4, EACH = 50 };

static void write_in_child(const char *path)
{
    struct error err = {0};
    struct store *store = store_open(path, STORE_WRITE, &err);
    bool is_ok = store != NULL;
    for (int i = 0; i < EACH && is_ok; i++) {
        int64_t id = 0;
        struct event event = store_fixture_event(EVENT_STAGE_PROGRESS, FIXTURE_TS, "{}");
        struct command command = {.verb = COMMAND_STOP, .user = "ana"};
        is_ok = store_append(store, RUN, &event, 1, &err) &&
                store_add_command(store, RUN, &command, FIXTURE_TS, &id, &err);
    }
    _exit(is_ok ? 0 : 1);
}

static void many_processes_append_without_gaps_and_lose_no_command(void **state)
{
    struct store_fixture *fixture = *state;
    pid_t children[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            write_in_child(fixture->path);
        }
    }
    for (int i = 0; i < WRITERS; i++) {
        int status = 0;
        waitpid(children[i], &status, 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(store_fixture_check_seq(fixture->store, RUN), 1 + WRITERS * EACH);
    assert_int_equal(pending(fixture->store, RUN).count, WRITERS * EACH);
}

static void a_writer_killed_at_any_moment_leaves_a_whole_store(void **state)
{
    struct store_fixture *fixture = *state;
    for (int round = 0; round < 20; round++) {
        pid_t child = fork();
        if (child == 0) {
            for (;;) {
                write_in_child(fixture->path);
            }
        }
        usleep(2000 + (unsigned)round * 3000);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        int64_t count = store_fixture_check_seq(fixture->store, RUN);
        assert_int_equal(store_fixture_find(fixture->store, RUN).last_seq, count);
        store_fixture_must_append(fixture->store, RUN, EVENT_STAGE_PROGRESS, "{}");
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, store_fixture_tear_down)
        TEST(events_come_back_as_they_went_in),
        TEST(reading_goes_on_after_a_seq_up_to_a_limit),
        TEST(appending_to_no_run_stores_nothing),
        TEST(a_command_waits_until_an_event_answers_it),
        TEST(commands_belong_to_their_run),
        TEST(usual_is_the_median_of_successes_in_recent_runs_of_the_pipeline),
        TEST(a_failing_disk_stores_all_events_of_an_append_or_none),
        TEST(a_file_size_limit_is_a_full_disk),
        TEST(many_processes_append_without_gaps_and_lose_no_command),
        TEST(a_writer_killed_at_any_moment_leaves_a_whole_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
