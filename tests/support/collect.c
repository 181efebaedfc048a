/* Sinks for tests. */
#include "tests/support/collect.h"

static bool append(void *context, struct str bytes, struct error *err)
{
    return buf_append_str(context, bytes) ||
           error_set(err, ERROR_BUG, "overflow", "the test's buffer is full");
}

struct sink collect_sink(struct buf *out)
{
    return (struct sink){append, out};
}

static bool fail_later(void *context, struct str bytes, struct error *err)
{
    size_t *bytes_left = context;
    if (bytes.len > *bytes_left) {
        return error_set(err, ERROR_TRANSIENT, "disk_full", "no space left");
    }
    *bytes_left -= bytes.len;
    return true;
}

struct sink collect_failing_sink(size_t *bytes_left)
{
    return (struct sink){fail_later, bytes_left};
}
