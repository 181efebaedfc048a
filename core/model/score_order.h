/* Probabilities with their labels in ascending order, for everything that is computed from ranks.
 * Pure; any thread. */
#ifndef GATEHOUSE_MODEL_SCORE_ORDER_H
#define GATEHOUSE_MODEL_SCORE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sorted keys, each a probability and its label; gives memory for free(). Every prediction must be
 * in [0, 1], every label 0 or 1. Linear in rows. */
uint32_t *score_order_new(const float *predictions, const uint8_t *labels, size_t rows);

/* Rows of equal probability, with what lies below them. Starts as {0}. */
struct tie_group {
    size_t end; /* index after its last row */
    double positives, negatives;
    double positives_below, negatives_below;
};

/* Moves to the next group in ascending order; false at the end. */
bool tie_group_next(struct tie_group *group, const uint32_t *order, size_t rows);

#endif
