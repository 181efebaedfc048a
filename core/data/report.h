/* What a cleaning did: figures a quality report shows, and their JSON. One owner, one thread. */
#ifndef GATEHOUSE_DATA_REPORT_H
#define GATEHOUSE_DATA_REPORT_H

#include "core/base/json.h"
#include "core/base/str.h"
#include "core/data/expectations.h"
#include "core/data/keys.h"
#include "core/data/number.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a row is in quarantine. */
#define REASONS(X)                                                                                 \
    X(FIELD_COUNT, "wrong_field_count")                                                            \
    X(QUOTING, "bad_quoting")                                                                      \
    X(CUSTOMER_ID, "bad_customer_id")                                                              \
    X(MISSING, "missing_value")                                                                    \
    X(NOT_A_NUMBER, "not_a_number")                                                                \
    X(NOT_INTEGER, "not_integer")                                                                  \
    X(TOO_LARGE, "too_large")                                                                      \
    X(UNKNOWN_CODE, "unknown_code")                                                                \
    X(OUTSIDE_DOMAIN, "outside_domain")                                                            \
    X(LABEL, "bad_label")                                                                          \
    X(CONFLICT, "conflicting_duplicate")                                                           \
    X(NO_PROFILE, "no_profile")                                                                    \
    X(NO_TRANSACTION, "no_transaction")

enum reason {
#define X(name, text) REASON_##name,
    REASONS(X)
#undef X
        REASON_COUNT
};

/* Known oddities of the data that are kept or mapped; counted once a row unless said otherwise. */
#define DEFECTS(X)                                                                                 \
    X(EDUCATION_0, "education_0_to_4")                                                             \
    X(EDUCATION_5, "education_5_to_4")                                                             \
    X(EDUCATION_6, "education_6_to_4")                                                             \
    X(MARRIAGE_0, "marriage_0_to_3")                                                               \
    X(PAY_NO_CONSUMPTION, "pay_0_is_minus_2")                                                      \
    X(PAY_REVOLVING, "pay_0_is_0")                                                                 \
    X(NEGATIVE_BILL, "negative_bill")                                                              \
    X(INACTIVE, "inactive")                 /* all bills and payments are zero */                  \
    X(INACTIVE_DEFAULT, "inactive_default") /* ... and the label is 1 */

enum defect {
#define X(name, text) DEFECT_##name,
    DEFECTS(X)
#undef X
        DEFECT_COUNT
};

const char *reason_name(enum reason reason);

struct report_object {
    char *name;
    uint64_t bytes;
    uint64_t rows_in;
    uint64_t rows_out;
    uint64_t rows_quarantined;
};

enum { REPORT_OBJECTS_MAX = 1000 }; /* listed one by one; the totals hold all */

/* rows_in == rows_out + rows_quarantined + rows_repeated */
struct report {
    const char *kind; /* "clean_transactions" */
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t rows_in;
    uint64_t rows_out;
    uint64_t rows_quarantined;
    uint64_t rows_repeated; /* identical rows of one customer, dropped but for the first */
    uint64_t blank_lines;
    uint64_t second_headers;
    uint64_t renamed_columns;
    uint64_t positives; /* rows out with label 1 */
    bool has_label;
    uint64_t reasons[REASON_COUNT];
    uint64_t forms[NUMBER_FORM_COUNT]; /* values, in rows out */
    uint64_t defects[DEFECT_COUNT];    /* in rows out */
    struct key_digest keys;            /* of rows out */
    uint64_t object_count;
    struct report_object *objects; /* the first REPORT_OBJECTS_MAX */
};

void report_init(struct report *report, const char *kind, bool has_label);
void report_done(struct report *report);
/* The figures since `before`, a copy made when the object began, become one object's entry. */
void report_add_object(struct report *report, struct str name, const struct report *before);
/* Gives an object; members in a fixed order; only counts above zero in the "by" tables. */
struct json *report_json(const struct report *report);
/* Counts by reason as an object, zeros left out; for other reports. */
struct json *report_reasons_json(const uint64_t counts[REASON_COUNT]);
struct figures report_expected_figures(const struct report *report);

#endif
