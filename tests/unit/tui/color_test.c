/* Depths, distances and contrast of colours. */
#include "tui/color.h"

#include "tests/support/cmocka.h"

static void contrast_is_that_of_wcag(void **state)
{
    (void)state;
    assert_true(color_contrast(0x000000, 0xffffff) > 20.999);
    assert_true(color_contrast(0xffffff, 0x000000) < 21.001);
    assert_true(color_contrast(0x123456, 0x123456) < 1.001);
    /* #767676 is the lightest grey that passes on white, #777777 does not. */
    assert_true(color_contrast(0x767676, 0xffffff) >= 4.5);
    assert_true(color_contrast(0x777777, 0xffffff) < 4.5);
}

static void colours_are_read_and_printed(void **state)
{
    color_t color = 0;
    char text[24];
    (void)state;
    assert_true(color_from_text(STR("#0aF9c3"), &color));
    assert_int_equal(color, COLOR_RGB | 0x0af9c3);
    color_print(color, text);
    assert_string_equal(text, "#0af9c3");
    assert_true(color_from_text(STR("bright-cyan"), &color));
    assert_int_equal(color, 14);
    assert_true(color_from_text(STR("default"), &color));
    color_print(color, text);
    assert_string_equal(text, "default");
    assert_false(color_from_text(STR("#12345g"), &color));
    assert_false(color_from_text(STR("#1234567"), &color));
    assert_false(color_from_text(STR(""), &color));
}

static void the_palette_finds_its_own_colours_again(void **state)
{
    (void)state;
    for (int i = 16; i < COLOR_PALETTE; i++) {
        uint32_t rgb = color_rgb(i);
        assert_int_equal(color_rgb(color_nearest_256(rgb)), rgb);
    }
    for (int i = 0; i < COLOR_BASIC; i++) {
        assert_int_equal(color_nearest_16(color_rgb(i)), i);
    }
    assert_int_equal(color_nearest_256(0x5f87ae), 67); /* beside #5f87af */
    assert_int_equal(color_nearest_256(0x090909), 232);
}

static void assert_depth(const struct color_wish *wish, enum color_depth expected)
{
    enum color_depth depth = color_depth_of(wish);
    if (depth != expected) {
        fail_msg("%s instead of %s", color_depth_name(depth), color_depth_name(expected));
    }
}

static void the_terminal_decides_when_nobody_wishes(void **state)
{
    (void)state;
    assert_depth(&(struct color_wish){.terminal_colors = -1}, COLOR_DEPTH_NONE);
    assert_depth(&(struct color_wish){.terminal_colors = 8}, COLOR_DEPTH_8);
    assert_depth(&(struct color_wish){.terminal_colors = 16}, COLOR_DEPTH_16);
    assert_depth(&(struct color_wish){.terminal_colors = 256}, COLOR_DEPTH_256);
    assert_depth(&(struct color_wish){.terminal_colors = 256, .has_direct = true},
                 COLOR_DEPTH_TRUE);
    assert_depth(&(struct color_wish){.terminal_colors = 256, .colorterm = "truecolor"},
                 COLOR_DEPTH_TRUE);
    assert_depth(&(struct color_wish){.terminal_colors = 0, .colorterm = "truecolor"},
                 COLOR_DEPTH_NONE);
}

static void wishes_go_by_their_rank(void **state)
{
    struct color_wish wish = {.terminal_colors = 256, .clicolor = "0"};
    (void)state;
    assert_depth(&wish, COLOR_DEPTH_NONE);
    wish.clicolor_force = "1";
    assert_depth(&wish, COLOR_DEPTH_256);
    wish.terminal_colors = 0;
    assert_depth(&wish, COLOR_DEPTH_16);
    wish.no_color = "1";
    assert_depth(&wish, COLOR_DEPTH_NONE);
    wish.when = "auto";
    assert_depth(&wish, COLOR_DEPTH_NONE);
    wish.when = "always";
    assert_depth(&wish, COLOR_DEPTH_16);
    wish.when = "never";
    assert_depth(&wish, COLOR_DEPTH_NONE);
    assert_depth(&(struct color_wish){.terminal_colors = 8, .no_color = "", .clicolor_force = "0"},
                 COLOR_DEPTH_8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contrast_is_that_of_wcag),
        cmocka_unit_test(colours_are_read_and_printed),
        cmocka_unit_test(the_palette_finds_its_own_colours_again),
        cmocka_unit_test(the_terminal_decides_when_nobody_wishes),
        cmocka_unit_test(wishes_go_by_their_rank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
