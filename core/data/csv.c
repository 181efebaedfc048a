/* Records are found in place in the bytes fed; only a record cut by the end of a chunk is copied.
 */
#include "core/data/csv.h"

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/utf8.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    CARRY_MAX = 8 * CSV_LINE_MAX,
    PIECE_MIN = 4096,  /* bytes added to a cut record at a time */
    STAGE_MIN = 32768, /* chunks smaller than this are collected first */
    MAGIC_SIZE = 16,
};

struct csv {
    struct csv_handler handler;
    struct buf carry; /* bytes fed and not yet parsed */
    size_t stage;     /* carry is parsed when it would reach this: small chunks are collected, and
                         a long cut record is not scanned again for every chunk */
    struct buf unquoted; /* fields that had to be copied; reserved before use, so pointers stay */
    struct str fields[CSV_FIELDS_MAX];
    bool is_started; /* format, line end and delimiter are known */
    bool has_record;
    char delimiter;
    char newline;    /* '\n', or '\r' in a file that has only those */
    uint64_t line;   /* of the next record, from 1 */
    uint64_t offset; /* bytes parsed */
    uint64_t blank_lines;
};

struct csv *csv_new(const struct csv_handler *handler)
{
    struct csv *csv = xcalloc(1, sizeof(*csv));
    csv->handler = *handler;
    buf_init(&csv->carry, CARRY_MAX);
    buf_init(&csv->unquoted, CSV_LINE_MAX);
    csv_reset(csv);
    return csv;
}

void csv_free(struct csv *csv)
{
    if (csv != NULL) {
        buf_done(&csv->carry);
        buf_done(&csv->unquoted);
        free(csv);
    }
}

void csv_reset(struct csv *csv)
{
    buf_reset(&csv->carry);
    csv->stage = STAGE_MIN;
    csv->is_started = false;
    csv->has_record = false;
    csv->delimiter = ',';
    csv->newline = '\n';
    csv->line = 1;
    csv->offset = 0;
    csv->blank_lines = 0;
}

char csv_delimiter(const struct csv *csv)
{
    return csv->delimiter;
}

uint64_t csv_blank_lines(const struct csv *csv)
{
    return csv->blank_lines;
}

static const char *find(const char *ptr, const char *end, char c)
{
    return ptr == end ? NULL : memchr(ptr, c, (size_t)(end - ptr));
}

/* ---- the beginning of a file */

struct magic {
    struct str bytes;
    const char *what;
};

static const struct magic magics[] = {
    {{"\xff\xfe", 2}, "UTF-16 text; save it as UTF-8"},
    {{"\xfe\xff", 2}, "UTF-16 text; save it as UTF-8"},
    {{"\0\0\xfe\xff", 4}, "UTF-32 text; save it as UTF-8"},
    {{"\xd0\xcf\x11\xe0", 4}, "an Excel workbook (.xls); save the sheet as CSV"},
    {{"PK\x03\x04", 4}, "a zip archive or an Excel workbook (.xlsx); save the sheet as CSV"},
    {{"PAR1", 4}, "a Parquet file; convert it to CSV"},
    {{"\x1f\x8b", 2}, "gzip data; decompress it first"},
    {{"\x28\xb5\x2f\xfd", 4}, "zstd data; decompress it first"},
    {{"\xfd"
      "7zXZ",
      5},
     "xz data; decompress it first"},
    {{"BZh", 3}, "bzip2 data; decompress it first"},
    {{"SQLite format 3", 15}, "an SQLite database"},
    {{"%PDF", 4}, "a PDF document"},
    {{"<?xml", 5}, "an XML document"},
    {{"<!DOCTYPE", 9}, "an HTML page"},
    {{"<html", 5}, "an HTML page"},
};

static bool check_format(struct str head, struct error *err)
{
    for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
        if (str_starts_with(head, magics[i].bytes)) {
            return error_set(err, ERROR_PERMANENT, "not_csv", "not CSV: it looks like %s",
                             magics[i].what);
        }
    }
    for (size_t i = 0; i < head.len && i < MAGIC_SIZE; i++) {
        unsigned char c = (unsigned char)head.ptr[i];
        if (c < ' ' && c != '\t' && c != '\n' && c != '\r') {
            return error_set(err, ERROR_PERMANENT, "not_csv",
                             "not CSV: byte %zu is 0x%02x: the file is binary or damaged", i, c);
        }
    }
    return true;
}

