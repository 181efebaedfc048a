/* Pattern to automaton: recursive descent, each part giving which positions it may begin and end
 * with. A repeated part is parsed once for each of its copies. */
#include "tui/regex_automaton.h"

#include "core/base/utf8.h"

#include <ctype.h>
#include <string.h>

enum { ASCII_COUNT = 128, REPEAT_MAX = 255, UNLIMITED = -1 };

struct part {
    struct position_set first, last;
    bool is_nullable;
};

struct parser {
    struct automaton *automaton;
    struct str pattern;
    size_t at;
    bool is_folded;
    struct error *err;
};

struct byte_set {
    bool has[256];
};

static bool fail(struct parser *parser, const char *what)
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

static bool is_at_end(const struct parser *parser)
{
    return parser->at == parser->pattern.len;
}

static char next_char(const struct parser *parser)
{
    return is_at_end(parser) ? '\0' : parser->pattern.ptr[parser->at];
}

static bool is_at(const struct parser *parser, char c)
{
    return !is_at_end(parser) && next_char(parser) == c;
}

/* ---- parts */
void set_add(struct position_set *set, const struct position_set *other)
{
    for (size_t i = 0; i < SET_WORDS; i++) {
        set->words[i] |= other->words[i];
    }
}

static void link_parts(struct automaton *automaton, const struct position_set *from,
                       const struct position_set *to)
{
    for (size_t i = 0; i < automaton->positions; i++) {
        if ((from->words[i / 64] >> (i % 64) & 1) != 0) {
            set_add(&automaton->follow[i], to);
        }
    }
}

static void concatenate(struct automaton *automaton, struct part *part, const struct part *next)
{
    link_parts(automaton, &part->last, &next->first);
    if (part->is_nullable) {
        set_add(&part->first, &next->first);
    }
    if (!next->is_nullable) {
        part->last = (struct position_set){{0}};
    }
    set_add(&part->last, &next->last);
    part->is_nullable = part->is_nullable && next->is_nullable;
}

static void alternate(struct part *part, const struct part *other)
{
    set_add(&part->first, &other->first);
    set_add(&part->last, &other->last);
    part->is_nullable = part->is_nullable || other->is_nullable;
}

static bool new_position(struct parser *parser, struct part *out_part)
{
    size_t position = parser->automaton->positions;
    if (position == REGEX_POSITIONS_MAX) {
        return fail(parser, "the expression is too large (repetitions count as often as they may "
                            "occur)");
    }
    parser->automaton->positions++;
    *out_part = (struct part){.is_nullable = false};
    out_part->first.words[position / 64] = (uint64_t)1 << (position % 64);
    out_part->last = out_part->first;
    return true;
}

static bool symbol_part(struct parser *parser, size_t symbol, struct part *out_part)
{
    if (!new_position(parser, out_part)) {
        return false;
    }
    set_add(&parser->automaton->symbols[symbol], &out_part->first);
    return true;
}

static bool bytes_part(struct parser *parser, const struct byte_set *bytes, struct part *out_part)
{
    if (!new_position(parser, out_part)) {
        return false;
    }
    for (size_t i = 0; i < 256; i++) {
        bool is_other_case =
            parser->is_folded && isalpha((int)i) && i < ASCII_COUNT && bytes->has[i ^ 0x20U];
        if (bytes->has[i] || is_other_case) {
            set_add(&parser->automaton->symbols[i], &out_part->first);
        }
    }
    return true;
}

/* One character of UTF-8: a byte a position. */
static bool literal_part(struct parser *parser, struct str bytes, struct part *out_part)
{
    for (size_t i = 0; i < bytes.len; i++) {
        struct byte_set set = {{false}};
        struct part next;
        set.has[(unsigned char)bytes.ptr[i]] = true;
        if (!bytes_part(parser, &set, &next)) {
            return false;
        }
        if (i == 0) {
            *out_part = next;
        } else {
            concatenate(parser->automaton, out_part, &next);
        }
    }
    return true;
}

/* One of these ASCII characters, or any other: a first byte and all that continue it. */
static bool wide_part(struct parser *parser, struct byte_set *set, struct part *out_part)
{
    struct byte_set rest = {{false}};
    struct part next;
    for (size_t i = 0x80; i < 256; i++) {
        bool is_continuation = i < 0xc0;
        set->has[i] = !is_continuation;
        rest.has[i] = is_continuation;
    }
    if (!bytes_part(parser, set, out_part) || !bytes_part(parser, &rest, &next)) {
        return false;
    }
    link_parts(parser->automaton, &next.last, &next.first);
    next.is_nullable = true;
    concatenate(parser->automaton, out_part, &next);
    return true;
}

/* ---- characters and brackets */
static void add_class(struct byte_set *set, int (*is_member)(int), bool is_member_wanted)
{
    for (int i = 0; i < ASCII_COUNT; i++) {
        bool is_in = is_member(i) != 0 || (is_member == isalnum && i == '_');
        set->has[i] = set->has[i] || is_in == is_member_wanted;
    }
}

