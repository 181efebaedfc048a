/* Preparing raw data once: a wild CSV in, two CSVs out, each with a header of standard names:
 * transactions (CUSTOMER_ID, PAY_*, BILL_AMT*, PAY_AMT*, label) for the object store, and profiles
 * (CUSTOMER_ID, LIMIT_BAL, SEX, EDUCATION, MARRIAGE, AGE) for PostgreSQL's
 * COPY ... FROM STDIN WITH (FORMAT csv, HEADER).
 * It names, numbers and splits; it cleans no value: fields go out as they were written, so the
 * columns of the profile table must be text (customer_id: bigint, not unique), and defects reach
 * the cleaning. CUSTOMER_ID comes from the column CUSTOMER_ID or ID, else it is the number of the
 * data row, from 1. A row with a wrong number of fields, bad quoting or an unusable CUSTOMER_ID
 * goes to quarantine. Flat memory; one thread at a time. */
#ifndef GATEHOUSE_DATA_PREPARE_H
#define GATEHOUSE_DATA_PREPARE_H

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/data/report.h"
#include "core/data/writer.h"

#include <stdbool.h>
#include <stdint.h>

struct prepare_sinks {
    struct sink transactions;
    struct sink profiles;
    struct sink quarantine;
};

struct prepare_figures {
    uint64_t bytes_in;
    uint64_t rows_in;
    uint64_t rows_out;
    uint64_t rows_quarantined;
    uint64_t reasons[REASON_COUNT];
    uint64_t renamed_columns;
    uint64_t second_headers;
    uint64_t blank_lines;
    uint64_t transaction_bytes;
    uint64_t profile_bytes;
    bool has_key; /* false: CUSTOMER_ID was added */
};

struct prepare;

/* name: of the input, for errors and quarantine; copied. */
struct prepare *prepare_new(struct str name, const struct prepare_sinks *sinks);
void prepare_free(struct prepare *prepare); /* accepts NULL */
/* Errors (permanent) name the input; after a failure only prepare_free is allowed. */
bool prepare_feed(struct prepare *prepare, struct str bytes, struct error *err);
/* No usable data row is an error, code "no_rows". */
bool prepare_finish(struct prepare *prepare, struct error *err);
const struct prepare_figures *prepare_figures(const struct prepare *prepare);
struct json *prepare_report_json(const struct prepare_figures *figures);

#endif
