/* The batch face: shows a run's events as lines of text or as the JSON stream. Used by --batch,
 * watch and the verbs that take a run over. Decides nothing. One thread. */
#ifndef GATEHOUSE_APP_FACE_H
#define GATEHOUSE_APP_FACE_H

#include "core/app/app.h"
#include "core/store/store.h"
#include "core/view/view.h"

enum { FACE_HEARTBEAT_MS = 60000 };

struct face {
    struct printer *out; /* borrowed */
    struct view view;    /* the run, up to the latest event it was given */
    bool is_json;
    bool is_quiet;   /* text: failures and the verdict only */
    bool is_verbose; /* text: progress and logs too */
};

/* Format, quiet and verbose as the options say. */
void face_init(struct face *face, struct app *app, const char *run_id);
void face_done(struct face *face);
/* Takes in what the store has beyond the view; shows it if is_shown. */
bool face_follow(struct face *face, struct store *store, bool is_shown, struct error *err);
/* Takes in the event unless the view has it already, and shows it. */
bool face_event(struct face *face, const struct event *event, struct error *err);
/* A line of a try's log; only verbose text shows it. */
void face_log(struct face *face, const char *stage, const char *level, struct str text);
/* Once in FACE_HEARTBEAT_MS, while the run works; text only, not when quiet. */
void face_heartbeat(struct face *face, int64_t now_ms);
/* How long each stage usually takes, for rows and estimates. */
void face_load_usual(struct face *face, struct store *store);

#endif
