/* The evaluation of one model: every check that keeps a wrong model or wrong data from getting
 * figures, then the figures. */
#include "core/model/evaluate.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/model/booster.h"
#include "core/model/metrics.h"
#include "core/model/model_archive.h"
#include "core/model/model_schema.h"
#include "core/model/train.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct evaluation {
    const struct evaluate_options *options;
    struct model_archive_files files;
    struct model_schema model_schema; /* feature_count 0: the model brings none */
    struct model_schema data_schema;  /* feature_count 0: none given */
    struct booster *booster;
    struct booster_facts facts;
    char archive_sha256[DIGEST_HEX_SIZE];
    char model_sha256[DIGEST_HEX_SIZE];
};

static bool load_model(struct evaluation *evaluation, struct error *err)
{
    struct buf bytes;
    buf_init(&bytes, BOOSTER_MODEL_MAX);
    bool is_loaded = file_read(evaluation->files.model, &bytes, err);
    if (is_loaded) {
        digest_hex(buf_str(&bytes), evaluation->model_sha256);
        evaluation->booster = booster_load(buf_str(&bytes), err);
        is_loaded = evaluation->booster != NULL;
    }
    buf_done(&bytes);
    return is_loaded && booster_set(evaluation->booster, "nthread", "1", err) &&
           booster_facts(evaluation->booster, &evaluation->facts, err);
}

static bool check_model(const struct booster_facts *facts, struct error *err)
{
    if (strcmp(facts->objective, "binary:logistic") != 0 || facts->is_multi_output) {
        return error_set(
            err, ERROR_PERMANENT, "bad_objective",
            "the model's objective is %s%s; only binary:logistic gives the probability "
            "that is judged here",
            facts->objective, facts->is_multi_output ? " with several outputs" : "");
    }
    return facts->rounds > 0 || error_set(err, ERROR_PERMANENT, "no_rounds",
                                          "the model has no boosted rounds: it was never trained");
}

/* The schema may travel inside the model, beside it in the archive, or both: then they agree. */
static bool read_model_schema(struct evaluation *evaluation, struct error *err)
{
    struct model_schema inside = {0};
    struct model_schema *schema = &evaluation->model_schema;
    char *text = booster_attribute(evaluation->booster, TRAIN_SCHEMA_ATTRIBUTE);
    bool is_good = true;
    if (text != NULL && !model_schema_parse(str_from(text), &inside, err)) {
        /* XGBoost reads a cut binary model without complaint if only its attributes are cut. */
        is_good = error_set(err, ERROR_PERMANENT, "bad_model",
                            "the schema in the model is damaged; so the model may be");
    }
    free(text);
    is_good = is_good && (evaluation->files.schema == NULL ||
                          model_schema_read(evaluation->files.schema, schema, err));
    if (is_good && inside.feature_count > 0 && schema->feature_count > 0) {
        is_good =
            model_schema_match(&inside, "the model", schema, "its archive's schema.json", err);
    }
    if (is_good && schema->feature_count == 0) {
        *schema = inside;
        return true;
    }
    model_schema_done(&inside);
    return is_good;
}

static bool check_count(const char *name, size_t count, const char *other_name, size_t other_count,
                        struct error *err)
{
    return count == other_count ||
           error_set(err, ERROR_PERMANENT, "schema_mismatch", "%s has %zu features, %s %zu", name,
                     count, other_name, other_count);
}

/* The names that XGBoost itself keeps in JSON and UBJSON models, against the data's. */
static bool check_names(struct evaluation *evaluation, struct error *err)
{
    const struct model_schema *data = &evaluation->data_schema;
    const char *const *names = NULL;
    size_t count = 0;
    if (!booster_feature_names(evaluation->booster, &names, &count, err)) {
        return false;
    }
    if (count == 0 || data->feature_count == 0) {
        return true;
    }
    if (!check_count("the model's list of names", count, "the data's schema", data->feature_count,
                     err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], data->features[i]) != 0) {
            return error_set(err, ERROR_PERMANENT, "schema_mismatch",
                             "feature %zu is %s in the model and %s in the data's schema", i + 1,
                             names[i], data->features[i]);
        }
    }
    return true;
}

static bool check_schemas(struct evaluation *evaluation, struct error *err)
{
    const struct model_schema *model = &evaluation->model_schema;
    const struct model_schema *data = &evaluation->data_schema;
    size_t features = evaluation->facts.features;
    if (model->feature_count > 0 &&
        !check_count("the model", features, "its schema", model->feature_count, err)) {
        return false;
    }
    if (data->feature_count > 0 &&
        !check_count("the model", features, "the data's schema", data->feature_count, err)) {
        return false;
    }
    if (model->feature_count > 0 && data->feature_count > 0 &&
        !model_schema_match(model, "the model", data, "the data's schema", err)) {
        return false;
    }
    return check_names(evaluation, err);
}

static struct json *confusion_json(const struct metrics *metrics)
{
    struct json *json = json_object();
    json_set_int(json, "tp", (int64_t)metrics->true_positives);
    json_set_int(json, "fp", (int64_t)metrics->false_positives);
    json_set_int(json, "tn", (int64_t)metrics->true_negatives);
    json_set_int(json, "fn", (int64_t)metrics->false_negatives);
    return json;
}

static struct json *metric_json(const struct metric_value *metric)
{
    struct json *json = json_object();
    json_set_number(json, "value", metric->value);
    json_set_number(json, "standard_error", metric->standard_error);
    return json;
}

