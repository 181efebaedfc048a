/* Commands, each of which only opens the dialog with its plan; and leave to give them. */
#include "tui/act.h"

#include "core/app/config_value.h"
#include "tui/plan.h"

static bool may_command(struct act *act)
{
    struct error err;
    bool may = client_may_command(act->client, &err);
    if (!may) {
        act_say(act->ui, true, "%s", err.message);
    }
    return may;
}

static void ask(struct act *act, enum command_verb verb)
{
    struct ui *ui = act->ui;
    struct error err;
    struct str reason = STR("");
    if (!may_command(act) || (verb != COMMAND_STOP && !act_take_stage(act, &reason))) {
        return;
    }
    if (!plan_command(ui, verb, &err)) {
        act_say(ui, true, "%s", err.message);
    } else if (verb == COMMAND_SKIP) {
        line_insert(&ui->dialog.fields[0].line, reason);
    } else if (reason.len > 0) {
        dialog_close(&ui->dialog);
        act_say(ui, true, "%s takes no reason: \"%.*s\"", command_verb_name(verb), STR_ARG(reason));
    }
}

void act_new_run(struct act *act)
{
    if (may_command(act)) {
        plan_new_run(act->ui);
    }
}

void act_retry(struct act *act)
{
    if (!client_is_lost(act->client)) {
        ask(act, COMMAND_RETRY);
    } else if (may_command(act)) {
        plan_resume(act->ui);
    }
}

void act_rerun(struct act *act)
{
    ask(act, COMMAND_RERUN);
}

void act_stop(struct act *act)
{
    ask(act, COMMAND_STOP);
}

void act_skip(struct act *act)
{
    ask(act, COMMAND_SKIP);
}

void act_rw(struct act *act)
{
    struct str reason;
    struct error err;
    int64_t duration_ms = 0;
    struct str duration = str_split(str_from(act->operand), ' ', &reason);
    if (duration.len == 0) {
        palette_open(&act->ui->palette, "rw ");
    } else if (!config_parse_duration(duration, &duration_ms)) {
        act_say(act->ui, true, "\"%.*s\" is no duration such as 10m or 1h30m", STR_ARG(duration));
    } else if (!client_elevate(act->client, duration_ms, str_trim(reason).ptr, act->ui->now_ms,
                               &err)) {
        act_say(act->ui, true, "%s", err.message);
    } else {
        act_say(act->ui, false, "commands go out for %.*s; it is on record (audit)",
                STR_ARG(duration));
    }
}

void act_ro(struct act *act)
{
    if (act->client->is_read_only) {
        act_say(act->ui, false, "this console is read-only as it is");
    } else {
        client_fall_back(act->client, "asked for", act->ui->now_ms);
        act->ui->is_elevated = false;
        act_say(act->ui, false, "no command goes out from here any more");
    }
}
