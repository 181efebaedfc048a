/* Commands: each only opens the dialog with its plan. */
#include "tui/act.h"

#include "tui/plan.h"

static bool may_command(struct act *act)
{
    if (act->client->is_read_only) {
        act_say(act->ui, true,
                act->client->replay != NULL
                    ? "this is a replay of what has happened: it commands nothing"
                    : "this console is read-only: no command reaches a run");
        return false;
    }
    return true;
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
