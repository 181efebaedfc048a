/* The list of what is wrong. */
#include "core/app/problems.h"

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/utf8.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { PROBLEM_LIMIT = 8192 };

static void keep(struct problems *problems, int line, const struct buf *raw)
{
    struct buf printable;
    if (problems->count < PROBLEMS_MAX) {
        buf_init(&printable, PROBLEM_LIMIT * 4);
        utf8_append_printable(&printable, buf_str(raw));
        problems->items[problems->count] =
            (struct problem){.text = xstrdup(buf_text(&printable)), .line = line};
        buf_done(&printable);
    }
    problems->count++;
}

void problems_add(struct problems *problems, const char *format, ...)
{
    struct buf raw;
    va_list args;
    buf_init(&raw, PROBLEM_LIMIT);
    va_start(args, format);
    buf_vprintf(&raw, format, args);
    va_end(args);
    keep(problems, 0, &raw);
    buf_done(&raw);
}

void problems_add_at(struct problems *problems, const char *file, int line, const char *format, ...)
{
    struct buf raw;
    va_list args;
    buf_init(&raw, PROBLEM_LIMIT);
    buf_printf(&raw, "%s:%d: ", file, line);
    va_start(args, format);
    buf_vprintf(&raw, format, args);
    va_end(args);
    keep(problems, line, &raw);
    buf_done(&raw);
}

static bool is_before(const struct problem *a, const struct problem *b)
{
    return a->line > 0 && (b->line == 0 || a->line < b->line);
}

void problems_sort(struct problems *problems)
{
    size_t kept = problems->count < PROBLEMS_MAX ? problems->count : PROBLEMS_MAX;
    for (size_t i = 1; i < kept; i++) { /* stable, and there are few */
        struct problem moved = problems->items[i];
        size_t to = i;
        for (; to > 0 && is_before(&moved, &problems->items[to - 1]); to--) {
            problems->items[to] = problems->items[to - 1];
        }
        problems->items[to] = moved;
    }
}

void problems_done(struct problems *problems)
{
    for (size_t i = 0; i < problems->count && i < PROBLEMS_MAX; i++) {
        free(problems->items[i].text);
    }
    *problems = (struct problems){.count = 0};
}
