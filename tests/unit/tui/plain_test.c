/* Plain mode: every action has a voice or a reason, what it says is whole and printable, and
 * nothing is done without a typed yes. */
#include "tui/plain_talk.h"

#include "core/base/alloc.h"
#include "tests/support/cmocka.h"
#include "tests/support/ui_fixture.h"
#include "tui/plain_words.h"

#include <stdlib.h>
#include <string.h>

enum { WIDTH = 80, TEXT_MAX = 1 << 20 };

struct scene {
    struct ui_fixture fixture;
    struct plain plain;
};

static int set_up(void **state)
{
    struct scene *scene = xcalloc(1, sizeof(*scene));
    ui_fixture_init(&scene->fixture);
    plain_init(&scene->plain, &scene->fixture.client, 0);
    scene->plain.ui.now_ms = scene->fixture.run.now_ms;
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    plain_done(&scene->plain);
    ui_fixture_done(&scene->fixture);
    free(scene);
    return 0;
}

/* All that was said since the last call; lines are at most 80 columns and hold no control byte. */
static const char *said(struct scene *scene, struct buf *out)
{
    buf_init(out, TEXT_MAX);
    buf_append_str(out, buf_str(&scene->plain.out));
    buf_reset(&scene->plain.out);
    struct str rest = buf_str(out);
    while (rest.len > 0) {
        struct str line = str_split(rest, '\n', &rest);
        if (line.len > WIDTH) {
            fail_msg("a line of %zu bytes: %.*s", line.len, STR_ARG(line));
        }
        for (size_t i = 0; i < line.len; i++) {
            assert_true((unsigned char)line.ptr[i] >= ' ' && line.ptr[i] != 0x7f);
        }
    }
    return buf_text(out);
}

static void assert_says(struct scene *scene, const char *line, const char *expected)
{
    struct buf out;
    plain_line(&scene->plain, str_from(line));
    scene->plain.ui.now_ms = scene->fixture.run.now_ms; /* not that of the system */
    if (strstr(said(scene, &out), expected) == NULL) {
        fail_msg("\"%s\": no \"%s\" in:\n%s", line, expected, buf_text(&out));
    }
    buf_done(&out);
}

/* ---- the table */
static void every_action_is_heard_or_only_for_a_screen(void **state)
{
    (void)state;
    for (int i = 0; i < ACTION_COUNT; i++) {
        enum action action = (enum action)i;
        const char *why = plain_screen_only(action);
        if (plain_has_voice(action) == (why != NULL)) {
            fail_msg("%s needs a voice in tui/plain_voice.c, or why it is only for a screen",
                     action_spec(action)->name);
        }
        assert_true(why == NULL || !action_changes_run(action));
    }
}

static void its_own_commands_hide_no_action(void **state)
{
    (void)state;
    size_t count = 0;
    const struct plain_command *commands = plain_commands(&count);
    for (size_t i = 0; i < count; i++) {
        for (int j = 0; j < ACTION_COUNT; j++) {
            assert_string_not_equal(commands[i].name, action_spec((enum action)j)->name);
        }
    }
}

static void the_list_names_all_commands_by_their_numbers(void **state)
{
    struct scene *scene = *state;
    struct buf out;
    size_t count = 0;
    plain_commands(&count);
    plain_line(&scene->plain, STR("help"));
    said(scene, &out);
    for (uint64_t i = 1; plain_numbered(i) != NULL; i++) {
        char *entry = xasprintf("\n%d %s", (int)i, plain_numbered(i));
        enum action action = ACTION_NONE;
        for (int j = 0; j < ACTION_COUNT; j++) {
            action = strcmp(action_spec((enum action)j)->name, plain_numbered(i)) == 0
                         ? (enum action)j
                         : action;
        }
        bool is_of_replay =
            action != ACTION_NONE && action_spec(action)->group == ACTION_GROUP_REPLAY;
        assert_true((strstr(buf_text(&out), entry) != NULL) != is_of_replay);
        assert_true(i <= count || action != ACTION_NONE);
        free(entry);
    }
    assert_null(plain_numbered(0));
    buf_done(&out);
}

/* ---- words */
static void durations_are_whole_words(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *words;
    } cases[] = {{-1, "unknown"},
                 {0, "less than a second"},
                 {1000, "1 second"},
                 {59999, "59 seconds"},
                 {60000, "1 minute"},
                 {61000, "1 minute 1 second"},
                 {840000, "14 minutes"},
                 {3600000, "1 hour"},
                 {3659000, "1 hour"},
                 {7500000, "2 hours 5 minutes"},
                 {183600000, "2 days 3 hours"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out;
        buf_init(&out, 100);
        words_duration(&out, cases[i].ms);
        assert_string_equal(buf_text(&out), cases[i].words);
        buf_done(&out);
    }
}

