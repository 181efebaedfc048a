/* Listing themes, and telling what is wrong with them. */
#include "tui/verb_theme.h"

#include "core/base/alloc.h"
#include "tui/theme_check.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 256 };

struct names {
    char *items[NAMES_MAX];
    size_t count;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Those of the folder; one that is called like a built-in theme cannot be reached. */
static void read_folder(const char *folder, struct names *out_names)
{
    DIR *entries = folder == NULL ? NULL : opendir(folder);
    const struct dirent *entry = NULL;
    out_names->count = 0;
    while (entries != NULL && out_names->count < NAMES_MAX && (entry = readdir(entries)) != NULL) {
        struct str name = str_from(entry->d_name);
        if (str_ends_with(name, STR(".toml")) && name.len > strlen(".toml")) {
            out_names->items[out_names->count++] = xmemdup0(name.ptr, name.len - strlen(".toml"));
        }
    }
    if (entries != NULL) {
        closedir(entries);
    }
    qsort(out_names->items, out_names->count, sizeof(out_names->items[0]), by_name);
}

static void free_names(struct names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        free(names->items[i]);
    }
}

static int list(struct app *app, const char *folder)
{
    struct names names;
    const char *name = NULL;
    for (size_t i = 0; (name = theme_builtin_name(i)) != NULL; i++) {
        printer_line(&app->out, "%-16s built in", name);
    }
    read_folder(folder, &names);
    for (size_t i = 0; i < names.count; i++) {
        char *path = theme_path(names.items[i], folder);
        printer_line(&app->out, "%-16s %s", names.items[i],
                     path == NULL ? "hidden by the built-in theme of this name" : path);
        free(path);
    }
    free_names(&names);
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
    if (is_good) {
        printer_line(&app->out,
                     "%s: good; the contrast of %d of %d roles was measured, the others use the "
                     "terminal's own colours",
                     name, ROLE_COUNT - (int)unmeasured, ROLE_COUNT);
    }
    problems_done(&problems);
    return is_good;
}

static bool check_all(struct app *app, const char *folder)
{
    struct names names;
    const char *name = NULL;
    bool is_good = true;
    for (size_t i = 0; (name = theme_builtin_name(i)) != NULL; i++) {
        is_good = check(app, name, folder) && is_good;
    }
    read_folder(folder, &names);
    for (size_t i = 0; i < names.count; i++) {
        is_good = check(app, names.items[i], folder) && is_good;
    }
    free_names(&names);
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
