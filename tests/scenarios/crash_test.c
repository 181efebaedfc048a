/* The runner dies at every event and every effect of a run; whoever takes over brings it to the
 * end it would have had, with each remote job submitted once. And a store that cannot be written,
 * at every write. */
#include "core/base/random.h"
#include "tests/support/cmocka.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/failing_disk.h"
#include "tests/support/store_fixture.h"

#include <stdlib.h>
#include <string.h>

#define DAG                                                                                        \
    "{\"pipeline\":\"credit\",\"max_parallel\":2,\"stages\":["                                     \
    "{\"name\":\"a\",\"kind\":\"work\",\"retries\":1,\"retry_delay_ms\":1000},"                    \
    "{\"name\":\"b\",\"kind\":\"work\",\"retries\":1,\"retry_delay_ms\":1000},"                    \
    "{\"name\":\"t\",\"kind\":\"job\",\"after\":[\"a\",\"b\"],\"retries\":1,"                      \
    "\"retry_delay_ms\":1000,\"running_timeout_ms\":5000},"                                        \
    "{\"name\":\"g\",\"kind\":\"gate\",\"after\":[\"t\"]}]}"

static struct engine_fixture fixture;

struct ending { /* of a run that nobody disturbed */
    enum run_state state;
    enum verdict verdict;
    int exit_code, points;
};

static struct ending run_undisturbed(const struct script *scripts)
{
    engine_fixture_init(&fixture, scripts);
    engine_fixture_create(&fixture, DAG);
    engine_fixture_drive(&fixture);
    engine_fixture_check_rest(&fixture);
    const struct run *run = engine_run(fixture.engine);
    struct ending ending = {run->state, run->verdict, fixture.exit_code, fixture.points};
    engine_fixture_done(&fixture);
    return ending;
}

/* Each live job is the work of a stage's latest try. */
static void check_one_job_a_try(void)
{
    const struct run *run = engine_run(fixture.engine);
    int tries = 0;
    for (size_t i = 0; i < run->dag->count; i++) {
        if (strcmp(run->dag->stages[i].kind, "job") == 0) {
            tries += run->stages[i].try_number;
        }
    }
    assert_true((int)fixture.job_count <= tries);
}

static void crash_everywhere(const struct script *scripts)
{
    struct ending ending = run_undisturbed(scripts);
    for (int at = 1; at <= ending.points; at++) {
        engine_fixture_init(&fixture, scripts);
        fixture.crash_at = at;
        engine_fixture_create(&fixture, DAG);
        engine_fixture_drive_to_rest(&fixture);
        assert_true(fixture.points > at || at == ending.points);
        assert_int_equal(engine_run(fixture.engine)->state, ending.state);
        assert_int_equal(engine_run(fixture.engine)->verdict, ending.verdict);
        assert_int_equal(fixture.exit_code, ending.exit_code);
        check_one_job_a_try();
        engine_fixture_check_rest(&fixture);
        engine_fixture_done(&fixture);
    }
}

static void a_good_run_survives_a_crash_anywhere(void **state)
{
    (void)state;
    crash_everywhere(NULL);
}

static void a_rejected_run_survives_a_crash_anywhere(void **state)
{
    static const struct script scripts[] = {{"g", 0, REJECT}, {0}};
    (void)state;
    crash_everywhere(scripts);
}

static void a_failing_run_survives_a_crash_anywhere(void **state)
{
    static const struct script scripts[] = {{"b", 0, FAIL_PERMANENT}, {"a", 0, CHATTER}, {0}};
    (void)state;
    crash_everywhere(scripts);
}

/* Whether the retry or the timeout is used up before the crash decides the end: only legality is
 * compared. */
static void retries_and_timeouts_survive_a_crash_anywhere(void **state)
{
    static const struct script scripts[] = {{"a", 1, FAIL_TRANSIENT}, {"t", 1, HANG}, {0}};
    (void)state;
    struct ending ending = run_undisturbed(scripts);
    assert_int_equal(ending.exit_code, 0);
    for (int at = 1; at <= ending.points; at++) {
        engine_fixture_init(&fixture, scripts);
        fixture.crash_at = at;
        engine_fixture_create(&fixture, DAG);
        engine_fixture_drive_to_rest(&fixture);
        assert_int_equal(fixture.exit_code, 0);
        check_one_job_a_try();
        engine_fixture_check_rest(&fixture);
        engine_fixture_done(&fixture);
    }
}

static void dying_again_and_again_still_gets_there(void **state)
{
    (void)state;
    engine_fixture_init(&fixture, NULL);
    engine_fixture_create(&fixture, DAG);
    for (int lives = 0; lives < 200 && fixture.rests == 0; lives++) {
        fixture.crash_at = fixture.points + 8; /* hello, two lost tries started anew, and a bit */
        engine_fixture_drive(&fixture);
        if (fixture.rests > 0) {
            break;
        }
        engine_fixture_drop(&fixture);
        engine_fixture_resume(&fixture);
    }
    assert_int_equal(fixture.exit_code, 0);
    engine_fixture_check_rest(&fixture);
    engine_fixture_done(&fixture);
}

