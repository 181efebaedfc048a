/* The run machine: what follows from each input, and what the log must not contain. */
#include "core/run/run.h"

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "tests/support/cmocka.h"
#include "tests/support/run_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PLAN(parallel, list)                                                                       \
    "{\"pipeline\":\"p\",\"max_parallel\":" parallel ",\"stages\":[" list "]}"
#define A         "{\"name\":\"a\",\"kind\":\"work\",\"retries\":1,\"retry_delay_ms\":1000}"
#define B_AFTER_A "{\"name\":\"b\",\"kind\":\"work\",\"after\":[\"a\"]}"
#define G_AFTER_B "{\"name\":\"g\",\"kind\":\"gate\",\"after\":[\"b\"]}"
#define CHAIN     PLAN("4", A "," B_AFTER_A "," G_AFTER_B)
#define JOB                                                                                        \
    "{\"name\":\"j\",\"kind\":\"job\",\"retries\":1,\"retry_delay_ms\":1000,"                      \
    "\"queued_timeout_ms\":5000,\"running_timeout_ms\":10000,\"total_timeout_ms\":12000}"

static void started(struct fixture *fixture, const char *plan)
{
    fixture_init(fixture, plan);
    fixture_give(fixture, RUN_INPUT_START);
}

static void assert_replays(struct fixture *fixture)
{
    struct run replayed;
    fixture_replay(fixture, &replayed);
    fixture_assert_same(&fixture->run, &replayed);
    run_done(&replayed);
    fixture_done(fixture);
}

static const char *result_text(const struct fixture *fixture, const char *name)
{
    const struct event *result = fixture_latest(fixture, EVENT_RESULT);
    assert_non_null(result);
    assert_ptr_equal(result, &fixture->log.items[fixture->log.count - 1]);
    return json_text_or(result->body, name, "");
}

static int result_exit_code(const struct fixture *fixture)
{
    const struct event *result = fixture_latest(fixture, EVENT_RESULT);
    int64_t code = json_int_or(result->body, "exit_code", -1);
    struct run untold = fixture->run; /* what the states say, without the word of the result */
    untold.has_result = false;
    assert_int_equal(code, run_exit_code(&fixture->run));
    assert_int_equal(code, run_exit_code(&untold));
    return (int)code;
}

/* ---- the way to success */

static void a_chain_runs_stage_by_stage_to_a_passed_verdict(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, CHAIN);
    fixture_assert_states(&fixture, "a=running b=waiting g=waiting");
    fixture_assert_effects(&fixture, "START a 1");
    assert_string_equal(fixture_at(&fixture, "a")->intent, FIXTURE_RUN_ID "-1-1");
    fixture.now_ms += 1500;
    fixture_end(&fixture, "a", OUTCOME_SUCCESS);
    fixture_assert_effects(&fixture, "START b 1");
    fixture_end(&fixture, "b", OUTCOME_SUCCESS);
    fixture_judge(&fixture, "g", true);
    fixture_assert_states(&fixture, "a=success b=success g=success");
    fixture_assert_effects(&fixture, "");
    assert_int_equal(fixture.run.state, RUN_SUCCESS);
    assert_int_equal(fixture.run.verdict, VERDICT_PASSED);
    assert_string_equal(result_text(&fixture, "verdict"), "passed");
    assert_int_equal(result_exit_code(&fixture), 0);
    const struct json *result = fixture_latest(&fixture, EVENT_RESULT)->body;
    double accuracy = 0;
    assert_true(json_as_number(json_path(result, "metrics.accuracy"), &accuracy));
    assert_true(accuracy == 0.82);
    assert_int_equal(json_int_or(result, "elapsed_ms", 0), 1500);
    assert_replays(&fixture);
}

static void independent_stages_run_together_up_to_the_limit(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, PLAN("2", "{\"name\":\"a\",\"kind\":\"work\"},{\"name\":\"b\",\"kind\":"
                                "\"work\"},{\"name\":\"c\",\"kind\":\"work\"}"));
    fixture_assert_states(&fixture, "a=running b=running c=waiting");
    fixture_end(&fixture, "b", OUTCOME_SUCCESS);
    fixture_assert_states(&fixture, "a=running b=success c=running");
    fixture_assert_effects(&fixture, "START c 1");
    assert_replays(&fixture);
}

static void without_a_gate_a_run_succeeds_with_no_verdict(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, PLAN("1", A));
    fixture_end(&fixture, "a", OUTCOME_SUCCESS);
    assert_int_equal(fixture.run.state, RUN_SUCCESS);
    assert_string_equal(result_text(&fixture, "verdict"), "none");
    assert_int_equal(result_exit_code(&fixture), 0);
    assert_replays(&fixture);
}

/* ---- failures */

static void missing_or_refused_credentials_have_an_exit_code_of_their_own(void **state)
{
    (void)state;
    static const char *const codes[] = {"no_credentials", "credentials_refused", "no_password",
                                        "28P01", "28000"};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        struct fixture fixture;
        started(&fixture, PLAN("2", A ",{\"name\":\"b\",\"kind\":\"work\"}"));
        fixture_fail_with(&fixture, "a", ERROR_PERMANENT, codes[i]);
        fixture_fail(&fixture, "b", ERROR_PERMANENT);
        assert_int_equal(result_exit_code(&fixture), 4);
        assert_true(fixture_command(&fixture, COMMAND_RETRY, "a"));
        fixture_fail(&fixture, "a", ERROR_PERMANENT);
        assert_int_equal(result_exit_code(&fixture), 1);
        assert_replays(&fixture);
    }
}

