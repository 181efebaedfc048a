/* The long steps of train: the job is described and its log read, again and again, until it has
 * ended; then its model is looked up. */
#include "core/stages/train_stage.h"

#include "core/base/utf8.h"
#include "core/stages/round_line.h"

#include <stdlib.h>
#include <string.h>

enum {
    LOG_READS_MAX = 1000, /* for one poll: a flood of lines does not keep us from the status */
    LATE_READS = 5,       /* of the log, after the end of the job */
    REPORT_INTERVAL_MS = 250,
    POLL_TOLD_MS = 1000,      /* from here on each look at the job is told */
    PENDING_ROUNDS_MAX = 500, /* of one report; older ones are left out */
};

/* ---- wait for job: describe it, read its log, again and again */

static bool has_changed(const struct train_stage *stage)
{
    return strcmp(stage->secondary_status, stage->describe.job.secondary_status) != 0;
}

/* Who looks at a screen wants to know when the job was seen last, unless it is seen all the time.
 */
static bool polls_slowly(const struct attempt *attempt)
{
    return train_service(attempt)->ops->poll_max_ms >= POLL_TOLD_MS;
}

/* poll_ms: the time until the next look; 0: there will be none. */
static struct json *job_json(const struct attempt *attempt, int64_t poll_ms)
{
    const struct train_stage *stage = attempt->state;
    const struct training_job *described = &stage->describe.job;
    struct json *job = json_object();
    json_set_text(job, "name", stage->job_name);
    json_set_text(job, "status", described->status);
    json_set_text(job, "secondary_status", described->secondary_status);
    if (described->status_message[0] != '\0') {
        json_set_text(job, "message", described->status_message);
    }
    if (polls_slowly(attempt) && poll_ms > 0) {
        json_set_int(job, "poll_interval_ms", poll_ms);
    }
    if (described->billable_ms > 0) {
        json_set_int(job, "billable_ms", described->billable_ms);
    }
    return job;
}

static void report_training(struct attempt *attempt, int64_t poll_ms, bool is_forced)
{
    struct train_stage *stage = attempt->state;
    int64_t now_ms = attempt->spec.clock->monotonic_ms(attempt->spec.clock);
    bool has_news = json_count(stage->new_rounds) > 0 || has_changed(stage);
    bool is_due = is_forced || now_ms - stage->reported_ms >= REPORT_INTERVAL_MS;
    if (!polls_slowly(attempt) && !(has_news && is_due)) {
        return;
    }
    stage->reported_ms = now_ms;
    memcpy(stage->secondary_status, stage->describe.job.secondary_status,
           sizeof(stage->secondary_status));
    struct json *body = json_object();
    json_set(body, "job", job_json(attempt, poll_ms));
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

/* Lines may arrive after the end of the job, unless the last round has been seen. */
static bool must_wait_for_log(struct attempt *attempt)
{
    struct train_stage *stage = attempt->state;
    bool is_complete = stage->num_round > 0 && stage->rounds >= stage->num_round;
    attempt->delay_ms = train_service(attempt)->ops->log_lag_ms / LATE_READS;
    return attempt->delay_ms > 0 && !is_complete && stage->late_reads++ < LATE_READS;
}

static enum step_next judge_job(struct attempt *attempt, struct error *err)
{
    struct train_stage *stage = attempt->state;
    const struct training_job *job = &stage->describe.job;
    if (job->state == TRAINING_RUNNING) {
        stage->turn = TURN_DESCRIBE;
        stage->polls = has_changed(stage) ? 0 : stage->polls;
        attempt->delay_ms = train_poll_delay_ms(attempt);
        report_training(attempt, attempt->delay_ms, false);
        return STEP_REPEAT;
    }
    if (must_wait_for_log(attempt)) {
        stage->turn = TURN_LOGS;
        return STEP_REPEAT;
    }
    report_training(attempt, 0, true);
    attempt->has_remote_work = false;
    if (job->state == TRAINING_FAILED) {
        return end_failed_job(job, err);
    }
    if (job->state == TRAINING_STOPPED) {
        return end_stopped_job(job, err);
    }
    return find_model(stage, err) ? STEP_NEXT : STEP_FAIL;
}

void train_wait_begin(struct attempt *attempt)
{
    struct train_stage *stage = attempt->state;
    if (stage->turn == TURN_DESCRIBE) {
        train_describe_begin(attempt);
        return;
    }
    buf_reset(&stage->logs.text);
    attempt_await(attempt, &stage->logs.op);
    training_logs_start(train_service(attempt), &stage->logs);
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

enum step_next train_wait_end(struct attempt *attempt, struct error *err)
{
    struct train_stage *stage = attempt->state;
    if (stage->turn == TURN_DESCRIBE) {
        stage->failures = 0;
        stage->was_seen = true;
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
enum step_next train_wait_failed(struct attempt *attempt, struct error *err)
{
    struct train_stage *stage = attempt->state;
    if (stage->turn == TURN_DESCRIBE) {
        if (error_is(err, "not_found")) {
            err->error_class = ERROR_TRANSIENT;
        }
        return train_tolerate(attempt, err);
    }
    if (!stage->has_told_log_trouble) {
        stage->has_told_log_trouble = true;
        attempt_log(attempt, "warn", "job=%s its log cannot be read now: %s", stage->job_name,
                    err->message);
    }
    return judge_job(attempt, err);
}

/* ---- fetch outcome */

void train_outcome_begin(struct attempt *attempt)
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

enum step_next train_outcome_end(struct attempt *attempt, struct error *err)
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
enum step_next train_outcome_failed(struct attempt *attempt, struct error *err)
{
    struct train_stage *stage = attempt->state;
    if (error_is(err, "not_found")) {
        error_set(err, ERROR_PERMANENT, "no_model",
                  "training job %s is completed, but %.700s is not there", stage->job_name,
                  stage->describe.job.model_uri);
        return STEP_FAIL;
    }
    return train_tolerate(attempt, err);
}
