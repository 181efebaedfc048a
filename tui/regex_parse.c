/* The grammar: recursive descent. A repeated part is parsed once for each of its copies. */
#include "tui/regex_automaton.h"

#include "core/base/utf8.h"

#include <ctype.h>
#include <string.h>

enum { REPEAT_MAX = 255, UNLIMITED = -1 };

bool parser_is_at_end(const struct regex_parser *parser)
{
    return parser->at == parser->pattern.len;
}

char parser_next_char(const struct regex_parser *parser)
{
    return parser_is_at_end(parser) ? '\0' : parser->pattern.ptr[parser->at];
}

bool parser_is_at(const struct regex_parser *parser, char c)
{
    return !parser_is_at_end(parser) && parser_next_char(parser) == c;
}

bool regex_fail(struct regex_parser *parser, const char *what)
{
    struct str before = {parser->pattern.ptr, parser->at};
    size_t column = 1;
    while (before.len > 0) {
        uint32_t c = 0;
        size_t len = utf8_decode(before, &c);
        before = (struct str){before.ptr + len, before.len - len};
        column++;
    }
    return error_set(parser->err, ERROR_PERMANENT, "bad_regex",
                     "%s at character %zu of \"" STR_FMT "\"", what, column,
                     STR_ARG(parser->pattern));
}

/* ---- the grammar */
static bool parse_alternatives(struct regex_parser *parser, struct regex_part *out_part);

static bool parse_group(struct regex_parser *parser, struct regex_part *out_part)
{
    size_t opened = parser->at++;
    if (!parse_alternatives(parser, out_part)) {
        return false;
    }
    if (!parser_is_at(parser, ')')) {
        parser->at = opened;
        return regex_fail(parser, "a ( that no ) ends");
    }
    parser->at++;
    return true;
}

static bool parse_escape(struct regex_parser *parser, struct regex_part *out_part)
{
    struct byte_set set = {{false}};
    struct str bytes = STR("");
    parser->at++;
    unsigned char c = (unsigned char)parser_next_char(parser);
    if (regex_add_escaped_class(&set, c)) {
        parser->at++;
        return isupper(c) ? part_of_any_char(parser, &set, out_part)
                          : part_of_bytes(parser, &set, out_part);
    }
    return regex_escaped_char(parser, &bytes) && part_of_literal(parser, bytes, out_part);
}

static bool is_at_count(const struct regex_parser *parser)
{
    return parser_is_at(parser, '{') && parser->at + 1 < parser->pattern.len &&
           isdigit((unsigned char)parser->pattern.ptr[parser->at + 1]);
}

static bool is_at_repeat(const struct regex_parser *parser)
{
    return parser_is_at(parser, '*') || parser_is_at(parser, '+') || parser_is_at(parser, '?') ||
           is_at_count(parser);
}

static bool parse_atom(struct regex_parser *parser, struct regex_part *out_part)
{
    struct byte_set any;
    struct str bytes = STR("");
    if (is_at_repeat(parser)) {
        return regex_fail(parser, "nothing to repeat");
    }
    switch (parser_next_char(parser)) {
    case '(':
        return parse_group(parser, out_part);
    case '[':
        return regex_bracket(parser, out_part);
    case '\\':
        return parse_escape(parser, out_part);
    case '.':
        parser->at++;
        memset(&any, true, sizeof(any));
        return part_of_any_char(parser, &any, out_part);
    case '^':
    case '$':
        return part_of_symbol(
            parser, parser->pattern.ptr[parser->at++] == '^' ? SYMBOL_BEGIN : SYMBOL_END, out_part);
    default:
        return regex_one_char(parser, &bytes) && part_of_literal(parser, bytes, out_part);
    }
}

static bool parse_number(struct regex_parser *parser, int *out_number)
{
    int number = 0;
    while (!parser_is_at_end(parser) && isdigit((unsigned char)parser_next_char(parser))) {
        number = number * 10 + (parser_next_char(parser) - '0');
        if (number > REPEAT_MAX) {
            return regex_fail(parser, "at most 255 repetitions");
        }
        parser->at++;
    }
    *out_number = number;
    return true;
}

