/* Child processes on the loop: three pipes, a pidfd, a timer. The operation is done when the child
 * is reaped and both outputs are read to their end (or, when a grandchild keeps them open, shortly
 * after). */
#include "core/loop/process.h"

#include "core/base/alloc.h"
#include "core/loop/internal.h"
#include "core/loop/spawn.h"
#include "core/loop/timer.h"
#include "core/loop/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READ_SIZE = 1 << 16, ERROR_TAIL_MAX = 4096, KILL_AFTER_MS = 2000, LINGER_MS = 200 };

struct stream { /* one output of the child */
    struct running *running;
    struct fd_watch *watch; /* NULL: at its end */
    int fd;
    bool is_error;
    struct buf line; /* an unfinished line */
};

struct running { /* what lives while the child does; process->handle */
    struct process *process;
    struct stream output, error;
    int input_fd, pid_fd;
    struct str input_left;
    struct fd_watch *input_watch, *exit_watch;
    struct timer *deadline, *kill, *linger;
    bool is_reaped, has_failed;
    struct error failure;
};

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static void close_watch(struct fd_watch **watch, int *fd)
{
    fd_watch_free(*watch);
    *watch = NULL;
    close_fd(fd);
}

static void fail(struct running *running, enum error_class error_class, const char *code,
                 const char *message)
{
    if (!running->has_failed) {
        running->has_failed = true;
        error_set(&running->failure, error_class, code, "%s: %s", running->process->argv[0],
                  message);
    }
}

static void signal_group(struct process *process, int signum)
{
    if (process->pid > 0) {
        kill(-process->pid, signum);
    }
}

static void release(struct running *running)
{
    close_watch(&running->input_watch, &running->input_fd);
    close_watch(&running->output.watch, &running->output.fd);
    close_watch(&running->error.watch, &running->error.fd);
    close_watch(&running->exit_watch, &running->pid_fd);
    timer_free(running->deadline);
    timer_free(running->kill);
    timer_free(running->linger);
    buf_done(&running->output.line);
    buf_done(&running->error.line);
    running->process->handle = NULL;
}

static process_line_fn line_fn(const struct stream *stream)
{
    const struct process *process = stream->running->process;
    return stream->is_error ? process->on_error_line : process->on_output_line;
}

static void flush_line(struct stream *stream)
{
    process_line_fn tell = line_fn(stream);
    if (stream->line.len > 0 && tell != NULL) {
        tell(stream->running->process->op.context, buf_str(&stream->line));
    }
    buf_reset(&stream->line);
}

static void finish_if_over(struct running *running)
{
    bool is_read = running->output.watch == NULL && running->error.watch == NULL;
    if (!running->is_reaped) {
        return;
    }
    if (!is_read) { /* a grandchild may hold the pipes: give what is on its way a moment */
        if (!timer_is_armed(running->linger)) {
            timer_arm(running->linger, LINGER_MS);
        }
        return;
    }
    struct process *process = running->process;
    struct error failure = running->failure;
    bool has_failed = running->has_failed;
    flush_line(&running->output);
    flush_line(&running->error);
    release(running);
    free(running);
    op_finish(&process->op, has_failed ? &failure : NULL);
}

static void on_linger(void *context)
{
    struct running *running = context;
    close_watch(&running->output.watch, &running->output.fd);
    close_watch(&running->error.watch, &running->error.fd);
    finish_if_over(running);
}

static void take_lines(struct stream *stream, struct str data)
{
    process_line_fn tell = line_fn(stream);
    while (data.len > 0) {
        const char *newline = memchr(data.ptr, '\n', data.len);
        size_t room = PROCESS_LINE_MAX - stream->line.len;
        size_t length = newline == NULL ? data.len : (size_t)(newline - data.ptr);
        size_t taken = length < room ? length : room;
        buf_append(&stream->line, data.ptr, taken);
        bool is_whole = newline != NULL && taken == length;
        if (is_whole || stream->line.len == PROCESS_LINE_MAX) {
            tell(stream->running->process->op.context, buf_str(&stream->line));
            buf_reset(&stream->line);
        }
        taken += is_whole ? 1 : 0;
        data.ptr += taken;
        data.len -= taken;
    }
}

static void keep_tail(struct buf *tail, struct str data)
{
    if (data.len > ERROR_TAIL_MAX) {
        data.ptr += data.len - ERROR_TAIL_MAX;
        data.len = ERROR_TAIL_MAX;
    }
    if (tail->len + data.len > ERROR_TAIL_MAX) {
        buf_consume(tail, tail->len + data.len - ERROR_TAIL_MAX);
    }
    buf_append_str(tail, data);
}

