/* References in parameters: what they become, and what errors say. */
#include "core/run/template.h"

#include "core/base/alloc.h"
#include "tests/support/cmocka.h"
#include "tests/support/run_fixture.h"

#include <stdlib.h>
#include <string.h>

/* A run of merge -> train whose second stage has these parameters. */
static void prepared(struct fixture *fixture, const char *parameters, bool is_skipped)
{
    char *plan = xasprintf("{\"pipeline\":\"p\",\"stages\":["
                           "{\"name\":\"merge-1\",\"kind\":\"work\"},"
                           "{\"name\":\"other\",\"kind\":\"work\"},"
                           "{\"name\":\"train\",\"kind\":\"job\",\"after\":[\"merge-1\"],"
                           "\"parameters\":%s}]}",
                           parameters);
    fixture_init(fixture, plan);
    free(plan);
    if (is_skipped) {
        fixture_command(fixture, COMMAND_SKIP, "merge-1");
        return;
    }
    fixture_give(fixture, RUN_INPUT_START);
    struct error err = {0};
    struct json *outputs =
        json_parse(STR("{\"train\":{\"bucket\":\"b\",\"key\":\"k {{ run.id }}\"},\"rows\":30000,"
                       "\"nothing\":null}"),
                   &err);
    struct run_input input = {.kind = RUN_INPUT_OUTCOME,
                              .stage = 0,
                              .try_number = 1,
                              .outcome = OUTCOME_SUCCESS,
                              .outputs = outputs};
    fixture_decide(fixture, &input);
    json_free(outputs);
}

static void resolves(const char *parameters, const char *expected_text)
{
    struct error err = {0};
    struct fixture fixture;
    prepared(&fixture, parameters, false);
    assert_true(template_check(fixture.run.dag, &err));
    struct json *expected = json_parse(str_from(expected_text), &err);
    struct json *resolved = template_resolve(&fixture.run, 2, 3, &err);
    if (resolved == NULL) {
        fail_msg("%s", err.message);
    }
    if (!json_equal(resolved, expected)) {
        fail_msg("%s", json_print(resolved));
    }
    json_free(resolved);
    json_free(expected);
    fixture_done(&fixture);
}

static void a_whole_reference_becomes_the_value_itself(void **state)
{
    (void)state;
    resolves("{\"channels\":{\"train\":\"{{ stages.merge-1.outputs.train }}\"},"
             "\"n\":[\"{{stages.merge-1.outputs.rows}}\",7,true,null]}",
             "{\"channels\":{\"train\":{\"bucket\":\"b\",\"key\":\"k {{ run.id }}\"}},"
             "\"n\":[30000,7,true,null]}");
}

static void inside_text_values_are_put_in_as_text(void **state)
{
    (void)state;
    resolves("{\"a\":\"s3://{{ stages.merge-1.outputs.train.bucket }}/{{ run.number }}/"
             "{{ stage.try }}\",\"b\":\" {{ stages.merge-1.outputs.train }}\",\"c\":\"\","
             "\"d\":\"{ plain }}\"}",
             "{\"a\":\"s3://b/147/3\","
             "\"b\":\" {\\\"bucket\\\":\\\"b\\\",\\\"key\\\":\\\"k {{ run.id }}\\\"}\","
             "\"c\":\"\",\"d\":\"{ plain }}\"}");
}

static void run_and_stage_facts_are_known(void **state)
{
    (void)state;
    resolves("{\"id\":\"{{ run.id }}\",\"name\":\"{{ stage.name }}\",\"try\":\"{{ stage.try }}\","
             "\"job\":\"x-{{ stage.intent }}\"}",
             "{\"id\":\"" FIXTURE_RUN_ID "\",\"name\":\"train\",\"try\":3,"
             "\"job\":\"x-" FIXTURE_RUN_ID "-3-3\"}");
}

static void check_refuses(const char *parameters, const char *why)
{
    struct error err = {0};
    struct fixture fixture;
    prepared(&fixture, parameters, false);
    assert_false(template_check(fixture.run.dag, &err));
    if (strstr(err.message, why) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.message, why);
    }
    assert_null(template_resolve(&fixture.run, 2, 1, &err));
    fixture_done(&fixture);
}

static void wrong_references_are_found_before_the_run(void **state)
{
    (void)state;
    check_refuses("{\"a\":{\"b\":[1,\"{{ stages.merge1.outputs.rows }}\"]}}",
                  "stage \"train\": parameter a.b[1]: {{ stages.merge1.outputs.rows }} names an "
                  "unknown stage; did you mean \"merge-1\"?");
    check_refuses("{\"a\":\"{{ stages.other.outputs.rows }}\"}", "does not come before this one");
    check_refuses("{\"a\":\"{{ stages.train.outputs.rows }}\"}", "does not come before this one");
    check_refuses("{\"a\":\"{{ stages.merge-1.rows }}\"}", "must be stages.NAME.outputs.KEY");
    check_refuses("{\"a\":\"{{ stages.merge-1.outputs. }}\"}", "must be stages.NAME.outputs.KEY");
    check_refuses("{\"a\":\"{{ stages.merge-1.outputs }}\"}", "must be stages.NAME.outputs.KEY");
    check_refuses("{\"a\":\"x {{ run.id\"}", "a {{ has no }}");
    check_refuses("{\"a\":\"{{ run.name }}\"}", "is unknown; there are");
    check_refuses("{\"a\":\"{{}}\"}", "is unknown; there are");
}

static void resolve_refuses(const char *parameters, bool is_skipped, const char *why)
{
    struct error err = {0};
    struct fixture fixture;
    prepared(&fixture, parameters, is_skipped);
    assert_true(template_check(fixture.run.dag, &err));
    assert_null(template_resolve(&fixture.run, 2, 1, &err));
    if (strstr(err.message, why) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.message, why);
    }
    fixture_done(&fixture);
}

static void missing_outputs_are_named_with_what_there_is(void **state)
{
    (void)state;
    resolve_refuses("{\"ok\":{\"x\":1},\"a\":\"{{ stages.merge-1.outputs.validation }}\"}", false,
                    "parameter a: {{ stages.merge-1.outputs.validation }} has no value; the "
                    "stage's outputs are: train rows nothing");
    resolve_refuses("{\"a\":\"v={{ stages.merge-1.outputs.nothing }}\"}", false, "has no value");
    resolve_refuses("{\"a\":\"{{ stages.merge-1.outputs.rows.deeper }}\"}", false, "has no value");
    resolve_refuses("{\"a\":\"{{ stages.merge-1.outputs.rows }}\"}", true,
                    "the stage is skipped and has no outputs");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_reference_becomes_the_value_itself),
        cmocka_unit_test(inside_text_values_are_put_in_as_text),
        cmocka_unit_test(run_and_stage_facts_are_known),
        cmocka_unit_test(wrong_references_are_found_before_the_run),
        cmocka_unit_test(missing_outputs_are_named_with_what_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
