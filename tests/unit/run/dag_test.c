/* The plan: what is accepted, how it is ordered, and what errors say. */
#include "core/run/dag.h"

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "tests/support/cmocka.h"
#include "tests/support/run_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct dag *read_dag(const char *text, struct error *err)
{
    struct json *json = json_parse(str_from(text), err);
    assert_non_null(json);
    struct dag *dag = dag_from_json(json, fixture_traits(), err);
    json_free(json);
    return dag;
}

static void refuses(const char *text, const char *why)
{
    struct error err = {0};
    assert_null(read_dag(text, &err));
    assert_string_equal(err.code, "bad_dag");
    if (strstr(err.message, why) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.message, why);
    }
}

#define STAGES(list) "{\"pipeline\":\"p\",\"stages\":[" list "]}"

static void stages_are_ordered_after_their_upstream(void **state)
{
    (void)state;
    struct error err = {0};
    struct dag *dag = read_dag(STAGES("{\"name\":\"c\",\"kind\":\"work\",\"after\":[\"b\",\"a\"]},"
                                      "{\"name\":\"d\",\"kind\":\"work\"},"
                                      "{\"name\":\"a\",\"kind\":\"job\"},"
                                      "{\"name\":\"b\",\"kind\":\"gate\",\"after\":[\"a\"]}"),
                               &err);
    assert_non_null(dag);
    assert_string_equal(dag->stages[0].name, "a");
    assert_string_equal(dag->stages[1].name, "b");
    assert_string_equal(dag->stages[2].name, "c");
    assert_string_equal(dag->stages[3].name, "d");
    assert_int_equal(dag->stages[2].after_count, 2);
    assert_int_equal(dag->stages[2].after[0], 1);
    assert_int_equal(dag->stages[2].after[1], 0);
    assert_true(dag->stages[0].starts_queued && dag->stages[0].is_adoptable);
    assert_true(dag->stages[1].is_gate);
    assert_true(dag_is_upstream(dag, 0, 2));
    assert_false(dag_is_upstream(dag, 2, 0));
    assert_false(dag_is_upstream(dag, 0, 3));
    assert_false(dag_is_upstream(dag, 1, 1));
    assert_int_equal(dag_find(dag, STR("d")), 3);
    assert_int_equal(dag_find(dag, STR("e")), 4);
    dag_free(dag);
}

static void the_given_order_stays_where_it_can(void **state)
{
    (void)state;
    struct error err = {0};
    struct dag *dag = read_dag(STAGES("{\"name\":\"z\",\"kind\":\"work\"},"
                                      "{\"name\":\"m\",\"kind\":\"work\"},"
                                      "{\"name\":\"a\",\"kind\":\"work\",\"after\":[\"z\"]}"),
                               &err);
    assert_string_equal(dag->stages[0].name, "z");
    assert_string_equal(dag->stages[1].name, "m");
    assert_string_equal(dag->stages[2].name, "a");
    dag_free(dag);
}

static void json_form_reads_back_with_its_traits(void **state)
{
    (void)state;
    struct error err = {0};
    struct dag *dag = read_dag(
        "{\"pipeline\":\"p\",\"max_parallel\":3,\"stages\":[{\"name\":\"a\",\"kind\":\"job\","
        "\"retries\":2,\"retry_delay_ms\":50,\"queued_timeout_ms\":1,\"running_timeout_ms\":2,"
        "\"total_timeout_ms\":3,\"parameters\":{\"x\":[1]}},"
        "{\"name\":\"b\",\"kind\":\"gate\",\"after\":[\"a\"]}]}",
        &err);
    struct json *json = dag_to_json(dag);
    struct dag *back = dag_from_json(json, NULL, &err);
    assert_non_null(back);
    struct json *again = dag_to_json(back);
    assert_true(json_equal(json, again));
    assert_int_equal(back->max_parallel, 3);
    assert_true(back->stages[0].is_adoptable);
    assert_int_equal(back->stages[0].retries, 2);
    json_free(json);
    json_free(again);
    dag_free(dag);
    dag_free(back);
}

static void a_cycle_is_named_stage_by_stage(void **state)
{
    (void)state;
    refuses(STAGES("{\"name\":\"start\",\"kind\":\"work\"},"
                   "{\"name\":\"a\",\"kind\":\"work\",\"after\":[\"c\",\"start\"]},"
                   "{\"name\":\"b\",\"kind\":\"work\",\"after\":[\"a\"]},"
                   "{\"name\":\"c\",\"kind\":\"work\",\"after\":[\"b\"]}"),
            "cycle: a -> b -> c -> a");
    refuses(STAGES("{\"name\":\"a\",\"kind\":\"work\",\"after\":[\"a\"]}"), "waits for itself");
}