static void what_stops_a_run_for_now_only_has_an_exit_code_of_its_own(void **state)
{
    (void)state;
    static const char *const codes[] = {"throttled",         "unavailable",     "host_not_found",
                                        "connection_failed", "connect_timeout", "connection_lost",
                                        "stalled",           "not_ready",       "CapacityError"};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        struct fixture fixture;
        started(&fixture, CHAIN);
        fixture_fail_with(&fixture, "a", ERROR_TRANSIENT, codes[i]);
        fixture_tick_at(&fixture, fixture_at(&fixture, "a")->retry_at_ms);
        fixture_fail_with(&fixture, "a", ERROR_TRANSIENT, codes[i]);
        fixture_assert_states(&fixture, "a=failed b=blocked g=blocked");
        assert_int_equal(result_exit_code(&fixture), 75);
        assert_true(fixture_command(&fixture, COMMAND_RETRY, "a"));
        fixture_fail(&fixture, "a", ERROR_PERMANENT);
        assert_int_equal(result_exit_code(&fixture), 1);
        assert_replays(&fixture);
    }
}

static void another_failure_beside_it_is_the_one_that_counts(void **state)
{
    (void)state;
    static const struct {
        enum error_class error_class;
        const char *code;
        int exit_code;
    } others[] = {
        {ERROR_PERMANENT, "failed", 1},
        {ERROR_TRANSIENT, "timeout", 1},
        {ERROR_TRANSIENT, "function_crashed", 1},
        {ERROR_PERMANENT, "throttled", 1}, /* what must not be tried again by itself */
        {ERROR_TRANSIENT, "unavailable", 75},
        {ERROR_PERMANENT, "no_region", 78},
        {ERROR_PERMANENT, "bad_region", 78},
        {ERROR_PERMANENT, "bad_aws_config", 78},
        {ERROR_PERMANENT, "bad_dsn", 78},
        {ERROR_PERMANENT, "credentials_refused", 4},
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct fixture fixture;
        started(&fixture, PLAN("2", "{\"name\":\"a\",\"kind\":\"work\"},"
                                    "{\"name\":\"b\",\"kind\":\"work\"}"));
        fixture_fail_with(&fixture, "a", ERROR_TRANSIENT, "throttled");
        fixture_fail_with(&fixture, "b", others[i].error_class, others[i].code);
        assert_int_equal(result_exit_code(&fixture), others[i].exit_code);
        assert_replays(&fixture);
    }
}

static void a_rejected_model_is_not_tried_again_because_a_service_was_busy(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, PLAN("2", "{\"name\":\"a\",\"kind\":\"work\"},"
                                "{\"name\":\"g\",\"kind\":\"gate\"}"));
    fixture_fail_with(&fixture, "a", ERROR_TRANSIENT, "throttled");
    fixture_judge(&fixture, "g", false);
    assert_int_equal(result_exit_code(&fixture), 1);
    assert_replays(&fixture);
}

static void a_run_of_an_older_store_keeps_the_code_it_ended_with(void **state)
{
    (void)state;
    struct fixture fixture;
    struct run replayed;
    struct error err;
    struct event result = {0};
    started(&fixture, PLAN("1", "{\"name\":\"a\",\"kind\":\"work\"}"));
    fixture_fail_with(&fixture, "a", ERROR_TRANSIENT, "connection_lost");
    assert_int_equal(run_exit_code(&fixture.run), 75);
    result.seq = fixture.run.last_seq + 1;
    result.ts_ms = fixture.run.last_ts_ms;
    result.type = EVENT_RESULT;
    result.body = json_copy(fixture_latest(&fixture, EVENT_RESULT)->body);
    run_copy(&replayed, &fixture.run);
    json_set_int(result.body, "exit_code", 1);
    assert_true(run_apply(&replayed, &result, &err));
    assert_int_equal(run_exit_code(&replayed), 1);
    static const int64_t nonsense[] = {-1, 256, INT64_C(1) << 40};
    for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
        result.seq++;
        json_set_int(result.body, "exit_code", nonsense[i]);
        assert_true(run_apply(&replayed, &result, &err));
        assert_int_equal(run_exit_code(&replayed), 75);
    }
    event_done(&result);
    run_done(&replayed);
    fixture_done(&fixture);
}

static void a_transient_failure_is_retried_after_its_backoff(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, CHAIN);
    fixture_fail(&fixture, "a", ERROR_TRANSIENT);
    fixture_assert_states(&fixture, "a=retrying b=waiting g=waiting");
    int64_t retry_at_ms = fixture_at(&fixture, "a")->retry_at_ms;
    assert_true(retry_at_ms >= fixture.now_ms + 500 && retry_at_ms <= fixture.now_ms + 1000);
    assert_true(run_next_deadline_ms(&fixture.run) == retry_at_ms);
    fixture_tick_at(&fixture, retry_at_ms - 1);
    assert_int_equal(fixture.decision.events.count, 0);
    fixture_tick_at(&fixture, retry_at_ms);
    fixture_assert_effects(&fixture, "START a 2");
    assert_string_equal(fixture_at(&fixture, "a")->intent, FIXTURE_RUN_ID "-1-2");
    fixture_fail(&fixture, "a", ERROR_TRANSIENT);
    fixture_assert_states(&fixture, "a=failed b=blocked g=blocked");
    assert_string_equal(fixture_at(&fixture, "a")->error.message, "a broke");
    assert_int_equal(fixture.run.state, RUN_FAILED);
    assert_int_equal(result_exit_code(&fixture), 1);
    assert_replays(&fixture);
}

