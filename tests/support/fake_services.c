/* In-memory ports; see the header. */
#include "tests/support/fake_services.h"

#include "core/base/alloc.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DATA_LIMIT = 64 << 20, DEFAULT_CHUNK = 1000, FUNCTION_TIMEOUT_MS = 60000 };

const struct fake_job_state fake_job_completes[] = {
    {"InProgress", "Starting", NULL}, {"InProgress", "Downloading", NULL},
    {"InProgress", "Training", NULL}, {"InProgress", "Uploading", NULL},
    {"Completed", "Completed", NULL}, {0},
};
const struct fake_job_state fake_job_fails_algorithm[] = {
    {"InProgress", "Training", NULL},
    {"Failed", "Failed", "AlgorithmError: bad \033[31mvalue, exit code: 1"},
    {0},
};
const struct fake_job_state fake_job_fails_internal[] = {
    {"InProgress", "Starting", NULL},
    {"Failed", "Failed", "InternalServerError: please try again"},
    {0},
};
const struct fake_job_state fake_job_runs[] = {{"InProgress", "Training", NULL}, {0}};
const struct fake_job_state fake_job_stopped[] = {{"Stopped", "Stopped", NULL}, {0}};

static void cancel_hanging(void *context)
{
    struct fake_services *fake = context;
    struct op *op = fake->hanging;
    struct error err;
    fake->hanging = NULL;
    error_set(&err, ERROR_CANCELLED, "cancelled", "cancelled");
    op_finish(op, &err);
}

/* Counts the call; false: it is failed or left hanging, and the caller returns. */
static bool answer(struct fake_services *fake, enum fake_call call, struct op *op)
{
    op_begin(op, fake->loop);
    fake->counts[call]++;
    fake->total++;
    if (fake->on_call != NULL) {
        fake->on_call(fake->on_call_context, call);
    }
    if (fake->total == fake->fail_at) {
        op_finish(op, &fake->fail_with);
        return false;
    }
    const struct fake_failure *due = NULL;
    for (size_t i = 0; i < fake->failure_count; i++) {
        struct fake_failure *failure = &fake->failures[i];
        if (failure->call == call && failure->countdown > 0 && --failure->countdown == 0) {
            due = failure;
        }
    }
    if (due == NULL) {
        return true;
    }
    if (due->hangs) {
        fake->hanging = op;
        op_on_cancel(op, fake->is_deaf ? NULL : cancel_hanging, fake);
    } else {
        op_finish(op, &due->error);
    }
    return false;
}

static void add_failure(struct fake_services *fake, const struct fake_failure *failure)
{
    assert(fake->failure_count < FAKE_FAILURES_MAX);
    fake->failures[fake->failure_count++] = *failure;
}

void fake_fail(struct fake_services *fake, enum fake_call call, int nth,
               enum error_class error_class, const char *code)
{
    struct fake_failure failure = {.call = call, .countdown = nth};
    error_set(&failure.error, error_class, code, "the fake says %s", code);
    add_failure(fake, &failure);
}

void fake_hang(struct fake_services *fake, enum fake_call call, int nth)
{
    struct fake_failure failure = {.call = call, .countdown = nth, .hangs = true};
    add_failure(fake, &failure);
}

void fake_answer_hanging(struct fake_services *fake)
{
    struct error err;
    struct op *op = fake->hanging;
    assert(op != NULL);
    fake->hanging = NULL;
    error_set(&err, ERROR_TRANSIENT, "late", "answered too late");
    op_finish(op, &err);
}

static void finish_not_found(struct op *op, const char *what)
{
    struct error err;
    error_set(&err, ERROR_PERMANENT, "not_found", "there is no %s", what);
    op_finish(op, &err);
}

/* ---- objects */

struct fake_object *fake_find(struct fake_services *fake, const char *bucket, const char *key)
{
    for (size_t i = 0; i < fake->object_count; i++) {
        struct fake_object *object = &fake->objects[i];
        if (strcmp(object->bucket, bucket) == 0 && strcmp(object->key, key) == 0) {
            return object;
        }
    }
    return NULL;
}

