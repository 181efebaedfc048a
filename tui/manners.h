/* The sequences beyond terminfo that a terminal emulator may get, and who gets them. Pure. */
#ifndef GATEHOUSE_TUI_MANNERS_H
#define GATEHOUSE_TUI_MANNERS_H

#include "core/base/buf.h"

#include <stdbool.h>

/* X(id, switch on, switch off). DECSET numbers as in xterm's ctlseqs; 2026 is "synchronized
 * output". A title is kept on the terminal's own stack while it is ours; where there is no such
 * stack, the empty title brings the default back. */
#define TERM_MODES(X)                                                                              \
    X(PASTE, "\033[?2004h", "\033[?2004l")                                                         \
    X(MOUSE, "\033[?1000h\033[?1006h", "\033[?1006l\033[?1000l")                                   \
    X(FRAME, "\033[?2026h", "\033[?2026l")                                                         \
    X(TITLE, "\033[22;2t", "\033]2;\007\033[23;2t")
enum term_mode {
#define X(id, on, off) TERM_MODE_##id,
    TERM_MODES(X)
#undef X
        TERM_MODE_COUNT
};
const char *term_mode_bytes(enum term_mode mode, bool is_on);

/* What happens at the pointer. */
struct pointer {
    enum { POINTER_PRESS, POINTER_WHEEL_UP, POINTER_WHEEL_DOWN, POINTER_OTHER } kind;
    int x, y; /* from 0 */
};
/* A report that arrives character by character: of mode 1006, "0;12;5M" behind "ESC [ <", or an old
 * one, three characters behind "ESC [ M". */
struct pointer_report {
    enum { POINTER_REPORT_NONE, POINTER_REPORT_NEW, POINTER_REPORT_OLD } kind;
    char text[32];
    size_t len;
};
void pointer_begin(struct pointer_report *report, bool is_old);
/* True when the report is complete; one that is none is dropped. */
bool pointer_take(struct pointer_report *report, uint32_t character, struct pointer *out_pointer);

/* Terminals that are known to hold a frame back until it is complete, by the values of TERM and
 * TERM_PROGRAM (NULL: not set). Asking them would put an answer among the keys. */
bool manners_knows_frames(const char *term, const char *term_program);

/* "\033]9;text\007", a notice of the desktop (iTerm2, ConEmu, kitty, foot ...); control bytes of
 * the text are made visible. */
void manners_append_notice(struct str text, struct buf *out);
void manners_append_title(struct str text, struct buf *out); /* the same for the title */

#endif
