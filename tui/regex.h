/* Extended regular expressions whose cost has a bound that no line can break: an automaton of at
 * most 256 positions kept as bits (Glushkov 1961; Navarro and Raffinot 2001), a few table look-ups
 * a byte, no backtracking, no memory that grows. Pure; any thread.
 *
 * As POSIX says (XBD 9.4): . [abc] [^a-z] [[:digit:]] ( ) | * + ? {m} {m,} {m,n} ^ $ and \ before a
 * sign. Beyond it: \d \w \s \D \W \S, \t, and \ has the same meaning inside brackets. Not there:
 * back-references. Text is UTF-8; ranges and negated brackets name ASCII characters only. */
#ifndef GATEHOUSE_TUI_REGEX_H
#define GATEHOUSE_TUI_REGEX_H

#include "core/base/error.h"
#include "core/base/str.h"

enum { REGEX_POSITIONS_MAX = 256, REGEX_PATTERN_MAX = 1024 };

struct regex;
/* is_folded: ASCII letters match both cases. NULL with err ("bad_regex", permanent: what is wrong
 * and at which character of the pattern, from 1). */
struct regex *regex_new(struct str pattern, bool is_folded, struct error *err);
void regex_free(struct regex *regex); /* accepts NULL */

bool regex_matches(const struct regex *regex, struct str text); /* somewhere in text */

/* The leftmost longest place in text that matches, is not empty and lies within `within`. */
struct text_span {
    size_t start, end; /* offsets; end is behind the last byte */
};
bool regex_find(const struct regex *regex, struct str text, struct text_span within,
                struct text_span *out_span);

#endif
