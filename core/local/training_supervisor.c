/* One job, from its folder to the published model. Reads from top to bottom; a step that cannot be
 * done has written the job's end into status.json when it returns false. */
#include "core/local/training_supervisor.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/local/lake.h"
#include "core/local/training_folder.h"
#include "core/loop/loop.h"
#include "core/loop/process.h"
#include "core/loop/watch.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FOLDER_MODE = 0700, FAILURE_FILE_MAX = 64 << 10, DAY_S = 24 * 60 * 60 };

struct supervisor {
    const struct training_supervisor_spec *spec;
    struct loop *loop;
    struct json *request, *status;
    struct lake lake;
    struct process *child; /* the running one, or NULL */
    char *ml;              /* <job>/ml */
    int log_fd;
    bool is_lost; /* status.json could not be written */
};

static int64_t now_ms(const struct supervisor *self)
{
    return self->spec->clock->wall_ms(self->spec->clock);
}

/* ---- status */

static void save_status(struct supervisor *self)
{
    struct error err;
    if (!training_folder_save(self->spec->job_folder, "status.json", self->status, &err)) {
        fprintf(stderr, "%s\n", err.message);
        self->is_lost = true;
    }
}

static void set_status(struct supervisor *self, const char *job_status, const char *secondary)
{
    training_status_set(self->status, job_status, secondary, now_ms(self));
    save_status(self);
}

/* All give false, so that a failing step can return them. */
static bool end_failed(struct supervisor *self, const char *blame, const char *reason)
{
    char *text = xasprintf("%s: %s", blame, reason);
    training_status_fail(self->status, text, now_ms(self));
    save_status(self);
    free(text);
    return false;
}

static bool end_internal(struct supervisor *self, const char *reason)
{
    return end_failed(self, "InternalServerError", reason);
}

/* What would fail again is the job's own fault: the caller must not pay for a second try. */
static bool end_by_error(struct supervisor *self, const struct error *err)
{
    bool is_useless = err->error_class == ERROR_PERMANENT;
    return end_failed(self, is_useless ? "ClientError" : "InternalServerError", err->message);
}

static bool end_stopped(struct supervisor *self, const char *secondary)
{
    set_status(self, "Stopped", secondary);
    return false;
}

/* The mark is there before the signal is sent, so looking at it needs no turn of the loop. */
static bool is_stopping(const struct supervisor *self)
{
    return training_folder_has(self->spec->job_folder, "stop");
}

/* Without the mark nobody asked for the job's end: the machine is being shut down, or the like. */
static void on_signal(void *context, int signum)
{
    struct supervisor *self = context;
    (void)signum;
    bool is_known = strcmp(json_text_or(self->status, "TrainingJobStatus", ""), "Stopping") == 0;
    if (is_stopping(self) && !is_known) {
        set_status(self, "Stopping", "Stopping");
    }
    if (self->child != NULL) {
        process_cancel(self->child);
    }
}

/* ---- the trainer's folder */

static char *ml_path(const struct supervisor *self, const char *name)
{
    return file_join(self->ml, name);
}

static bool make_folder(struct supervisor *self, const char *name, struct error *err)
{
    char *path = ml_path(self, name);
    bool is_made = file_make_folders(path, FOLDER_MODE, err);
    free(path);
    return is_made;
}

static bool write_config(struct supervisor *self, const char *name, struct json *config,
                         struct error *err)
{
    char *path = xasprintf("%s/input/config/%s", self->ml, name);
    char *text = json_print_pretty(config);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool is_written = fd >= 0 ? file_write_all(fd, str_from(text), err)
                              : error_set_errno(err, errno, "cannot create %s", path);
    if (fd >= 0 && close(fd) != 0 && is_written) {
        is_written = error_set_errno(err, errno, "cannot write %s", path);
    }
    free(text);
    free(path);
    json_free(config);
    return is_written;
}

/* docs.aws.amazon.com/sagemaker, "How Amazon SageMaker Provides Training Information" */
static struct json *make_input_config(const struct json *request)
{
    struct json *config = json_object();
    const struct json *channels = json_get(request, "InputDataConfig");
    for (const struct json *at = json_first(channels); at != NULL; at = json_next(at)) {
        struct json *channel = json_object();
        const struct json *type = json_get(at, "ContentType");
        if (json_is_string(type)) {
            json_set(channel, "ContentType", json_copy(type));
        }
        json_set_text(channel, "TrainingInputMode", "File");
        json_set_text(channel, "S3DistributionType", "FullyReplicated");
        json_set_text(channel, "RecordWrapperType", "None");
        json_set(config, json_text_or(at, "ChannelName", ""), channel);
    }
    return config;
}