static void a_stage_is_one_sentence(void **state)
{
    struct scene *scene = *state;
    struct buf out;
    ui_fixture_train(&scene->fixture);
    scene->plain.ui.now_ms = scene->fixture.run.now_ms;
    words_stage(&scene->plain.ui, 4, &scene->plain.out);
    assert_non_null(strstr(said(scene, &out),
                           "stage 5 of 6, start_sagemaker_training, running, try 1 of 2, 1 minute "
                           "22\nseconds, 62 percent, about "));
    assert_non_null(strstr(buf_text(&out), " seconds left\n"));
    buf_done(&out);
}

static void the_verdict_is_told_with_value_limit_and_margin(void **state)
{
    struct scene *scene = *state;
    ui_fixture_judge(&scene->fixture, false);
    assert_says(scene, "verdict", "REJECTED, the model is not good enough");
    assert_says(scene, "verdict", "at least 0.8 is required");
}

static void text_from_outside_is_printable(void **state)
{
    struct scene *scene = *state;
    ui_fixture_train(&scene->fixture);
    ui_fixture_progress(&scene->fixture, "start_sagemaker_training",
                        "\"step\":\"a\\u001b[31mb\",\"detail\":\"x\\r\\n\\u0007y\",\"job\":{"
                        "\"name\":\"\\u001b]0;t\\u0007\",\"status\":\"\\u202e\"}");
    assert_says(scene, "training", "start_sagemaker_training, running");
    assert_says(scene, "stages", "step 1 of 1");
    assert_says(scene, "stage 5", "kind job");
}

static void all_views_speak(void **state)
{
    struct scene *scene = *state;
    ui_fixture_judge(&scene->fixture, true);
    assert_says(scene, "", "environment local, run 147 of credit_default_pipeline, PASSED");
    assert_says(scene, "status", "verdict of the gate: passed");
    assert_says(scene, "timeline", "stage 2, invoke_clean_s3_raw, try 1, succeeded");
    assert_says(scene, "pipeline", "stage 5, start_sagemaker_training, waits for");
    assert_says(scene, "training", "train-error is 0.1608 after round 62");
    assert_says(scene, "history", "there are no runs yet");
    assert_says(scene, "stage 3", "stage 3 of 6, invoke_clean_rds, succeeded");
    assert_says(scene, "audit", "no command was given");
    assert_says(scene, "log", "nothing is logged yet");
    assert_says(scene, "zoom", "zoom is for a screen: there are no panes here");
    assert_says(scene, "frobnicate", "there is no command \"frobnicate\"");
    assert_says(scene, "1", "environment local"); /* the first of the list: status */
    assert_says(scene, "stage 77", "there is no stage \"77\"");
}

static void without_a_run_it_says_how_to_start_one(void **state)
{
    (void)state;
    struct scene scene;
    struct buf out;
    ui_fixture_init_empty(&scene.fixture);
    plain_init(&scene.plain, &scene.fixture.client, 0);
    plain_greet(&scene.plain);
    assert_non_null(strstr(said(&scene, &out), "there is no run yet; new_run starts one"));
    buf_done(&out);
    for (size_t i = 1; plain_numbered(i) != NULL; i++) { /* and nothing breaks */
        plain_line(&scene.plain, str_from(plain_numbered(i)));
        plain_drop_question(&scene.plain);
        bool has_said = *said(&scene, &out) != '\0';
        assert_true(has_said != (scene.plain.wish != ACT_STAY));
        buf_done(&out);
    }
    plain_done(&scene.plain);
    ui_fixture_done(&scene.fixture);
}

/* ---- questions */
static void only_a_typed_yes_does_something(void **state)
{
    struct scene *scene = *state;
    static const char *const answers[] = {"", "y", "no", "yes please", "1"};
    ui_fixture_judge(&scene->fixture, false);
    scene->fixture.client.is_read_only = true; /* what is sent would be refused here */
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        scene->fixture.client.is_read_only = false;
        assert_says(scene, "retry 5", "retry start_sagemaker_training of run 0147?");
        assert_non_null(plain_question(&scene->plain));
        scene->fixture.client.is_read_only = true;
        assert_says(scene, answers[i], "nothing was done");
        assert_null(plain_question(&scene->plain));
    }
    scene->fixture.client.is_read_only = false;
    assert_says(scene, "retry 5", "These stages run:");
    scene->fixture.client.is_read_only = true;
    assert_says(scene, "YES", "this console is read-only");
    assert_null(plain_question(&scene->plain));
}

static void a_skip_asks_for_its_reason_unless_it_is_given(void **state)
{
    struct scene *scene = *state;
    ui_fixture_judge(&scene->fixture, false);
    assert_says(scene, "skip 6", "counts as done without having run");
    assert_string_equal(plain_question(&scene->plain), "Reason");
    assert_says(scene, "", "nothing was done");
    assert_says(scene, "skip 6 too strict", "counts as done");
    assert_non_null(strstr(plain_question(&scene->plain), "Type yes"));
    plain_drop_question(&scene->plain);
}

