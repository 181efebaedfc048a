/* CSV with a header, as rows of named columns: maps the header to a column set, recognises a second
 * header line, gives rows of canonical integers ready parsed and all others as text by slot.
 * One thread at a time. */
#ifndef GATEHOUSE_DATA_ROWS_H
#define GATEHOUSE_DATA_ROWS_H

#include "core/base/error.h"
#include "core/data/columns.h"

#include <stdbool.h>
#include <stdint.h>

enum rows_fault { ROWS_FAULT_NONE, ROWS_FAULT_FIELD_COUNT, ROWS_FAULT_QUOTING };

/* Valid until the callback returns. */
struct rows_row {
    const struct str *fields; /* by slot of the column set; empty where the record has none */
    struct str text;          /* the record as it came */
    uint64_t line;
    size_t field_count; /* of the record */
    enum rows_fault fault;
};

struct rows_handler {
    /* The header is understood; may be NULL. */
    void (*header)(void *context, const struct column_map *map);
    /* A row whose every field is a canonical integer (number_scan), by slot; text is its line
     * without the end. False: give it to row() instead. May be NULL. */
    bool (*numbers)(void *context, const int64_t *values, struct str text);
    bool (*row)(void *context, const struct rows_row *row, struct error *err);
    void *context;
};

struct rows;

struct rows *rows_new(const struct column_set *wanted, const struct rows_handler *handler);
void rows_free(struct rows *rows); /* accepts NULL */
/* Errors are csv.h's and columns.h's; after a failure only rows_free is allowed. */
bool rows_feed(struct rows *rows, struct str bytes, struct error *err);
/* Code "truncated": the last record has no line end and too few fields. */
bool rows_end(struct rows *rows, struct error *err);
/* Ready for another file, its own header expected. */
void rows_reset(struct rows *rows);
/* A line given to numbers() is what would be written for its values: same order, commas. */
bool rows_is_verbatim(const struct rows *rows);
bool rows_had_second_header(const struct rows *rows);
uint64_t rows_blank_lines(const struct rows *rows);

#endif
