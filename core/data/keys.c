/* American flag sort (McIlroy, Bostic, McIlroy 1993), interpolation search, digests. */
#include "core/data/keys.h"

#include "core/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>

enum { FIRST_CAP = 4096, RADIX_BITS_MAX = 11, INSERTION_MAX = 40, PROBES_MAX = 4 };

void pairs_init(struct pairs *pairs)
{
    *pairs = (struct pairs){.is_rising = true};
}

void pairs_done(struct pairs *pairs)
{
    free(pairs->ptr);
    pairs_init(pairs);
}

void pairs_grow(struct pairs *pairs)
{
    pairs->cap = pairs->cap == 0 ? FIRST_CAP : pairs->cap + pairs->cap / 2;
    pairs->ptr = xreallocarray(pairs->ptr, pairs->cap, sizeof(*pairs->ptr));
}

static void sort_few(struct pair *pairs, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct pair pair = pairs[i];
        size_t at = i;
        for (; at > 0 && pairs[at - 1].key > pair.key; at--) {
            pairs[at] = pairs[at - 1];
        }
        pairs[at] = pair;
    }
}

/* Buckets of about eight pairs; few of them while the array is larger than the caches. */
static unsigned radix_bits(size_t count, unsigned bits_left)
{
    unsigned bits = 60u - (unsigned)__builtin_clzll(count);
    bits = count > (size_t)1 << 20 ? 8 : bits > RADIX_BITS_MAX ? RADIX_BITS_MAX : bits;
    return bits < bits_left ? bits : bits_left;
}

/* Sorts by the lowest `bits_left` bits; those above are equal. */
static void sort_radix(struct pair *pairs, size_t count, unsigned bits_left)
{
    size_t next[1 << RADIX_BITS_MAX] = {0};
    size_t end[1 << RADIX_BITS_MAX];
    size_t sum = 0;
    unsigned bits = radix_bits(count, bits_left);
    unsigned shift = bits_left - bits;
    size_t radix = (size_t)1 << bits;
    for (size_t i = 0; i < count; i++) {
        next[pairs[i].key >> shift & (radix - 1)]++;
    }
    for (size_t i = 0; i < radix; i++) {
        sum += next[i];
        end[i] = sum;
        next[i] = sum - next[i];
    }
    for (size_t i = 0; i < radix; i++) {
        while (next[i] < end[i]) {
            struct pair pair = pairs[next[i]];
            size_t home = pair.key >> shift & (radix - 1);
            while (home != i) { /* follow the chain of misplaced pairs back to this bucket */
                struct pair other = pairs[next[home]];
                pairs[next[home]++] = pair;
                pair = other;
                home = pair.key >> shift & (radix - 1);
            }
            pairs[next[i]++] = pair;
        }
    }
    for (size_t i = 0; shift > 0 && i < radix; i++) {
        size_t first = i == 0 ? 0 : end[i - 1];
        if (end[i] - first > INSERTION_MAX) {
            sort_radix(pairs + first, end[i] - first, shift);
        } else {
            sort_few(pairs + first, end[i] - first);
        }
    }
}

void pairs_sort(struct pairs *pairs)
{
    uint64_t differing = 0;
    if (pairs->is_rising) {
        return;
    }
    for (size_t i = 1; i < pairs->count; i++) {
        differing |= pairs->ptr[i].key ^ pairs->ptr[0].key;
    }
    if (pairs->count <= INSERTION_MAX) {
        sort_few(pairs->ptr, pairs->count);
    } else if (differing != 0) {
        sort_radix(pairs->ptr, pairs->count, 64u - (unsigned)__builtin_clzll(differing));
    }
}

/* Customer numbers are mostly dense: a guess by proportion is right or very near. */
size_t pairs_find(const struct pairs *pairs, uint64_t key, size_t hint)
{
    const struct pair *ptr = pairs->ptr;
    size_t low = 0;
    size_t high = pairs->count; /* the key is in [low, high) or nowhere */
    if (hint < high && ptr[hint].key == key) {
        return hint;
    }
    for (unsigned probes = 0; low < high && ptr[low].key <= key && ptr[high - 1].key >= key;
         probes++) {
        size_t at = low + (high - low) / 2;
        uint64_t span = ptr[high - 1].key - ptr[low].key;
        if (probes < PROBES_MAX && span > 0) {
            double share = (double)(key - ptr[low].key) / (double)span;
            at = low + (size_t)(share * (double)(high - 1 - low));
        }
        if (ptr[at].key == key) {
            return at;
        }
        if (ptr[at].key < key) {
            low = at + 1;
        } else {
            high = at;
        }
    }
    return pairs->count;
}

void key_digest_text(const struct key_digest *digest, char out_text[KEY_DIGEST_TEXT_SIZE])
{
    snprintf(out_text, KEY_DIGEST_TEXT_SIZE, "%llu:%016llx%016llx",
             (unsigned long long)digest->count, (unsigned long long)digest->sum,
             (unsigned long long)digest->combined);
}

void row_hash_init(struct row_hash *hash)
{
    struct random random = {.state = 0x6761746568617368u};
    for (size_t i = 0; i < ROW_HASH_MAX; i++) {
        hash->factors[i] = random_next(&random) | 1;
    }
}