static struct json *make_resource_config(void)
{
    struct json *config = json_object();
    struct json *hosts = json_array();
    json_append(hosts, json_string(STR("algo-1")));
    json_set_text(config, "current_host", "algo-1");
    json_set(config, "hosts", hosts);
    json_set_text(config, "network_interface_name", "lo");
    return config;
}

static struct json *make_hyperparameters(const struct json *request)
{
    const struct json *parameters = json_get(request, "HyperParameters");
    return json_is_object(parameters) ? json_copy(parameters) : json_object();
}

static bool prepare_folder(struct supervisor *self)
{
    struct error err;
    bool is_ready =
        make_folder(self, "input/config", &err) && make_folder(self, "input/data", &err) &&
        make_folder(self, "model", &err) && make_folder(self, "output", &err) &&
        write_config(self, "hyperparameters.json", make_hyperparameters(self->request), &err) &&
        write_config(self, "inputdataconfig.json", make_input_config(self->request), &err) &&
        write_config(self, "resourceconfig.json", make_resource_config(), &err);
    return is_ready || end_internal(self, err.message);
}

/* ---- channels */

/* The file's name in its channel: the key below the prefix as a folder, else what follows the last
 * '/' of the prefix. */
static const char *name_in_channel(const char *key, const char *prefix)
{
    size_t length = strlen(prefix);
    if (length > 0 && key[length] == '/') {
        return key + length + 1;
    }
    const char *slash = strrchr(prefix, '/');
    return slash == NULL ? key : key + (slash - prefix) + 1;
}

static bool place_object(struct supervisor *self, struct lake_name object, const char *channel,
                         const char *name, struct error *err)
{
    char *path = xasprintf("%s/input/data/%s/%s", self->ml, channel, name);
    char *copy = xstrdup(path);
    bool is_placed = file_make_folders(dirname(copy), FOLDER_MODE, err) &&
                     lake_place(&self->lake, object, path, err);
    free(copy);
    free(path);
    return is_placed;
}

static bool place_objects(struct supervisor *self, struct lake_name prefix, const char *channel,
                          size_t *out_count, struct error *err)
{
    struct object_info *items = NULL;
    size_t count = 0;
    bool is_ok = lake_list(&self->lake, prefix, &items, &count, err);
    for (size_t i = 0; is_ok && i < count; i++) {
        const char *key = items[i].key;
        is_ok = place_object(self, (struct lake_name){prefix.bucket, key}, channel,
                             name_in_channel(key, prefix.key), err);
    }
    free(items);
    *out_count = count;
    return is_ok;
}

static bool fetch_channel(struct supervisor *self, const struct json *channel)
{
    struct error err;
    char *bucket = NULL;
    char *prefix = NULL;
    size_t count = 0;
    const char *name = json_text_or(channel, "ChannelName", "");
    const char *uri = json_text_or(json_path(channel, "DataSource.S3DataSource"), "S3Uri", "");
    bool is_placed = training_parse_prefix(uri, &bucket, &prefix, &err) &&
                     place_objects(self, (struct lake_name){bucket, prefix}, name, &count, &err);
    bool is_client_error = (!is_placed && error_is(&err, "not_found")) || (is_placed && count == 0);
    free(bucket);
    free(prefix);
    if (is_client_error) {
        char *reason = xasprintf("no objects under %s for channel %s", uri, name);
        end_failed(self, "ClientError", reason);
        free(reason);
        return false;
    }
    return is_placed || end_internal(self, err.message);
}

static bool fetch_channels(struct supervisor *self)
{
    set_status(self, "InProgress", "Downloading");
    const struct json *channels = json_get(self->request, "InputDataConfig");
    for (const struct json *at = json_first(channels); at != NULL; at = json_next(at)) {
        if (is_stopping(self)) {
            return end_stopped(self, "Stopped");
        }
        if (!fetch_channel(self, at)) {
            return false;
        }
    }
    return true;
}

/* ---- children: the trainer and the packer */

/* One write a line: a reader of the log sees a line whole or not at all. */
static void log_line(void *context, struct str line)
{
    const struct supervisor *self = context;
    char newline = '\n';
    struct iovec parts[2] = {{(void *)(uintptr_t)line.ptr, line.len}, {&newline, 1}};
    ssize_t ignored = writev(self->log_fd, parts, 2); /* a lost line does not end the training */
    (void)ignored;
}

static bool is_variable_name(const char *name)
{
    bool is_good = isalpha((unsigned char)*name) || *name == '_';
    for (; *name != '\0'; name++) {
        is_good = is_good && (isalnum((unsigned char)*name) || *name == '_');
    }
    return is_good;
}

/* Ours come last and are never overridden; NULL-terminated, every entry and the array to be freed.
 */
