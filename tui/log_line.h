/* What a line of a try's log says: "<RFC 3339 time> <level> <text>", as core/engine/try_log.h
 * writes it; another line is all text. Pure. */
#ifndef GATEHOUSE_TUI_LOG_LINE_H
#define GATEHOUSE_TUI_LOG_LINE_H

#include "core/base/str.h"

enum log_level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARN, LEVEL_ERROR, LEVEL_COUNT };

struct log_line {
    struct str time; /* as it is stored; empty: none */
    /* What is shown, searched and filtered: the text, and before it the word of a level that is
     * bad news, so that it is not told by colour alone. */
    struct str text;
    enum log_level level;
};

/* Borrows raw. The level is the stored one, or for what a program wrote ("out") and for lines
 * without one what the words of the line say: ERROR, FATAL, CRITICAL, WARN, WARNING, INFO, DEBUG or
 * TRACE in capitals, in any case as the first word or behind "level=", or a Python exception.
 * Otherwise info. */
struct log_line log_line_parse(struct str raw);

const char *log_level_name(enum log_level level); /* "INFO" */
/* INFO, WARN, WARNING, ... in any case. */
bool log_level_parse(struct str word, enum log_level *out_level);

#endif
