/* The verdict of the gate: what cannot be missed, and all it rests on. */
#include "tui/panes.h"

#include "core/view/text.h"

#include <stdio.h>
#include <string.h>

enum {
    TEXT_MAX = 4096,
    ROWS_FIXED = 5, /* title, headline, heading, what it was measured on, what to do */
    ALL_COLS = 78,
    ERROR_COLS = 67,
};

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

/* What a narrow pane leaves out first: the split, then the standard error. */
struct rule_shape {
    size_t metric_cols;
    bool has_split, has_error;
};

static struct rule_shape shape_for(int cols)
{
    return (struct rule_shape){.metric_cols = cols >= ALL_COLS ? 22 : 18,
                               .has_split = cols >= ALL_COLS,
                               .has_error = cols >= ERROR_COLS};
}

static void put_heading(struct page *page)
{
    struct rule_shape shape = shape_for(page->area->cols);
    page_line(page, ROLE_MUTED, "  %-7s%-*s%s%8s  %-13s%8s  %s", "RULE", (int)shape.metric_cols,
              "METRIC", shape.has_split ? "SPLIT " : "", "VALUE", "LIMIT", "MARGIN",
              shape.has_error ? "STD ERR" : "");
}

static void put_rule(struct page *page, const struct json *rule)
{
    struct rule_shape shape = shape_for(page->area->cols);
    struct buf line, limit;
    double value = 0, error = 0;
    bool is_passed = json_bool_or(rule, "passed", false);
    bool has_value = json_as_number(json_get(rule, "value"), &value);
    buf_init(&line, TEXT_MAX);
    buf_init(&limit, TEXT_MAX);
    append_limit(&limit, rule);
    buf_append_text(&line, is_passed ? "  ok     " : "  BROKEN ");
    text_column(&line, json_text_or(rule, "metric", "?"), shape.metric_cols);
    if (shape.has_split) {
        text_column(&line, json_text_or(rule, "split", "?"), 6);
    }
    if (has_value) {
        buf_printf(&line, "%8.4f  %-13s%+8.4f", value, buf_text(&limit),
                   json_number_or(rule, "margin", 0));
    } else {
        buf_printf(&line, " missing  %-13s", buf_text(&limit));
    }
    if (shape.has_error && json_as_number(json_get(rule, "standard_error"), &error)) {
        buf_printf(&line, "  +-%.4f", error);
    }
    int y = page_line(page, is_passed ? ROLE_TEXT : ROLE_ALERT, "%s", buf_text(&line));
    area_paint(page->area, 2, y, is_passed ? 2 : 6,
               is_passed ? ROLE_STATE_SUCCESS : ROLE_STATE_REJECTED);
    buf_done(&line);
    buf_done(&limit);
}