static void only_transient_failures_are_retried(void **state)
{
    (void)state;
    static const enum error_class classes[] = {ERROR_PERMANENT, ERROR_BUG};
    for (size_t i = 0; i < 2; i++) {
        struct fixture fixture;
        started(&fixture, CHAIN);
        fixture_fail(&fixture, "a", classes[i]);
        assert_int_equal(fixture_at(&fixture, "a")->state, STAGE_FAILED);
        assert_replays(&fixture);
    }
}

static void other_branches_go_on_after_a_failure(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, PLAN("4", A "," B_AFTER_A ",{\"name\":\"c\",\"kind\":\"work\"},"
                                  "{\"name\":\"d\",\"kind\":\"work\",\"after\":[\"c\"]}"));
    fixture_fail(&fixture, "a", ERROR_PERMANENT);
    fixture_assert_states(&fixture, "a=failed b=blocked c=running d=waiting");
    assert_int_equal(fixture.run.state, RUN_RUNNING);
    fixture_end(&fixture, "c", OUTCOME_SUCCESS);
    fixture_end(&fixture, "d", OUTCOME_SUCCESS);
    assert_int_equal(fixture.run.state, RUN_FAILED);
    assert_replays(&fixture);
}

static void a_rejected_model_ends_the_run_with_code_3(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, CHAIN);
    fixture_end(&fixture, "a", OUTCOME_SUCCESS);
    fixture_end(&fixture, "b", OUTCOME_SUCCESS);
    fixture_judge(&fixture, "g", false);
    fixture_assert_states(&fixture, "a=success b=success g=rejected");
    assert_string_equal(fixture_at(&fixture, "g")->error.message, "accuracy 0.71");
    assert_int_equal(fixture.run.verdict, VERDICT_REJECTED);
    assert_string_equal(result_text(&fixture, "state"), "failed");
    assert_string_equal(result_text(&fixture, "verdict"), "rejected");
    assert_int_equal(result_exit_code(&fixture), 3);
    assert_replays(&fixture);
}

static void a_gate_without_verdict_never_passes(void **state)
{
    (void)state;
    static const enum outcome outcomes[] = {OUTCOME_SUCCESS, OUTCOME_REJECTED};
    for (size_t i = 0; i < 2; i++) {
        struct fixture fixture;
        started(&fixture, PLAN("1", "{\"name\":\"g\",\"kind\":\"gate\"}"));
        fixture_end(&fixture, "g", outcomes[i]);
        fixture_assert_states(&fixture, "g=failed");
        assert_string_equal(fixture_at(&fixture, "g")->error.code, "no_verdict");
        assert_int_equal(fixture.run.state, RUN_FAILED);
        assert_replays(&fixture);
    }
}

static void work_stopped_from_outside_is_cancelled(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, CHAIN);
    fixture_end(&fixture, "a", OUTCOME_CANCELLED);
    fixture_assert_states(&fixture, "a=cancelled b=blocked g=blocked");
    assert_int_equal(fixture.run.state, RUN_CANCELLED);
    assert_int_equal(result_exit_code(&fixture), 130);
    assert_replays(&fixture);
}

static void late_outcomes_decide_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, CHAIN);
    fixture_fail(&fixture, "a", ERROR_TRANSIENT);
    struct run_input late = {.kind = RUN_INPUT_OUTCOME, .try_number = 1};
    fixture_decide(&fixture, &late);
    assert_int_equal(fixture.decision.events.count, 0);
    fixture_tick_at(&fixture, fixture.now_ms + 1000);
    assert_int_equal(fixture_at(&fixture, "a")->try_number, 2);
    fixture_decide(&fixture, &late);
    assert_int_equal(fixture.decision.events.count, 0);
    assert_replays(&fixture);
}

/* ---- clocks */

static void a_job_that_stays_queued_is_stopped_and_retried(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, PLAN("1", JOB));
    fixture_assert_states(&fixture, "j=queued");
    assert_true(run_next_deadline_ms(&fixture.run) == fixture.now_ms + 5000);
    fixture_tick_at(&fixture, fixture.now_ms + 5000);
    fixture_assert_states(&fixture, "j=stopping");
    fixture_assert_effects(&fixture, "CANCEL j 1");
    assert_string_equal(fixture_at(&fixture, "j")->error.code, "timeout");
    assert_non_null(strstr(fixture_at(&fixture, "j")->error.message, "queued clock: 5.0 s"));
    fixture_end(&fixture, "j", OUTCOME_CANCELLED);
    fixture_assert_states(&fixture, "j=retrying");
    fixture_tick_at(&fixture, fixture.now_ms + 1000);
    fixture_assert_effects(&fixture, "START j 2");
    assert_replays(&fixture);
}

static void the_running_clock_starts_with_running(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, PLAN("1", JOB));
    int64_t start_ms = fixture.now_ms;
    fixture.now_ms += 1000;
    fixture_running(&fixture, "j");
    fixture_assert_states(&fixture, "j=running");
    assert_true(run_next_deadline_ms(&fixture.run) == start_ms + 11000);
    fixture_tick_at(&fixture, start_ms + 10999);
    fixture_assert_states(&fixture, "j=running");
    fixture_tick_at(&fixture, start_ms + 11000);
    assert_non_null(strstr(fixture_at(&fixture, "j")->error.message, "running clock: 10.0 s"));
    assert_replays(&fixture);
}

