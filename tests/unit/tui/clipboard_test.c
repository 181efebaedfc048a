/* Copies: base64 (RFC 4648 section 10), and the wraps of tmux and screen. */
#include "tui/clipboard.h"

#include "tests/support/cmocka.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 1 << 20 };

static void assert_encodes(struct str text, enum clipboard_way way, const char *expected)
{
    struct buf out;
    buf_init(&out, MOST);
    assert_true(clipboard_encode(text, way, &out));
    assert_string_equal(buf_text(&out), expected);
    buf_done(&out);
}

static void texts_become_base64(void **state)
{
    (void)state;
    assert_encodes(STR(""), CLIPBOARD_PLAIN, "\033]52;c;\a");
    assert_encodes(STR("f"), CLIPBOARD_PLAIN, "\033]52;c;Zg==\a");
    assert_encodes(STR("fo"), CLIPBOARD_PLAIN, "\033]52;c;Zm8=\a");
    assert_encodes(STR("foobar"), CLIPBOARD_PLAIN, "\033]52;c;Zm9vYmFy\a");
    assert_encodes(STR("\xff\xfe\xfb"), CLIPBOARD_PLAIN, "\033]52;c;//77\a");
}

static void tmux_gets_every_escape_doubled(void **state)
{
    (void)state;
    assert_encodes(STR("foo"), CLIPBOARD_TMUX, "\033Ptmux;\033\033]52;c;Zm9v\a\033\\");
}

static void screen_gets_pieces_that_it_can_hold(void **state)
{
    char text[1000];
    struct buf out, inside;
    (void)state;
    assert_encodes(STR("foo"), CLIPBOARD_SCREEN, "\033P\033]52;c;Zm9v\a\033\\");
    memset(text, 'x', sizeof(text));
    buf_init(&out, MOST);
    buf_init(&inside, MOST);
    assert_true(clipboard_encode((struct str){text, sizeof(text)}, CLIPBOARD_SCREEN, &out));
    const char *at = buf_text(&out);
    while (*at != '\0') {
        const char *end = strstr(at, "\033\\");
        assert_non_null(end);
        assert_memory_equal(at, "\033P", 2);
        assert_in_range(end - at - 2, 1, 240);
        buf_append(&inside, at + 2, (size_t)(end - at - 2));
        at = end + 2;
    }
    assert_int_equal(inside.len, strlen("\033]52;c;\a") + 1336);
    buf_done(&out);
    buf_done(&inside);
}

static void what_does_not_fit_is_told(void **state)
{
    struct buf out;
    (void)state;
    buf_init(&out, 20);
    assert_false(clipboard_encode(STR("twenty bytes and more"), CLIPBOARD_PLAIN, &out));
    buf_done(&out);
}

static void the_way_is_known_by_the_environment(void **state)
{
    (void)state;
    assert_int_equal(clipboard_way_of("xterm", NULL, NULL), CLIPBOARD_PLAIN);
    assert_int_equal(clipboard_way_of(NULL, "", ""), CLIPBOARD_PLAIN);
    assert_int_equal(clipboard_way_of("tmux-256color", NULL, NULL), CLIPBOARD_TMUX);
    assert_int_equal(clipboard_way_of("screen", "/tmp/tmux-0/default,1,0", NULL), CLIPBOARD_TMUX);
    assert_int_equal(clipboard_way_of("screen.xterm", NULL, NULL), CLIPBOARD_SCREEN);
    assert_int_equal(clipboard_way_of("xterm", NULL, "1.pts-0.host"), CLIPBOARD_SCREEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_become_base64),
        cmocka_unit_test(tmux_gets_every_escape_doubled),
        cmocka_unit_test(screen_gets_pieces_that_it_can_hold),
        cmocka_unit_test(what_does_not_fit_is_told),
        cmocka_unit_test(the_way_is_known_by_the_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
