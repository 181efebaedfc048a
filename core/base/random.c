/* SplitMix64. */
#include "core/base/random.h"

#include <assert.h>
#include <sys/random.h>

uint64_t random_mix(uint64_t value)
{
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

uint64_t random_next(struct random *random)
{
    random->state += 0x9e3779b97f4a7c15u;
    return random_mix(random->state);
}

double random_unit(struct random *random)
{
    return (double)(random_next(random) >> 11) * 0x1.0p-53;
}

uint64_t random_below(struct random *random, uint64_t bound)
{
    __extension__ typedef unsigned __int128 wide;
    return (uint64_t)((wide)random_next(random) * bound >> 64);
}

uint64_t random_system_seed(void)
{
    uint64_t seed = 0;
    ssize_t got = getrandom(&seed, sizeof(seed), 0);
    assert(got == (ssize_t)sizeof(seed));
    (void)got;
    return seed;
}
