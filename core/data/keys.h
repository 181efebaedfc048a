/* Customer keys by the million: a growing array of (key, value) pairs of 16 bytes, its sort in
 * place, an order-independent digest of a key set, and a hash of a row. One thread at a time. */
#ifndef GATEHOUSE_DATA_KEYS_H
#define GATEHOUSE_DATA_KEYS_H

#include "core/base/random.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pair {
    uint64_t key;
    uint64_t value;
};

/* Grows by half; large arrays move by remapping pages, so the peak is the array itself. */
struct pairs {
    struct pair *ptr;
    size_t count;
    size_t cap;
    bool is_rising; /* each key pushed was greater than the one before */
};

void pairs_init(struct pairs *pairs);
void pairs_done(struct pairs *pairs);
void pairs_grow(struct pairs *pairs);
/* By key, in place, no extra memory; nothing to do when is_rising. */
void pairs_sort(struct pairs *pairs);
/* The index of a key in sorted, distinct keys, or pairs->count when it is not there. `hint` is
 * tried first: keys that come in order are found without searching. */
size_t pairs_find(const struct pairs *pairs, uint64_t key, size_t hint);

static inline void pairs_push(struct pairs *pairs, uint64_t key, uint64_t value)
{
    if (pairs->count == pairs->cap) {
        pairs_grow(pairs);
    }
    pairs->is_rising =
        pairs->is_rising && (pairs->count == 0 || pairs->ptr[pairs->count - 1].key < key);
    pairs->ptr[pairs->count++] = (struct pair){key, value};
}

/* Equal for equal sets in any order; differs for different sets except by a 2^-64 chance. */
struct key_digest {
    uint64_t count;
    uint64_t sum;
    uint64_t combined;
};

enum { KEY_DIGEST_TEXT_SIZE = 56 };

void key_digest_text(const struct key_digest *digest, char out_text[KEY_DIGEST_TEXT_SIZE]);

static inline void key_digest_add(struct key_digest *digest, uint64_t key)
{
    uint64_t mixed = random_mix(key + 0x9e3779b97f4a7c15u);
    digest->count++;
    digest->sum += mixed;
    digest->combined ^= mixed;
}

enum { ROW_HASH_MAX = 32 };

/* Multilinear hashing (Lemire and Kaser, 2014): one multiplication a value, no dependency. */
struct row_hash {
    uint64_t factors[ROW_HASH_MAX];
};

void row_hash_init(struct row_hash *hash);

static inline uint64_t row_hash_of(const struct row_hash *hash, const int64_t *values, size_t count)
{
    uint64_t sum = count;
    for (size_t i = 0; i < count; i++) {
        sum += ((uint64_t)values[i] + i + 1) * hash->factors[i];
    }
    return sum ^ sum >> 32;
}

#endif
