/* What a console needs of a run: its view kept up to date from the store, the history, commands to
 * its runner, and a detached runner where there is none. Blocking, short; one thread. */
#ifndef GATEHOUSE_APP_CLIENT_H
#define GATEHOUSE_APP_CLIENT_H

#include "core/app/app.h"
#include "core/app/watchers.h"
#include "core/view/replay.h"

enum { CLIENT_RUNS_MAX = 200 };

struct client {
    struct app *app;        /* borrowed: configuration loaded; its store is opened here */
    bool is_read_only;      /* no command goes out, now */
    char *read_only_reason; /* why it opened read-only; NULL: it did not */
    int64_t elevated_since_ms, elevated_until_ms; /* until: 0, no elevation is in force */
    bool has_run;                                 /* view shows a run */
    bool has_runner;          /* a live runner owns it, as of the latest refresh */
    struct view view;         /* while has_run */
    struct run_summary *runs; /* newest first, at most CLIENT_RUNS_MAX */
    size_t run_count;
    int64_t command_id;     /* a command of ours that is not answered yet; 0: none */
    int64_t awaited_number; /* we started a runner: the first run from this number on is ours; 0 */
    bool is_resuming;       /* we started a runner for the run that is shown; it is not there yet */
    int64_t runner_log_size;  /* of runner_log before that */
    int64_t spawned_ms;       /* when a runner was started; 0: never */
    char *runner_log;         /* where detached runners complain */
    char *user, *tty;         /* tty NULL: none */
    struct watchers watchers; /* other consoles */
    struct replay *replay;    /* owned; NULL: the run is a live one of the store */
    bool has_logs;            /* of the replay: its run is in the state folder */
};

/* Opens the store; read-only (--read-only, console.read_only, production) it may be absent until
 * there is a run. False with err. */
bool client_init(struct client *client, struct app *app, struct error *err);
/* Instead of client_init: the run that the operand of `gatehouse replay` names, playing from
 * its beginning. No store is kept open, and every command is refused. */
bool client_init_replay(struct client *client, struct app *app, struct error *err);
void client_done(struct client *client);

/* The time that is shown: now, or of the replay. */
int64_t client_now_ms(const struct client *client);
/* How long until the run shown may look different without news; -1: not before there are. */
int64_t client_wait_ms(const struct client *client);

/* Shows another run: latest, a number, an id or a prefix. The run shown before stays on failure. */
bool client_show(struct client *client, const char *reference, struct error *err);
/* Reads what is new. A run that we started is shown as soon as it is there. out_changed: the view,
 * the history or the runner is not as before. */
bool client_refresh(struct client *client, int64_t now_ms, bool *out_changed, struct error *err);
/* Something may still happen without a word of the store: a runner lives, or is awaited. */
bool client_is_live(const struct client *client);
/* The file to watch, or NULL. Borrows. */
const char *client_watch_path(const struct client *client);
/* A runner that we started has died before it was seen, or is not seen for too long. */
bool client_is_overdue(const struct client *client, int64_t now_ms);
void client_give_up(struct client *client); /* waiting */

/* False with err that says why no command goes out from here, and what helps. */
bool client_may_command(const struct client *client, struct error *err);
/* Lets commands through for a time (console.elevation_max at most), once that is on record with
 * who, where and why; again before it ends: from now on for so long. client_refresh ends it. */
bool client_elevate(struct client *client, int64_t duration_ms, const char *reason, int64_t now_ms,
                    struct error *err);
/* Read-only from now on; the end of an elevation is on record with this reason. */
void client_fall_back(struct client *client, const char *reason, int64_t now_ms);

/* A command with our user and tty, durable when this returns; with no runner alive one is started
 * detached. command->id, user and tty are ignored. */
bool client_command(struct client *client, const struct command *command, int64_t now_ms,
                    struct error *err);
/* A new run by a detached runner with our configuration options; makes_sample: it first makes the
 * sample when there is no raw data. */
bool client_start_run(struct client *client, bool makes_sample, int64_t now_ms, struct error *err);
/* The run that is shown has lost its runner: it is not at rest, and nobody owns it. */
bool client_is_lost(const struct client *client);
/* Another runner, detached, goes on with the run that is shown. */
bool client_resume(struct client *client, int64_t now_ms, struct error *err);
/* What the runner that we started last complained about: the last line of its log; gives memory
 * for free(), or NULL. */
char *client_complaint(const struct client *client);

/* Median duration of a stage of the configured pipeline in past runs; 0: unknown. */
int64_t client_usual_ms(const struct client *client, const char *stage);
/* The log of a try of the run that is shown; gives memory for free(). NULL: a replayed stream has
 * none. */
char *client_log_path(const struct client *client, const char *stage, int try_number);
char *client_log_folder(const struct client *client); /* the folder of all of them */

#endif
