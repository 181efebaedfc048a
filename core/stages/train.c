/* train: a job on the training service, from the look at its data to its model. The job costs money
 * and lives on without us: so it has one name for ever, is found again by it, and is stopped
 * whenever the try ends in another way than by the job's own end. */
#include "core/base/alloc.h"
#include "core/base/backoff.h"
#include "core/base/utf8.h"
#include "core/stages/kind.h"
#include "core/stages/object_check.h"
#include "core/stages/round_line.h"
#include "core/stages/row_scan.h"
#include "core/stages/train_request.h"
#include "core/stages/transfer.h"

#include <stdlib.h>
#include <string.h>

enum {
    SCHEMA_MAX_BYTES = 1 << 20,
    LOG_READ_MAX = 1 << 20,
    LOG_READS_MAX = 1000, /* for one poll: a flood of lines does not keep us from the status */
    FAILURES_MAX = 10,    /* in a row, while the job goes on without us */
    BACKOFF_MAX_MS = 60000,
    REPORT_INTERVAL_MS = 250,
    PENDING_ROUNDS_MAX = 500, /* of one report; older ones are left out */
};

enum { STEP_CHANNELS, STEP_SCHEMA, STEP_DATA, STEP_SUBMIT, STEP_FIND, STEP_WAIT, STEP_OUTCOME };

enum channel { CHANNEL_TRAIN, CHANNEL_VALIDATION, CHANNEL_SCHEMA, CHANNEL_COUNT };
static const char *const channel_names[CHANNEL_COUNT] = {"train", "validation", "schema"};

/* Why the job is looked for by its name. */
enum find_reason {
    FIND_ADOPTION,    /* a runner before us may have submitted it */
    FIND_NAME_TAKEN,  /* the service says that it exists */
    FIND_LOST_ANSWER, /* the request failed, but may have arrived */
};

enum turn { TURN_DESCRIBE, TURN_LOGS, TURN_STOP };

struct train_stage {
    char job_name[TRAINING_NAME_SIZE];
    int64_t num_round;
    struct object_place places[CHANNEL_COUNT]; /* bucket NULL: not given */
    size_t channel;
    struct object_head head;
    struct transfer transfer;
    struct buf schema_text;
    struct json *schema;
    struct row_scan scan;
    struct json *request;
    struct training_create create;
    struct training_describe describe;
    struct training_stop stop;
    struct training_logs logs;
    enum find_reason find_reason;
    struct error create_error;
    enum turn turn;
    bool is_ours; /* the job of this name is surely that of this try */
    bool is_stop_sent;
    bool has_told_running;
    bool has_told_log_trouble;
    int failures; /* of the service, in a row */
    int log_reads;
    char secondary_status[TRAINING_STATUS_SIZE]; /* as last reported */
    int64_t rounds;                              /* the last one + 1 */
    struct json *metrics;                        /* of the last round */
    struct json *new_rounds;                     /* not reported yet: [[round,{..}]..] */
    int64_t reported_ms;
    char *model_bucket, *model_key;
};

/* ---- what all steps share */

static struct training_service *service_of(const struct attempt *attempt)
{
    return attempt->spec.services->training;
}

static void describe_begin(struct attempt *attempt)
{
    struct train_stage *stage = attempt->state;
    stage->describe = (struct training_describe){.name = stage->job_name};
    attempt_await(attempt, &stage->describe.op);
    training_describe_start(service_of(attempt), &stage->describe);
}

/* Trouble on the way to a job that goes on without us: wait and ask again, but not for ever. */
static enum step_next tolerate(struct attempt *attempt, struct error *err)
{
    struct train_stage *stage = attempt->state;
    int64_t first_ms = service_of(attempt)->ops->poll_interval_ms;
    first_ms = first_ms < 1 ? 1 : first_ms;
    if (err->error_class != ERROR_TRANSIENT || ++stage->failures >= FAILURES_MAX) {
        stage->failures = 0;
        return STEP_FAIL;
    }
    struct backoff backoff = {
        .first_ms = first_ms,
        .max_ms = first_ms > BACKOFF_MAX_MS ? first_ms : BACKOFF_MAX_MS,
    };
    attempt->delay_ms = backoff_delay_ms(backoff, stage->failures, random_next(&attempt->random));
    attempt_log(attempt, "warn", "job=%s trouble=%d of %d retry_in_ms=%lld: %s", stage->job_name,
                stage->failures, FAILURES_MAX, (long long)attempt->delay_ms, err->message);
    return STEP_REPEAT;
}

