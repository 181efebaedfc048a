/* What each action of the table does: a function act_<name> a row. They change the state; commands
 * go through the client. Nothing here knows the terminal. */
#ifndef GATEHOUSE_TUI_ACT_H
#define GATEHOUSE_TUI_ACT_H

#include "tui/ui.h"

/* What only the loop can do. */
enum act_wish { ACT_STAY, ACT_LEAVE, ACT_SUSPEND, ACT_REPAINT, ACT_COPY };

struct act {
    struct ui *ui;
    struct client *client;
    size_t index;        /* which of the action's keys was pressed; 0 from the palette */
    bool is_typed;       /* it was called by its name, not by a key */
    const char *operand; /* typed behind the action's name; "" from a key */
    enum act_wish wish;  /* set by the action; ACT_STAY before */
};

#define X(id, name, keys, places, group, operands, hint, sentence) void act_##name(struct act *act);
ACTIONS(X)
#undef X

void act_on(enum action action, struct act *act);

/* Shared by several files of actions. */
void act_say(struct ui *ui, bool is_alert, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void act_turn_to(struct ui *ui, enum ui_page page); /* back to the run when it is shown already */
void act_choose_stage(struct ui *ui, const struct client *client, size_t stage);
/* What was typed at the foot of the screen is carried out. */
void act_prompt_done(struct ui *ui);
/* Ends the search of the log, else its filter; false: there was neither. */
bool act_leave_log_search(struct ui *ui);
/* Chooses the stage that the operand begins with, by number, name or unambiguous beginning; without
 * an operand the chosen one stays. False: said what is wrong. out_rest: behind it. */
bool act_take_stage(struct act *act, struct str *out_rest);
void act_read_audit(struct ui *ui, const struct client *client);
/* The log of the chosen stage's shown try. */
void act_show_log(struct ui *ui, const struct client *client);

#endif
