/* Golden screens: what each pane shows, at the sizes that matter. */
#include "tests/support/ui_fixture.h"

#include "core/base/alloc.h"
#include "tests/support/cmocka.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void golden_at(struct ui_fixture *fixture, int cols, int rows, const char *name)
{
    char full[80];
    snprintf(full, sizeof(full), "%s_%dx%d", name, cols, rows);
    ui_fixture_draw(fixture, cols, rows);
    ui_fixture_assert_golden(fixture, full);
}

static void golden(struct ui_fixture *fixture, const char *name)
{
    golden_at(fixture, 80, 24, name);
    golden_at(fixture, 120, 40, name);
    golden_at(fixture, 60, 15, name);
}

static void a_running_pipeline(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    ui_fixture_train(&fixture);
    golden(&fixture, "running");
    golden_at(&fixture, 200, 50, "running");
    golden_at(&fixture, 50, 12, "running");
    golden_at(&fixture, 39, 9, "running");
    ui_fixture_done(&fixture);
}

static void succeed(struct ui_fixture *fixture, const char *stage, const char *detail)
{
    char members[128];
    snprintf(members, sizeof(members), "\"detail\":\"%s\"", detail);
    ui_fixture_progress(fixture, stage, members);
    fixture->run.now_ms += 1000;
    fixture_end(&fixture->run, stage, OUTCOME_SUCCESS);
    ui_fixture_follow(fixture);
}

/* What the six stages say when all is well, in full at 80 columns; else up to a comma. */
static void details_read_in_full_at_80_columns(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    succeed(&fixture, "check_lambda_connection", "3 functions reachable");
    succeed(&fixture, "invoke_clean_s3_raw", "30,000 rows, 0 quarantined");
    ui_fixture_draw(&fixture, 80, 24);
    ui_fixture_assert_shows(&fixture, "3 functions reachable");
    ui_fixture_assert_shows(&fixture, "30,000 rows, 0 quarantined");
    fixture_fail(&fixture.run, "invoke_clean_rds", ERROR_PERMANENT); /* others are BLOCKED */
    ui_fixture_follow(&fixture);
    ui_fixture_draw(&fixture, 80, 24);
    ui_fixture_assert_shows(&fixture, " 30,000 rows\n");
    ui_fixture_done(&fixture);
}

static void an_ascii_terminal(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    ui_fixture_train(&fixture);
    fixture.screen.is_ascii = true;
    golden_at(&fixture, 80, 24, "ascii");
    for (int i = 0; i < 80 * 24; i++) {
        assert_true(fixture.screen.cells[i].glyph < 0x80);
    }
    ui_fixture_done(&fixture);
}

static void a_model_that_passed(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    ui_fixture_judge(&fixture, true);
    golden(&fixture, "passed");
    ui_fixture_done(&fixture);
    ui_fixture_init(&fixture);
    ui_fixture_judge_fully(&fixture, true);
    golden_at(&fixture, 200, 50, "passed");
    golden_at(&fixture, 160, 45, "passed");
    fixture.ui.page = PAGE_VERDICT;
    golden_at(&fixture, 80, 45, "passed_page");
    ui_fixture_done(&fixture);
}

static void a_model_that_was_rejected(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    ui_fixture_judge(&fixture, false);
    golden(&fixture, "rejected");
    ui_fixture_draw(&fixture, 39, 9);
    ui_fixture_assert_shows(&fixture, "REJECTED 5/6 run 147");
    ui_fixture_done(&fixture);
    ui_fixture_init(&fixture);
    ui_fixture_judge_fully(&fixture, false);
    golden_at(&fixture, 80, 24, "rejected_fully");
    golden_at(&fixture, 200, 50, "rejected");
    fixture.ui.focus = FOCUS_VERDICT;
    golden_at(&fixture, 60, 15, "rejected_verdict");
    json_free(fixture.client.view.run.evaluation); /* a metric the gate could not see */
    struct error err;
    fixture.client.view.run.evaluation =
        json_parse(STR("{\"gate\":{\"rules\":[{\"metric\":\"ks\",\"min\":0.3}]}}"), &err);
    ui_fixture_draw(&fixture, 80, 24);
    ui_fixture_assert_shows(&fixture, "ks is missing");
    ui_fixture_assert_shows(&fixture, "could not be measured");
    ui_fixture_done(&fixture);
}

static void a_stage_that_failed(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    fixture_fail(&fixture.run, "check_lambda_connection", ERROR_PERMANENT);
    ui_fixture_follow(&fixture);
    fixture.client.has_runner = false;
    golden_at(&fixture, 80, 24, "failed");
    fixture.ui.page = PAGE_DETAIL;
    golden_at(&fixture, 80, 24, "detail");
    ui_fixture_done(&fixture);
}

