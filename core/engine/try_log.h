/* The log file of one try: lines "2026-11-22T15:39:28.123Z LEVEL text", text made printable.
 * Appended line by line, so that a dead runner loses none; limited in size, with a last line that
 * says so. */
#ifndef GATEHOUSE_ENGINE_TRY_LOG_H
#define GATEHOUSE_ENGINE_TRY_LOG_H

#include "core/base/error.h"
#include "core/base/str.h"

#include <stdint.h>

enum { TRY_LOG_SIZE_MAX = 64 << 20 };

struct try_log {
    char *path; /* owned; its folder exists */
    int64_t size_max;
    int64_t size;
    int fd; /* -1: nothing written yet */
    bool is_cut;
    int64_t held; /* lines of output still to come that the file holds already */
};

void try_log_init(struct try_log *log, const char *path, int64_t size_max); /* copies path */
void try_log_done(struct try_log *log); /* accepts a zero-initialised one */
/* An adopted try hears its work's output from the beginning: what the runner before us has written
 * of it is counted, and not written again. */
void try_log_adopt(struct try_log *log);
/* True for a line that is in the file already; each call is one line. */
bool try_log_holds(struct try_log *log, const char *level);
/* False with err when it could not be written; the next line is tried again. */
bool try_log_write(struct try_log *log, int64_t wall_ms, const char *level, struct str printable,
                   struct error *err);

#endif
