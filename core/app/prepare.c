/* Streams raw data through core/data/prepare into the object store and the database at once. */
#include "core/app/prepare.h"

#include "core/app/printer.h"
#include "core/app/unpack.h"
#include "core/base/alloc.h"
#include "core/data/prepare.h"
#include "core/data/sample.h"
#include "core/loop/loop.h"
#include "core/ports/database.h"
#include "core/ports/object_store.h"

#include <stdlib.h>
#include <string.h>

#define STATE_REPLACING "replacing"

enum { SQL_LIMIT = 8192, SAMPLE_STEP = 10000, REPORT_LIMIT = 1 << 20 };

#define PROFILE_COLUMNS "customer_id, limit_bal, sex, education, marriage, age"

struct preparing {
    struct loop *loop;
    struct object_store *objects;
    const struct config *config;
    const struct prepare_request *request;
    struct database_session session;
    struct object_writer transactions;
    struct object_writer quarantine;
    struct prepare *prepare;
};

/* ---- SQL */
void prepare_append_table_name(struct buf *sql, const char *table)
{
    struct str rest = str_from(table);
    for (bool is_first = true; rest.len > 0; is_first = false) {
        struct str part = str_split(rest, '.', &rest);
        buf_append_text(sql, is_first ? "" : ".");
        database_append_identifier(sql, part);
    }
}

/* "before TABLE after" */
static void build_sql(struct buf *sql, const char *before, const char *table, const char *after)
{
    buf_init(sql, SQL_LIMIT);
    buf_append_text(sql, before);
    prepare_append_table_name(sql, table);
    buf_append_text(sql, after);
}

static bool run_sql(struct preparing *preparing, struct str sql, struct error *err)
{
    char *text = xmemdup0(sql.ptr, sql.len);
    struct database_query query = {.sql = text};
    database_query_start(&preparing->session, &query);
    bool is_good = loop_await(preparing->loop, &query.op, err);
    database_query_done(&query);
    free(text);
    return is_good;
}

static const char *table_of(const struct preparing *preparing)
{
    return config_text(preparing->config, CONFIG_data_profile_table);
}

/* Every column is text but the key: defects go through to the cleaning, where they are counted. */
void prepare_append_table(struct buf *sql, const char *table)
{
    buf_append_text(sql, "CREATE TABLE IF NOT EXISTS ");
    prepare_append_table_name(sql, table);
    buf_append_text(sql, " (customer_id bigint, limit_bal text, sex text, education text, "
                         "marriage text, age text)");
}

static bool begin_table(struct preparing *preparing, struct error *err)
{
    struct buf sql;
    buf_init(&sql, SQL_LIMIT);
    buf_append_text(&sql, "BEGIN; SET LOCAL statement_timeout = 0; "
                          "SET LOCAL client_min_messages = warning; ");
    prepare_append_table(&sql, table_of(preparing));
    buf_append_text(&sql, "; TRUNCATE ");
    prepare_append_table_name(&sql, table_of(preparing));
    bool is_good = run_sql(preparing, buf_str(&sql), err);
    buf_done(&sql);
    if (!is_good) {
        return false;
    }
    build_sql(&sql, "COPY ", table_of(preparing),
              " (" PROFILE_COLUMNS ") FROM STDIN WITH (FORMAT csv, HEADER)");
    database_copy_in_start(&preparing->session, buf_text(&sql));
    is_good = loop_await(preparing->loop, &preparing->session.op, err);
    buf_done(&sql);
    return is_good;
}

static bool commit_table(struct preparing *preparing, struct error *err)
{
    database_copy_end_start(&preparing->session);
    return loop_await(preparing->loop, &preparing->session.op, err) &&
           run_sql(preparing, STR("COMMIT"), err);
}

/* ---- sinks */
static bool write_object(struct preparing *preparing, struct object_writer *writer,
                         struct str bytes, struct error *err)
{
    object_write_start(writer, bytes);
    return loop_await(preparing->loop, &writer->op, err);
}

