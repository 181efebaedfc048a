/* Which lines of a log match: a bit a line, and how many there are before any of them. Found in
 * slices while the file grows; 0.2 MB for a million lines. */
#ifndef GATEHOUSE_TUI_LOG_SCAN_H
#define GATEHOUSE_TUI_LOG_SCAN_H

#include "tui/log_file.h"
#include "tui/log_match.h"

#define LOG_NO_LINE SIZE_MAX

struct log_scan {
    struct log_match match; /* off: nothing is looked for */
    size_t scanned;         /* lines looked at */
    size_t count;           /* of them match */
    /* private: */
    struct log_scan_word {
        uint64_t bits;
        size_t before; /* matches in the words before */
    } * words;
    size_t capacity; /* words */
    int64_t open_at; /* the last line looked at had no end yet when the file was this long */
    bool is_last_open;
};

void log_scan_done(struct log_scan *scan); /* accepts a zero-initialised one */
/* Begins again; call it when match, the file or `within` has changed. */
void log_scan_restart(struct log_scan *scan);
/* Looks at the lines of about 128 KiB. `within` (NULL: all) is the scan whose
 * lines are the only ones looked at, no further than it has come. True: there is more to do. */
bool log_scan_go(struct log_scan *scan, struct log_file *file, const struct log_scan *within);

bool log_scan_has(const struct log_scan *scan, size_t line);
/* Matches before a line. */
size_t log_scan_rank(const struct log_scan *scan, size_t line);
/* The first match at or after a line, the last one before it; LOG_NO_LINE. */
size_t log_scan_next(const struct log_scan *scan, size_t line);
size_t log_scan_previous(const struct log_scan *scan, size_t line);

#endif