static void the_total_clock_counts_from_the_start(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, PLAN("1", JOB));
    int64_t start_ms = fixture.now_ms;
    fixture.now_ms += 4000;
    fixture_running(&fixture, "j");
    fixture_tick_at(&fixture, start_ms + 12000);
    assert_non_null(strstr(fixture_at(&fixture, "j")->error.message, "total clock: 12.0 s"));
    assert_true(run_next_deadline_ms(&fixture.run) == INT64_MAX);
    assert_replays(&fixture);
}

static void work_that_ends_while_it_is_stopped_for_a_timeout_counts(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, PLAN("1", JOB));
    fixture_tick_at(&fixture, fixture.now_ms + 5000);
    fixture_end(&fixture, "j", OUTCOME_SUCCESS);
    fixture_assert_states(&fixture, "j=success");
    assert_int_equal(fixture.run.state, RUN_SUCCESS);
    assert_replays(&fixture);
}

static void end_not_stopped(struct fixture *fixture, const char *stage)
{
    struct error err;
    struct run_input input = {.kind = RUN_INPUT_OUTCOME,
                              .stage = fixture_stage(fixture, stage),
                              .try_number = fixture_at(fixture, stage)->try_number,
                              .outcome = OUTCOME_CANCELLED,
                              .error = &err};
    error_set(&err, ERROR_PERMANENT, RUN_CODE_NOT_STOPPED, "stop job: it may still be running");
    fixture_decide(fixture, &input);
}

/* A second job beside one that may be running would be paid for, too. */
static void a_timed_out_job_that_cannot_be_stopped_is_not_followed_by_another(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, PLAN("1", JOB));
    fixture_tick_at(&fixture, fixture.now_ms + 5000);
    end_not_stopped(&fixture, "j");
    fixture_assert_states(&fixture, "j=failed");
    const struct error *err = &fixture_at(&fixture, "j")->error;
    assert_string_equal(err->code, "timeout");
    assert_int_equal(err->error_class, ERROR_PERMANENT);
    assert_non_null(strstr(err->message, "stopped by the queued clock: 5.0 s"));
    assert_non_null(strstr(err->message, "; stop job: it may still be running"));
    assert_int_equal(fixture.run.state, RUN_FAILED);
    assert_int_equal(result_exit_code(&fixture), 1);
    assert_replays(&fixture);
}

static void a_stop_that_does_not_stop_the_work_says_so(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, PLAN("1", JOB));
    assert_true(fixture_command(&fixture, COMMAND_STOP, NULL));
    end_not_stopped(&fixture, "j");
    fixture_assert_states(&fixture, "j=cancelled");
    const struct error *err = &fixture_at(&fixture, "j")->error;
    assert_string_equal(err->code, RUN_CODE_NOT_STOPPED);
    assert_non_null(strstr(err->message, "may still be running"));
    assert_int_equal(fixture.run.state, RUN_CANCELLED);
    assert_int_equal(result_exit_code(&fixture), 1);
    assert_true(fixture_command(&fixture, COMMAND_RETRY, "j"));
    fixture_end(&fixture, "j", OUTCOME_SUCCESS);
    assert_int_equal(result_exit_code(&fixture), 0);
    assert_replays(&fixture);
}

static void time_never_goes_back_in_the_log(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, CHAIN);
    fixture.now_ms -= 3600000;
    fixture_end(&fixture, "a", OUTCOME_SUCCESS);
    assert_true(fixture.run.last_ts_ms == 1000000);
    assert_replays(&fixture);
}

static void a_retry_that_waits_for_a_slot_asks_for_no_clock(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, PLAN("1", A ",{\"name\":\"c\",\"kind\":\"work\"}"));
    fixture_fail(&fixture, "a", ERROR_TRANSIENT);
    fixture_assert_states(&fixture, "a=retrying c=running");
    assert_true(run_next_deadline_ms(&fixture.run) == INT64_MAX);
    fixture.now_ms += 5000;
    fixture_end(&fixture, "c", OUTCOME_SUCCESS);
    fixture_assert_effects(&fixture, "START a 2");
    assert_replays(&fixture);
}

/* ---- a new runner */

static void a_live_job_is_adopted_and_other_work_tried_again(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, PLAN("4", A "," JOB));
    fixture_hello(&fixture);
    fixture_give(&fixture, RUN_INPUT_ATTACH);
    fixture_assert_effects(&fixture, "ADOPT j 1, START a 2");
    assert_int_equal(fixture_at(&fixture, "a")->failures, 0);
    assert_replays(&fixture);
}

static void a_job_that_adoption_does_not_find_is_tried_again_for_free(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, PLAN("4", JOB));
    fixture_hello(&fixture);
    fixture_give(&fixture, RUN_INPUT_ATTACH);
    fixture_end(&fixture, "j", OUTCOME_INTERRUPTED);
    fixture_assert_effects(&fixture, "START j 2");
    assert_int_equal(fixture_at(&fixture, "j")->failures, 0);
    assert_replays(&fixture);
}

