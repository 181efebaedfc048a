/* A runner: owns one run, drives it by the engine and shows it by the face, obeys the signals, and
 * tells the exit code. Used by --batch and by the verbs that take a run over. */
#ifndef GATEHOUSE_APP_RUNNER_H
#define GATEHOUSE_APP_RUNNER_H

#include "core/app/app.h"
#include "core/app/backend.h"

/* app has its configuration and its store opened for writing. run_id NULL: a new run of the
 * configured pipeline; else the run to go on with. out_run_state: where the run rests, or its
 * state when it was handed over; may be NULL. Complains about errors; gives the exit code: 75 with
 * error code "run_owned" also sets *out_is_owned (may be NULL) and does not complain. */
int runner_run(struct app *app, struct backend *backend, const char *run_id,
               enum run_state *out_run_state, bool *out_is_owned);

#endif
