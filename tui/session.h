/* What the console and its plain form share: opening on the right run, staying up to date, and the
 * last words. */
#ifndef GATEHOUSE_TUI_SESSION_H
#define GATEHOUSE_TUI_SESSION_H

#include "tui/ui.h"

/* The run that the options ask for: a replay, one that is started now (its number is in
 * out_started, else 0), a named one, the newest. False with err; client_done is owed either way. */
bool session_open(struct app *app, struct client *client, int64_t *out_started, struct error *err);
/* Reads what is new and follows it in the state; what goes wrong is said in the message. */
void session_refresh(struct ui *ui, struct client *client);
/* Says what becomes of the run, and gives the exit code of the console. */
int session_close(struct client *client, int64_t started, int exit_code);

int session_utc_offset_s(void); /* of the system's time zone, now */

#endif
