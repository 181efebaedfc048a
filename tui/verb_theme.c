/* Listing themes, and telling what is wrong with them. */
#include "tui/verb_theme.h"

#include "tui/theme_check.h"
#include "tui/theme_list.h"

#include <stdlib.h>
#include <string.h>

static void print_theme(struct app *app, const char *name, const char *where, const char *path)
{
    if (app_is_json(app)) {
        struct json *json = json_object();
        json_set_text(json, "theme", name);
        json_set_text(json, "file", path);
        printer_json(&app->out, json);
        json_free(json);
    } else {
        printer_line(&app->out, "%-16s %s", name, where);
    }
}

static int list(struct app *app, const char *folder)
{
    struct theme_list themes;
    theme_list_read(&themes, folder);
    for (size_t i = 0; i < themes.count; i++) {
        char *path = theme_path(themes.names[i], folder);
        print_theme(app, themes.names[i],
                    i < themes.builtin_count ? "built in"
                    : path == NULL           ? "hidden by the built-in theme of this name"
                                             : path,
                    path);
        free(path);
    }
    theme_list_done(&themes);
    return EXIT_CODE_OK;
}

static void print_json(struct app *app, const char *name, const struct problems *problems,
                       size_t unmeasured)
{
    struct json *json = json_object(), *findings = json_array();
    for (size_t i = 0; i < problems->count && i < PROBLEMS_MAX; i++) {
        json_append(findings, json_string(str_from(problems->items[i].text)));
    }
    json_set_text(json, "theme", name);
    json_set_bool(json, "ok", problems->count == 0);
    json_set_int(json, "unmeasured", (int64_t)unmeasured);
    json_set(json, "findings", findings);
    printer_json(&app->out, json);
    json_free(json);
}

static void print_findings(struct app *app, const char *name, struct problems *problems)
{
    for (size_t i = 0; i < problems->count && i < PROBLEMS_MAX; i++) {
        printer_line(&app->out, "%s: %s", name, problems->items[i].text);
    }
    if (problems->count > PROBLEMS_MAX) {
        printer_line(&app->out, "%s: and %zu more", name, problems->count - PROBLEMS_MAX);
    }
}

static void print_good(struct app *app, const char *name, size_t unmeasured)
{
    if (unmeasured == 0) {
        printer_line(&app->out, "%s: good; every contrast is at least %.1f:1", name,
                     THEME_CONTRAST_MIN);
    } else {
        printer_line(&app->out,
                     "%s: good; the contrast of %zu of %d roles depends on the terminal's own "
                     "colours and was not measured",
                     name, unmeasured, ROLE_COUNT);
    }
}

static bool check(struct app *app, const char *name, const char *folder)
{
    struct problems problems = {.count = 0};
    struct theme theme;
    struct error err;
    size_t unmeasured = 0;
    bool is_read = theme_load(name, folder, &theme, &problems, &err);
    if (is_read) {
        theme_check(&theme, &problems, &unmeasured);
    } else {
        complain("%s", err.message);
    }
    bool is_good = is_read && problems.count == 0;
    if (is_read && app_is_json(app)) {
        print_json(app, name, &problems, unmeasured);
    } else if (is_good) {
        print_good(app, name, unmeasured);
    } else {
        print_findings(app, name, &problems);
    }
    problems_done(&problems);
    return is_good;
}

static bool check_all(struct app *app, const char *folder)
{
    struct theme_list themes;
    bool is_good = true;
    theme_list_read(&themes, folder);
    for (size_t i = 0; i < themes.count; i++) {
        is_good = check(app, themes.names[i], folder) && is_good;
    }
    theme_list_done(&themes);
    return is_good;
}

int verb_theme(struct app *app)
{
    const struct options *options = app->options;
    char *folder = config_user_folder(&app->request, "themes");
    int code = EXIT_CODE_OK;
    if (strcmp(options->operands[0], "list") == 0) {
        if (options->operand_count > 1) {
            complain(
                "gatehouse theme list takes no theme; gatehouse theme check NAME looks at one");
            code = EXIT_CODE_USAGE;
        } else {
            code = list(app, folder);
        }
    } else {
        bool is_good = options->operand_count > 1 ? check(app, options->operands[1], folder)
                                                  : check_all(app, folder);
        code = is_good ? EXIT_CODE_OK : EXIT_CODE_CONFIG;
    }
    free(folder);
    return code;
}
