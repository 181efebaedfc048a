/* Moving: lines, panes, stages, pages. */
#include "tui/act.h"

#include "tui/control.h"

enum { SHIFT_COLS = 8, PAGE_STEP = 10, SCROLL_MAX = 100000 };

static long step_of(enum action action, long page)
{
    switch ((int)action) {
    case ACTION_UP:
        return -1;
    case ACTION_DOWN:
        return 1;
    case ACTION_PAGE_UP:
        return -page;
    case ACTION_PAGE_DOWN:
        return page;
    case ACTION_FIRST:
        return -1000000000L;
    default:
        return 1000000000L;
    }
}

static size_t moved(size_t at, long step, size_t count)
{
    long to = (long)at + step;
    long last = count == 0 ? 0 : (long)count - 1;
    return (size_t)(to < 0 ? 0 : to > last ? last : to);
}

static void move_log(struct log_view *log, enum action action)
{
    if (action == ACTION_FIRST) {
        log_view_first(log);
    } else if (action == ACTION_LAST) {
        log_view_follow(log, true);
    } else {
        log_view_scroll(log, step_of(action, log->rows));
    }
}

static void move(struct act *act, enum action action)
{
    struct ui *ui = act->ui;
    struct client *client = act->client;
    switch ((int)ui_place(ui)) {
    case PLACE_STAGES:
    case PLACE_CHART:
        act_choose_stage(ui, client,
                         moved(ui->stage, step_of(action, PAGE_STEP), client->view.run.dag->count));
        break;
    case PLACE_LOG:
        move_log(&ui->log, action);
        break;
    case PLACE_SETTINGS:
        ui->settings.row = moved(ui->settings.row, step_of(action, PAGE_STEP), SETTING_COUNT);
        break;
    case PLACE_HISTORY:
        ui->run_row = moved(ui->run_row, step_of(action, PAGE_STEP), client->run_count);
        break;
    default: {
        long to = ui->scroll + step_of(action, PAGE_STEP);
        ui->scroll = to < 0 ? 0 : to > SCROLL_MAX ? SCROLL_MAX : (int)to;
        break;
    }
    }
}

void act_up(struct act *act)
{
    move(act, ACTION_UP);
}

void act_down(struct act *act)
{
    move(act, ACTION_DOWN);
}

void act_page_up(struct act *act)
{
    move(act, ACTION_PAGE_UP);
}

void act_page_down(struct act *act)
{
    move(act, ACTION_PAGE_DOWN);
}

void act_first(struct act *act)
{
    move(act, ACTION_FIRST);
}

void act_last(struct act *act)
{
    move(act, ACTION_LAST);
}

void act_left(struct act *act)
{
    log_view_shift(&act->ui->log, -SHIFT_COLS);
}

void act_right(struct act *act)
{
    log_view_shift(&act->ui->log, SHIFT_COLS);
}

static void next_pane(struct ui *ui, bool is_back)
{
    static const enum ui_focus ring[] = {FOCUS_STAGES, FOCUS_VERDICT, FOCUS_LOG};
    size_t at = ui->focus == FOCUS_STAGES ? 0 : ui->focus == FOCUS_VERDICT ? 1 : 2;
    at = (at + (is_back ? 2 : 1)) % 3;
    if (ring[at] == FOCUS_VERDICT && !ui_has_verdict(ui)) {
        at = (at + (is_back ? 2 : 1)) % 3;
    }
    ui->focus = ring[at];
}

void act_next_pane(struct act *act)
{
    next_pane(act->ui, false);
}

void act_previous_pane(struct act *act)
{
    next_pane(act->ui, true);
}

void act_stage(struct act *act)
{
    struct str rest;
    if (act->operand[0] == '\0') {
        act_choose_stage(act->ui, act->client, act->index);
    } else {
        act_take_stage(act, &rest);
    }
}
