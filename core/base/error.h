/* struct error: what went wrong, by value; the class alone decides about retry. Pure; any thread.
 */
#ifndef GATEHOUSE_BASE_ERROR_H
#define GATEHOUSE_BASE_ERROR_H

#include "core/base/str.h"

#include <stdbool.h>

/* What a retry can do about it. */
#define ERROR_CLASSES(X)                                                                           \
    X(TRANSIENT, "transient") /* may succeed if tried again: throttled, killed, disconnected */    \
    X(PERMANENT, "permanent") /* the same call fails again: bad input, no access, wrong data */    \
    X(CANCELLED, "cancelled") /* somebody asked for the end of it */                               \
    X(BUG, "bug")             /* our own mistake */

enum error_class {
#define X(name, text) ERROR_##name,
    ERROR_CLASSES(X)
#undef X
        ERROR_CLASS_COUNT
};

enum { ERROR_MESSAGE_SIZE = 1024, ERROR_CODE_SIZE = 64, ERROR_REQUEST_ID_SIZE = 80 };

/* A field that does not apply is 0 or empty. message has no newline, no control bytes, no secret.
 */
struct error {
    enum error_class error_class;
    int os_errno;               /* errno of the failing system call */
    int http_status;            /* status of a web service's answer */
    char code[ERROR_CODE_SIZE]; /* a stable word to test for: "not_found", "ResourceInUse",
                                   "Throttling" */
    char request_id[ERROR_REQUEST_ID_SIZE];
    char message[ERROR_MESSAGE_SIZE]; /* what, where, what to do; cut at the end with "..." */
};

/* All return false, so that a failing function can `return error_set(...)`. */
bool error_set(struct error *err, enum error_class error_class, const char *code,
               const char *format, ...) __attribute__((format(printf, 4, 5)));
/* From errno: ": <strerror>" is added; ENOSPC, EDQUOT, EAGAIN, EINTR, EMFILE, ENFILE, ENOMEM are
 * transient. */
bool error_set_errno(struct error *err, int os_errno, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Adds context in front: "train: submit job: <message>". */
bool error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool error_is(const struct error *err, const char *code);
const char *error_class_name(enum error_class error_class);
bool error_class_from_name(struct str name, enum error_class *out_class);

#endif
