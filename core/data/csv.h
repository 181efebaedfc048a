/* An incremental CSV parser (RFC 4180 and what is found in the wild): bytes are fed in chunks of
 * any size, rows come out through callbacks. Memory is bounded by the limits below whatever is fed.
 * Understood: quoted fields with doubled quotes and newlines, LF, CRLF and CR, a UTF-8 BOM, comma,
 * tab or semicolon (found in the first line), blank lines, a last line without newline.
 * Refused with a permanent error that names line and byte: NUL bytes, other formats (by their first
 * bytes), a file that ends inside quotes, a line or a number of fields beyond the limits.
 * One thread at a time. Feed chunks of 64 KiB or more when speed matters. */
#ifndef GATEHOUSE_DATA_CSV_H
#define GATEHOUSE_DATA_CSV_H

#include "core/base/error.h"
#include "core/base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CSV_LINE_MAX = 1024 * 1024, /* bytes of one record */
    CSV_FIELDS_MAX = 256,
    CSV_SLACK = 32, /* bytes that may be read behind the lines given to csv_lines_fn */
};

/* Valid until the callback returns. */
struct csv_row {
    const struct str *fields; /* unquoted */
    size_t count;
    struct str text;      /* the record as it came, without its line end */
    uint64_t line;        /* number of its first line in the file, from 1 */
    bool has_line_end;    /* false: the file ended right behind it */
    bool is_badly_quoted; /* text follows a closing quote, or a quote stands inside a bare field */
};

typedef bool (*csv_row_fn)(void *context, const struct csv_row *row, struct error *err);

/* Offered before rows are split: `lines` starts at a record and ends with a newline; CSV_SLACK
 * bytes behind it are readable. Takes whole lines (without quotes) from the front, gives the bytes
 * taken and moves *line, the number of the first line, on by as many; the next record is then split
 * and given to csv_row_fn. */
typedef size_t (*csv_lines_fn)(void *context, struct str lines, uint64_t *line);

struct csv_handler {
    csv_row_fn row;     /* every record, the header line too; blank lines are skipped */
    csv_lines_fn lines; /* may be NULL; called only after the first record */
    void *context;
};

struct csv;

struct csv *csv_new(const struct csv_handler *handler); /* copies handler */
void csv_free(struct csv *csv);                         /* accepts NULL */
/* After a failure only csv_free is allowed. */
bool csv_feed(struct csv *csv, struct str bytes, struct error *err);
/* The end of the file; code "empty_input" when there was no record at all. */
bool csv_end(struct csv *csv, struct error *err);
/* Ready for another file. */
void csv_reset(struct csv *csv);
char csv_delimiter(const struct csv *csv); /* known from the first record on */
uint64_t csv_blank_lines(const struct csv *csv);

#endif
