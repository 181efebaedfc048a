/* gatehouse doctor: looks at everything a run needs, starts nothing, says what to do. */
#include "core/app/verbs.h"

#include "core/app/doctor.h"
#include "core/app/prepare.h"
#include "core/app/unpack.h"
#include "core/base/alloc.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/local/cluster_place.h"
#include "core/net/pg.h"
#include "core/ports/database.h"
#include "core/ports/function_service.h"
#include "core/stages/function_fit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { SPACE_WARN_MIB = 2048, SPACE_FAIL_MIB = 200, MS_PER_S = 1000, FINDING_MAX = 2048 };
/* 2024-01-01: a clock before it was never set. */
#define CLOCK_FLOOR_MS INT64_C(1704067200000)

static const char *check_word(enum check_state state)
{
    static const char *const words[] = {
#define X(name, word) word,
        CHECK_STATES(X)
#undef X
    };
    return words[state];
}

void doctor_tell(struct doctor *doctor, enum check_state state, const char *name,
                 const char *finding, const char *advice)
{
    doctor->failures += state == CHECK_FAIL ? 1 : 0;
    struct json *check = json_object();
    json_set_text(check, "check", name);
    json_set_text(check, "state", check_word(state));
    json_set_text(check, "finding", finding);
    json_set_text(check, "advice", *advice == '\0' ? NULL : advice);
    json_append(doctor->checks, check);
    if (!app_is_json(doctor->app)) {
        struct buf word;
        buf_init(&word, 64);
        printer_state_word(&doctor->app->out, check_word(state), &word);
        buf_append_char(&word, ' ');
        printer_bytes(&doctor->app->out, buf_str(&word));
        buf_done(&word);
        printer_line(&doctor->app->out, "%-14s %s%s%s", name, finding, *advice == '\0' ? "" : "; ",
                     advice);
    }
}

static void check_folder(struct doctor *doctor)
{
    const char *folder = doctor->app->state_folder;
    struct stat status;
    if (stat(folder, &status) != 0) {
        bool is_absent = errno == ENOENT;
        char *text = xasprintf("%s: %s", folder, is_absent ? "not there yet" : strerror(errno));
        doctor_tell(doctor, is_absent ? CHECK_OK : CHECK_FAIL, "state folder", text,
                    is_absent ? "the first run makes it" : "make it reachable or use --state-dir");
        free(text);
    } else if (!S_ISDIR(status.st_mode) || access(folder, W_OK | X_OK) != 0) {
        doctor_tell(doctor, CHECK_FAIL, "state folder", folder,
                    "it is no folder we may write to; use --state-dir");
    } else if ((status.st_mode & 077) != 0) {
        doctor_tell(doctor, CHECK_WARN, "state folder", folder,
                    "others may look into it: chmod 700");
    } else {
        doctor_tell(doctor, CHECK_OK, "state folder", folder, "");
    }
}

/* The nearest parent that exists. */
static char *existing_parent(const char *path)
{
    char *copy = xstrdup(path);
    while (!file_exists(copy)) {
        char *slash = strrchr(copy, '/');
        if (slash == NULL || slash == copy) {
            free(copy);
            return xstrdup("/");
        }
        *slash = '\0';
    }
    return copy;
}

static void check_space(struct doctor *doctor)
{
    struct statvfs space;
    char *folder = existing_parent(doctor->app->state_folder);
    if (statvfs(folder, &space) == 0) {
        unsigned long long mib = (unsigned long long)space.f_bavail * space.f_frsize >> 20;
        char *text = xasprintf("%llu MiB are free in %s", mib, folder);
        enum check_state state = mib < SPACE_FAIL_MIB   ? CHECK_FAIL
                                 : mib < SPACE_WARN_MIB ? CHECK_WARN
                                                        : CHECK_OK;
        doctor_tell(doctor, state, "disk space", text, state == CHECK_OK ? "" : "make room");
        free(text);
    }
    free(folder);
}

static void check_program(struct doctor *doctor, const char *path, const char *key)
{
    char *advice = xasprintf("build it with make, or set local.%s", key);
    bool is_there = access(path, X_OK) == 0;
    doctor_tell(doctor, is_there ? CHECK_OK : CHECK_FAIL, "program", path, is_there ? "" : advice);
    free(advice);
}

static void tell_function(struct doctor *doctor, const struct function_check *check)
{
    const struct config *config = doctor->app->config;
    struct buf misfits;
    buf_init(&misfits, FINDING_MAX);
    if (function_fits(check, config->dag, config_int(config, CONFIG_functions_timeout), &misfits)) {
        char *text = xasprintf("%s is %s, may run %lld s", check->name, check->state,
                               (long long)check->timeout_ms / MS_PER_S);
        doctor_tell(doctor, CHECK_OK, "function", text, "");
        free(text);
    } else {
        doctor_tell(doctor, CHECK_FAIL, "function", buf_text(&misfits), "");
    }
    buf_done(&misfits);
}