/* \d \w \s: true when it is one of them. */
static bool add_escaped_class(struct byte_set *set, unsigned char c)
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

static bool add_named_class(struct parser *parser, struct byte_set *set)
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
    return fail(parser, "no such class of characters");
}

/* The character that a backslash stands before; parser->at is behind the backslash. */
static bool escaped_char(struct parser *parser, struct str *out_bytes)
{
    char c = next_char(parser);
    if (is_at_end(parser)) {
        return fail(parser, "nothing follows the \\");
    }
    if (isdigit((unsigned char)c)) {
        return fail(parser, "back-references are not supported");
    }
    if (isalpha((unsigned char)c) && c != 't') {
        return fail(parser, "there is no such escape");
    }
    uint32_t ignored = 0;
    struct str rest = {parser->pattern.ptr + parser->at, parser->pattern.len - parser->at};
    size_t len = utf8_decode(rest, &ignored);
    *out_bytes = c == 't' ? STR("\t") : (struct str){rest.ptr, len};
    parser->at += len;
    return true;
}

static bool one_char(struct parser *parser, struct str *out_bytes)
{
    uint32_t ignored = 0;
    if (is_at(parser, '\\')) {
        parser->at++;
        return escaped_char(parser, out_bytes);
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
    struct part others;
};

static bool add_range(struct parser *parser, struct bracket *bracket, struct str low)
{
    struct str high;
    parser->at++; /* the - */
    if (!one_char(parser, &high)) {
        return false;
    }
    if (low.len > 1 || high.len > 1) {
        return fail(parser, "a range takes ASCII characters only");
    }
    if ((unsigned char)low.ptr[0] > (unsigned char)high.ptr[0]) {
        return fail(parser, "a range that ends before it begins");
    }
    for (size_t c = (unsigned char)low.ptr[0]; c <= (unsigned char)high.ptr[0]; c++) {
        bracket->ascii.has[c] = true;
    }
    return true;
}

static bool add_other(struct parser *parser, struct bracket *bracket, struct str bytes)
{
    struct part part;
    if (bracket->is_negated) {
        return fail(parser, "[^...] takes ASCII characters only");
    }
    if (!literal_part(parser, bytes, &part)) {
        return false;
    }
    if (bracket->has_others) {
        alternate(&bracket->others, &part);
    } else {
        bracket->others = part;
    }
    bracket->has_others = true;
    return true;
}

static bool bracket_member(struct parser *parser, struct bracket *bracket)
{
    const char *at = parser->pattern.ptr + parser->at;
    size_t left = parser->pattern.len - parser->at;
    struct str bytes;
    if (left > 1 && at[0] == '[' && at[1] == ':') {
        return add_named_class(parser, &bracket->ascii);
    }
    if (left > 1 && at[0] == '\\' && add_escaped_class(&bracket->ascii, (unsigned char)at[1])) {
        parser->at += 2;
        return true;
    }
    if (!one_char(parser, &bytes)) {
        return false;
    }
    bool is_range = parser->at + 1 < parser->pattern.len && is_at(parser, '-') &&
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

static bool negated_part(struct parser *parser, struct byte_set *set, struct part *out_part)
{
    struct byte_set wanted = {{false}};
    for (size_t i = 0; i < ASCII_COUNT; i++) {
        bool is_other_case = parser->is_folded && isalpha((int)i) && set->has[i ^ 0x20U];
        wanted.has[i] = !set->has[i] && !is_other_case;
    }
    return wide_part(parser, &wanted, out_part);
}

static bool parse_bracket(struct parser *parser, struct part *out_part)
{
    struct bracket bracket = {.is_negated = false};
    size_t opened = parser->at++;
    if (is_at(parser, '^')) {
        bracket.is_negated = true;
        parser->at++;
    }
    for (bool is_first = true; is_first || !is_at(parser, ']'); is_first = false) {
        if (is_at_end(parser)) {
            parser->at = opened;
            return fail(parser, "a [ that no ] ends");
        }
        if (!bracket_member(parser, &bracket)) {
            return false;
        }
    }
    parser->at++;
    if (bracket.is_negated) {
        return negated_part(parser, &bracket.ascii, out_part);
    }
    if (!bytes_part(parser, &bracket.ascii, out_part)) {
        return false;
    }
    if (bracket.has_others) {
        alternate(out_part, &bracket.others);
    }
    return true;
}

/* ---- the grammar */
static bool parse_alternatives(struct parser *parser, struct part *out_part);

static bool parse_group(struct parser *parser, struct part *out_part)
{
    size_t opened = parser->at++;
    if (!parse_alternatives(parser, out_part)) {
        return false;
    }
    if (!is_at(parser, ')')) {
        parser->at = opened;
        return fail(parser, "a ( that no ) ends");
    }
    parser->at++;
    return true;
}

static bool parse_escape(struct parser *parser, struct part *out_part)
{
    struct byte_set set = {{false}};
    struct str bytes;
    parser->at++;
    unsigned char c = (unsigned char)next_char(parser);
    if (add_escaped_class(&set, c)) {
        parser->at++;
        return isupper(c) ? wide_part(parser, &set, out_part) : bytes_part(parser, &set, out_part);
    }
    return escaped_char(parser, &bytes) && literal_part(parser, bytes, out_part);
}

static bool is_at_count(const struct parser *parser)
{
    return is_at(parser, '{') && parser->at + 1 < parser->pattern.len &&
           isdigit((unsigned char)parser->pattern.ptr[parser->at + 1]);
}

static bool is_at_repeat(const struct parser *parser)
{
    return is_at(parser, '*') || is_at(parser, '+') || is_at(parser, '?') || is_at_count(parser);
}

static bool parse_atom(struct parser *parser, struct part *out_part)
{
    struct byte_set any;
    struct str bytes;
    if (is_at_repeat(parser)) {
        return fail(parser, "nothing to repeat");
    }
    switch (next_char(parser)) {
    case '(':
        return parse_group(parser, out_part);
    case '[':
        return parse_bracket(parser, out_part);
    case '\\':
        return parse_escape(parser, out_part);
    case '.':
        parser->at++;
        memset(&any, true, sizeof(any));
        return wide_part(parser, &any, out_part);
    case '^':
    case '$':
        return symbol_part(
            parser, parser->pattern.ptr[parser->at++] == '^' ? SYMBOL_BEGIN : SYMBOL_END, out_part);
    default:
        return one_char(parser, &bytes) && literal_part(parser, bytes, out_part);
    }
}

static bool parse_number(struct parser *parser, int *out_number)
{
    int number = 0;
    while (!is_at_end(parser) && isdigit((unsigned char)next_char(parser))) {
        number = number * 10 + (next_char(parser) - '0');
        if (number > REPEAT_MAX) {
            return fail(parser, "at most 255 repetitions");
        }
        parser->at++;
    }
    *out_number = number;
    return true;
}

/* {m} {m,} {m,n} * + ? */
static bool parse_repeat(struct parser *parser, int *out_least, int *out_most)
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
    if (is_at(parser, ',')) {
        parser->at++;
        *out_most = UNLIMITED;
        if (!is_at(parser, '}') && !parse_number(parser, out_most)) {
            return false;
        }
    }
    if (!is_at(parser, '}')) {
        return fail(parser, "a { that no } ends");
    }
    parser->at++;
    return *out_most == UNLIMITED || *out_least <= *out_most ||
           fail(parser, "more repetitions at least than at most");
}

/* The atom that was parsed from `start` on, so many times; parser->at stays where it is. */
static bool repeat(struct parser *parser, size_t start, int least, int most, struct part *part)
{
    size_t end = parser->at;
    int copies = most == UNLIMITED ? (least > 0 ? least : 1) : most;
    struct part all = {.is_nullable = true};
    for (int i = 0; i < copies; i++) {
        struct part copy = *part;
        parser->at = start;
        if (i > 0 && !parse_atom(parser, &copy)) {
            return false;
        }
        if (most == UNLIMITED && i == copies - 1) {
            link_parts(parser->automaton, &copy.last, &copy.first);
        }
        copy.is_nullable = copy.is_nullable || i >= least;
        concatenate(parser->automaton, &all, &copy);
    }
    parser->at = end;
    *part = all;
    return true;
}

static bool parse_piece(struct parser *parser, struct part *out_part)
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
    return !is_at_repeat(parser) || fail(parser, "a repetition of a repetition: use ( )");
}

