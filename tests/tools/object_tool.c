/* object_tool COMMAND ARGUMENT...: the object store port on S3 from the command line, for the tests
 * and figures that no verb of gatehouse reaches. The session is that of the environment (AWS_...).
 * Prints one JSON object: what came out, or "error" and "message" (exit code 1).
 *   put BUCKET KEY FILE [sha256]     get BUCKET KEY FILE [OFFSET [LENGTH [ETAG]]]
 *   put-tree BUCKET PREFIX FOLDER    get-tree BUCKET PREFIX FOLDER      (files, many at a time)
 *   head BUCKET KEY   list BUCKET PREFIX   copy BUCKET KEY TO_BUCKET TO_KEY   delete BUCKET KEY
 *   bucket BUCKET     abort BUCKET KEY FILE (writes, then takes back)   presign BUCKET KEY SECONDS
 * OBJECT_TOOL_CLOCK_AHEAD_MS: how wrong the clock is. OBJECT_TOOL_PART_BYTES, _PARALLEL. */
#include "core/aws/s3_message.h"
#include "core/aws/s3_store.h"
#include "core/aws/sigv4.h"
#include "core/base/alloc.h"
#include "core/base/environment.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/loop/work.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WINDOW = 8 << 20, TREE_PARALLEL = 32, LINE_SIZE = 256 };

struct skewed_clock {
    struct clock clock;
    int64_t ahead_ms;
};

struct tool {
    struct loop *loop;
    struct skewed_clock clock;
    struct aws_session *session;
    struct object_store *store;
    char **words; /* after the command */
    struct json *out;
    struct error err;
    bool has_failed;
};

static int64_t wall_ms(struct clock *clock)
{
    return clock_system()->wall_ms(clock_system()) +
           ((struct skewed_clock *)(void *)clock)->ahead_ms;
}

static int64_t monotonic_ms(struct clock *clock)
{
    (void)clock;
    return clock_system()->monotonic_ms(clock_system());
}

static int64_t number_of(const char *text)
{
    return text == NULL ? 0 : strtoll(text, NULL, 10);
}

static bool fail(struct tool *tool, const struct error *err)
{
    if (!tool->has_failed) {
        tool->has_failed = true;
        tool->err = *err;
    }
    return false;
}

static bool fail_file(struct tool *tool, const char *path)
{
    struct error err;
    error_set(&err, ERROR_PERMANENT, "file", "%s: %s", path, strerror(errno));
    return fail(tool, &err);
}

static bool await(struct tool *tool, struct op *op)
{
    struct error err;
    return loop_await(tool->loop, op, &err) || fail(tool, &err);
}

static void tell(struct json *out, const struct object_info *info)
{
    json_set_text(out, "key", info->key);
    json_set_text(out, "etag", info->etag);
    json_set_text(out, "sha256", info->sha256);
    json_set_int(out, "size_bytes", (int64_t)info->size_bytes);
    json_set_int(out, "modified_ms", info->modified_ms);
}

/* ---- one file up or down; moved on by the end of each operation */

struct job {
    struct tool *tool;
    int *running;
    char *key, *path;
    int fd;
    off_t map_size, next;
    char *map;           /* the file that goes up; it must not shrink */
    struct work writing; /* of the file that comes down, so that the loop is free */
    struct object_writer writer;
    struct object_reader reader;
    struct object_info info;
    enum { JOB_OPENING, JOB_MOVING, JOB_WRITING, JOB_ENDING } stage;
    bool is_up, is_taken_back, is_over;
};

static void move(struct op *op, const struct error *err);

static void job_end(struct job *job)
{
    if (job->map != NULL) {
        munmap(job->map, (size_t)job->map_size);
    }
    job->is_over = true;
    (*job->running)--;
    if (job->fd >= 0) {
        close(job->fd);
    }
    loop_stop(job->tool->loop);
}

static bool open_file(struct job *job)
{
    struct stat status = {.st_size = 0};
    job->fd = job->is_up ? open(job->path, O_RDONLY | O_CLOEXEC)
                         : open(job->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (job->fd < 0 || fstat(job->fd, &status) != 0) {
        return fail_file(job->tool, job->path);
    }
    if (job->is_up && status.st_size > 0) {
        void *map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, job->fd, 0);
        if (map == MAP_FAILED) {
            return fail_file(job->tool, job->path);
        }
        job->map = map;
        job->map_size = status.st_size;
    }
    return true;
}

