/* Fractions to bounds of a 64-bit hash. */
#include "core/data/split.h"

#include "core/base/random.h"

#include <math.h>

static const char *const part_names[SPLIT_PART_COUNT] = {
#define X(name, text) [SPLIT_##name] = text,
    SPLIT_PARTS(X)
#undef X
};

struct split_options split_default_options(void)
{
    return (struct split_options){.is_enabled = true, .fractions = {0.70, 0.15, 0.15}};
}

/* The share of all hashes; in steps of 2^-53, so that it is exact in a double. */
static uint64_t bound(double fraction)
{
    double scaled = fraction * 0x1.0p53;
    return scaled >= 0x1.0p53 ? UINT64_MAX : (uint64_t)scaled << 11;
}

bool split_init(struct split *out_split, const struct split_options *options, struct error *err)
{
    const double *f = options->fractions;
    double sum = f[SPLIT_TRAIN] + f[SPLIT_VALIDATION] + f[SPLIT_TEST];
    if (options->is_enabled && !(f[SPLIT_TRAIN] > 0 && f[SPLIT_VALIDATION] >= 0 &&
                                 f[SPLIT_TEST] > 0 && fabs(sum - 1) < 1e-9)) {
        return error_set(err, ERROR_PERMANENT, "bad_split",
                         "split fractions train %g, validation %g, test %g: train and test must be "
                         "above 0 and the sum must be 1",
                         f[SPLIT_TRAIN], f[SPLIT_VALIDATION], f[SPLIT_TEST]);
    }
    *out_split = (struct split){
        .is_enabled = options->is_enabled,
        .mask = random_mix(options->seed),
        .train_end = bound(f[SPLIT_TRAIN]),
        .validation_end = bound(f[SPLIT_TRAIN] + f[SPLIT_VALIDATION]),
    };
    return true;
}

enum split_part split_part(const struct split *split, uint64_t customer_id)
{
    uint64_t hash = random_mix(customer_id ^ split->mask);
    return hash < split->train_end        ? SPLIT_TRAIN
           : hash < split->validation_end ? SPLIT_VALIDATION
                                          : SPLIT_TEST;
}

const char *split_part_name(enum split_part part)
{
    return part_names[part];
}
