/* msecindustries-merge-prep-train-data: the two cleaned sets into the training set, its parts,
 * schema and report. */
#include "core/data/merge.h"
#include "core/data/report.h"
#include "core/data/schema.h"
#include "core/functions/transfer.h"

static const char final_name[] = "credit_default_final_training.csv";

static const char *const part_names[SPLIT_PART_COUNT] = {
    [SPLIT_TRAIN] = "train/train.csv",
    [SPLIT_VALIDATION] = "validation/validation.csv",
    [SPLIT_TEST] = "test/test.csv",
};

struct merging {
    struct function_context *context;
    struct event_object transactions;
    struct event_object profiles;
    struct event_place destination;
    struct event_object publish; /* bucket NULL: not wanted */
    struct expectations expectations;
    struct split split;
    struct output final_set;
    struct output parts[SPLIT_PART_COUNT];
    struct output quarantine;
};

static bool read_event(struct merging *merging, const struct json *event, struct error *err)
{
    return event_object(event, "transactions", &merging->transactions, err) &&
           event_object(event, "profiles", &merging->profiles, err) &&
           event_place(event, "destination", &merging->destination, err) &&
           (json_is_null(json_get(event, "publish")) ||
            event_object(event, "publish", &merging->publish, err)) &&
           event_expectations(event, &merging->expectations, err) &&
           event_split(event, &merging->split, err);
}

static bool open_output(struct merging *merging, struct output *output, const char *name,
                        struct error *err)
{
    return output_open(output, merging->context, &merging->destination, name, err);
}

static bool open_outputs(struct merging *merging, struct error *err)
{
    if (!open_output(merging, &merging->final_set, final_name, err) ||
        !open_output(merging, &merging->quarantine, "quarantine.csv", err)) {
        return false;
    }
    for (size_t part = 0; part < SPLIT_PART_COUNT && merging->split.is_enabled; part++) {
        if (!open_output(merging, &merging->parts[part], part_names[part], err)) {
            return false;
        }
    }
    return true;
}

static void abort_outputs(struct merging *merging)
{
    output_abort(&merging->final_set);
    output_abort(&merging->quarantine);
    for (size_t part = 0; part < SPLIT_PART_COUNT; part++) {
        output_abort(&merging->parts[part]);
    }
}

static struct merge *new_merge(struct merging *merging)
{
    struct merge_options options = {
        .split = merging->split,
        .final_set = output_sink(&merging->final_set),
        .quarantine = output_sink(&merging->quarantine),
        .profiles_name = merging->profiles.key,
        .transactions_name = merging->transactions.key,
    };
    for (size_t part = 0; part < SPLIT_PART_COUNT && merging->split.is_enabled; part++) {
        options.parts[part] = output_sink(&merging->parts[part]);
    }
    return merge_new(&options);
}

static bool feed_profiles(void *consumer, struct str bytes, struct error *err)
{
    return merge_feed_profiles(consumer, bytes, err);
}

static bool feed_transactions(void *consumer, struct str bytes, struct error *err)
{
    return merge_feed_transactions(consumer, bytes, err);
}

static bool join(struct merging *merging, struct merge *merge, struct error *err)
{
    return input_stream(merging->context, &merging->profiles, feed_profiles, merge, err) &&
           merge_end_profiles(merge, err) &&
           input_stream(merging->context, &merging->transactions, feed_transactions, merge, err) &&
           merge_finish(merge, err);
}

static struct json *result_of(const struct merge_figures *figures)
{
    uint64_t unmatched[REASON_COUNT] = {
        [REASON_NO_PROFILE] = figures->transactions_unmatched,
        [REASON_NO_TRANSACTION] = figures->profiles_unmatched,
    };
    struct json *result = json_object();
    json_set_int(result, "rows_in", (int64_t)(figures->transactions_in));
    json_set_int(result, "rows_out", (int64_t)figures->final_set.rows);
    json_set_int(result, "rows_quarantined",
                 (int64_t)(figures->transactions_unmatched + figures->profiles_unmatched));
    json_set(result, "quarantined", report_reasons_json(unmatched));
    json_set_int(result, "bytes_in", (int64_t)figures->bytes_in);
    json_set_int(result, "bytes_out", (int64_t)figures->final_set.bytes);
    return result;
}

