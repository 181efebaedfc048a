/* The calls of a deployment, one after another. */
#include "core/app/function_deploy.h"

#include "core/aws/lambda.h"
#include "core/base/alloc.h"
#include "core/base/base64.h"
#include "core/loop/timer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DIRECT_MAX = 50 * 1000 * 1000,
    READY_MS = 300000, /* a function in a VPC takes a minute or two */
    PAUSE_MS = 2000,
    TRIES_MAX = 20, /* of a call that comes too early */
};

static struct loop *loop_of(const struct function_deploy *deploy)
{
    return aws_session_loop(deploy->session);
}

static bool run(const struct function_deploy *deploy, struct lambda_call *call, struct error *err)
{
    lambda_call_start(deploy->session, call);
    return loop_await(loop_of(deploy), &call->op, err);
}

/* ---- waiting */

struct pause {
    struct op op;
    struct timer *timer;
};

static void pause_over(void *context)
{
    struct pause *pause = context;
    timer_free(pause->timer);
    op_finish(&pause->op, NULL);
}

static void wait_a_moment(const struct function_deploy *deploy)
{
    struct pause pause = {.timer = NULL};
    struct error ignored;
    op_begin(&pause.op, loop_of(deploy));
    pause.timer = timer_new(loop_of(deploy), pause_over, &pause);
    timer_arm(pause.timer, deploy->pause_ms > 0 ? deploy->pause_ms : PAUSE_MS);
    loop_await(loop_of(deploy), &pause.op, &ignored);
}

static bool judge_state(const char *name, const struct lambda_state *state, struct error *err)
{
    if (strcmp(state->state, "Failed") == 0) {
        return error_set(err, ERROR_PERMANENT, "function_not_active", "%s is Failed: %s", name,
                         state->state_reason);
    }
    return strcmp(state->update, "Failed") != 0 ||
           error_set(err, ERROR_PERMANENT, "function_update_failed", "the update of %s failed: %s",
                     name, state->update_reason);
}

static bool wait_until_ready(const struct function_deploy *deploy, const char *name,
                             bool may_have_failed, struct error *err)
{
    struct lambda_wait wait = {.name = name, .timeout_ms = READY_MS, .poll_ms = deploy->pause_ms};
    lambda_wait_start(deploy->session, &wait);
    bool is_ready = loop_await(loop_of(deploy), &wait.op, err) &&
                    (may_have_failed || judge_state(name, &wait.state, err));
    lambda_wait_done(&wait);
    return is_ready;
}

/* A new role is not known everywhere at once: Lambda says so with a code that says nothing. */
static bool is_too_early(const struct error *err)
{
    return error_is(err, "InvalidParameterValueException") &&
           strstr(err->message, "cannot be assumed") != NULL;
}

/* Tries again what comes too early, or while somebody else updates the function. */
static bool run_patiently(const struct function_deploy *deploy, struct lambda_call *call,
                          struct error *err)
{
    for (int try = 1;; try++) {
        bool is_done = run(deploy, call, err);
        bool is_busy = !is_done && call->operation != LAMBDA_CREATE &&
                       error_is(err, "ResourceConflictException");
        if (is_done || try == TRIES_MAX || !(is_busy || is_too_early(err))) {
            return is_done;
        }
        lambda_call_done(call);
        wait_a_moment(deploy);
        if (is_busy && !wait_until_ready(deploy, call->name, true, err)) {
            return false;
        }
    }
}

/* ---- the code */

static bool upload(const struct function_deploy *deploy, const char *key, struct error *err)
{
    struct loop *loop = loop_of(deploy);
    struct object_writer writer = {.bucket = deploy->bucket, .key = key, .stays_in_place = true};
    struct error ignored;
    object_create_start(deploy->objects, &writer);
    bool is_done = loop_await(loop, &writer.op, err);
    if (is_done) {
        object_write_start(&writer, buf_str(&deploy->package->zip));
        is_done = loop_await(loop, &writer.op, err);
    }
    if (is_done) {
        object_commit_start(&writer);
        is_done = loop_await(loop, &writer.op, err);
    }
    if (writer.handle != NULL) {
        object_abort_start(&writer);
        loop_await(loop, &writer.op, &ignored);
    }
    return is_done;
}

/* By its digest: the same package is uploaded once for all functions. */
static bool upload_once(const struct function_deploy *deploy, const char *key, struct error *err)
{
    struct object_head head = {.bucket = deploy->bucket, .key = key};
    object_head_start(deploy->objects, &head);
    if (loop_await(loop_of(deploy), &head.op, err)) {
        return true;
    }
    return error_is(err, "not_found") && upload(deploy, key, err);
}

/* Adds the code to `input`, in it or as a place in S3. */
static bool put_code(const struct function_deploy *deploy, struct json *input, struct error *err)
{
    const struct package *package = deploy->package;
    size_t direct_max = deploy->direct_max > 0 ? deploy->direct_max : DIRECT_MAX;
    if (package->zip.len > direct_max) {
        char *key = xasprintf("gatehouse-functions/%s.zip", package->sha256);
        bool is_there = upload_once(deploy, key, err);
        json_set_text(input, "S3Bucket", deploy->bucket);
        json_set_text(input, "S3Key", key);
        free(key);
        return is_there || error_prefix(err, "package in s3://%s", deploy->bucket);
    }
    struct buf text;
    buf_init(&text, package->zip.len * 2);
    base64_encode(buf_str(&package->zip), &text);
    json_set_str(input, "ZipFile", buf_str(&text));
    buf_done(&text);
    return true;
}

