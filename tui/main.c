/* gatehouse: parses the command line and hands over to a verb. */
#include "core/app/help.h"
#include "core/app/verbs.h"
#include "core/base/secret.h"
#include "tui/console.h"
#include "tui/plain.h"
#include "tui/verb_theme.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

typedef int (*verb_fn)(struct app *app);

static int console(struct app *app)
{
    return app->options->is_given[OPTION_PLAIN] ? plain_run(app) : console_run(app);
}

/* The console, unless --batch is given; what belongs to --batch alone is not ignored silently. */
static int verb_none(struct app *app)
{
    static const enum option of_batch[] = {OPTION_RESUME, OPTION_DRY_RUN, OPTION_QUIET,
                                           OPTION_VERBOSE, OPTION_FORMAT};
    const struct options *options = app->options;
    if (options->is_given[OPTION_PREPARE_SAMPLE] && options->is_given[OPTION_READ_ONLY]) {
        complain("--prepare-sample starts a run, which --read-only forbids");
        return EXIT_CODE_USAGE;
    }
    if (options->is_given[OPTION_BATCH] && options->is_given[OPTION_READ_ONLY]) {
        complain("--read-only is for the console; a batch run cannot be read-only");
        return EXIT_CODE_USAGE;
    }
    if (options->is_given[OPTION_BATCH] && options->is_given[OPTION_PLAIN]) {
        complain("--plain is a form of the console; --batch prints lines anyway");
        return EXIT_CODE_USAGE;
    }
    for (size_t i = 0; i < sizeof(of_batch) / sizeof(of_batch[0]); i++) {
        if (!options->is_given[OPTION_BATCH] && options->is_given[of_batch[i]]) {
            complain("--%s is for a run without a console: add --batch",
                     option_spec(of_batch[i])->name);
            return EXIT_CODE_USAGE;
        }
    }
    return options->is_given[OPTION_BATCH] ? verb_batch(app) : console(app);
}

/* What was standard input becomes app->in; keys come from the terminal. */
static bool take_keys_from_terminal(struct app *app)
{
    int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
    app->in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    bool is_good = terminal >= 0 && app->in >= 0 && dup2(terminal, STDIN_FILENO) >= 0;
    if (terminal >= 0) {
        close(terminal);
    }
    return is_good;
}

static int replay(struct app *app)
{
    bool is_plain = app->options->is_given[OPTION_PLAIN];
    if ((!is_plain && !isatty(STDOUT_FILENO)) || app->options->is_given[OPTION_FORMAT]) {
        return verb_replay(app);
    }
    bool is_piped = strcmp(app->options->operands[0], "-") == 0;
    if (is_piped && !take_keys_from_terminal(app) && !is_plain) {
        complain("the stream is on standard input, and there is no terminal for the keys; "
                 "--format text prints it");
        return EXIT_CODE_USAGE;
    }
    return console(app);
}

static const verb_fn verbs[VERB_COUNT] = {
    [VERB_NONE] = verb_none,
    [VERB_ATTACH] = console,
    [VERB_PREPARE] = verb_prepare,
    [VERB_RUNS] = verb_runs,
    [VERB_SHOW] = verb_show,
    [VERB_LOGS] = verb_logs,
    [VERB_WATCH] = verb_watch,
    [VERB_RETRY] = verb_command,
    [VERB_RERUN] = verb_command,
    [VERB_SKIP] = verb_command,
    [VERB_STOP] = verb_command,
    [VERB_CONFIG] = verb_config,
    [VERB_DOCTOR] = verb_doctor,
    [VERB_LOCAL] = verb_local,
    [VERB_THEME] = verb_theme,
    [VERB_REPLAY] = replay,
    [VERB_HELP] = verb_help,
    [VERB_SUPERVISOR] = verb_supervisor,
    [VERB_AWS] = verb_aws,
    [VERB_FUNCTIONS] = verb_functions,
    [VERB_PROVISION] = verb_provision,
};

static int print_help(struct app *app)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    help_print(app->options->verb, &text);
    printer_bytes(&app->out, buf_str(&text));
    buf_done(&text);
    return EXIT_CODE_OK;
}

static int run_verb(struct app *app)
{
    const struct options *options = app->options;
    if (options->is_given[OPTION_VERSION]) {
        printer_line(&app->out, "gatehouse %s", app_version);
        return EXIT_CODE_OK;
    }
    if (options->is_given[OPTION_HELP]) {
        return print_help(app);
    }
    return verbs[options->verb](app);
}

/* Else a file of ours gets the number of a standard stream that was closed, and what is printed
 * goes into it. */
static void fill_standard_streams(void)
{
    int fd = 0;
    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) {
        close(fd);
    }
}

int main(int argc, char **argv)
{
    struct options options;
    struct app app;
    struct error err;
    fill_standard_streams();
    secret_forbid_core_dumps(); /* credentials and passwords are in our memory */
    /* A reader of our output that goes away must not end a run. */
    signal(SIGPIPE, SIG_IGN);
    /* Nor a limit on the size of files: a write that is refused is an error that can be told. */
    signal(SIGXFSZ, SIG_IGN);
    setlocale(LC_CTYPE, ""); /* the console's characters; numbers and sorting stay as in C */
    if (!options_parse(argc, (const char *const *)argv, &options, &err)) {
        complain("%s", err.message);
        return EXIT_CODE_USAGE;
    }
    app_init(&app, &options, (const char *const *)environ);
    int code = run_verb(&app);
    if (code == EXIT_CODE_OK && !printer_is_good(&app.out)) {
        complain("standard output could not be written");
        code = EXIT_CODE_TEMPORARY;
    }
    app_done(&app);
    return code;
}
