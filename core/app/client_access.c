/* Who may command: read-only by flag, environment and configuration, and elevations for a time. An
 * elevation and its end are on record in the store before and after commands are let through. */
#include "core/app/client_internal.h"

#include "core/app/config_value.h"
#include "core/base/alloc.h"
#include "core/base/clock.h"
#include "core/base/file.h"

#include <stdlib.h>

enum {
    BUSY_TIMEOUT_MS = 500, /* a console must not hang behind a writer */
    DURATION_MAX = 64,
};

/* Why the console opens read-only; gives memory for free(), NULL when it does not. */
static char *reason_of(const struct app *app)
{
    const struct config_value *values = app->config->values;
    const char *environment = config_text(app->config, CONFIG_pipeline_environment);
    if (app->options->is_given[OPTION_READ_ONLY]) {
        return xstrdup("--read-only");
    }
    if (config_bool(app->config, CONFIG_console_read_only)) {
        return xasprintf("console.read_only, %s", values[CONFIG_console_read_only].origin);
    }
    if (app_is_production(environment) &&
        config_bool(app->config, CONFIG_console_read_only_production)) {
        return xasprintf("\"%s\" is production: console.read_only_production, %s", environment,
                         values[CONFIG_console_read_only_production].origin);
    }
    return NULL;
}

bool client_open_store(struct client *client, struct error *err)
{
    struct app *app = client->app;
    char *path = file_join(app->state_folder, "runs.db");
    app->store = store_open(path, client->is_read_only ? STORE_READ : STORE_WRITE, err);
    free(path);
    if (app->store != NULL) {
        store_set_busy_timeout(app->store, BUSY_TIMEOUT_MS);
        return true;
    }
    return client->is_read_only && error_is(err, "not_found");
}

bool client_init(struct client *client, struct app *app, struct error *err)
{
    *client = (struct client){.app = app};
    client->read_only_reason = reason_of(app);
    client->is_read_only = client->read_only_reason != NULL;
    client->user = app_user();
    client->tty = app_tty();
    client->runner_log = file_join(app->state_folder, "runner.log");
    watchers_init(&client->watchers, app->state_folder);
    return (client->is_read_only || app_make_state_folder(app, err)) &&
           client_open_store(client, err);
}

bool client_may_command(const struct client *client, struct error *err)
{
    if (!client->is_read_only) {
        return true;
    }
    if (client->replay != NULL) {
        return error_set(err, ERROR_PERMANENT, "read_only",
                         "this is a replay of what has happened: it commands nothing");
    }
    bool can_elevate = config_int(client->app->config, CONFIG_console_elevation_max) > 0;
    return error_set(err, ERROR_PERMANENT, "read_only", "this console is read-only%s (%s)",
                     can_elevate ? "; rw 10m REASON lifts it for a time" : "",
                     client->read_only_reason == NULL ? "ro" : client->read_only_reason);
}

/* The store opened anew; as it was on failure. */
static bool change_access(struct client *client, bool is_read_only, struct error *err)
{
    struct store *before = client->app->store;
    bool was_read_only = client->is_read_only;
    client->is_read_only = is_read_only;
    if ((!is_read_only && !app_make_state_folder(client->app, err)) ||
        !client_open_store(client, err)) {
        client->app->store = before;
        client->is_read_only = was_read_only;
        return false;
    }
    store_close(before);
    return true;
}

static bool record(struct client *client, enum operator_deed deed, const char *reason,
                   int64_t now_ms, struct error *err)
{
    struct operator_entry entry = {
        .deed = deed,
        .ts_ms = now_ms,
        .until_ms = deed == DEED_ELEVATED ? client->elevated_until_ms : 0,
        .user = client->user,
        .tty = client->tty,
        .reason = reason,
    };
    return store_log_operator(client->app->store, client->has_run ? client->view.run.id : NULL,
                              &entry, err);
}

static bool check_elevation(const struct client *client, int64_t duration_ms, struct str reason,
                            struct error *err)
{
    int64_t limit_ms = config_int(client->app->config, CONFIG_console_elevation_max);
    struct buf limit;
    if (client->replay != NULL) {
        return client_may_command(client, err);
    }
    if (limit_ms == 0) {
        return error_set(err, ERROR_PERMANENT, "read_only",
                         "no elevation here: console.elevation_max is 0 (%s)",
                         client->app->config->values[CONFIG_console_elevation_max].origin);
    }
    if (!client->is_read_only && client->elevated_until_ms == 0) {
        return error_set(err, ERROR_PERMANENT, "usage", "this console may command runs as it is");
    }
    if (duration_ms <= 0 || duration_ms > limit_ms) {
        buf_init(&limit, DURATION_MAX);
        config_print_duration(limit_ms, &limit);
        error_set(err, ERROR_PERMANENT, "usage",
                  "an elevation lasts at most %s (console.elevation_max)", buf_text(&limit));
        buf_done(&limit);
        return false;
    }
    return reason.len > 0 || error_set(err, ERROR_PERMANENT, "usage",
                                       "an elevation needs a reason: it is kept in the audit "
                                       "trail");
}

bool client_elevate(struct client *client, int64_t duration_ms, const char *reason, int64_t now_ms,
                    struct error *err)
{
    struct error ignored;
    int64_t since_ms = client->elevated_since_ms, until_ms = client->elevated_until_ms;
    if (!check_elevation(client, duration_ms, str_trim(str_from(reason)), err) ||
        (client->is_read_only && !change_access(client, false, err))) {
        return false;
    }
    client->elevated_since_ms = now_ms;
    client->elevated_until_ms = now_ms + duration_ms;
    if (record(client, DEED_ELEVATED, reason, now_ms, err)) {
        return true;
    }
    client->elevated_since_ms = since_ms; /* what is not on record does not happen */
    client->elevated_until_ms = until_ms;
    if (until_ms == 0) {
        change_access(client, true, &ignored);
        client->is_read_only = true;
    }
    return false;
}

void client_fall_back(struct client *client, const char *reason, int64_t now_ms)
{
    struct error ignored;
    if (client->elevated_until_ms != 0) {
        record(client, DEED_FELL_BACK, reason, now_ms, &ignored); /* its end is on record anyway */
    }
    client->elevated_until_ms = 0;
    change_access(client, true, &ignored);
    client->is_read_only = true; /* whatever the store says */
}

void client_check_access(struct client *client, int64_t now_ms)
{
    if (client->elevated_until_ms == 0) {
        return;
    }
    if (now_ms >= client->elevated_until_ms) {
        client_fall_back(client, "its time was up", now_ms);
    } else if (now_ms < client->elevated_since_ms) {
        client_fall_back(client, "the clock was set back", now_ms);
    }
}
