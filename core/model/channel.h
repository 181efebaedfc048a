/* The input side of SageMaker's training container: which channels there are and their files.
 * docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html */
#ifndef GATEHOUSE_MODEL_CHANNEL_H
#define GATEHOUSE_MODEL_CHANNEL_H

#include "core/base/error.h"
#include "core/model/dataset.h"

#include <stdbool.h>
#include <stddef.h>

struct channels {
    bool has_validation;
    bool has_schema; /* ours: one file schema.json, see model_schema.h */
};

/* Reads input/config/inputdataconfig.json below root. `train` must be there, `validation` and
 * `schema` may; the data channels' ContentType must be exactly text/csv or csv, because the
 * container takes anything else, and nothing, for another format. Permanent "bad_channel". */
bool channels_read(const char *root, struct channels *out_channels, struct error *err);

/* Reads every file below input/data/<name>/ sorted by name, at most 3 levels deep, into a data set
 * that dataset_init has prepared, and finishes it. Hidden files are refused, as the container
 * does. */
bool channel_load(const char *root, const char *name, struct dataset *dataset, struct error *err);

#endif
