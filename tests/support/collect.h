/* Sinks for tests of the data plane: one that keeps what it gets, one that fails after a while. */
#ifndef GATEHOUSE_TESTS_SUPPORT_COLLECT_H
#define GATEHOUSE_TESTS_SUPPORT_COLLECT_H

#include "core/base/buf.h"
#include "core/data/writer.h"

/* Appends to out, which the caller inits and ends. */
struct sink collect_sink(struct buf *out);
/* Fails (transient, code "disk_full") once *bytes_left is used up. */
struct sink collect_failing_sink(size_t *bytes_left);

#endif
