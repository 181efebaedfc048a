/* The view: what a face shows after each kind of event, as rows, text, lines and JSON. */
#include "core/view/view.h"

#include "tests/support/cmocka.h"
#include "tests/support/run_fixture.h"

#include <stdlib.h>
#include <string.h>

#define PLAN                                                                                       \
    "{\"pipeline\":\"credit_default_pipeline\",\"stages\":["                                       \
    "{\"name\":\"merge\",\"kind\":\"work\",\"retries\":1},"                                        \
    "{\"name\":\"start_sagemaker_training_of_it\",\"kind\":\"job\",\"retries\":1,"                 \
    "\"after\":[\"merge\"]},"                                                                      \
    "{\"name\":\"evaluate\",\"kind\":\"gate\",\"after\":[\"start_sagemaker_training_of_it\"],"     \
    "\"parameters\":{\"rules\":[{\"metric\":\"accuracy\",\"min\":0.8}]}}]}"
#define TRAIN "start_sagemaker_training_of_it"

static void follow(struct view *view, const struct fixture *fixture)
{
    struct error err = {0};
    for (size_t i = (size_t)view->run.last_seq; i < fixture->log.count; i++) {
        if (!view_apply(view, &fixture->log.items[i], &err)) {
            fail_msg("%s", err.message);
        }
    }
}

static void prepared(struct fixture *fixture, struct view *view)
{
    fixture_init(fixture, PLAN);
    fixture->now_ms = 1795361968000; /* 2026-11-22 15:39:28 */
    fixture_give(fixture, RUN_INPUT_START);
    view_init(view, FIXTURE_RUN_ID);
    follow(view, fixture);
}

static void finished(struct fixture *fixture, struct view *view)
{
    follow(view, fixture);
    view_done(view);
    fixture_done(fixture);
}

static void progress(struct fixture *fixture, struct view *view, const char *stage,
                     const char *members)
{
    fixture_progress(fixture, stage, members);
    follow(view, fixture);
}

static void judged(struct fixture *fixture, struct view *view, bool passes)
{
    fixture->now_ms += 14200;
    fixture_end(fixture, "merge", OUTCOME_SUCCESS);
    fixture->now_ms += 1000;
    fixture_running(fixture, TRAIN);
    fixture->now_ms += 90000;
    fixture_end(fixture, TRAIN, OUTCOME_SUCCESS);
    fixture->now_ms += 500;
    fixture_judge(fixture, "evaluate", passes);
    follow(view, fixture);
}

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("no \"%s\" in:\n%s", part, text);
    }
}

static void assert_printable_and_narrow(const char *all)
{
    size_t column = 0;
    const char *text = all;
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        assert_true(c == '\n' || c >= 0x20);
        column = c == '\n' ? 0 : column + ((c & 0xc0U) == 0x80U ? 0 : 1);
        if (column > 80) {
            fail_msg("wider than 80 columns:\n%s", all);
        }
    }
}

static char *rendered(const struct view *view, int64_t now_ms)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    view_render_text(view, now_ms, &out);
    assert_printable_and_narrow(buf_text(&out));
    return buf_take(&out);
}

static char *latest_line(const struct view *view, const struct fixture *fixture,
                         enum event_type type)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    view_event_text(view, fixture_latest(fixture, type), &out);
    return buf_take(&out);
}

static void assert_line(const struct view *view, const struct fixture *fixture,
                        enum event_type type, const char *expected)
{
    char *line = latest_line(view, fixture, type);
    assert_string_equal(line, expected);
    free(line);
}

/* ---- rows */

static void a_row_shows_progress_and_the_time_left(void **state)
{
    (void)state;
    struct fixture fixture;
    struct view view;
    struct view_row row;
    prepared(&fixture, &view);
    fixture.now_ms += 62000;
    progress(&fixture, &view, "merge",
             "\"step\":\"wait for job\",\"step_number\":2,\"step_count\":4,\"done\":62,"
             "\"total\":100,\"detail\":\"InProgress/Training\"");
    view_row(&view, 0, fixture.now_ms, &row);
    assert_string_equal(row.word, "RUN");
    assert_int_equal(row.try_number, 1);
    assert_int_equal(row.tries_max, 2);
    assert_int_equal(row.elapsed_ms, 62000);
    assert_int_equal(row.eta_ms, 38000);
    assert_string_equal(row.detail, "62% ETA 00:38, 2/4 wait for job: InProgress/Training");
    view_row(&view, 0, fixture.now_ms + 30000, &row);
    assert_int_equal(row.eta_ms, 8000); /* no news: it counts down */
    view_row(&view, 0, fixture.now_ms + 60000, &row);
    assert_int_equal(row.eta_ms, 0);
    finished(&fixture, &view);
}

