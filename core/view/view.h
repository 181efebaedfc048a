/* What a face shows of a run: its events, folded. Used by `show`, `watch`, batch text and the
 * console. Pure: no clock (now_ms is an argument), no I/O. The run machine is folded by run_apply;
 * the view adds what only people want: each try, progress, curves, the audit trail.
 * All text this module writes is printable; what its structs hold is as it came. */
#ifndef GATEHOUSE_VIEW_VIEW_H
#define GATEHOUSE_VIEW_VIEW_H

#include "core/base/buf.h"
#include "core/run/run.h"

enum {
    VIEW_SERIES_MAX = 64,
    VIEW_POINTS_MAX = 100000,
    VIEW_DETAIL_SIZE = 256,
    VIEW_JOB_SIZE = 64,
    VIEW_TRANSITIONS_MAX = 16, /* later ones are dropped */
};

struct view_try {
    int number;
    enum stage_state state; /* of the stage at this try's end, or now while it is alive */
    bool is_interrupted;    /* RETRYING: lost with its runner, not failed */
    int64_t started_ms;
    int64_t running_since_ms; /* 0: it did not leave QUEUED */
    int64_t ended_ms;         /* 0: alive */
    struct error error;       /* why it ended, when it was not a success */
    struct json *outputs;     /* of a success, else NULL */
    char intent[RUN_INTENT_SIZE];
};

struct view_stage {
    struct view_try *tries; /* oldest first */
    size_t try_count;
    struct json *progress; /* body of the latest try's latest stage.progress, or NULL */
    int64_t progress_ms;   /* when that was told */
    char *reason;          /* of the latest move, or NULL */
    int64_t usual_ms;      /* median of past runs, given by view_set_usual; 0: unknown */
};

struct view_point {
    double round, value;
};
struct view_series { /* one metric by round, rounds ascending */
    char *metric;
    struct view_point *points;
    size_t count, capacity;
};
struct view_transition {
    char secondary_status[VIEW_JOB_SIZE];
    int64_t since_ms;
};
struct view_training { /* of the latest try that reported a job or rounds */
    size_t stage;
    int try_number;               /* 0: there is none */
    char job_name[VIEW_JOB_SIZE]; /* "" until known, as the statuses */
    char status[VIEW_JOB_SIZE], secondary_status[VIEW_JOB_SIZE]; /* SageMaker's words */
    struct view_transition transitions[VIEW_TRANSITIONS_MAX];    /* of the secondary status */
    size_t transition_count;
    char message[VIEW_DETAIL_SIZE]; /* what the service says of its status; may be empty */
    int64_t polled_ms;              /* when the job was seen last */
    int64_t poll_interval_ms;       /* it is seen again so long after; 0: all the time */
    int64_t billable_ms;            /* 0: not known */
    struct view_series *series;
    size_t series_count;
};

struct view_command { /* the audit trail */
    int64_t ts_ms, id;
    char *verb, *stage, *user, *tty, *reason, *message; /* "" when absent */
    bool is_accepted;
};

struct view {
    struct run run;
    struct view_stage *stages; /* run.dag->count, once the first hello is in */
    struct view_training training;
    struct view_command *commands;
    size_t command_count, command_capacity;
    char *environment, *backend, *host, *user, *version; /* of the latest hello; never NULL */
    char *data; /* what the raw data are, by the latest hello that says so; never NULL */
    int64_t pid;
    int utc_offset_s; /* for clock times in text; the owner may set it */
};

/* One line of the stage table, ready to be shown. */
struct view_row {
    size_t number; /* 1.. */
    const char *name;
    enum stage_state state;
    const char *word;
    int try_number, tries_max; /* try_number 0: not started */
    int64_t elapsed_ms;        /* of the latest try; -1: not started */
    int64_t usual_ms;          /* 0: unknown */
    double fraction;           /* of the work done, 0..1; -1: unknown */
    int64_t eta_ms;            /* -1: unknown */
    char detail[VIEW_DETAIL_SIZE];
};

void view_init(struct view *view, const char *run_id);
void view_done(struct view *view);
void view_copy(struct view *out_view,
               const struct view *view); /* deep; out_view: not initialised */
/* False, and nothing changed, when the event does not fit (see run_apply). */
bool view_apply(struct view *view, const struct event *event, struct error *err);
void view_set_usual(struct view *view, const char *stage, int64_t usual_ms);

size_t view_done_count(const struct view *view); /* stages that are SUCCESS or SKIPPED */
void view_row(const struct view *view, size_t stage, int64_t now_ms, struct view_row *out_row);
int64_t view_elapsed_ms(const struct view *view, int64_t now_ms); /* of the run */

/* {run, number, pipeline, environment, data, state, verdict, exit_code, created, ended, elapsed_ms,
 * stages:[{name, kind, state, tries:[{try, state, start, end, elapsed_ms, error, outputs,
 * intent}]}], evaluation, gate, commands:[{ts, id, verb, stage, user, tty, reason, accepted,
 * message}]}. Times are RFC 3339 UTC; what does not apply yet is null. A try's state is a stage's
 * state, or "interrupted". */
struct json *view_to_json(const struct view *view, int64_t now_ms);
/* The whole run as plain text of at most 80 columns. */
void view_render_text(const struct view *view, int64_t now_ms, struct buf *out);

/* How much an event matters to someone who reads lines. */
enum view_weight {
    VIEW_WEIGHT_DETAIL, /* progress */
    VIEW_WEIGHT_NORMAL, /* state changes, commands */
    VIEW_WEIGHT_ALERT,  /* failures, the verdict, the result: shown even when quiet */
};
enum view_weight view_event_weight(const struct event *event);
/* One event as text, whole lines; the view has just applied it. "12:03:58 [5/6]
 * start_sagemaker_training  try 1  running -> success  14.2 s"; an evaluation gives the verdict
 * in a block of its own. */
void view_event_text(const struct view *view, const struct event *event, struct buf *out);
/* One line that says what runs and for how long, or that nothing does. */
void view_heartbeat_text(const struct view *view, int64_t now_ms, struct buf *out);

#endif