static void free_object(struct fake_object *object)
{
    free(object->bucket);
    free(object->key);
    buf_done(&object->data);
}

void fake_remove(struct fake_services *fake, const char *bucket, const char *key)
{
    struct fake_object *object = fake_find(fake, bucket, key);
    if (object != NULL) {
        free_object(object);
        *object = fake->objects[--fake->object_count];
    }
}

struct fake_object *fake_put(struct fake_services *fake, const char *bucket, const char *key,
                             struct str data)
{
    fake_remove(fake, bucket, key);
    assert(fake->object_count < FAKE_OBJECTS_MAX);
    struct fake_object *object = &fake->objects[fake->object_count++];
    *object = (struct fake_object){.bucket = xstrdup(bucket),
                                   .key = xstrdup(key),
                                   .modified_ms = fake->clock->wall_ms(fake->clock)};
    buf_init(&object->data, DATA_LIMIT);
    buf_append_str(&object->data, data);
    return object;
}

static void fill_info(const struct fake_object *object, struct object_info *info)
{
    *info =
        (struct object_info){.size_bytes = object->data.len, .modified_ms = object->modified_ms};
    snprintf(info->key, sizeof(info->key), "%s", object->key);
    if (!object->hides_sha256) {
        digest_hex(buf_str(&object->data), info->sha256);
        snprintf(info->etag, sizeof(info->etag), "%s", info->sha256);
    }
}

struct json *fake_place(struct fake_services *fake, const char *bucket, const char *key)
{
    struct json *place = json_object();
    char hex[DIGEST_HEX_SIZE];
    const struct fake_object *object = fake_find(fake, bucket, key);
    assert(object != NULL);
    digest_hex(buf_str(&object->data), hex);
    json_set_text(place, "bucket", bucket);
    json_set_text(place, "key", key);
    json_set_text(place, "sha256", hex);
    json_set_int(place, "size_bytes", (int64_t)object->data.len);
    return place;
}

static struct fake_services *of_store(struct object_store *store)
{
    return OP_CONTAINER(store, struct fake_services, object_store);
}

static void head(struct object_store *store, struct object_head *req)
{
    struct fake_services *fake = of_store(store);
    if (!answer(fake, FAKE_OBJECT_HEAD, &req->op)) {
        return;
    }
    const struct fake_object *object = fake_find(fake, req->bucket, req->key);
    if (object == NULL) {
        finish_not_found(&req->op, req->key);
        return;
    }
    fill_info(object, &req->info);
    op_finish(&req->op, NULL);
}

static int compare_infos(const void *a, const void *b)
{
    return strcmp(((const struct object_info *)a)->key, ((const struct object_info *)b)->key);
}

static void list(struct object_store *store, struct object_list *req)
{
    struct fake_services *fake = of_store(store);
    if (!answer(fake, FAKE_OBJECT_LIST, &req->op)) {
        return;
    }
    req->items = xcalloc(fake->object_count + 1, sizeof(*req->items));
    for (size_t i = 0; i < fake->object_count; i++) {
        const struct fake_object *object = &fake->objects[i];
        if (strcmp(object->bucket, req->bucket) == 0 &&
            str_starts_with(str_from(object->key), str_from(req->prefix))) {
            fill_info(object, &req->items[req->count++]);
        }
    }
    qsort(req->items, req->count, sizeof(*req->items), compare_infos);
    op_finish(&req->op, NULL);
}

struct reading {
    struct fake_object *object;
    size_t offset;
};

