/* The automaton of a regular expression; between regex_parse.c, which builds it, and regex.c, which
 * runs it. */
#ifndef GATEHOUSE_TUI_REGEX_AUTOMATON_H
#define GATEHOUSE_TUI_REGEX_AUTOMATON_H

#include "tui/regex.h"

enum { SET_WORDS = REGEX_POSITIONS_MAX / 64 };
/* What a position consumes: a byte, or the beginning or the end of the text. */
enum { SYMBOL_BEGIN = 256, SYMBOL_END, SYMBOL_COUNT };

struct position_set {
    uint64_t words[SET_WORDS];
};

struct automaton {
    size_t positions;
    bool is_nullable; /* it matches nothing at all, so every text */
    struct position_set first, last;
    struct position_set follow[REGEX_POSITIONS_MAX];
    struct position_set symbols[SYMBOL_COUNT]; /* positions that consume it */
};

void set_add(struct position_set *set, const struct position_set *other);
bool automaton_parse(struct automaton *automaton, struct str pattern, bool is_folded,
                     struct error *err);

#endif