static void interruptions_without_a_takeover_use_up_the_retries(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, PLAN("4", JOB));
    fixture_end(&fixture, "j", OUTCOME_INTERRUPTED);
    fixture_assert_states(&fixture, "j=retrying");
    fixture_tick_at(&fixture, fixture.now_ms + 1000);
    fixture_end(&fixture, "j", OUTCOME_INTERRUPTED);
    fixture_assert_states(&fixture, "j=failed");
    assert_replays(&fixture);
}

static void attach_goes_on_stopping(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, PLAN("4", A "," JOB));
    assert_true(fixture_command(&fixture, COMMAND_STOP, NULL));
    fixture_hello(&fixture);
    fixture_give(&fixture, RUN_INPUT_ATTACH);
    fixture_assert_states(&fixture, "a=cancelled j=stopping");
    fixture_assert_effects(&fixture, "ADOPT j 1, CANCEL j 1");
    fixture_end(&fixture, "j", OUTCOME_CANCELLED);
    assert_int_equal(fixture.run.state, RUN_CANCELLED);
    assert_replays(&fixture);
}

static void attach_starts_a_run_that_never_started_and_leaves_one_at_rest(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, PLAN("1", A));
    fixture_give(&fixture, RUN_INPUT_ATTACH);
    fixture_assert_effects(&fixture, "START a 1");
    fixture_end(&fixture, "a", OUTCOME_SUCCESS);
    fixture_give(&fixture, RUN_INPUT_ATTACH);
    assert_int_equal(fixture.decision.events.count, 0);
    assert_replays(&fixture);
}

/* ---- commands */

static void stop_cancels_what_waits_and_waits_for_what_runs(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, CHAIN);
    assert_true(fixture_command(&fixture, COMMAND_STOP, NULL));
    fixture_assert_states(&fixture, "a=stopping b=cancelled g=cancelled");
    fixture_assert_effects(&fixture, "CANCEL a 1");
    assert_int_equal(fixture.run.state, RUN_STOPPING);
    assert_false(fixture_command(&fixture, COMMAND_STOP, NULL));
    assert_false(fixture_command(&fixture, COMMAND_RETRY, "b"));
    fixture_fail(&fixture, "a", ERROR_TRANSIENT);
    fixture_assert_states(&fixture, "a=cancelled b=cancelled g=cancelled");
    assert_int_equal(fixture.run.state, RUN_CANCELLED);
    assert_int_equal(result_exit_code(&fixture), 130);
    assert_false(fixture_command(&fixture, COMMAND_STOP, NULL));
    assert_replays(&fixture);
}

static void a_run_that_a_sigterm_stopped_says_143(void **state)
{
    (void)state;
    struct fixture fixture;
    struct command command = {.verb = COMMAND_STOP, .reason = RUN_REASON_SIGTERM};
    struct run_input input = {.kind = RUN_INPUT_COMMAND, .command = &command};
    started(&fixture, CHAIN);
    fixture_decide(&fixture, &input);
    fixture_end(&fixture, "a", OUTCOME_CANCELLED);
    assert_int_equal(fixture.run.state, RUN_CANCELLED);
    assert_int_equal(result_exit_code(&fixture), 143);
    assert_int_equal(run_exit_code(&fixture.run), 143);
    assert_true(fixture_command(&fixture, COMMAND_RERUN, "a"));
    assert_true(fixture_command(&fixture, COMMAND_STOP, NULL));
    fixture_end(&fixture, "a", OUTCOME_CANCELLED);
    assert_int_equal(result_exit_code(&fixture), 130);
    assert_replays(&fixture);
}

static void a_stopped_run_goes_on_by_rerun(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, CHAIN);
    fixture_command(&fixture, COMMAND_STOP, NULL);
    fixture_end(&fixture, "a", OUTCOME_CANCELLED);
    assert_true(fixture_command(&fixture, COMMAND_RERUN, "a"));
    fixture_assert_states(&fixture, "a=running b=waiting g=waiting");
    fixture_assert_effects(&fixture, "START a 2");
    assert_false(fixture.run.is_stop_wanted);
    assert_replays(&fixture);
}

static void retry_runs_one_stage_and_what_it_blocked(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, CHAIN);
    fixture_end(&fixture, "a", OUTCOME_SUCCESS);
    fixture_fail(&fixture, "b", ERROR_PERMANENT);
    bool will_run[3] = {false};
    struct error err = {0};
    struct command command = {.verb = COMMAND_RETRY, .stage = "b"};
    assert_true(run_plan_command(&fixture.run, &command, will_run, &err));
    assert_true(!will_run[0] && will_run[1] && will_run[2]);
    assert_true(fixture_command(&fixture, COMMAND_RETRY, "b"));
    assert_string_equal(json_text_or(fixture_latest(&fixture, EVENT_COMMAND)->body, "message", ""),
                        "will run: b, g");
    fixture_assert_states(&fixture, "a=success b=running g=waiting");
    fixture_assert_effects(&fixture, "START b 2");
    fixture_end(&fixture, "b", OUTCOME_SUCCESS);
    fixture_judge(&fixture, "g", true);
    assert_int_equal(fixture.run.state, RUN_SUCCESS);
    assert_int_equal(fixture_at(&fixture, "a")->try_number, 1);
    assert_replays(&fixture);
}

