/* The schema: what it says, that tampering and differences are seen. */
#include "core/data/schema.h"
#include "tests/support/cmocka.h"

#include <string.h>

static void schema_describes_the_final_set(void **state)
{
    struct error err;
    struct json *schema = schema_json(30000);
    const char *name = NULL;
    (void)state;
    assert_true(schema_check(schema, &err));
    assert_int_equal(json_int_or(schema, "columns", 0), 24);
    assert_int_equal(json_int_or(schema, "rows", 0), 30000);
    assert_false(json_bool_or(schema, "header", true));
    assert_true(json_as_text(json_at(json_get(schema, "features"), 5), &name));
    assert_string_equal(name, "PAY_0");
    assert_int_equal(json_count(json_get(schema, "features")), 23);
    json_free(schema);
}

static void row_counts_may_differ(void **state)
{
    struct error err;
    struct json *a = schema_json(1);
    struct json *b = schema_json(2);
    (void)state;
    assert_true(schema_check_same(a, b, "the model", &err));
    json_free(a);
    json_free(b);
}

static void is_bad(struct json *schema, const char *code, const char *part)
{
    struct error err = {.message = ""};
    struct json *good = schema_json(1);
    assert_false(schema_check_same(good, schema, "the model", &err));
    assert_string_equal(err.code, code);
    assert_non_null(strstr(err.message, part));
    json_free(good);
    json_free(schema);
}

static void differences_and_tampering_are_named(void **state)
{
    struct error err;
    (void)state;
    struct json *schema = schema_json(1);
    json_set_bool(schema, "header", true);
    is_bad(schema, "schema_mismatch", "header differs");
    schema = schema_json(1);
    json_set_text(schema, "label", "OTHER");
    is_bad(schema, "bad_schema", "the digest does not fit");
    schema = schema_json(1);
    json_set_int(schema, "columns", 25);
    is_bad(schema, "bad_schema", "columns");
    is_bad(json_object(), "bad_schema", "version");
    schema = json_parse(
        STR("{\"version\":1,\"label\":\"L\",\"features\":[\"A\"],\"columns\":2,\"delimiter\":\",\","
            "\"header\":false,\"digest\":"
            "\"28ae1ac02d76c9db1ca54b9c97d8d9fe1cf8b6cbc3afbcbdc6e31d28c0a64d1b\"}"),
        &err);
    is_bad(schema, "bad_schema", "the digest does not fit");
    schema =
        json_parse(STR("{\"version\":1,\"label\":\"L\",\"features\":[1],\"columns\":2}"), &err);
    is_bad(schema, "bad_schema", "not a string");
}

static void the_first_different_feature_is_named(void **state)
{
    struct error err;
    (void)state;
    struct json *schema = json_parse(
        STR("{\"version\":1,\"label\":\"L\",\"features\":[\"LIMIT_BAL\",\"ID\"],\"columns\":3,"
            "\"delimiter\":\",\",\"header\":false,\"digest\":"
            "\"b46373868b741a1ca261d559976232e0f578519a179febb19837c472a8df2c08\"}"),
        &err);
    is_bad(schema, "schema_mismatch", "feature 1 is ID, expected SEX (2 features, expected 23)");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(schema_describes_the_final_set),
        cmocka_unit_test(row_counts_may_differ),
        cmocka_unit_test(differences_and_tampering_are_named),
        cmocka_unit_test(the_first_different_feature_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
