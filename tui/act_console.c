/* The console itself: settings, copying, the mouse. */
#include "tui/act.h"

#include "core/base/alloc.h"
#include "core/base/utf8.h"
#include "tui/panes.h"

#include <stdio.h>
#include <stdlib.h>

enum { COPY_COLS = 120, COPY_ROWS = 1000, COPY_MAX = 1 << 24 };

/* ---- settings */
void act_settings(struct act *act)
{
    act_turn_to(act->ui, PAGE_SETTINGS);
}

void act_change(struct act *act)
{
    settings_turn(&act->ui->settings, (enum setting)act->ui->settings.row, false);
}

void act_change_back(struct act *act)
{
    settings_turn(&act->ui->settings, (enum setting)act->ui->settings.row, true);
}

void act_theme(struct act *act)
{
    if (*act->operand == '\0') {
        settings_turn(&act->ui->settings, SETTING_theme, false);
    } else {
        settings_set(&act->ui->settings, SETTING_theme, json_string(str_from(act->operand)));
    }
}

void act_mouse(struct act *act)
{
    bool is_on = false;
    settings_turn(&act->ui->settings, SETTING_mouse, false);
    is_on = config_bool(act->ui->settings.config, CONFIG_console_mouse);
    act_say(act->ui, false,
            is_on ? "the mouse is taken: with Shift the terminal selects as before"
                  : "the mouse is the terminal's again");
}

/* The lines that would change, and No. */
void act_write(struct act *act)
{
    struct ui *ui = act->ui;
    struct error err;
    struct buf plan;
    if (!settings_plan(&ui->settings, &err)) {
        act_say(ui, true, "%s", err.message);
        return;
    }
    buf_init(&plan, COPY_MAX);
    buf_printf(&plan, "%s%s:\n", ui->settings.edit.path,
               ui->settings.edit.is_new ? " is made, for you alone to read" : "");
    config_edit_print_lines(&ui->settings.edit, &plan);
    dialog_close(&ui->dialog);
    ui->dialog.kind = DIALOG_SETTINGS;
    snprintf(ui->dialog.title, sizeof(ui->dialog.title), "Write the settings?");
    ui->dialog.plan = buf_take(&plan);
    dialog_open(&ui->dialog);
}

/* ---- copying */
static void copy(struct ui *ui, char *text)
{
    free(ui->copy);
    ui->copy = text;
}

/* A page as it would be on a screen that is long enough for it. */
static char *page_text(struct ui *ui)
{
    struct screen screen;
    struct buf text;
    int scroll = ui->scroll;
    screen_init(&screen, COPY_COLS, COPY_ROWS, false);
    struct area area = area_of(&screen);
    ui->scroll = 0;
    int rows = ui->page == PAGE_RUN ? pane_verdict(ui, &area, true) : ui_draw_page(ui, &area);
    ui->scroll = scroll;
    buf_init(&text, COPY_MAX);
    screen.rows = rows > 0 && rows < COPY_ROWS ? rows : COPY_ROWS;
    screen_text(&screen, &text);
    screen_done(&screen);
    while (text.len > 1 && text.ptr[text.len - 2] == '\n') {
        text.len--;
    }
    buf_append_text(&text, "");
    return buf_take(&text);
}

static char *line_text(struct ui *ui)
{
    size_t line = log_view_current(&ui->log);
    if (line == LOG_NO_LINE) {
        return NULL;
    }
    struct log_line shown = log_view_line(&ui->log, line);
    struct buf text;
    buf_init(&text, COPY_MAX);
    if (shown.time.len > 0 && !ui->log.hides_times) {
        utf8_append_printable(&text, shown.time);
        buf_append_char(&text, ' ');
    }
    utf8_append_printable(&text, shown.text);
    return buf_take(&text);
}

static char *stage_text(const struct ui *ui)
{
    struct view_row row;
    view_row(&ui->client->view, ui->stage, ui->now_ms, &row);
    return xasprintf("%s %s%s%s", row.name, row.word, row.detail[0] == '\0' ? "" : ": ",
                     row.detail);
}

void act_copy(struct act *act)
{
    struct ui *ui = act->ui;
    enum place place = ui_place(ui);
    char *text = place == PLACE_LOG      ? line_text(ui)
                 : place == PLACE_STAGES ? stage_text(ui)
                 : place == PLACE_EMPTY  ? NULL
                                         : page_text(ui);
    if (text == NULL) {
        act_say(ui, false, "there is nothing to copy");
        return;
    }
    copy(ui, text);
}

void act_copy_screen(struct act *act)
{
    act->wish = ACT_COPY;
}
