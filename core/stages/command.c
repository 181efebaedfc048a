/* command: a program of the operator's own. No shell; what it is told is in its environment, a JSON
 * object on its last line is its outputs. */
#include "core/base/alloc.h"
#include "core/base/utf8.h"
#include "core/loop/process.h"
#include "core/stages/kind.h"
#include "core/stages/leftovers.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EXIT_TEMPORARY = 75, /* sysexits.h, EX_TEMPFAIL */
    ARGUMENTS_MAX = 1000,
    FIXED_VARIABLES = 8,
    COMPLAINT_MAX = 300,
    EXIT_TEXT_SIZE = 80,
};

struct command_stage {
    struct process process;
    char **argv, **environment; /* both end with NULL */
    size_t variable_count;
    struct buf last_line; /* of stdout, not empty; its first piece when it came in pieces */
    bool is_piece;        /* what comes next goes on with the line before */
    bool is_too_long;     /* last_line has further pieces */
    struct buf complaint; /* the last line of stderr, for the error's message */
    bool was_started;
    bool is_good; /* ended well: what it left running was meant to be */
};

static const struct parameter command_parameters[] = {
    {.name = "argv", .type = PARAMETER_LIST, .is_required = true, .min = 1, .max = ARGUMENTS_MAX},
    {.name = "environment", .type = PARAMETER_OBJECT},
    {.name = "folder", .type = PARAMETER_TEXT, .min = 1, .max = 4000},
};

/* Names as POSIX has them (XBD 8.1), so that a name cannot smuggle in another variable. */
static bool is_variable_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
        if (!is_letter && !(i > 0 && c >= '0' && c <= '9')) {
            return false;
        }
    }
    return name.len > 0;
}

/* A reference to another stage's output may give a number or a boolean, which a program is told as
 * text. */
static bool is_tellable(const struct json *value)
{
    return json_is_string(value) || json_is_number(value) || json_is_bool(value);
}

static char *told(const struct json *value)
{
    const char *text = NULL;
    return json_as_text(value, &text) ? xstrdup(text) : json_print(value);
}

static bool check_argv(const struct json *argv, struct error *err)
{
    const char *program = NULL;
    for (const struct json *value = json_first(argv); value != NULL; value = json_next(value)) {
        if (!is_tellable(value)) {
            return error_set(err, ERROR_PERMANENT, "bad_parameter",
                             "parameter 'argv' must be a list of strings and numbers");
        }
    }
    if (json_as_text(json_at(argv, 0), &program) && program[0] == '\0') {
        return error_set(err, ERROR_PERMANENT, "bad_parameter",
                         "parameter 'argv' begins with an empty program name");
    }
    return true;
}

static bool check_environment(const struct json *environment, struct error *err)
{
    const struct json *value = json_first(environment);
    for (; value != NULL; value = json_next(value)) {
        struct str name = str_from(json_name(value));
        if (!is_variable_name(name)) {
            return error_set(err, ERROR_PERMANENT, "bad_parameter",
                             "parameter 'environment.%.80s' is not a variable's name", name.ptr);
        }
        if (str_starts_with(name, STR("GATEHOUSE_"))) {
            return error_set(err, ERROR_PERMANENT, "bad_parameter",
                             "parameter 'environment.%.80s': names that begin with GATEHOUSE_ are "
                             "set by gatehouse itself",
                             name.ptr);
        }
        if (!is_tellable(value)) {
            return error_set(err, ERROR_PERMANENT, "bad_parameter",
                             "parameter 'environment.%.80s' must be a string or a number",
                             name.ptr);
        }
    }
    return true;
}

static bool command_check(const struct json *parameters, struct error *err)
{
    return check_argv(json_get(parameters, "argv"), err) &&
           check_environment(json_get(parameters, "environment"), err);
}

static void add_variable(struct command_stage *stage, const char *name, const char *value)
{
    stage->environment[stage->variable_count++] = xasprintf("%s=%s", name, value);
}

/* A child finds programs, its home and its language; of the rest of our environment it sees
 * nothing. What the stage sets itself stands alone: a variable twice would be the child's riddle.
 */
static void add_inherited(struct command_stage *stage, const struct json *environment)
{
    static const struct {
        const char *name, *otherwise;
    } inherited[] = {
        {"PATH", "/usr/local/bin:/usr/bin:/bin"},
        {"HOME", "/"},
        {"LANG", "C.UTF-8"},
        {"TZ", NULL},
    };
    for (size_t i = 0; i < sizeof(inherited) / sizeof(inherited[0]); i++) {
        const char *value = getenv(inherited[i].name);
        value = value == NULL ? inherited[i].otherwise : value;
        if (value != NULL && json_get(environment, inherited[i].name) == NULL) {
            add_variable(stage, inherited[i].name, value);
        }
    }
}

static void build_environment(struct attempt *attempt)
{
    struct command_stage *stage = attempt->state;
    const struct json *given = json_get(attempt->spec.parameters, "environment");
    char number[24];
    snprintf(number, sizeof(number), "%d", attempt->spec.try_number);
    stage->environment =
        xcalloc(json_count(given) + FIXED_VARIABLES + 1, sizeof(*stage->environment));
    add_inherited(stage, given);
    add_variable(stage, "GATEHOUSE_RUN_ID", attempt->spec.run_id);
    add_variable(stage, "GATEHOUSE_STAGE", attempt->spec.stage);
    add_variable(stage, "GATEHOUSE_TRY", number);
    add_variable(stage, "GATEHOUSE_INTENT", attempt->spec.intent);
    for (const struct json *value = json_first(given); value != NULL; value = json_next(value)) {
        char *text = told(value);
        add_variable(stage, json_name(value), text);
        free(text);
    }
}

