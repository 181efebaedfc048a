/* The log file of one try: lines "2026-11-22T15:39:28.123Z LEVEL text", text made printable.
 * Appended line by line, so that a dead runner loses none; limited in size, with a last line that
 * says so. */
#ifndef GATEHOUSE_ENGINE_TRY_LOG_H
#define GATEHOUSE_ENGINE_TRY_LOG_H

#include "core/base/error.h"
#include "core/base/str.h"

#include <stdint.h>

enum { TRY_LOG_SIZE_MAX = 64 << 20 };

struct try_log_line;
struct try_log {
    char *path; /* owned; its folder exists */
    int64_t size_max;
    int64_t size;
    int fd; /* -1: nothing written yet */
    bool is_cut;
    struct try_log_line *held; /* output of the runner before us, by hash; NULL: none */
    size_t held_count;
};

void try_log_init(struct try_log *log, const char *path, int64_t size_max); /* copies path */
void try_log_done(struct try_log *log); /* accepts a zero-initialised one */
/* An adopted try hears its work's output from the beginning, perhaps in another order (of several
 * machines) or without lines that are kept no longer: what the runner before us has written of it
 * is known by its text, and not written again. */
void try_log_adopt(struct try_log *log);
/* True for a line that is in the file already; as often as it is there. */
bool try_log_holds(struct try_log *log, const char *level, struct str printable);
/* False with err when it could not be written; the next line is tried again. */
bool try_log_write(struct try_log *log, int64_t wall_ms, const char *level, struct str printable,
                   struct error *err);

#endif
