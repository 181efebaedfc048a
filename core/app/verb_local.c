/* gatehouse local status|start|stop|destroy: the private PostgreSQL; and the training supervisor,
 * which is this program under another verb. */
#include "core/app/verbs.h"

#include "core/app/backend.h"
#include "core/base/file.h"
#include "core/local/training_supervisor.h"
#include "core/loop/loop.h"
#include "core/store/run_lock.h"

#include <stdlib.h>
#include <string.h>

typedef void (*cluster_fn)(struct loop *loop, struct cluster_request *req);

static cluster_fn find_action(const char *name)
{
    static const struct {
        const char *name;
        cluster_fn start;
    } actions[] = {
        {"status", cluster_status_start},
        {"start", cluster_start_start},
        {"stop", cluster_stop_start},
        {"destroy", cluster_destroy_start},
    };
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (strcmp(actions[i].name, name) == 0) {
            return actions[i].start;
        }
    }
    return NULL;
}

static void print_cluster(struct app *app, const struct cluster_request *request)
{
    if (app_is_json(app)) {
        struct json *json = json_object();
        json_set_text(json, "state", cluster_state_name(request->state));
        json_set(json, "pid", request->pid > 0 ? json_int(request->pid) : json_null());
        json_set_text(json, "folder", request->folder);
        json_set_text(json, "dsn", request->dsn);
        printer_json(&app->out, json);
        json_free(json);
        return;
    }
    printer_line(&app->out, "PostgreSQL: %s%s%s", cluster_state_name(request->state),
                 request->folder == NULL ? "" : " in ",
                 request->folder == NULL ? "" : request->folder);
    if (request->pid > 0) {
        printer_line(&app->out, "process %ld; connect by: psql \"%s\"", (long)request->pid,
                     request->dsn == NULL ? "" : request->dsn);
    }
}

/* A run that is on reads the profiles from there. */
static int refuse_while_running(const struct app *app)
{
    char run[64];
    struct run_owner owner;
    char *runs = file_join(app->state_folder, "runs");
    bool is_running = run_lock_find_owned(runs, run, sizeof(run), &owner);
    free(runs);
    if (is_running) {
        complain("local destroy: run %s is going on (pid %lld on %s): wait for it, or stop it with "
                 "`gatehouse stop %s`",
                 run, (long long)owner.pid, owner.host, run);
    }
    return is_running ? EXIT_CODE_TEMPORARY : EXIT_CODE_OK;
}

int verb_local(struct app *app)
{
    struct error err;
    int code = app_load(app);
    if (code == EXIT_CODE_OK && strcmp(app->options->operands[0], "destroy") == 0) {
        code = refuse_while_running(app);
    }
    if (code != EXIT_CODE_OK) {
        return code;
    }
    if (!backend_has_cluster(app->config)) {
        complain("database.dsn names another PostgreSQL; the private one is not used");
    }
    struct cluster_settings settings = backend_cluster_settings(app->config, app->state_folder);
    struct cluster_request request = {.settings = &settings};
    struct loop *loop = loop_new();
    find_action(app->options->operands[0])(loop, &request);
    if (loop_await(loop, &request.op, &err)) {
        print_cluster(app, &request);
    } else {
        code = app_fail(&err, "local PostgreSQL");
    }
    cluster_request_done(&request);
    loop_free(loop);
    return code;
}

int verb_supervisor(struct app *app)
{
    struct training_supervisor_spec spec = {
        .job_folder = app->options->operands[0],
        .model_program = app->options->operands[1],
        .lake = app->options->operands[2],
        .clock = clock_system(),
    };
    return training_supervisor_run(&spec);
}
