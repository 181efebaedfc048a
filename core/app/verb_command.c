/* gatehouse retry, rerun, skip and stop: a command to the runner that owns the run; when nobody
 * owns it, we become its runner in the foreground. */
#include "core/app/verbs.h"

#include "core/app/backend.h"
#include "core/app/face.h"
#include "core/app/runner.h"
#include "core/engine/engine.h"

#include <stdlib.h>
#include <time.h>

enum { POLL_MS = 20 };

struct commanding {
    struct app *app;
    struct face face;      /* the run as the store has it */
    const struct run *run; /* of the face */
    struct command command;
    int64_t id; /* of the command in the store; 0: not yet there */
};

static enum command_verb verb_of(enum verb verb)
{
    enum command_verb found = COMMAND_STOP;
    command_verb_from_name(str_from(option_verb(verb)->name), &found);
    return found;
}

static bool add_command(struct commanding *commanding, struct error *err)
{
    struct clock *clock = clock_system();
    return commanding->id != 0 ||
           store_add_command(commanding->app->store, commanding->run->id, &commanding->command,
                             clock->wall_ms(clock), &commanding->id, err);
}

/* ---- a live runner */
static int show_answer(struct commanding *commanding, int64_t seq)
{
    struct event_list list = {.items = NULL};
    struct error err;
    int code = EXIT_CODE_OK;
    bool is_good =
        face_follow(&commanding->face, commanding->app->store, false, &err) &&
        store_read_events(commanding->app->store, commanding->run->id, seq - 1, 1, &list, &err) &&
        face_event(&commanding->face, &list.items[0], &err);
    if (!is_good) {
        code = app_fail(&err, "");
    } else if (!json_bool_or(list.items[0].body, "accepted", false)) {
        complain("refused: %s", json_text_or(list.items[0].body, "message", "no reason given"));
        code = EXIT_CODE_FAILED;
    }
    event_list_done(&list);
    return code;
}

/* True with the exit code when the runner answered; false when it is gone without an answer. */
static bool wait_for_answer(struct commanding *commanding, int *out_code)
{
    int64_t seq = 0;
    struct timespec pause = {.tv_nsec = POLL_MS * 1000000};
    struct error err;
    bool is_alive = true;
    while (is_alive) {
        is_alive = engine_run_is_owned(commanding->app->state_folder, commanding->run->id);
        if (!store_command_answer(commanding->app->store, commanding->id, &seq, &err)) {
            *out_code = app_fail(&err, "");
            return true;
        }
        if (seq > 0) {
            *out_code = show_answer(commanding, seq);
            return true;
        }
        nanosleep(&pause, NULL);
    }
    return false;
}

/* ---- nobody's run */
/* A refusal changes nothing, not even the owner. */
static int check_plan(const struct commanding *commanding)
{
    struct error err;
    bool *will_run = calloc(commanding->run->dag->count, sizeof(bool));
    bool is_good =
        will_run != NULL && run_plan_command(commanding->run, &commanding->command, will_run, &err);
    free(will_run);
    if (!is_good) {
        complain("%s", err.message);
        return EXIT_CODE_FAILED;
    }
    return EXIT_CODE_OK;
}

static int take_over(struct commanding *commanding, bool *out_is_owned)
{
    struct app *app = commanding->app;
    struct backend backend;
    struct error err;
    enum run_state state = RUN_CREATED;
    int code = EXIT_CODE_OK;
    if (backend_init(&backend, app, &err)) {
        code = runner_run(app, &backend, commanding->run->id, &state, out_is_owned);
    } else {
        code = app_fail(&err, "");
    }
    backend_done(&backend);
    bool may_go_on = state == RUN_CANCELLED && code == EXIT_CODE_FAILED; /* its stop has failed */
    bool is_stopped = commanding->command.verb == COMMAND_STOP && run_state_is_final(state) &&
                      !*out_is_owned && !may_go_on;
    return is_stopped ? EXIT_CODE_OK : code;
}

static int command_run(struct commanding *commanding)
{
    struct app *app = commanding->app;
    struct error err;
    int code = EXIT_CODE_OK;
    for (;;) {
        bool is_alive = engine_run_is_owned(commanding->app->state_folder, commanding->run->id);
        if (!face_follow(&commanding->face, app->store, false, &err)) {
            return app_fail(&err, "");
        }
        if (!is_alive && commanding->id == 0) {
            code = check_plan(commanding);
        }
        if (code != EXIT_CODE_OK || !add_command(commanding, &err)) {
            return code != EXIT_CODE_OK ? code : app_fail(&err, "");
        }
        if (is_alive && wait_for_answer(commanding, &code)) {
            return code;
        }
        bool is_taken = false;
        code = take_over(commanding, &is_taken);
        if (!is_taken) {
            return code;
        }
        code = EXIT_CODE_OK; /* somebody else became its runner meanwhile: it will answer */
    }
}

int verb_command(struct app *app)
{
    const struct options *options = app->options;
    struct run_summary summary;
    struct commanding commanding = {.app = app};
    if (options->verb == VERB_SKIP && !options->is_given[OPTION_REASON]) {
        complain("gatehouse skip needs --reason TEXT: why the stage is left out");
        return EXIT_CODE_USAGE;
    }
    int code = app_load(app);
    code = code == EXIT_CODE_OK ? app_open_store(app, STORE_WRITE) : code;
    code = code == EXIT_CODE_OK ? app_find_run(app, options->operands[0], &summary) : code;
    if (code != EXIT_CODE_OK) {
        return code;
    }
    char *user = app_user(), *tty = app_tty();
    commanding.command = (struct command){
        .verb = verb_of(options->verb),
        .stage = options->operand_count > 1 ? options->operands[1] : NULL,
        .user = user,
        .tty = tty,
        .reason = options->values[OPTION_REASON],
    };
    face_init(&commanding.face, app, summary.id);
    commanding.run = &commanding.face.view.run;
    code = command_run(&commanding);
    face_done(&commanding.face);
    free(user);
    free(tty);
    return code;
}
