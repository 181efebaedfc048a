/* Schemas: parsing strictly, printing, and telling two apart. */
#include "core/model/model_schema.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>

static struct model_schema parsed(const char *json)
{
    struct model_schema schema = {0};
    struct error err = {0};
    if (!model_schema_parse(str_from(json), &schema, &err)) {
        fail_msg("%s", err.message);
    }
    return schema;
}

static void prints_what_it_parsed(void **state)
{
    (void)state;
    const char json[] = "{\"features\":[\"A\",\"B\"],\"label\":\"Y\",\"digest\":\"d1\"}";
    struct model_schema schema =
        parsed("{\"features\": [\"A\", \"B\"], \"label\": \"Y\", \"digest\": \"d1\", \"more\": 1}");
    assert_int_equal(schema.feature_count, 2);
    assert_string_equal(schema.features[1], "B");
    char *text = model_schema_print(&schema);
    assert_string_equal(text, json);
    free(text);
    model_schema_done(&schema);
}

static void refuses_what_is_no_schema(void **state)
{
    (void)state;
    const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"features\":[],\"label\":\"Y\",\"digest\":\"d\"}",
        "{\"features\":[1],\"label\":\"Y\",\"digest\":\"d\"}",
        "{\"features\":[\"\"],\"label\":\"Y\",\"digest\":\"d\"}",
        "{\"features\":[\"A\",\"B\",\"A\"],\"label\":\"Y\",\"digest\":\"d\"}",
        "{\"features\":[\"A\\u001b[2J\"],\"label\":\"Y\",\"digest\":\"d\"}",
        "{\"features\":[\"A\"],\"digest\":\"d\"}",
        "{\"features\":[\"A\"],\"label\":\"Y\"}",
        "{\"features\":{\"A\":1},\"label\":\"Y\",\"digest\":\"d\"}",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct model_schema schema = {0};
        struct error err = {0};
        if (model_schema_parse(str_from(bad[i]), &schema, &err)) {
            fail_msg("accepted: %s", bad[i]);
        }
        assert_int_equal(err.error_class, ERROR_PERMANENT);
        assert_null(schema.features);
    }
}

static void names_the_first_difference(void **state)
{
    (void)state;
    const struct {
        const char *json;
        const char *message;
    } others[] = {
        {"{\"features\":[\"A\"],\"label\":\"Y\",\"digest\":\"d\"}", "m has 2 features, d has 1"},
        {"{\"features\":[\"A\",\"C\"],\"label\":\"Y\",\"digest\":\"d\"}",
         "feature 2 is B in m and C in d"},
        {"{\"features\":[\"B\",\"A\"],\"label\":\"Y\",\"digest\":\"d\"}",
         "feature 1 is A in m and B in d"},
        {"{\"features\":[\"A\",\"B\"],\"label\":\"Z\",\"digest\":\"d\"}", "label Z"},
        {"{\"features\":[\"A\",\"B\"],\"label\":\"Y\",\"digest\":\"e\"}", "digest e"},
    };
    struct model_schema mine =
        parsed("{\"features\":[\"A\",\"B\"],\"label\":\"Y\",\"digest\":\"d\"}");
    struct error err = {0};
    assert_true(model_schema_match(&mine, "m", &mine, "m", &err));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct model_schema other = parsed(others[i].json);
        assert_false(model_schema_match(&mine, "m", &other, "d", &err));
        assert_string_equal(err.code, "schema_mismatch");
        assert_non_null(strstr(err.message, others[i].message));
        model_schema_done(&other);
    }
    model_schema_done(&mine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_what_it_parsed),
        cmocka_unit_test(refuses_what_is_no_schema),
        cmocka_unit_test(names_the_first_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