static enum step_next jump(struct attempt *attempt, size_t step)
{
    attempt->jump_to = step;
    return STEP_JUMP;
}

static bool train_init(struct attempt *attempt, struct error *err)
{
    struct train_stage *stage = attempt->state;
    const struct json *parameters = attempt->spec.parameters;
    const struct json *channels = json_get(parameters, "channels");
    buf_init(&stage->schema_text, SCHEMA_MAX_BYTES);
    buf_init(&stage->logs.text, LOG_READ_MAX);
    for (size_t i = 0; i < CHANNEL_COUNT; i++) {
        object_place_read(json_get(channels, channel_names[i]), &stage->places[i]);
    }
    stage->num_round = train_num_round(parameters);
    stage->find_reason = FIND_ADOPTION;
    stage->logs.name = stage->job_name;
    stage->new_rounds = json_array();
    stage->metrics = json_object();
    return train_job_name(parameters, attempt->spec.intent, stage->job_name, err);
}

static void train_done(struct attempt *attempt)
{
    struct train_stage *stage = attempt->state;
    row_scan_done(&stage->scan);
    training_logs_done(&stage->logs);
    buf_done(&stage->schema_text);
    json_free(stage->schema);
    json_free(stage->request);
    json_free(stage->metrics);
    json_free(stage->new_rounds);
    free(stage->model_bucket);
    free(stage->model_key);
}

/* ---- look up channels: is every object there, as it was given? */

static void channels_begin(struct attempt *attempt)
{
    struct train_stage *stage = attempt->state;
    if (stage->places[stage->channel].bucket == NULL) {
        stage->channel++; /* only validation may be absent, and schema follows it */
    }
    const struct object_place *place = &stage->places[stage->channel];
    stage->head = (struct object_head){.bucket = place->bucket, .key = place->key};
    attempt_await(attempt, &stage->head.op);
    object_head_start(attempt->spec.services->objects, &stage->head);
}

static enum step_next channels_end(struct attempt *attempt, struct error *err)
{
    struct train_stage *stage = attempt->state;
    if (!object_check(&stage->places[stage->channel], &stage->head.info, 0, err)) {
        error_prefix(err, "channel %s", channel_names[stage->channel]);
        return STEP_FAIL;
    }
    stage->channel++;
    return stage->channel < CHANNEL_COUNT ? STEP_AGAIN : STEP_NEXT;
}

static enum step_next channels_failed(struct attempt *attempt, struct error *err)
{
    struct train_stage *stage = attempt->state;
    error_prefix(err, "channel %s: s3://%s/%.300s", channel_names[stage->channel],
                 stage->places[stage->channel].bucket, stage->places[stage->channel].key);
    return STEP_FAIL;
}

/* ---- read schema, check data */

static void start_transfer(struct attempt *attempt, enum channel channel, transfer_take_fn take,
                           void *take_context)
{
    struct train_stage *stage = attempt->state;
    const struct object_place *place = &stage->places[channel];
    stage->transfer = (struct transfer){
        .store = attempt->spec.services->objects,
        .bucket = place->bucket,
        .key = place->key,
        .sha256 = place->sha256,
        .take = take,
        .take_context = take_context,
    };
    attempt_await(attempt, &stage->transfer.op);
    transfer_start(attempt->spec.loop, &stage->transfer);
}

static void stop_transfer(struct attempt *attempt, bool is_kill)
{
    struct train_stage *stage = attempt->state;
    (void)is_kill;
    transfer_cancel(&stage->transfer);
}

static void schema_begin(struct attempt *attempt)
{
    struct train_stage *stage = attempt->state;
    buf_reset(&stage->schema_text);
    start_transfer(attempt, CHANNEL_SCHEMA, buf_sink_take, &stage->schema_text);
}

static enum step_next schema_end(struct attempt *attempt, struct error *err)
{
    struct train_stage *stage = attempt->state;
    stage->schema = json_parse(buf_str(&stage->schema_text), err);
    if (stage->schema == NULL || !row_scan_check_schema(stage->schema, err)) {
        return STEP_FAIL;
    }
    stage->channel = CHANNEL_TRAIN;
    return STEP_NEXT;
}

static void data_begin(struct attempt *attempt)
{
    struct train_stage *stage = attempt->state;
    row_scan_done(&stage->scan);
    row_scan_init(&stage->scan, stage->schema);
    start_transfer(attempt, (enum channel)stage->channel, row_scan_take, &stage->scan);
}

