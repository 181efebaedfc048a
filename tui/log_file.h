/* The log of one try as a growing file: which line starts where, and which lines match a search.
 * It is read in pieces, so that no keypress waits for a big file. Loop thread only. */
#ifndef GATEHOUSE_TUI_LOG_FILE_H
#define GATEHOUSE_TUI_LOG_FILE_H

#include "core/base/buf.h"

#include <stdint.h>

enum { LOG_PIECE = 4 << 20, LOG_LINE_SHOWN = 4096 };

struct log_file {
    char *path;      /* owned; NULL: none */
    int fd;          /* -1: not there yet */
    int64_t *starts; /* offset of each line that has begun */
    size_t count, capacity;
    int64_t size;      /* bytes indexed */
    bool is_line_open; /* the last line has no newline yet */
    char *needle;      /* searched for; NULL: nothing. Without capitals it matches either case */
    size_t *matches;   /* line numbers, ascending */
    size_t match_count, match_capacity;
    size_t searched; /* lines looked at */
};

void log_file_init(struct log_file *log);
void log_file_done(struct log_file *log);
/* Another file: the index starts anew. Copies path; NULL: none. The search stays. */
void log_file_open(struct log_file *log, const char *path);
/* Indexes at most LOG_PIECE more bytes. True when there was something new; out_has_more: call it
 * again soon. */
bool log_file_grow(struct log_file *log, bool *out_has_more);
/* Lines that can be shown. */
size_t log_file_lines(const struct log_file *log);
/* Appends the first LOG_LINE_SHOWN bytes of a line, without its newline. */
void log_file_line(const struct log_file *log, size_t line, struct buf *out);
/* Empty: no search. All lines are looked at piece by piece by log_file_grow. */
void log_file_search(struct log_file *log, const char *needle);
/* Index in matches of the first match at or after a line; match_count: none. */
size_t log_file_match_from(const struct log_file *log, size_t line);
/* First place of the needle in text, or text.len. */
size_t log_file_find(const struct log_file *log, struct str text);

#endif
