/* The first program of the package for Lambda: starts gatehouse-function beside it with the loader
 * and the libraries of the package, since those of Lambda's system are older. Linked statically, so
 * that it needs nothing but the package: no shell, no library. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_NOT_STARTED = 127, PATHS = 3 };

/* The folder of the package: what Lambda says, or where we are. */
static const char *package_folder(char *self)
{
    const char *folder = getenv("LAMBDA_TASK_ROOT");
    char *slash = strrchr(self, '/');
    if (folder != NULL && *folder != '\0') {
        return folder;
    }
    if (slash == NULL) {
        return ".";
    }
    *slash = '\0';
    return *self == '\0' ? "/" : self;
}

int main(int argc, char **argv)
{
    static const char *const names[PATHS] = {"lib/ld.so", "lib", "bin/gatehouse-function"};
    static char option[] = "--library-path";
    char paths[PATHS][PATH_MAX];
    const char *folder = package_folder(argv[0]);
    for (int i = 0; i < PATHS; i++) {
        int len = snprintf(paths[i], PATH_MAX, "%s/%s", folder, names[i]);
        if (len < 0 || len >= PATH_MAX) {
            fprintf(stderr, "bootstrap: the path of the package is too long\n");
            return EXIT_NOT_STARTED;
        }
    }
    char *words[] = {paths[0], option, paths[1], paths[2], argc > 1 ? argv[1] : NULL, NULL};
    execv(words[0], words);
    fprintf(stderr, "bootstrap: %s: %s\n", words[0], strerror(errno));
    return EXIT_NOT_STARTED;
}
