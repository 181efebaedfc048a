/* Which events are shown, and in which form. */
#include "core/app/face.h"

#include "core/base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PAGE = 1000, TEXT_LIMIT = 1 << 20 };

static int utc_offset_s(void)
{
    time_t now = (time_t)(clock_system()->wall_ms(clock_system()) / 1000);
    struct tm local;
    return localtime_r(&now, &local) == NULL ? 0 : (int)local.tm_gmtoff;
}

void face_init(struct face *face, struct app *app, const char *run_id)
{
    *face = (struct face){
        .out = &app->out,
        .is_json = app_is_json(app),
        .is_quiet = app->options->is_given[OPTION_QUIET],
        .is_verbose = app->options->is_given[OPTION_VERBOSE],
    };
    view_init(&face->view, run_id);
    face->view.utc_offset_s = utc_offset_s();
}

void face_done(struct face *face)
{
    view_done(&face->view);
}

static bool is_shown(const struct face *face, const struct event *event)
{
    enum view_weight least = face->is_quiet     ? VIEW_WEIGHT_ALERT
                             : face->is_verbose ? VIEW_WEIGHT_DETAIL
                                                : VIEW_WEIGHT_NORMAL;
    return view_event_weight(event) >= least;
}

/* The word that says how the event ended something; NULL when it ended nothing. */
static const char *colored_word(const struct event *event)
{
    enum stage_state to = STAGE_WAITING;
    switch (event->type) {
    case EVENT_STAGE_STATE:
        return stage_state_from_name(str_from(json_text_or(event->body, "to", "")), &to)
                   ? stage_state_word(to)
                   : NULL;
    case EVENT_EVALUATION:
        return json_text_or(json_get(event->body, "gate"), "verdict", NULL);
    case EVENT_RESULT:
        return json_text_or(event->body, "state", NULL);
    case EVENT_HELLO:
    case EVENT_RUN_STATE:
    case EVENT_STAGE_PROGRESS:
    case EVENT_COMMAND:
    case EVENT_TYPE_COUNT:
        break;
    }
    return NULL;
}

static void show_text(struct face *face, const struct event *event)
{
    struct buf text;
    buf_init(&text, TEXT_LIMIT);
    view_event_text(&face->view, event, &text);
    printer_colored(face->out, colored_word(event), buf_str(&text));
    buf_done(&text);
}

static void show(struct face *face, const struct event *event)
{
    if (!face->is_json) {
        if (is_shown(face, event)) {
            show_text(face, event);
        }
        return;
    }
    char *line = event_print(event, face->view.run.id);
    printer_text_line(face->out, line);
    free(line);
}

bool face_event(struct face *face, const struct event *event, struct error *err)
{
    if (event->seq > face->view.run.last_seq && !view_apply(&face->view, event, err)) {
        return false;
    }
    show(face, event);
    return true;
}

static bool take_in(struct face *face, const struct event_list *list, bool is_to_show,
                    struct error *err)
{
    for (size_t i = 0; i < list->count; i++) {
        if (!view_apply(&face->view, &list->items[i], err)) {
            return error_prefix(err, "run %s", face->view.run.id);
        }
        if (is_to_show) {
            show(face, &list->items[i]);
        }
    }
    return true;
}

bool face_follow(struct face *face, struct store *store, bool is_to_show, struct error *err)
{
    const struct run *run = &face->view.run;
    for (;;) {
        struct event_list list = {.items = NULL};
        bool is_good = store_read_events(store, run->id, run->last_seq, PAGE, &list, err) &&
                       take_in(face, &list, is_to_show, err);
        size_t count = list.count;
        event_list_done(&list);
        if (is_good && run->dag == NULL) {
            is_good =
                error_set(err, ERROR_PERMANENT, "store_damaged", "run %s has no events", run->id);
        }
        if (!is_good || count < PAGE) {
            return is_good;
        }
    }
}

void face_log(struct face *face, const char *stage, const char *level, struct str text)
{
    if (!face->is_json && face->is_verbose) {
        printer_line(face->out, "         %s [%s] %.*s", stage, level, STR_ARG(text));
    }
}

void face_heartbeat(struct face *face, int64_t now_ms)
{
    struct buf text;
    if (face->is_json || face->is_quiet) {
        return;
    }
    buf_init(&text, TEXT_LIMIT);
    view_heartbeat_text(&face->view, now_ms, &text);
    printer_bytes(face->out, buf_str(&text));
    buf_done(&text);
}

static void take_usual(void *context, const char *stage, int64_t median_ms)
{
    struct face *face = context;
    view_set_usual(&face->view, stage, median_ms);
}

void face_load_usual(struct face *face, struct store *store)
{
    struct error ignored; /* without it a row shows no estimate, and that is all */
    struct run_filter before = {.pipeline = face->view.run.dag->pipeline,
                                .before_number = face->view.run.number};
    store_usual_durations(store, &before, take_usual, face, &ignored);
}
