/* Where a replay's events come from: the JSON stream of --batch, or the run store. */
#ifndef GATEHOUSE_APP_REPLAY_READ_H
#define GATEHOUSE_APP_REPLAY_READ_H

#include "core/app/app.h"
#include "core/view/replay.h"

enum {
    REPLAY_STREAM_MAX = 64 << 20, /* bytes; a run of an hour has some 100 KB */
    REPLAY_LINE_MAX = 4 << 20,
};

/* The lines of one run's stream, from its first event on. `name` is what errors call it. The list
 * is the caller's, whatever is returned. False with err "name:line: what is wrong, what was
 * expected"; a last line without newline must be whole. Pure. */
bool replay_parse_stream(struct str text, const char *name, struct event_list *out_events,
                         char out_run_id[RUN_ID_SIZE], struct error *err);

/* What the operand of `gatehouse replay` names: "-" is the stream on app->in, a file that is there
 * is a stream, anything else a run of the store, which is open only as long as this takes. */
struct replay_source {
    struct event_list events; /* legal as lines; not as a run yet */
    char run_id[RUN_ID_SIZE];
    bool is_stored;   /* its logs are in the state folder */
    const char *name; /* of the stream, for errors; borrowed */
};
/* False with err; replay_source_done is owed either way. */
bool replay_source_read(struct replay_source *source, struct app *app, struct error *err);
void replay_source_done(struct replay_source *source);
/* replay_init of its events; an error names the line. */
bool replay_source_open(struct replay_source *source, struct replay *replay, struct view *view,
                        struct error *err);

#endif