static void take(struct stream *stream, struct str data)
{
    struct process *process = stream->running->process;
    if (stream->is_error && process->on_error_line == NULL) {
        keep_tail(&process->error_tail, data);
    } else if (!stream->is_error && process->output_limit > 0) {
        if (!buf_append_str(&process->output, data)) {
            fail(stream->running, ERROR_PERMANENT, "output_too_large", "its output is too large");
            process_kill(process);
        }
    } else if (line_fn(stream) != NULL) {
        take_lines(stream, data);
    }
}

static void on_readable(void *context, bool is_readable, bool is_writable)
{
    struct stream *stream = context;
    char data[READ_SIZE];
    (void)is_readable;
    (void)is_writable;
    ssize_t got = read(stream->fd, data, sizeof(data));
    if (got > 0) {
        take(stream, (struct str){data, (size_t)got});
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        close_watch(&stream->watch, &stream->fd);
        finish_if_over(stream->running);
    }
}

static void on_input_ready(void *context, bool is_readable, bool is_writable)
{
    struct running *running = context;
    (void)is_readable;
    (void)is_writable;
    ssize_t sent =
        send(running->input_fd, running->input_left.ptr, running->input_left.len, MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (sent > 0) {
        running->input_left.ptr += sent;
        running->input_left.len -= (size_t)sent;
    }
    if (sent < 0 || running->input_left.len == 0) { /* a child that does not want it may say no */
        close_watch(&running->input_watch, &running->input_fd);
    }
}

static void on_exit_ready(void *context, bool is_readable, bool is_writable)
{
    struct running *running = context;
    struct process *process = running->process;
    int status = 0;
    siginfo_t info = {0};
    (void)is_readable;
    (void)is_writable;
    /* Not reaped yet, its number still names the group: nobody of it stays behind, nobody else is
     * hit. */
    if (waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        info.si_pid != process->pid) {
        return;
    }
    signal_group(process, SIGKILL);
    while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR) {
    }
    process->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    process->term_signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    running->is_reaped = true;
    close_watch(&running->exit_watch, &running->pid_fd);
    close_watch(&running->input_watch, &running->input_fd);
    finish_if_over(running);
}

static void terminate(struct process *process)
{
    struct running *running = process->handle;
    signal_group(process, SIGTERM);
    timer_arm(running->kill, process->kill_after_ms > 0 ? process->kill_after_ms : KILL_AFTER_MS);
}

static void on_deadline(void *context)
{
    struct running *running = context;
    fail(running, ERROR_TRANSIENT, "deadline", "ran longer than it may and was stopped");
    terminate(running->process);
}

static void on_kill(void *context)
{
    struct running *running = context;
    signal_group(running->process, SIGKILL);
}

/* The child's stdin is a socket, so that a write to a dead child gives EPIPE and no SIGPIPE. */
static bool open_pipes(int input[2], int output[2], int error[2], struct error *err)
{
    bool is_open = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, input) == 0 &&
                   pipe2(output, O_CLOEXEC) == 0 && pipe2(error, O_CLOEXEC) == 0;
    if (!is_open) {
        return error_set_errno(err, errno, "cannot open pipes");
    }
    fcntl(input[0], F_SETFL, O_NONBLOCK);
    fcntl(output[0], F_SETFL, O_NONBLOCK);
    fcntl(error[0], F_SETFL, O_NONBLOCK);
    return true;
}

static bool spawn_process(struct process *process, struct running *running, struct error *err)
{
    int input[2] = {-1, -1}, output[2] = {-1, -1}, error[2] = {-1, -1};
    struct spawn spec = {
        .argv = process->argv,
        .env = process->env,
        .folder = process->folder,
        .memory_limit_bytes = process->memory_limit_bytes,
        .uid = process->run_as_uid,
        .gid = process->run_as_gid,
        .dies_with_parent = true,
    };
    bool is_running = open_pipes(input, output, error, err);
    if (is_running) {
        spec.fds[0] = input[1];
        spec.fds[1] = output[1];
        spec.fds[2] = error[1];
        is_running = spawn_run(&spec, &process->pid, err);
    }
    close_fd(&input[1]);
    close_fd(&output[1]);
    close_fd(&error[1]);
    running->input_fd = input[0];
    running->output.fd = output[0];
    running->error.fd = error[0];
    return is_running;
}