static void job_start(struct job *job, const char *bucket)
{
    (*job->running)++;
    if (!open_file(job)) {
        job_end(job);
    } else if (job->is_up) {
        job->writer.op = (struct op){.done = move, .context = job};
        job->writer.bucket = bucket;
        job->writer.key = job->key;
        job->writer.stays_in_place = true;
        object_create_start(job->tool->store, &job->writer);
    } else {
        job->reader.op = (struct op){.done = move, .context = job};
        job->reader.bucket = bucket;
        job->reader.key = job->key;
        object_open_start(job->tool->store, &job->reader);
    }
}

static bool write_file(struct work *work, struct error *err)
{
    struct job *job = OP_CONTAINER(work, struct job, writing);
    return file_write_all(job->fd, job->reader.chunk, err);
}

/* Most of what was written has been sent and need not stay in memory; what is still on its way is
 * read once more. */
static void forget_written(const struct job *job)
{
    enum { KEPT = 2 };
    off_t sent = job->next - (off_t)KEPT * WINDOW;
    if (sent > 0) {
        madvise(job->map, (size_t)sent, MADV_DONTNEED);
    }
}

static void move_up(struct job *job)
{
    off_t left = job->map_size - job->next;
    if (left > 0) {
        struct str window = {job->map + job->next, left < WINDOW ? (size_t)left : WINDOW};
        forget_written(job);
        job->next += (off_t)window.len;
        job->stage = JOB_MOVING;
        object_write_start(&job->writer, window);
        return;
    }
    job->stage = JOB_ENDING;
    if (job->is_taken_back) {
        object_abort_start(&job->writer);
    } else {
        object_commit_start(&job->writer);
    }
}

static void move_down(struct job *job)
{
    bool was_read = job->stage == JOB_MOVING;
    if (was_read && job->reader.chunk.len == 0) {
        job->info = job->reader.info;
        object_close(&job->reader);
        job_end(job);
    } else if (was_read) {
        job->stage = JOB_WRITING;
        job->writing = (struct work){.op = {.done = move, .context = job}, .run = write_file};
        work_start(job->tool->loop, &job->writing);
    } else {
        job->stage = JOB_MOVING;
        object_read_start(&job->reader);
    }
}

static void move(struct op *op, const struct error *err)
{
    struct job *job = op->context;
    if (err != NULL) {
        fail(job->tool, err);
        if (job->is_up && job->writer.handle != NULL) {
            job->stage = JOB_ENDING;
            object_abort_start(&job->writer);
            return;
        }
        object_close(&job->reader);
        job_end(job);
    } else if (job->stage == JOB_ENDING) {
        job->info = job->writer.info;
        job_end(job);
    } else if (job->is_up) {
        move_up(job);
    } else {
        move_down(job);
    }
}

static bool run_one(struct tool *tool, struct job *job)
{
    int running = 0;
    job->tool = tool;
    job->running = &running;
    job->key = tool->words[1];
    job->path = tool->words[2];
    job_start(job, tool->words[0]);
    while (running > 0) {
        loop_run(tool->loop);
    }
    job->running = NULL;
    tell(tool->out, &job->info);
    return !tool->has_failed;
}

static bool put(struct tool *tool)
{
    const char *more = tool->words[3];
    struct job job = {
        .is_up = true,
        .writer.needs_sha256 = more != NULL && strcmp(more, "sha256") == 0,
    };
    return run_one(tool, &job);
}

static bool take_back(struct tool *tool)
{
    struct job job = {.is_up = true, .is_taken_back = true};
    return run_one(tool, &job);
}

static bool get(struct tool *tool)
{
    char **more = tool->words + 3;
    struct job job = {.is_up = false};
    if (more[0] != NULL) {
        job.reader.offset = (uint64_t)number_of(more[0]);
        job.reader.length = (uint64_t)number_of(more[1]);
        job.reader.if_match = more[1] == NULL ? NULL : more[2];
    }
    return run_one(tool, &job);
}