static void without_progress_the_usual_time_gives_the_time_left(void **state)
{
    (void)state;
    struct fixture fixture;
    struct view view;
    struct view_row row;
    prepared(&fixture, &view);
    view_row(&view, 0, fixture.now_ms + 1000, &row);
    assert_int_equal(row.eta_ms, -1);
    assert_true(row.fraction < 0);
    view_set_usual(&view, "merge", 45000);
    view_set_usual(&view, "no such stage", 1);
    view_row(&view, 0, fixture.now_ms + 1000, &row);
    assert_int_equal(row.usual_ms, 45000);
    assert_int_equal(row.eta_ms, 44000);
    view_row(&view, 0, fixture.now_ms + 50000, &row);
    assert_int_equal(row.eta_ms, -1);
    finished(&fixture, &view);
}

static void rows_say_what_a_stage_waits_for(void **state)
{
    (void)state;
    struct fixture fixture;
    struct view view;
    struct view_row row;
    prepared(&fixture, &view);
    view_row(&view, 1, fixture.now_ms, &row);
    assert_string_equal(row.detail, "after merge");
    assert_int_equal(row.elapsed_ms, -1);
    view_row(&view, 2, fixture.now_ms, &row);
    assert_string_equal(row.detail, "gate: accuracy >= 0.8");
    fixture_fail(&fixture, "merge", ERROR_TRANSIENT);
    follow(&view, &fixture);
    int64_t retry_at_ms = view.run.stages[0].retry_at_ms;
    view_row(&view, 0, retry_at_ms - 1000, &row);
    assert_string_equal(row.word, "RETRY");
    assert_string_equal(row.detail, "next try in 00:01: merge broke");
    fixture_tick_at(&fixture, retry_at_ms);
    fixture_fail(&fixture, "merge", ERROR_TRANSIENT);
    follow(&view, &fixture);
    view_row(&view, 0, fixture.now_ms, &row);
    assert_string_equal(row.word, "FAILED");
    assert_string_equal(row.detail, "merge broke");
    view_row(&view, 1, fixture.now_ms, &row);
    assert_string_equal(row.detail, "waits for merge, which is failed");
    finished(&fixture, &view);
}

static void a_finished_row_shows_its_outputs(void **state)
{
    (void)state;
    struct fixture fixture;
    struct view view;
    struct view_row row;
    prepared(&fixture, &view);
    fixture.now_ms += 14200;
    fixture_end(&fixture, "merge", OUTCOME_SUCCESS);
    follow(&view, &fixture);
    view_row(&view, 0, fixture.now_ms + 99999, &row);
    assert_string_equal(row.word, "OK");
    assert_int_equal(row.elapsed_ms, 14200);
    assert_string_equal(row.detail, "rows 30,001");
    assert_int_equal(view_done_count(&view), 1);
    finished(&fixture, &view);
}

/* Gives merge these outputs, and what its row then says. */
static void assert_detail_of(const char *outputs, const char *expected)
{
    struct fixture fixture;
    struct view view;
    struct view_row row;
    struct error err = {0};
    prepared(&fixture, &view);
    struct json *json = json_parse(str_from(outputs), &err);
    assert_non_null(json);
    fixture_decide(&fixture, &(struct run_input){.kind = RUN_INPUT_OUTCOME,
                                                 .stage = 0,
                                                 .try_number = 1,
                                                 .outcome = OUTCOME_SUCCESS,
                                                 .outputs = json});
    json_free(json);
    follow(&view, &fixture);
    view_row(&view, 0, fixture.now_ms, &row);
    assert_string_equal(row.detail, expected);
    finished(&fixture, &view);
}

