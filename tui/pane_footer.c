/* The lines at the bottom: what was said last, and the keys that matter here. */
#include "tui/panes.h"

#include "core/view/text.h"

#include <ctype.h>
#include <string.h>

enum { TEXT_MAX = 4096, ASCII_END = 0x80, MESSAGE_ROWS = 3 };

/* What came of a command so far: the state it is about. */
static const char *effect(const struct view *view, const struct view_command *command)
{
    const struct run *run = &view->run;
    for (size_t i = 0; i < run->dag->count; i++) {
        if (strcmp(run->dag->stages[i].name, command->stage) == 0) {
            return stage_state_word(run->stages[i].state);
        }
    }
    return run_state_name(run->state);
}

struct message {
    struct buf text;
    enum role role;
};

static void say_command(const struct ui *ui, const struct view_command *command,
                        struct message *out)
{
    struct buf *text = &out->text;
    text_clock(text, command->ts_ms, ui->utc_offset_s);
    buf_printf(text, " %s: %s%s%s %s", command->user[0] == '\0' ? "signal" : command->user,
               command->verb, command->stage[0] == '\0' ? "" : " ", command->stage,
               command->is_accepted ? "accepted" : "refused");
    if (command->is_accepted) {
        buf_printf(text, " -> %s", effect(&ui->client->view, command));
    } else {
        buf_printf(text, ": %s", command->message);
    }
    if (command->reason[0] != '\0') {
        buf_printf(text, " (reason: %s)", command->reason);
    }
    out->role = command->is_accepted ? ROLE_MUTED : ROLE_ALERT;
}

static void say_last_command(const struct ui *ui, struct message *out)
{
    const struct view *view = &ui->client->view;
    if (ui->client->has_run && view->command_count > 0) {
        say_command(ui, &view->commands[view->command_count - 1], out);
    }
}

/* The answer to a command of this console is news until the next key. */
static bool say_answer(const struct ui *ui, struct message *out)
{
    const struct view *view = &ui->client->view;
    for (size_t i = 0; ui->client->has_run && i < view->command_count; i++) {
        if (ui->answered_id != 0 && view->commands[i].id == ui->answered_id) {
            say_command(ui, &view->commands[i], out);
            return true;
        }
    }
    return false;
}

/* The table has no room for why a stage failed. */
static bool say_error(const struct ui *ui, struct message *out)
{
    const struct view *view = &ui->client->view;
    if (!ui->client->has_run || ui->stage >= view->run.dag->count) {
        return false;
    }
    const struct stage_run *at = &view->run.stages[ui->stage];
    bool is_bad = at->state == STAGE_FAILED || at->state == STAGE_RETRYING;
    if (is_bad) {
        buf_append_text(&out->text, at->error.message);
        out->role = at->state == STAGE_FAILED ? ROLE_ALERT : ROLE_NOTICE;
    }
    return is_bad;
}

/* Nothing goes on by itself any more: it must be said, with what helps. */
static bool say_lost(const struct ui *ui, struct message *out)
{
    const struct client *client = ui->client;
    const struct key_chord *retry = keymap_first(&ui->bindings, ACTION_RETRY, ui_place(ui));
    if (!client_is_lost(client)) {
        return false;
    }
    buf_append_text(&out->text, "the runner of this run is gone; ");
    if (client->is_read_only || retry == NULL) {
        buf_printf(&out->text, "gatehouse --batch --resume %lld goes on",
                   (long long)client->view.run.number);
    } else {
        key_chord_print(retry, &out->text);
        buf_append_text(&out->text, " resumes it: what is done stays done");
    }
    out->role = ROLE_ALERT;
    return true;
}

/* What matters most now; nothing while something is typed. */
static void message_of(const struct ui *ui, struct message *out)
{
    *out = (struct message){.role = ROLE_TEXT};
    buf_init(&out->text, TEXT_MAX);
    if (ui->pending.count > 0 || prompt_is_open(&ui->prompt)) {
        return;
    }
    if (ui->message[0] != '\0') {
        buf_append_text(&out->text, ui->message);
        out->role = ui->is_alert ? ROLE_ALERT : ROLE_NOTICE;
    } else if (!say_answer(ui, out) && !say_lost(ui, out) && !say_error(ui, out)) {
        say_last_command(ui, out);
    }
}

/* Row by row, the last one cut; gives their number. */
static int put_message(const struct message *message, const struct area *area, int rows)
{
    const char *rest = buf_text(&message->text);
    int y = 0;
    for (; y + 1 < rows && text_columns(str_from(rest)) >= area->cols; y++) {
        size_t len = screen_line_len(str_from(rest), area->cols - 1);
        area_put(area, 1, y, message->role, (struct str){rest, len});
        rest += len;
        rest += strspn(rest, " ");
    }
    area_cut(area, 1, y, message->role, area->cols - 1, rest);
    return y + 1;
}