static enum step_next data_end(struct attempt *attempt, struct error *err)
{
    struct train_stage *stage = attempt->state;
    const char *name = channel_names[stage->channel];
    const struct json *channels = json_get(attempt->spec.parameters, "channels");
    int64_t rows = json_int_or(json_get(channels, name), "rows", -1);
    if (rows >= 0 && (uint64_t)rows != stage->scan.rows) {
        error_set(err, ERROR_PERMANENT, "bad_training_data",
                  "channel %s has %llu rows, expected %lld", name,
                  (unsigned long long)stage->scan.rows, (long long)rows);
        return STEP_FAIL;
    }
    attempt_log(attempt, "info", "channel=%s rows=%llu positives=%llu columns=%zu bytes=%llu", name,
                (unsigned long long)stage->scan.rows, (unsigned long long)stage->scan.positives,
                stage->scan.column_count, (unsigned long long)stage->transfer.size_bytes);
    bool has_more =
        stage->channel == CHANNEL_TRAIN && stage->places[CHANNEL_VALIDATION].bucket != NULL;
    stage->channel = CHANNEL_VALIDATION;
    return has_more ? STEP_AGAIN : STEP_NEXT;
}

/* ---- submit job */

static void submit_begin(struct attempt *attempt)
{
    struct train_stage *stage = attempt->state;
    const struct attempt_spec *spec = &attempt->spec;
    struct train_request request = {
        .parameters = spec->parameters,
        .job_name = stage->job_name,
        .intent = spec->intent,
        .run_id = spec->run_id,
        .stage = spec->stage,
        .limit_ms = attempt_deadline_ms(attempt),
    };
    json_free(stage->request);
    stage->request = train_request_json(&request);
    stage->create = (struct training_create){.request = stage->request};
    attempt->has_remote_work = true; /* from here on there may be a job */
    attempt_log(attempt, "info", "job=%s submitted intent=%s", stage->job_name, spec->intent);
    attempt_await(attempt, &stage->create.op);
    training_create_start(service_of(attempt), &stage->create);
}

static enum step_next submit_end(struct attempt *attempt, struct error *err)
{
    struct train_stage *stage = attempt->state;
    (void)err;
    stage->is_ours = true;
    return jump(attempt, STEP_WAIT);
}

static enum step_next submit_failed(struct attempt *attempt, struct error *err)
{
    struct train_stage *stage = attempt->state;
    bool is_taken = error_is(err, "name_taken");
    if (!is_taken && err->error_class != ERROR_TRANSIENT) {
        attempt->has_remote_work = false;
        return STEP_FAIL;
    }
    stage->create_error = *err;
    stage->find_reason = is_taken ? FIND_NAME_TAKEN : FIND_LOST_ANSWER;
    return STEP_NEXT;
}

/* ---- find job: is there one of our name, and is it ours? */

static bool has_our_intent(const struct attempt *attempt)
{
    const struct train_stage *stage = attempt->state;
    return strcmp(stage->describe.job.intent, attempt->spec.intent) == 0;
}

static enum step_next fail_clash(struct attempt *attempt, struct error *err)
{
    const struct train_stage *stage = attempt->state;
    attempt->has_remote_work = false; /* not ours to stop */
    error_set(
        err, ERROR_PERMANENT, "name_clash",
        "training job %s exists already and belongs to somebody else (intent '%.80s', ours is "
        "'%s'); set another 'job_name_prefix'",
        stage->job_name, stage->describe.job.intent, attempt->spec.intent);
    return STEP_FAIL;
}

static enum step_next find_end(struct attempt *attempt, struct error *err)
{
    struct train_stage *stage = attempt->state;
    const struct training_job *job = &stage->describe.job;
    bool has_ended_badly = job->state == TRAINING_FAILED || job->state == TRAINING_STOPPED;
    stage->failures = 0;
    if (!has_our_intent(attempt)) {
        return fail_clash(attempt, err);
    }
    stage->is_ours = true;
    if (has_ended_badly && stage->find_reason == FIND_NAME_TAKEN) {
        attempt->has_remote_work = false;
        error_set(err, ERROR_TRANSIENT, "previous_try",
                  "training job %s exists already and has ended as %s", stage->job_name,
                  job->status);
        return STEP_FAIL;
    }
    attempt_log(attempt, "info", "job=%s found status=%s: goes on with it", stage->job_name,
                job->status);
    return jump(attempt, STEP_WAIT);
}

