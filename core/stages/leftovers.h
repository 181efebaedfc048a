/* What a try may have left behind on this machine: processes that carry the try's
 * intent in their environment (GATEHOUSE_INTENT). Blocking, a few milliseconds. */
#ifndef GATEHOUSE_STAGES_LEFTOVERS_H
#define GATEHOUSE_STAGES_LEFTOVERS_H

#include <stddef.h>

/* Sends the signal to each process of this user, but ourselves, that carries exactly one of the
 * intents; gives how many there were. */
size_t leftovers_signal(const char *const *intents, size_t count, int signum);

#endif
