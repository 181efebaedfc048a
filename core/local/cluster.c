/* Requests on a private cluster: each is a table of steps, and each step is either pool work (it
 * looks, waits, signals) or a child (it acts as the server's user, never as root). */
#include "core/local/cluster.h"

#include "core/base/alloc.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/utf8.h"
#include "core/local/cluster_place.h"
#include "core/local/cluster_server.h"
#include "core/loop/process.h"
#include "core/loop/timer.h"
#include "core/loop/work.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum {
    LOOK_EVERY_MS = 5,
    LOCK_EVERY_MS = 20,
    RELAUNCH_EVERY_MS = 100,
    LOCK_WAIT_MS = 60 * 1000,
    CHILD_WAIT_MS = 120 * 1000,
    START_WAIT_MS = 60 * 1000, /* recovery after a crash is in it */
    STOP_WAIT_MS = 30 * 1000,
    LAUNCH_WAIT_MS = 5 * 1000,  /* until the launched shell has written its first line */
    LINGER_WAIT_MS = 10 * 1000, /* children of a killed server hold its shared memory this long */
    OUTPUT_MAX = 1 << 20,
    LOG_TAIL = 600,
    ARGV_SIZE = 16,
    TEXT_COUNT = 4,
};

/* The server is small, durable and local; COPY into a table made in the same transaction needs no
 * WAL. Statements stay out of the log: they hold personal data. */
static const char server_settings[] = "listen_addresses = ''\n"
                                      "unix_socket_permissions = 0700\n"
                                      "max_connections = 20\n"
                                      "shared_buffers = 16MB\n"
                                      "fsync = on\n"
                                      "wal_level = minimal\n"
                                      "max_wal_senders = 0\n"
                                      "min_wal_size = 32MB\n"
                                      "max_wal_size = 256MB\n"
                                      "autovacuum = on\n"
                                      "autovacuum_max_workers = 1\n"
                                      "max_worker_processes = 2\n"
                                      "max_logical_replication_workers = 0\n"
                                      "max_parallel_workers_per_gather = 0\n"
                                      "huge_pages = off\n"
                                      "jit = off\n"
                                      "timezone = 'UTC'\n"
                                      "lc_messages = 'C'\n"
                                      "logging_collector = on\n"
                                      "log_directory = 'log'\n"
                                      "log_filename = 'server-%a.log'\n"
                                      "log_truncate_on_rotation = on\n"
                                      "log_rotation_age = 1d\n"
                                      "log_rotation_size = 0\n"
                                      "log_file_mode = 0600\n"
                                      "log_timezone = 'UTC'\n"
                                      "log_line_prefix = '%m [%p] '\n"
                                      "log_min_error_statement = panic\n";
static const char host_rules[] = "local all all peer map=gatehouse\n";

/* $1 initdb, $2 data folder, $3 settings, $4 host rules, $5 user map. Complete and on disk before
 * it gets its name: a half-made cluster is never found. One syncfs costs a tenth of initdb's
 * fsyncs. */
static const char make_script[] =
    "umask 077\n"
    "new=$2.new\n"
    "rm -rf -- \"$new\"\n"
    "\"$1\" -D \"$new\" -U gatehouse --auth=peer --encoding=UTF8 --locale=C --no-sync "
    "--no-instructions >/dev/null\n"
    "printf '%s' \"$3\" >\"$new/postgresql.conf\"\n"
    "printf '%s' \"$4\" >\"$new/pg_hba.conf\"\n"
    "printf '%s' \"$5\" >\"$new/pg_ident.conf\"\n"
    "sync -f -- \"$new\"\n"
    "mv -T -- \"$new\" \"$2\"\n"
    "sync -- \"${2%/*}\"\n";
/* $1 log, $2 token, $3 a stale postmaster.pid or nothing, $4 socket path, then the server's
 * command. No server is alive here, so a socket lock is stale, too. */
static const char launch_script[] = "umask 077\n"
                                    "exec >\"$1\" 2>&1\n"
                                    "echo \"$2 $$\"\n"
                                    "[ -z \"$3\" ] || rm -f -- \"$3\"\n"
                                    "rm -f -- \"$4\" \"$4.lock\"\n"
                                    "shift 4\n"
                                    "exec \"$@\"\n";
static const char *const child_environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC", NULL};

struct job;
typedef void (*step_fn)(struct job *job);

