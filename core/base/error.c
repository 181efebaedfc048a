/* Errors as values: setting, adding context, names. */
#include "core/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const class_names[ERROR_CLASS_COUNT] = {
#define X(name, text) [ERROR_##name] = text,
    ERROR_CLASSES(X)
#undef X
};

/* Control bytes become blanks, so that a message is one line wherever it is shown. */
static void make_one_line(char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7f) {
            *text = ' ';
        }
    }
}

static void mark_if_cut(char *text, size_t size, int wanted)
{
    if (wanted >= 0 && (size_t)wanted >= size) {
        memcpy(text + size - 4, "...", 4);
    }
    make_one_line(text);
}

bool error_set(struct error *err, enum error_class error_class, const char *code,
               const char *format, ...)
{
    va_list args;
    struct error fresh = {.error_class = error_class};
    snprintf(fresh.code, sizeof(fresh.code), "%s", code);
    va_start(args, format);
    int wanted = vsnprintf(fresh.message, sizeof(fresh.message), format, args);
    va_end(args);
    mark_if_cut(fresh.message, sizeof(fresh.message), wanted);
    *err = fresh;
    return false;
}

static bool is_transient_errno(int os_errno)
{
    return os_errno == ENOSPC || os_errno == EDQUOT || os_errno == EAGAIN || os_errno == EINTR ||
           os_errno == EMFILE || os_errno == ENFILE || os_errno == ENOMEM;
}

bool error_set_errno(struct error *err, int os_errno, const char *format, ...)
{
    va_list args;
    char what[ERROR_MESSAGE_SIZE];
    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    const char *code = os_errno == ENOENT   ? "not_found"
                       : os_errno == EEXIST ? "exists"
                       : os_errno == ENOSPC ? "disk_full"
                       : os_errno == EDQUOT ? "disk_full"
                       : os_errno == EACCES ? "access_denied"
                                            : "os_error";
    error_set(err, is_transient_errno(os_errno) ? ERROR_TRANSIENT : ERROR_PERMANENT, code, "%s: %s",
              what, strerror(os_errno));
    err->os_errno = os_errno;
    return false;
}

bool error_prefix(struct error *err, const char *format, ...)
{
    va_list args;
    char message[ERROR_MESSAGE_SIZE];
    char prefix[ERROR_MESSAGE_SIZE];
    va_start(args, format);
    vsnprintf(prefix, sizeof(prefix), format, args);
    va_end(args);
    int wanted = snprintf(message, sizeof(message), "%s: %s", prefix, err->message);
    mark_if_cut(message, sizeof(message), wanted);
    memcpy(err->message, message, sizeof(message));
    return false;
}

bool error_is(const struct error *err, const char *code)
{
    return strcmp(err->code, code) == 0;
}

const char *error_class_name(enum error_class error_class)
{
    return class_names[error_class];
}

bool error_class_from_name(struct str name, enum error_class *out_class)
{
    for (int i = 0; i < ERROR_CLASS_COUNT; i++) {
        if (str_eq(name, str_from(class_names[i]))) {
            *out_class = (enum error_class)i;
            return true;
        }
    }
    return false;
}
