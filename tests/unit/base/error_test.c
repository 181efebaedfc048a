/* Errors: classes, context in front, one line whatever comes in. */
#include "core/base/error.h"
#include "tests/support/cmocka.h"

#include <errno.h>
#include <string.h>

static void message_is_one_line_without_control_bytes(void **state)
{
    (void)state;
    struct error err;
    assert_false(error_set(&err, ERROR_PERMANENT, "bad", "a\nb\033[31mc%s", "\t\x7f"));
    assert_string_equal(err.message, "a b [31mc  ");
    assert_true(error_is(&err, "bad"));
}

static void long_message_ends_in_dots(void **state)
{
    (void)state;
    struct error err;
    char text[2 * ERROR_MESSAGE_SIZE];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    error_set(&err, ERROR_PERMANENT, "bad", "%s", text);
    assert_int_equal(strlen(err.message), ERROR_MESSAGE_SIZE - 1);
    assert_string_equal(err.message + ERROR_MESSAGE_SIZE - 4, "...");
    error_prefix(&err, "train: %s", "submit job");
    assert_int_equal(strncmp(err.message, "train: submit job: xxx", 22), 0);
    assert_string_equal(err.message + ERROR_MESSAGE_SIZE - 4, "...");
}

static void full_disk_is_transient_and_missing_file_is_not(void **state)
{
    (void)state;
    struct error err;
    error_set_errno(&err, ENOSPC, "cannot write %s", "x");
    assert_int_equal(err.error_class, ERROR_TRANSIENT);
    assert_string_equal(err.code, "disk_full");
    error_set_errno(&err, ENOENT, "cannot open %s", "x");
    assert_int_equal(err.error_class, ERROR_PERMANENT);
    assert_string_equal(err.code, "not_found");
    assert_int_equal(err.os_errno, ENOENT);
}

static void class_names_read_back(void **state)
{
    (void)state;
    for (int i = 0; i < ERROR_CLASS_COUNT; i++) {
        enum error_class found = ERROR_CLASS_COUNT;
        assert_true(error_class_from_name(str_from(error_class_name((enum error_class)i)), &found));
        assert_int_equal(found, i);
    }
    enum error_class found;
    assert_false(error_class_from_name(STR("fatal"), &found));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_is_one_line_without_control_bytes),
        cmocka_unit_test(long_message_ends_in_dots),
        cmocka_unit_test(full_disk_is_transient_and_missing_file_is_not),
        cmocka_unit_test(class_names_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