static void open_object(struct object_store *store, struct object_reader *reader)
{
    struct fake_services *fake = of_store(store);
    bool is_answered = answer(fake, FAKE_OBJECT_OPEN, &reader->op);
    if (!is_answered && fake->hanging != &reader->op) {
        return;
    }
    struct fake_object *object = fake_find(fake, reader->bucket, reader->key);
    if (object == NULL) {
        finish_not_found(&reader->op, reader->key);
        return;
    }
    struct reading *reading = xcalloc(1, sizeof(*reading));
    reading->object = object;
    reading->offset = (size_t)reader->offset;
    reader->handle = reading;
    if (is_answered) {
        fill_info(object, &reader->info);
        op_finish(&reader->op, NULL);
    }
}

static void read_object(struct object_reader *reader)
{
    struct fake_services *fake = of_store(reader->store);
    struct reading *reading = reader->handle;
    if (!answer(fake, FAKE_OBJECT_READ, &reader->op)) {
        return;
    }
    size_t left = reading->object->data.len - reading->offset;
    size_t size = left < fake->chunk_size ? left : fake->chunk_size;
    reader->chunk = (struct str){buf_text(&reading->object->data) + reading->offset, size};
    reading->offset += size;
    op_finish(&reader->op, NULL);
}

static void close_object(struct object_reader *reader)
{
    struct fake_services *fake = of_store(reader->store);
    fake->hanging = fake->hanging == &reader->op ? NULL : fake->hanging;
    free(reader->handle);
}

static void create_object(struct object_store *store, struct object_writer *writer)
{
    if (answer(of_store(store), FAKE_OBJECT_CREATE, &writer->op)) {
        struct buf *data = xcalloc(1, sizeof(*data));
        buf_init(data, DATA_LIMIT);
        writer->handle = data;
        op_finish(&writer->op, NULL);
    }
}

static void write_object(struct object_writer *writer, struct str data)
{
    if (answer(of_store(writer->store), FAKE_OBJECT_WRITE, &writer->op)) {
        buf_append_str(writer->handle, data);
        op_finish(&writer->op, NULL);
    }
}

static void drop_writing(struct object_writer *writer)
{
    buf_done(writer->handle);
    free(writer->handle);
    writer->handle = NULL;
}

static void commit_object(struct object_writer *writer)
{
    struct fake_services *fake = of_store(writer->store);
    if (answer(fake, FAKE_OBJECT_COMMIT, &writer->op)) {
        const struct buf *data = writer->handle;
        fill_info(fake_put(fake, writer->bucket, writer->key, buf_str(data)), &writer->info);
        drop_writing(writer);
        op_finish(&writer->op, NULL);
    }
}

static void abort_object(struct object_writer *writer)
{
    struct fake_services *fake = of_store(writer->store);
    op_begin(&writer->op, fake->loop);
    fake->counts[FAKE_OBJECT_ABORT]++;
    if (writer->handle != NULL) {
        drop_writing(writer);
    }
    op_finish(&writer->op, NULL);
}

static void copy_object(struct object_store *store, struct object_copy *req)
{
    struct fake_services *fake = of_store(store);
    if (!answer(fake, FAKE_OBJECT_COPY, &req->op)) {
        return;
    }
    const struct fake_object *object = fake_find(fake, req->bucket, req->key);
    if (object == NULL) {
        finish_not_found(&req->op, req->key);
        return;
    }
    char *data = xmemdup0(buf_text(&object->data), object->data.len);
    fake_put(fake, req->to_bucket, req->to_key, (struct str){data, object->data.len});
    free(data);
    op_finish(&req->op, NULL);
}

static void remove_object(struct object_store *store, struct object_delete *req)
{
    struct fake_services *fake = of_store(store);
    if (answer(fake, FAKE_OBJECT_DELETE, &req->op)) {
        fake_remove(fake, req->bucket, req->key);
        op_finish(&req->op, NULL);
    }
}

static void make_bucket(struct object_store *store, struct object_bucket *req)
{
    if (answer(of_store(store), FAKE_OBJECT_BUCKET, &req->op)) {
        op_finish(&req->op, NULL);
    }
}

static void free_store(struct object_store *store)
{
    (void)store;
}

/* ---- functions */

