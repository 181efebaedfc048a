/* gatehouse config check|show|example, and gatehouse help. */
#include "core/app/verbs.h"

#include "core/app/help.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_LIMIT = 16 << 20 };

static int check_config(struct app *app)
{
    int code = app_load(app);
    if (code == EXIT_CODE_OK && app_is_json(app)) {
        struct json *json = json_object();
        json_set_text(json, "file", app->config->path);
        json_set_bool(json, "ok", true);
        printer_json(&app->out, json);
        json_free(json);
    } else if (code == EXIT_CODE_OK) {
        printer_line(&app->out, "configuration is good: %s, %zu stages, %zu gate rules",
                     app->config->path == NULL ? "no file, all defaults" : app->config->path,
                     app->config->dag->count, json_count(app->config->rules));
    }
    return code;
}

static int show_config(struct app *app)
{
    int code = app_load(app);
    if (code != EXIT_CODE_OK) {
        return code;
    }
    if (app_is_json(app)) {
        struct json *json = config_print_json(app->config);
        json_set_text(json, "state_folder", app->state_folder);
        printer_json(&app->out, json);
        json_free(json);
        return EXIT_CODE_OK;
    }
    struct buf text;
    buf_init(&text, TEXT_LIMIT);
    config_print_text(app->config, &text);
    printer_bytes(&app->out, buf_str(&text));
    buf_done(&text);
    return EXIT_CODE_OK;
}

static int print_example(struct app *app)
{
    struct buf text;
    buf_init(&text, TEXT_LIMIT);
    config_print_example(&text);
    printer_bytes(&app->out, buf_str(&text));
    buf_done(&text);
    return EXIT_CODE_OK;
}

int verb_config(struct app *app)
{
    const char *what = app->options->operands[0];
    if (strcmp(what, "check") == 0) {
        return check_config(app);
    }
    return strcmp(what, "show") == 0 ? show_config(app) : print_example(app);
}

static enum verb find_verb(const char *name)
{
    for (int i = VERB_NONE + 1; i < VERB_COUNT; i++) {
        if (strcmp(option_verb((enum verb)i)->name, name) == 0) {
            return (enum verb)i;
        }
    }
    return VERB_COUNT;
}

int verb_help(struct app *app)
{
    const struct options *options = app->options;
    const char *name = options->operand_count > 0 ? options->operands[0] : "";
    enum verb verb = *name == '\0' ? VERB_NONE : find_verb(name);
    struct buf text;
    if (verb == VERB_COUNT) {
        complain("unknown verb \"%s\"; see gatehouse help", name);
        return EXIT_CODE_USAGE;
    }
    buf_init(&text, TEXT_LIMIT);
    if (options->is_given[OPTION_MAN]) {
        help_print_man(app_version, &text);
    } else if (options->is_given[OPTION_KEYMAP]) {
        help_print_keymap(&text);
    } else if (options->is_given[OPTION_COMPLETION]) {
        help_print_completion(options->values[OPTION_COMPLETION], &text);
    } else {
        help_print(verb, &text);
    }
    printer_bytes(&app->out, buf_str(&text));
    buf_done(&text);
    return EXIT_CODE_OK;
}