static bool publish_report(struct merging *merging, const struct merge_figures *figures,
                           struct json *result, struct error *err)
{
    struct figures expected = merge_expected_figures(figures);
    struct json *report = merge_report_json(figures);
    struct json *schema = schema_json(figures->final_set.rows);
    json_set(report, "broken_expectations", expectations_broken(&merging->expectations, &expected));
    bool is_done = output_commit(&merging->quarantine, err) &&
                   output_write_json(merging->context, &merging->destination, "schema/schema.json",
                                     schema, result, "schema", err) &&
                   output_write_json(merging->context, &merging->destination, "report.json", report,
                                     result, "report", err);
    json_free(report);
    json_free(schema);
    if (is_done) {
        json_set(result, "quarantine",
                 output_json(&merging->quarantine,
                             figures->transactions_unmatched + figures->profiles_unmatched));
    }
    return is_done;
}

/* Without a split all rows are for training and for the test, as the original does it. */
static bool commit_sets(struct merging *merging, const struct merge_figures *figures,
                        struct json *result, struct error *err)
{
    if (!output_commit(&merging->final_set, err)) {
        return false;
    }
    json_set(result, "final", output_json(&merging->final_set, figures->final_set.rows));
    for (size_t part = 0; part < SPLIT_PART_COUNT; part++) {
        const char *name = split_part_name((enum split_part)part);
        if (merging->split.is_enabled) {
            if (!output_commit(&merging->parts[part], err)) {
                return false;
            }
            json_set(result, name, output_json(&merging->parts[part], figures->parts[part].rows));
        } else if (part == SPLIT_VALIDATION) {
            json_set(result, name, json_null());
        } else {
            json_set(result, name, output_json(&merging->final_set, figures->final_set.rows));
        }
    }
    return true;
}

static bool publish_final(struct merging *merging, struct error *err)
{
    if (merging->publish.bucket == NULL) {
        return true;
    }
    struct object_copy copy = {
        .bucket = merging->destination.bucket,
        .key = merging->final_set.key,
        .to_bucket = merging->publish.bucket,
        .to_key = merging->publish.key,
    };
    object_copy_start(merging->context->objects, &copy);
    return loop_await(merging->context->loop, &copy.op, err);
}

/* Of broken expectations only quarantine, schema and report stay: they say why. */
static bool publish(struct merging *merging, const struct merge_figures *figures,
                    struct json *result, struct error *err)
{
    struct figures expected = merge_expected_figures(figures);
    struct error broken;
    if (!expectations_check(&merging->expectations, &expected, &broken)) {
        if (publish_report(merging, figures, result, err)) {
            *err = broken;
        }
        return false;
    }
    return commit_sets(merging, figures, result, err) &&
           publish_report(merging, figures, result, err) && publish_final(merging, err);
}

static struct json *run_merge(struct merging *merging, struct error *err)
{
    struct json *result = NULL;
    struct merge *merge = new_merge(merging);
    bool is_done = join(merging, merge, err);
    if (is_done) {
        result = result_of(merge_figures(merge));
        is_done = publish(merging, merge_figures(merge), result, err);
    }
    merge_free(merge);
    if (!is_done) {
        json_free(result);
        return NULL;
    }
    return result;
}

struct json *function_merge(struct function_context *context, const struct json *event,
                            struct error *err)
{
    struct merging merging = {.context = context};
    int64_t started_ms = context->clock->monotonic_ms(context->clock);
    struct json *result = NULL;
    if (!read_event(&merging, event, err)) {
        return NULL;
    }
    if (open_outputs(&merging, err)) {
        result = run_merge(&merging, err);
    }
    abort_outputs(&merging);
    if (result != NULL) {
        json_set_int(result, "elapsed_ms",
                     context->clock->monotonic_ms(context->clock) - started_ms);
    }
    return result;
}
