/* Palettes, distances and contrast. */
#include "tui/color.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CUBE_START = 16, CUBE_SIDE = 6, GREY_START = 232, GREY_COUNT = 24 };

static const char *const names[COLOR_BASIC] = {
    "black",        "red",           "green",       "yellow",         "blue",
    "magenta",      "cyan",          "white",       "bright-black",   "bright-red",
    "bright-green", "bright-yellow", "bright-blue", "bright-magenta", "bright-cyan",
    "bright-white",
};

static const uint32_t basic_rgb[COLOR_BASIC] = {
    0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5,
    0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00, 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff,
};
static const uint32_t cube_level[CUBE_SIDE] = {0, 95, 135, 175, 215, 255};

const char *color_depth_name(enum color_depth depth)
{
    static const char *const texts[COLOR_DEPTH_COUNT] = {
#define X(name, text) text,
        COLOR_DEPTHS(X)
#undef X
    };
    return texts[depth];
}

static bool from_hex(struct str text, color_t *out_color)
{
    uint32_t rgb = 0;
    if (text.len != 7 || text.ptr[0] != '#') {
        return false;
    }
    for (size_t i = 1; i < text.len; i++) {
        int digit = str_hex_digit(text.ptr[i]);
        if (digit < 0) {
            return false;
        }
        rgb = rgb << 4 | (uint32_t)digit;
    }
    *out_color = COLOR_RGB | (color_t)rgb;
    return true;
}

bool color_from_text(struct str text, color_t *out_color)
{
    if (str_eq(text, STR("default"))) {
        *out_color = COLOR_OF_TERMINAL;
        return true;
    }
    for (size_t i = 0; i < COLOR_BASIC; i++) {
        if (str_eq(text, str_from(names[i]))) {
            *out_color = (color_t)i;
            return true;
        }
    }
    return from_hex(text, out_color);
}

void color_print(color_t color, char out_text[24])
{
    if (color == COLOR_OF_TERMINAL || (color >= 0 && color < COLOR_BASIC)) {
        snprintf(out_text, 24, "%s", color < 0 ? "default" : names[color]);
    } else if (color < COLOR_PALETTE) {
        snprintf(out_text, 24, "%d", (int)color);
    } else {
        snprintf(out_text, 24, "#%06x", (unsigned)color & 0xffffffU);
    }
}

static uint32_t palette_rgb(uint32_t index)
{
    if (index < CUBE_START) {
        return basic_rgb[index];
    }
    if (index >= GREY_START) {
        uint32_t level = 8 + 10 * (index - GREY_START);
        return level << 16 | level << 8 | level;
    }
    index -= CUBE_START;
    return cube_level[index / (CUBE_SIDE * CUBE_SIDE)] << 16 |
           cube_level[index / CUBE_SIDE % CUBE_SIDE] << 8 | cube_level[index % CUBE_SIDE];
}

uint32_t color_rgb(color_t color)
{
    assert(color >= 0);
    return color < COLOR_PALETTE ? palette_rgb((uint32_t)color) : (uint32_t)color & 0xffffffU;
}

/* Thiadmer Riemersma's "redmean": near to what the eye sees, in whole numbers. */
static uint32_t distance(uint32_t a, uint32_t b)
{
    int32_t red = (int32_t)(a >> 16 & 0xff) - (int32_t)(b >> 16 & 0xff);
    int32_t green = (int32_t)(a >> 8 & 0xff) - (int32_t)(b >> 8 & 0xff);
    int32_t blue = (int32_t)(a & 0xff) - (int32_t)(b & 0xff);
    int32_t mean = (int32_t)((a >> 16 & 0xff) + (b >> 16 & 0xff)) / 2;
    return (uint32_t)(((512 + mean) * red * red) / 256 + 4 * green * green +
                      ((767 - mean) * blue * blue) / 256);
}

static color_t nearest(uint32_t rgb, uint32_t first, uint32_t count)
{
    uint32_t best = first;
    for (uint32_t i = first; i < first + count; i++) {
        if (distance(rgb, palette_rgb(i)) < distance(rgb, palette_rgb(best))) {
            best = i;
        }
    }
    return (color_t)best;
}

color_t color_nearest_256(uint32_t rgb)
{
    return nearest(rgb, CUBE_START, COLOR_PALETTE - CUBE_START);
}

color_t color_nearest_16(uint32_t rgb)
{
    return nearest(rgb, 0, COLOR_BASIC);
}

struct color color_of(color_t color)
{
    struct color all = {color, color, color};
    if (color >= COLOR_PALETTE) {
        all.at_256 = color_nearest_256(color_rgb(color));
    }
    if (color >= COLOR_BASIC) {
        all.at_true = COLOR_RGB | (color_t)color_rgb(color);
        all.at_16 = color_nearest_16(color_rgb(color));
    }
    return all;
}

color_t color_at(const struct color *color, enum color_depth depth)
{
    switch (depth) {
    case COLOR_DEPTH_TRUE:
        return color->at_true;
    case COLOR_DEPTH_256:
        return color->at_256;
    case COLOR_DEPTH_16:
    case COLOR_DEPTH_8:
        return color->at_16;
    case COLOR_DEPTH_NONE:
    case COLOR_DEPTH_COUNT:
        break;
    }
    return COLOR_OF_TERMINAL;
}

static double linear(uint32_t channel)
{
    double value = channel / 255.0;
    return value <= 0.03928 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4);
}

static double luminance(uint32_t rgb)
{
    return 0.2126 * linear(rgb >> 16 & 0xff) + 0.7152 * linear(rgb >> 8 & 0xff) +
           0.0722 * linear(rgb & 0xff);
}

double color_contrast(uint32_t a, uint32_t b)
{
    double one = luminance(a) + 0.05, other = luminance(b) + 0.05;
    return one > other ? one / other : other / one;
}

/* ---- how many colours */
static bool is_set(const char *text)
{
    return text != NULL && *text != '\0';
}

static bool is_one_of(const char *text, const char *a, const char *b)
{
    return text != NULL && (strcmp(text, a) == 0 || strcmp(text, b) == 0);
}

static enum color_depth depth_of_terminal(const struct color_wish *wish)
{
    bool is_true = wish->has_direct || is_one_of(wish->colorterm, "truecolor", "24bit");
    if (wish->terminal_colors < 8) {
        return COLOR_DEPTH_NONE;
    }
    return is_true                        ? COLOR_DEPTH_TRUE
           : wish->terminal_colors >= 256 ? COLOR_DEPTH_256
           : wish->terminal_colors >= 16  ? COLOR_DEPTH_16
                                          : COLOR_DEPTH_8;
}

enum color_depth color_depth_of(const struct color_wish *wish)
{
    enum color_depth depth = depth_of_terminal(wish);
    bool is_forced = is_set(wish->clicolor_force) && strcmp(wish->clicolor_force, "0") != 0;
    bool is_always = wish->when != NULL && strcmp(wish->when, "always") == 0;
    if (wish->when != NULL && strcmp(wish->when, "never") == 0) {
        return COLOR_DEPTH_NONE;
    }
    if (is_set(wish->no_color) && !is_always) {
        return COLOR_DEPTH_NONE;
    }
    if (is_always || is_forced) {
        return depth == COLOR_DEPTH_NONE ? COLOR_DEPTH_16 : depth;
    }
    return is_set(wish->clicolor) && strcmp(wish->clicolor, "0") == 0 ? COLOR_DEPTH_NONE : depth;
}