static struct json *split_json(const struct dataset *dataset, const struct metrics *metrics)
{
    struct json *json = json_object();
    json_set_int(json, "rows", (int64_t)metrics->rows);
    json_set_int(json, "positives", (int64_t)metrics->positives);
    json_set_int(json, "features", (int64_t)dataset->features);
    json_set_text(json, "sha256", dataset->sha256);
    json_set_int(json, "size_bytes", (int64_t)dataset->size_bytes);
    json_set_number(json, "baseline_accuracy", metrics->baseline_accuracy);
    for (int i = 0; i < METRIC_COUNT; i++) {
        json_set(json, metric_name((enum metric)i), metric_json(&metrics->values[i]));
    }
    json_set(json, "confusion", confusion_json(metrics));
    return json;
}

static struct json *score(struct evaluation *evaluation, const struct dataset *dataset,
                          struct error *err)
{
    struct metrics metrics;
    struct matrix *matrix = matrix_new(dataset, 1, err);
    if (matrix == NULL) {
        return NULL;
    }
    float *predictions = xreallocarray(NULL, dataset->rows, sizeof(*predictions));
    bool is_scored =
        booster_predict(evaluation->booster, matrix, dataset->rows, predictions, err) &&
        metrics_compute(predictions, dataset->labels, dataset->rows, &metrics, err);
    matrix_free(matrix);
    free(predictions);
    return is_scored ? split_json(dataset, &metrics) : NULL;
}

static struct json *judge_split(struct evaluation *evaluation, const char *name, const char *path,
                                struct error *err)
{
    struct dataset dataset;
    struct json *json = NULL;
    dataset_init(&dataset);
    if (dataset_add_file(&dataset, path, err) && dataset_finish(&dataset, path, err) &&
        check_count("the model", evaluation->facts.features, path, dataset.features, err)) {
        json = score(evaluation, &dataset, err);
    }
    dataset_done(&dataset);
    if (json == NULL) {
        error_prefix(err, "%s data", name);
    }
    return json;
}

static struct json *model_json(const struct evaluation *evaluation)
{
    struct json *json = json_object();
    json_set_text(json, "sha256", evaluation->model_sha256);
    json_set_int(json, "size_bytes", (int64_t)evaluation->files.model_bytes);
    json_set_text(json, "archive_sha256", evaluation->archive_sha256);
    json_set_text(json, "format", model_format_name(evaluation->files.format));
    json_set_int(json, "features", (int64_t)evaluation->facts.features);
    json_set_int(json, "rounds", (int64_t)evaluation->facts.rounds);
    json_set_text(json, "objective", evaluation->facts.objective);
    json_set_text(json, "schema_digest", evaluation->model_schema.digest);
    return json;
}

static struct json *judge_splits(struct evaluation *evaluation, struct error *err)
{
    struct json *splits = json_object();
    struct json *test = judge_split(evaluation, "test", evaluation->options->test_data, err);
    bool is_good = test != NULL;
    if (is_good) {
        json_set(splits, "test", test);
    }
    if (is_good && evaluation->options->train_data != NULL) {
        struct json *train = judge_split(evaluation, "train", evaluation->options->train_data, err);
        is_good = train != NULL;
        if (is_good) {
            json_set(splits, "train", train);
        }
    }
    if (!is_good) {
        json_free(splits);
        return NULL;
    }
    return splits;
}

static struct json *judge(struct evaluation *evaluation, struct error *err)
{
    const char *schema = evaluation->options->schema;
    char version[16];
    if ((schema != NULL && !model_schema_read(schema, &evaluation->data_schema, err)) ||
        !load_model(evaluation, err) || !check_model(&evaluation->facts, err) ||
        !read_model_schema(evaluation, err) || !check_schemas(evaluation, err)) {
        return NULL;
    }
    struct json *splits = judge_splits(evaluation, err);
    if (splits == NULL) {
        return NULL;
    }
    struct json *json = json_object();
    booster_library_version(version, sizeof(version));
    json_set(json, "model", model_json(evaluation));
    json_set_text(json, "xgboost_version", version);
    json_set(json, "splits", splits);
    return json;
}

static struct json *unpack_and_judge(struct evaluation *evaluation, const char *private_folder,
                                     struct error *err)
{
    struct json *json = NULL;
    struct model_archive_limits limits = model_archive_default_limits();
    char *folder = file_join(private_folder, "unpacked");
    if (digest_file_hex(evaluation->options->archive, evaluation->archive_sha256, err) &&
        model_archive_unpack(evaluation->options->archive, folder, &limits, &evaluation->files,
                             err)) {
        json = judge(evaluation, err);
    }
    free(folder);
    booster_free(evaluation->booster);
    model_schema_done(&evaluation->model_schema);
    model_schema_done(&evaluation->data_schema);
    model_archive_files_done(&evaluation->files);
    return json;
}

struct json *evaluate_run(const struct evaluate_options *options, struct error *err)
{
    struct evaluation evaluation = {.options = options};
    struct json *json = NULL;
    char *folder = xasprintf("%s/model-XXXXXX", options->work_folder);
    if (mkdtemp(folder) == NULL) {
        error_set_errno(err, errno, "cannot create a folder in %s", options->work_folder);
    } else {
        struct error ignored; /* the figures are right even if a left-over stays */
        json = unpack_and_judge(&evaluation, folder, err);
        file_remove_tree(folder, &ignored);
    }
    free(folder);
    return json;
}
