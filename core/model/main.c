/* gatehouse-model: train, pack and evaluate; the only program that loads libxgboost.
 * Exit codes: 0 done, 64 usage, 65 bad data or model (trying again is useless), 1 anything else;
 * a stop signal ends it as that signal does. */
#include "core/base/alloc.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/model/booster.h"
#include "core/model/evaluate.h"
#include "core/model/model_archive.h"
#include "core/model/sandbox.h"
#include "core/model/train.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_TRANSIENT = 1, EXIT_USAGE = 64, EXIT_DATA = 65 };

static const char usage[] =
    "usage: gatehouse-model train\n"
    "       gatehouse-model pack MODEL_DIR OUT.tar.gz\n"
    "       gatehouse-model evaluate --model MODEL.tar.gz --test CSV [--train CSV]\n"
    "                                [--schema JSON] --work DIR [--out FILE]\n"
    "       gatehouse-model --version\n"
    "train works in the folder $GATEHOUSE_ML_ROOT (default /opt/ml), laid out as in a SageMaker\n"
    "training container.\n";

static int usage_error(const char *what)
{
    fprintf(stderr, "gatehouse-model: %s\n%s", what, usage);
    return EXIT_USAGE;
}

static int report(const struct error *err)
{
    fprintf(stderr, "gatehouse-model: %s\n", err->message);
    return err->error_class == ERROR_PERMANENT ? EXIT_DATA : EXIT_TRANSIENT;
}

/* The pending stop signal ends the program the way it would have without being blocked. */
static int end_by_signal(void)
{
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    sigprocmask(SIG_UNBLOCK, &stop, NULL);
    return EXIT_TRANSIENT; /* reached only if the signal is ignored */
}

static int train(int argc)
{
    struct error err;
    struct error failure_err;
    const char *root = getenv("GATEHOUSE_ML_ROOT");
    if (argc != 0) {
        return usage_error("train takes no arguments");
    }
    root = root == NULL || root[0] == '\0' ? "/opt/ml" : root;
    if (train_run(root, stdout, clock_system(), &err)) {
        return 0;
    }
    int code = report(&err);
    if (err.error_class == ERROR_CANCELLED) {
        return end_by_signal();
    }
    /* A folder that is not there at all is not made just to hold the failure. */
    if (file_exists(root) && !train_write_failure(root, &err, &failure_err)) {
        report(&failure_err);
    }
    return code;
}

static int pack(int argc, char **argv)
{
    struct error err;
    if (argc != 2) {
        return usage_error("pack needs MODEL_DIR and OUT.tar.gz");
    }
    return model_archive_pack(argv[0], argv[1], &err) ? 0 : report(&err);
}

struct evaluate_arguments {
    struct evaluate_options options;
    const char *out;
};

static bool parse_evaluate(int argc, char **argv, struct evaluate_arguments *arguments)
{
    const struct {
        const char *name;
        const char **value;
    } table[] = {
        {"--model", &arguments->options.archive},    {"--test", &arguments->options.test_data},
        {"--train", &arguments->options.train_data}, {"--schema", &arguments->options.schema},
        {"--work", &arguments->options.work_folder}, {"--out", &arguments->out},
    };
    for (int i = 0; i < argc; i += 2) {
        bool is_known = false;
        for (size_t j = 0; j < sizeof(table) / sizeof(table[0]); j++) {
            if (strcmp(argv[i], table[j].name) == 0 && i + 1 < argc) {
                *table[j].value = argv[i + 1];
                is_known = true;
            }
        }
        if (!is_known) {
            return false;
        }
    }
    return arguments->options.archive != NULL && arguments->options.test_data != NULL &&
           arguments->options.work_folder != NULL;
}

static struct json *error_json(const struct error *err)
{
    struct json *root = json_object();
    struct json *error = json_object();
    json_set_text(error, "class", error_class_name(err->error_class));
    json_set_text(error, "code", err->code);
    json_set_text(error, "message", err->message);
    json_set(root, "error", error);
    return root;
}

static bool deliver(const struct json *json, const char *out, struct error *err)
{
    char *text = json_print(json);
    char *line = xasprintf("%s\n", text);
    bool is_delivered = file_write_all(STDOUT_FILENO, str_from(line), err) &&
                        (out == NULL || file_write(out, str_from(line), 0644, err));
    free(line);
    free(text);
    return is_delivered;
}

static int evaluate(int argc, char **argv)
{
    struct error err;
    struct error deliver_err;
    struct evaluate_arguments arguments = {0};
    int code = 0;
    if (!parse_evaluate(argc, argv, &arguments)) {
        return usage_error("evaluate needs --model, --test and --work, and knows only the options "
                           "below");
    }
    booster_set_verbosity(0);
    struct json *json = sandbox_enter(&err) ? evaluate_run(&arguments.options, &err) : NULL;
    if (json == NULL) {
        code = report(&err);
        json = error_json(&err);
        arguments.out = NULL;
    }
    if (!deliver(json, arguments.out, &deliver_err) && code == 0) {
        code = report(&deliver_err);
    }
    json_free(json);
    return code;
}

int main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";
    char version[16];
    signal(SIGXFSZ, SIG_IGN); /* a write that is refused is an error that can be told */
    if (strcmp(verb, "train") == 0) {
        return train(argc - 2);
    }
    if (strcmp(verb, "pack") == 0) {
        return pack(argc - 2, argv + 2);
    }
    if (strcmp(verb, "evaluate") == 0) {
        return evaluate(argc - 2, argv + 2);
    }
    if (strcmp(verb, "--version") == 0) {
        booster_library_version(version, sizeof(version));
        printf("gatehouse-model, XGBoost %s\n", version);
        return 0;
    }
    if (strcmp(verb, "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    return usage_error("unknown command");
}
