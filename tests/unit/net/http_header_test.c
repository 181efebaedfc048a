/* Headers of an answer, line by line, and what may be sent. */
#include "core/net/http_header.h"

#include "tests/support/cmocka.h"

#include <string.h>

static void take(struct buf *headers, const char *line)
{
    assert_true(http_header_take_line(headers, str_from(line)));
}

static void keeps_names_in_lower_case_and_values_trimmed(void **state)
{
    (void)state;
    struct buf headers;
    buf_init(&headers, 1024);
    take(&headers, "HTTP/1.1 200 OK\r\n");
    take(&headers, "Content-TYPE:text/plain  \r\n");
    take(&headers, "X-Url:\thttp://a:1/\r\n");
    take(&headers, "X-Empty:\r\n");
    take(&headers, "\r\n");
    assert_string_equal(buf_text(&headers),
                        "content-type: text/plain\nx-url: http://a:1/\nx-empty: \n");
    assert_true(str_eq(http_header_find(buf_str(&headers), "x-url"), STR("http://a:1/")));
    assert_int_equal(http_header_find(buf_str(&headers), "x-empty").len, 0);
    assert_int_equal(http_header_find(buf_str(&headers), "type").len, 0);
    assert_int_equal(http_header_find(buf_str(&headers), "content").len, 0);
    buf_done(&headers);
}

static void an_interim_answer_leaves_nothing(void **state)
{
    (void)state;
    struct buf headers;
    buf_init(&headers, 1024);
    take(&headers, "HTTP/1.1 103 Early Hints");
    take(&headers, "Link: a");
    take(&headers, "HTTP/1.1 200 OK");
    take(&headers, "A: b");
    assert_string_equal(buf_text(&headers), "a: b\n");
    buf_done(&headers);
}

static void folded_lines_belong_to_the_one_before(void **state)
{
    (void)state;
    struct buf headers;
    buf_init(&headers, 1024);
    take(&headers, "  lost\r\n");
    take(&headers, "A: b\r\n");
    take(&headers, "\t c\r\n");
    take(&headers, " \r\n");
    assert_string_equal(buf_text(&headers), "a: b c\n");
    buf_done(&headers);
}

static void what_is_no_header_is_dropped(void **state)
{
    (void)state;
    struct buf headers;
    buf_init(&headers, 1024);
    take(&headers, "no colon\r\n");
    take(&headers, ": no name\r\n");
    take(&headers, "bad name: x\r\n");
    take(&headers, "bad\x1bname: x\r\n");
    take(&headers, "");
    assert_int_equal(headers.len, 0);
    buf_done(&headers);
}

static void values_become_printable(void **state)
{
    (void)state;
    struct buf headers;
    buf_init(&headers, 1024);
    take(&headers, "A: x\x1b]0;y\x07 \xff\r\n");
    assert_string_equal(buf_text(&headers), "a: x\xef\xbf\xbd]0;y\xef\xbf\xbd \xef\xbf\xbd\n");
    buf_done(&headers);
}

static void the_limit_is_told(void **state)
{
    (void)state;
    struct buf headers;
    buf_init(&headers, 8);
    take(&headers, "A: b");
    assert_false(http_header_take_line(&headers, STR("C: defgh")));
    buf_done(&headers);
}

static void only_tokens_and_printable_values_are_sent(void **state)
{
    (void)state;
    assert_true(http_header_is_sendable("x-amz-meta-a", "any \"text\", caf\xc3\xa9\t."));
    assert_true(http_header_is_sendable("a", ""));
    assert_false(http_header_is_sendable("", "a"));
    assert_false(http_header_is_sendable("a b", "a"));
    assert_false(http_header_is_sendable("a:", "a"));
    assert_false(http_header_is_sendable("a", "b\r\nc: d"));
    assert_false(http_header_is_sendable("a", "b\x7f"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_names_in_lower_case_and_values_trimmed),
        cmocka_unit_test(an_interim_answer_leaves_nothing),
        cmocka_unit_test(folded_lines_belong_to_the_one_before),
        cmocka_unit_test(what_is_no_header_is_dropped),
        cmocka_unit_test(values_become_printable),
        cmocka_unit_test(the_limit_is_told),
        cmocka_unit_test(only_tokens_and_printable_values_are_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
