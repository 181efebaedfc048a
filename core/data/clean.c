/* The cleaning engine and its two tables. Rows of canonical integers within their domains take a
 * short path and are copied as they are; everything else is parsed with care. */
#include "core/data/clean.h"

#include "core/base/alloc.h"
#include "core/data/columns.h"
#include "core/data/quarantine.h"
#include "core/data/rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- the tables */

struct recode {
    enum column column;
    int64_t from;
    int64_t to;
    enum defect defect;
};

static const struct recode recodes[] = {
    {COLUMN_EDUCATION, 0, 4, DEFECT_EDUCATION_0},
    {COLUMN_EDUCATION, 5, 4, DEFECT_EDUCATION_5},
    {COLUMN_EDUCATION, 6, 4, DEFECT_EDUCATION_6},
    {COLUMN_MARRIAGE, 0, 3, DEFECT_MARRIAGE_0},
};

struct clean_kind {
    const char *name;
    const struct column_set *columns;
    bool has_label;
    /* Counts what is odd but kept in an accepted row; values by slot. */
    void (*inspect)(struct report *report, const int64_t *values);
};

enum { SLOT_KEY = 0, SLOT_PAY = 1, SLOT_BILL = 7, SLOT_PAID = 13, SLOT_LABEL = 19, MONTHS = 6 };

static void inspect_transaction(struct report *report, const int64_t *values)
{
    int64_t any = 0;
    int64_t bills = 0;
    for (size_t i = 0; i < MONTHS; i++) {
        bills |= values[SLOT_BILL + i];
        any |= values[SLOT_BILL + i] | values[SLOT_PAID + i];
    }
    uint64_t label = (uint64_t)values[SLOT_LABEL];
    report->positives += label;
    report->defects[DEFECT_NEGATIVE_BILL] += bills < 0;
    report->defects[DEFECT_INACTIVE] += any == 0;
    report->defects[DEFECT_INACTIVE_DEFAULT] += any == 0 ? label : 0;
    report->defects[DEFECT_PAY_NO_CONSUMPTION] += values[SLOT_PAY] == -2;
    report->defects[DEFECT_PAY_REVOLVING] += values[SLOT_PAY] == 0;
}

static void inspect_nothing(struct report *report, const int64_t *values)
{
    (void)report;
    (void)values;
}

const struct clean_kind clean_transactions = {"clean_transactions", &column_transactions, true,
                                              inspect_transaction};
const struct clean_kind clean_profiles = {"clean_profiles", &column_profiles, false,
                                          inspect_nothing};

/* ---- the engine */

enum { PASS_FIRST, PASS_SECOND };
/* What the second pass does with the rows of a repeated key. */
enum { REPEATED_KEEP_ONE, REPEATED_KEPT, REPEATED_CONFLICT };

struct clean {
    const struct clean_kind *kind;
    size_t count; /* columns */
    struct column_domain domains[COLUMN_COUNT];
    struct rows *rows;
    struct writer cleaned;
    struct writer quarantine;
    struct report report;
    struct report before; /* figures when the object began */
    char *object;
    bool is_verbatim;
    int pass;
    struct pairs seen;     /* first pass: key and hash of each row out */
    struct pairs repeated; /* second pass: key and REPEATED_* */
    struct row_hash hash;
};

/* A row on the careful path. */
struct candidate {
    int64_t values[COLUMN_COUNT];
    unsigned forms[COLUMN_COUNT];
    enum defect mapped[2]; /* EDUCATION and MARRIAGE */
    size_t mapped_count;
    size_t bad_slot; /* of the value that puts it into quarantine */
};

static void refuse(struct clean *clean, const struct rows_row *row, enum reason reason,
                   const size_t *slot)
{
    struct quarantine_entry entry = {
        .object = str_from(clean->object),
        .line = row->line,
        .customer_id = row->fields[SLOT_KEY],
        .reason = reason,
        .column = slot == NULL ? NULL : column_name(clean->kind->columns->columns[*slot]),
        .value = slot == NULL ? STR("") : row->fields[*slot],
        .row = row->text,
    };
    quarantine_put(&clean->quarantine, &entry);
    clean->report.rows_in++;
    clean->report.rows_quarantined++;
    clean->report.reasons[reason]++;
}

static char *write_values(const int64_t *values, size_t count, char *out)
{
    for (size_t i = 0; i < count; i++) {
        out = number_write(out, values[i]);
        *out++ = i + 1 < count ? ',' : '\n';
    }
    return out;
}

/* text: the line as it may be copied, or empty. */
static void accept(struct clean *clean, const int64_t *values, struct str text)
{
    char *out = writer_room(&clean->cleaned, WRITER_ROOM_MAX);
    uint64_t key = (uint64_t)values[SLOT_KEY];
    if (clean->pass == PASS_FIRST) {
        pairs_push(&clean->seen, key, row_hash_of(&clean->hash, values, clean->count));
    }
    if (text.len > 0) {
        memcpy(out, text.ptr, text.len);
        out += text.len;
        *out++ = '\n';
    } else {
        out = write_values(values, clean->count, out);
    }
    writer_advance(&clean->cleaned, out);
    key_digest_add(&clean->report.keys, key);
    clean->kind->inspect(&clean->report, values);
    clean->report.rows_in++;
    clean->report.rows_out++;
}

