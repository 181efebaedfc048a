/* gatehouse-function: one of the data functions, as a child process: event on stdin, result on
 * stdout, log on stderr. Exit 0 with a result; 1 with {"errorType","errorMessage"}; 64 for a wrong
 * call. Under AWS Lambda (AWS_LAMBDA_RUNTIME_API is set) it serves the Runtime API instead. */
#include "core/base/buf.h"
#include "core/base/secret.h"
#include "core/functions/runtime.h"
#include "core/functions/services.h"
#include "core/functions/task_root.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_FUNCTION_FAILED = 1, EXIT_USAGE = 64, EVENT_SIZE_MAX = 6 << 20, READ_SIZE = 1 << 16 };

static int usage(void)
{
    fprintf(stderr, "usage: gatehouse-function --list | gatehouse-function NAME < EVENT\n");
    return EXIT_USAGE;
}

static int list_functions(void)
{
    for (const struct function *function = function_table(); function->name != NULL; function++) {
        printf("%s\n", function->name);
    }
    return fflush(stdout) == 0 ? 0 : EXIT_FUNCTION_FAILED;
}

static bool read_event(struct buf *text, struct error *err)
{
    char chunk[READ_SIZE];
    size_t got = 0;
    while ((got = fread(chunk, 1, sizeof(chunk), stdin)) > 0) {
        if (!buf_append(text, chunk, got)) {
            return error_set(err, ERROR_PERMANENT, "bad_event", "the event is larger than %d bytes",
                             EVENT_SIZE_MAX);
        }
    }
    return ferror(stdin) == 0 ||
           error_set(err, ERROR_TRANSIENT, "os_error", "cannot read the event");
}

static struct json *parse_event(struct error *err)
{
    struct buf text;
    buf_init(&text, EVENT_SIZE_MAX);
    struct json *event = read_event(&text, err) ? json_parse(buf_str(&text), err) : NULL;
    buf_done(&text);
    return event;
}

static struct json *call(const struct function *function, struct error *err)
{
    struct function_services services;
    struct json *result = NULL;
    struct json *event = parse_event(err);
    if (event == NULL) {
        return NULL;
    }
    if (function_services_init(&services, (const char *const *)environ, err)) {
        unsetenv("GATEHOUSE_DATABASE_DSN"); /* nobody who reads our environment later needs it */
        result = function_call(&services, function, event, 0, err);
    }
    function_services_done(&services);
    json_free(event);
    return result;
}

static bool print_json(const struct json *json)
{
    char *text = json_print(json);
    bool is_printed = printf("%s\n", text) > 0 && fflush(stdout) == 0;
    free(text);
    return is_printed;
}

static int run_function(const struct function *function)
{
    struct error err = {0};
    struct json *result = call(function, &err);
    bool has_failed = result == NULL;
    if (has_failed) {
        fprintf(stderr, "function=%s error=%s:%s message=\"%s\"\n", function->name,
                error_class_name(err.error_class), err.code, err.message);
        result = function_error_json(&err);
    } else {
        fprintf(stderr, "function=%s rows_in=%lld rows_out=%lld quarantined=%lld elapsed_ms=%lld\n",
                function->name, (long long)json_int_or(result, "rows_in", 0),
                (long long)json_int_or(result, "rows_out", 0),
                (long long)json_int_or(result, "rows_quarantined", 0),
                (long long)json_int_or(result, "elapsed_ms", 0));
    }
    bool is_printed = print_json(result);
    json_free(result);
    return has_failed || !is_printed ? EXIT_FUNCTION_FAILED : 0;
}

int main(int argc, char **argv)
{
    secret_forbid_core_dumps(); /* credentials and passwords are in our memory */
    signal(SIGXFSZ, SIG_IGN);   /* a write that is refused is an error that can be told */
    const char *runtime_api = getenv("AWS_LAMBDA_RUNTIME_API");
    if (runtime_api != NULL) {
        task_root_apply();
        const char *handler = argc == 2 ? argv[1] : getenv("_HANDLER");
        return runtime_run(runtime_api, handler == NULL ? "" : handler,
                           (const char *const *)environ);
    }
    if (argc != 2) {
        return usage();
    }
    if (strcmp(argv[1], "--list") == 0) {
        return list_functions();
    }
    const struct function *function = function_find(argv[1]);
    if (function == NULL) {
        fprintf(stderr, "gatehouse-function: no function is called '%s'; see --list\n", argv[1]);
        return usage();
    }
    return run_function(function);
}
