/* Answers of AWS as they come, and documents that no service should send. */
#include "core/aws/xml.h"

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>

static bool note(void *context, const char *path, struct str text, struct error *err)
{
    (void)err;
    return buf_printf(context, "%s=" STR_FMT "\n", path, STR_ARG(text));
}

static void expect(const char *document, const char *elements)
{
    struct buf seen;
    struct error err = {0};
    buf_init(&seen, 1 << 20);
    char *copy = xstrdup(document); /* so that a read behind the end is found out */
    if (!xml_read((struct str){copy, strlen(document)}, note, &seen, &err)) {
        fail_msg("%s: %s", document, err.message);
    }
    assert_string_equal(buf_text(&seen), elements);
    free(copy);
    buf_done(&seen);
}

static void expect_refused(const char *document, const char *why)
{
    struct buf seen;
    struct error err = {0};
    buf_init(&seen, 1 << 20);
    size_t len = strlen(document);
    char *exact = xmalloc(len == 0 ? 1 : len);
    memcpy(exact, document, len);
    assert_false(xml_read((struct str){exact, len}, note, &seen, &err));
    assert_true(error_is(&err, "bad_xml"));
    if (strstr(err.message, why) == NULL) {
        fail_msg("%s: \"%s\" lacks \"%s\"", document, err.message, why);
    }
    free(exact);
    buf_done(&seen);
}

static void elements_come_with_their_path_when_they_end(void **state)
{
    (void)state;
    expect("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
           "<List xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><!-- a > b -->"
           "<Item><Key>a</Key><Size>1</Size></Item><Item><Key>b</Key><Empty/></Item></List>\n",
           "List/Item/Key=a\nList/Item/Size=1\nList/Item=\n"
           "List/Item/Key=b\nList/Item/Empty=\nList/Item=\nList=\n");
}

static void entities_and_cdata_become_text(void **state)
{
    (void)state;
    expect("<a>&lt;&amp;&gt;&quot;&apos;&#65;&#x42;&#xe9;&#128512;</a>",
           "a=<&>\"'AB\xc3\xa9\xf0\x9f\x98\x80\n");
    expect("<a><![CDATA[<b>&amp;]]></a>", "a=<b>&amp;\n");
    expect("<a>x<b>y</b>z</a>", "a/b=y\na=xz\n");
}

static void prefixes_and_attributes_are_passed_over(void **state)
{
    (void)state;
    expect("<s:a q='x>y' b=\"/\"><s:b/></s:a >", "a/b=\na=\n");
}

static void what_is_no_document_is_refused_with_its_place(void **state)
{
    (void)state;
    expect_refused("", "no element");
    expect_refused("plain", "text outside");
    expect_refused("<a>", "the end is missing");
    expect_refused("<a></b>", "the end of another");
    expect_refused("<a></a><b></b>", "a second root");
    expect_refused("</a>", "an end without");
    expect_refused("<a", "a tag without end");
    expect_refused("<a b=\"", "a tag without end");
    expect_refused("<", "a tag without name");
    expect_refused("<a>&nbsp;</a>", "an entity");
    expect_refused("<a>&#0;</a>", "an entity");
    expect_refused("<a>&#xD800;</a>", "an entity");
    expect_refused("<a>&#99999999;</a>", "an entity");
    expect_refused("<a>&", "an entity");
    expect_refused("<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>", "refused");
    expect_refused("<a><![CDATA[", "CDATA");
    expect_refused("<!-- ", "a comment");
    expect_refused("<a/>tail", "text outside");
}

static void depth_names_and_text_are_limited(void **state)
{
    (void)state;
    struct buf deep;
    buf_init(&deep, 4 << 20);
    for (int i = 0; i < XML_DEPTH_MAX + 1; i++) {
        buf_append_text(&deep, "<a>");
    }
    expect_refused(buf_text(&deep), "too deeply");
    buf_reset(&deep);
    buf_append_char(&deep, '<');
    for (int i = 0; i < XML_PATH_SIZE + 1; i++) {
        buf_append_char(&deep, 'n');
    }
    buf_append_text(&deep, "/>");
    expect_refused(buf_text(&deep), "too long");
    buf_reset(&deep);
    buf_append_text(&deep, "<a>");
    for (int i = 0; i < XML_TEXT_MAX + 1; i++) {
        buf_append_char(&deep, 't');
    }
    expect_refused(buf_text(&deep), "too much text");
    buf_done(&deep);
}

static void one_element_is_found_even_before_a_broken_end(void **state)
{
    (void)state;
    char *code = xml_find(STR("<Error><Code>NoSuchKey</Code><Message>no"), "Error/Code");
    assert_string_equal(code, "NoSuchKey");
    free(code);
    assert_null(xml_find(STR("<Error><Code/></Error>"), "Error/Message"));
    code = xml_find(STR("<Error><Code/></Error>"), "Error/Code");
    assert_string_equal(code, "");
    free(code);
}

static void the_root_tells_an_error_from_an_answer(void **state)
{
    (void)state;
    assert_true(str_eq(xml_root(STR(" \n<?xml version='1.0'?>\n<Error><Code>")), STR("Error")));
    assert_true(str_eq(xml_root(STR("<CompleteMultipartUploadResult xmlns='x'>")),
                       STR("CompleteMultipartUploadResult")));
    assert_int_equal(xml_root(STR("")).len, 0);
    assert_int_equal(xml_root(STR("  ")).len, 0);
    assert_int_equal(xml_root(STR("{\"a\":1}")).len, 0);
    assert_int_equal(xml_root(STR("<?xml")).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_come_with_their_path_when_they_end),
        cmocka_unit_test(entities_and_cdata_become_text),
        cmocka_unit_test(prefixes_and_attributes_are_passed_over),
        cmocka_unit_test(what_is_no_document_is_refused_with_its_place),
        cmocka_unit_test(depth_names_and_text_are_limited),
        cmocka_unit_test(one_element_is_found_even_before_a_broken_end),
        cmocka_unit_test(the_root_tells_an_error_from_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