static bool write_transactions(void *context, struct str bytes, struct error *err)
{
    struct preparing *preparing = context;
    return write_object(preparing, &preparing->transactions, bytes, err);
}

static bool write_quarantine(void *context, struct str bytes, struct error *err)
{
    struct preparing *preparing = context;
    return write_object(preparing, &preparing->quarantine, bytes, err);
}

static bool write_profiles(void *context, struct str bytes, struct error *err)
{
    struct preparing *preparing = context;
    database_copy_write_start(&preparing->session, bytes);
    return loop_await(preparing->loop, &preparing->session.op, err);
}

static bool feed(void *context, struct str bytes, struct error *err)
{
    struct preparing *preparing = context;
    return prepare_feed(preparing->prepare, bytes, err);
}

/* ---- sources */
static bool feed_sample(struct preparing *preparing, struct error *err)
{
    struct sample_options options = {.rows = (uint64_t)preparing->request->rows,
                                     .seed = (uint64_t)preparing->request->seed};
    struct sample *sample = sample_new(&options, (struct sink){feed, preparing});
    bool is_good = true;
    while (is_good && !sample_is_done(sample)) {
        is_good = sample_run(sample, SAMPLE_STEP, err);
    }
    sample_free(sample);
    return is_good;
}

static bool feed_file(struct preparing *preparing, struct error *err)
{
    struct unpack *unpack = unpack_open(preparing->request->path, err);
    struct str bytes = {NULL, 0};
    bool is_good = unpack != NULL;
    while (is_good && (is_good = unpack_read(unpack, &bytes, err)) && bytes.len > 0) {
        is_good = prepare_feed(preparing->prepare, bytes, err);
    }
    unpack_close(unpack);
    return is_good;
}

static const char *source_name(const struct prepare_request *request)
{
    return request->is_sample ? "synthetic sample"
                              : (request->path == NULL ? "standard input" : request->path);
}

static bool feed_all(struct preparing *preparing, struct error *err)
{
    struct prepare_sinks sinks = {
        .transactions = {write_transactions, preparing},
        .profiles = {write_profiles, preparing},
        .quarantine = {write_quarantine, preparing},
    };
    preparing->prepare = prepare_new(str_from(source_name(preparing->request)), &sinks);
    return (preparing->request->is_sample ? feed_sample(preparing, err)
                                          : feed_file(preparing, err)) &&
           prepare_finish(preparing->prepare, err);
}

/* ---- objects */
static bool create_object(struct preparing *preparing, struct object_writer *writer,
                          const char *key, struct error *err)
{
    const char *bucket = config_text(preparing->config, CONFIG_data_raw_bucket);
    struct object_bucket make = {.bucket = bucket};
    object_bucket_start(preparing->objects, &make);
    if (!loop_await(preparing->loop, &make.op, err)) {
        return false;
    }
    *writer = (struct object_writer){.bucket = bucket, .key = key, .needs_sha256 = true};
    object_create_start(preparing->objects, writer);
    return loop_await(preparing->loop, &writer->op, err);
}

static bool commit_object(struct preparing *preparing, struct object_writer *writer,
                          struct error *err)
{
    object_commit_start(writer);
    return loop_await(preparing->loop, &writer->op, err);
}

static void abort_object(struct preparing *preparing, struct object_writer *writer)
{
    struct error ignored;
    if (writer->handle != NULL) {
        object_abort_start(writer);
        loop_await(preparing->loop, &writer->op, &ignored);
    }
}

static bool delete_object(struct preparing *preparing, const char *key, struct error *err)
{
    struct object_delete request = {
        .bucket = config_text(preparing->config, CONFIG_data_raw_bucket), .key = key};
    object_delete_start(preparing->objects, &request);
    return loop_await(preparing->loop, &request.op, err);
}

/* Of two preparations at once one waits for the other's end, which is the end of its session. */
static bool lock_out_others(struct preparing *preparing, struct error *err)
{
    return run_sql(preparing,
                   STR("SET statement_timeout = 0; "
                       "SELECT pg_advisory_lock(hashtext('gatehouse prepare'))"),
                   err);
}

