/* Loading what verbs need, and telling what went wrong with the right exit code. */
#include "core/app/app.h"

#include "core/aws/call.h"
#include "core/base/alloc.h"
#include "core/base/file.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

void app_init(struct app *app, const struct options *options, const char *const *environment)
{
    *app = (struct app){.options = options, .in = STDIN_FILENO};
    app->request = (struct config_request){
        .path = options->values[OPTION_CONFIG],
        .state_folder = options->values[OPTION_STATE_DIR],
        .settings = options->settings,
        .setting_count = options->setting_count,
        .environment = environment,
    };
    printer_init(&app->out, STDOUT_FILENO, options->values[OPTION_COLOR]);
}

void app_done(struct app *app)
{
    store_close(app->store);
    config_free(app->config);
    free(app->state_folder);
    printer_done(&app->out);
}

/* By PostgreSQL: its class 28 is "invalid authorization". */
static bool is_login_refused(const struct error *err)
{
    return error_is(err, "28P01") || error_is(err, "28000") || error_is(err, "no_password");
}

int app_fail(const struct error *err, const char *what)
{
    complain("%s%s%s", what, *what == '\0' ? "" : ": ", err->message);
    if (err->error_class == ERROR_BUG || error_is(err, "store_damaged")) {
        return EXIT_CODE_INTERNAL; /* not a stage's failure, and no later try mends it */
    }
    if (aws_error_is_credentials(err) || is_login_refused(err)) {
        return EXIT_CODE_CREDENTIALS;
    }
    if (error_is(err, "bad_aws_config") || error_is(err, "no_region") ||
        error_is(err, "bad_region") || error_is(err, "bad_config") || error_is(err, "bad_dsn")) {
        return EXIT_CODE_CONFIG;
    }
    return err->error_class == ERROR_TRANSIENT ? EXIT_CODE_TEMPORARY : EXIT_CODE_FAILED;
}

int app_load(struct app *app)
{
    struct problems problems = {.count = 0};
    struct error err;
    app->config = config_load(&app->request, &problems);
    for (size_t i = 0; i < problems.count && i < PROBLEMS_MAX; i++) {
        complain("%s", problems.items[i].text);
    }
    if (problems.count > PROBLEMS_MAX) {
        complain("and %zu more", problems.count - PROBLEMS_MAX);
    }
    bool is_good = problems.count == 0;
    problems_done(&problems);
    if (!is_good) {
        return EXIT_CODE_CONFIG;
    }
    app->state_folder = config_state_folder(app->config, &app->request, &err);
    if (app->state_folder == NULL) {
        complain("%s", err.message);
        return EXIT_CODE_CONFIG;
    }
    return EXIT_CODE_OK;
}

/* The state holds logs and data of customers: nobody else may look into it. */
bool app_make_state_folder(const struct app *app, struct error *err)
{
    const char *folder = app->state_folder;
    struct stat status;
    if (!file_make_folders(folder, 0700, err)) {
        return false;
    }
    if (stat(folder, &status) != 0) {
        return error_set_errno(err, errno, "state folder %s", folder);
    }
    if ((status.st_mode & 077) != 0 && chmod(folder, 0700) != 0) {
        return error_set_errno(
            err, errno, "state folder %s is open to others and cannot be made private", folder);
    }
    return true;
}

int app_open_store(struct app *app, enum store_mode mode)
{
    struct error err;
    if (mode == STORE_WRITE && !app_make_state_folder(app, &err)) {
        int code = app_fail(&err, "the state folder (another one: --state-dir)");
        return err.error_class == ERROR_PERMANENT ? EXIT_CODE_CONFIG : code;
    }
    char *path = file_join(app->state_folder, "runs.db");
    app->store = store_open(path, mode, &err);
    free(path);
    if (app->store == NULL) {
        int code = app_fail(&err, "");
        return error_is(&err, "no_access") ? EXIT_CODE_CONFIG : code;
    }
    return EXIT_CODE_OK;
}

int app_find_run(struct app *app, const char *reference, struct run_summary *out_run)
{
    struct error err;
    return store_find_run(app->store, reference, out_run, &err) ? EXIT_CODE_OK : app_fail(&err, "");
}

bool app_is_production(const char *environment)
{
    return strcasecmp(environment, "prod") == 0 || strcasecmp(environment, "production") == 0;
}

bool app_is_json(const struct app *app)
{
    const char *format = app->options->values[OPTION_FORMAT];
    return format != NULL && strcmp(format, "json") == 0;
}

int app_number(const struct app *app, enum option option, int64_t least, int64_t most,
               int64_t *out_value)
{
    const char *text = app->options->values[option];
    int64_t value = 0;
    if (text == NULL) {
        return EXIT_CODE_OK;
    }
    if (!str_to_i64(str_from(text), &value) || value < least || value > most) {
        complain("--%s must be a whole number from %lld to %lld, not \"%s\"",
                 option_spec(option)->name, (long long)least, (long long)most, text);
        return EXIT_CODE_USAGE;
    }
    *out_value = value;
    return EXIT_CODE_OK;
}

char *app_program(const char *configured, const char *name)
{
    char here[4096];
    if (*configured != '\0') {
        return xstrdup(configured);
    }
    ssize_t len = readlink("/proc/self/exe", here, sizeof(here) - 1);
    if (len <= 0) {
        return xstrdup(name);
    }
    here[len] = '\0';
    char *slash = strrchr(here, '/');
    *slash = '\0';
    return file_join(here, name);
}

char *app_user(void)
{
    struct passwd entry, *found = NULL;
    char memory[4096];
    if (getpwuid_r(getuid(), &entry, memory, sizeof(memory), &found) == 0 && found != NULL) {
        return xstrdup(found->pw_name);
    }
    return xasprintf("uid %u", (unsigned)getuid());
}

char *app_tty(void)
{
    char name[256];
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (ttyname_r(fd, name, sizeof(name)) == 0) {
            return xstrdup(name);
        }
    }
    return NULL;
}

struct json *app_hello(const struct app *app)
{
    char host[256] = "unknown";
    struct json *hello = json_object();
    char *user = app_user(), *tty = app_tty();
    gethostname(host, sizeof(host) - 1);
    json_set_text(hello, "version", app_version);
    json_set_text(hello, "backend", config_text(app->config, CONFIG_backend_training_service));
    json_set_text(hello, "environment", config_text(app->config, CONFIG_pipeline_environment));
    json_set_text(hello, "host", host);
    json_set_int(hello, "pid", getpid());
    json_set_text(hello, "user", user);
    if (tty != NULL) {
        json_set_text(hello, "tty", tty);
    }
    free(user);
    free(tty);
    return hello;
}
