/* Views: pages, panes alone, the console itself. */
#include "tui/act.h"

#include "tui/control.h"

void act_back(struct act *act)
{
    struct ui *ui = act->ui;
    if (ui->page != PAGE_RUN) {
        act_turn_to(ui, PAGE_RUN);
    } else if (ui->focus == FOCUS_LOG && act_leave_log_search(ui)) {
        return; /* one thing at a time, the latest first */
    } else if (ui->is_zoomed) {
        ui->is_zoomed = false;
    } else {
        ui->focus = FOCUS_STAGES;
    }
}

void act_open(struct act *act)
{
    struct ui *ui = act->ui;
    struct client *client = act->client;
    struct error err;
    if (ui->page != PAGE_HISTORY) {
        act_turn_to(ui, ui_place(ui) == PLACE_VERDICT ? PAGE_VERDICT : PAGE_DETAIL);
    } else if (ui->run_row < client->run_count) {
        if (client_show(client, client->runs[ui->run_row].id, &err)) {
            act_turn_to(ui, PAGE_RUN);
            control_refreshed(ui, client);
        } else {
            act_say(ui, true, "%s", err.message);
        }
    }
}

void act_run(struct act *act)
{
    struct error err;
    if (act->operand[0] == '\0') {
        palette_open(&act->ui->palette, "run ");
    } else if (client_show(act->client, act->operand, &err)) {
        act->ui->page = PAGE_RUN;
        control_refreshed(act->ui, act->client);
    } else {
        act_say(act->ui, true, "%s", err.message);
    }
}

void act_log(struct act *act)
{
    struct ui *ui = act->ui;
    struct str rest;
    bool is_shown = ui->page == PAGE_RUN && ui->is_zoomed && ui->focus == FOCUS_LOG;
    bool has_operand = act->operand[0] != '\0';
    if (!act_take_stage(act, &rest)) {
        return;
    }
    ui->page = PAGE_RUN;
    ui->focus = FOCUS_LOG;
    ui->is_zoomed = !is_shown || has_operand;
}

void act_history(struct act *act)
{
    act_turn_to(act->ui, PAGE_HISTORY);
}

void act_timeline(struct act *act)
{
    act_turn_to(act->ui, PAGE_TIMELINE);
}

void act_pipeline(struct act *act)
{
    act_turn_to(act->ui, PAGE_PIPELINE);
}

void act_verdict(struct act *act)
{
    act_turn_to(act->ui, PAGE_VERDICT);
}

void act_zoom(struct act *act)
{
    act->ui->is_zoomed = !act->ui->is_zoomed;
}

void act_read_audit(struct ui *ui, const struct client *client)
{
    struct error err;
    if (!audit_read(&ui->audit, client->app->store, &client->view, &err)) {
        act_say(ui, true, "the operator log cannot be read: %s", err.message);
    }
}

void act_audit(struct act *act)
{
    act_turn_to(act->ui, PAGE_AUDIT);
    act_read_audit(act->ui, act->client);
}

void act_palette(struct act *act)
{
    palette_open(&act->ui->palette, "");
}

void act_help(struct act *act)
{
    act_turn_to(act->ui, PAGE_HELP);
}

void act_repaint(struct act *act)
{
    act->wish = ACT_REPAINT;
}

void act_suspend(struct act *act)
{
    act->wish = ACT_SUSPEND;
}

void act_quit(struct act *act)
{
    struct ui *ui = act->ui;
    if (act->is_typed || (ui->page == PAGE_RUN && !ui->is_zoomed)) {
        act->wish = ACT_LEAVE;
    } else if (ui->page != PAGE_RUN) {
        act_turn_to(ui, PAGE_RUN);
    } else {
        ui->is_zoomed = false;
    }
}

void act_detach(struct act *act)
{
    act->wish = ACT_LEAVE;
}

void act_leave(struct act *act)
{
    if (act->is_typed || act->ui->is_leaving) {
        act->wish = ACT_LEAVE;
        return;
    }
    act->ui->is_leaving = true;
    act_say(act->ui, false, "leave the console? The same key again does; the run goes on");
}