/* ---- the store's troubles */
static void trouble_everywhere(enum failing_disk_way way, int times, bool may_hand_over)
{
    bool was_reached = true;
    for (int call = 1; was_reached; call++) {
        failing_disk_install();
        engine_fixture_init(&fixture, NULL);
        engine_fixture_create(&fixture, DAG);
        failing_disk_arm(way, call, times);
        engine_fixture_drive(&fixture);
        was_reached = failing_disk_calls() >= call;
        failing_disk_arm(way, 0, 0);
        if (fixture.handovers > 0) {
            assert_true(may_hand_over);
            assert_true(fixture.has_handover_error);
            assert_int_equal(fixture.handover_error.error_class, ERROR_TRANSIENT);
            assert_int_equal(fixture.live_count, 0);
        }
        engine_fixture_drive_to_rest(&fixture);
        assert_int_equal(fixture.exit_code, 0);
        check_one_job_a_try();
        engine_fixture_check_rest(&fixture);
        engine_fixture_done(&fixture);
        failing_disk_remove();
    }
}

static void a_disk_that_is_full_for_a_moment_delays_the_run(void **state)
{
    (void)state;
    trouble_everywhere(DISK_FULL, 1, false);
    trouble_everywhere(DISK_FULL, 3, false);
}

static void a_failing_sync_delays_the_run(void **state)
{
    (void)state;
    trouble_everywhere(DISK_SYNC_ERROR, 1, false);
}

static void a_disk_that_stays_full_hands_the_run_over(void **state)
{
    (void)state;
    trouble_everywhere(DISK_FULL, 1000000, true);
}

static void a_broken_disk_hands_the_run_over(void **state)
{
    (void)state;
    trouble_everywhere(DISK_IO_ERROR, 1000000, true);
}

/* ---- chance */
enum { SIMULATIONS = 150, DISTURBANCES = 12 };

static void choose_scripts(struct random *random, struct script *scripts)
{
    static const char *const stages[] = {"a", "b", "t", "g"};
    static const enum behaviour behaviours[] = {SUCCEED, FAIL_TRANSIENT, FAIL_PERMANENT,
                                                HANG,    INTERRUPT,      CHATTER};
    size_t count = 0;
    for (size_t i = 0; i < 4; i++) {
        enum behaviour behaviour = behaviours[random_below(random, 6)];
        if (stages[i][0] == 'g') {
            behaviour = random_below(random, 3) == 0 ? REJECT : SUCCEED;
        } else if (behaviour == HANG && stages[i][0] != 't') {
            behaviour = SUCCEED; /* only t has a timeout */
        }
        scripts[count++] = (struct script){stages[i], 1 + (int)random_below(random, 2), behaviour};
    }
    scripts[count] = (struct script){0};
}

static void disturb(struct random *random)
{
    static const char *const stages[] = {"a", "b", "t", "g", "x"};
    const char *stage = stages[random_below(random, 5)];
    switch (random_below(random, 6)) {
    case 0:
        engine_fixture_store_command(&fixture, COMMAND_RETRY, stage);
        break;
    case 1:
        engine_fixture_store_command(&fixture, COMMAND_SKIP, stage);
        break;
    case 2:
        engine_fixture_store_command(&fixture, COMMAND_RERUN, stage);
        break;
    case 3:
        engine_fixture_store_command(&fixture, COMMAND_STOP, NULL);
        break;
    case 4:
        engine_stop_now(fixture.engine);
        break;
    default:
        clock_manual_advance(&fixture.clock, (int64_t)random_below(random, 3000));
        fixture.clock.wall_ms -= (int64_t)random_below(random, 5000);
        break;
    }
}

static void simulate(uint64_t seed)
{
    struct random random = {seed};
    struct script scripts[8];
    choose_scripts(&random, scripts);
    engine_fixture_init(&fixture, scripts);
    engine_fixture_create(&fixture, DAG);
    for (int i = 0; i < DISTURBANCES; i++) {
        fixture.crash_at = fixture.points + 1 + (int)random_below(&random, 12);
        engine_fixture_settle(&fixture);
        if (fixture.is_dead || fixture.rests > 0 || fixture.handovers > 0) {
            engine_fixture_drop(&fixture);
            engine_fixture_resume(&fixture);
        }
        disturb(&random);
    }
    fixture.crash_at = 0;
    engine_fixture_drive_to_rest(&fixture);
    check_one_job_a_try();
    engine_fixture_check_rest(&fixture);
    engine_fixture_done(&fixture);
}

static void whatever_happens_the_run_ends_legally(void **state)
{
    (void)state;
    const char *wanted = getenv("GATEHOUSE_SIMULATIONS"); /* more, when somebody has the time */
    uint64_t count = SIMULATIONS;
    str_to_u64(str_from(wanted), &count);
    for (uint64_t seed = 1; seed <= count; seed++) {
        simulate(seed);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_run_survives_a_crash_anywhere),
        cmocka_unit_test(a_rejected_run_survives_a_crash_anywhere),
        cmocka_unit_test(a_failing_run_survives_a_crash_anywhere),
        cmocka_unit_test(retries_and_timeouts_survive_a_crash_anywhere),
        cmocka_unit_test(dying_again_and_again_still_gets_there),
        cmocka_unit_test(a_disk_that_is_full_for_a_moment_delays_the_run),
        cmocka_unit_test(a_failing_sync_delays_the_run),
        cmocka_unit_test(a_disk_that_stays_full_hands_the_run_over),
        cmocka_unit_test(a_broken_disk_hands_the_run_over),
        cmocka_unit_test(whatever_happens_the_run_ends_legally),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
