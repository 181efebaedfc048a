/* Cleaning of one source: CSV objects in, one cleaned CSV (header, canonical order, integers) and
 * one quarantine CSV out, figures in a report. One engine, two tables: transactions and profiles.
 *
 * Rules (each counted): text forms of whole numbers are made canonical; EDUCATION 0, 5, 6 become 4
 * and MARRIAGE 0 becomes 3; any other value outside its domain (columns.h), a missing value, a
 * wrong number of fields or an unusable CUSTOMER_ID puts the row into quarantine. Rows of one
 * CUSTOMER_ID that are identical after cleaning are kept once; if they differ, all of them go to
 * quarantine. Rows refused for another reason take no part in that comparison.
 *
 * Memory: 16 bytes a row and less than 4 MiB; a repeated CUSTOMER_ID is only known at the end, then
 * the same input must be fed again (clean_restart) and the output begins anew. One thread at a
 * time. */
#ifndef GATEHOUSE_DATA_CLEAN_H
#define GATEHOUSE_DATA_CLEAN_H

#include "core/base/error.h"
#include "core/data/report.h"
#include "core/data/writer.h"

#include <stdbool.h>

struct clean_kind; /* what the table of one source says */

extern const struct clean_kind
    clean_transactions;                        /* CUSTOMER_ID, PAY_*, BILL_AMT*, PAY_AMT*, label */
extern const struct clean_kind clean_profiles; /* CUSTOMER_ID, LIMIT_BAL, SEX, ..., AGE */

struct clean_sinks {
    struct sink cleaned;
    struct sink quarantine;
};

struct clean;

struct clean *clean_new(const struct clean_kind *kind, const struct clean_sinks *sinks);
void clean_free(struct clean *clean); /* accepts NULL */

/* Any number of objects in sequence, each with its own header line. Errors (permanent) name the
 * object; a failure of a sink is passed on. After a failure only clean_free is allowed. */
void clean_begin_object(struct clean *clean, struct str name); /* copies name */
bool clean_feed(struct clean *clean, struct str bytes, struct error *err);
bool clean_end_object(struct clean *clean, struct error *err);

/* After the last object. No data row in any object is an error, code "no_rows". When a CUSTOMER_ID
 * came twice, *out_needs_second_pass: the output so far is void; clean_restart, feed the same
 * objects in the same order again, and finish again (it never asks for a third pass). */
bool clean_finish(struct clean *clean, bool *out_needs_second_pass, struct error *err);
void clean_restart(struct clean *clean, const struct clean_sinks *sinks);

const struct report *clean_report(const struct clean *clean);
uint64_t clean_quarantine_bytes(const struct clean *clean);

#endif
