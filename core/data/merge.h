/* Merging the two cleaned sources into the training set: an inner join 1:1 on CUSTOMER_ID.
 * First all profiles are fed (kept packed, 16 bytes a customer), then transactions stream through.
 * Rows out: label first, then the 23 features in canonical order, no header, no CUSTOMER_ID; they
 * go to `final` and to their part (split.h). Keys of one side only go to quarantine. One thread at
 * a time. */
#ifndef GATEHOUSE_DATA_MERGE_H
#define GATEHOUSE_DATA_MERGE_H

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/data/expectations.h"
#include "core/data/keys.h"
#include "core/data/split.h"
#include "core/data/writer.h"

#include <stdbool.h>
#include <stdint.h>

struct merge_options {
    struct split split;
    struct sink final_set;
    struct sink parts[SPLIT_PART_COUNT];
    struct sink quarantine;
    const char *profiles_name; /* of the objects, for errors and quarantine; borrowed until free */
    const char *transactions_name;
};

struct merge_part {
    uint64_t rows;
    uint64_t positives;
    uint64_t bytes;
};

struct merge_figures {
    uint64_t profiles_in;
    uint64_t transactions_in;
    uint64_t bytes_in;
    uint64_t profiles_unmatched;     /* no_transaction */
    uint64_t transactions_unmatched; /* no_profile */
    uint64_t bill_above_limit;       /* BILL_AMT1 > LIMIT_BAL */
    uint64_t repeated_rows;          /* rows equal to an earlier one but for CUSTOMER_ID */
    uint64_t conflicting_groups;     /* groups of equal features that hold both labels */
    struct merge_part final_set;
    struct merge_part parts[SPLIT_PART_COUNT];
    struct key_digest profile_keys;
    struct key_digest transaction_keys;
    struct key_digest matched_keys;
};

struct merge;

struct merge *merge_new(const struct merge_options *options);
void merge_free(struct merge *merge); /* accepts NULL */
/* The inputs must be outputs of clean.h: any other value, or a CUSTOMER_ID twice, is an error
 * (permanent, "not_cleaned") with name and line. After a failure only merge_free is allowed. */
bool merge_feed_profiles(struct merge *merge, struct str bytes, struct error *err);
bool merge_end_profiles(struct merge *merge, struct error *err);
bool merge_feed_transactions(struct merge *merge, struct str bytes, struct error *err);
/* Flushes all sinks. An empty result is an error, code "no_rows". */
bool merge_finish(struct merge *merge, struct error *err);

/* Complete after merge_finish. */
const struct merge_figures *merge_figures(const struct merge *merge);
struct json *merge_report_json(const struct merge_figures *figures);
struct figures merge_expected_figures(const struct merge_figures *figures);

#endif