static void outputs_are_told_in_an_operators_words(void **state)
{
    (void)state;
    assert_detail_of("{\"functions\":3,\"checked\":[]}", "3 functions reachable");
    assert_detail_of("{\"functions\":1,\"checked\":[]}", "1 function reachable");
    assert_detail_of("{\"rows_in\":30012,\"rows_out\":30000,\"rows_quarantined\":12}",
                     "30,000 rows, 12 quarantined");
    assert_detail_of("{\"training_job_name\":\"j\",\"model_uri\":\"s3://b/k\",\"rounds\":100,"
                     "\"metrics\":{\"train-error\":0.1,\"validation-error\":0.18967}}",
                     "100 rounds, error 0.1897");
    assert_detail_of("{\"model_uri\":\"s3://b/k\",\"rounds\":7}", "7 rounds");
    assert_detail_of("{\"verdict\":\"passed\",\"metrics\":{\"accuracy\":0.81941}}",
                     "passed, accuracy 0.8194");
    assert_detail_of("{\"verdict\":7,\"rows_out\":\"x\",\"functions\":2,\"n\":{\"a\":1}}",
                     "verdict 7, rows_out x, functions 2");
}

/* ---- training */

static void rounds_become_curves_and_known_rounds_do_not_come_twice(void **state)
{
    (void)state;
    struct fixture fixture;
    struct view view;
    prepared(&fixture, &view);
    fixture_end(&fixture, "merge", OUTCOME_SUCCESS);
    progress(&fixture, &view, TRAIN,
             "\"rounds\":[[0,{\"train-error\":0.2,\"validation-error\":0.21}],"
             "[1,{\"train-error\":0.18,\"validation-error\":0.2}]]");
    progress(&fixture, &view, TRAIN,
             "\"rounds\":[[1,{\"train-error\":0.18}],[2,{\"train-error\":0.17}],"
             "[\"x\",{\"train-error\":9}],[3],7]");
    assert_int_equal(view.training.stage, 1);
    assert_int_equal(view.training.series_count, 2);
    assert_string_equal(view.training.series[0].metric, "train-error");
    assert_int_equal(view.training.series[0].count, 3);
    assert_true(view.training.series[0].points[2].value == 0.17);
    assert_int_equal(view.training.series[1].count, 2);
    char *text = rendered(&view, fixture.now_ms);
    assert_has(text, "\ntraining " TRAIN "\n    train-error");
    assert_has(text, "train-error              0.17 after round 2");
    free(text);
    fixture_fail(&fixture, TRAIN, ERROR_TRANSIENT);
    fixture_tick_at(&fixture, fixture.now_ms + 5000);
    progress(&fixture, &view, TRAIN, "\"rounds\":[[0,{\"train-error\":0.3}]]");
    assert_int_equal(view.training.try_number, 2);
    assert_int_equal(view.training.series_count, 1);
    assert_int_equal(view.training.series[0].count, 1);
    finished(&fixture, &view);
}

static void the_training_job_is_named_with_its_status(void **state)
{
    (void)state;
    struct fixture fixture;
    struct view view;
    prepared(&fixture, &view);
    fixture_end(&fixture, "merge", OUTCOME_SUCCESS);
    progress(&fixture, &view, TRAIN,
             "\"job\":{\"name\":\"credit-default-xgboost-7\",\"status\":\"InProgress\","
             "\"secondary_status\":\"Training\"}");
    progress(&fixture, &view, TRAIN, "\"rounds\":[[0,{\"train-error\":0.2}]]");
    assert_string_equal(view.training.job_name, "credit-default-xgboost-7");
    char *text = rendered(&view, fixture.now_ms);
    assert_has(text,
               "\ntraining credit-default-xgboost-7\n    InProgress/Training\n    train-error");
    free(text);
    finished(&fixture, &view);
}

