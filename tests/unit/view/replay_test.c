/* Playing a run: any moment shows what the events up to it make, and the clock obeys its keys. */
#include "core/view/replay.h"

#include "core/base/alloc.h"
#include "tests/support/cmocka.h"
#include "tests/support/run_fixture.h"

#include <stdlib.h>
#include <string.h>

#define PLAN                                                                                       \
    "{\"pipeline\":\"p\",\"stages\":["                                                             \
    "{\"name\":\"merge\",\"kind\":\"work\",\"retries\":1},"                                        \
    "{\"name\":\"train\",\"kind\":\"job\",\"retries\":1,\"after\":[\"merge\"]},"                   \
    "{\"name\":\"evaluate\",\"kind\":\"gate\",\"after\":[\"train\"],"                              \
    "\"parameters\":{\"rules\":[{\"metric\":\"accuracy\",\"min\":0.8}]}}]}"

enum { TEXT_LIMIT = 1 << 20 };

/* merge fails once, training reports rounds, the gate rejects, an operator reruns, it passes. */
static void make_run(struct fixture *fixture)
{
    fixture_init(fixture, PLAN);
    fixture_give(fixture, RUN_INPUT_START);
    fixture->now_ms += 1500;
    fixture_fail(fixture, "merge", ERROR_TRANSIENT);
    fixture_tick_at(fixture, run_next_deadline_ms(&fixture->run));
    fixture->now_ms += 700;
    fixture_end(fixture, "merge", OUTCOME_SUCCESS);
    for (int turn = 0; turn < 2; turn++) {
        fixture->now_ms += 5000;
        fixture_running(fixture, "train");
        for (int round = 1; round <= 20; round++) {
            char *members = xasprintf("\"done\":%d,\"total\":20,\"rounds\":[[%d,{\"error\":0.%d}]],"
                                      "\"job\":{\"name\":\"j\",\"status\":\"InProgress\"}",
                                      round, round, 40 - round);
            fixture->now_ms += round % 3 * 400;
            fixture_progress(fixture, "train", members);
            free(members);
        }
        fixture_end(fixture, "train", OUTCOME_SUCCESS);
        fixture_judge(fixture, "evaluate", turn == 1);
        if (turn == 0) {
            fixture->now_ms += 60000;
            assert_true(fixture_command(fixture, COMMAND_RERUN, "train"));
        }
    }
}

static void copy_events(const struct fixture *fixture, struct event_list *out)
{
    for (size_t i = 0; i < fixture->log.count; i++) {
        const struct event *event = &fixture->log.items[i];
        event_list_add(out, event->ts_ms, event->type, json_copy(event->body));
        out->items[i].seq = event->seq;
    }
}

struct player {
    struct fixture fixture;
    struct view view;
    struct replay replay;
};

static int set_up(void **state)
{
    struct player *player = xcalloc(1, sizeof(*player));
    struct event_list events = {0};
    struct error err;
    make_run(&player->fixture);
    copy_events(&player->fixture, &events);
    if (!replay_init(&player->replay, &events, FIXTURE_RUN_ID, &player->view, NULL, &err)) {
        fail_msg("%s", err.message);
    }
    *state = player;
    return 0;
}

static int tear_down(void **state)
{
    struct player *player = *state;
    replay_done(&player->replay);
    view_done(&player->view);
    fixture_done(&player->fixture);
    free(player);
    return 0;
}

static void assert_same_series(const struct view_training *a, const struct view_training *b)
{
    assert_int_equal(a->try_number, b->try_number);
    assert_int_equal(a->series_count, b->series_count);
    for (size_t i = 0; i < a->series_count; i++) {
        assert_int_equal(a->series[i].count, b->series[i].count);
    }
}

/* The view of the player is that of a fresh fold of the first `count` events. */
static void assert_folded(const struct player *player, size_t count)
{
    struct view fresh;
    struct error err;
    struct buf ours, expected;
    int64_t now_ms = player->replay.at_ms;
    view_init(&fresh, FIXTURE_RUN_ID);
    for (size_t i = 0; i < count; i++) {
        assert_true(view_apply(&fresh, &player->fixture.log.items[i], &err));
    }
    struct json *a = view_to_json(&player->view, now_ms), *b = view_to_json(&fresh, now_ms);
    assert_true(json_equal(a, b));
    buf_init(&ours, TEXT_LIMIT);
    buf_init(&expected, TEXT_LIMIT);
    view_render_text(&player->view, now_ms, &ours);
    view_render_text(&fresh, now_ms, &expected);
    assert_string_equal(buf_text(&ours), buf_text(&expected));
    assert_same_series(&player->view.training, &fresh.training);
    fixture_assert_same(&player->view.run, &fresh.run);
    buf_done(&ours);
    buf_done(&expected);
    json_free(a);
    json_free(b);
    view_done(&fresh);
}