/* The end of the first line outside quotes, or NULL when it is not there yet. */
static const char *first_line_end(const char *ptr, const char *end, bool is_final)
{
    bool is_quoted = false;
    for (; ptr < end; ptr++) {
        is_quoted ^= *ptr == '"';
        if (!is_quoted && *ptr == '\n') {
            return ptr;
        }
        if (!is_quoted && *ptr == '\r') {
            return ptr + 1 < end || is_final ? ptr : NULL;
        }
    }
    return is_final ? end : NULL;
}

static void sniff_delimiter(struct csv *csv, struct str line)
{
    static const char candidates[] = {',', '\t', ';'};
    size_t best = 0;
    for (size_t i = 0; i < sizeof(candidates); i++) {
        size_t count = 0;
        bool is_quoted = false;
        for (size_t at = 0; at < line.len; at++) {
            is_quoted ^= line.ptr[at] == '"';
            count += !is_quoted && line.ptr[at] == candidates[i];
        }
        if (count > best) {
            best = count;
            csv->delimiter = candidates[i];
        }
    }
}

/* Gives the bytes of the BOM, or false (err untouched) when more bytes are needed. */
static bool start(struct csv *csv, struct str bytes, bool is_final, size_t *out_skipped)
{
    size_t bom = str_starts_with(bytes, STR("\xef\xbb\xbf")) ? 3 : 0;
    const char *begin = bytes.ptr + bom;
    const char *end = bytes.ptr + bytes.len;
    while (begin < end && (*begin == '\n' || *begin == '\r')) { /* the first line with text */
        begin++;
    }
    const char *line_end = first_line_end(begin, end, is_final);
    if (line_end == NULL && bytes.len <= CSV_LINE_MAX) {
        return false;
    }
    if (line_end != NULL) {
        sniff_delimiter(csv, (struct str){begin, (size_t)(line_end - begin)});
        bool is_cr = line_end < end && *line_end == '\r';
        csv->newline = is_cr && !(line_end + 1 < end && line_end[1] == '\n') ? '\r' : '\n';
    }
    csv->is_started = true;
    *out_skipped = bom;
    return true;
}

/* ---- records */

/* distance: from the first byte of the record being parsed. */
static bool fail_at(const struct csv *csv, size_t distance, struct error *err, const char *code,
                    const char *what)
{
    unsigned long long line = csv->line;
    unsigned long long offset = csv->offset + distance;
    return error_set(err, ERROR_PERMANENT, code, "line %llu, byte %llu: %s", line, offset, what);
}

static bool check_text(const struct csv *csv, struct str text, struct error *err)
{
    const char *nul = text.len == 0 ? NULL : memchr(text.ptr, '\0', text.len);
    return nul == NULL || fail_at(csv, (size_t)(nul - text.ptr), err, "not_csv",
                                  "a NUL byte: the file is binary, UTF-16 or damaged");
}

/* The newline (or the end of the file) that ends the record at ptr, quotes respected; NULL when it
 * is not there yet. *out_lines counts the lines it spans. */
static const char *quoted_record_end(const struct csv *csv, struct str bytes, uint64_t *out_lines,
                                     bool *out_is_quoted)
{
    enum { FIELD_START, BARE, QUOTED, CLOSED } state = FIELD_START;
    const char *end = bytes.ptr + bytes.len;
    const char *at = bytes.ptr;
    *out_lines = 1;
    for (; at < end; at++) {
        if (state == QUOTED) {
            state = *at == '"' ? CLOSED : QUOTED;
            *out_lines += *at == csv->newline;
        } else if (*at == csv->newline) {
            break;
        } else if (*at == csv->delimiter) {
            state = FIELD_START;
        } else if (*at == '"' && state != BARE) {
            state = QUOTED; /* an opening quote, or the second of a doubled one */
        } else if (state == FIELD_START || state == CLOSED) {
            state = BARE;
        }
    }
    *out_is_quoted = state == QUOTED;
    return at;
}

/* One quoted field at *at (its opening quote); leaves *at behind it. Text behind the closing quote
 * is kept and marks the row. */
