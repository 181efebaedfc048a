/* gatehouse-function: one of the data functions, as a child process: event on stdin, result on
 * stdout, log on stderr. Exit 0 with a result; 1 with {"errorType","errorMessage"}; 64 for a wrong
 * call. */
#include "core/base/buf.h"
#include "core/functions/function.h"
#include "core/local/folder_store.h"
#include "core/net/pg.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    if (event != NULL && !json_is_object(event)) {
        json_free(event);
        error_set(err, ERROR_PERMANENT, "bad_event", "the event is not a JSON object");
        return NULL;
    }
    return event;
}

static struct json *error_json(const struct error *err)
{
    struct json *json = json_object();
    char type[ERROR_CODE_SIZE + 16];
    snprintf(type, sizeof(type), "%s:%s", error_class_name(err->error_class), err->code);
    json_set_text(json, "errorType", type);
    json_set_text(json, "errorMessage", err->message);
    return json;
}

static struct database *open_database(struct loop *loop)
{
    const char *dsn = getenv("GATEHOUSE_DATABASE_DSN");
    if (dsn == NULL) {
        return NULL;
    }
    struct pg_settings settings = {.dsn = dsn};
    struct database *database = pg_database_new(loop, &settings);
    unsetenv("GATEHOUSE_DATABASE_DSN");
    return database;
}

static struct json *call(const struct function *function, struct error *err)
{
    const char *lake = getenv("GATEHOUSE_LAKE");
    if (lake == NULL) {
        error_set(err, ERROR_PERMANENT, "no_lake",
                  "GATEHOUSE_LAKE does not say where the objects are");
        return NULL;
    }
    struct json *event = parse_event(err);
    if (event == NULL) {
        return NULL;
    }
    struct loop *loop = loop_new();
    struct function_context context = {.loop = loop, .clock = clock_system()};
    struct json *result = NULL;
    context.objects = folder_store_new(loop, lake, err);
    if (context.objects != NULL) {
        context.database = function->needs_database ? open_database(loop) : NULL;
        result = function->run(&context, event, err);
        database_free(context.database);
        object_store_free(context.objects);
    }
    loop_free(loop);
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
        result = error_json(&err);
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
    signal(SIGXFSZ, SIG_IGN); /* a write that is refused is an error that can be told */
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
