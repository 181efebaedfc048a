/* Variables of an environment that is handed on as a value, not read from the process. Pure. */
#ifndef GATEHOUSE_BASE_ENVIRONMENT_H
#define GATEHOUSE_BASE_ENVIRONMENT_H

/* environment: "NAME=value", ended by NULL; NULL is empty. Borrows the value; NULL when the
 * variable is not set or empty. */
const char *environment_get(const char *const *environment, const char *name);

#endif
