/* Files on their way into a package, and which of them a program needs to run. Blocking. */
#ifndef GATEHOUSE_APP_PACKAGE_FILES_H
#define GATEHOUSE_APP_PACKAGE_FILES_H

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/loop/loop.h"

#include <sys/types.h>

enum { PACKAGE_FILES_MAX = 800 };

struct package_file {
    char *name; /* in the package */
    mode_t mode;
    struct buf content;
};

struct package_files {
    struct package_file files[PACKAGE_FILES_MAX];
    size_t count;
};

/* Reads `path`, which becomes `name`; a name that is there already stays as it is. */
bool package_files_add(struct package_files *files, const char *name, mode_t mode, const char *path,
                       struct error *err);
/* The same for what is in memory; copies it. */
bool package_files_add_content(struct package_files *files, const char *name, mode_t mode,
                               struct str content, struct error *err);
/* Adds the program's loader as lib/ld.so and its libraries below lib/. out_architecture: in
 * Lambda's words. */
bool package_files_add_libraries(struct package_files *files, struct loop *loop,
                                 const char *program, const char **out_architecture,
                                 struct error *err);
void package_files_sort(struct package_files *files); /* by name */
void package_files_done(struct package_files *files);

#endif
