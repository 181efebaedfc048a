/* Saves a log, or what a filter leaves of it, to a file of the operator's. Blocking: for a pool
 * thread. */
#ifndef GATEHOUSE_TUI_LOG_SAVE_H
#define GATEHOUSE_TUI_LOG_SAVE_H

#include "core/base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct log_save {
    char *source, *path; /* owned */
    char *filter;        /* owned; as typed (tui/log_match.h); NULL: all lines */
    bool may_replace;    /* a file that is there already */
    size_t lines;        /* set by log_save_write */
};

/* Written beside path and renamed, mode 0600. False with err ("exists" when path is there and may
 * not be replaced); nothing is left behind then. */
bool log_save_write(struct log_save *save, struct error *err);
void log_save_done(struct log_save *save);

#endif
