/* Roles, states and contrast. */
#include "tui/theme_check.h"

#include <string.h>

static bool is_state(enum role role)
{
    return strncmp(role_name(role), "state.", strlen("state.")) == 0;
}

static void check_state(const struct theme *theme, enum role role, struct problems *findings)
{
    if (!theme->roles[role].has_mono) {
        problems_add(findings, "%s: no attribute for monochrome: mono = [\"bold\"], or [] for none",
                     role_name(role));
        return;
    }
    for (int other = 0; other < (int)role; other++) {
        bool is_twin = is_state((enum role)other) && theme->roles[other].has_mono &&
                       theme->roles[other].mono == theme->roles[role].mono;
        if (is_twin) {
            struct buf attributes;
            buf_init(&attributes, 100);
            theme_print_attributes(theme->roles[role].mono, &attributes);
            problems_add(findings, "%s: looks like %s in monochrome (mono: %s)", role_name(role),
                         role_name((enum role)other), buf_text(&attributes));
            buf_done(&attributes);
        }
    }
}

/* False: the terminal alone knows the colours. */
static bool check_contrast(const struct theme *theme, enum role role, enum color_depth depth,
                           struct problems *findings)
{
    struct look look = theme_look(theme, role, depth);
    char foreground[24], background[24];
    if (look.foreground == COLOR_OF_TERMINAL || look.background == COLOR_OF_TERMINAL) {
        return false;
    }
    double contrast = color_contrast(color_rgb(look.foreground), color_rgb(look.background));
    if (contrast < THEME_CONTRAST_MIN) {
        color_print(look.foreground, foreground);
        color_print(look.background, background);
        problems_add(findings, "%s: contrast %.2f:1 is below %.1f:1 (%s on %s, %s%s)",
                     role_name(role), contrast, THEME_CONTRAST_MIN, foreground, background,
                     color_depth_name(depth), depth == COLOR_DEPTH_16 ? " as xterm has them" : "");
    }
    return true;
}

void theme_check(const struct theme *theme, struct problems *findings, size_t *out_unmeasured)
{
    static const enum color_depth depths[] = {COLOR_DEPTH_TRUE, COLOR_DEPTH_256, COLOR_DEPTH_16};
    *out_unmeasured = 0;
    for (int i = 0; i < ROLE_COUNT; i++) {
        enum role role = (enum role)i;
        bool is_measured = true;
        if (!theme->roles[role].is_set) {
            problems_add(findings, "%s: the role is not set; it looks like \"text\"",
                         role_name(role));
        }
        if (is_state(role)) {
            check_state(theme, role, findings);
        }
        for (size_t d = 0; d < sizeof(depths) / sizeof(depths[0]); d++) {
            is_measured = check_contrast(theme, role, depths[d], findings) && is_measured;
        }
        *out_unmeasured += is_measured ? 0 : 1;
    }
}
