/* The pointer: what it meets is known from the drawing. */
#include "tui/control.h"

enum { WHEEL_ROWS = 3 };

static void press_stage(struct act *act, size_t stage)
{
    struct ui *ui = act->ui;
    bool is_second = ui->focus == FOCUS_STAGES && ui->stage == stage && ui->is_stage_chosen;
    ui->focus = FOCUS_STAGES;
    if (is_second) {
        act_open(act);
    } else {
        act_choose_stage(ui, act->client, stage);
    }
}

static void press(struct act *act, const struct target *target)
{
    struct ui *ui = act->ui;
    switch (target->kind) {
    case TARGET_NONE:
        break;
    case TARGET_PANE:
        ui->focus = (enum ui_focus)target->index;
        break;
    case TARGET_STAGE:
        press_stage(act, target->index);
        break;
    case TARGET_RUN:
        if (ui->run_row == target->index) {
            act_open(act);
        }
        ui->run_row = target->index;
        break;
    case TARGET_SETTING:
        if (ui->settings.row == target->index) {
            act_change(act);
        }
        ui->settings.row = target->index;
        break;
    }
}

static void turn_wheel(struct act *act, const struct target *target, bool is_up)
{
    struct ui *ui = act->ui;
    if (target->kind == TARGET_PANE) {
        ui->focus = (enum ui_focus)target->index;
    }
    if (target->kind == TARGET_STAGE && ui->page == PAGE_RUN) {
        ui->focus = FOCUS_STAGES;
    }
    int rows = target->kind == TARGET_NONE || target->kind == TARGET_PANE ? WHEEL_ROWS : 1;
    for (int i = 0; i < rows && ui_place(ui) != PLACE_EMPTY; i++) {
        if (is_up) {
            act_up(act);
        } else {
            act_down(act);
        }
    }
}

enum act_wish control_point(struct ui *ui, struct client *client, const struct screen *screen,
                            struct pointer pointer)
{
    struct act act = {.ui = ui, .client = client, .operand = ""};
    struct target target = screen_target(screen, pointer.x, pointer.y);
    if (ui->dialog.kind != DIALOG_NONE || control_takes_text(ui)) {
        return ACT_STAY;
    }
    switch (pointer.kind) {
    case POINTER_PRESS:
        press(&act, &target);
        break;
    case POINTER_WHEEL_UP:
    case POINTER_WHEEL_DOWN:
        turn_wheel(&act, &target, pointer.kind == POINTER_WHEEL_UP);
        break;
    case POINTER_OTHER:
        break;
    }
    return act.wish;
}
