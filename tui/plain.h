/* The plain form of the console: gatehouse --plain, for screen readers, dumb terminals and pipes.
 */
#ifndef GATEHOUSE_TUI_PLAIN_H
#define GATEHOUSE_TUI_PLAIN_H

#include "core/app/app.h"

/* gatehouse --plain, also with attach and replay. Lines are read from standard input until it ends;
 * without a terminal no prompt is shown, only questions. Gives the exit code. */
int plain_run(struct app *app);

#endif
