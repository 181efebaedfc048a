/* Keys and news to state changes: keys go to a dialog, to a line that is typed, or by the bindings
 * to an action. Nothing here knows the terminal. */
#ifndef GATEHOUSE_TUI_CONTROL_H
#define GATEHOUSE_TUI_CONTROL_H

#include "tui/act.h"

enum act_wish control_key(struct ui *ui, struct client *client, uint32_t key);
/* The lines of the palette of earlier consoles. */
void control_load_history(struct ui *ui, const struct client *client);
/* A chord that was begun is not finished any more. */
void control_drop_chord(struct ui *ui);
/* The client has read news: another run, another stage, another log. */
void control_refreshed(struct ui *ui, struct client *client);

#endif