static char **make_environment(const struct supervisor *self)
{
    const struct json *given = json_get(self->request, "Environment");
    char **entries = xcalloc(json_count(given) + 5, sizeof(entries[0]));
    size_t count = 0;
    entries[count++] = xasprintf("GATEHOUSE_ML_ROOT=%s", self->ml);
    entries[count++] = xstrdup("LANG=C.UTF-8");
    entries[count++] = xstrdup("TZ=UTC");
    entries[count++] = xstrdup("OMP_WAIT_POLICY=passive"); /* waiting threads must not spin */
    for (const struct json *at = json_first(given); at != NULL; at = json_next(at)) {
        const char *name = json_name(at);
        const char *value = NULL;
        bool is_ours = strcmp(name, "GATEHOUSE_ML_ROOT") == 0 || strcmp(name, "LANG") == 0 ||
                       strcmp(name, "TZ") == 0;
        if (!is_ours && is_variable_name(name) && json_as_text(at, &value)) {
            entries[count++] = xasprintf("%s=%s", name, value);
        }
    }
    return entries;
}

static void free_environment(char **entries)
{
    for (char **entry = entries; *entry != NULL; entry++) {
        free(*entry);
    }
    free(entries);
}

/* Runs it to its end; false with err when it was stopped, ran too long or could not be run. */
static bool run_child(struct supervisor *self, struct process *child, struct error *err)
{
    char **environment = make_environment(self);
    child->env = (const char *const *)environment;
    child->folder = self->ml;
    child->on_output_line = log_line;
    child->on_error_line = log_line;
    child->op.context = self;
    self->child = child;
    process_start(self->loop, child);
    bool is_ok = loop_await(self->loop, &child->op, err);
    self->child = NULL;
    free_environment(environment);
    process_done(child);
    return is_ok;
}

/* The reason the trainer left in output/failure, or how it ended; it may blame the client itself.
 */
static bool end_by_trainer(struct supervisor *self, const struct process *trainer)
{
    struct error ignored;
    struct buf failure;
    char how[64];
    char *path = ml_path(self, "output/failure");
    buf_init(&failure, FAILURE_FILE_MAX);
    file_read(path, &failure, &ignored);
    struct str text = str_trim(buf_str(&failure));
    process_describe_exit(trainer, how, sizeof(how));
    if (str_starts_with(text, STR("ClientError: ")) ||
        str_starts_with(text, STR("AlgorithmError: "))) {
        training_status_fail(self->status, buf_text(&failure), now_ms(self));
        save_status(self);
    } else {
        end_failed(self, "AlgorithmError", text.len > 0 ? buf_text(&failure) : how);
    }
    buf_done(&failure);
    free(path);
    return false;
}

static bool judge_trainer(struct supervisor *self, const struct process *trainer, bool is_ended,
                          const struct error *err)
{
    if (is_stopping(self)) {
        return end_stopped(self, "Stopped");
    }
    if (!is_ended) {
        return error_is(err, "deadline") ? end_stopped(self, "MaxRuntimeExceeded")
                                         : end_by_error(self, err);
    }
    if (trainer->term_signal != 0) {
        char how[64];
        process_describe_exit(trainer, how, sizeof(how));
        char *reason = xasprintf("the trainer was ended by %s", how);
        end_internal(self, reason);
        free(reason);
        return false;
    }
    return trainer->exit_code == 0 || end_by_trainer(self, trainer);
}

static bool run_trainer(struct supervisor *self)
{
    struct error err;
    const char *argv[] = {self->spec->model_program, "train", NULL};
    const struct json *condition = json_get(self->request, "StoppingCondition");
    int64_t seconds = json_int_or(condition, "MaxRuntimeInSeconds", DAY_S);
    struct process trainer = {.argv = argv, .deadline_ms = seconds * 1000};
    set_status(self, "InProgress", "Training");
    if (is_stopping(self)) {
        return end_stopped(self, "Stopped");
    }
    bool is_ended = run_child(self, &trainer, &err);
    return judge_trainer(self, &trainer, is_ended, &err);
}

/* ---- the model */

static bool put_model(struct supervisor *self, const char *archive)
{
    struct error err;
    struct object_info info;
    char *bucket = NULL;
    char *prefix = NULL;
    const struct json *output = json_get(self->request, "OutputDataConfig");
    const char *uri = json_text_or(output, "S3OutputPath", "");
    const char *name = json_text_or(self->request, "TrainingJobName", "");
    if (!training_parse_prefix(uri, &bucket, &prefix, &err)) {
        return end_internal(self, err.message);
    }
    size_t length = strlen(prefix);
    const char *separator = length > 0 && prefix[length - 1] != '/' ? "/" : "";
    char *key = xasprintf("%s%s%s/output/model.tar.gz", prefix, separator, name);
    bool is_put = lake_put_file(&self->lake, archive, (struct lake_name){bucket, key}, &info, &err);
    if (is_put) {
        char *model_uri = xasprintf("s3://%s/%s", bucket, key);
        struct json *artifacts = json_object();
        json_set_text(artifacts, "S3ModelArtifacts", model_uri);
        json_set(self->status, "ModelArtifacts", artifacts);
        free(model_uri);
    } else {
        end_internal(self, err.message);
    }
    free(key);
    free(bucket);
    free(prefix);
    return is_put;
}

