/* Colours of terminals: how many a terminal shows, the nearest of those, and how readable one is on
 * another. Pure. */
#ifndef GATEHOUSE_TUI_COLOR_H
#define GATEHOUSE_TUI_COLOR_H

#include "core/base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* X(name, text). A depth holds all that the ones before it hold. */
#define COLOR_DEPTHS(X)                                                                            \
    X(NONE, "monochrome")                                                                          \
    X(8, "8 colours")                                                                              \
    X(16, "16 colours")                                                                            \
    X(256, "256 colours")                                                                          \
    X(TRUE, "truecolour")
enum color_depth {
#define X(name, text) COLOR_DEPTH_##name,
    COLOR_DEPTHS(X)
#undef X
        COLOR_DEPTH_COUNT
};
const char *color_depth_name(enum color_depth depth);

/* One colour as a terminal takes it: the terminal's own, 0..255 of its palette, or COLOR_RGB with
 * 0xrrggbb. */
typedef int32_t color_t;
enum {
    COLOR_OF_TERMINAL = -1,
    COLOR_OF_BLACK = 0,
    COLOR_RGB = 0x1000000,
    COLOR_BASIC = 16,
    COLOR_PALETTE = 256
};

/* The same colour for each depth. */
struct color {
    color_t at_true, at_256, at_16;
};

/* "red", "bright-red", "default", "#rrggbb"; false: none of these. */
bool color_from_text(struct str text, color_t *out_color);
void color_print(color_t color, char out_text[24]); /* the other way round; 16..255 as a number */
/* All forms of a colour of which one is known. */
struct color color_of(color_t color);
color_t color_at(const struct color *color, enum color_depth depth);
color_t color_nearest_256(uint32_t rgb); /* 16..255: the first sixteen are the user's own */
color_t color_nearest_16(uint32_t rgb);

/* 0xrrggbb. The first sixteen as xterm has them unless they are configured. Not for
 * COLOR_OF_TERMINAL. */
uint32_t color_rgb(color_t color);
/* 1 to 21: WCAG 2.1, "contrast ratio", from the relative luminance of both. */
double color_contrast(uint32_t a, uint32_t b);

/* What decides about colours. Texts may be NULL: not set. */
struct color_wish {
    const char *when; /* --color: auto, always, never */
    const char *no_color, *clicolor, *clicolor_force;
    const char *colorterm;
    int terminal_colors; /* of terminfo; -1 or 0: none */
    bool has_direct;     /* terminfo: RGB or Tc */
};
/* --color=never, then NO_COLOR, then --color=always or CLICOLOR_FORCE (16 colours on a terminal
 * that names none), then CLICOLOR=0, then what the terminal can (no-color.org,
 * bixense.com/clicolors). */
enum color_depth color_depth_of(const struct color_wish *wish);

#endif
