/* The engine from input to rest: order, parallel stages, retries, timeouts, gates, commands. */
#include "core/base/file.h"
#include "tests/support/cmocka.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/folder.h"
#include "tests/support/store_fixture.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN                                                                                      \
    "{\"pipeline\":\"credit\",\"max_parallel\":4,\"stages\":["                                     \
    "{\"name\":\"a\",\"kind\":\"work\",\"retries\":1,\"retry_delay_ms\":1000},"                    \
    "{\"name\":\"b\",\"kind\":\"job\",\"after\":[\"a\"],\"retries\":1,\"retry_delay_ms\":1000,"    \
    "\"running_timeout_ms\":10000,\"parameters\":{\"from\":\"{{ stages.a.outputs.value }}\","      \
    "\"try\":\"{{ stage.intent }}\"}},"                                                            \
    "{\"name\":\"c\",\"kind\":\"gate\",\"after\":[\"b\"]}]}"
#define PARALLEL                                                                                   \
    "{\"pipeline\":\"wide\",\"max_parallel\":2,\"stages\":["                                       \
    "{\"name\":\"a\",\"kind\":\"work\"},{\"name\":\"b\",\"kind\":\"work\"},"                       \
    "{\"name\":\"c\",\"kind\":\"work\"},{\"name\":\"d\",\"kind\":\"work\","                        \
    "\"after\":[\"a\",\"b\",\"c\"]}]}"

static struct engine_fixture fixture;

static void begin(const struct script *scripts, const char *dag)
{
    engine_fixture_init(&fixture, scripts);
    engine_fixture_create(&fixture, dag);
}

static int tear_down(void **state)
{
    (void)state;
    engine_fixture_done(&fixture);
    return 0;
}

static void rest_with(int exit_code, const char *states)
{
    engine_fixture_drive(&fixture);
    assert_int_equal(fixture.rests, 1);
    assert_int_equal(fixture.exit_code, exit_code);
    engine_fixture_assert_states(&fixture, states);
    engine_fixture_check_rest(&fixture);
}

static void a_chain_runs_in_order_and_passes_outputs_on(void **state)
{
    (void)state;
    begin(NULL, CHAIN);
    engine_fixture_settle(&fixture);
    rest_with(0, "a=success/1 b=success/1 c=success/1");
    assert_int_equal(fixture.live_max, 1);
    assert_int_equal(fixture.job_count, 1);
    assert_int_equal(engine_run(fixture.engine)->verdict, VERDICT_PASSED);
    assert_true(store_fixture_find(fixture.store, "latest").accuracy == 0.82);
}

static void parameters_are_resolved_when_a_try_starts(void **state)
{
    static const struct script scripts[] = {{"b", 0, HANG}, {0}};
    (void)state;
    begin(scripts, CHAIN);
    engine_fixture_settle(&fixture);
    assert_int_equal(json_int_or(fixture.last_parameters, "from", 0), 1);
    assert_string_equal(json_text_or(fixture.last_parameters, "try", ""), fixture.jobs[0]);
    engine_fixture_command(&fixture, COMMAND_STOP, NULL);
    rest_with(130, "a=success/1 b=cancelled/1 c=cancelled/0");
}

static void parameters_that_cannot_be_resolved_fail_the_stage(void **state)
{
    (void)state;
    begin(NULL, "{\"pipeline\":\"x\",\"max_parallel\":1,\"stages\":["
                "{\"name\":\"a\",\"kind\":\"work\"},"
                "{\"name\":\"b\",\"kind\":\"work\",\"retries\":3,\"after\":[\"a\"],\"parameters\":"
                "{\"x\":\"{{ stages.a.outputs.nothing }}\"}}]}");
    rest_with(1, "a=success/1 b=failed/1");
    assert_int_equal(fixture.started, 1);
    assert_non_null(strstr(engine_run(fixture.engine)->stages[1].error.message, "nothing"));
}

static void independent_stages_run_together_up_to_the_limit(void **state)
{
    (void)state;
    begin(NULL, PARALLEL);
    rest_with(0, "a=success/1 b=success/1 c=success/1 d=success/1");
    assert_int_equal(fixture.live_max, 2);
}