static void watch_stream(struct stream *stream, struct running *running, struct loop *loop)
{
    stream->running = running;
    buf_init(&stream->line, PROCESS_LINE_MAX);
    stream->watch = fd_watch_new(loop, stream->fd, on_readable, stream);
    fd_watch_set(stream->watch, true, false);
}

static void watch_child(struct running *running, struct loop *loop)
{
    struct process *process = running->process;
    running->error.is_error = true;
    watch_stream(&running->output, running, loop);
    watch_stream(&running->error, running, loop);
    running->input_left = process->input;
    if (process->input.len > 0) {
        running->input_watch = fd_watch_new(loop, running->input_fd, on_input_ready, running);
        fd_watch_set(running->input_watch, false, true);
    } else {
        close_fd(&running->input_fd);
    }
    running->exit_watch = fd_watch_new(loop, running->pid_fd, on_exit_ready, running);
    fd_watch_set(running->exit_watch, true, false);
    running->deadline = timer_new(loop, on_deadline, running);
    running->kill = timer_new(loop, on_kill, running);
    running->linger = timer_new(loop, on_linger, running);
    if (process->deadline_ms > 0) {
        timer_arm(running->deadline, process->deadline_ms);
    }
}

static bool start_child(struct process *process, struct running *running, struct error *err)
{
    if (!spawn_process(process, running, err)) {
        return false;
    }
    running->pid_fd = (int)syscall(SYS_pidfd_open, process->pid, 0);
    if (running->pid_fd < 0) {
        error_set_errno(err, errno, "cannot watch the child");
        signal_group(process, SIGKILL);
        waitpid(process->pid, NULL, 0);
        return false;
    }
    return true;
}

void process_start(struct loop *loop, struct process *process)
{
    struct running *running = xcalloc(1, sizeof(*running));
    struct error err;
    op_begin(&process->op, loop);
    process->exit_code = -1;
    process->term_signal = 0;
    process->pid = -1;
    buf_init(&process->output, process->output_limit);
    buf_init(&process->error_tail, ERROR_TAIL_MAX);
    *running = (struct running){.process = process, .input_fd = -1, .pid_fd = -1};
    running->output.fd = running->error.fd = -1;
    if (!start_child(process, running, &err)) {
        close_fd(&running->input_fd);
        close_fd(&running->output.fd);
        close_fd(&running->error.fd);
        free(running);
        process->handle = NULL;
        op_finish(&process->op, &err);
        return;
    }
    process->handle = running;
    watch_child(running, loop);
}

void process_cancel(struct process *process)
{
    struct running *running = process->handle;
    if (running != NULL && !running->is_reaped) {
        fail(running, ERROR_CANCELLED, "cancelled", "was cancelled");
        terminate(process);
    }
}

void process_kill(struct process *process)
{
    struct running *running = process->handle;
    if (running != NULL && !running->is_reaped) {
        fail(running, ERROR_CANCELLED, "cancelled", "was killed");
        signal_group(process, SIGKILL);
    }
}

void process_done(struct process *process)
{
    buf_done(&process->output);
    buf_done(&process->error_tail);
}

bool process_spawn_detached(const struct process_detached *detached, struct error *err)
{
    const char *log_path = detached->log_path == NULL ? "/dev/null" : detached->log_path;
    int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int log_fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    bool is_running = false;
    if (null_fd < 0 || log_fd < 0) {
        error_set_errno(err, errno, "cannot open %s", log_path);
    } else {
        struct spawn spec = {
            .argv = detached->argv,
            .env = detached->env,
            .folder = detached->folder,
            .fds = {null_fd, log_fd, log_fd},
            .uid = detached->run_as_uid,
            .gid = detached->run_as_gid,
            .is_detached = true,
        };
        flock(log_fd, LOCK_SH | LOCK_NB); /* the process takes it along: process_detached_lives */
        is_running = spawn_run(&spec, NULL, err);
    }
    close_fd(&null_fd);
    close_fd(&log_fd);
    return is_running;
}

bool process_detached_lives(const char *log_path)
{
    int fd = open(log_path, O_RDONLY | O_CLOEXEC);
    bool lives = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close_fd(&fd);
    return lives;
}

void process_describe_exit(const struct process *process, char *out_text, size_t size)
{
    if (process->term_signal != 0) {
        snprintf(out_text, size, "signal %d (%s)", process->term_signal,
                 strsignal(process->term_signal));
    } else {
        snprintf(out_text, size, "exit %d", process->exit_code);
    }
}