struct fake_function *fake_add_function(struct fake_services *fake, const char *name,
                                        const char *result)
{
    assert(fake->function_count < FAKE_FUNCTIONS_MAX);
    struct fake_function *function = &fake->functions[fake->function_count++];
    *function = (struct fake_function){.name = name, .state = "Active", .result = result};
    return function;
}

static struct fake_function *find_function(struct fake_services *fake, const char *name)
{
    for (size_t i = 0; i < fake->function_count; i++) {
        if (strcmp(fake->functions[i].name, name) == 0) {
            return &fake->functions[i];
        }
    }
    return NULL;
}

static struct fake_services *of_functions(struct function_service *service)
{
    return OP_CONTAINER(service, struct fake_services, function_service);
}

static void list_functions(struct function_service *service, struct function_list *req)
{
    struct fake_services *fake = of_functions(service);
    if (!answer(fake, FAKE_FUNCTION_LIST, &req->op)) {
        return;
    }
    req->names = xcalloc(fake->function_count + 1, sizeof(*req->names));
    for (size_t i = 0; i < fake->function_count; i++) {
        req->names[req->count++] = xstrdup(fake->functions[i].name);
    }
    op_finish(&req->op, NULL);
}

static void check_function(struct function_service *service, struct function_check *req)
{
    struct fake_services *fake = of_functions(service);
    if (!answer(fake, FAKE_FUNCTION_CHECK, &req->op)) {
        return;
    }
    const struct fake_function *function = find_function(fake, req->name);
    if (function == NULL) {
        finish_not_found(&req->op, req->name);
        return;
    }
    snprintf(req->state, sizeof(req->state), "%s", function->state);
    req->timeout_ms = FUNCTION_TIMEOUT_MS;
    req->outlives_caller = fake->calls_outlive;
    req->memory_bytes = 0;
    op_finish(&req->op, NULL);
}

static void tell_log(const struct fake_function *function, const struct function_invoke *req)
{
    struct str rest = str_from(function->log_lines);
    while (rest.len > 0 && req->on_log_line != NULL) {
        req->on_log_line(req->log_context, str_split(rest, '\n', &rest));
    }
}

static void invoke_function(struct function_service *service, struct function_invoke *req)
{
    struct fake_services *fake = of_functions(service);
    struct error err;
    if (!answer(fake, FAKE_FUNCTION_INVOKE, &req->op)) {
        return;
    }
    const struct fake_function *function = find_function(fake, req->name);
    if (function == NULL) {
        finish_not_found(&req->op, req->name);
        return;
    }
    json_free(fake->last_event);
    fake->last_event = json_copy(req->event);
    fake->last_timeout_ms = req->timeout_ms;
    tell_log(function, req);
    if (function->result == NULL) {
        op_finish(&req->op, &function->error);
        return;
    }
    req->result = json_parse(str_from(function->result), &err);
    assert(req->result != NULL);
    op_finish(&req->op, NULL);
}

static void free_functions(struct function_service *service)
{
    (void)service;
}

/* ---- training */

struct fake_job *fake_find_job(struct fake_services *fake, const char *name)
{
    for (size_t i = 0; i < fake->job_count; i++) {
        if (strcmp(fake->jobs[i].name, name) == 0) {
            return &fake->jobs[i];
        }
    }
    return NULL;
}

struct fake_job *fake_add_job(struct fake_services *fake, const char *name, const char *intent,
                              const struct fake_job_state *script)
{
    assert(fake->job_count < FAKE_JOBS_MAX);
    struct fake_job *job = &fake->jobs[fake->job_count++];
    *job = (struct fake_job){.script = script};
    snprintf(job->name, sizeof(job->name), "%s", name);
    snprintf(job->intent, sizeof(job->intent), "%s", intent);
    return job;
}

static struct fake_services *of_training(struct training_service *service)
{
    return OP_CONTAINER(service, struct fake_services, training_service);
}