static void a_retry_by_command_has_its_retries_again(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, CHAIN);
    fixture_fail(&fixture, "a", ERROR_TRANSIENT);
    fixture_tick_at(&fixture, fixture.now_ms + 1000);
    fixture_fail(&fixture, "a", ERROR_TRANSIENT);
    assert_true(fixture_command(&fixture, COMMAND_RETRY, "a"));
    assert_int_equal(fixture_at(&fixture, "a")->try_number, 3);
    fixture_fail(&fixture, "a", ERROR_TRANSIENT);
    fixture_assert_states(&fixture, "a=retrying b=waiting g=waiting");
    assert_replays(&fixture);
}

static void refused(struct fixture *fixture, enum command_verb verb, const char *stage,
                    const char *why)
{
    size_t count = fixture->log.count;
    assert_false(fixture_command(fixture, verb, stage));
    assert_int_equal(fixture->log.count, count + 1);
    const char *message = json_text_or(fixture_latest(fixture, EVENT_COMMAND)->body, "message", "");
    if (strstr(message, why) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", message, why);
    }
}

static void refused_commands_say_why_and_change_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, CHAIN);
    refused(&fixture, COMMAND_RETRY, "a", "a is running");
    refused(&fixture, COMMAND_RETRY, "b", "b is waiting");
    refused(&fixture, COMMAND_RETRY, "aa", "no stage \"aa\"");
    refused(&fixture, COMMAND_RERUN, "a", "a is running");
    refused(&fixture, COMMAND_SKIP, "a", "a is running");
    refused(&fixture, COMMAND_SKIP, NULL, "no stage");
    fixture_end(&fixture, "a", OUTCOME_SUCCESS);
    refused(&fixture, COMMAND_SKIP, "a", "done already");
    refused(&fixture, COMMAND_RETRY, "a", "b works on what a gave");
    refused(&fixture, COMMAND_RERUN, "a", "b works on what a gave");
    fixture_fail(&fixture, "b", ERROR_PERMANENT);
    refused(&fixture, COMMAND_RETRY, "g", "g waits for b, which is failed");
    assert_replays(&fixture);
}

static void an_unknown_stage_gets_the_nearest_name(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, PLAN("1", "{\"name\":\"clean_rds\",\"kind\":\"work\"}"));
    refused(&fixture, COMMAND_RETRY, "clean_rsd", "did you mean \"clean_rds\"?");
    assert_replays(&fixture);
}

static void skip_needs_a_reason_and_lets_the_rest_go_on(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, CHAIN);
    fixture_fail(&fixture, "a", ERROR_PERMANENT);
    struct command command = {.verb = COMMAND_SKIP, .stage = "a", .reason = "  "};
    struct run_input input = {.kind = RUN_INPUT_COMMAND, .command = &command};
    fixture_decide(&fixture, &input);
    assert_int_equal(fixture_at(&fixture, "a")->state, STAGE_FAILED);
    assert_true(fixture_command(&fixture, COMMAND_SKIP, "a"));
    fixture_assert_states(&fixture, "a=skipped b=running g=waiting");
    refused(&fixture, COMMAND_SKIP, "a", "skipped already");
    fixture_end(&fixture, "b", OUTCOME_SUCCESS);
    fixture_judge(&fixture, "g", true);
    assert_int_equal(fixture.run.state, RUN_SUCCESS);
    assert_replays(&fixture);
}

static void a_skipped_gate_is_no_success(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, CHAIN);
    assert_true(fixture_command(&fixture, COMMAND_SKIP, "g"));
    fixture_end(&fixture, "a", OUTCOME_SUCCESS);
    fixture_end(&fixture, "b", OUTCOME_SUCCESS);
    fixture_assert_states(&fixture, "a=success b=success g=skipped");
    assert_int_equal(fixture.run.state, RUN_FAILED);
    assert_string_equal(result_text(&fixture, "verdict"), "none");
    assert_int_equal(result_exit_code(&fixture), 1);
    const char *reason =
        json_text_or(fixture_latest(&fixture, EVENT_RUN_STATE)->body, "reason", "");
    assert_string_equal(reason, "the gate g was skipped: there is no verdict");
    assert_replays(&fixture);
}

static void rerun_takes_all_that_follows(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, CHAIN);
    fixture_end(&fixture, "a", OUTCOME_SUCCESS);
    fixture_end(&fixture, "b", OUTCOME_SUCCESS);
    fixture_judge(&fixture, "g", true);
    assert_true(fixture_command(&fixture, COMMAND_RERUN, "b"));
    fixture_assert_states(&fixture, "a=success b=running g=waiting");
    assert_int_equal(fixture.run.verdict, VERDICT_NONE);
    fixture_end(&fixture, "b", OUTCOME_SUCCESS);
    fixture_judge(&fixture, "g", false);
    assert_int_equal(fixture.run.verdict, VERDICT_REJECTED);
    assert_int_equal(result_exit_code(&fixture), 3);
    assert_replays(&fixture);
}

static void a_passed_verdict_does_not_survive_a_retry_upstream(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, CHAIN);
    fixture_end(&fixture, "a", OUTCOME_SUCCESS);
    fixture_end(&fixture, "b", OUTCOME_SUCCESS);
    fixture_judge(&fixture, "g", true);
    assert_true(fixture_command(&fixture, COMMAND_RETRY, "b"));
    fixture_assert_states(&fixture, "a=success b=running g=success");
    assert_int_equal(fixture.run.verdict, VERDICT_NONE);
    fixture_end(&fixture, "b", OUTCOME_SUCCESS);
    assert_int_equal(fixture.run.state, RUN_FAILED);
    assert_string_equal(result_text(&fixture, "verdict"), "none");
    assert_int_equal(json_count(json_get(fixture_latest(&fixture, EVENT_RESULT)->body, "metrics")),
                     0);
    assert_int_equal(result_exit_code(&fixture), 1);
    assert_true(fixture_command(&fixture, COMMAND_RETRY, "g"));
    fixture_judge(&fixture, "g", true);
    assert_int_equal(fixture.run.state, RUN_SUCCESS);
    assert_replays(&fixture);
}