static void a_transient_failure_is_tried_again_after_a_while(void **state)
{
    static const struct script scripts[] = {{"a", 1, FAIL_TRANSIENT}, {0}};
    (void)state;
    begin(scripts, CHAIN);
    engine_fixture_settle(&fixture);
    assert_int_equal(engine_run(fixture.engine)->stages[0].state, STAGE_RETRYING);
    assert_int_equal(fixture.started, 1);
    rest_with(0, "a=success/2 b=success/1 c=success/1");
}

static void permanent_failures_and_used_up_retries_end_the_run(void **state)
{
    static const struct script permanent[] = {{"a", 0, FAIL_PERMANENT}, {0}};
    static const struct script transient[] = {{"a", 0, FAIL_TRANSIENT}, {0}};
    (void)state;
    begin(permanent, CHAIN);
    rest_with(1, "a=failed/1 b=blocked/0 c=blocked/0");
    engine_fixture_done(&fixture);
    begin(transient, CHAIN);
    rest_with(1, "a=failed/2 b=blocked/0 c=blocked/0");
}

static void a_timeout_stops_the_work_and_waits_for_it(void **state)
{
    static const struct script scripts[] = {{"b", 1, HANG}, {0}};
    (void)state;
    begin(scripts, CHAIN);
    engine_fixture_settle(&fixture);
    engine_fixture_advance(&fixture, 9999);
    assert_int_equal(fixture.cancelled, 0);
    engine_fixture_advance(&fixture, 1);
    assert_int_equal(fixture.cancelled, 1);
    assert_true(fixture.job_ended[0]);
    rest_with(0, "a=success/1 b=success/2 c=success/1");
    assert_int_equal(fixture.job_count, 2);
}

static void a_rejected_model_ends_with_its_own_exit_code(void **state)
{
    static const struct script scripts[] = {{"c", 0, REJECT}, {0}};
    (void)state;
    begin(scripts, CHAIN);
    rest_with(3, "a=success/1 b=success/1 c=rejected/1");
}

static void a_stop_cancels_what_is_alive(void **state)
{
    static const struct script scripts[] = {{"b", 0, HANG}, {0}};
    (void)state;
    begin(scripts, CHAIN);
    engine_fixture_settle(&fixture);
    engine_fixture_store_command(&fixture, COMMAND_STOP, NULL);
    engine_fixture_settle(&fixture); /* no time passes: the file watch tells */
    assert_int_equal(fixture.cancelled, 1);
    rest_with(130, "a=success/1 b=cancelled/1 c=cancelled/0");
    assert_int_equal(fixture.cancelled, 1);
    assert_int_equal(engine_fixture_count(&fixture, EVENT_COMMAND), 1);
}

static void commands_of_a_console_are_answered_once(void **state)
{
    static const struct script scripts[] = {{"a", 0, FAIL_PERMANENT}, {0}};
    (void)state;
    begin(scripts, CHAIN);
    rest_with(1, "a=failed/1 b=blocked/0 c=blocked/0");
    engine_fixture_drop(&fixture);
    engine_fixture_store_command(&fixture, COMMAND_SKIP, "a");
    engine_fixture_store_command(&fixture, COMMAND_RETRY, "nonsense");
    engine_fixture_resume(&fixture);
    rest_with(1, "a=skipped/1 b=failed/1 c=blocked/0"); /* b needs what a did not give */
    assert_int_equal(engine_fixture_count(&fixture, EVENT_COMMAND), 2);
    engine_fixture_drop(&fixture);
    engine_fixture_resume(&fixture);
    rest_with(1, "a=skipped/1 b=failed/1 c=blocked/0");
    assert_int_equal(engine_fixture_count(&fixture, EVENT_COMMAND), 2);
}

static void a_stage_is_run_again_after_the_end(void **state)
{
    static const struct script scripts[] = {{"b", 1, FAIL_PERMANENT}, {"b", 2, SUCCEED}, {0}};
    (void)state;
    begin(scripts, CHAIN);
    rest_with(1, "a=success/1 b=failed/1 c=blocked/0");
    engine_fixture_drop(&fixture);
    engine_fixture_store_command(&fixture, COMMAND_RETRY, "b");
    engine_fixture_resume(&fixture);
    rest_with(0, "a=success/1 b=success/2 c=success/1");
    engine_fixture_drop(&fixture);
    engine_fixture_store_command(&fixture, COMMAND_RERUN, "a");
    engine_fixture_resume(&fixture);
    rest_with(0, "a=success/2 b=success/3 c=success/2");
}

