/* Judging an evaluation by rules. Where the metrics come from is core/model's concern; this file
 * knows only their names. */
#include "core/run/gate.h"

#include "core/base/buf.h"

#include <math.h>
#include <string.h>

enum { RULES_MAX = 100, MESSAGE_MAX = 1 << 14 };

/* What an evaluation may hold for a split, apart from counts. */
static const char *const metric_names[] = {
    "accuracy",
    "auc",
    "ks",
    "gini",
    "pr_auc",
    "log_loss",
    "brier",
    "calibration_slope",
    "calibration_intercept",
    "observed_expected",
    "baseline_accuracy",
};
static const char *const split_names[] = {"test", "train"};
static const char *const rule_members[] = {"metric", "split", "min", "max"};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct rule { /* read from JSON; texts are borrowed from it */
    const char *metric, *split;
    bool has_min, has_max;
    double min, max;
};

struct finding {  /* a rule applied */
    bool is_seen; /* the metric is there and finite */
    double value, margin;
    bool passed;
};

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool check_word(const char *what, const char *word, const char *const *known, size_t count,
                       struct error *err)
{
    if (is_one_of(word, known, count)) {
        return true;
    }
    const char *nearest = str_nearest(str_from(word), known, count);
    return error_set(err, ERROR_PERMANENT, "bad_gate", "unknown %s \"%.80s\"%s%s%s", what, word,
                     nearest == NULL ? "" : "; did you mean \"", nearest == NULL ? "" : nearest,
                     nearest == NULL ? "" : "\"?");
}

static bool check_members(const struct json *json, struct error *err)
{
    if (!json_is_object(json)) {
        return error_set(err, ERROR_PERMANENT, "bad_gate", "a rule must be an object");
    }
    for (const struct json *member = json_first(json); member != NULL; member = json_next(member)) {
        if (!check_word("member", json_name(member), rule_members, COUNT_OF(rule_members), err)) {
            return false;
        }
    }
    return true;
}

static bool read_limit(const struct json *json, const char *name, bool *out_has, double *out_value,
                       struct error *err)
{
    const struct json *member = json_get(json, name);
    if (member != NULL && !json_as_number(member, out_value)) {
        return error_set(err, ERROR_PERMANENT, "bad_gate", "%s is not a number", name);
    }
    *out_has = member != NULL;
    return true;
}

static bool read_rule(const struct json *json, struct rule *rule, struct error *err)
{
    *rule = (struct rule){.split = "test"};
    if (!check_members(json, err)) {
        return false;
    }
    if (!json_as_text(json_get(json, "metric"), &rule->metric)) {
        return error_set(err, ERROR_PERMANENT, "bad_gate", "metric is missing or not a text");
    }
    if (json_get(json, "split") != NULL && !json_as_text(json_get(json, "split"), &rule->split)) {
        return error_set(err, ERROR_PERMANENT, "bad_gate", "split is not a text");
    }
    if (!check_word("metric", rule->metric, metric_names, COUNT_OF(metric_names), err) ||
        !check_word("split", rule->split, split_names, COUNT_OF(split_names), err) ||
        !read_limit(json, "min", &rule->has_min, &rule->min, err) ||
        !read_limit(json, "max", &rule->has_max, &rule->max, err)) {
        return false;
    }
    if (!rule->has_min && !rule->has_max) {
        return error_set(err, ERROR_PERMANENT, "bad_gate", "%s needs min, max or both",
                         rule->metric);
    }
    if (rule->has_min && rule->has_max && rule->min > rule->max) {
        return error_set(err, ERROR_PERMANENT, "bad_gate", "%s: min %g is above max %g",
                         rule->metric, rule->min, rule->max);
    }
    return true;
}

bool gate_check_rule(const struct json *rule, struct error *err)
{
    struct rule ignored;
    return read_rule(rule, &ignored, err);
}

bool gate_check_rules(const struct json *rules, struct error *err)
{
    struct rule rule;
    size_t number = 0;
    size_t count = json_count(rules);
    if (!json_is_array(rules) || count == 0) {
        return error_set(err, ERROR_PERMANENT, "bad_gate", "the gate needs a list of rules");
    }
    if (count > RULES_MAX) {
        return error_set(err, ERROR_PERMANENT, "bad_gate",
                         "%zu gate rules are more than the limit, %d", count, RULES_MAX);
    }
    for (const struct json *json = json_first(rules); json != NULL; json = json_next(json)) {
        number++;
        if (!read_rule(json, &rule, err)) {
            return error_prefix(err, "gate rule %zu", number);
        }
    }
    return true;
}

