/* The database port (core/ports/database.h) by libpq, driven by the loop: nothing blocks, host
 * names are resolved on the pool. Loop thread only. Errors: what the server says keeps its SQLSTATE
 * as code ("42P01") and ends with it; "bad_dsn", "host_not_found" and "tls_failed" are permanent;
 * "connection_failed", "connection_lost" and "timeout" are transient. No message holds the DSN's
 * password. */
#ifndef GATEHOUSE_NET_PG_H
#define GATEHOUSE_NET_PG_H

#include "core/base/secret.h"
#include "core/ports/database.h"

/* Chunks of copy_read have at least PG_CHUNK_SIZE bytes, but for the last; rows are never cut. */
enum { PG_CHUNK_SIZE = 256 * 1024, PG_ROW_MAX = 64 << 20, PG_RESULT_MAX = 64 << 20 };

/* Asks for the DSN, just before a session opens. Follows the rules of core/loop/op.h. */
struct pg_dsn_request {
    struct op op;
    struct secret dsn; /* result; the asker wipes it */
};
typedef void (*pg_dsn_fn)(void *context, struct pg_dsn_request *req);

struct pg_settings {
    const char *dsn;       /* libpq URI or key=value words; copied; not used with provide_dsn */
    pg_dsn_fn provide_dsn; /* NULL: dsn says it */
    void *provider_context;
    void (*provider_free)(void *context); /* called by database_free; may be NULL */
    int64_t connect_timeout_ms;           /* for all addresses together; 0: 10 s */
    int64_t statement_timeout_ms;         /* by the server, and 5 s later by us; 0: none */
};

/* Gives the database; database_free releases it, after its sessions are closed. A wrong DSN is
 * reported when a session opens. The DSN's own words win over our defaults (keepalives,
 * application name, gssencmode off); a `service` is refused, because it hides the host. */
struct database *pg_database_new(struct loop *loop, const struct pg_settings *settings);

int pg_library_version(void); /* of libpq, as it is loaded: 150014 is 15.14; any thread */

#endif
