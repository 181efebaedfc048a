/* gatehouse functions package|deploy. */
#include "core/app/verbs.h"

#include "core/app/aws_session.h"
#include "core/app/confirm.h"
#include "core/app/function_deploy.h"
#include "core/app/package.h"
#include "core/aws/s3_store.h"
#include "core/base/alloc.h"
#include "core/base/file.h"
#include "core/net/http.h"

#include <stdlib.h>
#include <string.h>

/* ---- package */

static bool make_package(struct app *app, struct loop *loop, struct package *out_package,
                         struct error *err)
{
    char *function_program =
        app_program(config_text(app->config, CONFIG_local_function_program), "gatehouse-function");
    char *bootstrap_program = app_program("", "gatehouse-bootstrap");
    char *ca_file = http_find_ca_file("");
    struct package_spec spec = {
        .function_program = function_program,
        .bootstrap_program = bootstrap_program,
        .ca_file = ca_file,
        .database_ca_file = config_text(app->config, CONFIG_functions_database_ca_file),
    };
    bool is_made = package_make(loop, &spec, out_package, err);
    free(function_program);
    free(bootstrap_program);
    free(ca_file);
    return is_made;
}

static void print_package(struct app *app, const struct package *package, const char *path)
{
    if (app_is_json(app)) {
        struct json *json = json_object();
        json_set_text(json, "path", path);
        json_set_text(json, "sha256", package->sha256);
        json_set_int(json, "size_bytes", (int64_t)package->zip.len);
        json_set_int(json, "unpacked_bytes", (int64_t)package->unpacked_bytes);
        json_set_int(json, "files", (int64_t)package->files);
        json_set_text(json, "architecture", package->architecture);
        printer_json(&app->out, json);
        json_free(json);
        return;
    }
    printer_line(&app->out, "%s: %.1f MB, %zu files of %.1f MB, %s", path,
                 (double)package->zip.len / 1e6, package->files,
                 (double)package->unpacked_bytes / 1e6, package->architecture);
    printer_line(&app->out, "sha256 %s", package->sha256);
}

static int package(struct app *app, struct loop *loop)
{
    const char *output = app->options->values[OPTION_OUTPUT];
    const char *path = output != NULL ? output : "gatehouse-functions.zip";
    struct package made;
    struct error err;
    bool is_good =
        make_package(app, loop, &made, &err) && file_write(path, buf_str(&made.zip), 0644, &err);
    if (is_good) {
        print_package(app, &made, path);
    }
    package_done(&made);
    return is_good ? EXIT_CODE_OK : app_fail(&err, "functions package");
}

/* ---- deploy */

struct deployment {
    struct app *app;
    struct aws_session *session;
    struct object_store *objects;
    struct package package;
    struct function_deploy deploy;
    struct function_plan plans[FUNCTION_PLAN_COUNT];
};

static void tell(void *context, const char *name, const char *what)
{
    struct app *app = context;
    if (!app_is_json(app)) {
        printer_line(&app->out, "%s: %s", name, what);
    }
}

static const char *package_bucket(const struct config *config)
{
    const char *own = config_text(config, CONFIG_functions_package_bucket);
    return *own != '\0' ? own : config_text(config, CONFIG_data_models_bucket);
}

static bool prepare(struct deployment *deployment, struct loop *loop, struct error *err)
{
    struct app *app = deployment->app;
    struct s3_settings settings = {
        .encryption = config_text(app->config, CONFIG_aws_s3_encryption),
        .kms_key_id = config_text(app->config, CONFIG_aws_s3_kms_key),
    };
    if (!function_plans_make(app->config, deployment->plans, err)) {
        return false;
    }
    if (!make_package(app, loop, &deployment->package, err)) {
        return error_prefix(err, "package");
    }
    deployment->session = aws_session_of_config(app->config, app->request.environment, loop, err);
    if (deployment->session == NULL) {
        return false;
    }
    deployment->objects = s3_store_new(deployment->session, &settings);
    deployment->deploy = (struct function_deploy){
        .session = deployment->session,
        .objects = deployment->objects,
        .bucket = package_bucket(app->config),
        .package = &deployment->package,
        .tell = tell,
        .tell_context = app,
    };
    return true;
}

