/* The port's operations, each by one call or two. */
#include "core/aws/sagemaker_service.h"

#include "core/aws/call.h"
#include "core/aws/poll_gate.h"
#include "core/aws/training_log.h"
#include "core/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POLL_MAX_TIMES = 6 };

struct sagemaker {
    struct training_service base;
    struct training_service_ops ops;
    struct aws_session *session;
    struct sagemaker_settings settings;
    char *gate_file;
    struct poll_gate gate;
};

static struct sagemaker *sagemaker_of(struct training_service *service)
{
    return (struct sagemaker *)(void *)service;
}

/* ---- one operation of the port */

struct task {
    struct aws_json_call call;
    struct sagemaker *service;
    struct op *op;
    void *request;
    struct json *input;
    int64_t delay_ms;     /* of the next call */
    struct error refusal; /* of a stop */
};

static struct task *task_new(struct training_service *service, struct op *op, void *request)
{
    struct task *task = xcalloc(1, sizeof(*task));
    op_begin(op, service->loop);
    task->service = sagemaker_of(service);
    task->op = op;
    task->request = request;
    return task;
}

static void task_end(struct task *task, const struct error *err)
{
    struct op *op = task->op;
    struct error copy;
    if (err != NULL) {
        copy = *err;
        aws_error_name_for_port(&copy);
    }
    aws_json_call_done(&task->call);
    json_free(task->input);
    free(task);
    op_finish(op, err == NULL ? NULL : &copy);
}

/* input is taken. Names are unique for ever, so even the creation of a job may be sent again. */
static void task_call(struct task *task, struct json *input, const char *target, op_done_fn done)
{
    aws_json_call_done(&task->call);
    json_free(task->input);
    task->input = input;
    task->call = (struct aws_json_call){.call = {.op = {.done = done, .context = task},
                                                 .is_idempotent = true,
                                                 .stall_timeout_ms = SAGEMAKER_STALL_MS,
                                                 .delay_ms = task->delay_ms},
                                        .request = input};
    aws_json_call_start(task->service->session, &task->call, AWS_SAGEMAKER, target);
}

static struct json *name_json(const char *job_name)
{
    struct json *input = json_object();
    json_set_text(input, "TrainingJobName", job_name);
    return input;
}

/* ---- create */

static void created(struct op *op, const struct error *err)
{
    struct task *task = op->context;
    struct training_create *req = task->request;
    struct error named;
    req->was_refused = err != NULL && !task->call.call.may_be_done;
    if (err != NULL && error_is(err, "ResourceInUse")) {
        named = *err;
        snprintf(named.code, sizeof(named.code), "name_taken");
        err = &named;
    }
    task_end(task, err);
}

static void sagemaker_create(struct training_service *service, struct training_create *req)
{
    struct task *task = task_new(service, &req->op, req);
    struct error err;
    struct json *whole = sagemaker_complete_request(
        req->request, &task->service->settings, aws_session_region(task->service->session), &err);
    if (whole == NULL) {
        req->was_refused = true;
        task_end(task, &err);
        return;
    }
    task_call(task, whole, "SageMaker.CreateTrainingJob", created);
}

/* ---- describe, not more often than the gate lets through */

static void described(struct op *op, const struct error *err)
{
    struct task *task = op->context;
    struct training_describe *req = task->request;
    struct error named;
    if (err == NULL && !sagemaker_read_job(task->call.response, &req->job, &named)) {
        err = &named;
    }
    if (err == NULL && strcmp(req->job.name, req->name) != 0) {
        error_set(&named, ERROR_PERMANENT, "bad_answer",
                  "DescribeTrainingJob: asked for %s, answered with %s", req->name, req->job.name);
        err = &named;
    }
    task_end(task, err);
}

static void cancel_look(void *context)
{
    struct task *task = context;
    aws_call_cancel(&task->call.call);
}

static void sagemaker_describe(struct training_service *service, struct training_describe *req)
{
    struct task *task = task_new(service, &req->op, req);
    struct clock *clock = aws_session_clock(task->service->session);
    task->delay_ms = poll_gate_take(&task->service->gate, clock->monotonic_ms(clock));
    op_on_cancel(&req->op, cancel_look, task);
    task_call(task, name_json(req->name), "SageMaker.DescribeTrainingJob", described);
}

/* ---- stop: refused for a job that has ended, which is as good */

static void refusal_explained(struct op *op, const struct error *err)
{
    struct task *task = op->context;
    struct training_job job;
    struct error ignored;
    bool is_over = err == NULL && sagemaker_read_job(task->call.response, &job, &ignored) &&
                   (job.state != TRAINING_RUNNING || strcmp(job.status, "Stopping") == 0);
    task_end(task, is_over ? NULL : &task->refusal);
}

static void stopped(struct op *op, const struct error *err)
{
    struct task *task = op->context;
    const struct training_stop *req = task->request;
    if (err != NULL && error_is(err, "ValidationException") && !aws_error_is_not_found(err)) {
        task->refusal = *err;
        task_call(task, name_json(req->name), "SageMaker.DescribeTrainingJob", refusal_explained);
    } else {
        task_end(task, err);
    }
}

static void sagemaker_stop(struct training_service *service, struct training_stop *req)
{
    struct task *task = task_new(service, &req->op, req);
    task_call(task, name_json(req->name), "SageMaker.StopTrainingJob", stopped);
}

/* ---- logs: where the reading stands is kept with the request */

static void cancel_log(void *context)
{
    training_log_cancel(context);
}

static void free_log(void *handle)
{
    training_log_free(handle);
}

static void sagemaker_logs(struct training_service *service, struct training_logs *req)
{
    op_begin(&req->op, service->loop);
    if (req->handle == NULL) {
        req->handle = training_log_new(sagemaker_of(service)->session, req->name);
        req->free_handle = free_log;
    }
    op_on_cancel(&req->op, cancel_log, req->handle);
    training_log_read(req->handle, req);
}

/* ---- life */

static void sagemaker_free(struct training_service *service)
{
    struct sagemaker *sagemaker = sagemaker_of(service);
    free(sagemaker->gate_file);
    free(sagemaker);
}

struct training_service *sagemaker_service_new(struct aws_session *session,
                                               const struct sagemaker_settings *settings,
                                               const char *gate_file, int64_t poll_first_ms)
{
    struct sagemaker *sagemaker = xcalloc(1, sizeof(*sagemaker));
    sagemaker->settings = *settings;
    sagemaker->session = session;
    sagemaker->gate_file = gate_file == NULL ? NULL : xstrdup(gate_file);
    sagemaker->gate = (struct poll_gate){.path = sagemaker->gate_file,
                                         .interval_ms = SAGEMAKER_GATE_INTERVAL_MS,
                                         .burst = SAGEMAKER_GATE_BURST};
    sagemaker->ops = (struct training_service_ops){
        .create = sagemaker_create,
        .describe = sagemaker_describe,
        .stop = sagemaker_stop,
        .logs = sagemaker_logs,
        .free = sagemaker_free,
        .poll_first_ms = poll_first_ms == 0 ? SAGEMAKER_POLL_FIRST_MS : poll_first_ms,
        .log_lag_ms = SAGEMAKER_LOG_LAG_MS,
    };
    sagemaker->ops.poll_max_ms = POLL_MAX_TIMES * sagemaker->ops.poll_first_ms;
    sagemaker->base =
        (struct training_service){.ops = &sagemaker->ops, .loop = aws_session_loop(session)};
    return &sagemaker->base;
}
