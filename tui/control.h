/* What keys do to the state. Commands go through the client; nothing here knows the terminal. */
#ifndef GATEHOUSE_TUI_CONTROL_H
#define GATEHOUSE_TUI_CONTROL_H

#include "tui/ui.h"

enum control_wish { CONTROL_STAY, CONTROL_LEAVE, CONTROL_SUSPEND, CONTROL_REPAINT };

enum control_wish control_key(struct ui *ui, struct client *client, uint32_t key);
/* The client has read news: another run, another stage, another log. */
void control_refreshed(struct ui *ui, struct client *client);
/* The log has grown or was searched further. */
void control_log_grown(struct ui *ui);
void control_say(struct ui *ui, bool is_alert, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
