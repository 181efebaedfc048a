/* Keys and news to state changes: keys go to a dialog, to a line that is typed, or by the bindings
 * to an action. Nothing here knows the terminal. */
#ifndef GATEHOUSE_TUI_CONTROL_H
#define GATEHOUSE_TUI_CONTROL_H

#include "tui/act.h"
#include "tui/manners.h"

enum act_wish control_key(struct ui *ui, struct client *client, uint32_t key);
/* What the open dialog asked for is done; what comes of it is said. */
void control_carry_out(struct ui *ui, struct client *client);
/* The lines of the palette of earlier consoles. */
void control_load_history(struct ui *ui, const struct client *client);
/* What the pointer does on the screen as it was drawn: a press chooses, a second one opens, the
 * wheel moves. Questions and typed lines want keys. */
enum act_wish control_point(struct ui *ui, struct client *client, const struct screen *screen,
                            struct pointer pointer);
/* What is typed goes into a line, not to actions. */
bool control_takes_text(const struct ui *ui);
/* A chord that was begun is not finished any more. */
void control_drop_chord(struct ui *ui);
/* The client has read news: another run, another stage, another log. */
void control_refreshed(struct ui *ui, struct client *client);

#endif