static bool pack_model(struct supervisor *self, const char *archive)
{
    struct error err;
    char *model = ml_path(self, "model");
    const char *argv[] = {self->spec->model_program, "pack", model, archive, NULL};
    struct process packer = {.argv = argv};
    bool is_ended = run_child(self, &packer, &err);
    free(model);
    if (is_stopping(self)) {
        return end_stopped(self, "Stopped");
    }
    if (!is_ended) {
        return end_internal(self, err.message);
    }
    if (packer.exit_code != 0) {
        char how[64];
        process_describe_exit(&packer, how, sizeof(how));
        char *reason = xasprintf("the model could not be packed: %s; the job's log says why", how);
        packer.term_signal != 0 ? end_internal(self, reason)
                                : end_failed(self, "AlgorithmError", reason);
        free(reason);
        return false;
    }
    return true;
}

static bool upload_model(struct supervisor *self)
{
    char *archive = file_join(self->spec->job_folder, "model.tar.gz");
    set_status(self, "InProgress", "Uploading");
    bool is_up = pack_model(self, archive) && put_model(self, archive);
    unlink(archive);
    free(archive);
    return is_up;
}

/* ---- the job */

static bool open_resources(struct supervisor *self)
{
    struct error err;
    char *path = file_join(self->spec->job_folder, "training.log");
    self->log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    bool is_open = self->log_fd >= 0 || error_set_errno(&err, errno, "cannot open %s", path);
    free(path);
    is_open = is_open && lake_open(&self->lake, self->spec->lake, &err);
    return is_open || end_internal(self, err.message);
}

static void remove_channels(struct supervisor *self)
{
    struct error ignored;
    char *path = ml_path(self, "input/data");
    file_remove_tree(path, &ignored); /* copies only: at worst they lie there */
    free(path);
}

static void run_job(struct supervisor *self)
{
    if (open_resources(self) && prepare_folder(self) && fetch_channels(self) && run_trainer(self) &&
        upload_model(self)) {
        set_status(self, "Completed", "Completed");
    }
    remove_channels(self);
}

/* Under the lock: what is there to do for a job in this state? */
static void take_job(struct supervisor *self)
{
    struct error err;
    const char *folder = self->spec->job_folder;
    if (training_status_is_final(self->status)) {
        return;
    }
    if (training_folder_has(folder, "started")) {
        end_internal(self, "the job's supervisor was killed before the job had an end");
    } else if (training_folder_has(folder, "stop")) {
        end_stopped(self, "Stopped");
    } else if (!training_folder_mark(folder, "started", &err)) {
        end_internal(self, err.message);
    } else {
        run_job(self);
    }
}

static bool load_job(struct supervisor *self)
{
    struct error err;
    self->request = training_folder_load(self->spec->job_folder, "request.json", &err);
    if (self->request == NULL) {
        fprintf(stderr, "%s\n", err.message);
        return false;
    }
    self->status = training_folder_load(self->spec->job_folder, "status.json", &err);
    if (!json_is_object(self->status)) {
        json_free(self->status);
        const char *name = json_text_or(self->request, "TrainingJobName", "");
        self->status = training_status_new(name, now_ms(self));
    }
    return true;
}

static void supervisor_done(struct supervisor *self)
{
    if (self->log_fd >= 0) {
        close(self->log_fd);
    }
    lake_close(&self->lake);
    json_free(self->request);
    json_free(self->status);
    free(self->ml);
}

/* The signals are ours before the lock is: whoever sees the lock held may send one. */
int training_supervisor_run(const struct training_supervisor_spec *spec)
{
    struct supervisor self = {.spec = spec, .log_fd = -1, .lake = {.fd = -1, .temporary_fd = -1}};
    int lock = -1;
    self.loop = loop_new();
    self.ml = file_join(spec->job_folder, "ml");
    struct signal_watch *watch = signal_watch_new(self.loop, SIGTERM, on_signal, &self);
    bool is_mine = training_lock_hold(spec->job_folder, &lock);
    bool is_loaded = is_mine && load_job(&self);
    if (is_loaded) {
        take_job(&self);
    }
    signal_watch_free(watch);
    loop_free(self.loop);
    supervisor_done(&self);
    if (lock >= 0) {
        close(lock);
    }
    return (is_mine && !is_loaded) || self.is_lost ? 1 : 0;
}
