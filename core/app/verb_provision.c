/* gatehouse provision: the buckets and the table that a pipeline on AWS needs, made fit for data.
 */
#include "core/app/verbs.h"

#include "core/app/backend.h"
#include "core/app/confirm.h"
#include "core/app/prepare.h"
#include "core/aws/s3_bucket.h"
#include "core/ports/database.h"
#include "core/ports/object_store.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS_MAX = 4 };

struct bucket_plan {
    enum config_id key;
    const char *name; /* borrowed from the configuration */
    char region[AWS_REGION_SIZE];
    bool is_new, lacks_encryption, lacks_block;
};

struct provision {
    struct app *app;
    struct backend backend;
    struct bucket_plan buckets[BUCKETS_MAX];
    size_t bucket_count;
    const char *table; /* NULL: `prepare` makes it in the private cluster */
    bool lacks_table;
};

static bool ask_bucket(struct provision *provision, struct bucket_plan *bucket,
                       enum s3_bucket_action action, bool *out_is_so, struct error *err)
{
    struct s3_bucket req = {
        .action = action,
        .bucket = bucket->name,
        .encryption = config_text(provision->app->config, CONFIG_aws_s3_encryption),
        .kms_key_id = config_text(provision->app->config, CONFIG_aws_s3_kms_key),
    };
    s3_bucket_start(provision->backend.aws, &req);
    bool is_told = loop_await(provision->backend.loop, &req.op, err);
    *out_is_so = req.is_so;
    if (is_told && action == S3_BUCKET_LOOK) {
        memcpy(bucket->region, req.region, sizeof(bucket->region));
    }
    return is_told || error_prefix(err, "data.%s", config_key(bucket->key)->name);
}

static bool run_sql(struct provision *provision, const char *sql, bool *out_is_so,
                    struct error *err)
{
    struct database_session session = {.handle = NULL};
    struct database_query query = {.sql = sql};
    struct loop *loop = provision->backend.loop;
    database_open_start(provision->backend.services.database, &session);
    if (!loop_await(loop, &session.op, err)) {
        return false;
    }
    database_query_start(&session, &query);
    bool is_done = loop_await(loop, &query.op, err);
    *out_is_so = is_done && query.rows.row_count == 1 && query.rows.values[0] != NULL;
    database_query_done(&query);
    database_close(&session);
    return is_done || error_prefix(err, "table %s", provision->table);
}

/* ---- looking */

static void collect(struct provision *provision)
{
    static const enum config_id keys[BUCKETS_MAX] = {
        CONFIG_data_raw_bucket, CONFIG_data_cleaned_bucket, CONFIG_data_training_bucket,
        CONFIG_data_models_bucket};
    const struct config *config = provision->app->config;
    if (!backend_has_cluster(config)) {
        provision->table = config_text(config, CONFIG_data_profile_table);
    }
    for (size_t i = 0; i < BUCKETS_MAX && backend_is_aws(config, CONFIG_backend_object_store);
         i++) {
        const char *name = config_text(config, keys[i]);
        bool is_known = false;
        for (size_t j = 0; j < provision->bucket_count; j++) {
            is_known = is_known || strcmp(provision->buckets[j].name, name) == 0;
        }
        if (!is_known) {
            provision->buckets[provision->bucket_count++] =
                (struct bucket_plan){.key = keys[i], .name = name};
        }
    }
}

static bool look_at_bucket(struct provision *provision, struct bucket_plan *bucket,
                           struct error *err)
{
    bool is_there = false, is_encrypted = false, is_blocked = false;
    bool is_known = ask_bucket(provision, bucket, S3_BUCKET_LOOK, &is_there, err) &&
                    (!is_there ||
                     (ask_bucket(provision, bucket, S3_BUCKET_GET_ENCRYPTION, &is_encrypted, err) &&
                      ask_bucket(provision, bucket, S3_BUCKET_GET_BLOCK, &is_blocked, err)));
    bucket->is_new = !is_there;
    bucket->lacks_encryption = !is_encrypted;
    bucket->lacks_block = !is_blocked;
    return is_known;
}

static bool look_at_table(struct provision *provision, struct error *err)
{
    struct buf name, sql;
    bool is_there = false;
    buf_init(&name, 1024);
    buf_init(&sql, 4096);
    prepare_append_table_name(&name, provision->table);
    buf_append_text(&sql, "SELECT to_regclass(");
    database_append_literal(&sql, buf_str(&name));
    buf_append_text(&sql, ")");
    bool is_known = run_sql(provision, buf_text(&sql), &is_there, err);
    provision->lacks_table = !is_there;
    buf_done(&name);
    buf_done(&sql);
    return is_known;
}

static bool look(struct provision *provision, struct error *err)
{
    for (size_t i = 0; i < provision->bucket_count; i++) {
        if (!look_at_bucket(provision, &provision->buckets[i], err)) {
            return false;
        }
    }
    return provision->table == NULL || look_at_table(provision, err);
}

/* ---- the plan */

