/* Base64: the vectors of RFC 4648, and what is none. */
#include "core/base/base64.h"

#include "tests/support/cmocka.h"

static const struct {
    const char *bytes, *text;
} vectors[] = {{"", ""},
               {"f", "Zg=="},
               {"fo", "Zm8="},
               {"foo", "Zm9v"},
               {"foob", "Zm9vYg=="},
               {"fooba", "Zm9vYmE="},
               {"foobar", "Zm9vYmFy"},
               {"\xff\xfe\xfb", "//77"}};

static void the_vectors_of_the_rfc_hold_both_ways(void **state)
{
    struct buf out;
    (void)state;
    buf_init(&out, 100);
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        buf_reset(&out);
        assert_true(base64_encode(str_from(vectors[i].bytes), &out));
        assert_string_equal(buf_text(&out), vectors[i].text);
        buf_reset(&out);
        assert_true(base64_decode(str_from(vectors[i].text), &out));
        assert_string_equal(buf_text(&out), vectors[i].bytes);
    }
    buf_done(&out);
}

static void all_bytes_come_back(void **state)
{
    char bytes[256];
    struct buf text, back;
    (void)state;
    for (int i = 0; i < 256; i++) {
        bytes[i] = (char)i;
    }
    buf_init(&text, 400);
    buf_init(&back, 400);
    assert_true(base64_encode((struct str){bytes, sizeof(bytes)}, &text));
    assert_true(base64_decode(buf_str(&text), &back));
    assert_int_equal(back.len, 256);
    assert_memory_equal(back.ptr, bytes, 256);
    buf_done(&text);
    buf_done(&back);
}

static void what_the_encoder_never_makes_is_refused(void **state)
{
    static const char *const texts[] = {"Z",    "Zg",   "Zg=",  "====", "Z===",     "Zh==",
                                        "Zm9=", "Z=g=", "Zm8-", "Zm 8", "Zg==Zg==", "Zm8=\n"};
    struct buf out;
    (void)state;
    buf_init(&out, 100);
    buf_append_text(&out, "before");
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_false(base64_decode(str_from(texts[i]), &out));
        assert_string_equal(buf_text(&out), "before");
    }
    buf_done(&out);
}

static void the_limit_of_the_buffer_holds(void **state)
{
    struct buf out;
    (void)state;
    buf_init(&out, 7);
    assert_false(base64_encode(STR("foobar"), &out));
    assert_int_equal(out.len, 0);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_rfc_hold_both_ways),
        cmocka_unit_test(all_bytes_come_back),
        cmocka_unit_test(what_the_encoder_never_makes_is_refused),
        cmocka_unit_test(the_limit_of_the_buffer_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
