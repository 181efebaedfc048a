/* The list of what is wrong. */
#include "core/app/problems.h"

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/utf8.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { PROBLEM_LIMIT = 8192 };

void problems_add(struct problems *problems, const char *format, ...)
{
    struct buf raw, printable;
    va_list args;
    buf_init(&raw, PROBLEM_LIMIT);
    buf_init(&printable, PROBLEM_LIMIT * 4);
    va_start(args, format);
    buf_vprintf(&raw, format, args);
    va_end(args);
    utf8_append_printable(&printable, buf_str(&raw));
    if (problems->count < PROBLEMS_MAX) {
        problems->items[problems->count] = xstrdup(buf_text(&printable));
    }
    problems->count++;
    buf_done(&raw);
    buf_done(&printable);
}

void problems_done(struct problems *problems)
{
    for (size_t i = 0; i < problems->count && i < PROBLEMS_MAX; i++) {
        free(problems->items[i]);
    }
    *problems = (struct problems){.count = 0};
}