/* ---- looking */

/* out_configuration: NULL when there is no such function. */
static bool fetch(const struct function_deploy *deploy, const char *name,
                  struct json **out_configuration, struct error *err)
{
    struct lambda_call call = {.operation = LAMBDA_GET_CONFIGURATION, .name = name};
    bool is_told = run(deploy, &call, err);
    bool is_absent = !is_told && aws_error_is_not_found(err);
    *out_configuration = call.response;
    call.response = NULL;
    lambda_call_done(&call);
    return is_told || is_absent;
}

bool function_deploy_look(const struct function_deploy *deploy, struct function_plan *plan,
                          struct error *err)
{
    char sha256[DIGEST_BASE64_SIZE]; /* as Lambda tells it */
    struct json *current = NULL, *published = NULL;
    bool is_known = fetch(deploy, plan->name, &current, err) &&
                    (plan->qualified == NULL || current == NULL ||
                     fetch(deploy, plan->qualified, &published, err));
    if (is_known) {
        digest_base64(buf_str(&deploy->package->zip), sha256);
        struct function_code code = {sha256, deploy->package->architecture};
        function_plan_compare(plan, current, published, &code);
    }
    json_free_wiped(current);
    json_free_wiped(published);
    return is_known || error_prefix(err, "%s", plan->name);
}

/* ---- doing */

static void tell(const struct function_deploy *deploy, const struct function_plan *plan,
                 const char *what)
{
    deploy->tell(deploy->tell_context, plan->name, what);
}

static bool create(const struct function_deploy *deploy, const struct function_plan *plan,
                   struct error *err)
{
    struct json *input = json_copy(plan->wanted);
    struct json *code = json_object();
    struct lambda_call call = {.operation = LAMBDA_CREATE, .name = plan->name, .input = input};
    bool is_put = put_code(deploy, code, err);
    json_set(input, "Code", code);
    bool is_made = is_put && run_patiently(deploy, &call, err);
    lambda_call_done(&call);
    json_free_wiped(input);
    if (is_made) {
        tell(deploy, plan, "created, waiting until it is active");
    }
    return is_made && wait_until_ready(deploy, plan->name, false, err);
}

static bool update(const struct function_deploy *deploy, const struct function_plan *plan,
                   enum lambda_operation operation, struct json *input, struct error *err)
{
    struct lambda_call call = {.operation = operation, .name = plan->name, .input = input};
    bool is_done = run_patiently(deploy, &call, err);
    lambda_call_done(&call);
    return is_done && wait_until_ready(deploy, plan->name, false, err);
}

static bool update_code(const struct function_deploy *deploy, const struct function_plan *plan,
                        struct error *err)
{
    struct json *input = function_plan_code(plan);
    bool is_done =
        put_code(deploy, input, err) && update(deploy, plan, LAMBDA_UPDATE_CODE, input, err);
    json_free(input);
    if (is_done) {
        tell(deploy, plan, "code updated");
    }
    return is_done;
}

static bool update_configuration(const struct function_deploy *deploy,
                                 const struct function_plan *plan, struct error *err)
{
    struct json *input = function_plan_configuration(plan);
    bool is_done = update(deploy, plan, LAMBDA_UPDATE_CONFIGURATION, input, err);
    json_free_wiped(input);
    if (is_done) {
        tell(deploy, plan, "configuration updated");
    }
    return is_done;
}

static bool point_alias(const struct function_deploy *deploy, const struct function_plan *plan,
                        const char *version, struct error *err)
{
    struct json *input = json_object();
    struct lambda_call call = {
        .operation = plan->has_alias ? LAMBDA_UPDATE_ALIAS : LAMBDA_CREATE_ALIAS,
        .name = plan->name,
        .alias = plan->alias,
        .input = input,
    };
    json_set_text(input, "FunctionVersion", version);
    if (!plan->has_alias) {
        json_set_text(input, "Name", plan->alias);
    }
    bool is_done = run_patiently(deploy, &call, err);
    lambda_call_done(&call);
    json_free(input);
    return is_done;
}

/* A version is what an alias can point at; without a change Lambda gives the latest one again. */
static bool publish(const struct function_deploy *deploy, const struct function_plan *plan,
                    struct error *err)
{
    struct lambda_call call = {.operation = LAMBDA_PUBLISH, .name = plan->name};
    bool is_done = run_patiently(deploy, &call, err);
    char *version = xstrdup(json_text_or(call.response, "Version", ""));
    char *what = xasprintf("alias %s is at version %s", plan->alias, version);
    lambda_call_done(&call);
    is_done = is_done && point_alias(deploy, plan, version, err);
    if (is_done) {
        tell(deploy, plan, what);
    }
    free(what);
    free(version);
    return is_done;
}

bool function_deploy_apply(const struct function_deploy *deploy, const struct function_plan *plan,
                           struct error *err)
{
    bool is_done = true;
    if (plan->is_new) {
        is_done = create(deploy, plan, err);
    } else if (!function_plan_is_done(plan)) {
        is_done = wait_until_ready(deploy, plan->name, true, err);
        is_done = is_done && (!plan->has_new_code || update_code(deploy, plan, err));
        is_done =
            is_done && (!plan->has_new_configuration || update_configuration(deploy, plan, err));
    }
    is_done = is_done && (!plan->has_new_alias || publish(deploy, plan, err));
    return is_done || error_prefix(err, "%s", plan->name);
}
