/* The log: searching, following, tries. */
#include "tui/act.h"

void act_search(struct act *act)
{
    struct ui_log *log = &act->ui->log;
    act->ui->focus = FOCUS_LOG;
    log->is_searching = true;
    log->search[0] = '\0';
}

static void next_match(struct ui *ui, bool is_back)
{
    struct ui_log *log = &ui->log;
    size_t count = log->file.match_count;
    if (log->file.needle == NULL) {
        act_say(ui, false, "nothing is searched for: / starts a search");
    } else if (count == 0) {
        act_say(ui, false, "no line holds \"%s\"", log->file.needle);
    } else {
        log->match = (log->match + (is_back ? count - 1 : 1)) % count;
        log->top = log->file.matches[log->match];
        log->seen = log->is_following ? log_file_lines(&log->file) : log->seen;
        log->is_following = false;
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

void act_follow(struct act *act)
{
    struct ui_log *log = &act->ui->log;
    log->is_following = !log->is_following;
    log->seen = log_file_lines(&log->file);
}

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
