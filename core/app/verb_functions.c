/* gatehouse functions package. */
#include "core/app/verbs.h"

#include "core/app/package.h"
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
    char *ca_file = http_find_ca_file();
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

int verb_functions(struct app *app)
{
    int code = app_load(app);
    if (code != EXIT_CODE_OK) {
        return code;
    }
    struct loop *loop = loop_new();
    code = package(app, loop);
    loop_free(loop);
    return code;
}
