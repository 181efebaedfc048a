/* Judges a packed model on data sets: unpack, check that model and data belong together, score,
 * measure. Blocking; one thread; meant for a process of its own (see sandbox.h). */
#ifndef GATEHOUSE_MODEL_EVALUATE_H
#define GATEHOUSE_MODEL_EVALUATE_H

#include "core/base/error.h"

#include <stdbool.h>

struct json;

struct evaluate_options {
    const char *archive;     /* model.tar.gz */
    const char *test_data;   /* CSV, label first */
    const char *train_data;  /* CSV, or NULL */
    const char *schema;      /* schema.json of the data, or NULL: only column counts are compared */
    const char *work_folder; /* must exist; a private folder in it lives during the call */
};

/* Gives:
 *   {"model":{"sha256","size_bytes","archive_sha256","format","features","rounds","objective",
 *             "schema_digest"},
 *    "xgboost_version":"1.7.4",
 *    "splits":{"test":{"rows","positives","features","sha256","size_bytes","baseline_accuracy",
 *                      "accuracy":{"value","standard_error"}, ... each metric of metrics.h,
 *                      "confusion":{"tp","fp","tn","fn"}},
 *              "train":{...}}}
 * What is not defined is null. sha256 of the model
 * is of the model file, archive_sha256 of model.tar.gz; schema_digest is null when the model brings
 * no schema.
 * NULL with err on failure. Permanent codes besides those of model_archive.h, dataset.h and
 * metrics.h: "schema_mismatch" (number, names or digest of the features differ), "bad_objective"
 * (not binary:logistic, so the output is no probability), "no_rounds" (a model without trees). */
struct json *evaluate_run(const struct evaluate_options *options, struct error *err);

#endif
