/* Names of themes: built in, and files. */
#include "tui/theme_list.h"

#include "core/base/alloc.h"
#include "core/base/str.h"
#include "tui/theme.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void theme_list_read(struct theme_list *list, const char *folder)
{
    DIR *entries = folder == NULL ? NULL : opendir(folder);
    const struct dirent *entry = NULL;
    const char *name = NULL;
    list->count = 0;
    while ((name = theme_builtin_name(list->count)) != NULL) {
        list->names[list->count++] = xstrdup(name);
    }
    list->builtin_count = list->count;
    while (entries != NULL && list->count < THEME_LIST_MAX && (entry = readdir(entries)) != NULL) {
        struct str file = str_from(entry->d_name);
        if (str_ends_with(file, STR(".toml")) && file.len > strlen(".toml")) {
            list->names[list->count++] = xmemdup0(file.ptr, file.len - strlen(".toml"));
        }
    }
    if (entries != NULL) {
        closedir(entries);
    }
    qsort(list->names + list->builtin_count, list->count - list->builtin_count,
          sizeof(list->names[0]), by_name);
}

void theme_list_done(struct theme_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->names[i]);
    }
    list->count = 0;
}
