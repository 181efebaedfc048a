/* The training service port on job folders. */
#include "core/local/training_jobs.h"

#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/local/training_folder.h"
#include "core/local/training_supervisor.h"
#include "core/loop/process.h"
#include "core/loop/work.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    FOLDER_MODE = 0700,
    POLL_INTERVAL_MS = 50,
    SPAWN_TRIES = 5,
    SPAWN_AGAIN_AFTER_MS =
        2000, /* a supervisor that has not taken the lock by then is not coming */
    ABANDONED_AFTER_S = 24 * 60 * 60,
};
static const char unfinished_folder[] = ".new"; /* no job's name begins with a dot */
static const char killed_reason[] =
    "InternalServerError: the job's supervisor was killed before the job had an end";

struct training_jobs {
    struct training_service base;
    char *folder, *lake, *supervisor_program, *model_program;
    struct clock *clock;
};

static struct training_jobs *jobs_of(struct training_service *service)
{
    return (struct training_jobs *)service;
}

static int64_t now_ms(const struct training_jobs *jobs)
{
    return jobs->clock->wall_ms(jobs->clock);
}

/* ---- calls: each is one piece of pool work */

struct call {
    struct work work;
    struct op *op;
    const struct training_jobs *jobs;
    void *request; /* filled in by the pool thread: nobody else looks before done */
    char *name;    /* of the job; NULL: bad */
    char *text;    /* of a create: the request */
};

static struct call *call_of(struct work *work)
{
    return (struct call *)(void *)((char *)work - offsetof(struct call, work));
}

static void call_done(struct op *op, const struct error *err)
{
    struct call *call = OP_CONTAINER(op, struct call, work.op);
    struct op *outer = call->op;
    if (call->text != NULL) {
        struct training_create *create = call->request;
        create->was_refused = err != NULL && err->error_class != ERROR_TRANSIENT;
    }
    free(call->name);
    free(call->text);
    free(call);
    op_finish(outer, err);
}

static struct call *call_new(struct training_service *service, struct op *op, void *request,
                             const char *name)
{
    struct call *call = xcalloc(1, sizeof(*call));
    op_begin(op, service->loop);
    call->op = op;
    call->jobs = jobs_of(service);
    call->request = request;
    call->name = xstrdup(name == NULL ? "" : name);
    return call;
}

static void call_start(struct call *call, work_fn run)
{
    call->work.run = run;
    call->work.op.done = call_done;
    work_start(call->jobs->base.loop, &call->work);
}

/* SageMaker's rule: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62} */
static bool check_name(const char *name, struct error *err)
{
    size_t length = strlen(name);
    bool is_good =
        length > 0 && length < TRAINING_NAME_SIZE && name[0] != '-' && name[length - 1] != '-';
    for (size_t i = 0; is_good && i < length; i++) {
        is_good = isalnum((unsigned char)name[i]) || name[i] == '-';
    }
    return is_good || error_set(err, ERROR_PERMANENT, "bad_request",
                                "training job name '%.80s' must be 1 to 63 letters, digits and "
                                "inner '-'",
                                name);
}

/* The job's folder, when there is such a job; gives memory. */
static char *find_job(const struct call *call, struct error *err)
{
    if (!check_name(call->name, err)) {
        return NULL;
    }
    char *folder = file_join(call->jobs->folder, call->name);
    if (!training_folder_has(folder, "request.json")) {
        free(folder);
        error_set(err, ERROR_PERMANENT, "not_found", "no training job %s", call->name);
        return NULL;
    }
    return folder;
}

/* A status that cannot be read (a machine that lost power while it was written) counts as one that
 * was never written: the rules below then bring the job to an end. */
static struct json *load_status(const char *folder, const char *name)
{
    struct error ignored;
    struct json *status = training_folder_load(folder, "status.json", &ignored);
    return json_is_object(status) ? status : (json_free(status), training_status_new(name, 0));
}

/* ---- starting the supervisor */

static bool spawn_supervisor(const struct training_jobs *jobs, const char *folder,
                             struct error *err)
{
    static const char *const environment[] = {"LANG=C.UTF-8", "TZ=UTC", NULL};
    const char *argv[] = {jobs->supervisor_program,
                          TRAINING_SUPERVISOR_VERB,
                          folder,
                          jobs->model_program,
                          jobs->lake,
                          NULL};
    char *log_path = file_join(folder, "supervisor.log");
    struct process_detached spec = {.argv = argv, .env = environment, .log_path = log_path};
    bool is_running = process_spawn_detached(&spec, err);
    free(log_path);
    return is_running;
}

