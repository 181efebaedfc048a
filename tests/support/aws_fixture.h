/* An AWS session for tests that knows nothing of this machine: a home of its own, an environment of
 * its own, no instance metadata, a manual clock. Every helper fails the test on error. */
#ifndef GATEHOUSE_TESTS_SUPPORT_AWS_FIXTURE_H
#define GATEHOUSE_TESTS_SUPPORT_AWS_FIXTURE_H

#include "core/aws/session.h"

enum { AWS_FIXTURE_VARIABLES = 32 };

struct aws_fixture {
    char *folder; /* is $HOME */
    struct loop *loop;
    struct clock_manual clock;
    char *environment[AWS_FIXTURE_VARIABLES + 1];
    struct aws_session_spec spec;
    struct aws_session *session;    /* NULL before aws_fixture_open */
    struct aws_credentials_get get; /* of aws_fixture_get */
    struct error err;               /* of what failed last */
};

#define AWS_FIXTURE_NOW "2026-11-22T12:00:00Z"

struct aws_fixture *aws_fixture_new(void);
void aws_fixture_free(struct aws_fixture *fixture);
/* Sets a variable; NULL takes it away. Before the session is opened. */
void aws_fixture_variable(struct aws_fixture *fixture, const char *name, const char *value);
void aws_fixture_config(struct aws_fixture *fixture, const char *text); /* ~/.aws/config */
void aws_fixture_credentials(struct aws_fixture *fixture,
                             const char *text); /* ~/.aws/credentials */
/* Opens the session, in place of an earlier one. */
struct aws_session *aws_fixture_open(struct aws_fixture *fixture);
bool aws_fixture_try_open(struct aws_fixture *fixture);
/* Asks for credentials (opens the session first if need be) and waits. */
bool aws_fixture_get(struct aws_fixture *fixture, bool must_renew);
/* Gets credentials, which must have this key id. */
void aws_fixture_check_key(struct aws_fixture *fixture, const char *key_id);
/* Gets none: the code, and a part of the message. */
void aws_fixture_check_error(struct aws_fixture *fixture, const char *code, const char *part);

#endif
