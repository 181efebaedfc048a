/* gatehouse replay off a terminal: the events as `watch` prints them, at once or at a speed. */
#include "core/app/verbs.h"

#include "core/app/face.h"
#include "core/app/replay_read.h"

#include <time.h>

enum { MS_PER_SECOND = 1000, NS_PER_MS = 1000000 };

static void wait_ms(int64_t ms)
{
    struct timespec time = {.tv_sec = ms / MS_PER_SECOND,
                            .tv_nsec = ms % MS_PER_SECOND * NS_PER_MS};
    nanosleep(&time, NULL);
}

static void print_events(struct app *app, const struct replay *replay, const char *run_id)
{
    const struct event_list *events = &replay->events;
    const char *word = app->options->values[OPTION_SPEED];
    int speed = REPLAY_SPEED_UNLIMITED;
    struct face face;
    struct error err;
    replay_speed_parse(str_from(word == NULL ? "max" : word), &speed);
    face_init(&face, app, run_id);
    for (size_t i = 0; i < events->count && !app->out.is_gone; i++) {
        if (speed != REPLAY_SPEED_UNLIMITED && i > 0) {
            wait_ms(replay_real_ms(speed, events->items[i].ts_ms - events->items[i - 1].ts_ms));
        }
        face_event(&face, &events->items[i], &err);
    }
    face_done(&face);
    if (!replay_is_complete(replay)) {
        complain("the events end before the run does");
    }
}

int verb_replay(struct app *app)
{
    struct replay_source source;
    struct replay replay;
    struct view view; /* shows that the events are a run; the face folds its own as it prints */
    struct error err;
    int code = app_load(app);
    if (code != EXIT_CODE_OK) {
        return code;
    }
    if (replay_source_read(&source, app, &err) &&
        replay_source_open(&source, &replay, &view, &err)) {
        print_events(app, &replay, source.run_id);
        replay_done(&replay);
        view_done(&view);
    } else {
        code = app_fail(&err, "");
    }
    replay_source_done(&source);
    return code;
}
