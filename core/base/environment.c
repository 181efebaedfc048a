/* Looking for a variable. */
#include "core/base/environment.h"

#include <stddef.h>
#include <string.h>

const char *environment_get(const char *const *environment, const char *name)
{
    size_t length = strlen(name);
    for (const char *const *at = environment; at != NULL && *at != NULL; at++) {
        if (strncmp(*at, name, length) == 0 && (*at)[length] == '=') {
            return (*at)[length + 1] == '\0' ? NULL : *at + length + 1;
        }
    }
    return NULL;
}