static void rerun_once(struct engine_fixture *heard, const struct event *event)
{
    if (event->type != EVENT_RESULT) {
        return;
    }
    heard->on_event = NULL;
    engine_fixture_command(heard, COMMAND_RERUN, "c");
}

static void a_command_that_comes_with_the_last_event_is_not_lost(void **state)
{
    (void)state;
    begin(NULL, CHAIN);
    fixture.on_event = rerun_once;
    rest_with(0, "a=success/1 b=success/1 c=success/2");
    assert_int_equal(engine_fixture_count(&fixture, EVENT_RESULT), 2);
}

static void progress_is_gathered_and_its_end_is_not_lost(void **state)
{
    static const struct script scripts[] = {{"a", 0, CHATTER}, {0}};
    struct error err = {0};
    struct event_list list = {0};
    (void)state;
    begin(scripts, CHAIN);
    rest_with(0, "a=success/1 b=success/1 c=success/1");
    assert_int_equal(engine_fixture_count(&fixture, EVENT_STAGE_PROGRESS), 1);
    assert_true(
        store_read_events(fixture.store, engine_run(fixture.engine)->id, 0, 1000, &list, &err));
    for (size_t i = 0; i < list.count; i++) {
        const struct event *event = &list.items[i];
        if (event->type != EVENT_STAGE_PROGRESS) {
            continue;
        }
        assert_int_equal(json_count(json_get(event->body, "rounds")), 1000);
        assert_int_equal(json_int_or(event->body, "done", 0), 1000);
        assert_string_equal(json_text_or(json_get(event->body, "job"), "name", ""), "the-job");
        assert_string_equal(json_text_or(event->body, "stage", ""), "a");
        assert_int_equal(list.items[i + 1].type,
                         EVENT_STAGE_STATE); /* before the end it belongs to */
    }
    event_list_done(&list);
}

static void log_lines_are_printable_and_kept_in_a_file(void **state)
{
    static const struct script scripts[] = {{"a", 0, CHATTER}, {0}};
    (void)state;
    begin(scripts, CHAIN);
    rest_with(0, "a=success/1 b=success/1 c=success/1");
    assert_string_equal(buf_text(&fixture.log), "a.1 out line \xef\xbf\xbd[31mred end\n");
    char *log = test_file_read(engine_run_folder(fixture.engine), "logs/a.1.log");
    assert_string_equal(log, "2026-11-22T15:39:28.123Z out line \xef\xbf\xbd[31mred end\n");
    free(log);
}

static void letting_go_kills_what_is_here_and_can_be_resumed(void **state)
{
    static const struct script scripts[] = {{"b", 1, HANG}, {0}};
    (void)state;
    begin(scripts, CHAIN);
    engine_fixture_settle(&fixture);
    engine_stop_now(fixture.engine);
    engine_stop_now(fixture.engine);
    engine_fixture_drive(&fixture);
    assert_int_equal(fixture.handovers, 1);
    assert_false(fixture.has_handover_error);
    assert_int_equal(fixture.killed, 1);
    assert_int_equal(fixture.live_count, 0);
    assert_false(fixture.job_ended[0]); /* remote work goes on */
    engine_fixture_drop(&fixture);
    fixture.scripts = NULL;
    engine_fixture_resume(&fixture);
    rest_with(0, "a=success/1 b=success/1 c=success/1");
    assert_int_equal(fixture.adopted, 1);
    assert_int_equal(fixture.job_count, 1);
}

