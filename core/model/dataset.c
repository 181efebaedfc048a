/* Streaming reader of numeric CSV into a float matrix; strict, because a header or a text field
 * that slips through becomes a training row. */
#include "core/model/dataset.h"

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_CAPACITY = 1024, FAST_DIGITS = 15, SHOWN_FIELD = 40 };
static const uint64_t MATRIX_MAX_BYTES = 4ULL << 30;

/* Where in which file the reader is: for messages. */
struct place {
    const char *path;
    uint64_t line;
    size_t column; /* 1 is the label */
};

void dataset_init(struct dataset *dataset)
{
    *dataset = (struct dataset){.digest = digest_new()};
}

void dataset_done(struct dataset *dataset)
{
    free(dataset->values);
    free(dataset->labels);
    digest_free(dataset->digest);
    *dataset = (struct dataset){0};
}

static bool bad_field(const struct place *place, struct str field, const char *why,
                      struct error *err)
{
    struct buf shown;
    buf_init(&shown, 4 * SHOWN_FIELD);
    bool is_long = field.len > SHOWN_FIELD;
    utf8_append_printable(&shown, (struct str){field.ptr, is_long ? SHOWN_FIELD : field.len});
    error_set(err, ERROR_PERMANENT, "bad_data", "%s:%llu: column %zu: \"%s%s\" %s", place->path,
              (unsigned long long)place->line, place->column, buf_text(&shown),
              is_long ? "..." : "", why);
    buf_done(&shown);
    return false;
}

/* Decimals of up to FAST_DIGITS digits without exponent are exact in a double, so one division
 * gives the nearest value. Gives false for every other form; *at is moved only on success. */
static bool parse_fast(const char **at, const char *end, double *out_value)
{
    static const double powers[FAST_DIGITS + 1] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    const char *p = *at;
    bool is_negative = p < end && *p == '-';
    int64_t mantissa = 0;
    int digits = 0;
    int decimals = 0;
    p += is_negative ? 1 : 0;
    for (; p < end && *p >= '0' && *p <= '9'; p++, digits++) {
        mantissa = mantissa * 10 + (*p - '0');
        if (digits == FAST_DIGITS) {
            return false;
        }
    }
    if (digits > 0 && p < end && *p == '.') {
        for (p++; p < end && *p >= '0' && *p <= '9'; p++, digits++, decimals++) {
            mantissa = mantissa * 10 + (*p - '0');
            if (digits == FAST_DIGITS) {
                return false;
            }
        }
    }
    if (digits == 0 || digits > FAST_DIGITS || (p < end && *p != ',')) {
        return false;
    }
    double value = (double)mantissa / powers[decimals];
    *out_value = is_negative ? -value : value;
    *at = p;
    return true;
}

static bool parse_field(const struct place *place, const char **at, const char *end,
                        double *out_value, struct error *err)
{
    if (parse_fast(at, end, out_value)) {
        return true;
    }
    const char *comma = memchr(*at, ',', (size_t)(end - *at));
    struct str field = {*at, (size_t)((comma == NULL ? end : comma) - *at)};
    if (field.len == 0) {
        return bad_field(place, field, "is empty; every field must be a number", err);
    }
    if (!str_to_double(field, out_value)) {
        bool is_header = place->line == 1 && place->column == 1;
        return bad_field(place, field,
                         is_header ? "is not a number: the file must have no header line"
                                   : "is not a finite number",
                         err);
    }
    if (!isfinite((float)*out_value)) {
        return bad_field(place, field, "does not fit into a 32-bit float", err);
    }
    *at = field.ptr + field.len;
    return true;
}

/* The first row sets the number of columns; a header is told apart before its columns count. */
static bool start_columns(struct dataset *dataset, const struct place *place, const char *line,
                          const char *end, struct error *err)
{
    double first = 0;
    const char *at = line;
    size_t commas = 0;
    if (!parse_field(place, &at, end, &first, err)) {
        return false;
    }
    for (const char *p = line; p < end; p++) {
        commas += *p == ',' ? 1 : 0;
    }
    if (commas == 0 || commas > DATASET_MAX_COLUMNS) {
        return error_set(err, ERROR_PERMANENT, "bad_data",
                         "%s:%llu: %zu comma-separated columns; a row is the label and 1 to %d "
                         "features",
                         place->path, (unsigned long long)place->line, commas + 1,
                         DATASET_MAX_COLUMNS);
    }
    dataset->features = commas;
    return true;
}

static bool make_room(struct dataset *dataset, const struct place *place, struct error *err)
{
    if (dataset->rows < dataset->capacity) {
        return true;
    }
    assert(dataset->features > 0);
    size_t capacity = dataset->capacity == 0 ? FIRST_CAPACITY : dataset->capacity * 2;
    if (capacity > MATRIX_MAX_BYTES / (dataset->features * sizeof(float))) {
        return error_set(err, ERROR_PERMANENT, "too_large",
                         "%s:%llu: the data set needs more than %llu bytes of memory", place->path,
                         (unsigned long long)place->line, (unsigned long long)MATRIX_MAX_BYTES);
    }
    dataset->values = xreallocarray(dataset->values, capacity, dataset->features * sizeof(float));
    dataset->labels = xreallocarray(dataset->labels, capacity, sizeof(uint8_t));
    dataset->capacity = capacity;
    return true;
}