static bool write_report(struct preparing *preparing, const struct json *report, struct error *err)
{
    struct object_writer writer = {.handle = NULL};
    char *text = json_print_pretty(report);
    bool is_good = create_object(preparing, &writer, PREPARE_REPORT_KEY, err) &&
                   write_object(preparing, &writer, str_from(text), err) &&
                   commit_object(preparing, &writer, err);
    abort_object(preparing, &writer);
    free(text);
    return is_good;
}

/* Table and object cannot be replaced in one step: between the two the report says so, and says it
 * still when we die there. */
static bool mark_replacing(struct preparing *preparing, struct error *err)
{
    struct json *mark = json_object();
    json_set_text(mark, "state", STATE_REPLACING);
    json_set_text(mark, "source", source_name(preparing->request));
    bool is_good = write_report(preparing, mark, err);
    json_free(mark);
    return is_good;
}

/* Everything under the prefix is read by the cleaning, so what else lies there matters. */
static void warn_of_others(struct preparing *preparing, struct json *warnings)
{
    struct object_list list = {
        .bucket = config_text(preparing->config, CONFIG_data_raw_bucket),
        .prefix = config_text(preparing->config, CONFIG_data_raw_prefix),
    };
    struct error err;
    object_list_start(preparing->objects, &list);
    bool is_good = loop_await(preparing->loop, &list.op, &err);
    for (size_t i = 0; is_good && i < list.count; i++) {
        const char *key = list.items[i].key;
        if (strcmp(key, config_text(preparing->config, CONFIG_data_raw_key)) != 0) {
            char *text =
                xasprintf("%s also holds %s, which the cleaning will read too", list.bucket, key);
            json_append(warnings, json_string(str_from(text)));
            free(text);
        }
    }
    object_list_done(&list);
}

/* ---- the report */
static struct json *make_report(struct preparing *preparing)
{
    const struct prepare_figures *figures = prepare_figures(preparing->prepare);
    struct json *report = prepare_report_json(figures);
    struct json *object = json_object();
    struct json *table = json_object();
    struct json *warnings = json_array();
    json_set_text(report, "source", source_name(preparing->request));
    json_set_bool(report, "synthetic", preparing->request->is_sample);
    if (preparing->request->is_sample) {
        json_set_int(report, "seed", preparing->request->seed);
    }
    json_set_text(object, "bucket", config_text(preparing->config, CONFIG_data_raw_bucket));
    json_set_text(object, "key", config_text(preparing->config, CONFIG_data_raw_key));
    json_set_text(object, "sha256", preparing->transactions.info.sha256);
    json_set_int(object, "size_bytes", (int64_t)preparing->transactions.info.size_bytes);
    json_set(report, "object", object);
    json_set_text(table, "name", table_of(preparing));
    json_set_int(table, "rows", (int64_t)figures->rows_out);
    json_set(report, "table", table);
    json_set(report, "warnings", warnings);
    warn_of_others(preparing, warnings);
    return report;
}

/* The quarantine of an earlier preparation must not be taken for this one's. */
static bool finish_quarantine(struct preparing *preparing, struct error *err)
{
    if (prepare_figures(preparing->prepare)->rows_quarantined > 0) {
        return commit_object(preparing, &preparing->quarantine, err);
    }
    abort_object(preparing, &preparing->quarantine);
    return delete_object(preparing, PREPARE_QUARANTINE_KEY, err);
}

/* From here on the table is new. */
static struct json *publish(struct preparing *preparing, struct error *err)
{
    if (!commit_object(preparing, &preparing->transactions, err)) {
        error_prefix(err, "the table %s is replaced but the object is not; prepare again",
                     table_of(preparing));
        return NULL;
    }
    if (!finish_quarantine(preparing, err)) {
        return NULL;
    }
    struct json *report = make_report(preparing);
    if (!write_report(preparing, report, err)) {
        json_free(report);
        return NULL;
    }
    return report;
}

