/* Thin layer over XGBoost's C API; each call's failure text is taken from XGBGetLastError. */
#include "core/model/booster.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xgboost/c_api.h>

struct matrix {
    DMatrixHandle handle;
};

struct booster {
    BoosterHandle handle;
};

static const char *const format_names[MODEL_FORMAT_COUNT] = {
#define X(name, text) [MODEL_FORMAT_##name] = text,
    MODEL_FORMATS(X)
#undef X
};

const char *model_format_name(enum model_format format)
{
    return format_names[format];
}

static bool is_pickle(struct str head)
{
    return head.len >= 2 && (unsigned char)head.ptr[0] == 0x80 && head.ptr[1] >= 2 &&
           head.ptr[1] <= 5;
}

/* What may follow the "{" of UBJSON: the type of the first name's length. */
static const char ubjson_markers[] = {'L', 'l', 'i', 'I', 'U', 'S'};

bool model_format_detect(struct str head, enum model_format *out_format, struct error *err)
{
    if (is_pickle(head)) {
        return error_set(err, ERROR_PERMANENT, "pickle",
                         "the model is a Python pickle, which is never loaded because loading it "
                         "runs code: export it with booster.save_model(\"xgboost-model\") or train "
                         "with SageMaker XGBoost 1.3-1 or newer");
    }
    if (str_starts_with(head, STR("binf"))) {
        *out_format = MODEL_FORMAT_BINARY;
        return true;
    }
    if (head.len >= 2 && head.ptr[0] == '{') {
        struct str rest = str_trim((struct str){head.ptr + 1, head.len - 1});
        bool is_json = rest.len > 0 && rest.ptr[0] == '"';
        if (is_json || memchr(ubjson_markers, head.ptr[1], sizeof(ubjson_markers)) != NULL) {
            *out_format = is_json ? MODEL_FORMAT_JSON : MODEL_FORMAT_UBJSON;
            return true;
        }
    }
    return error_set(err, ERROR_PERMANENT, "bad_model",
                     "the file is no XGBoost model: it starts neither as binary (binf), JSON nor "
                     "UBJSON");
}

/* Of XGBoost's "[12:00:00] source.cc:12: sentence\nStack trace: ..." the sentence is what matters.
 */
static bool failed(struct error *err, const char *code, const char *what)
{
    struct str text = str_from(XGBGetLastError());
    const char *trace = strstr(text.ptr, "\nStack trace");
    text.len = trace == NULL ? text.len : (size_t)(trace - text.ptr);
    const char *sentence = text.len > 0 && text.ptr[0] == '[' ? strstr(text.ptr, ": ") : NULL;
    if (sentence != NULL && sentence < text.ptr + text.len) {
        text.len -= (size_t)(sentence - text.ptr);
        text.ptr = sentence;
        text = str_trim((struct str){text.ptr + 1, text.len - 1});
    }
    struct buf shown;
    buf_init(&shown, ERROR_MESSAGE_SIZE);
    utf8_append_printable(&shown, (struct str){text.ptr, text.len < 300 ? text.len : 300});
    error_set(err, ERROR_PERMANENT, code, "%s: %s", what, buf_text(&shown));
    buf_done(&shown);
    return false;
}

struct matrix *matrix_new(const struct dataset *dataset, int threads, struct error *err)
{
    DMatrixHandle handle = NULL;
    if (XGDMatrixCreateFromMat_omp(dataset->values, dataset->rows, dataset->features, NAN, &handle,
                                   threads) != 0) {
        failed(err, "xgboost", "cannot make the matrix");
        return NULL;
    }
    struct matrix *matrix = xmalloc(sizeof(*matrix));
    matrix->handle = handle;
    float *labels = xreallocarray(NULL, dataset->rows, sizeof(*labels));
    for (size_t i = 0; i < dataset->rows; i++) {
        labels[i] = dataset->labels[i];
    }
    bool is_labelled = XGDMatrixSetFloatInfo(handle, "label", labels, dataset->rows) == 0;
    free(labels);
    if (!is_labelled) {
        failed(err, "xgboost", "cannot set the labels");
        matrix_free(matrix);
        return NULL;
    }
    return matrix;
}

void matrix_free(struct matrix *matrix)
{
    if (matrix != NULL) {
        XGDMatrixFree(matrix->handle);
        free(matrix);
    }
}

static struct booster *wrap(BoosterHandle handle)
{
    struct booster *booster = xmalloc(sizeof(*booster));
    booster->handle = handle;
    return booster;
}

struct booster *booster_new(struct matrix *const *matrices, size_t count, struct error *err)
{
    BoosterHandle handle = NULL;
    DMatrixHandle *handles = xreallocarray(NULL, count, sizeof(*handles));
    for (size_t i = 0; i < count; i++) {
        handles[i] = matrices[i]->handle;
    }
    bool is_made = XGBoosterCreate(handles, count, &handle) == 0;
    free(handles);
    if (!is_made) {
        failed(err, "xgboost", "cannot make the booster");
        return NULL;
    }
    return wrap(handle);
}

struct booster *booster_load(struct str bytes, struct error *err)
{
    BoosterHandle handle = NULL;
    if (XGBoosterCreate(NULL, 0, &handle) != 0) {
        failed(err, "xgboost", "cannot make the booster");
        return NULL;
    }
    if (XGBoosterLoadModelFromBuffer(handle, bytes.ptr, bytes.len) != 0) {
        failed(err, "bad_model", "XGBoost cannot load the model");
        XGBoosterFree(handle);
        return NULL;
    }
    return wrap(handle);
}

void booster_free(struct booster *booster)
{
    if (booster != NULL) {
        XGBoosterFree(booster->handle);
        free(booster);
    }
}

