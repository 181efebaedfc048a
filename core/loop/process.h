/* Child processes: input from memory, output by lines or collected, deadline, limits, the whole
 * process group killed, nothing inherited. Linux: pidfd (5.3), PR_SET_PDEATHSIG. */
#ifndef GATEHOUSE_LOOP_PROCESS_H
#define GATEHOUSE_LOOP_PROCESS_H

#include "core/base/buf.h"
#include "core/loop/op.h"

#include <stdint.h>
#include <sys/types.h>

enum { PROCESS_LINE_MAX = 1 << 20 };

/* One line without its newline; a line longer than PROCESS_LINE_MAX comes in pieces. */
typedef void (*process_line_fn)(void *context, struct str line);

struct process {
    struct op op; /* done: the child is reaped and its output is read; err only if it could not be
                   * run, overran stdout_limit (code "output_too_large"), the deadline (code
                   * "deadline", transient) or was cancelled. A non-zero exit is not an error here:
                   * look at exit_code. */
    /* set by the caller, borrowed until done; zero means none/default */
    const char *const *argv; /* NULL-terminated; argv[0] is the program's path, or found on $PATH */
    const char *const *env;  /* NULL-terminated "NAME=value"; NULL: an empty environment */
    const char *folder;      /* working folder */
    struct str input;        /* written to its stdin, then closed */
    size_t
        output_limit; /* stdout is collected in `output` up to this; 0: it goes to on_output_line */
    process_line_fn on_output_line;
    process_line_fn on_error_line; /* stderr; NULL: the last 4 KiB are kept in error_tail */
    int64_t
        deadline_ms; /* SIGTERM to the group after this, SIGKILL kill_after_ms later; 0: never */
    int64_t kill_after_ms;       /* default 2000 */
    uint64_t memory_limit_bytes; /* RLIMIT_AS */
    uid_t run_as_uid;            /* with run_as_gid, only when root; 0: as we are */
    gid_t run_as_gid;
    /* results */
    int exit_code;     /* 0..255, or -1 when it ended by a signal */
    int term_signal;   /* 0, or the signal that ended it */
    struct buf output; /* process_done frees it */
    struct buf error_tail;
    pid_t pid;    /* also its process group; valid from process_start on, -1 if it did not start */
    void *handle; /* private */
};

/* The child leads its own process group (setsid), dies with us (PDEATHSIG KILL), has all signals at
 * their defaults and only descriptors 0, 1, 2. Core dumps are off. */
void process_start(struct loop *loop, struct process *process);
void process_cancel(struct process *process); /* TERM to the group, KILL after kill_after_ms */
void process_kill(struct process *process);   /* KILL now */
void process_done(struct process *process);   /* frees the results; not while active */

/* Starts a program that outlives us: own session, stdin from /dev/null, stdout and stderr appended
 * to log_path, not our child (double fork). Blocking, short. */
struct process_detached {
    const char *const *argv;
    const char *const *env;
    const char *folder;
    const char *log_path; /* created 0600; NULL: /dev/null */
    uid_t run_as_uid;     /* with run_as_gid, only when root; 0: as we are */
    gid_t run_as_gid;
};
bool process_spawn_detached(const struct process_detached *spec, struct error *err);
/* A detached process that writes this log, or a child that took its output over, still lives. */
bool process_detached_lives(const char *log_path);

/* "exit 3" / "signal 9 (Killed)": for messages. */
void process_describe_exit(const struct process *process, char *out_text, size_t size);

#endif
