/* Who owns a run: flock on runs/<id>/lock. The kernel frees it when the owner dies, however it
 * dies. Any thread; one lock, one owner. */
#ifndef GATEHOUSE_STORE_RUN_LOCK_H
#define GATEHOUSE_STORE_RUN_LOCK_H

#include "core/base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct run_owner {
    int64_t pid;
    char host[64];
    int64_t since_ms;
};

struct run_lock {
    int fd; /* -1: not held */
};

/* Takes the lock of the run whose folder this is (it exists) and writes who we are into it. Held by
 * somebody else: code "run_owned" (transient), naming pid, host and since when. */
bool run_lock_take(struct run_lock *lock, const char *run_folder, int64_t now_ms,
                   struct error *err);
void run_lock_release(struct run_lock *lock); /* accepts one that is not held */
/* True when a live runner owns the run; then who. */
bool run_lock_owner(const char *run_folder, struct run_owner *out_owner);
/* The first run below this folder (the state folder's runs/) that a live runner owns; false: none.
 * out_run is its id. */
bool run_lock_find_owned(const char *runs_folder, char *out_run, size_t size,
                         struct run_owner *out_owner);

#endif
