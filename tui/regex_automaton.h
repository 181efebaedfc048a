/* The automaton of a regular expression, and the pieces that build it; between regex.c, which runs
 * it, and regex_parse.c, regex_bracket.c and regex_part.c. */
#ifndef GATEHOUSE_TUI_REGEX_AUTOMATON_H
#define GATEHOUSE_TUI_REGEX_AUTOMATON_H

#include "tui/regex.h"

enum { SET_WORDS = REGEX_POSITIONS_MAX / 64 };
/* What a position consumes: a byte, or the beginning or the end of the text. */
enum { SYMBOL_BEGIN = 256, SYMBOL_END, SYMBOL_COUNT };

struct position_set {
    uint64_t words[SET_WORDS];
};
void position_set_add(struct position_set *set, const struct position_set *other);

struct automaton {
    size_t positions;
    bool is_nullable; /* it matches nothing at all, so every text */
    struct position_set first, last;
    struct position_set follow[REGEX_POSITIONS_MAX];
    struct position_set symbols[SYMBOL_COUNT]; /* positions that consume it */
};
bool automaton_parse(struct automaton *automaton, struct str pattern, bool is_folded,
                     struct error *err);

struct regex_parser {
    struct automaton *automaton;
    struct str pattern;
    size_t at; /* byte of the pattern */
    bool is_folded;
    struct error *err;
};
bool parser_is_at_end(const struct regex_parser *parser);
bool parser_is_at(const struct regex_parser *parser, char c);
char parser_next_char(const struct regex_parser *parser); /* NUL at the end */
/* Sets err: what is wrong, at which character. Gives false. */
bool regex_fail(struct regex_parser *parser, const char *what);

/* ---- parts: the positions that a match of them may begin and end with */
struct regex_part {
    struct position_set first, last;
    bool is_nullable;
};
struct byte_set {
    bool has[256];
};
bool part_of_symbol(struct regex_parser *parser, size_t symbol, struct regex_part *out_part);
bool part_of_bytes(struct regex_parser *parser, const struct byte_set *bytes,
                   struct regex_part *out_part);
/* One character of UTF-8: a byte a position. */
bool part_of_literal(struct regex_parser *parser, struct str bytes, struct regex_part *out_part);
/* One of these ASCII characters, or any other: a first byte and all that continue it. */
bool part_of_any_char(struct regex_parser *parser, struct byte_set *set,
                      struct regex_part *out_part);
void part_link(struct automaton *automaton, const struct position_set *from,
               const struct position_set *to);
void part_concatenate(struct automaton *automaton, struct regex_part *part,
                      const struct regex_part *next);
void part_alternate(struct regex_part *part, const struct regex_part *other);

/* ---- characters; all leave parser->at behind what they took */
bool regex_one_char(struct regex_parser *parser, struct str *out_bytes);
/* The character that a backslash stands before; parser->at is behind the backslash. */
bool regex_escaped_char(struct regex_parser *parser, struct str *out_bytes);
/* \d \w \s and their opposites: true when c is one of them. */
bool regex_add_escaped_class(struct byte_set *set, unsigned char c);
bool regex_bracket(struct regex_parser *parser, struct regex_part *out_part);

#endif
