/* A console's state without terminal, store and clock: a run machine feeds the view. Assertions are
 * cmocka's. */
#ifndef GATEHOUSE_TESTS_SUPPORT_UI_FIXTURE_H
#define GATEHOUSE_TESTS_SUPPORT_UI_FIXTURE_H

#include "tests/support/run_fixture.h"
#include "tui/ui.h"

struct ui_fixture {
    struct fixture run;
    struct options options;
    struct app app;
    struct client client;
    struct ui ui;
    struct screen screen;
};

/* A new run of the pipeline with six stages; the first is running. */
void ui_fixture_init(struct ui_fixture *fixture);
/* The same with another pipeline (dag_from_json's form). */
void ui_fixture_init_dag(struct ui_fixture *fixture, const char *dag_text);
void ui_fixture_init_empty(struct ui_fixture *fixture); /* no run yet */
void ui_fixture_done(struct ui_fixture *fixture);
void ui_fixture_follow(struct ui_fixture *fixture); /* the view takes what the run did */
void ui_fixture_train(struct ui_fixture *fixture);  /* up to round 62 of the training */
void ui_fixture_judge(struct ui_fixture *fixture, bool passes);
/* The same with the rules, splits and digests of a real evaluation. */
void ui_fixture_judge_fully(struct ui_fixture *fixture, bool passes);
/* `count` runs in the history, the newest first, some of them rejected or failed. */
void ui_fixture_history(struct ui_fixture *fixture, size_t count);
/* A stage.progress of the latest try. */
void ui_fixture_progress(struct ui_fixture *fixture, const char *stage, const char *members);
/* Draws at this size; the result is in fixture->screen. */
void ui_fixture_draw(struct ui_fixture *fixture, int cols, int rows);
/* The screen holds this text somewhere. */
void ui_fixture_assert_shows(const struct ui_fixture *fixture, const char *text);
void ui_fixture_assert_hides(const struct ui_fixture *fixture, const char *text);
/* Compares text and roles with tests/unit/tui/golden/<name>.txt; GATEHOUSE_GOLDEN=write makes it.
 */
void ui_fixture_assert_golden(const struct ui_fixture *fixture, const char *name);

#endif
