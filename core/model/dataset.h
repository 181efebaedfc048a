/* A labelled matrix read from CSV as the SageMaker container wants it: no header, label first,
 * comma separated, every field a finite number. Blocking; one thread. */
#ifndef GATEHOUSE_MODEL_DATASET_H
#define GATEHOUSE_MODEL_DATASET_H

#include "core/base/digest.h"
#include "core/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DATASET_MAX_COLUMNS = 4096,   /* features */
    DATASET_MAX_LINE = 256 * 1024 /* bytes of one row */
};

/* Owns its arrays. */
struct dataset {
    float *values;                /* rows x features, row by row */
    uint8_t *labels;              /* rows, each 0 or 1 */
    size_t rows;                  /* rows read so far */
    size_t features;              /* columns without the label; 0 before the first row */
    size_t positives;             /* rows with label 1 */
    size_t capacity;              /* rows allocated */
    uint64_t size_bytes;          /* bytes read */
    char sha256[DIGEST_HEX_SIZE]; /* of all bytes read; set by dataset_finish */
    struct digest *digest;        /* running */
};

void dataset_init(struct dataset *dataset);
void dataset_done(struct dataset *dataset);

/* Appends the rows of one file. Errors are permanent with code "bad_data" and name file, line and
 * column; nothing may be read from the data set after one but dataset_done. CRLF ends a line too.
 * The matrix may not grow beyond 4 GiB ("too_large"). */
bool dataset_add_file(struct dataset *dataset, const char *path, struct error *err);

/* Ends reading: computes sha256 and refuses a set without rows or with one class only ("bad_data").
 * `name` is what the message calls it. */
bool dataset_finish(struct dataset *dataset, const char *name, struct error *err);

#endif
