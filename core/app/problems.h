/* A list of sentences: everything that is wrong with the configuration, not only the first. */
#ifndef GATEHOUSE_APP_PROBLEMS_H
#define GATEHOUSE_APP_PROBLEMS_H

#include <stddef.h>

enum { PROBLEMS_MAX = 50 }; /* more are counted, not kept */

struct problem {
    char *text;
    int line; /* of the file; 0: not of the file */
};

struct problems { /* zero-initialised is empty */
    struct problem items[PROBLEMS_MAX];
    size_t count; /* of all, kept or not */
};

/* Control bytes are made visible. */
void problems_add(struct problems *problems, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* With "file:line: " in front. */
void problems_add_at(struct problems *problems, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Those of the file by line, then the others as they were added. */
void problems_sort(struct problems *problems);
void problems_done(struct problems *problems);

#endif