static struct str take_quoted(struct csv *csv, const char **at, const char *end, bool *is_bad)
{
    const char *ptr = *at + 1;
    const char *quote = find(ptr, end, '"');
    size_t len = (size_t)((quote == NULL ? end : quote) - ptr);
    if (quote != NULL && (quote + 1 == end || quote[1] == csv->delimiter)) {
        *at = quote + 1;
        return (struct str){ptr, len};
    }
    size_t first = csv->unquoted.len;
    bool is_quoted = true;
    for (; ptr < end && (is_quoted || *ptr != csv->delimiter); ptr++) {
        bool is_doubled = *ptr == '"' && is_quoted && ptr + 1 < end && ptr[1] == '"';
        if (*ptr == '"' && is_quoted && !is_doubled) {
            is_quoted = false;
            continue;
        }
        *is_bad = *is_bad || !is_quoted;
        buf_append_char(&csv->unquoted, *ptr);
        ptr += is_doubled;
    }
    *at = ptr;
    return (struct str){csv->unquoted.ptr + first, csv->unquoted.len - first};
}

static struct str take_bare(const struct csv *csv, const char **at, const char *end, bool *is_bad)
{
    const char *first = *at;
    const char *delimiter = find(first, end, csv->delimiter);
    *at = delimiter == NULL ? end : delimiter;
    struct str field = {first, (size_t)(*at - first)};
    *is_bad = *is_bad || find(first, *at, '"') != NULL;
    return field;
}

static bool emit_row(struct csv *csv, struct str text, bool has_line_end, struct error *err)
{
    struct csv_row row = {
        .fields = csv->fields, .text = text, .line = csv->line, .has_line_end = has_line_end};
    const char *at = text.ptr;
    const char *end = text.ptr + text.len;
    buf_reset(&csv->unquoted);
    buf_reserve(&csv->unquoted, text.len);
    for (;;) {
        if (row.count == CSV_FIELDS_MAX) {
            return fail_at(csv, 0, err, "not_csv", "more than 256 fields in one line");
        }
        csv->fields[row.count++] = at < end && *at == '"'
                                       ? take_quoted(csv, &at, end, &row.is_badly_quoted)
                                       : take_bare(csv, &at, end, &row.is_badly_quoted);
        if (at == end) {
            break;
        }
        at++; /* the delimiter */
    }
    csv->has_record = true;
    return csv->handler.row(csv->handler.context, &row, err);
}

/* The end of the record at the front of bytes, found cheaply when it holds no quote. */
static bool find_record_end(const struct csv *csv, struct str bytes, bool is_final,
                            const char **out_end, uint64_t *out_lines, struct error *err)
{
    bool is_quoted = false;
    const char *bytes_end = bytes.ptr + bytes.len;
    const char *end = find(bytes.ptr, bytes_end, csv->newline);
    *out_lines = 1;
    if (find(bytes.ptr, end == NULL ? bytes_end : end, '"') != NULL) {
        end = quoted_record_end(csv, bytes, out_lines, &is_quoted);
    } else if (end == NULL) {
        end = bytes_end;
    }
    struct str record = {bytes.ptr, (size_t)(end - bytes.ptr)};
    bool is_whole = end < bytes_end || is_final;
    if (record.len > CSV_LINE_MAX) {
        return check_text(csv, (struct str){record.ptr, CSV_LINE_MAX}, err) &&
               fail_at(csv, 0, err, "line_too_long",
                       "a line longer than 1 MiB: this is no CSV of the expected kind, or a quote "
                       "is not closed");
    }
    if (is_whole && is_quoted && is_final) {
        return fail_at(csv, 0, err, "truncated",
                       "the file ends inside a quoted field that begins in this record: it is "
                       "truncated, or a quote is not closed");
    }
    *out_end = is_whole ? end : NULL;
    return true;
}

/* Takes one record from the front of *bytes; *out_is_taken is false when it is not whole yet. */
static bool take_record(struct csv *csv, struct str *bytes, bool is_final, bool *out_is_taken,
                        struct error *err)
{
    const char *end = NULL;
    uint64_t lines = 1;
    if (!find_record_end(csv, *bytes, is_final, &end, &lines, err)) {
        return false;
    }
    *out_is_taken = end != NULL;
    if (end == NULL) {
        return true;
    }
    struct str text = {bytes->ptr, (size_t)(end - bytes->ptr)};
    bool has_line_end = text.len < bytes->len;
    size_t used = text.len + (has_line_end ? 1 : 0);
    if (csv->newline == '\n' && str_ends_with(text, STR("\r"))) {
        text.len--;
    }
    if (!check_text(csv, text, err)) {
        return false;
    }
    if (str_trim(text).len == 0 && memchr(bytes->ptr, csv->delimiter, used) == NULL) {
        csv->blank_lines++;
    } else if (!emit_row(csv, text, has_line_end, err)) {
        return false;
    }
    *bytes = (struct str){bytes->ptr + used, bytes->len - used};
    csv->offset += used;
    csv->line += lines;
    return true;
}

