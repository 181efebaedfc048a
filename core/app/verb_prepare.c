/* gatehouse prepare: options in, report out. */
#include "core/app/verbs.h"

#include "core/app/prepare.h"
#include "core/app/printer.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_LIMIT = 64 << 10 };
#define ROWS_MAX 1000000000LL

static int read_request(const struct app *app, struct prepare_request *out_request)
{
    const struct options *options = app->options;
    *out_request = (struct prepare_request){.is_sample = options->is_given[OPTION_SAMPLE],
                                            .rows = PREPARE_SAMPLE_ROWS,
                                            .seed = PREPARE_SAMPLE_SEED};
    bool has_file = options->operand_count > 0;
    if (has_file == out_request->is_sample) {
        complain("gatehouse prepare needs either a FILE (- is standard input) or --sample");
        return EXIT_CODE_USAGE;
    }
    if (!out_request->is_sample &&
        (options->is_given[OPTION_ROWS] || options->is_given[OPTION_SEED])) {
        complain("--rows and --seed belong to --sample");
        return EXIT_CODE_USAGE;
    }
    if (has_file && strcmp(options->operands[0], "-") != 0) {
        out_request->path = options->operands[0];
    }
    int code = app_number(app, OPTION_ROWS, 1, ROWS_MAX, &out_request->rows);
    return code == EXIT_CODE_OK
               ? app_number(app, OPTION_SEED, 0, INT64_C(1) << 53, &out_request->seed)
               : code;
}

static void print_text(struct app *app, const struct json *report)
{
    const struct json *object = json_get(report, "object");
    const struct json *table = json_get(report, "table");
    struct buf line;
    buf_init(&line, LINE_LIMIT);
    printer_append_count(json_int_or(report, "rows_in", 0), &line);
    buf_append_text(&line, " rows read, ");
    printer_append_count(json_int_or(report, "rows_out", 0), &line);
    buf_append_text(&line, " prepared, ");
    printer_append_count(json_int_or(report, "rows_quarantined", 0), &line);
    buf_printf(&line, " quarantined%s",
               json_bool_or(report, "customer_id_added", false) ? "; CUSTOMER_ID added" : "");
    printer_line(&app->out, "%s: %s", json_text_or(report, "source", ""), buf_text(&line));
    if (json_bool_or(report, "synthetic", false)) {
        printer_line(&app->out, "these data are synthetic: they resemble real customers but are "
                                "none");
    }
    buf_reset(&line);
    printer_append_count(json_int_or(object, "size_bytes", 0), &line);
    printer_line(&app->out, "transactions: s3://%s/%s, %s bytes",
                 json_text_or(object, "bucket", ""), json_text_or(object, "key", ""),
                 buf_text(&line));
    buf_reset(&line);
    printer_append_count(json_int_or(table, "rows", 0), &line);
    printer_line(&app->out, "profiles: table %s, %s rows", json_text_or(table, "name", ""),
                 buf_text(&line));
    buf_done(&line);
    if (json_int_or(report, "rows_quarantined", 0) > 0) {
        printer_line(&app->out, "quarantine: s3://%s/%s", json_text_or(object, "bucket", ""),
                     PREPARE_QUARANTINE_KEY);
    }
}

static int report_of(struct app *app, struct backend *backend,
                     const struct prepare_request *request)
{
    struct error err;
    struct json *report = prepare_data(backend, app->config, request, &err);
    if (report == NULL) {
        return app_fail(&err, "prepare");
    }
    const struct json *warnings = json_get(report, "warnings");
    for (const struct json *w = json_first(warnings); w != NULL; w = json_next(w)) {
        const char *text = "";
        json_as_text(w, &text);
        complain("warning: %s", text);
    }
    if (app_is_json(app)) {
        printer_json(&app->out, report);
    } else {
        print_text(app, report);
    }
    json_free(report);
    return EXIT_CODE_OK;
}

int verb_prepare(struct app *app)
{
    struct prepare_request request;
    struct backend backend;
    struct error err;
    int code = read_request(app, &request);
    code = code == EXIT_CODE_OK ? app_load(app) : code;
    code = code == EXIT_CODE_OK ? app_open_store(app, STORE_WRITE) : code;
    if (code != EXIT_CODE_OK) {
        return code;
    }
    bool is_good = backend_init(&backend, app, &err);
    code = is_good ? report_of(app, &backend, &request) : app_fail(&err, "");
    backend_done(&backend);
    return code;
}