static size_t count_until(const struct player *player, int64_t at_ms)
{
    size_t count = 0;
    while (count < player->fixture.log.count && player->fixture.log.items[count].ts_ms <= at_ms) {
        count++;
    }
    return count;
}

static void a_seek_shows_what_all_events_until_then_make(void **state)
{
    struct player *player = *state;
    struct replay *replay = &player->replay;
    int64_t length_ms = replay_end_ms(replay) - replay_start_ms(replay);
    uint64_t random = 7;
    for (int i = 0; i < 300; i++) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        int64_t at_ms = replay_start_ms(replay) + (int64_t)(random >> 33) % (length_ms + 1);
        replay_seek(replay, at_ms);
        assert_true(replay->at_ms == at_ms);
        assert_folded(player, count_until(player, at_ms));
    }
}

static void a_seek_beyond_the_run_stays_within_it(void **state)
{
    struct player *player = *state;
    replay_seek(&player->replay, INT64_MAX);
    assert_true(replay_is_at_end(&player->replay));
    assert_true(player->replay.at_ms == replay_end_ms(&player->replay));
    assert_folded(player, player->fixture.log.count);
    replay_seek(&player->replay, -1);
    assert_true(player->replay.at_ms == replay_start_ms(&player->replay));
    assert_non_null(player->view.run.dag);
}

/* Enough progress for several marks; any place must look as if folded from the beginning. */
static void a_long_run_is_sought_from_marks(void **state)
{
    struct player *player = xcalloc(1, sizeof(*player));
    struct fixture *fixture = &player->fixture;
    struct event_list events = {0};
    struct error err;
    static const size_t places[] = {29999, 10000, 9999, 20000, 20001, 1, 35000, 20500, 35000};
    (void)state;
    make_run(fixture);
    assert_true(fixture_command(fixture, COMMAND_RERUN, "merge"));
    for (int i = 0; i < 35000; i++) {
        struct json *body = json_parse(STR("{\"stage\":\"merge\",\"try\":3,\"done\":1,"
                                           "\"rounds\":[[1,{\"e\":1}],[2,{\"e\":1}]]}"),
                                       &err);
        json_set_int(body, "done", i);
        event_list_add(&fixture->log, ++fixture->now_ms, EVENT_STAGE_PROGRESS, body);
        struct event *event = &fixture->log.items[fixture->log.count - 1];
        event->seq = fixture->run.last_seq + 1;
        assert_true(run_apply(&fixture->run, event, &err));
    }
    copy_events(fixture, &events);
    assert_true(replay_init(&player->replay, &events, FIXTURE_RUN_ID, &player->view, NULL, &err));
    assert_int_equal(player->replay.mark_count, 3);
    view_set_usual(&player->view, "merge", 77);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        int64_t at_ms = fixture->log.items[places[i] - 1].ts_ms;
        replay_seek(&player->replay, at_ms);
        assert_int_equal(player->view.stages[0].usual_ms, 77);
        view_set_usual(&player->view, "merge", 0); /* as a fresh fold has it */
        assert_folded(player, count_until(player, at_ms));
        view_set_usual(&player->view, "merge", 77);
    }
    void *made = player;
    tear_down(&made);
}

static void usual_durations_outlive_a_seek(void **state)
{
    struct player *player = *state;
    replay_seek(&player->replay, INT64_MAX);
    view_set_usual(&player->view, "train", 4242);
    player->view.utc_offset_s = 3600;
    replay_seek(&player->replay, 0);
    assert_int_equal(player->view.stages[1].usual_ms, 4242);
    assert_int_equal(player->view.utc_offset_s, 3600);
}

static void steps_go_from_one_change_to_the_next_and_back(void **state)
{
    struct player *player = *state;
    struct replay *replay = &player->replay;
    size_t positions[1000], count = 0;
    replay_seek(replay, 0);
    for (size_t before = 0; before != replay->position; count++) {
        positions[count] = before = replay->position;
        assert_folded(player, replay->position);
        replay_step(replay, false);
    }
    assert_true(replay_is_at_end(replay));
    assert_true(count < player->fixture.log.count - 20); /* progress is not stepped to */
    while (count-- > 1) {
        replay_step(replay, true);
        assert_int_equal(replay->position, positions[count - 1]);
        assert_folded(player, replay->position);
    }
    replay_step(replay, true);
    assert_true(replay->position >= 1);
}

