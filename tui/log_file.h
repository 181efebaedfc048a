/* The log of one try as a growing file: which line starts where. It is indexed in pieces, so that
 * no keypress waits for a big file, and sparsely: 16 bytes for up to 64 lines. Lines are read
 * through a window of a few hundred KiB, never mapped: a file that shrinks must not kill the
 * console. Loop thread, or one pool thread for a file of its own. */
#ifndef GATEHOUSE_TUI_LOG_FILE_H
#define GATEHOUSE_TUI_LOG_FILE_H

#include "core/base/str.h"

#include <sys/types.h>

/* Of a longer line only this much is shown, searched and filtered. */
enum { LOG_LINE_MAX = 64 << 10 };

/* Neighbouring lines: at most 64, and all of them begin within 64 KiB. */
struct log_block {
    int64_t start; /* offset of its first line */
    size_t line;   /* number of its first line, from 0 */
};

struct log_file {
    char *path; /* owned; NULL: none */
    int fd;     /* -1: not there yet */
    struct log_block *blocks;
    size_t block_count, block_capacity;
    size_t lines;      /* that have begun */
    int64_t size;      /* bytes indexed */
    bool is_line_open; /* the last line has no newline yet */
    int64_t limit;     /* bytes beyond it are not there yet, in a replay; the owner may set it */
    /* private: */
    ino_t inode;
    char head[32]; /* how the file began: another beginning is another file */
    size_t head_len;
    char *window; /* bytes of the file from window_start on */
    int64_t window_start;
    size_t window_len;
};

void log_file_init(struct log_file *file);
void log_file_done(struct log_file *file);
/* Another file: the index starts anew. Copies path; NULL: none. */
void log_file_open(struct log_file *file, const char *path);

struct log_growth {
    bool has_grown;
    bool has_more;    /* call again soon */
    bool is_replaced; /* another file, or a shorter one: what was known of its lines is void */
};
/* Indexes at most 1 MiB more. */
struct log_growth log_file_grow(struct log_file *file);

/* Without its newline and cut to LOG_LINE_MAX; borrows until the next call on this file. */
struct str log_file_line(struct log_file *file, size_t line);
/* Where all of a line lies, without its newline. */
struct log_extent {
    int64_t start, size; /* bytes */
};
struct log_extent log_file_line_extent(struct log_file *file, size_t line);
/* At most 256 KiB of the file as it is; less when it ends before. Borrows as above. */
struct str log_file_bytes(struct log_file *file, int64_t start, size_t len);

/* For those who look at many lines: the block that holds a line (there is one), the lines in it,
 * its bytes (of its last line at least LOG_LINE_MAX; borrows until the next call on this file). */
size_t log_file_block_of(const struct log_file *file, size_t line);
size_t log_file_block_lines(const struct log_file *file, size_t block);
struct str log_file_block_text(struct log_file *file, size_t block);
/* The next line of a block's bytes, cut as above. */
struct str log_block_next(struct str *rest);

#endif
