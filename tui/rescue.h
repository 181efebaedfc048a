/* The way back to a sane terminal, also from the handler of a crash: what must be written and set
 * is prepared beforehand. One terminal a process. */
#ifndef GATEHOUSE_TUI_RESCUE_H
#define GATEHOUSE_TUI_RESCUE_H

#include "core/base/str.h"

enum { RESCUE_BYTES_MAX = 1024 };

void rescue_remember(void);              /* the modes of the line as they are now */
void rescue_set_bytes(struct str bytes); /* copied; what leaves every mode that is on */
void rescue_arm(void);                   /* from now on there is something to restore */
void rescue_disarm(void); /* restores the line; the bytes are the caller's to write */
bool rescue_is_armed(void);
/* Takes over the signals that end a program, and the end of memory: each restores the terminal
 * first, then has its way. */
void rescue_watch(void);
void rescue_unwatch(void);
/* All bytes to the terminal; gives up when it is gone. For handlers too. */
void rescue_write(struct str bytes);

#endif