static void what_went_wrong_is_told_in_full_where_there_is_room(void **state)
{
    static const char *const why = "invoke function: clean: no object under s3://raw/source1/: put "
                                   "a file there, or change where it looks for one";
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    fixture_fail(&fixture.run, "check_lambda_connection", ERROR_PERMANENT);
    ui_fixture_follow(&fixture);
    struct error *error = &fixture.client.view.run.stages[0].error;
    snprintf(error->message, sizeof(error->message), "%s", why);
    ui_fixture_draw(&fixture, 80, 24);
    ui_fixture_assert_shows(&fixture,
                            "put a file there,\n or change where it looks for one\n?help");
    ui_fixture_draw(&fixture, 80, 19);
    ui_fixture_assert_shows(&fixture, "put a file there, o~\n?help");
    fixture.ui.stage = 1;
    ui_fixture_draw(&fixture, 80, 24);
    ui_fixture_assert_hides(&fixture, "s3://raw");
    snprintf(fixture.ui.message, sizeof(fixture.ui.message), "%0250d", 0);
    ui_fixture_draw(&fixture, 80, 24);
    ui_fixture_assert_shows(&fixture, "00~\n?help");
    ui_fixture_done(&fixture);
}

/* Tries of all sorts, and the chain of causes of what went wrong. */
static void the_details_of_a_stage(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    fixture.ui.page = PAGE_DETAIL;
    fixture.ui.stage = 5;
    ui_fixture_draw(&fixture, 80, 24);
    ui_fixture_assert_shows(&fixture, "none yet");
    fixture.run.now_ms += 61000;
    fixture_fail(&fixture.run, "check_lambda_connection", ERROR_TRANSIENT);
    fixture_tick_at(&fixture.run, fixture.run.now_ms + 60000);
    ui_fixture_train(&fixture);
    fixture_end(&fixture.run, "start_sagemaker_training", OUTCOME_SUCCESS);
    ui_fixture_follow(&fixture);
    struct view_try *first = &fixture.client.view.stages[0].tries[0];
    first->error.http_status = 429;
    snprintf(first->error.request_id, sizeof(first->error.request_id), "6f1a");
    snprintf(
        first->error.message, sizeof(first->error.message),
        "check: invoke ingest: 3 of 3 calls were throttled: Rate exceeded, wait and try again");
    fixture.ui.stage = 0;
    golden_at(&fixture, 80, 24, "detail_tries");
    fixture.ui.stage = 4;
    golden_at(&fixture, 80, 24, "detail_training");
    ui_fixture_done(&fixture);
}

static void a_run_whose_runner_is_gone_says_so(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    ui_fixture_train(&fixture);
    fixture.client.has_runner = false;
    fixture.ui.now_ms += 3600000; /* nothing happened since */
    golden_at(&fixture, 80, 24, "lost");
    ui_fixture_assert_shows(&fixture, "resumes it");
    golden_at(&fixture, 39, 9, "lost");
    fixture.client.is_read_only = true;
    ui_fixture_draw(&fixture, 80, 24);
    ui_fixture_assert_shows(&fixture, "gatehouse --batch --resume 147");
    ui_fixture_done(&fixture);
}

/* Names where there is room, their number where there is not, before the clock. */
static void others_who_watch_are_told(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    fixture.client.watchers.count = 2;
    free(fixture.client.watchers.names);
    fixture.client.watchers.names = xstrdup("bo, cid");
    ui_fixture_draw(&fixture, 120, 24);
    ui_fixture_assert_shows(&fixture, "+2 watching: bo, cid");
    ui_fixture_draw(&fixture, 80, 24);
    ui_fixture_assert_shows(&fixture, "+2 watching ");
    ui_fixture_assert_hides(&fixture, "cid");
    ui_fixture_draw(&fixture, 60, 24);
    ui_fixture_assert_shows(&fixture, "RW");
    ui_fixture_done(&fixture);
}

static void production_is_told_by_more_than_its_word(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    free(fixture.client.view.environment);
    fixture.client.view.environment = xstrdup("Production");
    ui_fixture_draw(&fixture, 80, 24);
    ui_fixture_assert_shows(&fixture, "Production |");
    assert_int_equal(screen_cell(&fixture.screen, 2, 0)->role, ROLE_HEADER_PRODUCTION);
    ui_fixture_done(&fixture);
}

static void the_plan_stands_in_when_there_is_no_run(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init_empty(&fixture);
    golden_at(&fixture, 80, 24, "empty");
    fixture.client.is_read_only = true;
    ui_fixture_draw(&fixture, 80, 24);
    ui_fixture_assert_hides(&fixture, "Press n");
    ui_fixture_assert_hides(&fixture, "ew run");
    ui_fixture_done(&fixture);
}