/* Notes the try first: a process killed between the two costs a wait, never a second trainer. */
static bool start_supervisor(const struct training_jobs *jobs, const char *folder,
                             struct error *err)
{
    char *path = file_join(folder, "spawned");
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    bool is_noted = fd >= 0 && file_write_all(fd, STR("."), err);
    if (fd < 0) {
        error_set_errno(err, errno, "cannot write %s", path);
    } else {
        close(fd);
    }
    free(path);
    return is_noted && spawn_supervisor(jobs, folder, err);
}

enum spawn_need { SPAWN_NOW, SPAWN_WAIT, SPAWN_GIVE_UP };

static enum spawn_need need_to_spawn(const struct training_jobs *jobs, const char *folder)
{
    struct stat info;
    char *path = file_join(folder, "spawned");
    bool was_tried = stat(path, &info) == 0;
    free(path);
    if (!was_tried) {
        return SPAWN_NOW;
    }
    int64_t tried_ms = (int64_t)info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1000000;
    int64_t age_ms = now_ms(jobs) - tried_ms;
    if (age_ms >= 0 && age_ms < SPAWN_AGAIN_AFTER_MS) {
        return SPAWN_WAIT;
    }
    return info.st_size >= SPAWN_TRIES ? SPAWN_GIVE_UP : SPAWN_NOW;
}

/* ---- ends written by others than the supervisor */

enum end { END_KILLED, END_NOT_STARTED, END_STOPPED };

/* Once, under the lock, and only if the job has not got an end or a supervisor meanwhile. */
static bool end_job(const struct call *call, const char *folder, enum end end, const char *reason,
                    struct error *err)
{
    int lock = -1;
    if (!training_lock_borrow(folder, &lock)) {
        return true; /* somebody is at it */
    }
    struct json *status = load_status(folder, call->name);
    bool is_moot = training_status_is_final(status) ||
                   (end != END_KILLED && training_folder_has(folder, "started"));
    bool is_ok = true;
    if (!is_moot) {
        if (end == END_STOPPED) {
            training_status_set(status, "Stopped", "Stopped", now_ms(call->jobs));
        } else {
            training_status_fail(status, reason, now_ms(call->jobs));
        }
        is_ok = training_folder_save(folder, "status.json", status, err);
        char *data = file_join(folder, "ml/input/data");
        struct error ignored;
        file_remove_tree(data, &ignored); /* copies only: at worst they lie there */
        free(data);
    }
    json_free(status);
    close(lock);
    return is_ok;
}

static bool fail_to_start(const struct call *call, const char *folder, const char *why,
                          struct error *err)
{
    char *reason = xasprintf("InternalServerError: the job could not be started: %s", why);
    bool is_ended = end_job(call, folder, END_NOT_STARTED, reason, err);
    free(reason);
    return is_ended;
}

/* A job without an end and without a supervisor gets one or the other. */
static bool revive_or_end(const struct call *call, const char *folder, struct error *err)
{
    struct error spawn_err;
    if (training_folder_has(folder, "started")) {
        return end_job(call, folder, END_KILLED, killed_reason, err);
    }
    if (training_folder_has(folder, "stop")) {
        return end_job(call, folder, END_STOPPED, NULL, err);
    }
    switch (need_to_spawn(call->jobs, folder)) {
    case SPAWN_WAIT:
        return true;
    case SPAWN_GIVE_UP:
        return fail_to_start(call, folder, "its supervisor ends early, see supervisor.log", err);
    case SPAWN_NOW:
        break;
    }
    return start_supervisor(call->jobs, folder, &spawn_err) ||
           fail_to_start(call, folder, spawn_err.message, err);
}

/* ---- create */

static bool bad_request(struct error *err, const char *what)
{
    return error_set(err, ERROR_PERMANENT, "bad_request", "training request: %s", what);
}

static bool check_uri(const char *uri, const char *what, struct error *err)
{
    char *bucket = NULL;
    char *prefix = NULL;
    if (!training_parse_prefix(uri, &bucket, &prefix, err)) {
        return error_prefix(err, "%s", what);
    }
    free(bucket);
    free(prefix);
    return true;
}

