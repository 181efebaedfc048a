/* A temporary private cluster for tests. */
#include "tests/support/cluster.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/local/cluster_server.h"
#include "tests/support/cmocka.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void test_cluster_init(struct test_cluster *cluster, const char *state_name)
{
    struct error err;
    char root[] = "/tmp/gatehouse-test-XXXXXX";
    assert_non_null(mkdtemp(root));
    assert_int_equal(chmod(root, 0755), 0); /* as root, user postgres passes through */
    *cluster = (struct test_cluster){.loop = loop_new(), .root = xstrdup(root)};
    cluster->state = file_join(root, state_name);
    cluster->system = file_join(root, "system");
    assert_true(file_make_folders(cluster->state, 0700, &err));
    cluster->settings.state_folder = cluster->state;
    cluster->settings.system_folder = cluster->system;
}

void test_cluster_done(struct test_cluster *cluster)
{
    struct error err;
    struct cluster_request req;
    if (!test_cluster_run(cluster, cluster_destroy_start, &req, &err)) {
        fail_msg("destroy: %s", err.message);
    }
    cluster_request_done(&req);
    assert_true(file_remove_tree(cluster->root, &err));
    loop_free(cluster->loop);
    free(cluster->root);
    free(cluster->state);
    free(cluster->system);
}

bool test_cluster_run(struct test_cluster *cluster, test_cluster_fn start,
                      struct cluster_request *req, struct error *err)
{
    *req = (struct cluster_request){.settings = &cluster->settings};
    start(cluster->loop, req);
    return loop_await(cluster->loop, &req->op, err);
}

char *test_cluster_dsn(struct test_cluster *cluster)
{
    struct error err;
    struct cluster_request req;
    if (!test_cluster_run(cluster, cluster_start_start, &req, &err)) {
        fail_msg("start: %s", err.message);
    }
    char *dsn = xstrdup(req.dsn);
    cluster_request_done(&req);
    return dsn;
}

void test_cluster_kill(struct test_cluster *cluster)
{
    struct error err;
    struct cluster_request req;
    assert_true(test_cluster_run(cluster, cluster_status_start, &req, &err));
    assert_int_equal(req.state, CLUSTER_RUNNING);
    assert_int_equal(kill(req.pid, SIGKILL), 0);
    while (cluster_process_is_alive(req.pid)) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    cluster_request_done(&req);
}

bool test_query(struct database_session *session, struct database_query *query, struct error *err)
{
    query->op.done = NULL;
    database_query_start(session, query);
    return loop_await(session->database->loop, &query->op, err);
}

char *test_query_value(struct database_session *session, const char *sql)
{
    struct error err;
    struct database_query query = {.sql = sql};
    if (!test_query(session, &query, &err)) {
        fail_msg("%s: %s", sql, err.message);
    }
    assert_int_equal(query.rows.row_count, 1);
    assert_int_equal(query.rows.column_count, 1);
    char *value = query.rows.values[0] == NULL ? NULL : xstrdup(query.rows.values[0]);
    database_query_done(&query);
    return value;
}

void test_open(struct database *database, struct database_session *session)
{
    struct error err;
    *session = (struct database_session){0};
    database_open_start(database, session);
    if (!loop_await(database->loop, &session->op, &err)) {
        fail_msg("open: %s", err.message);
    }
}

struct error test_query_until_lost(struct database_session *session)
{
    enum { QUERIES = 1000000 };
    struct error err = {0};
    for (int i = 0; i < QUERIES; i++) {
        struct database_query query = {.sql = "SELECT 1"};
        if (!test_query(session, &query, &err)) {
            return err;
        }
        database_query_done(&query);
    }
    fail_msg("a session outlived its server");
    return err;
}
