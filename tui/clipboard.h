/* Copying to the clipboard of the terminal by OSC 52 (xterm's "Manipulate Selection Data"), through
 * tmux and screen too. Pure. */
#ifndef GATEHOUSE_TUI_CLIPBOARD_H
#define GATEHOUSE_TUI_CLIPBOARD_H

#include "core/base/buf.h"

enum clipboard_way {
    CLIPBOARD_PLAIN,
    CLIPBOARD_TMUX,  /* DCS passthrough; tmux needs "set -g allow-passthrough on" */
    CLIPBOARD_SCREEN /* a DCS for each piece: screen limits their length */
};
/* By the values of TERM, TMUX and STY; NULL: not set. */
enum clipboard_way clipboard_way_of(const char *term, const char *tmux, const char *sty);
/* Appends the bytes that make the terminal copy `text`; false when they do not fit. */
bool clipboard_encode(struct str text, enum clipboard_way way, struct buf *out);

#endif
