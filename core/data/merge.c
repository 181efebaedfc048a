/* The join. A profile is packed into the value of its pair; once its transaction has come, the same
 * place holds the label and a hash of the features, by which repeated rows are found at the end. */
#include "core/data/merge.h"

#include "core/base/alloc.h"
#include "core/data/columns.h"
#include "core/data/quarantine.h"
#include "core/data/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SLOT_KEY = 0, SLOT_LIMIT = 1, SLOT_BILL = 7, SLOT_LABEL = 19, PROFILE_FIELDS = 5 };
enum { TRANSACTION_FEATURES = COLUMN_FEATURE_COUNT - PROFILE_FIELDS };

static const uint64_t MATCHED = UINT64_C(1) << 63;
static const uint64_t LABELLED = UINT64_C(1) << 62;

/* Bits of a packed profile, LIMIT_BAL first: 40 + 2 + 3 + 2 + 7. */
static const unsigned widths[PROFILE_FIELDS] = {40, 2, 3, 2, 7};

struct merge {
    struct merge_options options;
    struct merge_figures figures;
    struct rows *profile_rows;
    struct rows *transaction_rows;
    struct column_domain profile_domains[PROFILE_FIELDS + 1];
    struct column_domain transaction_domains[SLOT_LABEL + 1];
    struct pairs profiles;
    size_t next; /* where the next transaction's profile most likely is */
    struct row_hash hash;
    struct writer final_set;
    struct writer parts[SPLIT_PART_COUNT];
    struct writer quarantine;
};

static uint64_t pack(const int64_t *profile)
{
    uint64_t packed = 0;
    for (size_t i = 0; i < PROFILE_FIELDS; i++) {
        packed = packed << widths[i] | (uint64_t)profile[i];
    }
    return packed;
}

static void unpack(uint64_t packed, int64_t *out_profile)
{
    for (size_t i = PROFILE_FIELDS; i-- > 0; packed >>= widths[i]) {
        out_profile[i] = (int64_t)(packed & ((UINT64_C(1) << widths[i]) - 1));
    }
}

static bool is_inside(const struct column_domain *domains, const int64_t *values, size_t count)
{
    bool is_good = true;
    for (size_t i = 0; i < count; i++) {
        is_good &= values[i] >= domains[i].min && values[i] <= domains[i].max;
    }
    return is_good;
}

/* The values of a row on the careful path: canonical and inside the domains, or an error. */
static bool read_clean(const struct rows_row *row, const struct column_set *set,
                       const struct column_domain *domains, int64_t *out_values, struct error *err)
{
    for (size_t i = 0; row->fault == ROWS_FAULT_NONE && i < set->count; i++) {
        struct number number;
        if (number_parse(row->fields[i], &number) != NUMBER_OK || number.forms != 0 ||
            !is_inside(&domains[i], &number.value, 1)) {
            return error_set(
                err, ERROR_PERMANENT, "not_cleaned",
                "line %llu: %s is no cleaned value; merge takes the outputs of cleaning",
                (unsigned long long)row->line, column_name(set->columns[i]));
        }
        out_values[i] = number.value;
    }
    return row->fault == ROWS_FAULT_NONE ||
           error_set(err, ERROR_PERMANENT, "not_cleaned",
                     "line %llu: %zu fields, not %zu; merge takes the outputs of cleaning",
                     (unsigned long long)row->line, row->field_count, set->count);
}

/* ---- profiles */

static bool take_profile_numbers(void *context, const int64_t *values, struct str text)
{
    struct merge *merge = context;
    (void)text;
    if (!is_inside(merge->profile_domains, values, PROFILE_FIELDS + 1)) {
        return false;
    }
    pairs_push(&merge->profiles, (uint64_t)values[SLOT_KEY], pack(values + SLOT_LIMIT));
    key_digest_add(&merge->figures.profile_keys, (uint64_t)values[SLOT_KEY]);
    return true;
}

static bool take_profile_row(void *context, const struct rows_row *row, struct error *err)
{
    struct merge *merge = context;
    int64_t values[COLUMN_COUNT] = {0};
    return read_clean(row, &column_profiles, merge->profile_domains, values, err) &&
           take_profile_numbers(merge, values, STR(""));
}

/* ---- transactions */

static char *write_text(char *out, const int64_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        *out++ = ',';
        out = number_write(out, values[i]);
    }
    return out;
}