static enum step_next find_failed(struct attempt *attempt, struct error *err)
{
    struct train_stage *stage = attempt->state;
    if (!error_is(err, "not_found")) {
        return tolerate(attempt, err);
    }
    attempt->has_remote_work = false;
    if (stage->find_reason == FIND_ADOPTION) {
        attempt_log(attempt, "info", "job=%s was never submitted: starts from the beginning",
                    stage->job_name);
        return jump(attempt, STEP_CHANNELS);
    }
    *err = stage->create_error;
    err->error_class = ERROR_TRANSIENT;
    return STEP_FAIL;
}

/* ---- wait for job: describe it, read its log, again and again */

static void report_training(struct attempt *attempt, bool is_forced)
{
    struct train_stage *stage = attempt->state;
    int64_t now_ms = attempt->spec.clock->monotonic_ms(attempt->spec.clock);
    bool has_news = json_count(stage->new_rounds) > 0 ||
                    strcmp(stage->secondary_status, stage->describe.job.secondary_status) != 0;
    if (!has_news || (!is_forced && now_ms - stage->reported_ms < REPORT_INTERVAL_MS)) {
        return;
    }
    stage->reported_ms = now_ms;
    memcpy(stage->secondary_status, stage->describe.job.secondary_status,
           sizeof(stage->secondary_status));
    struct json *body = json_object();
    struct json *job = json_object();
    json_set_text(job, "name", stage->job_name);
    json_set_text(job, "status", stage->describe.job.status);
    json_set_text(job, "secondary_status", stage->describe.job.secondary_status);
    json_set(body, "job", job);
    json_set_int(body, "done", stage->rounds);
    if (stage->num_round > 0) {
        json_set_int(body, "total", stage->num_round);
    }
    json_set_text(body, "unit", "rounds");
    json_set_text(body, "detail", stage->describe.job.secondary_status);
    json_set(body, "metrics", json_copy(stage->metrics));
    json_set(body, "rounds", stage->new_rounds);
    stage->new_rounds = json_array();
    attempt_report(attempt, body);
}

static void take_round(struct train_stage *stage, struct str line)
{
    int64_t round;
    struct json *metrics = NULL;
    if (!round_line_parse(line, &round, &metrics)) {
        return;
    }
    json_free(stage->metrics);
    stage->metrics = metrics;
    stage->rounds = round + 1;
    if (json_count(stage->new_rounds) >= PENDING_ROUNDS_MAX) {
        json_free(stage->new_rounds);
        stage->new_rounds = json_array();
    }
    struct json *pair = json_array();
    json_append(pair, json_int(round));
    json_append(pair, json_copy(metrics));
    json_append(stage->new_rounds, pair);
}

static void take_log(struct attempt *attempt)
{
    struct train_stage *stage = attempt->state;
    struct str rest = buf_str(&stage->logs.text);
    while (rest.len > 0) {
        struct str line = str_split(rest, '\n', &rest);
        take_round(stage, line);
        attempt_log_line(attempt, "out", line);
    }
}

static enum step_next end_failed_job(const struct training_job *job, struct error *err)
{
    /* DescribeTrainingJob, FailureReason: its first word says whose fault it is. */
    static const struct {
        const char *word;
        enum error_class error_class;
    } table[] = {
        {"AlgorithmError", ERROR_PERMANENT},
        {"ClientError", ERROR_PERMANENT},
        {"InternalServerError", ERROR_TRANSIENT},
        {"CapacityError", ERROR_TRANSIENT},
    };
    const char *code = "training_failed";
    enum error_class error_class = ERROR_PERMANENT;
    struct buf reason;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (str_starts_with(str_from(job->failure_reason), str_from(table[i].word))) {
            code = table[i].word;
            error_class = table[i].error_class;
        }
    }
    buf_init(&reason, 4 * ERROR_MESSAGE_SIZE);
    utf8_append_printable(&reason, str_from(job->failure_reason));
    error_set(err, error_class, code, "training job %s failed: %s", job->name,
              reason.len > 0 ? buf_text(&reason) : "no reason is given");
    buf_done(&reason);
    return STEP_FAIL;
}

/* Stopped, but not by us: we would not be here. */
static enum step_next end_stopped_job(const struct training_job *job, struct error *err)
{
    if (strcmp(job->secondary_status, "MaxRuntimeExceeded") == 0) {
        error_set(err, ERROR_TRANSIENT, "timeout",
                  "training job %s reached its own time limit and was stopped", job->name);
    } else {
        error_set(err, ERROR_PERMANENT, "job_stopped", "training job %s was stopped by somebody",
                  job->name);
    }
    return STEP_FAIL;
}

