/* Header handling, and the fast path: integers parsed in place, no field is ever split or copied.
 */
#include "core/data/rows.h"

#include "core/base/alloc.h"
#include "core/data/number.h"

#include <stdlib.h>
#include <string.h>

struct rows {
    const struct column_set *wanted;
    struct rows_handler handler;
    struct csv *csv;
    struct column_map map;
    unsigned headers;
    uint64_t records; /* the header included */
    bool is_verbatim;
    bool is_fast; /* each field has a slot */
    struct str fields[COLUMN_COUNT];
    int64_t values[COLUMN_COUNT];
};

/* The values of one line; gives its newline, or NULL when it is not all canonical integers. */
static const char *scan_line(struct rows *rows, const char *at, char delimiter)
{
    size_t count = rows->map.field_count;
    for (size_t i = 0; i < count; i++) {
        at = number_scan(at, &rows->values[rows->map.slot_of_field[i]]);
        if (at == NULL || (i + 1 < count && *at++ != delimiter)) {
            return NULL;
        }
    }
    if (*at == '\r') {
        at++;
    }
    return *at == '\n' ? at : NULL;
}

static size_t take_lines(void *context, struct str lines, uint64_t *line)
{
    struct rows *rows = context;
    const char *at = lines.ptr;
    const char *end = lines.ptr + lines.len;
    char delimiter = csv_delimiter(rows->csv);
    uint64_t taken = 0;
    while (rows->is_fast && at < end) {
        const char *newline = scan_line(rows, at, delimiter);
        if (newline == NULL) {
            break;
        }
        struct str text = {at, (size_t)(newline - at)};
        text.len -= text.len > 0 && newline[-1] == '\r';
        if (!rows->handler.numbers(rows->handler.context, rows->values, text)) {
            break;
        }
        at = newline + 1;
        taken++;
    }
    *line += taken;
    rows->records += taken;
    return (size_t)(at - lines.ptr);
}

static bool is_all_numbers(const struct csv_row *row)
{
    double value;
    for (size_t i = 0; i < row->count; i++) {
        if (!str_to_double(str_trim(row->fields[i]), &value)) {
            return false;
        }
    }
    return true;
}

static bool take_header(struct rows *rows, const struct csv_row *row, struct error *err)
{
    struct column_map map;
    if (is_all_numbers(row)) {
        return error_set(err, ERROR_PERMANENT, "bad_header",
                         "line %llu: numbers where the header line must be: name the columns",
                         (unsigned long long)row->line);
    }
    if (!column_map_build(row->fields, row->count, rows->wanted, &map, err)) {
        return error_prefix(err, "line %llu", (unsigned long long)row->line);
    }
    if (rows->headers == 1 &&
        (map.field_count != rows->map.field_count ||
         memcmp(map.slot_of_field, rows->map.slot_of_field, map.field_count) != 0)) {
        return error_set(err, ERROR_PERMANENT, "bad_header",
                         "line %llu: a second header line that disagrees with the first",
                         (unsigned long long)row->line);
    }
    rows->headers++;
    rows->map = map;
    rows->is_verbatim = map.is_in_order && csv_delimiter(rows->csv) == ',';
    rows->is_fast = rows->handler.numbers != NULL && map.field_count > 0 &&
                    memchr(map.slot_of_field, COLUMN_SLOT_IGNORED, map.field_count) == NULL;
    if (rows->headers == 1 && rows->handler.header != NULL) {
        rows->handler.header(rows->handler.context, &map);
    }
    return true;
}

static bool take_row(void *context, const struct csv_row *row, struct error *err)
{
    struct rows *rows = context;
    struct rows_row out = {rows->fields, row->text, row->line, row->count, ROWS_FAULT_NONE};
    rows->records++;
    if (rows->records == 1 || (rows->records == 2 && column_is_header(row->fields, row->count))) {
        return take_header(rows, row, err);
    }
    if (!row->has_line_end && row->count < rows->map.field_count) {
        return error_set(err, ERROR_PERMANENT, "truncated",
                         "line %llu: the file ends in the middle of a row, after %zu of %zu "
                         "fields: it was cut off; get the whole file",
                         (unsigned long long)row->line, row->count, rows->map.field_count);
    }
    for (size_t i = 0; i < rows->wanted->count; i++) {
        rows->fields[i] = STR("");
    }
    for (size_t i = 0; i < row->count && i < rows->map.field_count; i++) {
        if (rows->map.slot_of_field[i] != COLUMN_SLOT_IGNORED) {
            rows->fields[rows->map.slot_of_field[i]] = row->fields[i];
        }
    }
    if (row->count != rows->map.field_count) {
        out.fault = ROWS_FAULT_FIELD_COUNT;
    } else if (row->is_badly_quoted) {
        out.fault = ROWS_FAULT_QUOTING;
    }
    return rows->handler.row(rows->handler.context, &out, err);
}

struct rows *rows_new(const struct column_set *wanted, const struct rows_handler *handler)
{
    struct rows *rows = xcalloc(1, sizeof(*rows));
    struct csv_handler below = {take_row, take_lines, rows};
    rows->wanted = wanted;
    rows->handler = *handler;
    rows->csv = csv_new(&below);
    return rows;
}

void rows_free(struct rows *rows)
{
    if (rows != NULL) {
        csv_free(rows->csv);
        free(rows);
    }
}

void rows_reset(struct rows *rows)
{
    csv_reset(rows->csv);
    rows->headers = 0;
    rows->records = 0;
    rows->is_fast = false;
    rows->is_verbatim = false;
}

bool rows_feed(struct rows *rows, struct str bytes, struct error *err)
{
    return csv_feed(rows->csv, bytes, err);
}

bool rows_end(struct rows *rows, struct error *err)
{
    return csv_end(rows->csv, err);
}

bool rows_is_verbatim(const struct rows *rows)
{
    return rows->is_verbatim;
}

bool rows_had_second_header(const struct rows *rows)
{
    return rows->headers > 1;
}

uint64_t rows_blank_lines(const struct rows *rows)
{
    return csv_blank_lines(rows->csv);
}