static void a_second_runner_is_refused(void **state)
{
    static const struct script scripts[] = {{"b", 1, HANG}, {0}};
    struct error err = {0};
    (void)state;
    begin(scripts, CHAIN);
    engine_fixture_settle(&fixture);
    int64_t seq = engine_run(fixture.engine)->last_seq;
    struct engine_spec spec = {.loop = fixture.loop,
                               .clock = &fixture.clock.clock,
                               .store = fixture.store,
                               .state_folder = fixture.folder,
                               .attempts = &attempt_real_ops};
    struct engine *second = engine_new(&spec);
    struct json *hello = json_object();
    assert_false(engine_open_run(second, "latest", hello, &err));
    assert_string_equal(err.code, "run_owned");
    assert_int_equal(err.error_class, ERROR_TRANSIENT);
    assert_false(engine_open_run(second, "20990101", hello, &err));
    assert_string_equal(err.code, "not_found");
    json_free(hello);
    engine_free(second);
    assert_int_equal(store_fixture_check_seq(fixture.store, engine_run(fixture.engine)->id), seq);
    engine_fixture_command(&fixture, COMMAND_STOP, NULL);
    rest_with(130, "a=success/1 b=cancelled/1 c=cancelled/0");
}

static void time_goes_on_when_the_wall_clock_was_set_back(void **state)
{
    static const struct script scripts[] = {{"b", 1, HANG}, {0}};
    (void)state;
    begin(scripts, CHAIN);
    engine_fixture_settle(&fixture);
    engine_stop_now(fixture.engine);
    engine_fixture_drive(&fixture);
    engine_fixture_drop(&fixture);
    fixture.clock.wall_ms -= 86400000;
    engine_fixture_resume(&fixture);
    engine_fixture_settle(&fixture);
    engine_fixture_advance(&fixture, 10000); /* the timeout still works */
    assert_int_equal(fixture.cancelled, 1);
    rest_with(0, "a=success/1 b=success/2 c=success/1");
}

static sqlite3 *open_beside(void)
{
    sqlite3 *db = NULL;
    char *path = file_join(fixture.folder, "runs.db");
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    free(path);
    return db;
}

static void a_locked_store_delays_the_run_and_nothing_starts_meanwhile(void **state)
{
    (void)state;
    begin(NULL, CHAIN);
    sqlite3 *other = open_beside();
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    engine_fixture_settle(&fixture);
    engine_fixture_advance(&fixture, 2000);
    assert_int_equal(fixture.started, 0);
    assert_int_equal(fixture.notices, 1);
    assert_string_equal(fixture.last_notice.code, "store_locked");
    sqlite3_close(other);
    rest_with(0, "a=success/1 b=success/1 c=success/1");
}

static void a_store_that_lost_the_run_ends_the_runner_at_once(void **state)
{
    static const struct script scripts[] = {{"b", 1, HANG}, {0}};
    (void)state;
    begin(scripts, CHAIN);
    engine_fixture_settle(&fixture);
    sqlite3 *other = open_beside();
    assert_int_equal(sqlite3_exec(other, "DELETE FROM runs", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    engine_fixture_command(&fixture, COMMAND_STOP, NULL);
    engine_fixture_drive(&fixture);
    assert_int_equal(fixture.handovers, 1);
    assert_int_equal(fixture.handover_error.error_class, ERROR_PERMANENT);
    assert_int_equal(fixture.cancelled, 0); /* not durable, so not carried out */
    assert_int_equal(fixture.killed, 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
        TEST(a_chain_runs_in_order_and_passes_outputs_on),
        TEST(parameters_are_resolved_when_a_try_starts),
        TEST(parameters_that_cannot_be_resolved_fail_the_stage),
        TEST(independent_stages_run_together_up_to_the_limit),
        TEST(a_transient_failure_is_tried_again_after_a_while),
        TEST(permanent_failures_and_used_up_retries_end_the_run),
        TEST(a_timeout_stops_the_work_and_waits_for_it),
        TEST(a_rejected_model_ends_with_its_own_exit_code),
        TEST(a_stop_cancels_what_is_alive),
        TEST(commands_of_a_console_are_answered_once),
        TEST(a_stage_is_run_again_after_the_end),
        TEST(a_command_that_comes_with_the_last_event_is_not_lost),
        TEST(progress_is_gathered_and_its_end_is_not_lost),
        TEST(log_lines_are_printable_and_kept_in_a_file),
        TEST(letting_go_kills_what_is_here_and_can_be_resumed),
        TEST(a_second_runner_is_refused),
        TEST(a_locked_store_delays_the_run_and_nothing_starts_meanwhile),
        TEST(a_store_that_lost_the_run_ends_the_runner_at_once),
        TEST(time_goes_on_when_the_wall_clock_was_set_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