static bool command_init(struct attempt *attempt, struct error *err)
{
    struct command_stage *stage = attempt->state;
    const struct json *argv = json_get(attempt->spec.parameters, "argv");
    size_t count = 0;
    (void)err;
    buf_init(&stage->last_line, PROCESS_LINE_MAX);
    buf_init(&stage->complaint, COMPLAINT_MAX);
    stage->argv = xcalloc(json_count(argv) + 1, sizeof(*stage->argv));
    for (const struct json *word = json_first(argv); word != NULL; word = json_next(word)) {
        stage->argv[count++] = told(word);
    }
    build_environment(attempt);
    return true;
}

static void signal_all(const struct attempt *attempt, int signum)
{
    const char *intent = attempt->spec.intent;
    leftovers_signal(&intent, 1, signum);
}

static void command_done(struct attempt *attempt)
{
    struct command_stage *stage = attempt->state;
    if (stage->was_started && !stage->is_good) {
        signal_all(attempt, SIGKILL);
    }
    for (size_t i = 0; i < stage->variable_count; i++) {
        free(stage->environment[i]);
    }
    for (size_t i = 0; stage->argv != NULL && stage->argv[i] != NULL; i++) {
        free(stage->argv[i]);
    }
    free(stage->environment);
    free(stage->argv);
    buf_done(&stage->last_line);
    buf_done(&stage->complaint);
    process_done(&stage->process);
}

static void on_output_line(void *context, struct str line)
{
    struct attempt *attempt = context;
    struct command_stage *stage = attempt->state;
    struct str text = str_trim(line);
    bool goes_on = stage->is_piece;
    stage->is_piece = line.len == PROCESS_LINE_MAX;
    if (text.len > 0 && goes_on) {
        stage->is_too_long = true;
    } else if (text.len > 0) {
        stage->is_too_long = false;
        buf_reset(&stage->last_line);
        buf_append_str(&stage->last_line, text);
    }
    attempt_log_line(attempt, "out", line);
}

static void on_error_line(void *context, struct str line)
{
    struct attempt *attempt = context;
    struct command_stage *stage = attempt->state;
    struct str text = str_trim(line);
    if (text.len > 0) {
        buf_reset(&stage->complaint);
        text.len = text.len < COMPLAINT_MAX / 3 ? text.len : COMPLAINT_MAX / 3;
        utf8_append_printable(&stage->complaint, text);
    }
    attempt_log_line(attempt, "out", line);
}

static void run_begin(struct attempt *attempt)
{
    struct command_stage *stage = attempt->state;
    stage->process.argv = (const char *const *)stage->argv;
    stage->process.env = (const char *const *)stage->environment;
    stage->process.folder =
        json_text_or(attempt->spec.parameters, "folder", attempt->spec.work_folder);
    stage->process.on_output_line = on_output_line;
    stage->process.on_error_line = on_error_line;
    stage->process.deadline_ms = attempt_deadline_ms(attempt);
    attempt_await(attempt, &stage->process.op);
    stage->was_started = true;
    process_start(attempt->spec.loop, &stage->process);
}

static enum step_next fail_exit(const struct command_stage *stage, struct error *err)
{
    char how[EXIT_TEXT_SIZE];
    const struct process *process = &stage->process;
    bool is_transient = process->term_signal != 0 || process->exit_code == EXIT_TEMPORARY;
    process_describe_exit(process, how, sizeof(how));
    error_set(err, is_transient ? ERROR_TRANSIENT : ERROR_PERMANENT,
              process->term_signal != 0 ? "command_killed" : "command_failed", "%s: %s%s%s",
              stage->argv[0], how, stage->complaint.len > 0 ? ": " : "",
              buf_text(&stage->complaint));
    return STEP_FAIL;
}

static enum step_next run_end(struct attempt *attempt, struct error *err)
{
    struct command_stage *stage = attempt->state;
    struct str line = buf_str(&stage->last_line);
    if (stage->process.exit_code != 0) {
        return fail_exit(stage, err);
    }
    if (line.len > 0 && line.ptr[0] == '{') {
        if (stage->is_too_long) {
            error_set(err, ERROR_PERMANENT, "output_too_large",
                      "%s: its last line, the outputs, is longer than %d bytes: store the data "
                      "somewhere and print where",
                      stage->argv[0], PROCESS_LINE_MAX);
            return STEP_FAIL;
        }
        attempt->outputs = json_parse(line, err);
        if (attempt->outputs == NULL) {
            error_prefix(err, "%s: its last line begins with '{', but is no JSON object",
                         stage->argv[0]);
            return STEP_FAIL;
        }
    }
    stage->is_good = true;
    return STEP_DONE;
}

static void run_cancel(struct attempt *attempt, bool is_kill)
{
    struct command_stage *stage = attempt->state;
    if (is_kill) {
        process_kill(&stage->process);
    } else {
        process_cancel(&stage->process);
        signal_all(attempt, SIGTERM); /* those that left its group, too */
    }
}

static const struct step command_steps[] = {
    {.name = "run command", .begin = run_begin, .end = run_end, .cancel = run_cancel},
};

const struct stage_kind stage_kind_command = {
    .parameters = command_parameters,
    .parameter_count = sizeof(command_parameters) / sizeof(command_parameters[0]),
    .check = command_check,
    .state_size = sizeof(struct command_stage),
    .init = command_init,
    .done = command_done,
    .steps = command_steps,
    .step_count = sizeof(command_steps) / sizeof(command_steps[0]),
};