static bool find_model(struct train_stage *stage, struct error *err)
{
    const struct training_job *job = &stage->describe.job;
    if (job->model_uri[0] == '\0') {
        return error_set(err, ERROR_PERMANENT, "no_model",
                         "training job %s is completed, but names no model", stage->job_name);
    }
    return object_parse_uri(str_from(job->model_uri), &stage->model_bucket, &stage->model_key, err);
}

static enum step_next judge_job(struct attempt *attempt, struct error *err)
{
    struct train_stage *stage = attempt->state;
    const struct training_job *job = &stage->describe.job;
    report_training(attempt, job->state != TRAINING_RUNNING);
    if (job->state == TRAINING_RUNNING) {
        stage->turn = TURN_DESCRIBE;
        attempt->delay_ms = service_of(attempt)->ops->poll_interval_ms;
        return STEP_REPEAT;
    }
    attempt->has_remote_work = false;
    if (job->state == TRAINING_FAILED) {
        return end_failed_job(job, err);
    }
    if (job->state == TRAINING_STOPPED) {
        return end_stopped_job(job, err);
    }
    return find_model(stage, err) ? STEP_NEXT : STEP_FAIL;
}

static void wait_begin(struct attempt *attempt)
{
    struct train_stage *stage = attempt->state;
    if (stage->turn == TURN_DESCRIBE) {
        describe_begin(attempt);
        return;
    }
    buf_reset(&stage->logs.text);
    attempt_await(attempt, &stage->logs.op);
    training_logs_start(service_of(attempt), &stage->logs);
}

static void tell_running(struct attempt *attempt)
{
    struct train_stage *stage = attempt->state;
    const struct attempt_hooks *hooks = attempt->spec.hooks;
    if (stage->describe.job.has_begun && !stage->has_told_running) {
        stage->has_told_running = true;
        hooks->running(hooks->context, attempt);
    }
}

static enum step_next wait_end(struct attempt *attempt, struct error *err)
{
    struct train_stage *stage = attempt->state;
    if (stage->turn == TURN_DESCRIBE) {
        stage->failures = 0;
        stage->turn = TURN_LOGS;
        stage->log_reads = 0;
        tell_running(attempt);
        return STEP_AGAIN;
    }
    take_log(attempt);
    bool has_more = stage->logs.text.len > 0 && ++stage->log_reads < LOG_READS_MAX;
    return has_more ? STEP_AGAIN : judge_job(attempt, err);
}

/* A job just submitted may be unknown for a moment; a log that cannot be read stops nothing. */
static enum step_next wait_failed(struct attempt *attempt, struct error *err)
{
    struct train_stage *stage = attempt->state;
    if (stage->turn == TURN_DESCRIBE) {
        if (error_is(err, "not_found")) {
            err->error_class = ERROR_TRANSIENT;
        }
        return tolerate(attempt, err);
    }
    if (!stage->has_told_log_trouble) {
        stage->has_told_log_trouble = true;
        attempt_log(attempt, "warn", "job=%s its log cannot be read now: %s", stage->job_name,
                    err->message);
    }
    return judge_job(attempt, err);
}

/* ---- fetch outcome */

static void outcome_begin(struct attempt *attempt)
{
    struct train_stage *stage = attempt->state;
    stage->head = (struct object_head){.bucket = stage->model_bucket, .key = stage->model_key};
    attempt_await(attempt, &stage->head.op);
    object_head_start(attempt->spec.services->objects, &stage->head);
}

static struct json *model_json(const struct train_stage *stage)
{
    struct json *model = json_object();
    json_set_text(model, "bucket", stage->model_bucket);
    json_set_text(model, "key", stage->model_key);
    json_set_int(model, "size_bytes", (int64_t)stage->head.info.size_bytes);
    if (stage->head.info.sha256[0] != '\0') {
        json_set_text(model, "sha256", stage->head.info.sha256);
    }
    return model;
}

