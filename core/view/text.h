/* Small pieces of text that more than one form of the view needs. Core/view only. Widths count code
 * points. */
#ifndef GATEHOUSE_VIEW_TEXT_H
#define GATEHOUSE_VIEW_TEXT_H

#include "core/base/buf.h"
#include "core/base/json.h"
#include "core/run/run.h"

void text_printable(struct buf *out, const char *text);
size_t text_width(struct str text);
/* Printable, cut with '~' or padded with blanks to exactly `width`. */
void text_column(struct buf *out, const char *text, size_t width);
/* Printable, broken at blanks to lines of at most `width` (at least 20 wider than `indent`); the
 * first begins where the cursor is (`used` columns), the others are indented. Ends with a newline.
 */
struct text_shape {
    size_t width, indent, used;
};
void text_wrapped(struct buf *out, const char *text, struct text_shape shape);
/* Of the column of stage names. */
size_t text_name_width(const struct dag *dag);
void text_copy(char *out, size_t size, struct str text); /* cut at a code point */

void text_clock(struct buf *out, int64_t ts_ms, int utc_offset_s); /* 12:03:58 */
void text_date(struct buf *out, int64_t ts_ms, int utc_offset_s);  /* 2026-11-22 12:03:58 */
void text_span(struct buf *out, int64_t ms);                       /* 14.2 s, 14:09 */
void text_count(struct buf *out, int64_t count);                   /* 30,000 */
void text_error(struct buf *out, const struct error *err);         /* transient timeout: ... */
/* "rows_in 30,000, rows_out 29,950": the plain members of an object, the first few. */
void text_facts(struct buf *out, const struct json *object);
/* What a stage achieved, in an operator's words: "30,000 rows, 0 quarantined"; facts when its
 * outputs are of no known kind. */
void text_outputs(struct buf *out, const struct json *outputs);
void text_metrics(struct buf *out, const struct json *metrics); /* accuracy 0.8246, auc 0.7824 */
/* The gate's verdict and its rules, a line each. is_current false: it judged older results. */
void text_gate(struct buf *out, const struct json *gate, bool is_current);
/* What an evaluation was measured on, and its confusion matrix; nothing when it does not say. */
void text_measured(struct buf *out, const struct json *evaluation);

#endif
