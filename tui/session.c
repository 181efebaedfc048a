/* The console without its terminal. */
#include "tui/session.h"

#include "core/base/clock.h"
#include "tui/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MS_PER_SECOND = 1000 };

int session_utc_offset_s(void)
{
    time_t now = (time_t)(clock_system()->wall_ms(clock_system()) / MS_PER_SECOND);
    struct tm local;
    return localtime_r(&now, &local) == NULL ? 0 : (int)local.tm_gmtoff;
}

/* ---- beginning */
bool session_open(struct app *app, struct client *client, int64_t *out_started, struct error *err)
{
    const struct options *options = app->options;
    bool has_changed = false;
    *out_started = 0;
    if (options->verb == VERB_REPLAY) {
        return client_init_replay(client, app, err);
    }
    if (!client_init(client, app, err) || !client_refresh(client, 0, &has_changed, err)) {
        return false;
    }
    if (options->is_given[OPTION_PREPARE_SAMPLE]) {
        bool is_started =
            client_start_run(client, true, clock_system()->wall_ms(clock_system()), err);
        *out_started = client->awaited_number;
        return is_started;
    }
    if (options->operand_count > 0) {
        return client_show(client, options->operands[0], err);
    }
    return client->run_count == 0 || client_show(client, "latest", err);
}

/* ---- staying up to date */

/* A runner that dies before it has its run says why in its log. */
static void check_start(struct ui *ui, struct client *client)
{
    if (!client_is_overdue(client, ui->now_ms)) {
        return;
    }
    char *complaint = client_complaint(client);
    act_say(ui, true, "the runner that was started %s: %s (%s)",
            client->is_resuming ? "did not take the run over" : "began no run",
            complaint == NULL ? "it does not say why" : complaint, client->runner_log);
    free(complaint);
    client_give_up(client);
}

void session_refresh(struct ui *ui, struct client *client)
{
    struct error err;
    bool has_changed = false;
    ui->now_ms = client_now_ms(client);
    if (!client_refresh(client, ui->now_ms, &has_changed, &err)) {
        act_say(ui, true, "the run store cannot be read: %s", err.message);
    } else if (!client->has_run && client->run_count > 0 && client->awaited_number == 0) {
        client_show(client, "latest", &err);
    }
    ui->now_ms = client_now_ms(client);
    check_start(ui, client);
    control_refreshed(ui, client);
}

/* ---- leaving */

/* How the run ended that this console started: `make run` on a terminal tells the truth, too. */
static int started_exit_code(struct client *client, int64_t started)
{
    char number[32];
    struct error err;
    snprintf(number, sizeof(number), "%lld", (long long)started);
    if (!client_show(client, number, &err)) {
        char *complaint = client_complaint(client);
        complain("the run was not started: %s (%s)", complaint == NULL ? err.message : complaint,
                 client->runner_log);
        free(complaint);
        return EXIT_CODE_TEMPORARY;
    }
    const struct run *run = &client->view.run;
    bool has_changed = false;
    client_refresh(client, client_now_ms(client), &has_changed, &err);
    if (!run_state_is_final(run->state)) {
        return EXIT_CODE_OK;
    }
    int code = run_exit_code(run);
    printer_line(&client->app->out, "run %lld %s, exit code %d", (long long)run->number,
                 run->verdict == VERDICT_NONE ? run_state_name(run->state)
                                              : verdict_name(run->verdict),
                 code);
    return code;
}

int session_close(struct client *client, int64_t started, int exit_code)
{
    const struct run *run = &client->view.run;
    if (started != 0 && exit_code == EXIT_CODE_OK) {
        exit_code = started_exit_code(client, started);
    }
    if (client->replay != NULL) {
        if (!replay_is_complete(client->replay)) {
            complain("the events end before the run does");
        }
    } else if (client->has_run && client->has_runner) {
        printer_line(&client->app->out, "run %lld goes on: gatehouse attach %lld",
                     (long long)run->number, (long long)run->number);
    } else if (client_is_lost(client)) {
        complain("run %lld has lost its runner: gatehouse --batch --resume %lld",
                 (long long)run->number, (long long)run->number);
    }
    return exit_code;
}