struct json *prepare_data(struct backend *backend, const struct config *config,
                          const struct prepare_request *request, struct error *err)
{
    struct preparing preparing = {.loop = backend->loop,
                                  .objects = backend->services.objects,
                                  .config = config,
                                  .request = request};
    const char *key = config_text(config, CONFIG_data_raw_key);
    struct json *report = NULL;
    database_open_start(backend->services.database, &preparing.session);
    if (loop_await(preparing.loop, &preparing.session.op, err) &&
        lock_out_others(&preparing, err) && begin_table(&preparing, err) &&
        create_object(&preparing, &preparing.transactions, key, err) &&
        create_object(&preparing, &preparing.quarantine, PREPARE_QUARANTINE_KEY, err) &&
        feed_all(&preparing, err) && mark_replacing(&preparing, err) &&
        commit_table(&preparing, err)) {
        report = publish(&preparing, err);
    }
    database_close(&preparing.session);
    abort_object(&preparing, &preparing.transactions);
    abort_object(&preparing, &preparing.quarantine);
    prepare_free(preparing.prepare);
    return report;
}

bool prepare_has_raw_data(struct backend *backend, const struct config *config, bool *out_is_there,
                          struct error *err)
{
    struct object_list list = {
        .bucket = config_text(config, CONFIG_data_raw_bucket),
        .prefix = config_text(config, CONFIG_data_raw_prefix),
    };
    object_list_start(backend->services.objects, &list);
    bool is_good = loop_await(backend->loop, &list.op, err);
    if (is_good || error_is(err, "not_found")) {
        *out_is_there = is_good && list.count > 0;
        is_good = true;
    }
    object_list_done(&list);
    return is_good;
}

static bool read_small_object(struct backend *backend, const char *bucket, const char *key,
                              struct buf *out)
{
    struct object_reader reader = {.bucket = bucket, .key = key};
    struct error ignored;
    object_open_start(backend->services.objects, &reader);
    bool is_good = loop_await(backend->loop, &reader.op, &ignored);
    while (is_good) {
        object_read_start(&reader);
        is_good =
            loop_await(backend->loop, &reader.op, &ignored) && buf_append_str(out, reader.chunk);
        if (reader.chunk.len == 0) {
            break;
        }
    }
    object_close(&reader);
    return is_good;
}

/* NULL when there is none. */
static struct json *read_report(struct backend *backend, const struct config *config)
{
    struct buf text;
    struct error ignored;
    struct json *report = NULL;
    buf_init(&text, REPORT_LIMIT);
    if (read_small_object(backend, config_text(config, CONFIG_data_raw_bucket), PREPARE_REPORT_KEY,
                          &text)) {
        report = json_parse(buf_str(&text), &ignored);
    }
    buf_done(&text);
    return report;
}

bool prepare_check_whole(struct backend *backend, const struct config *config, struct error *err)
{
    struct json *report = read_report(backend, config);
    bool is_whole = strcmp(json_text_or(report, "state", ""), STATE_REPLACING) != 0;
    if (!is_whole) {
        error_set(err, ERROR_TRANSIENT, "half_prepared",
                  "raw data: gatehouse prepare (%s) is replacing them or was interrupted while it "
                  "did: let it end, or prepare again",
                  json_text_or(report, "source", "?"));
    }
    json_free(report);
    return is_whole;
}

char *prepare_describe_data(struct backend *backend, const struct config *config)
{
    struct buf text;
    struct json *report = read_report(backend, config);
    char *result = NULL;
    if (report != NULL) {
        bool is_synthetic = json_bool_or(report, "synthetic", false);
        buf_init(&text, REPORT_LIMIT);
        buf_append_text(&text, is_synthetic ? "synthetic sample, not real customers"
                                            : json_text_or(report, "source", "?"));
        buf_append_text(&text, ", ");
        printer_append_count(json_int_or(report, "rows_out", 0), &text);
        buf_append_text(&text, " rows");
        result = xstrdup(buf_text(&text));
        buf_done(&text);
    }
    json_free(report);
    return result;
}