/* ---- many files */

/* keys: of which those from prefix_length on are names in the folder. */
static bool run_tree(struct tool *tool, char **keys, size_t count, bool is_up)
{
    size_t prefix_length = strlen(tool->words[1]);
    struct job *jobs = xcalloc(count + 1, sizeof(*jobs));
    int running = 0;
    size_t started = 0;
    while (running > 0 || (started < count && !tool->has_failed)) {
        while (running < TREE_PARALLEL && started < count && !tool->has_failed) {
            struct job *job = &jobs[started];
            job->tool = tool;
            job->running = &running;
            job->is_up = is_up;
            job->key = keys[started];
            job->path = file_join(tool->words[2], keys[started] + prefix_length);
            started++;
            job_start(job, tool->words[0]);
        }
        if (running > 0) {
            loop_run(tool->loop);
        }
    }
    for (size_t i = 0; i < started; i++) {
        free(jobs[i].path);
    }
    free(jobs);
    json_set_int(tool->out, "count", (int64_t)count);
    return !tool->has_failed;
}

static void free_keys(char **keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(keys[i]);
    }
    free(keys);
}

static bool put_tree(struct tool *tool)
{
    char **keys = NULL;
    size_t count = 0;
    DIR *folder = opendir(tool->words[2]);
    if (folder == NULL) {
        return fail_file(tool, tool->words[2]);
    }
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_type == DT_REG) {
            keys = xreallocarray(keys, count + 1, sizeof(*keys));
            keys[count++] = xasprintf("%s%s", tool->words[1], entry->d_name);
        }
    }
    closedir(folder);
    bool is_good = run_tree(tool, keys, count, true);
    free_keys(keys, count);
    return is_good;
}

static bool list_start(struct tool *tool, struct object_list *list)
{
    list->bucket = tool->words[0];
    list->prefix = tool->words[1];
    object_list_start(tool->store, list);
    return await(tool, &list->op);
}

static bool get_tree(struct tool *tool)
{
    struct object_list list = {.count = 0};
    bool is_good = list_start(tool, &list);
    char **keys = xcalloc(list.count + 1, sizeof(*keys));
    size_t count = list.count;
    for (size_t i = 0; i < count; i++) {
        keys[i] = xstrdup(list.items[i].key);
    }
    object_list_done(&list);
    is_good = is_good && run_tree(tool, keys, count, false);
    free_keys(keys, count);
    return is_good;
}

/* ---- the small operations */

static bool list(struct tool *tool)
{
    struct object_list list = {.count = 0};
    bool is_good = list_start(tool, &list);
    struct json *items = json_array();
    for (size_t i = 0; i < list.count; i++) {
        struct json *item = json_object();
        tell(item, &list.items[i]);
        json_append(items, item);
    }
    json_set(tool->out, "items", items);
    object_list_done(&list);
    return is_good;
}

static bool head(struct tool *tool)
{
    struct object_head req = {.bucket = tool->words[0], .key = tool->words[1]};
    object_head_start(tool->store, &req);
    bool is_good = await(tool, &req.op);
    tell(tool->out, &req.info);
    return is_good;
}

static bool copy(struct tool *tool)
{
    struct object_copy req = {.bucket = tool->words[0],
                              .key = tool->words[1],
                              .to_bucket = tool->words[2],
                              .to_key = tool->words[3]};
    object_copy_start(tool->store, &req);
    return await(tool, &req.op);
}

static bool delete (struct tool *tool)
{
    struct object_delete req = {.bucket = tool->words[0], .key = tool->words[1]};
    object_delete_start(tool->store, &req);
    return await(tool, &req.op);
}

static bool bucket(struct tool *tool)
{
    struct object_bucket req = {.bucket = tool->words[0]};
    object_bucket_start(tool->store, &req);
    return await(tool, &req.op);
}

