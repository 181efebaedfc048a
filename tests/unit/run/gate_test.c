/* The gate: what passes, what does not, and what it says about it. */
#include "core/run/gate.h"

#include "tests/support/cmocka.h"

#include <string.h>

#define EVALUATION                                                                                 \
    "{\"splits\":{\"test\":{\"accuracy\":{\"value\":0.813,\"standard_error\":0.0058},"             \
    "\"auc\":{\"value\":0.77},\"ks\":0.42,\"brier\":{\"value\":null}},"                            \
    "\"train\":{\"accuracy\":{\"value\":0.83}}}}"

static struct json *parsed(const char *text)
{
    struct error err = {0};
    struct json *json = json_parse(str_from(text), &err);
    assert_non_null(json);
    return json;
}

static struct json *judged(const char *rules_text, const char *evaluation_text)
{
    struct error err = {0};
    struct json *rules = parsed(rules_text);
    struct json *evaluation = parsed(evaluation_text);
    struct json *gate = gate_judge(rules, evaluation, &err);
    if (gate == NULL) {
        fail_msg("%s", err.message);
    }
    json_free(rules);
    json_free(evaluation);
    return gate;
}

static double number_at(const struct json *gate, size_t rule, const char *name)
{
    double value = -99;
    json_as_number(json_get(json_at(json_get(gate, "rules"), rule), name), &value);
    return value;
}

static bool is_near(double a, double b)
{
    return a - b < 1e-9 && b - a < 1e-9;
}

static void all_rules_hold(void **state)
{
    (void)state;
    struct json *gate = judged("[{\"metric\":\"accuracy\",\"min\":0.8},"
                               "{\"metric\":\"auc\",\"split\":\"test\",\"min\":0.7,\"max\":0.85},"
                               "{\"metric\":\"ks\",\"min\":0.3},"
                               "{\"metric\":\"accuracy\",\"split\":\"train\",\"max\":0.9}]",
                               EVALUATION);
    assert_true(gate_has_passed(gate));
    assert_int_equal(json_count(json_get(gate, "rules")), 4);
    assert_true(is_near(number_at(gate, 0, "margin"), 0.013));
    assert_true(is_near(number_at(gate, 0, "standard_error"), 0.0058));
    assert_true(is_near(number_at(gate, 1, "margin"), 0.07)); /* the nearer of two limits */
    assert_true(is_near(number_at(gate, 2, "value"), 0.42));
    assert_true(is_near(number_at(gate, 3, "margin"), 0.07));
    assert_string_equal(json_text_or(gate, "message", ""),
                        "4 of 4 rules hold; the tightest is accuracy, margin +0.013");
    json_free(gate);
}

static void a_value_on_the_limit_passes(void **state)
{
    (void)state;
    struct json *gate =
        judged("[{\"metric\":\"accuracy\",\"min\":0.813,\"max\":0.813}]", EVALUATION);
    assert_true(gate_has_passed(gate));
    json_free(gate);
}

static void each_broken_rule_is_named_with_value_limit_and_margin(void **state)
{
    (void)state;
    struct json *gate = judged("[{\"metric\":\"accuracy\",\"min\":0.82},"
                               "{\"metric\":\"ks\",\"min\":0.3},"
                               "{\"metric\":\"auc\",\"min\":0.5,\"max\":0.7}]",
                               EVALUATION);
    assert_false(gate_has_passed(gate));
    assert_string_equal(json_text_or(gate, "verdict", ""), "rejected");
    assert_string_equal(json_text_or(gate, "message", ""),
                        "accuracy on test is 0.813, below the minimum 0.82 (margin -0.007); "
                        "auc on test is 0.77, above the maximum 0.7 (margin -0.07)");
    assert_true(is_near(number_at(gate, 0, "margin"), -0.007));
    assert_true(is_near(number_at(gate, 2, "margin"), -0.07));
    assert_false(json_bool_or(json_at(json_get(gate, "rules"), 2), "passed", true));
    json_free(gate);
}

static void a_near_miss_does_not_look_like_the_limit(void **state)
{
    (void)state;
    struct json *gate = judged("[{\"metric\":\"accuracy\",\"min\":0.8}]",
                               "{\"splits\":{\"test\":{\"accuracy\":{\"value\":0.79999}}}}");
    assert_string_equal(json_text_or(gate, "message", ""),
                        "accuracy on test is 0.79999, below the minimum 0.8 (margin -1e-05)");
    json_free(gate);
}

static void what_cannot_be_seen_is_rejected(void **state)
{
    (void)state;
    struct json *gate = judged("[{\"metric\":\"gini\",\"min\":-9}]", EVALUATION);
    assert_false(gate_has_passed(gate));
    assert_string_equal(json_text_or(gate, "message", ""), "gini on test is missing");
    json_free(gate);
    gate = judged("[{\"metric\":\"brier\",\"max\":9}]", EVALUATION); /* NaN is null in JSON */
    assert_false(gate_has_passed(gate));
    assert_string_equal(json_text_or(gate, "message", ""), "brier on test is not a finite number");
    json_free(gate);
    gate = judged("[{\"metric\":\"accuracy\",\"min\":0}]", "{\"splits\":{}}");
    assert_false(gate_has_passed(gate));
    json_free(gate);
    gate = judged("[{\"metric\":\"accuracy\",\"min\":0}]",
                  "{\"splits\":{\"test\":{\"accuracy\":{\"value\":\"0.9\"}}}}");
    assert_false(gate_has_passed(gate));
    json_free(gate);
    assert_false(gate_has_passed(NULL));
}

static void refuses(const char *rules_text, const char *why)
{
    struct error err = {0};
    struct json *rules = parsed(rules_text);
    assert_false(gate_check_rules(rules, &err));
    assert_string_equal(err.code, "bad_gate");
    if (strstr(err.message, why) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.message, why);
    }
    assert_null(gate_judge(rules, NULL, &err));
    json_free(rules);
}

static void wrong_rules_are_refused_with_their_number(void **state)
{
    (void)state;
    refuses("{}", "list of rules");
    refuses("[]", "list of rules");
    refuses("[3]", "gate rule 1: a rule must be an object");
    refuses("[{\"min\":1}]", "metric is missing");
    refuses("[{\"metric\":\"accuracy\",\"min\":0.8},{\"metric\":\"acuracy\",\"min\":1}]",
            "gate rule 2: unknown metric \"acuracy\"; did you mean \"accuracy\"?");
    refuses("[{\"metric\":\"auc\",\"split\":\"tset\",\"min\":1}]", "did you mean \"test\"?");
    refuses("[{\"metric\":\"auc\",\"split\":1,\"min\":1}]", "split is not a text");
    refuses("[{\"metric\":\"auc\",\"mim\":1}]", "unknown member \"mim\"");
    refuses("[{\"metric\":\"auc\"}]", "auc needs min, max or both");
    refuses("[{\"metric\":\"auc\",\"min\":\"0.8\"}]", "min is not a number");
    refuses("[{\"metric\":\"auc\",\"min\":0.9,\"max\":0.7}]", "min 0.9 is above max 0.7");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_rules_hold),
        cmocka_unit_test(a_value_on_the_limit_passes),
        cmocka_unit_test(each_broken_rule_is_named_with_value_limit_and_margin),
        cmocka_unit_test(a_near_miss_does_not_look_like_the_limit),
        cmocka_unit_test(what_cannot_be_seen_is_rejected),
        cmocka_unit_test(wrong_rules_are_refused_with_their_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