static void the_job_s_status_is_kept_with_its_past_and_the_next_look_at_it(void **state)
{
    (void)state;
    struct fixture fixture;
    struct view view;
    prepared(&fixture, &view);
    fixture_end(&fixture, "merge", OUTCOME_SUCCESS);
    int64_t start_ms = fixture.now_ms;
    progress(&fixture, &view, TRAIN,
             "\"job\":{\"name\":\"j\",\"status\":\"InProgress\",\"secondary_status\":\"Starting\","
             "\"message\":\"Preparing the instances\",\"poll_interval_ms\":5000}");
    assert_string_equal(view.training.message, "Preparing the instances");
    assert_int_equal(view.training.poll_interval_ms, 5000);
    for (int i = 0; i < 2; i++) { /* the same once more is no transition */
        fixture.now_ms += 5000;
        progress(&fixture, &view, TRAIN,
                 "\"job\":{\"status\":\"InProgress\",\"secondary_status\":\"Training\","
                 "\"billable_ms\":700}");
    }
    const struct view_training *training = &view.training;
    assert_int_equal(training->transition_count, 2);
    assert_string_equal(training->transitions[0].secondary_status, "Starting");
    assert_string_equal(training->transitions[1].secondary_status, "Training");
    assert_int_equal(training->transitions[1].since_ms, start_ms + 5000);
    assert_int_equal(training->polled_ms, start_ms + 10000);
    assert_int_equal(training->poll_interval_ms, 0);
    assert_int_equal(training->billable_ms, 700);
    assert_string_equal(training->message, "");
    finished(&fixture, &view);
}

static void progress_of_an_old_try_is_not_shown(void **state)
{
    (void)state;
    struct fixture fixture;
    struct view view;
    prepared(&fixture, &view);
    fixture_fail(&fixture, "merge", ERROR_TRANSIENT);
    fixture_tick_at(&fixture, fixture.now_ms + 5000);
    struct error err = {0};
    struct json *body =
        json_parse(STR("{\"stage\":\"merge\",\"try\":1,\"rounds\":[[0,{\"a\":1}]]}"), &err);
    event_list_add(&fixture.log, fixture.now_ms, EVENT_STAGE_PROGRESS, body);
    fixture.log.items[fixture.log.count - 1].seq = ++fixture.run.last_seq;
    follow(&view, &fixture);
    assert_null(view.stages[0].progress);
    assert_int_equal(view.training.try_number, 0);
    finished(&fixture, &view);
}

/* ---- text */

static void the_table_shows_each_stage_on_a_line(void **state)
{
    (void)state;
    struct fixture fixture;
    struct view view;
    prepared(&fixture, &view);
    judged(&fixture, &view, true);
    char *text = rendered(&view, fixture.now_ms);
    assert_has(text, "run 147  " FIXTURE_RUN_ID "  credit_default_pipeline\n"
                     "state SUCCESS  verdict PASSED  3/3 stages done\nstarted ");
    assert_has(text, "  # STAGE                      STATE   TRY ELAPSED  DETAIL\n");
    assert_has(text, "  1 merge                      OK      1/2  14.2 s  rows 30,001\n");
    assert_has(text, "  2 start_sagemaker_training_~ OK      1/2   01:31  rows 30,001\n");
    assert_has(text, "  PASSED  the model passes the gate\n");
    assert_has(text,
               " ok     accuracy              test        0.82 +-0.006  >= 0.8        +0.02\n");
    assert_has(text, "  measured on 4,500 rows of the test split\n");
    free(text);
    finished(&fixture, &view);
}

static void a_long_detail_goes_on_in_the_next_line(void **state)
{
    (void)state;
    struct fixture fixture;
    struct view view;
    prepared(&fixture, &view);
    fixture.now_ms += 62000;
    progress(&fixture, &view, "merge",
             "\"step\":\"wait for job\",\"done\":62,\"total\":100,"
             "\"detail\":\"InProgress/Training\"");
    view_set_usual(&view, "merge", 45000);
    char *text = rendered(&view, fixture.now_ms);
    assert_has(text, " STATE   TRY ELAPSED  USUAL  DETAIL\n");
    assert_has(text, " RUN     1/2   01:02 45.0 s  62% ETA 00:38, wait\n"
                     "                                                           for job:\n"
                     "                                                           "
                     "InProgress/Training\n");
    assert_has(text, "  --:--  gate: accuracy >= 0.8\n");
    free(text);
    finished(&fixture, &view);
}

static void a_rejected_model_cannot_be_missed(void **state)
{
    (void)state;
    struct fixture fixture;
    struct view view;
    prepared(&fixture, &view);
    judged(&fixture, &view, false);
    char *text = rendered(&view, fixture.now_ms);
    assert_has(text, "verdict REJECTED");
    assert_has(text, "  REJECTED  the model does not pass the gate\n");
    assert_has(text, " BROKEN accuracy ");
    free(text);
    text = latest_line(&view, &fixture, EVENT_EVALUATION);
    assert_has(text, "15:41:13 [3/3] evaluate                    rejected\n====");
    assert_has(text, " BROKEN accuracy ");
    assert_has(text, "-0.09\n");
    free(text);
    text = latest_line(&view, &fixture, EVENT_STAGE_STATE);
    assert_has(text, "running -> rejected");
    assert_null(strstr(text, "permanent"));
    free(text);
    finished(&fixture, &view);
}

