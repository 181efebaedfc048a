/* A small seeded generator (SplitMix64, Steele et al. 2014) for jitter, samples and simulations;
 * not for secrets. Pure. */
#ifndef GATEHOUSE_BASE_RANDOM_H
#define GATEHOUSE_BASE_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t state;
};

uint64_t random_next(struct random *random);
double random_unit(struct random *random);                    /* [0, 1) */
uint64_t random_below(struct random *random, uint64_t bound); /* [0, bound); bound > 0 */
uint64_t random_mix(uint64_t value); /* one bijective mixing step: a good 64-bit integer hash */
uint64_t random_system_seed(void);   /* from the kernel */

#endif
