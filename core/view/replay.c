/* Playing events: position and clock. Going back folds anew, from
 * the nearest mark. */
#include "core/view/replay.h"

#include "core/base/clock.h"

enum {
    US_PER_MS = 1000,
    MS_PER_SECOND = 1000,
    EVENTS_PER_TURN = 500,
    EVENTS_PER_MARK = 10000,    /* at least */
    SPEED_SHIFT = 2,            /* a speed's power of two and this are never negative */
    PASSED_MOST_MS = 100000000, /* in one step: keeps products small */
};

/* ---- the view */

/* Events were applied once by replay_init, so that this cannot fail. */
static void fold_to(struct replay *replay, size_t position)
{
    struct error err;
    while (replay->position < position &&
           view_apply(replay->view, &replay->events.items[replay->position], &err)) {
        replay->position++;
    }
}

/* What the events do not say, the view's owner has set: it is kept. */
static void replace_view(struct replay *replay, struct view *fresh)
{
    struct view *view = replay->view;
    fresh->utc_offset_s = view->utc_offset_s;
    for (size_t i = 0; i < view->run.dag->count; i++) {
        fresh->stages[i].usual_ms = view->stages[i].usual_ms;
    }
    view_done(view);
    *view = *fresh;
}

static const struct replay_mark *mark_before(const struct replay *replay, size_t position)
{
    size_t i = replay->mark_count;
    while (i > 0 && replay->marks[i - 1].position > position) {
        i--;
    }
    return i == 0 ? NULL : &replay->marks[i - 1];
}

static void begin_anew(struct replay *replay)
{
    struct view fresh;
    struct error err;
    view_init(&fresh, replay->view->run.id);
    view_apply(&fresh, &replay->events.items[0], &err);
    replace_view(replay, &fresh);
    replay->position = 1;
}

static void begin_at(struct replay *replay, const struct replay_mark *mark)
{
    struct view fresh;
    view_copy(&fresh, &mark->view);
    replace_view(replay, &fresh);
    replay->position = mark->position;
}

static void go_to(struct replay *replay, size_t position)
{
    const struct replay_mark *mark = mark_before(replay, position);
    bool is_back = position < replay->position;
    if (mark != NULL && (is_back || mark->position > replay->position)) {
        begin_at(replay, mark);
    } else if (is_back) {
        begin_anew(replay);
    }
    fold_to(replay, position < 1 ? 1 : position);
}