static bool parse_sequence(struct parser *parser, struct part *out_part)
{
    bool is_first = true;
    while (!is_at_end(parser) && !is_at(parser, '|') && !is_at(parser, ')')) {
        struct part next;
        if (!parse_piece(parser, &next)) {
            return false;
        }
        if (is_first) {
            *out_part = next;
        } else {
            concatenate(parser->automaton, out_part, &next);
        }
        is_first = false;
    }
    return !is_first || fail(parser, "an expression is missing");
}

static bool parse_alternatives(struct parser *parser, struct part *out_part)
{
    if (!parse_sequence(parser, out_part)) {
        return false;
    }
    while (is_at(parser, '|')) {
        struct part other;
        parser->at++;
        if (!parse_sequence(parser, &other)) {
            return false;
        }
        alternate(out_part, &other);
    }
    return true;
}

bool automaton_parse(struct automaton *automaton, struct str pattern, bool is_folded,
                     struct error *err)
{
    struct parser parser = {automaton, pattern, 0, is_folded, err};
    struct part whole;
    if (!parse_alternatives(&parser, &whole)) {
        return false;
    }
    if (!is_at_end(&parser)) {
        return fail(&parser, "a ) that no ( began");
    }
    automaton->first = whole.first;
    automaton->last = whole.last;
    automaton->is_nullable = whole.is_nullable;
    return true;
}
