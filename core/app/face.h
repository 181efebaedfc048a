/* The batch face: turns a run's events into lines, as text or as the JSON stream. Used by --batch,
 * watch and the verbs that take a run over. Decides nothing. One thread. */
#ifndef GATEHOUSE_APP_FACE_H
#define GATEHOUSE_APP_FACE_H

#include "core/app/printer.h"
#include "core/run/run.h"

enum { FACE_HEARTBEAT_MS = 60000 };

struct face {
    struct printer *out; /* borrowed */
    bool is_json;
    bool is_quiet;   /* text: failures and the verdict only */
    bool is_verbose; /* text: progress and logs too */
};

/* run: the state right after the event. */
void face_event(struct face *face, const struct run *run, const struct event *event);
/* A line of a try's log; only verbose text shows it. */
void face_log(struct face *face, int64_t now_ms, const char *stage, const char *level,
              struct str text);
/* Once in FACE_HEARTBEAT_MS, while the run works; text only, not when quiet. */
void face_heartbeat(struct face *face, const struct run *run, int64_t now_ms);

/* What a stage's outputs say, in a few words: "30,000 rows, 12 quarantined"; empty when nothing. */
void face_describe_outputs(const struct json *outputs, struct buf *out);
/* "accuracy 0.8183 >= 0.8 on test, margin +0.0183", for a rule of a judged gate. */
void face_describe_rule(const struct json *rule, struct buf *out);
/* "1,234,567" */
void face_append_count(int64_t count, struct buf *out);

#endif