/* Lets the handler take whole lines as they are. */
static void take_lines(struct csv *csv, struct str *bytes)
{
    if (csv->handler.lines == NULL || !csv->has_record || csv->newline != '\n' ||
        bytes->len <= CSV_SLACK) {
        return;
    }
    const char *last = memrchr(bytes->ptr, '\n', bytes->len - CSV_SLACK);
    if (last == NULL) {
        return;
    }
    struct str lines = {bytes->ptr, (size_t)(last - bytes->ptr) + 1};
    size_t used = csv->handler.lines(csv->handler.context, lines, &csv->line);
    assert(used <= lines.len);
    *bytes = (struct str){bytes->ptr + used, bytes->len - used};
    csv->offset += used;
}

/* Parses what is whole; gives the bytes used. */
static bool parse(struct csv *csv, struct str bytes, bool is_final, size_t *out_used,
                  struct error *err)
{
    struct str rest = bytes;
    bool is_taken = true;
    *out_used = 0;
    if (!csv->is_started) {
        size_t skipped = 0;
        bool is_known = bytes.len >= MAGIC_SIZE || is_final;
        if (is_known && !check_format(bytes, err)) {
            return false;
        }
        if (!is_known || !start(csv, bytes, is_final, &skipped)) {
            return true;
        }
        rest = (struct str){bytes.ptr + skipped, bytes.len - skipped};
        csv->offset = skipped;
    }
    while (is_taken && rest.len > 0) {
        take_lines(csv, &rest);
        if (rest.len > 0 && !take_record(csv, &rest, is_final, &is_taken, err)) {
            return false;
        }
    }
    *out_used = bytes.len - rest.len;
    return true;
}

/* Completes the cut record in carry with the front of *bytes. Afterwards either carry is empty and
 * *bytes goes on behind the record, or all of *bytes is in carry. */
static bool complete_carry(struct csv *csv, struct str *bytes, struct error *err)
{
    while (csv->carry.len > 0 && bytes->len > 0) {
        size_t before = csv->carry.len;
        size_t piece = before > PIECE_MIN ? before : PIECE_MIN;
        size_t used = 0;
        piece = piece < bytes->len ? piece : bytes->len;
        bool is_added = buf_append(&csv->carry, bytes->ptr, piece);
        assert(is_added); /* parse() refuses records longer than CSV_LINE_MAX */
        (void)is_added;
        if (!parse(csv, buf_str(&csv->carry), false, &used, err)) {
            return false;
        }
        if (used >= before) {
            *bytes = (struct str){bytes->ptr + (used - before), bytes->len - (used - before)};
            buf_reset(&csv->carry);
        } else {
            buf_consume(&csv->carry, used);
            *bytes = (struct str){bytes->ptr + piece, bytes->len - piece};
        }
    }
    return true;
}

bool csv_feed(struct csv *csv, struct str bytes, struct error *err)
{
    size_t used = 0;
    if (csv->carry.len + bytes.len < csv->stage) {
        return bytes.len == 0 || buf_append(&csv->carry, bytes.ptr, bytes.len);
    }
    if (!complete_carry(csv, &bytes, err)) {
        return false;
    }
    if (bytes.len > 0) {
        if (!parse(csv, bytes, false, &used, err)) {
            return false;
        }
        bool is_kept = buf_append(&csv->carry, bytes.ptr + used, bytes.len - used);
        assert(is_kept);
        (void)is_kept;
    }
    csv->stage = 2 * csv->carry.len > STAGE_MIN ? 2 * csv->carry.len : STAGE_MIN;
    return true;
}

bool csv_end(struct csv *csv, struct error *err)
{
    size_t used = 0;
    if (csv->carry.len > 0 && !parse(csv, buf_str(&csv->carry), true, &used, err)) {
        return false;
    }
    if (!csv->has_record) {
        return error_set(err, ERROR_PERMANENT, "empty_input", "the input is empty");
    }
    return true;
}