bool booster_set(struct booster *booster, const char *name, const char *value, struct error *err)
{
    return XGBoosterSetParam(booster->handle, name, value) == 0 || failed(err, "xgboost", name);
}

bool booster_update(struct booster *booster, int round, struct matrix *matrix, struct error *err)
{
    return XGBoosterUpdateOneIter(booster->handle, round, matrix->handle) == 0 ||
           failed(err, "xgboost", "XGB train call failed");
}

bool booster_truncate(struct booster **booster, int rounds, struct error *err)
{
    BoosterHandle first = NULL;
    if (XGBoosterSlice((*booster)->handle, 0, rounds, 1, &first) != 0) {
        return failed(err, "xgboost", "cannot keep the best rounds");
    }
    booster_free(*booster);
    *booster = wrap(first);
    return true;
}

bool booster_set_attribute(struct booster *booster, const char *name, const char *value,
                           struct error *err)
{
    return XGBoosterSetAttr(booster->handle, name, value) == 0 || failed(err, "xgboost", name);
}

char *booster_attribute(struct booster *booster, const char *name)
{
    const char *value = NULL;
    int is_there = 0;
    bool is_read = XGBoosterGetAttr(booster->handle, name, &value, &is_there) == 0;
    return is_read && is_there != 0 ? xstrdup(value) : NULL;
}

bool booster_set_feature_names(struct booster *booster, char *const *names, size_t count,
                               struct error *err)
{
    const char **borrowed = xreallocarray(NULL, count, sizeof(*borrowed));
    for (size_t i = 0; i < count; i++) {
        borrowed[i] = names[i];
    }
    bool is_set = XGBoosterSetStrFeatureInfo(booster->handle, "feature_name", borrowed, count) == 0;
    free(borrowed);
    return is_set || failed(err, "xgboost", "cannot set the feature names");
}

bool booster_feature_names(struct booster *booster, const char *const **out_names,
                           size_t *out_count, struct error *err)
{
    const char **names = NULL;
    bst_ulong count = 0;
    if (XGBoosterGetStrFeatureInfo(booster->handle, "feature_name", &count, &names) != 0) {
        return failed(err, "bad_model", "cannot read the feature names");
    }
    *out_names = names;
    *out_count = count;
    return true;
}

/* The configuration of the loaded model is JSON whose values are texts. */
static bool read_configuration(struct booster *booster, struct booster_facts *facts,
                               struct error *err)
{
    const char *text = NULL;
    bst_ulong len = 0;
    if (XGBoosterSaveJsonConfig(booster->handle, &len, &text) != 0) {
        return failed(err, "bad_model", "cannot read the model's configuration");
    }
    struct json *root = json_parse((struct str){text, len}, err);
    if (root == NULL) {
        return error_prefix(err, "the model's configuration");
    }
    const struct json *learner = json_get(root, "learner");
    const struct json *shape = json_get(learner, "learner_model_param");
    const char *classes = json_text_or(shape, "num_class", "0");
    const char *targets = json_text_or(shape, "num_target", "1");
    facts->is_multi_output =
        (strcmp(classes, "0") != 0 && strcmp(classes, "1") != 0) || strcmp(targets, "1") != 0;
    snprintf(facts->objective, sizeof(facts->objective), "%s",
             json_text_or(json_get(learner, "objective"), "name", ""));
    json_free(root);
    return true;
}

bool booster_facts(struct booster *booster, struct booster_facts *out_facts, struct error *err)
{
    struct booster_facts facts = {0};
    bst_ulong features = 0;
    int rounds = 0;
    if (XGBoosterGetNumFeature(booster->handle, &features) != 0 ||
        XGBoosterBoostedRounds(booster->handle, &rounds) != 0) {
        return failed(err, "bad_model", "cannot read the model's size");
    }
    if (!read_configuration(booster, &facts, err)) {
        return false;
    }
    facts.features = features;
    facts.rounds = rounds > 0 ? (size_t)rounds : 0;
    *out_facts = facts;
    return true;
}

bool booster_predict(struct booster *booster, struct matrix *matrix, size_t rows,
                     float *out_predictions, struct error *err)
{
    static const char config[] = "{\"type\":0,\"training\":false,\"iteration_begin\":0,"
                                 "\"iteration_end\":0,\"strict_shape\":true}";
    const bst_ulong *shape = NULL;
    bst_ulong dimensions = 0;
    const float *predictions = NULL;
    if (XGBoosterPredictFromDMatrix(booster->handle, matrix->handle, config, &shape, &dimensions,
                                    &predictions) != 0) {
        return failed(err, "bad_model", "the model cannot score the data");
    }
    if (dimensions != 2 || shape[0] != rows || shape[1] != 1) {
        return error_set(err, ERROR_PERMANENT, "bad_model",
                         "the model does not give one prediction a row");
    }
    memcpy(out_predictions, predictions, rows * sizeof(*predictions));
    return true;
}

bool booster_save(struct booster *booster, const char *path, struct error *err)
{
    const char *bytes = NULL;
    bst_ulong len = 0;
    if (XGBoosterSaveModelToBuffer(booster->handle, "{\"format\":\"deprecated\"}", &len, &bytes) !=
        0) {
        return failed(err, "xgboost", "cannot save the model");
    }
    return file_write(path, (struct str){bytes, len}, 0644, err);
}

void booster_library_version(char *out_text, size_t size)
{
    int major = 0;
    int minor = 0;
    int patch = 0;
    XGBoostVersion(&major, &minor, &patch);
    snprintf(out_text, size, "%d.%d.%d", major, minor, patch);
}

void booster_set_verbosity(int verbosity)
{
    char config[32];
    snprintf(config, sizeof(config), "{\"verbosity\":%d}", verbosity);
    XGBSetGlobalConfig(config);
}
