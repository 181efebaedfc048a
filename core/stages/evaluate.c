/* evaluate: the model of a training job, scored on the test set and judged by the gate. The model
 * is foreign matter: only a child without network, environment or much memory ever opens it. */
#include "core/base/alloc.h"
#include "core/base/utf8.h"
#include "core/loop/process.h"
#include "core/ports/training_service.h"
#include "core/run/gate.h"
#include "core/stages/kind.h"
#include "core/stages/object_check.h"
#include "core/stages/transfer.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define GIB ((uint64_t)1 << 30)

enum {
    REPORT_MAX_BYTES = 1 << 20,
    SCHEMA_MAX_BYTES = 1 << 20,
    RULES_MAX = 100,
    EXIT_BAD_DATA = 65, /* sysexits.h, EX_DATAERR: trying again is useless */
    EXIT_TEXT_SIZE = 80,
    DEFAULT_DEADLINE_MS = 600000,
    ARGUMENTS_MAX = 16,
};

enum file { FILE_MODEL, FILE_TEST, FILE_TRAIN, FILE_SCHEMA, FILE_COUNT };

static const struct {
    const char *parameter; /* NULL: its place comes from the job */
    const char *name, *option;
    uint64_t size_limit;
} files[FILE_COUNT] = {
    [FILE_MODEL] = {NULL, "model.tar.gz", "--model", GIB},
    [FILE_TEST] = {"test", "test.csv", "--test", 0},
    [FILE_TRAIN] = {"train", "train.csv", "--train", 0},
    [FILE_SCHEMA] = {"schema", "schema.json", "--schema", SCHEMA_MAX_BYTES},
};

struct evaluate_stage {
    struct training_describe describe;
    char *model_bucket, *model_key;
    struct object_place places[FILE_COUNT]; /* bucket NULL: not given */
    char *paths[FILE_COUNT];
    char digests[FILE_COUNT][DIGEST_HEX_SIZE];
    size_t at;
    struct file_sink sink;
    struct transfer transfer;
    const char *argv[ARGUMENTS_MAX];
    struct process process;
    struct json *report; /* of the child */
};

static const struct parameter evaluate_parameters[] = {
    {.name = "training_job_name",
     .type = PARAMETER_TEXT,
     .is_required = true,
     .min = 1,
     .max = TRAINING_NAME_SIZE - 1},
    PARAMETER_PLACE("test", true),
    PARAMETER_PLACE("train", false),
    PARAMETER_PLACE("schema", true),
    {.name = "rules", .type = PARAMETER_LIST, .is_required = true, .min = 1, .max = RULES_MAX},
};

static bool evaluate_check(const struct json *parameters, struct error *err)
{
    const struct json *rules = json_get(parameters, "rules");
    return parameters_is_reference(rules) || gate_check_rules(rules, err) ||
           error_prefix(err, "parameter 'rules'");
}

static bool evaluate_init(struct attempt *attempt, struct error *err)
{
    struct evaluate_stage *stage = attempt->state;
    const struct json *parameters = attempt->spec.parameters;
    (void)err;
    for (size_t i = 0; i < FILE_COUNT; i++) {
        stage->paths[i] = attempt_path(attempt, files[i].name);
        if (files[i].parameter != NULL) {
            object_place_read(json_get(parameters, files[i].parameter), &stage->places[i]);
        }
    }
    stage->describe.name = json_text_or(parameters, "training_job_name", "");
    return true;
}

static void evaluate_done(struct attempt *attempt)
{
    struct evaluate_stage *stage = attempt->state;
    for (size_t i = 0; i < FILE_COUNT; i++) {
        free(stage->paths[i]);
    }
    free(stage->model_bucket);
    free(stage->model_key);
    file_sink_done(&stage->sink);
    process_done(&stage->process);
    json_free(stage->report);
}

/* ---- find model: where it lies is what the job says, not what we would expect */

static void find_begin(struct attempt *attempt)
{
    struct evaluate_stage *stage = attempt->state;
    attempt_await(attempt, &stage->describe.op);
    training_describe_start(attempt->spec.services->training, &stage->describe);
}

static enum step_next find_end(struct attempt *attempt, struct error *err)
{
    struct evaluate_stage *stage = attempt->state;
    const struct training_job *job = &stage->describe.job;
    if (job->state != TRAINING_SUCCEEDED || job->model_uri[0] == '\0') {
        error_set(err, ERROR_PERMANENT, "no_model",
                  "training job %s has no model: its status is %s", stage->describe.name,
                  job->status);
        return STEP_FAIL;
    }
    if (!object_parse_uri(str_from(job->model_uri), &stage->model_bucket, &stage->model_key, err)) {
        return STEP_FAIL;
    }
    stage->places[FILE_MODEL] =
        (struct object_place){stage->model_bucket, stage->model_key, "", -1};
    return STEP_NEXT;
}