static size_t find_repeated(const struct clean *clean, int64_t key)
{
    return pairs_find(&clean->repeated, (uint64_t)key, 0);
}

static bool take_numbers(void *context, const int64_t *values, struct str text)
{
    struct clean *clean = context;
    bool is_outside = false;
    for (size_t i = 0; i < clean->count; i++) {
        is_outside |= values[i] < clean->domains[i].min || values[i] > clean->domains[i].max;
    }
    if (is_outside || (clean->repeated.count > 0 &&
                       find_repeated(clean, values[SLOT_KEY]) < clean->repeated.count)) {
        return false;
    }
    accept(clean, values, clean->is_verbatim ? text : STR(""));
    return true;
}

static enum reason reason_of_verdict(enum number_verdict verdict, enum column_kind kind)
{
    if (kind == COLUMN_KIND_KEY) {
        return REASON_CUSTOMER_ID;
    }
    return verdict == NUMBER_MISSING        ? REASON_MISSING
           : kind == COLUMN_KIND_LABEL      ? REASON_LABEL
           : verdict == NUMBER_NOT_A_NUMBER ? REASON_NOT_A_NUMBER
           : verdict == NUMBER_NOT_INTEGER  ? REASON_NOT_INTEGER
                                            : REASON_TOO_LARGE;
}

static enum reason reason_outside(enum column_kind kind)
{
    return kind == COLUMN_KIND_KEY     ? REASON_CUSTOMER_ID
           : kind == COLUMN_KIND_LABEL ? REASON_LABEL
           : kind == COLUMN_KIND_CODE  ? REASON_UNKNOWN_CODE
                                       : REASON_OUTSIDE_DOMAIN;
}

static void recode_value(struct candidate *candidate, enum column column, int64_t *value)
{
    for (size_t i = 0; i < sizeof(recodes) / sizeof(recodes[0]); i++) {
        if (recodes[i].column == column && recodes[i].from == *value) {
            *value = recodes[i].to;
            candidate->mapped[candidate->mapped_count++] = recodes[i].defect;
            return;
        }
    }
}

/* False with the reason and bad_slot when a value is unusable. */
static bool read_values(const struct clean *clean, const struct rows_row *row,
                        struct candidate *candidate, enum reason *out_reason)
{
    for (size_t i = 0; i < clean->count; i++) {
        struct number number;
        const struct column_domain *domain = &clean->domains[i];
        enum number_verdict verdict = number_parse(row->fields[i], &number);
        candidate->bad_slot = i;
        if (verdict != NUMBER_OK) {
            *out_reason = reason_of_verdict(verdict, domain->kind);
            return false;
        }
        recode_value(candidate, clean->kind->columns->columns[i], &number.value);
        if (number.value < domain->min || number.value > domain->max) {
            *out_reason = reason_outside(domain->kind);
            return false;
        }
        candidate->values[i] = number.value;
        candidate->forms[i] = number.forms;
    }
    return true;
}

static void count_normalised(struct report *report, const struct candidate *candidate, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (unsigned form = 0; candidate->forms[i] >> form != 0; form++) {
            report->forms[form] += candidate->forms[i] >> form & 1;
        }
    }
    for (size_t i = 0; i < candidate->mapped_count; i++) {
        report->defects[candidate->mapped[i]]++;
    }
}

/* Second pass: true when the row was dealt with here. */
static bool drop_repeated(struct clean *clean, const struct rows_row *row, int64_t key)
{
    size_t at = find_repeated(clean, key);
    if (at == clean->repeated.count) {
        return false;
    }
    uint64_t *state = &clean->repeated.ptr[at].value;
    if (*state == REPEATED_KEEP_ONE) {
        *state = REPEATED_KEPT;
        return false;
    }
    if (*state == REPEATED_CONFLICT) {
        const size_t slot = SLOT_KEY;
        refuse(clean, row, REASON_CONFLICT, &slot);
    } else {
        clean->report.rows_in++;
        clean->report.rows_repeated++;
    }
    return true;
}

static bool take_row(void *context, const struct rows_row *row, struct error *err)
{
    struct clean *clean = context;
    struct candidate candidate = {.mapped_count = 0};
    enum reason reason = REASON_COUNT;
    (void)err;
    if (row->fault != ROWS_FAULT_NONE) {
        refuse(clean, row, row->fault == ROWS_FAULT_QUOTING ? REASON_QUOTING : REASON_FIELD_COUNT,
               NULL);
    } else if (!read_values(clean, row, &candidate, &reason)) {
        refuse(clean, row, reason, &candidate.bad_slot);
    } else if (!drop_repeated(clean, row, candidate.values[SLOT_KEY])) {
        accept(clean, candidate.values, STR(""));
        count_normalised(&clean->report, &candidate, clean->count);
    }
    return true;
}

