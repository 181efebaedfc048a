/* A radix sort: the bits of floats in [0, 1] order as integers and leave room for the label. */
#include "core/model/score_order.h"

#include "core/base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, PASSES = 3 };

static uint32_t key_of(float prediction, uint8_t label)
{
    uint32_t bits = 0;
    prediction += 0.0F; /* -0 is 0 */
    memcpy(&bits, &prediction, sizeof(bits));
    return bits << 1 | label;
}

static size_t digit_of(uint32_t key, int pass)
{
    return (key >> (pass * DIGIT_BITS)) & (DIGITS - 1);
}

static void sort_by_digit(const uint32_t *from, uint32_t *to, size_t rows, int pass)
{
    size_t starts[DIGITS + 1] = {0};
    for (size_t i = 0; i < rows; i++) {
        starts[digit_of(from[i], pass) + 1]++;
    }
    for (size_t digit = 0; digit < DIGITS; digit++) {
        starts[digit + 1] += starts[digit];
    }
    for (size_t i = 0; i < rows; i++) {
        to[starts[digit_of(from[i], pass)]++] = from[i];
    }
}

uint32_t *score_order_new(const float *predictions, const uint8_t *labels, size_t rows)
{
    uint32_t *keys = xreallocarray(NULL, rows, sizeof(*keys));
    uint32_t *spare = xreallocarray(NULL, rows, sizeof(*spare));
    for (size_t i = 0; i < rows; i++) {
        keys[i] = key_of(predictions[i], labels[i]);
    }
    for (int pass = 0; pass < PASSES; pass++) {
        uint32_t *sorted = spare;
        sort_by_digit(keys, sorted, rows, pass);
        spare = keys;
        keys = sorted;
    }
    free(spare);
    return keys;
}

bool tie_group_next(struct tie_group *group, const uint32_t *order, size_t rows)
{
    size_t i = group->end;
    if (i == rows) {
        return false;
    }
    size_t positives = 0;
    for (uint32_t score = order[i] >> 1; i < rows && order[i] >> 1 == score; i++) {
        positives += order[i] & 1;
    }
    group->positives_below += group->positives;
    group->negatives_below += group->negatives;
    group->positives = (double)positives;
    group->negatives = (double)(i - group->end - positives);
    group->end = i;
    return true;
}