static enum step_next find_failed(struct attempt *attempt, struct error *err)
{
    struct evaluate_stage *stage = attempt->state;
    error_prefix(err, "training job %s", stage->describe.name);
    return STEP_FAIL;
}

/* ---- fetch files */

static void fetch_begin(struct attempt *attempt)
{
    struct evaluate_stage *stage = attempt->state;
    if (stage->places[stage->at].bucket == NULL) {
        stage->at++; /* only train may be absent, and schema follows it */
    }
    const struct object_place *place = &stage->places[stage->at];
    stage->sink = (struct file_sink){.path = stage->paths[stage->at]};
    stage->transfer = (struct transfer){
        .store = attempt->spec.services->objects,
        .bucket = place->bucket,
        .key = place->key,
        .sha256 = place->sha256,
        .size_limit = files[stage->at].size_limit,
        .take = file_sink_take,
        .take_context = &stage->sink,
    };
    attempt_await(attempt, &stage->transfer.op);
    transfer_start(attempt->spec.loop, &stage->transfer);
}

static enum step_next fetch_end(struct attempt *attempt, struct error *err)
{
    struct evaluate_stage *stage = attempt->state;
    (void)err;
    file_sink_done(&stage->sink);
    memcpy(stage->digests[stage->at], stage->transfer.digest_hex, DIGEST_HEX_SIZE);
    attempt_log(attempt, "info", "file=%s bytes=%llu sha256=%s", files[stage->at].name,
                (unsigned long long)stage->transfer.size_bytes, stage->transfer.digest_hex);
    stage->at++;
    return stage->at < FILE_COUNT ? STEP_AGAIN : STEP_NEXT;
}

static enum step_next fetch_failed(struct attempt *attempt, struct error *err)
{
    struct evaluate_stage *stage = attempt->state;
    error_prefix(err, "%s", files[stage->at].name);
    return STEP_FAIL;
}

/* ---- score model */

static void build_argv(const struct attempt *attempt, struct evaluate_stage *stage)
{
    size_t count = 0;
    stage->argv[count++] = attempt->spec.services->model_program;
    stage->argv[count++] = "evaluate";
    for (size_t i = 0; i < FILE_COUNT; i++) {
        if (stage->places[i].bucket != NULL) {
            stage->argv[count++] = files[i].option;
            stage->argv[count++] = stage->paths[i];
        }
    }
    stage->argv[count++] = "--work";
    stage->argv[count++] = attempt->spec.work_folder;
    stage->argv[count] = NULL;
}

static void score_begin(struct attempt *attempt)
{
    struct evaluate_stage *stage = attempt->state;
    int64_t deadline_ms = attempt_deadline_ms(attempt);
    build_argv(attempt, stage);
    stage->process = (struct process){
        .argv = stage->argv,
        .folder = attempt->spec.work_folder,
        .output_limit = REPORT_MAX_BYTES,
        .on_error_line = attempt_log_output,
        .deadline_ms = deadline_ms > 0 ? deadline_ms : DEFAULT_DEADLINE_MS,
        .memory_limit_bytes = 8 * GIB,
    };
    attempt_await(attempt, &stage->process.op);
    process_start(attempt->spec.loop, &stage->process);
}

static void score_cancel(struct attempt *attempt, bool is_kill)
{
    struct evaluate_stage *stage = attempt->state;
    if (is_kill) {
        process_kill(&stage->process);
    } else {
        process_cancel(&stage->process);
    }
}

/* A signal of the kernel's for what the child did is the model's fault; one that somebody sent is
 * not. */
static bool is_sent_from_outside(int signum)
{
    return signum == SIGKILL || signum == SIGTERM || signum == SIGINT || signum == SIGHUP;
}

static enum step_next fail_by_signal(const struct process *process, struct error *err)
{
    char how[EXIT_TEXT_SIZE];
    process_describe_exit(process, how, sizeof(how));
    if (is_sent_from_outside(process->term_signal)) {
        error_set(err, ERROR_TRANSIENT, "evaluation_killed", "the evaluation was ended by %s", how);
    } else {
        error_set(err, ERROR_PERMANENT, "model_crashed",
                  "the evaluation crashed on this model: %s; the model file is malformed", how);
    }
    return STEP_FAIL;
}

/* {"error":{"class","code","message"}}; the exit code has the last word about the class. */
static enum step_next fail_by_exit(struct evaluate_stage *stage, struct error *err)
{
    struct error ignored;
    char how[EXIT_TEXT_SIZE];
    enum error_class error_class = ERROR_PERMANENT;
    struct json *report = json_parse(buf_str(&stage->process.output), &ignored);
    const struct json *told = json_get(report, "error");
    struct buf message;
    buf_init(&message, 4 * ERROR_MESSAGE_SIZE);
    process_describe_exit(&stage->process, how, sizeof(how));
    utf8_append_printable(&message, str_from(json_text_or(told, "message", "no reason is given")));
    if (stage->process.exit_code != EXIT_BAD_DATA) {
        error_class_from_name(str_from(json_text_or(told, "class", "")), &error_class);
    }
    error_set(err, error_class, json_text_or(told, "code", "evaluation_failed"), "%s: %s", how,
              buf_text(&message));
    buf_done(&message);
    json_free(report);
    return STEP_FAIL;
}