static void the_history_of_runs(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    fixture.ui.page = PAGE_HISTORY;
    ui_fixture_history(&fixture, 0);
    ui_fixture_draw(&fixture, 80, 24);
    ui_fixture_assert_shows(&fixture, "no runs yet");
    fixture.client.run_count = 1;
    ui_fixture_draw(&fixture, 80, 24);
    free(fixture.client.runs);
    ui_fixture_history(&fixture, 1);
    golden_at(&fixture, 80, 24, "history_of_one");
    free(fixture.client.runs);
    ui_fixture_history(&fixture, 60);
    fixture.ui.run_row = 3;
    golden(&fixture, "history");
    fixture.screen.is_ascii = true;
    golden_at(&fixture, 80, 24, "history_ascii");
    fixture.screen.is_ascii = false;
    fixture.ui.run_row = 59; /* the chosen one stays in sight */
    ui_fixture_draw(&fixture, 80, 24);
    ui_fixture_assert_shows(&fixture, "0088");
    ui_fixture_done(&fixture);
}

/* ---- timeline */
static void the_timeline_tells_queues_tries_and_waits(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    fixture.ui.page = PAGE_TIMELINE;
    golden_at(&fixture, 80, 24, "timeline_begin");
    fixture.run.now_ms += 20000;
    fixture_fail(&fixture.run, "check_lambda_connection", ERROR_TRANSIENT);
    fixture.run.now_ms += 1000;
    ui_fixture_follow(&fixture);
    ui_fixture_draw(&fixture, 80, 24);
    fixture.ui.page = PAGE_RUN;
    golden_at(&fixture, 80, 24, "retrying");
    fixture_tick_at(&fixture.run, fixture.run.now_ms + 30000);
    ui_fixture_train(&fixture);
    fixture.ui.page = PAGE_TIMELINE;
    golden(&fixture, "timeline");
    fixture.screen.is_ascii = true;
    golden_at(&fixture, 80, 24, "timeline_ascii");
    ui_fixture_done(&fixture);
}

static void a_rerun_of_the_next_day_leaves_the_night_out(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    ui_fixture_judge(&fixture, false);
    fixture.run.now_ms += 20 * 3600 * 1000;
    assert_true(fixture_command(&fixture.run, COMMAND_RERUN, "invoke_merge_cleaned_data"));
    fixture.run.now_ms += 60000;
    ui_fixture_follow(&fixture);
    fixture.ui.page = PAGE_TIMELINE;
    golden_at(&fixture, 80, 24, "timeline_rerun");
    ui_fixture_assert_shows(&fixture, ": idle");
    ui_fixture_done(&fixture);
}

/* ---- the pipeline drawn */
#define STAGE(name, after) "{\"name\":\"" name "\",\"kind\":\"work\",\"after\":[" after "]}"

static const char branching
    [] = "{\"pipeline\":\"branching\",\"max_parallel\":4,\"stages\":[" STAGE("check", "") "," STAGE("clean_transactions", "\"check\"") "," STAGE(
        "clean_profiles",
        "\"check\"") "," STAGE("clean_bureau",
                               "\"check\"") "," STAGE("merge",
                                                      "\"clean_transactions\","
                                                      "\"clean_profiles\"") "," STAGE("enrich",
                                                                                      "\"clean_"
                                                                                      "bureau\""
                                                                                      ","
                                                                                      "\"merge"
                                                                                      "\"") "," STAGE("rep"
                                                                                                      "or"
                                                                                                      "t",
                                                                                                      "\"c"
                                                                                                      "lea"
                                                                                                      "n_"
                                                                                                      "pro"
                                                                                                      "fil"
                                                                                                      "es"
                                                                                                      "\"") "," STAGE("train",
                                                                                                                      "\"enric"
                                                                                                                      "h\"") "," STAGE("publish",
                                                                                                                                       "\"train\",\"report\",\"check\"") "]}";

static void a_pipeline_with_branches_is_drawn(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init_dag(&fixture, branching);
    fixture.run.now_ms += 5000;
    fixture_end(&fixture.run, "check", OUTCOME_SUCCESS);
    fixture.run.now_ms += 5000;
    fixture_end(&fixture.run, "clean_transactions", OUTCOME_SUCCESS);
    fixture_fail(&fixture.run, "clean_bureau", ERROR_PERMANENT);
    ui_fixture_follow(&fixture);
    fixture.ui.page = PAGE_PIPELINE;
    golden_at(&fixture, 80, 24, "pipeline");
    fixture.screen.is_ascii = true;
    golden_at(&fixture, 80, 24, "pipeline_ascii");
    fixture.screen.is_ascii = false;
    golden_at(&fixture, 60, 15, "pipeline");
    fixture.ui.page = PAGE_RUN;
    golden_at(&fixture, 200, 50, "pipeline_pane");
    ui_fixture_done(&fixture);
}

