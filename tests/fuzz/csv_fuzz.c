/* Any bytes as CSV: parsed whole, in small chunks and with the short path off, the rows are the
 * same; and through preparing, cleaning and merging, where every row is accounted for and what
 * cleaning gave is always taken by the merge. The first byte chooses the chunk size, the second the
 * kind of cleaning. */
#include "core/base/buf.h"
#include "core/data/clean.h"
#include "core/data/csv.h"
#include "core/data/merge.h"
#include "core/data/prepare.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LARGE = 80000 };

struct summary {
    uint64_t hash;
    bool is_good;
    char code[ERROR_CODE_SIZE];
};

static bool append(void *context, struct str bytes, struct error *err)
{
    return buf_append_str(context, bytes) ||
           error_set(err, ERROR_BUG, "overflow", "too much output");
}

static uint64_t mix_bytes(uint64_t hash, const void *ptr, size_t len)
{
    const unsigned char *bytes = ptr;
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    }
    return hash;
}

static bool hash_row(void *context, const struct csv_row *row, struct error *err)
{
    uint64_t *hash = context;
    (void)err;
    *hash = mix_bytes(*hash, &row->line, sizeof(row->line));
    for (size_t i = 0; i < row->count; i++) {
        *hash = mix_bytes(*hash, &row->fields[i].len, sizeof(row->fields[i].len));
        *hash = mix_bytes(*hash, row->fields[i].ptr, row->fields[i].len);
    }
    return true;
}

typedef bool (*feed_fn)(void *object, struct str bytes, struct error *err);

/* Chunks are copies of their exact size, so that the sanitizer sees a read beyond them. */
static bool feed_chunks(feed_fn feed, void *object, struct str bytes, size_t chunk,
                        struct error *err)
{
    bool is_good = true;
    while (is_good && bytes.len > 0) {
        size_t len = chunk < bytes.len ? chunk : bytes.len;
        char *copy = malloc(len);
        assert(copy != NULL);
        memcpy(copy, bytes.ptr, len);
        is_good = feed(object, (struct str){copy, len}, err);
        free(copy);
        bytes = (struct str){bytes.ptr + len, bytes.len - len};
    }
    return is_good;
}

static bool feed_csv(void *object, struct str bytes, struct error *err)
{
    return csv_feed(object, bytes, err);
}

static struct summary summarize(struct str bytes, size_t chunk)
{
    struct summary summary = {.hash = 1};
    struct error err = {.code = ""};
    struct csv_handler handler = {hash_row, NULL, &summary.hash};
    struct csv *csv = csv_new(&handler);
    summary.is_good = feed_chunks(feed_csv, csv, bytes, chunk, &err) && csv_end(csv, &err);
    memcpy(summary.code, err.code, sizeof(summary.code));
    csv_free(csv);
    return summary;
}

static bool feed_clean(void *object, struct str bytes, struct error *err)
{
    return clean_feed(object, bytes, err);
}

static bool clean_pass(struct clean *clean, struct str bytes, size_t chunk, bool *out_again)
{
    struct error err;
    clean_begin_object(clean, STR("object"));
    return feed_chunks(feed_clean, clean, bytes, chunk, &err) && clean_end_object(clean, &err) &&
           clean_finish(clean, out_again, &err);
}

/* False when the input is refused; out holds the cleaned rows otherwise. */
static bool run_clean(const struct clean_kind *kind, struct str bytes, size_t chunk,
                      struct buf *out)
{
    bool is_again = false;
    struct clean_sinks sinks = {{append, out}, {NULL, NULL}};
    struct clean *clean = clean_new(kind, &sinks);
    bool is_good = clean_pass(clean, bytes, chunk, &is_again);
    if (is_good && is_again) {
        buf_reset(out);
        clean_restart(clean, &sinks);
        is_good = clean_pass(clean, bytes, chunk, &is_again);
        assert(is_good && !is_again);
    }
    const struct report *report = clean_report(clean);
    assert(!is_good ||
           report->rows_in == report->rows_out + report->rows_quarantined + report->rows_repeated);
    is_good = is_good && report->rows_out > 0;
    clean_free(clean);
    return is_good;
}

static bool feed_prepare(void *object, struct str bytes, struct error *err)
{
    return prepare_feed(object, bytes, err);
}

static void run_pipeline(struct str bytes, size_t chunk)
{
    struct buf outs[4];
    struct error err;
    struct split_options split = split_default_options();
    struct merge_options options = {.profiles_name = "p", .transactions_name = "t"};
    for (int i = 0; i < 4; i++) {
        buf_init(&outs[i], 64u << 20);
    }
    struct prepare_sinks sinks = {{append, &outs[0]}, {append, &outs[1]}, {NULL, NULL}};
    struct prepare *prepare = prepare_new(STR("raw"), &sinks);
    struct merge *merge = NULL;
    if (feed_chunks(feed_prepare, prepare, bytes, chunk, &err) && prepare_finish(prepare, &err) &&
        run_clean(&clean_transactions, buf_str(&outs[0]), chunk, &outs[2]) &&
        run_clean(&clean_profiles, buf_str(&outs[1]), chunk, &outs[3])) {
        bool is_split = split_init(&options.split, &split, &err);
        merge = merge_new(&options);
        bool is_taken = is_split && merge_feed_profiles(merge, buf_str(&outs[3]), &err) &&
                        merge_end_profiles(merge, &err) &&
                        merge_feed_transactions(merge, buf_str(&outs[2]), &err) &&
                        (merge_finish(merge, &err) || error_is(&err, "no_rows"));
        assert(is_taken);
        (void)is_taken;
    }
    merge_free(merge);
    prepare_free(prepare);
    for (int i = 0; i < 4; i++) {
        buf_done(&outs[i]);
    }
}

/* Small inputs are collected before they are parsed: only large ones are cut within records. */
static void compare_chunkings(struct str bytes, size_t chunk, size_t min_size)
{
    struct buf input;
    buf_init(&input, 1u << 20);
    do {
        buf_append_str(&input, bytes);
    } while (bytes.len > 0 && input.len < min_size);
    struct summary whole = summarize(buf_str(&input), input.len);
    struct summary parts = summarize(buf_str(&input), chunk);
    assert(whole.is_good == parts.is_good && strcmp(whole.code, parts.code) == 0);
    assert(!whole.is_good || whole.hash == parts.hash);
    buf_done(&input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    size_t chunk = (size_t)data[0] * data[0] + 1;
    struct str bytes = {(const char *)data + 2, size - 2};
    compare_chunkings(bytes, chunk, (data[1] & 0x80) != 0 ? LARGE : 1);
    if (data[1] % 3 == 0) {
        run_pipeline(bytes, chunk);
    } else {
        struct buf once;
        struct buf again;
        const struct clean_kind *kind = data[1] % 3 == 1 ? &clean_profiles : &clean_transactions;
        buf_init(&once, 64u << 20);
        buf_init(&again, 64u << 20);
        if (run_clean(kind, bytes, chunk, &once)) { /* cleaned data is clean */
            bool is_clean = run_clean(kind, buf_str(&once), size, &again);
            assert(is_clean && str_eq(buf_str(&once), buf_str(&again)));
            (void)is_clean;
        }
        buf_done(&once);
        buf_done(&again);
    }
    return 0;
}
