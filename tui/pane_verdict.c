/* The verdict of the gate: what cannot be missed, and all it rests on. */
#include "tui/panes.h"

#include "core/view/text.h"

#include <math.h>
#include <string.h>

enum { TEXT_MAX = 4096, ROWS_FIXED = 5 };

static const struct json *rules_of(const struct ui *ui)
{
    const struct json *gate = ui_gate(ui);
    return json_get(gate, "rules");
}

int pane_verdict_rows(const struct ui *ui)
{
    return ui_has_verdict(ui) ? (int)json_count(rules_of(ui)) + ROWS_FIXED : 0;
}

static void append_limit(struct buf *out, const struct json *rule)
{
    double min = 0, max = 0;
    bool has_min = json_as_number(json_get(rule, "min"), &min);
    bool has_max = json_as_number(json_get(rule, "max"), &max);
    if (has_min && has_max) {
        buf_printf(out, "%g to %g", min, max);
    } else if (has_min || has_max) {
        buf_printf(out, "%s %g", has_min ? ">=" : "<=", has_min ? min : max);
    }
}

static void put_rule(struct page *page, const struct json *rule)
{
    struct buf line;
    double value = 0, error = 0;
    bool is_passed = json_bool_or(rule, "passed", false);
    buf_init(&line, TEXT_MAX);
    buf_append_text(&line, is_passed ? "  ok     " : "  BROKEN ");
    text_column(&line, json_text_or(rule, "metric", "?"), 22);
    text_column(&line, json_text_or(rule, "split", "?"), 6);
    if (json_as_number(json_get(rule, "value"), &value)) {
        buf_printf(&line, "%8.4f  ", value);
    } else {
        buf_append_text(&line, " missing  ");
    }
    size_t start = line.len;
    append_limit(&line, rule);
    while (line.len - start < 13) {
        buf_append_char(&line, ' ');
    }
    if (json_as_number(json_get(rule, "value"), &value)) {
        buf_printf(&line, "%+8.4f", json_number_or(rule, "margin", 0));
    }
    if (json_as_number(json_get(rule, "standard_error"), &error)) {
        buf_printf(&line, "  +-%.4f", error);
    }
    int y = page_line(page, is_passed ? ROLE_TEXT : ROLE_ALERT, "%s", buf_text(&line));
    area_paint(page->area, 2, y, is_passed ? 2 : 6,
               is_passed ? ROLE_STATE_SUCCESS : ROLE_STATE_REJECTED);
    buf_done(&line);
}

/* ---- what it was measured on */
static void put_measured(struct page *page, const struct json *evaluation)
{
    struct buf line;
    const struct json *test = json_get(json_get(evaluation, "splits"), "test");
    const struct json *confusion = json_get(test, "confusion");
    if (test == NULL) {
        return;
    }
    buf_init(&line, TEXT_MAX);
    buf_append_text(&line, "measured on ");
    text_count(&line, json_int_or(test, "rows", 0));
    buf_append_text(&line, " rows of the test split");
    for (size_t i = 0; json_is_object(confusion) && i < 4; i++) {
        static const char *const names[] = {"tp", "fn", "fp", "tn"};
        static const char *const words[] = {":  TP ", "  FN ", "  FP ", "  TN "};
        buf_append_text(&line, words[i]);
        text_count(&line, json_int_or(confusion, names[i], 0));
    }
    page_line(page, ROLE_TEXT, "  %s", buf_text(&line));
    buf_done(&line);
}

static void put_confusion(struct page *page, const struct json *confusion)
{
    struct buf cells[4];
    static const char *const names[] = {"tp", "fn", "fp", "tn"};
    if (!json_is_object(confusion)) {
        return;
    }
    for (size_t i = 0; i < 4; i++) {
        buf_init(&cells[i], 64);
        text_count(&cells[i], json_int_or(confusion, names[i], 0));
    }
    page_line(page, ROLE_TEXT, "%s", "");
    page_line(page, ROLE_MUTED, "  Confusion matrix     predicted default   predicted no default");
    page_line(page, ROLE_TEXT, "    default            %17s   %20s", buf_text(&cells[0]),
              buf_text(&cells[1]));
    page_line(page, ROLE_TEXT, "    no default         %17s   %20s", buf_text(&cells[2]),
              buf_text(&cells[3]));
    for (size_t i = 0; i < 4; i++) {
        buf_done(&cells[i]);
    }
}