static enum step_next outcome_end(struct attempt *attempt, struct error *err)
{
    struct train_stage *stage = attempt->state;
    const struct training_job *job = &stage->describe.job;
    const struct json *channels = json_get(attempt->spec.parameters, "channels");
    if (stage->head.info.size_bytes == 0) {
        error_set(err, ERROR_PERMANENT, "no_model", "%s is empty", job->model_uri);
        return STEP_FAIL;
    }
    struct json *outputs = json_object();
    json_set_text(outputs, "training_job_name", stage->job_name);
    json_set_text(outputs, "model_uri", job->model_uri);
    json_set(outputs, "model", model_json(stage));
    json_set_int(outputs, "rounds", stage->rounds);
    json_set(outputs, "metrics", json_copy(stage->metrics));
    json_set_int(outputs, "billable_ms", job->billable_ms);
    json_set(outputs, "schema", json_copy(json_get(channels, "schema")));
    attempt->outputs = outputs;
    return STEP_DONE;
}

/* The training is paid for: a hiccup of the store is no reason to pay again. */
static enum step_next outcome_failed(struct attempt *attempt, struct error *err)
{
    struct train_stage *stage = attempt->state;
    if (error_is(err, "not_found")) {
        error_set(err, ERROR_PERMANENT, "no_model",
                  "training job %s is completed, but %.700s is not there", stage->job_name,
                  stage->describe.job.model_uri);
        return STEP_FAIL;
    }
    return tolerate(attempt, err);
}

/* ---- stop job: ask for it, then wait until it has ended */

static void stop_begin(struct attempt *attempt)
{
    struct train_stage *stage = attempt->state;
    if (stage->turn != TURN_STOP) {
        describe_begin(attempt);
        return;
    }
    stage->stop = (struct training_stop){.name = stage->job_name};
    attempt_await(attempt, &stage->stop.op);
    training_stop_start(service_of(attempt), &stage->stop);
}

static enum step_next stop_end(struct attempt *attempt, struct error *err)
{
    struct train_stage *stage = attempt->state;
    const struct training_job *job = &stage->describe.job;
    (void)err;
    stage->failures = 0;
    if (stage->turn == TURN_STOP) {
        stage->is_stop_sent = true;
        stage->turn = TURN_DESCRIBE;
        return STEP_AGAIN;
    }
    bool is_ours = stage->is_ours || has_our_intent(attempt);
    if (!is_ours || job->state != TRAINING_RUNNING) {
        attempt_log(attempt, "info", "job=%s status=%s%s", stage->job_name, job->status,
                    is_ours ? "" : " is not ours: left alone");
        return STEP_DONE;
    }
    if (!stage->is_stop_sent) {
        stage->turn = TURN_STOP;
        return STEP_AGAIN;
    }
    attempt->delay_ms = service_of(attempt)->ops->poll_interval_ms;
    return STEP_REPEAT;
}

static enum step_next stop_failed(struct attempt *attempt, struct error *err)
{
    struct train_stage *stage = attempt->state;
    if (error_is(err, "not_found")) {
        return STEP_DONE;
    }
    enum step_next next = tolerate(attempt, err);
    if (next == STEP_FAIL) {
        error_prefix(err, "training job %s may still be running and costing money",
                     stage->job_name);
    }
    return next;
}

static const struct step train_steps[] = {
    [STEP_CHANNELS] = {.name = "look up channels",
                       .begin = channels_begin,
                       .end = channels_end,
                       .failed = channels_failed},
    [STEP_SCHEMA] = {.name = "read schema",
                     .begin = schema_begin,
                     .end = schema_end,
                     .cancel = stop_transfer},
    [STEP_DATA] = {.name = "check data",
                   .begin = data_begin,
                   .end = data_end,
                   .cancel = stop_transfer},
    [STEP_SUBMIT] = {.name = "submit job",
                     .begin = submit_begin,
                     .end = submit_end,
                     .failed = submit_failed},
    [STEP_FIND] = {.name = "find job",
                   .begin = describe_begin,
                   .end = find_end,
                   .failed = find_failed},
    [STEP_WAIT] = {.name = "wait for job",
                   .begin = wait_begin,
                   .end = wait_end,
                   .failed = wait_failed},
    [STEP_OUTCOME] = {.name = "fetch outcome",
                      .begin = outcome_begin,
                      .end = outcome_end,
                      .failed = outcome_failed},
};

const struct stage_kind stage_kind_train = {
    .parameters = train_parameters,
    .parameter_count = TRAIN_PARAMETER_COUNT,
    .check = train_check_parameters,
    .state_size = sizeof(struct train_stage),
    .init = train_init,
    .done = train_done,
    .steps = train_steps,
    .step_count = sizeof(train_steps) / sizeof(train_steps[0]),
    .adopt_step = STEP_FIND,
    .stop = {.name = "stop job", .begin = stop_begin, .end = stop_end, .failed = stop_failed},
};
