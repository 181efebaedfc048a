/* A command line cut into words as a POSIX shell would, without being one: blanks, quotes and
 * backslashes mean what they do there, and nothing else means anything. Pure. */
#ifndef GATEHOUSE_AWS_COMMAND_WORDS_H
#define GATEHOUSE_AWS_COMMAND_WORDS_H

#include "core/base/error.h"

/* Gives the words, ended by NULL; command_words_free releases them. NULL with err (permanent, code
 * "bad_command") when a quote is not closed, a backslash ends it, or there is no word. */
char **command_words_split(struct str text, struct error *err);
void command_words_free(char **words); /* accepts NULL */

#endif
