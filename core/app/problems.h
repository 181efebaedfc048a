/* A list of sentences: everything that is wrong with the configuration, not only the first. */
#ifndef GATEHOUSE_APP_PROBLEMS_H
#define GATEHOUSE_APP_PROBLEMS_H

#include <stddef.h>

enum { PROBLEMS_MAX = 50 }; /* more are counted, not kept */

struct problems { /* zero-initialised is empty */
    char *items[PROBLEMS_MAX];
    size_t count; /* of all, kept or not */
};

/* Control bytes are made visible. */
void problems_add(struct problems *problems, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void problems_done(struct problems *problems);

#endif
