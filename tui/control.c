/* Keys to actions, to text that is typed, and to dialogs. */
#include "tui/control.h"

#include "core/base/alloc.h"
#include "core/base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void control_refreshed(struct ui *ui, struct client *client)
{
    if (ui->sent_id != 0 && client->command_id == 0) {
        ui->message[0] = '\0'; /* that it was sent; the footer shows the answer */
        ui->answered_id = ui->sent_id;
        ui->sent_id = 0;
    }
    if (client->has_run) {
        if (strcmp(ui->run_id, client->view.run.id) != 0) { /* another run */
            snprintf(ui->run_id, sizeof(ui->run_id), "%s", client->view.run.id);
            ui->is_stage_chosen = false;
            ui->try_number = 0;
            ui->message[0] = '\0';
        }
        if (!ui->is_stage_chosen) {
            ui->stage = ui_current_stage(&client->view);
        }
    }
    if (ui->page == PAGE_AUDIT) {
        act_read_audit(ui, client);
    }
    if (ui->is_elevated && client->elevated_until_ms == 0) {
        act_say(ui, false, "read-only again: no command goes out from here any more");
    }
    ui->is_elevated = client->elevated_until_ms != 0;
    act_show_log(ui, client);
}

/* ---- text that is typed */
static void type(struct ui *ui, uint32_t key)
{
    enum prompt_answer answer = prompt_key(&ui->prompt, key);
    if (answer == PROMPT_DONE) {
        act_prompt_done(ui);
    } else if (answer == PROMPT_DROPPED) {
        ui->prompt.kind = PROMPT_NONE;
    }
}

/* ---- dialogs */
void control_carry_out(struct ui *ui, struct client *client)
{
    const struct dialog *dialog = &ui->dialog;
    struct error err;
    bool is_good = false;
    if (dialog->kind == DIALOG_NEW_RUN) {
        is_good = client_start_run(client, false, ui->now_ms, &err);
        act_say(ui, false, "a runner is being started; its run appears here");
    } else if (dialog->kind == DIALOG_RESUME) {
        is_good = client_resume(client, ui->now_ms, &err);
        act_say(ui, false, "a runner is being started; it takes the run over");
    } else if (dialog->kind == DIALOG_SETTINGS) {
        is_good = settings_write(&ui->settings, &err);
        act_say(ui, false, "written to %s", ui->settings.edit.path);
    } else {
        struct command command = {
            .verb = dialog->verb,
            .stage = dialog->stage[0] == '\0' ? NULL : dialog->stage,
            .reason = dialog->verb == COMMAND_SKIP ? dialog->fields[0].line.text : NULL,
        };
        is_good = client_command(client, &command, ui->now_ms, &err);
        act_say(ui, false, "%s%s%s is sent; waiting for the runner's answer",
                command_verb_name(dialog->verb), dialog->stage[0] == '\0' ? "" : " ",
                dialog->stage);
        ui->is_stage_chosen = false; /* what happens now matters */
        ui->sent_id = is_good ? client->command_id : 0;
    }
    if (!is_good) {
        act_say(ui, true, "%s", err.message);
    }
}

static void dialog_pressed(struct ui *ui, struct client *client, uint32_t key)
{
    enum dialog_answer answer = dialog_key(&ui->dialog, key);
    if (answer == DIALOG_YES) {
        control_carry_out(ui, client);
    }
    if (answer != DIALOG_STAYS) {
        dialog_close(&ui->dialog);
    }
}

/* ---- keys */
bool control_takes_text(const struct ui *ui)
{
    return ui->palette.is_open || prompt_takes_text(&ui->prompt) || dialog_takes_text(&ui->dialog);
}

/* Without the history nothing is lost but comfort: its errors are not worth a word. */
static char *history_path(const struct client *client)
{
    return file_join(client->app->state_folder, "console_history");
}

void control_load_history(struct ui *ui, const struct client *client)
{
    struct error ignored;
    char *path = history_path(client);
    palette_load_history(&ui->palette, path, &ignored);
    free(path);
}

static void palette_pressed(struct act *act, uint32_t key)
{
    struct ui *ui = act->ui;
    struct error ignored;
    if (palette_key(ui, key) != PALETTE_ENTERED) {
        return;
    }
    char *path = history_path(act->client);
    char *line = xstrdup(ui->palette.line.text); /* the action may open the palette again */
    ui->message[0] = '\0';
    palette_remember(&ui->palette, path, line, &ignored);
    palette_run(act, line);
    free(line);
    free(path);
}

/* False: nobody wants that key here. */
static bool take_key(struct act *act, uint32_t key)
{
    struct ui *ui = act->ui;
    const struct binding *binding = NULL;
    bool was_pending = ui->pending.count > 0;
    if (ui->dialog.kind != DIALOG_NONE) {
        dialog_pressed(ui, act->client, key);
        return key < INPUT_META;
    }
    if (ui->palette.is_open) {
        palette_pressed(act, key);
        return key < INPUT_META;
    }
    if (prompt_is_open(&ui->prompt)) {
        type(ui, key);
        return key < INPUT_META;
    }
    ui->message[0] = '\0';
    ui->answered_id = 0;
    enum keymap_answer answer = KEYMAP_NOTHING;
    struct key_chord before = ui->pending;
    if (act->client->replay != NULL) {
        answer = keymap_press(&ui->bindings, &ui->pending, key, PLACE_REPLAY, &binding);
    }
    if (answer == KEYMAP_NOTHING) {
        ui->pending = before;
        answer = keymap_press(&ui->bindings, &ui->pending, key, ui_place(ui), &binding);
    }
    bool was_leaving = ui->is_leaving;
    if (answer == KEYMAP_ACTION) {
        act->index = binding->index;
        act_on(binding->action, act);
    }
    ui->is_leaving = ui->is_leaving && !was_leaving;
    return answer != KEYMAP_NOTHING || was_pending;
}

/* Pasted text is text: it may be typed somewhere, as one line, but it is no keys. */
static void paste_key(struct act *act, uint32_t key)
{
    bool is_blank = key == INPUT_ENTER || key == INPUT_TAB || key == '\n';
    bool is_text = key >= ' ' && key < INPUT_FIRST_SPECIAL;
    struct ui *ui = act->ui;
    if (key == INPUT_PASTE_END) {
        ui->is_pasting = false;
        if (ui->paste_lost > 0) {
            act_say(ui, true, "pasted text is no keys: %zu characters were dropped",
                    ui->paste_lost);
        }
    } else if (key == INPUT_PASTE_BEGIN) {
        ui->paste_lost = 0;
    } else if (control_takes_text(ui) && (is_blank || is_text)) {
        take_key(act, is_blank ? ' ' : key);
    } else {
        ui->paste_lost += control_takes_text(ui) ? 0 : 1;
    }
}

enum act_wish control_key(struct ui *ui, struct client *client, uint32_t key)
{
    struct act act = {.ui = ui, .client = client, .operand = ""};
    if (key == INPUT_PASTE_BEGIN || ui->is_pasting) {
        ui->is_pasting = true;
        paste_key(&act, key);
    } else if (!take_key(&act, key) && key >= INPUT_META) {
        /* Esc and a key right behind it arrive as one; nobody wanted that, so they were two. */
        take_key(&act, INPUT_ESC);
        return act.wish != ACT_STAY ? act.wish
                                    : control_key(ui, client, key & ~(uint32_t)INPUT_META);
    }
    return act.wish;
}

void control_drop_chord(struct ui *ui)
{
    ui->pending.count = 0;
}
