/* Panes that tell where a run stands: header, stages, the one-line form, footer. */
#include "tui/panes.h"

#include "core/base/clock.h"
#include "core/view/text.h"

#include <stdio.h>
#include <string.h>

enum { NAME_COLS = 28, TEXT_MAX = 4096, BAR_COLS = 9, NAMED_COLS = 72 };

static void clock_of(const struct ui *ui, int64_t ts_ms, struct buf *out)
{
    text_clock(out, ts_ms, ui->utc_offset_s);
}

/* ---- header: where, what, is it alive, may I */

/* Level 0 is all there is to say; each level says less, the access mode stays longest. */
enum { RIGHT_LEVELS = 3 };
static void header_right(const struct ui *ui, int level, struct buf *out)
{
    const struct client *client = ui->client;
    buf_append_text(out, client->is_read_only ? "READ-ONLY" : "RW");
    if (level < 2) {
        buf_printf(out, " %s", client->user);
    }
    if (level == 0 && client_is_live(client)) {
        buf_append_text(out, "  ");
        clock_of(ui, ui->now_ms, out);
    } else if (level == 0 && client->has_run && run_state_is_final(client->view.run.state)) {
        buf_append_text(out, "  ended ");
        text_date(out, client->view.run.ended_ms, ui->utc_offset_s);
    }
    buf_append_char(out, ' ');
}

static int header_run(const struct ui *ui, const struct area *area, int x, enum role role)
{
    const struct view *view = &ui->client->view;
    char elapsed[CLOCK_TEXT_SIZE];
    enum role word_role = role;
    const char *word = ui_run_word(ui, &word_role);
    clock_format_duration(view_elapsed_ms(view, ui->now_ms), elapsed);
    if (area->cols >= NAMED_COLS) {
        x = area_printf(area, x, 0, role, "| %s ", view->run.dag->pipeline);
    }
    x = area_printf(area, x, 0, role, "| run %04lld ", (long long)view->run.number);
    x = area_printf(area, x, 0, word_role, " %s ", word);
    return area_printf(area, x, 0, role, " %s ", elapsed);
}

void pane_header(const struct ui *ui, const struct area *area)
{
    enum role role = ui_is_production(ui) ? ROLE_HEADER_PRODUCTION : ROLE_HEADER;
    area_clear(area, role);
    int x = area_printf(area, 0, 0, role, " %s ", ui_environment(ui));
    if (ui->client->has_run) {
        x = header_run(ui, area, x, role);
    } else {
        x = area_printf(area, x, 0, role, "| %s | no run yet ",
                        config_text(ui->client->app->config, CONFIG_pipeline_name));
    }
    for (int level = 0; level < RIGHT_LEVELS; level++) {
        struct buf right;
        buf_init(&right, TEXT_MAX);
        header_right(ui, level, &right);
        int start = area->cols - text_columns(buf_str(&right));
        if (start >= x) {
            area_text(area, start, 0, role, buf_text(&right));
            level = RIGHT_LEVELS;
        }
        buf_done(&right);
    }
}

/* ---- stages */
struct columns { /* where each column of the table starts; 0: not shown */
    int name, state, attempt, elapsed, usual, detail, name_cols;
};

static struct columns columns_for(const struct ui *ui, int cols)
{
    const struct dag *dag = ui->client->view.run.dag;
    struct columns at = {.name = 4};
    int longest = 0;
    for (size_t i = 0; i < dag->count; i++) {
        int len = (int)strlen(dag->stages[i].name);
        longest = len > longest ? len : longest;
    }
    at.name_cols = longest > NAME_COLS && cols < 120 ? NAME_COLS : longest;
    at.name_cols = at.name_cols < 5 ? 5 : at.name_cols;
    if (cols < 60) {
        at.name_cols = at.name_cols > cols - 24 ? cols - 24 : at.name_cols;
    }
    at.state = at.name + at.name_cols + 1;
    at.attempt = at.state + 8;
    at.elapsed = at.attempt + 5;
    at.usual = cols >= 72 ? at.elapsed + 8 : 0;
    at.detail = cols >= 72 ? at.usual + 8 : at.elapsed + 8;
    return at;
}

