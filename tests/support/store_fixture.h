/* A run store in a folder of its own, and events to fill it with. Assertions are cmocka's. */
#ifndef GATEHOUSE_TESTS_SUPPORT_STORE_FIXTURE_H
#define GATEHOUSE_TESTS_SUPPORT_STORE_FIXTURE_H

#include "core/store/store.h"

#define FIXTURE_TS 1795361968123 /* 2026-11-22T15:39:28.123Z */

struct store_fixture {
    char *folder;
    char *path; /* of runs.db */
    struct store *store;
};

void store_fixture_init(struct store_fixture *fixture);
void store_fixture_done(struct store_fixture *fixture);
/* For cmocka: *state is a fixture. */
int store_fixture_set_up(void **state);
int store_fixture_tear_down(void **state);
void store_fixture_reopen(struct store_fixture *fixture);

/* body: JSON text. */
struct event store_fixture_event(enum event_type type, int64_t ts_ms, const char *body);
/* Creates a run of this pipeline; gives its number. */
int64_t store_fixture_run(struct store *store, const char *run_id, const char *pipeline);
/* Appends one event; gives its seq, or 0 with err. */
int64_t store_fixture_append(struct store *store, const char *run_id, enum event_type type,
                             const char *body, struct error *err);
/* The same, and it must succeed. */
void store_fixture_must_append(struct store *store, const char *run_id, enum event_type type,
                               const char *body);
struct run_summary store_fixture_find(struct store *store, const char *reference);
/* Asserts that the run's events are numbered 1..n without gaps; gives n. */
int64_t store_fixture_check_seq(struct store *store, const char *run_id);

#endif
