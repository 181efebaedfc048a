/* The terminal: the only file behind this header knows curses. It shows a screen, gives keys, and
 * leaves the terminal as it was however the program ends. One terminal a process; loop thread. */
#ifndef GATEHOUSE_TUI_TERM_H
#define GATEHOUSE_TUI_TERM_H

#include "core/base/error.h"
#include "tui/manners.h"
#include "tui/screen.h"

/* False with err ("no_terminal", permanent) when standard input or output is no terminal, or its
 * TERM is missing, dumb or unknown. */
bool term_check(struct error *err);
/* Enters the alternate screen. Handlers for fatal signals restore the terminal before they let the
 * signal have its way. The wish is completed by what the terminal can. */
bool term_open(const struct theme *theme, const struct color_wish *wish, struct error *err);
void term_set_theme(const struct theme *theme); /* the next term_show paints everything */
void term_close(void);                          /* harmless when it is not open */
bool term_is_ascii(void);
void term_size(int *out_cols, int *out_rows); /* asks the terminal */

/* It understands what TERM_MODES holds; else nothing of that is sent. */
bool term_is_emulator(void);
/* Switches a mode; it is off again however the program ends, and while it is suspended. FRAME
 * means that larger changes are sent as one frame. */
void term_set_mode(enum term_mode mode, bool is_on);
void term_set_title(const char *title); /* with TERM_MODE_TITLE on */
/* Bytes as they are, to emulators only. */
void term_send(struct str bytes);
void term_beep(void); /* to every terminal that has a bell */

/* Sends what differs from what is shown. */
void term_show(const struct screen *screen);
void term_forget(void); /* the next term_show paints everything */
/* To wait for keys on: a description of its own, for those who make it non-blocking; what is sent
 * must not get lost when the terminal is slow. Open as long as the terminal is. */
int term_fd(void);
/* The next key that has arrived, or false: none. A key right behind Esc carries INPUT_META.
 * INPUT_POINTER: see term_pointer. out_is_gone: the terminal is no more. */
bool term_key(uint32_t *out_key, bool *out_is_gone);
struct pointer term_pointer(void); /* of the latest INPUT_POINTER */

/* Leaves the alternate screen; term_resume comes back. */
void term_suspend(void);
void term_resume(void);

#endif
