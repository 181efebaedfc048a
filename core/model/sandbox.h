/* Walls around a process that is about to parse a model nobody vouches for. */
#ifndef GATEHOUSE_MODEL_SANDBOX_H
#define GATEHOUSE_MODEL_SANDBOX_H

#include "core/base/error.h"

#include <stdbool.h>

/* For this process and for good: no core dump, at most 10 minutes of processor time, an address
 * space of at most 8 GiB (not under a sanitizer, whose shadow is larger), no new privileges, and no
 * network and no new program (x86-64 and AArch64 with seccomp; elsewhere this part is left out). */
bool sandbox_enter(struct error *err);

#endif