static bool wrong_count(const struct dataset *dataset, const struct place *place, size_t columns,
                        const char *more, struct error *err)
{
    return error_set(err, ERROR_PERMANENT, "bad_data", "%s:%llu: %zu%s columns, but %zu before it",
                     place->path, (unsigned long long)place->line, columns, more,
                     dataset->features + 1);
}

static bool read_label(struct dataset *dataset, const struct place *place, const char **at,
                       const char *end, struct error *err)
{
    const char *start = *at;
    double label = 0;
    if (!parse_field(place, at, end, &label, err)) {
        return false;
    }
    if (label != 0.0 && label != 1.0) {
        return bad_field(place, (struct str){start, (size_t)(*at - start)},
                         "is not a label: the first column must be 0 or 1 (an ID may not be there)",
                         err);
    }
    dataset->labels[dataset->rows] = label == 1.0;
    dataset->positives += label == 1.0 ? 1 : 0;
    return true;
}

static bool add_row(struct dataset *dataset, struct place *place, const char *line, size_t len,
                    struct error *err)
{
    const char *end = line + len;
    place->column = 1;
    if (len == 0) {
        return error_set(err, ERROR_PERMANENT, "bad_data", "%s:%llu: the line is empty",
                         place->path, (unsigned long long)place->line);
    }
    const char *at = line;
    if ((dataset->features == 0 && !start_columns(dataset, place, line, end, err)) ||
        !make_room(dataset, place, err) || !read_label(dataset, place, &at, end, err)) {
        return false;
    }
    float *row = dataset->values + dataset->rows * dataset->features;
    for (size_t i = 0; i < dataset->features; i++) {
        double value = 0;
        place->column = i + 2;
        if (at == end) {
            return wrong_count(dataset, place, i + 1, "", err);
        }
        at++;
        if (!parse_field(place, &at, end, &value, err)) {
            return false;
        }
        row[i] = (float)value;
    }
    if (at != end) {
        return wrong_count(dataset, place, dataset->features + 2, " or more", err);
    }
    dataset->rows++;
    return true;
}

/* Adds the complete lines in text (all of it when is_last); gives the bytes used. */
static bool add_lines(struct dataset *dataset, struct place *place, struct str text, bool is_last,
                      size_t *out_used, struct error *err)
{
    size_t used = 0;
    while (used < text.len) {
        const char *line = text.ptr + used;
        const char *newline = memchr(line, '\n', text.len - used);
        if (newline == NULL && !is_last) {
            break;
        }
        size_t whole = newline == NULL ? text.len - used : (size_t)(newline - line);
        size_t len = whole > 0 && line[whole - 1] == '\r' ? whole - 1 : whole;
        place->line++;
        if (!add_row(dataset, place, line, len, err)) {
            return false;
        }
        used += whole + (newline == NULL ? 0 : 1);
    }
    *out_used = used;
    return true;
}

static bool add_fd(struct dataset *dataset, struct place *place, int fd, char *chunk,
                   struct error *err)
{
    size_t held = 0;
    for (;;) {
        ssize_t got = read(fd, chunk + held, DATASET_MAX_LINE - held);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return error_set_errno(err, errno, "cannot read %s", place->path);
        }
        digest_update(dataset->digest, chunk + held, (size_t)got);
        dataset->size_bytes += (uint64_t)got;
        held += (size_t)got;
        size_t used = 0;
        if (!add_lines(dataset, place, (struct str){chunk, held}, got == 0, &used, err)) {
            return false;
        }
        if (got == 0) {
            return true;
        }
        if (used == 0 && held == DATASET_MAX_LINE) {
            return error_set(err, ERROR_PERMANENT, "bad_data",
                             "%s:%llu: a line of %d bytes or more", place->path,
                             (unsigned long long)place->line + 1, DATASET_MAX_LINE);
        }
        held -= used;
        memmove(chunk, chunk + used, held);
    }
}

bool dataset_add_file(struct dataset *dataset, const char *path, struct error *err)
{
    struct place place = {.path = path};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return error_set_errno(err, errno, "cannot open %s", path);
    }
    char *chunk = xmalloc(DATASET_MAX_LINE);
    bool is_added = add_fd(dataset, &place, fd, chunk, err);
    free(chunk);
    close(fd);
    return is_added;
}

bool dataset_finish(struct dataset *dataset, const char *name, struct error *err)
{
    digest_finish_hex(dataset->digest, dataset->sha256);
    if (dataset->rows == 0) {
        return error_set(err, ERROR_PERMANENT, "bad_data", "%s has no rows", name);
    }
    if (dataset->positives == 0 || dataset->positives == dataset->rows) {
        return error_set(err, ERROR_PERMANENT, "bad_data",
                         "%s: all %zu rows have the label %d; both classes are needed", name,
                         dataset->rows, dataset->positives == 0 ? 0 : 1);
    }
    return true;
}
