/* What is wrong with a theme though it can be read. Pure. */
#ifndef GATEHOUSE_TUI_THEME_CHECK_H
#define GATEHOUSE_TUI_THEME_CHECK_H

#include "tui/theme.h"

/* WCAG 2.1, success criterion 1.4.3, level AA, text of ordinary size. */
#define THEME_CONTRAST_MIN 4.5

/* Adds to findings: roles that are not set, states without an attribute for monochrome or with that
 * of another state, and contrasts under the minimum in truecolour, 256 and 16 colours (these as
 * xterm has them). out_unmeasured: roles with a colour that only the terminal knows. */
void theme_check(const struct theme *theme, struct problems *findings, size_t *out_unmeasured);

#endif
