/* The database port on a private cluster: opening a session makes and starts the cluster when it
 * has to. Loop thread only. */
#ifndef GATEHOUSE_LOCAL_CLUSTER_DATABASE_H
#define GATEHOUSE_LOCAL_CLUSTER_DATABASE_H

#include "core/local/cluster.h"
#include "core/net/pg.h"

/* Who knows the DSN of a private cluster; asking makes and starts the cluster when it has to. */
struct cluster_dsn;
struct cluster_dsn *cluster_dsn_new(struct loop *loop, const struct cluster_settings *settings);
/* A pg_dsn_fn; the context is the struct cluster_dsn. */
void cluster_dsn_provide(void *context, struct pg_dsn_request *request);
void cluster_dsn_free(void *context); /* accepts NULL */

/* Copies the settings' texts. Of `options` only the timeouts are used; it may be NULL. Gives the
 * database. */
struct database *cluster_database_new(struct loop *loop, const struct cluster_settings *settings,
                                      const struct pg_settings *options);

#endif