static void a_follower_that_retries_waits_for_a_rerun_upstream(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, PLAN("4", A ",{\"name\":\"b\",\"kind\":\"work\",\"retries\":1,\"after\":"
                                  "[\"a\"]}"));
    fixture_end(&fixture, "a", OUTCOME_SUCCESS);
    fixture_fail(&fixture, "b", ERROR_TRANSIENT);
    assert_true(fixture_command(&fixture, COMMAND_RETRY, "a"));
    fixture_assert_states(&fixture, "a=running b=retrying");
    assert_true(run_next_deadline_ms(&fixture.run) == INT64_MAX);
    fixture_tick_at(&fixture, fixture.now_ms + 60000);
    fixture_assert_states(&fixture, "a=running b=retrying");
    fixture_fail(&fixture, "a", ERROR_PERMANENT);
    fixture_assert_states(&fixture, "a=failed b=blocked");
    assert_replays(&fixture);
}

/* ---- damaged logs */

static void apply_refuses(struct fixture *fixture, enum event_type type, const char *body,
                          const char *why)
{
    struct error err = {0};
    struct event event = {.seq = fixture->run.last_seq + 1,
                          .ts_ms = fixture->run.last_ts_ms,
                          .type = type,
                          .body = json_parse(str_from(body), &err)};
    int64_t last_seq = fixture->run.last_seq;
    assert_non_null(event.body);
    assert_false(run_apply(&fixture->run, &event, &err));
    assert_string_equal(err.code, "damaged_log");
    if (strstr(err.message, why) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.message, why);
    }
    assert_int_equal(fixture->run.last_seq, last_seq);
    event_done(&event);
}

static void events_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    started(&fixture, CHAIN);
    apply_refuses(&fixture, EVENT_STAGE_STATE, "{\"stage\":\"x\"}", "no stage");
    apply_refuses(&fixture, EVENT_STAGE_STATE, "{\"stage\":\"a\",\"try\":\"1\"}", "try");
    apply_refuses(&fixture, EVENT_STAGE_STATE,
                  "{\"stage\":\"a\",\"try\":1,\"from\":\"running\",\"to\":\"waiting\"}",
                  "no stage moves");
    apply_refuses(&fixture, EVENT_STAGE_STATE,
                  "{\"stage\":\"a\",\"try\":1,\"from\":\"queued\",\"to\":\"running\"}",
                  "another state");
    apply_refuses(&fixture, EVENT_STAGE_STATE,
                  "{\"stage\":\"a\",\"try\":2,\"from\":\"running\",\"to\":\"success\"}",
                  "the next");
    apply_refuses(&fixture, EVENT_STAGE_STATE,
                  "{\"stage\":\"a\",\"try\":1,\"from\":\"running\",\"to\":\"rejected\"}",
                  "verdict");
    apply_refuses(
        &fixture, EVENT_STAGE_STATE,
        "{\"stage\":\"a\",\"try\":1,\"from\":\"running\",\"to\":\"success\",\"outputs\":3}",
        "outputs");
    apply_refuses(&fixture, EVENT_STAGE_STATE,
                  "{\"stage\":\"b\",\"try\":1,\"from\":\"waiting\",\"to\":\"running\"}", "intent");
    apply_refuses(&fixture, EVENT_RUN_STATE, "{\"from\":\"created\",\"to\":\"running\"}",
                  "another state");
    apply_refuses(&fixture, EVENT_RUN_STATE, "{\"from\":\"running\",\"to\":\"created\"}",
                  "no run moves");
    apply_refuses(&fixture, EVENT_RUN_STATE, "{}", "states of a run");
    apply_refuses(&fixture, EVENT_RUN_STATE, "{\"from\":\"running\",\"to\":\"success\"}",
                  "before its stages");
    apply_refuses(&fixture, EVENT_STAGE_STATE,
                  "{\"stage\":\"b\",\"try\":1,\"from\":\"waiting\",\"to\":\"running\","
                  "\"intent\":\"x\"}",
                  "before its upstream");
    apply_refuses(&fixture, EVENT_EVALUATION,
                  "{\"stage\":\"a\",\"try\":1,\"gate\":{\"verdict\":\"passed\"}}", "live try");
    assert_replays(&fixture);
}

static void gaps_and_backward_time_are_damage(void **state)
{
    (void)state;
    struct fixture fixture;
    struct error err = {0};
    started(&fixture, CHAIN);
    struct event event = {.seq = fixture.run.last_seq + 2,
                          .ts_ms = fixture.run.last_ts_ms,
                          .type = EVENT_RESULT,
                          .body = json_object()};
    assert_false(run_apply(&fixture.run, &event, &err));
    event.seq = fixture.run.last_seq + 1;
    event.ts_ms--;
    assert_false(run_apply(&fixture.run, &event, &err));
    event.ts_ms++;
    assert_true(run_apply(&fixture.run, &event, &err));
    event_done(&event);
    fixture_done(&fixture);
}