static void take_header(void *context, const struct column_map *map)
{
    struct clean *clean = context;
    clean->is_verbatim = rows_is_verbatim(clean->rows);
    clean->report.renamed_columns += map->renamed;
}

static void begin_output(struct clean *clean)
{
    char header[512];
    size_t len = column_write_header(clean->kind->columns, header);
    writer_put(&clean->cleaned, (struct str){header, len});
    quarantine_begin(&clean->quarantine);
}

struct clean *clean_new(const struct clean_kind *kind, const struct clean_sinks *sinks)
{
    struct clean *clean = xcalloc(1, sizeof(*clean));
    struct rows_handler handler = {take_header, take_numbers, take_row, clean};
    clean->kind = kind;
    clean->count = kind->columns->count;
    for (size_t i = 0; i < clean->count; i++) {
        clean->domains[i] = column_domain(kind->columns->columns[i]);
    }
    clean->rows = rows_new(kind->columns, &handler);
    writer_init(&clean->cleaned, sinks->cleaned);
    writer_init(&clean->quarantine, sinks->quarantine);
    report_init(&clean->report, kind->name, kind->has_label);
    pairs_init(&clean->seen);
    pairs_init(&clean->repeated);
    row_hash_init(&clean->hash);
    begin_output(clean);
    return clean;
}

void clean_free(struct clean *clean)
{
    if (clean == NULL) {
        return;
    }
    rows_free(clean->rows);
    writer_done(&clean->cleaned);
    writer_done(&clean->quarantine);
    report_done(&clean->report);
    pairs_done(&clean->seen);
    pairs_done(&clean->repeated);
    free(clean->object);
    free(clean);
}

void clean_begin_object(struct clean *clean, struct str name)
{
    assert(clean->object == NULL);
    clean->object = xmemdup0(name.ptr, name.len);
    clean->before = clean->report;
    rows_reset(clean->rows);
}

static bool fail_object(const struct clean *clean, struct error *err)
{
    return error_prefix(err, "%s", clean->object);
}

bool clean_feed(struct clean *clean, struct str bytes, struct error *err)
{
    assert(clean->object != NULL);
    clean->report.bytes_in += bytes.len;
    if (!rows_feed(clean->rows, bytes, err)) {
        return fail_object(clean, err);
    }
    return writer_check(&clean->cleaned, err) && writer_check(&clean->quarantine, err);
}

bool clean_end_object(struct clean *clean, struct error *err)
{
    assert(clean->object != NULL);
    if (!rows_end(clean->rows, err)) {
        return fail_object(clean, err);
    }
    clean->report.blank_lines += rows_blank_lines(clean->rows);
    clean->report.second_headers += rows_had_second_header(clean->rows);
    report_add_object(&clean->report, str_from(clean->object), &clean->before);
    free(clean->object);
    clean->object = NULL;
    return writer_check(&clean->cleaned, err) && writer_check(&clean->quarantine, err);
}

/* Keeps of the sorted rows one pair for each repeated key, in place. */
static void find_all_repeated(struct pairs *seen)
{
    size_t kept = 0;
    size_t next = 0;
    for (size_t i = 0; i < seen->count; i = next) {
        uint64_t state = REPEATED_KEEP_ONE;
        uint64_t key = seen->ptr[i].key;
        for (next = i + 1; next < seen->count && seen->ptr[next].key == key; next++) {
            if (seen->ptr[next].value != seen->ptr[i].value) {
                state = REPEATED_CONFLICT;
            }
        }
        if (next > i + 1) {
            seen->ptr[kept++] = (struct pair){key, state};
        }
    }
    seen->count = kept;
}

bool clean_finish(struct clean *clean, bool *out_needs_second_pass, struct error *err)
{
    bool is_first = clean->pass == PASS_FIRST;
    assert(clean->object == NULL);
    if (clean->report.rows_in == 0) {
        return error_set(err, ERROR_PERMANENT, "no_rows",
                         "no data rows in %llu objects: only header lines, or nothing at all",
                         (unsigned long long)clean->report.object_count);
    }
    if (!writer_flush(&clean->cleaned, err) || !writer_flush(&clean->quarantine, err)) {
        return false;
    }
    clean->report.bytes_out = writer_total(&clean->cleaned);
    if (is_first && !clean->seen.is_rising) {
        pairs_sort(&clean->seen);
        find_all_repeated(&clean->seen);
        clean->repeated = clean->seen;
        pairs_init(&clean->seen);
    }
    *out_needs_second_pass = is_first && clean->repeated.count > 0;
    return true;
}

void clean_restart(struct clean *clean, const struct clean_sinks *sinks)
{
    assert(clean->pass == PASS_FIRST && clean->object == NULL);
    clean->pass = PASS_SECOND;
    report_done(&clean->report);
    writer_reset(&clean->cleaned, sinks->cleaned);
    writer_reset(&clean->quarantine, sinks->quarantine);
    begin_output(clean);
}

const struct report *clean_report(const struct clean *clean)
{
    return &clean->report;
}

uint64_t clean_quarantine_bytes(const struct clean *clean)
{
    return writer_total(&clean->quarantine);
}
