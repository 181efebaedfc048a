/* TOML into JSON with lines, and errors with their place. */
#include "core/base/toml.h"
#include "tests/support/cmocka.h"

#include <string.h>

static struct toml_document parse(const char *text)
{
    struct toml_document document = {NULL, NULL};
    struct error err;
    int line = 0;
    assert_true(toml_parse(str_from(text), &document, &line, &err));
    return document;
}

static void values_of_every_type_become_json(void **state)
{
    (void)state;
    struct toml_document document = parse("text = \"a\\tb\"\nwhole = -3\nreal = 0.1\nflag = true\n"
                                          "list = [1, \"two\"]\nday = 2026-11-22\n"
                                          "moment = 2026-11-22T10:00:00Z\n[table.inner]\nx = 1\n");
    double real = 0;
    assert_string_equal(json_text_or(document.value, "text", ""), "a\tb");
    assert_int_equal(json_int_or(document.value, "whole", 0), -3);
    assert_true(json_as_number(json_get(document.value, "real"), &real));
    assert_true(real == 0.1);
    assert_true(json_bool_or(document.value, "flag", false));
    assert_int_equal(json_count(json_get(document.value, "list")), 2);
    assert_string_equal(json_text_or(document.value, "day", ""), "2026-11-22");
    assert_string_equal(json_text_or(document.value, "moment", ""), "2026-11-22T10:00:00Z");
    int64_t x = 0;
    assert_true(json_as_int(json_path(document.value, "table.inner.x"), &x));
    assert_int_equal(x, 1);
    toml_document_done(&document);
}

static void places_tell_the_line_of_each_value(void **state)
{
    (void)state;
    struct toml_document document =
        parse("# a comment\n[data]\n\nbucket = \"b\"\n[[stage]]\nname = \"x\"\n[[stage]]\n"
              "name = \"y\"\nlist = [\n 1,\n 2]\n");
    const struct json *data = toml_place_member(document.places, "data");
    assert_int_equal(toml_place_line(data), 2);
    assert_int_equal(toml_place_line(toml_place_member(data, "bucket")), 4);
    const struct json *stages = toml_place_member(document.places, "stage");
    const struct json *second = toml_place_item(stages, 1);
    assert_int_equal(toml_place_line(second), 7);
    assert_int_equal(toml_place_line(toml_place_member(second, "name")), 8);
    assert_int_equal(toml_place_line(toml_place_item(toml_place_member(second, "list"), 1)), 11);
    assert_int_equal(toml_place_line(toml_place_member(second, "absent")), 0);
    toml_document_done(&document);
}

static void an_empty_text_is_an_empty_document(void **state)
{
    (void)state;
    struct toml_document document = parse("");
    assert_int_equal(json_count(document.value), 0);
    toml_document_done(&document);
}

static void expect_error(const char *text, size_t len, int line, const char *part)
{
    struct toml_document document = {NULL, NULL};
    struct error err;
    int found = -1;
    assert_false(toml_parse((struct str){text, len}, &document, &found, &err));
    assert_null(document.value);
    assert_null(document.places);
    assert_int_equal(found, line);
    assert_true(error_is(&err, "bad_toml"));
    assert_non_null(strstr(err.message, part));
}

static void errors_tell_line_and_column(void **state)
{
    (void)state;
    expect_error("a = 1\nb = \n", 11, 2, "column 5");
    expect_error("a = 1\na = 2\n", 12, 2, "redefine");
    expect_error("a = \"\xff\"\n", 8, 1, "column ");
    expect_error("a = \0\n", 6, 1, "column ");
}

static void numbers_that_json_cannot_hold_are_errors(void **state)
{
    (void)state;
    expect_error("a = 1\n[t]\nb = [1, inf]\n", 23, 3, "not finite");
    expect_error("a = nan\n", 8, 1, "not finite");
}

static void deep_nesting_is_an_error_and_not_a_crash(void **state)
{
    (void)state;
    char text[4096] = "a = ";
    memset(text + 4, '[', 4000);
    struct toml_document document = {NULL, NULL};
    struct error err;
    int line = 0;
    assert_false(toml_parse((struct str){text, 4004}, &document, &line, &err));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_every_type_become_json),
        cmocka_unit_test(places_tell_the_line_of_each_value),
        cmocka_unit_test(an_empty_text_is_an_empty_document),
        cmocka_unit_test(errors_tell_line_and_column),
        cmocka_unit_test(numbers_that_json_cannot_hold_are_errors),
        cmocka_unit_test(deep_nesting_is_an_error_and_not_a_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