static bool check_channel(const struct json *channel, struct error *err)
{
    const struct json *source = json_path(channel, "DataSource.S3DataSource");
    struct str name = str_from(json_text_or(channel, "ChannelName", ""));
    if (!file_is_safe_relative(name) || memchr(name.ptr, '/', name.len) != NULL) {
        return bad_request(err, "InputDataConfig has a channel without a usable ChannelName");
    }
    if (strcmp(json_text_or(source, "S3DataType", "S3Prefix"), "S3Prefix") != 0) {
        return bad_request(err, "S3DataType must be S3Prefix");
    }
    return check_uri(json_text_or(source, "S3Uri", ""), "InputDataConfig S3Uri", err);
}

static bool check_request(const struct json *request, struct error *err)
{
    const struct json *channels = json_get(request, "InputDataConfig");
    const struct json *parameters = json_get(request, "HyperParameters");
    const struct json *limit = json_path(request, "StoppingCondition.MaxRuntimeInSeconds");
    int64_t seconds = 1;
    for (const struct json *at = json_first(parameters); at != NULL; at = json_next(at)) {
        if (!json_is_string(at)) {
            return bad_request(err, "HyperParameters must be strings");
        }
    }
    if (!json_is_array(channels) || json_count(channels) == 0) {
        return bad_request(err, "InputDataConfig must name a channel");
    }
    for (const struct json *at = json_first(channels); at != NULL; at = json_next(at)) {
        if (!check_channel(at, err)) {
            return false;
        }
    }
    if (limit != NULL && (!json_as_int(limit, &seconds) || seconds < 1)) {
        return bad_request(err, "MaxRuntimeInSeconds must be a whole number from 1");
    }
    const char *output = json_text_or(json_get(request, "OutputDataConfig"), "S3OutputPath", "");
    return check_uri(output, "OutputDataConfig S3OutputPath", err);
}

/* Half-made folders of processes that were killed while they made them. */
static void sweep_unfinished(const struct training_jobs *jobs)
{
    struct error ignored;
    struct stat info;
    char *folder = file_join(jobs->folder, unfinished_folder);
    DIR *stream = opendir(folder);
    struct dirent *entry = NULL;
    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        char *path = file_join(folder, entry->d_name);
        if (entry->d_name[0] != '.' && lstat(path, &info) == 0 &&
            now_ms(jobs) / 1000 - info.st_mtim.tv_sec > ABANDONED_AFTER_S) {
            file_remove_tree(path, &ignored);
        }
        free(path);
    }
    if (stream != NULL) {
        closedir(stream);
    }
    free(folder);
}

static bool fill_job(const struct call *call, const char *folder, struct error *err)
{
    char *path = file_join(folder, "request.json");
    bool is_written = file_write(path, str_from(call->text), 0600, err);
    free(path);
    if (!is_written) {
        return false;
    }
    struct json *status = training_status_new(call->name, now_ms(call->jobs));
    bool is_saved = training_folder_save(folder, "status.json", status, err);
    json_free(status);
    return is_saved;
}

/* The job appears whole or not at all, and never in the place of another. */
static bool publish_job(const struct call *call, const char *unfinished, const char *folder,
                        struct error *err)
{
    if (!fill_job(call, unfinished, err)) {
        return false;
    }
    if (renameat2(AT_FDCWD, unfinished, AT_FDCWD, folder, RENAME_NOREPLACE) != 0) {
        return errno == EEXIST
                   ? error_set(err, ERROR_PERMANENT, "name_taken",
                               "a training job named %s exists; names are unique for ever",
                               call->name)
                   : error_set_errno(err, errno, "cannot create the training job %s", folder);
    }
    return file_sync_folder(call->jobs->folder, err);
}

static bool make_job(const struct call *call, const char *folder, struct error *err)
{
    char *unfinished = xasprintf("%s/%s/XXXXXX", call->jobs->folder, unfinished_folder);
    if (mkdtemp(unfinished) == NULL) {
        error_set_errno(err, errno, "cannot create a training job in %s", call->jobs->folder);
        free(unfinished);
        return false;
    }
    bool is_made = publish_job(call, unfinished, folder, err);
    if (!is_made) {
        struct error ignored;
        file_remove_tree(unfinished, &ignored);
    }
    free(unfinished);
    return is_made;
}

