/* A terminal's description in the form that curses reads (term(5), "extended number format"), so
 * that a terminal can be described better than its entry does: with direct colours. Pure. */
#ifndef GATEHOUSE_TUI_TERMINFO_H
#define GATEHOUSE_TUI_TERMINFO_H

#include "core/base/buf.h"

#include <stdint.h>

struct terminfo_entry { /* everything borrowed, in the order of term(5) */
    const char *name;
    const bool *flags;
    size_t flag_count;
    const int *numbers; /* negative: absent */
    size_t number_count;
    const char *const *strings; /* NULL: absent */
    size_t string_count;
    bool has_rgb; /* the extended flag RGB: colours from 8 on are 0xrrggbb */
};

enum { TERMINFO_LIMIT = 64 << 10, TERMINFO_DIRECT_COLORS = 0x1000000 };

/* The value of a capability when direct colours are put into a description that has `own`. Colours
 * below 256 mean the palette, others 0xrrggbb. */
bool terminfo_direct_flag(const char *name, bool own);
int terminfo_direct_number(const char *name, int own);
const char *terminfo_direct_string(const char *name, const char *own);

/* Appends "hex:..." as the variable TERMINFO takes it (ncurses(3), from 6.1 on); false: too large.
 */
bool terminfo_print(const struct terminfo_entry *entry, struct buf *out);

#endif