static void a_verdict_on_older_results_says_so(void **state)
{
    (void)state;
    struct fixture fixture;
    struct view view;
    prepared(&fixture, &view);
    judged(&fixture, &view, true);
    fixture_command(&fixture, COMMAND_RETRY, TRAIN);
    follow(&view, &fixture);
    char *text = rendered(&view, fixture.now_ms);
    assert_has(text, "verdict NONE");
    assert_has(text, "PASSED  (of older results: run the gate again)");
    assert_has(text, "ana retry start_sagemaker_training_of_it (reason:\n");
    free(text);
    finished(&fixture, &view);
}

static void text_from_outside_is_made_harmless(void **state)
{
    (void)state;
    struct fixture fixture;
    struct view view;
    struct error err;
    prepared(&fixture, &view);
    error_set(
        &err, ERROR_PERMANENT, "bad\x1b[2J", "caf\xc3\xa9 \xff\xe2\x80\xae %s",
        "averylongwordwithoutanyblankthatgoesonandonandonandonandonandonandonandonandonandon");
    struct run_input input = {
        .kind = RUN_INPUT_OUTCOME, .try_number = 1, .outcome = OUTCOME_FAILED, .error = &err};
    fixture_decide(&fixture, &input);
    struct command command = {
        .verb = COMMAND_SKIP, .stage = "merge", .user = "a\x1b]0;x\x07", .reason = "line\nline"};
    fixture_decide(&fixture, &(struct run_input){.kind = RUN_INPUT_COMMAND, .command = &command});
    follow(&view, &fixture);
    char *text = rendered(&view, fixture.now_ms);
    assert_has(text, "caf\xc3\xa9");
    free(text);
    for (size_t i = 0; i < fixture.log.count; i++) {
        struct buf out;
        buf_init(&out, 1 << 20);
        view_event_text(&view, &fixture.log.items[i], &out);
        for (size_t k = 0; k + 1 < out.len; k++) {
            assert_true((unsigned char)out.ptr[k] >= 0x20);
        }
        buf_done(&out);
    }
    finished(&fixture, &view);
}

static void a_run_without_events_can_be_shown(void **state)
{
    (void)state;
    struct view view;
    view_init(&view, "r");
    char *text = rendered(&view, 0);
    assert_string_equal(text, "run r has no events yet\n");
    struct json *json = view_to_json(&view, 0);
    assert_int_equal(json_count(json_get(json, "stages")), 0);
    json_free(json);
    free(text);
    view_done(&view);
}

/* ---- lines */

static void each_event_is_one_line(void **state)
{
    (void)state;
    struct fixture fixture;
    struct view view;
    prepared(&fixture, &view);
    assert_line(&view, &fixture, EVENT_HELLO,
                "00:16:40 run 147 (" FIXTURE_RUN_ID ") of credit_default_pipeline, 3 stages\n");
    assert_line(&view, &fixture, EVENT_RUN_STATE, "15:39:28 run  created -> running\n");
    assert_line(&view, &fixture, EVENT_STAGE_STATE,
                "15:39:28 [1/3] merge                       try 1  waiting -> running\n");
    progress(&fixture, &view, "merge",
             "\"step\":\"copy\",\"step_number\":1,\"step_count\":2,\"done\":5,\"total\":10,"
             "\"unit\":\"rows\",\"detail\":\"x\",\"metrics\":{\"auc\":0.5}");
    assert_line(
        &view, &fixture, EVENT_STAGE_PROGRESS,
        "15:39:28 [1/3] merge                       1/2 copy  5 of 10 rows  x  auc 0.5000\n");
    fixture.now_ms += 14200;
    fixture_fail(&fixture, "merge", ERROR_TRANSIENT);
    follow(&view, &fixture);
    char *line = latest_line(&view, &fixture, EVENT_STAGE_STATE);
    assert_has(line,
               "15:39:42 [1/3] merge                       try 1  running -> retrying  14.2 s  "
               "next try in ");
    assert_has(line, "  transient broken: merge broke\n");
    free(line);
    fixture_tick_at(&fixture, fixture.now_ms + 1000);
    view.utc_offset_s = 3600;
    fixture_command(&fixture, COMMAND_RETRY, "merge");
    follow(&view, &fixture);
    assert_line(&view, &fixture, EVENT_COMMAND,
                "16:39:43 command retry merge by ana on pts/1 (reason: tested): REFUSED, merge is "
                "running: wait for its end or stop the run first\n");
    finished(&fixture, &view);
}