int pane_message_rows(const struct ui *ui, int cols)
{
    struct area nowhere = {.cols = cols};
    struct message message;
    message_of(ui, &message);
    int rows = cols > 1 ? put_message(&message, &nowhere, MESSAGE_ROWS) : 1;
    buf_done(&message.text);
    return rows;
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

static void draw_prompt(const struct prompt *prompt, const struct area *area)
{
    static const char *const before[] = {
        [PROMPT_SEARCH] = "/", [PROMPT_FILTER] = "&", [PROMPT_SAVE] = "save to: "};
    const char *text = prompt->line.text;
    if (prompt->kind == PROMPT_REPLACE) {
        area_printf(area, 1, 0, ROLE_ALERT, "y replaces what is there already: %s", text);
        return;
    }
    int x = area_text(area, 0, 0, ROLE_KEY, before[prompt->kind]);
    line_draw(&prompt->line, area, x, 0, ROLE_KEY);
    if (*text == '\0' && prompt->kind != PROMPT_SAVE) {
        area_text(area, x + 2, 0, ROLE_MUTED,
                  prompt->kind == PROMPT_SEARCH ? "text, or ~ and a regular expression"
                                                : "[>=LEVEL] [!]REGEX; Enter alone shows all");
    }
}

void pane_message(const struct ui *ui, const struct area *area)
{
    struct message message;
    if (ui->pending.count > 0) {
        pending_chord(ui, area);
    } else if (prompt_is_open(&ui->prompt)) {
        draw_prompt(&ui->prompt, area);
    } else {
        message_of(ui, &message);
        put_message(&message, area, area->rows);
        buf_done(&message.text);
    }
}

/* ---- hints */

/* "r)etry", "x)skip", "?help", "Tab pane". */
static void print_hint(const struct key_chord *chord, const char *hint, struct buf *out)
{
    uint32_t key = chord->keys[0];
    bool is_letter = chord->count == 1 && key < ASCII_END && isalnum((int)key);
    bool is_sign = chord->count == 1 && key < ASCII_END && ispunct((int)key);
    key_chord_print(chord, out);
    buf_append_text(out, is_letter ? ")" : is_sign ? "" : " ");
    buf_append_text(out, is_letter && key == (uint32_t)hint[0] ? hint + 1 : hint);
}

static int draw_hint(const struct area *area, int x, const struct key_chord *chord,
                     const char *hint)
{
    struct buf text, keys;
    buf_init(&text, TEXT_MAX);
    buf_init(&keys, TEXT_MAX);
    print_hint(chord, hint, &text);
    key_chord_print(chord, &keys);
    int end = x + text_columns(buf_str(&text));
    if (end <= area->cols) {
        area_text(area, x, 0, ROLE_TEXT, buf_text(&text));
        area_paint(area, x, 0, text_columns(buf_str(&keys)), ROLE_KEY);
    }
    buf_done(&text);
    buf_done(&keys);
    return end + 1;
}

static bool is_in_vain(const struct ui *ui, enum action action)
{
    const struct client *client = ui->client;
    bool is_at_rest = client->has_run && run_state_is_final(client->view.run.state);
    bool is_searching = log_match_is_on(&ui->log.search.match);
    bool is_next = action == ACTION_NEXT_MATCH || action == ACTION_PREVIOUS_MATCH;
    return (action_changes_run(action) && client->is_read_only) ||
           (action == ACTION_STOP && is_at_rest) || (is_next && !is_searching) ||
           (action == ACTION_BACK && ui->page == PAGE_RUN && !ui->is_zoomed);
}

static int hint(const struct ui *ui, const struct area *area, int x, enum action action)
{
    const char *word = action_spec(action)->hint;
    bool is_of_replay =
        ui->client->replay != NULL && action_spec(action)->group == ACTION_GROUP_REPLAY;
    const struct key_chord *chord =
        keymap_first(&ui->bindings, action, is_of_replay ? PLACE_REPLAY : ui_place(ui));
    bool is_shown = chord != NULL && *word != '\0' && !is_in_vain(ui, action);
    return is_shown && x < area->cols ? draw_hint(area, x, chord, word) : x;
}

static int group_hints(const struct ui *ui, const struct area *area, int x, enum action_group group)
{
    for (int i = 0; i < ACTION_COUNT; i++) {
        bool is_here = action_spec((enum action)i)->group == group;
        x = is_here ? hint(ui, area, x, (enum action)i) : x;
    }
    return x;
}

/* What always helps, what is of this place, then by groups; what no longer fits is left to the
 * help. */
void pane_hints(const struct ui *ui, const struct area *area)
{
    static const enum action_group groups[] = {ACTION_GROUP_REPLAY,   ACTION_GROUP_COMMANDS,
                                               ACTION_GROUP_SETTINGS, ACTION_GROUP_MOVING,
                                               ACTION_GROUP_LOG,      ACTION_GROUP_VIEWS};
    int x = hint(ui, area, 0, ACTION_HELP);
    x = hint(ui, area, x, ACTION_PALETTE);
    x = hint(ui, area, x, ACTION_QUIT);
    bool is_log = ui_place(ui) == PLACE_LOG;
    x = is_log ? group_hints(ui, area, x, ACTION_GROUP_LOG) : x;
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        bool is_done = is_log && groups[i] == ACTION_GROUP_LOG;
        x = is_done ? x : group_hints(ui, area, x, groups[i]);
    }
}
