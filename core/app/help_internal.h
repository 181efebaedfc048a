/* What the three kinds of help share. */
#ifndef GATEHOUSE_APP_HELP_INTERNAL_H
#define GATEHOUSE_APP_HELP_INTERNAL_H

#include "core/app/options.h"
#include "core/base/buf.h"

bool help_is_option_of(enum option option, enum verb verb);
bool help_is_global(enum option option);                       /* of every verb */
bool help_is_shown(enum verb verb);                            /* not internal */
void help_print_choices(const char *choices, struct buf *out); /* " (a, b)" of "a|b" */

#endif