static void the_result_is_the_last_line(void **state)
{
    (void)state;
    struct fixture fixture;
    struct view view;
    prepared(&fixture, &view);
    judged(&fixture, &view, false);
    char *line = latest_line(&view, &fixture, EVENT_RESULT);
    assert_has(line, "15:41:13 run 147 FAILED  verdict rejected  accuracy 0.7100, auc 0.7700  ");
    assert_has(line, "exit code 3\n");
    free(line);
    finished(&fixture, &view);
}

static void quiet_keeps_failures_and_the_verdict(void **state)
{
    (void)state;
    struct fixture fixture;
    struct view view;
    prepared(&fixture, &view);
    assert_int_equal(view_event_weight(fixture_latest(&fixture, EVENT_STAGE_STATE)),
                     VIEW_WEIGHT_NORMAL);
    progress(&fixture, &view, "merge", "\"step\":\"x\"");
    assert_int_equal(view_event_weight(fixture_latest(&fixture, EVENT_STAGE_PROGRESS)),
                     VIEW_WEIGHT_DETAIL);
    judged(&fixture, &view, false);
    assert_int_equal(view_event_weight(fixture_latest(&fixture, EVENT_STAGE_STATE)),
                     VIEW_WEIGHT_ALERT);
    assert_int_equal(view_event_weight(fixture_latest(&fixture, EVENT_EVALUATION)),
                     VIEW_WEIGHT_ALERT);
    assert_int_equal(view_event_weight(fixture_latest(&fixture, EVENT_RESULT)), VIEW_WEIGHT_ALERT);
    finished(&fixture, &view);
}

static void the_heartbeat_names_what_runs(void **state)
{
    (void)state;
    struct fixture fixture;
    struct view view;
    struct buf out;
    prepared(&fixture, &view);
    progress(&fixture, &view, "merge", "\"step\":\"copy\"");
    buf_init(&out, 4096);
    view_heartbeat_text(&view, fixture.now_ms + 61000, &out);
    assert_string_equal(buf_text(&out), "15:40:29 0/3 done: merge running 01:01 (copy)\n");
    buf_reset(&out);
    judged(&fixture, &view, true);
    view_heartbeat_text(&view, fixture.now_ms, &out);
    assert_has(buf_text(&out), "3/3 done: nothing runs\n");
    buf_done(&out);
    finished(&fixture, &view);
}

/* ---- JSON */

static void json_holds_every_try(void **state)
{
    (void)state;
    struct fixture fixture;
    struct view view;
    prepared(&fixture, &view);
    fixture.now_ms += 1500;
    fixture_fail(&fixture, "merge", ERROR_TRANSIENT);
    fixture_tick_at(&fixture, fixture.now_ms + 1000);
    fixture_hello(&fixture);
    fixture_give(&fixture, RUN_INPUT_ATTACH);
    judged(&fixture, &view, true);
    struct json *json = view_to_json(&view, fixture.now_ms + 5);
    const struct json *stage = json_at(json_get(json, "stages"), 0);
    const struct json *tries = json_get(stage, "tries");
    assert_string_equal(json_text_or(json, "run", ""), FIXTURE_RUN_ID);
    assert_int_equal(json_int_or(json, "number", 0), 147);
    assert_string_equal(json_text_or(json, "state", ""), "success");
    assert_string_equal(json_text_or(json, "verdict", ""), "passed");
    assert_int_equal(json_int_or(json, "exit_code", -1), 0);
    assert_string_equal(json_text_or(stage, "kind", ""), "work");
    assert_int_equal(json_count(tries), 3);
    assert_string_equal(json_text_or(json_at(tries, 0), "state", ""), "failed");
    assert_string_equal(json_text_or(json_at(tries, 0), "start", ""), "2026-11-22T15:39:28.000Z");
    assert_string_equal(json_text_or(json_at(tries, 0), "end", ""), "2026-11-22T15:39:29.500Z");
    assert_int_equal(json_int_or(json_at(tries, 0), "elapsed_ms", 0), 1500);
    assert_string_equal(json_text_or(json_get(json_at(tries, 0), "error"), "code", ""), "broken");
    assert_string_equal(json_text_or(json_at(tries, 1), "state", ""), "interrupted");
    assert_string_equal(json_text_or(json_at(tries, 2), "state", ""), "success");
    assert_true(json_is_null(json_get(json_at(tries, 2), "error")));
    assert_int_equal(json_int_or(json_path(json_at(tries, 2), "outputs"), "rows", 0), 30003);
    assert_string_equal(json_text_or(json_at(tries, 2), "intent", ""), FIXTURE_RUN_ID "-1-3");
    assert_string_equal(json_text_or(json_get(json, "gate"), "verdict", ""), "passed");
    json_free(json);
    finished(&fixture, &view);
}

