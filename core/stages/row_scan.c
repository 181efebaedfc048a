/* Rows cut from chunks, cells checked one by one. */
#include "core/stages/row_scan.h"

#include "core/base/alloc.h"
#include "core/base/utf8.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROW_MAX = 1 << 20,
    FEATURES_MAX = 1000,
    SHOWN_MAX = 40,
    EXACT_DIGITS = 15, /* a double holds them all */
    ID_ROWS_MIN = 100, /* fewer rows may rise by chance */
};

static bool fail_schema(struct error *err, const char *what)
{
    return error_set(err, ERROR_PERMANENT, "bad_schema", "schema: %s", what);
}

static bool is_id(const char *name)
{
    static const char *const ids[] = {"ID", "CUSTOMER_ID", "CUSTOMERID"};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        if (str_eq_ignoring_case(str_from(name), str_from(ids[i]))) {
            return true;
        }
    }
    return false;
}

bool row_scan_check_schema(const struct json *schema, struct error *err)
{
    const struct json *features = json_get(schema, "features");
    size_t count = json_count(features);
    if (!json_is_array(features) || count == 0 || count > FEATURES_MAX) {
        return fail_schema(err, "features must be a list of 1 to 1000 names");
    }
    for (const struct json *item = json_first(features); item != NULL; item = json_next(item)) {
        const char *name;
        if (!json_as_text(item, &name)) {
            return fail_schema(err, "a feature's name is not a string");
        }
        if (is_id(name)) {
            return error_set(err, ERROR_PERMANENT, "bad_schema",
                             "schema: %.80s is among the features; an ID must not be learned from",
                             name);
        }
    }
    if (!json_is_string(json_get(schema, "label"))) {
        return fail_schema(err, "the label's name is missing");
    }
    if (json_int_or(schema, "columns", (int64_t)count + 1) != (int64_t)count + 1) {
        return fail_schema(err, "columns is not the number of features and the label");
    }
    if (json_bool_or(schema, "header", false) ||
        strcmp(json_text_or(schema, "delimiter", ","), ",") != 0) {
        return fail_schema(err, "training needs rows without a header, separated by commas");
    }
    return true;
}

void row_scan_init(struct row_scan *scan, const struct json *schema)
{
    *scan = (struct row_scan){.features = json_get(schema, "features")};
    scan->column_count = json_count(scan->features) + 1;
    scan->previous = xcalloc(scan->column_count, sizeof(*scan->previous));
    scan->is_rising = xcalloc(scan->column_count, sizeof(*scan->is_rising));
    memset(scan->is_rising, true, scan->column_count * sizeof(*scan->is_rising));
    buf_init(&scan->line, ROW_MAX);
}

void row_scan_done(struct row_scan *scan)
{
    free(scan->previous);
    free(scan->is_rising);
    buf_done(&scan->line);
    *scan = (struct row_scan){0};
}

static const char *column_name(const struct row_scan *scan, size_t column)
{
    const char *name = "label";
    if (column > 0) {
        json_as_text(json_at(scan->features, column - 1), &name);
    }
    return name;
}

static bool fail_cell(const struct row_scan *scan, size_t column, struct str cell, const char *what,
                      struct error *err)
{
    struct buf shown;
    buf_init(&shown, 4 * SHOWN_MAX);
    utf8_append_printable(&shown,
                          (struct str){cell.ptr, cell.len < SHOWN_MAX ? cell.len : SHOWN_MAX});
    error_set(err, ERROR_PERMANENT, "bad_training_data",
              "row %" PRIu64 ", column %zu (%.80s): '%s' %s", scan->rows + 1, column + 1,
              column_name(scan, column), buf_text(&shown), what);
    buf_done(&shown);
    return false;
}

