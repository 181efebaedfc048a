/* Where a replay's events come from: the JSON stream of --batch, or the run store. */
#ifndef GATEHOUSE_APP_REPLAY_READ_H
#define GATEHOUSE_APP_REPLAY_READ_H

#include "core/app/app.h"

enum {
    REPLAY_STREAM_MAX = 64 << 20, /* bytes; a run of an hour has some 100 KB */
    REPLAY_LINE_MAX = 4 << 20,
};

/* The lines of one run's stream, from its first event on. `name` is what errors call it. The list
 * is the caller's, whatever is returned. False with err "name:line: what is wrong, what was
 * expected"; a last line without newline must be whole. Pure. */
bool replay_parse_stream(struct str text, const char *name, struct event_list *out_events,
                         char out_run_id[RUN_ID_SIZE], struct error *err);
/* The same from a file, or from standard input ("-"). */
bool replay_read_stream(const char *path, struct event_list *out_events,
                        char out_run_id[RUN_ID_SIZE], struct error *err);
/* All events of a run of the open store. */
bool replay_read_store(struct store *store, const struct run_summary *run,
                       struct event_list *out_events, struct error *err);

#endif