struct job {
    struct cluster_request *request;
    struct loop *loop;
    const step_fn *steps; /* ends with NULL */
    size_t step;
    struct work work;
    struct process process;
    struct timer *timer;
    int64_t lock_deadline_ms; /* monotonic */
    int64_t linger_deadline_ms;
    int lock_fd;
    struct cluster_place place;
    struct cluster_server server;
    char *programs;              /* folder of initdb and postgres */
    const char *argv[ARGV_SIZE]; /* of the child */
    char *texts[TEXT_COUNT];     /* owned parts of argv */
    char token[32];              /* tells this launch's log from an older one */
    int64_t launched_ms;
};

const char *cluster_state_name(enum cluster_state state)
{
    static const char *const names[CLUSTER_STATE_COUNT] = {
#define X(name, text) [CLUSTER_##name] = text,
        CLUSTER_STATES(X)
#undef X
    };
    return names[state];
}

static int64_t now_ms(void)
{
    struct clock *clock = clock_system();
    return clock->monotonic_ms(clock);
}

static void wait_a_moment(void)
{
    struct timespec pause = {.tv_nsec = LOOK_EVERY_MS * 1000000L};
    nanosleep(&pause, NULL);
}

/* ---- going from step to step */

static void free_texts(struct job *job)
{
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        free(job->texts[i]);
        job->texts[i] = NULL;
    }
}

static void release(struct job *job)
{
    if (job->lock_fd >= 0) {
        close(job->lock_fd);
    }
    timer_free(job->timer);
    process_done(&job->process);
    cluster_place_done(&job->place);
    cluster_server_done(&job->server);
    free(job->programs);
    free_texts(job);
    free(job);
}

static void finish(struct job *job, const struct error *err)
{
    struct cluster_request *request = job->request;
    if (err == NULL) {
        request->state = job->server.state;
        request->pid = job->server.pid;
        request->folder = xstrdup(job->place.folder);
        request->dsn =
            job->server.state == CLUSTER_RUNNING ? cluster_server_dsn(&job->server) : NULL;
    }
    request->handle = NULL;
    release(job);
    op_finish(&request->op, err);
}

static void fail(struct job *job, const struct error *err)
{
    struct error told = *err;
    error_prefix(&told, "private PostgreSQL cluster");
    finish(job, &told);
}

static void next(struct job *job)
{
    job->step++;
    if (job->steps[job->step] == NULL) {
        finish(job, NULL);
        return;
    }
    job->steps[job->step](job);
}

static void after_work(struct op *op, const struct error *err)
{
    struct job *job = op->context;
    if (err != NULL) {
        fail(job, err);
    } else {
        next(job);
    }
}

static void run_work(struct job *job, work_fn run, op_done_fn done)
{
    job->work = (struct work){.op = {.done = done, .context = job}, .run = run};
    work_start(job->loop, &job->work);
}

static struct job *job_of(struct work *work)
{
    return OP_CONTAINER(work, struct job, work);
}

/* argv: its strings live as long as the job. */
static void run_child(struct job *job, const char *const *argv, op_done_fn done)
{
    size_t count = 0;
    for (; argv[count] != NULL; count++) {
        assert(count + 1 < ARGV_SIZE);
        job->argv[count] = argv[count];
    }
    job->argv[count] = NULL;
    job->process = (struct process){
        .op = {.done = done, .context = job},
        .argv = job->argv,
        .env = child_environment,
        .folder = "/",
        .output_limit = OUTPUT_MAX,
        .deadline_ms = CHILD_WAIT_MS,
        .run_as_uid = job->place.uid,
        .run_as_gid = job->place.gid,
    };
    process_start(job->loop, &job->process);
}

/* The end of a program's text, made one printable line. */
static bool fail_with_text(struct error *err, const char *what, struct str text)
{
    struct buf line;
    text = str_trim(text);
    if (text.len > LOG_TAIL) {
        text = (struct str){text.ptr + text.len - LOG_TAIL, LOG_TAIL};
    }
    buf_init(&line, 4 * LOG_TAIL);
    utf8_append_printable(&line, text);
    error_set(err, ERROR_TRANSIENT, "cluster_failed", "%s: %s", what, buf_text(&line));
    buf_done(&line);
    return false;
}

static void after_child(struct op *op, const struct error *err)
{
    struct job *job = op->context;
    struct error failure;
    if (err != NULL) {
        fail(job, err);
        return;
    }
    if (job->process.exit_code != 0) {
        fail_with_text(&failure, "its folder cannot be changed", buf_str(&job->process.error_tail));
        fail(job, &failure);
        return;
    }
    free_texts(job);
    process_done(&job->process);
    next(job);
}

/* ---- looking */

