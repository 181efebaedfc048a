/* The console's door to the store: what it shows of a run, and what it asks of its runner. */
#include "core/app/client_internal.h"

#include "core/app/replay_read.h"
#include "core/base/alloc.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/engine/engine.h"
#include "core/loop/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EVENTS_PER_READ = 500,
    RESPAWN_AFTER_MS = 5000,
    START_PATIENCE_MS = 120000, /* a sample and a first database take their time */
    START_LEAST_MS = 1000,
    TICK_MS = 1000,
    ABSENT_POLL_MS = 2000, /* looking for a store that is not there yet */
};

/* ---- opening */
static void drop_view(struct client *client)
{
    if (client->has_run) {
        view_done(&client->view);
        client->has_run = false;
    }
}

bool client_init_replay(struct client *client, struct app *app, struct error *err)
{
    struct replay_source source;
    struct replay *replay = xcalloc(1, sizeof(*replay));
    *client = (struct client){.app = app, .is_read_only = true};
    client->user = app_user();
    client->runner_log = xstrdup("");
    watchers_init(&client->watchers, app->state_folder);
    client->has_run = replay_source_read(&source, app, err) &&
                      replay_source_open(&source, replay, &client->view, err);
    if (client->has_run) {
        client->replay = replay;
        client->has_logs = source.is_stored;
        client->has_runner = true; /* as it was then */
        const char *speed = app->options->values[OPTION_SPEED];
        replay_speed_parse(str_from(speed == NULL ? "1" : speed), &replay->speed);
        replay_play(replay, true, clock_system()->monotonic_ms(clock_system()));
    } else {
        free(replay);
    }
    replay_source_done(&source);
    return client->has_run;
}

void client_done(struct client *client)
{
    if (client->elevated_until_ms != 0) {
        client_fall_back(client, "the console was left", client_now_ms(client));
    }
    drop_view(client);
    if (client->replay != NULL) {
        replay_done(client->replay);
        free(client->replay);
    }
    watchers_done(&client->watchers);
    free(client->runs);
    free(client->runner_log);
    free(client->user);
    free(client->tty);
    free(client->read_only_reason);
}

/* ---- reading */
static bool apply_list(struct view *view, const struct event_list *list, struct error *err)
{
    for (size_t i = 0; i < list->count; i++) {
        if (!view_apply(view, &list->items[i], err)) {
            return false;
        }
    }
    return true;
}

static bool read_events(struct client *client, struct view *view, bool *out_changed,
                        struct error *err)
{
    for (;;) {
        struct event_list list = {.items = NULL};
        bool is_good = store_read_events(client->app->store, view->run.id, view->run.last_seq,
                                         EVENTS_PER_READ, &list, err) &&
                       apply_list(view, &list, err);
        size_t count = list.count;
        event_list_done(&list);
        *out_changed = *out_changed || count > 0;
        if (!is_good || count < EVENTS_PER_READ) {
            return is_good;
        }
    }
}

static void set_usual(void *context, const char *stage, int64_t median_ms)
{
    view_set_usual(context, stage, median_ms);
}

bool client_show(struct client *client, const char *reference, struct error *err)
{
    struct run_summary summary;
    struct view view;
    bool has_changed = false;
    if (client->replay != NULL) {
        return client_may_command(client, err);
    }
    if (client->app->store == NULL) {
        return error_set(err, ERROR_PERMANENT, "not_found", "there are no runs yet");
    }
    if (!store_find_run(client->app->store, reference, &summary, err)) {
        return false;
    }
    view_init(&view, summary.id);
    struct run_filter before = {.pipeline = summary.pipeline, .before_number = summary.number};
    if (!read_events(client, &view, &has_changed, err) ||
        !store_usual_durations(client->app->store, &before, set_usual, &view, err)) {
        view_done(&view);
        return false;
    }
    drop_view(client);
    client->view = view;
    client->has_run = true;
    client->command_id = 0;
    client->is_resuming = false;
    watchers_tell(&client->watchers, client->user, client->view.run.id);
    return true;
}

static bool add_run(void *context, const struct run_summary *run)
{
    struct client *client = context;
    client->runs[client->run_count++] = *run;
    return true;
}

static bool read_runs(struct client *client, struct error *err)
{
    static const struct run_filter all = {.pipeline = NULL};
    if (client->runs == NULL) {
        client->runs = xcalloc(CLIENT_RUNS_MAX, sizeof(*client->runs));
    }
    client->run_count = 0;
    return store_list_runs(client->app->store, &all, CLIENT_RUNS_MAX, add_run, client, err);
}

static bool is_owned(const struct client *client)
{
    return client->has_run && engine_run_is_owned(client->app->state_folder, client->view.run.id);
}

/* ---- commands */
bool client_start_run(struct client *client, bool makes_sample, int64_t now_ms, struct error *err)
{
    enum client_errand errand = makes_sample ? CLIENT_NEW_WITH_SAMPLE : CLIENT_NEW;
    if (!client_may_command(client, err)) {
        return false;
    }
    if (!read_runs(client, err) || !client_spawn_runner(client, errand, now_ms, err)) {
        return false;
    }
    client->awaited_number = client->run_count == 0 ? 1 : client->runs[0].number + 1;
    return true;
}

bool client_is_lost(const struct client *client)
{
    return client->has_run && !client->has_runner && !run_state_is_final(client->view.run.state);
}

