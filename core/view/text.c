/* Pieces of text: columns, spans, errors, the gate. */
#include "core/view/text.h"

#include "core/base/clock.h"
#include "core/base/utf8.h"

#include <stdio.h>
#include <string.h>

enum {
    FACTS_SHOWN = 4,
    NAME_WIDTH_MIN = 5,
    NAME_WIDTH_MAX = 26,
    SCRATCH_MAX = 1 << 16,
    MS_PER_S = 1000
};

void text_printable(struct buf *out, const char *text)
{
    utf8_append_printable(out, str_from(text));
}

size_t text_width(struct str text)
{
    size_t width = 0;
    for (size_t i = 0; i < text.len; i++) {
        width += ((unsigned char)text.ptr[i] & 0xc0U) == 0x80U ? 0 : 1;
    }
    return width;
}

/* Bytes of the first `width` code points. */
static size_t prefix_len(struct str text, size_t width)
{
    size_t len = 0;
    while (len < text.len && width > 0) {
        uint32_t code_point = 0;
        len += utf8_decode((struct str){text.ptr + len, text.len - len}, &code_point);
        width--;
    }
    return len;
}

void text_column(struct buf *out, const char *text, size_t width)
{
    struct buf clean;
    buf_init(&clean, SCRATCH_MAX);
    text_printable(&clean, text);
    size_t used = text_width(buf_str(&clean));
    if (used > width) {
        buf_append(out, buf_text(&clean), prefix_len(buf_str(&clean), width - 1));
        buf_append_char(out, '~');
    } else {
        buf_append_str(out, buf_str(&clean));
        buf_printf(out, "%*s", (int)(width - used), "");
    }
    buf_done(&clean);
}

void text_wrapped(struct buf *out, const char *text, struct text_shape shape)
{
    struct buf clean;
    buf_init(&clean, SCRATCH_MAX);
    text_printable(&clean, text);
    struct str rest = buf_str(&clean);
    size_t used = shape.used;
    while (rest.len > 0) {
        struct str word = str_split(rest, ' ', &rest);
        if (used > shape.indent && used + 1 + text_width(word) > shape.width) {
            buf_printf(out, "\n%*s", (int)shape.indent, "");
            used = shape.indent;
        } else if (used > shape.indent) {
            buf_append_char(out, ' ');
            used++;
        }
        while (used + text_width(word) > shape.width) { /* one word longer than a line */
            size_t len = prefix_len(word, shape.width - used);
            buf_append(out, word.ptr, len);
            buf_printf(out, "\n%*s", (int)shape.indent, "");
            word = (struct str){word.ptr + len, word.len - len};
            used = shape.indent;
        }
        buf_append_str(out, word);
        used += text_width(word);
    }
    buf_append_char(out, '\n');
    buf_done(&clean);
}

size_t text_name_width(const struct dag *dag)
{
    size_t width = NAME_WIDTH_MIN;
    for (size_t i = 0; i < dag->count; i++) {
        size_t len = strlen(dag->stages[i].name);
        width = len > width ? len : width;
    }
    return width < NAME_WIDTH_MAX ? width : NAME_WIDTH_MAX;
}

void text_copy(char *out, size_t size, struct str text)
{
    size_t len = text.len < size ? text.len : size - 1;
    while (len > 0 && len < text.len && ((unsigned char)text.ptr[len] & 0xc0U) == 0x80U) {
        len--;
    }
    if (len > 0) {
        memcpy(out, text.ptr, len);
    }
    out[len] = '\0';
}

/* clock_format_utc gives "2026-11-22T15:39:28.123Z". */
enum { DATE_LEN = 10, CLOCK_START = 11, CLOCK_LEN = 8 };

void text_clock(struct buf *out, int64_t ts_ms, int utc_offset_s)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format_utc(ts_ms + (int64_t)utc_offset_s * MS_PER_S, text);
    buf_append(out, text + CLOCK_START, CLOCK_LEN);
}

void text_date(struct buf *out, int64_t ts_ms, int utc_offset_s)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format_utc(ts_ms + (int64_t)utc_offset_s * MS_PER_S, text);
    buf_append(out, text, DATE_LEN);
    buf_append_char(out, ' ');
    buf_append(out, text + CLOCK_START, CLOCK_LEN);
}

void text_span(struct buf *out, int64_t ms)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format_span(ms, text);
    buf_append_text(out, text);
}

