/* A synthetic credit data set in the shape of the raw UCI file: same header, ID column, text forms
 * and documented defects, margins and default rate close to it. Not real data; whoever shows it
 * says so. Row i depends on (seed, i) alone, so any N is a prefix of a larger one; constant memory;
 * only integer and IEEE double arithmetic, so the bytes are the same everywhere. One thread at a
 * time. */
#ifndef GATEHOUSE_DATA_SAMPLE_H
#define GATEHOUSE_DATA_SAMPLE_H

#include "core/base/error.h"
#include "core/data/writer.h"

#include <stdbool.h>
#include <stdint.h>

struct sample_options {
    uint64_t rows;
    uint64_t seed;
};

struct sample;

struct sample *sample_new(const struct sample_options *options, struct sink sink);
void sample_free(struct sample *sample); /* accepts NULL */
/* Writes the next rows, at most max_rows, and flushes after the last; false with the sink's error.
 */
bool sample_run(struct sample *sample, uint64_t max_rows, struct error *err);
bool sample_is_done(const struct sample *sample);
uint64_t sample_bytes(const struct sample *sample);

#endif