/* All metrics of a split, beyond those the rules name. */
static void put_metrics(struct page *page, const char *name, const struct json *split)
{
    if (!json_is_object(split)) {
        return;
    }
    page_line(page, ROLE_TEXT, "%s", "");
    page_line(page, ROLE_MUTED, "  Metrics of the %s split", name);
    for (const struct json *m = json_first(split); m != NULL; m = json_next(m)) {
        double value = 0, error = 0;
        if (json_as_number(json_get(m, "value"), &value)) {
            bool has_error = json_as_number(json_get(m, "standard_error"), &error);
            page_line(page, ROLE_TEXT, has_error ? "    %-26s %12.6g  +-%.2g" : "    %-26s %12.6g",
                      json_name(m), value, error);
        }
    }
}

static const char *next_step(const struct ui *ui)
{
    return ui->client->view.run.verdict == VERDICT_PASSED
               ? "next: the model is stored, see its training stage; nothing is deployed by it"
               : "next: look at data and training (Enter on a stage); R reruns from a stage on";
}

static void put_headline(struct page *page, const struct ui *ui)
{
    bool is_passed = ui->client->view.run.verdict == VERDICT_PASSED;
    const struct json *first = json_at(rules_of(ui), 0);
    struct buf line;
    double value = 0;
    int y = page->y++;
    buf_init(&line, TEXT_MAX);
    int x = area_text(page->area, 2, y, is_passed ? ROLE_VERDICT_PASSED : ROLE_VERDICT_REJECTED,
                      is_passed ? "  PASSED  " : "  REJECTED  ");
    if (json_as_number(json_get(first, "value"), &value)) {
        text_printable(&line, json_text_or(first, "metric", ""));
        buf_printf(&line, " %.4f, limit ", value);
        append_limit(&line, first);
        buf_printf(&line, ", margin %+.4f", json_number_or(first, "margin", 0));
    }
    area_cut(page->area, x + 2, y, ROLE_KEY, page->area->cols - x - 2, buf_text(&line));
    buf_done(&line);
}

static void put_pending(struct page *page, const struct ui *ui)
{
    const struct dag *dag = ui->client->view.run.dag;
    page_line(page, ROLE_MUTED, "  not judged yet; the rules are");
    for (size_t i = 0; i < dag->count; i++) {
        const struct json *rules = json_get(dag->stages[i].parameters, "rules");
        for (const struct json *r = json_first(rules); r != NULL; r = json_next(r)) {
            struct buf line;
            buf_init(&line, TEXT_MAX);
            text_column(&line, json_text_or(r, "metric", "?"), 22);
            append_limit(&line, r);
            page_line(page, ROLE_TEXT, "    %s", buf_text(&line));
            buf_done(&line);
        }
    }
}

int pane_verdict(const struct ui *ui, const struct area *area, bool is_full)
{
    const struct view *view = &ui->client->view;
    const struct json *evaluation = json_get(view->run.evaluation, "evaluation");
    struct area body = area_sub(area, 0, 1, area->cols, area->rows - 1);
    struct page page = {&body, is_full ? -ui->scroll : 0};
    if (area->rows == 0) {
        return 0;
    }
    area_title(area, ui->focus == FOCUS_VERDICT || is_full, "Verdict of the gate",
               is_full ? "" : "V: all of it");
    if (!ui_has_verdict(ui)) {
        put_pending(&page, ui);
        return page.y + 1;
    }
    put_headline(&page, ui);
    page_line(&page, ROLE_MUTED, "  %-7s%-22s%-6s%8s  %-13s%8s  %s", "RULE", "METRIC", "SPLIT",
              "VALUE", "LIMIT", "MARGIN", "STD ERR");
    const struct json *rules = rules_of(ui);
    for (const struct json *r = json_first(rules); r != NULL; r = json_next(r)) {
        put_rule(&page, r);
    }
    put_measured(&page, evaluation);
    page_wrap(&page, ROLE_NOTICE, 2, next_step(ui));
    if (is_full) {
        const struct json *splits = json_get(evaluation, "splits");
        put_confusion(&page, json_get(json_get(splits, "test"), "confusion"));
        put_metrics(&page, "test", json_get(splits, "test"));
        put_metrics(&page, "train", json_get(splits, "train"));
        page_line(&page, ROLE_TEXT, "%s", "");
        page_wrap(&page, ROLE_TEXT, 2, json_text_or(ui_gate(ui), "message", ""));
    }
    return page.y + (is_full ? ui->scroll : 0) + 1;
}