void text_count(struct buf *out, int64_t count)
{
    char digits[32];
    int len = snprintf(digits, sizeof(digits), "%lld", (long long)(count < 0 ? -count : count));
    if (count < 0) {
        buf_append_char(out, '-');
    }
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) {
            buf_append_char(out, ',');
        }
        buf_append_char(out, digits[i]);
    }
}

void text_error(struct buf *out, const struct error *err)
{
    text_printable(out, error_class_name(err->error_class));
    buf_append_char(out, ' ');
    text_printable(out, err->code[0] == '\0' ? "error" : err->code);
    buf_append_text(out, ": ");
    text_printable(out, err->message);
}

static bool append_plain(struct buf *out, const struct json *value)
{
    const char *text = NULL;
    int64_t count = 0;
    double number = 0;
    if (json_as_int(value, &count)) {
        text_count(out, count);
    } else if (json_as_number(value, &number)) {
        buf_printf(out, "%.6g", number);
    } else if (json_as_text(value, &text)) {
        text_printable(out, text);
    } else {
        return false;
    }
    return true;
}

void text_facts(struct buf *out, const struct json *object)
{
    int shown = 0;
    for (const struct json *member = json_first(object); member != NULL && shown < FACTS_SHOWN;
         member = json_next(member)) {
        struct buf value;
        buf_init(&value, SCRATCH_MAX);
        if (append_plain(&value, member)) {
            buf_append_text(out, shown == 0 ? "" : ", ");
            text_printable(out, json_name(member));
            buf_append_char(out, ' ');
            buf_append_str(out, buf_str(&value));
            shown++;
        }
        buf_done(&value);
    }
}

/* Four digits: the standard error of a metric leaves no sense to more. */
void text_metrics(struct buf *out, const struct json *metrics)
{
    const char *separator = "";
    for (const struct json *metric = json_first(metrics); metric != NULL;
         metric = json_next(metric)) {
        double value = 0;
        if (json_as_number(metric, &value)) {
            buf_append_text(out, separator);
            text_printable(out, json_name(metric));
            buf_printf(out, " %.4f", value);
            separator = ", ";
        }
    }
}

static bool append_rows(struct buf *out, const struct json *outputs)
{
    int64_t rows = 0;
    int64_t quarantined = 0;
    if (!json_as_int(json_get(outputs, "rows_out"), &rows) ||
        !json_as_int(json_get(outputs, "rows_quarantined"), &quarantined)) {
        return false;
    }
    text_count(out, rows);
    buf_append_text(out, " rows, ");
    text_count(out, quarantined);
    buf_append_text(out, " quarantined");
    return true;
}

static bool append_model(struct buf *out, const struct json *outputs)
{
    int64_t rounds = 0;
    double validation_error = 0;
    if (json_get(outputs, "model_uri") == NULL ||
        !json_as_int(json_get(outputs, "rounds"), &rounds)) {
        return false;
    }
    text_count(out, rounds);
    buf_append_text(out, " rounds");
    if (json_as_number(json_path(outputs, "metrics.validation-error"), &validation_error)) {
        buf_printf(out, ", error %.4f", validation_error);
    }
    return true;
}

static bool append_verdict(struct buf *out, const struct json *outputs)
{
    const char *verdict = json_text_or(outputs, "verdict", NULL);
    double accuracy = 0;
    if (verdict == NULL) {
        return false;
    }
    text_printable(out, verdict);
    if (json_as_number(json_path(outputs, "metrics.accuracy"), &accuracy)) {
        buf_printf(out, ", accuracy %.4f", accuracy);
    }
    return true;
}

static bool append_functions(struct buf *out, const struct json *outputs)
{
    int64_t count = 0;
    if (json_get(outputs, "checked") == NULL ||
        !json_as_int(json_get(outputs, "functions"), &count)) {
        return false;
    }
    buf_printf(out, "%lld function%s reachable", (long long)count, count == 1 ? "" : "s");
    return true;
}

void text_outputs(struct buf *out, const struct json *outputs)
{
    if (!append_rows(out, outputs) && !append_model(out, outputs) &&
        !append_verdict(out, outputs) && !append_functions(out, outputs)) {
        text_facts(out, outputs);
    }
}