static void check_function(struct doctor *doctor, const char *name)
{
    struct error err;
    struct function_check check = {.name = name};
    function_check_start(doctor->backend.services.functions, &check);
    if (loop_await(doctor->backend.loop, &check.op, &err)) {
        tell_function(doctor, &check);
        return;
    }
    bool is_aws = backend_is_aws(doctor->app->config, CONFIG_backend_function_service);
    doctor_tell(doctor, CHECK_FAIL, "function", err.message,
                !is_aws                       ? "see the section functions of the configuration"
                : error_is(&err, "not_found") ? "gatehouse functions deploy makes it"
                                              : "may we lambda:GetFunctionConfiguration and "
                                                "lambda:InvokeFunction?");
}

static void check_functions(struct doctor *doctor)
{
    static const enum config_id keys[] = {CONFIG_functions_clean_transactions,
                                          CONFIG_functions_clean_profiles, CONFIG_functions_merge};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        check_function(doctor, config_text(doctor->app->config, keys[i]));
    }
}

static void check_cluster(struct doctor *doctor)
{
    struct cluster_settings settings =
        backend_cluster_settings(doctor->app->config, doctor->app->state_folder);
    struct cluster_request request = {.settings = &settings};
    struct error err;
    char *programs = cluster_place_find_programs(&settings);
    bool are_there = programs != NULL && cluster_place_has_programs(programs);
    char *finding =
        are_there ? xstrdup(programs)
                  : xasprintf("initdb and postgres are not found%s%s",
                              programs != NULL ? " in " : "", programs != NULL ? programs : "");
    doctor_tell(doctor, are_there ? CHECK_OK : CHECK_FAIL, "PostgreSQL", finding,
                are_there ? "" : "apt-get install postgresql-15, or set local.postgres_binaries");
    free(finding);
    free(programs);
    cluster_status_start(doctor->backend.loop, &request);
    if (!loop_await(doctor->backend.loop, &request.op, &err)) {
        doctor_tell(doctor, CHECK_FAIL, "cluster", err.message, "see gatehouse local status");
    } else {
        doctor->is_cluster_running = request.state == CLUSTER_RUNNING;
        doctor_tell(doctor, CHECK_OK, "cluster", cluster_state_name(request.state),
                    doctor->is_cluster_running ? "" : "it is started when a run needs it");
    }
    cluster_request_done(&request);
}

static void check_store(struct doctor *doctor)
{
    struct error err;
    struct store *store = NULL;
    char *path = file_join(doctor->app->state_folder, "runs.db");
    int64_t waiting = 0;
    if (file_is_absent(path)) {
        doctor_tell(doctor, CHECK_OK, "run store", "there are no runs yet", "");
        free(path);
        return;
    }
    store = store_open(path, STORE_READ, &err);
    if (store == NULL || !store_check_integrity(store, &err) ||
        !store_outbox_count(store, &waiting, &err)) {
        doctor_tell(doctor, CHECK_FAIL, "run store", err.message,
                    error_is(&err, "store_damaged")  ? "" /* the message says it */
                    : error_is(&err, "store_locked") ? "another program holds it: try again"
                                                     : "make it readable, or use --state-dir");
    } else {
        char *text = xasprintf("%s, %lld rows wait for the mirror", path, (long long)waiting);
        doctor_tell(doctor, CHECK_OK, "run store", text, "");
        free(text);
    }
    store_close(store);
    free(path);
}

static void check_raw_object(struct doctor *doctor)
{
    struct error err;
    bool is_there = false;
    const char *bucket = config_text(doctor->app->config, CONFIG_data_raw_bucket);
    const char *prefix = config_text(doctor->app->config, CONFIG_data_raw_prefix);
    if (!prepare_has_raw_data(&doctor->backend, doctor->app->config, &is_there, &err)) {
        doctor_tell(doctor, CHECK_FAIL, "raw data", err.message,
                    backend_is_aws(doctor->app->config, CONFIG_backend_object_store)
                        ? "may we s3:ListBucket?"
                        : "make the state folder readable");
        return;
    }
    char *data = prepare_describe_data(&doctor->backend, doctor->app->config);
    char *text = xasprintf("s3://%s/%s: %s", bucket, prefix,
                           !is_there      ? "empty"
                           : data != NULL ? data
                                          : "there");
    doctor_tell(doctor, is_there ? CHECK_OK : CHECK_FAIL, "raw data", text,
                is_there ? "" : "gatehouse prepare FILE, or gatehouse prepare --sample");
    free(text);
    free(data);
}

