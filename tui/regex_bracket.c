/* Characters, escapes and brackets. */
#include "tui/regex_automaton.h"

#include "core/base/utf8.h"

#include <ctype.h>
#include <stddef.h>

enum { ASCII_COUNT = 128 };

static void add_class(struct byte_set *set, int (*is_member)(int), bool is_member_wanted)
{
    for (int i = 0; i < ASCII_COUNT; i++) {
        bool is_in = is_member(i) != 0 || (is_member == isalnum && i == '_');
        set->has[i] = set->has[i] || is_in == is_member_wanted;
    }
}

/* \d \w \s: true when it is one of them. */
bool regex_add_escaped_class(struct byte_set *set, unsigned char c)
{
    int (*is_member)(int) = tolower(c) == 'd'   ? isdigit
                            : tolower(c) == 'w' ? isalnum
                            : tolower(c) == 's' ? isspace
                                                : NULL;
    if (is_member != NULL) {
        add_class(set, is_member, islower(c) != 0);
    }
    return is_member != NULL;
}

static bool add_named_class(struct regex_parser *parser, struct byte_set *set)
{
    static const struct {
        const char *name;
        int (*is_member)(int);
    } classes[] = {{"alpha", isalpha}, {"digit", isdigit}, {"alnum", isalnum},
                   {"upper", isupper}, {"lower", islower}, {"space", isspace},
                   {"blank", isblank}, {"punct", ispunct}, {"print", isprint},
                   {"graph", isgraph}, {"cntrl", iscntrl}, {"xdigit", isxdigit}};
    struct str rest = {parser->pattern.ptr + parser->at + 2, parser->pattern.len - parser->at - 2};
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        struct str name = str_from(classes[i].name);
        struct str behind = {rest.ptr + name.len, rest.len < name.len ? 0 : rest.len - name.len};
        if (str_starts_with(rest, name) && str_starts_with(behind, STR(":]"))) {
            for (int c = 0; c < ASCII_COUNT; c++) {
                set->has[c] = set->has[c] || classes[i].is_member(c) != 0;
            }
            parser->at += name.len + 4;
            return true;
        }
    }
    return regex_fail(parser, "no such class of characters");
}

/* The character that a backslash stands before; parser->at is behind the backslash. */
bool regex_escaped_char(struct regex_parser *parser, struct str *out_bytes)
{
    char c = parser_next_char(parser);
    if (parser_is_at_end(parser)) {
        return regex_fail(parser, "nothing follows the \\");
    }
    if (isdigit((unsigned char)c)) {
        return regex_fail(parser, "back-references are not supported");
    }
    if (isalpha((unsigned char)c) && c != 't') {
        return regex_fail(parser, "there is no such escape");
    }
    uint32_t ignored = 0;
    struct str rest = {parser->pattern.ptr + parser->at, parser->pattern.len - parser->at};
    size_t len = utf8_decode(rest, &ignored);
    *out_bytes = c == 't' ? STR("\t") : (struct str){rest.ptr, len};
    parser->at += len;
    return true;
}

bool regex_one_char(struct regex_parser *parser, struct str *out_bytes)
{
    uint32_t ignored = 0;
    if (parser_is_at(parser, '\\')) {
        parser->at++;
        return regex_escaped_char(parser, out_bytes);
    }
    struct str rest = {parser->pattern.ptr + parser->at, parser->pattern.len - parser->at};
    *out_bytes = (struct str){rest.ptr, utf8_decode(rest, &ignored)};
    parser->at += out_bytes->len;
    return true;
}

struct bracket {
    bool is_negated;
    struct byte_set ascii;
    bool has_others; /* characters beyond ASCII: */
    struct regex_part others;
};

static bool add_range(struct regex_parser *parser, struct bracket *bracket, struct str low)
{
    struct str high = STR("");
    parser->at++; /* the - */
    if (!regex_one_char(parser, &high)) {
        return false;
    }
    if (low.len > 1 || high.len > 1) {
        return regex_fail(parser, "a range takes ASCII characters only");
    }
    if ((unsigned char)low.ptr[0] > (unsigned char)high.ptr[0]) {
        return regex_fail(parser, "a range that ends before it begins");
    }
    for (size_t c = (unsigned char)low.ptr[0]; c <= (unsigned char)high.ptr[0]; c++) {
        bracket->ascii.has[c] = true;
    }
    return true;
}

static bool add_other(struct regex_parser *parser, struct bracket *bracket, struct str bytes)
{
    struct regex_part part = {.is_nullable = false};
    if (bracket->is_negated) {
        return regex_fail(parser, "[^...] takes ASCII characters only");
    }
    if (!part_of_literal(parser, bytes, &part)) {
        return false;
    }
    if (bracket->has_others) {
        part_alternate(&bracket->others, &part);
    } else {
        bracket->others = part;
    }
    bracket->has_others = true;
    return true;
}

static bool bracket_member(struct regex_parser *parser, struct bracket *bracket)
{
    const char *at = parser->pattern.ptr + parser->at;
    size_t left = parser->pattern.len - parser->at;
    struct str bytes = STR("");
    if (left > 1 && at[0] == '[' && at[1] == ':') {
        return add_named_class(parser, &bracket->ascii);
    }
    if (left > 1 && at[0] == '\\' &&
        regex_add_escaped_class(&bracket->ascii, (unsigned char)at[1])) {
        parser->at += 2;
        return true;
    }
    if (!regex_one_char(parser, &bytes)) {
        return false;
    }
    bool is_range = parser->at + 1 < parser->pattern.len && parser_is_at(parser, '-') &&
                    parser->pattern.ptr[parser->at + 1] != ']';
    if (is_range) {
        return add_range(parser, bracket, bytes);
    }
    if (bytes.len > 1) {
        return add_other(parser, bracket, bytes);
    }
    bracket->ascii.has[(unsigned char)bytes.ptr[0]] = true;
    return true;
}

static bool negated_part(struct regex_parser *parser, struct byte_set *set,
                         struct regex_part *out_part)
{
    struct byte_set wanted = {{false}};
    for (size_t i = 0; i < ASCII_COUNT; i++) {
        bool is_other_case = parser->is_folded && isalpha((int)i) && set->has[i ^ 0x20U];
        wanted.has[i] = !set->has[i] && !is_other_case;
    }
    return part_of_any_char(parser, &wanted, out_part);
}

bool regex_bracket(struct regex_parser *parser, struct regex_part *out_part)
{
    struct bracket bracket = {.is_negated = false};
    size_t opened = parser->at++;
    if (parser_is_at(parser, '^')) {
        bracket.is_negated = true;
        parser->at++;
    }
    for (bool is_first = true; is_first || !parser_is_at(parser, ']'); is_first = false) {
        if (parser_is_at_end(parser)) {
            parser->at = opened;
            return regex_fail(parser, "a [ that no ] ends");
        }
        if (!bracket_member(parser, &bracket)) {
            return false;
        }
    }
    parser->at++;
    if (bracket.is_negated) {
        return negated_part(parser, &bracket.ascii, out_part);
    }
    if (!part_of_bytes(parser, &bracket.ascii, out_part)) {
        return false;
    }
    if (bracket.has_others) {
        part_alternate(out_part, &bracket.others);
    }
    return true;
}
