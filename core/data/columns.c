/* Header names to columns, and the tables of columns. */
#include "core/data/columns.h"

#include "core/base/buf.h"
#include "core/base/utf8.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MAX_LEN = 64, MESSAGE_LIMIT = 700 };

static const char *const names_of_columns[COLUMN_COUNT] = {
#define X(name, kind, min, max) #name,
    COLUMNS(X)
#undef X
};

static const struct column_domain domains[COLUMN_COUNT] = {
#define X(name, kind, min, max) {min, max, COLUMN_KIND_##kind},
    COLUMNS(X)
#undef X
};

static const enum column all_columns[COLUMN_COUNT] = {
#define X(name, kind, min, max) COLUMN_##name,
    COLUMNS(X)
#undef X
};

static const enum column transaction_columns[] = {
    COLUMN_CUSTOMER_ID, COLUMN_PAY_0,     COLUMN_PAY_2,     COLUMN_PAY_3,
    COLUMN_PAY_4,       COLUMN_PAY_5,     COLUMN_PAY_6,     COLUMN_BILL_AMT1,
    COLUMN_BILL_AMT2,   COLUMN_BILL_AMT3, COLUMN_BILL_AMT4, COLUMN_BILL_AMT5,
    COLUMN_BILL_AMT6,   COLUMN_PAY_AMT1,  COLUMN_PAY_AMT2,  COLUMN_PAY_AMT3,
    COLUMN_PAY_AMT4,    COLUMN_PAY_AMT5,  COLUMN_PAY_AMT6,  COLUMN_DEFAULT_PAYMENT_NEXT_MONTH,
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

const struct column_set column_transactions = {"transactions", transaction_columns,
                                               COUNT_OF(transaction_columns), false};
const struct column_set column_profiles = {"profiles", all_columns, COLUMN_AGE + 1, false};
const struct column_set column_raw = {"raw data", all_columns, COLUMN_COUNT, true};
const struct column_set column_features = {"features", all_columns + COLUMN_LIMIT_BAL,
                                           COLUMN_FEATURE_COUNT, false};

struct spelling {
    const char *name;
    enum column column;
};

static const struct spelling spellings[] = {
    {"ID", COLUMN_CUSTOMER_ID},
    {"CUSTOMERID", COLUMN_CUSTOMER_ID},
    {"PAY_1", COLUMN_PAY_0},
    {"Y", COLUMN_DEFAULT_PAYMENT_NEXT_MONTH},
    {"DEFAULTPAYMENTNEXTMONTH", COLUMN_DEFAULT_PAYMENT_NEXT_MONTH},
};

const char *column_name(enum column column)
{
    return names_of_columns[column];
}

struct column_domain column_domain(enum column column)
{
    return domains[column];
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* The naming rule; a name too long to be known becomes empty. */
static struct str canonical_spelling(struct str name, char out[NAME_MAX_LEN])
{
    size_t len = 0;
    name = str_trim(name);
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (c == '.') {
            continue;
        }
        if (len == NAME_MAX_LEN) {
            return STR("");
        }
        out[len++] = c == ' ' ? '_' : upper(c);
    }
    return (struct str){out, len};
}

bool column_from_name(struct str name, enum column *out_column)
{
    char text[NAME_MAX_LEN];
    int64_t number = 0;
    struct str spelt = canonical_spelling(name, text);
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        if (str_eq(spelt, str_from(names_of_columns[i]))) {
            *out_column = (enum column)i;
            return true;
        }
    }
    for (size_t i = 0; i < COUNT_OF(spellings); i++) {
        if (str_eq(spelt, str_from(spellings[i].name))) {
            *out_column = spellings[i].column;
            return true;
        }
    }
    if (str_starts_with(spelt, STR("X")) &&
        str_to_i64((struct str){spelt.ptr + 1, spelt.len - 1}, &number) && number >= 1 &&
        number <= COLUMN_FEATURE_COUNT) {
        *out_column = (enum column)number; /* X1 is LIMIT_BAL, X23 is PAY_AMT6 */
        return true;
    }
    return false;
}

bool column_is_header(const struct str *names, size_t count)
{
    enum column column;
    size_t known = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_known = column_from_name(names[i], &column);
        if (!is_known && str_trim(names[i]).len > 0) {
            return false;
        }
        known += is_known;
    }
    return known > 0;
}

/* ---- mapping a header */

struct mapping {
    const struct str *names;
    const struct column_set *wanted;
    struct column_map map;
    int field_of_slot[COLUMN_COUNT]; /* -1: not found */
    struct buf faults;
};

