/* Connection parameters of a PostgreSQL session: a DSN taken apart, our defaults added, host names
 * turned into addresses so that libpq has nothing left to resolve. Blocking only where it says so.
 */
#ifndef GATEHOUSE_NET_PG_PARAMS_H
#define GATEHOUSE_NET_PG_PARAMS_H

#include "core/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PG_PARAMS_MAX = 64 };

struct pg_params { /* what PQconnectStartParams takes; both arrays end with NULL */
    size_t count;
    const char *keywords[PG_PARAMS_MAX + 1]; /* constants of libpq or ours */
    char *values[PG_PARAMS_MAX + 1];
};

/* On failure (permanent, "bad_dsn": it cannot be read, or the certificates it names cannot) params
 * is empty; the message quotes nothing that could be a
 * part of a misquoted password. statement_timeout_ms 0: none. */
bool pg_params_parse(struct pg_params *params, const char *dsn, int64_t statement_timeout_ms,
                     struct error *err);
void pg_params_done(struct pg_params *params);                                  /* wipes */
const char *pg_params_get(const struct pg_params *params, const char *keyword); /* NULL: not set */
bool pg_params_need_resolving(const struct pg_params *params);
/* Blocking, any thread: gives each host an address. "host_not_found" is permanent, a name server
 * that does not answer is transient. */
bool pg_params_resolve(struct pg_params *params, struct error *err);

#endif