/* {"value":..,"standard_error":..}, or, for a metric without standard error, the number itself. */
static const struct json *find_value(const struct json *metric)
{
    return json_is_object(metric) ? json_get(metric, "value") : metric;
}

static struct finding apply_rule(const struct rule *rule, const struct json *metric)
{
    struct finding finding = {0};
    finding.is_seen = json_as_number(find_value(metric), &finding.value);
    if (!finding.is_seen) {
        return finding;
    }
    double above_min = rule->has_min ? finding.value - rule->min : INFINITY;
    double below_max = rule->has_max ? rule->max - finding.value : INFINITY;
    finding.margin = above_min < below_max ? above_min : below_max;
    finding.passed = finding.margin >= 0;
    return finding;
}

static struct json *finding_to_json(const struct rule *rule, const struct finding *finding,
                                    const struct json *metric)
{
    double standard_error = 0;
    struct json *json = json_object();
    json_set_text(json, "split", rule->split);
    json_set_text(json, "metric", rule->metric);
    if (rule->has_min) {
        json_set_number(json, "min", rule->min);
    }
    if (rule->has_max) {
        json_set_number(json, "max", rule->max);
    }
    if (finding->is_seen) {
        json_set_number(json, "value", finding->value);
        json_set_number(json, "margin", finding->margin);
    }
    if (json_as_number(json_get(metric, "standard_error"), &standard_error)) {
        json_set_number(json, "standard_error", standard_error);
    }
    json_set_bool(json, "passed", finding->passed);
    return json;
}

static void describe_broken(const struct rule *rule, const struct finding *finding, bool is_there,
                            struct buf *message)
{
    buf_printf(message, "%s%s on %s ", message->len == 0 ? "" : "; ", rule->metric, rule->split);
    if (!finding->is_seen) {
        buf_append_text(message, is_there ? "is not a finite number" : "is missing");
        return;
    }
    bool is_below = rule->has_min && finding->value < rule->min;
    buf_printf(message, "is %.6g, %s %.6g (margin %+.4g)", finding->value,
               is_below ? "below the minimum" : "above the maximum",
               is_below ? rule->min : rule->max, finding->margin);
}

struct verdict_text { /* collects what the message will say */
    struct buf broken;
    double tightest;
    const char *tightest_metric;
    size_t count;
};

static void judge_rule(const struct json *rule_json, const struct json *evaluation,
                       struct json *rules_out, struct verdict_text *text)
{
    struct rule rule;
    struct error ignored = {0};
    bool is_rule = read_rule(rule_json, &rule, &ignored); /* gate_check_rules has said so */
    const struct json *splits = json_get(evaluation, "splits");
    const struct json *metric =
        is_rule ? json_get(json_get(splits, rule.split), rule.metric) : NULL;
    struct finding finding = apply_rule(&rule, metric);
    json_append(rules_out, finding_to_json(&rule, &finding, metric));
    text->count++;
    if (!finding.passed) {
        describe_broken(&rule, &finding, metric != NULL, &text->broken);
    } else if (text->tightest_metric == NULL || finding.margin < text->tightest) {
        text->tightest = finding.margin;
        text->tightest_metric = rule.metric;
    }
}

struct json *gate_judge(const struct json *rules, const struct json *evaluation, struct error *err)
{
    if (!gate_check_rules(rules, err)) {
        return NULL;
    }
    struct verdict_text text = {0};
    struct json *findings = json_array();
    buf_init(&text.broken, MESSAGE_MAX);
    for (const struct json *rule = json_first(rules); rule != NULL; rule = json_next(rule)) {
        judge_rule(rule, evaluation, findings, &text);
    }
    bool passed = text.broken.len == 0;
    if (passed) {
        buf_printf(&text.broken, "%zu of %zu rules hold; the tightest is %s, margin %+.4g",
                   text.count, text.count, text.tightest_metric, text.tightest);
    }
    struct json *gate = json_object();
    json_set_text(gate, "verdict", passed ? "passed" : "rejected");
    json_set(gate, "rules", findings);
    json_set_text(gate, "message", buf_text(&text.broken));
    buf_done(&text.broken);
    return gate;
}

bool gate_has_passed(const struct json *gate)
{
    return strcmp(json_text_or(gate, "verdict", ""), "passed") == 0;
}
