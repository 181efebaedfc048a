/* Opening a store: new, again, read-only; and files that are no store. */
#include "core/store/store.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "tests/support/cmocka.h"
#include "tests/support/folder.h"
#include "tests/support/store_fixture.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUN "20261122-153928-a1b2c3"

static void assert_refused(struct store_fixture *fixture, enum store_mode mode, const char *code)
{
    struct error err = {0};
    struct store *store = store_open(fixture->path, mode, &err);
    assert_null(store);
    assert_string_equal(err.code, code);
    assert_non_null(strstr(err.message, fixture->path));
}

static void close_store(struct store_fixture *fixture)
{
    store_close(fixture->store);
    fixture->store = NULL;
}

static void a_new_store_is_private_and_empty(void **state)
{
    struct store_fixture *fixture = *state;
    struct stat status;
    struct error err = {0};
    struct run_summary run;
    assert_int_equal(stat(fixture->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(stat(store_watch_path(fixture->store), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_false(store_find_run(fixture->store, "latest", &run, &err));
    assert_string_equal(err.code, "not_found");
}

static void what_was_stored_is_there_after_opening_again(void **state)
{
    struct store_fixture *fixture = *state;
    store_fixture_run(fixture->store, RUN, "credit");
    store_fixture_reopen(fixture);
    assert_int_equal(store_fixture_check_seq(fixture->store, RUN), 1);
    assert_string_equal(store_fixture_find(fixture->store, "latest").pipeline, "credit");
}

static void reading_needs_a_store_and_cannot_write(void **state)
{
    struct store_fixture *fixture = *state;
    struct error err = {0};
    store_fixture_run(fixture->store, RUN, "credit");
    struct store *reader = store_open(fixture->path, STORE_READ, &err);
    assert_non_null(reader);
    assert_int_equal(store_fixture_check_seq(reader, RUN), 1);
    store_fixture_must_append(fixture->store, RUN, EVENT_STAGE_PROGRESS, "{}");
    assert_int_equal(store_fixture_check_seq(reader, RUN), 2);
    assert_int_equal(store_fixture_append(reader, RUN, EVENT_STAGE_PROGRESS, "{}", &err), 0);
    assert_string_equal(err.code, "no_access");
    store_close(reader);
}

static void reading_where_nothing_was_stored_says_there_are_no_runs(void **state)
{
    struct store_fixture *fixture = *state;
    close_store(fixture);
    unlink(fixture->path);
    assert_refused(fixture, STORE_READ, "not_found");
    assert_false(file_exists(fixture->path));
    test_file_write(fixture->folder, "runs.db", "", 0600); /* as a crash at the first open leaves */
    assert_refused(fixture, STORE_READ, "not_found");
}

static void an_empty_file_becomes_a_store_unless_there_were_runs(void **state)
{
    struct store_fixture *fixture = *state;
    close_store(fixture);
    assert_int_equal(truncate(fixture->path, 0), 0);
    store_fixture_reopen(fixture);
    close_store(fixture);
    test_file_write(fixture->folder, "runs/20261122-153928-a1b2c3/lock", "", 0600);
    assert_int_equal(truncate(fixture->path, 0), 0);
    assert_refused(fixture, STORE_WRITE, "store_damaged");
}

static void garbage_is_refused_and_left_as_it_is(void **state)
{
    struct store_fixture *fixture = *state;
    char garbage[9000];
    close_store(fixture);
    memset(garbage, 'x', sizeof garbage - 1);
    garbage[sizeof garbage - 1] = '\0';
    test_file_write(fixture->folder, "runs.db", garbage, 0600);
    assert_refused(fixture, STORE_WRITE, "store_damaged");
    assert_refused(fixture, STORE_READ, "store_damaged");
    char *content = test_file_read(fixture->folder, "runs.db");
    assert_string_equal(content, garbage);
    free(content);
}

static void a_truncated_store_is_refused(void **state)
{
    struct store_fixture *fixture = *state;
    store_fixture_run(fixture->store, RUN, "credit");
    close_store(fixture);
    assert_int_equal(truncate(fixture->path, 5000), 0);
    assert_refused(fixture, STORE_WRITE, "store_damaged");
}

static void execute(struct store_fixture *fixture, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void another_programs_database_is_refused(void **state)
{
    struct store_fixture *fixture = *state;
    close_store(fixture);
    unlink(fixture->path);
    execute(fixture, "CREATE TABLE songs (name TEXT)");
    assert_refused(fixture, STORE_WRITE, "store_damaged");
}

static void a_newer_format_is_refused_and_named(void **state)
{
    struct store_fixture *fixture = *state;
    close_store(fixture);
    execute(fixture, "PRAGMA user_version = 999");
    assert_refused(fixture, STORE_WRITE, "store_newer");
    assert_refused(fixture, STORE_READ, "store_newer");
}

static void an_event_that_is_no_json_is_damage(void **state)
{
    struct store_fixture *fixture = *state;
    struct error err = {0};
    struct event_list list = {0};
    store_fixture_run(fixture->store, RUN, "credit");
    execute(fixture, "UPDATE events SET body = '{\"pipe'");
    assert_false(store_read_events(fixture->store, RUN, 0, 10, &list, &err));
    assert_string_equal(err.code, "store_damaged");
    event_list_done(&list);
}

static void a_folder_that_cannot_be_written_is_named(void **state)
{
    struct store_fixture *fixture = *state;
    close_store(fixture);
    if (geteuid() == 0) { /* root may write everywhere but into a file's inside */
        free(fixture->path);
        fixture->path = strdup("/proc/self/runs.db");
        struct error err = {0};
        assert_null(store_open(fixture->path, STORE_WRITE, &err));
        assert_non_null(strstr(err.message, fixture->path));
        return;
    }
    unlink(fixture->path);
    assert_int_equal(chmod(fixture->folder, 0500), 0);
    assert_refused(fixture, STORE_WRITE, "no_access");
    assert_int_equal(chmod(fixture->folder, 0700), 0);
}

static void a_locked_store_is_a_passing_trouble(void **state)
{
    struct store_fixture *fixture = *state;
    struct error err = {0};
    sqlite3 *other = NULL;
    store_fixture_run(fixture->store, RUN, "credit");
    assert_int_equal(sqlite3_open(fixture->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    store_set_busy_timeout(fixture->store, 20);
    assert_int_equal(store_fixture_append(fixture->store, RUN, EVENT_STAGE_PROGRESS, "{}", &err),
                     0);
    assert_string_equal(err.code, "store_locked");
    assert_int_equal(err.error_class, ERROR_TRANSIENT);
    assert_int_equal(store_fixture_check_seq(fixture->store, RUN), 1);
    sqlite3_close(other);
    store_fixture_must_append(fixture->store, RUN, EVENT_STAGE_PROGRESS, "{}");
}

static void changes_of_others_are_noticed_and_our_own_are_not(void **state)
{
    struct store_fixture *fixture = *state;
    struct error err = {0};
    struct store *other = store_open(fixture->path, STORE_WRITE, &err);
    assert_non_null(other);
    store_fixture_run(fixture->store, RUN, "credit");
    assert_true(store_has_changed(fixture->store));
    assert_false(store_has_changed(fixture->store));
    store_fixture_must_append(fixture->store, RUN, EVENT_STAGE_PROGRESS, "{}");
    assert_false(store_has_changed(fixture->store));
    store_fixture_must_append(other, RUN, EVENT_STAGE_PROGRESS, "{}");
    assert_true(store_has_changed(fixture->store));
    assert_false(store_has_changed(fixture->store));
    store_close(other);
}

static void tidying_moves_much_into_the_main_file(void **state)
{
    struct store_fixture *fixture = *state;
    struct stat before, after;
    char body[6000] = "{\"x\":\"";
    memset(body + 6, 'a', sizeof body - 9);
    strcpy(body + sizeof body - 3, "\"}");
    store_fixture_run(fixture->store, RUN, "credit");
    store_tidy(fixture->store);
    stat(fixture->path, &before);
    for (int i = 0; i < 300; i++) {
        store_fixture_must_append(fixture->store, RUN, EVENT_STAGE_PROGRESS, body);
    }
    store_tidy(fixture->store);
    stat(fixture->path, &after);
    assert_true(after.st_size > before.st_size + 300 * 5000);
    assert_int_equal(store_fixture_check_seq(fixture->store, RUN), 301);
}

static void integrity_is_judged_by_reading_all_pages(void **state)
{
    struct store_fixture *fixture = *state;
    struct error err = {0};
    store_fixture_run(fixture->store, RUN, "credit");
    for (int i = 0; i < 500; i++) {
        store_fixture_must_append(fixture->store, RUN, EVENT_STAGE_PROGRESS, "{\"x\":1}");
    }
    assert_true(store_check_integrity(fixture->store, &err));
    store_close(fixture->store);
    fixture->store = NULL;
    int fd = open(fixture->path, O_RDWR);
    struct stat status;
    char garbage[4096];
    memset(garbage, 0x5a, sizeof garbage);
    assert_int_equal(fstat(fd, &status), 0);
    assert_true(status.st_size > (off_t)(8 * sizeof garbage));
    assert_int_equal(pwrite(fd, garbage, sizeof garbage, status.st_size - (off_t)sizeof garbage),
                     sizeof garbage);
    close(fd);
    fixture->store = store_open(fixture->path, STORE_WRITE, &err);
    if (fixture->store != NULL) {
        assert_false(store_check_integrity(fixture->store, &err));
    }
    assert_string_equal(err.code, "store_damaged");
}

static void a_store_that_is_removed_while_in_use_takes_nothing_more(void **state)
{
    struct store_fixture *fixture = *state;
    struct error err = {0};
    store_fixture_run(fixture->store, RUN, "credit");
    assert_int_equal(unlink(fixture->path), 0);
    assert_int_equal(store_fixture_append(fixture->store, RUN, EVENT_STAGE_PROGRESS, "{}", &err),
                     0);
    assert_string_equal(err.code, "store_damaged");
    assert_non_null(strstr(err.message, "removed or replaced"));
}

static void many_may_make_the_same_new_store_at_once(void **state)
{
    enum { PROGRAMS = 8, ROUNDS = 10 };
    struct store_fixture *fixture = *state;
    for (int round = 0; round < ROUNDS; round++) {
        char *path = xasprintf("%s/new-%d.db", fixture->folder, round);
        pid_t pids[PROGRAMS];
        for (int i = 0; i < PROGRAMS; i++) {
            pids[i] = fork();
            if (pids[i] == 0) {
                struct error err = {0};
                _exit(store_open(path, STORE_WRITE, &err) == NULL);
            }
        }
        for (int i = 0; i < PROGRAMS; i++) {
            int status = -1;
            assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
            assert_int_equal(status, 0);
        }
        free(path);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, store_fixture_set_up, store_fixture_tear_down)
        TEST(a_new_store_is_private_and_empty),
        TEST(what_was_stored_is_there_after_opening_again),
        TEST(reading_needs_a_store_and_cannot_write),
        TEST(reading_where_nothing_was_stored_says_there_are_no_runs),
        TEST(an_empty_file_becomes_a_store_unless_there_were_runs),
        TEST(garbage_is_refused_and_left_as_it_is),
        TEST(a_truncated_store_is_refused),
        TEST(another_programs_database_is_refused),
        TEST(a_newer_format_is_refused_and_named),
        TEST(an_event_that_is_no_json_is_damage),
        TEST(a_folder_that_cannot_be_written_is_named),
        TEST(a_locked_store_is_a_passing_trouble),
        TEST(changes_of_others_are_noticed_and_our_own_are_not),
        TEST(a_store_that_is_removed_while_in_use_takes_nothing_more),
        TEST(many_may_make_the_same_new_store_at_once),
        TEST(tidying_moves_much_into_the_main_file),
        TEST(integrity_is_judged_by_reading_all_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
