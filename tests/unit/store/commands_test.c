/* The trail of operators: commands that were sent, deeds at a console, and older files. */
#include "core/base/buf.h"
#include "tests/support/cmocka.h"
#include "tests/support/store_fixture.h"

#include <sqlite3.h>
#include <string.h>

#define RUN   "20261122-153928-a1b2c3"
#define OTHER "20261122-163928-a1b2c3"

static void tell_sent(void *context, const struct command *command, int64_t ts_ms,
                      int64_t answer_seq)
{
    buf_printf(context, "%s %s by %s at %lld answered %lld;", command_verb_name(command->verb),
               command->stage == NULL ? "-" : command->stage, command->user, (long long)ts_ms,
               (long long)answer_seq);
}

static void tell_deed(void *context, const struct operator_entry *entry)
{
    buf_printf(context, "%s %s %s %s %lld..%lld;", operator_deed_name(entry->deed),
               entry->user == NULL ? "-" : entry->user, entry->tty == NULL ? "-" : entry->tty,
               entry->reason == NULL ? "-" : entry->reason, (long long)entry->ts_ms,
               (long long)entry->until_ms);
}

static void assert_deeds(struct store *store, const char *run_id, const char *expected)
{
    struct buf told;
    struct error err;
    buf_init(&told, 10000);
    assert_true(store_read_operator_log(store, run_id, tell_deed, &told, &err));
    assert_string_equal(buf_text(&told), expected);
    buf_done(&told);
}

static void commands_are_listed_whether_answered_or_not(void **state)
{
    struct store_fixture *fixture = *state;
    struct error err;
    struct buf told;
    int64_t id = 0;
    store_fixture_run(fixture->store, RUN, "credit");
    struct command command = {.verb = COMMAND_RETRY, .stage = "a", .user = "ana"};
    assert_true(store_add_command(fixture->store, RUN, &command, 100, &id, &err));
    store_fixture_must_append(fixture->store, RUN, EVENT_COMMAND,
                              "{\"id\":1,\"verb\":\"retry\",\"accepted\":true}");
    command = (struct command){.verb = COMMAND_STOP, .user = "bo"};
    assert_true(store_add_command(fixture->store, RUN, &command, 200, &id, &err));
    buf_init(&told, 1000);
    assert_true(store_sent_commands(fixture->store, RUN, tell_sent, &told, &err));
    assert_string_equal(buf_text(&told),
                        "retry a by ana at 100 answered 2;stop - by bo at 200 answered 0;");
    buf_done(&told);
}

static void deeds_belong_to_the_run_that_was_looked_at_or_to_its_time(void **state)
{
    struct store_fixture *fixture = *state;
    struct error err;
    struct operator_entry early = {.deed = DEED_ELEVATED, .ts_ms = 5, .until_ms = 10};
    struct operator_entry entry = {.deed = DEED_ELEVATED,
                                   .ts_ms = FIXTURE_TS + 1,
                                   .until_ms = FIXTURE_TS + 2,
                                   .user = "ana",
                                   .tty = "/dev/pts/1",
                                   .reason = "mend it"};
    struct operator_entry back = {.deed = DEED_FELL_BACK, .ts_ms = FIXTURE_TS + 2, .user = "ana"};
    store_fixture_run(fixture->store, RUN, "credit");
    store_fixture_run(fixture->store, OTHER, "credit");
    assert_true(store_log_operator(fixture->store, OTHER, &early, &err));
    assert_true(store_log_operator(fixture->store, NULL, &entry, &err));
    assert_true(store_log_operator(fixture->store, "no such run", &back, &err));
    assert_deeds(fixture->store, RUN,
                 "elevated ana /dev/pts/1 mend it 1795361968124..1795361968125;"
                 "fell_back ana - - 1795361968125..0;");
    assert_deeds(fixture->store, OTHER,
                 "elevated - - - 5..10;"
                 "elevated ana /dev/pts/1 mend it 1795361968124..1795361968125;"
                 "fell_back ana - - 1795361968125..0;");
    assert_deeds(fixture->store, "no such run", "");
}

static void to_version_1(struct store_fixture *fixture)
{
    sqlite3 *db = NULL;
    store_close(fixture->store);
    fixture->store = NULL;
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "DROP TABLE operator_log; PRAGMA user_version = 1", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
}

static void an_older_file_can_be_read_as_it_is(void **state)
{
    struct store_fixture *fixture = *state;
    struct error err;
    store_fixture_run(fixture->store, RUN, "credit");
    to_version_1(fixture);
    fixture->store = store_open(fixture->path, STORE_READ, &err);
    assert_non_null(fixture->store);
    assert_string_equal(store_fixture_find(fixture->store, "latest").id, RUN);
    assert_deeds(fixture->store, RUN, "");
}

static void an_older_file_is_brought_up_to_date_and_keeps_its_runs(void **state)
{
    struct store_fixture *fixture = *state;
    struct error err;
    struct operator_entry entry = {.deed = DEED_FELL_BACK, .ts_ms = FIXTURE_TS + 1};
    store_fixture_run(fixture->store, RUN, "credit");
    to_version_1(fixture);
    fixture->store = store_open(fixture->path, STORE_WRITE, &err);
    assert_non_null(fixture->store);
    assert_string_equal(store_fixture_find(fixture->store, "latest").id, RUN);
    assert_true(store_log_operator(fixture->store, RUN, &entry, &err));
    assert_deeds(fixture->store, RUN, "fell_back - - - 1795361968124..0;");
    assert_true(store_check_integrity(fixture->store, &err));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, store_fixture_set_up, store_fixture_tear_down)
        TEST(commands_are_listed_whether_answered_or_not),
        TEST(deeds_belong_to_the_run_that_was_looked_at_or_to_its_time),
        TEST(an_older_file_can_be_read_as_it_is),
        TEST(an_older_file_is_brought_up_to_date_and_keeps_its_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
