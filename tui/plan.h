/* The dialogs that come before anything is changed: what exactly would happen. */
#ifndef GATEHOUSE_TUI_PLAN_H
#define GATEHOUSE_TUI_PLAN_H

#include "tui/ui.h"

/* Fills ui->dialog. */
void plan_new_run(struct ui *ui);
void plan_resume(struct ui *ui); /* of a run that lost its runner */
/* False with err when the run machine refuses the command as things stand. */
bool plan_command(struct ui *ui, enum command_verb verb, struct error *err);

#endif
