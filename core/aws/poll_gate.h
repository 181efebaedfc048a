/* One bucket of tokens for all runs of this machine: however many runners poll, together they do
 * not ask a service more often than it likes. The bucket is a file, so that it holds across
 * processes; a file that cannot be used lets everybody through. Any thread. */
#ifndef GATEHOUSE_AWS_POLL_GATE_H
#define GATEHOUSE_AWS_POLL_GATE_H

#include <stdint.h>

struct poll_gate {
    const char *path;    /* borrowed; NULL: no gate */
    int64_t interval_ms; /* between two polls, in the long run */
    int burst;           /* how many may come at once after a pause */
};

/* Takes a token; gives how long to wait before the poll it is for. now_ms: monotonic,
 * which all processes of the machine share and nobody sets back. */
int64_t poll_gate_take(const struct poll_gate *gate, int64_t now_ms);

#endif
