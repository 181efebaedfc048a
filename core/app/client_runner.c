/* The runner that a console starts: its command line, and its last words. */
#include "core/app/client_internal.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/loop/process.h"

#include <stdlib.h>
#include <sys/stat.h>

enum { ARGV_FIXED = 13, RUNNER_LOG_MAX = 64 << 20 };

bool client_spawn_runner(struct client *client, enum client_errand errand, int64_t now_ms,
                         struct error *err)
{
    const struct app *app = client->app;
    const struct options *options = app->options;
    const char *argv[OPTIONS_SET_MAX * 2 + ARGV_FIXED];
    size_t count = 0;
    struct stat status;
    char *program = app_program("", "gatehouse");
    argv[count++] = program;
    argv[count++] = "--batch";
    argv[count++] = "--state-dir";
    argv[count++] = app->state_folder;
    if (options->values[OPTION_CONFIG] != NULL) {
        argv[count++] = "--config";
        argv[count++] = options->values[OPTION_CONFIG];
    }
    for (size_t i = 0; i < options->setting_count; i++) {
        argv[count++] = "--set";
        argv[count++] = options->settings[i];
    }
    if (errand == CLIENT_RESUME) {
        argv[count++] = "--resume";
        argv[count++] = client->view.run.id;
    } else if (errand == CLIENT_NEW_WITH_SAMPLE) {
        argv[count++] = "--prepare-sample";
    }
    argv[count] = NULL;
    client->runner_log_size = stat(client->runner_log, &status) == 0 ? status.st_size : 0;
    struct process_detached spec = {
        .argv = argv,
        .env = (const char *const *)app->request.environment,
        .log_path = client->runner_log,
    };
    bool is_good = process_spawn_detached(&spec, err);
    free(program);
    client->spawned_ms = is_good ? now_ms : client->spawned_ms;
    return is_good;
}

char *client_complaint(const struct client *client)
{
    struct buf text;
    struct error err;
    char *line = NULL;
    struct stat status;
    if (stat(client->runner_log, &status) != 0 || status.st_size <= client->runner_log_size) {
        return NULL;
    }
    buf_init(&text, RUNNER_LOG_MAX);
    if (file_read(client->runner_log, &text, &err)) {
        buf_consume(&text, (size_t)client->runner_log_size);
        struct str rest = str_trim(buf_str(&text));
        struct str last = rest;
        while (rest.len > 0) {
            last = str_split(rest, '\n', &rest);
        }
        line = last.len == 0 ? NULL : xmemdup0(last.ptr, last.len);
    }
    buf_done(&text);
    return line;
}