static void put_row(struct merge *merge, struct str row, uint64_t key, uint64_t label)
{
    struct merge_figures *figures = &merge->figures;
    unsigned parts = 1u << SPLIT_TRAIN | 1u << SPLIT_TEST;
    if (merge->options.split.is_enabled) {
        parts = 1u << split_part(&merge->options.split, key);
    }
    figures->final_set.rows++;
    figures->final_set.positives += label;
    for (unsigned part = 0; part < SPLIT_PART_COUNT; part++) {
        if ((parts >> part & 1) != 0) {
            char *out = writer_room(&merge->parts[part], row.len);
            memcpy(out, row.ptr, row.len);
            writer_advance(&merge->parts[part], out + row.len);
            figures->parts[part].rows++;
            figures->parts[part].positives += label;
        }
    }
}

/* text: the transaction's line as it may be copied, or empty. */
static void join(struct merge *merge, struct pair *pair, const int64_t *values, struct str text)
{
    int64_t features[COLUMN_FEATURE_COUNT];
    char *row = writer_room(&merge->final_set, WRITER_ROOM_MAX);
    char *out = row;
    uint64_t label = (uint64_t)values[SLOT_LABEL];
    unpack(pair->value, features);
    memcpy(features + PROFILE_FIELDS, values + 1, TRANSACTION_FEATURES * sizeof(*values));
    *out++ = (char)('0' + label);
    out = write_text(out, features, PROFILE_FIELDS);
    if (text.len > 0) { /* between CUSTOMER_ID and the comma before the label */
        const char *comma = memchr(text.ptr, ',', text.len);
        size_t len = (size_t)(text.ptr + text.len - 2 - comma);
        memcpy(out, comma, len);
        out += len;
    } else {
        out = write_text(out, features + PROFILE_FIELDS, TRANSACTION_FEATURES);
    }
    *out++ = '\n';
    writer_advance(&merge->final_set, out);
    put_row(merge, (struct str){row, (size_t)(out - row)}, pair->key, label);
    merge->figures.bill_above_limit += values[SLOT_BILL] > features[0];
    key_digest_add(&merge->figures.matched_keys, pair->key);
    pair->value = MATCHED | (label != 0 ? LABELLED : 0) |
                  (row_hash_of(&merge->hash, features, COLUMN_FEATURE_COUNT) & (LABELLED - 1));
}

/* False when it has to go the careful way, which tells the line: to quarantine or an error. */
static bool take_transaction_numbers(void *context, const int64_t *values, struct str text)
{
    struct merge *merge = context;
    uint64_t key = (uint64_t)values[SLOT_KEY];
    if (!is_inside(merge->transaction_domains, values, SLOT_LABEL + 1)) {
        return false;
    }
    size_t at = pairs_find(&merge->profiles, key, merge->next);
    if (at == merge->profiles.count || (merge->profiles.ptr[at].value & MATCHED) != 0) {
        return false;
    }
    bool is_verbatim = rows_is_verbatim(merge->transaction_rows);
    merge->figures.transactions_in++;
    key_digest_add(&merge->figures.transaction_keys, key);
    join(merge, &merge->profiles.ptr[at], values, is_verbatim ? text : STR(""));
    merge->next = at + 1;
    return true;
}

static bool take_transaction_row(void *context, const struct rows_row *row, struct error *err)
{
    struct merge *merge = context;
    int64_t values[COLUMN_COUNT] = {0};
    if (!read_clean(row, &column_transactions, merge->transaction_domains, values, err)) {
        return false;
    }
    if (take_transaction_numbers(merge, values, STR(""))) {
        return true;
    }
    uint64_t key = (uint64_t)values[SLOT_KEY];
    if (pairs_find(&merge->profiles, key, merge->next) < merge->profiles.count) {
        return error_set(err, ERROR_PERMANENT, "not_cleaned",
                         "line %llu: CUSTOMER_ID %llu a second time; merge takes the outputs of "
                         "cleaning",
                         (unsigned long long)row->line, (unsigned long long)key);
    }
    struct quarantine_entry entry = {
        .object = str_from(merge->options.transactions_name),
        .line = row->line,
        .customer_id = row->fields[SLOT_KEY],
        .reason = REASON_NO_PROFILE,
        .row = row->text,
    };
    quarantine_put(&merge->quarantine, &entry);
    merge->figures.transactions_in++;
    merge->figures.transactions_unmatched++;
    key_digest_add(&merge->figures.transaction_keys, key);
    return true;
}

/* ---- life cycle */

static void copy_domains(const struct column_set *set, struct column_domain *out)
{
    for (size_t i = 0; i < set->count; i++) {
        out[i] = column_domain(set->columns[i]);
    }
}

