/* The log: searching, filtering, following, saving, tries. */
#include "tui/act.h"

#include "core/base/alloc.h"
#include "core/base/file.h"

#include <stdlib.h>

/* ---- search and filter */
static void search(struct ui *ui, const char *typed)
{
    struct error err;
    if (!log_view_search(&ui->log, typed, &err)) {
        act_say(ui, true, "%s", err.message);
    }
}

static void filter(struct ui *ui, const char *typed)
{
    struct error err;
    if (!log_view_filter(&ui->log, typed, &err)) {
        act_say(ui, true, "%s", err.message);
    }
}

void act_search(struct act *act)
{
    act->ui->focus = FOCUS_LOG;
    if (*act->operand != '\0') {
        search(act->ui, act->operand);
    } else {
        prompt_open(&act->ui->prompt, PROMPT_SEARCH, "");
    }
}

void act_filter(struct act *act)
{
    const char *before = act->ui->log.filter.match.typed;
    act->ui->focus = FOCUS_LOG;
    if (*act->operand != '\0') {
        filter(act->ui, act->operand);
    } else {
        prompt_open(&act->ui->prompt, PROMPT_FILTER, before == NULL ? "" : before);
    }
}

bool act_leave_log_search(struct ui *ui)
{
    if (log_match_is_on(&ui->log.search.match)) {
        search(ui, "");
        return true;
    }
    if (log_match_is_on(&ui->log.filter.match)) {
        filter(ui, "");
        return true;
    }
    return false;
}

static void next_match(struct ui *ui, bool is_back)
{
    const char *typed = ui->log.search.match.typed;
    if (typed == NULL) {
        act_say(ui, false, "nothing is searched for: / starts a search");
    } else if (!log_view_next_match(&ui->log, is_back)) {
        act_say(ui, false, "no line holds \"%s\"", typed);
    }
}

void act_next_match(struct act *act)
{
    next_match(act->ui, false);
}

void act_previous_match(struct act *act)
{
    next_match(act->ui, true);
}

static void next_error(struct ui *ui, bool is_back)
{
    ui->focus = FOCUS_LOG;
    if (!log_view_next_error(&ui->log, is_back)) {
        act_say(ui, false, "no line%s is an error",
                log_match_is_on(&ui->log.filter.match) ? " that passes the filter" : "");
    }
}

void act_next_error(struct act *act)
{
    next_error(act->ui, false);
}

void act_previous_error(struct act *act)
{
    next_error(act->ui, true);
}

/* ---- how it is shown */
void act_follow(struct act *act)
{
    log_view_follow(&act->ui->log, !act->ui->log.is_following);
}

void act_wrap(struct act *act)
{
    log_view_wrap(&act->ui->log, !act->ui->log.is_wrapped);
    settings_set(&act->ui->settings, SETTING_wrap, json_bool(act->ui->log.is_wrapped));
}

void act_times(struct act *act)
{
    act->ui->log.hides_times = !act->ui->log.hides_times;
    settings_set(&act->ui->settings, SETTING_times, json_bool(!act->ui->log.hides_times));
}

/* ---- saving */
static void save(struct ui *ui, const char *path, bool may_replace)
{
    const char *typed = ui->log.filter.match.typed;
    if (ui->save.path != NULL || ui->is_saving) {
        act_say(ui, true, "a log is still being saved");
    } else if (!may_replace && file_exists(path)) {
        prompt_open(&ui->prompt, PROMPT_REPLACE, path);
    } else if (*path != '\0') {
        ui->save = (struct log_save){.source = xstrdup(ui->log.file.path),
                                     .path = xstrdup(path),
                                     .filter = typed == NULL ? NULL : xstrdup(typed),
                                     .may_replace = may_replace};
    }
}

void act_save(struct act *act)
{
    struct ui *ui = act->ui;
    if (ui->log.file.lines == 0) {
        act_say(ui, false, "there is nothing to save: the log is empty");
    } else if (*act->operand != '\0') {
        save(ui, act->operand, false);
    } else {
        char *name = xasprintf("run-%04lld-%s.%d.log", (long long)act->client->view.run.number,
                               act->client->view.run.dag->stages[ui->stage].name, ui_shown_try(ui));
        prompt_open(&ui->prompt, PROMPT_SAVE, name);
        free(name);
    }
}

void act_prompt_done(struct ui *ui)
{
    struct prompt prompt = ui->prompt;
    ui->prompt.kind = PROMPT_NONE;
    switch (prompt.kind) {
    case PROMPT_SEARCH:
        search(ui, prompt.line.text);
        break;
    case PROMPT_FILTER:
        filter(ui, prompt.line.text);
        break;
    case PROMPT_SAVE:
    case PROMPT_REPLACE:
        save(ui, prompt.line.text, prompt.kind == PROMPT_REPLACE);
        break;
    case PROMPT_NONE:
        break;
    }
}

/* ---- tries */
static void other_try(struct ui *ui, const struct client *client, int step)
{
    int latest = client->view.run.stages[ui->stage].try_number;
    int wanted = ui_shown_try(ui) + step;
    if (wanted >= 1 && wanted <= latest) {
        ui->try_number = wanted == latest ? 0 : wanted;
        act_show_log(ui, client);
    } else {
        act_say(ui, false, step < 0 ? "there is no try before this one" : "this is the latest try");
    }
}

void act_older_try(struct act *act)
{
    other_try(act->ui, act->client, -1);
}

void act_newer_try(struct act *act)
{
    other_try(act->ui, act->client, 1);
}