/* Plain integers, which nearly all cells are, without the C library. */
static bool parse_cell(struct str cell, double *out_value)
{
    int64_t value = 0;
    size_t start = cell.len > 0 && cell.ptr[0] == '-' ? 1 : 0;
    if (cell.len == start || cell.len - start > EXACT_DIGITS) {
        return str_to_double(cell, out_value);
    }
    for (size_t i = start; i < cell.len; i++) {
        if (cell.ptr[i] < '0' || cell.ptr[i] > '9') {
            return str_to_double(cell, out_value);
        }
        value = value * 10 + (cell.ptr[i] - '0');
    }
    *out_value = (double)(start == 1 ? -value : value);
    return true;
}

static bool check_cell(struct row_scan *scan, size_t column, struct str cell, struct error *err)
{
    double value;
    if (!parse_cell(cell, &value)) {
        bool is_header = scan->rows == 0 && column == 0;
        return fail_cell(scan, column, cell,
                         is_header ? "is not a number: the first row looks like a header"
                                   : "is not a finite number",
                         err);
    }
    if (column == 0) {
        if (value != 0.0 && value != 1.0) {
            return fail_cell(scan, column, cell, "is not 0 or 1: the label must stand first", err);
        }
        scan->positives += value == 1.0 ? 1 : 0;
    }
    if (scan->rows > 0 && value <= scan->previous[column]) {
        scan->is_rising[column] = false;
    }
    scan->previous[column] = value;
    return true;
}

static bool check_row(struct row_scan *scan, struct str row, struct error *err)
{
    size_t column = 0;
    size_t start = 0;
    for (size_t i = 0; i <= row.len; i++) {
        if (i < row.len && row.ptr[i] != ',') {
            continue;
        }
        struct str cell = {row.ptr + start, i - start};
        if (column < scan->column_count && !check_cell(scan, column, cell, err)) {
            return false;
        }
        start = i + 1;
        column++;
    }
    if (column != scan->column_count) {
        return error_set(err, ERROR_PERMANENT, "bad_training_data",
                         "row %" PRIu64 " has %zu columns, the schema says %zu (the label and %zu "
                         "features)",
                         scan->rows + 1, column, scan->column_count, scan->column_count - 1);
    }
    scan->rows++;
    return true;
}

static bool check_whole(struct row_scan *scan, struct error *err)
{
    if (scan->positives == 0 || scan->positives == scan->rows) {
        return error_set(err, ERROR_PERMANENT, "bad_training_data",
                         "all %" PRIu64 " rows have the same label: there is nothing to learn",
                         scan->rows);
    }
    for (size_t i = 1; scan->rows >= ID_ROWS_MIN && i < scan->column_count; i++) {
        if (scan->is_rising[i]) {
            return error_set(err, ERROR_PERMANENT, "bad_training_data",
                             "column %zu (%.80s) rises in every one of %" PRIu64
                             " rows: it looks like an ID",
                             i + 1, column_name(scan, i), scan->rows);
        }
    }
    return true;
}

static bool finish(struct row_scan *scan, struct error *err)
{
    bool is_good = scan->line.len == 0 || check_row(scan, buf_str(&scan->line), err);
    return is_good && check_whole(scan, err);
}

static bool keep_rest(struct row_scan *scan, struct str rest, struct error *err)
{
    return buf_append_str(&scan->line, rest) ||
           error_set(err, ERROR_PERMANENT, "bad_training_data",
                     "row %" PRIu64 " is longer than %d bytes", scan->rows + 1, (int)ROW_MAX);
}

bool row_scan_take(void *context, struct str chunk, struct error *err)
{
    struct row_scan *scan = context;
    if (chunk.len == 0) {
        return finish(scan, err);
    }
    while (chunk.len > 0) {
        const char *newline = memchr(chunk.ptr, '\n', chunk.len);
        struct str row = {chunk.ptr, newline == NULL ? chunk.len : (size_t)(newline - chunk.ptr)};
        bool is_split = newline == NULL || scan->line.len > 0;
        if (is_split && !keep_rest(scan, row, err)) {
            return false;
        }
        if (newline == NULL) {
            return true;
        }
        if (!check_row(scan, is_split ? buf_str(&scan->line) : row, err)) {
            return false;
        }
        buf_reset(&scan->line);
        chunk.ptr += row.len + 1;
        chunk.len -= row.len + 1;
    }
    return true;
}