struct merge *merge_new(const struct merge_options *options)
{
    struct merge *merge = xcalloc(1, sizeof(*merge));
    struct rows_handler profiles = {NULL, take_profile_numbers, take_profile_row, merge};
    struct rows_handler transactions = {NULL, take_transaction_numbers, take_transaction_row,
                                        merge};
    merge->options = *options;
    merge->profile_rows = rows_new(&column_profiles, &profiles);
    merge->transaction_rows = rows_new(&column_transactions, &transactions);
    copy_domains(&column_profiles, merge->profile_domains);
    copy_domains(&column_transactions, merge->transaction_domains);
    pairs_init(&merge->profiles);
    row_hash_init(&merge->hash);
    writer_init(&merge->final_set, options->final_set);
    for (int i = 0; i < SPLIT_PART_COUNT; i++) {
        writer_init(&merge->parts[i], options->parts[i]);
    }
    writer_init(&merge->quarantine, options->quarantine);
    quarantine_begin(&merge->quarantine);
    return merge;
}

void merge_free(struct merge *merge)
{
    if (merge == NULL) {
        return;
    }
    rows_free(merge->profile_rows);
    rows_free(merge->transaction_rows);
    pairs_done(&merge->profiles);
    writer_done(&merge->final_set);
    for (int i = 0; i < SPLIT_PART_COUNT; i++) {
        writer_done(&merge->parts[i]);
    }
    writer_done(&merge->quarantine);
    free(merge);
}

static bool check_writers(const struct merge *merge, struct error *err)
{
    for (int i = 0; i < SPLIT_PART_COUNT; i++) {
        if (!writer_check(&merge->parts[i], err)) {
            return false;
        }
    }
    return writer_check(&merge->final_set, err) && writer_check(&merge->quarantine, err);
}

bool merge_feed_profiles(struct merge *merge, struct str bytes, struct error *err)
{
    merge->figures.bytes_in += bytes.len;
    return rows_feed(merge->profile_rows, bytes, err) ||
           error_prefix(err, "%s", merge->options.profiles_name);
}

bool merge_end_profiles(struct merge *merge, struct error *err)
{
    if (!rows_end(merge->profile_rows, err)) {
        return error_prefix(err, "%s", merge->options.profiles_name);
    }
    pairs_sort(&merge->profiles);
    for (size_t i = 1; !merge->profiles.is_rising && i < merge->profiles.count; i++) {
        if (merge->profiles.ptr[i].key == merge->profiles.ptr[i - 1].key) {
            return error_set(err, ERROR_PERMANENT, "not_cleaned",
                             "%s: CUSTOMER_ID %llu twice; merge takes the outputs of cleaning",
                             merge->options.profiles_name,
                             (unsigned long long)merge->profiles.ptr[i].key);
        }
    }
    merge->figures.profiles_in = merge->profiles.count;
    return true;
}

bool merge_feed_transactions(struct merge *merge, struct str bytes, struct error *err)
{
    merge->figures.bytes_in += bytes.len;
    if (!rows_feed(merge->transaction_rows, bytes, err)) {
        return error_prefix(err, "%s", merge->options.transactions_name);
    }
    return check_writers(merge, err);
}

/* ---- the end */

static void quarantine_profile(struct merge *merge, const struct pair *pair)
{
    char text[(PROFILE_FIELDS + 1) * (NUMBER_TEXT_MAX + 1)];
    int64_t profile[PROFILE_FIELDS];
    char *key_end = number_write_u64(text, pair->key);
    unpack(pair->value, profile);
    char *end = write_text(key_end, profile, PROFILE_FIELDS);
    struct quarantine_entry entry = {
        .object = str_from(merge->options.profiles_name),
        .customer_id = {text, (size_t)(key_end - text)},
        .reason = REASON_NO_TRANSACTION,
        .row = {text, (size_t)(end - text)},
    };
    quarantine_put(&merge->quarantine, &entry);
    merge->figures.profiles_unmatched++;
}

/* Unmatched profiles go out; matched ones become (hash, label) pairs, in place. */
static void sort_out(struct merge *merge)
{
    struct pairs *pairs = &merge->profiles;
    size_t kept = 0;
    for (size_t i = 0; i < pairs->count; i++) {
        uint64_t value = pairs->ptr[i].value;
        if ((value & MATCHED) == 0) {
            quarantine_profile(merge, &pairs->ptr[i]);
        } else {
            pairs->ptr[kept++] = (struct pair){value & (LABELLED - 1), (value & LABELLED) != 0};
        }
    }
    pairs->count = kept;
    pairs->is_rising = false;
    pairs_sort(pairs);
}