bool client_resume(struct client *client, int64_t now_ms, struct error *err)
{
    if (!client_may_command(client, err)) {
        return false;
    }
    client->is_resuming = client_spawn_runner(client, CLIENT_RESUME, now_ms, err);
    return client->is_resuming;
}

bool client_command(struct client *client, const struct command *command, int64_t now_ms,
                    struct error *err)
{
    struct command ours = *command;
    if (!client_may_command(client, err)) {
        return false;
    }
    ours.user = client->user;
    ours.tty = client->tty;
    if (!store_add_command(client->app->store, client->view.run.id, &ours, now_ms,
                           &client->command_id, err)) {
        return false;
    }
    return is_owned(client) || client_spawn_runner(client, CLIENT_RESUME, now_ms, err);
}

/* ---- staying up to date */

/* A command that its runner did not live to answer gets another runner. */
static bool follow_command(struct client *client, int64_t now_ms, struct error *err)
{
    int64_t seq = 0;
    if (client->command_id == 0) {
        return true;
    }
    if (!store_command_answer(client->app->store, client->command_id, &seq, err)) {
        return false;
    }
    if (seq > 0) {
        client->command_id = 0;
        return true;
    }
    bool is_due = !client->has_runner && now_ms - client->spawned_ms >= RESPAWN_AFTER_MS;
    return !is_due || client_spawn_runner(client, CLIENT_RESUME, now_ms, err);
}

static bool show_awaited(struct client *client, struct error *err)
{
    char number[32];
    if (client->awaited_number == 0 || client->run_count == 0 ||
        client->runs[0].number < client->awaited_number) {
        return true;
    }
    snprintf(number, sizeof(number), "%lld", (long long)client->awaited_number);
    client->awaited_number = 0;
    return client_show(client, number, err);
}

bool client_refresh(struct client *client, int64_t now_ms, bool *out_changed, struct error *err)
{
    bool had_runner = client->has_runner;
    *out_changed = false;
    if (client->replay != NULL) {
        *out_changed = replay_advance(client->replay, clock_system()->monotonic_ms(clock_system()));
        return true;
    }
    client_check_access(client, now_ms);
    if (client->app->store == NULL &&
        (!client_open_store(client, err) || client->app->store == NULL)) {
        return client->app->store == NULL && error_is(err, "not_found");
    }
    if (store_has_changed(client->app->store)) {
        *out_changed = true;
        if (!read_runs(client, err) || !show_awaited(client, err)) {
            return false;
        }
    }
    client->has_runner = is_owned(client);
    client->is_resuming = client->is_resuming && !client->has_runner;
    watchers_look(&client->watchers, client->has_run ? client->view.run.id : "");
    *out_changed = *out_changed || had_runner != client->has_runner;
    return (!client->has_run || read_events(client, &client->view, out_changed, err)) &&
           follow_command(client, now_ms, err);
}

bool client_is_live(const struct client *client)
{
    if (client->replay != NULL) {
        return !client->replay->is_paused;
    }
    return client->has_runner || client->command_id != 0 || client->awaited_number != 0 ||
           client->is_resuming;
}

int64_t client_now_ms(const struct client *client)
{
    return client->replay != NULL ? client->replay->at_ms : clock_system()->wall_ms(clock_system());
}

int64_t client_wait_ms(const struct client *client)
{
    if (client->replay != NULL) {
        return replay_wait_ms(client->replay);
    }
    if (client_is_live(client) || client->elevated_until_ms != 0) {
        return TICK_MS - client_now_ms(client) % TICK_MS;
    }
    return client->app->store == NULL ? ABSENT_POLL_MS : -1;
}

bool client_is_overdue(const struct client *client, int64_t now_ms)
{
    int64_t waited_ms = now_ms - client->spawned_ms;
    if ((client->awaited_number == 0 && !client->is_resuming) || waited_ms < START_LEAST_MS) {
        return false;
    }
    return waited_ms >= START_PATIENCE_MS || !process_detached_lives(client->runner_log);
}

void client_give_up(struct client *client)
{
    client->awaited_number = 0;
    client->is_resuming = false;
}

const char *client_watch_path(const struct client *client)
{
    return client->app->store == NULL ? NULL : store_watch_path(client->app->store);
}

/* ---- small things */
struct wanted {
    const char *stage;
    int64_t usual_ms;
};

static void find_usual(void *context, const char *stage, int64_t median_ms)
{
    struct wanted *wanted = context;
    if (strcmp(stage, wanted->stage) == 0) {
        wanted->usual_ms = median_ms;
    }
}

int64_t client_usual_ms(const struct client *client, const char *stage)
{
    struct wanted wanted = {.stage = stage};
    struct error err;
    if (client->app->store != NULL) {
        struct run_filter all = {.pipeline =
                                     config_text(client->app->config, CONFIG_pipeline_name)};
        store_usual_durations(client->app->store, &all, find_usual, &wanted, &err);
    }
    return wanted.usual_ms;
}

char *client_log_path(const struct client *client, const char *stage, int try_number)
{
    if (client->replay != NULL && !client->has_logs) {
        return NULL; /* a stream has no logs */
    }
    return engine_log_path(client->app->state_folder, client->view.run.id, stage, try_number);
}

char *client_log_folder(const struct client *client)
{
    char *run = engine_run_folder_path(client->app->state_folder, client->view.run.id);
    char *folder = file_join(run, "logs");
    free(run);
    return folder;
}
