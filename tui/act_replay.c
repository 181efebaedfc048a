/* Moving through a replay. Its keys are bound only where there is one; the palette says so else. */
#include "tui/act.h"

#include "core/base/clock.h"
#include "tui/control.h"

enum { SEEK_MS = 10000, MS_PER_SECOND = 1000, SECONDS_PER_MINUTE = 60 };

static struct replay *replay_of(struct act *act)
{
    if (act->client->replay == NULL) {
        act_say(act->ui, true, "this is not a replay: gatehouse replay RUN plays a run");
    }
    return act->client->replay;
}

static int64_t real_ms(void)
{
    return clock_system()->monotonic_ms(clock_system());
}

static void moved(struct act *act)
{
    act->ui->now_ms = client_now_ms(act->client);
    control_refreshed(act->ui, act->client);
}

static void seek_by(struct act *act, int64_t by_ms)
{
    struct replay *replay = replay_of(act);
    if (replay != NULL) {
        replay_advance(replay, real_ms());
        replay_seek(replay, replay->at_ms + by_ms);
        moved(act);
    }
}

static void seek_to(struct act *act, bool is_end)
{
    struct replay *replay = replay_of(act);
    if (replay != NULL) {
        replay_seek(replay, is_end ? replay_end_ms(replay) : replay_start_ms(replay));
        moved(act);
    }
}

static void step(struct act *act, bool is_back)
{
    struct replay *replay = replay_of(act);
    if (replay != NULL) {
        replay_play(replay, false, real_ms());
        replay_step(replay, is_back);
        moved(act);
    }
}

static void change_speed(struct act *act, int by)
{
    struct replay *replay = replay_of(act);
    if (replay != NULL) {
        replay_set_speed(replay, replay->speed + by, real_ms());
        moved(act);
    }
}

void act_play(struct act *act)
{
    struct replay *replay = replay_of(act);
    if (replay != NULL) {
        replay_advance(replay, real_ms());
        replay_play(replay, replay->is_paused, real_ms());
        moved(act);
    }
}

void act_seek_back(struct act *act)
{
    seek_by(act, -SEEK_MS);
}

void act_seek_forward(struct act *act)
{
    seek_by(act, SEEK_MS);
}

void act_previous_event(struct act *act)
{
    step(act, true);
}

void act_next_event(struct act *act)
{
    step(act, false);
}

void act_replay_start(struct act *act)
{
    seek_to(act, false);
}

void act_replay_end(struct act *act)
{
    seek_to(act, true);
}

void act_slower(struct act *act)
{
    change_speed(act, -1);
}

void act_faster(struct act *act)
{
    change_speed(act, 1);
}

/* Seconds, or minutes and seconds, or hours, minutes and seconds. */
static bool parse_time(struct str text, int64_t *out_seconds)
{
    int64_t seconds = 0;
    struct str rest = text;
    for (int parts = 0; parts == 0 || rest.len > 0; parts++) {
        uint64_t part = 0;
        if (parts == 3 || !str_to_u64(str_split(rest, ':', &rest), &part) || part > INT32_MAX) {
            return false;
        }
        seconds = seconds * SECONDS_PER_MINUTE + (int64_t)part;
    }
    *out_seconds = seconds;
    return true;
}

void act_seek(struct act *act)
{
    struct replay *replay = replay_of(act);
    int64_t seconds = 0;
    if (replay == NULL) {
        return;
    }
    if (!parse_time(str_trim(str_from(act->operand)), &seconds)) {
        act_say(act->ui, true, "seek needs a time of the run, as 90 or 1:30 or 1:02:03");
        return;
    }
    replay_seek(replay, replay_start_ms(replay) + seconds * MS_PER_SECOND);
    moved(act);
}