static void production_wants_its_name(void **state)
{
    struct scene *scene = *state;
    ui_fixture_judge(&scene->fixture, false);
    free(scene->fixture.client.view.environment);
    scene->fixture.client.view.environment = xstrdup("production");
    assert_says(scene, "rerun 5", "production, rerun");
    assert_non_null(strstr(plain_question(&scene->plain), "This is production"));
    assert_says(scene, "yes", "that is not production");
    assert_null(plain_question(&scene->plain));
    assert_says(scene, "rerun 5", "production, rerun");
    plain_line(&scene->plain, STR("production"));
    assert_non_null(strstr(plain_question(&scene->plain), "Type yes"));
    plain_drop_question(&scene->plain);
}

static void read_only_asks_nothing(void **state)
{
    struct scene *scene = *state;
    scene->fixture.client.is_read_only = true;
    static const char *const lines[] = {"retry 1", "rerun 1", "skip 1 x", "stop", "new_run"};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_says(scene, lines[i], "this console is read-only");
        assert_null(plain_question(&scene->plain));
    }
}

static void an_interrupt_drops_the_question_then_asks_to_leave(void **state)
{
    struct scene *scene = *state;
    assert_says(scene, "stop", "stop run 0147?");
    assert_false(plain_interrupt(&scene->plain));
    assert_null(plain_question(&scene->plain));
    assert_false(plain_interrupt(&scene->plain));
    assert_non_null(strstr(plain_question(&scene->plain), "Leave?"));
    assert_true(plain_interrupt(&scene->plain));
    plain_line(&scene->plain, STR("no"));
    assert_int_equal(scene->plain.wish, ACT_STAY);
    plain_interrupt(&scene->plain);
    plain_line(&scene->plain, STR("yes"));
    assert_int_equal(scene->plain.wish, ACT_LEAVE);
}

/* ---- news */
static void moves_are_told_once_and_progress_once_a_minute(void **state)
{
    struct scene *scene = *state;
    struct plain *plain = &scene->plain;
    struct buf out;
    plain_heard_all(plain, 0);
    plain_news(plain, 0);
    assert_string_equal(said(scene, &out), "");
    buf_done(&out);
    ui_fixture_train(&scene->fixture);
    plain->ui.now_ms = scene->fixture.run.now_ms;
    plain_news(plain, 1000);
    assert_non_null(strstr(said(scene, &out), "stage 2 of 6, invoke_clean_s3_raw, succeeded"));
    assert_non_null(strstr(buf_text(&out), "stage 5 of 6, start_sagemaker_training, running"));
    assert_null(strstr(buf_text(&out), "stage 6 of 6"));
    buf_done(&out);
    for (int64_t real_ms = 1000; real_ms < 61000; real_ms += 5000) {
        plain_news(plain, real_ms);
        assert_string_equal(said(scene, &out), "");
        buf_done(&out);
    }
    plain_news(plain, 61000);
    assert_non_null(strstr(said(scene, &out), "62 percent, about"));
    buf_done(&out);
    plain_news(plain, 62000);
    assert_string_equal(said(scene, &out), "");
    buf_done(&out);
}

static void the_end_is_told_with_the_verdict(void **state)
{
    struct scene *scene = *state;
    struct buf out;
    plain_heard_all(&scene->plain, 0);
    scene->plain.is_waiting = true;
    ui_fixture_judge(&scene->fixture, false);
    plain_news(&scene->plain, 1000);
    assert_non_null(strstr(said(scene, &out), "verdict of the gate: REJECTED"));
    assert_non_null(strstr(buf_text(&out), "run 147 is at rest: REJECTED"));
    assert_false(scene->plain.is_waiting);
    buf_done(&out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_action_is_heard_or_only_for_a_screen),
        cmocka_unit_test(its_own_commands_hide_no_action),
        TEST(the_list_names_all_commands_by_their_numbers),
        cmocka_unit_test(durations_are_whole_words),
        TEST(a_stage_is_one_sentence),
        TEST(the_verdict_is_told_with_value_limit_and_margin),
        TEST(text_from_outside_is_printable),
        TEST(all_views_speak),
        cmocka_unit_test(without_a_run_it_says_how_to_start_one),
        TEST(only_a_typed_yes_does_something),
        TEST(a_skip_asks_for_its_reason_unless_it_is_given),
        TEST(production_wants_its_name),
        TEST(read_only_asks_nothing),
        TEST(an_interrupt_drops_the_question_then_asks_to_leave),
        TEST(moves_are_told_once_and_progress_once_a_minute),
        TEST(the_end_is_told_with_the_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