/* Six layers of eight stages, each waiting for two of the layer before. */
static char *wide_dag(void)
{
    struct buf text;
    buf_init(&text, 1 << 16);
    buf_append_text(&text, "{\"pipeline\":\"wide\",\"stages\":[");
    for (int i = 0; i < 48; i++) {
        buf_printf(&text, "%s{\"name\":\"stage_%d\",\"kind\":\"work\"", i == 0 ? "" : ",", i + 1);
        if (i >= 8) {
            int before = i / 8 * 8 - 8;
            buf_printf(&text, ",\"after\":[\"stage_%d\",\"stage_%d\"]", before + i % 8 + 1,
                       before + (i + 3) % 8 + 1);
        }
        buf_append_text(&text, "}");
    }
    buf_append_text(&text, "]}");
    return buf_take(&text);
}

static void what_is_too_wide_to_draw_is_listed(void **state)
{
    struct ui_fixture fixture;
    char *dag = wide_dag();
    (void)state;
    ui_fixture_init_dag(&fixture, dag);
    fixture.ui.page = PAGE_PIPELINE;
    fixture.ui.stage = 47;
    golden_at(&fixture, 80, 24, "pipeline_wide");
    ui_fixture_assert_shows(&fixture, "after stage_40, stage_35");
    golden_at(&fixture, 200, 50, "pipeline_wide");
    fixture.ui.page = PAGE_RUN;
    ui_fixture_draw(&fixture, 200, 50);
    ui_fixture_done(&fixture);
    free(dag);
}

static void the_help_lists_every_action_with_its_keys(void **state)
{
    struct ui_fixture fixture;
    (void)state;
    ui_fixture_init(&fixture);
    fixture.ui.page = PAGE_HELP;
    golden_at(&fixture, 80, 24, "help");
    ui_fixture_draw(&fixture, 80, 200);
    for (int i = 0; i < ACTION_COUNT; i++) {
        if (ui_offers(&fixture.ui, (enum action)i)) {
            ui_fixture_assert_shows(&fixture, action_spec((enum action)i)->sentence);
        }
    }
    fixture.ui.scroll = 100000; /* scrolling ends with the page */
    ui_fixture_draw(&fixture, 80, 24);
    ui_fixture_assert_shows(&fixture, "[keys] of the configuration");
    ui_fixture_done(&fixture);
}

/* Whatever the size, drawing stays inside the screen (ASan and asserts watch). */
static void every_size_can_be_drawn(void **state)
{
    struct ui_fixture fixture;
    static const enum ui_page pages[] = {PAGE_RUN,  PAGE_DETAIL,   PAGE_HISTORY, PAGE_VERDICT,
                                         PAGE_HELP, PAGE_TIMELINE, PAGE_PIPELINE};
    (void)state;
    ui_fixture_init(&fixture);
    ui_fixture_judge(&fixture, false);
    for (int rows = 1; rows < 60; rows += rows < 16 ? 1 : 7) {
        for (int cols = 1; cols < 220; cols += cols < 90 ? 3 : 31) {
            for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
                fixture.ui.page = pages[i];
                fixture.ui.is_zoomed = (cols + rows) % 3 == 0;
                fixture.ui.focus = (enum ui_focus)(rows % 3);
                ui_fixture_draw(&fixture, cols, rows);
            }
        }
    }
    ui_fixture_done(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_running_pipeline),
        cmocka_unit_test(details_read_in_full_at_80_columns),
        cmocka_unit_test(an_ascii_terminal),
        cmocka_unit_test(a_model_that_passed),
        cmocka_unit_test(a_model_that_was_rejected),
        cmocka_unit_test(a_stage_that_failed),
        cmocka_unit_test(what_went_wrong_is_told_in_full_where_there_is_room),
        cmocka_unit_test(the_details_of_a_stage),
        cmocka_unit_test(a_run_whose_runner_is_gone_says_so),
        cmocka_unit_test(others_who_watch_are_told),
        cmocka_unit_test(production_is_told_by_more_than_its_word),
        cmocka_unit_test(the_plan_stands_in_when_there_is_no_run),
        cmocka_unit_test(the_history_of_runs),
        cmocka_unit_test(the_timeline_tells_queues_tries_and_waits),
        cmocka_unit_test(a_rerun_of_the_next_day_leaves_the_night_out),
        cmocka_unit_test(a_pipeline_with_branches_is_drawn),
        cmocka_unit_test(what_is_too_wide_to_draw_is_listed),
        cmocka_unit_test(the_help_lists_every_action_with_its_keys),
        cmocka_unit_test(every_size_can_be_drawn),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
