/* The training loop between SageMaker's folder contract and XGBoost. */
#include "core/model/train.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/model/booster.h"
#include "core/model/channel.h"
#include "core/model/hyperparameters.h"
#include "core/model/model_schema.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONFIG_MAX_BYTES = 1 << 20, SPLITS = 2, ROWS_PER_THREAD = 100000 };

static const char schema_path[] = "input/data/schema/schema.json";
static const char *const split_names[SPLITS] = {"train", "validation"};

struct split {
    struct matrix *matrix;
    uint8_t *labels;
    float *predictions; /* after the latest round */
    size_t rows;
};

struct training {
    const char *root;
    FILE *log;
    struct clock *clock;
    struct hyperparameters parameters;
    struct channels channels;
    struct model_schema schema; /* feature_count 0: none given */
    struct split splits[SPLITS];
    size_t split_count;
    size_t features;
    int threads;
    struct booster *booster;
    double best_score;
    int best_round;
};

static void note(struct training *training, const char *text)
{
    char stamp[CLOCK_TEXT_SIZE];
    clock_format_utc(training->clock->wall_ms(training->clock), stamp);
    fprintf(training->log, "[%.10s:%.8s:INFO] %s\n", stamp, stamp + 11, text);
    fflush(training->log);
}

static bool read_parameters(struct training *training, struct error *err)
{
    struct buf text;
    char *path = file_join(training->root, "input/config/hyperparameters.json");
    buf_init(&text, CONFIG_MAX_BYTES);
    bool is_good = file_read(path, &text, err) &&
                   hyperparameters_parse(buf_str(&text), &training->parameters, err);
    buf_done(&text);
    free(path);
    if (is_good && training->parameters.early_stopping_rounds > 0 &&
        !training->channels.has_validation) {
        return error_set(err, ERROR_PERMANENT, "bad_hyperparameter",
                         "Hyperparameter early_stopping_rounds needs a validation channel");
    }
    return is_good;
}

static bool read_schema(struct training *training, struct error *err)
{
    if (!training->channels.has_schema) {
        return true;
    }
    char *path = file_join(training->root, schema_path);
    bool is_good = model_schema_read(path, &training->schema, err);
    free(path);
    return is_good;
}

static bool check_columns(const struct training *training, const struct dataset *dataset,
                          const char *name, struct error *err)
{
    if (training->features != 0 && dataset->features != training->features) {
        return error_set(err, ERROR_PERMANENT, "bad_data",
                         "the %s channel has %zu features, the train channel %zu", name,
                         dataset->features, training->features);
    }
    size_t expected = training->schema.feature_count;
    if (expected != 0 && dataset->features != expected) {
        return error_set(err, ERROR_PERMANENT, "schema_mismatch",
                         "the %s channel has %zu features behind the label, its schema names %zu",
                         name, dataset->features, expected);
    }
    return true;
}

static void note_size(struct training *training, const struct dataset *dataset, size_t split)
{
    char text[128];
    if (split == 0) {
        snprintf(text, sizeof(text), "Train matrix has %zu rows and %zu columns", dataset->rows,
                 dataset->features);
    } else {
        snprintf(text, sizeof(text), "Validation matrix has %zu rows", dataset->rows);
    }
    note(training, text);
}

static bool is_stop_pending(void)
{
    sigset_t pending;
    return sigpending(&pending) == 0 &&
           (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1);
}

/* Called before XGBoost starts threads, which inherit the mask; until then the signals just kill.
 */
static void block_stop_signals(void)
{
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
}

static bool load_split(struct training *training, size_t split, struct dataset *dataset,
                       struct error *err)
{
    const char *name = split_names[split];
    if (!channel_load(training->root, name, dataset, err) ||
        !check_columns(training, dataset, name, err)) {
        return false;
    }
    training->features = dataset->features;
    note_size(training, dataset, split);
    return true;
}

static int count_threads(const struct training *training, size_t rows)
{
    if (training->parameters.threads > 0) {
        return (int)training->parameters.threads;
    }
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t wanted = rows / ROWS_PER_THREAD + 1;
    return processors > 0 && wanted > (size_t)processors ? (int)processors : (int)wanted;
}

/* Takes the labels; the numbers are released as soon as XGBoost has its copy. */
static bool fill_split(struct split *split, struct dataset *dataset, int threads, struct error *err)
{
    split->matrix = matrix_new(dataset, threads, err);
    split->rows = dataset->rows;
    split->labels = dataset->labels;
    dataset->labels = NULL;
    dataset_done(dataset);
    split->predictions = xreallocarray(NULL, split->rows, sizeof(*split->predictions));
    return split->matrix != NULL;
}

static bool load_data(struct training *training, struct error *err)
{
    struct dataset datasets[SPLITS];
    bool is_good = true;
    training->split_count = training->channels.has_validation ? 2 : 1;
    for (size_t i = 0; i < SPLITS; i++) {
        dataset_init(&datasets[i]);
    }
    note(training, "Determined delimiter of CSV input is ','");
    for (size_t i = 0; is_good && i < training->split_count; i++) {
        is_good = load_split(training, i, &datasets[i], err);
    }
    if (is_good) {
        block_stop_signals();
        training->threads = count_threads(training, datasets[0].rows);
    }
    for (size_t i = 0; is_good && i < training->split_count; i++) {
        is_good = fill_split(&training->splits[i], &datasets[i], training->threads, err);
    }
    for (size_t i = 0; i < SPLITS; i++) {
        dataset_done(&datasets[i]);
    }
    return is_good;
}

