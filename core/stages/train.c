/* train: a job on the training service, from the look at its data to its model. The job costs money
 * and lives on without us: so it has one name for ever, is found again by it, and is stopped
 * whenever the try ends in another way than by the job's own end. */
#include "core/stages/train_stage.h"

#include "core/base/backoff.h"

#include <stdlib.h>
#include <string.h>

enum {
    LOG_READ_MAX = 1 << 20,
    FAILURES_MAX = 10, /* in a row, while the job goes on without us */
    LOOKS_MAX = 4,     /* for a job that may turn up yet */
    BACKOFF_MAX_MS = 60000,
};
#define POLL_GROWTH 1.5
#define POLL_JITTER 0.2 /* many runners do not ask in step */

/* ---- what all steps share */

struct training_service *train_service(const struct attempt *attempt)
{
    return attempt->spec.services->training;
}

void train_describe_begin(struct attempt *attempt)
{
    struct train_stage *stage = attempt->state;
    stage->describe = (struct training_describe){.name = stage->job_name};
    attempt_await(attempt, &stage->describe.op);
    training_describe_start(train_service(attempt), &stage->describe);
}

static void wait_after_trouble(struct attempt *attempt, const struct error *err, int nth, int most)
{
    const struct train_stage *stage = attempt->state;
    int64_t first_ms = train_service(attempt)->ops->poll_first_ms;
    first_ms = first_ms < 1 ? 1 : first_ms;
    struct backoff backoff = {
        .first_ms = first_ms,
        .max_ms = first_ms > BACKOFF_MAX_MS ? first_ms : BACKOFF_MAX_MS,
    };
    attempt->delay_ms = backoff_delay_ms(backoff, nth, random_next(&attempt->random));
    attempt_log(attempt, "warn", "job=%s trouble=%d of %d retry_in_ms=%lld: %s", stage->job_name,
                nth, most, (long long)attempt->delay_ms, err->message);
}

/* Trouble on the way to a job that goes on without us: wait and ask again, but not for ever. */
enum step_next train_tolerate(struct attempt *attempt, struct error *err)
{
    struct train_stage *stage = attempt->state;
    if (err->error_class != ERROR_TRANSIENT || ++stage->failures >= FAILURES_MAX) {
        stage->failures = 0;
        return STEP_FAIL;
    }
    wait_after_trouble(attempt, err, stage->failures, FAILURES_MAX);
    return STEP_REPEAT;
}

/* The service may not know yet what it was just told, and a request whose answer was lost may still
 * be on its way: that the job we asked for is not there is believed only after a while. */
static bool may_turn_up(struct attempt *attempt, const struct error *err)
{
    struct train_stage *stage = attempt->state;
    bool was_asked_for = stage->request != NULL;
    if (!was_asked_for || stage->was_seen || ++stage->looks >= LOOKS_MAX) {
        return false;
    }
    wait_after_trouble(attempt, err, stage->looks, LOOKS_MAX);
    return true;
}

int64_t train_poll_delay_ms(struct attempt *attempt)
{
    struct train_stage *stage = attempt->state;
    const struct training_service_ops *ops = train_service(attempt)->ops;
    double delay_ms = (double)ops->poll_first_ms;
    for (int i = 0; i < stage->polls && delay_ms < (double)ops->poll_max_ms; i++) {
        delay_ms *= POLL_GROWTH;
    }
    stage->polls++;
    if (ops->poll_first_ms == ops->poll_max_ms) {
        return ops->poll_first_ms;
    }
    delay_ms = delay_ms < (double)ops->poll_max_ms ? delay_ms : (double)ops->poll_max_ms;
    return (int64_t)(delay_ms * (1 - POLL_JITTER * random_unit(&attempt->random)));
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
    buf_init(&stage->logs.text, LOG_READ_MAX);
    train_read_places(attempt);
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
    training_create_start(train_service(attempt), &stage->create);
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
    if (!is_taken && stage->create.was_refused) {
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
    stage->was_seen = true;
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
        return train_tolerate(attempt, err);
    }
    if (may_turn_up(attempt, err)) {
        return STEP_REPEAT;
    }
    attempt->has_remote_work = false;
    if (stage->find_reason == FIND_ADOPTION) {
        attempt_log(attempt, "info", "job=%s was never submitted: starts from the beginning",
                    stage->job_name);
        return jump(attempt, STEP_CHANNELS);
    }
    *err = stage->create_error;
    if (stage->find_reason == FIND_NAME_TAKEN) { /* another try would be another job beside it */
        err->error_class = ERROR_PERMANENT;
        error_prefix(err,
                     "training job %s cannot be described and may be running and costing money",
                     stage->job_name);
    }
    return STEP_FAIL;
}

/* ---- stop job: ask for it, then wait until it has ended */

static void stop_begin(struct attempt *attempt)
{
    struct train_stage *stage = attempt->state;
    if (stage->turn != TURN_STOP) {
        train_describe_begin(attempt);
        return;
    }
    stage->stop = (struct training_stop){.name = stage->job_name};
    attempt_await(attempt, &stage->stop.op);
    training_stop_start(train_service(attempt), &stage->stop);
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
    stage->was_seen = true;
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
    attempt->delay_ms = train_poll_delay_ms(attempt);
    return STEP_REPEAT;
}

static enum step_next stop_failed(struct attempt *attempt, struct error *err)
{
    struct train_stage *stage = attempt->state;
    bool is_missing = error_is(err, "not_found");
    if (is_missing && may_turn_up(attempt, err)) {
        return STEP_REPEAT;
    }
    if (is_missing && (stage->was_seen || !stage->is_ours)) {
        return STEP_DONE;
    }
    enum step_next next = is_missing ? STEP_FAIL : train_tolerate(attempt, err);
    if (next == STEP_FAIL) {
        error_prefix(err, "training job %s may still be running and costing money",
                     stage->job_name);
    }
    return next;
}

static const struct step train_steps[] = {
    [STEP_CHANNELS] = {.name = "look up channels",
                       .begin = train_channels_begin,
                       .end = train_channels_end,
                       .failed = train_channels_failed},
    [STEP_SCHEMA] = {.name = "read schema", .begin = train_schema_begin, .end = train_schema_end},
    [STEP_DATA] = {.name = "check data", .begin = train_data_begin, .end = train_data_end},
    [STEP_SUBMIT] = {.name = "submit job",
                     .begin = submit_begin,
                     .end = submit_end,
                     .failed = submit_failed},
    [STEP_FIND] = {.name = "find job",
                   .begin = train_describe_begin,
                   .end = find_end,
                   .failed = find_failed},
    [STEP_WAIT] = {.name = "wait for job",
                   .begin = train_wait_begin,
                   .end = train_wait_end,
                   .failed = train_wait_failed},
    [STEP_OUTCOME] = {.name = "fetch outcome",
                      .begin = train_outcome_begin,
                      .end = train_outcome_end,
                      .failed = train_outcome_failed},
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
