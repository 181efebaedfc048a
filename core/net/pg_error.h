/* What PostgreSQL and libpq say, as struct error. Pure but for reading libpq's objects. */
#ifndef GATEHOUSE_NET_PG_ERROR_H
#define GATEHOUSE_NET_PG_ERROR_H

#include "core/base/error.h"

enum { PG_SQLSTATE_SIZE = 6 };

/* Which class a SQLSTATE (PostgreSQL manual, appendix A) has: 40001, 40P01, 08*, 53*, 57* are
 * transient. */
enum error_class pg_error_class(const char *sqlstate);
/* The last "FATAL:  28P01: ..." in a verbose libpq message; false when there is none. */
bool pg_error_find_sqlstate(const char *message, char out_sqlstate[PG_SQLSTATE_SIZE]);
/* The text of a failed connection attempt, whose code is its SQLSTATE or, when the server was not
 * reached, "connection_failed"; when its certificate is not trusted, "tls_failed". All return
 * false. */
bool pg_error_of_connect(const char *libpq_message, struct error *err);
bool pg_error_of_loss(const char *libpq_message, struct error *err); /* "connection_lost" */

struct pg_server_error { /* fields of an ErrorResponse; NULL: absent */
    const char *sqlstate;
    const char *primary;
    const char *detail;
    const char *hint;
    const char *context;
};
bool pg_error_of_server(const struct pg_server_error *fields, struct error *err);

#endif
