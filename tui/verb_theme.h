/* gatehouse theme list|check. */
#ifndef GATEHOUSE_TUI_VERB_THEME_H
#define GATEHOUSE_TUI_VERB_THEME_H

#include "core/app/app.h"

/* Gives the exit code: 78 when a theme cannot be read or something is found. Needs no
 * configuration. */
int verb_theme(struct app *app);

#endif