static bool look_in_pool(struct work *work, struct error *err)
{
    struct job *job = job_of(work);
    cluster_server_done(&job->server);
    if (job->place.folder == NULL &&
        !cluster_place_find(&job->place, job->request->settings, err)) {
        return false;
    }
    cluster_server_inspect(&job->server, job->place.data);
    return job->server.state != CLUSTER_RUNNING ||
           cluster_place_check_private(job->server.sockets, job->place.uid, err);
}

static void step_look(struct job *job)
{
    run_work(job, look_in_pool, after_work);
}

static void after_look_for_server(struct op *op, const struct error *err)
{
    struct job *job = op->context;
    if (err != NULL) {
        fail(job, err);
    } else if (job->server.state == CLUSTER_RUNNING) {
        finish(job, NULL);
    } else {
        next(job);
    }
}

static void step_look_for_server(struct job *job)
{
    run_work(job, look_in_pool, after_look_for_server);
}

/* ---- the lock: tried from a timer, because waiting threads would starve the holder's own work */

static void try_lock(void *context)
{
    struct job *job = context;
    struct error err;
    if (flock(job->lock_fd, LOCK_EX | LOCK_NB) == 0) {
        next(job);
    } else if (errno != EWOULDBLOCK && errno != EINTR) {
        error_set_errno(&err, errno, "cannot lock %s/postgres.lock", job->place.state);
        fail(job, &err);
    } else if (now_ms() > job->lock_deadline_ms) {
        error_set(&err, ERROR_TRANSIENT, "busy",
                  "another gatehouse has held %s/postgres.lock for %d s", job->place.state,
                  LOCK_WAIT_MS / 1000);
        fail(job, &err);
    } else {
        timer_arm(job->timer, LOCK_EVERY_MS);
    }
}

static void step_lock(struct job *job)
{
    struct error err;
    char *path = file_join(job->place.state, "postgres.lock");
    job->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (job->lock_fd < 0) {
        error_set_errno(&err, errno, "cannot open %s", path);
        free(path);
        fail(job, &err);
        return;
    }
    free(path);
    job->lock_deadline_ms = now_ms() + LOCK_WAIT_MS;
    try_lock(job);
}

/* Waits while a server is on its way up or down, as somebody else may have left it. */
static bool settle_in_pool(struct work *work, struct error *err)
{
    struct job *job = job_of(work);
    int64_t deadline_ms = now_ms() + START_WAIT_MS;
    while (look_in_pool(work, err)) {
        enum cluster_state state = job->server.state;
        if (state != CLUSTER_STARTING && state != CLUSTER_STOPPING) {
            return true;
        }
        if (now_ms() > deadline_ms) {
            return error_set(err, ERROR_TRANSIENT, "cluster_failed",
                             "its server (process %ld) has been %s for more than %d s",
                             (long)job->server.pid, cluster_state_name(state),
                             START_WAIT_MS / 1000);
        }
        wait_a_moment();
    }
    return false;
}

static void step_settle(struct job *job)
{
    run_work(job, settle_in_pool, after_look_for_server);
}

/* ---- making */

static bool find_programs_in_pool(struct work *work, struct error *err)
{
    struct job *job = job_of(work);
    (void)err;
    job->programs = cluster_place_find_programs(job->request->settings);
    return true;
}

static void step_find_programs(struct job *job)
{
    run_work(job, find_programs_in_pool, after_work);
}

static void check_programs(struct job *job)
{
    struct error err;
    if (job->programs != NULL && cluster_place_has_programs(job->programs)) {
        next(job);
        return;
    }
    error_set(&err, ERROR_PERMANENT, "no_postgresql",
              "initdb and postgres are not in %s: install the package postgresql-15",
              job->programs != NULL ? job->programs
                                    : "/usr/lib/postgresql/15/bin, $PATH or where pg_config says");
    fail(job, &err);
}

static void after_pg_config(struct op *op, const struct error *err)
{
    struct job *job = op->context;
    if (err == NULL && job->process.exit_code == 0) {
        struct str folder = str_trim(buf_str(&job->process.output));
        job->programs = xmemdup0(folder.ptr, folder.len);
    }
    process_done(&job->process);
    check_programs(job);
}

static void step_ask_pg_config(struct job *job)
{
    static const char *const argv[] = {"pg_config", "--bindir", NULL};
    if (job->programs == NULL) {
        run_child(job, argv, after_pg_config);
    } else {
        check_programs(job);
    }
}

static bool make_folders_in_pool(struct work *work, struct error *err)
{
    return cluster_place_make(&job_of(work)->place, err);
}

