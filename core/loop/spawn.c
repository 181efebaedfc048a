/* The child's side of a spawn runs between fork and exec: async-signal-safe calls only. A failure
 * travels back through a close-on-exec pipe, so that "could not be run" is told from "ran and
 * failed". */
#include "core/loop/spawn.h"

#include "core/base/alloc.h"
#include "core/base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_NOT_RUN = 127, FIRST_HIGH_FD = 10 };

static bool reset_signals(void)
{
    sigset_t none;
    for (int signum = 1; signum < NSIG; signum++) {
        signal(signum, SIG_DFL); /* fails for KILL, STOP and the C library's own: as it should */
    }
    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL) == 0;
}

/* Moves the three away from 0..2 first, so that no dup2 overwrites one still needed. */
static bool place_descriptors(const int fds[3])
{
    int high[3];
    for (int i = 0; i < 3; i++) {
        high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, FIRST_HIGH_FD);
        if (high[i] < 0) {
            return false;
        }
    }
    for (int i = 0; i < 3; i++) {
        if (dup2(high[i], i) < 0) {
            return false;
        }
    }
    return close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) == 0; /* the report pipe lives until exec */
}

static bool apply_limits(const struct spawn *spec)
{
    if (!secret_forbid_core_dumps()) {
        return false;
    }
    if (spec->memory_limit_bytes == 0) {
        return true;
    }
#ifdef __SANITIZE_ADDRESS__
    return true; /* its shadow memory alone is terabytes of address space */
#else
    struct rlimit memory = {spec->memory_limit_bytes, spec->memory_limit_bytes};
    return setrlimit(RLIMIT_AS, &memory) == 0;
#endif
}

static bool change_user(const struct spawn *spec)
{
    if (spec->uid == 0 || geteuid() != 0) {
        return true;
    }
    return setgroups(0, NULL) == 0 && setgid(spec->gid) == 0 && setuid(spec->uid) == 0;
}

/* After setuid: a change of credentials clears the parent-death signal. */
static bool bind_to_parent(const struct spawn *spec, pid_t parent)
{
    if (!spec->dies_with_parent) {
        return true;
    }
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
        return false;
    }
    if (getppid() != parent) { /* it died before the line above */
        raise(SIGKILL);
    }
    return true;
}

static _Noreturn void run_child(const struct spawn *spec, const char *program, int report,
                                pid_t parent)
{
    static const char *const empty[] = {NULL};
    report = fcntl(report, F_DUPFD_CLOEXEC, FIRST_HIGH_FD); /* out of the way of 0, 1, 2 */
    bool is_ready = report >= 0 && reset_signals() && place_descriptors(spec->fds) &&
                    apply_limits(spec) && change_user(spec) && bind_to_parent(spec, parent) &&
                    (spec->folder == NULL || chdir(spec->folder) == 0);
    if (is_ready) {
        const char *const *env = spec->env == NULL ? empty : spec->env;
        execve(program, (char *const *)(uintptr_t)spec->argv, (char *const *)(uintptr_t)env);
    }
    int failure = errno;
    ssize_t ignored = write(report, &failure, sizeof(failure));
    (void)ignored;
    _exit(EXIT_NOT_RUN);
}

/* A name without a slash is looked for on our own $PATH, never in the child's. Gives memory. */
static char *find_program(const char *name)
{
    const char *path = getenv("PATH");
    if (strchr(name, '/') != NULL || path == NULL) {
        return xstrdup(name);
    }
    struct str rest = str_from(path);
    while (rest.len > 0) {
        struct str folder = str_split(rest, ':', &rest);
        char *candidate = xasprintf(STR_FMT "/%s", STR_ARG(folder), name);
        if (folder.len > 0 && access(candidate, X_OK) == 0) {
            return candidate;
        }
        free(candidate);
    }
    return xstrdup(name);
}

static pid_t fork_once(const struct spawn *spec, const char *program, int report)
{
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        if (!spec->is_detached) {
            run_child(spec, program, report, parent);
        }
        pid_t second = fork(); /* the session leader goes: init takes the program over */
        if (second == 0) {
            run_child(spec, program, report, parent);
        }
        _exit(second < 0 ? EXIT_NOT_RUN : 0);
    }
    return pid;
}

/* 0 when exec succeeded (the pipe closed), else the child's errno. */
static int read_report(int report)
{
    int failure = 0;
    ssize_t got = 0;
    do {
        got = read(report, &failure, sizeof(failure));
    } while (got < 0 && errno == EINTR);
    return got == (ssize_t)sizeof(failure) ? failure : 0;
}

static void reap(pid_t pid)
{
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
}

bool spawn_run(const struct spawn *spec, pid_t *out_pid, struct error *err)
{
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) {
        return error_set_errno(err, errno, "cannot start %s", spec->argv[0]);
    }
    char *program = find_program(spec->argv[0]);
    pid_t pid = fork_once(spec, program, report[1]);
    int failure = pid < 0 ? errno : 0;
    close(report[1]);
    if (pid > 0) {
        failure = read_report(report[0]);
    }
    close(report[0]);
    if (pid > 0 && (failure != 0 || spec->is_detached)) {
        reap(pid);
    }
    if (failure != 0) {
        error_set_errno(err, failure, "cannot start %s", program);
    } else if (!spec->is_detached) {
        *out_pid = pid;
    }
    free(program);
    return failure == 0;
}
