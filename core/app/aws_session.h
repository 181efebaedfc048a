/* The AWS session that the configuration and the environment ask for. */
#ifndef GATEHOUSE_APP_AWS_SESSION_H
#define GATEHOUSE_APP_AWS_SESSION_H

#include "core/app/config.h"
#include "core/aws/session.h"

/* environment: as main has it. Borrows from both; add what else is wanted (a trace) before
 * aws_session_new. */
struct aws_session_spec aws_session_spec_of_config(const struct config *config,
                                                   const char *const *environment);
/* The same, made. NULL with err: see aws_session_new. */
struct aws_session *aws_session_of_config(const struct config *config,
                                          const char *const *environment, struct loop *loop,
                                          struct error *err);

#endif