static bool create_run(struct work *work, struct error *err)
{
    struct call *call = call_of(work);
    struct json *request = json_parse(str_from(call->text), err);
    bool is_good = request != NULL && check_name(call->name, err) && check_request(request, err);
    json_free(request);
    if (!is_good) {
        return false;
    }
    struct error spawn_err;
    char *folder = file_join(call->jobs->folder, call->name);
    sweep_unfinished(call->jobs);
    bool is_made = make_job(call, folder, err);
    /* The job exists from here on: that it cannot run is the job's failure. */
    if (is_made && !start_supervisor(call->jobs, folder, &spawn_err)) {
        is_made = fail_to_start(call, folder, spawn_err.message, err);
    }
    free(folder);
    return is_made;
}

static void jobs_create(struct training_service *service, struct training_create *req)
{
    const char *name = json_text_or(req->request, "TrainingJobName", "");
    struct call *call = call_new(service, &req->op, req, name);
    call->text = json_is_object(req->request) ? json_print_pretty(req->request) : xstrdup("");
    call_start(call, create_run);
}

/* ---- describe */

static void copy_text(char *out_text, size_t size, const struct json *object, const char *name)
{
    snprintf(out_text, size, "%s", json_text_or(object, name, ""));
}

static bool fill_description(const struct json *status, const struct json *request,
                             struct training_job *out_job, struct error *err)
{
    struct training_job job = {0};
    copy_text(job.status, sizeof(job.status), status, "TrainingJobStatus");
    if (!training_state_from_status(str_from(job.status), &job.state)) {
        return error_set(err, ERROR_PERMANENT, "unknown_status", "unknown training job status '%s'",
                         job.status);
    }
    copy_text(job.name, sizeof(job.name), request, "TrainingJobName");
    copy_text(job.secondary_status, sizeof(job.secondary_status), status, "SecondaryStatus");
    copy_text(job.failure_reason, sizeof(job.failure_reason), status, "FailureReason");
    copy_text(job.model_uri, sizeof(job.model_uri), json_get(status, "ModelArtifacts"),
              "S3ModelArtifacts");
    copy_text(job.intent, sizeof(job.intent), json_get(request, "Environment"), "GATEHOUSE_INTENT");
    job.created_ms = json_int_or(status, "CreationTime", 0);
    job.started_ms = json_int_or(status, "TrainingStartTime", 0);
    job.ended_ms = json_int_or(status, "TrainingEndTime", 0);
    job.has_begun = job.started_ms != 0;
    if (job.started_ms != 0 && job.ended_ms > job.started_ms) {
        job.billable_ms = job.ended_ms - job.started_ms;
    }
    *out_job = job;
    return true;
}

static bool describe_job(const struct call *call, const char *folder, struct training_job *out_job,
                         struct error *err)
{
    struct json *status = load_status(folder, call->name);
    bool is_ok = true;
    if (!training_status_is_final(status) && !training_lock_holder(folder).is_held) {
        is_ok = revive_or_end(call, folder, err);
        json_free(status);
        status = load_status(folder, call->name);
    }
    struct json *request = is_ok ? training_folder_load(folder, "request.json", err) : NULL;
    is_ok = request != NULL && fill_description(status, request, out_job, err);
    json_free(request);
    json_free(status);
    return is_ok;
}

static bool describe_run(struct work *work, struct error *err)
{
    struct call *call = call_of(work);
    struct training_describe *req = call->request;
    char *folder = find_job(call, err);
    bool is_ok = folder != NULL && describe_job(call, folder, &req->job, err);
    free(folder);
    return is_ok;
}

static void jobs_describe(struct training_service *service, struct training_describe *req)
{
    call_start(call_new(service, &req->op, req, req->name), describe_run);
}

/* ---- stop */

/* The pid is looked up again after it is pinned: then it cannot have become another process's. */
static void signal_supervisor(const char *folder, pid_t pid)
{
    int process = (int)syscall(SYS_pidfd_open, pid, 0);
    if (process >= 0 && training_lock_holder(folder).pid == pid) {
        syscall(SYS_pidfd_send_signal, process, SIGTERM, NULL, 0);
    }
    if (process >= 0) {
        close(process);
    }
}

static bool stop_job(const struct call *call, const char *folder, struct error *err)
{
    struct json *status = load_status(folder, call->name);
    bool is_final = training_status_is_final(status);
    json_free(status);
    if (is_final) {
        return true;
    }
    if (!training_folder_mark(folder, "stop", err)) {
        return false;
    }
    struct training_holder holder = training_lock_holder(folder);
    if (holder.pid > 0) {
        signal_supervisor(folder, holder.pid);
    }
    return holder.is_held || revive_or_end(call, folder, err);
}