static bool find_profiles(struct doctor *doctor, char **out_text, struct error *err)
{
    const char *table = config_text(doctor->app->config, CONFIG_data_profile_table);
    struct database_session session = {.handle = NULL};
    struct database_query query = {.sql = "SELECT CASE WHEN ssl THEN version ELSE '' END "
                                          "FROM pg_class, pg_stat_ssl "
                                          "WHERE oid = to_regclass($1) AND pid = pg_backend_pid()",
                                   .parameters = &table,
                                   .parameter_count = 1};
    database_open_start(doctor->backend.services.database, &session);
    bool is_good = loop_await(doctor->backend.loop, &session.op, err);
    if (is_good) {
        database_query_start(&session, &query);
        is_good = loop_await(doctor->backend.loop, &query.op, err);
    }
    if (is_good) {
        bool is_there = query.rows.row_count > 0;
        const char *tls = is_there ? query.rows.values[0] : "";
        *out_text =
            is_there ? xasprintf("table %s%s%s", table, *tls != '\0' ? ", over " : "", tls) : NULL;
    }
    database_query_done(&query);
    database_close(&session);
    return is_good;
}

static void check_profiles(struct doctor *doctor)
{
    struct error err;
    char *text = NULL;
    if (!doctor->is_cluster_running) {
        doctor_tell(doctor, CHECK_WARN, "profiles", "not looked at: the cluster does not run",
                    "gatehouse local start, then doctor again");
        return;
    }
    if (!find_profiles(doctor, &text, &err)) {
        doctor_tell(doctor, CHECK_FAIL, "profiles", err.message,
                    backend_has_cluster(doctor->app->config)
                        ? "see gatehouse local status"
                        : "see database.dsn, and whether that server runs and lets us in");
        return;
    }
    doctor_tell(doctor, text != NULL ? CHECK_OK : CHECK_FAIL, "profiles",
                text != NULL ? text : config_text(doctor->app->config, CONFIG_data_profile_table),
                text != NULL ? "" : "there is no such table: gatehouse prepare FILE, or --sample");
    free(text);
}

static void check_clock(struct doctor *doctor)
{
    char text[CLOCK_TEXT_SIZE];
    int64_t now_ms = clock_system()->wall_ms(clock_system());
    bool is_sane = now_ms >= CLOCK_FLOOR_MS;
    clock_format_utc(now_ms, text);
    doctor_tell(doctor, is_sane ? CHECK_OK : CHECK_FAIL, "clock", text,
                is_sane ? "" : "set the clock");
}

static void tell_libraries(struct doctor *doctor)
{
    int pg = pg_library_version();
    char *text =
        xasprintf("libuv %s, SQLite %s, libpq %d.%d, %s", loop_library_version(),
                  store_library_version(), pg / 10000, pg % 10000, unpack_library_version());
    doctor_tell(doctor, CHECK_OK, "libraries", text, "");
    free(text);
}

/* Without credentials nothing on AWS is asked: it would fail for that one reason again and again.
 */
static void check_backend(struct doctor *doctor)
{
    const struct config *config = doctor->app->config;
    struct error err;
    if (!backend_check_reach(config, &err)) {
        doctor_tell(doctor, CHECK_FAIL, "backend", err.message, "");
    }
    bool is_reachable = doctor->backend.aws == NULL || doctor_check_aws(doctor);
    bool are_functions_here = !backend_is_aws(config, CONFIG_backend_function_service);
    if (are_functions_here) {
        check_program(doctor, doctor->backend.function_program, "function_program");
    }
    check_program(doctor, doctor->backend.model_program, "model_program");
    if (is_reachable || are_functions_here) {
        check_functions(doctor);
    }
    doctor->is_cluster_running = !backend_has_cluster(config);
    if (!doctor->is_cluster_running) {
        check_cluster(doctor);
    }
    if (is_reachable || !backend_is_aws(config, CONFIG_backend_object_store)) {
        check_raw_object(doctor);
    }
    check_profiles(doctor);
}

static void check_all(struct doctor *doctor)
{
    struct error err;
    const char *file = doctor->app->config->path;
    doctor_tell(doctor, CHECK_OK, "configuration", file == NULL ? "no file, all defaults" : file,
                "");
    tell_libraries(doctor);
    check_clock(doctor);
    check_folder(doctor);
    check_space(doctor);
    check_store(doctor);
    if (!backend_init(&doctor->backend, doctor->app, &err)) {
        doctor_tell(doctor, CHECK_FAIL, "backend", err.message,
                    error_is(&err, "bad_aws_config")
                        ? "mend that file, or name another profile by aws.profile or AWS_PROFILE"
                        : "make the state folder writable or use --state-dir");
    } else {
        check_backend(doctor);
    }
    backend_done(&doctor->backend);
}

int verb_doctor(struct app *app)
{
    struct doctor doctor = {.app = app};
    int code = app_load(app);
    if (code != EXIT_CODE_OK) {
        return code;
    }
    doctor.checks = json_array();
    check_all(&doctor);
    code = doctor.failures == 0 ? EXIT_CODE_OK : EXIT_CODE_FAILED;
    if (app_is_json(app)) {
        struct json *json = json_object();
        json_set_bool(json, "ok", doctor.failures == 0);
        json_set(json, "checks", doctor.checks);
        printer_json(&app->out, json);
        json_free(json);
    } else {
        json_free(doctor.checks);
        printer_line(&app->out, "%s",
                     doctor.failures == 0 ? "all is well" : "there is something to do");
    }
    return code;
}
