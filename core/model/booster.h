/* XGBoost in our words: matrices and boosters, errors as values. Models are read from memory only,
 * never by XGBoost's own URI reader. One thread a booster; a malformed model may crash the library,
 * which is why only the program gatehouse-model uses it. */
#ifndef GATEHOUSE_MODEL_BOOSTER_H
#define GATEHOUSE_MODEL_BOOSTER_H

#include "core/base/buf.h"
#include "core/base/error.h"
#include "core/model/dataset.h"

#include <stdbool.h>
#include <stddef.h>

/* How a model file is written, by its first bytes. */
#define MODEL_FORMATS(X)                                                                           \
    X(BINARY, "binary") /* the default of XGBoost 1.3 to 2.0 and of SageMaker up to 1.7-1 */       \
    X(JSON, "json")                                                                                \
    X(UBJSON, "ubjson") /* the default since XGBoost 2.1 and of SageMaker from 3.0-5 on */

enum model_format {
#define X(name, text) MODEL_FORMAT_##name,
    MODEL_FORMATS(X)
#undef X
        MODEL_FORMAT_COUNT
};

const char *model_format_name(enum model_format format);

/* By the first bytes. Permanent errors: "pickle" says how to export the model instead,
 * "bad_model" for anything else that is no model. */
bool model_format_detect(struct str head, enum model_format *out_format, struct error *err);

/* The limit for a model held in memory. */
enum { BOOSTER_MODEL_MAX = 512 << 20 };

struct matrix;  /* a DMatrix with labels */
struct booster; /* a model being trained or used */

/* All errors of the library are permanent with code "xgboost" unless stated otherwise. */

/* Copies the data set, which may be released afterwards. */
struct matrix *matrix_new(const struct dataset *dataset, int threads, struct error *err);
void matrix_free(struct matrix *matrix); /* accepts NULL */

/* A booster to train on `matrices` (borrowed for its life), the first of which gives the number of
 * features. */
struct booster *booster_new(struct matrix *const *matrices, size_t count, struct error *err);
/* From a model file's bytes; "bad_model" when XGBoost refuses them. */
struct booster *booster_load(struct str bytes, struct error *err);
void booster_free(struct booster *booster); /* accepts NULL */

bool booster_set(struct booster *booster, const char *name, const char *value, struct error *err);
bool booster_update(struct booster *booster, int round, struct matrix *matrix, struct error *err);
/* Probabilities of a matrix's rows into out_predictions[rows]; those of the matrices given to
 * booster_new are kept up to date by the rounds and cost next to nothing. "bad_model" when the
 * model gives another number of predictions. */
bool booster_predict(struct booster *booster, struct matrix *matrix, size_t rows,
                     float *out_predictions, struct error *err);
/* Replaces *booster by a copy with the first `rounds` rounds only. */
bool booster_truncate(struct booster **booster, int rounds, struct error *err);

bool booster_set_attribute(struct booster *booster, const char *name, const char *value,
                           struct error *err);
/* Gives NULL when there is no such attribute. */
char *booster_attribute(struct booster *booster, const char *name);
bool booster_set_feature_names(struct booster *booster, char *const *names, size_t count,
                               struct error *err);
/* Borrows until the next call of the library; *out_count is 0 when the model has no names (the
 * binary format cannot hold them). */
bool booster_feature_names(struct booster *booster, const char *const **out_names,
                           size_t *out_count, struct error *err);

/* What a model says about itself; objective borrows nothing. */
struct booster_facts {
    size_t features;
    size_t rounds;
    char objective[64];
    bool is_multi_output; /* more than one prediction a row */
};
bool booster_facts(struct booster *booster, struct booster_facts *out_facts, struct error *err);

/* Writes the model in the binary format that SageMaker 1.7-1 writes, atomically. */
bool booster_save(struct booster *booster, const char *path, struct error *err);

/* "1.7.4" */
void booster_library_version(char *out_text, size_t size);
/* 0 silent, 1 warnings, 2 information, 3 debugging; to stderr. */
void booster_set_verbosity(int verbosity);

#endif
