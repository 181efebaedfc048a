/* The verbs: each gives the exit code. Blocking; they end with the program. */
#ifndef GATEHOUSE_APP_VERBS_H
#define GATEHOUSE_APP_VERBS_H

#include "core/app/app.h"

int verb_batch(struct app *app);
int verb_prepare(struct app *app);
int verb_runs(struct app *app);
int verb_show(struct app *app);
int verb_logs(struct app *app);
int verb_watch(struct app *app);
int verb_replay(struct app *app);  /* as lines of text or JSON; in the console: tui */
int verb_command(struct app *app); /* retry, rerun, skip, stop */
int verb_config(struct app *app);
int verb_doctor(struct app *app);
int verb_local(struct app *app);
int verb_aws(struct app *app);
int verb_functions(struct app *app);
int verb_provision(struct app *app);
int verb_help(struct app *app);
int verb_supervisor(struct app *app);

#endif