static bool set_up_booster(struct training *training, struct error *err)
{
    const struct hyperparameters *parameters = &training->parameters;
    char threads[16];
    snprintf(threads, sizeof(threads), "%d", training->threads);
    struct matrix *const matrices[SPLITS] = {training->splits[0].matrix,
                                             training->splits[1].matrix};
    training->booster = booster_new(matrices, training->split_count, err);
    if (training->booster == NULL || !booster_set(training->booster, "nthread", threads, err)) {
        return false;
    }
    for (size_t i = 0; i < parameters->setting_count; i++) {
        const struct hyperparameter_setting *setting = &parameters->settings[i];
        if (!booster_set(training->booster, setting->name, setting->value, err)) {
            return false;
        }
    }
    return true;
}

/* The last number of the line is what early stopping looks at. */
static void print_round(struct training *training, int round, double *out_last)
{
    const struct hyperparameters *parameters = &training->parameters;
    fprintf(training->log, "[%d]", round);
    for (size_t i = 0; i < training->split_count; i++) {
        const struct split *split = &training->splits[i];
        for (size_t j = 0; j < parameters->metric_count; j++) {
            enum round_metric metric = parameters->metrics[j];
            *out_last =
                round_metric_compute(metric, split->predictions, split->labels, split->rows);
            fprintf(training->log, "#011%s-%s:%.5f", split_names[i], round_metric_name(metric),
                    *out_last);
        }
    }
    fputc('\n', training->log);
    fflush(training->log);
}

/* True when the score has not become better for early_stopping_rounds rounds. */
static bool is_exhausted(struct training *training, int round, double score)
{
    const struct hyperparameters *parameters = &training->parameters;
    if (parameters->early_stopping_rounds == 0) {
        return false;
    }
    enum round_metric metric = parameters->metrics[parameters->metric_count - 1];
    double gain = round_metric_is_larger_better(metric) ? score - training->best_score
                                                        : training->best_score - score;
    if (round == 0 || gain > 0) {
        training->best_score = score;
        training->best_round = round;
    }
    return round - training->best_round >= parameters->early_stopping_rounds;
}

static bool run_round(struct training *training, int round, struct error *err)
{
    if (is_stop_pending()) {
        return error_set(err, ERROR_CANCELLED, "stopped", "training was stopped in round %d",
                         round);
    }
    bool is_good = booster_update(training->booster, round, training->splits[0].matrix, err);
    for (size_t i = 0; is_good && i < training->split_count; i++) {
        struct split *split = &training->splits[i];
        is_good =
            booster_predict(training->booster, split->matrix, split->rows, split->predictions, err);
    }
    return is_good;
}

static bool run_rounds(struct training *training, struct error *err)
{
    double score = 0;
    int rounds = (int)training->parameters.rounds;
    for (int round = 0; round < rounds; round++) {
        if (!run_round(training, round, err)) {
            return false;
        }
        print_round(training, round, &score);
        if (is_exhausted(training, round, score)) {
            break;
        }
    }
    return training->parameters.early_stopping_rounds == 0 ||
           booster_truncate(&training->booster, training->best_round + 1, err);
}

/* The file goes into the bundle as it came: it may say more than is read here. */
static bool copy_schema(const char *root, const char *folder, struct error *err)
{
    struct buf text;
    char *from = file_join(root, schema_path);
    char *to = file_join(folder, "schema.json");
    buf_init(&text, CONFIG_MAX_BYTES);
    bool is_copied = file_read(from, &text, err) && file_write(to, buf_str(&text), 0644, err);
    buf_done(&text);
    free(to);
    free(from);
    return is_copied;
}

static bool save_schema(struct training *training, const char *folder, struct error *err)
{
    const struct model_schema *schema = &training->schema;
    char *text = model_schema_print(schema);
    bool is_saved = booster_set_attribute(training->booster, TRAIN_SCHEMA_ATTRIBUTE, text, err) &&
                    booster_set_feature_names(training->booster, schema->features,
                                              schema->feature_count, err) &&
                    copy_schema(training->root, folder, err);
    free(text);
    return is_saved;
}

/* The model comes last: its presence means that the folder is complete. */
static bool save(struct training *training, struct error *err)
{
    char *folder = file_join(training->root, "model");
    char *path = file_join(folder, "xgboost-model");
    bool is_saved = file_make_folders(folder, 0755, err) &&
                    (training->schema.feature_count == 0 || save_schema(training, folder, err)) &&
                    booster_save(training->booster, path, err);
    free(path);
    free(folder);
    return is_saved;
}

bool train_run(const char *root, FILE *log, struct clock *clock, struct error *err)
{
    struct training training = {.root = root, .log = log, .clock = clock};
    bool is_good = channels_read(root, &training.channels, err) &&
                   read_parameters(&training, err) && read_schema(&training, err);
    if (is_good) {
        note(&training, "Single node training.");
    }
    is_good = is_good && load_data(&training, err) && set_up_booster(&training, err) &&
              run_rounds(&training, err) && save(&training, err);
    booster_free(training.booster);
    for (size_t i = 0; i < SPLITS; i++) {
        matrix_free(training.splits[i].matrix);
        free(training.splits[i].labels);
        free(training.splits[i].predictions);
    }
    model_schema_done(&training.schema);
    hyperparameters_done(&training.parameters);
    return is_good;
}

bool train_write_failure(const char *root, const struct error *failure, struct error *err)
{
    bool is_callers = failure->error_class == ERROR_PERMANENT && failure->os_errno == 0 &&
                      !error_is(failure, "xgboost");
    char *folder = file_join(root, "output");
    char *path = file_join(folder, "failure");
    char *text =
        xasprintf("%s: %s\n", is_callers ? "ClientError" : "AlgorithmError", failure->message);
    bool is_written =
        file_make_folders(folder, 0755, err) && file_write(path, str_from(text), 0644, err);
    free(text);
    free(path);
    free(folder);
    return is_written;
}