static void misspelt_names_get_the_nearest(void **state)
{
    (void)state;
    refuses(STAGES("{\"name\":\"clean\",\"kind\":\"work\"},"
                   "{\"name\":\"merge\",\"kind\":\"work\",\"after\":[\"claen\"]}"),
            "stage \"merge\": after names an unknown stage \"claen\"; did you mean \"clean\"?");
    refuses(STAGES("{\"name\":\"clean\",\"kind\":\"wrok\"}"),
            "stage \"clean\": unknown kind \"wrok\"; did you mean \"work\"?");
}

static void bad_plans_are_refused_with_the_place(void **state)
{
    (void)state;
    refuses("{\"stages\":[]}", "pipeline");
    refuses("{\"pipeline\":\"p\",\"stages\":[]}", "at least one");
    refuses("{\"pipeline\":\"p\",\"stages\":{}}", "at least one");
    refuses(STAGES("{\"kind\":\"work\"}"), "stage 1: name");
    refuses(STAGES("{\"name\":\"a b\",\"kind\":\"work\"}"), "must be 1 to 64");
    refuses(STAGES("{\"name\":\"\",\"kind\":\"work\"}"), "must be 1 to 64");
    refuses(STAGES("{\"name\":\"a\",\"kind\":\"work\"},{\"name\":\"a\",\"kind\":\"work\"}"),
            "two stages are named \"a\"");
    refuses(STAGES("{\"name\":\"a\",\"kind\":\"work\",\"retries\":-1}"), "retries is -1");
    refuses(STAGES("{\"name\":\"a\",\"kind\":\"work\",\"retries\":\"2\"}"), "not an integer");
    refuses(STAGES("{\"name\":\"a\",\"kind\":\"work\",\"total_timeout_ms\":1e15}"),
            "total_timeout_ms");
    refuses(STAGES("{\"name\":\"a\",\"kind\":\"work\",\"parameters\":[]}"), "parameters");
    refuses(STAGES("{\"name\":\"a\",\"kind\":\"work\",\"after\":\"b\"}"), "list of stage names");
    refuses(STAGES("{\"name\":\"a\",\"kind\":\"work\",\"after\":[1]}"), "list of stage names");
    refuses(STAGES("{\"name\":\"b\",\"kind\":\"work\"},"
                   "{\"name\":\"a\",\"kind\":\"work\",\"after\":[\"b\",\"b\"]}"),
            "twice");
    refuses("{\"pipeline\":\"p\",\"max_parallel\":0,\"stages\":[{\"name\":\"a\",\"kind\":"
            "\"work\"}]}",
            "max_parallel is 0");
}

static struct dag *chain(int count, struct error *err)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_append_text(&text, "{\"pipeline\":\"p\",\"stages\":[");
    for (int i = count - 1; i >= 0; i--) { /* written backwards: the deepest recursion */
        char after[32] = "";
        if (i > 0) {
            snprintf(after, sizeof(after), "\"s%d\"", i - 1);
        }
        buf_printf(&text, "%s{\"name\":\"s%d\",\"kind\":\"work\",\"after\":[%s]}",
                   i == count - 1 ? "" : ",", i, after);
    }
    buf_append_text(&text, "]}");
    struct dag *dag = read_dag(buf_text(&text), err);
    buf_done(&text);
    return dag;
}

static void the_longest_chain_is_ordered_and_one_more_is_refused(void **state)
{
    (void)state;
    struct error err = {0};
    struct dag *dag = chain(DAG_STAGES_MAX, &err);
    assert_non_null(dag);
    assert_string_equal(dag->stages[0].name, "s0");
    assert_string_equal(dag->stages[DAG_STAGES_MAX - 1].name, "s999");
    assert_true(dag_is_upstream(dag, 0, DAG_STAGES_MAX - 1));
    dag_free(dag);
    assert_null(chain(DAG_STAGES_MAX + 1, &err));
    assert_non_null(strstr(err.message, "1001 stages"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(stages_are_ordered_after_their_upstream),
        cmocka_unit_test(the_given_order_stays_where_it_can),
        cmocka_unit_test(json_form_reads_back_with_its_traits),
        cmocka_unit_test(a_cycle_is_named_stage_by_stage),
        cmocka_unit_test(misspelt_names_get_the_nearest),
        cmocka_unit_test(bad_plans_are_refused_with_the_place),
        cmocka_unit_test(the_longest_chain_is_ordered_and_one_more_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
