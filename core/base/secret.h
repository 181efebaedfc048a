/* A value that must not be shown: wiped when released, never printed. */
#ifndef GATEHOUSE_BASE_SECRET_H
#define GATEHOUSE_BASE_SECRET_H

#include "core/base/str.h"

struct secret {
    char *ptr; /* NULL: not set. Read it only where the value is used, through secret_reveal */
    size_t len;
};

void secret_set(struct secret *secret, struct str value); /* copies; wipes the value before it */
void secret_done(struct secret *secret);
bool secret_is_set(const struct secret *secret);
const char *secret_reveal(
    const struct secret *secret); /* NUL-terminated, borrows; "" when not set */

/* From here on neither this program nor its children leave a core file or send one to a collector.
 * One byte, not none: the kernel heeds only that when core_pattern is a program (core(5)). Fit for
 * the time between fork and exec. Debuggers and sanitizers go on working. */
bool secret_forbid_core_dumps(void);

#endif
