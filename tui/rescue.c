/* Signals that end a program, the modes of the line, and the bytes that leave everything. */
#include "tui/rescue.h"

#include "core/base/alloc.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { FATAL_STACK = 64 << 10, PATIENCE_MS = 1000 };

/* Crashes, and what ends a program that expects none of it. Those with an order of their own (INT,
 * TERM, HUP, QUIT) are the loop's. */
static const int fatal_signals[] = {
    SIGSEGV, SIGABRT, SIGBUS,  SIGFPE,    SIGILL,  SIGSYS,  SIGTRAP,
    SIGALRM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF, SIGXCPU,
};
enum { FATAL_COUNT = sizeof(fatal_signals) / sizeof(fatal_signals[0]) };

static struct {
    volatile sig_atomic_t is_armed;
    struct termios saved;
    struct { /* one is written while a handler may read the other */
        char bytes[RESCUE_BYTES_MAX];
        size_t len;
    } slots[2];
    volatile sig_atomic_t slot; /* in force */
    struct sigaction before[FATAL_COUNT];
    void *stack; /* for handlers: the crash may be an overflow of the other one */
    stack_t stack_before;
} rescue;

void rescue_remember(void)
{
    tcgetattr(STDIN_FILENO, &rescue.saved);
}

void rescue_set_bytes(struct str bytes)
{
    int spare = rescue.slot == 0 ? 1 : 0;
    assert(bytes.len <= RESCUE_BYTES_MAX);
    memcpy(rescue.slots[spare].bytes, bytes.ptr, bytes.len);
    rescue.slots[spare].len = bytes.len;
    rescue.slot = spare;
}

bool rescue_is_armed(void)
{
    return rescue.is_armed != 0;
}

void rescue_arm(void)
{
    rescue.is_armed = 1;
}

void rescue_disarm(void)
{
    tcsetattr(STDIN_FILENO, TCSANOW, &rescue.saved);
    rescue.is_armed = 0;
}

/* ---- from here to the watches only what a handler may call */
static bool wait_for_room(void)
{
    struct pollfd fd = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&fd, 1, PATIENCE_MS) > 0 && (fd.revents & POLLOUT) != 0;
}

void rescue_write(struct str bytes)
{
    const char *ptr = bytes.ptr;
    size_t left = bytes.len;
    while (left > 0) {
        ssize_t put = write(STDOUT_FILENO, ptr, left);
        if (put <= 0 && errno != EINTR && (errno != EAGAIN || !wait_for_room())) {
            break;
        }
        ptr += put > 0 ? put : 0;
        left -= put > 0 ? (size_t)put : 0;
    }
}

static void restore_now(void)
{
    if (rescue.is_armed) {
        rescue_write((struct str){rescue.slots[rescue.slot].bytes, rescue.slots[rescue.slot].len});
        rescue_disarm();
    }
}

static void on_fatal(int signum)
{
    restore_now();
    signal(signum, SIG_DFL);
    raise(signum);
}

void rescue_watch(void)
{
    struct sigaction action = {.sa_handler = on_fatal,
                               .sa_flags = (int)(SA_ONSTACK | SA_NODEFER | SA_RESETHAND)};
    rescue.stack = xmalloc(FATAL_STACK);
    stack_t stack = {.ss_sp = rescue.stack, .ss_size = FATAL_STACK};
    sigaltstack(&stack, &rescue.stack_before);
    for (size_t i = 0; i < FATAL_COUNT; i++) {
        sigaction(fatal_signals[i], &action, &rescue.before[i]);
    }
    alloc_set_fatal_hook(restore_now);
}

void rescue_unwatch(void)
{
    for (size_t i = 0; i < FATAL_COUNT; i++) {
        sigaction(fatal_signals[i], &rescue.before[i], NULL);
    }
    sigaltstack(&rescue.stack_before, NULL);
    free(rescue.stack);
    rescue.stack = NULL;
    alloc_set_fatal_hook(NULL);
}
