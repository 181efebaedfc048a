/* Memory that cannot fail: out of memory ends the program after the hook has restored the terminal.
 * Sizes that come from outside are limited by the caller before they reach these. Any thread. */
#ifndef GATEHOUSE_BASE_ALLOC_H
#define GATEHOUSE_BASE_ALLOC_H

#include <stddef.h>

/* Called once, before abort(), when memory runs out; it must not allocate. NULL removes it. */
void alloc_set_fatal_hook(void (*hook)(void));

/* All give memory that free() releases. Sizes are bytes; a product that overflows is out of memory.
 */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *ptr, size_t size);
void *xreallocarray(void *ptr, size_t count, size_t size);
char *xstrdup(const char *text);
char *xmemdup0(const void *ptr, size_t len); /* copies len bytes and adds a NUL */
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