static void the_clock_runs_at_its_speed(void **state)
{
    struct player *player = *state;
    struct replay *replay = &player->replay;
    int64_t start_ms = replay_start_ms(replay);
    replay_seek(replay, start_ms);
    assert_false(replay_advance(replay, 1000));
    assert_true(replay->at_ms == start_ms); /* it begins paused */
    replay_play(replay, true, 1000);
    replay_advance(replay, 1100);
    assert_true(replay->at_ms == start_ms + 100);
    replay_set_speed(replay, -2, 1100);
    for (int i = 1; i <= 8; i++) { /* a quarter of a millisecond each is not lost */
        replay_advance(replay, 1100 + i);
    }
    assert_true(replay->at_ms == start_ms + 102);
    replay_set_speed(replay, 3, 1108);
    replay_advance(replay, 1208);
    assert_true(replay->at_ms == start_ms + 902);
    assert_folded(player, count_until(player, replay->at_ms));
    replay_play(replay, false, 1300);
    assert_int_equal(replay_wait_ms(replay), -1);
}

static void waits_end_at_the_next_event_or_second(void **state)
{
    struct player *player = *state;
    struct replay *replay = &player->replay;
    int64_t real_ms = 5;
    replay_seek(replay, 0);
    replay_play(replay, true, real_ms);
    replay_set_speed(replay, 1, real_ms);
    int turns = 0;
    for (; !replay->is_paused && turns < 1000; turns++) {
        int64_t wait_ms = replay_wait_ms(replay);
        assert_true(wait_ms >= 0 && wait_ms <= 501);
        size_t next = replay->position;
        int64_t due_ms =
            player->fixture.log.items[next < player->fixture.log.count ? next : 0].ts_ms;
        real_ms += wait_ms;
        replay_advance(replay, real_ms);
        assert_true(replay->at_ms <= due_ms || replay->position > next);
    }
    assert_true(replay_is_at_end(replay) && turns > 100 && turns < 1000);
}

static void it_pauses_at_the_end_and_plays_from_the_beginning_again(void **state)
{
    struct player *player = *state;
    struct replay *replay = &player->replay;
    assert_true(replay_is_complete(replay));
    replay_set_speed(replay, REPLAY_SPEED_UNLIMITED, 0);
    replay_play(replay, true, 0);
    assert_int_equal(replay_wait_ms(replay), 0);
    assert_true(replay_advance(replay, 0));
    assert_true(replay_is_at_end(replay) && replay->is_paused);
    replay_play(replay, true, 10);
    assert_true(replay->at_ms == replay_start_ms(replay));
    assert_false(replay_is_at_end(replay));
}

static void illegal_events_are_refused_and_left_to_the_caller(void **state)
{
    struct player *player = *state;
    struct event_list events = {0}, none = {0};
    struct error err;
    struct view view;
    struct replay replay;
    size_t bad = 0;
    copy_events(&player->fixture, &events);
    events.items[4].ts_ms = 1;
    assert_false(replay_init(&replay, &events, FIXTURE_RUN_ID, &view, &bad, &err));
    assert_int_equal(bad, 5);
    assert_non_null(strstr(err.message, "time"));
    assert_int_equal(events.count, player->fixture.log.count);
    assert_false(replay_init(&replay, &none, FIXTURE_RUN_ID, &view, NULL, &err));
    event_list_done(&events);
}

static void speeds_have_words(void **state)
{
    (void)state;
    static const struct {
        const char *word, *shown;
        int speed;
    } good[] = {{"0.25", "x0.25", -2}, {"1", "x1", 0}, {"64", "x64", 6}, {"max", "max", 7}};
    static const char *const wrong[] = {"", "3", "0", "-1", "128", "x2", "1.0", "nan"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct buf out;
        int speed = 99;
        buf_init(&out, 64);
        assert_true(replay_speed_parse(str_from(good[i].word), &speed));
        assert_int_equal(speed, good[i].speed);
        replay_speed_text(speed, &out);
        assert_string_equal(buf_text(&out), good[i].shown);
        buf_done(&out);
    }
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        int speed = 99;
        assert_false(replay_speed_parse(str_from(wrong[i]), &speed));
        assert_int_equal(speed, 99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_seek_shows_what_all_events_until_then_make, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_seek_beyond_the_run_stays_within_it, set_up, tear_down),
        cmocka_unit_test(a_long_run_is_sought_from_marks),
        cmocka_unit_test_setup_teardown(usual_durations_outlive_a_seek, set_up, tear_down),
        cmocka_unit_test_setup_teardown(steps_go_from_one_change_to_the_next_and_back, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_clock_runs_at_its_speed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(waits_end_at_the_next_event_or_second, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_pauses_at_the_end_and_plays_from_the_beginning_again,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(illegal_events_are_refused_and_left_to_the_caller, set_up,
                                        tear_down),
        cmocka_unit_test(speeds_have_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