/* {m} {m,} {m,n} * + ? */
static bool parse_repeat(struct regex_parser *parser, int *out_least, int *out_most)
{
    char c = parser->pattern.ptr[parser->at++];
    if (c != '{') {
        *out_least = c == '+' ? 1 : 0;
        *out_most = c == '?' ? 1 : UNLIMITED;
        return true;
    }
    if (!parse_number(parser, out_least)) {
        return false;
    }
    *out_most = *out_least;
    if (parser_is_at(parser, ',')) {
        parser->at++;
        *out_most = UNLIMITED;
        if (!parser_is_at(parser, '}') && !parse_number(parser, out_most)) {
            return false;
        }
    }
    if (!parser_is_at(parser, '}')) {
        return regex_fail(parser, "a { that no } ends");
    }
    parser->at++;
    return *out_most == UNLIMITED || *out_least <= *out_most ||
           regex_fail(parser, "more repetitions at least than at most");
}

/* The atom that was parsed from `start` on, so many times; parser->at stays where it is. */
static bool repeat(struct regex_parser *parser, size_t start, int least, int most,
                   struct regex_part *part)
{
    size_t end = parser->at;
    int copies = most == UNLIMITED ? (least > 0 ? least : 1) : most;
    struct regex_part all = {.is_nullable = true};
    for (int i = 0; i < copies; i++) {
        struct regex_part copy = *part;
        parser->at = start;
        if (i > 0 && !parse_atom(parser, &copy)) {
            return false;
        }
        if (most == UNLIMITED && i == copies - 1) {
            part_link(parser->automaton, &copy.last, &copy.first);
        }
        copy.is_nullable = copy.is_nullable || i >= least;
        part_concatenate(parser->automaton, &all, &copy);
    }
    parser->at = end;
    *part = all;
    return true;
}

static bool parse_piece(struct regex_parser *parser, struct regex_part *out_part)
{
    size_t start = parser->at;
    if (!parse_atom(parser, out_part)) {
        return false;
    }
    if (is_at_repeat(parser)) {
        int least = 0, most = 0;
        if (!parse_repeat(parser, &least, &most) || !repeat(parser, start, least, most, out_part)) {
            return false;
        }
    }
    return !is_at_repeat(parser) || regex_fail(parser, "a repetition of a repetition: use ( )");
}

static bool parse_sequence(struct regex_parser *parser, struct regex_part *out_part)
{
    bool is_first = true;
    while (!parser_is_at_end(parser) && !parser_is_at(parser, '|') && !parser_is_at(parser, ')')) {
        struct regex_part next = {.is_nullable = false};
        if (!parse_piece(parser, &next)) {
            return false;
        }
        if (is_first) {
            *out_part = next;
        } else {
            part_concatenate(parser->automaton, out_part, &next);
        }
        is_first = false;
    }
    return !is_first || regex_fail(parser, "an expression is missing");
}

static bool parse_alternatives(struct regex_parser *parser, struct regex_part *out_part)
{
    if (!parse_sequence(parser, out_part)) {
        return false;
    }
    while (parser_is_at(parser, '|')) {
        struct regex_part other = {.is_nullable = false};
        parser->at++;
        if (!parse_sequence(parser, &other)) {
            return false;
        }
        part_alternate(out_part, &other);
    }
    return true;
}

bool automaton_parse(struct automaton *automaton, struct str pattern, bool is_folded,
                     struct error *err)
{
    struct regex_parser parser = {automaton, pattern, 0, is_folded, err};
    struct regex_part whole = {.is_nullable = false};
    if (!parse_alternatives(&parser, &whole)) {
        return false;
    }
    if (!parser_is_at_end(&parser)) {
        return regex_fail(&parser, "a ) that no ( began");
    }
    automaton->first = whole.first;
    automaton->last = whole.last;
    automaton->is_nullable = whole.is_nullable;
    return true;
}
