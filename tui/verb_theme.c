/* Listing themes, and telling what is wrong with them. */
#include "tui/verb_theme.h"

#include "tui/theme_check.h"
#include "tui/theme_list.h"

#include <stdlib.h>
#include <string.h>

static int list(struct app *app, const char *folder)
{
    struct theme_list themes;
    theme_list_read(&themes, folder);
    for (size_t i = 0; i < themes.count; i++) {
        char *path = theme_path(themes.names[i], folder);
        printer_line(&app->out, "%-16s %s", themes.names[i],
                     i < themes.builtin_count ? "built in"
                     : path == NULL           ? "hidden by the built-in theme of this name"
                                              : path);
        free(path);
    }
    theme_list_done(&themes);
    return EXIT_CODE_OK;
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

static bool check(struct app *app, const char *name, const char *folder)
{
    struct problems problems = {.count = 0};
    struct theme theme;
    struct error err;
    size_t unmeasured = 0;
    bool is_good = false;
    if (theme_load(name, folder, &theme, &problems, &err)) {
        theme_check(&theme, &problems, &unmeasured);
        is_good = problems.count == 0;
    } else {
        complain("%s", err.message);
    }
    print_findings(app, name, &problems);
    if (is_good && unmeasured == 0) {
        printer_line(&app->out, "%s: good; every contrast is at least %.1f:1", name,
                     THEME_CONTRAST_MIN);
    } else if (is_good) {
        printer_line(&app->out,
                     "%s: good; the contrast of %zu of %d roles depends on the terminal's own "
                     "colours and was not measured",
                     name, unmeasured, ROLE_COUNT);
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
