/* Secrets: copied into memory of their own and wiped. */
#include "core/base/secret.h"

#include "core/base/alloc.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

void secret_set(struct secret *secret, struct str value)
{
    char *copy = xmemdup0(value.ptr, value.len);
    secret_done(secret);
    secret->ptr = copy;
    secret->len = value.len;
}

void secret_done(struct secret *secret)
{
    if (secret->ptr != NULL) {
        explicit_bzero(secret->ptr, secret->len);
        free(secret->ptr);
    }
    *secret = (struct secret){0};
}

bool secret_is_set(const struct secret *secret)
{
    return secret->ptr != NULL;
}

const char *secret_reveal(const struct secret *secret)
{
    return secret->ptr == NULL ? "" : secret->ptr;
}

bool secret_forbid_core_dumps(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_CORE, &limit) != 0) {
        return false;
    }
    rlim_t most = limit.rlim_max == 0 ? 0 : 1; /* it may be lowered, never raised */
    limit = (struct rlimit){most, most};
    return setrlimit(RLIMIT_CORE, &limit) == 0;
}
