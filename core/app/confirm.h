/* The question behind a plan. */
#ifndef GATEHOUSE_APP_CONFIRM_H
#define GATEHOUSE_APP_CONFIRM_H

#include "core/app/app.h"

/* EXIT_CODE_OK: do it. --yes says so; on a terminal the operator is asked, default No; elsewhere it
 * is a usage error. The plan has been printed. */
int confirm_plan(const struct app *app);

#endif