static bool look(struct deployment *deployment, struct error *err)
{
    for (size_t i = 0; i < FUNCTION_PLAN_COUNT; i++) {
        if (!function_deploy_look(&deployment->deploy, &deployment->plans[i], err)) {
            return false;
        }
    }
    return true;
}

static bool apply(struct deployment *deployment, struct error *err)
{
    for (size_t i = 0; i < FUNCTION_PLAN_COUNT; i++) {
        if (!function_deploy_apply(&deployment->deploy, &deployment->plans[i], err)) {
            return false;
        }
    }
    return true;
}

static const char *action_of(const struct function_plan *plan)
{
    return plan->is_new ? "create" : function_plan_is_done(plan) ? "unchanged" : "update";
}

static void describe(const struct function_plan *plan, struct buf *out)
{
    const struct json *wanted = plan->wanted;
    buf_printf(out, "%-9s  %s", action_of(plan), plan->name);
    if (plan->is_new) {
        buf_printf(out, ": handler %s, role %s, %lld MB, %lld s, %zu subnets, %zu variables",
                   json_text_or(wanted, "Handler", ""), json_text_or(wanted, "Role", ""),
                   (long long)json_int_or(wanted, "MemorySize", 0),
                   (long long)json_int_or(wanted, "Timeout", 0),
                   json_count(json_path(wanted, "VpcConfig.SubnetIds")),
                   json_count(json_path(wanted, "Environment.Variables")));
    }
    if (plan->changes.len > 0) {
        buf_printf(out, "%s %s", plan->is_new ? "," : ":", buf_text(&plan->changes));
    }
}

/* Gives whether anything is to be done. */
static bool print_plans(struct deployment *deployment)
{
    struct app *app = deployment->app;
    bool has_work = false;
    for (size_t i = 0; i < FUNCTION_PLAN_COUNT; i++) {
        const struct function_plan *plan = &deployment->plans[i];
        struct buf line;
        has_work = has_work || !function_plan_is_done(plan);
        buf_init(&line, PRINTER_LINE_LIMIT);
        if (app_is_json(app)) {
            struct json *json = json_object();
            json_set_text(json, "function", plan->name);
            json_set_text(json, "action", action_of(plan));
            json_set_str(json, "changes", buf_str(&plan->changes));
            printer_json(&app->out, json);
            json_free(json);
        } else {
            describe(plan, &line);
            printer_line(&app->out, "%s", buf_text(&line));
        }
        buf_done(&line);
    }
    return has_work;
}

static int deploy_package(struct deployment *deployment, struct loop *loop)
{
    struct error err;
    if (!prepare(deployment, loop, &err) || !look(deployment, &err)) {
        return app_fail(&err, "functions deploy");
    }
    if (!print_plans(deployment)) {
        return EXIT_CODE_OK;
    }
    int code = confirm_plan(deployment->app);
    if (code == EXIT_CODE_OK && !apply(deployment, &err)) {
        code = app_fail(&err, "functions deploy");
    }
    return code;
}

static int deploy(struct app *app, struct loop *loop)
{
    struct deployment *deployment = xcalloc(1, sizeof(*deployment));
    deployment->app = app;
    int code = deploy_package(deployment, loop);
    function_plans_done(deployment->plans);
    object_store_free(deployment->objects);
    aws_session_free(deployment->session);
    package_done(&deployment->package);
    free(deployment);
    return code;
}

int verb_functions(struct app *app)
{
    int code = app_load(app);
    if (code != EXIT_CODE_OK) {
        return code;
    }
    bool is_deploy = strcmp(app->options->operands[0], "deploy") == 0;
    struct loop *loop = loop_new();
    code = is_deploy ? deploy(app, loop) : package(app, loop);
    loop_free(loop);
    return code;
}
