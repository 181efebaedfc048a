/* Splitting raw rows into transactions and profiles. */
#include "core/data/prepare.h"

#include "core/base/alloc.h"
#include "core/data/columns.h"
#include "core/data/quarantine.h"
#include "core/data/rows.h"

#include <stdlib.h>
#include <string.h>

/* Slots of column_raw are the columns themselves. */
enum { FIRST_PROFILE = COLUMN_LIMIT_BAL, FIRST_TRANSACTION = COLUMN_PAY_0 };

struct prepare {
    char *name;
    struct rows *rows;
    struct writer transactions;
    struct writer profiles;
    struct writer quarantine;
    struct prepare_figures figures;
};

static char *write_values(char *out, uint64_t key, const int64_t *values, size_t count)
{
    out = number_write_u64(out, key);
    for (size_t i = 0; i < count; i++) {
        *out++ = ',';
        out = number_write(out, values[i]);
    }
    *out++ = '\n';
    return out;
}

static char *copy(char *out, const char *first, const char *end)
{
    memcpy(out, first, (size_t)(end - first));
    return out + (end - first);
}

/* A line in canonical order and form is cut in two as it is. */
static void put_line(struct prepare *prepare, struct str line)
{
    char *transaction = writer_room(&prepare->transactions, WRITER_ROOM_MAX);
    char *profile = writer_room(&prepare->profiles, WRITER_ROOM_MAX);
    const char *end = line.ptr + line.len;
    const char *key_end = memchr(line.ptr, ',', line.len);
    const char *cut = key_end;
    for (int i = FIRST_PROFILE; i < FIRST_TRANSACTION; i++) {
        cut = memchr(cut + 1, ',', (size_t)(end - cut - 1));
    }
    profile = copy(profile, line.ptr, cut);
    *profile++ = '\n';
    transaction = copy(transaction, line.ptr, key_end);
    transaction = copy(transaction, cut, end);
    *transaction++ = '\n';
    writer_advance(&prepare->profiles, profile);
    writer_advance(&prepare->transactions, transaction);
}

static void put_values(struct prepare *prepare, uint64_t key, const int64_t *values)
{
    char *profile = writer_room(&prepare->profiles, WRITER_ROOM_MAX);
    char *transaction = writer_room(&prepare->transactions, WRITER_ROOM_MAX);
    writer_advance(&prepare->profiles, write_values(profile, key, values + FIRST_PROFILE,
                                                    FIRST_TRANSACTION - FIRST_PROFILE));
    writer_advance(&prepare->transactions,
                   write_values(transaction, key, values + FIRST_TRANSACTION,
                                COLUMN_COUNT - FIRST_TRANSACTION));
}

static bool take_numbers(void *context, const int64_t *values, struct str text)
{
    struct prepare *prepare = context;
    bool has_key = prepare->figures.has_key;
    if (has_key && values[COLUMN_CUSTOMER_ID] < 1) {
        return false;
    }
    prepare->figures.rows_in++;
    prepare->figures.rows_out++;
    if (rows_is_verbatim(prepare->rows)) {
        put_line(prepare, text);
    } else {
        put_values(prepare,
                   has_key ? (uint64_t)values[COLUMN_CUSTOMER_ID] : prepare->figures.rows_in,
                   values);
    }
    return true;
}

static void put_fields(struct writer *writer, uint64_t key, const struct str *fields, size_t count)
{
    char text[NUMBER_TEXT_MAX];
    char *end = number_write_u64(text, key);
    writer_put(writer, (struct str){text, (size_t)(end - text)});
    for (size_t i = 0; i < count; i++) {
        writer_put(writer, STR(","));
        writer_put_field(writer, fields[i]);
    }
    writer_put(writer, STR("\n"));
}

static void refuse(struct prepare *prepare, const struct rows_row *row, enum reason reason)
{
    struct quarantine_entry entry = {
        .object = str_from(prepare->name),
        .line = row->line,
        .customer_id = row->fields[COLUMN_CUSTOMER_ID],
        .reason = reason,
        .row = row->text,
    };
    if (reason == REASON_CUSTOMER_ID) {
        entry.column = column_name(COLUMN_CUSTOMER_ID);
        entry.value = entry.customer_id;
    }
    quarantine_put(&prepare->quarantine, &entry);
    prepare->figures.rows_quarantined++;
    prepare->figures.reasons[reason]++;
}