static void create_from_request(struct fake_services *fake, const struct json *request)
{
    fake_add_job(fake, json_text_or(request, "TrainingJobName", ""),
                 json_text_or(json_get(request, "Environment"), "GATEHOUSE_INTENT", ""),
                 fake->new_job_script);
}

static void create_job(struct training_service *service, struct training_create *req)
{
    struct fake_services *fake = of_training(service);
    struct error err;
    const char *name = json_text_or(req->request, "TrainingJobName", "");
    bool is_taken = fake_find_job(fake, name) != NULL;
    json_free(fake->last_request);
    fake->last_request = json_copy(req->request);
    if (!answer(fake, FAKE_TRAINING_CREATE, &req->op)) {
        bool is_permanent = req->op.has_failed && req->op.result.error_class == ERROR_PERMANENT;
        req->was_refused = !fake->create_is_lost && (fake->create_is_refused || is_permanent);
        if (fake->create_is_lost && !is_taken) {
            create_from_request(fake, req->request);
        }
    } else if (is_taken) {
        error_set(&err, ERROR_PERMANENT, "name_taken", "the name %s is taken", name);
        op_finish(&req->op, &err);
    } else {
        create_from_request(fake, req->request);
        op_finish(&req->op, NULL);
    }
}

static void fill_model_uri(struct fake_services *fake, struct training_job *job)
{
    const char *prefix =
        fake->model_prefix != NULL ? fake->model_prefix : "xgboost-model-artifacts/";
    char *key = xasprintf("%s%s/output/model.tar.gz", prefix, job->name);
    if (!fake->gives_no_model_uri) {
        snprintf(job->model_uri, sizeof(job->model_uri), "s3://msecindustries-models/%s", key);
    }
    if (!fake->makes_no_model && fake_find(fake, "msecindustries-models", key) == NULL) {
        fake_put(fake, "msecindustries-models", key, STR("a packed model"));
    }
    free(key);
}

static void describe_job(struct training_service *service, struct training_describe *req)
{
    struct fake_services *fake = of_training(service);
    struct error err;
    if (!answer(fake, FAKE_TRAINING_DESCRIBE, &req->op)) {
        return;
    }
    struct fake_job *job = fake_find_job(fake, req->name);
    if (job == NULL) {
        finish_not_found(&req->op, req->name);
        return;
    }
    const struct fake_job_state *state = &job->script[job->at];
    if (job->script[job->at + 1].status != NULL) {
        job->at++;
    }
    struct training_job *out = &req->job;
    *out = (struct training_job){.billable_ms = 1200};
    snprintf(out->name, sizeof(out->name), "%s", job->name);
    snprintf(out->intent, sizeof(out->intent), "%s", job->intent);
    snprintf(out->status, sizeof(out->status), "%s", state->status);
    snprintf(out->secondary_status, sizeof(out->secondary_status), "%s", state->secondary_status);
    snprintf(out->failure_reason, sizeof(out->failure_reason), "%s",
             state->failure_reason == NULL ? "" : state->failure_reason);
    out->has_begun = strcmp(state->secondary_status, "Starting") != 0 &&
                     strcmp(state->secondary_status, "Downloading") != 0;
    if (!training_state_from_status(str_from(state->status), &out->state)) {
        error_set(&err, ERROR_PERMANENT, "unknown_status", "unknown status %s", state->status);
        op_finish(&req->op, &err);
        return;
    }
    if (out->state == TRAINING_SUCCEEDED) {
        fill_model_uri(fake, out);
    }
    op_finish(&req->op, NULL);
}

/* A stopped job is Stopping once, then Stopped; a job that has ended stays as it ended. */
static void stop_job(struct training_service *service, struct training_stop *req)
{
    static const struct fake_job_state stopping[] = {
        {"Stopping", "Stopping", NULL}, {"Stopped", "Stopped", NULL}, {0}};
    struct fake_services *fake = of_training(service);
    enum training_state state;
    if (!answer(fake, FAKE_TRAINING_STOP, &req->op)) {
        return;
    }
    struct fake_job *job = fake_find_job(fake, req->name);
    if (job == NULL) {
        finish_not_found(&req->op, req->name);
        return;
    }
    if (training_state_from_status(str_from(job->script[job->at].status), &state) &&
        state == TRAINING_RUNNING && !job->is_stopping) {
        job->is_stopping = true;
        job->script = stopping;
        job->at = 0;
    }
    op_finish(&req->op, NULL);
}

