/* Asks on standard error, so that standard output is the plan and nothing else. */
#include "core/app/confirm.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int confirm_plan(const struct app *app)
{
    char answer[16] = "";
    if (app->options->is_given[OPTION_YES]) {
        return EXIT_CODE_OK;
    }
    if (isatty(app->in) == 0 || isatty(STDERR_FILENO) == 0) {
        complain("nothing was changed: say --yes to do what the plan says");
        return EXIT_CODE_USAGE;
    }
    fputs("Do this? [y/N] ", stderr);
    fflush(stderr);
    ssize_t len = read(app->in, answer, sizeof(answer) - 1);
    bool is_yes = len > 0 && (strcmp(answer, "y\n") == 0 || strcmp(answer, "yes\n") == 0);
    if (!is_yes) {
        complain("nothing was changed");
    }
    return is_yes ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}
