/* Names of reasons and defects, objects' figures, JSON. */
#include "core/data/report.h"

#include "core/base/alloc.h"

#include <stdlib.h>

static const char *const reason_names[REASON_COUNT] = {
#define X(name, text) [REASON_##name] = text,
    REASONS(X)
#undef X
};

static const char *const defect_names[DEFECT_COUNT] = {
#define X(name, text) [DEFECT_##name] = text,
    DEFECTS(X)
#undef X
};

const char *reason_name(enum reason reason)
{
    return reason_names[reason];
}

void report_init(struct report *report, const char *kind, bool has_label)
{
    *report = (struct report){.kind = kind, .has_label = has_label};
}

void report_done(struct report *report)
{
    size_t count = report->object_count < REPORT_OBJECTS_MAX ? (size_t)report->object_count
                                                             : REPORT_OBJECTS_MAX;
    for (size_t i = 0; i < count; i++) {
        free(report->objects[i].name);
    }
    free(report->objects);
    report_init(report, report->kind, report->has_label);
}

void report_add_object(struct report *report, struct str name, const struct report *before)
{
    if (report->object_count++ >= REPORT_OBJECTS_MAX) {
        return;
    }
    report->objects =
        xreallocarray(report->objects, (size_t)report->object_count, sizeof(*report->objects));
    report->objects[report->object_count - 1] = (struct report_object){
        .name = xmemdup0(name.ptr, name.len),
        .bytes = report->bytes_in - before->bytes_in,
        .rows_in = report->rows_in - before->rows_in,
        .rows_out = report->rows_out - before->rows_out,
        .rows_quarantined = report->rows_quarantined - before->rows_quarantined,
    };
}

static void set_count(struct json *object, const char *name, uint64_t count)
{
    if (count > 0) {
        json_set_int(object, name, (int64_t)count);
    }
}

struct json *report_reasons_json(const uint64_t counts[REASON_COUNT])
{
    struct json *object = json_object();
    for (int i = 0; i < REASON_COUNT; i++) {
        set_count(object, reason_names[i], counts[i]);
    }
    return object;
}

static struct json *forms_json(const struct report *report)
{
    struct json *object = json_object();
    for (int i = 0; i < NUMBER_FORM_COUNT; i++) {
        set_count(object, number_form_name((enum number_form)i), report->forms[i]);
    }
    return object;
}

static struct json *defects_json(const struct report *report)
{
    struct json *object = json_object();
    for (int i = 0; i < DEFECT_COUNT; i++) {
        set_count(object, defect_names[i], report->defects[i]);
    }
    return object;
}

struct figures report_expected_figures(const struct report *report)
{
    struct figures figures = figures_none();
    double out = (double)report->rows_out;
    figures.values[EXPECTED_ROWS] = out;
    if (report->has_label && report->rows_out > 0) {
        figures.values[EXPECTED_LABEL_RATE] = (double)report->positives / out;
    }
    if (report->rows_in > 0) {
        figures.values[EXPECTED_QUARANTINED_SHARE] =
            (double)report->rows_quarantined / (double)report->rows_in;
    }
    return figures;
}

static struct json *objects_json(const struct report *report)
{
    struct json *array = json_array();
    for (size_t i = 0; i < report->object_count && i < REPORT_OBJECTS_MAX; i++) {
        const struct report_object *object = &report->objects[i];
        struct json *entry = json_object();
        json_set_text(entry, "name", object->name);
        json_set_int(entry, "bytes", (int64_t)object->bytes);
        json_set_int(entry, "rows_in", (int64_t)object->rows_in);
        json_set_int(entry, "rows_out", (int64_t)object->rows_out);
        json_set_int(entry, "rows_quarantined", (int64_t)object->rows_quarantined);
        json_append(array, entry);
    }
    return array;
}

struct json *report_json(const struct report *report)
{
    char digest[KEY_DIGEST_TEXT_SIZE];
    struct json *json = json_object();
    key_digest_text(&report->keys, digest);
    json_set_text(json, "kind", report->kind);
    json_set_int(json, "rows_in", (int64_t)report->rows_in);
    json_set_int(json, "rows_out", (int64_t)report->rows_out);
    json_set_int(json, "rows_quarantined", (int64_t)report->rows_quarantined);
    json_set_int(json, "rows_repeated", (int64_t)report->rows_repeated);
    json_set_int(json, "bytes_in", (int64_t)report->bytes_in);
    json_set_int(json, "bytes_out", (int64_t)report->bytes_out);
    if (report->has_label) {
        json_set_int(json, "positives", (int64_t)report->positives);
    }
    json_set(json, "quarantined", report_reasons_json(report->reasons));
    json_set(json, "normalised", forms_json(report));
    json_set(json, "defects", defects_json(report));
    json_set_int(json, "blank_lines", (int64_t)report->blank_lines);
    json_set_int(json, "second_headers", (int64_t)report->second_headers);
    json_set_int(json, "renamed_columns", (int64_t)report->renamed_columns);
    json_set_text(json, "key_digest", digest);
    json_set_int(json, "object_count", (int64_t)report->object_count);
    json_set(json, "objects", objects_json(report));
    return json;
}
