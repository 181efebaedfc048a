/* The themes there are. Blocking, short. */
#ifndef GATEHOUSE_TUI_THEME_LIST_H
#define GATEHOUSE_TUI_THEME_LIST_H

#include <stddef.h>

enum { THEME_LIST_MAX = 256 };

struct theme_list { /* built-in ones first, then those of the folder by name; owned */
    char *names[THEME_LIST_MAX];
    size_t count, builtin_count;
};

void theme_list_read(struct theme_list *list,
                     const char *folder); /* folder: NULL or absent: none */
void theme_list_done(struct theme_list *list);

#endif
