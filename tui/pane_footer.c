/* The two lines at the bottom: what was said last, and the keys that matter here. */
#include "tui/panes.h"

#include "core/view/text.h"

#include <string.h>

enum { TEXT_MAX = 4096 };

static void last_command(const struct ui *ui, const struct area *area)
{
    const struct view *view = &ui->client->view;
    struct buf text;
    if (!ui->client->has_run || view->command_count == 0) {
        return;
    }
    const struct view_command *command = &view->commands[view->command_count - 1];
    buf_init(&text, TEXT_MAX);
    text_clock(&text, command->ts_ms, ui->utc_offset_s);
    buf_printf(&text, " %s: %s%s%s %s", command->user[0] == '\0' ? "signal" : command->user,
               command->verb, command->stage[0] == '\0' ? "" : " ", command->stage,
               command->is_accepted ? "accepted" : "refused");
    if (command->reason[0] != '\0') {
        buf_printf(&text, " (reason: %s)", command->reason);
    }
    if (!command->is_accepted) {
        buf_printf(&text, ": %s", command->message);
    }
    area_cut(area, 1, 0, command->is_accepted ? ROLE_MUTED : ROLE_ALERT, area->cols - 1,
             buf_text(&text));
    buf_done(&text);
}

/* The table has no room for why a stage failed. */
static bool chosen_error(const struct ui *ui, const struct area *area)
{
    const struct view *view = &ui->client->view;
    if (!ui->client->has_run || ui->stage >= view->run.dag->count) {
        return false;
    }
    const struct stage_run *at = &view->run.stages[ui->stage];
    bool is_bad = at->state == STAGE_FAILED || at->state == STAGE_RETRYING;
    if (is_bad) {
        area_cut(area, 1, 0, at->state == STAGE_FAILED ? ROLE_ALERT : ROLE_NOTICE, area->cols - 1,
                 at->error.message);
    }
    return is_bad;
}

/* Nothing goes on by itself any more: it must be said, with what helps. */
static bool lost_runner(const struct ui *ui, const struct area *area)
{
    const struct client *client = ui->client;
    const struct key_chord *retry = keymap_first(&ui->bindings, ACTION_RETRY, ui_place(ui));
    struct buf text;
    if (!client_is_lost(client)) {
        return false;
    }
    buf_init(&text, TEXT_MAX);
    buf_append_text(&text, "the runner of this run is gone; ");
    if (client->is_read_only || retry == NULL) {
        buf_printf(&text, "gatehouse --batch --resume %lld goes on",
                   (long long)client->view.run.number);
    } else {
        key_chord_print(retry, &text);
        buf_append_text(&text, " resumes it: what is done stays done");
    }
    area_cut(area, 1, 0, ROLE_ALERT, area->cols - 1, buf_text(&text));
    buf_done(&text);
    return true;
}

static void pending_chord(const struct ui *ui, const struct area *area)
{
    struct buf keys;
    buf_init(&keys, TEXT_MAX);
    key_chord_print(&ui->pending, &keys);
    int x = area_printf(area, 1, 0, ROLE_KEY, "%s", buf_text(&keys));
    area_text(area, x + 1, 0, ROLE_MUTED, "and then? Esc drops it");
    buf_done(&keys);
}

/* The end of what is typed stays in sight. */
static void draw_prompt(const struct prompt *prompt, const struct area *area)
{
    static const char *const before[] = {
        [PROMPT_SEARCH] = "/", [PROMPT_FILTER] = "&", [PROMPT_SAVE] = "save to: "};
    if (prompt->kind == PROMPT_REPLACE) {
        area_printf(area, 1, 0, ROLE_ALERT, "%s is there already; y replaces it", prompt->text);
        return;
    }
    int cols = text_columns(str_from(prompt->text));
    int x = area_text(area, 0, 0, ROLE_KEY, before[prompt->kind]);
    struct area line = area_sub(area, x, 0, area->cols - x, 1);
    int shift = cols + 1 > line.cols ? line.cols - cols - 1 : 0;
    x = area_text(&line, shift, 0, ROLE_KEY, prompt->text);
    area_text(&line, x, 0, ROLE_BUTTON_FOCUS, " ");
    if (prompt->text[0] == '\0' && prompt->kind != PROMPT_SAVE) {
        area_text(&line, x + 2, 0, ROLE_MUTED,
                  prompt->kind == PROMPT_SEARCH ? "text, or ~ and a regular expression"
                                                : "[>=LEVEL] [!]REGEX; Enter alone shows all");
    }
}

void pane_message(const struct ui *ui, const struct area *area)
{
    if (ui->pending.count > 0) {
        pending_chord(ui, area);
    } else if (prompt_is_open(&ui->prompt)) {
        draw_prompt(&ui->prompt, area);
    } else if (ui->message[0] != '\0') {
        area_cut(area, 1, 0, ui->is_alert ? ROLE_ALERT : ROLE_NOTICE, area->cols - 1, ui->message);
    } else if (!lost_runner(ui, area) && !chosen_error(ui, area)) {
        last_command(ui, area);
    }
}

/* ---- hints */

/* "r" + "retry" become "r)etry", others "Tab pane". */
static int draw_hint(const struct area *area, int x, const struct key_chord *chord,
                     const char *hint)
{
    struct buf name;
    buf_init(&name, TEXT_MAX);
    if (chord->count == 1 && chord->keys[0] == (uint32_t)(unsigned char)hint[0]) {
        buf_printf(&name, "%c)", hint[0]);
        hint++;
    } else {
        key_chord_print(chord, &name);
        buf_append_char(&name, ' ');
    }
    int end = x + text_columns(buf_str(&name)) + (int)strlen(hint);
    if (end <= area->cols) {
        x = area_text(area, x, 0, ROLE_KEY, buf_text(&name));
        area_text(area, x, 0, ROLE_TEXT, hint);
    }
    buf_done(&name);
    return end + 1;
}

static bool is_in_vain(const struct ui *ui, enum action action)
{
    return (action_changes_run(action) && ui->client->is_read_only) ||
           (action == ACTION_BACK && ui->page == PAGE_RUN && !ui->is_zoomed);
}

void pane_hints(const struct ui *ui, const struct area *area)
{
    static const enum action order[] = {
        ACTION_HELP,       ACTION_QUIT,           ACTION_BACK,    ACTION_OPEN,
        ACTION_NEW_RUN,    ACTION_RETRY,          ACTION_RERUN,   ACTION_STOP,
        ACTION_SKIP,       ACTION_NEXT_PANE,      ACTION_SEARCH,  ACTION_FOLLOW,
        ACTION_NEXT_MATCH, ACTION_PREVIOUS_MATCH, ACTION_LOG,     ACTION_HISTORY,
        ACTION_TIMELINE,   ACTION_PIPELINE,       ACTION_VERDICT, ACTION_ZOOM,
        ACTION_FILTER,     ACTION_NEXT_ERROR,     ACTION_WRAP,    ACTION_SAVE};
    enum place place = ui_place(ui);
    int x = 0;
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        const struct key_chord *chord = keymap_first(&ui->bindings, order[i], place);
        if (chord != NULL && !is_in_vain(ui, order[i]) && x < area->cols) {
            x = draw_hint(area, x, chord, action_spec(order[i])->hint);
        }
    }
}
