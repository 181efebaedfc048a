/* Is a PostgreSQL server of this data folder alive? postmaster.pid (PostgreSQL: utils/pidfile.h)
 * says who it was, /proc whether it still is. */
#include "core/local/cluster_server.h"

#include "core/base/alloc.h"
#include "core/base/file.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PID_FILE_MAX = 16 * 1024, PROC_FILE_MAX = 256 * 1024, LINE_COUNT = 8 };
enum { LINE_PID = 0, LINE_PORT = 3, LINE_SOCKETS = 4, LINE_STATUS = 7 };

static bool read_text(struct buf *out, const char *path)
{
    struct error ignored;
    return file_read(path, out, &ignored);
}

static bool read_proc(struct buf *out, pid_t pid, const char *name)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
    return read_text(out, path);
}

/* proc(5): "pid (comm) state ...". */
static bool read_stat(pid_t pid, char *out_state, bool *out_is_postgres)
{
    struct buf text;
    buf_init(&text, PROC_FILE_MAX);
    const char *end = read_proc(&text, pid, "stat") ? strrchr(buf_text(&text), ')') : NULL;
    bool is_known = end != NULL && end[1] == ' ';
    if (is_known) {
        *out_state = end[2];
        *out_is_postgres = strstr(buf_text(&text), "(postgres)") != NULL;
    }
    buf_done(&text);
    return is_known;
}

bool cluster_process_is_alive(pid_t pid)
{
    char state = '\0';
    bool is_postgres = false;
    return read_stat(pid, &state, &is_postgres) && state != 'Z' && state != 'X';
}

/* Started with "-D <data>", as we do it. */
static bool has_argument(pid_t pid, const char *data)
{
    struct buf text;
    buf_init(&text, PROC_FILE_MAX);
    bool has = false;
    if (read_proc(&text, pid, "cmdline")) {
        for (size_t at = 0; !has && at < text.len; at += strlen(text.ptr + at) + 1) {
            has = strcmp(text.ptr + at, data) == 0;
        }
    }
    buf_done(&text);
    return has;
}

/* A server works in its data folder; the link may be unreadable for us. */
static bool works_in(pid_t pid, const char *data)
{
    char path[64];
    struct stat there, here;
    snprintf(path, sizeof(path), "/proc/%ld/cwd", (long)pid);
    return stat(path, &there) == 0 && stat(data, &here) == 0 && there.st_dev == here.st_dev &&
           there.st_ino == here.st_ino;
}

static bool is_server_of(pid_t pid, const char *data)
{
    char state = '\0';
    bool is_postgres = false;
    return read_stat(pid, &state, &is_postgres) && is_postgres && state != 'Z' && state != 'X' &&
           (has_argument(pid, data) || works_in(pid, data));
}

static enum cluster_state state_of(struct str status)
{
    if (str_eq(status, STR("ready"))) {
        return CLUSTER_RUNNING;
    }
    return str_eq(status, STR("stopping")) ? CLUSTER_STOPPING : CLUSTER_STARTING;
}

static void read_pid_file(struct cluster_server *server, struct str text, const char *data)
{
    struct str lines[LINE_COUNT] = {0};
    int64_t pid = 0;
    int64_t port = 0;
    for (size_t i = 0; i < LINE_COUNT; i++) {
        lines[i] = str_split(text, '\n', &text);
    }
    server->is_stale = true;
    if (!str_to_i64(str_trim(lines[LINE_PID]), &pid) || pid <= 1 || pid > INT32_MAX ||
        !is_server_of((pid_t)pid, data)) {
        return;
    }
    server->is_stale = false;
    server->pid = (pid_t)pid;
    server->state = state_of(str_trim(lines[LINE_STATUS]));
    if (!str_to_i64(str_trim(lines[LINE_PORT]), &port) || lines[LINE_SOCKETS].len == 0) {
        server->state = CLUSTER_STARTING; /* the file is still being written */
    }
    server->port = (int)port;
    server->sockets = xmemdup0(lines[LINE_SOCKETS].ptr, lines[LINE_SOCKETS].len);
}

void cluster_server_inspect(struct cluster_server *server, const char *data)
{
    struct buf text;
    char *version = file_join(data, "PG_VERSION");
    char *pid_file = file_join(data, "postmaster.pid");
    *server = (struct cluster_server){.state = CLUSTER_ABSENT};
    buf_init(&text, PID_FILE_MAX);
    if (file_exists(version)) {
        server->state = CLUSTER_STOPPED;
        if (read_text(&text, pid_file)) {
            read_pid_file(server, buf_str(&text), data);
        }
    }
    buf_done(&text);
    free(version);
    free(pid_file);
}

void cluster_server_done(struct cluster_server *server)
{
    free(server->sockets);
    server->sockets = NULL;
}

bool cluster_server_signal(const struct cluster_server *server, const char *data, int signum,
                           struct error *err)
{
    int fd = (int)syscall(SYS_pidfd_open, server->pid, 0);
    bool is_sent = true; /* already gone is as good */
    if (fd < 0) {
        return errno == ESRCH || error_set_errno(err, errno, "cannot watch PostgreSQL");
    }
    if (is_server_of(server->pid, data) &&
        syscall(SYS_pidfd_send_signal, fd, signum, NULL, 0) != 0 && errno != ESRCH) {
        is_sent = error_set_errno(err, errno, "cannot signal PostgreSQL (process %ld)",
                                  (long)server->pid);
    }
    close(fd);
    return is_sent;
}

/* libpq, "Keyword/Value Connection Strings": quoted, with backslash before ' and \. */
char *cluster_server_dsn(const struct cluster_server *server)
{
    struct buf dsn;
    buf_init(&dsn, PID_FILE_MAX);
    buf_append_text(&dsn, "host='");
    for (const char *at = server->sockets; *at != '\0'; at++) {
        if (*at == '\'' || *at == '\\') {
            buf_append_char(&dsn, '\\');
        }
        buf_append_char(&dsn, *at);
    }
    buf_printf(&dsn, "' port=%d user=gatehouse dbname=postgres", server->port);
    return buf_take(&dsn);
}
