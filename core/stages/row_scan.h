/* A look at every row of a training set before money is spent on it: SageMaker's XGBoost reads a
 * header as a row and an ID as a feature without a word. Pure; one thread at a time. */
#ifndef GATEHOUSE_STAGES_ROW_SCAN_H
#define GATEHOUSE_STAGES_ROW_SCAN_H

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/base/json.h"

#include <stdbool.h>
#include <stdint.h>

struct row_scan {
    const struct json *features; /* names behind the label, borrowed */
    size_t column_count;         /* label and features */
    uint64_t rows, positives;
    struct buf line;  /* an unfinished row */
    double *previous; /* of each column: its last value */
    bool *is_rising;  /* of each column: every row had more than the one before */
};

/* {"label":NAME,"features":[NAMES],"columns":N,"delimiter":",","header":false}: as the merge writes
 * it, and without an ID among the features. Permanent, "bad_schema". */
bool row_scan_check_schema(const struct json *schema, struct error *err);
/* schema was checked and is borrowed until done. */
void row_scan_init(struct row_scan *scan, const struct json *schema);
void row_scan_done(struct row_scan *scan); /* accepts a zero-initialised one */
/* A transfer_take_fn: context is the scan; length 0 ends the set. Permanent, "bad_training_data":
 * row, column and what is wrong. */
bool row_scan_take(void *context, struct str chunk, struct error *err);

#endif
