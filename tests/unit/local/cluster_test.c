/* The private cluster, for real: made, started, found again, repaired, stopped, destroyed. As root
 * everything runs a second time as an ordinary user. */
#include "core/local/cluster.h"

#include "core/base/alloc.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/local/cluster_database.h"
#include "core/local/cluster_place.h"
#include "core/local/cluster_server.h"
#include "tests/support/cluster.h"
#include "tests/support/cmocka.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct cluster_request run(struct test_cluster *cluster, test_cluster_fn start)
{
    struct error err;
    struct cluster_request req;
    if (!test_cluster_run(cluster, start, &req, &err)) {
        fail_msg("%s", err.message);
    }
    return req;
}

static int64_t now_ms(void)
{
    return clock_system()->monotonic_ms(clock_system());
}

static void assert_answers(struct test_cluster *cluster)
{
    struct database *database = cluster_database_new(cluster->loop, &cluster->settings, NULL);
    struct database_session session;
    test_open(database, &session);
    char *value = test_query_value(&session, "SELECT current_user || current_setting('fsync')");
    assert_string_equal(value, "gatehouseon");
    free(value);
    database_close(&session);
    database_free(database);
}

static void is_made_found_again_stopped_and_started(void **state)
{
    struct test_cluster *cluster = *state;
    struct cluster_request req = run(cluster, cluster_status_start);
    assert_int_equal(req.state, CLUSTER_ABSENT);
    assert_null(req.dsn);
    cluster_request_done(&req);

    req = run(cluster, cluster_start_start);
    pid_t pid = req.pid;
    assert_int_equal(req.state, CLUSTER_RUNNING);
    assert_true(req.was_made && req.was_started);
    cluster_request_done(&req);
    assert_answers(cluster);

    req = run(cluster, cluster_start_start); /* found again */
    assert_int_equal(req.pid, pid);
    assert_false(req.was_made || req.was_started);
    cluster_request_done(&req);

    req = run(cluster, cluster_stop_start);
    assert_int_equal(req.state, CLUSTER_STOPPED);
    assert_false(cluster_process_is_alive(pid));
    cluster_request_done(&req);
    req = run(cluster, cluster_stop_start); /* stopping twice is no error */
    cluster_request_done(&req);

    int64_t begun = now_ms();
    req = run(cluster, cluster_start_start);
    print_message("[          ] start of an existing cluster: %lld ms\n",
                  (long long)(now_ms() - begun));
    assert_false(req.was_made);
    assert_true(req.was_started);
    cluster_request_done(&req);
}