static bool stop_run(struct work *work, struct error *err)
{
    struct call *call = call_of(work);
    char *folder = find_job(call, err);
    bool is_ok = folder != NULL && stop_job(call, folder, err);
    free(folder);
    return is_ok;
}

static void jobs_stop(struct training_service *service, struct training_stop *req)
{
    call_start(call_new(service, &req->op, req, req->name), stop_run);
}

/* ---- logs: the cursor is the number of bytes given so far */

/* Appends whole lines only; a line longer than there is room for comes in pieces. */
static bool read_lines(int fd, uint64_t *position, struct buf *text, struct error *err)
{
    size_t room = text->limit > text->len ? text->limit - text->len : 0;
    room = room > TRAINING_LOG_MAX_READ ? TRAINING_LOG_MAX_READ : room;
    if (room < 2 || !buf_reserve(text, room)) {
        return error_set(err, ERROR_PERMANENT, "too_large", "no room for log lines");
    }
    char *start = text->ptr + text->len;
    ssize_t got = pread(fd, start, room - 1, (off_t)*position);
    if (got < 0) {
        return error_set_errno(err, errno, "cannot read the log");
    }
    const char *newline = got > 0 ? memrchr(start, '\n', (size_t)got) : NULL;
    size_t length = newline == NULL ? 0 : (size_t)(newline - start) + 1;
    if (newline == NULL && (size_t)got == room - 1) {
        length = (size_t)got;
    }
    text->len += length;
    *position += length;
    text->ptr[text->len] = '\0';
    if (length > 0 && text->ptr[text->len - 1] != '\n') {
        buf_append_char(text, '\n');
    }
    return true;
}

static bool logs_run(struct work *work, struct error *err)
{
    struct call *call = call_of(work);
    struct training_logs *req = call->request;
    uint64_t position = 0;
    char *folder = find_job(call, err);
    if (folder == NULL) {
        return false;
    }
    char *path = file_join(folder, "training.log");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool is_ok = true;
    if (req->cursor[0] != '\0' && !str_to_u64(str_from(req->cursor), &position)) {
        is_ok = error_set(err, ERROR_PERMANENT, "bad_cursor", "'%.80s' is not a log position",
                          req->cursor);
    } else if (fd >= 0) {
        is_ok = read_lines(fd, &position, &req->text, err);
    } else if (errno != ENOENT) {
        is_ok = error_set_errno(err, errno, "cannot open %s", path);
    }
    if (is_ok) {
        snprintf(req->cursor, sizeof(req->cursor), "%llu", (unsigned long long)position);
    }
    if (fd >= 0) {
        close(fd);
    }
    free(path);
    free(folder);
    return is_ok;
}

static void jobs_logs(struct training_service *service, struct training_logs *req)
{
    call_start(call_new(service, &req->op, req, req->name), logs_run);
}

/* ---- the service */

static void jobs_free(struct training_service *service)
{
    struct training_jobs *jobs = jobs_of(service);
    free(jobs->folder);
    free(jobs->lake);
    free(jobs->supervisor_program);
    free(jobs->model_program);
    free(jobs);
}

static const struct training_service_ops training_jobs_ops = {
    .create = jobs_create,
    .describe = jobs_describe,
    .stop = jobs_stop,
    .logs = jobs_logs,
    .free = jobs_free,
    .poll_first_ms = POLL_INTERVAL_MS,
    .poll_max_ms = POLL_INTERVAL_MS,
};

struct training_service *training_jobs_new(struct loop *loop, const struct training_jobs_spec *spec,
                                           struct error *err)
{
    char *unfinished = file_join(spec->folder, unfinished_folder);
    bool is_made = file_make_folders(unfinished, FOLDER_MODE, err);
    free(unfinished);
    char *folder = is_made ? realpath(spec->folder, NULL) : NULL; /* the trainer works elsewhere */
    if (is_made && folder == NULL) {
        error_set_errno(err, errno, "%s", spec->folder);
    }
    if (folder == NULL) {
        return NULL;
    }
    struct training_jobs *jobs = xcalloc(1, sizeof(*jobs));
    jobs->base.ops = &training_jobs_ops;
    jobs->base.loop = loop;
    jobs->folder = folder;
    jobs->lake = xstrdup(spec->lake);
    jobs->supervisor_program = xstrdup(spec->supervisor_program);
    jobs->model_program = xstrdup(spec->model_program);
    jobs->clock = spec->clock;
    return &jobs->base;
}
