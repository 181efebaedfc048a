/* The frame of a cleaning function: at most two passes over the same input, then all or nothing. */
#include "core/functions/cleaning.h"

struct outputs {
    struct output cleaned;
    struct output quarantine;
};

bool cleaning_init(struct cleaning *cleaning, const struct json *event, struct error *err)
{
    return event_place(event, "destination", &cleaning->destination, err) &&
           event_expectations(event, &cleaning->expectations, err);
}

static bool open_outputs(struct cleaning *cleaning, struct outputs *outputs, struct error *err)
{
    *outputs = (struct outputs){0};
    return output_open(&outputs->cleaned, cleaning->context, &cleaning->destination,
                       cleaning->cleaned_name, err) &&
           output_open(&outputs->quarantine, cleaning->context, &cleaning->destination,
                       "quarantine.csv", err);
}

static void abort_outputs(struct outputs *outputs)
{
    output_abort(&outputs->cleaned);
    output_abort(&outputs->quarantine);
}

static struct clean_sinks sinks_of(struct outputs *outputs)
{
    return (struct clean_sinks){
        .cleaned = output_sink(&outputs->cleaned),
        .quarantine = output_sink(&outputs->quarantine),
    };
}

static bool pass(struct cleaning *cleaning, struct clean *clean, bool *out_needs_second_pass,
                 struct error *err)
{
    return cleaning->feed(cleaning, clean, err) && clean_finish(clean, out_needs_second_pass, err);
}

static bool run_passes(struct cleaning *cleaning, struct clean *clean, struct outputs *outputs,
                       struct error *err)
{
    bool needs_second_pass = false;
    if (!pass(cleaning, clean, &needs_second_pass, err)) {
        return false;
    }
    if (!needs_second_pass) {
        return true;
    }
    abort_outputs(outputs);
    if (!open_outputs(cleaning, outputs, err)) {
        return false;
    }
    struct clean_sinks sinks = sinks_of(outputs);
    clean_restart(clean, &sinks);
    return pass(cleaning, clean, &needs_second_pass, err);
}

static struct json *result_of(const struct report *report)
{
    struct json *result = json_object();
    json_set_int(result, "rows_in", (int64_t)report->rows_in);
    json_set_int(result, "rows_out", (int64_t)report->rows_out);
    json_set_int(result, "rows_quarantined", (int64_t)report->rows_quarantined);
    json_set(result, "quarantined", report_reasons_json(report->reasons));
    json_set_int(result, "bytes_in", (int64_t)report->bytes_in);
    json_set_int(result, "bytes_out", (int64_t)report->bytes_out);
    return result;
}

static bool publish_report(struct cleaning *cleaning, const struct report *report,
                           struct outputs *outputs, struct json *result, struct error *err)
{
    struct figures figures = report_expected_figures(report);
    struct json *document = report_json(report);
    json_set(document, "broken_expectations",
             expectations_broken(&cleaning->expectations, &figures));
    bool is_done = output_commit(&outputs->quarantine, err) &&
                   output_write_json(cleaning->context, &cleaning->destination, "report.json",
                                     document, result, "report", err);
    json_free(document);
    return is_done;
}

/* Broken expectations fail the function, but its quarantine and report stay: they say why. */
static bool publish(struct cleaning *cleaning, const struct clean *clean, struct outputs *outputs,
                    struct json *result, struct error *err)
{
    const struct report *report = clean_report(clean);
    struct figures figures = report_expected_figures(report);
    struct error broken;
    bool is_as_expected = expectations_check(&cleaning->expectations, &figures, &broken);
    if (is_as_expected && !output_commit(&outputs->cleaned, err)) {
        return false;
    }
    if (!publish_report(cleaning, report, outputs, result, err)) {
        return false;
    }
    if (!is_as_expected) {
        *err = broken;
        return false;
    }
    json_set(result, "quarantine", output_json(&outputs->quarantine, report->rows_quarantined));
    json_set(result, "cleaned", output_json(&outputs->cleaned, report->rows_out));
    return true;
}

struct json *cleaning_run(struct cleaning *cleaning, struct error *err)
{
    struct outputs outputs;
    int64_t started_ms = cleaning->context->clock->monotonic_ms(cleaning->context->clock);
    if (!open_outputs(cleaning, &outputs, err)) {
        abort_outputs(&outputs);
        return NULL;
    }
    struct clean_sinks sinks = sinks_of(&outputs);
    struct clean *clean = clean_new(cleaning->kind, &sinks);
    struct json *result = NULL;
    bool is_done = run_passes(cleaning, clean, &outputs, err);
    if (is_done) {
        result = result_of(clean_report(clean));
        is_done = publish(cleaning, clean, &outputs, result, err);
    }
    clean_free(clean);
    abort_outputs(&outputs);
    if (!is_done) {
        json_free(result);
        return NULL;
    }
    json_set_int(result, "elapsed_ms",
                 cleaning->context->clock->monotonic_ms(cleaning->context->clock) - started_ms);
    return result;
}