static void read_logs(struct training_service *service, struct training_logs *req)
{
    struct fake_services *fake = of_training(service);
    req->text.len = 0;
    if (!answer(fake, FAKE_TRAINING_LOGS, &req->op)) {
        return;
    }
    if (fake->log_texts != NULL && fake->log_texts[fake->log_at] != NULL) {
        buf_append_text(&req->text, fake->log_texts[fake->log_at++]);
        snprintf(req->cursor, sizeof(req->cursor), "%zu", fake->log_at);
    }
    op_finish(&req->op, NULL);
}

static void free_training(struct training_service *service)
{
    (void)service;
}

/* ---- database: sessions that open, queries that succeed without rows */

static struct fake_services *of_database(struct database *database)
{
    return OP_CONTAINER(database, struct fake_services, database);
}

static void open_session(struct database *database, struct database_session *session)
{
    if (answer(of_database(database), FAKE_DATABASE_OPEN, &session->op)) {
        session->handle = database;
        op_finish(&session->op, NULL);
    }
}

static void close_session(struct database_session *session)
{
    session->handle = NULL;
}

static void cancel_session(struct database_session *session)
{
    (void)session; /* its operations are answered at once */
}

static void query(struct database_session *session, struct database_query *req)
{
    if (answer(of_database(session->database), FAKE_DATABASE_QUERY, &req->op)) {
        op_finish(&req->op, NULL);
    }
}

static void free_database(struct database *database)
{
    (void)database;
}

/* ---- all of them */

struct fake_services *fake_services_new(struct loop *loop, struct clock *clock)
{
    struct fake_services *fake = xcalloc(1, sizeof(*fake));
    fake->loop = loop;
    fake->clock = clock;
    fake->chunk_size = DEFAULT_CHUNK;
    fake->new_job_script = fake_job_completes;
    error_set(&fake->fail_with, ERROR_TRANSIENT, "torture", "this call fails on purpose");
    fake->object_ops = (struct object_store_ops){
        head,          list,         open_object,   read_object,  close_object,
        create_object, write_object, commit_object, abort_object, copy_object,
        remove_object, make_bucket,  free_store,
    };
    fake->function_ops = (struct function_service_ops){list_functions, check_function,
                                                       invoke_function, free_functions};
    fake->training_ops = (struct training_service_ops){.create = create_job,
                                                       .describe = describe_job,
                                                       .stop = stop_job,
                                                       .logs = read_logs,
                                                       .free = free_training,
                                                       .poll_first_ms = 1,
                                                       .poll_max_ms = 1};
    fake->database_ops = (struct database_ops){.open = open_session,
                                               .close = close_session,
                                               .query = query,
                                               .cancel = cancel_session,
                                               .free = free_database};
    fake->object_store = (struct object_store){&fake->object_ops, loop};
    fake->function_service = (struct function_service){&fake->function_ops, loop};
    fake->training_service = (struct training_service){&fake->training_ops, loop};
    fake->database = (struct database){&fake->database_ops, loop};
    fake->services = (struct services){.objects = &fake->object_store,
                                       .functions = &fake->function_service,
                                       .training = &fake->training_service,
                                       .database = &fake->database,
                                       .model_program = "/nonexistent/gatehouse-model"};
    return fake;
}

void fake_services_free(struct fake_services *fake)
{
    for (size_t i = 0; i < fake->object_count; i++) {
        free_object(&fake->objects[i]);
    }
    json_free(fake->last_event);
    json_free(fake->last_request);
    free(fake);
}