static void print_item(struct app *app, const char *kind, const char *name, const char *action,
                       const char *changes)
{
    if (!app_is_json(app)) {
        printer_line(&app->out, "%-9s  %s %s%s%s", action, kind, name, *changes == '\0' ? "" : ": ",
                     changes);
        return;
    }
    struct json *json = json_object();
    json_set_text(json, kind, name);
    json_set_text(json, "action", action);
    json_set_text(json, "changes", changes);
    printer_json(&app->out, json);
    json_free(json);
}

/* Gives whether anything is to be done. */
static bool print_bucket(struct app *app, const struct bucket_plan *bucket)
{
    bool lacks_both = bucket->lacks_encryption && bucket->lacks_block;
    bool has_work = bucket->is_new || bucket->lacks_encryption || bucket->lacks_block;
    print_item(app, "bucket", bucket->name,
               bucket->is_new ? "create"
               : has_work     ? "update"
                              : "unchanged",
               lacks_both                 ? "default encryption, public access blocked"
               : bucket->lacks_encryption ? "default encryption"
               : bucket->lacks_block      ? "public access blocked"
                                          : "");
    return has_work;
}

/* SageMaker reads and writes only buckets of its own region. */
static void warn_of_region(const struct provision *provision, const struct bucket_plan *bucket)
{
    const char *ours = aws_session_region(provision->backend.aws);
    if (backend_trains_in(provision->app->config, bucket->name) && *bucket->region != '\0' &&
        strcmp(bucket->region, ours) != 0) {
        complain("bucket %s is in %s: SageMaker wants its buckets in its own region, %s; choose "
                 "another one for data.%s",
                 bucket->name, bucket->region, ours, config_key(bucket->key)->name);
    }
}

static bool print_plan(const struct provision *provision)
{
    bool has_work = false;
    for (size_t i = 0; i < provision->bucket_count; i++) {
        warn_of_region(provision, &provision->buckets[i]);
        has_work = print_bucket(provision->app, &provision->buckets[i]) || has_work;
    }
    if (provision->table != NULL) {
        print_item(provision->app, "table", provision->table,
                   provision->lacks_table ? "create" : "unchanged", "");
    }
    return has_work || provision->lacks_table;
}

/* ---- doing */

static bool make_bucket(struct provision *provision, const struct bucket_plan *bucket,
                        struct error *err)
{
    struct object_bucket make = {.bucket = bucket->name};
    object_bucket_start(provision->backend.services.objects, &make);
    if (loop_await(provision->backend.loop, &make.op, err)) {
        return true;
    }
    const char *key = config_key(bucket->key)->name;
    return error_is(err, "BucketAlreadyExists")
               ? error_set(err, ERROR_PERMANENT, "bad_config",
                           "the name of the bucket %s is taken by another account: choose another "
                           "one for data.%s",
                           bucket->name, key)
               : error_prefix(err, "data.%s", key);
}

static bool apply_to_bucket(struct provision *provision, struct bucket_plan *bucket,
                            struct error *err)
{
    bool ignored = false;
    if (bucket->is_new && !make_bucket(provision, bucket, err)) {
        return false;
    }
    return (!bucket->lacks_block ||
            ask_bucket(provision, bucket, S3_BUCKET_PUT_BLOCK, &ignored, err)) &&
           (!bucket->lacks_encryption ||
            ask_bucket(provision, bucket, S3_BUCKET_PUT_ENCRYPTION, &ignored, err));
}

static bool apply(struct provision *provision, struct error *err)
{
    bool ignored = false;
    for (size_t i = 0; i < provision->bucket_count; i++) {
        if (!apply_to_bucket(provision, &provision->buckets[i], err)) {
            return false;
        }
    }
    if (!provision->lacks_table) {
        return true;
    }
    struct buf sql;
    buf_init(&sql, 4096);
    prepare_append_table(&sql, provision->table);
    bool is_made = run_sql(provision, buf_text(&sql), &ignored, err);
    buf_done(&sql);
    return is_made;
}

static int provision_all(struct provision *provision)
{
    struct error err;
    struct app *app = provision->app;
    if (!backend_init(&provision->backend, app, &err)) {
        return app_fail(&err, "provision");
    }
    collect(provision);
    if (provision->bucket_count == 0 && provision->table == NULL) {
        complain("nothing to provision: backend.object_store is local, and so is the database");
        return EXIT_CODE_OK;
    }
    if (!look(provision, &err)) {
        return app_fail(&err, "provision");
    }
    if (!print_plan(provision)) {
        return EXIT_CODE_OK;
    }
    int code = confirm_plan(app);
    if (code == EXIT_CODE_OK && !apply(provision, &err)) {
        code = app_fail(&err, "provision");
    }
    return code;
}

int verb_provision(struct app *app)
{
    struct provision provision = {.app = app};
    int code = app_load(app);
    if (code == EXIT_CODE_OK) {
        code = provision_all(&provision);
        backend_done(&provision.backend);
    }
    return code;
}