static void step_make_folders(struct job *job)
{
    run_work(job, make_folders_in_pool, after_work);
}

static void append_mapping(struct buf *map, const char *user)
{
    buf_append_text(map, "gatehouse \"");
    for (const char *at = user; *at != '\0'; at++) {
        buf_append_text(map, *at == '"' ? "\"" : "");
        buf_append_char(map, *at);
    }
    buf_append_text(map, "\" gatehouse\n");
}

static char *user_map(const struct cluster_place *place)
{
    struct buf map;
    buf_init(&map, 4 * CLUSTER_USER_SIZE);
    append_mapping(&map, "root");
    if (place->uid != 0) {
        append_mapping(&map, place->user);
    }
    return buf_take(&map);
}

static void step_make(struct job *job)
{
    if (job->server.state != CLUSTER_ABSENT) {
        next(job);
        return;
    }
    job->texts[0] = file_join(job->programs, "initdb");
    job->texts[1] = user_map(&job->place);
    const char *const argv[] = {
        "/bin/sh",       "-ceu",          make_script, "sh",          job->texts[0],
        job->place.data, server_settings, host_rules,  job->texts[1], NULL};
    job->request->was_made = true;
    run_child(job, argv, after_child);
}

/* ---- starting */

static bool launch_in_pool(struct work *work, struct error *err)
{
    struct job *job = job_of(work);
    char *log = file_join(job->place.folder, "start.log");
    char *postgres = file_join(job->programs, "postgres");
    char *pid_file = file_join(job->place.data, "postmaster.pid");
    char *socket = xasprintf("%s/.s.PGSQL.%d", job->place.sockets, CLUSTER_PORT);
    char *port = xasprintf("%d", CLUSTER_PORT);
    snprintf(job->token, sizeof(job->token), "start-%ld-%lld", (long)getpid(), (long long)now_ms());
    const char *const argv[] = {"/bin/sh",
                                "-ceu",
                                launch_script,
                                "sh",
                                log,
                                job->token,
                                job->server.is_stale ? pid_file : "",
                                socket,
                                postgres,
                                "-D",
                                job->place.data,
                                "-k",
                                job->place.sockets,
                                "-p",
                                port,
                                NULL};
    const struct process_detached spec = {
        .argv = argv,
        .env = child_environment,
        .folder = "/",
        .run_as_uid = job->place.uid,
        .run_as_gid = job->place.gid,
    };
    job->launched_ms = now_ms();
    bool is_launched = process_spawn_detached(&spec, err);
    free(log);
    free(postgres);
    free(pid_file);
    free(socket);
    free(port);
    return is_launched;
}

static void step_launch(struct job *job)
{
    run_work(job, launch_in_pool, after_work);
}

/* True while the launched process may still become a server; else err has its last words. */
static bool is_coming_up(struct job *job, struct error *err)
{
    struct buf log;
    struct error ignored;
    struct str words = STR("");
    int64_t pid = 0;
    char *path = file_join(job->place.folder, "start.log");
    buf_init(&log, OUTPUT_MAX);
    bool is_ours = file_read(path, &log, &ignored);
    free(path);
    struct str first = str_split(buf_str(&log), '\n', &words);
    struct str number = STR("");
    is_ours = is_ours && str_eq(str_split(first, ' ', &number), str_from(job->token)) &&
              str_to_i64(number, &pid);
    bool is_late = now_ms() > job->launched_ms + (is_ours ? START_WAIT_MS : LAUNCH_WAIT_MS);
    bool is_dead = is_ours && !cluster_process_is_alive((pid_t)pid);
    if (is_dead || is_late) {
        fail_with_text(err,
                       is_dead ? "PostgreSQL did not start" : "PostgreSQL did not start in time",
                       is_ours ? words : STR("it said nothing"));
        error_prefix(err, "%s/log and start.log", job->place.data);
    }
    buf_done(&log);
    return !is_dead && !is_late;
}

static bool await_server_in_pool(struct work *work, struct error *err)
{
    struct job *job = job_of(work);
    while (look_in_pool(work, err)) {
        if (job->server.state == CLUSTER_RUNNING) {
            return true;
        }
        if (!is_coming_up(job, err)) {
            return false;
        }
        wait_a_moment();
    }
    return false;
}

static void relaunch(void *context)
{
    struct job *job = context;
    job->step--;
    job->steps[job->step](job);
}

/* The children of a killed server hold its shared memory until they notice; then a new one may
 * start. */
