/* Panes that tell where a run stands in little room: the one-line form and the footer. */
#include "tui/panes.h"

#include "core/base/clock.h"
#include "core/view/text.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 4096 };

/* ---- the run in one line */
void pane_line(const struct ui *ui, const struct area *area)
{
    const struct view *view = &ui->client->view;
    struct view_row row;
    char eta[CLOCK_TEXT_SIZE];
    enum role role = ROLE_TEXT;
    if (!ui->client->has_run || view->run.dag == NULL) {
        area_text(area, 0, 0, ROLE_TEXT, "no run yet");
        return;
    }
    const char *word = ui_run_word(ui, &role);
    if (run_state_is_final(view->run.state)) {
        int x = area_text(area, 0, 0, role, word);
        area_printf(area, x + 1, 0, ROLE_TEXT, "%zu/%zu run %lld", view_done_count(view),
                    view->run.dag->count, (long long)view->run.number);
        return;
    }
    view_row(view, ui_current_stage(view), ui->now_ms, &row);
    int x = area_printf(area, 0, 0, ROLE_TEXT, "%zu/%zu ", row.number, view->run.dag->count);
    x = area_text(area, x, 0, ui_state_role(row.state), row.word);
    if (row.fraction >= 0) {
        x = area_printf(area, x, 0, ROLE_TEXT, " %d%%", (int)(row.fraction * 100));
    }
    if (row.eta_ms >= 0) {
        clock_format_duration(row.eta_ms, eta);
        x = area_printf(area, x, 0, ROLE_TEXT, " ETA %s", eta);
    }
    area_cut(area, x + 1, 0, ROLE_MUTED, area->cols - x - 1, row.name);
}

/* ---- footer */
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
    struct buf text;
    if (!client_is_lost(client)) {
        return false;
    }
    buf_init(&text, TEXT_MAX);
    buf_append_text(&text, "the runner of this run is gone; ");
    if (client->is_read_only) {
        buf_printf(&text, "gatehouse --batch --resume %lld goes on",
                   (long long)client->view.run.number);
    } else {
        buf_append_text(&text, "r resumes it: what is done stays done");
    }
    area_cut(area, 1, 0, ROLE_ALERT, area->cols - 1, buf_text(&text));
    buf_done(&text);
    return true;
}

void pane_message(const struct ui *ui, const struct area *area)
{
    if (ui->log.is_searching) {
        int x = area_printf(area, 0, 0, ROLE_KEY, "/%s", ui->log.search);
        area_text(area, x, 0, ROLE_BUTTON_FOCUS, " ");
    } else if (ui->message[0] != '\0') {
        area_cut(area, 1, 0, ui->is_alert ? ROLE_ALERT : ROLE_NOTICE, area->cols - 1, ui->message);
    } else if (!lost_runner(ui, area) && !chosen_error(ui, area)) {
        last_command(ui, area);
    }
}

/* "r" + "retry" become "r)etry", others "Tab pane". */
static int draw_hint(const struct area *area, int x, uint32_t key, const char *hint)
{
    struct buf name;
    buf_init(&name, 64);
    if (key == (uint32_t)(unsigned char)hint[0]) {
        buf_printf(&name, "%c)", hint[0]);
        hint++;
    } else {
        keymap_key_name(key, &name);
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

void pane_hints(const struct ui *ui, const struct area *area)
{
    static const enum action order[] = {
        ACTION_HELP,    ACTION_QUIT,    ACTION_BACK,       ACTION_OPEN,           ACTION_NEW_RUN,
        ACTION_RETRY,   ACTION_RERUN,   ACTION_STOP,       ACTION_SKIP,           ACTION_NEXT_PANE,
        ACTION_SEARCH,  ACTION_FOLLOW,  ACTION_NEXT_MATCH, ACTION_PREVIOUS_MATCH, ACTION_LOG,
        ACTION_HISTORY, ACTION_VERDICT, ACTION_ZOOM};
    enum place place = ui_place(ui);
    int x = 0;
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        uint32_t key = keymap_first_key(order[i], place);
        bool is_off = action_changes_run(order[i]) && ui->client->is_read_only;
        bool is_vain = order[i] == ACTION_BACK && ui->page == PAGE_RUN && !ui->is_zoomed;
        if (key != 0 && !is_off && !is_vain && x < area->cols) {
            x = draw_hint(area, x, key, action_hint(order[i]));
        }
    }
}
