/* Secrets: copied into memory of their own and wiped. */
#include "core/base/secret.h"

#include "core/base/alloc.h"
#include "core/base/buf.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

/* user:password@ of a URI; the last '@' before the path ends the user part. */
static const char *mask_uri_password(const char *dsn, struct buf *out)
{
    const char *authority = strstr(dsn, "://");
    if (authority == NULL) {
        return dsn;
    }
    authority += 3;
    size_t length = strcspn(authority, "/?");
    const char *at = memrchr(authority, '@', length);
    const char *colon = at == NULL ? NULL : memchr(authority, ':', (size_t)(at - authority));
    if (colon == NULL) {
        return dsn;
    }
    buf_append(out, dsn, (size_t)(colon + 1 - dsn));
    buf_append_text(out, "***");
    return at;
}

static size_t value_length(const char *value)
{
    if (*value != '\'') {
        return strcspn(value, " \t\r\n&");
    }
    size_t i = 1;
    while (value[i] != '\0' && value[i] != '\'') {
        i += value[i] == '\\' && value[i + 1] != '\0' ? 2 : 1;
    }
    return value[i] == '\'' ? i + 1 : i;
}

char *secret_mask_dsn(const char *dsn)
{
    struct buf out;
    buf_init(&out, 4 * strlen(dsn) + 64);
    const char *rest = mask_uri_password(dsn, &out);
    while (*rest != '\0') {
        size_t name = strlen("password");
        if (strncasecmp(rest, "password", name) == 0) {
            size_t blanks = strspn(rest + name, " \t");
            if (rest[name + blanks] == '=') {
                const char *value = rest + name + blanks + 1;
                value += strspn(value, " \t");
                buf_append_text(&out, "password=***");
                rest = value + value_length(value);
                continue;
            }
        }
        buf_append_char(&out, *rest++);
    }
    return buf_take(&out);
}