static void after_await(struct op *op, const struct error *err)
{
    struct job *job = op->context;
    if (err == NULL) {
        job->request->was_started = true;
        next(job);
        return;
    }
    if (job->linger_deadline_ms == 0) {
        job->linger_deadline_ms = now_ms() + LINGER_WAIT_MS;
    }
    if (strstr(err->message, "still in use") != NULL && now_ms() < job->linger_deadline_ms) {
        timer_free(job->timer);
        job->timer = timer_new(job->loop, relaunch, job);
        timer_arm(job->timer, RELAUNCH_EVERY_MS);
        return;
    }
    fail(job, err);
}

static void step_await_server(struct job *job)
{
    run_work(job, await_server_in_pool, after_await);
}

/* ---- stopping and removing */

/* Its pid file goes a moment before the server itself. */
static bool await_end(struct job *job, pid_t pid, struct error *err)
{
    int64_t deadline_ms = now_ms() + STOP_WAIT_MS;
    while (cluster_process_is_alive(pid)) {
        if (now_ms() > deadline_ms) {
            return error_set(err, ERROR_TRANSIENT, "cluster_failed",
                             "its server (process %ld) does not stop", (long)pid);
        }
        wait_a_moment();
    }
    return look_in_pool(&job->work, err);
}

static bool stop_in_pool(struct work *work, struct error *err)
{
    struct job *job = job_of(work);
    if (!look_in_pool(work, err)) {
        return false;
    }
    pid_t pid = job->server.pid;
    if (pid == 0) {
        return true;
    }
    return cluster_server_signal(&job->server, job->place.data, SIGINT, err) &&
           (await_end(job, pid, err) ||
            (cluster_server_signal(&job->server, job->place.data, SIGQUIT, err) &&
             await_end(job, pid, err)));
}

static void step_stop(struct job *job)
{
    run_work(job, stop_in_pool, after_work);
}

static void step_empty(struct job *job)
{
    const char *argv[ARGV_SIZE] = {"/usr/bin/find"};
    size_t count = 1;
    if (file_exists(job->place.folder)) {
        argv[count++] = job->place.folder;
    }
    if (strcmp(job->place.sockets, job->place.folder) != 0 && file_exists(job->place.sockets)) {
        argv[count++] = job->place.sockets;
    }
    if (count == 1) {
        next(job);
        return;
    }
    argv[count++] = "-mindepth";
    argv[count++] = "1";
    argv[count++] = "-delete";
    assert(count < ARGV_SIZE);
    run_child(job, argv, after_child);
}

static bool remove_in_pool(struct work *work, struct error *err)
{
    struct job *job = job_of(work);
    const struct cluster_place *place = &job->place;
    if ((rmdir(place->folder) != 0 && errno != ENOENT) ||
        (rmdir(place->sockets) != 0 && errno != ENOENT) ||
        (unlink(place->record) != 0 && errno != ENOENT)) {
        return error_set_errno(err, errno, "cannot remove %s", place->folder);
    }
    return look_in_pool(work, err);
}

static void step_remove(struct job *job)
{
    run_work(job, remove_in_pool, after_work);
}

/* ---- requests */

static void start(struct loop *loop, struct cluster_request *req, const step_fn *steps)
{
    struct job *job = xcalloc(1, sizeof(*job));
    op_begin(&req->op, loop);
    *job = (struct job){.request = req, .loop = loop, .steps = steps, .lock_fd = -1};
    job->timer = timer_new(loop, try_lock, job);
    req->was_made = req->was_started = false;
    req->folder = req->dsn = NULL;
    req->handle = job;
    job->steps[0](job);
}

void cluster_start_start(struct loop *loop, struct cluster_request *req)
{
    static const step_fn steps[] = {
        step_look_for_server, step_lock, step_settle, step_find_programs, step_ask_pg_config,
        step_make_folders,    step_make, step_launch, step_await_server,  NULL};
    start(loop, req, steps);
}

void cluster_stop_start(struct loop *loop, struct cluster_request *req)
{
    static const step_fn steps[] = {step_look, step_lock, step_stop, NULL};
    start(loop, req, steps);
}

void cluster_status_start(struct loop *loop, struct cluster_request *req)
{
    static const step_fn steps[] = {step_look, NULL};
    start(loop, req, steps);
}

void cluster_destroy_start(struct loop *loop, struct cluster_request *req)
{
    static const step_fn steps[] = {step_look, step_lock, step_stop, step_empty, step_remove, NULL};
    start(loop, req, steps);
}

void cluster_request_done(struct cluster_request *req)
{
    free(req->folder);
    free(req->dsn);
    req->folder = req->dsn = NULL;
}