/* How many events are not later than this. */
static size_t count_until(const struct replay *replay, int64_t at_ms)
{
    size_t low = 0, high = replay->events.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (replay->events.items[middle].ts_ms <= at_ms) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* ---- life */
static void add_mark(struct replay *replay, size_t position)
{
    struct replay_mark *mark = &replay->marks[replay->mark_count++];
    mark->position = position;
    view_copy(&mark->view, replay->view);
}

static void drop_marks(struct replay *replay)
{
    for (size_t i = 0; i < replay->mark_count; i++) {
        view_done(&replay->marks[i].view);
    }
    replay->mark_count = 0;
}

/* Gives how many events fit. */
static size_t fold_first(struct replay *replay, const struct event_list *events, struct error *err)
{
    size_t every = events->count / REPLAY_MARKS_MAX + 1;
    every = every < EVENTS_PER_MARK ? EVENTS_PER_MARK : every;
    for (size_t i = 0; i < events->count; i++) {
        if (!view_apply(replay->view, &events->items[i], err)) {
            return i;
        }
        if ((i + 1) % every == 0) {
            add_mark(replay, i + 1);
        }
    }
    return events->count;
}

bool replay_init(struct replay *replay, struct event_list *events, const char *run_id,
                 struct view *view, size_t *out_bad, struct error *err)
{
    *replay = (struct replay){.view = view, .is_paused = true};
    view_init(view, run_id);
    error_set(err, ERROR_PERMANENT, "bad_event", "there are no events");
    size_t count = fold_first(replay, events, err);
    if (count == 0 || count < events->count) {
        drop_marks(replay);
        view_done(view);
        if (out_bad != NULL) {
            *out_bad = count + 1;
        }
        return false;
    }
    replay->events = *events;
    *events = (struct event_list){0};
    replay->position = count;
    replay_seek(replay, replay_start_ms(replay));
    return true;
}

void replay_done(struct replay *replay)
{
    event_list_done(&replay->events);
    drop_marks(replay);
    *replay = (struct replay){0};
}

int64_t replay_start_ms(const struct replay *replay)
{
    return replay->events.items[0].ts_ms;
}

int64_t replay_end_ms(const struct replay *replay)
{
    return replay->events.items[replay->events.count - 1].ts_ms;
}

bool replay_is_at_end(const struct replay *replay)
{
    return replay->position == replay->events.count;
}

bool replay_is_complete(const struct replay *replay)
{
    return replay->events.items[replay->events.count - 1].type == EVENT_RESULT;
}

/* ---- moving */
void replay_seek(struct replay *replay, int64_t at_ms)
{
    int64_t start_ms = replay_start_ms(replay), end_ms = replay_end_ms(replay);
    at_ms = at_ms < start_ms ? start_ms : at_ms > end_ms ? end_ms : at_ms;
    go_to(replay, count_until(replay, at_ms));
    replay->at_ms = at_ms;
    replay->carry_us = 0;
    replay->is_paused = replay->is_paused || replay_is_at_end(replay);
}

static bool is_notable(const struct event *event)
{
    return view_event_weight(event) > VIEW_WEIGHT_DETAIL;
}

void replay_step(struct replay *replay, bool is_back)
{
    const struct event *items = replay->events.items;
    size_t to = replay->position;
    do {
        to += is_back ? (size_t)-1 : 1;
    } while (to >= 1 && to <= replay->events.count && !is_notable(&items[to - 1]));
    if (to >= 1 && to <= replay->events.count) {
        go_to(replay, to);
        replay->at_ms = items[to - 1].ts_ms;
        replay->carry_us = 0;
    }
}

static void move_clock(struct replay *replay, int64_t passed_ms)
{
    passed_ms = passed_ms > PASSED_MOST_MS ? PASSED_MOST_MS : passed_ms;
    int64_t us = (passed_ms * US_PER_MS << (replay->speed + SPEED_SHIFT)) >> SPEED_SHIFT;
    replay->carry_us += us;
    replay->at_ms += replay->carry_us / US_PER_MS;
    replay->carry_us %= US_PER_MS;
    if (replay->at_ms > replay_end_ms(replay)) {
        replay->at_ms = replay_end_ms(replay);
    }
}

bool replay_advance(struct replay *replay, int64_t real_ms)
{
    int64_t passed_ms = real_ms > replay->real_ms ? real_ms - replay->real_ms : 0;
    size_t before = replay->position;
    replay->real_ms = real_ms;
    if (replay->is_paused) {
        return false;
    }
    if (replay->speed == REPLAY_SPEED_UNLIMITED) {
        size_t to = before + EVENTS_PER_TURN;
        to = to > replay->events.count ? replay->events.count : to;
        replay->at_ms = replay->events.items[to - 1].ts_ms;
    } else {
        move_clock(replay, passed_ms);
    }
    size_t to = count_until(replay, replay->at_ms);
    if (to > before) { /* a step may have left it within events of one time */
        fold_to(replay, to);
    }
    replay->is_paused = replay_is_at_end(replay);
    return replay->position != before;
}

void replay_play(struct replay *replay, bool is_to_play, int64_t real_ms)
{
    if (is_to_play && replay->is_paused && replay_is_at_end(replay)) {
        replay_seek(replay, replay_start_ms(replay));
    }
    replay->real_ms = real_ms;
    replay->is_paused = !is_to_play;
}

void replay_set_speed(struct replay *replay, int speed, int64_t real_ms)
{
    replay_advance(replay, real_ms); /* what passed, passed at the old speed */
    replay->speed = speed < REPLAY_SPEED_LEAST       ? REPLAY_SPEED_LEAST
                    : speed > REPLAY_SPEED_UNLIMITED ? REPLAY_SPEED_UNLIMITED
                                                     : speed;
}

int64_t replay_wait_ms(const struct replay *replay)
{
    if (replay->is_paused) {
        return -1;
    }
    if (replay->speed == REPLAY_SPEED_UNLIMITED || replay_is_at_end(replay)) {
        return 0;
    }
    int64_t next_ms = replay->events.items[replay->position].ts_ms;
    int64_t into_second_ms = (replay->at_ms - replay_start_ms(replay)) % MS_PER_SECOND;
    int64_t second_ms = replay->at_ms - into_second_ms + MS_PER_SECOND;
    int64_t wait_ms = (next_ms < second_ms ? next_ms : second_ms) - replay->at_ms;
    return replay_real_ms(replay->speed, wait_ms) + 1;
}

int64_t replay_real_ms(int speed, int64_t run_ms)
{
    return (run_ms << SPEED_SHIFT) >> (speed + SPEED_SHIFT);
}

void replay_append_position(const struct replay *replay, bool is_full, struct buf *out)
{
    char at[CLOCK_TEXT_SIZE], length[CLOCK_TEXT_SIZE];
    int64_t start_ms = replay_start_ms(replay);
    clock_format_duration(replay->at_ms - start_ms, at);
    clock_format_duration(replay_end_ms(replay) - start_ms, length);
    buf_printf(out, "%s%s%s ", at, is_full ? " / " : "", is_full ? length : "");
    replay_speed_text(replay->speed, out);
    buf_append_text(out, !replay->is_paused           ? ""
                         : !is_full                   ? " ||"
                         : !replay_is_at_end(replay)  ? ", paused"
                         : replay_is_complete(replay) ? ", end"
                                                      : ", cut short");
}

/* ---- speeds in words */
static const char *const speed_words[] = {"0.25", "0.5", "1",  "2",  "4",
                                          "8",    "16",  "32", "64", "max"};
enum { SPEED_COUNT = sizeof(speed_words) / sizeof(speed_words[0]) };

bool replay_speed_parse(struct str text, int *out_speed)
{
    for (int i = 0; i < SPEED_COUNT; i++) {
        if (str_eq(text, str_from(speed_words[i]))) {
            *out_speed = i + REPLAY_SPEED_LEAST;
            return true;
        }
    }
    return false;
}

void replay_speed_text(int speed, struct buf *out)
{
    const char *word = speed_words[speed - REPLAY_SPEED_LEAST];
    buf_printf(out, "%s%s", speed == REPLAY_SPEED_UNLIMITED ? "" : "x", word);
}
