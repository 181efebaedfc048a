/* Which part of the data a customer belongs to: a stable hash of CUSTOMER_ID, so that a customer
 * stays in its part whatever the order or the number of rows. Pure; any thread. Definition: u =
 * random_mix(id ^ random_mix(seed)) / 2^64; u < train is train, u < train + validation is
 * validation, the rest is test. Disabled: every row is in train and in test (the original's way).
 */
#ifndef GATEHOUSE_DATA_SPLIT_H
#define GATEHOUSE_DATA_SPLIT_H

#include "core/base/error.h"

#include <stdbool.h>
#include <stdint.h>

#define SPLIT_PARTS(X)                                                                             \
    X(TRAIN, "train")                                                                              \
    X(VALIDATION, "validation")                                                                    \
    X(TEST, "test")

enum split_part {
#define X(name, text) SPLIT_##name,
    SPLIT_PARTS(X)
#undef X
        SPLIT_PART_COUNT
};

struct split_options {
    bool is_enabled;
    uint64_t seed;
    double fractions[SPLIT_PART_COUNT]; /* of the whole, sum 1 */
};

struct split {
    bool is_enabled;
    uint64_t mask;
    uint64_t train_end;      /* hashes below are train */
    uint64_t validation_end; /* ... below are validation */
};

/* 0.70, 0.15, 0.15, seed 0. */
struct split_options split_default_options(void);
/* False with err (permanent, "bad_split") when a fraction is negative, train or test is 0, or the
 * sum is not 1. */
bool split_init(struct split *out_split, const struct split_options *options, struct error *err);
/* Of an enabled split. */
enum split_part split_part(const struct split *split, uint64_t customer_id);
const char *split_part_name(enum split_part part);

#endif
