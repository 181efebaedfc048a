/* Resource limits and a system call filter for the process that loads a model. */
#include "core/model/sandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define SANDBOX_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define SANDBOX_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

static const rlim_t CPU_SECONDS_MAX = 600; /* trees that form a circle would never end */
#ifndef __SANITIZE_ADDRESS__
static const rlim_t ADDRESS_SPACE_MAX = (rlim_t)8 << 30;
#endif

static bool set_limit(__rlimit_resource_t resource, rlim_t value, struct error *err)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0) {
        return error_set_errno(err, errno, "cannot read a resource limit");
    }
    if (value < limit.rlim_cur) {
        limit.rlim_cur = value;
    }
    return setrlimit(resource, &limit) == 0 ||
           error_set_errno(err, errno, "cannot set a resource limit");
}

static bool filter_calls(struct error *err)
{
#ifdef SANDBOX_ARCHITECTURE
#define DENY(call)                                                                                 \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1),                                             \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES)
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SANDBOX_ARCHITECTURE, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        DENY(SYS_socket),
        DENY(SYS_execve),
        DENY(SYS_execveat),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
#undef DENY
    struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return error_set_errno(err, errno, "cannot give up new privileges");
    }
    /* A kernel or container without seccomp: the limits above still hold. */
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0 && errno != EINVAL &&
        errno != ENOSYS) {
        return error_set_errno(err, errno, "cannot filter system calls");
    }
#endif
    (void)err;
    return true;
}

bool sandbox_enter(struct error *err)
{
    if (!set_limit(RLIMIT_CORE, 0, err) || !set_limit(RLIMIT_CPU, CPU_SECONDS_MAX, err)) {
        return false;
    }
#ifndef __SANITIZE_ADDRESS__
    if (!set_limit(RLIMIT_AS, ADDRESS_SPACE_MAX, err)) {
        return false;
    }
#endif
    return filter_calls(err);
}
