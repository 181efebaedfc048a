/* The console: the loop that ties terminal, store and state together. */
#ifndef GATEHOUSE_TUI_CONSOLE_H
#define GATEHOUSE_TUI_CONSOLE_H

#include "core/app/app.h"

/* gatehouse, gatehouse attach and gatehouse replay. Complains about what keeps it from starting;
 * gives the exit code: 64 without a terminal, 128+n after a signal. */
int console_run(struct app *app);

#endif