static enum step_next score_end(struct attempt *attempt, struct error *err)
{
    struct evaluate_stage *stage = attempt->state;
    if (stage->process.term_signal != 0) {
        return fail_by_signal(&stage->process, err);
    }
    if (stage->process.exit_code != 0) {
        return fail_by_exit(stage, err);
    }
    stage->report = json_parse(str_trim(buf_str(&stage->process.output)), err);
    if (stage->report == NULL || !json_is_object(json_path(stage->report, "splits.test"))) {
        error_set(err, ERROR_PERMANENT, "bad_evaluation", "%s gave no evaluation of the test set",
                  stage->argv[0]);
        return STEP_FAIL;
    }
    return STEP_NEXT;
}

/* ---- judge model */

static struct json *place_json(const struct evaluate_stage *stage, enum file file)
{
    struct json *place = json_object();
    json_set_text(place, "bucket", stage->places[file].bucket);
    json_set_text(place, "key", stage->places[file].key);
    json_set_text(place, "sha256", stage->digests[file]);
    return place;
}

/* What was judged, so that the verdict can be made again from the same bytes. */
static void add_origin(const struct evaluate_stage *stage, struct json *evaluation)
{
    struct json *objects = json_object();
    json_set_text(evaluation, "training_job_name", stage->describe.name);
    json_set_text(evaluation, "model_uri", stage->describe.job.model_uri);
    json_set(objects, "model", place_json(stage, FILE_MODEL));
    for (size_t i = FILE_TEST; i < FILE_COUNT; i++) {
        if (stage->places[i].bucket != NULL) {
            json_set(objects, files[i].parameter, place_json(stage, (enum file)i));
        }
    }
    json_set(evaluation, "objects", objects);
}

static struct json *metrics_json(const struct json *split)
{
    struct json *metrics = json_object();
    for (const struct json *item = json_first(split); item != NULL; item = json_next(item)) {
        double value;
        if (json_as_number(json_get(item, "value"), &value)) {
            json_set_number(metrics, json_name(item), value);
        }
    }
    return metrics;
}

static struct json *outputs_json(const struct evaluate_stage *stage, const struct json *gate)
{
    struct json *outputs = json_object();
    json_set_text(outputs, "verdict", json_text_or(gate, "verdict", ""));
    json_set(outputs, "metrics", metrics_json(json_path(stage->report, "splits.test")));
    json_set(outputs, "train_metrics", metrics_json(json_path(stage->report, "splits.train")));
    json_set_text(outputs, "training_job_name", stage->describe.name);
    json_set(outputs, "model", place_json(stage, FILE_MODEL));
    return outputs;
}

static enum step_next judge_end(struct attempt *attempt, struct error *err)
{
    struct evaluate_stage *stage = attempt->state;
    const struct json *rules = json_get(attempt->spec.parameters, "rules");
    struct json *gate = gate_judge(rules, stage->report, err);
    if (gate == NULL) {
        return STEP_FAIL;
    }
    const char *message = json_text_or(gate, "message", "");
    bool has_passed = gate_has_passed(gate);
    attempt_log(attempt, has_passed ? "info" : "error", "verdict=%s %s",
                json_text_or(gate, "verdict", ""), message);
    if (!has_passed) {
        error_set(err, ERROR_PERMANENT, "rejected", "%s", message);
    }
    attempt->outputs = outputs_json(stage, gate);
    add_origin(stage, stage->report);
    attempt->evaluation = json_object();
    json_set(attempt->evaluation, "evaluation", stage->report);
    json_set(attempt->evaluation, "gate", gate);
    stage->report = NULL;
    return has_passed ? STEP_DONE : STEP_REJECT;
}

static const struct step evaluate_steps[] = {
    {.name = "find model", .begin = find_begin, .end = find_end, .failed = find_failed},
    {.name = "fetch files", .begin = fetch_begin, .end = fetch_end, .failed = fetch_failed},
    {.name = "score model", .begin = score_begin, .end = score_end, .cancel = score_cancel},
    {.name = "judge model", .end = judge_end},
};

const struct stage_kind stage_kind_evaluate = {
    .parameters = evaluate_parameters,
    .parameter_count = sizeof(evaluate_parameters) / sizeof(evaluate_parameters[0]),
    .check = evaluate_check,
    .state_size = sizeof(struct evaluate_stage),
    .init = evaluate_init,
    .done = evaluate_done,
    .steps = evaluate_steps,
    .step_count = sizeof(evaluate_steps) / sizeof(evaluate_steps[0]),
};
