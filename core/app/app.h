/* What every verb works with: options, configuration, state folder, store, output. One thread. */
#ifndef GATEHOUSE_APP_APP_H
#define GATEHOUSE_APP_APP_H

#include "core/app/config.h"
#include "core/app/exit_code.h"
#include "core/app/options.h"
#include "core/app/printer.h"
#include "core/store/store.h"

struct app {
    const struct options *options; /* borrowed */
    struct config_request request;
    struct printer out;
    int in; /* what was standard input when we began: a console may need that for its keys */
    struct config *config; /* NULL before app_load */
    char *state_folder;    /* NULL before app_load */
    struct store *store;   /* NULL before app_open_store */
};

/* environment: as main has it; borrowed like the options. */
void app_init(struct app *app, const struct options *options, const char *const *environment);
void app_done(struct app *app);

/* All of these complain on standard error and give an exit code; EXIT_CODE_OK: go on. */
int app_load(struct app *app); /* configuration and state folder; 78 when anything is wrong */
/* With STORE_WRITE the state folder is made when absent (0700). */
int app_open_store(struct app *app, enum store_mode mode);
/* Makes the state folder when absent, and makes it private. */
bool app_make_state_folder(const struct app *app, struct error *err);
/* The run an operator names: latest, a number, an id or a unique prefix. */
int app_find_run(struct app *app, const char *reference, struct run_summary *out_run);
/* Complains "what: message" and tells the code that fits the error. */
int app_fail(const struct error *err, const char *what);

/* The word of an environment that must be handled with care: prod, production. */
bool app_is_production(const char *environment);
bool app_is_json(const struct app *app);
/* The value of an option as a number within limits; `otherwise` when not given. */
int app_number(const struct app *app, enum option option, int64_t least, int64_t most,
               int64_t *out_value);
/* Path of a program beside ours, or the configured one; gives memory for free(). */
char *app_program(const char *configured, const char *name);
/* {"version", "backend", "environment", "host", "pid", "user", "tty"}: who we are, for a run's
 * hello. */
struct json *app_hello(const struct app *app);
/* The operator: user name; gives memory for free(). tty: NULL without a terminal. */
char *app_user(void);
char *app_tty(void);

extern const char *const app_version; /* in core/app/version.c, set by the Makefile */

#endif
