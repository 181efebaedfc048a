/* A DSN whose user and password are kept in AWS Secrets Manager, in the form that RDS gives them:
 * {"username":..,"password":..}. Asked for each time a session opens, because they rotate. Loop
 * thread only.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
 */
#ifndef GATEHOUSE_FUNCTIONS_DATABASE_SECRET_H
#define GATEHOUSE_FUNCTIONS_DATABASE_SECRET_H

#include "core/aws/session.h"
#include "core/net/pg.h"

struct database_secret;

/* dsn without user and password (a URI or key=value words); secret_id: name or ARN. Both copied. */
struct database_secret *database_secret_new(struct aws_session *session, const char *dsn,
                                            const char *secret_id);
void database_secret_provide(void *context, struct pg_dsn_request *request); /* a pg_dsn_fn */
void database_secret_free(void *context);

/* The DSN with them put in. Pure; false (permanent, "bad_secret") when the secret is not of that
 * form. The message holds nothing of it. */
bool database_secret_apply(const char *dsn, struct str secret, struct secret *out_dsn,
                           struct error *err);

#endif