static bool take_row(void *context, const struct rows_row *row, struct error *err)
{
    struct prepare *prepare = context;
    struct number key = {.value = 0};
    (void)err;
    prepare->figures.rows_in++;
    if (row->fault != ROWS_FAULT_NONE) {
        refuse(prepare, row,
               row->fault == ROWS_FAULT_QUOTING ? REASON_QUOTING : REASON_FIELD_COUNT);
        return true;
    }
    if (!prepare->figures.has_key) {
        key.value = (int64_t)prepare->figures.rows_in;
    } else if (number_parse(row->fields[COLUMN_CUSTOMER_ID], &key) != NUMBER_OK || key.value < 1) {
        refuse(prepare, row, REASON_CUSTOMER_ID);
        return true;
    }
    put_fields(&prepare->profiles, (uint64_t)key.value, row->fields + FIRST_PROFILE,
               FIRST_TRANSACTION - FIRST_PROFILE);
    put_fields(&prepare->transactions, (uint64_t)key.value, row->fields + FIRST_TRANSACTION,
               COLUMN_COUNT - FIRST_TRANSACTION);
    prepare->figures.rows_out++;
    return true;
}

static void take_header(void *context, const struct column_map *map)
{
    struct prepare *prepare = context;
    prepare->figures.has_key = map->has_key;
    prepare->figures.renamed_columns = map->renamed;
}

static void put_header(struct writer *writer, const struct column_set *set)
{
    char text[512];
    writer_put(writer, (struct str){text, column_write_header(set, text)});
}

struct prepare *prepare_new(struct str name, const struct prepare_sinks *sinks)
{
    struct prepare *prepare = xcalloc(1, sizeof(*prepare));
    struct rows_handler handler = {take_header, take_numbers, take_row, prepare};
    prepare->name = xmemdup0(name.ptr, name.len);
    prepare->rows = rows_new(&column_raw, &handler);
    writer_init(&prepare->transactions, sinks->transactions);
    writer_init(&prepare->profiles, sinks->profiles);
    writer_init(&prepare->quarantine, sinks->quarantine);
    put_header(&prepare->transactions, &column_transactions);
    put_header(&prepare->profiles, &column_profiles);
    quarantine_begin(&prepare->quarantine);
    return prepare;
}

void prepare_free(struct prepare *prepare)
{
    if (prepare == NULL) {
        return;
    }
    rows_free(prepare->rows);
    writer_done(&prepare->transactions);
    writer_done(&prepare->profiles);
    writer_done(&prepare->quarantine);
    free(prepare->name);
    free(prepare);
}

bool prepare_feed(struct prepare *prepare, struct str bytes, struct error *err)
{
    prepare->figures.bytes_in += bytes.len;
    if (!rows_feed(prepare->rows, bytes, err)) {
        return error_prefix(err, "%s", prepare->name);
    }
    return writer_check(&prepare->transactions, err) && writer_check(&prepare->profiles, err) &&
           writer_check(&prepare->quarantine, err);
}

bool prepare_finish(struct prepare *prepare, struct error *err)
{
    struct prepare_figures *figures = &prepare->figures;
    if (!rows_end(prepare->rows, err)) {
        return error_prefix(err, "%s", prepare->name);
    }
    if (!writer_flush(&prepare->transactions, err) || !writer_flush(&prepare->profiles, err) ||
        !writer_flush(&prepare->quarantine, err)) {
        return false;
    }
    if (figures->rows_out == 0) {
        return error_set(err, ERROR_PERMANENT, "no_rows",
                         figures->rows_in == 0 ? "%s: a header line and no data row"
                                               : "%s: no usable data row",
                         prepare->name);
    }
    figures->second_headers = rows_had_second_header(prepare->rows);
    figures->blank_lines = rows_blank_lines(prepare->rows);
    figures->transaction_bytes = writer_total(&prepare->transactions);
    figures->profile_bytes = writer_total(&prepare->profiles);
    return true;
}

const struct prepare_figures *prepare_figures(const struct prepare *prepare)
{
    return &prepare->figures;
}

struct json *prepare_report_json(const struct prepare_figures *figures)
{
    struct json *json = json_object();
    json_set_text(json, "kind", "prepare");
    json_set_int(json, "rows_in", (int64_t)figures->rows_in);
    json_set_int(json, "rows_out", (int64_t)figures->rows_out);
    json_set_int(json, "rows_quarantined", (int64_t)figures->rows_quarantined);
    json_set(json, "quarantined", report_reasons_json(figures->reasons));
    json_set_int(json, "bytes_in", (int64_t)figures->bytes_in);
    json_set_int(json, "transaction_bytes", (int64_t)figures->transaction_bytes);
    json_set_int(json, "profile_bytes", (int64_t)figures->profile_bytes);
    json_set_int(json, "renamed_columns", (int64_t)figures->renamed_columns);
    json_set_int(json, "second_headers", (int64_t)figures->second_headers);
    json_set_int(json, "blank_lines", (int64_t)figures->blank_lines);
    json_set_bool(json, "customer_id_added", !figures->has_key);
    return json;
}
