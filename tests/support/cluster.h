/* A real private PostgreSQL cluster in a temporary folder, for tests; works as root and as an
 * ordinary user. Every function asserts on failure. */
#ifndef GATEHOUSE_TESTS_SUPPORT_CLUSTER_H
#define GATEHOUSE_TESTS_SUPPORT_CLUSTER_H

#include "core/local/cluster.h"
#include "core/ports/database.h"

struct test_cluster {
    struct loop *loop;
    char *root; /* temporary folder, mode 0755 */
    char *state;
    char *system;
    struct cluster_settings settings;
};

void test_cluster_init(struct test_cluster *cluster, const char *state_name);
void test_cluster_done(struct test_cluster *cluster); /* destroys it and frees the loop */

typedef void (*test_cluster_fn)(struct loop *loop, struct cluster_request *req);
/* Runs one request to its end; the caller calls cluster_request_done. */
bool test_cluster_run(struct test_cluster *cluster, test_cluster_fn start,
                      struct cluster_request *req, struct error *err);
char *test_cluster_dsn(struct test_cluster *cluster); /* started; gives the DSN */
void test_cluster_kill(struct test_cluster *cluster); /* kill -9 of its postmaster, and waits */

/* One query on a session that is open; false with err. */
bool test_query(struct database_session *session, struct database_query *query, struct error *err);
/* Its only value as text for free(), NULL for SQL NULL. */
char *test_query_value(struct database_session *session, const char *sql);
void test_open(struct database *database, struct database_session *session);
/* Queries until the session of a killed server notices (it may answer once more); gives the error.
 */
struct error test_query_until_lost(struct database_session *session);

#endif
