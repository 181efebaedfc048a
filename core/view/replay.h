/* A run's events, played: the view as it was at any moment of the run, and a clock of the run that
 * pauses, jumps and runs at another speed. Pure: real time is an argument. One thread. */
#ifndef GATEHOUSE_VIEW_REPLAY_H
#define GATEHOUSE_VIEW_REPLAY_H

#include "core/view/view.h"

/* Speeds are 1/4, 1/2, 1 .. 64 times real time; one more step is as fast as possible. */
enum { REPLAY_SPEED_LEAST = -2, REPLAY_SPEED_MOST = 6, REPLAY_SPEED_UNLIMITED };
enum { REPLAY_MARKS_MAX = 8 };

struct replay_mark { /* a view to begin from, so that going far is quick */
    size_t position;
    struct view view;
};

struct replay {
    struct event_list events;                   /* owned; at least one, their times never go back */
    struct replay_mark marks[REPLAY_MARKS_MAX]; /* ascending */
    size_t mark_count;
    struct view *view; /* borrowed, from replay_init until replay_done */
    size_t position;   /* events that the view has; at least one */
    int64_t at_ms;     /* the run's time */
    int64_t real_ms;   /* when that was, on any clock that does not go back */
    int64_t carry_us;  /* of the run's time beyond at_ms */
    int speed;         /* REPLAY_SPEED_LEAST .. REPLAY_SPEED_UNLIMITED: a power of two */
    bool is_paused;
};

/* Takes the events and folds all of them once: false with err (event N of the list, from 1, is
 * in out_bad unless NULL) when they are not a legal run; then nothing is taken. On success the
 * view, which the caller owns, is at the beginning, and the replay is paused. */
bool replay_init(struct replay *replay, struct event_list *events, const char *run_id,
                 struct view *view, size_t *out_bad, struct error *err);
void replay_done(struct replay *replay); /* the view stays as it is */

int64_t replay_start_ms(const struct replay *replay);
int64_t replay_end_ms(const struct replay *replay); /* of the last event */
bool replay_is_at_end(const struct replay *replay);
/* The last event is a result: the run came to rest. */
bool replay_is_complete(const struct replay *replay);

/* The view becomes what all events up to at_ms (clamped to the run) make; usual durations, clock
 * offset stay. At the end it pauses. */
void replay_seek(struct replay *replay, int64_t at_ms);
/* To the next (or previous) event that is more than progress; stays where there is none. */
void replay_step(struct replay *replay, bool is_back);
/* Real time has passed. True when the view changed. At the end it pauses. */
bool replay_advance(struct replay *replay, int64_t real_ms);
/* At the end, playing begins anew. */
void replay_play(struct replay *replay, bool is_to_play, int64_t real_ms);
void replay_set_speed(struct replay *replay, int speed, int64_t real_ms); /* clamped */
/* Real time until there is something new to show: an event or the clock's next second; -1: paused.
 */
int64_t replay_wait_ms(const struct replay *replay);

/* The real time that a time of the run takes at a speed (not the unlimited one). */
int64_t replay_real_ms(int speed, int64_t run_ms);
/* "00:42 / 03:10 x4, paused", or in short "00:42 x4" */
void replay_append_position(const struct replay *replay, bool is_full, struct buf *out);

/* "0.25", "1", "64" (powers of two) or "max"; false when it is none of them. */
bool replay_speed_parse(struct str text, int *out_speed);
void replay_speed_text(int speed, struct buf *out); /* "x4", "x0.25", "max" */

#endif