/* A URL that reads the object, path style. */
static bool presign(struct tool *tool)
{
    struct aws_endpoint endpoint;
    struct aws_credentials_get identity = {.must_renew = false};
    struct sigv4_key key = {0};
    struct buf query;
    if (!aws_session_endpoint(tool->session, AWS_S3, NULL, &endpoint, &tool->err)) {
        return fail(tool, &tool->err);
    }
    aws_credentials_get_start(tool->session, &identity);
    if (!await(tool, &identity.op)) {
        return false;
    }
    char *key_path = s3_key_path(tool->words[1]);
    char *path = xasprintf("/%s%s", tool->words[0], key_path);
    struct sigv4_header host = {"Host", strstr(endpoint.url, "://") + 3};
    struct sigv4_request request = {
        .method = "GET",
        .path = path,
        .headers = &host,
        .header_count = 1,
        .payload_hash = SIGV4_UNSIGNED_PAYLOAD,
        .region = endpoint.signing_region,
        .service = "s3",
        .is_s3 = true,
    };
    sigv4_date(wall_ms(&tool->clock.clock), request.date);
    buf_init(&query, S3_QUERY_LIMIT);
    sigv4_presign(&key, &request, &identity.credentials, (int)number_of(tool->words[2]), &query);
    char *url = xasprintf("%s%s?%s", endpoint.url, path, buf_text(&query));
    json_set_text(tool->out, "url", url);
    free(url);
    free(path);
    free(key_path);
    buf_done(&query);
    sigv4_key_done(&key);
    aws_credentials_done(&identity.credentials);
    return true;
}

/* ---- all of it */

static const struct {
    const char *name;
    int words;
    bool (*run)(struct tool *tool);
} commands[] = {
    {"put", 3, put},           {"get", 3, get},         {"put-tree", 3, put_tree},
    {"get-tree", 3, get_tree}, {"head", 2, head},       {"list", 2, list},
    {"copy", 4, copy},         {"delete", 2, delete},   {"bucket", 1, bucket},
    {"abort", 3, take_back},   {"presign", 3, presign},
};

/* The peak of the memory that is really ours, as the kernel counted it. */
static int64_t peak_bytes(void)
{
    char line[LINE_SIZE];
    int64_t kib = 0;
    FILE *file = fopen("/proc/self/status", "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "VmHWM:", 6) == 0) {
            kib = strtoll(line + 6, NULL, 10);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return kib * 1024;
}

static bool open_session(struct tool *tool)
{
    const char *const *environment = (const char *const *)environ;
    struct aws_session_spec spec = {.environment = environment, .clock = &tool->clock.clock};
    struct s3_settings settings = {
        .part_bytes = (size_t)number_of(environment_get(environment, "OBJECT_TOOL_PART_BYTES")),
        .parallel = (int)number_of(environment_get(environment, "OBJECT_TOOL_PARALLEL")),
    };
    tool->clock = (struct skewed_clock){
        .clock = {wall_ms, monotonic_ms},
        .ahead_ms = number_of(environment_get(environment, "OBJECT_TOOL_CLOCK_AHEAD_MS"))};
    tool->session = aws_session_new(tool->loop, &spec, &tool->err);
    if (tool->session == NULL) {
        return fail(tool, &tool->err);
    }
    tool->store = s3_store_new(tool->session, &settings);
    return true;
}

static void print(struct tool *tool)
{
    if (tool->has_failed) {
        json_free(tool->out);
        tool->out = json_object();
        json_set_text(tool->out, "error", tool->err.code);
        json_set_text(tool->out, "message", tool->err.message);
        json_set_bool(tool->out, "transient", tool->err.error_class == ERROR_TRANSIENT);
        json_set_int(tool->out, "status", tool->err.http_status);
    }
    json_set_int(tool->out, "peak_bytes", peak_bytes());
    char *text = json_print(tool->out);
    puts(text);
    free(text);
}

int main(int argc, char **argv)
{
    struct tool tool = {.words = argv + 2, .out = json_object()};
    bool is_known = false;
    tool.loop = loop_new();
    for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(argv[1], commands[i].name) == 0 && argc - 2 >= commands[i].words) {
            is_known = true;
            if (open_session(&tool)) {
                commands[i].run(&tool);
            }
        }
    }
    print(&tool);
    object_store_free(tool.store);
    aws_session_free(tool.session);
    loop_free(tool.loop);
    json_free(tool.out);
    return !is_known ? 64 : tool.has_failed;
}
