/* The canonical columns of the credit data: names, spellings, which source each comes from,
 * domains. Source: UCI "Default of Credit Card Clients" and the project's data contract. Pure; any
 * thread. */
#ifndef GATEHOUSE_DATA_COLUMNS_H
#define GATEHOUSE_DATA_COLUMNS_H

#include "core/base/error.h"
#include "core/base/str.h"
#include "core/data/csv.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* name, kind, least and greatest value. PAY_*: -2 no consumption, -1 paid in full, 0 revolving,
 * 1..9 months of delay. Bills may be negative (a credit balance); payments may not: a reversed
 * payment would be a correction of the bill. 10^12 is far above any real amount and still leaves
 * every product and sum of the data plane within 64 bits. */
#define COLUMNS(X)                                                                                 \
    X(CUSTOMER_ID, KEY, 1, INT64_MAX)                                                              \
    X(LIMIT_BAL, AMOUNT, 1, 1000000000000)                                                         \
    X(SEX, CODE, 1, 2)                                                                             \
    X(EDUCATION, CODE, 1, 4)                                                                       \
    X(MARRIAGE, CODE, 1, 3)                                                                        \
    X(AGE, AMOUNT, 18, 120)                                                                        \
    X(PAY_0, CODE, -2, 9)                                                                          \
    X(PAY_2, CODE, -2, 9)                                                                          \
    X(PAY_3, CODE, -2, 9)                                                                          \
    X(PAY_4, CODE, -2, 9)                                                                          \
    X(PAY_5, CODE, -2, 9)                                                                          \
    X(PAY_6, CODE, -2, 9)                                                                          \
    X(BILL_AMT1, AMOUNT, -1000000000000, 1000000000000)                                            \
    X(BILL_AMT2, AMOUNT, -1000000000000, 1000000000000)                                            \
    X(BILL_AMT3, AMOUNT, -1000000000000, 1000000000000)                                            \
    X(BILL_AMT4, AMOUNT, -1000000000000, 1000000000000)                                            \
    X(BILL_AMT5, AMOUNT, -1000000000000, 1000000000000)                                            \
    X(BILL_AMT6, AMOUNT, -1000000000000, 1000000000000)                                            \
    X(PAY_AMT1, AMOUNT, 0, 1000000000000)                                                          \
    X(PAY_AMT2, AMOUNT, 0, 1000000000000)                                                          \
    X(PAY_AMT3, AMOUNT, 0, 1000000000000)                                                          \
    X(PAY_AMT4, AMOUNT, 0, 1000000000000)                                                          \
    X(PAY_AMT5, AMOUNT, 0, 1000000000000)                                                          \
    X(PAY_AMT6, AMOUNT, 0, 1000000000000)                                                          \
    X(DEFAULT_PAYMENT_NEXT_MONTH, LABEL, 0, 1)

/* In the order of the final set, the key in front and the label behind. */
enum column {
#define X(name, kind, min, max) COLUMN_##name,
    COLUMNS(X)
#undef X
        COLUMN_COUNT
};

enum column_kind { COLUMN_KIND_KEY, COLUMN_KIND_CODE, COLUMN_KIND_AMOUNT, COLUMN_KIND_LABEL };

struct column_domain {
    int64_t min;
    int64_t max;
    enum column_kind kind;
};

enum { COLUMN_FEATURE_COUNT = COLUMN_DEFAULT_PAYMENT_NEXT_MONTH - COLUMN_LIMIT_BAL };

const char *column_name(enum column column);
struct column_domain column_domain(enum column column);

/* The columns of one file, in canonical order. The position in `columns` is called a slot. */
struct column_set {
    const char *what; /* for errors: "transactions" */
    const enum column *columns;
    size_t count;
    bool is_key_optional;
};

extern const struct column_set
    column_transactions;                        /* CUSTOMER_ID, PAY_*, BILL_AMT*, PAY_AMT*, label */
extern const struct column_set column_profiles; /* CUSTOMER_ID, LIMIT_BAL .. AGE */
extern const struct column_set column_raw;      /* all; CUSTOMER_ID may be missing */
extern const struct column_set column_features; /* the 23 features of the final set */

enum { COLUMN_SLOT_IGNORED = 255 };

struct column_map {
    size_t field_count;
    uint8_t slot_of_field[CSV_FIELDS_MAX]; /* COLUMN_SLOT_IGNORED: an unnamed index column */
    bool has_key;
    bool is_in_order; /* field i is slot i, and there are no others */
    size_t renamed;   /* names that were not spelt canonically */
};

/* The column a header name means. Rule: surrounding blanks dropped, blanks inside to underscores,
 * dots removed, upper case; then the known spellings: ID, PAY_1 (for PAY_0), Y and X1..X23 (UCI's
 * sheet), DEFAULTPAYMENTNEXTMONTH. */
bool column_from_name(struct str name, enum column *out_column);
/* Every field is a known name or empty, and one at least is a name: a header, not data. */
bool column_is_header(const struct str *names, size_t count);
/* False with err (permanent, code "bad_header") naming every missing, unknown (with the nearest
 * known name) and repeated column; an unnamed first field is CUSTOMER_ID if nothing else is, and
 * ignored otherwise. */
bool column_map_build(const struct str *names, size_t count, const struct column_set *wanted,
                      struct column_map *out_map, struct error *err);
/* "CUSTOMER_ID,LIMIT_BAL,...\n" for an output. Gives the bytes written; out has room for 512. */
size_t column_write_header(const struct column_set *set, char *out);

#endif
