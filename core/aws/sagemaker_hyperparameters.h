/* What SageMaker's XGBoost container accepts, checked before a job is paid for: the container tells
 * it only minutes later. Pure; any thread.
 * https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost_hyperparameters.html (1.7-1) */
#ifndef GATEHOUSE_AWS_SAGEMAKER_HYPERPARAMETERS_H
#define GATEHOUSE_AWS_SAGEMAKER_HYPERPARAMETERS_H

#include "core/base/error.h"
#include "core/base/json.h"

/* hyperparameters: an object of strings. False with err (permanent, code "bad_hyperparameter") in
 * the words of the container, with the nearest name for an unknown one. */
bool sagemaker_check_hyperparameters(const struct json *hyperparameters, struct error *err);

/* Whether an image is the one that this is about; "" is the built-in one. */
bool sagemaker_is_xgboost(const char *image);

#endif