/* The rule the headline is about: the first broken one, else the first. */
static const struct json *telling_rule(const struct json *rules)
{
    for (const struct json *r = json_first(rules); r != NULL; r = json_next(r)) {
        if (!json_bool_or(r, "passed", false)) {
            return r;
        }
    }
    return json_at(rules, 0);
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
    buf_append_text(&line, " test rows");
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

/* All metrics of both splits, beyond those the rules name: far apart, they tell of overfitting. */
static void put_metrics(struct page *page, const struct json *splits)
{
    const struct json *test = json_get(splits, "test"), *train = json_get(splits, "train");
    if (!json_is_object(test)) {
        return;
    }
    page_line(page, ROLE_TEXT, "%s", "");
    page_line(page, ROLE_MUTED, "  %-24s%12s  %-10s%12s", "Metrics", "test", "", "train");
    for (const struct json *m = json_first(test); m != NULL; m = json_next(m)) {
        const struct json *other = json_get(train, json_name(m));
        double value = 0, error = 0, train_value = 0;
        char error_text[32] = "", train_text[32] = "";
        if (!json_as_number(json_get(m, "value"), &value)) {
            continue;
        }
        if (json_as_number(json_get(m, "standard_error"), &error)) {
            snprintf(error_text, sizeof(error_text), "+-%.2g", error);
        }
        if (json_as_number(json_get(other, "value"), &train_value)) {
            snprintf(train_text, sizeof(train_text), "%12.6g", train_value);
        }
        page_line(page, ROLE_TEXT, "    %-22s%12.6g  %-10s%s", json_name(m), value, error_text,
                  train_text);
    }
}

/* ---- where it all comes from: names and digests */
static void put_fact(struct page *page, const char *name, const char *value)
{
    if (value != NULL && *value != '\0') {
        page_line(page, ROLE_TEXT, "    %-11s%s", name, value);
    }
}

static void put_object(struct page *page, const char *name, const struct json *object)
{
    const char *bucket = json_text_or(object, "bucket", NULL);
    if (bucket != NULL) {
        page_line(page, ROLE_TEXT, "    %-11ss3://%s/%s", name, bucket,
                  json_text_or(object, "key", ""));
        put_fact(page, "", json_text_or(object, "sha256", NULL));
    }
}

static void put_split(struct page *page, const char *name, const struct json *split)
{
    struct buf line;
    if (!json_is_object(split)) {
        return;
    }
    buf_init(&line, TEXT_MAX);
    text_count(&line, json_int_or(split, "rows", 0));
    buf_append_text(&line, " rows, ");
    text_count(&line, json_int_or(split, "positives", 0));
    buf_printf(&line, " defaults; baseline accuracy %.4f",
               json_number_or(split, "baseline_accuracy", 0));
    put_fact(page, name, buf_text(&line));
    buf_done(&line);
}

static void put_origin(struct page *page, const struct ui *ui, const struct json *evaluation)
{
    const struct json *splits = json_get(evaluation, "splits");
    const struct json *objects = json_get(evaluation, "objects");
    const struct json *model = json_get(evaluation, "model");
    page_line(page, ROLE_TEXT, "%s", "");
    page_line(page, ROLE_MUTED, "  What was judged, and on what");
    put_fact(page, "data", ui->client->view.data);
    put_split(page, "test", json_get(splits, "test"));
    put_split(page, "train", json_get(splits, "train"));
    put_object(page, "test set", json_get(objects, "test"));
    put_object(page, "train set", json_get(objects, "train"));
    put_object(page, "schema", json_get(objects, "schema"));
    put_fact(page, "job", json_text_or(evaluation, "training_job_name", NULL));
    put_object(page, "model", json_get(objects, "model"));
    if (json_is_object(model)) {
        page_line(page, ROLE_TEXT, "    %-11s%lld rounds, %lld features, xgboost %s", "",
                  (long long)json_int_or(model, "rounds", 0),
                  (long long)json_int_or(model, "features", 0),
                  json_text_or(evaluation, "xgboost_version", "?"));
    }
}

/* ---- what to do */

/* Which failure of which metric points where; a line of 80 columns each. */
static const char *advice_for(const struct json *rule)
{
    static const char *const of_probabilities[] = {"brier", "log_loss", "calibration_slope",
                                                   "calibration_intercept", "observed_expected"};
    const char *metric = json_text_or(rule, "metric", "");
    double value = 0, max = 0;
    if (!json_as_number(json_get(rule, "value"), &value)) {
        return "it could not be measured: the log of the gate's stage says why";
    }
    for (size_t i = 0; i < sizeof(of_probabilities) / sizeof(of_probabilities[0]); i++) {
        if (strcmp(metric, of_probabilities[i]) == 0) {
            return "probabilities are off: compare the defaults in the splits, retrain";
        }
    }
    if (json_as_number(json_get(rule, "max"), &max) && value > max) {
        return "too good to be true: look for a column that knows the answer";
    }
    return "too little is told apart: look at the cleaned data, the hyperparameters";
}

static void put_next(struct page *page, const struct ui *ui)
{
    const struct json *rule = telling_rule(rules_of(ui));
    struct buf text;
    if (ui->client->view.run.verdict == VERDICT_PASSED) {
        page_wrap(page, ROLE_NOTICE, 2,
                  "next: the model is stored, see its training stage; nothing is deployed by it");
        return;
    }
    buf_init(&text, TEXT_MAX);
    buf_printf(&text, "next: %s", advice_for(rule));
    page_wrap(page, ROLE_NOTICE, 2, buf_text(&text));
    buf_done(&text);
}

static void append_broken(struct buf *out, const struct json *rules)
{
    size_t broken = 0;
    for (const struct json *r = json_first(rules); r != NULL; r = json_next(r)) {
        broken += json_bool_or(r, "passed", false) ? 0 : 1;
    }
    if (broken > 1) {
        buf_printf(out, "%zu of %zu broken; ", broken, json_count(rules));
    }
}

static void put_headline(struct page *page, const struct ui *ui)
{
    bool is_passed = ui->client->view.run.verdict == VERDICT_PASSED;
    const struct json *rule = telling_rule(rules_of(ui));
    struct buf line;
    double value = 0;
    int y = page->y++;
    buf_init(&line, TEXT_MAX);
    int x = area_text(page->area, 2, y, is_passed ? ROLE_VERDICT_PASSED : ROLE_VERDICT_REJECTED,
                      is_passed ? "  PASSED  " : "  REJECTED  ");
    append_broken(&line, rules_of(ui));
    text_printable(&line, json_text_or(rule, "metric", ""));
    if (json_as_number(json_get(rule, "value"), &value)) {
        buf_printf(&line, " %.4f, limit ", value);
        append_limit(&line, rule);
        buf_printf(&line, ", margin %+.4f", json_number_or(rule, "margin", 0));
    } else {
        buf_append_text(&line, " is missing");
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

static void put_title(const struct ui *ui, const struct area *area, bool is_full)
{
    const struct key_chord *key = keymap_first(&ui->bindings, ACTION_VERDICT, ui_place(ui));
    struct buf remark;
    buf_init(&remark, TEXT_MAX);
    if (!is_full && key != NULL) {
        key_chord_print(key, &remark);
        buf_append_text(&remark, ": all of it");
    }
    area_title(area, ui->focus == FOCUS_VERDICT || is_full, "Verdict of the gate",
               buf_text(&remark));
    buf_done(&remark);
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
    put_title(ui, area, is_full);
    if (!ui_has_verdict(ui)) {
        put_pending(&page, ui);
        return page.y + 1;
    }
    put_headline(&page, ui);
    put_heading(&page);
    const struct json *rules = rules_of(ui);
    for (const struct json *r = json_first(rules); r != NULL; r = json_next(r)) {
        put_rule(&page, r);
    }
    put_measured(&page, evaluation);
    put_next(&page, ui);
    if (is_full) {
        const struct json *splits = json_get(evaluation, "splits");
        page_wrap(&page, ROLE_TEXT, 2, json_text_or(ui_gate(ui), "message", ""));
        put_confusion(&page, json_get(json_get(splits, "test"), "confusion"));
        put_origin(&page, ui, evaluation);
        put_metrics(&page, splits);
    }
    return page.y + (is_full ? ui->scroll : 0) + 1;
}
