/* An attempt with fakes around it: runs it to its end and keeps what it told. */
#ifndef GATEHOUSE_TESTS_SUPPORT_ATTEMPT_FIXTURE_H
#define GATEHOUSE_TESTS_SUPPORT_ATTEMPT_FIXTURE_H

#include "core/stages/attempt.h"
#include "tests/support/fake_services.h"

#define FIXTURE_INTENT "20261122-153928-a1b2c3-5-1"

struct attempt_fixture {
    struct loop *loop;
    struct clock_manual clock;
    struct fake_services *fake;
    char folder[64]; /* the private folder, made and removed here */
    struct attempt_hooks hooks;
    struct attempt_spec spec;
    struct attempt *attempt;
    /* what was told */
    int finished, running, reports;
    enum outcome outcome;
    struct error error;
    struct json *outputs, *evaluation;
    struct json *last_report;
    struct buf steps; /* names of the steps in order: "submit job;wait for job;" */
    struct buf log;   /* "level text\n" */
    /* cancel or kill when the fakes get this call; 0: never */
    int cancel_at, kill_at;
    bool is_started; /* false while attempt_start has not returned */
};

struct attempt_fixture *fixture_new(const char *kind);
/* parameters: JSON text. Runs to the end; asserts that the end is told exactly once. */
void fixture_run(struct attempt_fixture *fixture, const char *parameters);
void fixture_adopt(struct attempt_fixture *fixture, const char *parameters);
/* The same without waiting: the test runs the loop itself. parameters are taken. */
void fixture_start(struct attempt_fixture *fixture, struct json *parameters, bool is_adoption);
/* After it: ready for another attempt on the same fakes. */
void fixture_clear(struct attempt_fixture *fixture);
void fixture_free(struct attempt_fixture *fixture);
struct json *fixture_json(const char *text);

#define assert_contains(text, part) assert_non_null(strstr((text), (part)))

#endif