static void count_repeated(struct merge *merge)
{
    const struct pairs *pairs = &merge->profiles;
    size_t next = 0;
    for (size_t i = 0; i < pairs->count; i = next) {
        uint64_t positives = pairs->ptr[i].value;
        for (next = i + 1; next < pairs->count && pairs->ptr[next].key == pairs->ptr[i].key;
             next++) {
            positives += pairs->ptr[next].value;
        }
        uint64_t negatives = next - i - positives;
        merge->figures.repeated_rows += positives > 1 ? positives - 1 : 0;
        merge->figures.repeated_rows += negatives > 1 ? negatives - 1 : 0;
        merge->figures.conflicting_groups += positives > 0 && negatives > 0;
    }
}

static bool flush_all(struct merge *merge, struct error *err)
{
    for (int i = 0; i < SPLIT_PART_COUNT; i++) {
        if (!writer_flush(&merge->parts[i], err)) {
            return false;
        }
        merge->figures.parts[i].bytes = writer_total(&merge->parts[i]);
    }
    if (!writer_flush(&merge->final_set, err) || !writer_flush(&merge->quarantine, err)) {
        return false;
    }
    merge->figures.final_set.bytes = writer_total(&merge->final_set);
    return true;
}

bool merge_finish(struct merge *merge, struct error *err)
{
    if (!rows_end(merge->transaction_rows, err)) {
        return error_prefix(err, "%s", merge->options.transactions_name);
    }
    sort_out(merge);
    count_repeated(merge);
    if (!flush_all(merge, err)) {
        return false;
    }
    if (merge->figures.final_set.rows == 0) {
        return error_set(err, ERROR_PERMANENT, "no_rows",
                         "the merged set is empty: %llu profiles and %llu transactions share no "
                         "CUSTOMER_ID",
                         (unsigned long long)merge->figures.profiles_in,
                         (unsigned long long)merge->figures.transactions_in);
    }
    return true;
}

const struct merge_figures *merge_figures(const struct merge *merge)
{
    return &merge->figures;
}

/* ---- the report */

static double share(uint64_t part, uint64_t whole)
{
    return whole == 0 ? NAN : (double)part / (double)whole;
}

static struct json *part_json(const struct merge_part *part)
{
    struct json *json = json_object();
    json_set_int(json, "rows", (int64_t)part->rows);
    json_set_int(json, "positives", (int64_t)part->positives);
    json_set_number(json, "label_rate", share(part->positives, part->rows));
    json_set_int(json, "bytes", (int64_t)part->bytes);
    return json;
}

static void set_digest(struct json *json, const char *name, const struct key_digest *digest)
{
    char text[KEY_DIGEST_TEXT_SIZE];
    key_digest_text(digest, text);
    json_set_text(json, name, text);
}

struct figures merge_expected_figures(const struct merge_figures *figures)
{
    uint64_t unmatched = figures->profiles_unmatched + figures->transactions_unmatched;
    struct figures expected = figures_none();
    expected.values[EXPECTED_ROWS] = (double)figures->final_set.rows;
    expected.values[EXPECTED_LABEL_RATE] =
        share(figures->final_set.positives, figures->final_set.rows);
    expected.values[EXPECTED_UNMATCHED_SHARE] =
        share(unmatched, unmatched + figures->final_set.rows);
    return expected;
}

struct json *merge_report_json(const struct merge_figures *figures)
{
    struct json *json = json_object();
    struct json *quarantined = json_object();
    struct json *parts = json_object();
    json_set_int(quarantined, reason_name(REASON_NO_PROFILE),
                 (int64_t)figures->transactions_unmatched);
    json_set_int(quarantined, reason_name(REASON_NO_TRANSACTION),
                 (int64_t)figures->profiles_unmatched);
    for (int i = 0; i < SPLIT_PART_COUNT; i++) {
        json_set(parts, split_part_name((enum split_part)i), part_json(&figures->parts[i]));
    }
    json_set_text(json, "kind", "merge");
    json_set_int(json, "profiles_in", (int64_t)figures->profiles_in);
    json_set_int(json, "transactions_in", (int64_t)figures->transactions_in);
    json_set_int(json, "bytes_in", (int64_t)figures->bytes_in);
    json_set_int(json, "rows_out", (int64_t)figures->final_set.rows);
    json_set(json, "quarantined", quarantined);
    json_set_int(json, "bill_above_limit", (int64_t)figures->bill_above_limit);
    json_set_int(json, "repeated_rows", (int64_t)figures->repeated_rows);
    json_set_int(json, "conflicting_groups", (int64_t)figures->conflicting_groups);
    json_set(json, "final", part_json(&figures->final_set));
    json_set(json, "parts", parts);
    set_digest(json, "profile_keys", &figures->profile_keys);
    set_digest(json, "transaction_keys", &figures->transaction_keys);
    set_digest(json, "matched_keys", &figures->matched_keys);
    return json;
}