static size_t slot_of_column(const struct column_set *set, enum column column)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->columns[i] == column) {
            return i;
        }
    }
    return COLUMN_SLOT_IGNORED;
}

static void fault_name(struct mapping *m, const char *what, size_t field)
{
    struct str name = str_trim(m->names[field]);
    name.len = name.len < NAME_MAX_LEN ? name.len : NAME_MAX_LEN;
    buf_append_text(&m->faults, m->faults.len == 0 ? "" : "; ");
    buf_append_text(&m->faults, what);
    buf_append_text(&m->faults, " '");
    utf8_append_printable(&m->faults, name);
    buf_append_text(&m->faults, "'");
}

static void fault_unknown(struct mapping *m, size_t field, bool is_elsewhere)
{
    const char *known[COLUMN_COUNT];
    char text[NAME_MAX_LEN];
    for (size_t i = 0; i < m->wanted->count; i++) {
        known[i] = column_name(m->wanted->columns[i]);
    }
    struct str spelt = canonical_spelling(m->names[field], text);
    const char *nearest = is_elsewhere ? NULL : str_nearest(spelt, known, m->wanted->count);
    fault_name(m, is_elsewhere ? "column that does not belong here:" : "unknown column", field);
    if (nearest != NULL) {
        buf_printf(&m->faults, " (nearest: %s)", nearest);
    }
}

static void map_field(struct mapping *m, size_t field)
{
    enum column column;
    m->map.slot_of_field[field] = COLUMN_SLOT_IGNORED;
    if (!column_from_name(m->names[field], &column)) {
        if (field > 0 || str_trim(m->names[field]).len > 0) {
            fault_unknown(m, field, false);
        }
        return;
    }
    size_t slot = slot_of_column(m->wanted, column);
    if (slot == COLUMN_SLOT_IGNORED) {
        fault_unknown(m, field, true);
    } else if (m->field_of_slot[slot] >= 0) {
        fault_name(m, "column given twice:", (size_t)m->field_of_slot[slot]);
        fault_name(m, "and", field);
    } else {
        m->field_of_slot[slot] = (int)field;
        m->map.slot_of_field[field] = (uint8_t)slot;
        m->map.renamed += !str_eq(m->names[field], str_from(column_name(column)));
    }
}

static void find_missing(struct mapping *m)
{
    size_t key = slot_of_column(m->wanted, COLUMN_CUSTOMER_ID);
    if (key != COLUMN_SLOT_IGNORED && m->field_of_slot[key] < 0 &&
        m->map.slot_of_field[0] == COLUMN_SLOT_IGNORED && str_trim(m->names[0]).len == 0) {
        m->field_of_slot[key] = 0;
        m->map.slot_of_field[0] = (uint8_t)key;
        m->map.renamed++;
    }
    m->map.has_key = key != COLUMN_SLOT_IGNORED && m->field_of_slot[key] >= 0;
    for (size_t i = 0; i < m->wanted->count; i++) {
        if (m->field_of_slot[i] < 0 && !(i == key && m->wanted->is_key_optional)) {
            buf_printf(&m->faults, "%smissing column %s", m->faults.len == 0 ? "" : "; ",
                       column_name(m->wanted->columns[i]));
        }
    }
}

bool column_map_build(const struct str *names, size_t count, const struct column_set *wanted,
                      struct column_map *out_map, struct error *err)
{
    struct mapping m = {.names = names, .wanted = wanted, .map = {.field_count = count}};
    buf_init(&m.faults, MESSAGE_LIMIT);
    for (size_t i = 0; i < wanted->count; i++) {
        m.field_of_slot[i] = -1;
    }
    for (size_t i = 0; i < count; i++) {
        map_field(&m, i);
    }
    find_missing(&m);
    m.map.is_in_order = count == wanted->count;
    for (size_t i = 0; i < count; i++) {
        m.map.is_in_order = m.map.is_in_order && m.map.slot_of_field[i] == i;
    }
    bool is_good = m.faults.len == 0 && !m.faults.is_overflowed;
    if (is_good) {
        *out_map = m.map;
    } else {
        error_set(err, ERROR_PERMANENT, "bad_header", "the header does not fit %s: %s%s",
                  wanted->what, buf_text(&m.faults), m.faults.is_overflowed ? " ..." : "");
    }
    buf_done(&m.faults);
    return is_good;
}

size_t column_write_header(const struct column_set *set, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < set->count; i++) {
        struct str name = str_from(column_name(set->columns[i]));
        memcpy(out + len, name.ptr, name.len);
        len += name.len;
        out[len++] = i + 1 < set->count ? ',' : '\n';
    }
    return len;
}