static void the_first_event_must_be_a_hello(void **state)
{
    (void)state;
    struct run run;
    struct error err = {0};
    run_init(&run, "r");
    struct event event = {.seq = 1, .type = EVENT_RUN_STATE, .body = json_object()};
    assert_false(run_apply(&run, &event, &err));
    event.type = EVENT_HELLO;
    assert_false(run_apply(&run, &event, &err));
    assert_true(run_next_deadline_ms(&run) == INT64_MAX);
    event_done(&event);
    run_done(&run);
}

/* ---- size */

static int64_t cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void a_long_chain_costs_little_an_event(void **state)
{
    (void)state;
    enum { STAGES = 400, LIMIT_US = 1000 }; /* the budget is 50 us; sanitizers and load take more */
    struct fixture fixture;
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_append_text(&text, "{\"pipeline\":\"p\",\"stages\":[{\"name\":\"s0\",\"kind\":\"work\"}");
    for (int i = 1; i < STAGES; i++) {
        buf_printf(&text, ",{\"name\":\"s%d\",\"kind\":\"work\",\"after\":[\"s%d\"]}", i, i - 1);
    }
    buf_append_text(&text, "]}");
    started(&fixture, buf_text(&text));
    int64_t start_us = cpu_us();
    for (int i = 0; i < STAGES; i++) {
        fixture_end(&fixture, fixture.run.dag->stages[i].name, OUTCOME_SUCCESS);
    }
    int64_t each_us = (cpu_us() - start_us) / STAGES;
    assert_int_equal(fixture.run.state, RUN_SUCCESS);
    print_message("decide and apply in a chain of %d: %lld us a stage\n", STAGES,
                  (long long)each_us);
    assert_true(each_us < LIMIT_US);
    buf_done(&text);
    assert_replays(&fixture);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_runs_stage_by_stage_to_a_passed_verdict),
        cmocka_unit_test(independent_stages_run_together_up_to_the_limit),
        cmocka_unit_test(without_a_gate_a_run_succeeds_with_no_verdict),
        cmocka_unit_test(missing_or_refused_credentials_have_an_exit_code_of_their_own),
        cmocka_unit_test(what_stops_a_run_for_now_only_has_an_exit_code_of_its_own),
        cmocka_unit_test(another_failure_beside_it_is_the_one_that_counts),
        cmocka_unit_test(a_rejected_model_is_not_tried_again_because_a_service_was_busy),
        cmocka_unit_test(a_run_of_an_older_store_keeps_the_code_it_ended_with),
        cmocka_unit_test(a_transient_failure_is_retried_after_its_backoff),
        cmocka_unit_test(only_transient_failures_are_retried),
        cmocka_unit_test(other_branches_go_on_after_a_failure),
        cmocka_unit_test(a_rejected_model_ends_the_run_with_code_3),
        cmocka_unit_test(a_gate_without_verdict_never_passes),
        cmocka_unit_test(work_stopped_from_outside_is_cancelled),
        cmocka_unit_test(late_outcomes_decide_nothing),
        cmocka_unit_test(a_job_that_stays_queued_is_stopped_and_retried),
        cmocka_unit_test(the_running_clock_starts_with_running),
        cmocka_unit_test(the_total_clock_counts_from_the_start),
        cmocka_unit_test(work_that_ends_while_it_is_stopped_for_a_timeout_counts),
        cmocka_unit_test(a_timed_out_job_that_cannot_be_stopped_is_not_followed_by_another),
        cmocka_unit_test(a_stop_that_does_not_stop_the_work_says_so),
        cmocka_unit_test(time_never_goes_back_in_the_log),
        cmocka_unit_test(a_retry_that_waits_for_a_slot_asks_for_no_clock),
        cmocka_unit_test(a_live_job_is_adopted_and_other_work_tried_again),
        cmocka_unit_test(a_job_that_adoption_does_not_find_is_tried_again_for_free),
        cmocka_unit_test(interruptions_without_a_takeover_use_up_the_retries),
        cmocka_unit_test(attach_goes_on_stopping),
        cmocka_unit_test(attach_starts_a_run_that_never_started_and_leaves_one_at_rest),
        cmocka_unit_test(stop_cancels_what_waits_and_waits_for_what_runs),
        cmocka_unit_test(a_run_that_a_sigterm_stopped_says_143),
        cmocka_unit_test(a_stopped_run_goes_on_by_rerun),
        cmocka_unit_test(retry_runs_one_stage_and_what_it_blocked),
        cmocka_unit_test(a_retry_by_command_has_its_retries_again),
        cmocka_unit_test(refused_commands_say_why_and_change_nothing),
        cmocka_unit_test(an_unknown_stage_gets_the_nearest_name),
        cmocka_unit_test(skip_needs_a_reason_and_lets_the_rest_go_on),
        cmocka_unit_test(a_skipped_gate_is_no_success),
        cmocka_unit_test(rerun_takes_all_that_follows),
        cmocka_unit_test(a_passed_verdict_does_not_survive_a_retry_upstream),
        cmocka_unit_test(a_follower_that_retries_waits_for_a_rerun_upstream),
        cmocka_unit_test(events_that_do_not_fit_are_refused),
        cmocka_unit_test(gaps_and_backward_time_are_damage),
        cmocka_unit_test(the_first_event_must_be_a_hello),
        cmocka_unit_test(a_long_chain_costs_little_an_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
