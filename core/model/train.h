/* Training as SageMaker's XGBoost container does it, in a folder laid out as /opt/ml:
 *   input/config/{hyperparameters,inputdataconfig}.json   read
 *   input/data/<channel>/...                               read
 *   model/xgboost-model, model/schema.json                 written, each atomically
 *   output/failure                                         written on failure
 * The model is XGBoost's binary format, as of SageMaker 1.7-1. With the same data, hyperparameters
 * and number of threads it is the same byte for byte. Unless nthread is given there is one thread
 * for each 100,000 rows, up to the number of processors: XGBoost's threads wait by spinning, so on
 * small data more of them gain little on an idle machine and lose seconds on a busy one. Whoever
 * starts a large training should set OMP_WAIT_POLICY=passive for it. */
#ifndef GATEHOUSE_MODEL_TRAIN_H
#define GATEHOUSE_MODEL_TRAIN_H

#include "core/base/clock.h"
#include "core/base/error.h"

#include <stdbool.h>
#include <stdio.h>

/* The attribute of a booster that holds its schema (the JSON of model_schema.h). */
#define TRAIN_SCHEMA_ATTRIBUTE "gatehouse_schema"

/* Trains in root; writes the container's log lines to log, each at once, a round as
 * "[0]#011train-error:0.18000#011validation-error:0.19000" (#011 is how the container's log shows a
 * tab). Before XGBoost starts its threads the call blocks SIGTERM and SIGINT for good; when one is
 * pending between two rounds, training ends with class CANCELLED and has written nothing, and the
 * caller lets the signal take effect. Borrows all. */
bool train_run(const char *root, FILE *log, struct clock *clock, struct error *err);

/* Writes output/failure: "ClientError: <message>" when what the caller gave is wrong (data,
 * hyperparameters, channels), else "AlgorithmError: <message>". */
bool train_write_failure(const char *root, const struct error *failure, struct error *err);

#endif