static void draw_bar(const struct area *area, int x, int y, double fraction)
{
    int full = (int)(fraction * BAR_COLS + 0.5);
    for (int i = 0; i < BAR_COLS; i++) {
        area_text(area, x + i, y, i < full ? ROLE_STATE_RUNNING : ROLE_MUTED,
                  screen_glyph(area->screen, i < full ? GLYPH_BAR : GLYPH_BAR_REST));
    }
}

static void draw_stage(const struct ui *ui, const struct area *area, int y, size_t stage,
                       const struct columns *at)
{
    struct view_row row;
    char elapsed[CLOCK_TEXT_SIZE], usual[CLOCK_TEXT_SIZE];
    view_row(&ui->client->view, stage, ui->now_ms, &row);
    enum role role = row.state == STAGE_WAITING ? ROLE_MUTED : ROLE_TEXT;
    bool is_chosen = stage == ui->stage;
    clock_format_duration(row.elapsed_ms, elapsed);
    clock_format_duration(row.usual_ms > 0 ? row.usual_ms : -1, usual);
    area_text(area, 0, y, ROLE_KEY, is_chosen ? ">" : " ");
    area_printf(area, 1, y, role, "%2zu", row.number);
    area_cut(area, at->name, y, role, at->name_cols, row.name);
    area_text(area, at->state, y, ui_state_role(row.state), row.word);
    if (row.try_number == 0) {
        area_printf(area, at->attempt, y, role, "-/%d", row.tries_max);
    } else {
        area_printf(area, at->attempt, y, row.try_number > 1 ? ROLE_NOTICE : role, "%d/%d",
                    row.try_number, row.tries_max);
    }
    area_printf(area, at->elapsed, y, role, "%7s", elapsed);
    if (at->usual > 0) {
        area_printf(area, at->usual, y, ROLE_MUTED, "%7s", usual);
    }
    int x = at->detail + 1;
    if (row.fraction >= 0 && stage_state_is_active(row.state) && area->cols - x > BAR_COLS + 12) {
        draw_bar(area, x, y, row.fraction);
        x += BAR_COLS + 1;
    }
    area_cut(area, x, y, row.state == STAGE_FAILED ? ROLE_ALERT : role, area->cols - x, row.detail);
    if (is_chosen && ui->focus == FOCUS_STAGES && ui->page == PAGE_RUN) {
        area_select_row(area, y);
    }
}

void pane_stages(const struct ui *ui, const struct area *area)
{
    const struct view *view = &ui->client->view;
    char remark[64];
    if (area->rows == 0) {
        return;
    }
    size_t count = view->run.dag->count, first = 0;
    struct columns at = columns_for(ui, area->cols);
    snprintf(remark, sizeof(remark), "%zu/%zu done", view_done_count(view), count);
    area_title(area, ui->focus == FOCUS_STAGES, "Stages", remark);
    bool has_head = (size_t)area->rows >= count + 2 || area->rows > 6;
    if (has_head) {
        area_text(area, 2, 1, ROLE_MUTED, "#");
        area_text(area, at.name, 1, ROLE_MUTED, "STAGE");
        area_text(area, at.state, 1, ROLE_MUTED, "STATE");
        area_text(area, at.attempt, 1, ROLE_MUTED, "TRY");
        area_text(area, at.elapsed, 1, ROLE_MUTED, "ELAPSED");
        area_text(area, at.usual > 0 ? at.usual + 2 : area->cols, 1, ROLE_MUTED, "USUAL");
        area_text(area, at.detail + 1, 1, ROLE_MUTED, "DETAIL");
    }
    int top = has_head ? 2 : 1;
    size_t shown = area->rows > top ? (size_t)(area->rows - top) : 0;
    if (ui->stage >= shown && shown > 0) {
        first = ui->stage - shown + 1;
    }
    for (size_t i = 0; i < shown && first + i < count; i++) {
        draw_stage(ui, area, top + (int)i, first + i, &at);
    }
}

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
    clock_of(ui, command->ts_ms, &text);
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

void pane_message(const struct ui *ui, const struct area *area)
{
    if (ui->log.is_searching) {
        int x = area_printf(area, 0, 0, ROLE_KEY, "/%s", ui->log.search);
        area_text(area, x, 0, ROLE_BUTTON_FOCUS, " ");
    } else if (ui->message[0] != '\0') {
        area_cut(area, 1, 0, ui->is_alert ? ROLE_ALERT : ROLE_NOTICE, area->cols - 1, ui->message);
    } else if (!chosen_error(ui, area)) {
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
