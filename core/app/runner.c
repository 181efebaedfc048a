/* Engine, face and signals of one run. */
#include "core/app/runner.h"

#include "core/app/face.h"
#include "core/app/prepare.h"
#include "core/base/random.h"
#include "core/engine/engine.h"
#include "core/loop/timer.h"
#include "core/loop/watch.h"

#include <signal.h>
#include <stdlib.h>

enum { TWICE_MS = 2000 };

struct runner {
    struct app *app;
    struct backend *backend;
    struct loop *loop;
    struct clock *clock;
    struct engine *engine;
    struct face face;
    struct timer *heartbeat;
    int signum;        /* the last SIGINT or SIGTERM; 0: none */
    int64_t signal_ms; /* when, monotonic */
    bool is_over;      /* rest or handed_over was called */
    bool is_handed_over;
    struct error reason; /* of handed_over, when it was trouble */
    bool is_in_trouble;
    int exit_code;
};

static void on_event(void *context, const struct event *event)
{
    struct runner *runner = context;
    struct error err;
    if (!face_event(&runner->face, event, &err)) {
        complain("%s", err.message);
    }
}

static void on_log(void *context, const char *stage, int try_number, const char *level,
                   struct str text)
{
    struct runner *runner = context;
    (void)try_number;
    face_log(&runner->face, stage, level, text);
}

static void on_notice(void *context, const struct error *err)
{
    (void)context;
    complain("%s", err->message);
}

static void on_rest(void *context, int exit_code)
{
    struct runner *runner = context;
    runner->is_over = true;
    runner->exit_code = exit_code;
    loop_stop(runner->loop);
}

static void on_handed_over(void *context, const struct error *err)
{
    struct runner *runner = context;
    runner->is_over = true;
    runner->is_handed_over = true;
    if (err != NULL) {
        runner->is_in_trouble = true;
        runner->reason = *err;
    }
    loop_stop(runner->loop);
}

static void on_heartbeat(void *context)
{
    struct runner *runner = context;
    face_heartbeat(&runner->face, runner->clock->wall_ms(runner->clock));
    timer_arm(runner->heartbeat, FACE_HEARTBEAT_MS);
}

/* Once: stop the stages and wait for them. Twice within two seconds: let go at once. */
static void on_signal(void *context, int signum)
{
    struct runner *runner = context;
    int64_t now_ms = runner->clock->monotonic_ms(runner->clock);
    bool is_second = runner->signum != 0 && now_ms - runner->signal_ms <= TWICE_MS;
    runner->signum = signum;
    runner->signal_ms = now_ms;
    if (is_second) {
        engine_stop_now(runner->engine);
        return;
    }
    complain("%s: stopping the run; once more within 2 s stops at once and leaves the run to be "
             "resumed",
             signum == SIGINT ? "SIGINT" : "SIGTERM");
    struct command command = {.verb = COMMAND_STOP,
                              .reason = signum == SIGINT ? "SIGINT" : RUN_REASON_SIGTERM};
    engine_command(runner->engine, &command);
}

/* After a suspension the clocks have moved without the loop. */
static void on_continue(void *context, int signum)
{
    struct runner *runner = context;
    (void)signum;
    engine_wake(runner->engine);
}

static struct json *make_hello(const struct runner *runner)
{
    struct json *hello = app_hello(runner->app);
    char *data = prepare_describe_data(runner->backend, runner->app->config);
    if (data != NULL) {
        json_set_text(hello, "data", data);
    }
    free(data);
    return hello;
}

/* A run of the store has a past, which the face must know before it shows what is new. */
static bool open_run(struct runner *runner, const char *run_id, struct error *err)
{
    struct json *hello = make_hello(runner);
    bool is_good = run_id == NULL
                       ? engine_create_run(runner->engine, runner->app->config->dag, hello, err)
                       : engine_open_run(runner->engine, run_id, hello, err);
    json_free(hello);
    if (!is_good) {
        return false;
    }
    face_init(&runner->face, runner->app, engine_run(runner->engine)->id);
    is_good = run_id == NULL || face_follow(&runner->face, runner->app->store, false, err);
    if (!is_good) {
        face_done(&runner->face);
    }
    return is_good;
}

/* A run at rest has its own code, also when a signal stopped it; one that was let go of has none.
 */
static int exit_code_of(const struct runner *runner)
{
    bool is_ended_by_signal = runner->signum != 0 && runner->is_handed_over;
    if (runner->is_in_trouble) {
        return app_fail(&runner->reason, "the run was handed over");
    }
    if (is_ended_by_signal) {
        return runner->signum == SIGINT ? EXIT_CODE_INTERRUPTED : EXIT_CODE_TERMINATED;
    }
    return runner->exit_code;
}

static void complain_if_handed_over(const struct runner *runner)
{
    const struct run *run = engine_run(runner->engine);
    if (runner->is_handed_over) {
        complain("run %lld is left as it is; go on with it by gatehouse --batch --resume %lld",
                 (long long)run->number, (long long)run->number);
    }
}

static int drive(struct runner *runner, enum run_state *out_run_state)
{
    struct signal_watch *watches[] = {
        signal_watch_new(runner->loop, SIGINT, on_signal, runner),
        signal_watch_new(runner->loop, SIGTERM, on_signal, runner),
        signal_watch_new(runner->loop, SIGCONT, on_continue, runner),
    };
    runner->heartbeat = timer_new(runner->loop, on_heartbeat, runner);
    timer_arm(runner->heartbeat, FACE_HEARTBEAT_MS);
    engine_start(runner->engine);
    while (!runner->is_over) {
        loop_run(runner->loop);
    }
    timer_free(runner->heartbeat);
    /* What is left is short: another signal must not take the exit code away. */
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    for (size_t i = 0; i < sizeof(watches) / sizeof(watches[0]); i++) {
        signal_watch_free(watches[i]);
    }
    if (out_run_state != NULL) {
        *out_run_state = engine_run(runner->engine)->state;
    }
    int code = exit_code_of(runner);
    complain_if_handed_over(runner);
    return code;
}

int runner_run(struct app *app, struct backend *backend, const char *run_id,
               enum run_state *out_run_state, bool *out_is_owned)
{
    struct error err;
    struct runner runner = {
        .app = app,
        .backend = backend,
        .loop = backend->loop,
        .clock = clock_system(),
    };
    struct engine_spec spec = {
        .loop = backend->loop,
        .clock = runner.clock,
        .store = app->store,
        .services = &backend->services,
        .mirror =
            config_bool(app->config, CONFIG_database_mirror) ? backend->services.database : NULL,
        .state_folder = app->state_folder,
        .attempts = &attempt_real_ops,
        .listener = {.context = &runner,
                     .event = on_event,
                     .log = on_log,
                     .notice = on_notice,
                     .rest = on_rest,
                     .handed_over = on_handed_over},
        .seed = random_system_seed(),
    };
    /* A runner outlives its terminal. */
    signal(SIGHUP, SIG_IGN);
    runner.engine = engine_new(&spec);
    int code = EXIT_CODE_OK;
    if (open_run(&runner, run_id, &err)) {
        code = drive(&runner, out_run_state);
        face_done(&runner.face);
    } else if (out_is_owned != NULL && error_is(&err, "run_owned")) {
        *out_is_owned = true;
        code = EXIT_CODE_TEMPORARY;
    } else {
        code = app_fail(&err, "");
    }
    engine_free(runner.engine);
    return code;
}
