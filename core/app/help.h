/* Help, man page and completions, all from the tables of core/app/options. Pure. */
#ifndef GATEHOUSE_APP_HELP_H
#define GATEHOUSE_APP_HELP_H

#include "core/app/options.h"
#include "core/base/buf.h"

void help_print(enum verb verb, struct buf *out); /* VERB_NONE: of the program */
void help_print_man(const char *version, struct buf *out);
/* The actions of the console with their keys, as a table in Markdown: README.md holds it. */
void help_print_keymap(struct buf *out);
void help_print_completion(const char *shell, struct buf *out); /* bash, zsh or fish */

#endif