static void nobody_else_can_reach_it(void **state)
{
    struct test_cluster *cluster = *state;
    struct stat info;
    struct cluster_request req = run(cluster, cluster_start_start);
    assert_int_equal(stat(cluster->state, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_int_equal(stat(req.folder, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    if (geteuid() == 0) { /* the state is private, so the cluster is elsewhere, and recorded */
        struct buf record;
        struct error err;
        char *path = file_join(cluster->state, "postgres.folder");
        buf_init(&record, 4096);
        assert_true(file_read(path, &record, &err));
        assert_true(str_eq(str_trim(buf_str(&record)), str_from(req.folder)));
        assert_true(strncmp(req.folder, cluster->system, strlen(cluster->system)) == 0);
        buf_done(&record);
        free(path);
    }
    cluster_request_done(&req);
}

static void root_uses_the_state_folder_when_the_server_can_reach_it(void **state)
{
    (void)state;
    struct test_cluster cluster;
    if (geteuid() != 0) {
        return; /* for an ordinary user it is always there */
    }
    test_cluster_init(&cluster, "state");
    assert_int_equal(chmod(cluster.state, 0711), 0);
    struct cluster_request req = run(&cluster, cluster_start_start);
    assert_int_equal(strncmp(req.folder, cluster.state, strlen(cluster.state)), 0);
    cluster_request_done(&req);
    assert_answers(&cluster);
    test_cluster_done(&cluster);
}

static void survives_long_paths_and_odd_names(void **state)
{
    (void)state;
    char name[256];
    struct test_cluster cluster;
    memset(name, 'x', sizeof(name));
    memcpy(name, "it's a \"long\", $(odd) \\ name ", 29);
    name[220] = '\0';
    test_cluster_init(&cluster, name);
    assert_answers(&cluster);
    struct cluster_request req = run(&cluster, cluster_stop_start);
    cluster_request_done(&req);
    assert_answers(&cluster);
    req = run(&cluster, cluster_status_start);
    assert_true(file_exists(req.folder));
    struct cluster_request destroyed = run(&cluster, cluster_destroy_start);
    assert_int_equal(destroyed.state, CLUSTER_ABSENT);
    assert_false(file_exists(req.folder));
    cluster_request_done(&req);
    cluster_request_done(&destroyed);
    test_cluster_done(&cluster); /* which destroys again: no error */
}

static void refuses_a_socket_folder_that_is_somebody_elses(void **state)
{
    (void)state;
    struct test_cluster cluster;
    struct cluster_place place;
    struct cluster_request req;
    struct error err;
    char name[256];
    if (geteuid() == 0) {
        return; /* root never needs one outside the cluster's folder */
    }
    memset(name, 'y', sizeof(name));
    name[200] = '\0';
    test_cluster_init(&cluster, name);
    assert_true(cluster_place_find(&place, &cluster.settings, &err));
    assert_int_equal(symlink(cluster.state, place.sockets), 0);
    assert_false(test_cluster_run(&cluster, cluster_start_start, &req, &err));
    assert_string_equal(err.code, "not_private");
    assert_int_equal(unlink(place.sockets), 0);
    assert_int_equal(mkdir(place.sockets, 0755), 0);
    assert_false(test_cluster_run(&cluster, cluster_start_start, &req, &err));
    assert_string_equal(err.code, "not_private");
    cluster_place_done(&place);
    test_cluster_done(&cluster);
}

/* Writes postmaster.pid as if a server with this number had been killed. */
static void forge_pid_file(struct test_cluster *cluster, pid_t pid)
{
    struct cluster_request req = run(cluster, cluster_status_start);
    struct stat info;
    struct error err;
    char *path = xasprintf("%s/data/postmaster.pid", req.folder);
    char *lock = xasprintf("%s/.s.PGSQL.5432.lock", req.folder);
    char *text = xasprintf("%ld\n%s/data\n1700000000\n5432\n%s\n\n  5432001         0\nready   \n",
                           (long)pid, req.folder, req.folder);
    assert_int_equal(stat(req.folder, &info), 0);
    assert_true(file_write(path, str_from(text), 0600, &err));
    assert_true(file_write(lock, str_from(text), 0600, &err));
    assert_int_equal(chown(path, info.st_uid, info.st_gid), 0);
    assert_int_equal(chown(lock, info.st_uid, info.st_gid), 0);
    free(path);
    free(lock);
    free(text);
    cluster_request_done(&req);
}

static void repairs_a_stale_pid_file(void **state)
{
    struct test_cluster *cluster = *state;
    free(test_cluster_dsn(cluster));
    struct cluster_request req = run(cluster, cluster_status_start);
    uid_t uid = 0;
    struct stat info;
    assert_int_equal(stat(req.folder, &info), 0);
    uid = info.st_uid;
    cluster_request_done(&req);
    req = run(cluster, cluster_stop_start);
    cluster_request_done(&req);

    pid_t other = fork(); /* lives as the server's user: its number was given to another program */
    if (other == 0) {
        if (geteuid() == 0 && setuid(uid) != 0) {
            _exit(1);
        }
        pause();
        _exit(0);
    }
    forge_pid_file(cluster, other);
    req = run(cluster, cluster_status_start);
    assert_int_equal(req.state, CLUSTER_STOPPED);
    cluster_request_done(&req);
    assert_answers(cluster);
    req = run(cluster, cluster_status_start);
    assert_int_not_equal(req.pid, other);
    assert_true(cluster_process_is_alive(other)); /* and it was left alone */
    cluster_request_done(&req);
    kill(other, SIGKILL);
    waitpid(other, NULL, 0);
}

static void comes_back_after_its_server_was_killed(void **state)
{
    struct test_cluster *cluster = *state;
    struct database *database = cluster_database_new(cluster->loop, &cluster->settings, NULL);
    struct database_session session;
    test_open(database, &session);
    struct database_query query = {.sql = "CREATE TABLE kept AS SELECT 42 AS answer"};
    struct error err;
    assert_true(test_query(&session, &query, &err));
    database_query_done(&query);
    test_cluster_kill(cluster);
    err = test_query_until_lost(&session);
    assert_int_equal(err.error_class, ERROR_TRANSIENT);
    database_close(&session);
    test_open(database, &session); /* started again, recovered */
    char *value = test_query_value(&session, "SELECT answer FROM kept");
    assert_string_equal(value, "42");
    free(value);
    database_close(&session);
    database_free(database);
}

enum { MADE_IT = 10 };

/* In a child process: exit status 0 when the cluster runs, MADE_IT when it was this one's doing. */
static void start_in_child(const struct cluster_settings *settings)
{
    struct error err;
    struct loop *loop = loop_new();
    struct cluster_request req = {.settings = settings};
    cluster_start_start(loop, &req);
    bool is_running = loop_await(loop, &req.op, &err);
    int status = !is_running ? 1 : req.was_made ? MADE_IT : 0;
    cluster_request_done(&req);
    loop_free(loop);
    _exit(status);
}

static void two_that_start_it_at_once_share_one_that_holds_nothing_of_theirs(void **state)
{
    (void)state;
    enum { CHILDREN = 3 };
    struct test_cluster cluster;
    pid_t children[CHILDREN];
    int makers = 0;
    int leaky[2]; /* not close-on-exec */
    char byte;
    test_cluster_init(&cluster, "state");
    assert_int_equal(pipe(leaky), 0);
    for (int i = 0; i < CHILDREN; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            start_in_child(&cluster.settings);
        }
    }
    for (int i = 0; i < CHILDREN; i++) {
        int status = 0;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status));
        assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == MADE_IT);
        makers += WEXITSTATUS(status) == MADE_IT;
    }
    assert_int_equal(makers, 1);
    close(leaky[1]);
    assert_int_equal(fcntl(leaky[0], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(read(leaky[0], &byte, 1), 0); /* the end: nobody has the other side */
    close(leaky[0]);
    struct cluster_request req = run(&cluster, cluster_start_start); /* it outlived its starter */
    assert_false(req.was_started);
    assert_int_not_equal(getsid(req.pid), getsid(0));
    cluster_request_done(&req);
    test_cluster_done(&cluster);
}

static void requests_of_one_process_share_one(void **state)
{
    struct test_cluster *cluster = *state;
    enum { REQUESTS = 8 }; /* more than the pool has threads */
    struct cluster_request reqs[REQUESTS];
    struct error err;
    int starters = 0;
    struct cluster_request stopped = run(cluster, cluster_stop_start);
    cluster_request_done(&stopped);
    for (int i = 0; i < REQUESTS; i++) {
        reqs[i] = (struct cluster_request){.settings = &cluster->settings};
        cluster_start_start(cluster->loop, &reqs[i]);
    }
    for (int i = 0; i < REQUESTS; i++) {
        assert_true(loop_await(cluster->loop, &reqs[i].op, &err));
        assert_int_equal(reqs[i].pid, reqs[0].pid);
        starters += reqs[i].was_started;
        cluster_request_done(&reqs[i]);
    }
    assert_int_equal(starters, 1);
}

static void missing_programs_are_named(void **state)
{
    (void)state;
    struct test_cluster cluster;
    struct cluster_request req;
    struct error err;
    test_cluster_init(&cluster, "state");
    cluster.settings.bin_folder = "/nonexistent";
    assert_false(test_cluster_run(&cluster, cluster_start_start, &req, &err));
    assert_string_equal(err.code, "no_postgresql");
    assert_non_null(strstr(err.message, "/nonexistent"));
    assert_non_null(strstr(err.message, "postgresql-15"));
    test_cluster_done(&cluster);
}

static void failure_to_start_tells_the_servers_words(void **state)
{
    struct test_cluster *cluster = *state;
    struct error err;
    free(test_cluster_dsn(cluster));
    struct cluster_request req = run(cluster, cluster_stop_start);
    char *conf = xasprintf("%s/data/postgresql.conf", req.folder);
    cluster_request_done(&req);
    FILE *file = fopen(conf, "a");
    assert_non_null(file);
    fputs("no_such_setting = 1\n", file);
    fclose(file);
    assert_false(test_cluster_run(cluster, cluster_start_start, &req, &err));
    assert_string_equal(err.code, "cluster_failed");
    assert_non_null(strstr(err.message, "no_such_setting"));
    free(conf);
}

static int make_shared(void **state)
{
    static struct test_cluster shared;
    test_cluster_init(&shared, "state");
    *state = &shared;
    return 0;
}

static int destroy_shared(void **state)
{
    test_cluster_done(*state);
    return 0;
}

static int run_all(const char *as)
{
    const struct CMUnitTest shared_tests[] = {
        cmocka_unit_test(is_made_found_again_stopped_and_started), /* the first: it is made here */
        cmocka_unit_test(nobody_else_can_reach_it),
        cmocka_unit_test(repairs_a_stale_pid_file),
        cmocka_unit_test(comes_back_after_its_server_was_killed),
        cmocka_unit_test(requests_of_one_process_share_one),
        cmocka_unit_test(failure_to_start_tells_the_servers_words), /* the last: it stays broken */
    };
    const struct CMUnitTest own_tests[] = {
        cmocka_unit_test(root_uses_the_state_folder_when_the_server_can_reach_it),
        cmocka_unit_test(survives_long_paths_and_odd_names),
        cmocka_unit_test(refuses_a_socket_folder_that_is_somebody_elses),
        cmocka_unit_test(two_that_start_it_at_once_share_one_that_holds_nothing_of_theirs),
        cmocka_unit_test(missing_programs_are_named),
    };
    int failed = cmocka_run_group_tests_name(as, shared_tests, make_shared, destroy_shared);
    return failed + cmocka_run_group_tests_name(as, own_tests, NULL, NULL);
}

static int run_as_nobody(void)
{
    const struct passwd *nobody = getpwnam("nobody");
    if (nobody == NULL || setgid(nobody->pw_gid) != 0 || setuid(nobody->pw_uid) != 0) {
        return 1;
    }
    prctl(PR_SET_DUMPABLE, 1); /* the leak checker reads our own memory */
    unsetenv("XDG_RUNTIME_DIR");
    return run_all("as an ordinary user");
}

int main(void)
{
    if (geteuid() != 0) {
        return run_all("as an ordinary user");
    }
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        exit(run_as_nobody());
    }
    int status = 0;
    waitpid(child, &status, 0);
    int failed = run_all("as root");
    return failed != 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}