static void json_of_a_live_run_has_no_end_and_no_exit_code(void **state)
{
    (void)state;
    struct fixture fixture;
    struct view view;
    prepared(&fixture, &view);
    fixture_command(&fixture, COMMAND_RETRY, "nothing");
    follow(&view, &fixture);
    struct json *json = view_to_json(&view, fixture.now_ms + 700);
    const struct json *command = json_at(json_get(json, "commands"), 0);
    const struct json *live = json_at(json_path(json_at(json_get(json, "stages"), 0), "tries"), 0);
    assert_true(json_is_null(json_get(json, "exit_code")));
    assert_true(json_is_null(json_get(json, "ended")));
    assert_true(json_is_null(json_get(json, "gate")));
    assert_string_equal(json_text_or(live, "state", ""), "running");
    assert_true(json_is_null(json_get(live, "end")));
    assert_int_equal(json_int_or(live, "elapsed_ms", 0), 700);
    assert_string_equal(json_text_or(command, "verb", ""), "retry");
    assert_string_equal(json_text_or(command, "user", ""), "ana");
    assert_false(json_bool_or(command, "accepted", true));
    json_free(json);
    finished(&fixture, &view);
}

static void an_event_that_does_not_fit_leaves_the_view_as_it_is(void **state)
{
    (void)state;
    struct fixture fixture;
    struct view view;
    struct error err = {0};
    prepared(&fixture, &view);
    int64_t last_seq = view.run.last_seq;
    assert_false(view_apply(&view, &fixture.log.items[0], &err));
    assert_string_equal(err.code, "damaged_log");
    assert_int_equal(view.run.last_seq, last_seq);
    finished(&fixture, &view);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_shows_progress_and_the_time_left),
        cmocka_unit_test(without_progress_the_usual_time_gives_the_time_left),
        cmocka_unit_test(rows_say_what_a_stage_waits_for),
        cmocka_unit_test(a_finished_row_shows_its_outputs),
        cmocka_unit_test(outputs_are_told_in_an_operators_words),
        cmocka_unit_test(a_long_detail_goes_on_in_the_next_line),
        cmocka_unit_test(rounds_become_curves_and_known_rounds_do_not_come_twice),
        cmocka_unit_test(the_training_job_is_named_with_its_status),
        cmocka_unit_test(the_job_s_status_is_kept_with_its_past_and_the_next_look_at_it),
        cmocka_unit_test(progress_of_an_old_try_is_not_shown),
        cmocka_unit_test(the_table_shows_each_stage_on_a_line),
        cmocka_unit_test(a_rejected_model_cannot_be_missed),
        cmocka_unit_test(a_verdict_on_older_results_says_so),
        cmocka_unit_test(text_from_outside_is_made_harmless),
        cmocka_unit_test(a_run_without_events_can_be_shown),
        cmocka_unit_test(each_event_is_one_line),
        cmocka_unit_test(the_result_is_the_last_line),
        cmocka_unit_test(quiet_keeps_failures_and_the_verdict),
        cmocka_unit_test(the_heartbeat_names_what_runs),
        cmocka_unit_test(json_holds_every_try),
        cmocka_unit_test(json_of_a_live_run_has_no_end_and_no_exit_code),
        cmocka_unit_test(an_event_that_does_not_fit_leaves_the_view_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
