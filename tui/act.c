/* The way from an action to what it does, and what several actions share. */
#include "tui/act.h"

#include "tui/log_time.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void act_on(enum action action, struct act *act)
{
    static void (*const functions[ACTION_COUNT])(struct act *) = {
#define X(id, name, keys, places, group, operands, hint, sentence) act_##name,
        ACTIONS(X)
#undef X
    };
    functions[action](act);
}

void act_say(struct ui *ui, bool is_alert, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(ui->message, sizeof(ui->message), format, args);
    va_end(args);
    ui->is_alert = is_alert;
}

void act_show_log(struct ui *ui, const struct client *client)
{
    int try_number = client->has_run ? ui_shown_try(ui) : 0;
    char *path =
        try_number == 0
            ? NULL
            : client_log_path(client, client->view.run.dag->stages[ui->stage].name, try_number);
    const char *before = ui->log.file.path;
    bool is_same = path == NULL || before == NULL ? path == before : strcmp(path, before) == 0;
    if (!is_same) {
        log_view_open(&ui->log, path);
    }
    if (client->replay != NULL && path != NULL) { /* what was logged by then */
        ui->log.file.limit = log_time_size(path, client->replay->at_ms);
    }
    free(path);
}

void act_choose_stage(struct ui *ui, const struct client *client, size_t stage)
{
    if (stage < client->view.run.dag->count) {
        ui->stage = stage;
        ui->is_stage_chosen = true;
        ui->try_number = 0;
        ui->scroll = 0;
        act_show_log(ui, client);
    }
}

void act_turn_to(struct ui *ui, enum ui_page page)
{
    ui->page = ui->page == page ? PAGE_RUN : page;
    ui->scroll = 0;
}

static size_t find_stage(const struct dag *dag, struct str word)
{
    uint64_t number = 0;
    size_t found = dag->count, like = 0;
    if (str_to_u64(word, &number) && number >= 1 && number <= dag->count) {
        return (size_t)number - 1;
    }
    for (size_t i = 0; i < dag->count; i++) {
        if (str_eq(str_from(dag->stages[i].name), word)) {
            return i;
        }
        if (str_starts_with(str_from(dag->stages[i].name), word)) {
            found = i;
            like++;
        }
    }
    return like == 1 ? found : dag->count;
}

bool act_take_stage(struct act *act, struct str *out_rest)
{
    const struct dag *dag = act->client->view.run.dag;
    const char *names[DAG_STAGES_MAX];
    struct str word = str_split(str_from(act->operand), ' ', out_rest);
    *out_rest = str_trim(*out_rest);
    if (word.len == 0) {
        return true;
    }
    size_t stage = find_stage(dag, word);
    if (stage < dag->count) {
        act_choose_stage(act->ui, act->client, stage);
        return true;
    }
    for (size_t i = 0; i < dag->count; i++) {
        names[i] = dag->stages[i].name;
    }
    const char *near = str_nearest(word, names, dag->count);
    act_say(act->ui, true, "there is no stage \"%.*s\"%s%s%s", STR_ARG(word),
            near == NULL ? "; they have numbers, too" : "; did you mean \"",
            near == NULL ? "" : near, near == NULL ? "" : "\"?");
    return false;
}
