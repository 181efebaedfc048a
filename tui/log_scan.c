/* Bits and counts of the lines that match. */
#include "tui/log_scan.h"

#include "core/base/alloc.h"

#include <stdlib.h>

enum { SLICE_BYTES = 128 << 10, WORD_LINES = 64, FIRST_CAPACITY = 64 };

void log_scan_done(struct log_scan *scan)
{
    log_match_done(&scan->match);
    free(scan->words);
    *scan = (struct log_scan){.words = NULL};
}

void log_scan_restart(struct log_scan *scan)
{
    scan->scanned = 0;
    scan->count = 0;
    scan->is_last_open = false;
}

static uint64_t bit_of(size_t line)
{
    return (uint64_t)1 << (line % WORD_LINES);
}

/* ---- looking */
static void note(struct log_scan *scan, bool is_match)
{
    size_t line = scan->scanned++, word = line / WORD_LINES;
    if (line % WORD_LINES == 0) {
        if (word == scan->capacity) {
            scan->capacity = word == 0 ? FIRST_CAPACITY : word * 2;
            scan->words = xreallocarray(scan->words, scan->capacity, sizeof(*scan->words));
        }
        scan->words[word] = (struct log_scan_word){.before = scan->count};
    }
    if (is_match) {
        scan->words[word].bits |= bit_of(line);
        scan->count++;
    }
}

/* The last line has gone on since: it is looked at again. */
static void take_back_open(struct log_scan *scan, const struct log_file *file)
{
    if (!scan->is_last_open || file->size == scan->open_at) {
        return;
    }
    size_t line = scan->scanned - 1;
    scan->count -= log_scan_has(scan, line) ? 1 : 0;
    scan->words[line / WORD_LINES].bits &= ~bit_of(line);
    scan->scanned = line;
    scan->is_last_open = false;
}

/* The lines of a block that are not looked at yet, up to `limit`; gives the bytes read. */
static size_t look_at_block(struct log_scan *scan, struct log_file *file,
                            const struct log_scan *within, size_t limit)
{
    size_t block = log_file_block_of(file, scan->scanned);
    size_t first = file->blocks[block].line, end = first + log_file_block_lines(file, block);
    struct str rest = log_file_block_text(file, block);
    size_t bytes = rest.len;
    end = end < limit ? end : limit;
    for (size_t line = first; line < scan->scanned; line++) {
        log_block_next(&rest);
    }
    bool may_match = log_match_may(&scan->match, rest);
    while (scan->scanned < end) {
        bool is_match = false;
        if (may_match) {
            struct log_line line = log_line_parse(log_block_next(&rest));
            is_match = (within == NULL || log_scan_has(within, scan->scanned)) &&
                       log_match_line(&scan->match, &line);
        }
        note(scan, is_match);
    }
    return bytes;
}

bool log_scan_go(struct log_scan *scan, struct log_file *file, const struct log_scan *within)
{
    size_t limit = within == NULL ? file->lines : within->scanned, bytes = 0;
    take_back_open(scan, file);
    while (scan->scanned < limit && bytes < SLICE_BYTES) {
        bytes += look_at_block(scan, file, within, limit);
    }
    scan->is_last_open = file->is_line_open && scan->scanned == file->lines;
    scan->open_at = file->size;
    return scan->scanned < limit;
}

/* ---- asking */
bool log_scan_has(const struct log_scan *scan, size_t line)
{
    return line < scan->scanned && (scan->words[line / WORD_LINES].bits & bit_of(line)) != 0;
}

size_t log_scan_rank(const struct log_scan *scan, size_t line)
{
    if (line >= scan->scanned) {
        return scan->count;
    }
    const struct log_scan_word *word = &scan->words[line / WORD_LINES];
    return word->before + (size_t)__builtin_popcountll(word->bits & (bit_of(line) - 1));
}

static size_t word_count(const struct log_scan *scan)
{
    return (scan->scanned + WORD_LINES - 1) / WORD_LINES;
}

size_t log_scan_next(const struct log_scan *scan, size_t line)
{
    uint64_t allowed = ~(bit_of(line) - 1);
    for (size_t i = line / WORD_LINES; i < word_count(scan); i++) {
        uint64_t bits = scan->words[i].bits & allowed;
        if (bits != 0) {
            return i * WORD_LINES + (size_t)__builtin_ctzll(bits);
        }
        allowed = ~(uint64_t)0;
    }
    return LOG_NO_LINE;
}

size_t log_scan_previous(const struct log_scan *scan, size_t line)
{
    line = line < scan->scanned ? line : scan->scanned;
    uint64_t allowed = bit_of(line) - 1;
    size_t i = line / WORD_LINES;
    for (i = line % WORD_LINES == 0 ? i : i + 1; i > 0; i--) {
        uint64_t bits = scan->words[i - 1].bits;
        bits &= line / WORD_LINES == i - 1 ? allowed : ~(uint64_t)0;
        if (bits != 0) {
            return (i - 1) * WORD_LINES + 63 - (size_t)__builtin_clzll(bits);
        }
    }
    return LOG_NO_LINE;
}
