/* The form of the shared files: what is read, what is refused and where. */
#include "core/aws/ini.h"

#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>

static struct ini *parse(const char *text)
{
    struct error err;
    struct ini *ini = ini_parse(str_from(text), "config", &err);
    if (ini == NULL) {
        fail_msg("%s", err.message);
    }
    return ini;
}

static void check_entry(const struct ini *ini, size_t index, const char *section, const char *key,
                        const char *subkey, const char *value)
{
    assert_true(index < ini->entry_count);
    const struct ini_entry *entry = &ini->entries[index];
    assert_string_equal(ini->sections[entry->section].name, section);
    assert_string_equal(entry->key, key);
    assert_string_equal(entry->value, value);
    assert_int_equal(entry->subkey == NULL, subkey == NULL);
    if (subkey != NULL) {
        assert_string_equal(entry->subkey, subkey);
    }
}

static void reads_sections_keys_and_values(void **state)
{
    (void)state;
    struct ini *ini = parse("[default]\n"
                            "aws_access_key_id = AKIA\n"
                            "aws_secret_access_key=a=b/c+d==\n"
                            "\n"
                            "[ profile  ops ] # the operators\n"
                            "  region =\teu-central-1  \n");
    assert_int_equal(ini->section_count, 2);
    assert_int_equal(ini->entry_count, 3);
    check_entry(ini, 0, "default", "aws_access_key_id", NULL, "AKIA");
    check_entry(ini, 1, "default", "aws_secret_access_key", NULL, "a=b/c+d==");
    check_entry(ini, 2, "profile  ops", "region", NULL, "eu-central-1");
    assert_int_equal(ini->entries[2].line, 6);
    ini_free(ini);
}

static void comments_begin_a_line_or_follow_a_blank(void **state)
{
    (void)state;
    struct ini *ini = parse("# x = y\n"
                            "; [nothing]\n"
                            "[a]\n"
                            "  # indented = comment\n"
                            "k = v # because\n"
                            "l = v;w#x\t; because\n"
                            "m = # only a comment\n"
                            "n =#value\n");
    assert_int_equal(ini->entry_count, 4);
    check_entry(ini, 0, "a", "k", NULL, "v");
    check_entry(ini, 1, "a", "l", NULL, "v;w#x");
    check_entry(ini, 2, "a", "m", NULL, "");
    check_entry(ini, 3, "a", "n", NULL, "#value");
    ini_free(ini);
}

static void a_key_without_value_opens_one_nested_level(void **state)
{
    (void)state;
    struct ini *ini = parse("[default]\n"
                            "s3 =\n"
                            "  addressing_style = path\n"
                            "\n"
                            "  max_concurrent_requests = 5\n"
                            "region = eu-west-1\n"
                            "  output = json\n");
    check_entry(ini, 0, "default", "s3", NULL, "");
    check_entry(ini, 1, "default", "s3", "addressing_style", "path");
    check_entry(ini, 2, "default", "s3", "max_concurrent_requests", "5");
    check_entry(ini, 3, "default", "region", NULL, "eu-west-1");
    check_entry(ini, 4, "default", "output", NULL, "json");
    ini_free(ini);
}

static void equally_indented_keys_are_not_nested(void **state)
{
    (void)state;
    struct ini *ini = parse("[default]\n  sso_session =\n  region = eu-west-1\n");
    check_entry(ini, 1, "default", "region", NULL, "eu-west-1");
    ini_free(ini);
}

static void takes_crlf_a_byte_order_mark_and_no_final_newline(void **state)
{
    (void)state;
    struct ini *ini = parse("\xef\xbb\xbf[default]\r\nregion = eu-west-1\r\noutput=json");
    assert_int_equal(ini->section_count, 1);
    check_entry(ini, 0, "default", "region", NULL, "eu-west-1");
    check_entry(ini, 1, "default", "output", NULL, "json");
    ini_free(ini);
}

static void an_empty_text_is_an_empty_file(void **state)
{
    (void)state;
    struct ini *ini = parse("");
    assert_int_equal(ini->section_count, 0);
    assert_int_equal(ini->entry_count, 0);
    ini_free(ini);
}

static void check_refused(struct str text, const char *message)
{
    struct error err;
    assert_null(ini_parse(text, "/home/ana/.aws/config", &err));
    assert_string_equal(err.code, "bad_aws_config");
    assert_int_equal(err.error_class, ERROR_PERMANENT);
    assert_non_null(strstr(err.message, message));
}

static void says_file_and_line_of_what_is_wrong(void **state)
{
    (void)state;
    check_refused(STR("[default]\nregion eu-west-1\n"), "/home/ana/.aws/config:2: expected");
    check_refused(STR("\n[default\n"), "config:2: a section needs a closing bracket");
    check_refused(STR("[  ]\n"), "config:1: a section needs a name");
    check_refused(STR("[a] b\n"), "config:1: nothing but a comment");
    check_refused(STR("region = x\n"), "config:1: a key must stand in a section");
    check_refused(STR("[a]\n\n = x\n"), "config:3: there is no key");
    check_refused(STR("[a]\nk = \0v\n"), "config:2: a NUL byte");
}

static void no_message_shows_what_the_line_holds(void **state)
{
    (void)state;
    struct error err;
    assert_null(ini_parse(STR("[a]\naws_secret_access_key wJalrXUtnFEMI\n"), "config", &err));
    assert_null(strstr(err.message, "wJalrXUtnFEMI"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_sections_keys_and_values),
        cmocka_unit_test(comments_begin_a_line_or_follow_a_blank),
        cmocka_unit_test(a_key_without_value_opens_one_nested_level),
        cmocka_unit_test(equally_indented_keys_are_not_nested),
        cmocka_unit_test(takes_crlf_a_byte_order_mark_and_no_final_newline),
        cmocka_unit_test(an_empty_text_is_an_empty_file),
        cmocka_unit_test(says_file_and_line_of_what_is_wrong),
        cmocka_unit_test(no_message_shows_what_the_line_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
