/* Questions: the dialogs of the console, asked field by field, and at last a typed yes. */
#include "core/base/alloc.h"
#include "tui/control.h"
#include "tui/plain_talk.h"
#include "tui/plain_words.h"

#include <stdlib.h>
#include <string.h>

/* The field that is to be filled in, or NULL. */
static struct dialog_field *open_field(struct dialog *dialog)
{
    return dialog->focus < dialog->field_count ? &dialog->fields[dialog->focus] : NULL;
}

/* A reason that stands behind the command is not asked for. */
static void skip_filled(struct dialog *dialog)
{
    const struct dialog_field *field = NULL;
    while ((field = open_field(dialog)) != NULL && field->line.text[0] != '\0') {
        dialog->focus++;
    }
}

void plain_ask(struct plain *plain)
{
    struct dialog *dialog = &plain->ui.dialog;
    struct str rest = str_from(dialog->plan);
    words_say(&plain->out, "%s", dialog->title);
    while (rest.len > 0) {
        struct str line = str_trim(str_split(rest, '\n', &rest));
        words_say(&plain->out, "%.*s", STR_ARG(line));
    }
    dialog->focus = 0;
    skip_filled(dialog);
}

void plain_drop_question(struct plain *plain)
{
    struct ui *ui = &plain->ui;
    if (ui->dialog.kind != DIALOG_NONE) {
        dialog_close(&ui->dialog);
        words_say(&plain->out, "nothing was done");
    }
    ui->prompt.kind = PROMPT_NONE;
    plain->is_asked_to_end = false;
}

static void fill_in(struct plain *plain, struct dialog_field *field, struct str line)
{
    char *text = xmemdup0(line.ptr, line.len);
    line_set(&field->line, text);
    free(text);
    if (field->required[0] != '\0' && strcmp(field->line.text, field->required) != 0) {
        words_say(&plain->out, "that is not %s", field->required);
        plain_drop_question(plain);
    } else if (line.len == 0) {
        plain_drop_question(plain);
    } else {
        plain->ui.dialog.focus++;
        skip_filled(&plain->ui.dialog);
    }
}

static void answer_dialog(struct plain *plain, struct str line)
{
    struct ui *ui = &plain->ui;
    struct dialog_field *field = open_field(&ui->dialog);
    if (field != NULL) {
        fill_in(plain, field, line);
    } else if (str_eq_ignoring_case(line, STR("yes")) && dialog_obstacle(&ui->dialog) == NULL) {
        control_carry_out(ui, plain->client);
        dialog_close(&ui->dialog);
        plain_message(plain);
    } else {
        plain_drop_question(plain);
    }
}

static void answer_prompt(struct plain *plain, struct str line)
{
    struct ui *ui = &plain->ui;
    enum prompt_kind kind = ui->prompt.kind;
    bool is_no = kind == PROMPT_REPLACE && !str_eq_ignoring_case(line, STR("yes"));
    if (is_no || (line.len == 0 && kind == PROMPT_SAVE)) {
        plain_drop_question(plain);
        words_say(&plain->out, "nothing was done");
        return;
    }
    if (kind != PROMPT_REPLACE) {
        char *text = xmemdup0(line.ptr, line.len);
        prompt_open(&ui->prompt, kind, text);
        free(text);
    }
    act_prompt_done(ui);
    if (ui->message[0] != '\0') {
        plain_message(plain);
    } else if (!prompt_is_open(&ui->prompt) && kind != PROMPT_SAVE && kind != PROMPT_REPLACE) {
        plain_voice(plain, kind == PROMPT_SEARCH ? ACTION_SEARCH : ACTION_FILTER);
    }
}

void plain_answer(struct plain *plain, struct str line)
{
    plain->ui.message[0] = '\0';
    if (plain->is_asked_to_end) {
        plain->is_asked_to_end = false;
        plain->wish = str_eq_ignoring_case(line, STR("yes")) ? ACT_LEAVE : ACT_STAY;
    } else if (plain->ui.dialog.kind != DIALOG_NONE) {
        answer_dialog(plain, line);
    } else {
        answer_prompt(plain, line);
    }
}

const char *plain_question(const struct plain *plain)
{
    const struct dialog *dialog = &plain->ui.dialog;
    if (plain->is_asked_to_end) {
        return "Leave? The run goes on. Type yes to leave:";
    }
    if (dialog->kind != DIALOG_NONE) {
        return dialog->focus < dialog->field_count
                   ? dialog->fields[dialog->focus].label
                   : "Type yes to do this; anything else does nothing:";
    }
    switch (plain->ui.prompt.kind) {
    case PROMPT_SEARCH:
        return "Search the log for, or nothing to end the search:";
    case PROMPT_FILTER:
        return "Show only lines that match, or nothing to show all:";
    case PROMPT_SAVE:
        return "Save the log as which file, or nothing:";
    case PROMPT_REPLACE:
        return "That file exists. Type yes to replace it:";
    case PROMPT_NONE:
        break;
    }
    return NULL;
}