static void append_limits(struct buf *out, const struct json *rule)
{
    double min = 0;
    double max = 0;
    char text[64] = "";
    bool has_min = json_as_number(json_get(rule, "min"), &min);
    bool has_max = json_as_number(json_get(rule, "max"), &max);
    if (has_min && has_max) {
        snprintf(text, sizeof(text), "%.6g to %.6g", min, max);
    } else {
        snprintf(text, sizeof(text), "%s %.6g", has_min ? ">=" : "<=", has_min ? min : max);
    }
    buf_printf(out, "%-13s", text);
}

static void append_rule(struct buf *out, const struct json *rule)
{
    double value = 0;
    double margin = 0;
    double standard_error = 0;
    char error_text[32] = "";
    buf_append_text(out, json_bool_or(rule, "passed", false) ? " ok     " : " BROKEN ");
    text_column(out, json_text_or(rule, "metric", "?"), 21);
    buf_append_char(out, ' ');
    text_column(out, json_text_or(rule, "split", "?"), 5);
    if (!json_as_number(json_get(rule, "value"), &value)) {
        buf_append_text(out, "    missing          ");
        append_limits(out, rule);
        buf_append_char(out, '\n');
        return;
    }
    if (json_as_number(json_get(rule, "standard_error"), &standard_error)) {
        snprintf(error_text, sizeof(error_text), "+-%.2g", standard_error);
    }
    json_as_number(json_get(rule, "margin"), &margin);
    buf_printf(out, " %10.6g %-8s ", value, error_text);
    append_limits(out, rule);
    buf_printf(out, " %+.4g\n", margin);
}

void text_gate(struct buf *out, const struct json *gate, bool is_current)
{
    static const char line[] =
        "==============================================================================\n";
    bool passed = strcmp(json_text_or(gate, "verdict", ""), "passed") == 0;
    const char *headline = !is_current ? "(of older results: run the gate again)"
                           : passed    ? "the model passes the gate"
                                       : "the model does not pass the gate";
    buf_append_text(out, line);
    buf_printf(out, "  %s  %s\n\n", passed ? "PASSED" : "REJECTED", headline);
    buf_append_text(out, "        metric                split      value           limit"
                         "         margin\n");
    const struct json *rules = json_get(gate, "rules");
    for (const struct json *rule = json_first(rules); rule != NULL; rule = json_next(rule)) {
        append_rule(out, rule);
    }
    buf_append_char(out, '\n');
    buf_append_text(out, "  ");
    text_wrapped(out, json_text_or(gate, "message", ""), (struct text_shape){78, 2, 2});
    buf_append_text(out, line);
}

/* A line for each class that really was. */
static void append_confusion(struct buf *out, const struct json *confusion)
{
    static const char *const names[] = {"tp", "fn", "tn", "fp"};
    static const char *const texts[] = {"true positives ", ", false negatives ",
                                        "\n  true negatives ", ", false positives "};
    buf_append_text(out, "  ");
    for (size_t i = 0; i < 4; i++) {
        buf_append_text(out, texts[i]);
        text_count(out, json_int_or(confusion, names[i], 0));
    }
    buf_append_char(out, '\n');
}

/* The figures of a model on the rows it was trained on flatter it: never unsaid. */
static void append_optimism(struct buf *out, const struct json *splits)
{
    const char *test = json_text_or(json_get(splits, "test"), "sha256", NULL);
    const char *train = json_text_or(json_get(splits, "train"), "sha256", NULL);
    if (test != NULL && train != NULL && strcmp(test, train) == 0) {
        buf_append_text(out,
                        "  WARNING: these are the rows it was trained on (split.enabled = false, "
                        "as the\n  original did): on new customers it will do worse\n");
    }
}

void text_measured(struct buf *out, const struct json *evaluation)
{
    const struct json *splits = json_get(evaluation, "splits");
    const struct json *test = json_get(splits, "test");
    int64_t rows = 0;
    int64_t positives = 0;
    if (!json_as_int(json_get(test, "rows"), &rows)) {
        return;
    }
    buf_append_text(out, "  measured on ");
    text_count(out, rows);
    buf_append_text(out, " rows of the test split");
    if (json_as_int(json_get(test, "positives"), &positives)) {
        buf_append_text(out, ", of which ");
        text_count(out, positives);
        buf_append_text(out, " defaults");
    }
    buf_append_char(out, '\n');
    if (json_is_object(json_get(test, "confusion"))) {
        append_confusion(out, json_get(test, "confusion"));
    }
    append_optimism(out, splits);
}
