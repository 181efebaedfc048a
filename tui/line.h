/* A line that is typed: editing by characters, and drawing it with its cursor in view. Used by
 * prompts and by the fields of dialogs. Pure. */
#ifndef GATEHOUSE_TUI_LINE_H
#define GATEHOUSE_TUI_LINE_H

#include "tui/screen.h"

enum { LINE_SIZE = 512 };

struct line {             /* zero-initialised is empty */
    char text[LINE_SIZE]; /* UTF-8 without control bytes; more than fits is not taken */
    size_t cursor;        /* byte the cursor stands on; the length: behind the text */
};

void line_set(struct line *line, const char *text); /* cursor behind it */
void line_insert(struct line *line, struct str text);
/* C-a C-e C-u C-k C-w, Left Right Home End, Backspace Delete, and characters. False: the key is no
 * editing. */
bool line_key(struct line *line, uint32_t key);
/* From column x of row y on, shifted so that the cursor is in view. */
void line_draw(const struct line *line, const struct area *area, int x, int y, enum role role);

#endif
